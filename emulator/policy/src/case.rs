//! The format of `windtunnel iam eval CASE.json`: a request, the policies that bear on it, and what is expected.
//!
//! ```json
//! {
//!   "request": {
//!     "principal": "arn:aws:sts::123456789012:assumed-role/presign/i-1",
//!     "action": "s3:PutObject",
//!     "resource": "arn:aws:s3:::images/k",
//!     "resourceAccount": "123456789012",
//!     "context": { "aws:SourceIp": "203.0.113.5", "aws:TagKeys": ["a", "b"] }
//!   },
//!   "policies": {
//!     "identity": [ { "Version": "2012-10-17", "Statement": [] } ],
//!     "resource": {}, "boundary": {}, "session": [], "scp": [], "mode": "optional"
//!   },
//!   "expect": "allow"
//! }
//! ```
//!
//! A principal is an ARN, a 12-digit account (its root), a service name, `anonymous`, or an object with the fields of
//! [`Caller`] and a `type`. A policy is a document, or `{"name" or "arn": ..., "document": ...}`. `scp` is a list of
//! policies, or a list of such lists, one for each level of the organisation. `resource` with `"trust": true` in `policies`
//! is a trust policy. `expect` is `allow`, `deny`, or an object with any of `decision`, `message`, `sid`, `policy`.
//! Unknown members are errors, so that a mistyped one isn't taken for an absent one.

use serde_json::{Map, Value, json};

use crate::caller::{Caller, Request};
use crate::decision::Decision;
use crate::document::{Document, DocumentKind, Rules};
use crate::evaluate::{Named, Policies, PolicyKind, ResourceMode, evaluate_traced};
use crate::keys::Keys;

/// What became of a case.
#[derive(Clone, Debug)]
pub struct CaseResult {
    /// The decision with its trace.
    pub decision: Decision,
    /// AWS's sentence.
    pub message: String,
    /// The explanation for people.
    pub explanation: String,
    /// Differences from `expect`, one sentence each; None if nothing is expected.
    pub differences: Option<Vec<String>>,
}

impl CaseResult {
    /// Whether the case is as expected; a case that expects nothing passes.
    pub fn passed(&self) -> bool {
        self.differences.as_ref().is_none_or(Vec::is_empty)
    }

    /// For `--json`.
    pub fn to_json(&self) -> Value {
        let deciding = self.decision.deciding.as_ref();
        json!({
            "decision": if self.decision.allowed { "allow" } else { "deny" },
            "message": self.message,
            "policy": deciding.map(|statement| &statement.policy),
            "statement": deciding.map(|statement| statement.index),
            "sid": deciding.and_then(|statement| statement.sid.as_ref()),
            "explanation": self.explanation.lines().collect::<Vec<_>>(),
            "passed": self.passed(),
            "differences": self.differences,
        })
    }
}

/// Evaluates one case.
///
/// # Errors
/// A sentence with the place of the flaw, where the case isn't in the format or a policy is malformed.
pub fn run(text: &str) -> Result<CaseResult, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))?;
    let case = object(&value, "the case", &["name", "request", "policies", "expect"])?;
    let asked = Asked::read(case.get("request").ok_or("request is missing")?)?;
    let empty = json!({});
    let held = Held::read(case.get("policies").unwrap_or(&empty))?;
    let request = Request {
        principal: &asked.principal,
        action: &asked.action,
        resource: &asked.resource,
        resource_account: &asked.resource_account,
        context: &asked.context,
    };
    let decision = evaluate_traced(&request, &held.policies());
    let message = decision.message(&request);
    let differences = case.get("expect").map(|expect| differences(expect, &decision, &message)).transpose()?;
    Ok(CaseResult { explanation: decision.explain(), message, decision, differences })
}

/// The members of an object, all of them known.
fn object<'v>(value: &'v Value, place: &str, known: &[&str]) -> Result<&'v Map<String, Value>, String> {
    let members = value.as_object().ok_or_else(|| format!("{place}: must be an object"))?;
    match members.keys().find(|name| !known.contains(&name.as_str())) {
        Some(unknown) => Err(format!("{place}: unknown member {unknown:?}; known are {}", known.join(", "))),
        None => Ok(members),
    }
}

fn string(members: &Map<String, Value>, name: &str, place: &str) -> Result<Option<String>, String> {
    match members.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(format!("{place}.{name}: must be a string")),
    }
}

fn required(members: &Map<String, Value>, name: &str, place: &str) -> Result<String, String> {
    string(members, name, place)?.ok_or_else(|| format!("{place}.{name} is missing"))
}

struct Asked {
    principal: Caller,
    action: String,
    resource: String,
    resource_account: String,
    context: Keys,
}

impl Asked {
    fn read(value: &Value) -> Result<Self, String> {
        let known = ["principal", "action", "resource", "resourceAccount", "context"];
        let members = object(value, "request", &known)?;
        let principal = principal(members.get("principal").ok_or("request.principal is missing")?)?;
        let resource = string(members, "resource", "request")?.unwrap_or_else(|| "*".to_owned());
        let of_arn = resource.split(':').nth(4).filter(|account| account.len() == 12).unwrap_or_default().to_owned();
        Ok(Self {
            principal,
            action: required(members, "action", "request")?,
            resource_account: string(members, "resourceAccount", "request")?.unwrap_or(of_arn),
            resource,
            context: members.get("context").map_or(Ok(Keys::new()), context)?,
        })
    }
}

fn context(value: &Value) -> Result<Keys, String> {
    let mut keys = Keys::new();
    for (key, value) in value.as_object().ok_or("request.context: must be an object")? {
        let list = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        let texts = list.iter().map(|one| match one {
            Value::String(text) => Ok(text.clone()),
            Value::Bool(_) | Value::Number(_) => Ok(one.to_string()),
            _ => Err(format!("request.context.{key}: must be a string, number, boolean or a list of these")),
        });
        keys.insert_all(key.as_str(), texts.collect::<Result<Vec<_>, _>>()?);
    }
    Ok(keys)
}

fn principal(value: &Value) -> Result<Caller, String> {
    match value {
        Value::String(text) => principal_of_name(text),
        _ => principal_of_object(value),
    }
}

fn principal_of_name(text: &str) -> Result<Caller, String> {
    if text == "anonymous" || text == "*" {
        return Ok(Caller::Anonymous);
    }
    if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(Caller::Root { account: text.to_owned() });
    }
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let last = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    match parts.as_slice() {
        ["arn", _, "iam", "", account, "root"] => Ok(Caller::Root { account: (*account).to_owned() }),
        ["arn", _, "iam", "", account, path] if path.starts_with("user/") => Ok(Caller::User {
            arn: text.to_owned(),
            account: (*account).to_owned(),
            user_id: format!("AIDA{}", last(path).to_uppercase()),
            name: last(path),
        }),
        ["arn", partition, "sts", "", account, path] => {
            let mut names = path.splitn(3, '/');
            let (Some("assumed-role"), Some(role), Some(session)) = (names.next(), names.next(), names.next()) else {
                return Err(format!("request.principal: {text:?} is not an assumed-role ARN"));
            };
            Ok(Caller::Session {
                arn: text.to_owned(),
                role_arn: format!("arn:{partition}:iam::{account}:role/{role}"),
                account: (*account).to_owned(),
                role_id: format!("AROA{}", role.to_uppercase()),
                session_name: session.to_owned(),
                federated: None,
            })
        }
        [name] if name.ends_with(".amazonaws.com") => Ok(Caller::Service { name: text.to_owned() }),
        _ => Err(format!(
            "request.principal: {text:?} is neither a user, root or assumed-role ARN, nor an account, a service or \"anonymous\""
        )),
    }
}

fn principal_of_object(value: &Value) -> Result<Caller, String> {
    let place = "request.principal";
    let known = ["type", "arn", "account", "userId", "name", "roleArn", "roleId", "sessionName", "federated", "provider"];
    let members = object(value, place, &known)?;
    let need = |name| required(members, name, place);
    match need("type")?.as_str() {
        "root" => Ok(Caller::Root { account: need("account")? }),
        "user" => Ok(Caller::User { arn: need("arn")?, account: need("account")?, user_id: need("userId")?, name: need("name")? }),
        "session" => Ok(Caller::Session {
            arn: need("arn")?,
            role_arn: need("roleArn")?,
            account: need("account")?,
            role_id: need("roleId")?,
            session_name: need("sessionName")?,
            federated: string(members, "federated", place)?,
        }),
        "federated" => Ok(Caller::Federated { provider: need("provider")? }),
        "service" => Ok(Caller::Service { name: need("name")? }),
        "anonymous" => Ok(Caller::Anonymous),
        other => Err(format!("{place}.type: {other:?} is none of root, user, session, federated, service, anonymous")),
    }
}

/// A document with its label, owned: [`Policies`] borrow from here.
struct Kept {
    label: String,
    kind: PolicyKind,
    document: Document,
}

impl Kept {
    fn read(value: &Value, place: &str, kind: DocumentKind) -> Result<Self, String> {
        let wrapped = value.get("document").is_some();
        let (label, policy_kind, document) = if wrapped {
            let members = object(value, place, &["name", "arn", "document"])?;
            let arn = string(members, "arn", place)?;
            let policy_kind = if arn.is_some() { PolicyKind::Managed } else { PolicyKind::Inline };
            let name = string(members, "name", place)?;
            (arn.or(name).unwrap_or_else(|| place.to_owned()), policy_kind, &value["document"])
        } else {
            (place.to_owned(), PolicyKind::Inline, value)
        };
        let text = document.as_str().map_or_else(|| document.to_string(), str::to_owned);
        // A case is about meaning, not about the place where a document is kept: no limit of size.
        let rules = Rules::of(kind).with_max_bytes(usize::MAX);
        let document = Document::parse_with(&text, kind, &rules).map_err(|flaw| format!("policies.{place}: {flaw} ({})", flaw.detail))?;
        Ok(Self { label, kind: policy_kind, document })
    }

    fn list(value: Option<&Value>, place: &str) -> Result<Vec<Self>, String> {
        let Some(value) = value else { return Ok(Vec::new()) };
        let list = value.as_array().ok_or_else(|| format!("policies.{place}: must be a list"))?;
        let each = |(index, one)| Self::read(one, &format!("{place}[{index}]"), DocumentKind::Identity);
        list.iter().enumerate().map(each).collect()
    }

    fn named(&self) -> Named<'_> {
        Named { label: &self.label, kind: self.kind, document: &self.document }
    }
}

struct Held {
    identity: Vec<Kept>,
    resource: Option<Kept>,
    boundary: Option<Kept>,
    session: Option<Vec<Kept>>,
    scp: Vec<Vec<Kept>>,
    mode: ResourceMode,
}

impl Held {
    fn read(value: &Value) -> Result<Self, String> {
        let known = ["identity", "resource", "trust", "boundary", "session", "scp", "mode"];
        let members = object(value, "policies", &known)?;
        let there = |name: &str| members.get(name).filter(|value| !value.is_null());
        let trust = match there("trust") {
            None => false,
            Some(Value::Bool(trust)) => *trust,
            Some(_) => return Err("policies.trust: must be true or false".to_owned()),
        };
        let kind = if trust { DocumentKind::Trust } else { DocumentKind::Resource };
        let mode = match there("mode").map(|mode| mode.as_str().unwrap_or_default()) {
            None if trust => ResourceMode::Required,
            None | Some("optional") => ResourceMode::Optional,
            Some("required") => ResourceMode::Required,
            Some(_) => return Err("policies.mode: must be \"optional\" or \"required\"".to_owned()),
        };
        Ok(Self {
            identity: Kept::list(there("identity"), "identity")?,
            resource: there("resource").map(|value| Kept::read(value, "resource", kind)).transpose()?,
            boundary: there("boundary").map(|v| Kept::read(v, "boundary", DocumentKind::Identity)).transpose()?,
            session: there("session").map(|value| Kept::list(Some(value), "session")).transpose()?,
            scp: levels(there("scp"))?,
            mode,
        })
    }

    fn policies(&self) -> Policies<'_> {
        Policies {
            identity: self.identity.iter().map(Kept::named).collect(),
            resource: self.resource.as_ref().map(Kept::named),
            boundary: self.boundary.as_ref().map(Kept::named),
            session: self.session.as_ref().map(|list| list.iter().map(Kept::named).collect()),
            service_control: self.scp.iter().map(|level| level.iter().map(Kept::named).collect()).collect(),
            mode: self.mode,
        }
    }
}

/// One list is one level; a list of lists is several.
fn levels(value: Option<&Value>) -> Result<Vec<Vec<Kept>>, String> {
    let list = value.map(|value| value.as_array().ok_or("policies.scp: must be a list")).transpose()?;
    match list {
        None => Ok(Vec::new()),
        Some(list) if list.iter().all(Value::is_array) => {
            list.iter().enumerate().map(|(index, level)| Kept::list(Some(level), &format!("scp[{index}]"))).collect()
        }
        Some(_) => Ok(vec![Kept::list(value, "scp")?]),
    }
}

fn differences(expect: &Value, decision: &Decision, message: &str) -> Result<Vec<String>, String> {
    let alone;
    let members = match expect {
        Value::String(_) => {
            alone = Map::from_iter([("decision".to_owned(), expect.clone())]);
            &alone
        }
        _ => object(expect, "expect", &["decision", "message", "sid", "policy"])?,
    };
    let actual = if decision.allowed { "allow" } else { "deny" };
    if let Some(wanted) = string(members, "decision", "expect")?
        && !["allow", "deny"].contains(&wanted.as_str())
    {
        return Err(format!("expect: {wanted:?} is neither \"allow\" nor \"deny\""));
    }
    let deciding = decision.deciding.as_ref();
    let facts = [
        ("decision", Some(actual)),
        ("message", Some(message)),
        ("sid", deciding.and_then(|statement| statement.sid.as_deref())),
        ("policy", deciding.map(|statement| statement.policy.as_str())),
    ];
    let mut found = Vec::new();
    for (name, actual) in facts {
        if let Some(wanted) = string(members, name, "expect")?
            && actual != Some(wanted.as_str())
        {
            found.push(format!("{name}: expected {wanted:?}, got {}", actual.map_or("none".to_owned(), |a| format!("{a:?}"))));
        }
    }
    Ok(found)
}
