//! A transaction: writes laid over a view, so that it reads what it wrote, applied as one batch when its closure succeeds.

use super::{
    BlobRef, Key, NewTask, Read, Scope, StoreError, Table, TaskId, TaskRow,
    blobs::{BlobStore, Pending},
    engine::{Batch, KeyRange, Pairs, View},
    key_bytes, overlay,
    table::Row,
    tasks::{self, TASKS, nobody},
};
use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    sync::Arc,
};
use wire::{Fault, Timestamp};

/// One writer's changes; see [`Store::write`](super::Store::write).
pub struct Tx<'a> {
    overlay: Overlay<'a>,
    blobs: &'a Arc<BlobStore>,
    changes: Changes,
    /// The first thing that went wrong where the call itself answers nothing; the commit fails with it.
    broken: Option<Fault>,
}

/// What a commit does beside its batch.
#[derive(Default)]
pub(super) struct Changes {
    /// Blobs that stop being pending, with what keeps them until then.
    pub adopted: Vec<(u64, Option<Arc<Pending>>)>,
    /// Blobs that nobody refers to any more, with the row each had.
    pub dropped: HashMap<u64, Vec<u8>>,
    pub tasks: Vec<TaskId>,
    pub cancelled: Vec<TaskId>,
}

impl Read for Tx<'_> {
    fn view(&self) -> &dyn View {
        &self.overlay
    }
}

impl<'a> Tx<'a> {
    pub(super) fn new(base: Box<dyn View + 'a>, blobs: &'a Arc<BlobStore>) -> Tx<'a> {
        Tx { overlay: Overlay { base, changes: BTreeMap::new() }, blobs, changes: Changes::default(), broken: None }
    }

    /// The batch and what goes with it; lets go of the view.
    pub(super) fn finish(self) -> Result<(Batch, Changes), Fault> {
        match self.broken {
            Some(fault) => Err(fault),
            None => Ok((self.overlay.changes.into_iter().collect(), self.changes)),
        }
    }

    /// Writes a row, new or in place of the old one.
    pub fn put<K: Key, V: Row>(&mut self, table: &Table<K, V>, scope: &Scope, key: &K, value: &V) -> Result<(), Fault> {
        let row = table.row_key(scope, key);
        if !table.indexes.is_empty() {
            self.unindex(table, scope, &row)?;
            let own = &row[table.base(scope).len()..];
            for index in table.indexes {
                for entry in (index.keys)(value) {
                    let entry = [table.index_base(index.name, scope).as_slice(), &entry, own].concat();
                    self.overlay.changes.insert(entry, Some(own.to_vec()));
                }
            }
        }
        let value = table.encode_value(value)?;
        self.overlay.changes.insert(row, Some(value));
        Ok(())
    }

    /// Removes a row and gives it; `None` when there was none.
    pub fn delete<K: Key, V: Row>(&mut self, table: &Table<K, V>, scope: &Scope, key: &K) -> Result<Option<V>, Fault> {
        let row = table.row_key(scope, key);
        let old = self.unindex(table, scope, &row)?;
        if old.is_some() {
            self.overlay.changes.insert(row, None);
        }
        Ok(old)
    }

    /// Takes the index entries of a row away and gives its value.
    fn unindex<K: Key, V: Row>(&mut self, table: &Table<K, V>, scope: &Scope, row: &[u8]) -> Result<Option<V>, Fault> {
        let Some(old) = self.overlay.get(row)?.map(|bytes| table.decode_value(&bytes)).transpose()? else {
            return Ok(None);
        };
        let own = &row[table.base(scope).len()..];
        for index in table.indexes {
            for entry in (index.keys)(&old) {
                self.overlay.changes.insert([table.index_base(index.name, scope).as_slice(), &entry, own].concat(), None);
            }
        }
        Ok(Some(old))
    }

    /// The next number of a durable counter, from 1. A transaction that is rolled back gives its numbers back.
    pub fn next_seq(&mut self, name: &'static str) -> u64 {
        let key = [b"~seq\0", name.as_bytes()].concat();
        let last = match self.overlay.get(&key) {
            Ok(found) => found.and_then(|bytes| bytes.as_ref().try_into().ok()).map_or(0, u64::from_be_bytes),
            Err(error) => {
                self.fail(error.into());
                0
            }
        };
        self.overlay.changes.insert(key, Some((last + 1).to_be_bytes().to_vec()));
        last + 1
    }

    /// A pending blob becomes part of the state with this commit. An adopted one gains one more owner: it goes when each has
    /// dropped it. A blob that is neither makes the commit fail.
    pub fn adopt(&mut self, blob: &BlobRef) {
        if let Err(fault) = self.try_adopt(blob) {
            self.fail(fault);
        }
    }

    fn try_adopt(&mut self, blob: &BlobRef) -> Result<(), Fault> {
        if blob.pending.as_ref().is_some_and(|pending| !pending.is_of(self.blobs)) {
            return Err(Fault::internal(format!("blob {} was written before the state was replaced", blob.id)));
        }
        let key = BlobStore::row_key(blob.id);
        if let Some(row) = self.changes.dropped.remove(&blob.id) {
            self.overlay.changes.insert(key, Some(row));
            return Ok(());
        }
        let row = match self.overlay.get(&key)? {
            Some(row) => BlobStore::with_owners(&row, 1)?.ok_or_else(|| unknown(blob))?,
            None => {
                let row = self.blobs.row_of_pending(blob.id).ok_or_else(|| unknown(blob))?;
                self.changes.adopted.push((blob.id, blob.pending.clone()));
                row
            }
        };
        self.overlay.changes.insert(key, Some(row));
        Ok(())
    }

    /// One owner less; without any the blob is removed after this commit. A blob that was never adopted just goes; one that is not
    /// there makes the commit fail.
    pub fn drop_blob(&mut self, blob: &BlobRef) {
        if let Err(fault) = self.try_drop(blob) {
            self.fail(fault);
        }
    }

    fn try_drop(&mut self, blob: &BlobRef) -> Result<(), Fault> {
        let key = BlobStore::row_key(blob.id);
        let Some(row) = self.overlay.get(&key)?.map(Cow::into_owned) else {
            return if self.blobs.row_of_pending(blob.id).is_some() { Ok(()) } else { Err(unknown(blob)) };
        };
        let left = BlobStore::with_owners(&row, -1)?;
        if left.is_none() {
            self.changes.dropped.insert(blob.id, row);
        }
        self.overlay.changes.insert(key, left);
        Ok(())
    }

    /// Writes an outbox row.
    pub fn task(&mut self, task: NewTask) -> TaskId {
        let seq = self.next_seq("~tasks");
        let (due, stored) = task.stored();
        self.put_task(TaskId { due, seq }, &stored)
    }

    fn put_task(&mut self, id: TaskId, stored: &tasks::Stored) -> TaskId {
        match self.put(&TASKS, &nobody(), &(id.due, id.seq), stored) {
            Ok(()) => self.changes.tasks.push(id),
            Err(fault) => self.fail(fault),
        }
        id
    }

    /// Removes a task: it is done, or not wanted any more. One that is gone already is left alone.
    pub fn cancel(&mut self, id: &TaskId) {
        match self.delete(&TASKS, &nobody(), &(id.due, id.seq)) {
            Ok(Some(_)) => self.changes.cancelled.push(*id),
            Ok(None) => {}
            Err(fault) => self.fail(fault),
        }
    }

    /// Removes the tasks of one `(service, kind, key)` and says how many there were.
    pub fn cancel_keyed(&mut self, service: &str, kind: &str, key: &str) -> usize {
        let found: Vec<TaskRow> = self.tasks_keyed(service, kind, key);
        found.iter().for_each(|task| self.cancel(&task.id));
        found.len()
    }

    /// Puts a task off to `due` with one attempt more; `None` when it is gone.
    pub fn retry(&mut self, id: &TaskId, due: Timestamp) -> Option<TaskId> {
        let stored = match self.delete(&TASKS, &nobody(), &(id.due, id.seq)) {
            Ok(stored) => stored?,
            Err(fault) => {
                self.fail(fault);
                return None;
            }
        };
        self.changes.cancelled.push(*id);
        let seq = self.next_seq("~tasks");
        Some(self.put_task(TaskId { due, seq }, &tasks::Stored { attempts: stored.attempts + 1, ..stored }))
    }

    fn fail(&mut self, fault: Fault) {
        self.broken.get_or_insert(fault);
    }
}

fn unknown(blob: &BlobRef) -> Fault {
    Fault::internal(format!("blob {} is not in the store", blob.id))
}

struct Overlay<'a> {
    base: Box<dyn View + 'a>,
    changes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

impl View for Overlay<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Cow<'_, [u8]>>, StoreError> {
        match self.changes.get(key) {
            Some(change) => Ok(change.as_deref().map(Cow::Borrowed)),
            None => self.base.get(key),
        }
    }

    fn range<'a>(&'a self, range: &KeyRange, reverse: bool) -> Pairs<'a> {
        overlay::over(self.base.range(range, reverse), &self.changes, range, reverse)
    }
}

/// The key of a counter that the store itself keeps.
pub(super) fn meta_key(name: &'static str) -> Vec<u8> {
    [b"~meta\0".as_slice(), &key_bytes(&name)].concat()
}
