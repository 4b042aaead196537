//! One side of the model: what a template means with its parameters, in one account and region.
//!
//! A side is made from text and parameters alone, so that it can be made again after a crash. It knows which resources are to exist,
//! in which order, and how to evaluate each of them in a given world.

use crate::{
    resources,
    schemas::{self, check},
    state::Resource as Row,
    template::{
        self, At, Located, Problem, Resource, Template, dynamic,
        evaluate::{self, Pseudo, Scope, World},
        graph::{self, Graph},
        located::Data,
        parameters::Parameters,
    },
};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// What a template means.
pub(crate) struct Side {
    pub template: Template,
    pub parameters: Parameters,
    pub pseudo: Pseudo,
    pub conditions: BTreeMap<String, bool>,
    pub graph: Graph,
}

/// An output with its value.
pub(crate) struct Outcome {
    pub name: String,
    pub value: String,
    pub description: Option<String>,
    pub export: Option<String>,
}

impl Side {
    /// Decides the conditions and orders the resources.
    pub(crate) fn new(template: Template, parameters: Parameters, pseudo: Pseudo) -> Result<Side, Problem> {
        let conditions = evaluate::conditions(&template, &parameters, &pseudo)?;
        let graph = graph::build(&template, &conditions)?;
        Ok(Side { template, parameters, pseudo, conditions, graph })
    }

    /// The resources that are to exist, in the order of the template.
    pub(crate) fn resources(&self) -> impl Iterator<Item = &Resource> {
        self.template.resources.iter().filter(|r| self.graph.contains_key(&r.logical_id))
    }

    /// The resources that are to exist, each after everything it needs.
    pub(crate) fn order(&self) -> Vec<&Resource> {
        let mut done: BTreeSet<&str> = BTreeSet::new();
        let mut out = Vec::new();
        // The graph has no cycles: every round finds at least one.
        while out.len() < self.graph.len() {
            let round: Vec<&Resource> = self
                .resources()
                .filter(|r| {
                    !done.contains(r.logical_id.as_str()) && self.graph[&r.logical_id].iter().all(|need| done.contains(need.as_str()))
                })
                .collect();
            done.extend(round.iter().map(|r| r.logical_id.as_str()));
            out.extend(round);
        }
        out
    }

    fn scope<'a>(&'a self, world: &'a dyn World) -> Scope<'a> {
        Scope { template: &self.template, parameters: &self.parameters, conditions: &self.conditions, pseudo: &self.pseudo, world }
    }

    /// The properties of a resource, brought into the shape of its schema, and what is wrong with them.
    pub(crate) fn properties(&self, resource: &Resource, world: &dyn World) -> Result<(Located, Vec<check::Finding>), Problem> {
        let evaluated = resource.properties.as_ref().map(|expr| self.scope(world).value(expr)).transpose()?.flatten();
        let mut properties = evaluated.unwrap_or(Located { at: resource.at, data: Data::Map(Vec::new()) });
        dynamic::inside(&properties)?;
        let findings = match schemas::registry().schema(&resource.kind) {
            Some(schema) => check::properties(schema, &mut properties),
            None => Vec::new(),
        };
        Ok((properties, findings))
    }

    /// The metadata of a resource.
    pub(crate) fn metadata(&self, resource: &Resource, world: &dyn World) -> Result<Option<Json>, Problem> {
        let evaluated = resource.metadata.as_ref().map(|expr| self.scope(world).value(expr)).transpose()?.flatten();
        evaluated.iter().try_for_each(|value| dynamic::none(value, "the Metadata of a resource"))?;
        Ok(evaluated.map(|value| value.to_json()))
    }

    /// The outputs. One whose value is not known yet is left out.
    pub(crate) fn outputs(&self, world: &dyn World) -> Result<Vec<Outcome>, Problem> {
        let scope = self.scope(world);
        let mut out: Vec<Outcome> = Vec::new();
        for output in &self.template.outputs {
            if output.condition.as_ref().is_some_and(|c| self.conditions.get(c) == Some(&false)) {
                continue;
            }
            let Some(value) = scope.value(&output.value)? else { continue };
            if value.is_unknown() {
                continue;
            }
            let not_text = || {
                Problem::at(
                    output.value.at,
                    format!("Template format error: The Value field of every Outputs member must evaluate to a String. [{}]", output.name),
                )
            };
            let text = value.scalar().ok_or_else(not_text)?;
            dynamic::none(&value, "Outputs")?;
            let export = output.export.as_ref().map(|name| scope.text(name, "Export")).transpose()?.flatten();
            if export.as_ref().is_some_and(|name| out.iter().any(|o| o.export.as_ref() == Some(name))) {
                return Err(Problem::at(
                    output.value.at,
                    format!("Template format error: Duplicate Export names: [{}]", export.unwrap_or_default()),
                ));
            }
            out.push(Outcome { name: output.name.clone(), value: text, description: output.description.clone(), export });
        }
        Ok(out)
    }

    /// The exports that the template imports, as far as their names are known.
    pub(crate) fn imports(&self, world: &dyn World) -> Vec<String> {
        let scope = self.scope(world);
        let mut out = BTreeSet::new();
        let mut look = |expr: &template::Expr| {
            expr.walk(&mut |e| {
                if let template::expr::Kind::Call(call) = &e.kind
                    && let template::expr::Call::ImportValue(name) = &**call
                    && let Ok(Some(name)) = scope.text(name, "Fn::ImportValue")
                {
                    out.insert(name);
                }
            });
        };
        self.resources().flat_map(|r| r.properties.iter().chain(&r.metadata)).for_each(&mut look);
        self.template.outputs.iter().for_each(|o| look(&o.value));
        out.into_iter().collect()
    }
}

/// The world as it stands: resources that exist, exports of other stacks.
pub(crate) struct Standing<'a> {
    pub side: &'a Side,
    pub rows: &'a BTreeMap<String, Row>,
    pub exports: &'a BTreeMap<String, String>,
    /// Resources whose identity is known only after apply.
    pub unknown: &'a BTreeSet<String>,
    /// While planning an export may be missing: it may be there when the plan is executed.
    pub planning: bool,
}

impl World for Standing<'_> {
    fn reference(&self, logical_id: &str) -> Option<Located> {
        if self.unknown.contains(logical_id) {
            return None;
        }
        self.rows.get(logical_id).and_then(|row| row.physical_id.clone()).map(|id| Located::text(At::default(), id))
    }

    fn attribute(&self, logical_id: &str, name: &str) -> Result<Option<Located>, String> {
        let kind = self.side.template.resource(logical_id).map(|r| r.kind.as_str()).unwrap_or_default();
        resources::attribute_exists(kind, name).map_err(|why| why.replace("{id}", logical_id))?;
        if self.unknown.contains(logical_id) {
            return Ok(None);
        }
        let Some(row) = self.rows.get(logical_id) else { return Ok(None) };
        let found = row.attributes.get(name).or_else(|| row.properties.get(name));
        found
            .map(|value| Some(Located::of_json(At::default(), value)))
            .ok_or_else(|| format!("Template error: resource {logical_id} has no value for the attribute {name}"))
    }

    fn export(&self, name: &str) -> Result<Option<String>, String> {
        match self.exports.get(name) {
            None if !self.planning => Err(format!("No export named {name} found")),
            found => Ok(found.cloned()),
        }
    }
}
