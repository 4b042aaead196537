//! DescribeConfigs of topics and of the broker.

use crate::{
    auth::Resource,
    call::{Call, text},
    configs::{SETTINGS, Setting},
    shared::NODE,
};
use kafka_protocol::{
    ResponseError as E,
    messages::{
        DescribeConfigsRequest, DescribeConfigsResponse,
        describe_configs_request::DescribeConfigsResource,
        describe_configs_response::{DescribeConfigsResourceResult, DescribeConfigsResult, DescribeConfigsSynonym},
    },
};

const TOPIC: i8 = 2;
const BROKER: i8 = 4;
/// Where a value comes from: set for the topic.
const OF_TOPIC: i8 = 1;
/// What the broker was started with.
const OF_START: i8 = 4;
/// Kafka's default.
const OF_DEFAULT: i8 = 5;

pub(super) async fn answer(call: &Call<'_>, request: DescribeConfigsRequest) -> DescribeConfigsResponse {
    let resources: Vec<_> = super::once(request.resources, |r| (r.resource_type, r.resource_name.clone())).collect();
    let results = resources.iter().map(|resource| {
        let result =
            DescribeConfigsResult::default().with_resource_type(resource.resource_type).with_resource_name(resource.resource_name.clone());
        let described = match resource.resource_type {
            TOPIC => topic(call, resource, request.include_synonyms, request.include_documentation),
            BROKER => broker(call, resource),
            other => Err((E::InvalidRequest, format!("configs of resources of type {other} are not described"))),
        };
        match described {
            Ok(configs) => result.with_configs(configs),
            Err((error, why)) => result.with_error_code(error.code()).with_error_message(Some(text(why))),
        }
    });
    DescribeConfigsResponse::default().with_results(results.collect())
}

type Described = Result<Vec<DescribeConfigsResourceResult>, (E, String)>;

fn asked(resource: &DescribeConfigsResource, name: &str) -> bool {
    resource.configuration_keys.as_ref().is_none_or(|keys| keys.iter().any(|key| key.as_str() == name))
}

fn topic(call: &Call<'_>, resource: &DescribeConfigsResource, synonyms: bool, documented: bool) -> Described {
    let name = resource.resource_name.as_str();
    if !call.may("DescribeTopicDynamicConfiguration", Resource::Topic(name)) {
        return Err((E::TopicAuthorizationFailed, "Authorization failed.".into()));
    }
    let topic =
        call.broker.topics.get(name).ok_or((E::UnknownTopicOrPartition, "This server does not host this topic-partition.".into()))?;
    let set = topic.configs();
    let each = |setting: &Setting| {
        let mine = set.get(setting.name);
        let value = text(mine.map_or(setting.default, String::as_str));
        let mut same = Vec::new();
        if synonyms {
            let synonym = |value: &str, source| {
                DescribeConfigsSynonym::default().with_name(text(setting.name)).with_value(Some(text(value))).with_source(source)
            };
            same.extend(mine.map(|value| synonym(value, OF_TOPIC)));
            same.push(synonym(setting.default, OF_DEFAULT));
        }
        let source = if mine.is_some() { OF_TOPIC } else { OF_DEFAULT };
        let result = DescribeConfigsResourceResult::default()
            .with_name(text(setting.name))
            .with_value(Some(value))
            .with_config_source(source)
            .with_synonyms(same);
        if call.version < 3 {
            return result;
        }
        let effect = setting.kept.then(|| text("Kept and told; has no effect on this broker."));
        result.with_config_type(setting.kind.code()).with_documentation(effect.filter(|_| documented))
    };
    Ok(SETTINGS.iter().filter(|setting| asked(resource, setting.name)).map(each).collect())
}

fn broker(call: &Call<'_>, resource: &DescribeConfigsResource) -> Described {
    if !call.may("DescribeClusterDynamicConfiguration", Resource::Cluster) {
        return Err((E::ClusterAuthorizationFailed, "Authorization failed.".into()));
    }
    if resource.resource_name.as_str() != NODE.to_string() {
        return Err((E::InvalidRequest, format!("Unexpected broker id, expected {NODE} but received {}", resource.resource_name.as_str())));
    }
    let options = &call.broker.options;
    let (limits, defaults) = (&options.limits, &options.defaults);
    let all = [
        ("auto.create.topics.enable", (defaults.auto_create && call.listener.auto_create).to_string()),
        ("broker.id", NODE.to_string()),
        ("group.initial.rebalance.delay.ms", defaults.rebalance_delay.as_millis().to_string()),
        ("group.max.session.timeout.ms", limits.session_ms.1.to_string()),
        ("group.min.session.timeout.ms", limits.session_ms.0.to_string()),
        ("log.retention.ms", "604800000".to_owned()),
        ("message.max.bytes", "1048588".to_owned()),
        ("num.partitions", defaults.partitions.to_string()),
        ("offsets.retention.minutes", (defaults.offsets_retention_ms / 60_000).to_string()),
        ("socket.request.max.bytes", limits.request_max_bytes.to_string()),
        ("transaction.max.timeout.ms", limits.transaction_max_ms.to_string()),
    ];
    let each = |(name, value): (&str, String)| {
        let result = DescribeConfigsResourceResult::default();
        result.with_name(text(name)).with_value(Some(text(value))).with_read_only(true).with_config_source(OF_START)
    };
    Ok(all.into_iter().filter(|(name, _)| asked(resource, name)).map(each).collect())
}
