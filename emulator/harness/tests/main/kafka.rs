//! Kafka in an emulator: a listener that was asked for, and topics in snapshots.

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use windtunnel::Emulator;

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
        let scenario = windtunnel::scenario::load(&file).unwrap_or_else(|error| panic!("{error}"));
        let report = windtunnel::scenario::run_one(&scenario, &windtunnel::scenario::Options::default()).await;
        assert!(report.passed, "{}", windtunnel::scenario::report::text::failure(&report));
    }
}
