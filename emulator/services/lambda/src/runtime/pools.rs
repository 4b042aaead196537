//! Idle environments, and how many run. The most recently used comes first; what is old, lapsed, dead or of another revision goes.

use super::{environment::Environment, workdir::TmpDir};
use crate::{concurrency, in_process::Registry, names::Name};
use kit::{Clock, Scope, Timestamp};
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    sync::{Arc, Weak},
    time::Duration,
};

/// An idle environment goes after so much real time, to give its memory back,
const IDLE_REAL_SECS: u64 = 300;
/// and is not used again after so much virtual time, as AWS would have taken it away.
const IDLE_VIRTUAL_SECS: i128 = 45 * 60;
/// Folders of failed environments kept for each version.
const MOST_SPARE: usize = 8;
/// Credentials that end within this time are not good for another event.
const LAPSE_SECS: i128 = 60;

/// Which environments are alike.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub scope: Scope,
    pub function: String,
    pub version: String,
}

/// All environments of a cloud.
#[derive(Default)]
pub(crate) struct Pools {
    state: Mutex<State>,
    /// Functions that are closures of this process.
    pub closures: Registry,
    /// Told when the pools close.
    closing: tokio::sync::watch::Sender<bool>,
}

#[derive(Default)]
struct State {
    closed: bool,
    pools: HashMap<Key, Pool>,
    /// Running, of functions without a reservation, by account and region.
    unreserved: HashMap<Scope, i32>,
    /// Running, by function.
    running: HashMap<(Scope, String), i32>,
}

#[derive(Default)]
struct Pool {
    revision: String,
    idle: Vec<Idle>,
    /// The /tmp of environments that failed.
    spare: Vec<TmpDir>,
}

struct Idle {
    environment: Environment,
    since: Timestamp,
    since_real: Timestamp,
}

/// Why there is no slot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Full {
    /// The function's own reservation is used up.
    Reserved,
    /// The account's concurrency is.
    Account,
}

/// The right to run one more event; given back when dropped.
pub(crate) struct Slot {
    pools: Arc<Pools>,
    function: (Scope, String),
    reserved: bool,
}

impl Pools {
    /// Takes a slot. `unreserved_limit` is asked only where it may matter.
    pub fn slot(self: &Arc<Self>, name: &Name, reserved: Option<i32>, unreserved_limit: impl FnOnce() -> i32) -> Result<Slot, Full> {
        let function = (name.scope.clone(), name.function.clone());
        let mut state = self.state.lock();
        let own = state.running.get(&function).copied().unwrap_or(0);
        match reserved {
            Some(limit) if own >= limit => return Err(Full::Reserved),
            Some(_) => {}
            None => {
                let all = state.unreserved.get(&name.scope).copied().unwrap_or(0);
                // Reservations always leave this much to the others.
                if all >= concurrency::LEAST_UNRESERVED && all >= unreserved_limit() {
                    return Err(Full::Account);
                }
                *state.unreserved.entry(name.scope.clone()).or_default() += 1;
            }
        }
        *state.running.entry(function.clone()).or_default() += 1;
        Ok(Slot { pools: self.clone(), function, reserved: reserved.is_some() })
    }

    /// An idle environment that may be used again.
    pub fn take(&self, key: &Key, revision: &str, now: Timestamp) -> Option<Environment> {
        let mut gone = Vec::new();
        let mut state = self.state.lock();
        let pool = state.pools.entry(key.clone()).or_default();
        if pool.revision != revision {
            pool.revision = revision.to_owned();
            pool.spare.clear();
            gone.append(&mut pool.idle);
        }
        let secs = |n: i128| n * 1_000_000_000;
        let found = loop {
            let Some(mut idle) = pool.idle.pop() else { break None };
            let old = now.unix_ns - idle.since.unix_ns > secs(IDLE_VIRTUAL_SECS);
            let lapsed = idle.environment.expires.unix_ns - now.unix_ns < secs(LAPSE_SECS);
            if old || lapsed || idle.environment.is_dead() {
                gone.push(idle);
            } else {
                break Some(idle.environment);
            }
        };
        drop(state);
        found
    }

    /// Gives an environment back; it ends if nothing of its revision is wanted any more.
    pub fn give(&self, key: &Key, revision: &str, environment: Environment, clock: &Clock) {
        let idle = Idle { environment, since: clock.now(), since_real: clock.real_now() };
        let mut state = self.state.lock();
        let closed = state.closed;
        match state.pools.get_mut(key) {
            Some(pool) if pool.revision == revision && !closed => pool.idle.push(idle),
            _ => {
                drop(state);
                drop(idle);
            }
        }
    }

    /// From now on `$LATEST` is this revision: idle environments of others end, busy ones when they are done.
    pub fn retire(&self, name: &Name, revision: &str) {
        let key = Key { scope: name.scope.clone(), function: name.function.clone(), version: crate::state::LATEST.into() };
        let mut state = self.state.lock();
        let gone = state.pools.get_mut(&key).filter(|pool| pool.revision != revision).map(|pool| {
            pool.revision = revision.to_owned();
            pool.spare.clear();
            std::mem::take(&mut pool.idle)
        });
        drop(state);
        drop(gone);
    }

    /// A function, or one version, is gone.
    pub fn remove(&self, name: &Name) {
        let mut state = self.state.lock();
        let (gone, kept) = std::mem::take(&mut state.pools).into_iter().partition(|(key, _)| {
            key.scope == name.scope
                && key.function == name.function
                && name.qualifier.as_ref().is_none_or(|version| *version == key.version)
        });
        state.pools = kept;
        drop(state);
        let gone: HashMap<Key, Pool> = gone;
        drop(gone);
    }

    /// Ends all idle environments; what is busy is not used again either.
    pub fn clear(&self) {
        let gone = std::mem::take(&mut self.state.lock().pools);
        drop(gone);
    }

    /// Keeps the /tmp of a failed environment for the next one of its kind.
    pub fn give_spare(&self, key: &Key, revision: &str, tmp: TmpDir) {
        let mut state = self.state.lock();
        if let Some(pool) = state.pools.get_mut(key).filter(|pool| pool.revision == revision && pool.spare.len() < MOST_SPARE) {
            pool.spare.push(tmp);
        }
    }

    /// A /tmp that a failed environment left.
    pub fn take_spare(&self, key: &Key, revision: &str) -> Option<TmpDir> {
        let mut state = self.state.lock();
        state.pools.get_mut(key).filter(|pool| pool.revision == revision)?.spare.pop()
    }

    /// Ends when the pools close.
    pub async fn closed(&self) {
        // The sender lives as long as we do.
        let _ = self.closing.subscribe().wait_for(|closing| *closing).await;
    }

    /// Ends all environments for good, busy ones too.
    pub fn close(&self) {
        self.closing.send_replace(true);
        let mut state = self.state.lock();
        state.closed = true;
        let gone = std::mem::take(&mut state.pools);
        drop(state);
        drop(gone);
    }

    /// Gives back the memory of what was idle for long in real time, as long as the pools live.
    pub async fn reap(this: Weak<Pools>, clock: Clock) {
        loop {
            clock.real_sleep(Duration::from_secs(30)).await;
            let Some(pools) = this.upgrade() else { return };
            let before = clock.real_now().plus_ns(-(IDLE_REAL_SECS as i128) * 1_000_000_000);
            let mut gone = Vec::new();
            let mut state = pools.state.lock();
            if state.closed {
                return;
            }
            for pool in state.pools.values_mut() {
                let (old, young): (Vec<Idle>, Vec<Idle>) =
                    std::mem::take(&mut pool.idle).into_iter().partition(|idle| idle.since_real < before);
                pool.idle = young;
                gone.push(old);
            }
            drop(state);
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut state = self.pools.state.lock();
        if !self.reserved
            && let Some(all) = state.unreserved.get_mut(&self.function.0)
        {
            *all -= 1;
        }
        if let Some(own) = state.running.get_mut(&self.function) {
            *own -= 1;
            if *own == 0 {
                state.running.remove(&self.function);
            }
        }
    }
}
