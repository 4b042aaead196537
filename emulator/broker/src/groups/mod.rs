//! Consumer groups: who is in them and who reads what. Sessions run in real time, as the clients' heartbeats do.
//!
//! A group speaks the classic protocol (join, sync, heartbeat; members may be static) or the one of KIP-848, in which the broker assigns.
//! Committed offsets live in the ledger and outlast the members.

pub mod classic;
pub mod consumer;
pub mod member;
pub mod offsets;

use crate::{options::Limits, shared::Shared};
use classic::Classic;
use consumer::Consumer;
use kafka_protocol::ResponseError;
use parking_lot::Mutex;
use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::sync::Notify;

/// How often sessions are looked at while anybody is in a group.
const SWEEP: Duration = Duration::from_millis(100);

/// A group.
pub struct Group {
    /// Its id.
    pub name: Arc<str>,
    /// Who is in it.
    pub kind: Mutex<Kind>,
    /// Its state changed.
    pub changed: Notify,
}

/// Which protocol its members speak.
pub enum Kind {
    /// Join and sync. A group that is only offsets is one of these without members.
    Classic(Classic),
    /// KIP-848.
    Consumer(Consumer),
}

impl Kind {
    /// Nobody is in it.
    pub fn is_empty(&self) -> bool {
        match self {
            Kind::Classic(group) => group.is_empty(),
            Kind::Consumer(group) => group.is_empty(),
        }
    }
    /// As ListGroups names it.
    pub fn state(&self) -> &'static str {
        match self {
            Kind::Classic(group) => group.state(),
            Kind::Consumer(group) => group.state(),
        }
    }
}

/// All groups.
#[derive(Default)]
pub struct Groups {
    all: Mutex<BTreeMap<Arc<str>, Arc<Group>>>,
    /// Somebody joined a group: sessions have to be looked at.
    joined: Notify,
}

impl Groups {
    /// A group that has or had members.
    pub fn get(&self, name: &str) -> Option<Arc<Group>> {
        self.all.lock().get(name).cloned()
    }
    /// All of them.
    pub fn all(&self) -> Vec<Arc<Group>> {
        self.all.lock().values().cloned().collect()
    }
    /// A group to join; `kind` makes it where it isn't there, or is there without members.
    pub fn enter(&self, name: &str, limits: &Limits, kind: fn() -> Kind) -> Result<Arc<Group>, ResponseError> {
        if name.is_empty() {
            return Err(ResponseError::InvalidGroupId);
        }
        let mut all = self.all.lock();
        self.joined.notify_one();
        if let Some(group) = all.get(name) {
            return Ok(group.clone());
        }
        if all.len() >= limits.groups_max {
            return Err(ResponseError::GroupMaxSizeReached);
        }
        let name: Arc<str> = name.into();
        let group = Arc::new(Group { name: name.clone(), kind: Mutex::new(kind()), changed: Notify::new() });
        all.insert(name, group.clone());
        Ok(group)
    }
    /// Forgets a group without members; false when it has some.
    pub fn forget(&self, name: &str) -> bool {
        let mut all = self.all.lock();
        let empty = all.get(name).is_none_or(|group| group.kind.lock().is_empty());
        if empty {
            all.remove(name);
        }
        empty
    }
    /// Forgets all: another state takes the place of this one.
    pub fn clear(&self) {
        std::mem::take(&mut *self.all.lock()).values().for_each(|group| group.changed.notify_waiters());
    }
}

/// Ends sessions whose clients are silent, as long as the broker runs.
pub async fn sweep(broker: Arc<Shared>) {
    loop {
        let joined = broker.groups.joined.notified();
        let groups = broker.groups.all();
        let now = broker.real_ms();
        let mut anybody = false;
        for group in groups {
            let changed = {
                let mut kind = group.kind.lock();
                let changed = match &mut *kind {
                    Kind::Classic(classic) => {
                        let before = classic.generation();
                        let changed = classic.expire(now);
                        let after = classic.generation();
                        broker.metrics.rebalances.fetch_add((after - before).max(0) as u64, Ordering::Relaxed);
                        changed
                    }
                    Kind::Consumer(consumer) => consumer.expire(now, &broker.topics),
                };
                anybody |= !kind.is_empty();
                changed
            };
            if changed {
                group.changed.notify_waiters();
            }
        }
        match anybody {
            true => broker.options.clock.real_sleep(SWEEP).await,
            false => joined.await,
        }
    }
}
