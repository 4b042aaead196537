//! A cloud that has IAM and nothing else; callers come with the keys that IAM gave them.

use kit::{ClockMode, Cloud, Context, Decision, Fault, Need, Timestamp, ports::AccessKey};
use serde_json::{Value, json};
use std::sync::Arc;

pub const ACCOUNT: &str = "000000000000";

pub struct Desk {
    pub cloud: Arc<Cloud>,
    pub root: Context,
}

impl Desk {
    pub async fn new() -> Desk {
        let builder = Cloud::builder().start_at(Timestamp::from_secs(1_700_000_000)).mode(ClockMode::Frozen);
        let cloud = builder.service(Arc::new(iam::Iam::new())).start().await.unwrap();
        let root = cloud.house_context("test");
        Desk { cloud, root }
    }
    pub async fn call_as(&self, cx: &Context, operation: &str, input: Value) -> Result<Value, Fault> {
        self.cloud.call_json(cx, "iam", operation, &input).await
    }
    pub async fn call(&self, operation: &str, input: Value) -> Result<Value, Fault> {
        self.call_as(&self.root, operation, input).await
    }
    pub async fn ok(&self, operation: &str, input: Value) -> Value {
        self.call(operation, input).await.unwrap_or_else(|f| panic!("{operation}: {f}"))
    }
    /// The code of the refusal.
    pub async fn refused(&self, operation: &str, input: Value) -> String {
        match self.call(operation, input).await {
            Ok(answer) => panic!("{operation} answered {answer}"),
            Err(fault) => fault.code.to_string(),
        }
    }
    /// A new user, as the requests that its key signs.
    pub async fn user(&self, name: &str) -> Context {
        self.ok("CreateUser", json!({ "UserName": name })).await;
        self.root.with_principal(self.key(Some(name)).await.principal)
    }
    /// A new key of a user, ready to be used; of the root where no user is named.
    pub async fn key(&self, user: Option<&str>) -> AccessKey {
        let made = self.ok("CreateAccessKey", user.map_or(json!({}), |user| json!({ "UserName": user }))).await;
        self.cloud.access_key(made["AccessKey"]["AccessKeyId"].as_str().unwrap()).expect("the key is found")
    }
    /// Whether the holder of a key may do something.
    pub fn may(&self, key: &AccessKey, action: &'static str, resource: &str) -> bool {
        may(&self.root.with_principal(key.principal.clone()), action, resource).allowed
    }
    /// Puts an inline policy of one statement on a user.
    pub async fn let_user(&self, name: &str, statement: Value) {
        let document = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
        self.ok("PutUserPolicy", json!({ "UserName": name, "PolicyName": "p", "PolicyDocument": document })).await;
    }
}

/// What the decider says of a caller's wish.
pub fn may(cx: &Context, action: &'static str, resource: &str) -> Decision {
    cx.decide(&Need::on(action, resource))
}
