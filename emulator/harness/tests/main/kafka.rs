//! Kafka in an emulator: a listener that was asked for, and topics in snapshots.

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use windtunnel::{
    Emulator,
    scenario::{self, Options, Report, report},
};

/// Asks one of the emulator's own endpoints; what it answers, without the head.
async fn own(cloud: &Emulator, method: &str, path: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(cloud.address()).await.unwrap();
    let length = body.len();
    let request =
        format!("{method} /_windtunnel/{path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kafka_listens_and_its_topics_are_part_of_snapshots() {
    let cloud = Emulator::builder().kafka(0).start().await.unwrap();
    let servers = cloud.kafka_bootstrap().unwrap();
    assert!(cloud.env().contains(&("KAFKA_BOOTSTRAP_SERVERS".into(), servers.clone())));
    // ApiVersions, version 0, correlation id 7, without a client's name.
    let mut stream = TcpStream::connect(&servers).await.unwrap();
    stream.write_all(&[0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 7, 0xff, 0xff]).await.unwrap();
    let mut head = [0; 10];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(head[4..], [0, 0, 0, 7, 0, 0], "the same id, and no error");

    let cx = cloud.cloud().house_context("test");
    let kafka = async |operation: &str, input: Value| cloud.cloud().call_json(&cx, "kafka", operation, &input).await;
    let subnets = cloud.cloud().call_json(&cx, "ec2", "DescribeSubnets", &json!({})).await.unwrap();
    let cluster = json!({ "ClusterName": "c", "KafkaVersion": "3.6.0", "NumberOfBrokerNodes": 1,
        "BrokerNodeGroupInfo": { "ClientSubnets": [subnets["Subnets"][0]["SubnetId"]], "InstanceType": "kafka.t3.small" } });
    let arn = kafka("CreateCluster", cluster).await.unwrap()["ClusterArn"].clone();
    let topic = |name: &str| json!({ "ClusterArn": arn, "TopicName": name, "PartitionCount": 1, "ReplicationFactor": 1 });
    kafka("CreateTopic", topic("before")).await.unwrap();
    let file = std::env::temp_dir().join(format!("windtunnel-kafka-{}", std::process::id()));
    let path = json!({ "path": file }).to_string();
    own(&cloud, "POST", "snapshot/save", &path).await;
    kafka("CreateTopic", topic("after")).await.unwrap();
    own(&cloud, "POST", "snapshot/load", &path).await;
    let topics = kafka("ListTopics", json!({ "ClusterArn": arn })).await.unwrap();
    let names: Vec<&str> = topics["Topics"].as_array().unwrap().iter().map(|t| t["TopicName"].as_str().unwrap()).collect();
    assert_eq!(names, ["before"]);
    assert!(own(&cloud, "GET", "kafka/metrics", "").await.contains("kafka_log_end_offset{topic=\"before\",partition=\"0\"} 0"));
    assert!(own(&cloud, "GET", "kafka/ca.pem", "").await.starts_with("-----BEGIN CERTIFICATE-----"));
    own(&cloud, "POST", "reset", "").await;
    assert_eq!(kafka("DescribeCluster", json!({ "ClusterArn": arn })).await.unwrap_err().code, "NotFoundException");
    let _ = std::fs::remove_file(file.with_added_extension("kafka"));
    let _ = std::fs::remove_file(file);
    cloud.stop().await;
}

/// The scenarios that need no function run here too, beside the verbs that they are made of.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scenarios_of_the_broker_alone_pass() {
    for name in ["broker-restart", "transaction-aborted"] {
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../scenarios/{name}.yaml"));
        let scenario = scenario::load(&file).unwrap_or_else(|error| panic!("{error}"));
        let report = scenario::run_one(&scenario, &Options::default()).await;
        assert!(report.passed, "{}", report::text::failure(&report));
    }
}

async fn run(text: &str, options: &Options) -> Report {
    let scenario = scenario::from_text(std::path::Path::new("here.yaml"), text).unwrap_or_else(|error| panic!("{error}"));
    scenario::run_one(&scenario, options).await
}

const GROUP: &str = r#"
name: a group is waited for
steps:
  - kafka.topic: { topic: t, partitions: 2 }
  - kafka.produce: { topic: t, partition: 0, value: x, count: 3 }
  - kafka.produce: { topic: t, partition: 1, value: x, count: 2 }
  - kafka.consume: { topic: t, group: g, max: 4 }
  - kafka.groups: { group: g, committed: 4, lag: 1, members: 0, assigned: 0 }
    expect: { $.lag: 1, $.groups.0.committed: 4, $.groups.0.state: Empty, $.groups.0.assigned: {} }
  - kafka.groups: { group: g, committed: 5, within: 120ms }
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_is_waited_for_and_what_it_is_instead_is_told() {
    let report = run(GROUP, &Options::default()).await;
    let said = report::text::failure(&report);
    assert_eq!(report.steps.len(), 6, "{said}");
    assert!(!report.passed && said.contains("the group was not so within 120ms; it is {") && said.contains("\"committed\":4"), "{said}");
}

const CONSUMERS: &str = r#"
name: two consumers
steps:
  - kafka.consumer: { name: a, is: started, config: some.toml, env: { MORE: "1" } }
  - kafka.consumer: { name: a, is: stopped, within: 30s }
    expect: { $.exit: 7, $.signal: null, $.log.0: "a some.toml test 1 127.0.0.1:0", $.log.1.event: Bye }
  - kafka.consumer: { name: a, is: started, config: some.toml }
  - kafka.consumer: { name: b, is: started, config: some.toml }
  - kafka.consumer: { name: b, is: killed }
    expect: { $.exit: null, $.signal: 9 }
  - kafka.consumer: { name: b, is: stopped }
"#;

/// A stand-in says what it was given, and ends as it is told. The real one is run by `scenarios/rebalance-in-flight.yaml`.
const STAND_IN: &str = r#"#!/bin/sh
[ "$1" = --version ] && echo "consumer 0.0.0 without TLS" && exit 0
trap 'echo "{\"event\":\"Bye\"}" >&2; exit 7' TERM
echo "$CONSUMER_NAME $CONSUMER_CONFIG $AWS_ACCESS_KEY_ID $MORE $CONSUMER_LISTEN" >&2
[ -n "$KAFKA_BOOTSTRAP_SERVERS" ] && [ -z "$HOME" ] || exit 1
while :; do :; done
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn consumers_are_started_stopped_killed_and_shown_where_a_step_fails() {
    use std::os::unix::fs::PermissionsExt;
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("stand-in-consumer");
    std::fs::write(&file, STAND_IN).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    let options = Options { consumer: Some(file), ..Options::default() };
    let report = run(CONSUMERS, &options).await;
    let said = report::text::failure(&report);
    assert_eq!((report.steps.len(), report.skipped.clone()), (6, None), "{said}");
    assert!(said.contains("b had ended by itself (signal: 9") && said.contains("what programs beside the cloud said last"), "{said}");
    assert!(said.contains("a: a some.toml test"), "the log of one that still runs: {said}");

    let cluster = CONSUMERS.replace("config: some.toml }", "config: some.toml, cluster: c }");
    let report = run(&cluster, &options).await;
    assert!(report.skipped.is_some_and(|why| why.contains("was built without TLS")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scenario_whose_program_is_lacking_is_skipped_with_a_sentence() {
    let report = run(CONSUMERS, &Options::default()).await;
    assert!(report.passed && report.steps.is_empty());
    let verdict = report::text::verdict(&report);
    assert!(verdict.starts_with("SKIP here.yaml  two consumers: it runs the consumer application, which is not there"), "{verdict}");
    let reports = [report];
    assert_eq!(report::json(&reports)["skipped"], 1);
    assert_eq!(report::json(&reports)["passed"], 0);
    assert!(report::junit::write(&reports).contains("skipped=\"1\"") && report::junit::write(&reports).contains("<skipped message="));
    let other = run(CONSUMERS, &Options { consumer: Some("/bin/true".into()), ..Options::default() }).await;
    assert!(other.skipped.is_some_and(|why| why.contains("/bin/true is not the consumer application")));
}
