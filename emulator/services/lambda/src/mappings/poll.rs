//! One look into a queue: receive, filter, gather, and send off what is ready.

use super::{
    MAPPINGS, Mapping,
    batch::{self, Record},
    filter,
    pollers::{Key, Session},
};
use crate::{Lambda, state::*};
use base64::{Engine, prelude::BASE64_STANDARD};
use kit::{
    Arn, Context, Fault, Need, Read, Timestamp,
    ports::{QueueAttribute, ReceivedMessage},
};
use serde_json::{Value, json};
use std::sync::Arc;

/// Messages of one call of ReceiveMessage.
const MOST_RECEIVED: usize = 10;
/// Bytes of a batch's records: the event of a synchronous invocation without its frame.
const MOST_BYTES: usize = crate::invoke::MOST_SYNC_BYTES - 64;
/// Sessions that end within this time are made anew.
const LAPSE_SECS: i128 = 120;

/// Receives until the queue has no more or no more batches may run.
pub(super) async fn look(lambda: &Arc<Lambda>, cx: &Context, key: &Key) -> Result<(), Fault> {
    let pollers = &lambda.pollers;
    let Some(mapping) = cx.store().read(|s| s.get(&MAPPINGS, &key.0, &key.1))?.filter(|m| m.enabled) else {
        pollers.forget(&key.0, &key.1);
        return Ok(());
    };
    let Some(patterns) = pollers.with(key, |poller| poller.patterns.of(&mapping.filters, "body")) else { return Ok(()) };
    let role = role(lambda, cx, key, &mapping).await?;
    loop {
        let (room, rest) = pollers.room(key, mapping.max_concurrency, cx.cloud().clock());
        if !room {
            if let Some(until) = rest {
                pollers.wake_at(cx.cloud(), key, until);
            }
            return Ok(());
        }
        let gathered = pollers.with(key, |p| p.gathered.len()).unwrap_or(0);
        let want = (mapping.batch_size.max(1) as usize).saturating_sub(gathered).min(MOST_RECEIVED);
        let received = if want > 0 { receive(&role, &mapping, want).await? } else { Vec::new() };
        let none = received.is_empty();
        let (wanted, others): (Vec<Record>, Vec<Record>) =
            received.into_iter().partition(|r| filter::passes(&patterns, &r.value, r.value["body"].as_str()));
        batch::delete(&role, &mapping, others.into_iter().map(|r| r.receipt).collect()).await?;
        gather(lambda, cx, key, &mapping, wanted);
        match ready(lambda, cx, key, &mapping, none) {
            Some(records) => {
                let role = role.clone();
                if pollers.begin(key, mapping.max_concurrency, cx.now()) {
                    batch::start(lambda, cx, key, &mapping, &role, records);
                }
            }
            None if none => {
                sleep(lambda, cx, key, &mapping);
                return Ok(());
            }
            None => {}
        }
    }
}

/// When to look again: messages that are hidden now, and the end of the window.
fn sleep(lambda: &Arc<Lambda>, cx: &Context, key: &Key, mapping: &Mapping) {
    let visible = cx.cloud().ports().queues().ok().and_then(|queues| queues.next_visible(cx, &mapping.queue_arn));
    // What is visible but was not given (a FIFO group that waits for others) rings no bell.
    let visible = visible.map(|at| if at <= cx.now() { cx.now().plus_ns(1_000_000_000) } else { at });
    let until = lambda.pollers.with(key, |p| p.until.filter(|_| !p.gathered.is_empty())).flatten();
    if let Some(at) = visible.into_iter().chain(until).min() {
        lambda.pollers.wake_at(cx.cloud(), key, at);
    }
}

fn gather(lambda: &Lambda, cx: &Context, key: &Key, mapping: &Mapping, records: Vec<Record>) {
    let window_ns = i128::from(mapping.window_secs) * 1_000_000_000;
    lambda.pollers.with(key, |poller| {
        if poller.gathered.is_empty() && !records.is_empty() {
            poller.until = Some(cx.now().plus_ns(window_ns));
        }
        poller.gathered.extend(records);
    });
}

/// The records that go off now: as many as a batch may have, when it is full or its window is over.
fn ready(lambda: &Lambda, cx: &Context, key: &Key, mapping: &Mapping, dry: bool) -> Option<Vec<Record>> {
    let now = cx.now();
    lambda.pollers.with(key, |poller| {
        let (mut bytes, mut count) = (0, 0);
        for record in poller.gathered.iter().take(mapping.batch_size.max(1) as usize) {
            if count > 0 && bytes + record.bytes > MOST_BYTES {
                break;
            }
            (bytes, count) = (bytes + record.bytes + 1, count + 1);
        }
        let full = count >= mapping.batch_size.max(1) as usize || count < poller.gathered.len();
        let over = poller.until.is_none_or(|until| until <= now) && (dry || mapping.window_secs == 0);
        let goes = count > 0 && (full || over);
        let records = goes.then(|| poller.gathered.drain(..count).collect::<Vec<_>>());
        if goes {
            poller.until = (!poller.gathered.is_empty()).then_some(now);
        }
        records
    })?
}

async fn receive(role: &Context, mapping: &Mapping, most: usize) -> Result<Vec<Record>, Fault> {
    let grant = role.grant(&Need::on("sqs:ReceiveMessage", &mapping.queue_arn))?;
    let messages = role.cloud().ports().queues()?.receive(role, grant, &mapping.queue_arn, most).await?;
    Ok(messages.into_iter().map(|message| record(mapping, message)).collect())
}

/// A message as functions see it.
fn record(mapping: &Mapping, message: ReceivedMessage) -> Record {
    let attribute = |attribute: QueueAttribute| {
        let mut shown = json!({ "stringListValues": [], "binaryListValues": [], "dataType": attribute.kind });
        match attribute.kind.starts_with("Binary") {
            true => shown["binaryValue"] = BASE64_STANDARD.encode(&attribute.value).into(),
            false => shown["stringValue"] = String::from_utf8_lossy(&attribute.value).into(),
        }
        (attribute.name, shown)
    };
    let attributes: serde_json::Map<String, Value> = message.attributes.into_iter().map(attribute).collect();
    let mut value = json!({
        "messageId": message.id,
        "receiptHandle": message.receipt,
        "body": message.body,
        "attributes": message.system,
        "messageAttributes": attributes,
        "md5OfBody": message.md5,
        "eventSource": "aws:sqs",
        "eventSourceARN": mapping.queue_arn,
        "awsRegion": Arn::parse(&mapping.queue_arn).map_or("", |arn| arn.region),
    });
    // Older recordings lack it where there are no attributes, newer ones have null.
    value["md5OfMessageAttributes"] = message.attributes_md5.into();
    Record { id: message.id, receipt: message.receipt, bytes: value.to_string().len(), value }
}

/// The function's role, assumed once for as long as its session is good.
async fn role(lambda: &Lambda, cx: &Context, key: &Key, mapping: &Mapping) -> Result<Context, Fault> {
    let name = mapping.name(&key.0);
    let config = cx.store().read(|s| config(s, &name, &function(s, &name)?))?;
    let good = |known: &Session| known.role == config.role && known.expires.unix_ns - cx.now().unix_ns > LAPSE_SECS * 1_000_000_000;
    let known = lambda.pollers.with(key, |poller| poller.session.clone().filter(good)).flatten();
    let known = match known {
        Some(known) => known,
        None => {
            let sessions = cx.cloud().ports().sessions()?;
            let made = sessions.for_service(cx, &config.role, "lambda.amazonaws.com", &mapping.function, 12 * 3600).await?;
            let session = Session { role: config.role, session: Arc::new(made.session), expires: made.expires };
            lambda.pollers.with(key, |poller| poller.session = Some(session.clone()));
            session
        }
    };
    Ok(cx.as_role(known.session))
}

/// When the messages received now are visible again, if the function does not deal with them.
pub(super) async fn visible_again(role: &Context, mapping: &Mapping) -> Timestamp {
    let secs = visibility_secs(role, mapping).await.unwrap_or(30);
    role.now().plus_ns(i128::from(secs) * 1_000_000_000)
}

/// The visibility timeout of a mapping's queue, read with the function's role.
pub(super) async fn visibility_secs(role: &Context, mapping: &Mapping) -> Result<i64, Fault> {
    let grant = role.grant(&Need::on("sqs:GetQueueAttributes", &mapping.queue_arn))?;
    role.cloud().ports().queues()?.visibility_secs(role, grant, &mapping.queue_arn).await
}
