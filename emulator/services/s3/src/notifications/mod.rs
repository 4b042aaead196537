//! Events of a bucket: who is to be told (`config`), what is said (`record`, `event_bridge`), and the telling (`delivery`).
//!
//! An event is an outbox row of the transaction that causes it, so that it is told if and only if the change happened.

mod config;
pub(crate) mod delivery;
mod event_bridge;
mod record;

pub use record::EventVersion;

use crate::{
    model::*,
    state::{Found, Object},
};
use kit::{Context, Fault, Read, Scope, Tx, store::NewTask};

/// Something that happened to a key.
#[derive(Default)]
pub(crate) struct Happening<'a> {
    /// `ObjectCreated:Put`
    pub name: &'a str,
    pub key: &'a str,
    pub size: Option<u64>,
    pub etag: Option<&'a str>,
    pub version_id: Option<&'a str>,
    pub sequencer: Option<u64>,
    /// The class that an object lies in, where the event is about that.
    pub storage_class: Option<&'a str>,
}

impl<'a> Happening<'a> {
    /// Something that happened to an object that is there, told with its size and tag.
    pub fn to(name: &'a str, key: &'a str, object: &'a Object, version_id: Option<&'a str>) -> Happening<'a> {
        Happening { name, key, size: Some(object.size), etag: Some(&object.etag), version_id, ..Happening::default() }
    }
}

/// Writes an outbox row for everybody who asked for this event.
pub(crate) fn emit(tx: &mut Tx<'_>, cx: &Context, found: &Found, happening: &Happening<'_>) -> Result<(), Fault> {
    emit_with(tx, cx, found, happening, &[])
}

/// As [`emit`], with members of the record that only this kind of event has (`glacierEventData`).
pub(crate) fn emit_with(
    tx: &mut Tx<'_>,
    cx: &Context,
    found: &Found,
    happening: &Happening<'_>,
    data: &[(&str, serde_json::Value)],
) -> Result<(), Fault> {
    let Some(configuration) = &found.bucket.notifications else { return Ok(()) };
    if configuration.event_bridge_configuration.is_some() {
        event_bridge::emit(tx, cx, found, happening, data)?;
    }
    let wanting: Vec<Target<'_>> = targets(configuration)
        .filter(|target| target.events.iter().any(|event| covers(event, happening.name)) && passes(target.filter, happening.key))
        .collect();
    if wanting.is_empty() {
        return Ok(());
    }
    let version = record::version(tx, happening.name)?;
    for target in wanting {
        let body = record::records(cx, found, target.id, happening, data, &version);
        let delivery = delivery::Delivery {
            bucket: found.name.clone(),
            event: happening.name.to_owned(),
            target: target.arn.to_owned(),
            body,
            trace: cx.trace().to_string(),
            trace_header: cx.source().trace_header.clone(),
        };
        // What happens to one key is told one after the other.
        let lane = format!("{}/{}/{}", found.name, target.arn, happening.key);
        tx.task(NewTask::new(&found.scope, "s3", "notify", &delivery).key(lane).cause(cx.cause()));
    }
    Ok(())
}

/// Keeps how this cloud numbers its events, where those who emit find it.
pub(crate) async fn number_events(cx: &Context, version: EventVersion) -> Result<(), Fault> {
    let everywhere = Scope::new("", "");
    let kept = cx.store().read(|s| s.get(&record::NUMBERING, &everywhere, &()))?;
    if kept.unwrap_or_default() == version {
        return Ok(());
    }
    cx.store().write(|tx| tx.put(&record::NUMBERING, &everywhere, &(), &version)).await
}

/// One target of a configuration, whatever its kind.
struct Target<'a> {
    id: &'a str,
    arn: &'a str,
    events: &'a [String],
    filter: Option<&'a NotificationConfigurationFilter>,
}

fn targets(configuration: &NotificationConfiguration) -> impl Iterator<Item = Target<'_>> {
    let queues = configuration.queue_configurations.iter().flatten().map(|c| Target {
        id: c.id.as_deref().unwrap_or_default(),
        arn: &c.queue_arn,
        events: &c.events,
        filter: c.filter.as_ref(),
    });
    let functions = configuration.lambda_function_configurations.iter().flatten().map(|c| Target {
        id: c.id.as_deref().unwrap_or_default(),
        arn: &c.lambda_function_arn,
        events: &c.events,
        filter: c.filter.as_ref(),
    });
    let topics = configuration.topic_configurations.iter().flatten().map(|c| Target {
        id: c.id.as_deref().unwrap_or_default(),
        arn: &c.topic_arn,
        events: &c.events,
        filter: c.filter.as_ref(),
    });
    topics.chain(queues).chain(functions)
}

/// Whether a configured event (`s3:ObjectCreated:*`) covers one that happened (`ObjectCreated:Put`).
fn covers(configured: &str, happened: &str) -> bool {
    let configured = configured.strip_prefix("s3:").unwrap_or(configured);
    match configured.strip_suffix('*') {
        Some(start) => happened.starts_with(start),
        None => configured == happened,
    }
}

/// Whether a key passes the filter; the key as it is, not as events encode it.
fn passes(filter: Option<&NotificationConfigurationFilter>, key: &str) -> bool {
    rules(filter).all(|(name, value)| if name == "prefix" { key.starts_with(value) } else { key.ends_with(value) })
}

/// The rules of a filter, names in lower case.
fn rules(filter: Option<&NotificationConfigurationFilter>) -> impl Iterator<Item = (String, &str)> {
    let rules = filter.and_then(|filter| filter.key.as_ref()).and_then(|key| key.filter_rules.as_ref());
    rules
        .into_iter()
        .flatten()
        .map(|rule| (rule.name.as_deref().unwrap_or_default().to_ascii_lowercase(), rule.value.as_deref().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_and_filters_match() {
        assert!(covers("s3:ObjectCreated:*", "ObjectCreated:Put"));
        assert!(!covers("s3:ObjectCreated:Put", "ObjectCreated:Copy"));
        assert!(!covers("s3:ObjectRemoved:*", "ObjectCreated:Put"));
        let rule = |name: &str, value: &str| FilterRule { name: Some(name.into()), value: Some(value.into()) };
        let rules = vec![rule("Prefix", "in/"), rule("suffix", ".jpg")];
        let filter = NotificationConfigurationFilter { key: Some(S3KeyFilter { filter_rules: Some(rules) }) };
        assert!(passes(Some(&filter), "in/a b.jpg"));
        assert!(!passes(Some(&filter), "out/a.jpg"));
        assert!(!passes(Some(&filter), "in/a.png"));
        assert!(passes(None, "anything"));
    }
}
