//! A cloud that has IAM and nothing else: operations as root, and what the holder of a key may do.

use kit::{Cloud, Context, Need, ports::AccessKey};
use serde_json::{Value, json};
use std::sync::Arc;

/// A cloud with IAM alone, and its root.
pub struct House {
    pub cloud: Arc<Cloud>,
    pub root: Context,
}

impl House {
    pub async fn new() -> House {
        let cloud = Cloud::builder().service(Arc::new(iam::Iam::new())).start().await.unwrap();
        let root = cloud.house_context("test");
        House { cloud, root }
    }
    /// Calls an operation as root: its answer, or the code of its fault.
    pub async fn call(&self, operation: &str, input: Value) -> Result<Value, String> {
        self.cloud.call_json(&self.root.child(), "iam", operation, &input).await.map_err(|fault| fault.code.to_string())
    }
    pub async fn ok(&self, operation: &str, input: Value) -> Value {
        self.call(operation, input).await.unwrap_or_else(|code| panic!("{operation}: {code}"))
    }
    pub async fn code(&self, operation: &str, input: Value) -> String {
        self.call(operation, input).await.expect_err(operation)
    }
    /// A new key of a user, ready to be used; of the root where no user is named.
    pub async fn key(&self, user: Option<&str>) -> AccessKey {
        let made = self.ok("CreateAccessKey", user.map_or(json!({}), |user| json!({ "UserName": user }))).await;
        self.cloud.access_key(made["AccessKey"]["AccessKeyId"].as_str().unwrap()).expect("the key is found")
    }
    /// Whether the holder of a key may do something.
    pub fn may(&self, key: &AccessKey, action: &'static str, resource: &str) -> bool {
        self.root.with_principal(key.principal.clone()).decide(&Need::on(action, resource)).allowed
    }
}
