//! Users whose names and passwords stand in secrets; policies of clusters; networks that clusters name.

use crate::{
    desk::{Desk, input},
    safe::{Land, Safe},
};
use kit::ports::{KafkaLogin, KafkaPlace, KafkaSource, KafkaTrouble};
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc};

const SCRAM: &str = r#"{ "ClientAuthentication": { "Sasl": { "Scram": { "Enabled": true } } } }"#;

async fn desk() -> (Desk, Arc<Safe>, String) {
    let desk = Desk::new().await;
    let safe = Arc::new(Safe::default());
    desk.cloud.ports().offer_secrets(safe.clone());
    desk.cloud.ports().offer_keys(safe.clone());
    let arn = desk.cluster("c", serde_json::from_str(SCRAM).unwrap()).await;
    (desk, safe, arn)
}

/// Associates or disassociates one secret; what was not done of it.
async fn change(desk: &Desk, operation: &str, cluster: &str, secret: &str) -> Value {
    let answer = desk.ok(operation, json!({ "ClusterArn": cluster, "SecretArnList": [secret] })).await;
    answer["UnprocessedScramSecrets"].clone()
}

/// Signs in as the cluster's pollers do.
async fn sign_in(desk: &Desk, cluster: &str, user: &str, password: &str) -> Result<(), KafkaTrouble> {
    let login = KafkaLogin::Scram { short: false, user: user.into(), password: password.into() };
    let place = KafkaPlace::Cluster(cluster.into());
    let source = KafkaSource { place, topic: "t".into(), group: "g".into(), login, root_ca: None, poller: true };
    desk.cloud.ports().kafka_topics().unwrap().open(&desk.cx, &source).await.map(drop)
}

#[tokio::test]
async fn users_of_secrets_sign_in_until_they_are_taken_away() {
    let (desk, safe, cluster) = desk().await;
    desk.kafka.broker().unwrap().topics().create("t", 1, BTreeMap::new()).unwrap();
    let secret = safe.put("AmazonMSK_alice", r#"{"username": "alice", "password": "wonderland"}"#);
    assert!(sign_in(&desk, &cluster, "alice", "wonderland").await.is_err());
    assert_eq!(change(&desk, "BatchAssociateScramSecret", &cluster, &secret).await, json!([]));
    assert_eq!(change(&desk, "BatchAssociateScramSecret", &cluster, &secret).await, json!([]), "again is the same");
    assert_eq!(desk.ok("ListScramSecrets", json!({ "ClusterArn": cluster })).await["SecretArnList"], json!([secret]));
    let statement = json!([{ "Sid": "AWSKafkaResourcePolicy", "Effect": "Allow", "Principal": { "Service": "kafka.amazonaws.com" },
        "Action": "secretsmanager:getSecretValue", "Resource": secret }]);
    assert_eq!(json!(safe.policies.lock().unwrap()[&secret]), statement);

    assert_eq!(sign_in(&desk, &cluster, "alice", "wonderland").await, Ok(()));
    assert!(matches!(sign_in(&desk, &cluster, "alice", "guess").await, Err(KafkaTrouble::Authentication(_))));
    safe.put("AmazonMSK_alice", r#"{"username": "alice", "password": "looking-glass"}"#);
    assert_eq!(sign_in(&desk, &cluster, "alice", "looking-glass").await, Ok(()), "a changed password counts");
    safe.put("AmazonMSK_alice", r#"{"username": "bob", "password": "b"}"#);
    assert_eq!(sign_in(&desk, &cluster, "bob", "b").await, Ok(()), "and so does another name");

    // Another cluster with the secret keeps what it needs.
    let other = desk.cluster("d", serde_json::from_str(SCRAM).unwrap()).await;
    assert_eq!(change(&desk, "BatchAssociateScramSecret", &other, &secret).await, json!([]));
    assert_eq!(change(&desk, "BatchDisassociateScramSecret", &cluster, &secret).await, json!([]));
    assert!(sign_in(&desk, &cluster, "bob", "b").await.is_err());
    assert_eq!(sign_in(&desk, &other, "bob", "b").await, Ok(()));
    desk.ok("DeleteCluster", json!({ "ClusterArn": other })).await;
    assert!(safe.policies.lock().unwrap()[&secret].is_empty() && safe.grants.lock().unwrap().is_empty(), "nothing is left open");
    let again = change(&desk, "BatchDisassociateScramSecret", &cluster, &secret).await;
    assert_eq!(again[0]["ErrorCode"], "InvalidSecretArn");
}

#[tokio::test]
async fn secrets_that_do_not_fit_are_told_one_by_one() {
    let (desk, safe, cluster) = desk().await;
    let good = safe.put("AmazonMSK_good", r#"{"username": "u", "password": "p"}"#);
    let named = safe.put("users", "{}");
    let default = safe.put("AmazonMSK_default", r#"{"username": "u", "password": "p"}"#);
    let shape = safe.put("AmazonMSK_shape", r#"{"user": "u"}"#);
    let gone = crate::safe::arn("AmazonMSK_gone");
    let list = json!([named, default, good, shape, gone, "x"]);
    let answer = desk.ok("BatchAssociateScramSecret", json!({ "ClusterArn": cluster, "SecretArnList": list })).await;
    let told: BTreeMap<&str, &str> = answer["UnprocessedScramSecrets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["SecretArn"].as_str().unwrap(), one["ErrorMessage"].as_str().unwrap()))
        .collect();
    // AWS's sentences, out of reports of its users.
    assert_eq!(
        told[named.as_str()],
        "The provided secret arn cannot be used with Amazon MSK. Secret names must have the prefix 'AmazonMSK_'"
    );
    assert_eq!(told[gone.as_str()], "Amazon MSK wasn't able to access the provided secret.");
    assert!(told[default.as_str()].contains("default key"));
    assert!(told[shape.as_str()].contains("username and a password"));
    assert_eq!((told["x"], told.len()), ("The provided secret arn is not valid.", 5));
    assert_eq!(desk.ok("ListScramSecrets", json!({ "ClusterArn": cluster })).await["SecretArnList"], json!([good]));
    assert!(safe.policies.lock().unwrap()[&shape].is_empty(), "what was opened for the look is shut again");

    let without = desk.cluster("without", json!({})).await;
    let refused = desk.fault("BatchAssociateScramSecret", json!({ "ClusterArn": without, "SecretArnList": [good] })).await;
    assert_eq!((refused.code.as_ref(), refused.status), ("BadRequestException", 400));
    let many: Vec<String> = (0..11).map(|n| format!("{good}{n}")).collect();
    let refused = desk.fault("BatchAssociateScramSecret", json!({ "ClusterArn": cluster, "SecretArnList": many })).await;
    assert_eq!(refused.code, "BadRequestException");
}

const SCRIPT: &str = r#"
import sys, confluent_kafka as k
servers, ca, password = sys.argv[1:]
errors, done = [], []
p = k.Producer({"bootstrap.servers": servers, "security.protocol": "SASL_SSL", "sasl.mechanism": "SCRAM-SHA-512", "sasl.username": "alice",
    "sasl.password": password, "ssl.ca.location": ca, "message.timeout.ms": 30000, "error_cb": lambda e: errors.append(e.str())})
p.produce("t", b"x", on_delivery=lambda e, m: done.append(e.name() if e else "ok"))
while not done and not any('uth' in e for e in errors):
    p.flush(1)
print(done, errors)
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn librdkafka_signs_in_by_a_secret() {
    let looked = tokio::process::Command::new("python3").args(["-c", "import confluent_kafka"]).status().await;
    let there = looked.is_ok_and(|status| status.success());
    assert!(there || std::env::var("WINDTUNNEL_CI").is_err(), "confluent-kafka is not installed; CI needs it");
    if !there {
        println!("skipped: confluent-kafka is not installed");
        return;
    }
    let (desk, safe, cluster) = desk().await;
    desk.kafka.broker().unwrap().topics().create("t", 1, BTreeMap::new()).unwrap();
    let secret = safe.put("AmazonMSK_alice", r#"{"username": "alice", "password": "wonderland"}"#);
    change(&desk, "BatchAssociateScramSecret", &cluster, &secret).await;
    let brokers = desk.ok("GetBootstrapBrokers", json!({ "ClusterArn": cluster })).await;
    let servers = brokers["BootstrapBrokerStringSaslScram"].as_str().unwrap().to_owned();
    let home = tempfile::tempdir().unwrap();
    let ca = home.path().join("ca.pem");
    std::fs::write(&ca, desk.kafka.broker().unwrap().ca_pem().unwrap()).unwrap();
    for (password, ends) in [("wonderland", "['ok']"), ("guess", "[]")] {
        let arguments = [servers.as_str(), ca.to_str().unwrap(), password];
        let output = tokio::process::Command::new("python3").args(["-c", SCRIPT]).args(arguments).output().await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(said.starts_with(ends), "{said}");
    }
}

#[tokio::test]
async fn a_cluster_has_one_policy() {
    let (desk, _, cluster) = desk().await;
    let of = || json!({ "ClusterArn": cluster });
    assert_eq!(desk.fault("GetClusterPolicy", of()).await.code, "NotFoundException");
    let statement = json!({ "Effect": "Allow", "Principal": { "AWS": "111111111111" }, "Action": "kafka-cluster:*", "Resource": "*" });
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
    let put = |policy: &str, version: Value| {
        let mut input = json!({ "ClusterArn": cluster, "Policy": policy });
        if version != Value::Null {
            input["CurrentVersion"] = version;
        }
        input
    };
    assert_eq!(desk.fault("PutClusterPolicy", put("{", Value::Null)).await.code, "BadRequestException");
    let first = desk.ok("PutClusterPolicy", put(&policy, Value::Null)).await["CurrentVersion"].clone();
    assert_eq!(desk.ok("GetClusterPolicy", of()).await, json!({ "CurrentVersion": first, "Policy": policy }));
    assert_eq!(desk.fault("PutClusterPolicy", put(&policy, json!("KOTHER"))).await.code, "BadRequestException");
    let second = desk.ok("PutClusterPolicy", put(&policy, first.clone())).await["CurrentVersion"].clone();
    assert_ne!(first, second);
    desk.ok("DeleteClusterPolicy", of()).await;
    assert_eq!(desk.fault("DeleteClusterPolicy", of()).await.code, "NotFoundException");
}

#[tokio::test]
async fn networks_of_a_cluster_must_be_there() {
    let desk = Desk::new().await;
    desk.cloud.ports().offer_networks(Arc::new(Land));
    let with = |subnets: [&str; 2], groups: &[&str]| json!({ "BrokerNodeGroupInfo": { "ClientSubnets": subnets, "SecurityGroups": groups, "InstanceType": "kafka.t3.small" } });
    for (subnets, groups, said) in [
        (["subnet-1", "subnet-2"], ["sg-v"], "The subnet ID 'subnet-1' does not exist"),
        (["subnet-a-v", "subnet-b-w"], ["sg-v"], "All subnets of a cluster must be of the same VPC."),
        (["subnet-a-v", "subnet-a-v"], ["sg-v"], "Each subnet of a cluster must be in an Availability Zone of its own."),
        (["subnet-a-v", "subnet-b-v"], ["sg-w"], "The security group sg-w is not of the VPC of the subnets."),
    ] {
        let refused = desk.fault("CreateCluster", input("c", with(subnets, &groups))).await;
        assert_eq!((refused.code.as_ref(), refused.message.as_str()), ("BadRequestException", said));
    }
    desk.cluster("c", with(["subnet-a-v", "subnet-b-v"], &["sg-v"])).await;
    let serverless =
        json!({ "VpcConfigs": [{ "SubnetIds": ["subnet-1"] }], "ClientAuthentication": { "Sasl": { "Iam": { "Enabled": true } } } });
    let refused = desk.fault("CreateClusterV2", json!({ "ClusterName": "s", "Serverless": serverless })).await;
    assert_eq!(refused.message, "The subnet ID 'subnet-1' does not exist");
}
