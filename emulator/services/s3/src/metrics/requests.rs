//! Request metrics: for each metrics configuration of a bucket whose filter takes the request's key.

use crate::{configuration, model::MetricsConfiguration, state::NAMES};
use kit::ports::Measured;
use kit::{Answered, Context, Read, Scope};

/// Tells of an answered request. A build without CloudWatch stops at the first step, a bucket without configurations at the second.
pub(crate) fn tell(cx: &Context, answered: &Answered<'_>) {
    if cx.cloud().ports().metrics().is_err() {
        return;
    }
    let (bucket, key) = crate::access_log::key_of(answered.head);
    let Ok(Some((scope, all))) = cx.store().read(|s| -> Result<_, kit::Fault> {
        let Some(scope) = s.get(&NAMES, &Scope::new("", ""), &bucket)? else { return Ok(None) };
        let all = configuration::metrics_of(s, &scope, &bucket)?;
        Ok(Some((scope, all)))
    }) else {
        return;
    };
    if all.is_empty() {
        return;
    }
    let values = values(answered);
    for configuration in all.iter().filter(|configuration| takes(configuration, key.as_deref())) {
        let under = [("BucketName", bucket.as_str()), ("FilterId", configuration.id.as_str())];
        cx.cloud().ports().measure(&scope, cx.now(), &Measured { namespace: "AWS/S3", under: &[&under], values: &values });
    }
}

/// Without a filter all requests count; with a prefix those for keys that start with it. Filters by tags take none: PutBucketMetricsConfiguration
/// warns of that.
fn takes(configuration: &MetricsConfiguration, key: Option<&str>) -> bool {
    let Some(filter) = &configuration.filter else { return true };
    match &filter.prefix {
        Some(prefix) => key.is_some_and(|key| key.starts_with(prefix.as_str())),
        None => false,
    }
}

fn values(answered: &Answered<'_>) -> Vec<(&'static str, &'static str, f64)> {
    let truth = |holds: bool| f64::from(u8::from(holds));
    let kind = match (answered.operation, answered.head.method.as_str()) {
        (operation, "GET") if operation.starts_with("List") => "ListRequests",
        (_, "GET") => "GetRequests",
        (_, "PUT") => "PutRequests",
        (_, "DELETE") => "DeleteRequests",
        (_, "HEAD") => "HeadRequests",
        _ => "PostRequests",
    };
    let sent = answered.head.headers.get("content-length").and_then(|value| value.to_str().ok()?.parse::<f64>().ok());
    let took = answered.took_ms as f64;
    let mut values = vec![
        ("AllRequests", "Count", 1.0),
        (kind, "Count", 1.0),
        ("4xxErrors", "Count", truth((400..500).contains(&answered.status))),
        ("5xxErrors", "Count", truth(answered.status >= 500)),
        ("FirstByteLatency", "Milliseconds", took),
        ("TotalRequestLatency", "Milliseconds", took),
    ];
    values.extend(answered.length.filter(|_| kind == "GetRequests").map(|bytes| ("BytesDownloaded", "Bytes", bytes as f64)));
    values.extend(sent.filter(|_| matches!(kind, "PutRequests" | "PostRequests")).map(|bytes| ("BytesUploaded", "Bytes", bytes)));
    values
}
