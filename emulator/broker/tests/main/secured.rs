//! Listeners that ask who one is, and TLS: by librdkafka through confluent-kafka, where it is installed.

use crate::{
    client::{Client, s},
    clock,
    site::Site,
};
use broker::{
    Listener, Security,
    auth::{Authority, Peer, Resource},
    client::{self, Access, Login, Mechanism},
};
use kafka_protocol::{
    ResponseError,
    messages::{
        DeleteRecordsRequest, MetadataRequest, SaslAuthenticateRequest, SaslHandshakeRequest, TopicName,
        delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic},
    },
};
use std::sync::Arc;

/// Alice reads and writes topics that begin with `a`; a token is the name of a user.
struct Doors;

impl Authority for Doors {
    fn password<'a>(&'a self, user: &'a str) -> kit::BoxFuture<'a, Option<String>> {
        Box::pin(async move { (user == "alice").then(|| "wonderland".into()) })
    }
    fn token(&self, token: &str) -> Result<Peer, String> {
        match token {
            "alice-token" => Ok(Peer { name: "alice".into(), handle: None, until_ms: None }),
            other => Err(format!("{other} is nobody")),
        }
    }
    fn allows(&self, peer: &Peer, _: &'static str, resource: Resource<'_>) -> bool {
        let topic = !matches!(resource, Resource::Topic(name) if !name.starts_with('a'));
        &*peer.name == "alice" && topic
    }
}

const SCRIPT: &str = r#"
import sys, confluent_kafka as k
servers, security, mechanism, user, password, ca, topic = sys.argv[1:]
config = {"bootstrap.servers": servers, "security.protocol": security, "message.timeout.ms": 30000}
if "SSL" in security and ca:
    config["ssl.ca.location"] = ca
if mechanism == "OAUTHBEARER":
    config.update({"sasl.mechanism": mechanism, "oauth_cb": lambda c: (user, 9e9)})
elif mechanism:
    config.update({"sasl.mechanism": mechanism, "sasl.username": user, "sasl.password": password})
errors, done = [], []
config["error_cb"] = lambda e: errors.append(e.str())
p = k.Producer(config)
p.produce(topic, b"secret", on_delivery=lambda e, m: done.append(e.name() if e else "ok"))
while not done and not any('uth' in e or 'ertificate' in e for e in errors):
    p.flush(1)
print(done, errors)
"#;

async fn there() -> bool {
    let looked = tokio::process::Command::new("python3").args(["-c", "import confluent_kafka"]).status().await;
    let there = looked.is_ok_and(|status| status.success());
    assert!(there || std::env::var("WINDTUNNEL_CI").is_err(), "confluent-kafka is not installed; CI needs it");
    there
}

async fn produce(arguments: [&str; 7]) -> String {
    let output = tokio::process::Command::new("python3").args(["-c", SCRIPT]).args(arguments).output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_known_is_let_in_and_may_do_what_it_may() {
    if !there().await {
        println!("skipped: confluent-kafka is not installed");
        return;
    }
    let site = Site::new().await;
    let listener = |security| Listener { security, authority: Some(Arc::new(Doors)), ..Listener::plaintext(([127, 0, 0, 1], 0).into()) };
    let at = |bound: broker::Bound| format!("{}:{}", bound.host, bound.port);
    let sasl = at(site.broker.listen(&listener(Security::Sasl)).await.unwrap());
    let both = at(site.broker.listen(&listener(Security::SaslTls)).await.unwrap());
    let tls = at(site.broker.listen(&listener(Security::Tls)).await.unwrap());
    let home = tempfile::tempdir().unwrap();
    let ca = home.path().join("ca.pem");
    std::fs::write(&ca, site.broker.ca_pem().unwrap()).unwrap();
    let ca = ca.to_str().unwrap();
    for mechanism in ["PLAIN", "SCRAM-SHA-512", "SCRAM-SHA-256"] {
        let said = produce([&both, "SASL_SSL", mechanism, "alice", "wonderland", ca, "apples"]).await;
        assert!(said.starts_with("['ok']"), "{mechanism}: {said}");
        let said = produce([&sasl, "SASL_PLAINTEXT", mechanism, "alice", "guess", "", "apples"]).await;
        assert!(said.contains("Authentication failed"), "{mechanism}: {said}");
    }
    let said = produce([&sasl, "SASL_PLAINTEXT", "OAUTHBEARER", "alice-token", "", "", "apples"]).await;
    assert!(said.starts_with("['ok']"), "{said}");
    let said = produce([&sasl, "SASL_PLAINTEXT", "PLAIN", "alice", "wonderland", "", "pears"]).await;
    assert!(said.contains("TOPIC_AUTHORIZATION_FAILED"), "{said}");
    let said = produce([&tls, "SSL", "", "", "", ca, "anything"]).await;
    assert!(said.starts_with("['ok']"), "{said}");
    let said = produce([&tls, "SSL", "", "", "", "", "anything"]).await;
    assert!(said.contains("certificate verify failed"), "who doesn't know the authority doesn't trust it: {said}");
}

#[tokio::test]
async fn the_crates_own_client_logs_in_under_tls() {
    let site = Site::new().await;
    let listener = |security| Listener { security, authority: Some(Arc::new(Doors)), ..Listener::plaintext(([127, 0, 0, 1], 0).into()) };
    let at = |bound: broker::Bound| format!("{}:{}", bound.host, bound.port);
    let sasl = at(site.broker.listen(&listener(Security::Sasl)).await.unwrap());
    let both = at(site.broker.listen(&listener(Security::SaslTls)).await.unwrap());
    let ca = site.broker.ca_pem().unwrap();
    let topics = async |servers: &str, root_ca: Option<&str>, mechanism: Option<Mechanism>, password: &str| {
        let login = |mechanism| Login { mechanism, user: "alice".into(), password: password.into(), entropy: [5; 32] };
        let access = Access { root_ca: root_ca.map(str::to_owned), login: mechanism.map(login) };
        let mut client = client::Client::with(servers, access, site.cloud.clock().clone());
        client.topics().await.map(|topics| topics.len()).map_err(|error| error.code().to_owned())
    };
    for mechanism in [Mechanism::Plain, Mechanism::Scram256, Mechanism::Scram512] {
        assert_eq!(topics(&both, Some(&ca), Some(mechanism), "wonderland").await, Ok(0), "{mechanism:?}");
        assert_eq!(topics(&sasl, None, Some(mechanism), "wonderland").await, Ok(0), "{mechanism:?}");
        assert_eq!(topics(&sasl, None, Some(mechanism), "guess").await.unwrap_err(), "SASL_AUTHENTICATION_FAILED", "{mechanism:?}");
    }
    assert_eq!(topics(&sasl, None, None, "").await.unwrap_err(), "NETWORK_EXCEPTION", "who says nothing is hung up on");
    let stranger = broker::tls::Ca::new(None).unwrap();
    assert_eq!(topics(&both, Some(stranger.pem()), Some(Mechanism::Plain), "wonderland").await.unwrap_err(), "NETWORK_EXCEPTION");
    assert_eq!(topics(&both, Some("no certificate"), Some(Mechanism::Plain), "wonderland").await.unwrap_err(), "NETWORK_EXCEPTION");
}

/// What AWS's guide gives a transactional producer, and nothing else: `WriteData` is for topics, transactional ids have actions of their own.
struct Documented;

impl Authority for Documented {
    fn password<'a>(&'a self, _: &'a str) -> kit::BoxFuture<'a, Option<String>> {
        Box::pin(async { Some("wonderland".into()) })
    }
    fn token(&self, _: &str) -> Result<Peer, String> {
        Err("no tokens here".into())
    }
    fn allows(&self, _: &Peer, action: &'static str, resource: Resource<'_>) -> bool {
        let allowed: &[&str] = match resource {
            Resource::Cluster => &["Connect", "WriteDataIdempotently"],
            Resource::Topic(_) => &["DescribeTopic", "CreateTopic", "WriteData"],
            Resource::TransactionalId(_) => &["AlterTransactionalId", "DescribeTransactionalId"],
            Resource::Group(_) => &[],
        };
        allowed.contains(&action)
    }
}

#[tokio::test]
async fn the_documented_actions_suffice_for_transactions_and_not_for_deleting_records() {
    let site = Site::new().await;
    let listener =
        Listener { security: Security::Sasl, authority: Some(Arc::new(Documented)), ..Listener::plaintext(([127, 0, 0, 1], 0).into()) };
    let bound = site.broker.listen(&listener).await.unwrap();
    let mut client = Client::connect(&bound.address.to_string()).await;
    assert_eq!(client.call(1, SaslHandshakeRequest::default().with_mechanism(s("PLAIN"))).await.error_code, 0);
    let login = SaslAuthenticateRequest::default().with_auth_bytes(bytes::Bytes::from_static(b"\0alice\0wonderland"));
    assert_eq!(client.call(1, login).await.error_code, 0);
    client.create("t", 1, &[]).await;
    let transaction = clock::begin(&mut client, "t", 60_000).await;
    assert_eq!(clock::write(&mut client, "t", &transaction, 0, "mine").await, 0);
    assert_eq!(clock::end(&mut client, &transaction, true).await, 0);
    let partition = DeleteRecordsPartition::default().with_partition_index(0).with_offset(1);
    let topic = DeleteRecordsTopic::default().with_name(TopicName(s("t"))).with_partitions(vec![partition]);
    let deleted = client.call(2, DeleteRecordsRequest::default().with_topics(vec![topic])).await;
    assert_eq!(deleted.topics[0].partitions[0].error_code, ResponseError::TopicAuthorizationFailed.code());
}

#[tokio::test]
async fn nothing_is_answered_before_authentication_and_a_listener_can_be_hung_up() {
    let site = Site::new().await;
    let listener =
        Listener { security: Security::Sasl, authority: Some(Arc::new(Doors)), ..Listener::plaintext(([127, 0, 0, 1], 0).into()) };
    let bound = site.broker.listen(&listener).await.unwrap();
    let mut client = Client::connect(&bound.address.to_string()).await;
    assert!(client.try_call(9, MetadataRequest::default().with_topics(None)).await.is_err());
    let mut open = Client::connect(&site.bootstrap()).await;
    open.call(9, MetadataRequest::default().with_topics(None)).await;
    let first = site.broker.listeners()[0].address;
    site.broker.hang_up(first);
    assert!(open.try_call(9, MetadataRequest::default().with_topics(None)).await.is_err(), "its connections end with it");
}
