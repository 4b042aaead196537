//! The port by which Lambda's pollers read topics. A cluster, and an address at which the broker of this process listens, are read inside the
//! process; who reads is asked for the same as a client of that listener: IAM's permissions, or a user and a password. What is not here is
//! read over the wire ([`elsewhere`](crate::elsewhere)).

use crate::{
    Kafka,
    elsewhere::Remote,
    state::{self, ListenerKind, inside},
};
use broker::{
    Bound, Broker, Security, TopicError,
    inside::{Bell, Fresh},
};
use kit::{
    BoxFuture, Bytes, Context, Need,
    ports::{KafkaLogin, KafkaPlace, KafkaRead, KafkaRecord, KafkaSource, KafkaStart, KafkaTopic, KafkaTopics, KafkaTrouble as Trouble},
};
use std::{collections::BTreeMap, sync::Arc};
use subtle::ConstantTimeEq;

/// Most bytes of one look at a partition.
const LOOK_MAX_BYTES: usize = 8 << 20;

/// The brokers that a way leads to.
enum At {
    Here(Arc<Broker>),
    Elsewhere(Remote),
}

/// What a function's role needs at a cluster with IAM (AWS's guide, "Configuring Lambda permissions for Amazon MSK event source mappings").
const OF_POLLERS: [&str; 6] =
    ["Connect", "DescribeClusterDynamicConfiguration", "DescribeTopic", "ReadData", "DescribeGroup", "AlterGroup"];

/// What a client needs that reads for a group.
const OF_CLIENTS: [&str; 5] = ["Connect", "DescribeTopic", "ReadData", "DescribeGroup", "AlterGroup"];

/// A way in that was found for a source.
struct Way {
    at: At,
    bootstrap: String,
    /// IAM decides, by the ARNs of this cluster.
    iam: Option<String>,
}

impl KafkaTopics for Kafka {
    fn open<'a>(&'a self, cx: &'a Context, source: &'a KafkaSource) -> BoxFuture<'a, Result<KafkaTopic, Trouble>> {
        Box::pin(async move {
            let way = self.way(cx, source).await?;
            way.may(cx, source, if source.poller { &OF_POLLERS[..] } else { &OF_CLIENTS })?;
            let (partitions, id) = match &way.at {
                At::Here(broker) => {
                    let topic = broker.topics().get(&source.topic).ok_or(Trouble::NoTopic)?;
                    (topic.count(), Some(topic.id))
                }
                At::Elsewhere(remote) => (remote.open(&source.topic).await?, None),
            };
            Ok(KafkaTopic { partitions, bootstrap: way.bootstrap, id })
        })
    }

    fn positions<'a>(
        &'a self,
        cx: &'a Context,
        source: &'a KafkaSource,
        start: KafkaStart,
    ) -> BoxFuture<'a, Result<BTreeMap<i32, i64>, Trouble>> {
        Box::pin(async move {
            let way = self.way(cx, source).await?;
            way.may(cx, source, &["Connect", "DescribeTopic", "ReadData", "DescribeGroup", "AlterGroup"])?;
            let broker = match &way.at {
                At::Here(broker) => broker,
                At::Elsewhere(remote) => return remote.positions(&source.group, &source.topic, start).await,
            };
            let topic = broker.topics().get(&source.topic).ok_or(Trouble::NoTopic)?;
            let mut committed = broker.committed(&source.group, &source.topic);
            // Partitions that came later than the group are read from their start: nothing of them is lost.
            let start = if committed.is_empty() { start } else { KafkaStart::Oldest };
            let mut first = Vec::new();
            for n in (0..topic.count()).filter(|n| !committed.contains_key(n)) {
                let offset = match start {
                    KafkaStart::Oldest => broker.range(&source.topic, n).map_err(told)?.0,
                    KafkaStart::Newest => broker.range(&source.topic, n).map_err(told)?.1,
                    KafkaStart::At(time) => broker.offset_at(&source.topic, n, time.millis()).map_err(told)?,
                };
                first.push((n, offset));
            }
            let written = broker.commit(&source.group, &source.topic, &first).and_then(|()| broker.hold(&source.group));
            written.map_err(|e| Trouble::Broker(e.to_string()))?;
            committed.extend(first);
            Ok(committed)
        })
    }

    fn read<'a>(
        &'a self,
        cx: &'a Context,
        source: &'a KafkaSource,
        partition: i32,
        offset: i64,
        most_bytes: usize,
    ) -> BoxFuture<'a, Result<KafkaRead, Trouble>> {
        Box::pin(async move {
            let way = self.way(cx, source).await?;
            way.may(cx, source, &["Connect", "ReadData"])?;
            let most_bytes = most_bytes.min(LOOK_MAX_BYTES);
            let broker = match &way.at {
                At::Here(broker) => broker,
                At::Elsewhere(remote) => return remote.read(&source.topic, partition, offset, most_bytes).await,
            };
            let chunk = broker.read(&source.topic, partition, offset, most_bytes).map_err(told)?;
            let record = |found| record(partition, found);
            Ok(KafkaRead { records: chunk.records.into_iter().map(record).collect(), next: chunk.next, end: chunk.end })
        })
    }

    fn commit<'a>(&'a self, cx: &'a Context, source: &'a KafkaSource, offsets: Vec<(i32, i64)>) -> BoxFuture<'a, Result<(), Trouble>> {
        Box::pin(async move {
            let way = self.way(cx, source).await?;
            way.may(cx, source, &["Connect", "AlterGroup"])?;
            match &way.at {
                At::Here(broker) => broker.commit(&source.group, &source.topic, &offsets).map_err(|e| Trouble::Broker(e.to_string())),
                At::Elsewhere(remote) => remote.commit(&source.group, &source.topic, &offsets).await,
            }
        })
    }

    fn write<'a>(
        &'a self,
        cx: &'a Context,
        source: &'a KafkaSource,
        topic: &'a str,
        records: Vec<KafkaRecord>,
    ) -> BoxFuture<'a, Result<(), Trouble>> {
        Box::pin(async move {
            let way = self.way(cx, source).await?;
            let other = KafkaSource { topic: topic.to_owned(), ..source.clone() };
            way.may(cx, &other, &["Connect", "DescribeTopic", "WriteData"])?;
            let broker = match &way.at {
                At::Here(broker) => broker,
                At::Elsewhere(remote) => return remote.write(topic, records).await,
            };
            let count = broker.topics().get(topic).ok_or(Trouble::NoTopic)?.count();
            let mut by_partition: BTreeMap<i32, Vec<Fresh>> = BTreeMap::new();
            for (turn, record) in records.into_iter().enumerate() {
                let n = if record.partition < 0 { turn as i32 % count } else { record.partition % count };
                let bytes = |bytes: Option<Bytes>| bytes.map(|bytes| bytes.to_vec());
                let headers = record.headers.into_iter().map(|(name, value)| (name, value.to_vec())).collect();
                by_partition.entry(n).or_default().push(Fresh { key: bytes(record.key), value: bytes(record.value), headers });
            }
            for (n, records) in by_partition {
                broker.append(topic, n, &records).await.map_err(told)?;
            }
            Ok(())
        })
    }

    fn watch(&self, bell: Bell) {
        self.elsewhere.watch(bell.clone());
        match self.broker() {
            Ok(broker) => broker.watch(bell),
            // Services start one after the other: the broker takes the bell when it starts.
            Err(_) => self.bells.lock().push(bell),
        }
    }
}

/// A record as the port tells it.
pub(crate) fn record(partition: i32, record: broker::log::records::Record) -> KafkaRecord {
    KafkaRecord {
        partition,
        offset: record.offset,
        time_ms: record.time,
        appended_ms: record.appended,
        log_time: record.log_time,
        key: record.key,
        value: record.value,
        headers: record.headers.into_iter().map(header).collect(),
    }
}

fn header((name, value): (Bytes, Option<Bytes>)) -> (String, Bytes) {
    (String::from_utf8_lossy(&name).into_owned(), value.unwrap_or_default())
}

fn told(error: TopicError) -> Trouble {
    match error {
        TopicError::Unknown => Trouble::NoTopic,
        TopicError::Disk(error) if error.kind() == std::io::ErrorKind::NotConnected => Trouble::Connection(error.to_string()),
        other => Trouble::Broker(other.to_string()),
    }
}

impl Way {
    /// Asks IAM, where the cluster does: by topic, group and cluster, as the broker asks its clients.
    fn may(&self, cx: &Context, source: &KafkaSource, actions: &[&str]) -> Result<(), Trouble> {
        let Some(cluster) = &self.iam else { return Ok(()) };
        for action in actions {
            let resource = match *action {
                "Connect" | "DescribeClusterDynamicConfiguration" => cluster.clone(),
                "DescribeGroup" | "AlterGroup" => inside(cluster, "group", &source.group),
                _ => inside(cluster, "topic", &source.topic),
            };
            if !cx.decide(&Need::on(format!("kafka-cluster:{action}"), &resource)).allowed {
                return Err(Trouble::Authorization(format!("kafka-cluster:{action} on {resource}")));
            }
        }
        Ok(())
    }
}

impl Kafka {
    async fn way(&self, cx: &Context, source: &KafkaSource) -> Result<Way, Trouble> {
        match &source.place {
            KafkaPlace::Cluster(arn) => self.way_to_cluster(cx, arn, source).await,
            KafkaPlace::Servers(servers) => {
                let bootstrap = servers.join(",");
                let here = self.broker.get().and_then(|broker| {
                    let bound = servers.iter().find_map(|server| listener(broker, server))?;
                    Some((broker.clone(), bound))
                });
                let at = match here {
                    Some((broker, bound)) => {
                        certified(&broker, &bound, source)?;
                        believe(&bound, source).await?;
                        At::Here(broker)
                    }
                    None => {
                        let named = self.external.as_ref().is_some_and(|e| servers.iter().all(|s| e.split(',').any(|e| e.trim() == s)));
                        At::Elsewhere(self.elsewhere.way(cx, &bootstrap, named, source)?)
                    }
                };
                Ok(Way { at, bootstrap, iam: None })
            }
        }
    }

    async fn way_to_cluster(&self, cx: &Context, arn: &str, source: &KafkaSource) -> Result<Way, Trouble> {
        // A cluster of another account is there for whom its policy shows it.
        let own = kit::Arn::parse(arn).is_some_and(|parsed| parsed.account == cx.account());
        if !own && !cx.decide(&Need::on("kafka:DescribeClusterV2", arn)).allowed {
            return Err(Trouble::NoCluster);
        }
        let row = cx.store().read(|s| state::shared(s, arn)).map_err(|_| Trouble::NoCluster)?;
        if let Some(servers) = &self.external {
            // IAM decides here what a reader may, where the cluster says so; the brokers themselves know nothing of it.
            let iam = matches!(source.login, KafkaLogin::Default) && row.listeners.iter().any(|(kind, _)| *kind == ListenerKind::Iam);
            let at = At::Elsewhere(self.elsewhere.way(cx, servers, true, source)?);
            return Ok(Way { at, bootstrap: servers.clone(), iam: iam.then(|| arn.to_owned()) });
        }
        let broker = self.broker().map_err(|fault| Trouble::Connection(fault.message))?.clone();
        let at = |kind| row.listeners.iter().find(|(k, _)| *k == kind).map(|(_, port)| format!("127.0.0.1:{port}"));
        let open = || at(ListenerKind::Plaintext).or_else(|| at(ListenerKind::Tls));
        let (bootstrap, iam) = match &source.login {
            KafkaLogin::Default => match at(ListenerKind::Iam) {
                Some(place) => (Some(place), Some(arn.to_owned())),
                None => (open(), None),
            },
            KafkaLogin::Plain { .. } => return Err(Trouble::Authentication("MSK has no SASL/PLAIN: use SASL_SCRAM_512_AUTH".into())),
            KafkaLogin::Scram { .. } => (at(ListenerKind::Scram), None),
        };
        let bootstrap =
            bootstrap.ok_or_else(|| Trouble::Authentication("the cluster has not enabled this way of authentication".into()))?;
        if matches!(source.login, KafkaLogin::Scram { .. }) {
            let gone = || Trouble::Connection(format!("nothing listens at {bootstrap}"));
            believe(&listener(&broker, &bootstrap).ok_or_else(gone)?, source).await?;
        }
        Ok(Way { at: At::Here(broker), bootstrap, iam })
    }
}

/// The listener of an address, by what clients are told to connect to or by where it is bound.
fn listener(broker: &Broker, server: &str) -> Option<Bound> {
    let (host, port) = server.rsplit_once(':')?;
    let port: u16 = port.parse().ok()?;
    let here = |bound: &Bound| {
        let advertised = (bound.host.as_str(), bound.port) == (host, port);
        let bound_at = bound.address.port() == port && (host == "localhost" || host == bound.address.ip().to_string());
        advertised || bound_at
    };
    broker.listeners().into_iter().find(here)
}

/// Checks that who reads trusts the listener: its authority is none that the world knows.
fn certified(broker: &Broker, bound: &Bound, source: &KafkaSource) -> Result<(), Trouble> {
    let ours = broker.ca_pem().map_err(|e| Trouble::Broker(e.to_string()))?;
    match &source.root_ca {
        _ if !bound.security.tls() => Ok(()),
        Some(root_ca) if root_ca.replace('\r', "").contains(ours.replace('\r', "").trim()) => Ok(()),
        Some(_) => {
            Err(Trouble::Connection("the broker's certificate is not of the authority that SERVER_ROOT_CA_CERTIFICATE names".into()))
        }
        None => Err(Trouble::Connection(
            "the broker's certificate is of an authority of its own: SERVER_ROOT_CA_CERTIFICATE has to name it".into(),
        )),
    }
}

/// Checks a login as the listener does.
async fn believe(bound: &Bound, source: &KafkaSource) -> Result<(), Trouble> {
    let denied = |why: &str| Err(Trouble::Authentication(why.to_owned()));
    match (bound.security, &source.login) {
        (Security::Plaintext | Security::Tls, KafkaLogin::Default) => Ok(()),
        (Security::Plaintext | Security::Tls, _) => denied("the broker does not ask who its clients are, and expects no login"),
        (_, KafkaLogin::Default) => denied("the broker wants a login"),
        (_, KafkaLogin::Plain { user, password }) if bound.mechanisms.contains(&"PLAIN") => right(bound, user, password).await,
        (_, KafkaLogin::Scram { short, user, password })
            if bound.mechanisms.contains(if *short { &"SCRAM-SHA-256" } else { &"SCRAM-SHA-512" }) =>
        {
            right(bound, user, password).await
        }
        _ => denied("the broker does not offer this SASL mechanism"),
    }
}

async fn right(bound: &Bound, user: &str, password: &str) -> Result<(), Trouble> {
    let known = match &bound.authority {
        Some(authority) => authority.password(user).await,
        None => None,
    };
    match known.is_some_and(|known| bool::from(known.as_bytes().ct_eq(password.as_bytes()))) {
        true => Ok(()),
        false => Err(Trouble::Authentication("user or password is wrong".into())),
    }
}
