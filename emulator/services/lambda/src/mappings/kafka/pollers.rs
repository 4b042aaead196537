//! When to look into which topic: when a broker of this process rings its bell, when a batch ends, and when a row is due (the end of a window, a
//! retry, a problem that may be over). There are no timers beside these.
//!
//! What is in memory here may be lost: what was committed is in Kafka, and the rest is read again.

use super::{
    super::{
        MAPPINGS, Mapping, arn,
        pollers::{context, is_due_before, when_replaced, write_wake},
    },
    Status,
    login::Session,
    poll::{self, Lane},
};
use crate::Lambda;
use kit::{Cloud, Context, Fault, Read, RecordKind, Scope, Timestamp};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    sync::{
        Arc, OnceLock, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

/// A mapping: where it is, and its UUID.
pub(crate) type Key = (Scope, String);
/// Kind of the rows that say when to look again.
pub(crate) const KIND: &str = "topic";
/// How long a mapping keeps the pollers that it got when it was behind, nanoseconds. AWS takes them away when the lag is low, and doesn't say when.
const WIDE_NS: i128 = 15 * 60_000_000_000;
/// How long a problem is left alone, nanoseconds.
const PATIENCE_NS: i128 = 60_000_000_000;

/// The pollers of topics of a cloud.
#[derive(Default)]
pub(crate) struct Pollers {
    lambda: OnceLock<Weak<Lambda>>,
    cloud: OnceLock<Weak<Cloud>>,
    listens: OnceLock<()>,
    state: Mutex<HashMap<Key, Poller>>,
    /// Outlives pollers that rest.
    statuses: Mutex<HashMap<Key, Status>>,
    /// Pollers and lanes are numbered: a look whose lane was replaced must not go on with the new one.
    born: AtomicU64,
}

struct Poller {
    id: u64,
    /// The mapping is disabled: no look begins, and the one under way finds that out.
    rests: bool,
    /// Looks of lanes that were replaced and have not ended; the new lanes wait for them.
    leaving: usize,
    lanes: Vec<Looks>,
    /// Lanes of a mapping that is not behind.
    fewest: usize,
    /// When it was behind the last time.
    behind: Timestamp,
    session: Option<Session>,
}

/// A look's place: its poller, and the lane by its place and its number.
#[derive(Clone, Copy, Default)]
pub(super) struct Turn {
    poller: u64,
    born: u64,
    pub lane: usize,
}

/// A lane between looks.
#[derive(Default)]
struct Looks {
    born: u64,
    looking: bool,
    again: bool,
    wake: Option<Timestamp>,
    lane: Lane,
}

/// A row's payload.
#[derive(Serialize, Deserialize)]
pub(crate) struct Wake {
    pub uuid: String,
    pub lane: usize,
}

impl Pollers {
    /// Who runs the batches.
    pub fn belong(&self, lambda: Weak<Lambda>) {
        let _ = self.lambda.set(lambda);
    }

    /// Looks into all topics, and again whenever the cloud's state is another.
    pub fn open(self: &Arc<Self>, cx: &Context) -> Result<(), Fault> {
        let _ = self.cloud.set(Arc::downgrade(cx.cloud()));
        let pollers = Arc::downgrade(self);
        when_replaced(cx, "lambda:topics", move |cloud| pollers.upgrade().map_or(Ok(()), |pollers| pollers.load(cloud)));
        self.load(cx.cloud())
    }

    fn load(self: &Arc<Self>, cloud: &Arc<Cloud>) -> Result<(), Fault> {
        self.state.lock().clear();
        self.statuses.lock().clear();
        let rows = cloud.store().read(|s| s.scan_all_scopes(&MAPPINGS).collect::<Result<Vec<_>, _>>())?;
        rows.iter().for_each(|(scope, _, mapping)| self.know(cloud, scope, mapping));
        Ok(())
    }

    fn listen(self: &Arc<Self>, cloud: &Cloud) {
        let Ok(topics) = cloud.ports().kafka_topics() else { return };
        if self.listens.set(()).is_err() {
            return;
        }
        let pollers = Arc::downgrade(self);
        topics.watch(Arc::new(move || {
            if let Some(pollers) = pollers.upgrade() {
                pollers.ring();
            }
        }));
    }

    /// A mapping was made or changed.
    pub fn know(self: &Arc<Self>, cloud: &Arc<Cloud>, scope: &Scope, mapping: &Mapping) {
        let Some(topic) = &mapping.kafka else { return };
        let key = (scope.clone(), mapping.uuid.clone());
        if !mapping.enabled {
            // What it has under way comes to its end, and is not begun a second time beside that if the mapping is enabled meanwhile.
            if let Some(poller) = self.state.lock().get_mut(&key) {
                poller.rests = true;
            }
            return;
        }
        self.listen(cloud);
        {
            let mut state = self.state.lock();
            let poller = state.entry(key.clone()).or_insert_with(|| Poller {
                id: self.number(),
                rests: false,
                leaving: 0,
                lanes: Vec::new(),
                fewest: 1,
                behind: cloud.clock().now(),
                session: None,
            });
            (poller.session, poller.rests) = (None, false);
            let (fewest, most) = topic.pollers();
            poller.fewest = fewest;
            if !(fewest..=most).contains(&poller.lanes.len()) {
                self.divide(poller, fewest);
            }
        }
        self.look_all(cloud, &key);
    }

    fn number(&self) -> u64 {
        self.born.fetch_add(1, Ordering::Relaxed)
    }

    /// Gives a poller new lanes.
    fn divide(&self, poller: &mut Poller, lanes: usize) {
        poller.leaving += poller.lanes.iter().filter(|looks| looks.looking).count();
        poller.lanes = (0..lanes).map(|_| Looks { born: self.number(), ..Looks::default() }).collect();
    }

    /// More lanes for a mapping that is behind; they begin when the looks under way have ended.
    pub(super) fn widen(&self, key: &Key, turn: Turn, lanes: usize, now: Timestamp) {
        let mut state = self.state.lock();
        let Some(poller) = state.get_mut(key).filter(|poller| poller.has(turn)) else { return };
        poller.behind = now;
        // A lane that waits to try a batch again keeps it: another would count its tries anew.
        let tries = poller.lanes.iter().any(|looks| looks.lane.rest_until.is_some());
        if poller.lanes.len() < lanes && !tries {
            self.divide(poller, lanes);
        }
    }

    /// The fewest lanes again for a mapping that has not been behind for a while, as soon as none of its lanes has anything in hand: what another
    /// lane reads then is what nobody has begun. Whether it was done.
    fn narrow(&self, key: &Key, poller: u64, now: Timestamp) -> bool {
        let mut state = self.state.lock();
        let Some(poller) = state.get_mut(key).filter(|known| known.id == poller && known.leaving == 0) else { return false };
        let long = now.unix_ns - poller.behind.unix_ns >= WIDE_NS;
        let idle = poller.lanes.iter().all(|looks| !looks.looking && looks.lane.is_idle());
        let narrows = long && idle && poller.lanes.len() > poller.fewest;
        if narrows {
            self.divide(poller, poller.fewest);
        }
        narrows
    }

    /// A mapping is gone; what it has under way comes to its end.
    pub fn forget(&self, scope: &Scope, uuid: &str) {
        let key = (scope.clone(), uuid.to_owned());
        self.state.lock().remove(&key);
        self.statuses.lock().remove(&key);
    }

    /// How a mapping fares.
    pub fn status(&self, scope: &Scope, uuid: &str) -> Status {
        self.statuses.lock().get(&(scope.clone(), uuid.to_owned())).cloned().unwrap_or_default()
    }

    /// Notes how a mapping fares; the journal hears of problems that are new.
    pub(super) fn note(&self, cx: &Context, key: &Key, status: Status) {
        let before = self.statuses.lock().insert(key.clone(), status.clone());
        // A look that ends after its mapping was deleted leaves nothing. It is looked for afterwards, and not while the statuses are held: whoever
        // deletes it in between forgets the status after this has written it.
        if !cx.store().read(|s| s.exists(&MAPPINGS, &key.0, &key.1)).unwrap_or(false) {
            self.statuses.lock().remove(key);
            return;
        }
        if status.result.starts_with("PROBLEM") && before.as_ref() != Some(&status) {
            let detail = serde_json::json!({ "message": status.result });
            let code = status.reason.as_deref().unwrap_or("FunctionError");
            cx.cloud().journal().write(cx, RecordKind::Event, "lambda", "Poll", &arn(&key.0, &key.1), code, detail);
        }
    }

    /// A log may have grown.
    fn ring(self: &Arc<Self>) {
        let known: Vec<Key> = self.state.lock().keys().cloned().collect();
        let Some(cloud) = self.cloud.get().and_then(Weak::upgrade) else { return };
        known.iter().for_each(|key| self.look_all(&cloud, key));
    }

    fn look_all(self: &Arc<Self>, cloud: &Arc<Cloud>, key: &Key) {
        let lanes = self.state.lock().get(key).map_or(0, |poller| poller.lanes.len());
        (0..lanes).for_each(|lane| self.look(cloud, key, lane));
    }

    /// Begins a look, or has the one under way look once more. Who causes it is counted as work until this returns; the look is from then on.
    pub fn look(self: &Arc<Self>, cloud: &Arc<Cloud>, key: &Key, lane: usize) {
        let turn = {
            let mut state = self.state.lock();
            let Some(poller) = state.get_mut(key).filter(|poller| !poller.rests && poller.leaving == 0) else { return };
            let id = poller.id;
            let Some(looks) = poller.lanes.get_mut(lane) else { return };
            if std::mem::replace(&mut looks.looking, true) {
                looks.again = true;
                return;
            }
            Turn { poller: id, born: looks.born, lane }
        };
        let Some(lambda) = self.lambda.get().and_then(Weak::upgrade) else { return };
        let token = cloud.work().begin(format!("lambda:topic:{}", key.1));
        let (pollers, cx, key) = (self.clone(), context(cloud, &key.0), key.clone());
        tokio::spawn(async move {
            loop {
                let Some(mut work) = pollers.mine(&key, turn, |looks| std::mem::take(&mut looks.lane)) else { break };
                if let Err(problem) = poll::look(&lambda, &cx.child(), &key, turn, &mut work).await {
                    pollers.note(&cx, &key, problem.status());
                    // Credentials and secrets are fetched anew: they may be what is wrong.
                    pollers.remember(&key, None);
                    pollers.wake_at(cx.cloud(), &key, lane, cx.now().plus_ns(PATIENCE_NS));
                }
                let more = pollers.mine(&key, turn, |looks| {
                    looks.lane = work;
                    looks.looking = std::mem::take(&mut looks.again);
                    looks.looking
                });
                match more {
                    Some(true) => {}
                    Some(false) => {
                        // Who rang for the lanes that are no more is heard by the new ones.
                        if pollers.narrow(&key, turn.poller, cx.now()) {
                            pollers.look_all(cx.cloud(), &key);
                        }
                        return drop(token);
                    }
                    None => break,
                }
            }
            pollers.left(cx.cloud(), &key, turn);
            drop(token);
        });
    }

    /// The look of a lane that was replaced has ended; the last one lets the new lanes begin.
    fn left(self: &Arc<Self>, cloud: &Arc<Cloud>, key: &Key, turn: Turn) {
        let free = self.state.lock().get_mut(key).filter(|poller| poller.id == turn.poller).is_some_and(|poller| {
            poller.leaving = poller.leaving.saturating_sub(1);
            poller.leaving == 0
        });
        if free {
            self.look_all(cloud, key);
        }
    }

    /// Lanes of a mapping among which this look's is; `None` where others took its place.
    pub(super) fn lanes(&self, key: &Key, turn: Turn) -> Option<usize> {
        self.state.lock().get(key).filter(|poller| poller.has(turn)).map(|poller| poller.lanes.len())
    }

    /// A look's own lane, unless another took its place.
    fn mine<R>(&self, key: &Key, turn: Turn, f: impl FnOnce(&mut Looks) -> R) -> Option<R> {
        let mut state = self.state.lock();
        let poller = state.get_mut(key).filter(|poller| poller.has(turn))?;
        poller.lanes.get_mut(turn.lane).map(f)
    }

    /// Has a row written that looks again at a moment, unless one is due before.
    pub(super) fn wake_at(self: &Arc<Self>, cloud: &Arc<Cloud>, key: &Key, lane: usize, at: Timestamp) {
        let now = cloud.clock().now();
        let at = at.max(now.plus_ns(1));
        let due = self.state.lock().get_mut(key).and_then(|poller| poller.lanes.get_mut(lane)).map(|looks| {
            let there = is_due_before(looks.wake, now, at);
            if !there {
                looks.wake = Some(at);
            }
            there
        });
        if due != Some(false) {
            return;
        }
        write_wake(cloud, &key.0, at, KIND, Wake { uuid: key.1.clone(), lane });
    }

    /// The credentials that are known.
    pub(super) fn session(&self, key: &Key) -> Option<Session> {
        self.state.lock().get(key)?.session.clone()
    }
    /// Keeps credentials, or forgets them.
    pub(super) fn remember(&self, key: &Key, session: Option<Session>) {
        if let Some(poller) = self.state.lock().get_mut(key) {
            poller.session = session;
        }
    }
}

impl Poller {
    /// Whether a look's lane is one of the lanes that there are.
    fn has(&self, turn: Turn) -> bool {
        self.id == turn.poller && self.lanes.get(turn.lane).is_some_and(|looks| looks.born == turn.born)
    }
}
