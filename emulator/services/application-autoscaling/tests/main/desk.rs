//! A cloud with Application Auto Scaling, functions that remember what was asked for, and a stand-in for CloudWatch's alarms.

use kit::ports::{AlarmNews, ProvisionedCapacity, ScaledFunctions};
use kit::{
    Access, AdvanceOptions, AnyReply, BoxFuture, ClockMode, Cloud, Context, Fault, Grant, Label, Operations, Service, Settle, Timestamp,
    Typed,
};
use serde_json::{Value, json};
use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wire::{Kind, Member, OperationSchema, Protocol, Schema, ServiceSchema, Slot, Structure, View};

/// 2023-11-14T22:15:00Z
pub const START: i64 = 1_700_000_100;
pub const RESOURCE: &str = "function:work:live";
pub const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:work:live";

pub struct Desk {
    pub cloud: Arc<Cloud>,
    pub cx: Context,
    pub functions: Arc<Functions>,
    pub alarms: Arc<Mutex<BTreeMap<String, Value>>>,
}

/// Asked for capacity by qualified ARN.
#[derive(Default)]
pub struct Functions(pub Mutex<BTreeMap<String, u32>>);

impl ScaledFunctions for Functions {
    fn provisioned<'a>(&'a self, _: &'a Context, grant: Grant, arn: &'a str) -> BoxFuture<'a, Result<Option<ProvisionedCapacity>, Fault>> {
        Box::pin(async move {
            grant.covers("lambda:GetProvisionedConcurrencyConfig", arn)?;
            match arn.ends_with(":nobody") {
                true => Err(Fault::new("ResourceNotFoundException", 404, "Cannot find alias arn")),
                false => Ok(self.0.lock().unwrap().get(arn).map(|n| ProvisionedCapacity { requested: *n, allocated: *n })),
            }
        })
    }
    fn provision<'a>(&'a self, _: &'a Context, grant: Grant, arn: &'a str, wanted: u32) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            grant.covers("lambda:PutProvisionedConcurrencyConfig", arn)?;
            self.0.lock().unwrap().insert(arn.to_owned(), wanted);
            Ok(())
        })
    }
}

impl Desk {
    pub async fn new() -> Desk {
        let builder = Cloud::builder().start_at(Timestamp::from_secs(START)).mode(ClockMode::Frozen);
        let builder = builder.service(Arc::new(application_autoscaling::ApplicationAutoScaling::new()));
        let alarms = Arc::<Mutex<BTreeMap<String, Value>>>::default();
        let cloud = builder.service(Arc::new(Alarms { kept: alarms.clone() })).start().await.unwrap();
        let functions = Arc::new(Functions::default());
        cloud.ports().offer_scaled(functions.clone());
        let cx = cloud.house_context("test");
        Desk { cloud, cx, functions, alarms }
    }
    pub async fn call(&self, operation: &str, input: Value) -> Result<Value, Fault> {
        let input =
            if ["Describe", "Tag", "Untag", "List"].iter().any(|verb| operation.starts_with(verb)) { input } else { of_function(input) };
        let answer = self.cloud.call_json(&self.cx.child(), "application-autoscaling", operation, &input).await;
        self.cloud.settle(Duration::from_secs(20)).await.unwrap();
        answer
    }
    pub async fn ok(&self, operation: &str, input: Value) -> Value {
        self.call(operation, input).await.unwrap_or_else(|f| panic!("{operation}: {f}"))
    }
    pub async fn refused(&self, operation: &str, input: Value) -> Fault {
        self.call(operation, input.clone()).await.expect_err(&format!("{operation} {input}"))
    }
    pub async fn register(&self, min: i32, max: i32) -> Value {
        self.ok("RegisterScalableTarget", json!({ "MinCapacity": min, "MaxCapacity": max })).await
    }
    pub async fn describe(&self, operation: &str) -> Value {
        self.ok(operation, json!({ "ServiceNamespace": "lambda" })).await
    }
    /// An alarm tells a policy.
    pub async fn alarm(&self, policy: &str, state: &str, value: f64, threshold: f64) {
        let news = AlarmNews { name: "alarm".into(), state: state.into(), value: Some(value), threshold: Some(threshold) };
        self.cloud.ports().scaling().unwrap().alarmed(&self.cx.child(), policy, news).await.unwrap();
    }
    pub fn capacity(&self) -> u32 {
        self.functions.0.lock().unwrap().get(ARN).copied().unwrap_or(0)
    }
    pub async fn advance(&self, secs: u64) {
        let options = AdvanceOptions { by: Duration::from_secs(secs), settle: Settle::Each, budget: Duration::from_secs(30) };
        assert_eq!(self.cloud.advance(options).await.stopped_early, None);
    }
}

/// An input about the function, unless it says otherwise.
fn of_function(mut input: Value) -> Value {
    for (name, value) in
        [("ServiceNamespace", "lambda"), ("ResourceId", RESOURCE), ("ScalableDimension", "lambda:function:ProvisionedConcurrency")]
    {
        if input.get(name).is_none() {
            input[name] = value.into();
        }
    }
    input
}

/// Keeps alarms as they were put: as much of CloudWatch as policies need.
struct Alarms {
    kept: Arc<Mutex<BTreeMap<String, Value>>>,
}

/// An input whose members are documents.
struct Loose(Vec<Value>);

static ANY: Schema = Schema::new("Any", Kind::Document);
static MEMBERS: [Member; 13] = [
    Member::new("AlarmName", &ANY),
    Member::new("AlarmNames", &ANY),
    Member::new("AlarmDescription", &ANY),
    Member::new("AlarmActions", &ANY),
    Member::new("ActionsEnabled", &ANY),
    Member::new("Namespace", &ANY),
    Member::new("MetricName", &ANY),
    Member::new("Dimensions", &ANY),
    Member::new("Statistic", &ANY),
    Member::new("Period", &ANY),
    Member::new("EvaluationPeriods", &ANY),
    Member::new("Threshold", &ANY),
    Member::new("ComparisonOperator", &ANY),
];
static INPUT: Schema = Schema::new("Input", Kind::Structure(&MEMBERS));
static OUTPUT: Schema = Schema::new("Output", Kind::Structure(&[]));

const fn operation(name: &'static str) -> OperationSchema {
    OperationSchema {
        name,
        method: "POST",
        uri: "/",
        status: 200,
        input: &INPUT,
        output: &OUTPUT,
        result_wrapper: None,
        faults: &[],
        unsigned: false,
    }
}
static PUT: OperationSchema = operation("PutMetricAlarm");
static DELETE: OperationSchema = operation("DeleteAlarms");
static CLOUDWATCH: ServiceSchema = ServiceSchema {
    name: "cloudwatch",
    service_id: "CloudWatch",
    signing_name: "monitoring",
    endpoint_prefix: "monitoring",
    target_prefix: None,
    protocols: &[Protocol::Json10],
    api_version: "2010-08-01",
    xml_namespace: None,
    bare_errors: false,
    query_compatible: false,
    operations: &[&PUT, &DELETE],
    refused: &[],
    faults: &[],
};

impl Operations for Alarms {
    fn schema(&self) -> &'static ServiceSchema {
        &CLOUDWATCH
    }
    fn labels(&self) -> &'static [Label] {
        &[Label::Executed, Label::Executed]
    }
    fn invalid_input(&self) -> &'static str {
        "ValidationError"
    }
    fn input(&self, _: usize) -> Box<dyn Typed> {
        Box::new(Loose(vec![Value::Null; MEMBERS.len()]))
    }
    fn access(&self, op: usize, _: &dyn Typed, _: &Context) -> Access {
        Access::any(format!("cloudwatch:{}", CLOUDWATCH.operations[op].name))
    }
    fn call<'a>(&'a self, op: usize, input: Box<dyn Typed>, cx: &'a Context) -> BoxFuture<'a, Result<AnyReply, Fault>> {
        let input = *input.any().downcast::<Loose>().expect("an input of ours");
        Box::pin(async move {
            assert_eq!(cx.called_via(), Some("application-autoscaling.amazonaws.com"));
            let named = MEMBERS.iter().zip(input.0).filter(|(_, value)| !value.is_null());
            let input: serde_json::Map<String, Value> = named.map(|(member, value)| (member.name.to_owned(), value)).collect();
            let mut kept = self.kept.lock().unwrap();
            match op {
                0 => drop(kept.insert(input["AlarmName"].as_str().unwrap().to_owned(), input.into())),
                _ => input["AlarmNames"].as_array().unwrap().iter().for_each(|name| drop(kept.remove(name.as_str().unwrap()))),
            }
            let nothing: Box<dyn Typed> = Box::new(Loose(Vec::new()));
            Ok(nothing.into())
        })
    }
}

impl Service for Alarms {}

impl Structure for Loose {
    fn member(&self, index: usize) -> View<'_> {
        match &self.0[index] {
            Value::Null => View::None,
            value => View::Document(value),
        }
    }
    fn member_mut(&mut self, index: usize) -> Slot<'_> {
        Slot::Document(&mut self.0[index])
    }
}

impl Typed for Loose {
    fn structure(&self) -> &dyn Structure {
        self
    }
    fn structure_mut(&mut self) -> &mut dyn Structure {
        self
    }
    fn any(self: Box<Self>) -> Box<dyn Any + Send> {
        self
    }
    fn any_ref(&self) -> &dyn Any {
        self
    }
}
