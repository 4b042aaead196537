//! Outbox rows: what is to happen later, written by the transaction that causes it. Notifications, async invocations and timers are
//! tasks. This room keeps them in order; who runs them is not its business.

use super::{Index, Key, Scan, Scope, Table, TableScope, engine::View, key_bytes, table::raw_bytes};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use wire::{Fault, Timestamp};

/// A task to be written; see [`Tx::task`](super::Tx::task).
#[derive(Clone, Debug)]
pub struct NewTask {
    /// Who runs it (`lambda`).
    pub service: &'static str,
    /// What it is to that service (`async-invoke`).
    pub kind: &'static str,
    /// Whose it is.
    pub scope: Scope,
    /// When, in virtual time; `None` is at once, before everything that has a time.
    pub due: Option<Timestamp>,
    /// MessagePack.
    pub payload: Vec<u8>,
    /// Tasks of one `(service, kind, key)` run one after the other, and are found by it.
    pub key: Option<String>,
    /// The cause in the journal.
    pub cause: u64,
}

impl NewTask {
    /// A task that is due at once.
    ///
    /// # Panics
    /// When the payload can't be written as MessagePack, which only a hand-written `Serialize` can bring about.
    pub fn new(scope: &Scope, service: &'static str, kind: &'static str, payload: &impl Serialize) -> Self {
        let payload = rmp_serde::to_vec_named(payload).expect("a task's payload can be written as MessagePack");
        NewTask { service, kind, scope: scope.clone(), due: None, payload, key: None, cause: 0 }
    }
    /// Due at a time.
    pub fn at(mut self, due: Timestamp) -> Self {
        self.due = Some(due);
        self
    }
    /// With a key.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }
    /// With a cause.
    pub fn cause(mut self, cause: u64) -> Self {
        self.cause = cause;
        self
    }
}

/// Names a task; sorts in the order in which tasks are due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TaskId {
    /// When; the epoch for tasks that are due at once.
    pub due: Timestamp,
    /// Order among those of one moment.
    pub seq: u64,
}

/// A task as it stands in the store.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskRow {
    /// Its name.
    pub id: TaskId,
    /// Who runs it.
    pub service: String,
    /// What it is to that service.
    pub kind: String,
    /// Whose it is.
    pub scope: Scope,
    /// When; the epoch for tasks that are due at once.
    pub due: Timestamp,
    /// MessagePack.
    pub payload: Vec<u8>,
    /// See [`NewTask::key`].
    pub key: Option<String>,
    /// The cause in the journal.
    pub cause: u64,
    /// How often it was put off with [`Tx::retry`](super::Tx::retry).
    pub attempts: u32,
}

impl TaskRow {
    /// The payload as it was given to [`NewTask::new`].
    pub fn payload<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        rmp_serde::from_slice(&self.payload)
            .map_err(|e| Fault::internal(format!("the payload of a task {}/{}: {e}", self.service, self.kind)))
    }
}

/// The value of a task's row; the key holds the rest.
#[derive(Serialize, Deserialize)]
pub(super) struct Stored {
    pub service: String,
    pub kind: String,
    pub scope: Scope,
    #[serde(with = "raw_bytes")]
    pub payload: Vec<u8>,
    pub key: Option<String>,
    pub cause: u64,
    pub attempts: u32,
}

pub(super) const TASKS: Table<(Timestamp, u64), Stored> = Table::new("~tasks", TableScope::Global)
    .indexes(&[Index { name: "whose", keys: |task| vec![key_bytes(&(task.service.as_str(), task.kind.as_str(), task.key.as_deref()))] }]);

impl NewTask {
    pub(super) fn stored(self) -> (Timestamp, Stored) {
        let NewTask { service, kind, scope, due, payload, key, cause } = self;
        (due.unwrap_or_default(), Stored { service: service.into(), kind: kind.into(), scope, payload, key, cause, attempts: 0 })
    }
}

pub(super) fn row(((due, seq), stored): ((Timestamp, u64), Stored)) -> TaskRow {
    let Stored { service, kind, scope, payload, key, cause, attempts } = stored;
    TaskRow { id: TaskId { due, seq }, service, kind, scope, due, payload, key, cause, attempts }
}

/// The scope that a global table ignores.
pub(super) fn nobody() -> Scope {
    Scope::new("", "")
}

fn all(view: &dyn View) -> Scan<'_, (Timestamp, u64), Stored> {
    Scan::new(view, &TASKS, TASKS.base(&nobody()), None)
}

/// A damaged row must not stop the tasks behind it: it is named on stderr and left where it is.
fn readable(result: Result<((Timestamp, u64), Stored), Fault>) -> Option<TaskRow> {
    result.map(row).inspect_err(|fault| eprintln!("a task can't be read: {}", fault.message)).ok()
}

pub(super) fn due(view: &dyn View, after: Option<&TaskId>, now: Timestamp, limit: usize) -> Vec<TaskRow> {
    let mut scan = all(view).through(&(now,)).limit(limit);
    if let Some(after) = after {
        scan = scan.after(&(after.due, after.seq));
    }
    scan.filter_map(readable).collect()
}

pub(super) fn first(view: &dyn View) -> Option<TaskId> {
    let (due, seq) = all(view).keys().next()?.ok()?;
    Some(TaskId { due, seq })
}

pub(super) fn first_after(view: &dyn View, now: Timestamp) -> Option<Timestamp> {
    let (due, _) = all(view).after(&(now, u64::MAX)).keys().next()?.ok()?;
    Some(due)
}

pub(super) fn one(view: &dyn View, id: &TaskId) -> Option<TaskRow> {
    all(view).prefix(&(id.due, id.seq)).find_map(readable)
}

pub(super) fn of(view: &dyn View, leading: &impl Key) -> Vec<TaskRow> {
    let base = TASKS.index_base("whose", &nobody());
    Scan::new(view, &TASKS, base, Some(TASKS.base(&nobody()))).prefix(leading).filter_map(readable).collect()
}
