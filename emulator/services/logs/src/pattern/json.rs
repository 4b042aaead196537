//! JSON selectors: `{ ($.a.b = "x*" || $.list[0] > 3) && $.c IS NULL }`.

use super::{Literal, Op, Parser, invalid};
use kit::Fault;
use serde_json::Value;

/// A condition on a JSON event.
#[derive(Clone, Debug)]
pub(crate) enum Expr {
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Compare(Path, Comparison),
    Is(Path, &'static str),
    NotExists(Path),
    Exists(Path),
}

/// A comparison with a value.
#[derive(Clone, Debug)]
pub(crate) struct Comparison {
    op: Op,
    value: Literal,
}

/// `$.a['b'][0]`
#[derive(Clone, Debug)]
pub(crate) struct Path {
    text: String,
    steps: Vec<Step>,
}

#[derive(Clone, Debug)]
enum Step {
    Member(String),
    Item(usize),
    AnyItem,
}

/// The JSON object that a message is.
pub(super) fn event(message: &str) -> Option<Value> {
    serde_json::from_str(message).ok().filter(Value::is_object)
}

/// What a selector finds: numbers, texts and truth values as they read.
pub(super) fn select(selector: &str, event: &Value) -> Option<String> {
    let mut parser = Parser::new(selector);
    let path = path(&mut parser).ok()?;
    found(event, &path).first().and_then(|value| plain(value))
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Null => None,
        other => Some(other.to_string()),
    }
}

impl Expr {
    pub(super) fn holds(&self, event: &Value) -> bool {
        match self {
            Expr::And(a, b) => a.holds(event) && b.holds(event),
            Expr::Or(a, b) => a.holds(event) || b.holds(event),
            Expr::NotExists(path) => found(event, path).is_empty(),
            Expr::Exists(path) => !found(event, path).is_empty(),
            Expr::Is(path, what) => found(event, path).iter().any(|v| match *what {
                "NULL" => v.is_null(),
                "TRUE" => **v == Value::Bool(true),
                _ => **v == Value::Bool(false),
            }),
            Expr::Compare(path, comparison) => found(event, path).iter().any(|v| comparison.holds(v)),
        }
    }
    /// The values of the paths that are named.
    pub(super) fn selected(&self, event: &Value) -> Vec<(String, String)> {
        match self {
            Expr::And(a, b) | Expr::Or(a, b) => [a.selected(event), b.selected(event)].concat(),
            Expr::Compare(path, _) | Expr::Is(path, _) | Expr::NotExists(path) | Expr::Exists(path) => {
                found(event, path).first().and_then(|value| plain(value)).map(|value| (path.text.clone(), value)).into_iter().collect()
            }
        }
    }
}

impl Comparison {
    fn holds(&self, found: &Value) -> bool {
        let text = match found {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return false,
        };
        // Numbers are compared as numbers only where the event has one.
        let same_kind = !matches!(self.value, Literal::Text(_)) || found.is_string();
        same_kind && self.value.holds(self.op, &text, found.as_f64())
    }
}

fn found<'a>(event: &'a Value, path: &Path) -> Vec<&'a Value> {
    path.steps.iter().fold(vec![event], |values, step| {
        values
            .into_iter()
            .flat_map(|value| match step {
                Step::Member(name) => value.get(name).into_iter().collect::<Vec<_>>(),
                Step::Item(at) => value.get(at).into_iter().collect(),
                Step::AnyItem => value.as_array().map(|items| items.iter().collect()).unwrap_or_default(),
            })
            .collect()
    })
}

pub(super) fn parse(text: &str) -> Result<Expr, Fault> {
    let inner = text.strip_prefix('{').and_then(|t| t.strip_suffix('}')).ok_or_else(|| invalid("Invalid filter pattern"))?;
    let mut parser = Parser::new(inner);
    let expr = or(&mut parser)?;
    parser.skip();
    if parser.rest.is_empty() { Ok(expr) } else { Err(parser.wrong()) }
}

fn or(parser: &mut Parser<'_>) -> Result<Expr, Fault> {
    let mut left = and(parser)?;
    while parser.takes("||") {
        left = Expr::Or(Box::new(left), Box::new(and(parser)?));
    }
    Ok(left)
}

fn and(parser: &mut Parser<'_>) -> Result<Expr, Fault> {
    let mut left = condition(parser)?;
    while parser.takes("&&") {
        left = Expr::And(Box::new(left), Box::new(condition(parser)?));
    }
    Ok(left)
}

fn condition(parser: &mut Parser<'_>) -> Result<Expr, Fault> {
    if parser.takes("(") {
        parser.deeper()?;
        let inner = or(parser)?;
        parser.depth -= 1;
        return if parser.takes(")") { Ok(inner) } else { Err(parser.wrong()) };
    }
    let path = path(parser)?;
    if parser.takes("NOT EXISTS") {
        return Ok(Expr::NotExists(path));
    }
    if parser.takes("EXISTS") {
        return Ok(Expr::Exists(path));
    }
    if parser.takes("IS") {
        let what = ["NULL", "TRUE", "FALSE"].into_iter().find(|what| parser.takes(what)).ok_or_else(|| parser.wrong())?;
        return Ok(Expr::Is(path, what));
    }
    let op = parser.op()?;
    let value = parser.literal(&[')', '&', '|'])?;
    Ok(Expr::Compare(path, Comparison { op, value }))
}

fn path(parser: &mut Parser<'_>) -> Result<Path, Fault> {
    parser.skip();
    let whole = parser.rest;
    if !parser.takes("$") {
        return Err(parser.wrong());
    }
    let mut steps = Vec::new();
    loop {
        if let Some(rest) = parser.rest.strip_prefix('.') {
            let end = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '@'))).unwrap_or(rest.len());
            steps.push(Step::Member(rest[..end].to_owned()));
            parser.rest = &rest[end..];
        } else if let Some(rest) = parser.rest.strip_prefix('[') {
            let (inner, after) = rest.split_once(']').ok_or_else(|| parser.wrong())?;
            let name = inner.trim_matches(['\'', '"']);
            steps.push(match name {
                "*" if name == inner => Step::AnyItem,
                text if text != inner => Step::Member(text.to_owned()),
                text => text.parse().map_or_else(|_| Step::Member(text.to_owned()), Step::Item),
            });
            parser.rest = after;
        } else {
            let text = whole[..whole.len() - parser.rest.len()].to_owned();
            return Ok(Path { text, steps });
        }
    }
}
