//! When to look into which queue. A look begins when SQS rings its bell, when a batch ends, and when a row says that hidden messages will be
//! visible; there are no timers beside these, so that a cloud with mappings is quiet while its queues are.
//!
//! What is in memory here (batches under way, messages gathered for a window) may be lost: the messages come back when their visibility ends.

use super::{MAPPINGS, Mapping, batch::Record, filter::Patterns, poll};
use crate::Lambda;
use kit::{Clock, Cloud, Context, Fault, Principal, Read, RecordKind, RoleSession, Scope, Timestamp, store::NewTask};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    sync::{Arc, OnceLock, Weak},
};

/// A mapping: where it is, and its UUID.
pub(crate) type Key = (Scope, String);

/// Kind of the rows that say when to look again.
pub(crate) const KIND: &str = "poll";
/// Batches that run at a time at first, how many more each minute brings, and the most (AWS's documentation, "Scaling behavior").
const FIRST: i128 = 5;
const MORE_PER_MINUTE: i128 = 300;
const MOST: i128 = 1250;

/// The pollers of a cloud.
#[derive(Default)]
pub(crate) struct Pollers {
    lambda: OnceLock<Weak<Lambda>>,
    cloud: OnceLock<Weak<Cloud>>,
    listens: OnceLock<()>,
    state: Mutex<HashMap<Key, Poller>>,
}

/// What is known of one mapping between looks.
#[derive(Default)]
pub(super) struct Poller {
    queue_arn: String,
    looking: bool,
    again: bool,
    running: i32,
    /// Since when there is always a batch under way.
    busy_since: Option<Timestamp>,
    /// The next row that is due.
    wake: Option<Timestamp>,
    /// The function was throttled: nothing is received before.
    rest_until: Option<Timestamp>,
    pub gathered: Vec<Record>,
    /// When what was gathered goes off.
    pub until: Option<Timestamp>,
    pub session: Option<Session>,
    pub patterns: Patterns,
}

/// Credentials of a function's role.
#[derive(Clone)]
pub(super) struct Session {
    pub role: String,
    pub session: Arc<RoleSession>,
    pub expires: Timestamp,
}

/// A row's payload.
#[derive(Serialize, Deserialize)]
pub(crate) struct Wake {
    pub uuid: String,
}

impl Pollers {
    /// Who runs the batches.
    pub fn belong(&self, lambda: Weak<Lambda>) {
        let _ = self.lambda.set(lambda);
    }

    /// Looks into all queues, and again whenever the bell rings or the cloud's state is another.
    pub fn open(self: &Arc<Self>, cx: &Context) -> Result<(), Fault> {
        let _ = self.cloud.set(Arc::downgrade(cx.cloud()));
        let pollers = Arc::downgrade(self);
        when_replaced(cx, "lambda:mappings", move |cloud| pollers.upgrade().map_or(Ok(()), |pollers| pollers.load(cloud)));
        self.load(cx.cloud())
    }

    /// Hears the bell from the first mapping on.
    fn listen(self: &Arc<Self>, cloud: &Cloud) {
        let Ok(queues) = cloud.ports().queues() else { return };
        if self.listens.set(()).is_err() {
            return;
        }
        let pollers = Arc::downgrade(self);
        queues.watch(Arc::new(move || {
            if let Some(pollers) = pollers.upgrade() {
                pollers.ring();
            }
        }));
    }

    fn cloud(&self) -> Option<Arc<Cloud>> {
        self.cloud.get()?.upgrade()
    }

    /// Forgets all and reads the mappings that are in the store.
    fn load(self: &Arc<Self>, cloud: &Arc<Cloud>) -> Result<(), Fault> {
        self.state.lock().clear();
        let rows = cloud.store().read(|s| s.scan_all_scopes(&MAPPINGS).collect::<Result<Vec<_>, _>>())?;
        let cx = cloud.house_context("lambda.mappings");
        let queues = rows.iter().filter(|(.., mapping)| mapping.kafka.is_none());
        queues.for_each(|(scope, _, mapping)| self.know(&cx, scope, mapping));
        Ok(())
    }

    /// A mapping was made or changed.
    pub fn know(self: &Arc<Self>, cx: &Context, scope: &Scope, mapping: &Mapping) {
        let key = (scope.clone(), mapping.uuid.clone());
        if !mapping.enabled {
            return self.forget(scope, &mapping.uuid);
        }
        self.listen(cx.cloud());
        {
            let mut state = self.state.lock();
            let poller = state.entry(key.clone()).or_default();
            poller.queue_arn.clone_from(&mapping.queue_arn);
            poller.session = None;
        }
        self.look(cx.cloud(), &key);
    }

    /// A mapping is gone or rests.
    pub fn forget(&self, scope: &Scope, uuid: &str) {
        self.state.lock().remove(&(scope.clone(), uuid.to_owned()));
    }

    /// Something changed in some queue.
    fn ring(self: &Arc<Self>) {
        let known: Vec<(Key, String)> = self.state.lock().iter().map(|(key, poller)| (key.clone(), poller.queue_arn.clone())).collect();
        let Some(cloud) = self.cloud().filter(|_| !known.is_empty()) else { return };
        let Ok(queues) = cloud.ports().queues() else { return };
        let cx = cloud.house_context("lambda.ring");
        for (key, queue_arn) in known {
            match queues.next_visible(&cx, &queue_arn) {
                Some(at) if at <= cx.now() => self.look(&cloud, &key),
                Some(at) => self.wake_at(&cloud, &key, at),
                None => {}
            }
        }
    }

    /// Begins a look, or has the one under way look once more. Who causes it is counted as work until this returns; the look is from then on.
    pub fn look(self: &Arc<Self>, cloud: &Arc<Cloud>, key: &Key) {
        {
            let mut state = self.state.lock();
            let Some(poller) = state.get_mut(key) else { return };
            if std::mem::replace(&mut poller.looking, true) {
                poller.again = true;
                return;
            }
        }
        let Some(lambda) = self.lambda.get().and_then(Weak::upgrade) else { return };
        let token = cloud.work().begin(format!("lambda:poll:{}", key.1));
        let (pollers, cx, key) = (self.clone(), context(cloud, &key.0), key.clone());
        tokio::spawn(async move {
            loop {
                if let Err(fault) = poll::look(&lambda, &cx.child(), &key).await {
                    pollers.trouble(&cx, &key, &fault);
                }
                let mut state = pollers.state.lock();
                match state.get_mut(&key) {
                    Some(poller) => {
                        poller.looking = std::mem::take(&mut poller.again);
                        if !poller.looking {
                            break;
                        }
                    }
                    None => break,
                }
            }
            drop(token);
        });
    }

    /// Says what is wrong, and tries again in a minute unless only a new queue can help.
    fn trouble(self: &Arc<Self>, cx: &Context, key: &Key, fault: &Fault) {
        let detail = serde_json::json!({ "message": fault.message });
        cx.cloud().journal().write(cx, RecordKind::Event, "lambda", "Poll", &super::arn(&key.0, &key.1), &fault.code, detail);
        if !fault.code.ends_with("QueueDoesNotExist") {
            self.wake_at(cx.cloud(), key, cx.now().plus_ns(60_000_000_000));
        }
    }

    /// Has a row written that looks again at a moment, unless one is due before.
    pub fn wake_at(self: &Arc<Self>, cloud: &Arc<Cloud>, key: &Key, at: Timestamp) {
        let now = cloud.clock().now();
        let at = at.max(now.plus_ns(1));
        {
            let mut state = self.state.lock();
            let Some(poller) = state.get_mut(key) else { return };
            if is_due_before(poller.wake, now, at) {
                return;
            }
            poller.wake = Some(at);
        }
        write_wake(cloud, &key.0, at, KIND, Wake { uuid: key.1.clone() });
    }

    /// Uses what is known of a mapping; `None` when it is gone.
    pub(super) fn with<R>(&self, key: &Key, f: impl FnOnce(&mut Poller) -> R) -> Option<R> {
        self.state.lock().get_mut(key).map(f)
    }

    /// Whether one more batch may run; it is counted then.
    pub(super) fn begin(&self, key: &Key, most: Option<i32>, now: Timestamp) -> bool {
        self.with(key, |poller| {
            let since = *poller.busy_since.get_or_insert(now);
            let room = poller.limit(most, since, now) > i128::from(poller.running);
            poller.running += i32::from(room);
            room
        })
        .unwrap_or(false)
    }

    /// Whether there is room for one more batch, and the moment until which the poller rests.
    pub(super) fn room(&self, key: &Key, most: Option<i32>, clock: &Clock) -> (bool, Option<Timestamp>) {
        let now = clock.now();
        self.with(key, |poller| {
            let rest = poller.rest_until.filter(|until| *until > now);
            let since = poller.busy_since.unwrap_or(now);
            (rest.is_none() && poller.limit(most, since, now) > i128::from(poller.running), rest)
        })
        .unwrap_or((false, None))
    }

    /// A batch came to its end.
    pub(super) fn end(self: &Arc<Self>, cloud: &Arc<Cloud>, key: &Key, rest_until: Option<Timestamp>) {
        self.with(key, |poller| {
            poller.running -= 1;
            if poller.running <= 0 {
                (poller.running, poller.busy_since) = (0, None);
            }
            poller.rest_until = rest_until;
        });
        self.look(cloud, key);
    }
}

impl Poller {
    fn limit(&self, most: Option<i32>, since: Timestamp, now: Timestamp) -> i128 {
        let minutes = (now.unix_ns - since.unix_ns) / 60_000_000_000;
        (FIRST + MORE_PER_MINUTE * minutes).min(most.map_or(MOST, i128::from))
    }
}

/// Calls whenever the cloud's state is another, counted as work of that name.
pub(super) fn when_replaced(cx: &Context, work: &'static str, load: impl Fn(&Arc<Cloud>) -> Result<(), Fault> + Send + Sync + 'static) {
    let (cloud, load) = (Arc::downgrade(cx.cloud()), Arc::new(load));
    cx.store().on_commit(move |committed| {
        let Some(cloud) = cloud.upgrade().filter(|_| committed.replaced) else { return };
        let (token, load) = (cloud.work().begin(work), load.clone());
        tokio::spawn(async move {
            // What fails here fails for each mapping's next look, too, which tells the journal.
            let _ = load(&cloud);
            drop(token);
        });
    });
}

/// Whether a row that is known comes no later than one at this moment would.
pub(super) fn is_due_before(wake: Option<Timestamp>, now: Timestamp, at: Timestamp) -> bool {
    wake.is_some_and(|wake| wake > now && wake <= at)
}

/// Writes a row of this kind that is due at a moment, in the background; the journal hears of what fails.
pub(super) fn write_wake(cloud: &Arc<Cloud>, scope: &Scope, at: Timestamp, kind: &'static str, wake: impl Serialize + Send + 'static) {
    let (token, cx) = (cloud.work().begin("lambda:wake"), context(cloud, scope));
    tokio::spawn(async move {
        let task = NewTask::new(cx.scope(), "lambda", kind, &wake).at(at).cause(cx.ids().number());
        if let Err(fault) = cx.store().write(|tx| Ok(tx.task(task))).await {
            let detail = serde_json::json!({ "message": fault.message });
            cx.cloud().journal().write(&cx, RecordKind::House, "lambda", "wake", "", &fault.code, detail);
        }
        drop(token);
    });
}

/// The pollers' own context: Lambda's service, in the mapping's account and region.
pub(super) fn context(cloud: &Arc<Cloud>, scope: &Scope) -> Context {
    let principal =
        Principal::Service { name: "lambda.amazonaws.com".into(), source_arn: None, source_account: Some(scope.account.clone()) };
    Context::new(cloud.clone(), principal, scope.clone(), cloud.next_cause("lambda.poll"))
}
