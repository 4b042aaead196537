//! A Kafka broker in this process: real protocol, real logs, one node. No JVM, no container, started in a millisecond.
//!
//! Knows Kafka and nothing of AWS: who may do what is asked of an [`auth::Authority`]. Time of records, retention, compaction and transactions
//! is the cloud's; sessions of group members and long polls run in real time, as their clients do.
//!
//! A request's life: [`listener`] accepts, [`connection`] reads and decodes, [`api`] has one file for each API. What they work on: [`topics`]
//! with their logs ([`log`]), [`groups`], [`transactions`]. What is not a record is written down in the [`ledger`].

pub mod api;
pub mod auth;
mod call;
mod configs;
mod connection;
pub mod groups;
pub mod guard;
mod housekeeping;
mod ledger;
mod listener;
pub mod log;
mod metrics;
pub mod options;
mod shared;
mod snapshot;
mod tls;
mod topics;
mod transactions;

pub use listener::Bound;
pub use options::{Defaults, Durability, Limits, Listener, Options, Security};
pub use topics::TopicError;

use ledger::{Change, Ledger};
use shared::Shared;
use std::{io, sync::Arc};
use tokio::{
    sync::{Notify, Semaphore, watch},
    task::JoinHandle,
};

/// A running broker. Dropping it stops it; [`Broker::stop`] waits for that and closes the logs in order.
pub struct Broker {
    shared: Arc<Shared>,
    bound: Vec<Bound>,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Broker {
    /// Opens the logs and listens.
    pub async fn start(options: Options) -> io::Result<Broker> {
        let mut sockets = Vec::new();
        for listener in &options.listeners {
            sockets.push(listener::bind(listener).await?);
        }
        let bound: Vec<Bound> = sockets.iter().map(|(_, bound)| bound.clone()).collect();
        let shared = Arc::new(open(options, &bound)?);
        transactions::recover(&shared).map_err(io::Error::other)?;
        let (stop, stopped) = watch::channel(false);
        let mut tasks: Vec<JoinHandle<()>> = Vec::new();
        for (socket, bound) in sockets {
            tasks.push(tokio::spawn(listener::serve(shared.clone(), socket, bound, stopped.clone())));
        }
        tasks.push(tokio::spawn(groups::sweep(shared.clone())));
        tasks.push(tokio::spawn(housekeeping::run(shared.clone())));
        tasks.push(tokio::spawn(housekeeping::tidy(shared.clone())));
        Ok(Broker { shared, bound, stop, tasks })
    }

    /// Where it listens, in the order of the options.
    pub fn listeners(&self) -> &[Bound] {
        &self.bound
    }
    /// `HOST:PORT` of the first listener, as `bootstrap.servers` wants it.
    pub fn bootstrap(&self) -> String {
        self.bound.first().map(|bound| format!("{}:{}", bound.host, bound.port)).unwrap_or_default()
    }
    /// The certificate (PEM) that clients of TLS listeners have to trust.
    pub fn ca_pem(&self) -> Option<&str> {
        self.shared.authority_of_tls.as_ref().map(tls::Ca::pem)
    }
    /// Counters and gauges in Prometheus' text form.
    pub fn metrics(&self) -> String {
        metrics::text(&self.shared)
    }

    /// Stops: connections end, logs are closed in order so that the next start needs not read them.
    pub async fn stop(mut self) -> io::Result<()> {
        let _ = self.stop.send(true);
        for task in std::mem::take(&mut self.tasks) {
            task.abort();
            let _ = task.await;
        }
        let shared = self.shared.clone();
        tokio::task::spawn_blocking(move || shared.topics.close()).await.map_err(io::Error::other)?
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

fn open(options: Options, bound: &[Bound]) -> io::Result<Shared> {
    let ledger = Arc::new(match &options.dir {
        Some((dir, durability)) => Ledger::open(dir, *durability)?,
        None => Ledger::memory(),
    });
    let ids = kit::Ids::new(options.seed, 0x6b61_666b_6101 ^ options.clock.real_now().unix_ns as u64);
    if ledger.read(|state| state.cluster.is_empty()) {
        ledger.write(vec![Change::Cluster(ids.text(22, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"))])?;
    }
    let authority_of_tls = match bound.iter().any(|bound| bound.security.tls()) {
        true => {
            let mut hosts = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
            hosts.extend(bound.iter().map(|bound| bound.host.clone()));
            Some(tls::Ca::new(options.dir.as_ref().map(|(dir, _)| dir.join("tls")).as_deref(), hosts)?)
        }
        false => None,
    };
    Ok(Shared {
        topics: topics::Topics::open(&options, ledger.clone())?,
        ledger,
        groups: groups::Groups::default(),
        transactions: transactions::Transactions::default(),
        metrics: metrics::Metrics::default(),
        ids,
        connections: Arc::new(Semaphore::new(options.limits.connections_max)),
        in_flight: Semaphore::new(options.limits.in_flight_max_bytes),
        authority_of_tls,
        housekeeping: Notify::new(),
        options,
    })
}
