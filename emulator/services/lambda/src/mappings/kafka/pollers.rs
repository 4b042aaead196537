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
    sync::{Arc, OnceLock, Weak},
};

/// A mapping: where it is, and its UUID.
pub(crate) type Key = (Scope, String);
/// Kind of the rows that say when to look again.
pub(crate) const KIND: &str = "topic";
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
}

#[derive(Default)]
struct Poller {
    lanes: Vec<Looks>,
    session: Option<Session>,
}

/// A lane between looks.
#[derive(Default)]
struct Looks {
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
        if !mapping.enabled {
            return self.forget(scope, &mapping.uuid);
        }
        self.listen(cloud);
        let key = (scope.clone(), mapping.uuid.clone());
        let lanes = topic.lanes();
        {
            let mut state = self.state.lock();
            let poller = state.entry(key.clone()).or_default();
            poller.session = None;
            if poller.lanes.len() != lanes {
                poller.lanes = (0..lanes).map(|_| Looks::default()).collect();
            }
        }
        (0..lanes).for_each(|lane| self.look(cloud, &key, lane));
    }

    /// A mapping is gone or rests; what it has under way comes to its end.
    pub fn forget(&self, scope: &Scope, uuid: &str) {
        self.state.lock().remove(&(scope.clone(), uuid.to_owned()));
    }

    /// How a mapping fares.
    pub fn status(&self, scope: &Scope, uuid: &str) -> Status {
        self.statuses.lock().get(&(scope.clone(), uuid.to_owned())).cloned().unwrap_or_default()
    }

    /// Notes how a mapping fares; the journal hears of problems that are new.
    pub(super) fn note(&self, cx: &Context, key: &Key, status: Status) {
        let before = self.statuses.lock().insert(key.clone(), status.clone());
        if status.result.starts_with("PROBLEM") && before.as_ref() != Some(&status) {
            let detail = serde_json::json!({ "message": status.result });
            let code = status.reason.as_deref().unwrap_or("FunctionError");
            cx.cloud().journal().write(cx, RecordKind::Event, "lambda", "Poll", &arn(&key.0, &key.1), code, detail);
        }
    }

    /// A log may have grown.
    fn ring(self: &Arc<Self>) {
        let known: Vec<(Key, usize)> = self.state.lock().iter().map(|(key, poller)| (key.clone(), poller.lanes.len())).collect();
        let Some(cloud) = self.cloud.get().and_then(Weak::upgrade) else { return };
        for (key, lanes) in known {
            (0..lanes).for_each(|lane| self.look(&cloud, &key, lane));
        }
    }

    /// Begins a look, or has the one under way look once more. Who causes it is counted as work until this returns; the look is from then on.
    pub fn look(self: &Arc<Self>, cloud: &Arc<Cloud>, key: &Key, lane: usize) {
        {
            let mut state = self.state.lock();
            let Some(looks) = state.get_mut(key).and_then(|poller| poller.lanes.get_mut(lane)) else { return };
            if std::mem::replace(&mut looks.looking, true) {
                looks.again = true;
                return;
            }
        }
        let Some(lambda) = self.lambda.get().and_then(Weak::upgrade) else { return };
        let token = cloud.work().begin(format!("lambda:topic:{}", key.1));
        let (pollers, cx, key) = (self.clone(), context(cloud, &key.0), key.clone());
        tokio::spawn(async move {
            loop {
                let Some(mut work) = pollers.with(&key, lane, |looks| std::mem::take(&mut looks.lane)) else { break };
                if let Err(problem) = poll::look(&lambda, &cx.child(), &key, lane, &mut work).await {
                    pollers.note(&cx, &key, problem.status());
                    // Credentials and secrets are fetched anew: they may be what is wrong.
                    pollers.remember(&key, None);
                    pollers.wake_at(cx.cloud(), &key, lane, cx.now().plus_ns(PATIENCE_NS));
                }
                let more = pollers.with(&key, lane, |looks| {
                    looks.lane = work;
                    looks.looking = std::mem::take(&mut looks.again);
                    looks.looking
                });
                if more != Some(true) {
                    break;
                }
            }
            drop(token);
        });
    }

    /// Has a row written that looks again at a moment, unless one is due before.
    pub(super) fn wake_at(self: &Arc<Self>, cloud: &Arc<Cloud>, key: &Key, lane: usize, at: Timestamp) {
        let now = cloud.clock().now();
        let at = at.max(now.plus_ns(1));
        let due = self.with(key, lane, |looks| {
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

    fn with<R>(&self, key: &Key, lane: usize, f: impl FnOnce(&mut Looks) -> R) -> Option<R> {
        self.state.lock().get_mut(key).and_then(|poller| poller.lanes.get_mut(lane)).map(f)
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
