//! The sections of a template, one reader each. What a section does not know is refused with its place.

use super::{
    At, Expr, Located, Output, Policy, Problem, Resource, Template,
    expr::{self, Place, at},
    parameters,
};
use std::collections::BTreeMap;
use yaml::{Data as Yaml, Limits, Node};

/// Characters of a template that is sent in a request or read from S3.
const MOST_BYTES: usize = 1 << 20;
const MOST_RESOURCES: usize = 500;
const MOST_PARAMETERS: usize = 200;
const MOST_OUTPUTS: usize = 200;

/// Reads a template, YAML or JSON.
pub(crate) fn parse(text: &str) -> Result<Template, Problem> {
    let format = if text.trim_start().starts_with('{') { "JSON" } else { "YAML" };
    let root = yaml::parse_with(text, Limits { bytes: MOST_BYTES, ..Limits::default() }).map_err(|error| {
        let at = At { line: error.line, column: error.column };
        match error.message.contains("twice")
            || error.message.contains("at most")
            || error.message.contains("more than")
            || error.message.contains("deeper")
        {
            true => Problem::from(error),
            false => Problem::at(at, format!("Template format error: {format} not well-formed.")),
        }
    })?;
    if !matches!(root.data, Yaml::Map(_)) {
        return Err(Problem::says("Template format error: unsupported structure."));
    }
    let mut template = Template::default();
    for (key, node) in root.entries() {
        section(&mut template, key, node)?;
    }
    if template.resources.is_empty() {
        return Err(Problem::says("Template format error: At least one Resources member must be defined."));
    }
    language_extensions(&template)?;
    Ok(template)
}

fn section(template: &mut Template, key: &Node, node: &Node) -> Result<(), Problem> {
    match key.as_str().unwrap_or_default() {
        "AWSTemplateFormatVersion" => match node.scalar_text() {
            Some(version) if version == "2010-09-09" => template.version = Some(version),
            _ => {
                return Err(Problem::at(
                    at(node),
                    "Template format error: unsupported value for AWSTemplateFormatVersion. Only 2010-09-09 is supported.",
                ));
            }
        },
        "Description" => {
            let text = node.as_str().ok_or_else(|| Problem::at(at(node), "Template format error: the Description must be a string."))?;
            if text.len() > 1024 {
                return Err(Problem::at(at(node), "Template format error: 'Description' length is greater than 1024."));
            }
            template.description = Some(text.to_owned());
        }
        "Metadata" => template.metadata = Some(node.to_json()),
        "Transform" => transforms(template, node)?,
        "Parameters" => {
            template.parameters = members(node, "Parameters")?.iter().map(|(k, v)| parameters::read(k, v)).collect::<Result<_, _>>()?;
            at_most(node, "parameters", template.parameters.len(), MOST_PARAMETERS)?;
        }
        "Mappings" => template.mappings = mappings(node)?,
        "Conditions" => {
            for (name, condition) in members(node, "Conditions")? {
                alphanumeric(name, "Condition")?;
                let condition = expr::read(condition, Place::Condition)?;
                template.conditions.push((name.as_str().unwrap_or_default().to_owned(), condition));
            }
        }
        "Resources" => {
            template.resources = members(node, "Resources")?.iter().map(|(k, v)| resource(k, v)).collect::<Result<_, _>>()?;
            at_most(node, "resources", template.resources.len(), MOST_RESOURCES)?;
        }
        "Outputs" => {
            template.outputs = members(node, "Outputs")?.iter().map(|(k, v)| output(k, v)).collect::<Result<_, _>>()?;
            at_most(node, "outputs", template.outputs.len(), MOST_OUTPUTS)?;
        }
        name @ ("Rules" | "Hooks") => {
            return Err(Problem::at(at(key), format!("Template validation error: the section {name} is not supported by windtunnel")));
        }
        name => return Err(Problem::at(at(key), format!("Invalid template property or properties [{name}]"))),
    }
    Ok(())
}

fn at_most(node: &Node, what: &str, count: usize, most: usize) -> Result<(), Problem> {
    match count > most {
        true => {
            Err(Problem::at(at(node), format!("Template format error: Number of {what}, {count}, is greater than maximum allowed, {most}")))
        }
        false => Ok(()),
    }
}

fn members<'a>(node: &'a Node, section: &str) -> Result<&'a [(Node, Node)], Problem> {
    match &node.data {
        Yaml::Map(entries) => Ok(entries),
        Yaml::Null => Err(Problem::says(format!("[/{section}] 'null' values are not allowed in templates"))),
        _ => Err(Problem::at(at(node), format!("Template format error: {section} section must be an object."))),
    }
}

fn alphanumeric(key: &Node, what: &str) -> Result<String, Problem> {
    let name = key.as_str().unwrap_or_default();
    match !name.is_empty() && name.len() <= 255 && name.bytes().all(|b| b.is_ascii_alphanumeric()) {
        true => Ok(name.to_owned()),
        false => Err(Problem::says(format!("Template format error: {what} name {name} is non alphanumeric."))),
    }
}

fn transforms(template: &mut Template, node: &Node) -> Result<(), Problem> {
    let names: Vec<&Node> = match &node.data {
        Yaml::List(items) => items.iter().collect(),
        _ => vec![node],
    };
    for name in names {
        match name.as_str() {
            Some("AWS::LanguageExtensions") => template.transforms.push("AWS::LanguageExtensions".into()),
            Some(other) => return Err(Problem::at(at(name), format!("Transform {other} is not supported by windtunnel"))),
            None => return Err(Problem::says("Key Name of transform definition must be a string.")),
        }
    }
    Ok(())
}

/// What AWS::LanguageExtensions brings must not stand in a template that does not declare it.
fn language_extensions(template: &Template) -> Result<(), Problem> {
    if template.transforms.iter().any(|t| t == "AWS::LanguageExtensions") {
        return Ok(());
    }
    let mut found = None;
    let mut look = |e: &Expr| {
        if let expr::Kind::Call(call) = &e.kind {
            let name = match &**call {
                expr::Call::Length(_) => "Fn::Length",
                expr::Call::ToJsonString(_) => "Fn::ToJsonString",
                expr::Call::FindInMap(_, _, _, Some(_)) => "DefaultValue of Fn::FindInMap",
                _ => return,
            };
            found.get_or_insert((e.at, name));
        }
    };
    template.conditions.iter().for_each(|(_, e)| e.walk(&mut look));
    template.resources.iter().flat_map(|r| r.properties.iter().chain(&r.metadata)).for_each(|e| e.walk(&mut look));
    template.outputs.iter().for_each(|o| o.value.walk(&mut look));
    match found {
        Some((at, name)) => Err(Problem::at(at, format!("Template error: {name} needs the transform AWS::LanguageExtensions"))),
        None => Ok(()),
    }
}

type Mappings = BTreeMap<String, BTreeMap<String, BTreeMap<String, Located>>>;

fn mappings(node: &Node) -> Result<Mappings, Problem> {
    let mut out = Mappings::new();
    for (name, map) in members(node, "Mappings")? {
        let name = alphanumeric(name, "Mapping")?;
        let Yaml::Map(firsts) = &map.data else {
            return Err(Problem::at(at(map), format!("Template format error: Every Mappings member {name} must be a map")));
        };
        let mut by_first = BTreeMap::new();
        for (first, seconds) in firsts {
            let first = first.as_str().unwrap_or_default();
            let Yaml::Map(seconds) = &seconds.data else {
                return Err(Problem::says(format!("Template format error: Every Mappings member {first} must be a map")));
            };
            let mut by_second = BTreeMap::new();
            for (second, value) in seconds {
                let scalar = |n: &Node| n.scalar_text().is_some() && n.tag.is_none();
                let plain =
                    scalar(value) || (value.tag.is_none() && matches!(value.data, Yaml::List(_)) && value.items().iter().all(scalar));
                if !plain {
                    return Err(Problem::says("Template format error: Every Mappings attribute must be a String or a List."));
                }
                by_second.insert(second.as_str().unwrap_or_default().to_owned(), literal(value));
            }
            by_first.insert(first.to_owned(), by_second);
        }
        out.insert(name, by_first);
    }
    Ok(out)
}

/// A value of a mapping: texts, as CloudFormation gives them.
fn literal(node: &Node) -> Located {
    match &node.data {
        Yaml::List(items) => Located { at: at(node), data: super::located::Data::List(items.iter().map(literal).collect()) },
        _ => Located::text(at(node), node.scalar_text().unwrap_or_default()),
    }
}

fn resource(key: &Node, node: &Node) -> Result<Resource, Problem> {
    let logical_id = match key.as_str() {
        Some(name) if name.starts_with("Fn::ForEach") => {
            return Err(Problem::at(at(key), "Template error: Fn::ForEach is not supported by windtunnel"));
        }
        _ => alphanumeric(key, "Resource")?,
    };
    if !matches!(node.data, Yaml::Map(_)) {
        return Err(Problem::says("Template format error: Any Resources member must be an object."));
    }
    let kind = node.get("Type").ok_or_else(|| {
        Problem::says(format!("Template format error: [/Resources/{logical_id}] Every Resources object must contain a Type member."))
    })?;
    let text = kind
        .as_str()
        .ok_or_else(|| Problem::at(at(kind), format!("Template format error: [/Resources/{logical_id}/Type] must be a string.")))?;
    let mut out = Resource {
        logical_id,
        at: at(key),
        kind: text.to_owned(),
        kind_at: at(kind),
        properties: None,
        condition: None,
        depends_on: Vec::new(),
        deletion_policy: Policy::Delete,
        update_replace_policy: Policy::Delete,
        metadata: None,
        description: None,
    };
    for (name, value) in node.entries() {
        attribute(&mut out, name, value)?;
    }
    Ok(out)
}

fn attribute(out: &mut Resource, name: &Node, value: &Node) -> Result<(), Problem> {
    let id = out.logical_id.clone();
    let string = |what: &str| {
        value
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| Problem::at(at(value), format!("Template format error: every {what} member must be a string.")))
    };
    match name.as_str().unwrap_or_default() {
        "Type" => {}
        "Properties" => match &value.data {
            Yaml::Map(_) => out.properties = Some(expr::read(value, Place::Value)?),
            Yaml::Null => return Err(Problem::says(format!("[/Resources/{id}/Properties] 'null' values are not allowed in templates"))),
            _ => return Err(Problem::at(at(value), format!("Template format error: [/Resources/{id}/Properties] must be an object."))),
        },
        "Condition" => out.condition = Some(string("Condition")?),
        "Description" => out.description = Some(string("Description")?),
        "DependsOn" => {
            let list: Option<Vec<String>> = match &value.data {
                Yaml::Text(one) => Some(vec![one.clone()]),
                Yaml::List(items) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
                _ => None,
            };
            out.depends_on =
                list.ok_or_else(|| Problem::at(at(value), "Template format error: DependsOn must be a string or list of strings."))?;
        }
        "DeletionPolicy" => out.deletion_policy = policy("DeletionPolicy", &id, value)?,
        "UpdateReplacePolicy" => out.update_replace_policy = policy("UpdateReplacePolicy", &id, value)?,
        "Metadata" => out.metadata = Some(expr::read(value, Place::Value)?),
        unsupported @ ("CreationPolicy" | "UpdatePolicy") => {
            return Err(Problem::at(
                at(name),
                format!("Template validation error: {unsupported} of resource {id} is not supported by windtunnel"),
            ));
        }
        other => return Err(Problem::at(at(name), format!("Invalid template resource property '{other}'"))),
    }
    Ok(())
}

fn policy(name: &str, id: &str, value: &Node) -> Result<Policy, Problem> {
    match value.as_str() {
        Some("Delete") => Ok(Policy::Delete),
        Some("Retain") => Ok(Policy::Retain),
        Some("RetainExceptOnCreate") if name == "DeletionPolicy" => Ok(Policy::RetainExceptOnCreate),
        Some("Snapshot") => Err(Problem::at(at(value), format!("Template error: resource type of {id} does not support {name} Snapshot"))),
        Some(other) => Err(Problem::at(at(value), format!("Template format error: Unrecognized {name} {other} for resource {id}"))),
        None => Err(Problem::at(at(value), format!("Template format error: Every {name} member must be a string."))),
    }
}

fn output(key: &Node, node: &Node) -> Result<Output, Problem> {
    let name = alphanumeric(key, "Output")?;
    let value = match node.get("Value") {
        Some(value) if matches!(value.data, Yaml::Null) => {
            return Err(Problem::says(format!("[/Outputs/{name}/Value] 'null' values are not allowed in templates")));
        }
        Some(value) => expr::read(value, Place::Value)?,
        None => return Err(Problem::says("Template format error: Every Outputs member must contain a Value object")),
    };
    let mut out = Output { name, description: None, value, export: None, condition: None };
    for (key, value) in node.entries() {
        match key.as_str().unwrap_or_default() {
            "Value" => {}
            "Description" => {
                out.description = Some(
                    value
                        .as_str()
                        .ok_or_else(|| Problem::at(at(value), "Template format error: every Description member must be a string."))?
                        .to_owned(),
                )
            }
            "Condition" => {
                out.condition = Some(
                    value
                        .as_str()
                        .ok_or_else(|| Problem::at(at(value), "Template format error: every Condition member must be a string."))?
                        .to_owned(),
                )
            }
            "Export" => match value.entries() {
                [(k, export)] if k.as_str() == Some("Name") => out.export = Some(expr::read(export, Place::Value)?),
                _ => {
                    return Err(Problem::at(
                        at(value),
                        format!("Template format error: Output {} is malformed. The Export must be an object with a Name.", out.name),
                    ));
                }
            },
            other => return Err(Problem::at(at(key), format!("Invalid template output property '{other}'"))),
        }
    }
    Ok(out)
}
