//! The expressions of a template: YAML's short tags and JSON's `Fn::` forms read into one tree, once.

use super::{located::At, problem::Problem};
use yaml::{Data as Yaml, Node};

/// An expression and its place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Expr {
    pub at: At,
    pub kind: Kind,
}

/// What an expression is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    /// As written.
    Number(String),
    Text(String),
    List(Vec<Expr>),
    Map(Vec<(String, Expr)>),
    Call(Box<Call>),
}

/// An intrinsic function with its arguments.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Call {
    Ref(String),
    GetAtt(String, Expr),
    Sub(Vec<Piece>, Vec<(String, Expr)>),
    Join(String, Expr),
    Select(Expr, Expr),
    Split(String, Expr),
    If(String, Expr, Expr),
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Not(Expr),
    Equals(Expr, Expr),
    Condition(String),
    /// Map name, first key, second key, default value.
    FindInMap(Expr, Expr, Expr, Option<Expr>),
    ImportValue(Expr),
    Cidr(Expr, Expr, Option<Expr>),
    Base64(Expr),
    GetAZs(Expr),
    Length(Expr),
    ToJsonString(Expr),
}

/// A piece of the text of Fn::Sub.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Piece {
    Literal(String),
    Ref(String),
    GetAtt(String, String),
}

/// Which functions may stand where.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Properties, metadata, outputs.
    Value,
    /// The Conditions section.
    Condition,
}

pub(crate) fn at(node: &Node) -> At {
    At { line: node.line, column: node.column }
}

/// Reads an expression.
pub(crate) fn read(node: &Node, place: Place) -> Result<Expr, Problem> {
    if let Some(tag) = &node.tag {
        let long = match tag.as_str() {
            "Ref" | "Condition" => tag.clone(),
            other => format!("Fn::{other}"),
        };
        let call =
            call(&long, node, place)?.ok_or_else(|| Problem::at(at(node), format!("Template format error: the tag !{tag} is unknown.")))?;
        return Ok(Expr { at: at(node), kind: Kind::Call(Box::new(call)) });
    }
    let kind = match &node.data {
        Yaml::Null => Kind::Null,
        Yaml::Bool(b) => Kind::Bool(*b),
        Yaml::Int(i) => Kind::Number(node.plain.clone().unwrap_or_else(|| i.to_string())),
        Yaml::Float(f) => Kind::Number(node.plain.clone().unwrap_or_else(|| f.to_string())),
        Yaml::Text(text) => Kind::Text(text.clone()),
        Yaml::List(items) => Kind::List(items.iter().map(|item| read(item, place)).collect::<Result<_, _>>()?),
        Yaml::Map(entries) => return map(node, entries, place),
    };
    Ok(Expr { at: at(node), kind })
}

fn map(node: &Node, entries: &[(Node, Node)], place: Place) -> Result<Expr, Problem> {
    if let [(key, value)] = entries {
        let name = key.as_str().unwrap_or_default();
        // `Condition` is also a key of policy statements: it is a function in the Conditions section only.
        let function = name == "Ref" || name.starts_with("Fn::") || (name == "Condition" && place == Place::Condition);
        if function {
            let call = call(name, value, place)?
                .ok_or_else(|| Problem::at(at(key), format!("Template error: the function {name} is not supported by windtunnel.")))?;
            return Ok(Expr { at: at(node), kind: Kind::Call(Box::new(call)) });
        }
    }
    let mut out = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        let name = key.as_str().unwrap_or_default();
        if name.starts_with("Fn::") {
            return Err(Problem::at(at(key), format!("Template format error: {name} must stand alone in its object.")));
        }
        out.push((name.to_owned(), read(value, place)?));
    }
    Ok(Expr { at: at(node), kind: Kind::Map(out) })
}

/// The function of a name, or `None` where there is none.
fn call(name: &str, argument: &Node, place: Place) -> Result<Option<Call>, Problem> {
    let here = at(argument);
    let wrong = |message: &str| Problem::at(here, format!("Template error: {message}"));
    let bare = Node { tag: None, ..argument.clone() };
    let argument =
        if argument.tag.as_deref().is_some_and(|t| name == t || name.strip_prefix("Fn::") == Some(t)) { &bare } else { argument };
    let items = |counts: &[usize], message: &str| -> Result<Vec<Expr>, Problem> {
        let list: Vec<Expr> = argument.items().iter().map(|item| read(item, place)).collect::<Result<_, _>>()?;
        match argument.tag.is_none() && matches!(argument.data, Yaml::List(_)) && counts.contains(&list.len()) {
            true => Ok(list),
            // AWS's sentences, word for word.
            false => Err(Problem::says(format!("Template error: {message}"))),
        }
    };
    let text = |expr: &Expr, message: &str| match &expr.kind {
        Kind::Text(text) => Ok(text.clone()),
        _ => Err(Problem::says(format!("Template error: {message}"))),
    };
    if place == Place::Condition && matches!(name, "Fn::GetAtt" | "Fn::ImportValue" | "Fn::Cidr" | "Fn::Base64" | "Fn::GetAZs" | "Fn::If") {
        return Err(wrong(&format!("{name} cannot be used in the Conditions section")));
    }
    Ok(Some(match name {
        "Ref" => match argument.scalar_text() {
            Some(name) if argument.tag.is_none() => Call::Ref(name),
            _ => return Err(Problem::at(here, "Template format error: All References must be of type string")),
        },
        "Condition" => match argument.as_str() {
            Some(name) => Call::Condition(name.to_owned()),
            None => return Err(wrong("a Condition must name a condition")),
        },
        "Fn::GetAtt" => get_att(argument, place)?,
        "Fn::Sub" => sub(argument, place)?,
        "Fn::Join" => {
            const MESSAGE: &str = "every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined.";
            let [delimiter, list] = two(items(&[2], MESSAGE)?);
            Call::Join(text(&delimiter, MESSAGE)?, list)
        }
        "Fn::Select" => {
            let [index, list] = two(items(&[2], "Fn::Select requires a list argument with two elements: an integer index and a list")?);
            Call::Select(index, list)
        }
        "Fn::Split" => {
            const MESSAGE: &str = "every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split or a function that returns a string to be split.";
            let [delimiter, source] = two(items(&[2], MESSAGE)?);
            Call::Split(text(&delimiter, MESSAGE)?, source)
        }
        "Fn::If" => {
            const MESSAGE: &str = "Fn::If requires a list argument with three elements";
            let mut list = items(&[3], MESSAGE)?.into_iter();
            let (condition, yes, no) = (list.next(), list.next(), list.next());
            let (Some(condition), Some(yes), Some(no)) = (condition, yes, no) else { return Err(wrong(MESSAGE)) };
            Call::If(text(&condition, "Fn::If requires the name of a condition as its first element")?, yes, no)
        }
        "Fn::And" => Call::And(items(
            &[2, 3, 4, 5, 6, 7, 8, 9, 10],
            "every Fn::And object requires a list of at least 2 and at most 10 boolean parameters.",
        )?),
        "Fn::Or" => Call::Or(items(
            &[2, 3, 4, 5, 6, 7, 8, 9, 10],
            "every Fn::Or object requires a list of at least 2 and at most 10 boolean parameters.",
        )?),
        "Fn::Not" => {
            let mut list = items(&[1], "every Fn::Not object requires one boolean parameter.")?;
            Call::Not(list.remove(0))
        }
        "Fn::Equals" => {
            let [left, right] = two(items(&[2], "every Fn::Equals object requires a list of 2 string parameters.")?);
            Call::Equals(left, right)
        }
        "Fn::FindInMap" => find_in_map(items(
            &[3, 4],
            "every Fn::FindInMap object requires three parameters, the map name, map key and the attribute for return value",
        )?)?,
        "Fn::ImportValue" => Call::ImportValue(read(argument, place)?),
        "Fn::Cidr" => {
            let mut list = items(
                &[2, 3],
                "every Fn::Cidr object requires two or three parameters, (1) an IP block, (2) a count and (3) the number of subnet bits",
            )?
            .into_iter();
            let (Some(block), Some(count)) = (list.next(), list.next()) else {
                return Err(wrong("Fn::Cidr requires an IP block and a count"));
            };
            Call::Cidr(block, count, list.next())
        }
        "Fn::Base64" => Call::Base64(read(argument, place)?),
        "Fn::GetAZs" => Call::GetAZs(read(argument, place)?),
        "Fn::Length" => Call::Length(read(argument, place)?),
        "Fn::ToJsonString" => Call::ToJsonString(read(argument, place)?),
        _ => return Ok(None),
    }))
}

fn two(list: Vec<Expr>) -> [Expr; 2] {
    list.try_into().unwrap_or_else(|_| unreachable!("the count was checked"))
}

fn get_att(argument: &Node, place: Place) -> Result<Call, Problem> {
    const MESSAGE: &str =
        "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute";
    let wrong = || Problem::says(MESSAGE);
    match &argument.data {
        Yaml::Text(text) => {
            let (resource, attribute) = text.split_once('.').filter(|(r, a)| !r.is_empty() && !a.is_empty()).ok_or_else(wrong)?;
            Ok(Call::GetAtt(resource.to_owned(), Expr { at: at(argument), kind: Kind::Text(attribute.to_owned()) }))
        }
        Yaml::List(items) if items.len() >= 2 => {
            let resource = items[0].as_str().filter(|r| !r.is_empty()).ok_or_else(wrong)?;
            // [Resource, Outputs, Name] means Resource.Outputs.Name.
            let attribute = match items.len() {
                2 => read(&items[1], place)?,
                _ => {
                    let parts: Option<Vec<&str>> = items[1..].iter().map(Node::as_str).collect();
                    Expr { at: at(&items[1]), kind: Kind::Text(parts.ok_or_else(wrong)?.join(".")) }
                }
            };
            match &attribute.kind {
                Kind::Text(text) if text.is_empty() => Err(wrong()),
                Kind::Text(_) | Kind::Call(_) => Ok(Call::GetAtt(resource.to_owned(), attribute)),
                _ => Err(wrong()),
            }
        }
        _ => Err(wrong()),
    }
}

fn sub(argument: &Node, place: Place) -> Result<Call, Problem> {
    const MESSAGE: &str = "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as first argument, and an optional second argument to specify a mapping of values to replace in the string";
    let wrong = || Problem::at(at(argument), MESSAGE);
    let (text, variables) = match &argument.data {
        Yaml::List(items) if items.len() == 2 && argument.tag.is_none() => {
            let Yaml::Map(entries) = &items[1].data else { return Err(wrong()) };
            let variables = entries
                .iter()
                .map(|(k, v)| Ok((k.as_str().unwrap_or_default().to_owned(), read(v, place)?)))
                .collect::<Result<Vec<_>, Problem>>()?;
            (items[0].as_str(), variables)
        }
        Yaml::Text(text) => (Some(text.as_str()), Vec::new()),
        _ => (None, Vec::new()),
    };
    Ok(Call::Sub(pieces(text.ok_or_else(wrong)?, at(argument))?, variables))
}

/// Cuts the text of Fn::Sub: `${Name}`, `${Name.Attribute}`, and `${!Literal}` for a literal `${Literal}`.
fn pieces(text: &str, here: At) -> Result<Vec<Piece>, Problem> {
    let mut out = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        literal.push_str(&rest[..start]);
        let inner = &rest[start + 2..];
        let Some(end) = inner.find('}') else {
            rest = &rest[start..];
            break;
        };
        let name = &inner[..end];
        rest = &inner[end + 1..];
        if let Some(kept) = name.strip_prefix('!') {
            literal.push_str(&format!("${{{kept}}}"));
            continue;
        }
        let name = name.trim();
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, ':' | '.' | '_' | '-')) {
            return Err(Problem::at(
                here,
                format!(
                    "Template error: variable names in Fn::Sub syntax must contain only alphanumeric characters, underscores, periods, and colons: ${{{name}}}"
                ),
            ));
        }
        if !literal.is_empty() {
            out.push(Piece::Literal(std::mem::take(&mut literal)));
        }
        out.push(match name.split_once('.') {
            Some((resource, attribute)) => Piece::GetAtt(resource.to_owned(), attribute.to_owned()),
            None => Piece::Ref(name.to_owned()),
        });
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        out.push(Piece::Literal(literal));
    }
    Ok(out)
}

fn find_in_map(list: Vec<Expr>) -> Result<Call, Problem> {
    let mut list = list.into_iter();
    let (Some(map), Some(first), Some(second)) = (list.next(), list.next(), list.next()) else {
        return Err(Problem::says("Template error: every Fn::FindInMap object requires three parameters"));
    };
    let default = match list.next() {
        None => None,
        Some(Expr { kind: Kind::Map(entries), at }) => match <[_; 1]>::try_from(entries) {
            Ok([(key, value)]) if key == "DefaultValue" => Some(value),
            _ => return Err(Problem::at(at, "Template error: the fourth parameter of Fn::FindInMap must be an object with DefaultValue")),
        },
        Some(other) => {
            return Err(Problem::at(other.at, "Template error: the fourth parameter of Fn::FindInMap must be an object with DefaultValue"));
        }
    };
    Ok(Call::FindInMap(map, first, second, default))
}

impl Expr {
    /// Calls `f` with every expression in here, this one first.
    pub(crate) fn walk<'a>(&'a self, f: &mut dyn FnMut(&'a Expr)) {
        f(self);
        match &self.kind {
            Kind::List(items) => items.iter().for_each(|item| item.walk(f)),
            Kind::Map(entries) => entries.iter().for_each(|(_, value)| value.walk(f)),
            Kind::Call(call) => call.arguments().into_iter().for_each(|argument| argument.walk(f)),
            _ => {}
        }
    }
}

impl Call {
    /// The expressions that a call holds.
    pub(crate) fn arguments(&self) -> Vec<&Expr> {
        match self {
            Call::Ref(_) | Call::Condition(_) => Vec::new(),
            Call::Sub(_, variables) => variables.iter().map(|(_, value)| value).collect(),
            Call::And(list) | Call::Or(list) => list.iter().collect(),
            Call::Select(a, b) | Call::If(_, a, b) | Call::Equals(a, b) => vec![a, b],
            Call::FindInMap(a, b, c, d) => [Some(a), Some(b), Some(c), d.as_ref()].into_iter().flatten().collect(),
            Call::Cidr(a, b, c) => [Some(a), Some(b), c.as_ref()].into_iter().flatten().collect(),
            Call::GetAtt(_, a) | Call::Join(_, a) | Call::Split(_, a) | Call::Not(a) | Call::ImportValue(a) => vec![a],
            Call::Base64(a) | Call::GetAZs(a) | Call::Length(a) | Call::ToJsonString(a) => vec![a],
        }
    }
}
