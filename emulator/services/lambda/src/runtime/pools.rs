//! Idle environments, and how many run. The most recently used comes first; what is old, lapsed, dead or of another revision goes.

use super::{environment::Environment, workdir::TmpDir};
use crate::{concurrency, in_process::Registry, invoke::target::Provision, names::Name};
use kit::{Clock, ClockMode, Context, Scope, Timestamp};
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

/// New environments of one function in a period of the clock, and the period (AWS's documentation, "Lambda scaling behavior").
const MOST_GROWTH: u32 = 1000;
const GROWTH_SECS: i128 = 10;
/// Synchronous requests in a second, for each unit of concurrency.
const REQUESTS_PER_UNIT: i32 = 10;
/// Functions whose growth is kept in mind before old ones are swept.
const MOST_GROWING: usize = 1000;

/// Which environments are alike.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub scope: Scope,
    pub function: String,
    /// `version@qualifier` for what is provisioned.
    pub version: String,
}

impl Key {
    /// Whether these stand ready for a qualifier: they stay.
    fn is_provisioned(&self) -> bool {
        self.version.contains('@')
    }
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
    /// Running, by function, beside what is provisioned.
    running: HashMap<(Scope, String), i32>,
    /// Running on what is provisioned, by function and qualifier.
    provisioned: HashMap<(Scope, String, String), i32>,
    /// Environments started in the last period, by function.
    growth: HashMap<(Scope, String), (Timestamp, u32)>,
    /// Synchronous requests of the present second, by function.
    requests: HashMap<(Scope, String), (i64, i32)>,
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
    /// The function's environments became too many too quickly.
    Growth,
    /// Synchronous requests came faster than ten a second for each event that the reservation lets run at once,
    ReservedRate,
    /// or that the account does.
    Rate,
}

impl Full {
    /// AWS's reason of the throttle. AWS has none of its own for growth.
    pub fn reason(self) -> &'static str {
        match self {
            Full::Reserved => "ReservedFunctionConcurrentInvocationLimitExceeded",
            Full::Account | Full::Growth => "ConcurrentInvocationLimitExceeded",
            Full::ReservedRate => "ReservedFunctionInvocationRateLimitExceeded",
            Full::Rate => "FunctionInvocationRateLimitExceeded",
        }
    }
}

/// Events that run: of a function, and of all functions without a reservation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Running {
    pub function: i32,
    pub unreserved: i32,
}

/// The right to run one more event; given back when dropped.
pub(crate) struct Slot {
    pools: Arc<Pools>,
    function: (Scope, String),
    place: Place,
}

/// Out of which allowance a slot is.
#[derive(Clone, Debug, PartialEq)]
enum Place {
    Reserved,
    Unreserved,
    /// What is provisioned for the qualifier.
    Provisioned(String),
}

impl Slot {
    /// Whether the event runs on what is provisioned.
    pub fn is_provisioned(&self) -> bool {
        matches!(self.place, Place::Provisioned(_))
    }
}

impl Pools {
    /// Takes a slot: of what is provisioned, then of the function's reservation, then of the account. `unreserved_limit` is asked only where it
    /// may matter.
    pub fn slot(
        self: &Arc<Self>,
        name: &Name,
        reserved: Option<i32>,
        provision: Provision,
        unreserved_limit: impl FnOnce() -> i32,
    ) -> Result<Slot, Full> {
        let function = (name.scope.clone(), name.function.clone());
        let mut state = self.state.lock();
        if let Some(qualifier) = name.qualifier.as_ref().filter(|_| provision.here > 0) {
            let own = state.provisioned.entry((name.scope.clone(), name.function.clone(), qualifier.clone())).or_default();
            if *own < provision.here {
                *own += 1;
                return Ok(Slot { pools: self.clone(), function, place: Place::Provisioned(qualifier.clone()) });
            }
        }
        let own = state.running.get(&function).copied().unwrap_or(0);
        match reserved {
            Some(limit) if own >= limit - provision.all => return Err(Full::Reserved),
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
        let place = if reserved.is_some() { Place::Reserved } else { Place::Unreserved };
        Ok(Slot { pools: self.clone(), function, place })
    }

    /// Counts one more synchronous request of a function: ten a second of the clock for each unit of its concurrency (AWS's documentation,
    /// "Lambda quotas"). While the clock stands nothing is limited: its second would never end.
    pub fn request(&self, cx: &Context, name: &Name, reserved: Option<i32>) -> Result<(), Full> {
        let reading = cx.cloud().clock().reading();
        if reading.mode == ClockMode::Frozen {
            return Ok(());
        }
        let mut state = self.state.lock();
        let second = reading.now.secs();
        if state.requests.len() > MOST_GROWING {
            state.requests.retain(|_, (of, _)| *of == second);
        }
        let (of, count) = state.requests.entry((name.scope.clone(), name.function.clone())).or_default();
        if *of != second {
            (*of, *count) = (second, 0);
        }
        *count += 1;
        match reserved {
            // Without any concurrency the slot says why.
            Some(0) => Ok(()),
            Some(limit) if *count > limit.saturating_mul(REQUESTS_PER_UNIT) => Err(Full::ReservedRate),
            None if *count > concurrency::ACCOUNT_LIMIT * REQUESTS_PER_UNIT => Err(Full::Rate),
            _ => Ok(()),
        }
    }

    /// Counts one more environment of a function: at most 1,000 in ten seconds of the clock.
    pub fn grow(&self, name: &Name, now: Timestamp) -> Result<(), Full> {
        let mut state = self.state.lock();
        if state.growth.len() > MOST_GROWING {
            state.growth.retain(|_, (since, _)| now.unix_ns - since.unix_ns < GROWTH_SECS * 1_000_000_000);
        }
        let (since, count) = state.growth.entry((name.scope.clone(), name.function.clone())).or_insert((now, 0));
        if now.unix_ns - since.unix_ns >= GROWTH_SECS * 1_000_000_000 {
            (*since, *count) = (now, 0);
        }
        if *count >= MOST_GROWTH {
            return Err(Full::Growth);
        }
        *count += 1;
        Ok(())
    }

    /// How much runs now.
    pub fn running(&self, name: &Name) -> Running {
        let state = self.state.lock();
        let of = |key: &(Scope, String, String)| key.0 == name.scope && key.1 == name.function;
        let provisioned: i32 = state.provisioned.iter().filter(|(key, _)| of(key)).map(|(_, count)| count).sum();
        let own = state.running.get(&(name.scope.clone(), name.function.clone())).copied().unwrap_or(0);
        Running { function: own + provisioned, unreserved: state.unreserved.get(&name.scope).copied().unwrap_or(0) }
    }

    /// Events that run on what is provisioned for a qualifier.
    pub fn provisioned_running(&self, name: &Name) -> i32 {
        let key = (name.scope.clone(), name.function.clone(), name.qualifier.clone().unwrap_or_default());
        self.state.lock().provisioned.get(&key).copied().unwrap_or(0)
    }

    /// Ends what stands ready for a qualifier.
    pub fn remove_provisioned(&self, name: &Name) {
        let end = format!("@{}", name.qualifier.as_deref().unwrap_or_default());
        self.remove_where(|key| key.scope == name.scope && key.function == name.function && key.version.ends_with(&end));
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
            let old = !key.is_provisioned() && now.unix_ns - idle.since.unix_ns > secs(IDLE_VIRTUAL_SECS);
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

    /// Makes room for environments that are started ahead of any event.
    pub fn expect(&self, key: &Key, revision: &str) {
        let mut state = self.state.lock();
        let pool = state.pools.entry(key.clone()).or_default();
        if pool.revision != revision {
            *pool = Pool { revision: revision.to_owned(), ..Pool::default() };
        }
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
        let same = |version: &str, key: &Key| key.version.split('@').next() == Some(version);
        self.remove_where(|key| {
            key.scope == name.scope && key.function == name.function && name.qualifier.as_ref().is_none_or(|version| same(version, key))
        });
    }

    fn remove_where(&self, gone: impl Fn(&Key) -> bool) {
        let mut state = self.state.lock();
        let (gone, kept): (HashMap<Key, Pool>, HashMap<Key, Pool>) =
            std::mem::take(&mut state.pools).into_iter().partition(|(key, _)| gone(key));
        state.pools = kept;
        drop(state);
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
            for (_, pool) in state.pools.iter_mut().filter(|(key, _)| !key.is_provisioned()) {
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
        let (scope, function) = &self.function;
        match &self.place {
            Place::Provisioned(qualifier) => {
                let key = (scope.clone(), function.clone(), qualifier.clone());
                return less(&mut state.provisioned, &key);
            }
            Place::Unreserved => less(&mut state.unreserved, scope),
            Place::Reserved => {}
        }
        less(&mut state.running, &self.function);
    }
}

fn less<K: Eq + std::hash::Hash>(counts: &mut HashMap<K, i32>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count <= 0 {
            counts.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(qualifier: Option<&str>) -> Name {
        Name { scope: Scope::new("000000000000", "us-east-1"), function: "f".into(), qualifier: qualifier.map(str::to_owned) }
    }

    #[test]
    fn a_thousand_environments_in_ten_seconds() {
        let pools = Pools::default();
        let start = Timestamp::from_secs(1_700_000_000);
        assert!((0..1000).all(|_| pools.grow(&name(None), start).is_ok()));
        assert_eq!(pools.grow(&name(None), start.plus_ns(9_999_999_999)), Err(Full::Growth));
        assert_eq!(pools.grow(&name(None), start.plus_ns(10_000_000_000)), Ok(()));
    }

    #[test]
    fn slots_of_what_is_provisioned_come_first() {
        let pools = Arc::new(Pools::default());
        let provision = Provision { here: 1, all: 1 };
        let first = pools.slot(&name(Some("1")), Some(1), provision, || 0).ok().unwrap();
        assert!(first.is_provisioned());
        // The reservation is used up by what is provisioned.
        assert_eq!(pools.slot(&name(Some("1")), Some(1), provision, || 0).err(), Some(Full::Reserved));
        assert_eq!(pools.provisioned_running(&name(Some("1"))), 1);
        drop(first);
        assert!(pools.slot(&name(Some("1")), Some(1), provision, || 0).is_ok_and(|slot| slot.is_provisioned()));
    }
}
