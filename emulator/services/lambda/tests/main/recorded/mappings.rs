//! Recordings of event source mappings.

use super::{Shot, Table, create, done, helped};
use crate::desk::Desk;
use serde_json::{Value, json};

pub const TABLE: Table = &[
    ("TestLambdaEventSourceMappings::test_event_source_mapping_exceptions", done!(exceptions)),
    ("TestLambdaEventSourceMappings::test_function_name_variations", done!(names)),
    ("TestLambdaEventSourceMappings::test_create_event_source_self_managed", done!(self_managed)),
];

pub const SQS: Table = &[
    ("test_esm_with_not_existing_sqs_queue", done!(no_queue)),
    ("TestSQSEventSourceMapping::test_event_source_mapping_default_batch_size", done!(batch_size)),
    ("TestSQSEventSourceMapping::test_sqs_invalid_event_filter", done!(invalid_filter)),
    ("TestSQSEventSourceMapping::test_duplicate_event_source_mappings", done!(duplicate)),
    ("test_fifo_message_group_parallelism", done!(enabling)),
];

const QUEUE: &str = "arn:aws:sqs:us-east-1:000000000000:q";

async fn desk() -> Desk {
    let desk = Desk::new().await;
    desk.ok("CreateFunction", create(helped())).await;
    desk.world.queues.make(QUEUE, 60);
    desk
}

const CREATE: &str = "CreateEventSourceMapping";

fn mapping(more: Value) -> Value {
    let mut input = json!({ "FunctionName": "f", "EventSourceArn": QUEUE });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    input
}

async fn exceptions(shot: Shot) {
    let desk = desk().await;
    let unknown = || json!({ "UUID": "5b4b8a2e-3a5b-4d7e-9e1c-0f5f3c6d7a81" });
    shot.call(&desk, "get_unknown_uuid", "GetEventSourceMapping", unknown()).await;
    shot.call(&desk, "delete_unknown_uuid", "DeleteEventSourceMapping", unknown()).await;
    shot.call(&desk, "update_unknown_uuid", "UpdateEventSourceMapping", unknown()).await;
    desk.ok("ListEventSourceMappings", json!({ "FunctionName": "doesnotexist" })).await;
    let missing = || json!({ "FunctionName": "doesnotexist", "EventSourceArn": QUEUE });
    shot.call(&desk, "create_no_event_source_arn", CREATE, json!({ "FunctionName": "doesnotexist" })).await;
    shot.call(&desk, "create_unknown_params", CREATE, missing()).await;
    let mut destination = missing();
    destination["DestinationConfig"] = json!({ "OnSuccess": { "Destination": "arn:aws:sqs:us-east-1:000000000000:other" } });
    shot.call(&desk, "destination_config_failure", CREATE, destination).await;
}

async fn names(shot: Shot) {
    let desk = desk().await;
    desk.ok("PublishVersion", json!({ "FunctionName": "f" })).await;
    desk.ok("CreateAlias", json!({ "FunctionName": "f", "FunctionVersion": "1", "Name": "myalias" })).await;
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:f";
    for (scope, name) in [
        ("name_only", "f".to_owned()),
        ("partial_arn_latest", "f:$LATEST".into()),
        ("partial_arn_version", "f:1".into()),
        ("partial_arn_alias", "f:myalias".into()),
        ("full_arn_latest", arn.into()),
        ("full_arn_version", format!("{arn}:1")),
        ("full_arn_alias", format!("{arn}:myalias")),
    ] {
        let made = shot.call(&desk, &format!("{scope}_create_esm"), CREATE, mapping(json!({ "FunctionName": name }))).await;
        desk.ok("DeleteEventSourceMapping", json!({ "UUID": made["UUID"] })).await;
    }
}

async fn no_queue(shot: Shot) {
    let desk = desk().await;
    let gone = mapping(json!({ "EventSourceArn": "arn:aws:sqs:us-east-1:000000000000:gone", "BatchSize": 1 }));
    shot.call(&desk, "error", CREATE, gone).await;
}

async fn batch_size(shot: Shot) {
    let desk = desk().await;
    let made = shot.call(&desk, "create-event-source-mapping", CREATE, mapping(json!({}))).await;
    let update = json!({ "UUID": made["UUID"], "BatchSize": 11 });
    shot.call(&desk, "invalid-update-event-source-mapping", "UpdateEventSourceMapping", update).await;
    desk.ok("PublishVersion", json!({ "FunctionName": "f" })).await;
    let other = mapping(json!({ "FunctionName": "f:1", "BatchSize": 11 }));
    shot.call(&desk, "invalid-create-event-source-mapping", CREATE, other).await;
}

async fn invalid_filter(shot: Shot) {
    let desk = desk().await;
    let pattern = match &*shot.parameter {
        "None" => "null",
        "simple string" => "simple string",
        "invalid_filter2" => r#"{"eventSource": "aws:sqs"}"#,
        _ => r#"{"eventSource": []}"#,
    };
    let input = mapping(json!({ "FilterCriteria": { "Filters": [{ "Pattern": pattern }] } }));
    shot.call(&desk, "create_event_source_mapping_exception", CREATE, input).await;
}

async fn duplicate(shot: Shot) {
    let desk = desk().await;
    shot.call(&desk, "create", CREATE, mapping(json!({}))).await;
    shot.call(&desk, "error", CREATE, mapping(json!({}))).await;
}

async fn enabling(shot: Shot) {
    let desk = desk().await;
    let made = shot.call(&desk, "create_esm_disabled", CREATE, mapping(json!({ "Enabled": false, "BatchSize": 1 }))).await;
    let enable = json!({ "UUID": made["UUID"], "Enabled": true });
    shot.call(&desk, "update_esm_enabling", "UpdateEventSourceMapping", enable).await;
    shot.call(&desk, "get_esm_enabled", "GetEventSourceMapping", json!({ "UUID": made["UUID"] })).await;
}

async fn self_managed(shot: Shot) {
    let desk = desk().await;
    let secret = json!([{ "Type": "BASIC_AUTH", "URI": "arn:aws:secretsmanager:us-east-1:000000000000:secret:s-AbCdEf" }]);
    let own = |servers: Value, topic: &str| {
        json!({
            "FunctionName": "f", "Topics": [topic], "StartingPosition": "TRIM_HORIZON", "SourceAccessConfigurations": secret,
            "SelfManagedEventSource": { "Endpoints": { "KAFKA_BOOTSTRAP_SERVERS": servers } },
        })
    };
    let mut missing = own(json!(["kafka:1000"]), "topic");
    missing.as_object_mut().unwrap().remove("SourceAccessConfigurations");
    shot.call(&desk, "missing-source-access-configuration", CREATE, missing).await;
    // The recording is older than EventSourceMappingArn, which newer ones have.
    let made = async |label: &str, input: Value| {
        let mut ours = desk.ok(CREATE, input).await;
        assert!(ours.as_object_mut().unwrap().remove("EventSourceMappingArn").is_some());
        shot.same(label, &ours);
    };
    made("event-source-mapping-default", own(json!(["kafka:1000"]), "topic")).await;
    shot.call(&desk, "duplicate-source", CREATE, own(json!(["kafka:1000"]), "topic")).await;
    let mut values = own(json!(["kafka:1000"]), "topic_2");
    values["BatchSize"] = json!(1);
    values["StartingPosition"] = json!("LATEST");
    values["SelfManagedKafkaEventSourceConfig"] = json!({ "ConsumerGroupId": "random_id" });
    made("event-source-mapping-values", values).await;
    shot.call(&desk, "multiple-duplicate-source", CREATE, own(json!(["kafka:1000", "kafka:2000"]), "topic")).await;
}
