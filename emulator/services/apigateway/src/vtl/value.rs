//! Values of the template language. Lists and maps are shared, as Java's are: what one name adds the other sees.

use super::{MOST_DEPTH, MOST_OUTPUT_BYTES};
use serde_json::{Map as JsonMap, Value as Json};
use std::{cell::RefCell, rc::Rc};

/// Values that one printing may visit.
const MOST_SHOWN: usize = 1_000_000;
/// What a value weighs beside its text: about what looking at it costs.
const NODE_WEIGHT: usize = 16;

/// What is left for one printing. A list may hold one text a thousand times, so bytes are counted as they are written; one more than may be
/// printed is enough to have it refused.
struct Room {
    nodes: usize,
    bytes: usize,
}

impl Room {
    fn new() -> Room {
        Room { nodes: MOST_SHOWN, bytes: MOST_OUTPUT_BYTES + 1 }
    }
    /// Takes one node; false where there is no room for it.
    fn node(&mut self) -> bool {
        self.nodes = self.nodes.saturating_sub(1);
        self.nodes > 0 && self.bytes > 0
    }
    /// As much of a text as there is room for.
    fn text<'a>(&mut self, text: &'a str) -> &'a str {
        let text = &text[..text.floor_char_boundary(self.bytes)];
        self.bytes -= text.len();
        text
    }
}

/// A value.
#[derive(Clone, Debug)]
pub enum Value {
    /// Nothing. Prints nothing and equals the empty text.
    Null,
    /// true or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// Text.
    Text(Rc<str>),
    /// A list.
    List(Rc<Items>),
    /// A map in the order of its making.
    Map(Rc<Entries>),
    /// `$input`.
    Input(Rc<Input>),
    /// `$util`.
    Util,
}

/// What `$input` knows.
#[derive(Debug, Default)]
pub struct Input {
    /// The body as text.
    pub body: String,
    /// Parameters in the order in which `$input.params(name)` looks: path, querystring, header.
    pub params: [Vec<(String, String)>; 3],
    /// The body as JSON, read once.
    pub(crate) parsed: std::cell::OnceCell<Option<Json>>,
}

impl Input {
    /// What a body and parameters make.
    pub fn new(body: String, path: Vec<(String, String)>, querystring: Vec<(String, String)>, header: Vec<(String, String)>) -> Input {
        Input { body, params: [path, querystring, header], parsed: std::cell::OnceCell::new() }
    }
    /// The body as JSON.
    pub(crate) fn json(&self) -> Option<&Json> {
        self.parsed.get_or_init(|| serde_json::from_str(&self.body).ok()).as_ref()
    }
}

/// What a list holds.
#[derive(Debug)]
pub struct Items(pub(crate) RefCell<Vec<Value>>);
/// What a map holds.
#[derive(Debug)]
pub struct Entries(pub(crate) RefCell<Vec<(Rc<str>, Value)>>);

/// Takes apart what nests deeper than a stack is, without going down itself.
fn take_apart(mut waiting: Vec<Value>) {
    while let Some(value) = waiting.pop() {
        match value {
            Value::List(items) if Rc::strong_count(&items) == 1 => waiting.append(&mut items.0.borrow_mut()),
            Value::Map(map) if Rc::strong_count(&map) == 1 => waiting.extend(map.0.borrow_mut().drain(..).map(|(_, value)| value)),
            _ => {}
        }
    }
}

impl Drop for Items {
    fn drop(&mut self) {
        take_apart(std::mem::take(self.0.get_mut()));
    }
}
impl Drop for Entries {
    fn drop(&mut self) {
        take_apart(std::mem::take(self.0.get_mut()).into_iter().map(|(_, value)| value).collect());
    }
}

impl Value {
    /// Text.
    pub fn text(text: impl AsRef<str>) -> Value {
        Value::Text(text.as_ref().into())
    }
    /// A list.
    pub fn list(items: Vec<Value>) -> Value {
        Value::List(Rc::new(Items(RefCell::new(items))))
    }
    /// A map.
    pub fn map(entries: impl IntoIterator<Item = (String, Value)>) -> Value {
        Value::Map(Rc::new(Entries(RefCell::new(entries.into_iter().map(|(key, value)| (key.into(), value)).collect()))))
    }
    /// A value out of JSON.
    pub fn of_json(json: &Json) -> Value {
        match json {
            Json::Null => Value::Null,
            Json::Bool(b) => Value::Bool(*b),
            Json::Number(n) => n.as_i64().map(Value::Int).unwrap_or_else(|| Value::Float(n.as_f64().unwrap_or_default())),
            Json::String(text) => Value::text(text),
            Json::Array(items) => Value::list(items.iter().map(Value::of_json).collect()),
            Json::Object(map) => Value::map(map.iter().map(|(key, value)| (key.clone(), Value::of_json(value)))),
        }
    }
    /// The value as JSON. What contains itself ends where the depth that is allowed does.
    pub fn to_json(&self) -> Json {
        self.json_within(0, &mut Room::new())
    }
    fn json_within(&self, depth: usize, room: &mut Room) -> Json {
        if depth > MOST_DEPTH || !room.node() {
            return Json::Null;
        }
        match self {
            Value::Null | Value::Input(_) | Value::Util => Json::Null,
            Value::Bool(b) => (*b).into(),
            Value::Int(n) => (*n).into(),
            Value::Float(n) => (*n).into(),
            Value::Text(text) => room.text(text).into(),
            Value::List(items) => items.0.borrow().iter().map(|item| item.json_within(depth + 1, room)).collect(),
            Value::Map(map) => {
                let entries = map.0.borrow();
                let read = |(key, value): &(Rc<str>, Value)| (room.text(key).to_owned(), value.json_within(depth + 1, room));
                Json::Object(entries.iter().map(read).collect::<JsonMap<_, _>>())
            }
        }
    }
    /// What a reference prints: texts as they are, lists as JSON, maps as Java writes them (`{a=b}`), as AWS's answers show.
    pub fn shown(&self) -> String {
        let mut out = String::new();
        self.show(0, &mut Room::new(), &mut out);
        out
    }
    fn show(&self, depth: usize, room: &mut Room, out: &mut String) {
        if depth > MOST_DEPTH || !room.node() {
            return;
        }
        match self {
            Value::Null | Value::Util => {}
            Value::Bool(b) => out.push_str(room.text(&b.to_string())),
            Value::Int(n) => out.push_str(room.text(&n.to_string())),
            Value::Float(n) => out.push_str(room.text(&java_float(*n))),
            Value::Text(text) => out.push_str(room.text(text)),
            Value::List(_) => out.push_str(&self.json_within(depth, room).to_string()),
            Value::Map(map) => {
                out.push('{');
                for (at, (key, value)) in map.0.borrow().iter().enumerate() {
                    out.push_str(room.text(if at > 0 { ", " } else { "" }));
                    out.push_str(room.text(key));
                    out.push_str(room.text("="));
                    match value {
                        Value::Null => out.push_str(room.text("null")),
                        value => value.show(depth + 1, room, out),
                    }
                }
                out.push('}');
            }
            Value::Input(input) => out.push_str(room.text(&input.body)),
        }
    }
    /// About what it costs to look at all of the value, as deep as values are looked at; more than `most` where it is more, for what holds
    /// itself has no end.
    pub(crate) fn weight(&self, most: usize) -> usize {
        let mut sum = 0;
        self.weigh(0, &mut sum, most);
        sum
    }
    fn weigh(&self, depth: usize, sum: &mut usize, most: usize) {
        *sum += NODE_WEIGHT;
        if depth > MOST_DEPTH || *sum > most {
            return;
        }
        match self {
            Value::Text(text) => *sum += text.len(),
            Value::Input(input) => *sum += input.body.len(),
            Value::List(items) => {
                for item in items.0.borrow().iter() {
                    item.weigh(depth + 1, sum, most);
                    if *sum > most {
                        return;
                    }
                }
            }
            Value::Map(map) => {
                for (key, value) in map.0.borrow().iter() {
                    *sum += key.len();
                    value.weigh(depth + 1, sum, most);
                    if *sum > most {
                        return;
                    }
                }
            }
            _ => {}
        }
    }
    /// How many values it holds itself.
    pub(crate) fn length(&self) -> usize {
        match self {
            Value::List(items) => items.0.borrow().len(),
            Value::Map(map) => map.0.borrow().len(),
            _ => 0,
        }
    }
    /// Whether a condition holds: everything but nothing and false, the empty text and zero included.
    pub fn truthy(&self) -> bool {
        !matches!(self, Value::Null | Value::Bool(false))
    }
    /// The number, where it is one.
    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Value::Int(n) => Some(*n as f64),
            Value::Float(n) => Some(*n),
            _ => None,
        }
    }
    /// A member of a map, or of the tools' properties.
    pub(crate) fn member(&self, name: &str) -> Value {
        match self {
            Value::Map(map) => map.0.borrow().iter().find(|(key, _)| &**key == name).map_or(Value::Null, |(_, value)| value.clone()),
            // An empty body reads as an empty object, as AWS's answers show.
            Value::Input(input) if name == "body" => Value::text(if input.body.is_empty() { "{}" } else { &input.body }),
            Value::List(items) if name == "empty" => Value::Bool(items.0.borrow().is_empty()),
            Value::Text(text) if name == "empty" => Value::Bool(text.is_empty()),
            Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_) | Value::List(_) | Value::Null => Value::Null,
            Value::Input(_) | Value::Util => Value::Null,
        }
    }
    /// Sets a member of a map.
    pub(crate) fn put(&self, name: &str, value: Value) -> Option<Value> {
        let Value::Map(map) = self else { return None };
        let mut entries = map.0.borrow_mut();
        match entries.iter_mut().find(|(key, _)| &**key == name) {
            Some((_, there)) => Some(std::mem::replace(there, value)),
            None => {
                entries.push((name.into(), value));
                None
            }
        }
    }
    /// Whether two values are equal.
    pub(crate) fn same(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Null, Value::Null) => true,
            (Value::Null, Value::Text(text)) | (Value::Text(text), Value::Null) => text.is_empty(),
            (Value::Null, _) | (_, Value::Null) => false,
            (Value::Text(a), Value::Text(b)) => a == b,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            _ => match (self.number(), other.number()) {
                (Some(a), Some(b)) => a == b,
                // Velocity compares what differs in kind by its text.
                _ => self.shown() == other.shown(),
            },
        }
    }
}

/// `1.0`, `2.5`, as Java writes doubles of a usual size.
fn java_float(n: f64) -> String {
    match n.fract() == 0.0 && n.abs() < 1e7 {
        true => format!("{n:.1}"),
        false => n.to_string(),
    }
}
