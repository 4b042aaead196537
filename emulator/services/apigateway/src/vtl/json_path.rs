//! JSONPath as `$input.path` and mappings take it: members, indexes, slices, unions, wildcards, descent, filters. Pure.

use super::MOST_DEPTH;
use serde_json::Value as Json;

/// Longest path.
const MOST_PATH_BYTES: usize = 4096;
/// Values that one path may visit.
const MOST_VISITED: usize = 1_000_000;

#[derive(Debug)]
enum Step {
    Members(Vec<String>),
    Indexes(Vec<i64>),
    Slice(Option<i64>, Option<i64>, i64),
    Every,
    Descend,
    Filter(Test),
}

#[derive(Debug)]
struct Test {
    path: Vec<Step>,
    /// Operator and what is compared with; `None` asks whether the path leads to something.
    comparison: Option<(&'static str, Json)>,
}

/// What a path leads to: the value itself for a definite path, a list for one that may lead to several.
pub fn find(json: &Json, path: &str) -> Option<Json> {
    if path.len() > MOST_PATH_BYTES {
        return None;
    }
    let path = path.trim();
    let steps = read(path.strip_prefix('$').unwrap_or(path))?;
    let definite =
        steps.iter().all(|step| matches!(step, Step::Members(m) if m.len() == 1) || matches!(step, Step::Indexes(i) if i.len() == 1));
    let mut room = MOST_VISITED;
    let found = follow(json, &steps, &mut room);
    match definite {
        true => found.first().map(|json| (*json).clone()),
        false => Some(found.into_iter().cloned().collect()),
    }
}

/// A value as a header or parameter has it: texts bare, everything else as JSON.
pub fn texts(json: &Json) -> String {
    match json {
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        other => other.to_string(),
    }
}

fn read(text: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if steps.len() > MOST_DEPTH {
            return None;
        }
        if let Some(after) = rest.strip_prefix("..") {
            steps.push(Step::Descend);
            rest = after;
            if rest.starts_with('[') {
                continue;
            }
        } else if let Some(after) = rest.strip_prefix('.') {
            rest = after;
        } else if !rest.starts_with('[') && !steps.is_empty() {
            return None;
        }
        if let Some(inner) = rest.strip_prefix('[') {
            let end = closing(inner)?;
            steps.push(bracket(inner[..end].trim())?);
            rest = &inner[end + 1..];
            continue;
        }
        let length = rest.find(['.', '[']).unwrap_or(rest.len());
        let name = &rest[..length];
        match name {
            "" => return None,
            "*" => steps.push(Step::Every),
            name => steps.push(Step::Members(vec![name.to_owned()])),
        }
        rest = &rest[length..];
    }
    Some(steps)
}

/// Where the bracket that is open closes.
fn closing(text: &str) -> Option<usize> {
    let (mut open, mut quote) = (0usize, None);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(mark), c) if c == mark => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '[' | '(') => open += 1,
            (None, ']') if open == 0 => return Some(at),
            (None, ']' | ')') => open = open.saturating_sub(1),
            _ => {}
        }
    }
    None
}

fn bracket(inner: &str) -> Option<Step> {
    if inner == "*" {
        return Some(Step::Every);
    }
    if let Some(test) = inner.strip_prefix("?(").and_then(|test| test.strip_suffix(')')) {
        return filter(test.trim());
    }
    if inner.starts_with(['\'', '"']) {
        let names: Option<Vec<String>> = inner.split(',').map(|name| unquoted(name.trim())).collect();
        return names.map(Step::Members);
    }
    if inner.contains(':') {
        let mut parts = inner.split(':').map(|part| if part.trim().is_empty() { Some(None) } else { part.trim().parse().ok().map(Some) });
        let (from, to) = (parts.next()??, parts.next()??);
        let step = parts.next().unwrap_or(Some(None))?.unwrap_or(1);
        return (step > 0).then_some(Step::Slice(from, to, step));
    }
    inner.split(',').map(|part| part.trim().parse().ok()).collect::<Option<Vec<i64>>>().map(Step::Indexes)
}

fn unquoted(text: &str) -> Option<String> {
    let mark = text.chars().next()?;
    text.strip_prefix(mark)?.strip_suffix(mark).map(str::to_owned)
}

fn filter(test: &str) -> Option<Step> {
    const OPERATORS: [&str; 6] = ["==", "!=", "<=", ">=", "<", ">"];
    let (path, comparison) = match OPERATORS.iter().filter_map(|o| Some((test.find(o)?, *o))).min_by_key(|(at, o)| (*at, 2 - o.len())) {
        Some((at, operator)) => {
            let right = test[at + operator.len()..].trim();
            let right = match right.starts_with('\'') {
                true => Json::String(unquoted(right)?),
                false => serde_json::from_str(right).ok()?,
            };
            (test[..at].trim(), Some((operator, right)))
        }
        None => (test, None),
    };
    Some(Step::Filter(Test { path: read(path.strip_prefix('@')?)?, comparison }))
}

fn follow<'a>(json: &'a Json, steps: &[Step], room: &mut usize) -> Vec<&'a Json> {
    let mut at = vec![json];
    for step in steps {
        let mut next = Vec::new();
        for json in at {
            if *room == 0 {
                return Vec::new();
            }
            *room -= 1;
            one(json, step, &mut next, room);
        }
        at = next;
    }
    at
}

fn one<'a>(json: &'a Json, step: &Step, out: &mut Vec<&'a Json>, room: &mut usize) {
    let place = |items: &[Json], index: i64| {
        let index = if index < 0 { index + items.len() as i64 } else { index };
        usize::try_from(index).ok().filter(|i| *i < items.len())
    };
    match (step, json) {
        (Step::Members(names), Json::Object(map)) => out.extend(names.iter().filter_map(|name| map.get(name))),
        (Step::Indexes(indexes), Json::Array(items)) => out.extend(indexes.iter().filter_map(|i| place(items, *i)).map(|i| &items[i])),
        (Step::Slice(from, to, step), Json::Array(items)) => {
            let length = items.len() as i64;
            let bound = |at: i64| (if at < 0 { at + length } else { at }).clamp(0, length);
            let (from, to) = (bound(from.unwrap_or(0)), bound(to.unwrap_or(length)));
            let step = usize::try_from(*step).unwrap_or(1);
            out.extend((from..to).step_by(step).map(|i| &items[i as usize]));
        }
        (Step::Every, Json::Array(items)) => out.extend(items),
        (Step::Every, Json::Object(map)) => out.extend(map.values()),
        (Step::Descend, json) => descend(json, out, room),
        (Step::Filter(test), Json::Array(items)) => out.extend(items.iter().filter(|item| holds(item, test, room))),
        (Step::Filter(test), Json::Object(map)) => out.extend(map.values().filter(|item| holds(item, test, room))),
        _ => {}
    }
}

fn descend<'a>(json: &'a Json, out: &mut Vec<&'a Json>, room: &mut usize) {
    if *room == 0 {
        return;
    }
    *room -= 1;
    out.push(json);
    match json {
        Json::Array(items) => items.iter().for_each(|item| descend(item, out, room)),
        Json::Object(map) => map.values().for_each(|item| descend(item, out, room)),
        _ => {}
    }
}

fn holds(item: &Json, test: &Test, room: &mut usize) -> bool {
    let found = follow(item, &test.path, room);
    let Some((operator, right)) = &test.comparison else { return !found.is_empty() };
    let Some(left) = found.first() else { return *operator == "!=" };
    let order = match (left, right) {
        (Json::Number(a), Json::Number(b)) => a.as_f64().partial_cmp(&b.as_f64()),
        (Json::String(a), Json::String(b)) => Some(a.cmp(b)),
        (a, b) if *a == b => Some(std::cmp::Ordering::Equal),
        _ => None,
    };
    match *operator {
        "==" => order.is_some_and(|o| o.is_eq()),
        "!=" => !order.is_some_and(|o| o.is_eq()),
        "<" => order.is_some_and(|o| o.is_lt()),
        "<=" => order.is_some_and(|o| o.is_le()),
        ">" => order.is_some_and(|o| o.is_gt()),
        _ => order.is_some_and(|o| o.is_ge()),
    }
}
