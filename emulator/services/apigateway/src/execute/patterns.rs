//! Regular expressions that people write: those of Java with look-around, too. Pure.

use Pattern::{Backtracking, Linear};

/// Steps that the backtracking engine takes before it gives up.
const MOST_STEPS: usize = 100_000;

/// A compiled pattern.
pub(crate) enum Pattern {
    /// In time that grows as the text does.
    Linear(regex::Regex),
    /// With look-around or back-references.
    Backtracking(fancy_regex::Regex),
}

impl Pattern {
    /// Compiles a pattern; `None` where it is none, or is too large.
    pub fn new(source: &str) -> Option<Pattern> {
        if let Ok(plain) = kit::regex(source) {
            return Some(Linear(plain));
        }
        if depth(source) > kit::MOST_REGEX_NESTING {
            return None;
        }
        let fancy = fancy_regex::RegexBuilder::new(source).backtrack_limit(MOST_STEPS).delegate_size_limit(kit::MOST_REGEX_BYTES).build();
        fancy.ok().map(Backtracking)
    }

    /// One that has to fit the whole of a text.
    pub fn whole(source: &str) -> Option<Pattern> {
        Pattern::new(&format!("^(?s:{source})$"))
    }

    /// Whether it is found in a text. Where the backtracking engine gives up it is not.
    pub fn is_found(&self, text: &str) -> bool {
        match self {
            Linear(pattern) => pattern.is_match(text),
            Backtracking(pattern) => pattern.is_match(text).unwrap_or(false),
        }
    }
}

/// How deep groups and repetitions nest at most, counted generously: the backtracking engine sets itself no bound that is low enough.
fn depth(source: &str) -> u32 {
    let (mut groups, mut deepest, mut repeated) = (0u32, 0, 0);
    for c in source.chars() {
        repeated = if matches!(c, '*' | '+' | '?' | '}') { repeated + 1 } else { 0 };
        groups = match c {
            '(' => groups + 1,
            ')' => groups.saturating_sub(1),
            _ => groups,
        };
        deepest = deepest.max(groups + repeated);
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn look_around_is_understood() {
        let password = Pattern::new("^(?=.*[A-Z])(?=.*\\d).{8,}$").unwrap();
        assert!(password.is_found("Passw0rds") && !password.is_found("passw0rds"));
        let other = Pattern::whole("(?!2\\d\\d).*").unwrap();
        assert!(other.is_found("500") && !other.is_found("204"));
        assert!(Pattern::new("(").is_none() && Pattern::new("(a{1000}){1000}").is_none());
        assert!(Pattern::new(&format!("(?=a)a{}", "*".repeat(200))).is_none() && Pattern::new(&"(?=".repeat(100)).is_none());
        let slow = Pattern::new("^(?=(a+)+$)(a+)+\\1$").unwrap();
        assert!(!slow.is_found(&format!("{}b", "a".repeat(5000))), "it gives up");
    }
}
