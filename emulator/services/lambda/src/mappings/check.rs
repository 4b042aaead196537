//! What a mapping may say. Sentences are recorded ones where the recordings have the case; the rest follows the documentation.

use super::{Mapping, filter, kafka, poll};
use crate::{model::*, names::Name, state::*};
use kit::{Arn, Context, Fault, Need};
use std::sync::Arc;

/// What the function's role needs of a queue.
const ACTIONS: [&str; 3] = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"];
/// Filters that a mapping may have unless AWS was asked for more.
const MOST_FILTERS: usize = 5;

/// A mapping as a request wants it; its UUID is the caller's to give.
pub(super) async fn create(cx: &Context, input: &CreateEventSourceMappingInput) -> Result<Mapping, Fault> {
    let named = input.event_source_arn.as_deref().and_then(Arn::parse);
    if input.self_managed_event_source.is_some() || named.is_some_and(|arn| arn.service == "kafka") {
        return topic(cx, input);
    }
    let queue_arn = input.event_source_arn.clone().ok_or_else(|| invalid("Unrecognized event source."))?;
    match Arn::parse(&queue_arn).map(|arn| arn.service) {
        Some("sqs") => {}
        Some(other @ ("kinesis" | "dynamodb" | "mq" | "rds")) => {
            return Err(not_implemented(&format!("event source mappings of {other}; it polls SQS queues and Kafka topics")));
        }
        _ => return Err(invalid("Unrecognized event source.")),
    }
    if input.destination_config.is_some() {
        return Err(invalid("Unsupported DestinationConfig parameter for given event source mapping type."));
    }
    streams_only(&[
        ("StartingPosition", input.starting_position.is_some()),
        ("StartingPositionTimestamp", input.starting_position_timestamp.is_some()),
        ("ParallelizationFactor", input.parallelization_factor.is_some()),
        ("MaximumRecordAgeInSeconds", input.maximum_record_age_in_seconds.is_some()),
        ("BisectBatchOnFunctionError", input.bisect_batch_on_function_error == Some(true)),
        ("MaximumRetryAttempts", input.maximum_retry_attempts.is_some()),
        ("TumblingWindowInSeconds", input.tumbling_window_in_seconds.is_some()),
        ("Topics", input.topics.is_some()),
        ("Queues", input.queues.is_some()),
        ("SourceAccessConfigurations", input.source_access_configurations.is_some()),
        ("AmazonManagedKafkaEventSourceConfig", input.amazon_managed_kafka_event_source_config.is_some()),
        ("SelfManagedKafkaEventSourceConfig", input.self_managed_kafka_event_source_config.is_some()),
        ("DocumentDBEventSourceConfig", input.document_db_event_source_config.is_some()),
    ])?;
    unbuilt(&input.kms_key_arn, &input.metrics_config, &input.logging_config)?;
    unpolled(&input.provisioned_poller_config)?;
    let name = Name::parse(cx, &input.function_name, None)?;
    let tags = input.tags.clone().unwrap_or_default();
    crate::functions::check_tags(&tags)?;
    let mapping = Mapping {
        uuid: String::new(),
        queue_arn,
        function: name.function,
        qualifier: name.qualifier,
        enabled: input.enabled.unwrap_or(true),
        batch_size: input.batch_size.unwrap_or(10),
        window_secs: input.maximum_batching_window_in_seconds.unwrap_or(0),
        filters: filters(&input.filter_criteria, "body")?,
        max_concurrency: input.scaling_config.as_ref().and_then(|s| s.maximum_concurrency),
        reports_failures: reports(&input.function_response_types),
        modified: cx.now(),
        tags,
        kafka: None,
    };
    whole(cx, &mapping).await?;
    Ok(mapping)
}

/// A mapping of a topic. Whether its brokers answer is found out after it is made, as on AWS: the mapping tells.
fn topic(cx: &Context, input: &CreateEventSourceMappingInput) -> Result<Mapping, Fault> {
    if input.self_managed_event_source.is_some() && input.event_source_arn.is_some() {
        return Err(invalid("Only one of EventSourceArn and SelfManagedEventSource may be given."));
    }
    unbuilt(&input.kms_key_arn, &input.metrics_config, &input.logging_config)?;
    let topic = kafka::check::create(input)?;
    let name = Name::parse(cx, &input.function_name, None)?;
    let tags = input.tags.clone().unwrap_or_default();
    crate::functions::check_tags(&tags)?;
    let mapping = Mapping {
        uuid: String::new(),
        queue_arn: input.event_source_arn.clone().unwrap_or_default(),
        function: name.function,
        qualifier: name.qualifier,
        enabled: input.enabled.unwrap_or(true),
        batch_size: input.batch_size.unwrap_or(100),
        window_secs: input.maximum_batching_window_in_seconds.unwrap_or(0),
        filters: filters(&input.filter_criteria, "value")?,
        max_concurrency: None,
        reports_failures: reports(&input.function_response_types),
        modified: cx.now(),
        tags,
        kafka: Some(topic),
    };
    there(cx, &mapping)?;
    Ok(mapping)
}

/// A mapping as a change leaves it.
pub(super) async fn update(cx: &Context, before: &Mapping, input: &UpdateEventSourceMappingInput) -> Result<Mapping, Fault> {
    unbuilt(&input.kms_key_arn, &input.metrics_config, &input.logging_config)?;
    if let Some(topic) = &before.kafka {
        let topic = kafka::check::update(before, topic, input)?;
        let mapping = Mapping { kafka: Some(topic), ..changed(cx, before, input)? };
        there(cx, &mapping)?;
        return Ok(mapping);
    }
    if input.destination_config.is_some() {
        return Err(invalid("Unsupported DestinationConfig parameter for given event source mapping type."));
    }
    streams_only(&[
        ("ParallelizationFactor", input.parallelization_factor.is_some()),
        ("MaximumRecordAgeInSeconds", input.maximum_record_age_in_seconds.is_some()),
        ("BisectBatchOnFunctionError", input.bisect_batch_on_function_error == Some(true)),
        ("MaximumRetryAttempts", input.maximum_retry_attempts.is_some()),
        ("TumblingWindowInSeconds", input.tumbling_window_in_seconds.is_some()),
        ("SourceAccessConfigurations", input.source_access_configurations.is_some()),
        ("AmazonManagedKafkaEventSourceConfig", input.amazon_managed_kafka_event_source_config.is_some()),
        ("SelfManagedKafkaEventSourceConfig", input.self_managed_kafka_event_source_config.is_some()),
        ("DocumentDBEventSourceConfig", input.document_db_event_source_config.is_some()),
    ])?;
    unpolled(&input.provisioned_poller_config)?;
    let mapping = changed(cx, before, input)?;
    whole(cx, &mapping).await?;
    Ok(mapping)
}

/// What a change leaves of the members that all mappings have.
fn changed(cx: &Context, before: &Mapping, input: &UpdateEventSourceMappingInput) -> Result<Mapping, Fault> {
    let mut mapping = before.clone();
    if let Some(text) = &input.function_name {
        let name = Name::parse(cx, text, None)?;
        (mapping.function, mapping.qualifier) = (name.function, name.qualifier);
    }
    mapping.enabled = input.enabled.unwrap_or(mapping.enabled);
    mapping.batch_size = input.batch_size.unwrap_or(mapping.batch_size);
    mapping.window_secs = input.maximum_batching_window_in_seconds.unwrap_or(mapping.window_secs);
    if input.filter_criteria.is_some() {
        mapping.filters = filters(&input.filter_criteria, if before.kafka.is_some() { "value" } else { "body" })?;
    }
    if let Some(scaling) = &input.scaling_config {
        mapping.max_concurrency = scaling.maximum_concurrency;
    }
    if input.function_response_types.is_some() {
        mapping.reports_failures = reports(&input.function_response_types);
    }
    Ok(mapping)
}

/// Members that mean something to streams and brokers only.
fn streams_only(members: &[(&str, bool)]) -> Result<(), Fault> {
    match members.iter().find(|(_, given)| *given) {
        Some((member, _)) => Err(invalid(format!("Unsupported {member} parameter for given event source mapping type."))),
        None => Ok(()),
    }
}

fn unbuilt(
    key: &Option<String>,
    metrics: &Option<EventSourceMappingMetricsConfig>,
    logging: &Option<EventSourceMappingLoggingConfig>,
) -> Result<(), Fault> {
    let refused = [
        (key.as_ref().is_some_and(|key| !key.is_empty()), "filter criteria under a key of your own (KMSKeyArn)"),
        (metrics.is_some(), "metrics of event source mappings (MetricsConfig)"),
        (logging.is_some(), "logs of event source mappings (LoggingConfig)"),
    ];
    refused.into_iter().find(|(given, _)| *given).map_or(Ok(()), |(_, what)| Err(not_implemented(what)))
}

fn unpolled(pollers: &Option<ProvisionedPollerConfig>) -> Result<(), Fault> {
    pollers.as_ref().map_or(Ok(()), |_| Err(not_implemented("provisioned pollers of queues (ProvisionedPollerConfig)")))
}

fn reports(types: &Option<Vec<FunctionResponseType>>) -> bool {
    types.as_ref().is_some_and(|types| types.contains(&FunctionResponseType::ReportBatchItemFailures))
}

fn filters(criteria: &Option<FilterCriteria>, member: &'static str) -> Result<Vec<String>, Fault> {
    let filters = criteria.as_ref().and_then(|c| c.filters.as_ref()).map_or(&[][..], Vec::as_slice);
    if filters.len() > MOST_FILTERS {
        return Err(invalid(format!("The number of filters must not exceed {MOST_FILTERS}.")));
    }
    let patterns = filters.iter().map(|f| f.pattern.clone().unwrap_or_default()).collect::<Vec<_>>();
    match patterns.iter().all(|pattern| filter::parse(pattern, member).is_some()) {
        true => Ok(patterns),
        false => Err(invalid("Invalid filter pattern definition.")),
    }
}

/// The function must be there, its role must reach the queue, and sizes must go together.
async fn whole(cx: &Context, mapping: &Mapping) -> Result<(), Fault> {
    let config = there(cx, mapping)?;
    if mapping.batch_size > 10 && mapping.window_secs == 0 {
        return Err(invalid("Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"));
    }
    if mapping.queue_arn.ends_with(".fifo") {
        if mapping.batch_size > 10 {
            return Err(invalid("Maximum batch size for FIFO queues is 10."));
        }
        if mapping.window_secs > 0 {
            return Err(invalid("Batching window is not supported for FIFO queues."));
        }
    }
    let visibility_secs = visibility(cx, &config, mapping).await?;
    match visibility_secs < i64::from(config.timeout_secs) {
        true => Err(invalid(format!(
            "Queue visibility timeout: {visibility_secs} seconds is less than Function timeout: {} seconds",
            config.timeout_secs
        ))),
        false => Ok(()),
    }
}

fn there(cx: &Context, mapping: &Mapping) -> Result<Config, Fault> {
    let name = mapping.name(cx.scope());
    let there = cx.store().read(|s| {
        let function = function(s, &name)?;
        config(s, &name, &function)
    });
    there.map_err(|_| invalid("Function does not exist"))
}

/// The queue's visibility timeout, read with the function's role, which must be able to poll.
async fn visibility(cx: &Context, config: &Config, mapping: &Mapping) -> Result<i64, Fault> {
    let sessions = cx.cloud().ports().sessions()?;
    let assumed = sessions.for_service(cx, &config.role, "lambda.amazonaws.com", &mapping.function, 3600).await;
    let key = assumed.map_err(|fault| match fault.status {
        500.. => fault,
        _ => invalid("The role defined for the function cannot be assumed by Lambda."),
    })?;
    let role = cx.as_role(Arc::new(key.session));
    for action in ACTIONS {
        if !role.decide(&Need::on(action, &mapping.queue_arn)).allowed {
            let verb = &action["sqs:".len()..];
            return Err(invalid(format!("The function execution role does not have permissions to call {verb} on SQS")));
        }
    }
    poll::visibility_secs(&role, mapping).await.map_err(|fault| match fault.status {
        500.. => fault,
        _ => invalid(format!(
            "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: {}",
            fault.message
        )),
    })
}
