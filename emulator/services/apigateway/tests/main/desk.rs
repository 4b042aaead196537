//! A cloud with API Gateway, a fake function and a fake user pool, and short ways to build an API and call it.

use kit::{
    AdvanceOptions, BoxFuture, ClockMode, Cloud, Context, Decider, Decision, Fault, Grant, Need, Principal, Settle, Timestamp,
    ports::{Functions, Invocation, Invoked, UserPools},
};
use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use std::{sync::Arc, time::Duration};

pub const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:f";
pub const POOL: &str = "arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_abcdefghi";

/// What the function does with its next events.
#[derive(Clone)]
pub enum Behaviour {
    Answer(Value),
    Raw(&'static str),
    Fail,
    Sleep(u64),
}

pub struct FakeFunction {
    pub behaviour: Mutex<Behaviour>,
    /// Events, each with the grant's resource and the principal that invoked.
    pub seen: Mutex<Vec<(Value, String, Principal)>>,
}

impl Functions for FakeFunction {
    fn invoke<'a>(&'a self, cx: &'a Context, grant: Grant, call: Invocation) -> BoxFuture<'a, Result<Invoked, Fault>> {
        Box::pin(async move {
            grant.covers("lambda:InvokeFunction", &call.function_arn)?;
            let event = serde_json::from_slice(&call.payload).unwrap();
            self.seen.lock().push((event, grant.resource().to_owned(), cx.principal().clone()));
            let behaviour = self.behaviour.lock().clone();
            let (payload, error) = match behaviour {
                Behaviour::Answer(value) => (value.to_string(), None),
                Behaviour::Raw(text) => (text.to_owned(), None),
                Behaviour::Fail => (json!({ "errorMessage": "x" }).to_string(), Some("Unhandled".to_owned())),
                Behaviour::Sleep(secs) => {
                    cx.cloud().clock().sleep(Duration::from_secs(secs)).await;
                    (json!({ "statusCode": 200 }).to_string(), None)
                }
            };
            Ok(Invoked { status: 200, payload: payload.into(), function_error: error })
        })
    }
    fn exists(&self, _: &Context, arn: &str) -> bool {
        arn == FUNCTION
    }
}

/// Takes a token's text as its claims; `expired` and anything unreadable are refused.
struct FakePools;

impl UserPools for FakePools {
    fn verify(&self, _: &Context, pool_arns: &[String], token: &str) -> Result<Map<String, Value>, String> {
        assert_eq!(pool_arns, [POOL.to_owned()]);
        if token == "expired" {
            return Err("expired".into());
        }
        serde_json::from_str(token).map_err(|_| "malformed".into())
    }
    fn exists(&self, _: &Context, _: &str) -> bool {
        true
    }
}

/// Denies everything to those whose ARN it is told.
struct DenyTo(&'static str);

impl Decider for DenyTo {
    fn decide(&self, cx: &Context, need: &Need, policy: Option<&str>) -> Decision {
        let who = cx.principal().arn();
        let by_policy =
            *cx.principal() == Principal::Anonymous && policy.is_some_and(|p| p.contains(&need.resource.replace("/live/GET/pets", "/*")));
        let allowed = who != self.0 && (*cx.principal() != Principal::Anonymous || by_policy);
        let message = if allowed {
            String::new()
        } else {
            format!("User: {who} is not authorized to perform: {} on resource: {}", need.action, need.resource)
        };
        Decision { allowed, message, statement: None }
    }
    fn explain(&self, _: &Context, _: &Need, _: Option<&str>) -> String {
        String::new()
    }
}

/// Allows everything to everybody.
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
    /// The body as it came.
    pub bytes: Vec<u8>,
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
    /// Logs and roles.
    pub told: Arc<fakes::Told>,
    pub api: String,
    pub top: String,
}

impl Desk {
    /// A REST API with nothing but its root.
    pub async fn new() -> Desk {
        Desk::with(json!({})).await
    }
    pub async fn with(settings: Value) -> Desk {
        let mut desk = Desk::bare().await;
        let mut input = json!({ "name": "pets", "endpointConfiguration": { "types": ["REGIONAL"] } });
        settings.as_object().unwrap().iter().for_each(|(key, value)| input[key] = value.clone());
        let made = desk.ok("CreateRestApi", input).await;
        desk.api = made["id"].as_str().unwrap().to_owned();
        desk.top = made["rootResourceId"].as_str().unwrap().to_owned();
        desk
    }
    /// No API at all.
    pub async fn bare() -> Desk {
        let cloud = Cloud::builder()
            .start_at(Timestamp::from_secs(1_700_000_000))
            .mode(ClockMode::Frozen)
            .service(Arc::new(apigateway::ApiGateway::new()))
            .start()
            .await
            .unwrap();
        let function = Arc::new(FakeFunction {
            behaviour: Mutex::new(Behaviour::Answer(json!({ "statusCode": 200, "body": "hello" }))),
            seen: Mutex::default(),
        });
        cloud.ports().offer_functions(function.clone());
        cloud.ports().offer_user_pools(Arc::new(FakePools));
        let told = fakes::Told::by("apigateway.amazonaws.com");
        cloud.ports().offer_logs(told.clone());
        cloud.ports().offer_sessions(told.clone());
        let root = cloud.house_context("test");
        Desk { cloud, root, function, told, api: String::new(), top: String::new() }
    }

    pub async fn ok(&self, operation: &str, input: Value) -> Value {
        self.call(operation, input).await.unwrap_or_else(|f| panic!("{operation}: {f}"))
    }
    pub async fn call(&self, operation: &str, input: Value) -> Result<Value, Fault> {
        self.cloud.call_json(&self.root, "apigateway", operation, &input).await
    }
    /// The fault as `Code: sentence`.
    pub async fn refused(&self, operation: &str, input: Value) -> String {
        match self.call(operation, input).await {
            Ok(value) => panic!("{operation} was not refused: {value}"),
            Err(fault) => fault.to_string(),
        }
    }

    pub async fn resource(&self, parent: &str, part: &str) -> String {
        let made = self.ok("CreateResource", json!({ "restApiId": self.api, "parentId": parent, "pathPart": part })).await;
        made["id"].as_str().unwrap().to_owned()
    }
    /// A method with the function behind it.
    pub async fn method(&self, resource: &str, verb: &str, more: Value) {
        let mut input = json!({ "restApiId": self.api, "resourceId": resource, "httpMethod": verb, "authorizationType": "NONE" });
        more.as_object().unwrap().iter().for_each(|(key, value)| input[key] = value.clone());
        self.ok("PutMethod", input).await;
        self.ok("PutIntegration", self.proxy(resource, verb)).await;
    }
    pub fn proxy(&self, resource: &str, verb: &str) -> Value {
        let uri = format!("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations");
        json!({ "restApiId": self.api, "resourceId": resource, "httpMethod": verb, "type": "AWS_PROXY", "integrationHttpMethod": "POST", "uri": uri })
    }
    pub async fn authorizer(&self) -> String {
        let input = json!({ "restApiId": self.api, "name": "users", "type": "COGNITO_USER_POOLS", "providerARNs": [POOL], "identitySource": "method.request.header.Authorization" });
        self.ok("CreateAuthorizer", input).await["id"].as_str().unwrap().to_owned()
    }
    pub async fn deploy(&self) -> String {
        let made = self.ok("CreateDeployment", json!({ "restApiId": self.api, "stageName": "live" })).await;
        made["id"].as_str().unwrap().to_owned()
    }

    /// Asks the door as `who`.
    pub async fn send_as(&self, who: Principal, request: http::request::Builder, body: &str) -> Answer {
        self.deliver(who, request, body.as_bytes().to_vec()).await
    }
    /// Asks the door with a body that is no text.
    pub async fn send_bytes(&self, request: http::request::Builder, body: Vec<u8>) -> Answer {
        self.deliver(Principal::Anonymous, request, body).await
    }
    async fn deliver(&self, who: Principal, request: http::request::Builder, body: Vec<u8>) -> Answer {
        let (head, ()) = request.body(()).unwrap().into_parts();
        let door = self.cloud.service("apigateway").unwrap().doors().remove(0);
        assert!(door.takes(&self.cloud, &head));
        let source = kit::Source { ip: Some("203.0.113.9".parse().unwrap()), ..Default::default() };
        let cx = self.cloud.house_context("call").with_principal(who).with_source(source);
        let answer = door.answer(cx, head, wire::Body::from_bytes(body)).await;
        let (parts, body) = answer.into_parts();
        let wire::ReplyBody::Bytes(body) = body else { panic!("a body of bytes") };
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
            bytes: body.to_vec(),
        }
    }
    pub async fn send(&self, request: http::request::Builder, body: &str) -> Answer {
        self.send_as(Principal::Anonymous, request, body).await
    }
    /// The URL of a path of stage `live`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}.execute-api.us-east-1.amazonaws.com/live{path}", self.api)
    }
    pub async fn get(&self, path: &str) -> Answer {
        self.send(http::Request::get(self.url(path)), "").await
    }
    pub async fn get_with(&self, path: &str, header: &str, value: &str) -> Answer {
        self.send(http::Request::get(self.url(path)).header(header, value), "").await
    }
    pub fn behave(&self, behaviour: Behaviour) {
        *self.function.behaviour.lock() = behaviour;
    }
    /// The event of the last invocation.
    pub fn event(&self) -> Value {
        self.function.seen.lock().last().expect("the function was invoked").0.clone()
    }
    pub fn allow_all(&self) {
        self.cloud.set_decider(Arc::new(AllowAll));
    }
    /// A resource under the root with one method, and what stands behind it.
    pub async fn behind(&self, part: &str, verb: &str, method: Value, integration: Value) -> String {
        let resource = self.resource(&self.top, part).await;
        let key = json!({ "restApiId": self.api, "resourceId": resource, "httpMethod": verb });
        self.ok("PutMethod", merged(&json!({ "authorizationType": "NONE" }), &[&key, &method])).await;
        self.ok("PutMethodResponse", merged(&key, &[&json!({ "statusCode": "200" })])).await;
        self.ok("PutIntegration", merged(&integration, &[&key])).await;
        self.ok("PutIntegrationResponse", merged(&key, &[&json!({ "statusCode": "200" })])).await;
        resource
    }
    /// A method whose answer is what a template makes of the request.
    pub async fn template(&self, part: &str, template: &str) -> String {
        let mock = json!({ "type": "MOCK", "requestTemplates": { "application/json": "{\"statusCode\": 200}" } });
        let resource = self.behind(part, "POST", json!({}), mock).await;
        let response = json!({ "restApiId": self.api, "resourceId": resource, "httpMethod": "POST", "statusCode": "200", "responseTemplates": { "application/json": template } });
        self.ok("PutIntegrationResponse", response).await;
        resource
    }
    pub async fn stage(&self, operations: Value) -> Value {
        self.ok("UpdateStage", json!({ "restApiId": self.api, "stageName": "live", "patchOperations": operations })).await
    }
    pub fn deny_to(&self, arn: &'static str) {
        self.cloud.set_decider(Arc::new(DenyTo(arn)));
    }
    pub async fn advance(&self, secs: u64) {
        self.cloud.advance(AdvanceOptions { by: Duration::from_secs(secs), settle: Settle::None, budget: Duration::from_secs(20) }).await;
    }
}

/// One object out of several; later ones win.
pub fn merged(first: &Value, more: &[&Value]) -> Value {
    let mut out = first.clone();
    for object in more {
        object.as_object().unwrap().iter().for_each(|(key, value)| out[key] = value.clone());
    }
    out
}
