//! SQL and script injections: libinjection's fingerprints first, then a few patterns of what those are known to pass over.

use super::transform;
use crate::model::TextTransformationType as Kind;
use regex::bytes::RegexSet;
use std::{borrow::Cow, sync::LazyLock};

/// Fragments that no fingerprint is made of: comparisons of numbers within words, files, catalogues, MySQL's numbers with names.
static SQL: LazyLock<RegexSet> = LazyLock::new(|| {
    set(&[
        r"(?i);\s*(?:drop|truncate|alter|create)\s+(?:table|database|schema|view|index|user)\b",
        r"(?i)\bunion\b[\s/*!@(]*(?:all|distinct)?[\s(]*select\b",
        r"(?i)\binto\s+(?:out|dump)file\s*['\x22]",
        r"(?i)\bfrom\s+information_schema\b|\binformation_schema\s*\.\s*\w",
        r"(?i)\b(?:and|or)\s+\d+\s*=\s*\d+\b",
        r"(?i)\bselect\b.*\d\.e\.[a-z_]",
        r"(?i);\s*do\s*\(",
        r"(?i)['\x22*=]\s*@@(?:version|hostname|datadir|basedir)\b",
    ])
});

/// Elements that run scripts, wherever quotes hide them.
static SCRIPTS: LazyLock<RegexSet> = LazyLock::new(|| {
    set(&[r"(?i)<(?:img|svg|iframe|body|video|audio|input|details|object|embed|marquee)\b[^>]*\bon[a-z]{3,20}\s*=", r"(?i)<script\b[^>]*>"])
});

fn set(patterns: &[&str]) -> RegexSet {
    regex::bytes::RegexSetBuilder::new(patterns).unicode(false).build().expect("our own patterns")
}

/// Whether a text is an SQL injection. High sensitivity looks once more after percent signs and comments are undone; AWS publishes no more
/// than that it finds more and errs more.
pub(super) fn sqli(text: &[u8], high: bool) -> bool {
    if finds_sql(text) {
        return true;
    }
    if text.contains(&0) && finds_sql(&transform::apply(&[Kind::ReplaceNulls], Cow::Borrowed(text))) {
        return true;
    }
    high && [&[Kind::UrlDecodeUni][..], &[Kind::ReplaceComments, Kind::CompressWhiteSpace]].iter().any(|kinds| {
        let again = transform::apply(kinds, Cow::Borrowed(text));
        *again != *text && finds_sql(&again)
    })
}

fn finds_sql(text: &[u8]) -> bool {
    libinjectionrs::detect_sqli(text).is_injection() || SQL.is_match(text)
}

/// Whether a text is a script injection.
pub(super) fn xss(text: &[u8]) -> bool {
    libinjectionrs::detect_xss(text).is_injection() || SCRIPTS.is_match(text)
}
