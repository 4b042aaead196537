//! A cloud with HTTP APIs, a fake function and a fake user pool, and short ways to build an API and call it.

use kit::{
    BoxFuture, ClockMode, Cloud, Context, Decider, Decision, Fault, Grant, Need, Principal, Timestamp,
    ports::{Functions, Invocation, Invoked, UserPools},
};
use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use std::sync::Arc;

pub const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:f";
pub const ISSUER: &str = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_abc";

/// Answers a value, and remembers events with who sent them and on which grant.
#[derive(Default)]
pub struct FakeFunction {
    pub answer: Mutex<Value>,
    pub fails: Mutex<bool>,
    pub seen: Mutex<Vec<(Value, Principal)>>,
}

impl Functions for FakeFunction {
    fn invoke<'a>(&'a self, cx: &'a Context, grant: Grant, call: Invocation) -> BoxFuture<'a, Result<Invoked, Fault>> {
        Box::pin(async move {
            grant.covers("lambda:InvokeFunction", &call.function_arn)?;
            self.seen.lock().push((serde_json::from_slice(&call.payload).unwrap(), cx.principal().clone()));
            let error = self.fails.lock().then(|| "Unhandled".to_owned());
            Ok(Invoked { status: 200, payload: self.answer.lock().to_string().into(), function_error: error })
        })
    }
    fn exists(&self, _: &Context, _: &str) -> bool {
        true
    }
}

/// Takes a token's text as its claims.
struct FakePools;

impl UserPools for FakePools {
    fn verify(&self, _: &Context, pool_arns: &[String], token: &str) -> Result<Map<String, Value>, String> {
        assert_eq!(pool_arns, ["arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_abc".to_owned()]);
        serde_json::from_str(token).map_err(|_| if token == "expired" { "expired" } else { "malformed" }.into())
    }
    fn exists(&self, _: &Context, _: &str) -> bool {
        true
    }
    fn arn(&self, _: &Context, pool_id: &str) -> Option<String> {
        Some(format!("arn:aws:cognito-idp:us-east-1:000000000000:userpool/{pool_id}"))
    }
}

struct AllowAll;

impl Decider for AllowAll {
    fn decide(&self, _: &Context, _: &Need, _: Option<&str>) -> Decision {
        Decision { allowed: true, message: String::new(), statement: None }
    }
    fn explain(&self, _: &Context, _: &Need, _: Option<&str>) -> String {
        String::new()
    }
}

pub struct Answer {
    pub status: u16,
    pub headers: http::HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }
}

pub struct Desk {
    pub cloud: Arc<Cloud>,
    pub root: Context,
    pub function: Arc<FakeFunction>,
    pub told: Arc<fakes::Told>,
    pub api: String,
}

impl Desk {
    /// An HTTP API with nothing in it but the stage `$default`, which deploys by itself.
    pub async fn new() -> Desk {
        Desk::with(json!({})).await
    }
    pub async fn with(settings: Value) -> Desk {
        let cloud = Cloud::builder()
            .start_at(Timestamp::from_secs(1_700_000_000))
            .mode(ClockMode::Frozen)
            .service(Arc::new(apigatewayv2::ApiGatewayV2::new()))
            .start()
            .await
            .unwrap();
        let function = Arc::new(FakeFunction { answer: Mutex::new(json!({ "statusCode": 200, "body": "hello" })), ..Default::default() });
        cloud.ports().offer_functions(function.clone());
        cloud.ports().offer_user_pools(Arc::new(FakePools));
        let told = fakes::Told::by("apigateway.amazonaws.com");
        cloud.ports().offer_logs(told.clone());
        cloud.ports().offer_sessions(told.clone());
        cloud.set_decider(Arc::new(AllowAll));
        let root = cloud.house_context("test");
        let mut desk = Desk { cloud, root, function, told, api: String::new() };
        let input = merged(&json!({ "Name": "pets", "ProtocolType": "HTTP" }), &settings);
        desk.api = desk.ok("CreateApi", input).await["ApiId"].as_str().unwrap().to_owned();
        if settings.get("Target").is_none() {
            desk.ok("CreateStage", json!({ "ApiId": desk.api, "StageName": "$default", "AutoDeploy": true })).await;
        }
        desk
    }

    pub async fn ok(&self, operation: &str, input: Value) -> Value {
        self.call(operation, input).await.unwrap_or_else(|f| panic!("{operation}: {f}"))
    }
    pub async fn call(&self, operation: &str, input: Value) -> Result<Value, Fault> {
        self.cloud.call_json(&self.root, "apigatewayv2", operation, &input).await
    }
    /// The fault as `Code: sentence`.
    pub async fn refused(&self, operation: &str, input: Value) -> String {
        match self.call(operation, input).await {
            Ok(value) => panic!("{operation} was not refused: {value}"),
            Err(fault) => fault.to_string(),
        }
    }
    pub async fn integration(&self, more: Value) -> String {
        let input = merged(&json!({ "ApiId": self.api }), &more);
        self.ok("CreateIntegration", input).await["IntegrationId"].as_str().unwrap().to_owned()
    }
    /// A route with the function behind it.
    pub async fn route(&self, key: &str, version: &str, more: Value) -> String {
        let id =
            self.integration(json!({ "IntegrationType": "AWS_PROXY", "IntegrationUri": FUNCTION, "PayloadFormatVersion": version })).await;
        self.route_to(key, &id, more).await
    }
    pub async fn route_to(&self, key: &str, integration: &str, more: Value) -> String {
        let input = merged(&json!({ "ApiId": self.api, "RouteKey": key, "Target": format!("integrations/{integration}") }), &more);
        self.ok("CreateRoute", input).await["RouteId"].as_str().unwrap().to_owned()
    }
    pub async fn send_as(&self, who: Principal, request: http::request::Builder, body: &str) -> Answer {
        let (head, ()) = request.body(()).unwrap().into_parts();
        let door = self.cloud.service("apigatewayv2").unwrap().doors().remove(0);
        assert!(door.takes(&self.cloud, &head));
        let source = kit::Source { ip: Some("203.0.113.9".parse().unwrap()), ..Default::default() };
        let cx = self.cloud.house_context("call").with_principal(who).with_source(source);
        let (parts, body) = door.answer(cx, head, wire::Body::from_bytes(body.to_owned())).await.into_parts();
        let body = match body {
            wire::ReplyBody::Bytes(body) => String::from_utf8_lossy(&body).into_owned(),
            _ => String::new(),
        };
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }
    pub async fn send(&self, request: http::request::Builder, body: &str) -> Answer {
        self.send_as(Principal::Anonymous, request, body).await
    }
    pub fn url(&self, path: &str) -> String {
        format!("http://{}.execute-api.us-east-1.amazonaws.com{path}", self.api)
    }
    pub async fn get(&self, path: &str) -> Answer {
        self.send(http::Request::get(self.url(path)), "").await
    }
    pub async fn get_with(&self, path: &str, header: &str, value: &str) -> Answer {
        self.send(http::Request::get(self.url(path)).header(header, value), "").await
    }
    pub fn answer(&self, value: Value) {
        *self.function.answer.lock() = value;
    }
    pub fn event(&self) -> Value {
        self.function.seen.lock().last().expect("the function was invoked").0.clone()
    }
}

/// One object over another.
pub fn merged(first: &Value, more: &Value) -> Value {
    let mut out = first.clone();
    more.as_object().unwrap().iter().for_each(|(key, value)| out[key] = value.clone());
    out
}
