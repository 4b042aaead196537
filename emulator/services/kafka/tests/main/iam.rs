//! IAM in front of a cluster: tokens are signed by botocore, as AWS's own token signer does, and librdkafka brings them.

use crate::desk::{Desk, input};
use base64::Engine;
use kit::{Context, Decider, Decision, Need};
use serde_json::json;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

/// Lets everybody connect and do everything with topics that begin with `a`; roots too.
struct OnlyA;

impl Decider for OnlyA {
    fn decide(&self, _: &Context, need: &Need, _: Option<&str>) -> Decision {
        let allowed = !need.action.starts_with("kafka-cluster:") || !need.resource.contains(":topic/") || need.resource.contains("/a");
        Decision { allowed, message: "no".into(), statement: None }
    }
    fn explain(&self, _: &Context, _: &Need, _: Option<&str>) -> String {
        "topics that begin with a".into()
    }
}

const SCRIPT: &str = r#"
import sys, base64, datetime, confluent_kafka as k
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
servers, ca, key, secret, topic = sys.argv[1:]
def token(_):
    request = AWSRequest("GET", "https://kafka.us-east-1.amazonaws.com/", params={"Action": "kafka-cluster:Connect"})
    SigV4QueryAuth(Credentials(key, secret), "kafka-cluster", "us-east-1", expires=900).add_auth(request)
    url = request.url + "&User-Agent=test"
    return base64.urlsafe_b64encode(url.encode()).decode().rstrip("="), datetime.datetime.now().timestamp() + 900
errors, done = [], []
p = k.Producer({"bootstrap.servers": servers, "security.protocol": "SASL_SSL", "sasl.mechanism": "OAUTHBEARER", "oauth_cb": token,
    "ssl.ca.location": ca, "message.timeout.ms": 30000, "topic.metadata.propagation.max.ms": 500, "error_cb": lambda e: errors.append(e.str())})
p.produce(topic, b"x", on_delivery=lambda e, m: done.append(e.name() if e else "ok"))
while not done and not any('denied' in e for e in errors):
    p.flush(1)
print(done, errors)
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_are_checked_and_iam_decides() {
    let looked = tokio::process::Command::new("python3").args(["-c", "import confluent_kafka, botocore"]).status().await;
    let there = looked.is_ok_and(|status| status.success());
    assert!(there || std::env::var("WINDTUNNEL_CI").is_err(), "confluent-kafka and botocore are not installed; CI needs them");
    if !there {
        println!("skipped: confluent-kafka or botocore is not installed");
        return;
    }
    let desk = Desk::new().await;
    desk.cloud.set_decider(Arc::new(OnlyA));
    let arn = desk.cluster("c", json!({ "ClientAuthentication": { "Sasl": { "Iam": { "Enabled": true } } } })).await;
    let brokers = desk.ok("GetBootstrapBrokers", json!({ "ClusterArn": arn })).await;
    let servers = brokers["BootstrapBrokerStringSaslIam"].as_str().unwrap().to_owned();
    let home = tempfile::tempdir().unwrap();
    let ca = home.path().join("ca.pem");
    std::fs::write(&ca, desk.kafka.broker().unwrap().ca_pem().unwrap()).unwrap();
    desk.kafka.broker().unwrap().topics().create("apples", 1, BTreeMap::new()).unwrap();
    let produce_at = async |servers: &str, secret: &str, topic: &str| {
        let arguments = [servers, ca.to_str().unwrap(), "test", secret, topic];
        let output = tokio::process::Command::new("python3").args(["-c", SCRIPT]).args(arguments).output().await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let produce = async |secret: &str, topic: &str| produce_at(&servers, secret, topic).await;
    let said = produce("test", "apples").await;
    assert!(said.starts_with("['ok']"), "{said}");
    let said = produce("test", "pears").await;
    assert!(said.contains("TOPIC_AUTHORIZATION_FAILED"), "{said}");
    let said = produce("guess", "apples").await;
    assert!(said.contains("the signature is not that of the access key"), "{said}");

    // Topics aren't made by naming them, unless the cluster's configuration says so.
    let said = produce("test", "avocados").await;
    assert!(said.contains("UNKNOWN_TOPIC"), "{said}");
    let properties = base64::engine::general_purpose::STANDARD.encode("auto.create.topics.enable = true");
    let made = desk.ok("CreateConfiguration", json!({ "Name": "lax", "ServerProperties": properties })).await;
    let lax = json!({ "ClientAuthentication": { "Sasl": { "Iam": { "Enabled": true } } }, "ConfigurationInfo": { "Arn": made["Arn"], "Revision": 1 } });
    let arn = desk.cluster("lax", lax).await;
    let brokers = desk.ok("GetBootstrapBrokers", json!({ "ClusterArn": arn })).await;
    let said = produce_at(brokers["BootstrapBrokerStringSaslIam"].as_str().unwrap(), "test", "avocados").await;
    assert!(said.starts_with("['ok']"), "{said}");
}

/// Allows everything but connecting to clusters that are `stage` = `live`, and remembers what was asked.
#[derive(Default)]
struct ByTag(Mutex<Vec<Need>>);

impl ByTag {
    /// Values of a condition key, when this action was asked last.
    fn told(&self, action: &str, key: &str) -> Vec<String> {
        let needs = self.0.lock().unwrap();
        let need = needs.iter().rfind(|need| need.action == action).unwrap_or_else(|| panic!("{action} was not asked"));
        need.keys.iter().filter(|(name, _)| name == key).flat_map(|(_, values)| values.clone()).collect()
    }
}

impl Decider for ByTag {
    fn decide(&self, _: &Context, need: &Need, _: Option<&str>) -> Decision {
        self.0.lock().unwrap().push(need.clone());
        let live = need.keys.iter().any(|(name, values)| name == "aws:ResourceTag/stage" && values[0] == "live");
        Decision { allowed: need.action != "kafka-cluster:Connect" || !live, message: "no".into(), statement: None }
    }
    fn explain(&self, _: &Context, _: &Need, _: Option<&str>) -> String {
        String::new()
    }
}

#[tokio::test]
async fn policies_may_go_by_tags() {
    let desk = Desk::new().await;
    let by = Arc::new(ByTag::default());
    desk.cloud.set_decider(by.clone());
    let tags = |stage: &str| json!({ "Tags": { "stage": stage } });
    let (live, test) = (desk.cluster("live", tags("live")).await, desk.cluster("test", tags("test")).await);
    assert_eq!(by.told("kafka:CreateCluster", "aws:RequestTag/stage"), ["test"]);
    assert_eq!(by.told("kafka:TagResource", "aws:TagKeys"), ["stage"]);
    // Who makes a topic by MSK's API connects, as AWS's table has it.
    let topic = |arn: &str| json!({ "ClusterArn": arn, "TopicName": "t", "PartitionCount": 1, "ReplicationFactor": 1 });
    assert_eq!(desk.fault("CreateTopic", topic(&live)).await.status, 403);
    desk.ok("CreateTopic", topic(&test)).await;
    assert_eq!(by.told("kafka:CreateTopic", "aws:ResourceTag/stage"), ["test"]);
    desk.ok("TagResource", json!({ "ResourceArn": test, "Tags": { "stage": "live" } })).await;
    assert_eq!(by.told("kafka:TagResource", "aws:RequestTag/stage"), ["live"]);
    assert_eq!(desk.fault("ListTopics", json!({ "ClusterArn": test })).await.status, 403, "from now on");
    desk.ok("UntagResource", json!({ "ResourceArn": test, "TagKeys": ["stage"] })).await;
    assert_eq!(by.told("kafka:UntagResource", "aws:TagKeys"), ["stage"]);
    // Without tags nobody needs to be allowed to set them.
    by.0.lock().unwrap().clear();
    desk.ok("CreateCluster", input("bare", json!({}))).await;
    assert!(by.0.lock().unwrap().iter().all(|need| need.action != "kafka:TagResource"));
}
