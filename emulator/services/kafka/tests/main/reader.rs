//! The port by which Lambda's pollers read: positions, records, what is hidden by transactions, and who may.

use crate::desk::Desk;
use broker::inside::Fresh;
use kit::{
    Context, Decider, Decision, Need, Timestamp,
    ports::{KafkaLogin, KafkaPlace, KafkaRecord, KafkaSource, KafkaStart, KafkaTrouble},
};
use serde_json::json;
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

fn source(place: KafkaPlace) -> KafkaSource {
    KafkaSource { place, topic: "orders".into(), group: "g".into(), login: KafkaLogin::Default, root_ca: None, poller: true }
}

fn fresh(value: &str) -> Fresh {
    Fresh { key: Some(b"k".to_vec()), value: Some(value.into()), headers: vec![("h".into(), vec![1])] }
}

async fn desk() -> (Desk, KafkaSource) {
    let desk = Desk::new().await;
    desk.kafka.broker().unwrap().topics().create("orders", 2, BTreeMap::new()).unwrap();
    let arn = desk.cluster("c", json!({ "ClientAuthentication": { "Sasl": { "Iam": { "Enabled": true } } } })).await;
    (desk, source(KafkaPlace::Cluster(arn)))
}

#[tokio::test]
async fn records_are_read_from_where_the_group_is() {
    let (desk, source) = desk().await;
    let (port, broker) = (desk.cloud.ports().kafka_topics().unwrap(), desk.kafka.broker().unwrap());
    let rung = Arc::new(AtomicU32::new(0));
    let counted = rung.clone();
    port.watch(Arc::new(move || {
        counted.fetch_add(1, Ordering::Relaxed);
    }));
    broker.append("orders", 0, &[fresh("a"), fresh("b")]).await.unwrap();
    assert_eq!(rung.load(Ordering::Relaxed), 1, "the bell rings when something is written");
    let opened = port.open(&desk.cx, &source).await.unwrap();
    assert_eq!(opened.partitions, 2);
    let newest = port.positions(&desk.cx, &source, KafkaStart::Newest).await.unwrap();
    assert_eq!(newest, [(0, 2), (1, 0)].into());
    let again = port.positions(&desk.cx, &source, KafkaStart::Oldest).await.unwrap();
    assert_eq!(again, newest, "where the group has been counts more than where it was to begin");
    let other = KafkaSource { group: "other".into(), ..source.clone() };
    let at = KafkaStart::At(Timestamp::from_millis(desk.cx.now().millis() + 60_000));
    assert_eq!(port.positions(&desk.cx, &other, at).await.unwrap()[&0], 2);
    let read = port.read(&desk.cx, &source, 0, 1, 1 << 20).await.unwrap();
    assert_eq!((read.records.len(), read.next, read.end), (1, 2, 2));
    let record = &read.records[0];
    assert_eq!((record.offset, record.value.as_deref(), record.headers[0].0.as_str()), (1, Some(&b"b"[..]), "h"));
    port.commit(&desk.cx, &source, vec![(1, 7)]).await.unwrap();
    assert_eq!(broker.committed("g", "orders"), [(0, 2), (1, 7)].into());
    let gone = port.read(&desk.cx, &source, 0, 99, 1 << 20).await.unwrap();
    assert_eq!(gone.records[0].offset, 0, "an offset that is not there goes on at the start");
}

#[tokio::test]
async fn records_are_written_to_another_topic() {
    let (desk, source) = desk().await;
    let port = desk.cloud.ports().kafka_topics().unwrap();
    let record = KafkaRecord { partition: 5, value: Some("dead".into()), ..KafkaRecord::default() };
    assert_eq!(port.write(&desk.cx, &source, "dead", vec![record.clone()]).await, Err(KafkaTrouble::NoTopic));
    desk.kafka.broker().unwrap().topics().create("dead", 2, BTreeMap::new()).unwrap();
    port.write(&desk.cx, &source, "dead", vec![record]).await.unwrap();
    assert_eq!(desk.kafka.broker().unwrap().range("dead", 1).unwrap(), (0, 1), "partition 5 of two is the second");
}

/// Forbids one of Kafka's actions.
struct Without(&'static str);

impl Decider for Without {
    fn decide(&self, _: &Context, need: &Need, _: Option<&str>) -> Decision {
        Decision { allowed: need.action != self.0, message: "no".into(), statement: None }
    }
    fn explain(&self, _: &Context, _: &Need, _: Option<&str>) -> String {
        self.0.into()
    }
}

#[tokio::test]
async fn iam_is_asked_as_the_listener_asks() {
    let (desk, source) = desk().await;
    let port = desk.cloud.ports().kafka_topics().unwrap();
    for action in
        ["kafka-cluster:Connect", "kafka-cluster:DescribeClusterDynamicConfiguration", "kafka-cluster:ReadData", "kafka-cluster:AlterGroup"]
    {
        desk.cloud.set_decider(Arc::new(Without(action)));
        match port.open(&desk.cx, &source).await {
            Err(KafkaTrouble::Authorization(why)) => assert!(why.starts_with(action), "{why}"),
            other => panic!("{action}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_way_that_is_none_is_told() {
    let (desk, managed) = desk().await;
    let port = desk.cloud.ports().kafka_topics().unwrap();
    let KafkaPlace::Cluster(arn) = &managed.place else { unreachable!() };
    let gone = source(KafkaPlace::Cluster(arn.replace("/c/", "/d/")));
    assert_eq!(port.open(&desk.cx, &gone).await, Err(KafkaTrouble::NoCluster));
    let plain = KafkaLogin::Plain { user: "u".into(), password: "p".into() };
    let plain = KafkaSource { login: plain, ..managed.clone() };
    assert!(matches!(port.open(&desk.cx, &plain).await, Err(KafkaTrouble::Authentication(_))));
    // By its address the same cluster wants a login, and there is no other broker.
    let brokers = desk.ok("GetBootstrapBrokers", json!({ "ClusterArn": arn })).await;
    let address = brokers["BootstrapBrokerStringSaslIam"].as_str().unwrap().to_owned();
    let root_ca = Some(desk.kafka.broker().unwrap().ca_pem().unwrap());
    let own = KafkaSource { root_ca, ..source(KafkaPlace::Servers(vec![address])) };
    assert!(matches!(port.open(&desk.cx, &own).await, Err(KafkaTrouble::Authentication(_))));
    let nowhere = source(KafkaPlace::Servers(vec!["127.0.0.1:1".into()]));
    assert!(matches!(port.open(&desk.cx, &nowhere).await, Err(KafkaTrouble::Connection(_))));
    let open = desk.cluster("open", json!({ "EncryptionInfo": { "EncryptionInTransit": { "ClientBroker": "PLAINTEXT" } } })).await;
    let brokers = desk.ok("GetBootstrapBrokers", json!({ "ClusterArn": open })).await;
    let address = brokers["BootstrapBrokerString"].as_str().unwrap().to_owned();
    let opened = port.open(&desk.cx, &source(KafkaPlace::Servers(vec![address.clone()]))).await.unwrap();
    assert_eq!(opened.bootstrap, address);
    // A listener under TLS is trusted by its authority, which nobody else's certificate is.
    let tls = desk.cluster("tls", json!({})).await;
    let brokers = desk.ok("GetBootstrapBrokers", json!({ "ClusterArn": tls })).await;
    let secret = source(KafkaPlace::Servers(vec![brokers["BootstrapBrokerStringTls"].as_str().unwrap().to_owned()]));
    let by = |root_ca: Option<String>| KafkaSource { root_ca, ..secret.clone() };
    for untrusted in [None, Some("-----BEGIN CERTIFICATE-----".to_owned())] {
        match port.open(&desk.cx, &by(untrusted)).await {
            Err(KafkaTrouble::Connection(why)) => assert!(why.contains("SERVER_ROOT_CA_CERTIFICATE"), "{why}"),
            other => panic!("{other:?}"),
        }
    }
    let ca = desk.kafka.broker().unwrap().ca_pem().unwrap();
    assert!(port.open(&desk.cx, &by(Some(ca))).await.is_ok());
}
