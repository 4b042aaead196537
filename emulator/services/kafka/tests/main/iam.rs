//! IAM in front of a cluster: tokens are signed by botocore, as AWS's own token signer does, and librdkafka brings them.

use crate::desk::Desk;
use kit::{Context, Decider, Decision, Need};
use serde_json::json;
use std::sync::Arc;

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
    "ssl.ca.location": ca, "message.timeout.ms": 30000, "error_cb": lambda e: errors.append(e.str())})
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
    let produce = async |secret: &str, topic: &str| {
        let arguments = [servers.as_str(), ca.to_str().unwrap(), "test", secret, topic];
        let output = tokio::process::Command::new("python3").args(["-c", SCRIPT]).args(arguments).output().await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let said = produce("test", "apples").await;
    assert!(said.starts_with("['ok']"), "{said}");
    let said = produce("test", "pears").await;
    assert!(said.contains("TOPIC_AUTHORIZATION_FAILED"), "{said}");
    let said = produce("guess", "apples").await;
    assert!(said.contains("the signature is not that of the access key"), "{said}");
}
