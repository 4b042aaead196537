//! What goes wrong on purpose, as the crate's own client meets it: rules, a broker that is away, a partition without a leader.

use crate::site::Site;
use broker::{
    Durability, Event, Host,
    client::{Client, Isolation, Message, Position},
};
use bytes::Bytes;
use kafka_protocol::{
    ResponseError,
    messages::{
        DeleteTopicsRequest, FetchRequest, MetadataRequest,
        delete_topics_request::DeleteTopicState,
        fetch_request::{FetchPartition, FetchTopic},
        metadata_request::MetadataRequestTopic,
    },
};
use kit::{ClockMode, Effect, FaultRule, Faults};
use parking_lot::Mutex;
use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

/// A host with rules, and a memory of what was done.
#[derive(Default)]
struct Remembering {
    faults: Faults,
    seen: Mutex<Vec<String>>,
}

impl Host for Remembering {
    fn armed(&self) -> bool {
        true
    }
    fn effect(&self, api: &str, about: &str) -> Option<Effect> {
        self.faults.check("kafka", api, about, || 0.0)
    }
    fn done(&self, event: Event<'_>) {
        self.seen.lock().push(format!("{} {} {} {:?}", event.api, event.about, event.outcome, event.records));
    }
}

/// The time that the clients tell; how old a record is, its broker decides.
const NOW: i64 = 1_700_000_000_000;

async fn site(folder: Option<&Path>) -> (Site, Client, Arc<Remembering>) {
    let host = Arc::new(Remembering::default());
    let site = Site::with(ClockMode::Running, |options| {
        options.host = Some(host.clone());
        options.dir = folder.map(|folder| (folder.to_owned(), Durability::Process));
    })
    .await;
    let client = Client::new(&site.bootstrap(), site.cloud.clock().clone());
    (site, client, host)
}

fn message(value: &str) -> Message {
    Message { value: Some(Bytes::copy_from_slice(value.as_bytes())), partition: Some(0), ..Message::default() }
}

async fn values(client: &mut Client) -> Vec<String> {
    let reading = client.read("t", Position::Earliest, 1000, Duration::ZERO, Isolation::ReadCommitted).await.unwrap();
    reading.records.iter().map(|(_, record)| String::from_utf8(record.value.clone().unwrap().to_vec()).unwrap()).collect()
}

#[tokio::test]
async fn rules_refuse_lose_answers_and_double() {
    let (_site, mut client, host) = site(None).await;
    client.create_topic("t", 2, 1, &BTreeMap::new()).await.unwrap();
    let rule = |api: &str, about: &str, error: &str| {
        host.faults.clear();
        let text = |text: &str| Some(text.to_owned());
        host.faults.add(FaultRule { operation: text(api), resource: text(about), error: text(error), ..FaultRule::default() });
    };
    rule("Produce", "t-0", "NOT_ENOUGH_REPLICAS");
    assert_eq!(client.produce("t", &[message("a")], NOW).await.unwrap_err().code(), "NOT_ENOUGH_REPLICAS");
    let elsewhere = Message { partition: Some(1), ..message("of another partition") };
    client.produce("t", &[elsewhere], NOW).await.unwrap();
    rule("Produce", "t-0", "ANSWER_LOST");
    assert_eq!(client.produce("t", &[message("b")], NOW).await.unwrap_err().code(), "NETWORK_EXCEPTION");
    rule("Produce", "t-0", "DUPLICATE");
    assert_eq!(client.produce("t", &[message("c")], NOW).await.unwrap()[0].offset, 1);
    rule("FindCoordinator", "", "COORDINATOR_NOT_AVAILABLE");
    assert_eq!(client.group("g").await.unwrap_err().code(), "COORDINATOR_NOT_AVAILABLE");
    host.faults.clear();
    assert_eq!(values(&mut client).await, ["b", "c", "c", "of another partition"]);
    let seen = host.seen.lock().join("\n");
    for line in ["CreateTopics t ok None", "Produce t-0 NOT_ENOUGH_REPLICAS None", "Produce t-0 ok Some((1, 1))"] {
        assert!(seen.contains(line), "{line} is not in\n{seen}");
    }
}

/// Newer clients fetch and look up by topic id; rules go by name all the same.
#[tokio::test]
async fn rules_about_a_topic_hold_for_requests_that_name_it_by_id() {
    let (site, mut client, host) = site(None).await;
    for topic in ["apples", "pears"] {
        client.create_topic(topic, 1, 1, &BTreeMap::new()).await.unwrap();
        client.produce(topic, &[message("a")], NOW).await.unwrap();
    }
    let mut raw = crate::client::Client::connect(&site.bootstrap()).await;
    let described = raw.call(12, MetadataRequest::default().with_topics(None)).await.topics;
    let id = |name: &str| described.iter().find(|t| t.name.as_ref().unwrap().as_str() == name).unwrap().topic_id;
    let [about, other] = ["apples", "pears"].map(id);
    let fetch = |id| {
        let partition = FetchPartition::default().with_partition_max_bytes(1 << 20);
        let topic = FetchTopic::default().with_topic_id(id).with_partitions(vec![partition]);
        FetchRequest::default().with_max_bytes(1 << 20).with_topics(vec![topic])
    };
    let describe = |id| {
        let topic = MetadataRequestTopic::default().with_name(None).with_topic_id(id);
        MetadataRequest::default().with_topics(Some(vec![topic]))
    };
    for operation in ["Fetch", "Metadata"] {
        let (operation, resource, error) = (Some(operation.into()), Some("apples".into()), Some("NOT_LEADER_OR_FOLLOWER".into()));
        host.faults.add(FaultRule { operation, resource, error, ..FaultRule::default() });
    }
    let refused = ResponseError::NotLeaderOrFollower.code();
    for version in [13, 16] {
        for (id, code) in [(about, refused), (other, 0)] {
            assert_eq!(raw.call(version, fetch(id)).await.responses[0].partitions[0].error_code, code, "Fetch version {version}");
        }
    }
    assert_eq!(raw.call(12, describe(about)).await.topics[0].error_code, refused);
    host.faults.clear();
    assert_eq!(raw.call(12, describe(about)).await.topics[0].error_code, 0);
    let (operation, error) = (Some("Metadata".into()), Some("LEADER_NOT_AVAILABLE".into()));
    host.faults.add(FaultRule { operation, error, ..FaultRule::default() });
    let all = raw.call(12, MetadataRequest::default().with_topics(None)).await.topics;
    assert!(
        all.len() == 2 && all.iter().all(|t| t.error_code == ResponseError::LeaderNotAvailable.code()),
        "a rule about no topic is about all"
    );
    host.faults.clear();
    let gone = || DeleteTopicsRequest::default().with_topics(vec![DeleteTopicState::default().with_name(None).with_topic_id(about)]);
    host.faults.add(FaultRule {
        operation: Some("DeleteTopics".into()),
        resource: Some("apples".into()),
        drop: true,
        ..FaultRule::default()
    });
    assert!(raw.try_call(6, gone()).await.is_err(), "dropped");
    host.faults.clear();
    let mut raw = crate::client::Client::connect(&site.bootstrap()).await;
    assert_eq!(raw.call(6, gone()).await.responses[0].error_code, 0);
}

#[tokio::test]
async fn who_is_slow_is_waited_for() {
    let (site, mut client, host) = site(None).await;
    client.create_topic("t", 1, 1, &BTreeMap::new()).await.unwrap();
    host.faults.add(FaultRule { operation: Some("Produce".into()), latency_ms: Some(80), ..FaultRule::default() });
    let began = site.cloud.clock().real_now();
    client.produce("t", &[message("late")], NOW).await.unwrap();
    assert!(site.cloud.clock().real_now().millis() - began.millis() >= 80);
}

#[tokio::test]
async fn a_broker_that_was_away_has_everything_and_the_same_port() {
    for folder in [None, Some(tempfile::tempdir().unwrap())] {
        let (site, mut client, _) = site(folder.as_ref().map(|folder| folder.path())).await;
        let before = site.bootstrap();
        client.create_topic("t", 1, 1, &BTreeMap::new()).await.unwrap();
        client.produce("t", &[message("a")], NOW).await.unwrap();
        client.commit("g", "t", &[1]).await.unwrap();
        assert!(site.broker.down().await && !site.broker.down().await);
        assert_eq!(client.produce("t", &[message("never")], NOW).await.unwrap_err().code(), "NETWORK_EXCEPTION");
        assert!(site.broker.read("t", 0, 0, 1 << 20).is_err() && site.broker.commit("g", "t", &[(0, 9)]).is_err(), "nor from inside");
        assert!(std::net::TcpListener::bind(&before).is_err(), "nobody else gets the port meanwhile");
        assert!(site.broker.up().await.unwrap() && !site.broker.up().await.unwrap());
        client.produce("t", &[message("b")], NOW).await.unwrap();
        site.broker.restart().await.unwrap();
        assert_eq!(site.bootstrap(), before);
        let mut client = Client::new(&before, site.cloud.clock().clone());
        assert_eq!(values(&mut client).await, ["a", "b"]);
        let group = client.group("g").await.unwrap();
        assert_eq!((group.state.as_str(), group.lag(), group.offsets[0].committed), ("Empty", 1, 1));
    }
}

#[tokio::test]
async fn a_partition_without_a_leader_says_so() {
    let (site, mut client, _) = site(None).await;
    client.create_topic("t", 1, 1, &BTreeMap::new()).await.unwrap();
    client.produce("t", &[message("a")], NOW).await.unwrap();
    assert!(site.broker.lead("t", 0, false) && !site.broker.lead("t", 7, false));
    assert!(site.broker.read("t", 0, 0, 1 << 20).unwrap_err().to_string().contains("no leader"));
    assert_eq!(client.topics().await.unwrap()[0].leaders, [-1]);
    assert_eq!(client.produce("t", &[message("b")], NOW).await.unwrap_err().code(), "NOT_LEADER_OR_FOLLOWER");
    assert_eq!(client.offsets("t", -1, false).await.unwrap_err().code(), "NOT_LEADER_OR_FOLLOWER");
    site.broker.lead("t", 0, true);
    assert_eq!(values(&mut client).await, ["a"]);
}

#[tokio::test]
async fn the_client_reads_from_a_time_and_no_more_than_it_wants() {
    let (_site, mut client, _) = site(None).await;
    client.create_topic("t", 1, 1, &BTreeMap::new()).await.unwrap();
    let at = |time, value: &str| Message { time_ms: Some(time), ..message(value) };
    client.produce("t", &[at(NOW + 10, "a"), at(NOW + 20, "b"), at(NOW + 30, "c")], NOW).await.unwrap();
    for ((position, max), (wanted, next)) in
        [((Position::Time(NOW + 15), 9), (2, 3)), ((Position::Earliest, 2), (2, 2)), ((Position::Latest, 9), (0, 3))]
    {
        let reading = client.read("t", position, max, Duration::ZERO, Isolation::ReadCommitted).await.unwrap();
        assert_eq!((reading.records.len(), reading.next.as_slice()), (wanted, &[next][..]));
    }
    assert_eq!(client.create_topic("t", 1, 1, &BTreeMap::new()).await.unwrap_err().code(), "TOPIC_ALREADY_EXISTS");
    client.delete_topic("t").await.unwrap();
    assert_eq!(client.offsets("t", -1, false).await.unwrap_err().code(), "UNKNOWN_TOPIC_OR_PARTITION");
}
