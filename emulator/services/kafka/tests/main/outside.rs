//! Clusters that are names for brokers outside: here those of another cloud.

use crate::desk::Desk;
use broker::inside::Fresh;
use kafka::Kafka;
use kit::{
    Store,
    ports::{KafkaLogin, KafkaPlace, KafkaRecord, KafkaSource, KafkaStart, KafkaTrouble},
};
use serde_json::json;
use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};
use tokio::sync::Notify;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_can_be_a_name_for_brokers_outside() {
    let outside = Desk::with(Store::memory(), Kafka::new().listen(SocketAddr::from(([127, 0, 0, 1], 0)))).await;
    let servers = outside.kafka.bootstrap().unwrap();
    let desk = Desk::with(Store::memory(), Kafka::new().external(&servers)).await;
    let arn = desk.cluster("partners", json!({ "EncryptionInfo": { "EncryptionInTransit": { "ClientBroker": "PLAINTEXT" } } })).await;
    let brokers = desk.ok("GetBootstrapBrokers", json!({ "ClusterArn": arn })).await;
    assert_eq!(brokers["BootstrapBrokerString"], servers);

    let topic = |name: &str| json!({ "ClusterArn": arn, "TopicName": name, "PartitionCount": 3, "ReplicationFactor": 1 });
    desk.ok("CreateTopic", topic("ingest")).await;
    assert_eq!(outside.kafka.broker().unwrap().topics().get("ingest").unwrap().count(), 3, "it is made there");
    assert_eq!(desk.fault("CreateTopic", topic("ingest")).await.code, "TopicExistsException");
    let named = json!({ "ClusterArn": arn, "TopicName": "ingest" });
    assert_eq!(desk.ok("DescribeTopic", named.clone()).await["PartitionCount"], 3);
    assert_eq!(desk.ok("ListTopics", json!({ "ClusterArn": arn })).await["Topics"][0]["TopicName"], "ingest");
    assert_eq!(desk.ok("DescribeTopicPartitions", named.clone()).await["Partitions"][2]["Leader"], 1);
    let grow = json!({ "ClusterArn": arn, "TopicName": "ingest", "PartitionCount": 5 });
    assert_eq!(desk.fault("UpdateTopic", grow).await.status, 501, "refused by name and not dropped");
    desk.ok("DeleteTopic", named.clone()).await;
    assert_eq!(desk.fault("DescribeTopic", named).await.code, "NotFoundException");

    outside.kafka.broker().unwrap().down().await;
    assert_eq!(desk.fault("CreateTopic", topic("later")).await.code, "ServiceUnavailableException");
}

/// A cloud with a broker that listens, as somebody else's.
async fn outside() -> (Desk, String) {
    let outside = Desk::with(Store::memory(), Kafka::new().listen(SocketAddr::from(([127, 0, 0, 1], 0)))).await;
    let servers = outside.kafka.bootstrap().unwrap();
    outside.kafka.broker().unwrap().topics().create("orders", 2, BTreeMap::new()).unwrap();
    (outside, servers)
}

fn source(place: KafkaPlace) -> KafkaSource {
    KafkaSource { place, topic: "orders".into(), group: "g".into(), login: KafkaLogin::Default, root_ca: None, poller: true }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pollers_read_brokers_outside() {
    let (outside, servers) = outside().await;
    let there = outside.kafka.broker().unwrap();
    let fresh = |value: &str| Fresh { key: Some(b"k".to_vec()), value: Some(value.into()), headers: vec![("h".into(), vec![1])] };
    there.append("orders", 0, &[fresh("a"), fresh("b")]).await.unwrap();
    let desk = Desk::new().await;
    let port = desk.cloud.ports().kafka_topics().unwrap();
    let rung = Arc::new(Notify::new());
    let bell = rung.clone();
    port.watch(Arc::new(move || bell.notify_one()));
    let managed_desk = Desk::with(Store::memory(), Kafka::new().external(&servers)).await;
    let arn = managed_desk.cluster("partners", json!({})).await;
    let managed = (&managed_desk, source(KafkaPlace::Cluster(arn)));
    let own = (&desk, source(KafkaPlace::Servers(vec![servers.clone()])));
    for (n, (desk, source)) in [managed, own].into_iter().enumerate() {
        let port = desk.cloud.ports().kafka_topics().unwrap();
        let source = KafkaSource { group: format!("g{n}"), ..source };
        let opened = port.open(&desk.cx, &source).await.unwrap();
        assert_eq!((opened.partitions, opened.bootstrap.as_str()), (2, servers.as_str()));
        let newest = [(0, 2), (1, there.range("orders", 1).unwrap().1)].into();
        assert_eq!(port.positions(&desk.cx, &source, KafkaStart::Newest).await.unwrap(), newest);
        assert_eq!(port.positions(&desk.cx, &source, KafkaStart::Oldest).await.unwrap(), newest, "the group was here");
        let read = port.read(&desk.cx, &source, 0, 1, 1 << 20).await.unwrap();
        assert_eq!((read.records.len(), read.next, read.end), (1, 2, 2));
        let record = &read.records[0];
        assert_eq!((record.offset, record.value.as_deref(), record.headers[0].0.as_str()), (1, Some(&b"b"[..]), "h"));
        assert_eq!(
            port.read(&desk.cx, &source, 0, 99, 1 << 20).await.unwrap().records[0].offset,
            0,
            "what is not there goes on at the start"
        );
        port.commit(&desk.cx, &source, vec![(1, 7)]).await.unwrap();
        assert_eq!(there.committed(&source.group, "orders"), [(0, 2), (1, 7)].into());
        let dead = KafkaRecord { partition: 5, value: Some("dead".into()), ..KafkaRecord::default() };
        let before = there.range("orders", 1).unwrap().1;
        assert_eq!(port.write(&desk.cx, &source, "nowhere", vec![dead.clone()]).await, Err(KafkaTrouble::NoTopic));
        port.write(&desk.cx, &source, "orders", vec![dead]).await.unwrap();
        assert_eq!(there.range("orders", 1).unwrap().1, before + 1);
    }
    // The first look of the watch rings, and what is written later does.
    let soon = async || tokio::time::timeout(Duration::from_secs(20), rung.notified()).await.expect("the bell rings");
    soon().await;
    there.append("orders", 0, &[fresh("c")]).await.unwrap();
    soon().await;
}

#[tokio::test]
async fn brokers_of_other_machines_are_reached_only_when_they_are_named() {
    let desk = Desk::new().await;
    let port = desk.cloud.ports().kafka_topics().unwrap();
    let far = source(KafkaPlace::Servers(vec!["b-1.c.kafka.us-east-1.amazonaws.com:9092".into()]));
    match port.open(&desk.cx, &far).await {
        Err(KafkaTrouble::Connection(why)) => assert!(why.contains("--kafka-bootstrap"), "{why}"),
        other => panic!("{other:?}"),
    }
    let (_outside, servers) = outside().await;
    let login = KafkaLogin::Scram { short: false, user: "u".into(), password: "p".into() };
    let login = KafkaSource { login, ..source(KafkaPlace::Servers(vec![servers])) };
    assert!(matches!(port.open(&desk.cx, &login).await, Err(KafkaTrouble::Authentication(_))));
}
