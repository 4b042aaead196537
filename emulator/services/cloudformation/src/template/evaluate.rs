//! Expressions to values: intrinsic functions over parameters, conditions, mappings and whatever the world says of resources.
//!
//! Planning and execution use the same evaluator with different worlds: one that answers "known after apply" for what is to be
//! made, and one that knows everything that has been made.

use super::{
    At, Expr, Located, Problem, Template, dynamic,
    expr::{Call, Kind, Piece},
    located::Data,
    parameters::Parameters,
    subnets,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use std::collections::BTreeMap;

/// What is known of resources and exports.
pub(crate) trait World {
    /// The value of Ref on a resource; `None` while only apply will know it.
    fn reference(&self, logical_id: &str) -> Option<Located>;
    /// The value of an attribute; `None` while only apply will know it.
    fn attribute(&self, logical_id: &str, name: &str) -> Result<Option<Located>, String>;
    /// The value of an export; `None` while only apply will know it.
    fn export(&self, name: &str) -> Result<Option<String>, String>;
}

/// The pseudo parameters of a stack.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pseudo {
    pub account: String,
    pub region: String,
    pub stack_name: String,
    pub stack_id: String,
}

/// Everything that an expression may refer to.
pub(crate) struct Scope<'a> {
    pub template: &'a Template,
    pub parameters: &'a Parameters,
    pub conditions: &'a BTreeMap<String, bool>,
    pub pseudo: &'a Pseudo,
    pub world: &'a dyn World,
}

/// Bytes of a text that functions put together.
const MOST_TEXT: usize = 1 << 20;

/// The value of an expression; `None` for AWS::NoValue.
pub(crate) type Evaluated = Result<Option<Located>, Problem>;

/// The pseudo parameters that a template may name.
pub(crate) const PSEUDO: &[&str] = &[
    "AWS::AccountId",
    "AWS::NotificationARNs",
    "AWS::NoValue",
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
];

impl Scope<'_> {
    /// Evaluates an expression.
    pub(crate) fn value(&self, expr: &Expr) -> Evaluated {
        let data = match &expr.kind {
            Kind::Null => Data::Null,
            Kind::Bool(b) => Data::Bool(*b),
            Kind::Number(text) => Data::Number(text.clone()),
            Kind::Text(text) => Data::Text(text.clone()),
            Kind::List(items) => Data::List(items.iter().filter_map(|item| self.value(item).transpose()).collect::<Result<_, _>>()?),
            Kind::Map(entries) => {
                let entries = entries.iter().filter_map(|(k, v)| self.value(v).transpose().map(|v| v.map(|v| (k.clone(), v))));
                Data::Map(entries.collect::<Result<_, _>>()?)
            }
            Kind::Call(call) => return self.call(call, expr.at),
        };
        Ok(Some(Located { at: expr.at, data }))
    }

    fn call(&self, call: &Call, at: At) -> Evaluated {
        let found = match call {
            Call::Ref(name) => return self.reference(name, at),
            Call::GetAtt(resource, attribute) => {
                let name = self
                    .text(attribute, "Fn::GetAtt")?
                    .ok_or_else(|| Problem::at(at, "Template error: the attribute of Fn::GetAtt must be known before deployment"))?;
                return self.attribute(resource, &name, at).map(Some);
            }
            Call::Sub(pieces, variables) => self.sub(pieces, variables, at)?,
            Call::Join(delimiter, list) => self.join(delimiter, list, at)?,
            Call::Select(index, list) => return self.select(index, list, at),
            Call::Split(delimiter, source) => match self.text(source, "Fn::Split")? {
                Some(text) if !delimiter.is_empty() => {
                    let parts = text.split(delimiter.as_str()).map(|part| Located::text(at, part)).collect();
                    Located { at, data: Data::List(parts) }
                }
                Some(text) => Located { at, data: Data::List(vec![Located::text(at, text)]) },
                None => Located::unknown(at),
            },
            Call::If(condition, yes, no) => {
                let holds = self
                    .conditions
                    .get(condition)
                    .ok_or_else(|| Problem::says(format!("Template error: unresolved condition dependency {condition} in Fn::If")))?;
                return self.value(if *holds { yes } else { no });
            }
            Call::FindInMap(map, first, second, default) => return self.find_in_map([map, first, second], default.as_ref(), at),
            Call::ImportValue(name) => match self.text(name, "Fn::ImportValue")? {
                Some(name) => match self.world.export(&name).map_err(Problem::says)? {
                    Some(value) => Located::text(at, value),
                    None => Located::unknown(at),
                },
                None => Located::unknown(at),
            },
            Call::Cidr(block, count, bits) => self.cidr(block, count, bits.as_ref(), at)?,
            Call::Base64(text) => match self.text(text, "Fn::Base64")? {
                Some(text) => {
                    dynamic::none(&Located::text(at, text.as_str()), "Fn::Base64")?;
                    Located::text(at, BASE64_STANDARD.encode(text))
                }
                None => Located::unknown(at),
            },
            Call::GetAZs(region) => match self.text(region, "Fn::GetAZs")? {
                Some(region) => {
                    let region = if region.is_empty() { &self.pseudo.region } else { &region };
                    let zones = ["a", "b", "c"].iter().map(|zone| Located::text(at, format!("{region}{zone}"))).collect();
                    Located { at, data: Data::List(zones) }
                }
                None => Located::unknown(at),
            },
            Call::Length(list) => match self.value(list)?.map(|v| v.data) {
                Some(Data::List(items)) => Located { at, data: Data::Number(items.len().to_string()) },
                Some(Data::Unknown) => Located::unknown(at),
                _ => return Err(Problem::at(at, "Template error: Fn::Length requires a list")),
            },
            Call::ToJsonString(value) => match self.value(value)? {
                Some(value) if value.has_unknown() => Located::unknown(at),
                Some(value) if matches!(value.data, Data::List(_) | Data::Map(_)) => Located::text(at, value.to_json().to_string()),
                _ => return Err(Problem::at(at, "Template error: Fn::ToJsonString requires an object or a list")),
            },
            Call::And(_) | Call::Or(_) | Call::Not(_) | Call::Equals(..) | Call::Condition(_) => {
                Located { at, data: Data::Bool(self.holds(&Expr { at, kind: Kind::Call(Box::new(call.clone())) })?) }
            }
        };
        Ok(Some(found))
    }

    fn reference(&self, name: &str, at: At) -> Evaluated {
        let text = |text: &str| Ok(Some(Located::text(at, text)));
        match name {
            "AWS::NoValue" => return Ok(None),
            "AWS::AccountId" => return text(&self.pseudo.account),
            "AWS::Region" => return text(&self.pseudo.region),
            "AWS::StackName" => return text(&self.pseudo.stack_name),
            "AWS::StackId" => return text(&self.pseudo.stack_id),
            "AWS::Partition" => return text("aws"),
            "AWS::URLSuffix" => return text("amazonaws.com"),
            "AWS::NotificationARNs" => return Ok(Some(Located { at, data: Data::List(Vec::new()) })),
            _ => {}
        }
        if let Some(given) = self.parameters.get(name) {
            let numeric = self
                .template
                .parameter(name)
                .is_some_and(|d| matches!(d.kind, super::parameters::Kind::Number | super::parameters::Kind::Numbers));
            // Numbers are sent as text and used as what the property wants.
            let one = |value: String| if numeric { Located { at, data: Data::Number(value) } } else { Located::text(at, value) };
            return Ok(Some(match given.list {
                true => Located { at, data: Data::List(given.items().into_iter().map(one).collect()) },
                false => one(given.value.clone()),
            }));
        }
        Ok(Some(self.world.reference(name).map_or_else(|| Located::unknown(at), |v| Located { at, ..v })))
    }

    fn attribute(&self, resource: &str, name: &str, at: At) -> Result<Located, Problem> {
        match self.world.attribute(resource, name) {
            Ok(found) => Ok(found.map_or_else(|| Located::unknown(at), |v| Located { at, ..v })),
            Err(message) => Err(Problem::at(at, message)),
        }
    }

    fn sub(&self, pieces: &[Piece], variables: &[(String, Expr)], at: At) -> Result<Located, Problem> {
        let mut out = String::new();
        for piece in pieces {
            sized(&out, at)?;
            let value = match piece {
                Piece::Literal(text) => {
                    out.push_str(text);
                    continue;
                }
                Piece::Ref(name) => match variables.iter().find(|(k, _)| k == name) {
                    Some((_, value)) => self.value(value)?,
                    None => self.reference(name, at)?,
                },
                Piece::GetAtt(resource, attribute) => match variables.iter().find(|(k, _)| *k == format!("{resource}.{attribute}")) {
                    Some((_, value)) => self.value(value)?,
                    None => Some(self.attribute(resource, attribute, at)?),
                },
            };
            match value {
                Some(value) if value.is_unknown() => return Ok(Located::unknown(at)),
                Some(value) => match (value.scalar(), &value.data) {
                    (Some(text), _) => out.push_str(&text),
                    // A list parameter stands in a text as it was given.
                    (None, Data::List(items)) if items.iter().all(|i| i.scalar().is_some()) => {
                        out.push_str(&items.iter().filter_map(Located::scalar).collect::<Vec<_>>().join(","));
                    }
                    _ => return Err(Problem::at(at, "Template error: Fn::Sub expressions must resolve to strings")),
                },
                None => {}
            }
        }
        sized(&out, at)?;
        Ok(Located::text(at, out))
    }

    fn join(&self, delimiter: &str, list: &Expr, at: At) -> Result<Located, Problem> {
        const MESSAGE: &str = "Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined.";
        let items = match self.value(list)?.map(|v| v.data) {
            Some(Data::Unknown) => return Ok(Located::unknown(at)),
            Some(Data::List(items)) => items,
            _ => return Err(Problem::at(at, MESSAGE)),
        };
        if items.iter().any(Located::is_unknown) {
            return Ok(Located::unknown(at));
        }
        let texts: Option<Vec<String>> = items.iter().map(Located::scalar).collect();
        let text = texts.ok_or_else(|| Problem::at(at, MESSAGE))?.join(delimiter);
        sized(&text, at)?;
        Ok(Located::text(at, text))
    }

    fn select(&self, index: &Expr, list: &Expr, at: At) -> Evaluated {
        let wrong = || Problem::says("Template error: Fn::Select requires a list argument with two elements: an integer index and a list");
        let Some(index) = self.text(index, "Fn::Select")? else { return Ok(Some(Located::unknown(at))) };
        let index: usize = index.parse().map_err(|_| wrong())?;
        match self.value(list)?.map(|v| v.data) {
            Some(Data::Unknown) => Ok(Some(Located::unknown(at))),
            Some(Data::List(mut items)) if index < items.len() => Ok(Some(items.swap_remove(index))),
            _ => Err(wrong()),
        }
    }

    fn find_in_map(&self, keys: [&Expr; 3], default: Option<&Expr>, at: At) -> Evaluated {
        let mut path = Vec::with_capacity(3);
        for key in keys {
            match self.text(key, "Fn::FindInMap")? {
                Some(text) => path.push(text),
                None => return Ok(Some(Located::unknown(at))),
            }
        }
        let found = self.template.mappings.get(&path[0]).and_then(|m| m.get(&path[1])).and_then(|m| m.get(&path[2]));
        match (found, default) {
            (Some(value), _) => Ok(Some(Located { at, ..value.clone() })),
            (None, Some(default)) => self.value(default),
            (None, None) if !self.template.mappings.contains_key(&path[0]) => Err(Problem::says(format!(
                "Template error: Mapping named '{}' is not present in the 'Mappings' section of template.",
                path[0]
            ))),
            (None, None) => Err(Problem::says(format!("Template error: Unable to get mapping for {}", path.join("::")))),
        }
    }

    fn cidr(&self, block: &Expr, count: &Expr, bits: Option<&Expr>, at: At) -> Result<Located, Problem> {
        let bits = bits.map(|bits| self.text(bits, "Fn::Cidr")).transpose()?;
        let (Some(block), Some(count), Some(bits)) =
            (self.text(block, "Fn::Cidr")?, self.text(count, "Fn::Cidr")?, bits.unwrap_or_else(|| Some("8".into())))
        else {
            return Ok(Located::unknown(at));
        };
        let cut = count.parse().ok().zip(bits.parse().ok()).and_then(|(count, bits)| subnets::cut(&block, count, bits));
        let cut =
            cut.ok_or_else(|| Problem::at(at, format!("Template error: Fn::Cidr cannot cut {block} into {count} blocks of {bits} bits")))?;
        Ok(Located { at, data: Data::List(cut.into_iter().map(|net| Located::text(at, net)).collect()) })
    }

    /// The text of an argument; `None` while only apply will know it.
    pub(crate) fn text(&self, expr: &Expr, function: &str) -> Result<Option<String>, Problem> {
        match self.value(expr)? {
            Some(value) if value.is_unknown() => Ok(None),
            Some(value) => match value.scalar() {
                Some(text) => Ok(Some(text)),
                None => Err(Problem::at(expr.at, format!("Template error: {function} requires a string here, not {}", value.kind()))),
            },
            None => Err(Problem::at(expr.at, format!("Template error: {function} requires a string here"))),
        }
    }

    /// Whether a condition holds.
    pub(crate) fn holds(&self, expr: &Expr) -> Result<bool, Problem> {
        let Kind::Call(call) = &expr.kind else {
            return Err(Problem::at(expr.at, "Template format error: Every Condition member must be a condition function."));
        };
        match &**call {
            Call::And(list) => list.iter().map(|c| self.holds(c)).try_fold(true, |all, one| Ok(all & one?)),
            Call::Or(list) => list.iter().map(|c| self.holds(c)).try_fold(false, |any, one| Ok(any | one?)),
            Call::Not(one) => Ok(!self.holds(one)?),
            Call::Equals(left, right) => {
                let (left, right) = (self.value(left)?, self.value(right)?);
                Ok(same(left.as_ref(), right.as_ref()))
            }
            Call::Condition(name) => self.conditions.get(name).copied().ok_or_else(|| {
                Problem::says(format!(
                    "Template format error: Unresolved condition dependency {name} in the Conditions block of the template"
                ))
            }),
            _ => Err(Problem::at(expr.at, "Template format error: Every Condition member must be a condition function.")),
        }
    }
}

/// Equality as Fn::Equals has it: scalars by their text.
fn same(left: Option<&Located>, right: Option<&Located>) -> bool {
    match (left, right) {
        (Some(left), Some(right)) => match (left.scalar(), right.scalar()) {
            (Some(left), Some(right)) => left == right,
            _ => left.to_json() == right.to_json(),
        },
        (None, None) => true,
        _ => false,
    }
}

/// A template of many short references to long values must not fill the memory.
fn sized(text: &str, at: At) -> Result<(), Problem> {
    match text.len() > MOST_TEXT {
        true => Err(Problem::at(at, format!("Template error: a text of more than {MOST_TEXT} bytes"))),
        false => Ok(()),
    }
}

/// Evaluates all conditions, in whatever order their references need.
pub(crate) fn conditions(template: &Template, parameters: &Parameters, pseudo: &Pseudo) -> Result<BTreeMap<String, bool>, Problem> {
    struct Nothing;
    impl World for Nothing {
        fn reference(&self, _: &str) -> Option<Located> {
            None
        }
        fn attribute(&self, _: &str, _: &str) -> Result<Option<Located>, String> {
            Ok(None)
        }
        fn export(&self, _: &str) -> Result<Option<String>, String> {
            Ok(None)
        }
    }
    let mut done = BTreeMap::new();
    let mut open: Vec<&(String, Expr)> = template.conditions.iter().collect();
    while !open.is_empty() {
        let before = open.len();
        let mut later = Vec::new();
        for entry in open {
            let (name, expr) = entry;
            if needs(expr).iter().any(|n| !done.contains_key(*n) && template.conditions.iter().any(|(other, _)| other == n)) {
                later.push(entry);
                continue;
            }
            refers_to_parameters(template, parameters, expr)?;
            let scope = Scope { template, parameters, conditions: &done, pseudo, world: &Nothing };
            let holds = scope.holds(expr)?;
            done.insert(name.clone(), holds);
        }
        if later.len() == before {
            let names: Vec<&str> = later.iter().map(|(name, _)| name.as_str()).collect();
            return Err(Problem::says(format!("Template format error: Circular dependency between conditions: [{}]", names.join(", "))));
        }
        open = later;
    }
    Ok(done)
}

fn needs(expr: &Expr) -> Vec<&str> {
    let mut out = Vec::new();
    expr.walk(&mut |e| {
        if let Kind::Call(call) = &e.kind
            && let Call::Condition(name) = &**call
        {
            out.push(name.as_str());
        }
    });
    out
}

/// Conditions are decided before any resource is: they may refer to parameters only.
fn refers_to_parameters(template: &Template, parameters: &Parameters, expr: &Expr) -> Result<(), Problem> {
    let mut unknown = None;
    expr.walk(&mut |e| {
        let Kind::Call(call) = &e.kind else { return };
        let names: Vec<&String> = match &**call {
            Call::Ref(name) => vec![name],
            Call::Sub(pieces, variables) => {
                let of_piece = |p| match p {
                    &Piece::Ref(ref name) | &Piece::GetAtt(ref name, _) => Some(name),
                    Piece::Literal(_) => None,
                };
                pieces.iter().filter_map(of_piece).filter(|name| !variables.iter().any(|(k, _)| k == *name)).collect()
            }
            _ => return,
        };
        let bad =
            names.into_iter().find(|n| !PSEUDO.contains(&n.as_str()) && !parameters.contains_key(*n) && template.parameter(n).is_none());
        unknown = unknown.take().or(bad.cloned());
    });
    match unknown {
        Some(name) => Err(Problem::says(format!(
            "Template format error: Unresolved dependencies [{name}]. Cannot reference resources in the Conditions block of the template"
        ))),
        None => Ok(()),
    }
}
