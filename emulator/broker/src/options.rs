//! What a broker is made of: where it listens, where it keeps its logs, and how much it takes from outside.

use crate::{auth::Authority, disk::Disk, host::Host};
use kit::{Clock, Work};
use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

pub use kit::store::Durability;

/// A broker in the making.
#[derive(Clone)]
pub struct Options {
    /// Time of records, retention, compaction and transactions. Sessions of group members and long polls run in real time, as their clients do.
    pub clock: Clock,
    /// Where requests that are under way are counted.
    pub work: Work,
    /// Folder and durability; on the heap without one.
    pub dir: Option<(PathBuf, Durability)>,
    /// Where it listens; at least one.
    pub listeners: Vec<Listener>,
    /// Limits.
    pub limits: Limits,
    /// Settings of topics, unless the topic says otherwise.
    pub defaults: Defaults,
    /// Seed of topic ids and member ids.
    pub seed: u64,
    /// Who hears what is done, and makes it go wrong on purpose.
    pub host: Option<Arc<dyn Host>>,
    /// The way to the files; its promise is that of `dir`.
    pub(crate) disk: Disk,
}

impl Options {
    /// A broker on the heap with one plaintext listener on a free port of the loopback address.
    pub fn new(clock: Clock, work: Work) -> Options {
        Options {
            clock,
            work,
            dir: None,
            listeners: vec![Listener::plaintext(SocketAddr::from(([127, 0, 0, 1], 0)))],
            limits: Limits::default(),
            defaults: Defaults::default(),
            seed: 0,
            host: None,
            disk: Disk::default(),
        }
    }
}

/// How a listener talks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// Nobody is asked who they are.
    Plaintext,
    /// SASL over plain TCP.
    Sasl,
    /// TLS with a certificate of the broker's own authority; nobody is asked who they are.
    Tls,
    /// SASL over TLS.
    SaslTls,
}

impl Security {
    /// Clients have to say who they are.
    pub fn sasl(self) -> bool {
        matches!(self, Security::Sasl | Security::SaslTls)
    }
    /// Bytes are encrypted.
    pub fn tls(self) -> bool {
        matches!(self, Security::Tls | Security::SaslTls)
    }
}

/// Where clients connect.
#[derive(Clone)]
pub struct Listener {
    /// Address to bind; port 0 takes a free one.
    pub address: SocketAddr,
    /// Host and port that clients are told to connect to, where it isn't the address (from inside a container); port 0 is the bound one.
    pub advertised: Option<(String, u16)>,
    /// How it talks.
    pub security: Security,
    /// SASL mechanisms that are offered, as Kafka names them; all that are known if empty.
    pub mechanisms: Vec<&'static str>,
    /// Who is known to it and may do what; where nobody is asked who they are, everybody may do everything.
    pub authority: Option<Arc<dyn Authority>>,
    /// Clients of this listener make topics by naming them, where those of the broker do ([`Defaults::auto_create`]).
    pub auto_create: bool,
}

impl Listener {
    /// A listener that asks nobody.
    pub fn plaintext(address: SocketAddr) -> Listener {
        Listener { address, advertised: None, security: Security::Plaintext, mechanisms: Vec::new(), authority: None, auto_create: true }
    }
}

/// What comes from outside has an end.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of a request; Kafka's `socket.request.max.bytes`.
    pub request_max_bytes: usize,
    /// Bytes of all requests that are being read or worked on; who comes later waits. A quarter is for requests of up to 1 MiB alone.
    pub in_flight_max_bytes: usize,
    /// Bytes of all answers to Fetch until they are written; who comes later waits.
    pub answers_max_bytes: usize,
    /// Connections at the same time; further ones are closed at once.
    pub connections_max: usize,
    /// Partitions of all topics.
    pub partitions_max: usize,
    /// Groups.
    pub groups_max: usize,
    /// Members of a group.
    pub members_max: usize,
    /// Bytes of an answer to Fetch.
    pub fetch_max_bytes: usize,
    /// Bytes of logs on the heap, of all partitions; what is beyond that goes to temporary files before its producer is answered.
    pub heap_max_bytes: u64,
    /// A connection that says nothing for so long is closed; Kafka's `connections.max.idle.ms`.
    pub idle_max: Duration,
    /// A connection that stops for so long in the middle is closed: in a request, in TLS's handshake, or in reading an answer.
    pub stall_max: Duration,
    /// Shortest and longest session of a group member, milliseconds.
    pub session_ms: (i32, i32),
    /// Longest transaction, milliseconds.
    pub transaction_max_ms: i32,
    /// Transactional ids that are known at the same time.
    pub transactional_ids_max: usize,
}

impl Limits {
    /// Least for [`within`](Self::within).
    pub const MEMORY_MIN_BYTES: u64 = 16 << 20;

    /// The usual ones in so many bytes: half is for logs on the heap, a quarter for requests under way, a quarter for answers to Fetch. A request
    /// of more than that quarter is refused. (Beside it the process needs what it always does, and a copy of what is being worked on.)
    pub fn within(bytes: u64) -> Limits {
        let usual = Limits::default();
        let quarter = usize::try_from(bytes.max(Self::MEMORY_MIN_BYTES) / 4).unwrap_or(usize::MAX);
        Limits {
            heap_max_bytes: 2 * quarter as u64,
            in_flight_max_bytes: quarter,
            answers_max_bytes: quarter,
            request_max_bytes: usual.request_max_bytes.min(quarter - quarter / 4),
            fetch_max_bytes: usual.fetch_max_bytes.min(quarter / 2),
            ..usual
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            request_max_bytes: 100 << 20,
            in_flight_max_bytes: 256 << 20,
            answers_max_bytes: 256 << 20,
            connections_max: 2_000,
            partitions_max: 20_000,
            groups_max: 10_000,
            members_max: 1_000,
            fetch_max_bytes: 55 << 20,
            heap_max_bytes: 256 << 20,
            idle_max: Duration::from_secs(600),
            stall_max: Duration::from_secs(20),
            session_ms: (6_000, 1_800_000),
            transaction_max_ms: 900_000,
            transactional_ids_max: 10_000,
        }
    }
}

/// Settings where a topic or a client says nothing.
#[derive(Clone, Debug)]
pub struct Defaults {
    /// Clients make topics by naming them; Kafka's `auto.create.topics.enable`.
    pub auto_create: bool,
    /// Partitions of topics that don't say how many; Kafka's `num.partitions`.
    pub partitions: i32,
    /// How long the first member of a group waits for others; Kafka's default is 3 s, which tests would feel.
    pub rebalance_delay: Duration,
    /// How long offsets of groups without members are kept, milliseconds; Kafka's `offsets.retention.minutes`.
    pub offsets_retention_ms: i64,
    /// A transactional id that is not heard of for so long is forgotten, milliseconds; Kafka's `transactional.id.expiration.ms`.
    pub transactional_id_expiration_ms: i64,
}

impl Default for Defaults {
    fn default() -> Self {
        Defaults {
            auto_create: true,
            partitions: 1,
            rebalance_delay: Duration::from_millis(100),
            offsets_retention_ms: 7 * 86_400_000,
            transactional_id_expiration_ms: 7 * 86_400_000,
        }
    }
}
