//! Values of conditions, made ready once when the policy is parsed: patterns, numbers, dates, networks, bytes.

use std::cmp::Ordering;
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ipnet::IpNet;

use crate::date;
use crate::glob::{Fold, Syntax, Template, glob_arn};
use crate::keys::Scope;
use crate::operator::{Base, Family};

/// One value of a condition.
#[derive(Clone, Debug)]
pub(crate) struct Operand {
    pub text: String,
    form: Form,
}

/// A value in the form its operator compares. None inside: the text is no value of that kind, and equals nothing.
#[derive(Clone, Debug)]
enum Form {
    Text(Template, Fold),
    Arn(Template),
    Number(Option<Number>),
    Date(Option<i128>),
    Bool(Option<bool>),
    Bytes(Option<Vec<u8>>),
    Network(Option<IpNet>),
}

impl Operand {
    /// `variables`: whether the document's version knows policy variables. They stand in string and ARN values only.
    pub(crate) fn compile(text: &str, base: Base, variables: bool) -> Self {
        let exact = Syntax { wildcards: false, variables };
        let like = Syntax { wildcards: true, variables };
        let form = match base.family {
            Family::Text => Form::Text(Template::compile(text, exact), Fold::Exact),
            Family::TextIgnoreCase => Form::Text(Template::compile(text, exact), Fold::IgnoreCase),
            Family::TextLike => Form::Text(Template::compile(text, like), Fold::Exact),
            Family::Arn => Form::Arn(Template::compile(text, like)),
            Family::Number(_) => Form::Number(Number::parse(text)),
            Family::Date(_) => Form::Date(date::parse(text)),
            Family::Bool | Family::Null => Form::Bool(boolean(text)),
            Family::Binary => Form::Bytes(STANDARD.decode(text).ok()),
            Family::Address => Form::Network(network(text)),
        };
        Self { text: text.to_owned(), form }
    }

    /// Whether the request's value stands in the operator's relation to this one, negation left aside.
    pub(crate) fn accepts(&self, base: Base, value: &str, scope: &Scope<'_>) -> bool {
        match &self.form {
            Form::Text(template, fold) => template.matches(value, *fold, scope),
            Form::Arn(template) => template.resolve(scope).is_some_and(|tokens| glob_arn(&tokens, value)),
            Form::Number(number) => ordered(base, (*number).zip(Number::parse(value)), |(ours, theirs)| theirs.compare(ours)),
            Form::Date(instant) => ordered(base, (*instant).zip(date::parse(value)), |(ours, theirs)| Some(theirs.cmp(&ours))),
            Form::Bool(wanted) => wanted.is_some() && *wanted == boolean(value),
            Form::Bytes(bytes) => bytes.is_some() && STANDARD.decode(value).ok() == *bytes,
            Form::Network(network) => network.zip(value.parse::<IpAddr>().ok()).is_some_and(|(n, ip)| n.contains(&ip.to_canonical())),
        }
    }

    /// For the Null operator: whether this value says "the key must be missing".
    pub(crate) fn wants_absence(&self) -> Option<bool> {
        match self.form {
            Form::Bool(wanted) => wanted,
            _ => None,
        }
    }

    /// The policy variable that keeps this value from matching anything, if there is one.
    pub(crate) fn unresolved(&self, scope: &Scope<'_>) -> Option<&str> {
        match &self.form {
            Form::Text(template, _) | Form::Arn(template) => template.unresolved(scope),
            _ => None,
        }
    }
}

fn ordered<T>(base: Base, both: Option<(T, T)>, compare: impl Fn((T, T)) -> Option<Ordering>) -> bool {
    let (Family::Number(relation) | Family::Date(relation)) = base.family else { return false };
    both.and_then(compare).is_some_and(|ordering| relation.holds(ordering))
}

fn boolean(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// A CIDR block, or one address as a block of its own.
fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

/// An integer or decimal. Integers are compared exactly, beyond the 53 bits of a float.
#[derive(Clone, Copy, Debug)]
struct Number {
    whole: Option<i128>,
    float: f64,
}

impl Number {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        // Refuses what Rust calls a float and AWS doesn't: inf, NaN.
        let plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E'));
        let float = if plain { text.parse().ok()? } else { return None };
        Some(Self { whole: text.parse().ok(), float })
    }

    fn compare(self, other: Self) -> Option<Ordering> {
        match (self.whole, other.whole) {
            (Some(a), Some(b)) => Some(a.cmp(&b)),
            _ => self.float.partial_cmp(&other.float),
        }
    }
}
