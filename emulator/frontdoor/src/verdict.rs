//! What authorizers answer: a policy that is judged anew for every request, who the caller is, and what is said of it to integrations.

use kit::{
    Timestamp,
    policy::{self, Caller, Document, DocumentKind, Keys, Named, Policies, Request, ResourceMode},
};
use parking_lot::Mutex;
use serde_json::{Map, Value};
use std::{collections::HashMap, sync::Arc};

/// Verdicts that are held.
const MOST_HELD: usize = 10_000;

/// What an authorizer said of a caller.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// `principalId`.
    pub principal: String,
    /// The policy as it was answered.
    pub policy: Value,
    /// What integrations are told: texts, numbers, booleans.
    pub context: Map<String, Value>,
    /// The value of the API key that goes with the caller.
    pub usage_key: Option<String>,
}

/// How a policy judges a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// A statement allows it and none denies it.
    Allowed,
    /// A statement denies it.
    Denied,
    /// No statement speaks of it.
    Silent,
}

impl Verdict {
    /// Reads the answer of an authorizer's function; `None` when it has not the form of one.
    pub fn read(answer: &Value) -> Option<Verdict> {
        let answer = answer.as_object()?;
        let principal = match answer.get("principalId")? {
            Value::String(text) if !text.is_empty() => text.clone(),
            Value::Number(n) => n.to_string(),
            _ => return None,
        };
        let policy = answer.get("policyDocument").filter(|policy| policy.get("Statement").is_some())?.clone();
        let context = match answer.get("context") {
            None | Some(Value::Null) => Map::new(),
            // Lists and objects make the whole answer wrong.
            Some(Value::Object(map)) if map.values().all(|v| !v.is_array() && !v.is_object()) => map.clone(),
            Some(_) => return None,
        };
        let usage_key = answer.get("usageIdentifierKey").and_then(Value::as_str).map(str::to_owned);
        document(&policy)?;
        Some(Verdict { principal, policy, context, usage_key })
    }

    /// How the policy judges `execute-api:Invoke` on an ARN.
    pub fn judge(&self, arn: &str, source_ip: Option<&str>) -> Judged {
        let Some(document) = document(&self.policy) else { return Judged::Silent };
        let mut keys = Keys::new();
        if let Some(ip) = source_ip {
            keys.insert("aws:SourceIp", ip);
        }
        // Whoever carries the policy is a user of no account: only the policy itself decides.
        let caller = Caller::user("000000000000", &self.principal, "AIDA");
        let ask = |allow_all: &Document| {
            let request = Request {
                principal: &caller,
                action: "execute-api:Invoke",
                resource: arn,
                resource_account: "000000000000",
                context: &keys,
            };
            let policies = Policies {
                identity: vec![Named::inline("authorizer", &document), Named::inline("all", allow_all)],
                resource: None,
                boundary: None,
                session: None,
                service_control: Vec::new(),
                mode: ResourceMode::Optional,
            };
            policy::evaluate(&request, &policies).allowed
        };
        let (nothing, everything) = (
            parsed(r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"none:None","Resource":"*"}]}"#),
            parsed(r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#),
        );
        match (nothing.is_some_and(|d| ask(&d)), everything.is_some_and(|d| ask(&d))) {
            (true, _) => Judged::Allowed,
            (false, true) => Judged::Silent,
            (false, false) => Judged::Denied,
        }
    }
}

fn parsed(text: &str) -> Option<Document> {
    let rules = policy::Rules { require_current_version: false, ..policy::Rules::of(DocumentKind::Identity) };
    Document::parse_with(text, DocumentKind::Identity, &rules).ok()
}

/// The policy as a document. Resources that name no API are patterns of AWS's own making (`*`), which pass as they are.
fn document(policy: &Value) -> Option<Document> {
    parsed(&policy.to_string())
}

/// Verdicts by authorizer and identity, until they are too old. One verdict serves every method of an API: what its policy doesn't speak of
/// is refused, although the function would have allowed it.
#[derive(Default)]
pub struct Verdicts {
    held: Mutex<HashMap<String, (Timestamp, Arc<Verdict>)>>,
}

impl Verdicts {
    /// A verdict that still holds.
    pub fn get(&self, key: &str, now: Timestamp) -> Option<Arc<Verdict>> {
        self.held.lock().get(key).filter(|(until, _)| now < *until).map(|(_, verdict)| verdict.clone())
    }
    /// Keeps a verdict for some seconds.
    pub fn put(&self, key: String, now: Timestamp, secs: i64, verdict: Arc<Verdict>) {
        if secs <= 0 {
            return;
        }
        let mut held = self.held.lock();
        if held.len() >= MOST_HELD {
            held.retain(|_, (until, _)| now < *until);
            if held.len() >= MOST_HELD {
                held.clear();
            }
        }
        held.insert(key, (now.plus_ns(i128::from(secs) * 1_000_000_000), verdict));
    }
    /// Forgets verdicts whose key begins so.
    pub fn forget(&self, prefix: &str) {
        self.held.lock().retain(|key, _| !key.starts_with(prefix));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn policies_are_judged_for_each_method() {
        let answer = json!({ "principalId": "ann", "context": { "n": 1 }, "policyDocument": { "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "arn:aws:execute-api:us-east-1:1:api/*/GET/pets" },
            { "Effect": "Deny", "Action": "execute-api:Invoke", "Resource": ["arn:aws:execute-api:us-east-1:1:api/*/*/admin/*"] } ] } });
        let verdict = Verdict::read(&answer).unwrap();
        let judge = |path: &str| verdict.judge(&format!("arn:aws:execute-api:us-east-1:1:api/{path}"), None);
        assert_eq!(judge("live/GET/pets"), Judged::Allowed);
        assert_eq!(judge("live/POST/pets"), Judged::Silent);
        assert_eq!(judge("live/GET/admin/x"), Judged::Denied);
    }

    #[test]
    fn malformed_answers() {
        let policy = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "*", "Resource": "*" }] });
        assert!(Verdict::read(&json!({ "principalId": "a", "policyDocument": policy })).is_some());
        assert!(Verdict::read(&json!({ "policyDocument": policy })).is_none());
        assert!(Verdict::read(&json!({ "principalId": "a" })).is_none());
        assert!(Verdict::read(&json!({ "principalId": "a", "policyDocument": policy, "context": { "list": [1] } })).is_none());
        assert!(Verdict::read(&json!("Allow")).is_none());
    }
}
