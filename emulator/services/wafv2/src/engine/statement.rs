//! One statement: whether a request fits it, and why.

use super::{
    World,
    addresses::{self, IpSet},
    field::{Field, Seen},
    inject,
    rate::Key,
    request::Request,
    transform,
};
use crate::model::{ComparisonOperator, TextTransformationType};
use regex::bytes::RegexSet;
use sha2::{Digest, Sha256};
use std::{borrow::Cow, net::IpAddr, sync::Arc};

/// Where a text has to stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// The whole text.
    Exactly,
    /// At its start.
    Starts,
    /// At its end.
    Ends,
    /// Anywhere.
    Contains,
    /// Anywhere, as a word of its own.
    Word,
}

/// A part of a request after its transformations.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    /// The part.
    pub field: Field,
    /// Undone in this order.
    pub transforms: Vec<TextTransformationType>,
}

/// Which of several forwarded addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForwardedPosition {
    /// The first one.
    First,
    /// The last one.
    Last,
    /// Each of them.
    Any,
}

/// Where a forwarded address stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Forwarded {
    /// Name of the header, in lower case.
    pub header: String,
    /// Whether a header that holds no address matches.
    pub fallback: bool,
    /// Which address.
    pub position: ForwardedPosition,
}

/// A statement.
#[derive(Clone, Debug)]
pub enum Statement {
    /// A text stands somewhere.
    Bytes(Look, Vec<u8>, Position),
    /// One of several patterns fits.
    Patterns(Look, Arc<RegexSet>),
    /// SQL injection; whether sensitivity is high.
    Sqli(Look, bool),
    /// Script injection.
    Xss(Look),
    /// Number of bytes.
    Size(Look, ComparisonOperator, i64),
    /// Countries.
    Geo(Vec<String>, Option<Forwarded>),
    /// Autonomous systems; 0 is all that are unknown.
    Asn(Vec<u32>, Option<Forwarded>),
    /// An address is in a set.
    Ip(Arc<IpSet>, Option<Forwarded>),
    /// The address is on a managed list of this name.
    Listed(&'static str),
    /// A label, or labels of a namespace (`true`), was put on before.
    Label(String, bool),
    /// All of these.
    And(Vec<Statement>),
    /// One of these.
    Or(Vec<Statement>),
    /// Not this.
    Not(Box<Statement>),
    /// More requests than a limit, in a window.
    Rate(Box<RateRule>),
    /// A condition of a managed rule that has no statement in AWS's language; its words.
    Special(&'static str, fn(&Request) -> bool),
}

/// A rate-based statement.
#[derive(Clone, Debug)]
pub struct RateRule {
    /// Most requests in a window.
    pub limit: u64,
    /// Seconds.
    pub window_secs: u32,
    /// How AWS calls the aggregation: `IP`, `FORWARDED_IP`, `CUSTOMKEYS`, `CONSTANT`.
    pub aggregate: &'static str,
    /// What is counted together.
    pub keys: Vec<RateKind>,
    /// Requests that count at all.
    pub scope_down: Option<Statement>,
}

/// A key that requests are counted under.
#[derive(Clone, Debug)]
pub enum RateKind {
    /// Address of the client.
    Ip,
    /// Address in a header.
    ForwardedIp(Forwarded),
    /// A part of the request.
    Part(Look),
    /// A cookie by name.
    Cookie(String, Vec<TextTransformationType>),
    /// Labels of a namespace.
    Labels(String),
    /// Autonomous system.
    Asn,
}

/// A rate-based rule whose limit a request exceeded, for logs.
#[derive(Clone, Debug, PartialEq)]
pub struct Limited {
    /// The rule, as it is counted.
    pub rule: String,
    /// Most requests in a window.
    pub limit: u64,
    /// Seconds.
    pub window_secs: u32,
    /// How requests are counted together.
    pub aggregate: &'static str,
    /// Values of the keys: kind of the key, name of a header or the like, value.
    pub values: Vec<(&'static str, Option<String>, String)>,
}

/// Where an injection was found, for logs.
#[derive(Clone, Debug, PartialEq)]
pub struct Detail {
    /// `SQL_INJECTION`, `XSS`, `REGEX`, `GEO`, ...
    pub condition: Condition,
    /// `QUERY_STRING`...
    pub location: &'static str,
    /// What matched.
    pub data: Vec<String>,
    /// `HIGH` or `LOW` for SQL injections.
    pub sensitivity: Option<&'static str>,
}

/// Kinds of conditions whose details AWS logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// SQL injection.
    Sqli,
    /// Script injection.
    Xss,
}

/// The state of one evaluation.
pub(super) struct Eval<'a> {
    pub request: &'a Request,
    pub world: &'a dyn World,
    pub body_limit: usize,
    /// Labels so far, whole.
    pub labels: Vec<String>,
    /// Namespace of the web ACL or group whose rules are being judged.
    pub prefix: &'a str,
    /// Name of the rule that is being judged, for its counts.
    pub rule: String,
    /// Sentences about each condition, where somebody wants them.
    pub why: Option<Vec<String>>,
    pub details: Vec<Detail>,
    pub rates: Vec<Limited>,
}

impl Eval<'_> {
    fn say(&mut self, matched: bool, sentence: impl FnOnce() -> String) -> bool {
        if let Some(why) = &mut self.why {
            why.push(format!("{} {}", if matched { "yes:" } else { "no:" }, sentence()));
        }
        matched
    }
    pub fn label(&mut self, label: &str) {
        if !self.labels.iter().any(|l| l == label) {
            self.labels.push(label.to_owned());
        }
    }
    /// The first text of a part that fits, or a fallback's decision.
    fn any(&mut self, look: &Look, what: impl Fn() -> String, fits: impl Fn(&[u8]) -> bool) -> (bool, Option<String>) {
        match look.field.see(self.request, self.body_limit) {
            Seen::Decided(decided, why) => (self.say(decided, || format!("{}: {why}", look.field.words())), None),
            Seen::Texts(texts) => {
                let nothing = texts.is_empty();
                let changed = texts.into_iter().map(|text| transform::apply(&look.transforms, text));
                let found = changed.into_iter().find(|text| fits(text)).map(|text| shown(&text));
                let matched = found.is_some();
                self.say(matched, || match &found {
                    Some(text) => format!("{} {}: `{text}`", look.field.words(), what()),
                    None if nothing => format!("the request has no {}", look.field.words()),
                    None => format!("{} does not: {}", look.field.words(), what()),
                });
                (matched, found)
            }
        }
    }
}

/// A text for people, cut.
fn shown(text: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(text).chars().filter(|c| !c.is_control()).take(100).collect();
    text
}

impl Statement {
    pub(super) fn fits(&self, e: &mut Eval<'_>) -> bool {
        match self {
            Statement::Bytes(look, needle, position) => {
                let what = || format!("{} `{}`", position.words(), shown(needle));
                e.any(look, what, |text| position.holds(text, needle)).0
            }
            Statement::Patterns(look, set) => {
                let what = || format!("fits /{}/", set.patterns().join("/ or /"));
                e.any(look, what, |text| set.is_match(text)).0
            }
            Statement::Sqli(look, high) => {
                let (matched, data) = e.any(look, || "holds an SQL injection".into(), |text| inject::sqli(text, *high));
                let sensitivity = Some(if *high { "HIGH" } else { "LOW" });
                injection(e, Condition::Sqli, look, matched, data, sensitivity)
            }
            Statement::Xss(look) => {
                let (matched, data) = e.any(look, || "holds a script injection".into(), inject::xss);
                injection(e, Condition::Xss, look, matched, data, None)
            }
            Statement::Size(look, operator, size) => {
                let what = || format!("has a size that is {operator} {size}");
                e.any(look, what, |text| compares(text.len() as i64, *operator, *size)).0
            }
            Statement::Geo(countries, from) => geo(e, countries, from.as_ref()),
            Statement::Asn(numbers, from) => asn(e, numbers, from.as_ref()),
            Statement::Ip(set, from) => address(e, from.as_ref(), "in the IP set", |_, ip| set.contains(ip)),
            Statement::Listed(list) => {
                let on = |e: &mut Eval<'_>, ip| e.world.place(ip).is_some_and(|place| place.lists.iter().any(|l| l == list));
                address(e, None, &format!("on the list {list}"), on)
            }
            Statement::Label(key, namespace) => {
                let own = format!("{}{key}", e.prefix);
                let fits = |label: &String| match namespace {
                    true => label.starts_with(key.as_str()) || label.starts_with(&own),
                    false => label == key || *label == own,
                };
                let found = e.labels.iter().find(|label| fits(label)).cloned();
                e.say(found.is_some(), || format!("label {key}{}", if *namespace { " (namespace)" } else { "" }))
            }
            Statement::And(all) => all.iter().all(|statement| statement.fits(e)),
            Statement::Or(any) => any.iter().any(|statement| statement.fits(e)),
            Statement::Not(statement) => {
                let fits = statement.fits(e);
                e.say(!fits, || "the negation of that".to_owned())
            }
            Statement::Rate(rule) => rule.fits(e),
            Statement::Special(words, fits) => {
                let matched = fits(e.request);
                e.say(matched, || (*words).to_owned())
            }
        }
    }
}

fn injection(
    e: &mut Eval<'_>,
    condition: Condition,
    look: &Look,
    matched: bool,
    data: Option<String>,
    sensitivity: Option<&'static str>,
) -> bool {
    if matched {
        e.details.push(Detail { condition, location: look.field.location(), data: data.into_iter().collect(), sensitivity });
    }
    matched
}

impl Position {
    fn words(self) -> &'static str {
        match self {
            Position::Exactly => "is exactly",
            Position::Starts => "starts with",
            Position::Ends => "ends with",
            Position::Contains => "contains",
            Position::Word => "contains the word",
        }
    }
    fn holds(self, text: &[u8], needle: &[u8]) -> bool {
        match self {
            Position::Exactly => text == needle,
            Position::Starts => text.starts_with(needle),
            Position::Ends => text.ends_with(needle),
            Position::Contains => memchr::memmem::find(text, needle).is_some(),
            Position::Word => memchr::memmem::find_iter(text, needle).any(|at| {
                let word = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
                !word(at.checked_sub(1).and_then(|before| text.get(before))) && !word(text.get(at + needle.len()))
            }),
        }
    }
}

fn compares(length: i64, operator: ComparisonOperator, size: i64) -> bool {
    match operator {
        ComparisonOperator::Eq => length == size,
        ComparisonOperator::Ne => length != size,
        ComparisonOperator::Le => length <= size,
        ComparisonOperator::Lt => length < size,
        ComparisonOperator::Ge => length >= size,
        ComparisonOperator::Gt => length > size,
    }
}

/// Addresses that a statement is about: the client's, or forwarded ones; `Err` where a fallback decides.
fn origins(request: &Request, from: Option<&Forwarded>) -> Result<Vec<IpAddr>, bool> {
    let Some(from) = from else { return Ok(vec![request.ip.to_canonical()]) };
    // Without the header the statement does not apply at all; a header without an address is the fallback's case.
    let Some(value) = request.header(&from.header) else { return Err(false) };
    let found = addresses::forwarded(value);
    let picked = match from.position {
        ForwardedPosition::First => found.first().into_iter().copied().collect(),
        ForwardedPosition::Last => found.last().into_iter().copied().collect(),
        ForwardedPosition::Any => found,
    };
    picked.into_iter().map(|ip| ip.map(|ip| ip.to_canonical())).collect::<Result<Vec<_>, ()>>().map_err(|()| from.fallback)
}

fn address(e: &mut Eval<'_>, from: Option<&Forwarded>, what: &str, fits: impl Fn(&mut Eval<'_>, IpAddr) -> bool) -> bool {
    match origins(e.request, from) {
        Err(decided) => {
            let header = from.map_or("", |f| f.header.as_str()).to_owned();
            e.say(decided, || format!("header {header} holds no address"))
        }
        Ok(ips) => {
            let found = ips.iter().copied().find(|ip| fits(e, *ip));
            let words: Vec<String> = ips.iter().map(IpAddr::to_string).collect();
            e.say(found.is_some(), || format!("address {} is {what}", found.map_or(words.join(", "), |ip| ip.to_string())))
        }
    }
}

fn geo(e: &mut Eval<'_>, countries: &[String], from: Option<&Forwarded>) -> bool {
    let kind = if from.is_some() { "forwardedip" } else { "clientip" };
    address(e, from, &format!("from {}", countries.join(", ")), |e, ip| {
        let place = e.world.place(ip).unwrap_or_default();
        // AWS calls what it doesn't know XX.
        let country = place.country.unwrap_or_else(|| "XX".to_owned());
        e.label(&format!("awswaf:{kind}:geo:country:{country}"));
        e.label(&format!("awswaf:{kind}:geo:region:{country}-{}", place.region.as_deref().unwrap_or("XX")));
        countries.contains(&country)
    })
}

fn asn(e: &mut Eval<'_>, numbers: &[u32], from: Option<&Forwarded>) -> bool {
    let kind = if from.is_some() { "forwardedip" } else { "clientip" };
    address(e, from, "in one of the autonomous systems", |e, ip| {
        let number = e.world.place(ip).and_then(|place| place.asn).unwrap_or(0);
        e.label(&format!("awswaf:{kind}:asn:{number}"));
        numbers.contains(&number)
    })
}

impl RateRule {
    fn fits(&self, e: &mut Eval<'_>) -> bool {
        if self.scope_down.as_ref().is_some_and(|scope| !scope.fits(e)) {
            return false;
        }
        let (key, values) = match self.key(e) {
            Ok(Some(key)) => key,
            // A request without one of the keys is not counted.
            Ok(None) => return e.say(false, || "the request lacks an aggregation key".to_owned()),
            Err(decided) => return e.say(decided, || "an aggregation key can't be read: the fallback decides".to_owned()),
        };
        let seen = e.world.count(&e.rule, &key, self.window_secs);
        let matched = seen > self.limit;
        let (limit, window_secs) = (self.limit, self.window_secs);
        if matched {
            e.rates.push(Limited { rule: e.rule.clone(), limit, window_secs, aggregate: self.aggregate, values });
        }
        e.say(matched, || format!("{seen} requests of `{}` in {window_secs} s at the last check; the limit is {limit}", key.text))
    }

    /// The key of a request with the values that it is made of; `None` where it lacks a part, an error where a fallback decides.
    #[allow(clippy::type_complexity)]
    fn key(&self, e: &Eval<'_>) -> Result<Option<(Key, Vec<(&'static str, Option<String>, String)>)>, bool> {
        let mut values = Vec::with_capacity(self.keys.len());
        let mut only = None;
        for kind in &self.keys {
            let Some(part) = kind.part(e, &mut only)? else { return Ok(None) };
            let (called, name) = kind.named();
            values.push((called, name, shortened(part)));
        }
        let text = match &values[..] {
            [(_, _, one)] => one.clone(),
            // Quoted, so that no two lists of values look alike.
            all => all.iter().map(|(_, _, value)| format!("{value:?}")).collect::<Vec<_>>().join(" "),
        };
        Ok(Some((Key { text, ip: only.filter(|_| self.keys.len() == 1) }, values)))
    }
}

/// Longest value that is kept as it is, bytes: ten thousand keys of a rule are remembered.
const LONGEST_VALUE: usize = 128;

/// A value, or its beginning with a digest of all of it.
fn shortened(value: String) -> String {
    match value.len() > LONGEST_VALUE {
        true => format!("{}~{}", &value[..value.floor_char_boundary(LONGEST_VALUE / 2)], kit::hex(&Sha256::digest(&value)[..16])),
        false => value,
    }
}

impl RateKind {
    /// As AWS's logs call the key, and what it names.
    fn named(&self) -> (&'static str, Option<String>) {
        match self {
            RateKind::Ip => ("IP", None),
            RateKind::ForwardedIp(from) => ("FORWARDED_IP", Some(from.header.clone())),
            RateKind::Cookie(name, _) => ("COOKIE", Some(name.clone())),
            RateKind::Labels(namespace) => ("LABEL_NAMESPACE", Some(namespace.clone())),
            RateKind::Asn => ("ASN", None),
            RateKind::Part(look) => match &look.field {
                Field::Header(name) => ("HEADER", Some(name.clone())),
                Field::Argument(name) => ("QUERY_ARGUMENT", Some(name.clone())),
                Field::Query => ("QUERY_STRING", None),
                Field::Path => ("URI_PATH", None),
                Field::Method => ("HTTP_METHOD", None),
                other => (other.location(), None),
            },
        }
    }
    fn part(&self, e: &Eval<'_>, only: &mut Option<IpAddr>) -> Result<Option<String>, bool> {
        let text = |bytes: Cow<'_, [u8]>| String::from_utf8_lossy(&bytes).into_owned();
        Ok(match self {
            RateKind::Ip => {
                *only = Some(e.request.ip.to_canonical());
                only.map(|ip| ip.to_string())
            }
            RateKind::ForwardedIp(from) => {
                if e.request.header(&from.header).is_none() {
                    return Ok(None);
                }
                *only = origins(e.request, Some(from))?.first().copied();
                only.map(|ip| ip.to_string())
            }
            RateKind::Part(look) => match look.field.see(e.request, e.body_limit) {
                Seen::Decided(decided, _) => return Err(decided),
                Seen::Texts(texts) => texts.into_iter().next().map(|value| text(transform::apply(&look.transforms, value))),
            },
            RateKind::Cookie(name, kinds) => e.request.cookie(name).map(|value| text(transform::apply(kinds, Cow::Borrowed(value)))),
            RateKind::Labels(namespace) => {
                let own = format!("{}{namespace}", e.prefix);
                let fits = |l: &&String| l.starts_with(namespace.as_str()) || l.starts_with(&own);
                let found: Vec<&str> = e.labels.iter().filter(fits).map(String::as_str).collect();
                (!found.is_empty()).then(|| found.join(","))
            }
            RateKind::Asn => e.world.place(e.request.ip).and_then(|place| place.asn).map(|number| number.to_string()),
        })
    }
}
