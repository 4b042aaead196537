//! A small client of any Kafka cluster: topics, producing, reading, groups. For the house itself (scenario verbs, MSK's topics on a cluster
//! outside, Lambda's pollers), which so meets a broker as anybody does, faults included. Joins no group; retries nothing.
//!
//! Versions of requests are those that Kafka 2.5 to 4 have in common with the broker of this crate.

mod connection;
mod consume;
mod groups;
mod login;
mod produce;
mod topics;

pub use consume::{Isolation, Position, Reading, Slice};
pub use groups::{GroupView, MemberView, OffsetView};
pub use login::{Access, Login, Mechanism};
pub use produce::{Ending, Message, Placed};
pub use topics::TopicView;

use crate::{call::text, log::records::Record};
use connection::Connection;
use kafka_protocol::{
    ResponseError,
    messages::{MetadataRequest, MetadataResponse, TopicName, metadata_request::MetadataRequestTopic},
    protocol::Request,
};
use kit::Clock;
use std::{collections::HashMap, io, time::Duration};

/// Why something could not be done.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No broker answers there.
    #[error("no Kafka broker answers at {address}: {error}")]
    Unreachable {
        /// `HOST:PORT`.
        address: String,
        /// What the system says.
        error: io::Error,
    },
    /// The connection ended, or its bytes are not Kafka's.
    #[error("the connection to the Kafka broker at {address} broke: {error}")]
    Broken {
        /// `HOST:PORT`.
        address: String,
        /// What happened.
        error: io::Error,
    },
    /// The broker refused.
    #[error("{about}: {code}{message}")]
    Refused {
        /// Topic, partition or group.
        about: String,
        /// Kafka's name of the error (`UNKNOWN_TOPIC_OR_PARTITION`).
        code: String,
        /// What it says about it, with a colon before.
        message: String,
    },
}

impl ClientError {
    /// Kafka's name of the error; `NETWORK_EXCEPTION` where there was no answer.
    pub fn code(&self) -> &str {
        match self {
            ClientError::Refused { code, .. } => code,
            ClientError::Unreachable { .. } | ClientError::Broken { .. } => "NETWORK_EXCEPTION",
        }
    }
}

/// Kafka's name of an error code.
pub fn name_of(code: i16) -> String {
    let Some(error) = ResponseError::try_from_code(code) else { return "NONE".into() };
    let mut name = String::new();
    for c in format!("{error:?}").chars() {
        if c.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(c.to_ascii_uppercase());
    }
    name
}

/// An error if the code is one.
fn check(code: i16, about: impl FnOnce() -> String, message: Option<&str>) -> Result<(), ClientError> {
    match code {
        0 => Ok(()),
        code => {
            let message = message.map(|m| format!(": {m}")).unwrap_or_default();
            Err(ClientError::Refused { about: about(), code: name_of(code), message })
        }
    }
}

/// A client of one cluster. Connections are made as brokers are needed.
pub struct Client {
    servers: String,
    access: Access,
    /// Connections that were made.
    turns: u64,
    clock: Clock,
    /// By number of the broker; -1 is the one that was found first.
    connections: HashMap<i32, Connection>,
    addresses: HashMap<i32, String>,
    /// Leaders of the partitions of topics that are read by slices; forgotten when something goes wrong.
    leaders: HashMap<String, Vec<i32>>,
}

/// Whichever broker answers.
const ANY: i32 = -1;

impl Client {
    /// Of the cluster behind `HOST:PORT[,HOST:PORT...]`. Nothing is asked yet.
    pub fn new(servers: &str, clock: Clock) -> Client {
        Client::with(servers, Access::default(), clock)
    }

    /// The same, as somebody or under TLS.
    pub fn with(servers: &str, access: Access, clock: Clock) -> Client {
        let (connections, addresses, leaders) = (HashMap::new(), HashMap::new(), HashMap::new());
        Client { servers: servers.to_owned(), access, turns: 0, clock, connections, addresses, leaders }
    }

    async fn connect(&mut self, node: i32) -> Result<Connection, ClientError> {
        self.turns += 1;
        if let Some(address) = self.addresses.get(&node) {
            return Connection::open(address, &self.access, self.turns, &self.clock).await;
        }
        let mut last = None;
        for address in self.servers.split(',').map(str::trim).filter(|address| !address.is_empty()) {
            match Connection::open(address, &self.access, self.turns, &self.clock).await {
                Ok(connection) => return Ok(connection),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| ClientError::Unreachable { address: self.servers.clone(), error: io::ErrorKind::InvalidInput.into() }))
    }

    async fn ask<R: Request>(&mut self, node: i32, version: i16, request: R, wait: Duration) -> Result<R::Response, ClientError> {
        let mut connection = match self.connections.remove(&node) {
            Some(connection) => connection,
            None => self.connect(node).await?,
        };
        let answer = connection.call(version, request, wait).await;
        // Kept only while they are in order: where one broke, the others are likely to be of no use either.
        match &answer {
            Ok(_) => drop(self.connections.insert(node, connection)),
            Err(_) => self.connections.clear(),
        }
        answer
    }

    /// Brokers and topics; all topics where none are named. Naming a topic does not make it.
    async fn metadata(&mut self, names: Option<&[&str]>) -> Result<MetadataResponse, ClientError> {
        let wanted = |name: &&str| MetadataRequestTopic::default().with_name(Some(TopicName(text(*name))));
        let topics = names.map(|names| names.iter().map(wanted).collect());
        let request = MetadataRequest::default().with_topics(topics).with_allow_auto_topic_creation(false);
        let answer = self.ask(ANY, 9, request, Duration::ZERO).await?;
        self.addresses = answer.brokers.iter().map(|b| (*b.node_id, format!("{}:{}", b.host.as_str(), b.port))).collect();
        Ok(answer)
    }

    /// The leaders of a topic's partitions, in order of partition.
    async fn leaders(&mut self, topic: &str) -> Result<Vec<i32>, ClientError> {
        let answer = self.metadata(Some(&[topic])).await?;
        let found = answer.topics.into_iter().next().unwrap_or_default();
        check(found.error_code, || topic.to_owned(), None)?;
        let mut leaders: Vec<(i32, i32)> = found.partitions.iter().map(|p| (p.partition_index, *p.leader_id)).collect();
        leaders.sort_unstable();
        Ok(leaders.into_iter().map(|(_, leader)| leader).collect())
    }
}
