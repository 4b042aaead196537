//! Parameters: what a template declares, and the values that a request gives them, checked.

use super::{At, Problem, expr::at, invalid};
use kit::Fault;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use yaml::{Data as Yaml, Node};

/// Characters of a parameter's value.
const MOST_VALUE: usize = 4096;

/// A member of Parameters.
#[derive(Clone, Debug, Default)]
pub(crate) struct Declaration {
    pub name: String,
    pub kind: Kind,
    /// The type as written.
    pub kind_text: String,
    pub default: Option<String>,
    pub no_echo: bool,
    pub description: Option<String>,
    pub allowed_values: Vec<String>,
    allowed_pattern: Option<String>,
    constraint_description: Option<String>,
    min_length: Option<u64>,
    max_length: Option<u64>,
    min_value: Option<f64>,
    max_value: Option<f64>,
}

/// The types that are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    #[default]
    String,
    Number,
    Numbers,
    Strings,
}

/// A parameter of a stack: its value as text, and what DescribeStacks may show.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Given {
    pub value: String,
    pub list: bool,
    pub no_echo: bool,
}

/// The parameters of a stack by name.
pub(crate) type Parameters = BTreeMap<String, Given>;

impl Given {
    /// The items of a list parameter.
    pub(crate) fn items(&self) -> Vec<String> {
        match self.value.is_empty() {
            true => Vec::new(),
            false => self.value.split(',').map(|item| item.trim().to_owned()).collect(),
        }
    }
    /// What people are shown.
    pub(crate) fn shown(&self) -> String {
        if self.no_echo { "****".into() } else { self.value.clone() }
    }
}

/// Reads a declaration.
pub(crate) fn read(key: &Node, node: &Node) -> Result<Declaration, Problem> {
    let name = key.as_str().unwrap_or_default().to_owned();
    if name.is_empty() || name.len() > 255 || !name.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(Problem::says(format!("Template format error: Parameter name {name} is non alphanumeric.")));
    }
    if !matches!(node.data, Yaml::Map(_)) {
        return Err(Problem::at(at(node), "Template format error: Any Parameters member must be an object."));
    }
    let mut out = Declaration { name: name.clone(), ..Declaration::default() };
    for (key, value) in node.entries() {
        attribute(&mut out, key, value)?;
    }
    if out.kind_text.is_empty() {
        return Err(Problem::at(at(node), format!("Template format error: Every Parameters object must contain a Type member. [{name}]")));
    }
    if let Some(default) = out.default.clone() {
        out.check(&default).map_err(|fault| Problem::at(at(node), format!("Template format error: {}", fault.message)))?;
    }
    Ok(out)
}

fn attribute(out: &mut Declaration, key: &Node, value: &Node) -> Result<(), Problem> {
    let here: At = at(value);
    let wrong = |what: &str| {
        Problem::at(here, format!("Template format error: {} of parameter {} must be {what}.", key.as_str().unwrap_or_default(), out.name))
    };
    let text = || value.scalar_text().filter(|_| value.tag.is_none()).ok_or_else(|| wrong("a string"));
    let whole = || text()?.parse::<u64>().map_err(|_| wrong("a whole number"));
    let number = || text()?.parse::<f64>().map_err(|_| wrong("a number"));
    match key.as_str().unwrap_or_default() {
        "Type" => {
            let kind = text()?;
            out.kind = kind_of(&kind, &out.name, here)?;
            out.kind_text = kind;
        }
        "Default" => out.default = Some(text()?),
        "NoEcho" => match text()?.as_str() {
            "true" | "True" => out.no_echo = true,
            "false" | "False" => out.no_echo = false,
            _ => return Err(wrong("a Boolean")),
        },
        "Description" => out.description = Some(text()?),
        "ConstraintDescription" => out.constraint_description = Some(text()?),
        "AllowedPattern" => {
            let pattern = text()?;
            kit::regex(&anchored(&pattern)).map_err(|_| wrong("a regular expression that can be read"))?;
            out.allowed_pattern = Some(pattern);
        }
        "AllowedValues" => match &value.data {
            Yaml::List(items) => {
                out.allowed_values =
                    items.iter().map(|item| item.scalar_text().ok_or_else(|| wrong("a list of strings"))).collect::<Result<_, _>>()?
            }
            _ => return Err(wrong("a list")),
        },
        "MinLength" => out.min_length = Some(whole()?),
        "MaxLength" => out.max_length = Some(whole()?),
        "MinValue" => out.min_value = Some(number()?),
        "MaxValue" => out.max_value = Some(number()?),
        other => return Err(Problem::at(at(key), format!("Invalid template parameter property '{other}'"))),
    }
    Ok(())
}

fn kind_of(text: &str, name: &str, here: At) -> Result<Kind, Problem> {
    match text {
        "String" => Ok(Kind::String),
        "Number" => Ok(Kind::Number),
        "List<Number>" => Ok(Kind::Numbers),
        "CommaDelimitedList" | "List<String>" => Ok(Kind::Strings),
        other if other.starts_with("AWS::") || other.starts_with("List<AWS::") => {
            Err(Problem::at(here, format!("Template format error: the type {other} of parameter {name} is not supported by windtunnel")))
        }
        other => Err(Problem::at(here, format!("Template format error: Unrecognized parameter type: {other}"))),
    }
}

fn anchored(pattern: &str) -> String {
    format!("^(?:{pattern})$")
}

impl Declaration {
    /// Checks a value against the type and the constraints.
    pub(crate) fn check(&self, value: &str) -> Result<(), Fault> {
        let items: Vec<&str> = match self.kind {
            Kind::Numbers | Kind::Strings => value.split(',').map(str::trim).filter(|item| !item.is_empty()).collect(),
            Kind::String | Kind::Number => vec![value],
        };
        items.into_iter().try_for_each(|item| self.check_one(item))
    }

    fn check_one(&self, value: &str) -> Result<(), Fault> {
        let name = &self.name;
        let broken = |sentence: String| match &self.constraint_description {
            Some(description) => invalid(format!("Parameter '{name}' failed to satisfy constraint: {description}")),
            None => invalid(sentence),
        };
        let numeric = matches!(self.kind, Kind::Number | Kind::Numbers);
        let number = value.parse::<f64>();
        if numeric && number.is_err() {
            return Err(invalid(format!("Parameter '{name}' must be a number.")));
        }
        if !self.allowed_values.is_empty() && !self.allowed_values.iter().any(|allowed| allowed == value) {
            return Err(broken(format!("Parameter '{name}' must be one of AllowedValues")));
        }
        if let Some(pattern) = &self.allowed_pattern
            && !kit::regex(&anchored(pattern)).is_ok_and(|r| r.is_match(value))
        {
            return Err(broken(format!("Parameter '{name}' must match pattern {pattern}")));
        }
        let length = value.chars().count() as u64;
        if self.min_length.is_some_and(|least| length < least) {
            return Err(broken(format!("Parameter '{name}' must contain at least {} characters", self.min_length.unwrap_or_default())));
        }
        if self.max_length.is_some_and(|most| length > most) {
            return Err(broken(format!("Parameter '{name}' must contain at most {} characters", self.max_length.unwrap_or_default())));
        }
        if let (true, Ok(number)) = (numeric, number) {
            if let Some(least) = self.min_value.filter(|least| number < *least) {
                return Err(broken(format!("Parameter '{name}' must be a number not less than {least}")));
            }
            if let Some(most) = self.max_value.filter(|most| number > *most) {
                return Err(broken(format!("Parameter '{name}' must be a number not greater than {most}")));
            }
        }
        Ok(())
    }
}

/// What a request says of one parameter.
#[derive(Clone, Debug)]
pub(crate) enum Asked {
    Value(String),
    Previous,
}

/// The values of all declared parameters: given, previous or default.
pub(crate) fn resolve(
    declared: &[Declaration],
    asked: &BTreeMap<String, Asked>,
    previous: Option<&Parameters>,
) -> Result<Parameters, Fault> {
    let unknown: Vec<&str> = asked.keys().filter(|name| !declared.iter().any(|d| d.name == **name)).map(String::as_str).collect();
    if !unknown.is_empty() {
        return Err(invalid(format!("Parameters: [{}] do not exist in the template", unknown.join(", "))));
    }
    let mut out = Parameters::new();
    let mut missing = Vec::new();
    for declaration in declared {
        let value = match asked.get(&declaration.name) {
            Some(Asked::Value(value)) => Some(value.clone()),
            Some(Asked::Previous) => match previous.and_then(|p| p.get(&declaration.name)) {
                Some(given) => Some(given.value.clone()),
                None => {
                    return Err(invalid(format!(
                        "Invalid input for parameter key {}. Cannot specify usePreviousValue as true for a parameter key not in the previous template",
                        declaration.name
                    )));
                }
            },
            None => declaration.default.clone(),
        };
        let Some(value) = value else {
            missing.push(declaration.name.as_str());
            continue;
        };
        if value.len() > MOST_VALUE {
            return Err(invalid(format!("Parameter '{}' must contain at most {MOST_VALUE} characters", declaration.name)));
        }
        declaration.check(&value)?;
        let list = matches!(declaration.kind, Kind::Numbers | Kind::Strings);
        out.insert(declaration.name.clone(), Given { value, list, no_echo: declaration.no_echo });
    }
    match missing.is_empty() {
        true => Ok(out),
        false => Err(invalid(format!("Parameters: [{}] must have values", missing.join(", ")))),
    }
}
