//! The configuration: one TOML file, in which `${NAME}` stands for an environment variable, checked whole before anything starts.
//!
//! A mistake is told with the table and the key, and nothing is guessed. [`file`] has the tables as they are written, this module the rules
//! that reach over several of them.

pub mod expand;
pub mod file;
pub mod options;

pub use file::{Auth, Aws, Config, DeadLetter, EnvelopeName, Http, Invocation, Kafka, Limits, Route, Start};

use std::path::Path;
use thiserror::Error;

/// Where a variable's value comes from: the environment, or a map in a test.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Why a configuration can't be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error("{path} can't be read: {source}")]
    File {
        /// Which file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// It is no TOML, or has a key that isn't known, or a value of the wrong type.
    #[error("{0}")]
    Form(String),
    /// It reads well and makes no sense.
    #[error("{key}: {why}")]
    Sense {
        /// Table and key.
        key: String,
        /// What is wrong and what to do.
        why: String,
    },
}

/// A file is a page; anything near this is something else.
const FILE_MAX_BYTES: u64 = 1 << 20;
/// Lambda's limit of an asynchronous event since October 2025 (API reference, Invoke), bytes.
const EVENT_MAX_BYTES: usize = 1 << 20;
/// Lambda's limit of a synchronous request, bytes.
const REQUEST_MAX_BYTES: usize = 6 << 20;

impl Config {
    /// Reads a file.
    pub fn load(path: &Path, lookup: Lookup) -> Result<Config, ConfigError> {
        let file = |source| ConfigError::File { path: path.display().to_string(), source };
        if std::fs::metadata(path).map_err(file)?.len() > FILE_MAX_BYTES {
            return Err(file(std::io::Error::other("it is over 1 MiB, which no configuration is")));
        }
        Config::read(&std::fs::read_to_string(path).map_err(file)?, lookup)
    }

    /// Reads the text of a file. `KAFKA_BOOTSTRAP_SERVERS` and `KAFKA_GROUP_ID` override what it says.
    pub fn read(text: &str, lookup: Lookup) -> Result<Config, ConfigError> {
        let mut table: toml::Table = text.parse().map_err(|error: toml::de::Error| ConfigError::Form(error.to_string()))?;
        expand::table(&mut table, lookup)?;
        let kafka = table.entry("kafka").or_insert_with(|| toml::Table::new().into());
        for (variable, key) in [("KAFKA_BOOTSTRAP_SERVERS", "bootstrap_servers"), ("KAFKA_GROUP_ID", "group_id")] {
            if let (Some(value), Some(kafka)) = (lookup(variable), kafka.as_table_mut()) {
                kafka.insert(key.into(), value.into());
            }
        }
        let config: Config = table.try_into().map_err(|error: toml::de::Error| ConfigError::Form(error.to_string()))?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        within("kafka.bootstrap_servers", self.kafka.bootstrap_servers.len(), 1, 4096)?;
        within("kafka.group_id", self.kafka.group_id.len(), 1, 255)?;
        options::check(&self.kafka)?;
        within("routes", self.routes.len(), 1, 100)?;
        let routes = crate::routes::Routes::new(&self.routes)?;
        for (n, route) in self.routes.iter().enumerate() {
            route.check(&format!("routes[{n}]"), self)?;
        }
        if let Some(dead) = &self.dead_letter {
            within("dead_letter.topic", dead.topic.len(), 1, 249)?;
            if routes.find(&dead.topic).is_some() {
                return Err(sense(
                    "dead_letter.topic",
                    format!("{} is a topic of a route: dead letters would go round in circles", dead.topic),
                ));
            }
        }
        self.limits.check()
    }
}

impl Route {
    fn check(&self, key: &str, config: &Config) -> Result<(), ConfigError> {
        let key = |name: &str| format!("{key}.{name}");
        within(&key("topics"), self.topics.len(), 1, 1000)?;
        within(&key("function"), self.function.len(), 1, 170)?;
        within(&key("batch.records"), self.batch.records, 1, 10_000)?;
        within(&key("batch.wait_ms"), self.batch.wait_ms as usize, 0, 300_000)?;
        if self.envelope == EnvelopeName::Raw && self.batch.records != 1 {
            return Err(sense(&key("batch.records"), "the envelope raw is the value itself, so records is 1"));
        }
        let most = match self.invocation {
            Invocation::Event => EVENT_MAX_BYTES,
            Invocation::RequestResponse => REQUEST_MAX_BYTES,
        };
        within(&key("max_payload_bytes"), self.max_payload_bytes(), 1024, most)?;
        within(&key("timeout_ms"), self.timeout_ms() as usize, 100, 960_000)?;
        within(&key("retry.first_ms"), self.retry.first_ms as usize, 1, 600_000)?;
        within(&key("retry.longest_ms"), self.retry.longest_ms as usize, self.retry.first_ms as usize, 3_600_000)?;
        if config.dead_letter.is_none() && self.errors.needs_dead_letters() {
            return Err(sense(
                &key("errors"),
                "something may have to go to a dead-letter topic: name one in dead_letter.topic, or choose retry, drop or stop",
            ));
        }
        Ok(())
    }
}

impl Limits {
    fn check(&self) -> Result<(), ConfigError> {
        within("limits.in_flight", self.in_flight, 1, 10_000)?;
        within("limits.in_flight_per_partition", self.in_flight_per_partition, 1, 1000)?;
        within("limits.buffered_bytes", self.buffered_bytes, 64 << 10, 64 << 30)?;
        within("limits.prefetched_bytes", self.prefetched_bytes, 1 << 10, 2 << 30)?;
        within("limits.partition_records", self.partition_records, 1, 1_000_000)?;
        within("limits.drain_timeout_ms", self.drain_timeout_ms as usize, 0, 600_000)?;
        within("limits.commit_interval_ms", self.commit_interval_ms as usize, 10, 60_000)
    }
}

/// An error that names a key.
pub fn sense(key: &str, why: impl Into<String>) -> ConfigError {
    ConfigError::Sense { key: key.to_owned(), why: why.into() }
}

fn within(key: &str, value: usize, least: usize, most: usize) -> Result<(), ConfigError> {
    match (least..=most).contains(&value) {
        true => Ok(()),
        false if value == 0 => Err(sense(key, "it is missing or empty")),
        false => Err(sense(key, format!("{value} is not from {least} to {most}"))),
    }
}

/// The real environment.
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
