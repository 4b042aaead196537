//! Where records go that a function can't deal with: to the mapping's destination, with AWS's record of what happened, or nowhere.

use super::poll::{Look, Piece};
use crate::{destinations, invoke::run::Done};
use kit::{
    Bytes, Fault, RecordKind,
    ports::{KafkaRecord, QueueMessage},
};
use serde_json::{Map, Value, json};

/// Gives a piece up. A destination that can't be reached loses it, as on AWS, and the journal says so.
pub(super) async fn discard(look: &Look<'_>, piece: &Piece, condition: &str, done: Option<&Done>) {
    let arn = super::super::arn(&look.key.0, &look.key.1);
    let detail = json!({ "records": piece.records.len(), "condition": condition, "destination": look.topic.on_failure });
    look.cx.cloud().journal().write(look.cx, RecordKind::Event, "lambda", "Discard", &arn, "ok", detail);
    let Some(target) = &look.topic.on_failure else { return };
    let record = tell(look, piece, condition, done);
    if let Err(fault) = send(look, piece, target, record).await {
        let detail = json!({ "message": fault.message });
        look.cx.cloud().journal().write(&look.role, RecordKind::Event, "lambda", "Deliver", target, &fault.code, detail);
        let name = look.mapping.name(&look.key.0);
        crate::invoke::metrics::record(look.cx, &name, None, &[crate::invoke::metrics::one("DestinationDeliveryFailures")]);
    }
}

async fn send(look: &Look<'_>, piece: &Piece, target: &str, mut record: Value) -> Result<(), Fault> {
    if let Some(topic) = target.strip_prefix("kafka://") {
        return to_topic(look, piece, topic, &record).await;
    }
    match target.split(':').nth(2) {
        Some("sqs") => {
            let message = QueueMessage { body: record.to_string(), ..QueueMessage::default() };
            destinations::to_queue(&look.role, target, message).await
        }
        Some("sns") => destinations::to_topic(&look.role, target, record.to_string(), Vec::new()).await,
        // A bucket gets the whole event, too.
        _ => {
            let event = super::event::event(&look.mapping, &look.topic, &look.opened.bootstrap, &piece.records);
            record["payload"] = event.to_string().into();
            let folder = format!("aws/lambda/{}", look.mapping.uuid);
            destinations::to_bucket(&look.role, target, &folder, record.to_string()).await
        }
    }
}

/// The failed records themselves, each with what happened in headers. AWS says that records and metadata are sent, and not how they are laid out.
async fn to_topic(look: &Look<'_>, piece: &Piece, topic: &str, record: &Value) -> Result<(), Fault> {
    let header = |name: &str| (format!("lambda.{name}"), Bytes::from(record[name].to_string()));
    let told = |r: &super::event::Record| {
        let mut raw: KafkaRecord = r.raw.clone();
        let from = json!({ "topic": look.topic.topic, "partition": raw.partition, "offset": raw.offset }).to_string();
        raw.headers.extend([header("requestContext"), header("responseContext"), ("lambda.source".into(), Bytes::from(from))]);
        raw
    };
    let records = piece.records.iter().map(told).collect();
    let written = look.port.write(&look.role, &look.source, topic, records).await;
    written.map_err(|trouble| Fault::new("KafkaDestinationFailed", 400, trouble.to_string()))
}

/// AWS's record of a batch that failed.
fn tell(look: &Look<'_>, piece: &Piece, condition: &str, done: Option<&Done>) -> Value {
    let event = super::event::event(&look.mapping, &look.topic, &look.opened.bootstrap, &piece.records);
    let mut ranges: Map<String, Value> = Map::new();
    for record in &piece.records {
        let at = kit::time::iso_millis(kit::Timestamp::from_millis(record.raw.time_ms));
        let offset = record.raw.offset.to_string();
        let range = ranges.entry(format!("{}-{}", look.topic.topic, record.raw.partition)).or_insert_with(
            || json!({ "firstRecordOffset": offset, "firstRecordTimestamp": at, "lastRecordOffset": offset, "lastRecordTimestamp": at }),
        );
        range["lastRecordOffset"] = offset.into();
        range["lastRecordTimestamp"] = at.into();
    }
    let mut batch = json!({
        "batchSize": piece.records.len(),
        "bootstrapServers": look.opened.bootstrap,
        "payloadSize": event.to_string().len(),
        "recordsInfo": ranges,
    });
    if look.topic.servers.is_empty() {
        batch["eventSourceArn"] = look.mapping.queue_arn.clone().into();
    }
    let mut record = json!({
        "requestContext": {
            "requestId": look.cx.ids().uuid(),
            "functionArn": look.mapping.name(&look.key.0).arn(),
            "condition": condition,
            "approximateInvokeCount": piece.attempts + u32::from(done.is_some()),
        },
        "version": "1.0",
        "timestamp": kit::time::iso_millis(look.cx.now()),
        "KafkaBatchInfo": batch,
    });
    if let Some(done) = done {
        let mut response = json!({ "statusCode": 200, "executedVersion": done.version });
        if done.error.is_some() {
            response["functionError"] = "Unhandled".into();
        }
        record["responseContext"] = response;
    }
    record
}
