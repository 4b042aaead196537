//! What refers to what: missing names, cycles, and the order in which resources can be made.

use super::{
    Expr, Problem, Template,
    evaluate::PSEUDO,
    expr::{Call, Kind, Piece},
};
use std::collections::{BTreeMap, BTreeSet};

/// For each resource that is to exist, the resources that must exist before it.
pub(crate) type Graph = BTreeMap<String, BTreeSet<String>>;

/// Builds the graph of the resources whose conditions hold.
pub(crate) fn build(template: &Template, conditions: &BTreeMap<String, bool>) -> Result<Graph, Problem> {
    let exists = |condition: &Option<String>, what: &str| match condition {
        None => Ok(true),
        Some(name) => conditions.get(name).copied().ok_or_else(|| {
            Problem::says(format!("Template format error: Unresolved condition dependency {name} in the {what} block of the template"))
        }),
    };
    let mut live = BTreeSet::new();
    for resource in &template.resources {
        if exists(&resource.condition, "Resources")? {
            live.insert(resource.logical_id.as_str());
        }
    }
    let mut graph = Graph::new();
    let mut missing = BTreeSet::new();
    for resource in template.resources.iter().filter(|r| live.contains(r.logical_id.as_str())) {
        let mut found = BTreeSet::new();
        for expr in resource.properties.iter().chain(&resource.metadata) {
            names(template, expr, conditions, &mut found)?;
        }
        missing.extend(found.iter().filter(|name| !live.contains(name.as_str())).cloned());
        // A DependsOn on a resource whose condition does not hold is ignored; one on a name that is not there is a mistake.
        missing.extend(resource.depends_on.iter().filter(|name| template.resource(name).is_none()).cloned());
        found.extend(resource.depends_on.iter().filter(|name| live.contains(name.as_str())).cloned());
        graph.insert(resource.logical_id.clone(), found);
    }
    unresolved(&missing, "Resources", "Template format error: ")?;
    outputs(template, conditions, &live, &exists)?;
    acyclic(&graph)?;
    Ok(graph)
}

/// Refuses names that no section has, whatever the conditions will be.
pub(crate) fn check_names(template: &Template) -> Result<(), Problem> {
    let missing = |exprs: &mut dyn Iterator<Item = &Expr>| -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for expr in exprs {
            expr.walk(&mut |e| {
                let Kind::Call(call) = &e.kind else { return };
                match &**call {
                    Call::Ref(name) | Call::GetAtt(name, _) => drop(found.insert(name.clone())),
                    Call::Sub(pieces, variables) => {
                        let names = pieces.iter().filter_map(|piece| match piece {
                            Piece::Ref(name) => (!variables.iter().any(|(k, _)| k == name)).then_some(name),
                            Piece::GetAtt(name, attribute) => {
                                (!variables.iter().any(|(k, _)| *k == format!("{name}.{attribute}"))).then_some(name)
                            }
                            Piece::Literal(_) => None,
                        });
                        found.extend(names.cloned());
                    }
                    _ => {}
                }
            });
        }
        found.retain(|name| !PSEUDO.contains(&name.as_str()) && template.parameter(name).is_none() && template.resource(name).is_none());
        found
    };
    let mut properties = template.resources.iter().flat_map(|r| r.properties.iter().chain(&r.metadata));
    let mut unknown = missing(&mut properties);
    unknown.extend(template.resources.iter().flat_map(|r| &r.depends_on).filter(|name| template.resource(name).is_none()).cloned());
    unresolved(&unknown, "Resources", "Template format error: ")?;
    let mut outputs = template.outputs.iter().flat_map(|o| std::iter::once(&o.value).chain(&o.export));
    unresolved(&missing(&mut outputs), "Outputs", "Template format error: ")
}

type Exists<'a> = dyn Fn(&Option<String>, &str) -> Result<bool, Problem> + 'a;

fn outputs(template: &Template, conditions: &BTreeMap<String, bool>, live: &BTreeSet<&str>, exists: &Exists<'_>) -> Result<(), Problem> {
    let (mut missing, mut skipped) = (BTreeSet::new(), BTreeSet::new());
    for output in &template.outputs {
        if !exists(&output.condition, "Outputs")? {
            continue;
        }
        let mut found = BTreeSet::new();
        for expr in std::iter::once(&output.value).chain(&output.export) {
            names(template, expr, conditions, &mut found)?;
        }
        for name in found.into_iter().filter(|name| !live.contains(name.as_str())) {
            if template.resource(&name).is_some() {
                skipped.insert(name)
            } else {
                missing.insert(name)
            };
        }
    }
    unresolved(&missing, "Outputs", "Template format error: ")?;
    // AWS says this one without the prefix.
    unresolved(&skipped, "Outputs", "")
}

fn unresolved(names: &BTreeSet<String>, block: &str, prefix: &str) -> Result<(), Problem> {
    match names.is_empty() {
        true => Ok(()),
        false => {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            Err(Problem::says(format!(
                "{prefix}Unresolved resource dependencies [{}] in the {block} block of the template",
                names.join(", ")
            )))
        }
    }
}

/// The resources that an expression refers to, on the branches that the conditions choose.
pub(crate) fn names(
    template: &Template,
    expr: &Expr,
    conditions: &BTreeMap<String, bool>,
    out: &mut BTreeSet<String>,
) -> Result<(), Problem> {
    let add = |out: &mut BTreeSet<String>, name: &str| {
        if !PSEUDO.contains(&name) && template.parameter(name).is_none() {
            out.insert(name.to_owned());
        }
    };
    match &expr.kind {
        Kind::List(items) => items.iter().try_for_each(|item| names(template, item, conditions, out)),
        Kind::Map(entries) => entries.iter().try_for_each(|(_, value)| names(template, value, conditions, out)),
        Kind::Call(call) => {
            match &**call {
                Call::Ref(name) => add(out, name),
                Call::GetAtt(resource, _) => {
                    out.insert(resource.clone());
                }
                Call::Sub(pieces, variables) => {
                    for piece in pieces {
                        match piece {
                            Piece::Ref(name) if !variables.iter().any(|(k, _)| k == name) => add(out, name),
                            Piece::GetAtt(resource, attribute)
                                if !variables.iter().any(|(k, _)| *k == format!("{resource}.{attribute}")) =>
                            {
                                out.insert(resource.clone());
                            }
                            _ => {}
                        }
                    }
                }
                Call::If(condition, yes, no) => {
                    let holds = conditions
                        .get(condition)
                        .ok_or_else(|| Problem::says(format!("Template error: unresolved condition dependency {condition} in Fn::If")))?;
                    return names(template, if *holds { yes } else { no }, conditions, out);
                }
                _ => {}
            }
            call.arguments().into_iter().try_for_each(|argument| names(template, argument, conditions, out))
        }
        _ => Ok(()),
    }
}

/// Refuses cycles in AWS's words, naming every resource that is part of one.
fn acyclic(graph: &Graph) -> Result<(), Problem> {
    let mut left = graph.clone();
    // Take away what needs nothing and what nothing needs, until only cycles are left.
    loop {
        let needed: BTreeSet<String> = left.values().flatten().cloned().collect();
        let gone: Vec<String> = left
            .iter()
            .filter(|(name, needs)| !needed.contains(*name) || !needs.iter().any(|n| left.contains_key(n)))
            .map(|(name, _)| name.clone())
            .collect();
        if gone.is_empty() {
            break;
        }
        gone.iter().for_each(|name| drop(left.remove(name)));
        left.values_mut().for_each(|needs| needs.retain(|n| !gone.contains(n)));
    }
    match left.is_empty() {
        true => Ok(()),
        false => {
            Err(Problem::says(format!("Circular dependency between resources: [{}]", left.into_keys().collect::<Vec<_>>().join(", "))))
        }
    }
}
