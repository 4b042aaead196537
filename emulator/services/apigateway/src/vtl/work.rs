//! What one evaluation has done so far, against what it may do: steps, text that it made, work on values; and the patterns it has compiled.

use super::{MOST_OUTPUT_BYTES, MOST_STEPS, MOST_WORK, Problem};
use regex::Regex;
use std::collections::HashMap;

/// What compiling a pattern counts as; there are few in a template, and each is compiled once.
const PATTERN_WORK: usize = 4 << 20;

/// The account of one evaluation.
#[derive(Default)]
pub(crate) struct Work {
    steps: u64,
    made: usize,
    done: usize,
    patterns: HashMap<String, Regex>,
}

impl Work {
    /// One step more; the problem when there were too many.
    pub fn step(&mut self) -> Result<(), Problem> {
        self.steps += 1;
        match self.steps > MOST_STEPS {
            true => Err(too_long()),
            false => Ok(()),
        }
    }
    /// Counts bytes that a template makes.
    pub fn made(&mut self, bytes: usize) -> Result<(), Problem> {
        self.made = self.made.saturating_add(bytes);
        match self.made > 4 * MOST_OUTPUT_BYTES {
            true => Err(Problem("the template makes too much text".into())),
            false => Ok(()),
        }
    }
    /// Counts work: about a byte looked at, or copied, is one.
    pub fn done(&mut self, work: usize) -> Result<(), Problem> {
        self.done = self.done.saturating_add(work);
        match self.done > MOST_WORK {
            true => Err(too_long()),
            false => Ok(()),
        }
    }
    /// What may still be done.
    pub fn left(&self) -> usize {
        MOST_WORK.saturating_sub(self.done)
    }
    /// A compiled pattern that is to look at so many bytes.
    pub fn pattern(&mut self, pattern: &str, bytes: usize) -> Result<Regex, Problem> {
        self.done(bytes.saturating_mul(repeats(pattern)).saturating_add(pattern.len()))?;
        if let Some(known) = self.patterns.get(pattern) {
            return Ok(known.clone());
        }
        self.done(PATTERN_WORK)?;
        let built = kit::regex(pattern).map_err(|_| Problem(format!("{pattern:?} is no pattern that is understood here")))?;
        self.patterns.insert(pattern.to_owned(), built.clone());
        Ok(built)
    }
}

fn too_long() -> Problem {
    Problem("the template takes too long".into())
}

/// How often a pattern may look at each byte: counted repetitions multiply its automaton.
fn repeats(pattern: &str) -> usize {
    let counts =
        pattern.split('{').skip(1).filter_map(|rest| rest.split('}').next()?.split(',').filter_map(|n| n.trim().parse().ok()).max());
    counts.fold(1 + pattern.len() / 16, |all: usize, count: usize| all.saturating_mul(count.max(1))).min(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitions_multiply() {
        for (pattern, times) in [("a", 1), ("\\s{2,}", 2), ("(a{10}){1,20}", 200), ("a{1000}{1000}", 1024), ("{x}", 1)] {
            assert_eq!(repeats(pattern), times, "{pattern}");
        }
    }

    #[test]
    fn a_pattern_is_compiled_once() {
        let mut work = Work::default();
        work.pattern("a+", 10).unwrap();
        let after = work.done;
        work.pattern("a+", 10).unwrap();
        assert!(after >= PATTERN_WORK && work.done < after + 100);
        assert!(work.pattern("(", 1).is_err());
    }
}
