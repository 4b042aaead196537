//! What schemas say beside the shape of properties: attributes, identifiers, and which changes replace a resource.

use serde_json::Value as Json;

/// Whether changing a property replaces the resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Recreation {
    Never,
    Conditionally,
    Always,
}

/// A top-level property that differs between two states of a resource.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Difference {
    pub name: String,
    pub recreation: Recreation,
    pub before: Option<Json>,
    pub after: Option<Json>,
}

/// Attributes that Fn::GetAtt may name, dotted.
pub(crate) fn attributes(schema: &Json) -> Vec<String> {
    paths(schema, "readOnlyProperties").map(|path| path.join(".")).collect()
}

/// Top-level properties that only AWS sets.
pub(crate) fn read_only(schema: &Json) -> Vec<&str> {
    let names: Vec<&str> = paths(schema, "readOnlyProperties").filter(|path| path.len() == 1).map(|path| path[0]).collect();
    names
}

/// The property by which people name the resource, where there is one that they may set.
pub(crate) fn name_property(schema: &Json) -> Option<&str> {
    let mut identifier = paths(schema, "primaryIdentifier");
    match (identifier.next(), identifier.next()) {
        (Some(path), None) if path.len() == 1 && !read_only(schema).contains(&path[0]) => Some(path[0]),
        _ => None,
    }
}

/// The top-level properties that differ, and what each difference means.
pub(crate) fn differences(schema: &Json, before: &Json, after: &Json) -> Vec<Difference> {
    let empty = serde_json::Map::new();
    let (old, new) = (before.as_object().unwrap_or(&empty), after.as_object().unwrap_or(&empty));
    let mut names: Vec<&String> = old.keys().collect();
    names.extend(new.keys().filter(|name| !old.contains_key(*name)));
    names
        .into_iter()
        .filter(|name| !same(old.get(*name), new.get(*name)))
        .map(|name| Difference {
            name: name.clone(),
            recreation: recreation(schema, name, before, after),
            before: old.get(name).cloned(),
            after: new.get(name).cloned(),
        })
        .collect()
}

/// Equality that does not mind the order of keys.
pub(crate) fn same(left: Option<&Json>, right: Option<&Json>) -> bool {
    left == right
}

fn recreation(schema: &Json, name: &str, before: &Json, after: &Json) -> Recreation {
    let changed = |list: &str| paths(schema, list).any(|path| path[0] == name && !same(at(before, &path), at(after, &path)));
    if changed("createOnlyProperties") {
        Recreation::Always
    } else if changed("conditionalCreateOnlyProperties") {
        Recreation::Conditionally
    } else {
        Recreation::Never
    }
}

fn at<'a>(value: &'a Json, path: &[&str]) -> Option<&'a Json> {
    path.iter().try_fold(value, |value, part| value.get(part))
}

/// Paths of a list of pointers (`/properties/A/B`), as far as they name properties.
fn paths<'a>(schema: &'a Json, list: &str) -> impl Iterator<Item = Vec<&'a str>> {
    let pointers = schema.get(list).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    pointers.iter().filter_map(Json::as_str).filter_map(|pointer| {
        let path: Vec<&str> =
            pointer.strip_prefix("/properties/")?.split('/').filter(|part| *part != "*" && *part != "properties").collect();
        (!path.is_empty()).then_some(path)
    })
}
