//! What a mapping of a topic may say. Recorded sentences where the recordings have the case; the rest follows AWS's service model and guide.

use super::{super::Mapping, Topic};
use crate::{model::*, state::*};
use kit::{Arn, Fault};

/// Most servers of a mapping (AWS's service model: 1 to 10).
const MOST_SERVERS: usize = 10;
/// The one key of a map of endpoints.
pub(super) const ENDPOINTS: &str = "KAFKA_BOOTSTRAP_SERVERS";

/// What a new mapping asks for.
pub(in super::super) fn create(input: &CreateEventSourceMappingInput) -> Result<Topic, Fault> {
    unfit(&[
        ("ParallelizationFactor", input.parallelization_factor.is_some()),
        ("TumblingWindowInSeconds", input.tumbling_window_in_seconds.is_some()),
        ("Queues", input.queues.is_some()),
        ("ScalingConfig", input.scaling_config.is_some()),
        ("DocumentDBEventSourceConfig", input.document_db_event_source_config.is_some()),
    ])?;
    let servers = servers(input)?;
    if !servers.is_empty() && input.amazon_managed_kafka_event_source_config.is_some()
        || servers.is_empty() && input.self_managed_kafka_event_source_config.is_some()
    {
        return Err(invalid("The consumer group configuration is for another type of event source."));
    }
    let access = access(input.source_access_configurations.as_deref(), &servers)?;
    if !servers.is_empty() && access.is_empty() {
        return Err(invalid("Required 'sourceAccessConfigurations' parameter is missing."));
    }
    let topic = match input.topics.as_deref() {
        None | Some([]) => return Err(invalid("Required 'topics' parameter is missing.")),
        Some([topic]) => topic.clone(),
        Some(_) => return Err(invalid("Exactly one topic must be given.")),
    };
    let start = input.starting_position.ok_or_else(|| {
        invalid("1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not be null.")
    })?;
    if (start == EventSourcePosition::AtTimestamp) != input.starting_position_timestamp.is_some() {
        return Err(invalid("StartingPositionTimestamp must be given with StartingPosition AT_TIMESTAMP, and with no other."));
    }
    let wanted = Topic {
        group: group(input)?.unwrap_or_default(),
        start: start.as_str().to_owned(),
        start_at: input.starting_position_timestamp,
        has_window: input.maximum_batching_window_in_seconds.is_some(),
        max_retries: input.maximum_retry_attempts,
        max_age_secs: input.maximum_record_age_in_seconds,
        bisects: input.bisect_batch_on_function_error,
        on_failure: destination(input.destination_config.as_ref(), &topic)?,
        pollers: pollers(input.provisioned_poller_config.as_ref())?,
        servers,
        topic,
        access,
    };
    sound(&wanted)?;
    Ok(wanted)
}

/// What a change leaves of a mapping. Source, topic, group and start stay what they are.
pub(in super::super) fn update(before: &Mapping, topic: &Topic, input: &UpdateEventSourceMappingInput) -> Result<Topic, Fault> {
    unfit(&[
        ("ParallelizationFactor", input.parallelization_factor.is_some()),
        ("TumblingWindowInSeconds", input.tumbling_window_in_seconds.is_some()),
        ("ScalingConfig", input.scaling_config.is_some()),
        ("DocumentDBEventSourceConfig", input.document_db_event_source_config.is_some()),
        ("AmazonManagedKafkaEventSourceConfig", input.amazon_managed_kafka_event_source_config.is_some()),
        ("SelfManagedKafkaEventSourceConfig", input.self_managed_kafka_event_source_config.is_some()),
    ])?;
    let mut wanted = topic.clone();
    if let Some(given) = input.source_access_configurations.as_deref() {
        wanted.access = access(Some(given), &topic.servers)?;
        if !topic.servers.is_empty() && wanted.access.is_empty() {
            return Err(invalid("Required 'sourceAccessConfigurations' parameter is missing."));
        }
    }
    wanted.has_window |=
        input.maximum_batching_window_in_seconds.is_some_and(|secs| secs != before.window_secs || topic.has_window || secs > 0);
    wanted.max_retries = input.maximum_retry_attempts.or(wanted.max_retries);
    wanted.max_age_secs = input.maximum_record_age_in_seconds.or(wanted.max_age_secs);
    wanted.bisects = input.bisect_batch_on_function_error.or(wanted.bisects);
    if input.destination_config.is_some() {
        wanted.on_failure = destination(input.destination_config.as_ref(), &topic.topic)?;
    }
    if input.provisioned_poller_config.is_some() {
        wanted.pollers = pollers(input.provisioned_poller_config.as_ref())?;
    }
    sound(&wanted)?;
    Ok(wanted)
}

fn unfit(members: &[(&str, bool)]) -> Result<(), Fault> {
    match members.iter().find(|(_, given)| *given) {
        Some((member, _)) => Err(invalid(format!("Unsupported {member} parameter for given event source mapping type."))),
        None => Ok(()),
    }
}

/// The servers that the request names; none where it names a cluster of MSK.
fn servers(input: &CreateEventSourceMappingInput) -> Result<Vec<String>, Fault> {
    let Some(source) = &input.self_managed_event_source else { return Ok(Vec::new()) };
    let endpoints = source.endpoints.as_ref().and_then(|map| map.get(ENDPOINTS));
    let servers = endpoints.cloned().unwrap_or_default();
    let good = |server: &String| {
        server
            .rsplit_once(':')
            .is_some_and(|(host, port)| !host.is_empty() && host.len() <= 255 && port.parse::<u16>().is_ok_and(|p| p > 0))
    };
    match servers.is_empty() || servers.len() > MOST_SERVERS || !servers.iter().all(good) {
        true => Err(invalid("KAFKA_BOOTSTRAP_SERVERS must name 1 to 10 servers as HOST:PORT.")),
        false => Ok(servers),
    }
}

fn group(input: &CreateEventSourceMappingInput) -> Result<Option<String>, Fault> {
    let managed = input.amazon_managed_kafka_event_source_config.as_ref();
    let own = input.self_managed_kafka_event_source_config.as_ref();
    let schemas = managed.is_some_and(|c| c.schema_registry_config.is_some()) || own.is_some_and(|c| c.schema_registry_config.is_some());
    if schemas {
        return Err(not_implemented("schema registries of event source mappings (SchemaRegistryConfig)"));
    }
    if own.and_then(|c| c.consumption_mode) == Some(KafkaConsumptionMode::Queue) {
        return Err(not_implemented("share groups of event source mappings (ConsumptionMode Queue)"));
    }
    let group = managed.and_then(|c| c.consumer_group_id.clone()).or_else(|| own.and_then(|c| c.consumer_group_id.clone()));
    Ok(group.filter(|group| !group.is_empty()))
}

fn access(given: Option<&[SourceAccessConfiguration]>, servers: &[String]) -> Result<Vec<(String, String)>, Fault> {
    let mut access = Vec::new();
    for one in given.unwrap_or_default() {
        let (Some(kind), Some(uri)) = (one.r#type, &one.uri) else {
            return Err(invalid("Each of SourceAccessConfigurations must have a Type and a URI."));
        };
        let secret = Arn::parse(uri).is_some_and(|arn| arn.service == "secretsmanager");
        let fits = match kind {
            SourceAccessType::ClientCertificateTlsAuth => {
                return Err(not_implemented("mutual TLS of event source mappings (CLIENT_CERTIFICATE_TLS_AUTH)"));
            }
            SourceAccessType::SaslScram512Auth => secret,
            SourceAccessType::SaslScram256Auth | SourceAccessType::BasicAuth | SourceAccessType::ServerRootCaCertificate => {
                secret && !servers.is_empty()
            }
            SourceAccessType::VpcSubnet => uri.starts_with("subnet:subnet-") && !servers.is_empty(),
            SourceAccessType::VpcSecurityGroup => uri.starts_with("security_group:sg-") && !servers.is_empty(),
            _ => false,
        };
        if !fits {
            return Err(invalid(format!(
                "Invalid source access configuration: {} with URI {uri} does not fit the event source.",
                kind.as_str()
            )));
        }
        access.push((kind.as_str().to_owned(), uri.clone()));
    }
    Ok(access)
}

fn destination(config: Option<&DestinationConfig>, topic: &str) -> Result<Option<String>, Fault> {
    let Some(config) = config else { return Ok(None) };
    if config.on_success.as_ref().is_some_and(|d| d.destination.is_some()) {
        return Err(invalid("Unsupported DestinationConfig parameter for given event source mapping type."));
    }
    let target = config.on_failure.as_ref().and_then(|d| d.destination.clone()).filter(|target| !target.is_empty());
    let Some(target) = target else { return Ok(None) };
    match (target.strip_prefix("kafka://"), Arn::parse(&target).map(|arn| arn.service)) {
        (Some(other), _) if other == topic => {
            Err(invalid("The on-failure destination topic must be another topic than the event source's."))
        }
        (Some(other), _) if !other.is_empty() => Ok(Some(target)),
        (None, Some("sqs" | "sns" | "s3")) if !target.ends_with(".fifo") => Ok(Some(target)),
        _ => Err(invalid(format!(
            "The provided destination config DestinationConfig(onFailure=OnFailure(destination={target})) is invalid."
        ))),
    }
}

fn pollers(config: Option<&ProvisionedPollerConfig>) -> Result<Option<(Option<i32>, Option<i32>)>, Fault> {
    let Some(config) = config else { return Ok(None) };
    if config.poller_group_name.is_some() {
        return Err(not_implemented("groups of pollers (PollerGroupName)"));
    }
    let (fewest, most) = (config.minimum_pollers, config.maximum_pollers);
    if fewest.unwrap_or(1) > most.unwrap_or(super::MOST_POLLERS) {
        return Err(invalid("MinimumPollers must not be greater than MaximumPollers."));
    }
    Ok((fewest.is_some() || most.is_some()).then_some((fewest, most)))
}

fn sound(topic: &Topic) -> Result<(), Fault> {
    // The model allows -1 to 604800; what lies between is refused by the service (AWS's documentation: -1, or at least 60).
    match topic.max_age_secs {
        Some(secs) if secs != -1 && secs < 60 => Err(invalid("MaximumRecordAgeInSeconds must be -1 or between 60 and 604800.")),
        _ => Ok(()),
    }
}
