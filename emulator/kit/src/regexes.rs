//! Regular expressions that come from outside, bounded in what they may take: memory by their compiled size, stack by their nesting. The time of
//! a match is linear whatever the pattern, for the library backtracks never. Knows nobody's dialect.

use regex::{Error, Regex, RegexBuilder};

/// Compiled size of an expression, bytes.
pub const MOST_REGEX_BYTES: usize = 1 << 20;
/// Nested groups and repetitions of an expression: the library's compiler takes some kilobytes of stack for each in a debug build, and threads
/// of functions' doors have two megabytes.
pub const MOST_REGEX_NESTING: u32 = 50;

/// A builder with the bounds set.
pub fn bounded_regex(pattern: &str) -> RegexBuilder {
    let mut builder = RegexBuilder::new(pattern);
    builder.size_limit(MOST_REGEX_BYTES).nest_limit(MOST_REGEX_NESTING);
    builder
}

/// An expression within the bounds; the error tells what is wrong, or what is too large.
pub fn regex(pattern: &str) -> Result<Regex, Error> {
    bounded_regex(pattern).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_large_or_too_deep_is_refused() {
        assert!(regex("^a(b|c)*$").is_ok_and(|made| made.is_match("abcb")));
        assert!(regex(&format!("a{}", "*".repeat(200))).is_err());
        assert!(regex(&format!("{}a{}", "(".repeat(200), ")".repeat(200))).is_err());
        assert!(regex("(a{1000}){1000}").is_err());
    }
}
