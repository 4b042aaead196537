//! A cloud with one pool and one client, and short ways to call.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use kit::{AdvanceOptions, ClockMode, Cloud, Context, Fault, Principal, Settle, Timestamp};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

pub const PASSWORD: &str = "Correct-Horse-9";

pub struct Desk {
    pub cloud: Arc<Cloud>,
    pub root: Context,
    pub anybody: Context,
    pub pool: String,
    pub client: String,
}

impl Desk {
    /// A pool whose user names are mail addresses, and a client with every flow.
    pub async fn new() -> Desk {
        Desk::with(json!({ "UsernameAttributes": ["email"], "AutoVerifiedAttributes": ["email"] }), json!({})).await
    }
    pub async fn with(pool: Value, client: Value) -> Desk {
        let cloud = Cloud::builder()
            .start_at(Timestamp::from_secs(1_700_000_000))
            .mode(ClockMode::Frozen)
            .service(Arc::new(cognito_idp::CognitoIdp::new()))
            .start()
            .await
            .unwrap();
        cloud.set_endpoint("http://127.0.0.1:4566");
        let root = cloud.house_context("test");
        let anybody = root.with_principal(Principal::Anonymous);
        let mut desk = Desk { cloud, root, anybody, pool: String::new(), client: String::new() };
        let made = desk.admin("CreateUserPool", merged(json!({ "PoolName": "people" }), pool)).await;
        desk.pool = made["UserPool"]["Id"].as_str().unwrap().to_owned();
        let flows =
            json!(["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH"]);
        let wanted = json!({ "UserPoolId": desk.pool, "ClientName": "web", "ExplicitAuthFlows": flows });
        let made = desk.admin("CreateUserPoolClient", merged(wanted, client)).await;
        desk.client = made["UserPoolClient"]["ClientId"].as_str().unwrap().to_owned();
        desk
    }

    pub async fn admin(&self, operation: &str, input: Value) -> Value {
        self.try_admin(operation, input).await.unwrap_or_else(|f| panic!("{operation}: {f}"))
    }
    pub async fn try_admin(&self, operation: &str, input: Value) -> Result<Value, Fault> {
        self.cloud.call_json(&self.root, "cognito-idp", operation, &input).await
    }
    /// Calls as a client without credentials.
    pub async fn ok(&self, operation: &str, input: Value) -> Value {
        self.call(operation, input).await.unwrap_or_else(|f| panic!("{operation}: {f}"))
    }
    pub async fn call(&self, operation: &str, input: Value) -> Result<Value, Fault> {
        self.cloud.call_json(&self.anybody, "cognito-idp", operation, &input).await
    }
    /// The fault as `Code: sentence`.
    pub async fn refused(&self, operation: &str, input: Value) -> String {
        match self.call(operation, input).await {
            Ok(value) => panic!("{operation} was not refused: {value}"),
            Err(fault) => fault.to_string(),
        }
    }
    pub async fn advance(&self, secs: u64) {
        self.cloud.advance(AdvanceOptions { by: Duration::from_secs(secs), settle: Settle::Each, budget: Duration::from_secs(20) }).await;
    }

    /// Moves the clock without waiting for what is under way.
    pub async fn jump(&self, secs: u64) {
        self.cloud.advance(AdvanceOptions { by: Duration::from_secs(secs), settle: Settle::None, budget: Duration::from_secs(20) }).await;
    }

    /// A confirmed user with [`PASSWORD`].
    pub async fn user(&self, name: &str) {
        self.admin("AdminCreateUser", json!({ "UserPoolId": self.pool, "Username": name, "MessageAction": "SUPPRESS" })).await;
        let set = json!({ "UserPoolId": self.pool, "Username": name, "Password": PASSWORD, "Permanent": true });
        self.admin("AdminSetUserPassword", set).await;
    }
    pub fn password_flow(&self, name: &str, password: &str) -> Value {
        json!({ "ClientId": self.client, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": { "USERNAME": name, "PASSWORD": password } })
    }
    /// Tokens of a sign-in by password.
    pub async fn sign_in(&self, name: &str) -> Value {
        self.ok("InitiateAuth", self.password_flow(name, PASSWORD)).await["AuthenticationResult"].clone()
    }

    /// Asks a door of the service, as the gateway would.
    pub async fn get(&self, url: &str) -> (u16, Value) {
        self.door(http::Request::get(url)).await
    }
    pub async fn post(&self, url: &str) -> (u16, Value) {
        self.door(http::Request::post(url)).await
    }
    async fn door(&self, request: http::request::Builder) -> (u16, Value) {
        let (head, ()) = request.body(()).unwrap().into_parts();
        let url = head.uri.to_string();
        let doors = self.cloud.service("cognito-idp").unwrap().doors();
        let door = doors.iter().find(|door| door.takes(&self.cloud, &head)).unwrap_or_else(|| panic!("no door takes {url}"));
        let answer = door.answer(self.anybody.clone(), head, wire::Body::empty()).await;
        let status = answer.status().as_u16();
        let wire::ReplyBody::Bytes(body) = answer.into_body() else { panic!("a body of bytes") };
        (status, serde_json::from_slice(&body).unwrap())
    }
    /// The newest code in the inbox of a user.
    pub async fn code(&self, user: &str) -> String {
        let (_, inbox) = self.get(&format!("/_windtunnel/cognito/messages?user={user}")).await;
        inbox["messages"][0]["code"].as_str().unwrap_or_else(|| panic!("no message for {user}")).to_owned()
    }
}

/// The payload of a token.
pub fn claims(token: &Value) -> Value {
    let body = token.as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).unwrap()).unwrap()
}

fn merged(mut base: Value, more: Value) -> Value {
    let base_map = base.as_object_mut().unwrap();
    more.as_object().unwrap().iter().for_each(|(key, value)| drop(base_map.insert(key.clone(), value.clone())));
    base
}
