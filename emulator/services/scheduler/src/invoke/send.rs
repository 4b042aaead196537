//! How targets are reached: templated ones by the operation that AWS calls for them, as the schedule's role, whose policies decide.

use super::{Invocation, payload::*, universal::Universal};
use kit::{Arn, Context, Fault, Need, Scope, ports};
use serde_json::json;

/// Calls the target once; `cx` is the role's.
pub(super) async fn send(cx: &Context, invocation: &Invocation) -> Result<(), Fault> {
    let target = &invocation.schedule.target;
    let arn = Arn::parse(&target.arn).ok_or_else(|| Fault::new("ValidationException", 400, format!("{} is no ARN", target.arn)))?;
    match arn.service {
        "lambda" => invoke(cx, invocation).await,
        "sqs" => send_message(cx, invocation).await,
        "sns" => publish(cx, invocation).await,
        "events" => put_events(cx, invocation, &arn).await,
        "scheduler" => universal(cx, invocation).await,
        // CreateSchedule lets no others in.
        other => Err(Fault::not_implemented("scheduler", &format!("targets of {other}"))),
    }
}

async fn invoke(cx: &Context, invocation: &Invocation) -> Result<(), Fault> {
    let function = &invocation.schedule.target.arn;
    let grant = cx.grant(&owned("lambda:InvokeFunction", function))?;
    let call = ports::Invocation { function_arn: function.clone(), payload: payload(cx, invocation).into(), asynchronous: true };
    cx.cloud().ports().functions()?.invoke(cx, grant, call).await.map(drop)
}

async fn send_message(cx: &Context, invocation: &Invocation) -> Result<(), Fault> {
    let target = &invocation.schedule.target;
    let grant = cx.grant(&owned("sqs:SendMessage", &target.arn))?;
    let group = target.sqs_parameters.as_ref().and_then(|parameters| parameters.message_group_id.clone());
    let message = ports::QueueMessage { body: payload(cx, invocation), group, ..ports::QueueMessage::default() };
    cx.cloud().ports().queues()?.deliver(cx, grant, &target.arn, message).await.map(drop)
}

async fn publish(cx: &Context, invocation: &Invocation) -> Result<(), Fault> {
    let topic = &invocation.schedule.target.arn;
    let grant = cx.grant(&owned("sns:Publish", topic))?;
    cx.cloud().ports().topics()?.publish(cx, grant, topic, None, payload(cx, invocation), Vec::new()).await.map(drop)
}

/// By PutEvents itself, through the Directory: the bus of another account has its own say.
async fn put_events(cx: &Context, invocation: &Invocation, arn: &Arn<'_>) -> Result<(), Fault> {
    let target = &invocation.schedule.target;
    let parameters = target.event_bridge_parameters.clone().unwrap_or_default();
    let detail = target.input.as_deref().map_or_else(|| "{}".to_owned(), |input| fill(input, invocation));
    let entry = json!({ "EventBusName": target.arn, "Source": parameters.source, "DetailType": parameters.detail_type, "Detail": detail });
    let cx = cx.in_scope(Scope::new(cx.account(), arn.region));
    let put = cx.cloud().call_json(&cx, "events", "PutEvents", &json!({ "Entries": [entry] })).await?;
    match put["Entries"][0]["ErrorCode"].as_str() {
        None => Ok(()),
        Some(code) => Err(Fault::new(code.to_owned(), 400, put["Entries"][0]["ErrorMessage"].as_str().unwrap_or_default())),
    }
}

async fn universal(cx: &Context, invocation: &Invocation) -> Result<(), Fault> {
    let target = &invocation.schedule.target;
    let unknown = || Fault::new("ValidationException", 400, format!("{} is not a universal target", target.arn));
    let call = Universal::read(&target.arn).ok_or_else(unknown)?;
    let text = fill(target.input.as_deref().unwrap_or("{}"), invocation);
    let input = serde_json::from_str(&text).map_err(|e| Fault::new("ValidationException", 400, format!("the input is no JSON: {e}")))?;
    let answer = cx.cloud().call_json(cx, call.service, &call.operation, &call.input(input)).await?;
    // A function's own error is an answer to Invoke, not a failure of it.
    drop(answer);
    Ok(())
}

/// A need on a resource of the account that its ARN names.
pub(super) fn owned(action: &'static str, resource: &str) -> Need {
    let need = Need::on(action, resource);
    match Arn::parse(resource) {
        Some(arn) if !arn.account.is_empty() => need.owned_by(arn.account),
        _ => need,
    }
}
