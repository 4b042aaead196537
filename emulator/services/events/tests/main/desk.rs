//! A cloud with EventBridge, and what its targets were told.

use fakes::Told;
use kit::{AdvanceOptions, ClockMode, Cloud, Context, Decision, Fault, Need, Principal, Scope, Settle, Timestamp};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// 2023-11-14T22:13:20Z
pub const START: i64 = 1_700_000_000;
pub const QUEUE: &str = "arn:aws:sqs:us-east-1:000000000000:events";
pub const LETTERS: &str = "arn:aws:sqs:us-east-1:000000000000:letters";
pub const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:work";
pub const WORKFLOW: &str = "arn:aws:glue:us-east-1:000000000000:workflow/flow";
pub const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:news";

pub struct Desk {
    pub cloud: Arc<Cloud>,
    pub cx: Context,
    pub told: Arc<Told>,
    pub asked: Arc<Asked>,
}

impl Desk {
    pub async fn new() -> Desk {
        let builder = Cloud::builder().start_at(Timestamp::from_secs(START)).mode(ClockMode::Frozen);
        let cloud = builder.service(Arc::new(events::EventBridge::new())).start().await.unwrap();
        let told = Told::by("events.amazonaws.com");
        let asked = Arc::new(Asked::default());
        cloud.set_decider(asked.clone());
        told.offer(cloud.ports());
        cloud.ports().offer_workflows(told.clone());
        let cx = cloud.house_context("test");
        Desk { cloud, cx, told, asked }
    }
    pub async fn call(&self, operation: &str, input: Value) -> Result<Value, Fault> {
        self.cloud.call_json(&self.cx, "events", operation, &input).await
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
    /// As the root of another account, or in another region.
    pub async fn elsewhere(&self, account: &str, region: &str, operation: &str, input: Value) -> Result<Value, Fault> {
        let cx = self.cx.in_scope(Scope::new(account, region)).with_principal(Principal::Root { account: account.into() });
        self.cloud.call_json(&cx, "events", operation, &input).await
    }
    /// A rule `name` on a bus with a pattern and a target.
    pub async fn rule(&self, bus: &str, name: &str, pattern: Value, targets: Value) {
        self.ok("PutRule", json!({ "Name": name, "EventBusName": bus, "EventPattern": pattern.to_string() })).await;
        self.ok("PutTargets", json!({ "Rule": name, "EventBusName": bus, "Targets": targets })).await;
    }
    /// Puts an event on a bus and waits until all is delivered; its id.
    pub async fn put(&self, bus: &str, source: &str, detail: Value) -> String {
        let entry = json!({ "EventBusName": bus, "Source": source, "DetailType": "test", "Detail": detail.to_string() });
        let put = self.ok("PutEvents", json!({ "Entries": [entry] })).await;
        assert_eq!(put["FailedEntryCount"], 0, "{put}");
        self.settle().await;
        put["Entries"][0]["EventId"].as_str().unwrap().to_owned()
    }
    pub async fn settle(&self) {
        self.cloud.settle(Duration::from_secs(20)).await.unwrap();
    }
    pub async fn advance(&self, secs: u64) {
        let options = AdvanceOptions { by: Duration::from_secs(secs), settle: Settle::Each, budget: Duration::from_secs(30) };
        assert_eq!(self.cloud.advance(options).await.stopped_early, None);
    }
    /// Moves the clock to a moment.
    pub async fn advance_to(&self, moment: &str) {
        let to = kit::time::parse_iso(moment).unwrap();
        self.advance((to.secs() - self.cloud.clock().now().secs()) as u64).await;
    }
}

/// Lets roots and services do everything but what is named here, and remembers who asked for what.
#[derive(Default)]
pub struct Asked {
    pub refused: Mutex<Vec<String>>,
    /// Principal, action, resource, source ARN.
    pub needs: Mutex<Vec<(String, String, String, Option<String>)>>,
}

impl kit::Decider for Asked {
    fn decide(&self, cx: &Context, need: &Need, policy: Option<&str>) -> Decision {
        let source = match cx.principal() {
            Principal::Service { source_arn, .. } => source_arn.as_deref().map(str::to_owned),
            _ => None,
        };
        let who = cx.principal().arn();
        self.needs.lock().unwrap().push((who.clone(), need.action.to_string(), need.resource.clone(), source));
        let refused = self.refused.lock().unwrap().contains(&need.resource);
        // Another account needs the consent of the resource's own policy, as the real decider wants it.
        let own = need.owner.as_deref().is_none_or(|owner| cx.principal().account() == Some(owner));
        let named = || policy.is_some_and(|text| text.contains(cx.principal().account().unwrap_or("nobody")));
        let allowed = !refused && (own || named());
        Decision { allowed, message: format!("{who} may not {} on {}", need.action, need.resource), statement: None }
    }
    fn explain(&self, cx: &Context, need: &Need, policy: Option<&str>) -> String {
        self.decide(cx, need, policy).message
    }
}

/// A target of a rule: an id, an ARN, and what else it has.
pub fn target(id: &str, arn: &str, more: Value) -> Value {
    let mut target = json!({ "Id": id, "Arn": arn });
    for (name, value) in more.as_object().into_iter().flatten() {
        target[name] = value.clone();
    }
    target
}
