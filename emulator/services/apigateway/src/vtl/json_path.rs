//! JSONPath as `$input.path` and mappings take it: members, indexes, slices, unions, wildcards, descent, filters. Pure.

use super::MOST_DEPTH;
use serde_json::Value as Json;

/// Longest path.
const MOST_PATH_BYTES: usize = 4096;
/// Values that one path may visit or lead to.
const MOST_VISITED: usize = 1_000_000;
/// Filters within filters.
const MOST_FILTERS: usize = 8;
/// Values, and bytes of text, of which the copy of what a path leads to may consist: `[0,0,0]` leads three times to the same.
const MOST_COPIED: (usize, usize) = (4_000_000, 40 << 20);

/// A path leads to more than is followed.
#[derive(Debug, PartialEq)]
pub(crate) struct TooMuch;

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

/// What a path leads to: the value itself for a definite path, a list for one that may lead to several; nothing where that is too much.
pub fn find(json: &Json, path: &str) -> Option<Json> {
    find_counted(json, path).ok()?.0
}

/// The same, with how many values were visited.
pub(crate) fn find_counted(json: &Json, path: &str) -> Result<(Option<Json>, usize), TooMuch> {
    if path.len() > MOST_PATH_BYTES {
        return Ok((None, 0));
    }
    let path = path.trim();
    let Some(steps) = read(path.strip_prefix('$').unwrap_or(path), 0) else { return Ok((None, 0)) };
    let definite =
        steps.iter().all(|step| matches!(step, Step::Members(m) if m.len() == 1) || matches!(step, Step::Indexes(i) if i.len() == 1));
    let mut room = MOST_VISITED;
    let found = follow(json, &steps, &mut room);
    if room == 0 {
        return Err(TooMuch);
    }
    let visited = MOST_VISITED - room;
    if definite {
        return Ok((found.first().map(|json| (*json).clone()), visited));
    }
    let (mut nodes, mut bytes) = MOST_COPIED;
    match found.iter().all(|json| has_room(json, &mut nodes, &mut bytes)) {
        true => Ok((Some(found.into_iter().cloned().collect()), visited + MOST_COPIED.0 - nodes)),
        false => Err(TooMuch),
    }
}

/// Takes the size of a value out of what is left; false where there is not enough.
fn has_room(json: &Json, nodes: &mut usize, bytes: &mut usize) -> bool {
    let length = match json {
        Json::String(text) => text.len(),
        Json::Object(map) => map.keys().map(String::len).sum(),
        _ => 0,
    };
    let (Some(fewer), Some(less)) = (nodes.checked_sub(1), bytes.checked_sub(length)) else { return false };
    (*nodes, *bytes) = (fewer, less);
    match json {
        Json::Array(items) => items.iter().all(|item| has_room(item, nodes, bytes)),
        Json::Object(map) => map.values().all(|item| has_room(item, nodes, bytes)),
        _ => true,
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

fn read(text: &str, filters: usize) -> Option<Vec<Step>> {
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
            steps.push(bracket(inner[..end].trim(), filters)?);
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

fn bracket(inner: &str, filters: usize) -> Option<Step> {
    if inner == "*" {
        return Some(Step::Every);
    }
    if let Some(test) = inner.strip_prefix("?(").and_then(|test| test.strip_suffix(')')) {
        return filter(test.trim(), filters + 1);
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

fn filter(test: &str, filters: usize) -> Option<Step> {
    if filters > MOST_FILTERS {
        return None;
    }
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
    Some(Step::Filter(Test { path: read(path.strip_prefix('@')?, filters)?, comparison }))
}

fn follow<'a>(json: &'a Json, steps: &[Step], room: &mut usize) -> Vec<&'a Json> {
    let mut at = vec![json];
    for step in steps {
        let mut next = Vec::new();
        for json in at {
            one(json, step, &mut next, room);
            if *room == 0 {
                return Vec::new();
            }
        }
        at = next;
    }
    at
}

/// What is looked at and what is led to both take room; with none left nothing more is found.
fn one<'a>(json: &'a Json, step: &Step, out: &mut Vec<&'a Json>, room: &mut usize) {
    let place = |items: &[Json], index: i64| {
        let index = if index < 0 { index + items.len() as i64 } else { index };
        usize::try_from(index).ok().filter(|i| *i < items.len())
    };
    let mut add = |room: &mut usize, found: &'a Json| {
        *room = room.saturating_sub(1);
        if *room > 0 {
            out.push(found);
        }
        *room > 0
    };
    *room = room.saturating_sub(1);
    match (step, json) {
        (Step::Members(names), Json::Object(map)) => {
            names.iter().filter_map(|name| map.get(name)).take_while(|found| add(room, found)).for_each(drop);
        }
        (Step::Indexes(indexes), Json::Array(items)) => {
            indexes.iter().filter_map(|i| place(items, *i)).take_while(|i| add(room, &items[*i])).for_each(drop);
        }
        (Step::Slice(from, to, step), Json::Array(items)) => {
            let length = items.len() as i64;
            let bound = |at: i64| (if at < 0 { at + length } else { at }).clamp(0, length);
            let (from, to) = (bound(from.unwrap_or(0)), bound(to.unwrap_or(length)));
            let step = usize::try_from(*step).unwrap_or(1);
            (from..to).step_by(step).take_while(|i| add(room, &items[*i as usize])).for_each(drop);
        }
        (Step::Every, Json::Array(items)) => items.iter().take_while(|found| add(room, found)).for_each(drop),
        (Step::Every, Json::Object(map)) => map.values().take_while(|found| add(room, found)).for_each(drop),
        (Step::Descend, json) => descend(json, out, room),
        (Step::Filter(test), Json::Array(items)) => {
            items
                .iter()
                .filter(|item| holds(item, test, room))
                .collect::<Vec<_>>()
                .into_iter()
                .take_while(|found| add(room, found))
                .for_each(drop);
        }
        (Step::Filter(test), Json::Object(map)) => {
            map.values()
                .filter(|item| holds(item, test, room))
                .collect::<Vec<_>>()
                .into_iter()
                .take_while(|found| add(room, found))
                .for_each(drop);
        }
        _ => {}
    }
}

fn descend<'a>(json: &'a Json, out: &mut Vec<&'a Json>, room: &mut usize) {
    *room = room.saturating_sub(1);
    if *room == 0 {
        return;
    }
    out.push(json);
    match json {
        Json::Array(items) => items.iter().for_each(|item| descend(item, out, room)),
        Json::Object(map) => map.values().for_each(|item| descend(item, out, room)),
        _ => {}
    }
}

fn holds(item: &Json, test: &Test, room: &mut usize) -> bool {
    if *room == 0 {
        return false;
    }
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
