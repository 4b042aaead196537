//! What follows from a deployment alone and is worth working out once: compiled patterns, and its resource policy written out for an API.

use crate::rest_apis::expanded;
use parking_lot::Mutex;
use regex::Regex;
use std::{collections::HashMap, sync::Arc};

/// APIs that share a deployment's picture and are remembered.
const MOST_APIS: usize = 16;

/// What was worked out of one deployment.
#[derive(Default)]
pub(crate) struct Memo {
    /// A pattern that is none fits nothing.
    patterns: Mutex<HashMap<String, Option<Regex>>>,
    policies: Mutex<HashMap<String, Arc<str>>>,
}

impl Memo {
    /// Whether a selection pattern fits the whole of a text. There are as many patterns as the deployment has.
    pub fn fits(&self, pattern: &str, text: &str) -> bool {
        let mut patterns = self.patterns.lock();
        let known = match patterns.get(pattern) {
            Some(known) => known.clone(),
            None => patterns.entry(pattern.to_owned()).or_insert(kit::regex(&format!("^(?s:{pattern})$")).ok()).clone(),
        };
        drop(patterns);
        known.is_some_and(|pattern| pattern.is_match(text))
    }

    /// The deployment's resource policy with the ARNs of an API written out.
    pub fn policy(&self, policy: &str, prefix: &str) -> Arc<str> {
        let mut policies = self.policies.lock();
        if let Some(known) = policies.get(prefix) {
            return known.clone();
        }
        if policies.len() >= MOST_APIS {
            policies.clear();
        }
        let whole: Arc<str> = expanded(policy, prefix).into();
        policies.insert(prefix.to_owned(), whole.clone());
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_the_whole_text() {
        let memo = Memo::default();
        for (pattern, text, fits) in [("5\\d{2}", "503", true), ("5\\d{2}", "5031", false), (".*bad.*", "so\nbad", true), ("(", "(", false)]
        {
            assert_eq!([memo.fits(pattern, text), memo.fits(pattern, text)], [fits, fits], "{pattern} {text}");
        }
    }

    #[test]
    fn a_policy_is_written_out_for_each_api() {
        let memo = Memo::default();
        let policy = r#"{"Resource":"execute-api:/*"}"#;
        for prefix in ["arn:aws:execute-api:us-east-1:1:a/", "arn:aws:execute-api:us-east-1:1:b/", "arn:aws:execute-api:us-east-1:1:a/"] {
            assert_eq!(&*memo.policy(policy, prefix), format!(r#"{{"Resource":"{prefix}*"}}"#));
        }
    }
}
