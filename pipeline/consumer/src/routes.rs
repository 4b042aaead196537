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

    /// The route of a topic.
    pub fn find(&self, topic: &str) -> Option<usize> {
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

/// Kafka's rule.
fn is_name(topic: &str) -> bool {
    let fits = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_' | b'-');
    (1..=249).contains(&topic.len()) && topic.bytes().all(fits) && !matches!(topic, "." | "..")
}
