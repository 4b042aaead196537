//! A broker and a Lambda in one cloud of this process, a function that remembers what it saw, and a producer.

use base64::{Engine, prelude::BASE64_STANDARD};
use futures_util::future::join_all;
use kit::{Cloud, store::Store};
use lambda::in_process::{HandlerError, Invocation, package};
use rdkafka::{
    ClientConfig, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    producer::{FutureProducer, FutureRecord},
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::sync::watch;

/// Nothing takes so long.
pub const LONGEST: Duration = Duration::from_secs(120);
pub const TOPIC: &str = "photo-ingest";
pub const GROUP: &str = "photos";
const ROLE: &str = "arn:aws:iam::000000000000:role/worker";

/// What a function saw: values of records, in the order of their coming.
pub struct Seen(watch::Sender<Vec<String>>);

impl Seen {
    fn new() -> Arc<Seen> {
        Arc::new(Seen(watch::channel(Vec::new()).0))
    }
    pub fn all(&self) -> Vec<String> {
        self.0.borrow().clone()
    }
    /// Waits until it saw what it has to.
    pub async fn until(&self, enough: impl Fn(&[String]) -> bool) -> Vec<String> {
        let mut seen = self.0.subscribe();
        let waited = tokio::time::timeout(LONGEST, seen.wait_for(|all| enough(all))).await;
        match waited {
            Ok(all) => all.unwrap().clone(),
            Err(_) => panic!("the function saw only {:?}", self.all()),
        }
    }
    /// Waits for so many records.
    pub async fn count(&self, count: usize) -> Vec<String> {
        self.until(|all| all.len() >= count).await
    }
    /// The same in the order of the alphabet: what was accepted runs in none.
    pub async fn sorted(&self, count: usize) -> Vec<String> {
        let mut seen = self.count(count).await;
        seen.sort();
        seen
    }
}

/// Values in an event of a Kafka event source, or the event itself.
pub fn values(event: &Value) -> Vec<String> {
    let Some(places) = event["records"].as_object() else { return vec![event.to_string()] };
    let records = places.values().flat_map(|list| list.as_array().unwrap());
    records.map(|record| String::from_utf8(BASE64_STANDARD.decode(record["value"].as_str().unwrap()).unwrap()).unwrap()).collect()
}

/// Everybody may do everything: what the consumer may do is not what is tested.
pub struct Everybody;
impl kit::Decider for Everybody {
    fn decide(&self, _: &kit::Context, _: &kit::Need, _: Option<&str>) -> kit::Decision {
        kit::Decision { allowed: true, message: String::new(), statement: None }
    }
    fn explain(&self, _: &kit::Context, _: &kit::Need, _: Option<&str>) -> String {
        String::new()
    }
}

/// Makes a function of a closure that was registered under its name.
pub async fn function(cloud: &Arc<Cloud>, name: &str) {
    let zip = BASE64_STANDARD.encode(package(name).unwrap());
    let input = json!({
        "FunctionName": name, "Runtime": "provided.al2023", "Handler": "bootstrap", "Role": ROLE, "Timeout": 60, "Code": { "ZipFile": zip },
    });
    call(cloud, "CreateFunction", input).await;
}

pub async fn call(cloud: &Arc<Cloud>, operation: &str, input: Value) -> Value {
    let cx = cloud.house_context("test");
    cloud.call_json(&cx, "lambda", operation, &input).await.unwrap_or_else(|fault| panic!("{operation}: {fault}"))
}

/// The cloud, its broker and its function `f`.
pub struct Stand {
    pub cloud: Arc<Cloud>,
    pub seen: Arc<Seen>,
    pub bootstrap: String,
    pub endpoint: String,
    pub folder: tempfile::TempDir,
    kafka: Arc<kafka::Kafka>,
    _server: gateway::Server,
}

impl Stand {
    /// With a topic of so many partitions. The function fails on a record that is `poison`.
    pub async fn new(partitions: i32) -> Stand {
        Stand::advertising(partitions, None).await
    }

    /// The same, with a broker that sends its clients to another port.
    pub async fn advertising(partitions: i32, port: Option<u16>) -> Stand {
        let seen = Seen::new();
        let lambda = lambda::Lambda::new();
        let sees = seen.clone();
        let handler = move |event: Value, _: Invocation| {
            let sees = sees.clone();
            async move {
                let values = values(&event);
                if values.iter().any(|value| value.contains("poison")) {
                    return Err(HandlerError::new("Poisoned", "I can't take this"));
                }
                sees.0.send_modify(|all| all.extend(values));
                Ok(Value::Null)
            }
        };
        lambda.register("f", handler).unwrap();
        let kafka = kafka::Kafka::new().listen("127.0.0.1:0".parse().unwrap());
        let kafka = Arc::new(match port {
            Some(port) => kafka.advertise("127.0.0.1", port),
            None => kafka,
        });
        let cloud = Cloud::builder().store(Store::memory()).service(Arc::new(lambda)).service(kafka.clone()).start().await.unwrap();
        fakes::Told::by("lambda.amazonaws.com").offer(cloud.ports());
        cloud.set_decider(Arc::new(Everybody));
        let server = gateway::Gateway::bind("127.0.0.1:0".parse().unwrap()).await.unwrap().serve(cloud.clone(), None);
        let stand = Stand {
            seen,
            bootstrap: kafka.bootstrap().unwrap(),
            endpoint: server.url(),
            folder: tempfile::tempdir().unwrap(),
            cloud,
            kafka,
            _server: server,
        };
        function(&stand.cloud, "f").await;
        stand.topic(TOPIC, partitions);
        stand.topic("dead", 1);
        stand
    }

    pub fn topic(&self, name: &str, partitions: i32) {
        self.kafka.broker().unwrap().topics().create(name, partitions, BTreeMap::new()).unwrap();
    }

    /// The certificate that clients of TLS listeners have to trust.
    #[cfg(feature = "tls")]
    pub fn ca_pem(&self) -> String {
        self.kafka.broker().unwrap().ca_pem().unwrap()
    }

    /// Where the broker itself listens, wherever it sends its clients.
    pub fn broker(&self) -> std::net::SocketAddr {
        self.kafka.broker().unwrap().listeners()[0].address
    }

    pub fn producer(&self) -> FutureProducer {
        producer(&self.bootstrap)
    }

    /// Writes values into a partition, or wherever they come to lie.
    pub async fn produce(&self, partition: Option<i32>, values: &[String]) {
        let producer = self.producer();
        let send = |value: &String| {
            let mut record = FutureRecord::<str, str>::to(TOPIC);
            record.partition = partition;
            producer.send_result(record.payload(value.as_str())).unwrap()
        };
        for sent in join_all(values.iter().map(send)).await {
            sent.unwrap().unwrap();
        }
    }

    /// Where the group stands in each partition; nothing where it has committed nothing.
    pub fn committed(&self) -> Vec<Option<i64>> {
        let partitions = self.kafka.broker().unwrap().topics().get(TOPIC).unwrap().count();
        committed(&self.bootstrap, partitions)
    }

    /// Values and headers of what lies in the dead-letter topic.
    pub fn dead_letters(&self, count: usize) -> Vec<(String, BTreeMap<String, String>)> {
        use rdkafka::message::{Headers, Message};
        let consumer = watcher(&self.bootstrap);
        let mut list = TopicPartitionList::new();
        list.add_partition_offset("dead", 0, Offset::Beginning).unwrap();
        consumer.assign(&list).unwrap();
        let mut letters = Vec::new();
        while letters.len() < count {
            let message = consumer.poll(LONGEST).expect("a dead letter").unwrap();
            let text = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
            let headers = message.headers().unwrap().iter().map(|header| (header.key.to_owned(), text(header.value))).collect();
            letters.push((text(message.payload()), headers));
        }
        letters
    }
}

pub fn producer(bootstrap: &str) -> FutureProducer {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", bootstrap).set("enable.idempotence", "true").set("reconnect.backoff.max.ms", "300");
    config.set("message.timeout.ms", "120000").set("retry.backoff.ms", "50");
    config.create().unwrap()
}

fn watcher(bootstrap: &str) -> BaseConsumer {
    ClientConfig::new().set("bootstrap.servers", bootstrap).set("group.id", GROUP).set("enable.auto.commit", "false").create().unwrap()
}

/// Where the group stands.
pub fn committed(bootstrap: &str, partitions: i32) -> Vec<Option<i64>> {
    let mut list = TopicPartitionList::new();
    (0..partitions).for_each(|partition| {
        list.add_partition(TOPIC, partition);
    });
    let told = watcher(bootstrap).committed_offsets(list, LONGEST).unwrap();
    let offset = |offset| if let Offset::Offset(offset) = offset { Some(offset) } else { None };
    told.elements().iter().map(|element| offset(element.offset())).collect()
}

/// `m-0`, `m-1`, ... as JSON strings.
pub fn numbered(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|n| format!("\"m-{n}\"")).collect()
}
