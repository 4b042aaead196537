//! Stacks as a caller sees them, below HTTP: through the Directory, on a frozen clock, over stand-ins for the services.

mod alarms;
mod change_sets;
mod events;
mod failures;
mod fake;
mod functions;
mod keys;
mod lifecycle;
mod references;
mod refusals;
mod restarts;
mod roles;
mod topics;
mod work_groups;

use fake::World;
use kit::{ClockMode, Cloud, Context, Fault, Store, Timestamp};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

/// A cloud with CloudFormation, the stand-ins and a caller.
pub struct Desk {
    pub cloud: Arc<Cloud>,
    pub cx: Context,
    pub world: Arc<World>,
}

impl Desk {
    pub async fn new() -> Desk {
        Desk::over(Store::memory(), Arc::new(World::default())).await
    }
    /// A desk over state that is there already.
    pub async fn over(store: Store, world: Arc<World>) -> Desk {
        let mut builder = Cloud::builder()
            .store(store)
            .start_at(Timestamp::from_secs(1_700_000_000))
            .mode(ClockMode::Frozen)
            .service(Arc::new(cloudformation::CloudFormation::new()));
        for service in fake::services(&world) {
            builder = builder.service(service);
        }
        let cloud = builder.start().await.unwrap();
        let cx = cloud.house_context("test");
        Desk { cloud, cx, world }
    }
    pub async fn call(&self, operation: &str, input: Value) -> Result<Value, Fault> {
        self.cloud.call_json(&self.cx, "cloudformation", operation, &input).await
    }
    pub async fn ok(&self, operation: &str, input: Value) -> Value {
        self.call(operation, input).await.unwrap_or_else(|f| panic!("{operation}: {f}"))
    }
    /// The sentence of a ValidationError.
    pub async fn refused(&self, operation: &str, input: Value) -> String {
        let fault = self.call(operation, input).await.expect_err("a refusal");
        assert_eq!(fault.code, "ValidationError", "{fault}");
        fault.message
    }
    pub async fn settle(&self) {
        self.cloud.settle(Duration::from_secs(20)).await.unwrap_or_else(|busy| panic!("still busy: {busy:?}"));
    }
    /// Makes a stack and waits for its end.
    pub async fn create(&self, name: &str, template: &str) -> Value {
        self.ok("CreateStack", json!({ "StackName": name, "TemplateBody": template })).await;
        self.settle().await;
        self.stack(name).await
    }
    /// Updates a stack and waits for its end.
    pub async fn update(&self, name: &str, template: &str) -> Value {
        self.ok("UpdateStack", json!({ "StackName": name, "TemplateBody": template })).await;
        self.settle().await;
        self.stack(name).await
    }
    pub async fn stack(&self, name: &str) -> Value {
        self.ok("DescribeStacks", json!({ "StackName": name })).await["Stacks"][0].clone()
    }
    /// Events, oldest first, as `LogicalId STATUS`.
    pub async fn events(&self, name: &str) -> Vec<String> {
        let got = self.ok("DescribeStackEvents", json!({ "StackName": name })).await;
        let mut events: Vec<String> = got["StackEvents"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| format!("{} {}", e["LogicalResourceId"].as_str().unwrap(), e["ResourceStatus"].as_str().unwrap()))
            .collect();
        events.reverse();
        events
    }
    pub fn calls(&self) -> Vec<String> {
        self.world.take_calls()
    }
}
