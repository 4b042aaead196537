//! Where results and failures go, whether an event ended or a batch was given up: queues, topics and buckets, reached as a function's role, which
//! must be allowed what AWS's guide lists.

use kit::{
    Body, Context, Fault, Need,
    ports::{NewObject, QueueMessage},
};

/// Sends a message to a queue.
pub(crate) async fn to_queue(role: &Context, queue_arn: &str, message: QueueMessage) -> Result<(), Fault> {
    let grant = role.grant(&Need::on("sqs:SendMessage", queue_arn))?;
    role.cloud().ports().queues()?.deliver(role, grant, queue_arn, message).await.map(drop)
}

/// Publishes to a topic of SNS, with attributes by name.
pub(crate) async fn to_topic(role: &Context, topic_arn: &str, message: String, attributes: Vec<(String, String)>) -> Result<(), Fault> {
    let grant = role.grant(&Need::on("sns:Publish", topic_arn))?;
    role.cloud().ports().topics()?.publish(role, grant, topic_arn, None, message, attributes).await.map(drop)
}

/// Writes a record of JSON into a bucket: `FOLDER/YYYY/MM/DD/YYYY-MM-DDTHH.MM.SS-<uuid>` (AWS's guide).
pub(crate) async fn to_bucket(role: &Context, bucket_arn: &str, folder: &str, record: String) -> Result<(), Fault> {
    let bucket = bucket_arn.rsplit(':').next().unwrap_or_default();
    let at = kit::time::iso_secs(role.now());
    let (day, moment) = (at[..10].replace('-', "/"), at.trim_end_matches('Z').replace(':', "."));
    let key = format!("{folder}/{day}/{moment}-{}", role.ids().uuid());
    let grant = role.grant(&Need::on("s3:PutObject", format!("{bucket_arn}/{key}")))?;
    let object = NewObject { bucket: bucket.into(), key, content_type: Some("application/json".into()), metadata: Vec::new() };
    role.cloud().ports().objects()?.put(role, grant, object, Body::from_bytes(record)).await.map(drop)
}
