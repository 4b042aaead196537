//! Telling functions, queues and topics of events, as the service principal of S3 on behalf of the bucket. Run from the outbox; what fails is
//! tried again with a growing delay, what can never succeed is journaled and dropped, as on AWS.

use crate::state;
use kit::{
    Arn, Bytes, Context, Fault, Need, RecordKind, Tx,
    ports::{Invocation, QueueMessage},
    store::{NewTask, TaskRow},
};
use serde::{Deserialize, Serialize};

/// The principal under which S3 delivers.
const PRINCIPAL: &str = "s3.amazonaws.com";

/// The subject of messages to topics.
const SUBJECT: &str = "Amazon S3 Notification";

/// An event on its way.
#[derive(Serialize, Deserialize)]
pub(crate) struct Delivery {
    pub bucket: String,
    /// `ObjectCreated:Put`
    pub event: String,
    /// ARN of a function, a queue or a topic.
    pub target: String,
    /// The event, JSON.
    pub body: String,
    /// The trace of what caused it, which the telling belongs to.
    #[serde(default)]
    pub trace: String,
    /// X-Amzn-Trace-Id of the request, which queues pass on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_header: Option<String>,
}

/// S3 itself, acting because of a bucket.
pub(super) fn as_s3(cx: &Context, bucket: &str, account: &str) -> Context {
    cx.as_service(PRINCIPAL, &format!("arn:aws:s3:::{bucket}"), account)
}

/// What telling a target needs; `None` for a target that this build can't tell.
pub(super) fn need(target: &str) -> Option<Need> {
    let arn = Arn::parse(target)?;
    let action = match arn.service {
        "lambda" => "lambda:InvokeFunction",
        "sqs" => "sqs:SendMessage",
        "sns" => "sns:Publish",
        _ => return None,
    };
    Some(Need::on(action, target).owned_by(arn.account))
}

/// Runs one delivery.
pub(crate) async fn run(cx: &Context, task: TaskRow) -> Result<(), Fault> {
    let delivery: Delivery = task.payload()?;
    let cx = as_s3(cx, &delivery.bucket, &task.scope.account);
    let cx = &if delivery.trace.is_empty() { cx } else { cx.with_trace(delivery.trace.as_str()) };
    let result = deliver(cx, &delivery).await;
    let outcome = result.as_ref().err().map_or("ok", |fault| &fault.code);
    let detail = serde_json::json!({ "bucket": delivery.bucket, "message": result.as_ref().err().map(|fault| &fault.message) });
    cx.cloud().journal().write(cx, RecordKind::Event, "s3", &delivery.event, &delivery.target, outcome, detail);
    match result {
        Err(fault) if is_transient(&fault) => Err(fault),
        _ => Ok(()),
    }
}

async fn deliver(cx: &Context, delivery: &Delivery) -> Result<(), Fault> {
    let target = &*delivery.target;
    let need = need(target).ok_or_else(|| Fault::internal(format!("{target} is neither a function nor a queue nor a topic")))?;
    cx.cloud().apply_faults("s3", "Deliver", target).await?;
    let (ports, body) = (cx.cloud().ports(), delivery.body.clone());
    let grant = cx.grant(&need)?;
    match &*need.action {
        "lambda:InvokeFunction" => {
            let call = Invocation { function_arn: target.to_owned(), payload: Bytes::from(body), asynchronous: true };
            ports.functions()?.invoke(cx, grant, call).await.map(|_| ())
        }
        "sns:Publish" => ports.topics()?.publish(cx, grant, target, Some(SUBJECT.into()), body, Vec::new()).await.map(|_| ()),
        _ => {
            let message = QueueMessage { body, trace: delivery.trace_header.clone(), ..QueueMessage::default() };
            ports.queues()?.deliver(cx, grant, target, message).await.map(|_| ())
        }
    }
}

/// Throttling and failures of the other side pass; a target that is gone or shut stays so.
fn is_transient(fault: &Fault) -> bool {
    fault.status >= 500 || fault.status == 429 || fault.code.contains("Throttl") || fault.code.contains("TooManyRequests")
}

/// The test message that queues and topics get when they are configured. Functions get none.
pub(super) fn test(tx: &mut Tx<'_>, cx: &Context, found: &state::Found, target: &str) {
    let body = serde_json::json!({
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": kit::time::iso_millis(cx.now()),
        "Bucket": found.name,
        "RequestId": cx.request_id(),
        "HostId": super::record::host_id(cx),
    });
    let delivery = Delivery {
        bucket: found.name.clone(),
        event: "TestEvent".into(),
        target: target.to_owned(),
        body: body.to_string(),
        trace: cx.trace().to_string(),
        trace_header: None,
    };
    tx.task(NewTask::new(&found.scope, "s3", "notify", &delivery).cause(cx.cause()));
}
