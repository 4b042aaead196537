//! A cloud with WAFv2 and a service whose resources can be guarded, and short ways to ask.

use http::request::Parts;
use kit::{
    AdvanceOptions, AnyReply, BoxFuture, ClockMode, Cloud, Context, Fault, Inspected, Label, Operations, Service, Settle, Source,
    Timestamp, Typed, Verdict,
};
use serde_json::{Value, json};
use std::{net::IpAddr, sync::Arc, time::Duration};
use wire::{Protocol, ServiceSchema};

/// 2026-11-23T02:00:00Z
pub const START: i64 = 1_795_399_200;
pub const STAGE: &str = "arn:aws:apigateway:us-east-1::/restapis/abc123/stages/live";
pub const POOL: &str = "arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_Pool";

pub struct Desk {
    pub cloud: Arc<Cloud>,
    pub cx: Context,
}

/// A service that guards one stage and one pool.
struct Guarded;

static NOTHING: ServiceSchema = ServiceSchema {
    name: "guarded",
    service_id: "Guarded",
    signing_name: "guarded",
    endpoint_prefix: "guarded",
    target_prefix: None,
    protocols: &[Protocol::Json10],
    api_version: "1",
    xml_namespace: None,
    bare_errors: false,
    query_compatible: false,
    operations: &[],
    refused: &[],
    faults: &[],
};

impl Operations for Guarded {
    fn schema(&self) -> &'static ServiceSchema {
        &NOTHING
    }
    fn labels(&self) -> &'static [Label] {
        &[]
    }
    fn invalid_input(&self) -> &'static str {
        "ValidationException"
    }
    fn input(&self, _: usize) -> Box<dyn Typed> {
        unreachable!("it has no operations")
    }
    fn access(&self, _: usize, _: &dyn Typed, _: &Context) -> kit::Access {
        kit::Access::Public
    }
    fn call<'a>(&'a self, _: usize, _: Box<dyn Typed>, _: &'a Context) -> BoxFuture<'a, Result<AnyReply, Fault>> {
        unreachable!("it has no operations")
    }
}

impl Service for Guarded {
    fn is_guarded(&self, _: &Context, resource_arn: &str) -> bool {
        [STAGE, POOL].contains(&resource_arn)
    }
}

impl Desk {
    pub async fn new() -> Desk {
        let builder = Cloud::builder().start_at(Timestamp::from_secs(START)).mode(ClockMode::Frozen);
        let builder = builder.service(Arc::new(wafv2::Wafv2::new())).service(Arc::new(Guarded));
        let cloud = builder.start().await.unwrap();
        cloud.set_endpoint("http://127.0.0.1:4566");
        let cx = cloud.house_context("test");
        Desk { cloud, cx }
    }

    pub async fn call(&self, operation: &str, input: Value) -> Result<Value, Fault> {
        self.cloud.call_json(&self.cx.child(), "wafv2", operation, &input).await
    }
    pub async fn ok(&self, operation: &str, input: Value) -> Value {
        self.call(operation, input).await.unwrap_or_else(|f| panic!("{operation}: {f}"))
    }
    /// The code and sentence of a refusal.
    pub async fn refused(&self, operation: &str, input: Value) -> String {
        match self.call(operation, input).await {
            Ok(answer) => panic!("{operation} was not refused: {answer}"),
            Err(fault) => fault.to_string(),
        }
    }

    /// Makes a web ACL that allows what its rules leave; its summary.
    pub async fn web_acl(&self, name: &str, rules: Value) -> Value {
        let input = json!({
            "Name": name, "Scope": "REGIONAL", "DefaultAction": { "Allow": {} }, "Rules": rules, "VisibilityConfig": visibility(name),
            "CustomResponseBodies": { "sorry": { "ContentType": "TEXT_PLAIN", "Content": "sorry" } },
        });
        self.ok("CreateWebACL", input).await["Summary"].clone()
    }
    /// A web ACL over the stage.
    pub async fn guard(&self, rules: Value) -> Value {
        let summary = self.web_acl("guard", rules).await;
        self.ok("AssociateWebACL", json!({ "WebACLArn": summary["ARN"], "ResourceArn": STAGE })).await;
        summary
    }
    /// Puts other rules into the web ACL of [`Desk::guard`].
    pub async fn change(&self, summary: &Value, rules: Value) {
        let found = self.ok("GetWebACL", json!({ "ARN": summary["ARN"] })).await;
        let input = json!({
            "Name": summary["Name"], "Id": summary["Id"], "Scope": "REGIONAL", "DefaultAction": { "Allow": {} }, "Rules": rules,
            "VisibilityConfig": visibility("guard"), "LockToken": found["LockToken"],
            "CustomResponseBodies": { "sorry": { "ContentType": "TEXT_PLAIN", "Content": "sorry" } },
        });
        self.ok("UpdateWebACL", input).await;
    }

    /// What becomes of a request (as in a file) from an address.
    pub async fn ask(&self, resource: &str, request: &str, ip: &str) -> Verdict {
        let (head, body) = parts(request);
        let cx = self.cx.child().with_source(Source { ip: Some(ip.parse::<IpAddr>().unwrap()), ..Source::default() });
        let inspected = Inspected { head: &head, body: body.as_bytes(), path: None, host: None };
        kit::firewall::inspect(&cx, resource, inspected).await
    }
    /// `ALLOW`, or the action that stopped the request, to the stage.
    pub async fn action(&self, request: &str) -> &'static str {
        self.action_from(request, "192.0.2.1").await
    }
    pub async fn action_from(&self, request: &str, ip: &str) -> &'static str {
        match self.ask(STAGE, request, ip).await {
            Verdict::Pass(_) => "ALLOW",
            Verdict::Stop(stopped) => stopped.action,
        }
    }
    pub async fn advance(&self, secs: u64) {
        let options = AdvanceOptions { by: Duration::from_secs(secs), settle: Settle::Each, budget: Duration::from_secs(30) };
        assert_eq!(self.cloud.advance(options).await.stopped_early, None);
    }
    /// Asks a door of the house.
    pub async fn door(&self, method: &str, url: &str, body: &str) -> (u16, http::HeaderMap, Value) {
        let (head, ()) = http::Request::builder().method(method).uri(url).body(()).unwrap().into_parts();
        let doors = self.cloud.service("wafv2").unwrap().doors();
        let door = doors.iter().find(|door| door.takes(&self.cloud, &head)).expect("a door");
        let answer = door.answer(self.cx.child(), head, wire::Body::from_bytes(body.to_owned())).await;
        let (parts, body) = answer.into_parts();
        let wire::ReplyBody::Bytes(body) = body else { panic!("a body of bytes") };
        (parts.status.as_u16(), parts.headers, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }
    /// Tells the house of addresses.
    pub async fn addresses(&self, told: Value) {
        assert_eq!(self.door("PUT", "/_windtunnel/wafv2/addresses", &told.to_string()).await.0, 200);
    }
    /// The explanation of a request.
    pub async fn explain(&self, acl: &str, request: &str) -> Value {
        let (status, _, answer) =
            self.door("POST", "/_windtunnel/wafv2/test", &json!({ "acl": acl, "request": request }).to_string()).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }
}

fn parts(request: &str) -> (Parts, String) {
    let (head, body) = request.split_once("\n\n").unwrap_or((request, ""));
    let mut lines = head.lines();
    let mut first = lines.next().unwrap().split(' ');
    let mut builder = http::Request::builder().method(first.next().unwrap()).uri(first.next().unwrap());
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        builder = builder.header(name, value);
    }
    let (head, ()) = builder.body(()).unwrap().into_parts();
    (head, body.to_owned())
}

pub fn visibility(metric: &str) -> Value {
    json!({ "SampledRequestsEnabled": true, "CloudWatchMetricsEnabled": true, "MetricName": metric })
}

/// A rule; the action is its name.
pub fn rule(name: &str, priority: i32, statement: Value, action: &str) -> Value {
    json!({ "Name": name, "Priority": priority, "Statement": statement, "Action": { action: {} }, "VisibilityConfig": visibility(name) })
}

/// A rule that refers to a group.
pub fn group_rule(name: &str, priority: i32, statement: Value) -> Value {
    json!({ "Name": name, "Priority": priority, "Statement": statement, "OverrideAction": { "None": {} }, "VisibilityConfig": visibility(name) })
}

/// Transformations in their order.
pub fn transforms(kinds: &[&str]) -> Value {
    kinds.iter().enumerate().map(|(priority, kind)| json!({ "Priority": priority, "Type": kind })).collect()
}

/// A text in a part of the request. Blobs are base64 in canonical JSON.
pub fn bytes(field: Value, text: &str, position: &str, kinds: &[&str]) -> Value {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let text = STANDARD.encode(text);
    json!({ "ByteMatchStatement": {
        "SearchString": text, "FieldToMatch": field, "TextTransformations": transforms(kinds), "PositionalConstraint": position } })
}
