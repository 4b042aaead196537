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
    libinjectionrs::detect_sqli(&eased(text)).is_injection() || SQL.is_match(text)
}

/// Words from here on are eased. No keyword is nearly as long.
const LONG_WORD: usize = 1024;
/// What ends a word of libinjection's.
const WORD_ENDS: &[u8] = b" []{}<>:\\?=@!#~+-*/&|^%(),';\t\n\x0b\x0c\r\"\xa0\0";

/// A text without the full stops and back-ticks that stand far behind in very long words. libinjection asks for each whether the word up to it
/// is a keyword, which takes time by the square of the word's length, and finds none among such.
fn eased(text: &[u8]) -> Cow<'_, [u8]> {
    if text.len() <= LONG_WORD {
        return Cow::Borrowed(text);
    }
    let mut out = Cow::Borrowed(text);
    let mut start = 0;
    for (at, byte) in text.iter().enumerate() {
        if WORD_ENDS.contains(byte) {
            start = at + 1;
        } else if at - start >= LONG_WORD && matches!(byte, b'.' | b'`') {
            out.to_mut()[at] = b'_';
        }
    }
    out
}

/// Whether a text is a script injection.
pub(super) fn xss(text: &[u8]) -> bool {
    libinjectionrs::detect_xss(text).is_injection() || SCRIPTS.is_match(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_words_are_eased_and_nothing_else_is_changed() {
        let dotted = "a.`".repeat(22_000);
        assert!(!sqli(dotted.as_bytes(), true));
        assert_eq!(eased(dotted.as_bytes()).iter().filter(|b| **b == b'.').count(), LONG_WORD / 3);
        for text in ["select.", &"a.b ".repeat(1000), &"x".repeat(5000), &format!("{}. 1' or 1=1 --", "9".repeat(900))] {
            assert_eq!(&*eased(text.as_bytes()), text.as_bytes());
        }
        assert!(sqli(format!("{dotted}' union select password from users -- ").as_bytes(), false));
        assert!(sqli(b"1' or '1'='1", false));
    }
}
