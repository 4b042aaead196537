//! What a statement looks at: one part of the request, or several, with the limits that AWS sets and what is to happen beyond them.

use super::{
    json,
    request::{MOST_ENTRIES, MOST_ENTRY_BYTES, Request},
};
use std::borrow::Cow;

/// Which of key and value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope3 {
    /// Both.
    All,
    /// Names.
    Key,
    /// Values.
    Value,
}

/// Which entries; names in lower case.
#[derive(Clone, Debug, PartialEq)]
pub enum Pick {
    /// All.
    All,
    /// These.
    Included(Vec<String>),
    /// All but these.
    Excluded(Vec<String>),
}

/// What happens to what is larger than the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Oversize {
    /// What fits is looked at.
    Continue,
    /// It counts as a match.
    Match,
    /// It counts as none.
    NoMatch,
}

/// What becomes of a body that is not JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invalid {
    /// What could be read up to the break is looked at.
    Partly,
    /// It counts as a match.
    Match,
    /// It counts as none.
    NoMatch,
    /// The whole body is looked at as text.
    AsString,
}

/// A part of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Field {
    /// A header by name, in lower case.
    Header(String),
    /// Headers.
    Headers(Pick, Scope3, Oversize),
    /// Cookies.
    Cookies(Pick, Scope3, Oversize),
    /// Names of the headers in their order, with colons between.
    HeaderOrder(Oversize),
    /// A parameter of the query string by name, in lower case.
    Argument(String),
    /// Values of all parameters.
    Arguments,
    /// The query string.
    Query,
    /// The path.
    Path,
    /// The fragment; whether a request without one matches.
    Fragment(bool),
    /// The method.
    Method,
    /// The body as text.
    Body(Oversize),
    /// The body as JSON; the pointers of the parts that are looked at, or all.
    Json(Option<Vec<String>>, Scope3, Invalid, Oversize),
    /// A TLS fingerprint (`JA3`, `JA4`). There is no TLS here, so that none can be computed: the fallback decides.
    Fingerprint(&'static str, bool),
}

/// What a field holds.
pub(super) enum Seen<'a> {
    /// Texts to look at; none where the request has no such part.
    Texts(Vec<Cow<'a, [u8]>>),
    /// The statement is decided by a fallback; why.
    Decided(bool, &'static str),
}

impl Field {
    /// As AWS's logs call the place.
    pub fn location(&self) -> &'static str {
        match self {
            Field::Header(_) | Field::Headers(..) => "HEADER",
            Field::Cookies(..) => "COOKIE",
            Field::HeaderOrder(_) => "HEADER_ORDER",
            Field::Argument(_) => "SINGLE_QUERY_ARG",
            Field::Arguments => "ALL_QUERY_ARGS",
            Field::Query => "QUERY_STRING",
            Field::Path => "URI",
            Field::Fragment(_) => "URI_FRAGMENT",
            Field::Method => "METHOD",
            Field::Body(_) => "BODY",
            Field::Json(..) => "JSON_BODY",
            Field::Fingerprint(kind, _) => kind,
        }
    }

    /// The field in words.
    pub fn words(&self) -> String {
        match self {
            Field::Header(name) => format!("header {name}"),
            Field::Argument(name) => format!("query argument {name}"),
            other => other.location().to_ascii_lowercase().replace('_', " "),
        }
    }

    /// What the request has there.
    pub(super) fn see<'a>(&'a self, request: &'a Request, body_limit: usize) -> Seen<'a> {
        let texts = |text: &'a [u8]| Seen::Texts(vec![Cow::Borrowed(text)]);
        match self {
            Field::Header(name) => {
                let values = request.headers.iter().filter(|(n, _)| n == name).map(|(_, value)| value.as_slice());
                joined(values.collect())
            }
            Field::Headers(pick, scope, oversize) => {
                let all = request.headers.iter().map(|(name, value)| (name.as_bytes(), value.as_slice()));
                entries(all, request.headers.len(), pick, *scope, *oversize)
            }
            Field::Cookies(pick, scope, oversize) => {
                let all = request.cookies.iter().map(|(name, value)| (name.as_slice(), value.as_slice()));
                entries(all, request.cookies.len(), pick, *scope, *oversize)
            }
            Field::HeaderOrder(oversize) => {
                let names: Vec<&str> = request.headers.iter().take(MOST_ENTRIES).map(|(name, _)| name.as_str()).collect();
                match beyond(request.headers.len() > MOST_ENTRIES, *oversize) {
                    Some(decided) => decided,
                    None => Seen::Texts(vec![Cow::Owned(names.join(":").into_bytes())]),
                }
            }
            Field::Argument(name) => {
                let named = request.arguments.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
                Seen::Texts(named.map(|(_, value)| Cow::Borrowed(value.as_bytes())).collect())
            }
            Field::Arguments => Seen::Texts(request.arguments.iter().map(|(_, value)| Cow::Borrowed(value.as_bytes())).collect()),
            Field::Query => texts(request.query.as_bytes()),
            Field::Path => texts(request.path.as_bytes()),
            Field::Fragment(fallback) => match &request.fragment {
                Some(fragment) => texts(fragment.as_bytes()),
                None => Seen::Decided(*fallback, "the request has no fragment"),
            },
            Field::Method => texts(request.method.as_bytes()),
            Field::Body(oversize) => match beyond(request.body.len() > body_limit, *oversize) {
                Some(decided) => decided,
                None => texts(&request.body[..request.body.len().min(body_limit)]),
            },
            Field::Json(pointers, scope, invalid, oversize) => match beyond(request.body.len() > body_limit, *oversize) {
                Some(decided) => decided,
                None => json_texts(&request.body[..request.body.len().min(body_limit)], pointers.as_deref(), *scope, *invalid),
            },
            Field::Fingerprint(_, fallback) => Seen::Decided(*fallback, "there is no TLS handshake to take a fingerprint of"),
        }
    }
}

/// Values of one header that came several times are one text, as HTTP has it.
fn joined(values: Vec<&[u8]>) -> Seen<'_> {
    match values[..] {
        [] => Seen::Texts(Vec::new()),
        [one] => Seen::Texts(vec![Cow::Borrowed(one)]),
        _ => Seen::Texts(vec![Cow::Owned(values.join(&b','))]),
    }
}

fn beyond<'a>(is_beyond: bool, oversize: Oversize) -> Option<Seen<'a>> {
    match (is_beyond, oversize) {
        (true, Oversize::Match) => Some(Seen::Decided(true, "it is larger than what is inspected, which counts as a match")),
        (true, Oversize::NoMatch) => Some(Seen::Decided(false, "it is larger than what is inspected, which counts as none")),
        _ => None,
    }
}

fn entries<'a>(all: impl Iterator<Item = (&'a [u8], &'a [u8])>, count: usize, pick: &Pick, scope: Scope3, oversize: Oversize) -> Seen<'a> {
    let mut bytes = 0;
    let mut cut = count > MOST_ENTRIES;
    let mut texts = Vec::new();
    for (name, value) in all.take(MOST_ENTRIES) {
        bytes += name.len() + value.len();
        if bytes > MOST_ENTRY_BYTES {
            cut = true;
            break;
        }
        let named = |names: &[String]| names.iter().any(|n| n.as_bytes().eq_ignore_ascii_case(name));
        let picked = match pick {
            Pick::All => true,
            Pick::Included(names) => named(names),
            Pick::Excluded(names) => !named(names),
        };
        if picked && scope != Scope3::Value {
            texts.push(Cow::Borrowed(name));
        }
        if picked && scope != Scope3::Key {
            texts.push(Cow::Borrowed(value));
        }
    }
    beyond(cut, oversize).unwrap_or(Seen::Texts(texts))
}

fn json_texts<'a>(body: &'a [u8], pointers: Option<&[String]>, scope: Scope3, invalid: Invalid) -> Seen<'a> {
    // A request without a body has no JSON that could be invalid.
    if body.is_empty() {
        return Seen::Texts(Vec::new());
    }
    let within =
        |pointer: &str, under: &String| pointer.strip_prefix(under.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let (items, whole) = json::items(body, |pointer, is_key| {
        let of_scope = match scope {
            Scope3::All => true,
            Scope3::Key => is_key,
            Scope3::Value => !is_key,
        };
        of_scope && pointers.is_none_or(|pointers| pointers.iter().any(|p| within(pointer, p)))
    });
    match (whole, invalid) {
        (false, Invalid::Match) => Seen::Decided(true, "the body is not JSON, which counts as a match"),
        (false, Invalid::NoMatch) => Seen::Decided(false, "the body is not JSON, which counts as none"),
        (false, Invalid::AsString) => Seen::Texts(vec![Cow::Borrowed(body)]),
        _ => Seen::Texts(items.into_iter().map(|item| Cow::Owned(item.text)).collect()),
    }
}
