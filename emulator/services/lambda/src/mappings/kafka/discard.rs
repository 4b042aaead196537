//! Where records go that a function can't deal with: to the mapping's destination, with AWS's record of what happened, or nowhere.

use super::poll::{Look, Piece};
use crate::invoke::run::Done;
use kit::{
    Body, Bytes, Context, Fault, Need, RecordKind,
    ports::{KafkaRecord, NewObject},
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

async fn send(look: &Look<'_>, piece: &Piece, target: &str, record: Value) -> Result<(), Fault> {
    let (role, ports) = (&look.role, look.role.cloud().ports());
    if let Some(topic) = target.strip_prefix("kafka://") {
        return to_topic(look, piece, topic, &record).await;
    }
    match target.split(':').nth(2) {
        Some("sqs") => {
            let grant = role.grant(&Need::on("sqs:SendMessage", target))?;
            ports.queues()?.send(role, grant, target, record.to_string(), Vec::new()).await.map(drop)
        }
        Some("sns") => {
            let grant = role.grant(&Need::on("sns:Publish", target))?;
            ports.topics()?.publish(role, grant, target, None, record.to_string(), Vec::new()).await.map(drop)
        }
        _ => to_bucket(look, piece, role, target, record).await,
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

/// `aws/lambda/<UUID>/YYYY/MM/DD/YYYY-MM-DDTHH.MM.SS-<uuid>`, with the whole event under `payload` (AWS's guide).
async fn to_bucket(look: &Look<'_>, piece: &Piece, role: &Context, bucket_arn: &str, mut record: Value) -> Result<(), Fault> {
    let event = super::event::event(&look.mapping, &look.topic, &look.opened.bootstrap, &piece.records);
    record["payload"] = event.to_string().into();
    let bucket = bucket_arn.rsplit(':').next().unwrap_or_default();
    let at = kit::time::iso_secs(look.cx.now());
    let (day, moment) = (at[..10].replace('-', "/"), at.trim_end_matches('Z').replace(':', "."));
    let key = format!("aws/lambda/{}/{day}/{moment}-{}", look.mapping.uuid, look.cx.ids().uuid());
    let grant = role.grant(&Need::on("s3:PutObject", format!("{bucket_arn}/{key}")))?;
    let object = NewObject { bucket: bucket.into(), key, content_type: Some("application/json".into()), metadata: Vec::new() };
    role.cloud().ports().objects()?.put(role, grant, object, Body::from_bytes(record.to_string())).await.map(drop)
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
