//! What the common suite of Kafka's clients asks (`tests/python/test_kafka.py`), of the librdkafka that the consumer links: against the broker of
//! this project, or against the one that KAFKA_BOOTSTRAP_SERVERS names. It knows no Lambda.

use broker::{Broker, Options};
use kit::Cloud;
use rdkafka::{
    ClientConfig, Message, Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions, AlterConfig, NewPartitions, NewTopic, ResourceSpecifier, TopicReplication},
    client::DefaultClientContext,
    consumer::{BaseConsumer, CommitMode, Consumer},
    message::{BorrowedMessage, Header, Headers, OwnedHeaders},
    producer::{FutureProducer, FutureRecord, Producer},
};
use std::{collections::BTreeSet, sync::Arc, time::Duration};

/// Nothing takes so long.
const LONGEST: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(50);

/// Brokers, and a topic and a group that nobody else uses.
struct Kafka {
    servers: String,
    topic: String,
    group: String,
    cloud: Arc<Cloud>,
    admin: AdminClient<DefaultClientContext>,
    _broker: Option<Broker>,
}

impl Kafka {
    async fn new(partitions: i32) -> Kafka {
        let cloud = Cloud::builder().start().await.unwrap();
        let (broker, servers) = match std::env::var("KAFKA_BOOTSTRAP_SERVERS") {
            Ok(servers) => (None, servers),
            Err(_) => {
                let broker = Broker::start(Options::new(cloud.clock().clone(), cloud.work().clone())).await.unwrap();
                let servers = broker.bootstrap();
                (Some(broker), servers)
            }
        };
        let unique = cloud.clock().real_now().unix_ns;
        let admin = ClientConfig::new().set("bootstrap.servers", &servers).create().unwrap();
        let kafka = Kafka { servers, topic: format!("t-{unique}"), group: format!("g-{unique}"), cloud, admin, _broker: broker };
        let topic = NewTopic::new(&kafka.topic, partitions, TopicReplication::Fixed(1)).set("retention.ms", "3600000");
        let made = kafka.admin.create_topics([&topic], &AdminOptions::new()).await.unwrap();
        assert_eq!(made, [Ok(kafka.topic.clone())]);
        kafka
    }

    fn now_ms(&self) -> i64 {
        self.cloud.clock().real_now().millis()
    }

    fn producer(&self, settings: &[(&str, &str)]) -> FutureProducer {
        self.config(settings).create().unwrap()
    }

    fn config(&self, settings: &[(&str, &str)]) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.servers).set("enable.auto.commit", "false").set("auto.offset.reset", "earliest");
        settings.iter().for_each(|(name, value)| {
            config.set(*name, *value);
        });
        config
    }

    /// Values with themselves as keys; where each came to lie.
    async fn produce(&self, producer: &FutureProducer, values: &[String]) -> Vec<(i32, i64)> {
        let send =
            |value: &String| producer.send_result(FutureRecord::to(&self.topic).key(value.as_bytes()).payload(value.as_bytes())).unwrap();
        let sent: Vec<_> = values.iter().map(send).collect();
        let mut placed = Vec::new();
        for outcome in sent {
            let delivery = outcome.await.unwrap().unwrap();
            placed.push((delivery.partition, delivery.offset));
        }
        placed
    }

    /// A member of the group, subscribed.
    fn member(&self, settings: &[(&str, &str)]) -> BaseConsumer {
        let mut config = self.config(&[("group.id", &self.group)]);
        settings.iter().for_each(|(name, value)| {
            config.set(*name, *value);
        });
        let consumer: BaseConsumer = config.create().unwrap();
        consumer.subscribe(&[&self.topic]).unwrap();
        consumer
    }

    /// Reads so many messages with a member, and commits them.
    fn read<T>(&self, consumer: &BaseConsumer, count: usize, look: impl Fn(&BorrowedMessage<'_>) -> T) -> Vec<T> {
        let (mut seen, end) = (Vec::new(), self.now_ms() + LONGEST.as_millis() as i64);
        while seen.len() < count {
            assert!(self.now_ms() < end, "{} of {count} messages came", seen.len());
            if let Some(message) = consumer.poll(POLL) {
                seen.push(look(&message.unwrap()));
            }
        }
        consumer.commit_consumer_state(CommitMode::Sync).unwrap();
        seen
    }

    fn values(&self, settings: &[(&str, &str)], count: usize) -> Vec<String> {
        self.read(&self.member(settings), count, value)
    }

    /// Two members, polled in turns, until they are as is wanted.
    fn until(&self, members: &[&BaseConsumer], seen: &mut Vec<String>, done: impl Fn(&[usize], &[String]) -> bool) {
        let end = self.now_ms() + LONGEST.as_millis() as i64;
        loop {
            for member in members {
                if let Some(message) = member.poll(POLL) {
                    seen.push(value(&message.unwrap()));
                }
            }
            let shares: Vec<usize> = members.iter().map(|member| member.assignment().unwrap().count()).collect();
            if done(&shares, seen) {
                return;
            }
            assert!(self.now_ms() < end, "shares {shares:?}, {} messages", seen.len());
        }
    }
}

fn value(message: &BorrowedMessage<'_>) -> String {
    String::from_utf8(message.payload().unwrap_or_default().to_vec()).unwrap()
}

fn numbered(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|n| format!("m-{n}")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_come_back_whole_and_a_group_goes_on() {
    let kafka = Kafka::new(1).await;
    let producer = kafka.producer(&[("enable.idempotence", "true")]);
    let headers = OwnedHeaders::new().insert(Header { key: "h", value: Some("1") }).insert(Header::<&str> { key: "none", value: None });
    let whole = FutureRecord::to(&kafka.topic).key("key").payload("value").headers(headers).timestamp(kafka.now_ms());
    let tombstone = FutureRecord::<str, str>::to(&kafka.topic).key("gone");
    for (offset, record) in [whole, tombstone].into_iter().enumerate() {
        assert_eq!(producer.send(record, LONGEST).await.unwrap().offset, offset as i64);
    }
    let member = kafka.member(&[]);
    let look = |m: &BorrowedMessage<'_>| {
        let text = |bytes: Option<&[u8]>| bytes.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
        let headers: Vec<_> = m.headers().iter().flat_map(|h| h.iter()).map(|h| (h.key.to_owned(), text(h.value))).collect();
        (text(m.key()), text(m.payload()), headers)
    };
    let seen = kafka.read(&member, 2, look);
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(seen[0], (some("key"), some("value"), vec![("h".into(), some("1")), ("none".into(), None)]));
    assert_eq!(seen[1], (some("gone"), None, vec![]));
    drop(member);
    kafka.produce(&producer, &numbered(2..3)).await;
    assert_eq!(kafka.values(&[], 1), ["m-2"], "where it stopped");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_codec_that_is_built_in() {
    let kafka = Kafka::new(1).await;
    let codecs: &[&str] =
        if cfg!(feature = "zstd") { &["none", "gzip", "snappy", "lz4", "zstd"] } else { &["none", "gzip", "snappy", "lz4"] };
    let mut sent = Vec::new();
    for codec in codecs {
        let values: Vec<String> = (0..20).map(|n| format!("{codec} {n} ").repeat(50)).collect();
        kafka.produce(&kafka.producer(&[("compression.type", codec), ("linger.ms", "20")]), &values).await;
        sent.extend(values);
    }
    assert_eq!(kafka.values(&[], sent.len()), sent);
}

/// By the members' own plan, and by the broker's (KIP-848).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_share_the_partitions_and_take_over() {
    for protocol in ["classic", "consumer"] {
        let kafka = Kafka::new(4).await;
        let member = || kafka.member(&[("group.protocol", protocol)]);
        let mut seen = Vec::new();
        let first = member();
        kafka.until(&[&first], &mut seen, |shares, _| shares == [4]);
        let second = member();
        kafka.until(&[&first, &second], &mut seen, |shares, _| shares == [2, 2]);
        let values = numbered(0..200);
        kafka.produce(&kafka.producer(&[]), &values).await;
        kafka.until(&[&first, &second], &mut seen, |_, seen| seen.len() >= 200);
        assert_eq!(seen.iter().collect::<BTreeSet<_>>(), values.iter().collect());
        drop(first);
        kafka.until(&[&second], &mut seen, |shares, _| shares == [4]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_counts_with_its_offsets_or_not_at_all() {
    let kafka = Kafka::new(1).await;
    let producer = kafka.producer(&[("transactional.id", &kafka.group)]);
    producer.init_transactions(LONGEST).unwrap();
    let member = kafka.member(&[]);
    // Offsets go with the generation that a member is in: it has to have come in first.
    kafka.until(&[&member], &mut Vec::new(), |shares, _| shares == [1]);
    for (value, commit) in [("aborted", false), ("committed", true)] {
        producer.begin_transaction().unwrap();
        kafka.produce(&producer, &[value.to_owned()]).await;
        let mut offsets = TopicPartitionList::new();
        offsets.add_partition_offset(&kafka.topic, 0, Offset::Offset(7)).unwrap();
        producer.send_offsets_to_transaction(&offsets, &member.group_metadata().unwrap(), LONGEST).unwrap();
        match commit {
            true => producer.commit_transaction(LONGEST).unwrap(),
            false => producer.abort_transaction(LONGEST).unwrap(),
        }
        let mut asked = TopicPartitionList::new();
        asked.add_partition(&kafka.topic, 0);
        let committed = member.committed_offsets(asked, LONGEST).unwrap().elements()[0].offset();
        assert_eq!(committed, if commit { Offset::Offset(7) } else { Offset::Invalid });
    }
    let other = |name: &str| format!("{}-{name}", kafka.group);
    assert_eq!(kafka.values(&[("group.id", &other("a"))], 1), ["committed"]);
    let dirty = [("group.id", &*other("b")), ("isolation.level", "read_uncommitted")];
    assert_eq!(kafka.values(&dirty, 2), ["aborted", "committed"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn topics_grow_are_set_and_go() {
    let kafka = Kafka::new(1).await;
    let (admin, options, topic) = (&kafka.admin, AdminOptions::new(), &*kafka.topic);
    admin.create_partitions([&NewPartitions::new(topic, 3)], &options).await.unwrap()[0].as_ref().unwrap();
    let of = ResourceSpecifier::Topic(topic);
    admin.alter_configs([&AlterConfig::new(of).set("cleanup.policy", "compact")], &options).await.unwrap()[0].as_ref().unwrap();
    let told = admin.describe_configs([&of], &options).await.unwrap().remove(0).unwrap();
    assert_eq!(told.get("cleanup.policy").unwrap().value.as_deref(), Some("compact"));
    let client = kafka.member(&[]);
    let count = || client.fetch_metadata(Some(topic), LONGEST).unwrap().topics()[0].partitions().len();
    assert_eq!(count(), 3);
    assert_eq!(admin.delete_topics(&[topic], &options).await.unwrap(), [Ok(topic.to_owned())]);
    let all = client.fetch_metadata(None, LONGEST).unwrap();
    assert!(!all.topics().iter().any(|t| t.name() == topic && !t.partitions().is_empty()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn offsets_for_times_and_groups_that_go() {
    let kafka = Kafka::new(1).await;
    let producer = kafka.producer(&[]);
    let now = kafka.now_ms();
    for (n, time) in [now - 3000, now - 2000, now - 1000].into_iter().enumerate() {
        let text = n.to_string();
        producer.send(FutureRecord::<str, str>::to(&kafka.topic).payload(&text).timestamp(time), LONGEST).await.unwrap();
    }
    let member = kafka.member(&[]);
    let at = |time| {
        let mut asked = TopicPartitionList::new();
        asked.add_partition_offset(&kafka.topic, 0, Offset::Offset(time)).unwrap();
        member.offsets_for_times(asked, LONGEST).unwrap().elements()[0].offset()
    };
    assert_eq!([at(0), at(now - 2500), at(now - 1000)], [0, 1, 2].map(Offset::Offset));
    assert_eq!(at(now + 3_600_000), Offset::End);
    kafka.read(&member, 3, value);
    drop(member);
    let gone = kafka.admin.delete_groups(&[&kafka.group], &AdminOptions::new()).await.unwrap();
    assert_eq!(gone, [Ok(kafka.group.clone())]);
    assert_eq!(kafka.values(&[], 3), ["0", "1", "2"], "it starts anew");
}
