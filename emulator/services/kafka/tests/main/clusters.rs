//! Clusters, topics, configurations and tags by MSK's API.

use crate::desk::{Desk, input};
use kafka::Kafka;
use kit::{Context, Principal, Scope, Store, store::Durability};
use serde_json::{Value, json};

#[tokio::test]
async fn a_cluster_is_made_described_and_deleted() {
    let desk = Desk::new().await;
    let made = desk.ok("CreateCluster", input("photos", json!({ "Tags": { "team": "a" } }))).await;
    assert_eq!((&made["State"], &made["ClusterName"]), (&json!("CREATING"), &json!("photos")));
    let arn = made["ClusterArn"].as_str().unwrap();
    assert!(arn.starts_with("arn:aws:kafka:us-east-1:000000000000:cluster/photos/"), "{arn}");
    let told = &desk.ok("DescribeCluster", json!({ "ClusterArn": arn })).await["ClusterInfo"];
    assert_eq!((&told["State"], &told["NumberOfBrokerNodes"]), (&json!("ACTIVE"), &json!(2)));
    assert_eq!(told["CurrentBrokerSoftwareInfo"]["KafkaVersion"], "3.6.0");
    let second = &desk.ok("DescribeClusterV2", json!({ "ClusterArn": arn })).await["ClusterInfo"];
    assert_eq!((&second["ClusterType"], &second["Tags"]["team"]), (&json!("PROVISIONED"), &json!("a")));
    assert_eq!(desk.fault("CreateCluster", input("photos", json!({}))).await.code, "ConflictException");
    assert_eq!(desk.ok("ListClusters", json!({ "ClusterNameFilter": "pho" })).await["ClusterInfoList"].as_array().unwrap().len(), 1);
    assert_eq!(desk.ok("ListClustersV2", json!({ "ClusterTypeFilter": "SERVERLESS" })).await["ClusterInfoList"], json!([]));
    assert_eq!(desk.ok("ListNodes", json!({ "ClusterArn": arn })).await["NodeInfoList"].as_array().unwrap().len(), 2);
    desk.ok("TagResource", json!({ "ResourceArn": arn, "Tags": { "stage": "dev" } })).await;
    desk.ok("UntagResource", json!({ "ResourceArn": arn, "TagKeys": ["team"] })).await;
    assert_eq!(desk.ok("ListTagsForResource", json!({ "ResourceArn": arn })).await["Tags"], json!({ "stage": "dev" }));
    desk.ok("DeleteCluster", json!({ "ClusterArn": arn })).await;
    assert_eq!(desk.fault("DescribeCluster", json!({ "ClusterArn": arn })).await.code, "NotFoundException");
}

#[tokio::test]
async fn where_a_cluster_listens_follows_from_what_it_asks_for() {
    let desk = Desk::new().await;
    let brokers = async |name: &str, more: Value| {
        let arn = desk.cluster(name, more).await;
        let told = desk.ok("GetBootstrapBrokers", json!({ "ClusterArn": arn })).await;
        let mut names: Vec<String> = told.as_object().unwrap().keys().cloned().collect();
        names.sort();
        names.join(" ")
    };
    let transit = |how: &str| json!({ "EncryptionInTransit": { "ClientBroker": how } });
    assert_eq!(brokers("a", json!({})).await, "BootstrapBrokerStringTls");
    assert_eq!(brokers("b", json!({ "EncryptionInfo": transit("PLAINTEXT") })).await, "BootstrapBrokerString");
    assert_eq!(brokers("c", json!({ "EncryptionInfo": transit("TLS_PLAINTEXT") })).await, "BootstrapBrokerString BootstrapBrokerStringTls");
    let iam = json!({ "ClientAuthentication": { "Sasl": { "Iam": { "Enabled": true } } } });
    assert_eq!(brokers("d", iam).await, "BootstrapBrokerStringSaslIam");
    let scram = json!({ "ClientAuthentication": { "Sasl": { "Scram": { "Enabled": true } } } });
    assert_eq!(brokers("e", scram).await, "BootstrapBrokerStringSaslScram");
    let bare = json!({ "ClientAuthentication": { "Sasl": { "Scram": { "Enabled": true } } }, "EncryptionInfo": transit("PLAINTEXT") });
    assert_eq!(desk.fault("CreateCluster", input("bare", bare)).await.code, "BadRequestException");
    let odd = json!({ "NumberOfBrokerNodes": 3 });
    assert!(desk.fault("CreateCluster", input("f", odd)).await.message.contains("multiple of Availability Zones"));
    let serverless =
        json!({ "VpcConfigs": [{ "SubnetIds": ["subnet-1"] }], "ClientAuthentication": { "Sasl": { "Iam": { "Enabled": true } } } });
    let made = desk.ok("CreateClusterV2", json!({ "ClusterName": "g", "Serverless": serverless })).await;
    assert_eq!(made["ClusterType"], "SERVERLESS");
    assert_eq!(desk.fault("DescribeCluster", json!({ "ClusterArn": made["ClusterArn"] })).await.code, "BadRequestException");
}

#[tokio::test]
async fn versions_names_and_sizes_are_those_of_aws() {
    let desk = Desk::new().await;
    let versions = desk.ok("ListKafkaVersions", json!({})).await["KafkaVersions"].clone();
    let versions: Vec<&str> = versions.as_array().unwrap().iter().map(|v| v["Version"].as_str().unwrap()).collect();
    for (n, version) in ["3.7.x.kraft", "3.8.x.kraft", "3.9.x", "3.9.x.kraft", "4.0.x.kraft", "4.1.x.kraft"].iter().enumerate() {
        assert!(versions.contains(version), "{version}");
        desk.cluster(&format!("v{n}"), json!({ "KafkaVersion": version })).await;
    }
    let group = |kind: &str| json!({ "BrokerNodeGroupInfo": { "ClientSubnets": ["subnet-1", "subnet-2"], "InstanceType": kind } });
    desk.cluster("express", group("express.m7g.large")).await;
    for (name, more, parameter) in [
        ("bad_name!", json!({}), "clusterName"),
        ("a", group("banana"), "instanceType"),
        ("a", group("express.t3.small"), "instanceType"),
        ("a", json!({ "KafkaVersion": "9.9.9" }), "kafkaVersion"),
    ] {
        let refused = desk.fault("CreateCluster", input(name, more)).await;
        assert_eq!(refused.code, "BadRequestException");
        assert_eq!(refused.fields.iter().find(|(name, _)| name == "InvalidParameter").map(|(_, value)| value), Some(&json!(parameter)));
    }
}

/// All clusters are names for one broker, but what one made by MSK's API is not another's.
#[tokio::test]
async fn what_one_cluster_made_another_neither_tells_nor_deletes() {
    let desk = Desk::new().await;
    let mine = desk.cluster("mine", json!({})).await;
    let scope = Scope::new("111111111111", "eu-west-1");
    let stranger =
        Context::new(desk.cloud.clone(), Principal::Root { account: "111111111111".into() }, scope, desk.cloud.next_cause("test"));
    let theirs = desk.cloud.call_json(&stranger, "kafka", "CreateCluster", &input("theirs", json!({}))).await.unwrap();
    let theirs = theirs["ClusterArn"].as_str().unwrap();
    let they = async |operation: &str, more: Value| {
        let mut input = json!({ "ClusterArn": theirs });
        if operation != "ListTopics" {
            input["TopicName"] = json!("t");
        }
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        desk.cloud.call_json(&stranger, "kafka", operation, &input).await
    };
    let make = json!({ "ClusterArn": mine, "TopicName": "t", "PartitionCount": 1, "ReplicationFactor": 1 });
    desk.ok("CreateTopic", make.clone()).await;
    desk.kafka.broker().unwrap().topics().create("of-nobody", 1, Default::default()).unwrap();
    let listed = they("ListTopics", json!({})).await.unwrap()["Topics"].clone();
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["TopicName"]), (1, &json!("of-nobody")));
    assert_eq!(they("DeleteTopic", json!({})).await.unwrap_err().code, "UnknownTopicOrPartitionException");
    assert_eq!(they("DescribeTopic", json!({})).await.unwrap_err().code, "NotFoundException");
    assert_eq!(they("UpdateTopic", json!({ "PartitionCount": 2 })).await.unwrap_err().code, "NotFoundException");
    let refused = they("CreateTopic", json!({ "PartitionCount": 1, "ReplicationFactor": 1 })).await.unwrap_err();
    assert_eq!(refused.code, "TopicExistsException");
    assert!(refused.message.contains(&mine), "{}", refused.message);
    assert_eq!(desk.ok("ListTopics", json!({ "ClusterArn": mine })).await["Topics"].as_array().unwrap().len(), 2);
    desk.ok("DeleteTopic", json!({ "ClusterArn": mine, "TopicName": "t" })).await;
    they("CreateTopic", json!({ "PartitionCount": 1, "ReplicationFactor": 1 })).await.unwrap();
    // Where its cluster is gone a topic is whoever's finds it.
    desk.cloud.call_json(&stranger, "kafka", "DeleteCluster", &json!({ "ClusterArn": theirs })).await.unwrap();
    desk.ok("DeleteTopic", json!({ "ClusterArn": mine, "TopicName": "t" })).await;
}

#[tokio::test]
async fn topics_are_made_through_the_api() {
    let desk = Desk::new().await;
    let arn = desk.cluster("c", json!({})).await;
    // retention.ms=60000
    let topic =
        json!({ "ClusterArn": arn, "TopicName": "t", "PartitionCount": 2, "ReplicationFactor": 2, "Configs": "cmV0ZW50aW9uLm1zPTYwMDAw" });
    let made = desk.ok("CreateTopic", topic.clone()).await;
    assert_eq!((&made["Status"], made["TopicArn"].as_str().unwrap().ends_with("/t")), (&json!("CREATING"), true));
    assert_eq!(desk.fault("CreateTopic", topic).await.code, "TopicExistsException");
    desk.ok("UpdateTopic", json!({ "ClusterArn": arn, "TopicName": "t", "PartitionCount": 3 })).await;
    let told = desk.ok("DescribeTopic", json!({ "ClusterArn": arn, "TopicName": "t" })).await;
    assert_eq!((&told["PartitionCount"], &told["Configs"]), (&json!(3), &json!("cmV0ZW50aW9uLm1zPTYwMDAw")));
    let page = desk.ok("DescribeTopicPartitions", json!({ "ClusterArn": arn, "TopicName": "t", "MaxResults": 2 })).await;
    assert_eq!(page["Partitions"].as_array().unwrap().len(), 2);
    let rest = json!({ "ClusterArn": arn, "TopicName": "t", "NextToken": page["NextToken"] });
    assert_eq!(desk.ok("DescribeTopicPartitions", rest).await["Partitions"][0]["Partition"], 2);
    assert_eq!(desk.ok("ListTopics", json!({ "ClusterArn": arn })).await["Topics"][0]["TopicName"], "t");
    desk.ok("DeleteTopic", json!({ "ClusterArn": arn, "TopicName": "t" })).await;
    assert_eq!(desk.fault("DescribeTopic", json!({ "ClusterArn": arn, "TopicName": "t" })).await.code, "NotFoundException");
}

#[tokio::test]
async fn configurations_have_revisions() {
    let desk = Desk::new().await;
    let properties = |text: &str| Value::String(base64(text));
    let made = desk.ok("CreateConfiguration", json!({ "Name": "c", "ServerProperties": properties("num.partitions=3") })).await;
    let arn = &made["Arn"];
    let next = json!({ "Arn": arn, "ServerProperties": properties("# comment\nnum.partitions=4"), "Description": "more" });
    assert_eq!(desk.ok("UpdateConfiguration", next).await["LatestRevision"]["Revision"], 2);
    let second = desk.ok("DescribeConfigurationRevision", json!({ "Arn": arn, "Revision": 2 })).await;
    assert_eq!((&second["Description"], &second["ServerProperties"]), (&json!("more"), &properties("# comment\nnum.partitions=4")));
    assert_eq!(desk.ok("ListConfigurationRevisions", json!({ "Arn": arn })).await["Revisions"].as_array().unwrap().len(), 2);
    assert_eq!(desk.fault("DescribeConfigurationRevision", json!({ "Arn": arn, "Revision": 3 })).await.code, "NotFoundException");
    let used = json!({ "ConfigurationInfo": { "Arn": arn, "Revision": 9 } });
    assert_eq!(desk.fault("CreateCluster", input("x", used)).await.code, "BadRequestException");
    desk.ok("DeleteConfiguration", json!({ "Arn": arn })).await;
    assert_eq!(desk.ok("ListConfigurations", json!({})).await["Configurations"], json!([]));
}

#[tokio::test]
async fn clusters_listen_again_after_a_restart_and_their_topics_are_there() {
    let home = tempfile::tempdir().unwrap();
    let start = async || {
        // What the first cloud has under way lets go of the folder a moment after it was stopped.
        let clock = kit::Clock::new(None, kit::ClockMode::Running);
        let mut tries = 0;
        let store = loop {
            match Store::durable(&home.path().join("state"), Durability::Process) {
                Ok(store) => break store,
                Err(error) if tries == 500 => panic!("{error}"),
                Err(_) => clock.real_sleep(std::time::Duration::from_millis(20)).await,
            }
            tries += 1;
        };
        Desk::with(store, Kafka::new().data_dir(home.path().join("kafka"), Durability::Process)).await
    };
    let desk = start().await;
    let arn = desk.cluster("c", json!({})).await;
    desk.ok("CreateTopic", json!({ "ClusterArn": arn, "TopicName": "t", "PartitionCount": 2, "ReplicationFactor": 1 })).await;
    let brokers = desk.ok("GetBootstrapBrokers", json!({ "ClusterArn": arn })).await;
    desk.cloud.stop().await;
    drop(desk);
    let desk = start().await;
    let again = desk.ok("GetBootstrapBrokers", json!({ "ClusterArn": arn })).await;
    if brokers != again {
        let taken = brokers["BootstrapBrokerStringTls"].as_str().unwrap();
        std::net::TcpListener::bind(taken).expect_err("at the same ports, as long as they are free");
    }
    assert_eq!(desk.ok("ListTopics", json!({ "ClusterArn": arn })).await["Topics"][0]["PartitionCount"], 2);
}

fn base64(text: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(text)
}
