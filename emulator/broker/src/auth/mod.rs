//! Who a client is and what it may do. The broker asks; whoever starts it answers through [`Authority`].

use kit::BoxFuture;
use std::sync::Arc;

/// Who is at the other end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// `User:alice`-like name of SASL, or the ARN of an IAM principal; `ANONYMOUS` where nobody was asked.
    pub name: Arc<str>,
    /// What the authority keeps with it (an access key id).
    pub handle: Option<Arc<str>>,
    /// When it has to say so again, milliseconds of the clock.
    pub until_ms: Option<i64>,
}

impl Peer {
    /// Nobody was asked.
    pub fn anonymous() -> Peer {
        Peer { name: "ANONYMOUS".into(), handle: None, until_ms: None }
    }
}

/// What an action is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource<'a> {
    /// The cluster.
    Cluster,
    /// A topic.
    Topic(&'a str),
    /// A group.
    Group(&'a str),
    /// A transactional id.
    TransactionalId(&'a str),
}

/// Knows passwords, tokens and permissions. Tokens and permissions are asked for on the way of requests: they are answered from memory.
pub trait Authority: Send + Sync + 'static {
    /// The password of a user of SASL PLAIN and SCRAM, asked for once in a connection.
    fn password<'a>(&'a self, user: &'a str) -> BoxFuture<'a, Option<String>>;
    /// Who a token of OAUTHBEARER stands for; the error says why it doesn't count.
    fn token(&self, token: &str) -> Result<Peer, String>;
    /// Whether the peer may do this. `action` is IAM's, without `kafka-cluster:` (`ReadData`).
    fn allows(&self, peer: &Peer, action: &'static str, resource: Resource<'_>) -> bool;
}

mod plain;
pub(crate) mod scram;
mod session;

pub use session::Session;

/// SASL mechanisms that are known, as Kafka names them.
pub const MECHANISMS: [&str; 4] = ["PLAIN", "SCRAM-SHA-512", "SCRAM-SHA-256", "OAUTHBEARER"];
