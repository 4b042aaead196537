//! Which route a topic takes: the first one that names it, then the first whose regular expression matches it.

use crate::config::{ConfigError, Route, sense};
use regex::Regex;
use std::collections::HashMap;

/// The topics of all routes.
pub struct Routes {
    names: HashMap<String, usize>,
    patterns: Vec<(Regex, usize)>,
    subscription: Vec<String>,
}

impl Routes {
    /// Of a configuration; a pattern that is no regular expression is refused, and a name that stands twice.
    pub fn new(routes: &[Route]) -> Result<Routes, ConfigError> {
        let mut made = Routes { names: HashMap::new(), patterns: Vec::new(), subscription: Vec::new() };
        for (n, route) in routes.iter().enumerate() {
            let key = format!("routes[{n}].topics");
            for topic in &route.topics {
                if topic.starts_with('^') {
                    let pattern = Regex::new(topic).map_err(|error| sense(&key, format!("{topic} is no regular expression: {error}")))?;
                    if let Some(what) = not_posix(topic) {
                        let why = format!("{topic} has {what}, which librdkafka reads otherwise: its patterns are POSIX extended ones");
                        return Err(sense(&key, why));
                    }
                    made.patterns.push((pattern, n));
                } else if !is_name(topic) {
                    return Err(sense(&key, format!("'{topic}' is no name of a topic; a regular expression begins with ^")));
                } else if made.names.insert(topic.clone(), n).is_some() {
                    return Err(sense(&key, format!("{topic} stands there twice")));
                }
                made.subscription.push(topic.clone());
            }
        }
        Ok(made)
    }

    /// The route of a topic; Kafka's own are taken by their names only.
    pub fn find(&self, topic: &str) -> Option<usize> {
        if topic.starts_with("__") {
            return self.names.get(topic).copied();
        }
        let by_pattern = || self.patterns.iter().find(|(pattern, _)| pattern.is_match(topic)).map(|(_, n)| *n);
        self.names.get(topic).copied().or_else(by_pattern)
    }

    /// What to subscribe to: librdkafka knows regular expressions by the same ^.
    pub fn subscription(&self) -> Vec<&str> {
        self.subscription.iter().map(String::as_str).collect()
    }

    /// The topics that are named.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
    }
}

/// What of a pattern means one thing here and another (or nothing) to librdkafka, which subscribes by it.
fn not_posix(pattern: &str) -> Option<&'static str> {
    let mut before = ' ';
    for c in pattern.chars() {
        match (before, c) {
            ('\\', c) if c.is_ascii_alphanumeric() => return Some("a backslash before a letter or digit"),
            ('(', '?') => return Some("a group that begins with (?"),
            ('*' | '+' | '?' | '}', '?' | '+') => return Some("a lazy or possessive repetition"),
            ('[', '[') | ('&', '&') | ('-', '-') | ('~', '~') => return Some("a class made of classes"),
            _ => {}
        }
        // What was escaped is nothing but itself.
        before = if before == '\\' { ' ' } else { c };
    }
    None
}

/// Kafka's rule.
fn is_name(topic: &str) -> bool {
    let fits = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_' | b'-');
    (1..=249).contains(&topic.len()) && topic.bytes().all(fits) && !matches!(topic, "." | "..")
}
