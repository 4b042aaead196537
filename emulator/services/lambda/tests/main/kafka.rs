//! Event source mappings of Kafka topics: events, starts, windows, filters, failures, what is committed, and what a mapping tells of itself.

use crate::desk::Desk;
use base64::{Engine, prelude::BASE64_STANDARD};
use kit::{
    ClockMode, Cloud, Context, Decider, Decision, Need, Scope, Timestamp,
    ports::{KafkaTrouble, Measured, Metrics},
};
use lambda::in_process::{HandlerError, Invocation, package};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::sync::Semaphore;

const CLUSTER: &str = "arn:aws:kafka:us-east-1:000000000000:cluster/c/11111111-2222-3333-4444-555555555555-1";
const QUEUE: &str = "arn:aws:sqs:us-east-1:000000000000:dead";

async fn desk() -> Desk {
    let desk = Desk::with(ClockMode::Frozen).await;
    desk.world.topics.make("tt", 2);
    desk.function("f", json!({ "Environment": { "Variables": {} } })).await;
    desk
}

fn asked(more: Value) -> Value {
    let mut input = json!({ "FunctionName": "f", "EventSourceArn": CLUSTER, "Topics": ["tt"], "StartingPosition": "TRIM_HORIZON" });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    input
}

async fn map(desk: &Desk, more: Value) -> String {
    desk.ok("CreateEventSourceMapping", asked(more)).await["UUID"].as_str().unwrap().to_owned()
}

async fn shown(desk: &Desk, uuid: &str) -> Value {
    desk.ok("GetEventSourceMapping", json!({ "UUID": uuid })).await
}

fn put(desk: &Desk, partition: i32, value: &str) -> i64 {
    desk.world.topics.put("tt", partition, value, "", desk.cloud.clock().now().millis())
}

/// A record with which the function fails.
fn poison(desk: &Desk, value: &str) {
    desk.world.topics.put("tt", 0, value, "fail", desk.cloud.clock().now().millis());
}

fn events(desk: &Desk) -> Vec<Value> {
    desk.lines().iter().filter_map(|line| line.strip_prefix("event ")).map(|text| serde_json::from_str(text).unwrap()).collect()
}

/// The values of each batch that the function saw.
fn batches(desk: &Desk) -> Vec<Vec<String>> {
    let text = |record: &Value| String::from_utf8(BASE64_STANDARD.decode(record["value"].as_str().unwrap()).unwrap()).unwrap();
    let values =
        |event: &Value| event["records"].as_object().unwrap().values().flat_map(|list| list.as_array().unwrap().iter().map(text)).collect();
    events(desk).iter().map(values).collect()
}

#[tokio::test]
async fn records_become_events_and_are_committed() {
    let desk = desk().await;
    put(&desk, 0, "early");
    let uuid = map(&desk, json!({})).await;
    desk.settle().await;
    assert!(batches(&desk).is_empty(), "a mapping that says no window gathers for half a second");
    put(&desk, 1, "late");
    desk.advance(1).await;
    let event = &events(&desk)[0];
    assert_eq!((&event["eventSource"], &event["eventSourceArn"]), (&json!("aws:kafka"), &json!(CLUSTER)));
    assert_eq!(event["bootstrapServers"], "127.0.0.1:9098");
    assert_eq!((&event["records"]["tt-0"][0]["value"], &event["records"]["tt-1"][0]["key"]), (&json!("ZWFybHk="), &json!("aw==")));
    assert_eq!(desk.world.topics.committed(&uuid, "tt"), [(0, 1), (1, 1)].into(), "the group is named after the mapping");
    let shown = shown(&desk, &uuid).await;
    assert_eq!((&shown["State"], &shown["LastProcessingResult"]), (&json!("Enabled"), &json!("OK")));
    assert_eq!(shown["AmazonManagedKafkaEventSourceConfig"]["ConsumerGroupId"], json!(uuid));
}

#[tokio::test]
async fn a_topic_that_is_made_anew_is_read_from_its_own_start() {
    let desk = desk().await;
    let uuid = map(&desk, json!({})).await;
    for value in ["a", "b", "c"] {
        put(&desk, 0, value);
    }
    desk.advance(1).await;
    assert_eq!(desk.world.topics.committed(&uuid, "tt")[&0], 3);
    // As many partitions as before, and soon as many records.
    desk.world.topics.make("tt", 2);
    for value in ["d", "e", "f", "g"] {
        put(&desk, 0, value);
    }
    desk.advance(1).await;
    assert_eq!(batches(&desk).concat(), ["a", "b", "c", "d", "e", "f", "g"]);
    assert_eq!(desk.world.topics.committed(&uuid, "tt")[&0], 4);
    desk.world.topics.make("tt", 2);
    put(&desk, 0, "h");
    desk.advance(1).await;
    assert_eq!((batches(&desk).concat().last().unwrap().as_str(), desk.world.topics.committed(&uuid, "tt")[&0]), ("h", 1));
}

#[tokio::test]
async fn latest_and_times_leave_out_what_is_older() {
    let desk = desk().await;
    put(&desk, 0, "old");
    desk.advance(10).await;
    let now = desk.cloud.clock().now().secs();
    map(&desk, json!({ "StartingPosition": "LATEST" })).await;
    let group = json!({ "ConsumerGroupId": "mine" });
    desk.function("g", json!({})).await;
    map(&desk, json!({ "FunctionName": "g", "StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": now - 5, "AmazonManagedKafkaEventSourceConfig": group }))
        .await;
    desk.settle().await;
    put(&desk, 0, "new");
    desk.advance(1).await;
    assert_eq!(batches(&desk), [["new"], ["new"]]);
    assert_eq!(desk.world.topics.committed("mine", "tt")[&0], 2);
}

#[tokio::test]
async fn a_batch_goes_when_it_is_full_or_its_window_is_over() {
    let desk = desk().await;
    map(&desk, json!({ "BatchSize": 2, "MaximumBatchingWindowInSeconds": 5 })).await;
    let _ = ["a", "b", "c"].map(|value| put(&desk, 0, value));
    desk.settle().await;
    assert_eq!(batches(&desk), [["a", "b"]], "what is full does not wait");
    desk.advance(5).await;
    assert_eq!(batches(&desk)[1], ["c"]);
}

#[tokio::test]
async fn filters_look_at_values() {
    let desk = desk().await;
    let pattern = json!({ "value": { "size": [{ "numeric": [">", 10] }] } }).to_string();
    let uuid = map(&desk, json!({ "FilterCriteria": { "Filters": [{ "Pattern": pattern }] } })).await;
    let _ = [r#"{"size":5}"#, r#"{"size":50}"#, "no json"].map(|value| put(&desk, 0, value));
    desk.advance(1).await;
    assert_eq!(batches(&desk), [[r#"{"size":50}"#]]);
    put(&desk, 1, "unwanted");
    desk.advance(1).await;
    assert_eq!(desk.world.topics.committed(&uuid, "tt"), [(0, 3), (1, 1)].into(), "what nobody wants is not read again");
}

#[tokio::test]
async fn a_batch_that_fails_is_tried_again_and_given_up() {
    let desk = desk().await;
    let failure = json!({ "OnFailure": { "Destination": QUEUE } });
    let uuid = map(&desk, json!({ "MaximumRetryAttempts": 2, "DestinationConfig": failure })).await;
    poison(&desk, "bad");
    desk.advance(1).await;
    assert_eq!(batches(&desk).len(), 1);
    assert_eq!(shown(&desk, &uuid).await["LastProcessingResult"], "PROBLEM: Function call failed.");
    assert_eq!(desk.world.topics.committed(&uuid, "tt")[&0], 0, "what failed is not committed");
    desk.advance(10).await;
    put(&desk, 0, "good");
    desk.advance(1).await;
    assert_eq!(batches(&desk), [["bad"], ["bad"], ["bad"], ["good"]]);
    let sent = desk.world.sent.lock().clone();
    assert_eq!((sent.len(), sent[0].0.as_str()), (1, QUEUE));
    let record: Value = serde_json::from_str(&sent[0].1).unwrap();
    assert_eq!(record["requestContext"]["condition"], "RetryAttemptsExhausted");
    assert_eq!(record["requestContext"]["approximateInvokeCount"], 3);
    assert_eq!(record["responseContext"]["functionError"], "Unhandled");
    let info = &record["KafkaBatchInfo"]["recordsInfo"]["tt-0"];
    assert_eq!((&info["firstRecordOffset"], &info["lastRecordOffset"]), (&json!("0"), &json!("0")));
}

#[tokio::test]
async fn bisecting_finds_the_poison_and_it_goes_to_another_topic() {
    let desk = desk().await;
    desk.world.topics.make("dead", 1);
    let failure = json!({ "OnFailure": { "Destination": "kafka://dead" } });
    let uuid = map(&desk, json!({ "MaximumRetryAttempts": 0, "BisectBatchOnFunctionError": true, "DestinationConfig": failure })).await;
    put(&desk, 0, "one");
    put(&desk, 0, "two");
    poison(&desk, "bad");
    put(&desk, 0, "four");
    desk.advance(10).await;
    let seen = batches(&desk);
    assert_eq!(seen[0], ["one", "two", "bad", "four"]);
    assert_eq!(seen[1..], [vec!["one", "two"], vec!["bad", "four"], vec!["bad"], vec!["four"]]);
    let dead = desk.world.topics.held("dead", 0);
    assert_eq!((dead.len(), dead[0].value.as_deref()), (1, Some(&b"bad"[..])));
    assert!(dead[0].headers.iter().any(|(name, text)| name == "lambda.requestContext" && text.windows(9).any(|w| w == b"Exhausted")));
    assert_eq!(desk.world.topics.committed(&uuid, "tt")[&0], 4);
}

#[tokio::test]
async fn only_what_is_reported_comes_back() {
    let desk = Desk::with(ClockMode::Frozen).await;
    desk.world.topics.make("tt", 1);
    desk.function("f", json!({ "Environment": { "Variables": { "REPORT": "tt-0" } } })).await;
    let uuid = map(&desk, json!({ "FunctionResponseTypes": ["ReportBatchItemFailures"], "MaximumRetryAttempts": 1 })).await;
    let _ = ["good", "bad", "fine"].map(|value| put(&desk, 0, value));
    desk.advance(1).await;
    assert_eq!(batches(&desk), [["good", "bad", "fine"]]);
    assert_eq!(desk.world.topics.committed(&uuid, "tt")[&0], 1, "what comes before the first failure is dealt with");
    desk.advance(2).await;
    assert_eq!(batches(&desk)[1], ["bad", "fine"]);
    assert_eq!(desk.world.topics.committed(&uuid, "tt")[&0], 3, "its one retry is used up");
}

#[tokio::test]
async fn records_that_are_too_old_are_given_up() {
    let desk = desk().await;
    let failure = json!({ "OnFailure": { "Destination": "arn:aws:sns:us-east-1:000000000000:dead" } });
    map(&desk, json!({ "MaximumRecordAgeInSeconds": 60, "DestinationConfig": failure, "Enabled": false })).await;
    put(&desk, 0, "old");
    desk.advance(61).await;
    // Its producer lives in real time, far behind: what counts is when the broker took it.
    let now = desk.cloud.clock().now().millis();
    desk.world.topics.put_stamped("tt", 0, "young", "", now - 30 * 86_400_000, now);
    let uuid = desk.ok("ListEventSourceMappings", json!({ "FunctionName": "f" })).await["EventSourceMappings"][0]["UUID"].clone();
    desk.ok("UpdateEventSourceMapping", json!({ "UUID": uuid, "Enabled": true })).await;
    desk.advance(1).await;
    assert_eq!(batches(&desk), [["young"]]);
    let published = desk.world.published.lock().clone();
    let record: Value = serde_json::from_str(&published[0].1).unwrap();
    assert_eq!(record["requestContext"]["condition"], "RecordAgeExceeded");
}

#[tokio::test]
async fn troubles_are_told_and_end() {
    let desk = desk().await;
    let uuid = map(&desk, json!({ "Topics": ["later"] })).await;
    let told = shown(&desk, &uuid).await;
    assert_eq!((&told["State"], &told["StateTransitionReason"]), (&json!("Enabled"), &json!("ESM_CONFIG_NOT_VALID")));
    assert_eq!(told["LastProcessingResult"], "PROBLEM: The topic does not exist in the event source.");
    desk.world.topics.make("later", 1);
    desk.world.topics.put("later", 0, "x", "", desk.cloud.clock().now().millis());
    desk.advance(1).await;
    assert_eq!(batches(&desk), [["x"]], "the mapping goes on as soon as there is a topic");
    assert_eq!(shown(&desk, &uuid).await["StateTransitionReason"], "USER_INITIATED");
    *desk.world.topics.trouble.lock() = Some(KafkaTrouble::Authentication("user or password is wrong".into()));
    desk.world.topics.ring();
    desk.settle().await;
    let told = shown(&desk, &uuid).await;
    assert_eq!(told["StateTransitionReason"], "EVENT_SOURCE_AUTHN_ERROR");
    assert_eq!(told["LastProcessingResult"], "PROBLEM: Server failed to authenticate Lambda: user or password is wrong");
    *desk.world.topics.trouble.lock() = None;
    desk.world.topics.put("later", 0, "y", "", desk.cloud.clock().now().millis());
    desk.advance(61).await;
    assert_eq!(batches(&desk)[1], ["y"]);
}

/// Forbids one action.
struct Without(&'static str);

impl Decider for Without {
    fn decide(&self, _: &Context, need: &Need, _: Option<&str>) -> Decision {
        Decision { allowed: need.action != self.0, message: "no".into(), statement: None }
    }
    fn explain(&self, _: &Context, _: &Need, _: Option<&str>) -> String {
        self.0.into()
    }
}

#[tokio::test]
async fn the_role_needs_what_awss_guide_lists() {
    let desk = desk().await;
    for (n, action) in ["kafka:GetBootstrapBrokers", "ec2:DescribeSubnets", "kafka-cluster:ReadData"].into_iter().enumerate() {
        desk.cloud.set_decider(Arc::new(Without(action)));
        desk.function(&format!("f{n}"), json!({})).await;
        let uuid = map(&desk, json!({ "FunctionName": format!("f{n}") })).await;
        let told = shown(&desk, &uuid).await;
        assert_eq!(told["StateTransitionReason"], "EVENT_SOURCE_AUTHZ_ERROR", "{told}");
        assert!(told["LastProcessingResult"].as_str().unwrap().contains(action), "{told}");
    }
    desk.cloud.set_decider(Arc::new(Without("kafka:DescribeCluster")));
    desk.function("fine", json!({})).await;
    let uuid = map(&desk, json!({ "FunctionName": "fine" })).await;
    assert_eq!(shown(&desk, &uuid).await["StateTransitionReason"], "USER_INITIATED", "DescribeClusterV2 is enough");
    // The first version of DescribeCluster knows no serverless clusters.
    desk.cloud.set_decider(Arc::new(Without("kafka:DescribeClusterV2")));
    for (n, (end, reason)) in [("1", "USER_INITIATED"), ("s1", "EVENT_SOURCE_AUTHZ_ERROR")].into_iter().enumerate() {
        desk.function(&format!("g{n}"), json!({})).await;
        let cluster = format!("{}-{end}", CLUSTER.strip_suffix("-1").unwrap());
        let uuid = map(&desk, json!({ "FunctionName": format!("g{n}"), "EventSourceArn": cluster })).await;
        assert_eq!(shown(&desk, &uuid).await["StateTransitionReason"], reason, "{cluster}");
    }
}

#[tokio::test]
async fn what_a_mapping_may_not_say() {
    let desk = desk().await;
    let own = json!({ "Endpoints": { "KAFKA_BOOTSTRAP_SERVERS": ["localhost:9092"] } });
    let secret = json!([{ "Type": "CLIENT_CERTIFICATE_TLS_AUTH", "URI": "arn:aws:secretsmanager:us-east-1:000000000000:secret:s-AbCdEf" }]);
    let password = json!([{ "Type": "BASIC_AUTH", "URI": "arn:aws:secretsmanager:us-east-1:000000000000:secret:s-AbCdEf" }]);
    for (more, status, says) in [
        (json!({ "StartingPosition": null }), 400, "Value null at 'startingPosition'"),
        (json!({ "Topics": null }), 400, "Required 'topics' parameter is missing."),
        (json!({ "ScalingConfig": { "MaximumConcurrency": 2 } }), 400, "Unsupported ScalingConfig parameter"),
        (json!({ "DestinationConfig": { "OnFailure": { "Destination": "kafka://tt" } } }), 400, "must be another topic"),
        (json!({ "SourceAccessConfigurations": secret }), 501, "CLIENT_CERTIFICATE_TLS_AUTH"),
        (
            json!({ "EventSourceArn": null, "SelfManagedEventSource": own }),
            400,
            "Required 'sourceAccessConfigurations' parameter is missing.",
        ),
        (
            json!({ "EventSourceArn": null, "SelfManagedEventSource": own, "SourceAccessConfigurations": password,
                "SelfManagedKafkaEventSourceConfig": { "ConsumptionMode": "Queue" } }),
            501,
            "ConsumptionMode Queue",
        ),
        (json!({ "FunctionName": "gone" }), 400, "Function does not exist"),
    ] {
        let mut input = asked(more);
        input.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        let fault = desk.call("CreateEventSourceMapping", input.clone()).await.unwrap_err();
        assert_eq!(fault.status, status, "{input}: {fault}");
        assert!(fault.message.contains(says), "{input}: {fault}");
    }
    map(&desk, json!({ "AmazonManagedKafkaEventSourceConfig": { "ConsumerGroupId": "g" } })).await;
    let again = desk.call("CreateEventSourceMapping", asked(json!({}))).await.unwrap_err();
    assert_eq!((again.code.as_ref(), again.status), ("ResourceConflictException", 409));
}

/// A function that says what it got, and waits for a sign before it ends.
#[tokio::test]
async fn a_mapping_that_rests_and_wakes_during_a_batch_runs_it_once() {
    let (gate, begun) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (lambda, held, running) = (lambda::Lambda::new(), gate.clone(), begun.clone());
    let handler = move |event: Value, invocation: Invocation| {
        let (held, running) = (held.clone(), running.clone());
        async move {
            invocation.log(format!("event {event}"));
            running.add_permits(1);
            held.acquire().await.unwrap().forget();
            Ok::<_, HandlerError>(json!({}))
        }
    };
    lambda.register("held", handler).unwrap();
    let desk = Desk::over(Cloud::builder().mode(ClockMode::Frozen).service(Arc::new(lambda)).start().await.unwrap(), Arc::default());
    desk.world.topics.make("tt", 1);
    desk.made("f", package("held").unwrap(), json!({ "Timeout": 900 })).await;
    let uuid = map(&desk, json!({ "BatchSize": 1 })).await;
    put(&desk, 0, "one");
    begun.acquire().await.unwrap().forget();
    for enabled in [false, true, false, true] {
        desk.ok("UpdateEventSourceMapping", json!({ "UUID": uuid, "Enabled": enabled })).await;
    }
    put(&desk, 0, "two");
    gate.add_permits(8);
    desk.settle().await;
    assert_eq!(batches(&desk), [["one"], ["two"]], "no batch runs beside itself");
    assert_eq!(desk.world.topics.committed(&uuid, "tt"), [(0, 2)].into());
    assert_eq!(shown(&desk, &uuid).await["State"], "Enabled");
}

#[tokio::test]
async fn a_mapping_that_is_behind_gets_as_many_pollers_as_it_may_have() {
    for (most, mixed) in [(1, true), (2, false)] {
        let desk = desk().await;
        for (partition, n) in [(0, 9), (1, 9)] {
            (0..n).for_each(|i| _ = put(&desk, partition, &format!("{partition}{i}")));
        }
        let pollers = json!({ "MinimumPollers": 1, "MaximumPollers": most });
        let uuid = map(&desk, json!({ "BatchSize": 2, "ProvisionedPollerConfig": pollers })).await;
        desk.advance(1).await;
        assert_eq!(shown(&desk, &uuid).await["ProvisionedPollerConfig"], pollers);
        let all = batches(&desk);
        for partition in ["0", "1"] {
            let seen: Vec<_> = all.iter().flatten().filter(|value| value.starts_with(partition)).cloned().collect();
            let put: Vec<_> = (0..9).map(|i| format!("{partition}{i}")).collect();
            assert_eq!(seen, put, "each record once and in order, with {most} pollers");
        }
        // A poller of its own for each partition has no batch of both.
        let both = |batch: &&Vec<String>| batch.iter().any(|v| v.starts_with('0')) && batch.iter().any(|v| v.starts_with('1'));
        assert_eq!(all.iter().any(|batch| both(&batch)), mixed, "{all:?}");
        assert_eq!(desk.world.topics.committed(&uuid, "tt"), [(0, 9), (1, 9)].into());
    }
}

#[tokio::test]
async fn a_mapping_that_has_caught_up_gives_its_pollers_back() {
    let desk = desk().await;
    for (partition, n) in [(0, 9), (1, 9)] {
        (0..n).for_each(|i| _ = put(&desk, partition, &format!("{partition}{i}")));
    }
    let pollers = json!({ "MinimumPollers": 1, "MaximumPollers": 2 });
    let uuid = map(&desk, json!({ "BatchSize": 2, "ProvisionedPollerConfig": pollers })).await;
    desk.advance(1).await;
    let pair = async |name: &str| {
        (0..2).for_each(|partition| _ = put(&desk, partition, &format!("{partition}{name}")));
        desk.advance(1).await;
        let mut last: Vec<_> = batches(&desk).into_iter().filter(|batch| batch.iter().any(|value| value.ends_with(name))).collect();
        last.sort();
        last
    };
    assert_eq!(pair("a").await, [["0a"], ["1a"]], "a poller for each partition");
    desk.advance(14 * 60).await;
    assert_eq!(pair("b").await, [["0b"], ["1b"]], "it was behind not long ago");
    desk.advance(2 * 60).await;
    // What comes now finds two pollers, and is the last that does.
    assert_eq!(pair("c").await, [["0c"], ["1c"]]);
    assert_eq!(pair("d").await, [["0d", "1d"]], "one poller reads both");
    assert_eq!(desk.world.topics.committed(&uuid, "tt"), [(0, 13), (1, 13)].into());
    let mut all: Vec<String> = batches(&desk).into_iter().flatten().collect();
    all.sort();
    let before = all.len();
    all.dedup();
    assert_eq!((before, all.len()), (26, 26), "each record once");
}

/// Remembers OffsetLag, and of which function.
#[derive(Default)]
struct Lags(Mutex<Vec<(String, f64)>>);

impl Metrics for Lags {
    fn record(&self, _: &Scope, _: Timestamp, measured: &Measured<'_>) {
        let lags = measured.values.iter().filter(|(name, ..)| *name == "OffsetLag");
        self.0.lock().unwrap().extend(lags.map(|(.., lag)| (measured.under[0][0].1.to_owned(), *lag)));
    }
}

/// Just where nothing is accepted, how far it is behind is what has to be seen.
#[tokio::test]
async fn the_lag_of_a_mapping_that_is_stuck_is_told() {
    for (stuck, why) in [("throttled", "throttled."), ("failing", "failed.")] {
        let desk = desk().await;
        let lags = Arc::new(Lags::default());
        desk.cloud.ports().offer_metrics(lags.clone());
        let last = || lags.0.lock().unwrap().last().cloned();
        let uuid = map(&desk, json!({ "BatchSize": 2 })).await;
        match stuck {
            "throttled" => _ = desk.ok("PutFunctionConcurrency", json!({ "FunctionName": "f", "ReservedConcurrentExecutions": 0 })).await,
            _ => poison(&desk, "bad"),
        }
        (0..5).for_each(|n| _ = put(&desk, 0, &n.to_string()));
        desk.advance(1).await;
        let told = shown(&desk, &uuid).await;
        assert!(told["LastProcessingResult"].as_str().unwrap().ends_with(why), "{told}");
        let behind = if stuck == "throttled" { 5.0 } else { 6.0 };
        assert_eq!(last(), Some(("f".to_owned(), behind)), "{stuck}");
        // What comes meanwhile is not read, and counts at the next attempt.
        (0..4).for_each(|n| _ = put(&desk, 0, &n.to_string()));
        desk.advance(4).await;
        assert_eq!(last(), Some(("f".to_owned(), behind + 4.0)), "{stuck}");
    }
}
