//! Whether an event passes a filter.
//!
//! A list in an event stands for each of its values. Where it holds objects, the conditions below it must be met by one and the same object.
//! Absence (`exists: false`) is about the whole event: a path that any object of a list has is not absent.

use super::{Condition, Filter, Node};
use serde_json::{Map, Value};
use std::{borrow::Cow, collections::HashSet};

type Paths = HashSet<String>;

pub(super) fn matches(filter: &Filter, event: &Value) -> bool {
    let event = undotted(event);
    let mut paths = Paths::new();
    if filter.asks_absence {
        collect(&event, &mut String::new(), &mut paths);
    }
    match event.as_ref() {
        Value::Object(fields) => object(&filter.root, fields, &paths),
        _ => false,
    }
}

fn object(node: &Node, fields: &Map<String, Value>, paths: &Paths) -> bool {
    node.fields.iter().all(|(name, below)| match fields.get(name) {
        Some(found) => value(below, found, paths),
        None => absent(below, paths),
    }) && node.alternatives.iter().all(|group| group.iter().any(|n| object(n, fields, paths)))
}

/// A field that is there: conditions on it, and what is below it.
fn value(node: &Node, found: &Value, paths: &Paths) -> bool {
    (node.conditions.is_empty() || leaves_meet(&node.conditions, found) || is_absent(node, paths)) && below(node, found, paths)
}

fn below(node: &Node, found: &Value, paths: &Paths) -> bool {
    if node.fields.is_empty() && node.alternatives.is_empty() {
        return true;
    }
    match found {
        Value::Object(fields) => object(node, fields, paths),
        Value::Array(items) if items.iter().any(holds_objects) => items.iter().any(|item| holds_objects(item) && below(node, item, paths)),
        _ => object(node, &Map::new(), paths),
    }
}

fn holds_objects(item: &Value) -> bool {
    match item {
        Value::Object(_) => true,
        Value::Array(items) => items.iter().any(holds_objects),
        _ => false,
    }
}

fn leaves_meet(conditions: &[Condition], found: &Value) -> bool {
    match found {
        Value::Array(items) => items.iter().any(|item| leaves_meet(conditions, item)),
        Value::Object(_) => false,
        leaf => conditions.iter().any(|c| c.holds(leaf)),
    }
}

/// A field that is missing passes only where everything about it is content with absence.
fn absent(node: &Node, paths: &Paths) -> bool {
    (node.conditions.is_empty() || is_absent(node, paths)) && object(node, &Map::new(), paths)
}

fn is_absent(node: &Node, paths: &Paths) -> bool {
    node.conditions.contains(&Condition::Exists(false)) && !paths.contains(&node.path)
}

/// The paths of everything that is neither object nor list.
fn collect(event: &Value, path: &mut String, paths: &mut Paths) {
    match event {
        Value::Object(fields) => {
            for (name, below) in fields {
                let length = path.len();
                if length > 0 {
                    path.push('.');
                }
                path.push_str(name);
                collect(below, path, paths);
                path.truncate(length);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, path, paths)),
        _ => {
            paths.insert(path.clone());
        }
    }
}

/// The event with names that hold dots taken apart, as AWS joins paths by dots: `{"a.b": 1}` is `{"a": {"b": 1}}` to it.
fn undotted(event: &Value) -> Cow<'_, Value> {
    if !has_dots(event) {
        return Cow::Borrowed(event);
    }
    Cow::Owned(take_apart(event, 0))
}

/// How deep names are taken apart: deeper than any pattern looks, and not as deep as a name of nothing but dots would have it.
const APART_LIMIT: usize = 256;

fn has_dots(event: &Value) -> bool {
    match event {
        Value::Object(fields) => fields.iter().any(|(name, below)| name.contains('.') || has_dots(below)),
        Value::Array(items) => items.iter().any(has_dots),
        _ => false,
    }
}

fn take_apart(event: &Value, depth: usize) -> Value {
    match event {
        Value::Object(fields) => {
            let mut whole = Map::new();
            for (name, below) in fields {
                let mut steps: Vec<&str> = name.split('.').collect();
                if depth + steps.len() > APART_LIMIT {
                    steps = vec![name];
                }
                insert(&mut whole, &steps, take_apart(below, depth + steps.len()));
            }
            Value::Object(whole)
        }
        Value::Array(items) => Value::Array(items.iter().map(|item| take_apart(item, depth + 1)).collect()),
        leaf => leaf.clone(),
    }
}

fn insert(whole: &mut Map<String, Value>, steps: &[&str], value: Value) {
    let Some((first, rest)) = steps.split_first() else { return };
    if rest.is_empty() {
        merge(whole, first, value);
        return;
    }
    if let Some(Value::Object(inner)) = whole.get_mut(*first) {
        return insert(inner, rest, value);
    }
    let mut inner = Map::new();
    insert(&mut inner, rest, value);
    merge(whole, first, Value::Object(inner));
}

/// Two values under one path stand beside one another, as the values of a list do.
fn merge(whole: &mut Map<String, Value>, name: &str, value: Value) {
    let both = match whole.remove(name) {
        Some(Value::Array(mut items)) => {
            items.push(value);
            Value::Array(items)
        }
        Some(other) => Value::Array(vec![other, value]),
        None => value,
    };
    whole.insert(name.to_owned(), both);
}
