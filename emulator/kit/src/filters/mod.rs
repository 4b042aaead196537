//! Filters over JSON: event patterns (EventBridge), filter policies (SNS) and filter criteria (event source mappings). One grammar; what
//! differs between the services is a [`Dialect`]. Knows no service's state and reads no clock: a text in, a yes or no out.
//!
//! The sentences and places of errors are those that AWS answers (its reader names the line and column where it stood when it gave up, so the
//! reader here stands at the same places). Sources: answers recorded from AWS for EventBridge and SNS, then the documentation of the grammar.
//!
//! ```
//! use kit::filters::{Dialect, Filter};
//! let filter = Filter::parse(r#"{"detail": {"size": [{"numeric": [">", 10]}]}}"#, Dialect::Events).unwrap();
//! assert!(filter.matches(&serde_json::json!({"detail": {"size": 11}})));
//! ```

mod compile;
mod condition;
mod matching;
mod operators;
#[cfg(test)]
mod tests;
mod tokens;

use condition::Condition;
use std::fmt;

/// Deepest nesting of a pattern.
const DEPTH_LIMIT: usize = 64;
/// Most fields of a pattern. AWS bounds them by the length of rules and the number of a filter policy's keys.
const FIELDS_LIMIT: usize = 2000;
/// Longest pattern that is read at all, bytes; AWS's own limits (4 KiB for rules, 256 KB for filter policies) are the services' to check.
const SIZE_LIMIT: usize = 256 * 1024;
/// Most rules that the alternatives of `$or` may multiply to (EventBridge's documentation).
const ALTERNATIVES_LIMIT: u64 = 1000;

/// Whose grammar it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// SNS: no `wildcard`; `anything-but` takes values or one `prefix`; `prefix` and `suffix` take a text only.
    Topics,
    /// EventBridge rules, archives and pipes: everything.
    Events,
    /// Lambda's event source mappings: EventBridge's grammar.
    Sources,
}

/// A filter, ready to be asked.
#[derive(Clone, Debug)]
pub struct Filter {
    root: Node,
    /// Whether any condition asks for absence: only then the paths of an event are collected.
    asks_absence: bool,
    nested: bool,
}

/// Fields that must all match, and groups of alternatives of which one each must match.
#[derive(Clone, Debug, Default)]
struct Node {
    /// Conditions on the value itself, of which one must hold; none where only what is below counts.
    conditions: Vec<Condition>,
    /// The leaf's path, its steps joined by dots as AWS joins them; empty where there are no conditions.
    path: String,
    fields: Vec<(String, Node)>,
    alternatives: Vec<Vec<Node>>,
}

/// Why a text is no filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// AWS's sentence without the place.
    pub reason: String,
    /// Where the reader stood, where AWS tells it.
    pub place: Option<Place>,
    /// The text is not even JSON.
    pub syntax: bool,
    /// AWS tells the place twice for mistakes inside lists.
    twice: bool,
}

/// Where a reader stood: behind what it had read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

impl Filter {
    /// Reads a filter. The error's [`Invalid::sentence`] is what AWS says after its service's own introduction.
    pub fn parse(text: &str, dialect: Dialect) -> Result<Filter, Invalid> {
        if text.len() > SIZE_LIMIT {
            return Err(Invalid::plain(format!("a filter of {} bytes is longer than {SIZE_LIMIT}", text.len())));
        }
        compile::filter(text, dialect)
    }

    /// Whether an event passes.
    pub fn matches(&self, event: &serde_json::Value) -> bool {
        matching::matches(self, event)
    }

    /// Whether it looks into values (SNS refuses that for message attributes).
    pub fn is_nested(&self) -> bool {
        self.nested
    }

    /// SNS's measure of complexity: the number of values of each array times the depth of its key, multiplied; alternatives are added up.
    pub fn combinations(&self) -> u64 {
        self.root.combinations(0)
    }

    /// How many keys with values a message has to have at most in one alternative.
    pub fn keys(&self) -> usize {
        self.root.keys()
    }
}

impl Node {
    fn combinations(&self, depth: u64) -> u64 {
        let own = match self.conditions.len() as u64 {
            0 => 1,
            values => values.saturating_mul(depth),
        };
        let fields = self.fields.iter().map(|(_, n)| n.combinations(depth + 1)).fold(own, u64::saturating_mul);
        let groups = self.alternatives.iter().map(|g| g.iter().map(|n| n.combinations(depth)).fold(0, u64::saturating_add));
        groups.fold(fields, u64::saturating_mul)
    }

    fn keys(&self) -> usize {
        let groups = self.alternatives.iter().map(|g| g.iter().map(Node::keys).max().unwrap_or(0)).sum::<usize>();
        usize::from(!self.conditions.is_empty()) + self.fields.iter().map(|(_, n)| n.keys()).sum::<usize>() + groups
    }

    /// How many rules without alternatives this is.
    fn rules(&self) -> u64 {
        let fields = self.fields.iter().map(|(_, n)| n.rules()).fold(1, u64::saturating_mul);
        let groups = self.alternatives.iter().map(|g| g.iter().map(Node::rules).fold(0, u64::saturating_add));
        groups.fold(fields, u64::saturating_mul)
    }
}

impl Invalid {
    fn plain(reason: impl Into<String>) -> Invalid {
        Invalid { reason: reason.into(), place: None, syntax: false, twice: false }
    }
    fn at(reason: impl Into<String>, place: Place) -> Invalid {
        Invalid { place: Some(place), ..Invalid::plain(reason) }
    }
    fn syntax(reason: impl Into<String>, place: Place) -> Invalid {
        Invalid { syntax: true, ..Invalid::at(reason, place) }
    }
    fn twice(mut self) -> Invalid {
        self.twice = true;
        self
    }

    /// Reason and place, as AWS tells them: the first 500 characters of the text are quoted.
    pub fn sentence(&self, text: &str) -> String {
        let Some(place) = self.place else { return self.reason.clone() };
        let length = text.chars().count();
        let quoted: String = text.chars().take(500).collect();
        let cut = if length > 500 { format!("[truncated {} chars]", length - 500) } else { String::new() };
        let source = format!("\n at [Source: (String)\"{quoted}\"{cut}; line: {}, column: {}]", place.line, place.column);
        format!("{}{}", self.reason, source.repeat(if self.twice { 2 } else { 1 }))
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)?;
        self.place.map_or(Ok(()), |p| write!(f, " (line {}, column {})", p.line, p.column))
    }
}
impl std::error::Error for Invalid {}
