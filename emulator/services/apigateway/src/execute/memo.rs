//! What follows from a deployment alone and is worth working out once: compiled patterns, schemas with all that they refer to, and its resource
//! policy written out for an API.

use super::patterns::Pattern;
use crate::rest_apis::expanded;
use parking_lot::Mutex;
use serde_json::Value;
use std::{collections::HashMap, sync::Arc};

/// APIs that share a deployment's picture and are remembered.
const MOST_APIS: usize = 16;

/// What was worked out of one deployment.
#[derive(Default)]
pub(crate) struct Memo {
    /// By what they are and whether they have to fit the whole text. There are as many as the deployment has; one that is none is remembered as that.
    patterns: Mutex<HashMap<(bool, String), Option<Arc<Pattern>>>>,
    /// Models' schemas by name.
    schemas: Mutex<HashMap<String, Option<Arc<Value>>>>,
    policies: Mutex<HashMap<String, Arc<str>>>,
}

impl Memo {
    /// Whether a pattern of the deployment fits the whole of a text; one that is none fits nothing.
    pub fn fits(&self, pattern: &str, text: &str) -> bool {
        self.pattern(pattern, true).is_some_and(|pattern| pattern.is_found(text))
    }

    /// A pattern of the deployment, that is to be found in a text or to fit the whole of it.
    pub fn pattern(&self, source: &str, whole: bool) -> Option<Arc<Pattern>> {
        let key = (whole, source.to_owned());
        if let Some(known) = self.patterns.lock().get(&key) {
            return known.clone();
        }
        let compiled = if whole { Pattern::whole(source) } else { Pattern::new(source) }.map(Arc::new);
        self.patterns.lock().insert(key, compiled.clone());
        compiled
    }

    /// The schema of a model of the deployment, which `read` reads.
    pub fn schema(&self, model: &str, read: impl FnOnce() -> Option<Value>) -> Option<Arc<Value>> {
        if let Some(known) = self.schemas.lock().get(model) {
            return known.clone();
        }
        let schema = read().map(Arc::new);
        self.schemas.lock().insert(model.to_owned(), schema.clone());
        schema
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
