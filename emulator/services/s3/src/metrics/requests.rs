//! Request metrics: for each metrics configuration of a bucket whose filter takes the request's key.

use crate::{
    configuration,
    model::{MetricsConfiguration, Tag},
    state::{Found, NAMES, Tags},
    versions,
};
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
    let object = std::cell::OnceCell::new();
    let tags = || &**object.get_or_init(|| tags_of(cx, &scope, &bucket, key.as_deref()));
    let values = values(answered);
    for configuration in all.iter().filter(|configuration| takes(configuration, key.as_deref(), tags)) {
        let under = [("BucketName", bucket.as_str()), ("FilterId", configuration.id.as_str())];
        cx.cloud().ports().measure(&scope, cx.now(), &Measured { namespace: "AWS/S3", under: &[&under], values: &values });
    }
}

/// The tags of the key's current version once the request is done: what was deleted has none.
fn tags_of(cx: &Context, scope: &Scope, bucket: &str, key: Option<&str>) -> Tags {
    let Some(key) = key else { return Tags::new() };
    let found = Found { name: bucket.to_owned(), scope: scope.clone(), bucket: Default::default() };
    let current = cx.store().read(|s| versions::current(s, &found, key)).ok().flatten();
    current.map_or_else(Tags::new, |version| version.object.tags)
}

/// Without a filter all requests count; with one those for keys of its prefix and for objects that have all of its tags.
fn takes<'t>(configuration: &MetricsConfiguration, key: Option<&str>, tags: impl Fn() -> &'t [(String, String)]) -> bool {
    let Some(filter) = &configuration.filter else { return true };
    let and = filter.and.as_ref();
    let prefix = filter.prefix.as_ref().or(and.and_then(|and| and.prefix.as_ref()));
    let mut wanted = filter.tag.iter().chain(and.and_then(|and| and.tags.as_ref()).into_iter().flatten());
    let has = |tag: &Tag| tags().iter().any(|(name, value)| *name == tag.key && *value == tag.value);
    key.is_some_and(|key| prefix.is_none_or(|prefix| key.starts_with(prefix.as_str()))) && wanted.all(has)
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
