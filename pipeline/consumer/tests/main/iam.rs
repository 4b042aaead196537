//! An MSK cluster that asks for IAM: the consumer's tokens are signed by the SDK's credentials, and checked by the cluster.

use crate::{
    runner::{Runner, Setup, command},
    stand::{Stand, numbered},
};
use serde_json::{Value, json};

async fn msk(stand: &Stand, operation: &str, input: Value) -> Value {
    let cx = stand.cloud.house_context("test");
    stand.cloud.call_json(&cx, "kafka", operation, &input).await.unwrap_or_else(|fault| panic!("{operation}: {fault}"))
}

/// A serverless cluster: its ARN, where it listens, and librdkafka's option that makes it trusted.
async fn cluster(stand: &Stand) -> (String, String, String) {
    let serverless =
        json!({ "VpcConfigs": [{ "SubnetIds": ["subnet-1"] }], "ClientAuthentication": { "Sasl": { "Iam": { "Enabled": true } } } });
    let made = msk(stand, "CreateClusterV2", json!({ "ClusterName": "photos", "Serverless": serverless })).await;
    let arn = made["ClusterArn"].as_str().unwrap().to_owned();
    let brokers = msk(stand, "GetBootstrapBrokers", json!({ "ClusterArn": arn })).await;
    let bootstrap = brokers["BootstrapBrokerStringSaslIam"].as_str().unwrap().to_owned();
    let ca = stand.folder.path().join("ca.pem");
    std::fs::write(&ca, stand.ca_pem()).unwrap();
    (arn, bootstrap, format!("\"ssl.ca.location\" = \"{}\"\n", ca.display()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn records_come_over_tls_with_iam() {
    let stand = Stand::new(2).await;
    let (arn, bootstrap, options) = cluster(&stand).await;
    let kafka = format!("auth = \"msk-iam\"\ncluster_arn = \"{arn}\"\n");
    let setup = Setup { bootstrap: &bootstrap, kafka: &kafka, options: &options, ..Setup::of(&stand) };
    stand.produce(None, &numbered(0..20)).await;
    let consumer = Runner::start(&stand, &setup);
    assert_eq!(stand.seen.count(20).await.len(), 20);
    assert_eq!(consumer.stop().code(), Some(0));
    assert_eq!(stand.committed().into_iter().flatten().sum::<i64>(), 20);
    // Another secret signs otherwise, and the cluster says so.
    let mut wrong = command(stand.folder.path(), &setup, &stand.endpoint);
    let output = wrong.env("AWS_SECRET_ACCESS_KEY", "guess").arg("check").output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("BAD  cluster") && told.contains("the signature is not that of the access key"), "{told}");
}
