//! Lambda triggers: which function a pool names for an occasion, the event it is sent, how long it may take, and what its failures become.
//!
//! What an occasion puts into `request` and takes out of `response` stands in the files beside this one.

mod custom_auth;
mod envelope;
mod federation;
mod pre_token;
mod senders;
mod sign_in;
mod users;

pub(crate) use custom_auth::{Defined, Round};
pub(crate) use pre_token::Planned;
pub(crate) use users::Migrated;

use crate::{Error, attributes, model::*, names::Desk, state::*};
use kit::{Arn, Context, Fault, Need, Scope, ports::Invocation};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// How long a function may take, and how often it is asked before Cognito gives up.
const LIMIT_SECS: i64 = 5;
const TRIES: u32 = 3;
/// What stands for a client where an administrator acts without one.
const NO_CLIENT: &str = "CLIENT_ID_NOT_APPLICABLE";

/// What a client wants its triggers to know.
pub(crate) type Metadata = BTreeMap<String, String>;

/// On whose behalf triggers are called.
#[derive(Clone, Copy)]
pub(crate) struct Who<'a> {
    pub cx: &'a Context,
    pub pool: &'a Pool,
    pub client_id: &'a str,
    pub metadata: &'a Metadata,
}

impl Desk {
    /// This client's triggers.
    pub fn who(&self) -> Who<'_> {
        Who { cx: &self.cx, pool: &self.pool, client_id: self.client.id(), metadata: &self.metadata }
    }
}

impl<'a> Who<'a> {
    /// An administrator's triggers.
    pub fn admin(cx: &'a Context, pool: &'a Pool, metadata: &'a Metadata) -> Who<'a> {
        Who { cx, pool, client_id: NO_CLIENT, metadata }
    }
    fn config(&self) -> Option<&'a LambdaConfigType> {
        self.pool.settings.lambda_config.as_ref()
    }
    fn with_metadata(&self, request: &mut Map<String, Value>) {
        if !self.metadata.is_empty() {
            request.insert("clientMetadata".into(), json!(self.metadata));
        }
    }
}

/// An occasion and its function.
struct Call<'a> {
    /// `PreSignUp`, for sentences.
    trigger: &'static str,
    /// `PreSignUp_SignUp`
    source: &'a str,
    version: &'static str,
    function_arn: &'a str,
    username: &'a str,
    request: Value,
    response: Value,
}

impl Who<'_> {
    /// Calls a function and gives back its `response`.
    async fn call(&self, call: Call<'_>) -> Result<Map<String, Value>, Fault> {
        let event = self.event(&call);
        let answered = self.ask(&call, &event).await?;
        let unreadable = || Error::InvalidLambdaResponse.says("Unrecognizable lambda output");
        let answer: Value = serde_json::from_slice(&answered).map_err(|_| unreadable())?;
        match answer.get("response") {
            Some(Value::Object(response)) => Ok(response.clone()),
            _ => Err(unreadable()),
        }
    }

    fn event(&self, call: &Call<'_>) -> Value {
        json!({
            "version": call.version,
            "triggerSource": call.source,
            "region": self.cx.region(),
            "userPoolId": self.pool.id,
            "userName": call.username,
            "callerContext": { "awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": self.client_id },
            "request": call.request,
            "response": call.response,
        })
    }

    /// Asks up to three times, for a function that is too slow is asked again.
    async fn ask(&self, call: &Call<'_>, event: &Value) -> Result<Vec<u8>, Fault> {
        let payload = bytes::Bytes::from(event.to_string());
        for _ in 0..TRIES {
            match self.ask_once(call.function_arn, payload.clone()).await {
                None => continue,
                Some(Err(fault)) => {
                    let name = if fault.code == "AccessDenied" { "AccessDeniedException" } else { &fault.code };
                    return Err(Error::UnexpectedLambda.says(format!("{} invocation failed due to error {name}.", call.trigger)));
                }
                Some(Ok(invoked)) if invoked.function_error.is_some() => return Err(validation(call.trigger, &invoked.payload)),
                Some(Ok(invoked)) => return Ok(invoked.payload.to_vec()),
            }
        }
        Err(Error::UnexpectedLambda.says(format!("{} failed with error Socket timeout while invoking Lambda function.", call.trigger)))
    }

    /// One try; `None` when it took too long. The function runs on when Cognito no longer waits, so it runs as work of its own.
    async fn ask_once(&self, function_arn: &str, payload: bytes::Bytes) -> Option<Result<kit::ports::Invoked, Fault>> {
        let clock = self.cx.cloud().clock().clone();
        let due = clock.now().plus_ns(seconds(LIMIT_SECS));
        let work = self.cx.cloud().work().begin("cognito-idp:trigger");
        let pool_arn = arn(self.cx.scope(), &self.pool.id);
        let cx = self.cx.as_service("cognito-idp.amazonaws.com", &pool_arn, self.cx.account());
        let function_arn = function_arn.to_owned();
        let running = tokio::spawn(async move {
            let _work = work;
            let need = Need::on("lambda:InvokeFunction", &*function_arn);
            // A function is found in its own account and region, not in the pool's.
            let (need, cx) = match Arn::parse(&function_arn) {
                Some(arn) => (need.owned_by(arn.account), cx.in_scope(Scope::new(arn.account, arn.region))),
                None => (need, cx),
            };
            let grant = cx.grant(&need)?;
            let functions = cx.cloud().ports().functions()?;
            functions.invoke(&cx, grant, Invocation { function_arn, payload, asynchronous: false }).await
        });
        tokio::select! {
            biased;
            done = running => Some(done.unwrap_or_else(|e| Err(Fault::internal(e.to_string())))),
            () = clock.sleep_until(due) => None,
        }
    }
}

/// What a function's own error becomes: clients show the sentence to people.
fn validation(trigger: &str, payload: &[u8]) -> Fault {
    let error: Value = serde_json::from_slice(payload).unwrap_or_default();
    let sentence = error.get("errorMessage").and_then(Value::as_str).unwrap_or_default();
    Error::UserLambdaValidation.says(format!("{trigger} failed with error {sentence}."))
}

/// The attributes of a user as events carry them.
fn attributes_of(user: &User) -> Value {
    let mut all: Map<String, Value> = user.attributes.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    all.insert("sub".into(), json!(user.sub));
    if let Some(status) = user.status {
        all.insert("cognito:user_status".into(), json!(status.as_str()));
    }
    all.extend(attributes::identities(user).map(|text| (attributes::IDENTITIES.to_owned(), json!(text))));
    all.into()
}

/// A map of texts out of a response.
fn texts(response: &Map<String, Value>, name: &str) -> Option<BTreeMap<String, String>> {
    let map = response.get(name)?.as_object()?;
    Some(map.iter().map(|(name, value)| (name.clone(), text_of(value))).collect())
}

/// A value as an attribute holds it.
fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn is_true(response: &Map<String, Value>, name: &str) -> bool {
    response.get(name) == Some(&Value::Bool(true))
}
