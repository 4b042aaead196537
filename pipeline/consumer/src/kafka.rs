//! librdkafka's options: what the file passes through, over the defaults of this consumer, under what is its own.

use crate::config::{Auth, Config, Start, options};
use rdkafka::ClientConfig;

/// Options that only consumers know: a producer warns of them.
const OF_CONSUMERS: [&str; 16] = [
    "session.timeout.ms",
    "heartbeat.interval.ms",
    "max.poll.interval.ms",
    "partition.assignment.strategy",
    "group.protocol",
    "group.remote.assignor",
    "group.instance.id",
    "isolation.level",
    "fetch.wait.max.ms",
    "fetch.min.bytes",
    "fetch.max.bytes",
    "fetch.message.max.bytes",
    "max.partition.fetch.bytes",
    "queued.max.messages.kbytes",
    "queued.min.messages",
    "fetch.queue.backoff.ms",
];

/// Of the consumer.
pub fn consumer(config: &Config) -> ClientConfig {
    let mut client = common(config);
    let options = &config.kafka.options;
    let default = |client: &mut ClientConfig, name: &str, value: String| {
        if !options.contains_key(name) {
            client.set(name, value);
        }
    };
    // Only some partitions change hands, and the others go on meanwhile. The new protocol brings its own assignor.
    if options.get("group.protocol").and_then(|protocol| protocol.as_str()) != Some("consumer") {
        default(&mut client, "partition.assignment.strategy", "cooperative-sticky".into());
    }
    default(&mut client, "queued.max.messages.kbytes", (config.limits.prefetched_bytes / 1024).max(1).to_string());
    default(&mut client, "statistics.interval.ms", "1000".into());
    client.set("group.id", &config.kafka.group_id);
    client.set("enable.auto.commit", "false");
    client.set("enable.auto.offset.store", "false");
    client.set("enable.partition.eof", "false");
    client.set(
        "auto.offset.reset",
        match config.kafka.start {
            Start::Earliest => "earliest",
            Start::Latest => "latest",
        },
    );
    client
}

/// Of the producer of dead letters.
pub fn producer(config: &Config) -> ClientConfig {
    let mut client = common(config);
    OF_CONSUMERS.iter().for_each(|name| {
        client.remove(name);
    });
    client.set("enable.idempotence", "true");
    // A batch of dead letters is tried again as a whole; nothing may hang for the default of five minutes.
    client.set("message.timeout.ms", "30000");
    client.set("message.max.bytes", "16777216");
    client
}

fn common(config: &Config) -> ClientConfig {
    let mut client = ClientConfig::new();
    for (name, value) in &config.kafka.options {
        client.set(name, options::text(value).expect("the configuration was checked"));
    }
    client.set("bootstrap.servers", &config.kafka.bootstrap_servers);
    // Kafka's own topics are nobody's records: as `check` and the dry run have it.
    if !config.kafka.options.contains_key("topic.blacklist") {
        client.set("topic.blacklist", "^__");
    }
    if !config.kafka.options.contains_key("client.id") {
        client.set("client.id", &config.kafka.group_id);
    }
    if config.kafka.auth == Auth::MskIam {
        client.set("security.protocol", "SASL_SSL");
        client.set("sasl.mechanism", "OAUTHBEARER");
    }
    client
}
