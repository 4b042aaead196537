//! A cloud with Scheduler, and what its targets were told.

use fakes::Told;
use kit::{AdvanceOptions, ClockMode, Cloud, Context, Decision, Fault, Need, Settle, Timestamp};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// 2023-11-14T22:13:20Z, a Tuesday.
pub const START: i64 = 1_700_000_000;
pub const ROLE: &str = "arn:aws:iam::000000000000:role/caller";
pub const QUEUE: &str = "arn:aws:sqs:us-east-1:000000000000:work";
pub const LETTERS: &str = "arn:aws:sqs:us-east-1:000000000000:letters";
pub const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:work";
pub const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:news";

pub struct Desk {
    pub cloud: Arc<Cloud>,
    pub cx: Context,
    pub told: Arc<Told>,
    pub refused: Arc<Refuses>,
}

impl Desk {
    pub async fn new() -> Desk {
        let builder = Cloud::builder().start_at(Timestamp::from_secs(START)).mode(ClockMode::Frozen);
        let cloud = builder.service(Arc::new(scheduler::Scheduler::new())).start().await.unwrap();
        let told = Told::by("scheduler.amazonaws.com");
        let refused = Arc::new(Refuses::default());
        cloud.set_decider(refused.clone());
        told.offer(cloud.ports());
        let cx = cloud.house_context("test");
        Desk { cloud, cx, told, refused }
    }
    pub async fn call(&self, operation: &str, input: Value) -> Result<Value, Fault> {
        self.cloud.call_json(&self.cx, "scheduler", operation, &input).await
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
    /// A schedule `s` that sends to the queue.
    pub async fn schedule(&self, expression: &str, more: Value) {
        self.ok("CreateSchedule", input(expression, more)).await;
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
    /// When the queue was told something since the last time this was asked.
    pub fn times(&self) -> Vec<String> {
        self.told.take(QUEUE).iter().map(|sent| kit::time::iso_secs(sent.at)).collect()
    }
}

/// The input of a schedule `s` that sends to the queue.
pub fn input(expression: &str, more: Value) -> Value {
    let mut input = json!({ "Name": "s", "ScheduleExpression": expression, "FlexibleTimeWindow": { "Mode": "OFF" },
        "Target": { "Arn": QUEUE, "RoleArn": ROLE, "Input": "hello" } });
    for (name, value) in more.as_object().into_iter().flatten() {
        match (name.as_str(), value.as_object()) {
            ("Target", Some(members)) => members.iter().for_each(|(name, value)| input["Target"][name] = value.clone()),
            _ => input[name] = value.clone(),
        }
    }
    input
}

/// Lets everybody do everything but on these resources.
#[derive(Default)]
pub struct Refuses(pub Mutex<Vec<String>>);

impl kit::Decider for Refuses {
    fn decide(&self, cx: &Context, need: &Need, _: Option<&str>) -> Decision {
        let allowed = !self.0.lock().unwrap().contains(&need.resource);
        let message = format!("{} may not {} on {}", cx.principal().arn(), need.action, need.resource);
        Decision { allowed, message, statement: None }
    }
    fn explain(&self, cx: &Context, need: &Need, policy: Option<&str>) -> String {
        self.decide(cx, need, policy).message
    }
}
