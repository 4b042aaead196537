//! Which of librdkafka's options are the consumer's own. All others are passed through as they are, and librdkafka refuses what it doesn't know.

use super::{Auth, ConfigError, Kafka, sense};

/// Options that the promise hangs on, or that stand elsewhere in the file: name, why.
const OWNED: [(&str, &str); 12] = [
    ("enable.auto.commit", "offsets are committed when Lambda has accepted their records, and only then"),
    ("enable.auto.offset.store", "offsets are committed when Lambda has accepted their records, and only then"),
    ("auto.commit.enable", "offsets are committed when Lambda has accepted their records, and only then"),
    ("offset.store.method", "offsets are kept by the group, on the cluster"),
    ("enable.partition.eof", "the end of a partition means nothing to a consumer that stays"),
    ("group.id", "it is kafka.group_id"),
    ("bootstrap.servers", "they are kafka.bootstrap_servers"),
    ("metadata.broker.list", "they are kafka.bootstrap_servers"),
    ("auto.offset.reset", "it is kafka.start"),
    ("enable.idempotence", "dead letters are written so"),
    ("message.timeout.ms", "dead letters are tried again as a whole, and may not hang"),
    ("message.max.bytes", "a dead letter is as large as its record, and says so in headers beside"),
];

/// Options that `auth = "msk-iam"` decides.
const OWNED_BY_IAM: [&str; 5] =
    ["security.protocol", "sasl.mechanism", "sasl.mechanisms", "sasl.oauthbearer.config", "sasl.oauthbearer.method"];

/// Refuses what is owned, and values that are no scalars.
pub fn check(kafka: &Kafka) -> Result<(), ConfigError> {
    for (name, value) in &kafka.options {
        let key = format!("kafka.options.\"{name}\"");
        if let Some((_, why)) = OWNED.iter().find(|(owned, _)| owned == name) {
            return Err(sense(&key, format!("this option is the consumer's own: {why}")));
        }
        if kafka.auth == Auth::MskIam && OWNED_BY_IAM.contains(&name.as_str()) {
            return Err(sense(&key, "auth = \"msk-iam\" decides this option"));
        }
        if text(value).is_none() {
            return Err(sense(&key, "it is neither text nor number nor boolean"));
        }
    }
    Ok(())
}

/// An option's value as librdkafka wants it.
pub fn text(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Float(number) => Some(number.to_string()),
        toml::Value::Boolean(yes) => Some(yes.to_string()),
        _ => None,
    }
}
