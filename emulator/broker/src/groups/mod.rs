//! Consumer groups: who is in them and who reads what. Sessions run in real time, as the clients' heartbeats do.
//!
//! A group speaks the classic protocol (join, sync, heartbeat; members may be static) or the one of KIP-848, in which the broker assigns.
//! Committed offsets live in the ledger and outlast the members.

pub mod classic;
pub mod consumer;
pub mod member;
pub mod offsets;

use crate::{ledger::Change, options::Limits, shared::Shared};
use classic::Classic;
use consumer::Consumer;
use kafka_protocol::ResponseError;
use parking_lot::Mutex;
use std::{
    collections::BTreeMap,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
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
    /// It was noted that it has members.
    peopled: AtomicBool,
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
    /// Somebody is in it, who may have been promised no more than a place.
    fn peopled(&self) -> bool {
        match self {
            Kind::Classic(group) => !group.members().is_empty(),
            Kind::Consumer(group) => !group.is_empty(),
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
    /// A group to join, and what `f` makes of it, before which nobody can forget it; `kind` makes it where it isn't there.
    pub fn enter<R>(
        &self,
        name: &str,
        limits: &Limits,
        kind: fn() -> Kind,
        f: impl FnOnce(&Group, &mut Kind) -> R,
    ) -> Result<(Arc<Group>, R), ResponseError> {
        if name.is_empty() {
            return Err(ResponseError::InvalidGroupId);
        }
        let mut all = self.all.lock();
        self.joined.notify_one();
        let group = match all.get(name) {
            Some(group) => group.clone(),
            None if all.len() >= limits.groups_max => return Err(ResponseError::GroupMaxSizeReached),
            None => {
                let name: Arc<str> = name.into();
                let peopled = AtomicBool::new(false);
                let group = Arc::new(Group { name: name.clone(), kind: Mutex::new(kind()), changed: Notify::new(), peopled });
                all.insert(name, group.clone());
                group
            }
        };
        let mut kind = group.kind.lock();
        drop(all);
        let made = f(&group, &mut kind);
        drop(kind);
        Ok((group, made))
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

/// Writes down that a group has members now, or has none any more: its offsets are kept from then on (KIP-211). With the group's lock held.
pub fn note(broker: &Shared, group: &Group, kind: &Kind) {
    let peopled = kind.peopled();
    if group.peopled.swap(peopled, Ordering::Relaxed) != peopled {
        let emptied = (!peopled).then(|| broker.now_ms());
        // With a full disk they are kept from their last commit on, which is no reason to refuse members.
        let _ = broker.ledger.write(vec![Change::Group(group.name.to_string(), emptied)]);
        broker.housekeeping.notify_one();
    }
}

/// Nobody is in any group: the broker has just started, or holds another state than before. Who was in one left it now.
pub fn all_left(broker: &Shared) -> io::Result<()> {
    let now = broker.now_ms();
    let peopled = broker.ledger.read(|s| s.groups.iter().filter(|(_, at)| at.is_none()).map(|(name, _)| name.clone()).collect::<Vec<_>>());
    broker.housekeeping.notify_one();
    match peopled.is_empty() {
        true => Ok(()),
        false => broker.ledger.write(peopled.into_iter().map(|name| Change::Group(name, Some(now))).collect()),
    }
}

/// Forgets a group without members that has no offsets: there is nothing to know of it.
pub fn forget_if_nothing(broker: &Shared, name: &str) {
    let nothing = !broker.ledger.read(|s| s.offsets.contains_key(name));
    if nothing && broker.groups.forget(name) && broker.ledger.read(|s| s.groups.contains_key(name)) {
        let _ = broker.ledger.write(vec![Change::GroupForgotten(name.to_owned())]);
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
            let empty;
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
                note(&broker, &group, &kind);
                empty = kind.is_empty();
                changed
            };
            anybody |= !empty;
            if empty {
                forget_if_nothing(&broker, &group.name);
            }
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
