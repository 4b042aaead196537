//! The grammar of a policy document: which members with which JSON types. Borrowed from the JSON and not yet judged:
//! what AWS says about a flaw depends on the kind of document, which [`crate::parse`] knows.

use std::fmt;

use serde_json::{Map, Value};

use crate::operator::Operator;

/// A document in the right shape.
pub(crate) struct Outline<'v> {
    pub version: Option<&'v str>,
    pub id: Option<&'v str>,
    pub statements: Vec<Sketch<'v>>,
}

/// A statement in the right shape.
pub(crate) struct Sketch<'v> {
    pub sid: Option<&'v str>,
    /// Allow or Deny in whatever case.
    pub effect: &'v str,
    pub action: Option<Listing<'v>>,
    pub resource: Option<Listing<'v>>,
    pub principal: Option<Who<'v>>,
    pub conditions: Vec<Condition<'v>>,
}

/// Action or NotAction, Resource or NotResource.
pub(crate) struct Listing<'v> {
    pub negated: bool,
    pub items: Vec<&'v str>,
}

/// Principal or NotPrincipal as (type, name); `*` alone is (AWS, *).
pub(crate) struct Who<'v> {
    pub negated: bool,
    pub entries: Vec<(&'v str, &'v str)>,
}

pub(crate) struct Condition<'v> {
    pub operator: Operator,
    pub key: &'v str,
    pub values: Vec<String>,
}

/// A flaw of shape.
#[derive(Debug)]
pub(crate) enum Flaw {
    NotAnObject,
    UnknownField(String),
    MissingField(&'static str),
    WrongType(String),
    Version(String),
    EmptyStatement,
    Effect(String),
    Both(&'static str, &'static str),
    Operator(String),
    EmptyPrincipal,
    Principal(String),
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnObject => f.write_str("a policy is a JSON object"),
            Self::UnknownField(name) => write!(f, "there is no element {name:?}"),
            Self::MissingField(name) => write!(f, "{name} is missing"),
            Self::WrongType(what) => write!(f, "{what} has the wrong JSON type"),
            Self::Version(version) => write!(f, "there is no version {version:?}"),
            Self::EmptyStatement => f.write_str("Statement is empty"),
            Self::Effect(effect) => write!(f, "Effect is Allow or Deny, not {effect:?}"),
            Self::Both(one, other) => write!(f, "{one} and {other} exclude each other"),
            Self::Operator(name) => write!(f, "there is no condition operator {name:?}"),
            Self::EmptyPrincipal => f.write_str("Principal is empty"),
            Self::Principal(what) => write!(f, "{what} is no principal"),
        }
    }
}

/// A flaw with the statement it stands in.
pub(crate) type Fault = (Flaw, Option<usize>);

const VERSIONS: [&str; 2] = ["2008-10-17", "2012-10-17"];
const ELEMENTS: [&str; 9] = ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal", "Condition"];

pub(crate) fn outline(value: &Value) -> Result<Outline<'_>, Fault> {
    let members = value.as_object().ok_or((Flaw::NotAnObject, None))?;
    if let Some(unknown) = members.keys().find(|name| !["Version", "Id", "Statement"].contains(&name.as_str())) {
        return Err((Flaw::UnknownField(unknown.clone()), None));
    }
    let version = text(members, "Version").map_err(|flaw| (flaw, None))?;
    if let Some(version) = version.filter(|version| !VERSIONS.contains(version)) {
        return Err((Flaw::Version(version.to_owned()), None));
    }
    let id = text(members, "Id").map_err(|flaw| (flaw, None))?;
    let list = match members.get("Statement") {
        None => return Err((Flaw::MissingField("Statement"), None)),
        Some(Value::Array(list)) => list.as_slice(),
        Some(one @ Value::Object(_)) => std::slice::from_ref(one),
        Some(_) => return Err((Flaw::WrongType("Statement".to_owned()), None)),
    };
    if list.is_empty() {
        return Err((Flaw::EmptyStatement, None));
    }
    let sketched = |(index, value)| sketch(value).map_err(|flaw| (flaw, Some(index)));
    let statements = list.iter().enumerate().map(sketched).collect::<Result<_, _>>()?;
    Ok(Outline { version, id, statements })
}

fn sketch(value: &Value) -> Result<Sketch<'_>, Flaw> {
    let members = value.as_object().ok_or_else(|| Flaw::WrongType("a statement".to_owned()))?;
    if let Some(unknown) = members.keys().find(|name| !ELEMENTS.contains(&name.as_str())) {
        return Err(Flaw::UnknownField(unknown.clone()));
    }
    let effect = text(members, "Effect")?.ok_or(Flaw::MissingField("Effect"))?;
    if !["allow", "deny"].contains(&effect.to_ascii_lowercase().as_str()) {
        return Err(Flaw::Effect(effect.to_owned()));
    }
    Ok(Sketch {
        sid: text(members, "Sid")?,
        effect,
        action: listing(members, "Action", "NotAction")?,
        resource: listing(members, "Resource", "NotResource")?,
        principal: who(members)?,
        conditions: conditions(members.get("Condition"))?,
    })
}

fn text<'v>(members: &'v Map<String, Value>, name: &str) -> Result<Option<&'v str>, Flaw> {
    match members.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Flaw::WrongType(name.to_owned())),
    }
}

/// The one of two members that is there, and whether it is the negated one.
fn either<'v>(members: &'v Map<String, Value>, plain: &'static str, negated: &'static str) -> Result<Option<(&'v Value, bool)>, Flaw> {
    match (members.get(plain), members.get(negated)) {
        (Some(_), Some(_)) => Err(Flaw::Both(plain, negated)),
        (Some(value), None) => Ok(Some((value, false))),
        (None, Some(value)) => Ok(Some((value, true))),
        (None, None) => Ok(None),
    }
}

fn listing<'v>(members: &'v Map<String, Value>, plain: &'static str, negated: &'static str) -> Result<Option<Listing<'v>>, Flaw> {
    let Some((value, is_negated)) = either(members, plain, negated)? else { return Ok(None) };
    let items = strings(value).ok_or_else(|| Flaw::WrongType(if is_negated { negated } else { plain }.to_owned()))?;
    Ok(Some(Listing { negated: is_negated, items }))
}

/// A string or a list of strings.
fn strings(value: &Value) -> Option<Vec<&str>> {
    match value {
        Value::String(one) => Some(vec![one]),
        Value::Array(list) => list.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

fn who(members: &Map<String, Value>) -> Result<Option<Who<'_>>, Flaw> {
    let Some((value, negated)) = either(members, "Principal", "NotPrincipal")? else { return Ok(None) };
    let entries = match value {
        Value::String(everyone) if everyone == "*" => vec![("AWS", "*")],
        Value::Object(kinds) => {
            let mut entries = Vec::new();
            for (kind, names) in kinds {
                if !["AWS", "Service", "Federated", "CanonicalUser"].contains(&kind.as_str()) {
                    return Err(Flaw::Principal(format!("{kind:?}")));
                }
                let names = strings(names).ok_or_else(|| Flaw::Principal(format!("{kind:?}: {names}")))?;
                entries.extend(names.into_iter().map(|name| (kind.as_str(), name)));
            }
            entries
        }
        other => return Err(Flaw::Principal(other.to_string())),
    };
    if entries.is_empty() {
        return Err(Flaw::EmptyPrincipal);
    }
    Ok(Some(Who { negated, entries }))
}

fn conditions(block: Option<&Value>) -> Result<Vec<Condition<'_>>, Flaw> {
    let wrong = |what: &str| Flaw::WrongType(what.to_owned());
    let mut found = Vec::new();
    let Some(block) = block else { return Ok(found) };
    for (name, keys) in block.as_object().ok_or_else(|| wrong("Condition"))? {
        let keys = keys.as_object().ok_or_else(|| wrong(name))?;
        for (key, values) in keys {
            let values = scalars(values).ok_or_else(|| wrong(&format!("{name} {key}")))?;
            // AWS takes an unknown operator as long as it has no keys.
            let operator = Operator::parse(name).ok_or_else(|| Flaw::Operator(name.clone()))?;
            found.push(Condition { operator, key, values });
        }
    }
    Ok(found)
}

/// One value or a list; numbers and booleans count by their text.
fn scalars(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Array(list) => list.iter().map(scalar).collect(),
        one => Some(vec![scalar(one)?]),
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
