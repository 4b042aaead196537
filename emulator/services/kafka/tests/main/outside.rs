//! Clusters that are names for brokers outside: here those of another cloud.

use crate::desk::Desk;
use kafka::Kafka;
use kit::Store;
use serde_json::json;
use std::net::SocketAddr;

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
