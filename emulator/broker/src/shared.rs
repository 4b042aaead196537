//! What every part of a running broker sees.

use crate::{
    groups::Groups, ledger::Ledger, metrics::Metrics, options::Options, room::Room, tls::Ca, topics::Topics, transactions::Transactions,
};
use kit::Ids;
use std::{
    fs::File,
    io,
    sync::{Arc, OnceLock},
};
use tokio::sync::{Notify, Semaphore};

/// The number of the one broker.
pub const NODE: i32 = 1;

/// A running broker.
pub struct Shared {
    /// What it was made of.
    pub options: Options,
    /// Topics and logs.
    pub topics: Topics,
    /// What is written down beside the logs.
    pub ledger: Arc<Ledger>,
    /// Consumer groups.
    pub groups: Groups,
    /// Transactional producers.
    pub transactions: Transactions,
    /// Counters.
    pub metrics: Metrics,
    /// Ids of members.
    pub ids: Ids,
    /// Free places for connections.
    pub connections: Arc<Semaphore>,
    /// Free bytes for requests, and for answers.
    pub room: Room,
    /// Signs the certificates of TLS listeners; made when the first of them is.
    pub authority_of_tls: OnceLock<Ca>,
    /// Something may be due earlier than the housekeeper thinks.
    pub housekeeping: Notify,
}

impl Shared {
    /// Milliseconds of the clock.
    pub fn now_ms(&self) -> i64 {
        self.options.clock.now().millis()
    }
    /// Milliseconds of real time, in which clients live.
    pub fn real_ms(&self) -> i64 {
        self.options.clock.real_now().millis()
    }
    /// Syncs files, where the durability asks for it.
    pub async fn sync(&self, files: Vec<Arc<File>>) -> io::Result<()> {
        if !self.options.disk.power || files.is_empty() {
            return Ok(());
        }
        let disk = self.options.disk.clone();
        let work = move || files.iter().try_for_each(|file| disk.sync(file));
        tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
    }
    /// Moves logs off the heap if it holds more than it may: done by who has written, before it is answered, so that nobody writes faster.
    pub async fn relieve(self: &Arc<Shared>) -> io::Result<()> {
        if !self.topics.burdened() {
            return Ok(());
        }
        let broker = self.clone();
        tokio::task::spawn_blocking(move || broker.topics.relieve()).await.map_err(io::Error::other)?
    }
    /// The cluster's id.
    pub fn cluster_id(&self) -> String {
        self.ledger.read(|state| state.cluster.clone())
    }
}
