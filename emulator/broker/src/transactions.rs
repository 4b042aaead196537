//! Transactional producers: who they are, what belongs to their open transaction, and how it ends.
//!
//! Each step is written down before it is answered. A transaction that was decided is finished at the next start if the process died on
//! the way; one that stays open too long, by the clock, is aborted and its producer fenced. (Apache Kafka's documentation and KIP-98, KIP-360.)

use crate::{
    ledger::{Change, OffsetRow, TransactionRow, TransactionState as S},
    shared::Shared,
};
use kafka_protocol::ResponseError as E;
use parking_lot::{Mutex, MutexGuard};
use std::{
    collections::{BTreeMap, BTreeSet},
    io,
};

/// Producer ids that are written down at a time.
const BLOCK: i64 = 1_000;

/// The coordinator of transactions.
#[derive(Default)]
pub struct Transactions {
    /// One change at a time: producers that share an id would step on each other.
    changing: Mutex<()>,
    /// Next id and end of the block that was written down.
    ids: Mutex<(i64, i64)>,
}

/// Who says something about a transaction.
pub struct Producer<'a> {
    /// Its transactional id.
    pub transactional_id: &'a str,
    /// Producer id.
    pub id: i64,
    /// Epoch.
    pub epoch: i16,
}

fn storage(_: io::Error) -> E {
    E::KafkaStorageError
}

/// A producer id that nobody had.
pub fn new_producer(broker: &Shared) -> Result<i64, E> {
    let mut ids = broker.transactions.ids.lock();
    if ids.0 >= ids.1 {
        let next = broker.ledger.read(|s| s.next_producer);
        broker.ledger.write(vec![Change::Producers(next + BLOCK)]).map_err(storage)?;
        *ids = (next, next + BLOCK);
    }
    ids.0 += 1;
    Ok(ids.0 - 1)
}

/// Starts a producer under a transactional id: its open transaction is aborted, older instances are fenced. Producer id and epoch.
pub fn init(broker: &Shared, transactional_id: &str, timeout_ms: i64, known: Option<(i64, i16)>) -> Result<(i64, i16), E> {
    if transactional_id.is_empty() {
        return Err(E::InvalidRequest);
    }
    let _changing = broker.transactions.changing.lock();
    let mut row = match broker.ledger.read(|s| s.transactions.get(transactional_id).cloned()) {
        None if broker.ledger.read(|s| s.transactions.len()) >= broker.options.limits.transactional_ids_max => {
            return Err(E::PolicyViolation);
        }
        None => TransactionRow { producer: new_producer(broker)?, epoch: -1, ..TransactionRow::default() },
        Some(row) => row,
    };
    if let Some((producer, epoch)) = known
        && (producer != row.producer || (epoch != row.epoch && epoch + 1 != row.epoch))
    {
        return Err(if producer == row.producer { E::ProducerFenced } else { E::InvalidProducerIdMapping });
    }
    // The epoch goes up before the abort, so that the markers fence the older instance in its partitions too.
    if row.epoch == i16::MAX - 1 {
        if row.state == S::Ongoing {
            finish(broker, transactional_id, &mut row, false)?;
        }
        (row.producer, row.epoch) = (new_producer(broker)?, -1);
    }
    if matches!(row.state, S::PrepareCommit | S::PrepareAbort) {
        complete(broker, transactional_id, &mut row)?;
    }
    row.epoch += 1;
    row.timeout_ms = timeout_ms;
    if row.state == S::Ongoing {
        finish(broker, transactional_id, &mut row, false)?;
    }
    row.state = S::Empty;
    save(broker, transactional_id, &row)?;
    Ok((row.producer, row.epoch))
}

/// The row of a producer that is still who it says.
fn current(broker: &Shared, who: &Producer<'_>) -> Result<TransactionRow, E> {
    let row = broker.ledger.read(|s| s.transactions.get(who.transactional_id).cloned()).ok_or(E::InvalidProducerIdMapping)?;
    match () {
        () if row.producer != who.id => Err(E::InvalidProducerIdMapping),
        () if row.epoch != who.epoch => Err(E::ProducerFenced),
        () => Ok(row),
    }
}

fn save(broker: &Shared, id: &str, row: &TransactionRow) -> Result<(), E> {
    let row = TransactionRow { touched: broker.now_ms(), ..row.clone() };
    broker.ledger.write(vec![Change::Transaction(id.to_owned(), row)]).map_err(storage)
}

/// Makes partitions and groups part of the open transaction, which begins with them.
pub fn add(broker: &Shared, who: &Producer<'_>, partitions: &[(String, i32)], groups: &[String]) -> Result<(), E> {
    let _changing = broker.transactions.changing.lock();
    let mut row = current(broker, who)?;
    if matches!(row.state, S::PrepareCommit | S::PrepareAbort) {
        return Err(E::ConcurrentTransactions);
    }
    let before = row.clone();
    if row.state != S::Ongoing {
        (row.state, row.begun) = (S::Ongoing, broker.now_ms());
    }
    row.partitions.extend(partitions.iter().cloned());
    row.groups.extend(groups.iter().cloned());
    if row != before {
        save(broker, who.transactional_id, &row)?;
        broker.housekeeping.notify_one();
    }
    Ok(())
}

/// Keeps offsets that are committed if the transaction is.
pub fn add_offsets(broker: &Shared, who: &Producer<'_>, group: &str, offsets: Vec<(String, i32, OffsetRow)>) -> Result<(), E> {
    let _changing = broker.transactions.changing.lock();
    let mut row = current(broker, who)?;
    if row.state != S::Ongoing || !row.groups.contains(group) {
        return Err(E::InvalidTxnState);
    }
    let fresh: BTreeMap<(String, i32), OffsetRow> = offsets.into_iter().map(|(topic, n, offset)| ((topic, n), offset)).collect();
    row.offsets.retain(|(g, t, n, _)| g != group || !fresh.contains_key(&(t.clone(), *n)));
    row.offsets.extend(fresh.into_iter().map(|((topic, n), offset)| (group.to_owned(), topic, n, offset)));
    save(broker, who.transactional_id, &row)
}

/// Whether a transactional batch of this producer may go to a partition: the partition has to be part of its open transaction.
pub fn admits(broker: &Shared, transactional_id: Option<&str>, id: i64, epoch: i16, topic: &str, partition: i32) -> Result<(), E> {
    let Some(transactional_id) = transactional_id else { return Err(E::InvalidTxnState) };
    broker.ledger.read(|s| {
        let row = s.transactions.get(transactional_id).ok_or(E::InvalidProducerIdMapping)?;
        match () {
            () if row.producer != id => Err(E::InvalidProducerIdMapping),
            () if row.epoch != epoch => Err(E::InvalidProducerEpoch),
            () if row.state != S::Ongoing => Err(E::InvalidTxnState),
            () if !row.partitions.contains(&(topic.to_owned(), partition)) => Err(E::InvalidTxnState),
            () => Ok(()),
        }
    })
}

/// Commits or aborts the open transaction. Saying the same twice is fine, as an answer may have been lost.
pub fn end(broker: &Shared, who: &Producer<'_>, commit: bool) -> Result<(), E> {
    let _changing = broker.transactions.changing.lock();
    let mut row = current(broker, who)?;
    match (row.state, commit) {
        (S::Ongoing, _) => finish(broker, who.transactional_id, &mut row, commit),
        (S::CompleteCommit, true) | (S::CompleteAbort, false) => Ok(()),
        // It was decided, and the disk was full perhaps.
        (S::PrepareCommit, true) | (S::PrepareAbort, false) => complete(broker, who.transactional_id, &mut row),
        _ => Err(E::InvalidTxnState),
    }
}

/// Decides, writes the markers, gives the offsets to their groups.
fn finish(broker: &Shared, id: &str, row: &mut TransactionRow, commit: bool) -> Result<(), E> {
    row.state = if commit { S::PrepareCommit } else { S::PrepareAbort };
    save(broker, id, row)?;
    complete(broker, id, row)
}

/// The part of [`finish`] after the decision, which is done again if the process dies in it.
fn complete(broker: &Shared, id: &str, row: &mut TransactionRow) -> Result<(), E> {
    let commit = row.state == S::PrepareCommit;
    let now = broker.now_ms();
    for (topic, n) in &row.partitions {
        // A topic that was deleted meanwhile has nothing to mark.
        let Some((topic, partition)) = broker.topics.partition(topic, *n) else { continue };
        let keeping = topic.keeping();
        let file = partition.with(|log| log.end(commit, row.producer, row.epoch, &keeping, now).map(|()| log.file()));
        // The marker has to be there before it is written down that it is.
        if let Some(file) = file.map_err(storage)? {
            broker.options.disk.sync(&file).map_err(storage)?;
        }
        partition.wake();
    }
    let offsets = std::mem::take(&mut row.offsets);
    let mut changes: Vec<Change> = match commit {
        true => offsets.into_iter().map(|(group, topic, n, offset)| Change::Offset(group, topic, n, offset)).collect(),
        false => Vec::new(),
    };
    row.partitions.clear();
    row.groups.clear();
    row.state = if commit { S::CompleteCommit } else { S::CompleteAbort };
    row.touched = now;
    changes.push(Change::Transaction(id.to_owned(), row.clone()));
    broker.ledger.write(changes).map_err(storage)?;
    // What the open transaction kept from compaction is due. Not before it is done: the housekeeper would try again and again.
    broker.housekeeping.notify_one();
    Ok(())
}

/// The open transactions of a kind, by id.
fn open(broker: &Shared, of: impl Fn(&TransactionRow) -> bool) -> Vec<(String, TransactionRow)> {
    broker.ledger.read(|s| {
        let rows = s.open.iter().filter_map(|id| s.transactions.get_key_value(id));
        rows.filter(|(_, row)| of(row)).map(|(id, row)| (id.clone(), row.clone())).collect()
    })
}

/// Finishes what was decided and could not be done: the process died, or the disk was full.
pub fn recover(broker: &Shared) -> Result<(), E> {
    let decided = |row: &TransactionRow| matches!(row.state, S::PrepareCommit | S::PrepareAbort);
    let _changing = broker.transactions.changing.lock();
    for (id, mut row) in open(broker, decided) {
        complete(broker, &id, &mut row)?;
    }
    Ok(())
}

/// Aborts transactions that have been open for too long; their producers are fenced.
pub fn expire(broker: &Shared) -> Result<(), E> {
    let now = broker.now_ms();
    let late = |row: &TransactionRow| row.state == S::Ongoing && row.begun.saturating_add(row.timeout_ms) < now;
    // Asked with every Fetch: only what is open is looked at.
    if open(broker, late).is_empty() {
        return Ok(());
    }
    let _changing = broker.transactions.changing.lock();
    for (id, mut row) in open(broker, late) {
        row.epoch = row.epoch.saturating_add(1);
        finish(broker, &id, &mut row, false)?;
        broker.metrics.count(|m| &m.transactions_timed_out, 1);
    }
    Ok(())
}

/// When an id without an open transaction is forgotten, milliseconds. Rows of before this was kept tell when their last transaction began;
/// those that never had one stay.
fn forgotten_at(broker: &Shared, row: &TransactionRow) -> Option<i64> {
    let heard = row.touched.max(row.begun);
    (heard > 0 && !row.open()).then(|| heard.saturating_add(broker.options.defaults.transactional_id_expiration_ms))
}

/// Forgets ids that were not heard of for long: a producer that comes back then is told that its mapping is not valid.
pub fn forget(broker: &Shared) -> Result<(), E> {
    let now = broker.now_ms();
    let _changing = broker.transactions.changing.lock();
    let gone = broker.ledger.read(|s| {
        let gone = s.transactions.iter().filter(|(_, row)| forgotten_at(broker, row).is_some_and(|at| at < now));
        gone.map(|(id, _)| Change::TransactionGone(id.clone())).collect::<Vec<_>>()
    });
    if gone.is_empty() { Ok(()) } else { broker.ledger.write(gone).map_err(storage) }
}

/// When a transaction will next be too old, or an id, milliseconds.
pub fn next_expiry(broker: &Shared) -> Option<i64> {
    let late = |row: &TransactionRow| (row.state == S::Ongoing).then(|| row.begun.saturating_add(row.timeout_ms));
    let due = |row: &TransactionRow| late(row).or_else(|| forgotten_at(broker, row)).map(|at| at.saturating_add(1));
    broker.ledger.read(|s| s.transactions.values().filter_map(due).min())
}

/// Partitions for which an open transaction holds offsets of a group: what is committed of them is not stable.
pub fn pending(broker: &Shared, group: &str) -> BTreeSet<(String, i32)> {
    let holds = |row: &TransactionRow| row.groups.contains(group);
    let offsets = open(broker, holds).into_iter().flat_map(|(_, row)| row.offsets);
    offsets.filter(|(of, ..)| of == group).map(|(_, topic, n, _)| (topic, n)).collect()
}

impl Transactions {
    /// No transaction changes while this is held.
    pub fn still(&self) -> MutexGuard<'_, ()> {
        self.changing.lock()
    }
    /// Forgets the block of ids: another state takes the place of this one.
    pub fn clear(&self) {
        *self.ids.lock() = (0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Broker, Options, housekeeping,
        log::{admit::Admitted, batch::Draft, encode::Plain},
    };

    /// A transaction of this id was decided, and then there was no room on the disk.
    fn decided(broker: &Shared, id: &str) -> (i64, i16) {
        let (producer, epoch) = init(broker, id, 60_000, None).unwrap();
        add(broker, &Producer { transactional_id: id, id: producer, epoch }, &[("t".into(), 0)], &[]).unwrap();
        let (topic, partition) = broker.topics.partition("t", 0).unwrap();
        let draft = Draft { attributes: 0x10, producer, epoch, sequence: 0, ..Draft::default() };
        let batch = draft.of([Plain { value: Some(b"v"), ..Plain::default() }]);
        partition.append(&Admitted::check(&batch, &topic.keeping()).unwrap(), &topic.keeping(), broker.now_ms()).unwrap();
        let row = broker.ledger.read(|s| s.transactions[id].clone());
        save(broker, id, &TransactionRow { state: S::PrepareCommit, ..row }).unwrap();
        (producer, epoch)
    }

    #[tokio::test]
    async fn what_was_decided_and_could_not_be_done_is_done_by_whoever_comes_next() {
        let cloud = kit::Cloud::builder().start().await.unwrap();
        let broker = Broker::start(Options::new(cloud.clock().clone(), cloud.work().clone())).await.unwrap();
        broker.topics().create("t", 1, BTreeMap::new()).unwrap();
        let shared = &broker.shared;
        let stable = || broker.range("t", 0).unwrap().1;
        let (id, epoch) = decided(shared, "said again");
        end(shared, &Producer { transactional_id: "said again", id, epoch }, true).unwrap();
        assert_eq!(stable(), 2);
        decided(shared, "begun anew");
        init(shared, "begun anew", 60_000, None).unwrap();
        assert_eq!(stable(), 4);
        decided(shared, "left alone");
        housekeeping::once(shared);
        assert_eq!(stable(), 6);
        assert_eq!(broker.read("t", 0, 0, 1 << 20).unwrap().records.len(), 3, "all of them were to be committed");
    }
}
