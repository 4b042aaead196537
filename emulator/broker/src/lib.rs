//! A Kafka broker in this process: real protocol, real logs, one node. No JVM, no container, started in a millisecond.
//!
//! Knows Kafka and nothing of AWS: who may do what is asked of an [`auth::Authority`]. Time of records, retention, compaction and transactions
//! is the cloud's; sessions of group members and long polls run in real time, as their clients do.
//!
//! A request's life: [`listener`] accepts, [`connection`] reads and decodes, [`api`] has one file for each API. What they work on: [`topics`]
//! with their logs ([`log`]), [`groups`], [`transactions`]. What is not a record is written down in the [`ledger`].

mod about;
pub mod api;
pub mod auth;
mod call;
pub mod client;
mod configs;
mod connection;
mod disk;
pub mod groups;
pub mod guard;
pub mod host;
mod housekeeping;
pub mod inside;
mod ledger;
mod listener;
pub mod log;
mod metrics;
pub mod options;
mod power;
#[cfg(test)]
mod power_cut;
mod room;
mod shared;
mod snapshot;
pub mod tls;
mod topics;
mod transactions;

pub use host::{Event, Host};
pub use listener::Bound;
pub use log::Keeping;
pub use options::{Defaults, Durability, Limits, Listener, Options, Security};
pub use topics::{Topic, TopicError, Topics};

use ledger::{Change, Ledger};
use parking_lot::Mutex;
use shared::Shared;
use std::{
    io,
    net::SocketAddr,
    sync::{Arc, OnceLock},
};
use tokio::{
    net::TcpListener,
    sync::{Notify, Semaphore, watch},
    task::JoinHandle,
};

/// A running broker. Dropping it stops it; [`Broker::stop`] waits for that and closes the logs in order.
pub struct Broker {
    shared: Arc<Shared>,
    listening: Mutex<Vec<Listening>>,
    /// What listened before the broker went down on purpose.
    down: Mutex<Option<Vec<listener::Seat>>>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

/// A listener at work; its connections end with it.
struct Listening {
    listener: Listener,
    bound: Bound,
    socket: Arc<TcpListener>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Broker {
    /// Opens the logs and listens.
    pub async fn start(options: Options) -> io::Result<Broker> {
        let listeners = options.listeners.clone();
        let shared = Arc::new(open(options)?);
        transactions::recover(&shared).map_err(io::Error::other)?;
        groups::all_left(&shared)?;
        let broker = Broker { shared: shared.clone(), listening: Mutex::default(), down: Mutex::default(), tasks: Mutex::default() };
        for listener in &listeners {
            broker.listen(listener).await?;
        }
        let tasks = [
            tokio::spawn(groups::sweep(shared.clone())),
            tokio::spawn(housekeeping::run(shared.clone())),
            tokio::spawn(housekeeping::tidy(shared)),
        ];
        broker.tasks.lock().extend(tasks);
        Ok(broker)
    }

    /// Listens at one more place.
    pub async fn listen(&self, listener: &Listener) -> io::Result<Bound> {
        self.refuse_if_down()?;
        self.open(listener, listener::bind(listener)?)
    }

    fn open(&self, listener: &Listener, (socket, bound): (TcpListener, Bound)) -> io::Result<Bound> {
        let acceptor = match bound.security.tls() {
            true => Some(self.ca()?.acceptor(vec!["localhost".into(), "127.0.0.1".into(), bound.host.clone()])?),
            false => None,
        };
        let (stop, stopped) = watch::channel(false);
        let socket = Arc::new(socket);
        let task = tokio::spawn(listener::serve(self.shared.clone(), socket.clone(), bound.clone(), acceptor, stopped));
        self.listening.lock().push(Listening { listener: listener.clone(), bound: bound.clone(), socket, stop, task });
        Ok(bound)
    }
    /// Ends a listener and its connections.
    pub fn hang_up(&self, address: SocketAddr) {
        self.listening.lock().retain(|listening| listening.bound.address != address || !listening.end());
    }

    fn ca(&self) -> io::Result<&tls::Ca> {
        if let Some(ca) = self.shared.authority_of_tls.get() {
            return Ok(ca);
        }
        let dir = self.shared.options.dir.as_ref().map(|(dir, _)| dir.join("tls"));
        let ca = tls::Ca::new(dir.as_deref())?;
        Ok(self.shared.authority_of_tls.get_or_init(|| ca))
    }
    /// The certificate (PEM) that clients of TLS listeners have to trust.
    pub fn ca_pem(&self) -> io::Result<String> {
        self.ca().map(|ca| ca.pem().to_owned())
    }

    /// Where it listens, in the order of coming.
    pub fn listeners(&self) -> Vec<Bound> {
        self.listening.lock().iter().map(|listening| listening.bound.clone()).collect()
    }
    /// `HOST:PORT` of the first listener, as `bootstrap.servers` wants it.
    pub fn bootstrap(&self) -> String {
        self.listeners().first().map(|bound| format!("{}:{}", bound.host, bound.port)).unwrap_or_default()
    }
    /// Counters and gauges in Prometheus' text form.
    pub fn metrics(&self) -> String {
        metrics::text(&self.shared)
    }
    /// The clock that it goes by.
    pub fn clock(&self) -> &kit::Clock {
        &self.shared.options.clock
    }
    /// The topics, for whoever administers them from inside the process.
    pub fn topics(&self) -> &topics::Topics {
        &self.shared.topics
    }

    /// Stops: connections end, logs are closed in order so that the next start needs not read them.
    pub async fn stop(&self) -> io::Result<()> {
        let listening = std::mem::take(&mut *self.listening.lock());
        let tasks = std::mem::take(&mut *self.tasks.lock());
        tasks.iter().for_each(JoinHandle::abort);
        for task in listening
            .into_iter()
            .inspect(|l| {
                l.end();
            })
            .map(|l| l.task)
            .chain(tasks)
        {
            let _ = task.await;
        }
        let shared = self.shared.clone();
        tokio::task::spawn_blocking(move || shared.topics.close()).await.map_err(io::Error::other)?
    }
}

impl Listening {
    fn end(&self) -> bool {
        listener::silence(&self.socket);
        let _ = self.stop.send(true);
        self.task.abort();
        true
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.listening.lock().iter().for_each(|listening| {
            listening.end();
        });
        self.tasks.lock().iter().for_each(JoinHandle::abort);
    }
}

fn open(mut options: Options) -> io::Result<Shared> {
    options.disk.power = matches!(options.dir, Some((_, Durability::Power)));
    let ledger = Arc::new(match &options.dir {
        Some((dir, _)) => Ledger::open(dir, &options.disk)?,
        None => Ledger::memory(),
    });
    let ids = kit::Ids::new(options.seed, 0x6b61_666b_6101 ^ options.clock.real_now().unix_ns as u64);
    if ledger.read(|state| state.cluster.is_empty()) {
        ledger.write(vec![Change::Cluster(ids.text(22, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"))])?;
    }
    Ok(Shared {
        topics: topics::Topics::open(&options, ledger.clone())?,
        ledger,
        groups: groups::Groups::default(),
        transactions: transactions::Transactions::default(),
        metrics: metrics::Metrics::default(),
        ids,
        connections: Arc::new(Semaphore::new(options.limits.connections_max)),
        room: room::Room::new(&options.limits),
        authority_of_tls: OnceLock::new(),
        housekeeping: Notify::new(),
        options,
    })
}
