//! A cloud with KMS, and a decider that gives users the IAM policies that a test writes down.

use base64::{Engine, prelude::BASE64_STANDARD};
use kit::{
    AdvanceOptions, ClockMode, Cloud, Context, Decision, Fault, Need, Principal, ResourceSide, RoleSession, Scope, Settle, Timestamp,
    UserIdentity,
    policy::{self, Caller, Document, DocumentKind, Keys, Named, Policies, ResourceMode, Rules},
};
use serde_json::{Value, json};
use std::{collections::HashMap, sync::Arc, time::Duration};

pub const ACCOUNT: &str = "000000000000";

pub struct Desk {
    pub cloud: Arc<Cloud>,
    pub cx: Context,
}

impl Desk {
    pub async fn new() -> Desk {
        Desk::with_users(&[]).await
    }
    /// With users `(account, name, IAM policy)`.
    pub async fn with_users(users: &[(&str, &str, Value)]) -> Desk {
        let cloud = Cloud::builder()
            .start_at(Timestamp::from_secs(1_700_000_000))
            .mode(ClockMode::Frozen)
            .service(Arc::new(kms::Kms::new()))
            .start()
            .await
            .unwrap();
        let policies = users.iter().map(|(account, name, policy)| (format!("{account}/{name}"), policy.to_string())).collect();
        cloud.set_decider(Arc::new(Iam(policies)));
        let cx = cloud.house_context("test");
        Desk { cloud, cx }
    }
    pub fn user(&self, account: &str, name: &str) -> Context {
        let user = UserIdentity { account: account.into(), name: name.into(), path: "/".into(), user_id: "AIDATEST".into() };
        self.cx.child().with_principal(Principal::User(Arc::new(user))).in_scope(Scope::new(account, "us-east-1"))
    }
    /// A session of a role.
    pub fn session(&self, account: &str, role: &str) -> Context {
        self.cx.as_role(Arc::new(RoleSession {
            account: account.into(),
            role_name: role.into(),
            role_path: "/".into(),
            role_id: "AROATEST".into(),
            session_name: "session".into(),
            session_policies: Vec::new(),
            tags: Vec::new(),
            federated: None,
            expires: self.cx.now(),
        }))
    }
    pub async fn call_as(&self, cx: &Context, operation: &str, input: Value) -> Result<Value, Fault> {
        self.cloud.call_json(&cx.child(), "kms", operation, &input).await
    }
    pub async fn call(&self, operation: &str, input: Value) -> Result<Value, Fault> {
        self.call_as(&self.cx, operation, input).await
    }
    pub async fn ok(&self, operation: &str, input: Value) -> Value {
        self.call(operation, input).await.unwrap_or_else(|f| panic!("{operation}: {f}"))
    }
    /// Code and sentence of a refusal.
    pub async fn refused(&self, operation: &str, input: Value) -> (String, String) {
        self.refused_as(&self.cx, operation, input).await
    }
    pub async fn refused_as(&self, cx: &Context, operation: &str, input: Value) -> (String, String) {
        let fault = self.call_as(cx, operation, input).await.expect_err(operation);
        (fault.code.to_string(), fault.message)
    }
    /// Makes a key; its id.
    pub async fn key(&self, more: Value) -> String {
        let made = self.ok("CreateKey", more).await;
        made["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned()
    }
    pub async fn advance_days(&self, days: u64) {
        let by = Duration::from_secs(days * 86_400);
        let done = self.cloud.advance(AdvanceOptions { by, settle: Settle::Each, budget: Duration::from_secs(30) }).await;
        assert_eq!(done.stopped_early, None);
    }
}

pub fn arn(id: &str) -> String {
    format!("arn:aws:kms:us-east-1:{ACCOUNT}:key/{id}")
}
pub fn blob(bytes: &[u8]) -> Value {
    BASE64_STANDARD.encode(bytes).into()
}
pub fn bytes(value: &Value) -> Vec<u8> {
    BASE64_STANDARD.decode(value.as_str().unwrap()).unwrap()
}
/// A policy of one statement that allows actions on everything.
pub fn allow(actions: &[&str]) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": actions, "Resource": "*" }] })
}

/// IAM policies by `account/user`.
struct Iam(HashMap<String, String>);

impl kit::Decider for Iam {
    fn decide(&self, cx: &Context, need: &Need, resource_policy: Option<&str>) -> Decision {
        let (caller, identity) = match cx.principal() {
            Principal::Root { account } => (Caller::Root { account: account.to_string() }, None),
            Principal::User(user) => {
                (Caller::user(&user.account, &user.name, &user.user_id), self.0.get(&format!("{}/{}", user.account, user.name)))
            }
            Principal::Session(s) => {
                let caller = Caller::session(&s.account, &s.role_name, &s.role_id, &s.session_name);
                (caller, self.0.get(&format!("{}/{}", s.account, s.role_name)))
            }
            Principal::Service { name, .. } => (Caller::Service { name: name.to_string() }, None),
            _ => (Caller::Anonymous, None),
        };
        let parse = |text: &str, kind| Document::parse_with(text, kind, &Rules::of(kind).with_max_bytes(64 << 10)).unwrap();
        let identity = identity.map(|text| parse(text, DocumentKind::Identity));
        let resource = resource_policy.map(|text| parse(text, DocumentKind::Resource));
        let mut keys = Keys::new();
        for (name, values) in &need.keys {
            keys.insert_all(name.to_string(), values.iter().map(String::as_str));
        }
        let owner = need.owner.as_deref().unwrap_or(cx.account());
        let request =
            policy::Request { principal: &caller, action: &need.action, resource: &need.resource, resource_account: owner, context: &keys };
        let policies = Policies {
            identity: identity.iter().map(|document| Named::inline("iam", document)).collect(),
            resource: resource.as_ref().map(|document| Named::inline("resource policy", document)),
            mode: if need.side == ResourceSide::Required { ResourceMode::Required } else { ResourceMode::Optional },
            ..Policies::default()
        };
        let decision = policy::evaluate(&request, &policies);
        let message = if decision.allowed { String::new() } else { decision.message(&request) };
        Decision { allowed: decision.allowed, message, statement: None }
    }
    fn explain(&self, cx: &Context, need: &Need, policy: Option<&str>) -> String {
        self.decide(cx, need, policy).message
    }
}
