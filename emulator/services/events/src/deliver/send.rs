//! Through which port a target is reached, and as whom: the rule's account's own role where the target names one, else EventBridge itself
//! with the rule as the source, so that the target's policy decides.

use super::{Delivery, failure::Failure};
use crate::{EventBridge, targets::check};
use kit::{
    Arn, Context, Fault, Need, Scope,
    ports::{Invocation, QueueMessage},
};
use serde_json::Value;
use std::sync::Arc;

const SELF: &str = "events.amazonaws.com";

impl EventBridge {
    pub(super) async fn send(&self, cx: &Context, delivery: &Delivery, payload: String) -> Result<(), Failure> {
        let target = delivery.target.arn.as_str();
        let arn = Arn::parse(target).ok_or_else(|| Failure::lasting("INVALID_PARAMETER", format!("{target} is no ARN.")))?;
        if arn.service == "events" {
            return self.forward(cx, delivery, payload).await;
        }
        let cx = sender(cx, delivery).await?;
        let sent = match arn.service {
            "lambda" => invoke(&cx, target, payload).await,
            "sqs" => queue(&cx, delivery, payload).await,
            "sns" => publish(&cx, target, payload).await,
            "logs" => log(&cx, &arn, delivery, payload).await,
            "glue" => notify(&cx, delivery).await,
            // PutTargets lets no others in.
            other => Err(Fault::not_implemented("events", &format!("PutTargets for {other}"))),
        };
        sent.map_err(Failure::of)
    }
}

/// Who sends.
pub(super) async fn sender(cx: &Context, delivery: &Delivery) -> Result<Context, Failure> {
    match &delivery.target.role_arn {
        Some(role) => assume(cx, delivery, role).await,
        None => Ok(cx.as_service(SELF, &delivery.rule_arn, cx.account())),
    }
}

/// A session of the target's role.
pub(super) async fn assume(cx: &Context, delivery: &Delivery, role: &str) -> Result<Context, Failure> {
    let failed = |fault: Fault| Failure::lasting("FAILED_TO_ASSUME_ROLE", fault.message);
    let sessions = cx.cloud().ports().sessions().map_err(failed)?;
    let cx = cx.as_service(SELF, &delivery.rule_arn, cx.account());
    let key = sessions.for_service(&cx, role, SELF, &delivery.rule, 3600).await.map_err(failed)?;
    Ok(cx.as_role(Arc::new(key.session)))
}

async fn invoke(cx: &Context, function: &str, payload: String) -> Result<(), Fault> {
    let grant = cx.grant(&owned("lambda:InvokeFunction", function))?;
    let call = Invocation { function_arn: function.to_owned(), payload: payload.into(), asynchronous: true };
    cx.cloud().ports().functions()?.invoke(cx, grant, call).await.map(drop)
}

async fn queue(cx: &Context, delivery: &Delivery, payload: String) -> Result<(), Fault> {
    let queue = delivery.target.arn.as_str();
    let group = check::group(&delivery.target).map(str::to_owned);
    let grant = cx.grant(&owned("sqs:SendMessage", queue))?;
    // FIFO queues know doubles by the message's content: AWS wants them to be set so.
    let message = QueueMessage { body: payload, group, trace: delivery.trace.clone(), ..QueueMessage::default() };
    cx.cloud().ports().queues()?.deliver(cx, grant, queue, message).await.map(drop)
}

async fn publish(cx: &Context, topic: &str, payload: String) -> Result<(), Fault> {
    let grant = cx.grant(&owned("sns:Publish", topic))?;
    cx.cloud().ports().topics()?.publish(cx, grant, topic, None, payload, Vec::new()).await.map(drop)
}

async fn log(cx: &Context, arn: &Arn<'_>, delivery: &Delivery, payload: String) -> Result<(), Fault> {
    let group = arn.after("log-group:").unwrap_or_default().trim_end_matches(":*");
    let stream = cx.ids().uuid();
    let resource = format!("arn:aws:logs:{}:{}:log-group:{group}:log-stream:{stream}", arn.region, arn.account);
    let cx = cx.in_scope(Scope::new(arn.account, arn.region));
    // AWS asks for both.
    cx.grant(&owned("logs:CreateLogStream", &resource))?;
    let grant = cx.grant(&owned("logs:PutLogEvents", &resource))?;
    let line = line(delivery, payload, cx.now());
    let logs = cx.cloud().ports().logs()?;
    // The stream is EventBridge's own; the group has to be there.
    if !logs.exists(&cx, group) {
        return Err(Fault::new("ResourceNotFoundException", 400, "The specified log group does not exist."));
    }
    logs.append(&cx, grant, group, &stream, vec![line], true).await
}

/// A workflow is told which event came, not what it says.
async fn notify(cx: &Context, delivery: &Delivery) -> Result<(), Fault> {
    let workflow = delivery.target.arn.as_str();
    let grant = cx.grant(&owned("glue:notifyEvent", workflow))?;
    let event: Value = serde_json::from_str(&delivery.event).map_err(|e| Fault::internal(e.to_string()))?;
    let id = event["id"].as_str().unwrap_or_default().to_owned();
    cx.cloud().ports().workflows()?.notify(cx, grant, workflow, id).await
}

/// A template may set time and text of a line: `{"timestamp": 1, "message": "text"}`.
fn line(delivery: &Delivery, payload: String, now: kit::Timestamp) -> (kit::Timestamp, String) {
    if delivery.target.input_transformer.is_none() {
        return (now, payload);
    }
    let Ok(Value::Object(members)) = serde_json::from_str::<Value>(&payload) else { return (now, payload) };
    match (members.get("timestamp").and_then(Value::as_i64), members.get("message")) {
        (Some(at), Some(Value::String(message))) => (kit::Timestamp::from_millis(at), message.clone()),
        (Some(at), Some(message)) => (kit::Timestamp::from_millis(at), message.to_string()),
        _ => (now, payload),
    }
}

/// A need on a resource of the account that its ARN names.
pub(super) fn owned(action: &'static str, resource: &str) -> Need {
    let need = Need::on(action, resource);
    match Arn::parse(resource) {
        Some(arn) if !arn.account.is_empty() => need.owned_by(arn.account),
        _ => need,
    }
}
