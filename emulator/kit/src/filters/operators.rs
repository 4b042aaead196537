//! The operators of a condition: `{"prefix": ..}`, `{"numeric": [..]}`, `{"anything-but": ..}` and the rest, with AWS's sentences.

use super::{
    Condition, Dialect, Invalid,
    compile::Compiler,
    condition::Wildcard,
    tokens::{Kind, Token},
};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde_json::Value;
use std::net::IpAddr;

/// A text, number or word as the condition of being equal to it.
pub(super) fn literal(token: &Token) -> Option<Condition> {
    match token.kind {
        Kind::Text => Some(Condition::Text(token.text.clone())),
        Kind::Number => Some(Condition::Number(number(token))),
        Kind::Word => Some(Condition::Word(match token.text.as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => Value::Null,
        })),
        _ => None,
    }
}

/// A match expression whose brace was taken, with its closing brace.
pub(super) fn expression(c: &mut Compiler) -> Result<Condition, Invalid> {
    let name = c.tokens.next()?;
    if name.kind != Kind::Name {
        return c.refuse("Expression name not found");
    }
    let condition = match name.text.as_str() {
        "exists" => exists(c)?,
        "prefix" | "suffix" => edge(c, &name.text)?,
        "equals-ignore-case" => Condition::EqualsFolded(text(c, "equals-ignore-case")?.to_lowercase()),
        "numeric" => numeric(c)?,
        // AWS names the operator `prefix` in this sentence.
        "cidr" => Condition::Cidr(network(&text(c, "prefix")?).map_err(Invalid::plain)?),
        "anything-but" => anything_but(c)?,
        "wildcard" if c.dialect != Dialect::Topics => wildcard(c)?,
        other => return c.refuse(format!("Unrecognized match type {other}")),
    };
    match c.tokens.next()?.kind {
        Kind::EndObject => Ok(condition),
        _ => c.refuse("Only one key allowed in match expression"),
    }
}

fn text(c: &mut Compiler, operator: &str) -> Result<String, Invalid> {
    let token = c.tokens.next()?;
    match token.kind {
        Kind::Text => Ok(token.text),
        _ => c.refuse(format!("{operator} match pattern must be a string")),
    }
}

fn exists(c: &mut Compiler) -> Result<Condition, Invalid> {
    match c.tokens.next()?.text.as_str() {
        word @ ("true" | "false") if c.tokens.place() == c.tokens.place_read() => Ok(Condition::Exists(word == "true")),
        _ => c.refuse("exists match pattern must be either true or false."),
    }
}

/// `prefix` and `suffix`: a text, or (not for SNS) a text to be compared without regard to case.
fn edge(c: &mut Compiler, operator: &str) -> Result<Condition, Invalid> {
    if c.dialect == Dialect::Topics || c.tokens.peek() != Some(Kind::StartObject) {
        let text = text(c, operator)?;
        return Ok(if operator == "prefix" { Condition::Prefix(text) } else { Condition::Suffix(text) });
    }
    c.tokens.next()?;
    let name = c.tokens.next()?;
    if name.text != "equals-ignore-case" {
        return c.refuse(format!("Unsupported {operator} pattern: {}", name.text));
    }
    let text = text(c, "equals-ignore-case")?.to_lowercase();
    match c.tokens.next()?.kind {
        Kind::EndObject if operator == "prefix" => Ok(Condition::PrefixFolded(text)),
        Kind::EndObject => Ok(Condition::SuffixFolded(text)),
        _ => c.refuse("Only one key allowed in match expression"),
    }
}

fn wildcard(c: &mut Compiler) -> Result<Condition, Invalid> {
    let text = text(c, "wildcard")?;
    pattern(c, &text)
}

fn pattern(c: &Compiler, text: &str) -> Result<Condition, Invalid> {
    match Wildcard::read(text) {
        Ok(pattern) => Ok(Condition::Wildcard(pattern)),
        Err((reason, true)) => c.refuse_read(reason),
        Err((reason, false)) => Err(Invalid::plain(reason)),
    }
}

fn number(token: &Token) -> f64 {
    token.text.parse().unwrap_or(f64::NAN)
}

/// `["=", 1]`, `[">", 1]`, `[">=", 1, "<", 2]`
fn numeric(c: &mut Compiler) -> Result<Condition, Invalid> {
    if c.tokens.next()?.kind != Kind::StartArray {
        return c.refuse("Value of numeric must be an array.");
    }
    let operator = c.tokens.next()?;
    if operator.kind != Kind::Text {
        return c.refuse_read(format!("Invalid member in numeric match: {}", operator.text));
    }
    let value = c.tokens.next()?;
    let edge = |operator: &Token, value: &Token| (number(value), operator.text.ends_with('='));
    match operator.text.as_str() {
        "=" if value.kind != Kind::Number => c.refuse("Value of equals must be numeric"),
        "<" | "<=" | ">" | ">=" if value.kind != Kind::Number => c.refuse(format!("Value of {} must be numeric", operator.text)),
        "=" | "<" | "<=" => {
            if c.tokens.next()?.kind != Kind::EndArray {
                return c.refuse("Too many elements in numeric expression");
            }
            let high = Some((edge(&operator, &value).0, operator.text != "<"));
            Ok(Condition::Numeric { low: if operator.text == "=" { high } else { None }, high })
        }
        ">" | ">=" => range(c, edge(&operator, &value)),
        other => c.refuse(format!("Unrecognized numeric range operator: {other}")),
    }
}

/// What follows the lower end.
fn range(c: &mut Compiler, low: (f64, bool)) -> Result<Condition, Invalid> {
    let operator = c.tokens.next()?;
    match operator.kind {
        Kind::EndArray => return Ok(Condition::Numeric { low: Some(low), high: None }),
        Kind::Text if matches!(operator.text.as_str(), "<" | "<=") => {}
        Kind::Text => return c.refuse_read(format!("Bad numeric range operator: {}", operator.text)),
        _ => return c.refuse(format!("Bad value in numeric range: {}", operator.text)),
    }
    let value = c.tokens.next()?;
    if value.kind != Kind::Number {
        return c.refuse(format!("Value of {} must be numeric", operator.text));
    }
    if c.tokens.next()?.kind != Kind::EndArray {
        return c.refuse("Too many terms in numeric range expression");
    }
    let high = (number(&value), operator.text == "<=");
    match low.0 < high.0 {
        true => Ok(Condition::Numeric { low: Some(low), high: Some(high) }),
        false => c.refuse("Bottom must be less than top"),
    }
}

/// A value, a list of values of one kind, or an operator with a text or a list of texts.
fn anything_but(c: &mut Compiler) -> Result<Condition, Invalid> {
    let token = c.tokens.next()?;
    let these = match token.kind {
        Kind::Text | Kind::Number => literal(&token).into_iter().collect(),
        Kind::StartArray => list(c, |c, token| match token.kind {
            Kind::Text | Kind::Number => Ok(literal(token).expect("texts and numbers are literals")),
            _ => Err(Invalid::at("Inside anything but list, start|null|boolean is not supported.", c.tokens.place()).twice()),
        })?,
        Kind::StartObject => {
            let these = anything_but_operator(c)?;
            match c.tokens.next()?.kind {
                Kind::EndObject => these,
                _ => return c.refuse("Only one key allowed in match expression"),
            }
        }
        _ => return c.refuse(ANYTHING_BUT_VALUE),
    };
    let numbers = these.iter().filter(|t| matches!(t, Condition::Number(_))).count();
    if numbers != 0 && numbers != these.len() {
        return c.refuse("Inside anything but list, either all values are number or string, mixed type is not supported");
    }
    Ok(Condition::AnythingBut(these))
}

const ANYTHING_BUT_VALUE: &str = "Value of anything-but must be an array or single string/number value.";

fn list(c: &mut Compiler, each: impl Fn(&Compiler, &Token) -> Result<Condition, Invalid>) -> Result<Vec<Condition>, Invalid> {
    let mut these = Vec::new();
    loop {
        let token = c.tokens.next()?;
        match token.kind {
            Kind::EndArray if these.is_empty() => return c.refuse("Empty arrays are not allowed"),
            Kind::EndArray => return Ok(these),
            _ => these.push(each(c, &token)?),
        }
    }
}

fn anything_but_operator(c: &mut Compiler) -> Result<Vec<Condition>, Invalid> {
    let name = c.tokens.next()?;
    let operator = match name.text.as_str() {
        "prefix" if c.dialect == Dialect::Topics => {
            let prefix = text(c, "prefix")?;
            return Ok(vec![Condition::Prefix(prefix)]);
        }
        known @ ("prefix" | "suffix" | "equals-ignore-case" | "wildcard") if c.dialect != Dialect::Topics => known.to_owned(),
        other => return c.refuse(format!("Unsupported anything-but pattern: {other}")),
    };
    let token = c.tokens.next()?;
    match token.kind {
        Kind::StartArray => {
            list(c, |c, token| excluded(c, &operator, token).map_err(|e| if token.kind == Kind::Text { e } else { e.twice() }))
        }
        Kind::StartObject => c.refuse(ANYTHING_BUT_VALUE),
        _ => excluded(c, &operator, &token).map(|one| vec![one]),
    }
}

/// One text that an operator inside `anything-but` excludes.
fn excluded(c: &Compiler, operator: &str, token: &Token) -> Result<Condition, Invalid> {
    let is_text = token.kind == Kind::Text;
    match operator {
        "equals-ignore-case" if is_text => Ok(Condition::EqualsFolded(token.text.to_lowercase())),
        "equals-ignore-case" => c.refuse("Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported."),
        "wildcard" if is_text => pattern(c, &token.text),
        "wildcard" => c.refuse("wildcard match pattern must be a string"),
        _ if !is_text => c.refuse("prefix/suffix match pattern must be a string"),
        _ if token.text.is_empty() => c.refuse_read("Null prefix/suffix not allowed"),
        "prefix" => Ok(Condition::Prefix(token.text.clone())),
        _ => Ok(Condition::Suffix(token.text.clone())),
    }
}

/// A CIDR block.
fn network(text: &str) -> Result<IpNet, String> {
    let Some((address, bits)) = text.split_once('/').filter(|(_, bits)| !bits.contains('/')) else {
        return Err("Malformed CIDR, one '/' required".into());
    };
    let bits: u32 = bits.parse().map_err(|_| "Malformed CIDR, mask bits must be an integer".to_owned())?;
    let nonstandard = || format!("Nonstandard IP address: {address}");
    let too_many = |most: u32| format!("Malformed CIDR, mask bits must not exceed {most}");
    match address.parse::<IpAddr>().map_err(|_| nonstandard())? {
        IpAddr::V4(ip) if bits <= 32 => Ipv4Net::new(ip, bits as u8).map(IpNet::V4).map_err(|_| too_many(32)),
        IpAddr::V4(_) => Err(too_many(32)),
        IpAddr::V6(ip) if bits <= 128 => Ipv6Net::new(ip, bits as u8).map(IpNet::V6).map_err(|_| too_many(128)),
        IpAddr::V6(_) => Err(too_many(128)),
    }
}
