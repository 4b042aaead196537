//! Methods of values, as Java's texts, lists, maps and numbers have them, and of `$input`.

use super::{Problem, Value, java, json_path, util, value::Input, work::Work};
use std::rc::Rc;

/// What a value of a tree that is made out of JSON counts as, beside its text.
const TREE_WORK: usize = 2;
/// What a byte of JSON that is read counts as.
const PARSE_WORK: usize = 8;
/// What an item of a new list counts as.
const ITEM_WORK: usize = 64;
/// Largest list or map that a template may build.
const MOST_ITEMS: usize = 100_000;

/// Calls a method. One that is not there leads to nothing, as a method that Velocity doesn't find.
pub(crate) fn call(on: &Value, name: &str, arguments: &[Value], work: &mut Work) -> Result<Value, Problem> {
    work.done(cost(on, name, arguments, work.left()))?;
    match on {
        Value::Text(text) => java::call(text, name, arguments, work),
        Value::List(items) => list(on, &items.0, name, arguments),
        Value::Map(map) => map_method(on, &map.0, name, arguments),
        Value::Input(input) => of_input(input, name, arguments, work),
        Value::Util => {
            if name == "parseJson" {
                // Each byte may become a value.
                work.done(arguments.first().map_or(0, |text| text.weight(work.left())).saturating_mul(PARSE_WORK))?;
            }
            let made = util::call(name, arguments)?;
            if name == "parseJson" {
                work.done(made.weight(work.left()).saturating_mul(TREE_WORK))?;
            }
            Ok(made)
        }
        Value::Int(_) | Value::Float(_) | Value::Bool(_) => Ok(plain(on, name, arguments)),
        Value::Null => Ok(Value::Null),
    }
}

/// What a method looks at before it answers, with what it is given. Texts count themselves.
fn cost(on: &Value, name: &str, arguments: &[Value], most: usize) -> usize {
    let given = || arguments.iter().map(|argument| argument.weight(most)).fold(0, usize::saturating_add);
    let length = on.length();
    match (on, name) {
        (Value::List(_) | Value::Map(_), "size" | "isEmpty" | "clear") => 1,
        (Value::List(_), "get") => 1,
        (Value::List(_), "add" | "set") => 1 + length / 8 * arguments.len().saturating_sub(1),
        (Value::List(_), "remove") if matches!(arguments, [Value::Int(_)]) => 1 + length / 8,
        (Value::List(_), "subList") => length * ITEM_WORK,
        (Value::List(_), "addAll") => arguments.first().map_or(1, Value::length) * ITEM_WORK,
        (Value::Map(_), "get" | "containsKey" | "remove" | "put" | "putIfAbsent" | "getOrDefault") => {
            length + arguments.first().map_or(0, |key| key.weight(most))
        }
        (Value::Map(_), "putAll") => {
            let more = arguments.first().map_or(0, Value::length);
            more.saturating_mul(length + more)
        }
        (Value::Map(_), "keySet" | "values" | "entrySet") => length * ITEM_WORK,
        // Each item is held against what is given, or against each of what is given.
        (Value::List(_) | Value::Map(_), _) => {
            let others = arguments.iter().map(Value::length).sum::<usize>() + 1;
            on.weight(most).saturating_mul(others).saturating_add((length + 1).saturating_mul(given()))
        }
        _ => given(),
    }
}

/// An item; nothing outside the list.
pub(crate) fn at(items: &[Value], at: i64) -> Value {
    usize::try_from(at).ok().and_then(|at| items.get(at)).cloned().unwrap_or(Value::Null)
}

fn of_input(input: &Rc<Input>, name: &str, arguments: &[Value], work: &mut Work) -> Result<Value, Problem> {
    let argument = arguments.first().map(Value::shown);
    let found = |work: &mut Work| {
        let Some(json) = input.json() else { return Ok(None) };
        let found = json_path::find_counted(json, argument.as_deref().unwrap_or("$"));
        let (found, visited) = found.map_err(|_| Problem("a path leads to too much".into()))?;
        work.done(visited * ITEM_WORK / 4)?;
        Ok(found)
    };
    Ok(match name {
        "path" => {
            let value = found(work)?.map_or(Value::Null, |json| Value::of_json(&json));
            work.done(value.weight(work.left()).saturating_mul(TREE_WORK))?;
            value
        }
        "json" => Value::text(found(work)?.map_or("\"\"".to_owned(), |json| json.to_string())),
        "params" => match argument {
            None => {
                let kinds = ["path", "querystring", "header"];
                Value::map(kinds.iter().zip(&input.params).map(|(kind, pairs)| ((*kind).to_owned(), texts(pairs))))
            }
            Some(wanted) => parameter(input, &wanted),
        },
        "body" => {
            work.done(input.body.len())?;
            Value::Input(input.clone()).member("body")
        }
        _ => Value::Null,
    })
}

fn texts(pairs: &[(String, String)]) -> Value {
    Value::map(pairs.iter().map(|(name, value)| (name.clone(), Value::text(value))))
}

/// A parameter by name out of path, query string and headers; all of one kind by the kind's name; the empty text where there is none.
fn parameter(input: &Input, wanted: &str) -> Value {
    for (kind, pairs) in ["path", "querystring", "header"].iter().zip(&input.params) {
        if *kind == wanted {
            return texts(pairs);
        }
    }
    let exact = input.params.iter().flatten().rev().rev().find(|(name, _)| name == wanted);
    let header = || input.params[2].iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
    exact.or_else(header).map_or(Value::text(""), |(_, value)| Value::text(value))
}

fn list(on: &Value, items: &std::cell::RefCell<Vec<Value>>, name: &str, arguments: &[Value]) -> Result<Value, Problem> {
    let position = |wanted: &Value| items.borrow().iter().position(|item| item.same(wanted));
    Ok(match (name, arguments) {
        ("size", []) => Value::Int(items.borrow().len() as i64),
        ("isEmpty", []) => Value::Bool(items.borrow().is_empty()),
        ("get", [Value::Int(index)]) => at(&items.borrow(), *index),
        ("add", [item]) => {
            grow(items.borrow().len(), 1)?;
            items.borrow_mut().push(item.clone());
            Value::Bool(true)
        }
        ("add", [Value::Int(index), item]) => {
            grow(items.borrow().len(), 1)?;
            let mut items = items.borrow_mut();
            if let Some(index) = usize::try_from(*index).ok().filter(|i| *i <= items.len()) {
                items.insert(index, item.clone());
            }
            Value::Null
        }
        ("addAll", [Value::List(more)]) => {
            let more = more.0.borrow().clone();
            grow(items.borrow().len(), more.len())?;
            items.borrow_mut().extend(more);
            Value::Bool(true)
        }
        ("set", [Value::Int(index), item]) => {
            let mut items = items.borrow_mut();
            let place = usize::try_from(*index).ok().and_then(|i| items.get_mut(i));
            place.map_or(Value::Null, |place| std::mem::replace(place, item.clone()))
        }
        ("remove", [Value::Int(index)]) => {
            let mut items = items.borrow_mut();
            match usize::try_from(*index).ok().filter(|i| *i < items.len()) {
                Some(index) => items.remove(index),
                None => Value::Null,
            }
        }
        ("remove", [item]) => match position(item) {
            Some(index) => {
                items.borrow_mut().remove(index);
                Value::Bool(true)
            }
            None => Value::Bool(false),
        },
        ("clear", []) => {
            items.borrow_mut().clear();
            Value::Null
        }
        ("contains", [item]) => Value::Bool(position(item).is_some()),
        ("containsAll", [Value::List(wanted)]) => Value::Bool(wanted.0.borrow().iter().all(|item| position(item).is_some())),
        ("indexOf", [item]) => Value::Int(position(item).map_or(-1, |at| at as i64)),
        ("lastIndexOf", [item]) => Value::Int(items.borrow().iter().rposition(|there| there.same(item)).map_or(-1, |at| at as i64)),
        ("subList", [Value::Int(from), Value::Int(to)]) => {
            let items = items.borrow();
            let slice = usize::try_from(*from).ok().zip(usize::try_from(*to).ok()).and_then(|(from, to)| items.get(from..to));
            slice.map_or(Value::Null, |slice| Value::list(slice.to_vec()))
        }
        _ => plain(on, name, arguments),
    })
}

fn map_method(on: &Value, map: &std::cell::RefCell<Vec<(Rc<str>, Value)>>, name: &str, arguments: &[Value]) -> Result<Value, Problem> {
    let has = |key: &Value| {
        let key = key.shown();
        map.borrow().iter().any(|(there, _)| **there == *key)
    };
    Ok(match (name, arguments) {
        ("get", [key]) => on.member(&key.shown()),
        ("getOrDefault", [key, otherwise]) => {
            if has(key) {
                on.member(&key.shown())
            } else {
                otherwise.clone()
            }
        }
        ("put", [key, value]) => {
            grow(map.borrow().len(), 1)?;
            on.put(&key.shown(), value.clone()).unwrap_or(Value::Null)
        }
        ("putIfAbsent", [key, value]) => match has(key) {
            true => on.member(&key.shown()),
            false => {
                grow(map.borrow().len(), 1)?;
                on.put(&key.shown(), value.clone()).unwrap_or(Value::Null)
            }
        },
        ("putAll", [Value::Map(more)]) => {
            let more = more.0.borrow().clone();
            grow(map.borrow().len(), more.len())?;
            more.into_iter().for_each(|(key, value)| drop(on.put(&key, value)));
            Value::Null
        }
        ("remove", [key]) => {
            let key = key.shown();
            let at = map.borrow().iter().position(|(there, _)| **there == *key);
            at.map_or(Value::Null, |at| map.borrow_mut().remove(at).1)
        }
        ("clear", []) => {
            map.borrow_mut().clear();
            Value::Null
        }
        ("containsKey", [key]) => Value::Bool(has(key)),
        ("containsValue", [value]) => Value::Bool(map.borrow().iter().any(|(_, there)| there.same(value))),
        ("size", []) => Value::Int(map.borrow().len() as i64),
        ("isEmpty", []) => Value::Bool(map.borrow().is_empty()),
        ("keySet", []) => Value::list(map.borrow().iter().map(|(key, _)| Value::Text(key.clone())).collect()),
        ("values", []) => Value::list(map.borrow().iter().map(|(_, value)| value.clone()).collect()),
        ("entrySet", []) => {
            let entry = |(key, value): &(Rc<str>, Value)| {
                Value::map([("key".to_owned(), Value::Text(key.clone())), ("value".to_owned(), value.clone())])
            };
            Value::list(map.borrow().iter().map(entry).collect())
        }
        ("getKey", []) => on.member("key"),
        ("getValue", []) => on.member("value"),
        _ => plain(on, name, arguments),
    })
}

/// What every value answers.
pub(crate) fn plain(on: &Value, name: &str, arguments: &[Value]) -> Value {
    match (name, arguments) {
        ("toString", []) => Value::text(on.shown()),
        ("equals", [other]) => Value::Bool(on.same(other)),
        ("intValue" | "longValue", []) => on.number().map_or(Value::Null, |n| Value::Int(n as i64)),
        ("doubleValue" | "floatValue", []) => on.number().map_or(Value::Null, Value::Float),
        ("booleanValue", []) => Value::Bool(on.truthy()),
        ("compareTo", [other]) => match (on.number(), other.number()) {
            (Some(a), Some(b)) => Value::Int(a.partial_cmp(&b).map_or(0, |order| order as i64)),
            _ => Value::Null,
        },
        _ => Value::Null,
    }
}

fn grow(from: usize, by: usize) -> Result<(), Problem> {
    match from + by > MOST_ITEMS {
        true => Err(Problem(format!("a list or map has more than {MOST_ITEMS} items"))),
        false => Ok(()),
    }
}
