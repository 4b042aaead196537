//! Topics of brokers that are not of this process, for Lambda's pollers: over Kafka's own protocol, with the login that the mapping names.
//!
//! Brokers elsewhere know nothing of the virtual clock. As long as somebody reads a topic its ends are asked for in real time, and the bell rings
//! when they have moved; a cloud that settles does not wait for what is on its way there.
//!
//! Only loopback addresses are reached, and the brokers that `--kafka-bootstrap` names: a template with the addresses of a real cluster must
//! not read from it by being tried out.

use broker::{
    client::{Access, Client, ClientError, Isolation, Login, Mechanism, Message, Slice},
    inside::Bell,
};
use kit::{
    Clock, Context,
    ports::{KafkaLogin, KafkaRead, KafkaRecord, KafkaSource, KafkaStart, KafkaTrouble as Trouble},
};
use parking_lot::Mutex;
use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::{Arc, Weak},
    time::Duration,
};

/// How often the ends of a topic are asked for.
const WATCH_EVERY: Duration = Duration::from_millis(500);
/// How long brokers are left alone that did not answer.
const WATCH_PAUSE: Duration = Duration::from_secs(5);
/// The bell rings at least so often, to learn whether anybody still reads; nobody who did not look for twice as long does.
const RING_EVERY_MS: i64 = 30_000;
/// Connections to the same brokers as the same user that are kept.
const KEPT_CLIENTS: usize = 4;
/// What all reads see, as inside.
const SEEN: Isolation = Isolation::ReadCommitted;

/// Brokers, and who comes to them how.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Door {
    servers: String,
    login: Option<(Mechanism, String, String)>,
    root_ca: Option<String>,
}

/// Who reads from where.
#[derive(Default)]
pub(crate) struct Elsewhere {
    clients: Mutex<HashMap<Door, Vec<Client>>>,
    /// When somebody last asked for a topic, in real milliseconds.
    watches: Mutex<HashMap<(Door, String), i64>>,
    bells: Mutex<Vec<Bell>>,
}

/// A way to brokers elsewhere.
pub(crate) struct Remote {
    elsewhere: Arc<Elsewhere>,
    door: Door,
    entropy: [u8; 32],
    clock: Clock,
}

impl Elsewhere {
    /// Takes a bell.
    pub(crate) fn watch(&self, bell: Bell) {
        self.bells.lock().push(bell);
    }
    /// The way to a source's brokers. `named` are those that may be reached wherever they are.
    pub(crate) fn way(self: &Arc<Self>, cx: &Context, servers: &str, named: bool, source: &KafkaSource) -> Result<Remote, Trouble> {
        if let Some(far) = servers.split(',').find(|server| !named && !is_here(server)) {
            return Err(Trouble::Connection(format!(
                "{far} is no loopback address: brokers on other machines are reached only if they are named with --kafka-bootstrap"
            )));
        }
        let login = match &source.login {
            KafkaLogin::Default => None,
            KafkaLogin::Plain { user, password } => Some((Mechanism::Plain, user.clone(), password.clone())),
            KafkaLogin::Scram { short, user, password } => {
                let mechanism = if *short { Mechanism::Scram256 } else { Mechanism::Scram512 };
                Some((mechanism, user.clone(), password.clone()))
            }
        };
        let door = Door { servers: servers.to_owned(), login, root_ca: source.root_ca.clone() };
        Ok(Remote { elsewhere: self.clone(), door, entropy: cx.ids().bytes(), clock: cx.cloud().clock().clone() })
    }

    fn ring(&self) {
        let bells = self.bells.lock().clone();
        bells.iter().for_each(|bell| bell());
    }
}

/// Whether an address is of this machine, as far as its text says.
fn is_here(server: &str) -> bool {
    let host = server.trim().rsplit_once(':').map_or(server, |(host, _)| host).trim_matches(['[', ']']);
    host == "localhost" || host.ends_with(".localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

impl Remote {
    fn client(&self) -> Client {
        if let Some(kept) = self.elsewhere.clients.lock().get_mut(&self.door).and_then(Vec::pop) {
            return kept;
        }
        let login = self.door.login.clone();
        let login = login.map(|(mechanism, user, password)| Login { mechanism, user, password, entropy: self.entropy });
        Client::with(&self.door.servers, Access { root_ca: self.door.root_ca.clone(), login }, self.clock.clone())
    }

    /// A client that did what it was asked is kept for the next.
    fn keep(&self, client: Client) {
        let mut clients = self.elsewhere.clients.lock();
        let kept = clients.entry(self.door.clone()).or_default();
        if kept.len() < KEPT_CLIENTS {
            kept.push(client);
        }
    }

    /// The number of partitions; from now on the topic is watched.
    pub(crate) async fn open(&self, topic: &str) -> Result<i32, Trouble> {
        let mut client = self.client();
        let count = client.partitions(topic).await.map_err(told)?;
        self.keep(client);
        let now = self.clock.real_now().millis();
        let first = self.elsewhere.watches.lock().insert((self.door.clone(), topic.to_owned()), now).is_none();
        if first {
            let (elsewhere, key, client) = (Arc::downgrade(&self.elsewhere), (self.door.clone(), topic.to_owned()), self.client());
            tokio::spawn(watch(elsewhere, key, client, self.clock.clone()));
        }
        Ok(count)
    }

    /// As [`kit::ports::KafkaTopics::positions`].
    pub(crate) async fn positions(&self, group: &str, topic: &str, start: KafkaStart) -> Result<BTreeMap<i32, i64>, Trouble> {
        let mut client = self.client();
        let mut committed = client.committed_of(group, topic).await.map_err(told)?;
        let ends = client.offsets(topic, -1, true).await.map_err(told)?;
        let found = match start {
            // Partitions that came later than the group are read from their start: nothing of them is lost.
            _ if !committed.is_empty() => client.offsets(topic, -2, true).await,
            KafkaStart::Oldest => client.offsets(topic, -2, true).await,
            KafkaStart::Newest => Ok(ends.clone()),
            KafkaStart::At(time) => client.offsets(topic, time.millis(), true).await,
        };
        let found = found.map_err(told)?.into_iter().zip(ends).map(|(found, end)| if found < 0 { end } else { found });
        let first: Vec<(i32, i64)> = (0..).zip(found).filter(|(n, _)| !committed.contains_key(n)).collect();
        if !first.is_empty() {
            client.commit_some(group, topic, &first).await.map_err(told)?;
        }
        self.keep(client);
        committed.extend(first);
        Ok(committed)
    }

    /// As [`kit::ports::KafkaTopics::read`].
    pub(crate) async fn read(&self, topic: &str, partition: i32, offset: i64, most_bytes: usize) -> Result<KafkaRead, Trouble> {
        let mut client = self.client();
        let most_bytes = i32::try_from(most_bytes).unwrap_or(i32::MAX);
        let Slice { records, next, end } = client.slice(topic, partition, offset, most_bytes, SEEN).await.map_err(told)?;
        self.keep(client);
        // What those brokers say of time is real time; it came no later than now.
        let now = self.clock.now().millis();
        let dated = |record: broker::log::records::Record| {
            let real = kit::Timestamp::from_millis(record.time);
            let appended = self.clock.virtual_of_real(real).millis().min(now);
            crate::reader::record(partition, broker::log::records::Record { appended, ..record })
        };
        Ok(KafkaRead { records: records.into_iter().map(dated).collect(), next, end })
    }

    /// As [`kit::ports::KafkaTopics::commit`].
    pub(crate) async fn commit(&self, group: &str, topic: &str, offsets: &[(i32, i64)]) -> Result<(), Trouble> {
        let mut client = self.client();
        client.commit_some(group, topic, offsets).await.map_err(told)?;
        self.keep(client);
        Ok(())
    }

    /// As [`kit::ports::KafkaTopics::write`].
    pub(crate) async fn write(&self, topic: &str, records: Vec<KafkaRecord>) -> Result<(), Trouble> {
        let mut client = self.client();
        let count = client.partitions(topic).await.map_err(told)?.max(1);
        let message = |(turn, record): (i32, KafkaRecord)| Message {
            key: record.key,
            value: record.value,
            headers: record.headers.into_iter().map(|(name, value)| (name, Some(value))).collect(),
            time_ms: None,
            partition: Some(if record.partition < 0 { turn } else { record.partition } % count),
        };
        let messages: Vec<Message> = (0..).zip(records).map(message).collect();
        client.produce(topic, &messages, self.clock.now().millis()).await.map_err(told)?;
        self.keep(client);
        Ok(())
    }
}

/// Rings when the ends of a topic have moved, when its brokers stop answering, and every now and then; until nobody reads it any more.
async fn watch(elsewhere: Weak<Elsewhere>, key: (Door, String), mut client: Client, clock: Clock) {
    // What came between the reader's first look and now is new to it, too.
    let (mut ends, mut rung) = (None, clock.real_now().millis());
    loop {
        let now_ends = client.offsets(&key.1, -1, true).await.ok();
        let Some(elsewhere) = elsewhere.upgrade() else { return };
        let now = clock.real_now().millis();
        if elsewhere.watches.lock().get(&key).is_none_or(|asked| now - asked > 2 * RING_EVERY_MS) {
            elsewhere.watches.lock().remove(&key);
            return;
        }
        let answers = now_ends.is_some();
        if now_ends != ends || now - rung > RING_EVERY_MS {
            (ends, rung) = (now_ends, now);
            elsewhere.ring();
        }
        drop(elsewhere);
        clock.real_sleep(if answers { WATCH_EVERY } else { WATCH_PAUSE }).await;
    }
}

fn told(error: ClientError) -> Trouble {
    let says = error.to_string();
    match error.code() {
        "UNKNOWN_TOPIC_OR_PARTITION" => Trouble::NoTopic,
        "SASL_AUTHENTICATION_FAILED" | "UNSUPPORTED_SASL_MECHANISM" | "ILLEGAL_SASL_STATE" => Trouble::Authentication(says),
        "NETWORK_EXCEPTION" => Trouble::Connection(says),
        code if code.ends_with("_AUTHORIZATION_FAILED") => Trouble::Authorization(says),
        _ => Trouble::Broker(says),
    }
}

#[cfg(test)]
mod tests {
    use super::is_here;

    #[test]
    fn addresses_of_this_machine() {
        for here in ["127.0.0.1:9092", "localhost:9092", "kafka.localhost:1", "[::1]:9092"] {
            assert!(is_here(here), "{here}");
        }
        for far in ["b-1.c.kafka.us-east-1.amazonaws.com:9098", "10.0.0.7:9092", "localhost.example.com:9092", "kafka:9092"] {
            assert!(!is_here(far), "{far}");
        }
    }
}
