//! Reading: the same for a snapshot and for a transaction, which sees its own writes.

use super::{
    Decoded, Key, Scan, Scope, StoreError, Table, TaskId, TaskRow,
    engine::{KeyRange, View},
    table::Row,
    tasks,
};
use wire::{Fault, Timestamp};

/// A consistent view of a cloud's state; see [`Store::read`](super::Store::read).
pub struct Snapshot<'a> {
    pub(super) view: Box<dyn View + 'a>,
}

impl Read for Snapshot<'_> {
    fn view(&self) -> &dyn View {
        &*self.view
    }
}

/// What a snapshot and a transaction have in common. Faults are internal ones: damaged data, a broken disk.
pub trait Read {
    /// The bytes below.
    #[doc(hidden)]
    fn view(&self) -> &dyn View;

    /// One row.
    fn get<K: Key, V: Row>(&self, table: &Table<K, V>, scope: &Scope, key: &K) -> Result<Option<V>, Fault> {
        let found = self.view().get(&table.row_key(scope, key))?;
        Ok(found.map(|bytes| table.decode_value(&bytes)).transpose()?)
    }
    /// One row of those that many read: its value is decoded once for all who read the same bytes.
    fn get_decoded<K: Key, V: Row>(
        &self,
        table: &Table<K, V>,
        scope: &Scope,
        key: &K,
        known: &Decoded<V>,
    ) -> Result<Option<std::sync::Arc<V>>, Fault> {
        let found = self.view().get(&table.row_key(scope, key))?;
        Ok(found.map(|bytes| known.of(&bytes, |bytes| table.decode_value(bytes))).transpose()?)
    }
    /// Whether a row is there; its value is not decoded.
    fn exists<K: Key, V: Row>(&self, table: &Table<K, V>, scope: &Scope, key: &K) -> Result<bool, Fault> {
        Ok(self.view().get(&table.row_key(scope, key))?.is_some())
    }
    /// Rows in key order; all of the scope unless the builder narrows it.
    fn scan<'a, K: Key, V: Row>(&'a self, table: &Table<K, V>, scope: &Scope) -> Scan<'a, K, V> {
        Scan::new(self.view(), table, table.base(scope), None)
    }
    /// Rows in the order of an index whose leading parts are `prefix`; a row appears once per entry. An index that the table does not
    /// declare has no entries.
    fn by_index<'a, K: Key, V: Row>(&'a self, table: &Table<K, V>, scope: &Scope, index: &str, prefix: &impl Key) -> Scan<'a, K, V> {
        debug_assert!(table.indexes.iter().any(|i| i.name == index), "{} has no index {index}", table.name());
        Scan::new(self.view(), table, table.index_base(index, scope), Some(table.base(scope))).prefix(prefix)
    }
    /// Rows of every account and region. Parts of the scope that the table ignores are empty.
    fn scan_all_scopes<'a, K: Key, V: Row>(&'a self, table: &Table<K, V>) -> impl Iterator<Item = Result<(Scope, K, V), Fault>> + 'a {
        let table = *table;
        let root = table.root();
        let pairs = self.view().range(&KeyRange::prefix(root.clone()), false);
        pairs
            .map(move |pair| {
                let (key, value) = pair?;
                let mut rest = &key[root.len()..];
                let scope = table.take_scope(&mut rest)?;
                Ok::<_, StoreError>((scope, table.decode_key(rest)?, table.decode_value(&value)?))
            })
            .map(|row| row.map_err(Fault::from))
    }
    /// How many rows a scope has; walks over them.
    fn count<K: Key, V: Row>(&self, table: &Table<K, V>, scope: &Scope) -> Result<usize, Fault> {
        let pairs = self.view().range(&KeyRange::prefix(table.base(scope)), false);
        pairs.map(|pair| pair.map(|_| 1)).sum::<Result<usize, StoreError>>().map_err(Fault::from)
    }

    /// Tasks due by `now`, earliest first, at most `limit`.
    fn due_tasks(&self, now: Timestamp, limit: usize) -> Vec<TaskRow> {
        self.due_tasks_after(None, now, limit)
    }
    /// The next page of [`due_tasks`](Self::due_tasks), behind a task of the page before.
    fn due_tasks_after(&self, after: Option<&TaskId>, now: Timestamp, limit: usize) -> Vec<TaskRow> {
        tasks::due(self.view(), after, now, limit)
    }
    /// When the earliest task is due.
    fn next_due(&self) -> Option<Timestamp> {
        tasks::first(self.view()).map(|task| task.due)
    }
    /// When the earliest task that is not yet due at `now` will be.
    fn next_due_after(&self, now: Timestamp) -> Option<Timestamp> {
        tasks::first_after(self.view(), now)
    }
    /// The tasks of a service and kind, by key and then due.
    fn tasks_of(&self, service: &str, kind: &str) -> Vec<TaskRow> {
        tasks::of(self.view(), &(service, kind))
    }
    /// The tasks of one `(service, kind, key)`, by due.
    fn tasks_keyed(&self, service: &str, kind: &str, key: &str) -> Vec<TaskRow> {
        tasks::of(self.view(), &(service, kind, Some(key)))
    }
    /// One task, unless it was cancelled or done.
    fn task_row(&self, id: &TaskId) -> Option<TaskRow> {
        tasks::one(self.view(), id)
    }
}
