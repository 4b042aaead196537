//! One condition of a filter and whether a value meets it.

use ipnet::IpNet;
use serde_json::Value;
use std::net::IpAddr;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Condition {
    Text(String),
    Number(f64),
    /// `true`, `false` or `null`.
    Word(Value),
    Prefix(String),
    Suffix(String),
    /// The texts of these are held in lower case.
    PrefixFolded(String),
    SuffixFolded(String),
    EqualsFolded(String),
    Wildcard(Wildcard),
    Numeric {
        low: Option<(f64, bool)>,
        high: Option<(f64, bool)>,
    },
    Cidr(IpNet),
    Exists(bool),
    /// Holds for every value that meets none of these.
    AnythingBut(Vec<Condition>),
}

impl Condition {
    /// Whether a value that is neither array nor object meets it. `Exists(false)` is about absence and never holds for a value.
    pub(super) fn holds(&self, value: &Value) -> bool {
        match self {
            Self::Text(text) => value.as_str() == Some(text),
            Self::Number(number) => value.as_f64() == Some(*number),
            Self::Word(word) => value == word,
            Self::Prefix(prefix) => value.as_str().is_some_and(|v| v.starts_with(prefix.as_str())),
            Self::Suffix(suffix) => value.as_str().is_some_and(|v| v.ends_with(suffix.as_str())),
            Self::PrefixFolded(prefix) => value.as_str().is_some_and(|v| v.to_lowercase().starts_with(prefix.as_str())),
            Self::SuffixFolded(suffix) => value.as_str().is_some_and(|v| v.to_lowercase().ends_with(suffix.as_str())),
            Self::EqualsFolded(text) => value.as_str().is_some_and(|v| v.to_lowercase() == *text),
            Self::Wildcard(pattern) => value.as_str().is_some_and(|v| pattern.matches(v)),
            Self::Numeric { low, high } => value.as_f64().is_some_and(|v| {
                low.is_none_or(|(edge, with)| v > edge || with && v == edge)
                    && high.is_none_or(|(edge, with)| v < edge || with && v == edge)
            }),
            Self::Cidr(net) => value.as_str().and_then(|v| v.parse::<IpAddr>().ok()).is_some_and(|ip| net.contains(&ip)),
            Self::Exists(wanted) => *wanted,
            Self::AnythingBut(these) => !these.iter().any(|c| c.holds(value)),
        }
    }
}

/// Literals with `*` between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wildcard {
    parts: Vec<String>,
}

impl Wildcard {
    /// More stars than this are too complex: AWS's documentation shows six refused, and answers recorded from AWS show two accepted. Its true
    /// measure also counts repetitions behind a star.
    const STARS_LIMIT: usize = 5;

    /// Reads a pattern; `\*` and `\\` stand for themselves. The error is AWS's sentence and whether it tells a place.
    pub(super) fn read(text: &str) -> Result<Wildcard, (String, bool)> {
        let mut parts = vec![String::new()];
        let mut rest = text.chars().enumerate();
        let mut after_star = false;
        while let Some((at, c)) = rest.next() {
            let star = c == '*';
            match c {
                '*' if after_star => return Err((format!("Consecutive wildcard characters at pos {at}"), true)),
                '*' => parts.push(String::new()),
                _ => {
                    let literal = match c {
                        '\\' => match rest.next() {
                            Some((_, next @ ('*' | '\\'))) => next,
                            _ => return Err((format!("Invalid escape character at pos {at}"), true)),
                        },
                        other => other,
                    };
                    parts.last_mut().expect("starts with one").push(literal);
                }
            }
            after_star = star;
        }
        if parts.len() > Self::STARS_LIMIT + 1 {
            let reason = "Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences after a wildcard \
                          character";
            return Err((reason.into(), false));
        }
        Ok(Wildcard { parts })
    }

    /// The first part at the start, the last at the end, those between in order, each as early as it comes.
    pub(super) fn matches(&self, text: &str) -> bool {
        let (first, others) = self.parts.split_first().expect("never empty");
        let Some((last, between)) = others.split_last() else { return text == first };
        let Some(mut rest) = text.strip_prefix(first.as_str()) else { return false };
        for part in between {
            match rest.find(part.as_str()) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
        rest.ends_with(last.as_str())
    }
}
