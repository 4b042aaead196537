//! A cloud with Secrets Manager, and calls of it.

use kit::{AdvanceOptions, ClockMode, Cloud, Context, Fault, Settle, Timestamp};
use secretsmanager::SecretsManager;
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

pub struct Desk {
    pub cloud: Arc<Cloud>,
    pub cx: Context,
}

impl Desk {
    pub async fn new() -> Desk {
        let start = Timestamp::from_secs(1_700_000_000);
        let builder = Cloud::builder().start_at(start).mode(ClockMode::Frozen);
        let cloud = builder.service(Arc::new(SecretsManager::new())).start().await.unwrap();
        let cx = cloud.house_context("test");
        Desk { cloud, cx }
    }
    /// A call; requests that need a token get one of their own, as SDKs give it.
    pub async fn call(&self, operation: &str, mut input: Value) -> Result<Value, Fault> {
        let tokened = ["CreateSecret", "PutSecretValue", "UpdateSecret"].contains(&operation);
        if tokened && input.get("ClientRequestToken").is_none() {
            input["ClientRequestToken"] = json!(self.cx.ids().uuid());
        }
        let cx = self.cloud.house_context("test");
        self.cloud.call_json(&cx, "secretsmanager", operation, &input).await
    }
    pub async fn ok(&self, operation: &str, input: Value) -> Value {
        self.call(operation, input).await.unwrap_or_else(|f| panic!("{operation}: {f}"))
    }
    pub async fn fault(&self, operation: &str, input: Value) -> Fault {
        match self.call(operation, input).await {
            Err(fault) => fault,
            Ok(answer) => panic!("{operation} answered {answer}"),
        }
    }
    /// A secret with a text; its ARN and the version's id.
    pub async fn secret(&self, name: &str, text: &str) -> (String, String) {
        let made = self.ok("CreateSecret", json!({ "Name": name, "SecretString": text })).await;
        (made["ARN"].as_str().unwrap().to_owned(), made["VersionId"].as_str().unwrap().to_owned())
    }
    pub async fn value(&self, id: &str) -> Value {
        self.ok("GetSecretValue", json!({ "SecretId": id })).await
    }
    pub async fn advance(&self, days: u64) {
        let options = AdvanceOptions { by: Duration::from_secs(days * 86_400), settle: Settle::Each, budget: Duration::from_secs(60) };
        assert_eq!(self.cloud.advance(options).await.stopped_early, None);
    }
}
