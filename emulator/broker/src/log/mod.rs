//! The log of a partition: segments, the offsets between which it can be read, producers, retention and compaction.
//!
//! Synchronous; its owner holds a lock around it. Time comes in as milliseconds. Knows no topic and no client.

pub mod admit;
pub mod batch;
mod compact;
pub mod encode;
pub mod inspect;
pub mod producers;
pub mod records;
pub(crate) mod segment;

use crate::disk::Disk;
use admit::Admitted;
use batch::{BatchError, Head};
use bytes::Bytes;
use producers::{Aborted, ProducerView, Producers, Refused};
use segment::{Known, Segment};
use serde::{Deserialize, Serialize};
use std::{
    collections::VecDeque,
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// A segment is closed at this size even where the topic's `segment.bytes` is larger: what can be moved to disk, removed or compacted is a
/// whole segment, and after a crash the open one is read again.
const SEGMENT_MAX_BYTES: u64 = 64 << 20;

/// How a log is kept. Milliseconds and bytes; `None` where there is no limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keeping {
    /// `retention.ms`
    pub retention_ms: Option<i64>,
    /// `retention.bytes`
    pub retention_bytes: Option<u64>,
    /// `segment.bytes`
    pub segment_bytes: u64,
    /// `segment.ms`
    pub segment_ms: i64,
    /// Old segments are removed.
    pub delete: bool,
    /// Of each key the latest record is kept.
    pub compact: bool,
    /// `delete.retention.ms`: how long tombstones stay.
    pub tombstone_ms: i64,
    /// `min.compaction.lag.ms`
    pub compaction_lag_ms: i64,
    /// `max.compaction.lag.ms`: an open segment is closed for compaction when it was begun so long ago.
    pub compaction_max_lag_ms: Option<i64>,
    /// `max.message.bytes`: of a batch.
    pub batch_max_bytes: usize,
    /// `message.timestamp.after.max.ms` and `message.timestamp.before.max.ms`: how far a record's own time may be from now.
    pub after_max_ms: i64,
    /// See there.
    pub before_max_ms: i64,
    /// `min.insync.replicas`: fewer take no batch that all replicas have to acknowledge.
    pub replicas_least: i32,
    /// `message.timestamp.type` is LogAppendTime.
    pub log_time: bool,
}

/// Why records were not appended.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// A batch can't be read.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// Its records are not what its head says, or can't be read.
    #[error("its records: {0}")]
    Records(BatchError),
    /// A batch is larger than the topic takes.
    #[error("a batch of {0} bytes is larger than max.message.bytes")]
    TooLarge(usize),
    /// Clients send no markers, and no records without a key to a compacted topic.
    #[error("{0}")]
    Invalid(&'static str),
    /// By the producer's state.
    #[error("refused: {0:?}")]
    Refused(Refused),
    /// The disk.
    #[error(transparent)]
    Disk(#[from] io::Error),
}

/// What became of an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Offset of the first record.
    pub base: i64,
    /// The log's time where it stamped the records, else -1.
    pub log_time: i64,
    /// Compaction may be due earlier than it was.
    pub sooner: bool,
}

/// What is written down of a log when a segment is closed and when the log is.
#[derive(Serialize, Deserialize)]
struct Index {
    known: Known,
    /// As of the end of the segment.
    producers: Producers,
}

/// The log of a partition.
pub struct Log {
    dir: Option<PathBuf>,
    disk: Disk,
    /// Oldest first; the last is written to. Never empty.
    segments: VecDeque<Segment>,
    start: i64,
    producers: Producers,
    /// Offset before which compaction has been.
    clean: i64,
    /// When the first of the tombstones that compaction left may go, milliseconds.
    tombstones: Option<i64>,
}

impl Log {
    /// The log in a folder, which is made if need be; on the heap without one. Torn ends are cut off. `start` is the first offset that may be
    /// read, where records were deleted inside a segment.
    pub fn open(dir: Option<PathBuf>, disk: &Disk, start: i64, now_ms: i64) -> io::Result<Log> {
        let disk = disk.clone();
        let mut log = Log { dir, disk, segments: VecDeque::new(), start, producers: Producers::default(), clean: 0, tombstones: None };
        if let Some(dir) = log.dir.clone() {
            log.disk.make_folder(&dir)?;
            log.load(&dir, now_ms)?;
        }
        if log.segments.is_empty() {
            log.begin(start, now_ms)?;
        }
        log.start = log.start.max(log.segments[0].known.base).min(log.next());
        Ok(log)
    }

    fn load(&mut self, dir: &Path, now_ms: i64) -> io::Result<()> {
        let mut bases = Vec::new();
        for entry in std::fs::read_dir(dir)? {
            let path = entry?.path();
            match path.extension().and_then(|ending| ending.to_str()) {
                Some("log") => bases.extend(path.file_stem().and_then(|s| s.to_str()).and_then(|s| s.parse::<i64>().ok())),
                Some("compacted" | "writing") => std::fs::remove_file(&path)?,
                _ => {}
            }
        }
        bases.sort_unstable();
        for (at, base) in bases.iter().enumerate() {
            let path = dir.join(format!("{base:020}.log"));
            let index: Option<Index> = std::fs::read(path.with_extension("index")).ok().and_then(|b| rmp_serde::from_slice(&b).ok());
            let (known, mut producers) = match index {
                Some(index) => (Some(index.known), index.producers),
                None => (None, std::mem::take(&mut self.producers)),
            };
            let mut segment = Segment::open(path, *base, known, now_ms, |head, batch| producers.note(head, outcome(head, batch)))?;
            // A closed segment ends where the next begins, whatever compaction left of it.
            if let Some(next) = bases.get(at + 1) {
                segment.known.next = *next;
            }
            self.producers = producers;
            self.segments.push_back(segment);
        }
        self.guess_dates(now_ms);
        Ok(())
    }

    /// What was written before batches had dates was there when the next segment was begun; it is not held to be older than that.
    fn guess_dates(&mut self, now_ms: i64) {
        let (mut later, last) = (now_ms, self.segments.len());
        for (at, Segment { known, .. }) in self.segments.iter_mut().enumerate().rev() {
            // Of a closed one compaction may have left nothing.
            if (known.bytes > 0 || at + 1 < last) && known.appended == 0 {
                known.appended = later.max(1);
            }
            later = known.begun.min(later);
        }
    }

    /// First offset that can be read.
    pub fn start(&self) -> i64 {
        self.start
    }
    /// Offset that the next record gets.
    pub fn next(&self) -> i64 {
        self.segments.back().expect("never empty").known.next
    }
    /// Before this offset no transaction is open.
    pub fn stable(&self) -> i64 {
        self.producers.first_open().unwrap_or_else(|| self.next())
    }
    /// Bytes of all segments.
    pub fn bytes(&self) -> u64 {
        self.segments.iter().map(|s| s.known.bytes).sum()
    }
    /// Its producers.
    pub fn producers(&self) -> Vec<ProducerView> {
        self.producers.view()
    }
    /// Aborted transactions with records in a range of offsets.
    pub fn aborted(&self, from: i64, until: i64) -> Vec<Aborted> {
        self.producers.aborted(from, until)
    }

    /// Appends what a producer sent: one or more batches.
    pub fn append(&mut self, batches: &Admitted<'_>, keeping: &Keeping, now_ms: i64) -> Result<Appended, AppendError> {
        for head in &batches.heads {
            if let Some(base) = self.producers.judge(head).map_err(AppendError::Refused)? {
                // A twin of what is here already: the producer lost the answer and not the batch.
                return Ok(Appended { base, log_time: -1, sooner: false });
            }
        }
        let mut bytes = batches.bytes.to_vec();
        let mut heads = Vec::with_capacity(batches.heads.len());
        let (mut at, mut next) = (0, self.next());
        for sent in &batches.heads {
            let batch = &mut bytes[at..at + sent.bytes];
            batch::place(batch, next);
            batch::date(batch, now_ms);
            if keeping.log_time {
                batch::stamp(batch, now_ms);
            }
            let head = Head::read(batch)?;
            (at, next) = (at + head.bytes, head.last() + 1);
            heads.push(head);
        }
        let base = heads.first().map_or(next, |head| head.base);
        self.write(&bytes, &heads, keeping, now_ms)?;
        heads.iter().for_each(|head| self.producers.note(head, None));
        // A segment was closed, or the one that is open is no longer empty.
        let sooner = keeping.compact && self.segments.back().is_some_and(|open| open.known.bytes == bytes.len() as u64);
        Ok(Appended { base, log_time: if keeping.log_time { now_ms } else { -1 }, sooner })
    }

    /// Ends a producer's transaction here.
    pub fn end(&mut self, commit: bool, producer: i64, epoch: i16, keeping: &Keeping, now_ms: i64) -> io::Result<()> {
        let mut marker = batch::marker(commit, producer, epoch, now_ms);
        batch::place(&mut marker, self.next());
        batch::date(&mut marker, now_ms);
        let head = Head::read(&marker).expect("just made");
        self.write(&marker, &[head], keeping, now_ms)?;
        self.producers.note(&head, Some(commit));
        Ok(())
    }

    fn write(&mut self, batches: &[u8], heads: &[Head], keeping: &Keeping, now_ms: i64) -> io::Result<()> {
        let open = &self.segments.back().expect("never empty").known;
        let full = open.bytes + batches.len() as u64 > keeping.segment_bytes.min(SEGMENT_MAX_BYTES);
        let longest = keeping.segment_ms.min(keeping.compaction_max_lag_ms.unwrap_or(i64::MAX));
        if open.bytes > 0 && (full || now_ms.saturating_sub(open.begun) >= longest) {
            self.roll(now_ms)?;
        }
        self.segments.back_mut().expect("never empty").append(batches, heads, now_ms)
    }

    fn roll(&mut self, now_ms: i64) -> io::Result<()> {
        if let Some(file) = self.file() {
            // The index says how much of the file is good: it must not be there before the file is.
            self.disk.sync(&file)?;
        }
        self.write_index()?;
        self.begin(self.next(), now_ms)
    }

    fn begin(&mut self, base: i64, now_ms: i64) -> io::Result<()> {
        self.segments.push_back(Segment::begin(self.dir.as_deref(), base, now_ms)?);
        match &self.dir {
            Some(dir) => {
                let path = segment::path(dir, base);
                self.disk.made(&path);
                self.disk.sync_names(&path)
            }
            None => Ok(()),
        }
    }

    /// Writes down what is known of the last segment, so that a start needs not read it.
    fn write_index(&self) -> io::Result<()> {
        let Some(dir) = &self.dir else { return Ok(()) };
        let last = self.segments.back().expect("never empty");
        let path = dir.join(format!("{:020}.index", last.known.base));
        let index = Index { known: last.known.clone(), producers: self.producers.clone() };
        self.disk.write_whole(&path, &rmp_serde::to_vec_named(&index).map_err(io::Error::other)?)
    }

    /// Closes the log in order: the next start needs not read it.
    pub fn close(&self) -> io::Result<()> {
        if let Some(file) = self.segments.back().and_then(Segment::file) {
            // The index says how much of the file is good: it must not be there before the file is.
            self.disk.sync_now(&file)?;
        }
        self.write_index()
    }

    /// Whole batches from `offset`, at most `max` bytes of them but one at least, none that starts at or after `until`.
    pub fn read(&self, offset: i64, max: usize, until: i64) -> io::Result<Bytes> {
        let (mut bytes, _) = self.read_dated(offset, max, until)?;
        batch::undate(&mut bytes);
        Ok(bytes.into())
    }

    /// As [`read`](Self::read), but the batches have their dates ([`batch::dated`]); beside them the date of those that have none.
    pub fn read_dated(&self, offset: i64, max: usize, until: i64) -> io::Result<(Vec<u8>, i64)> {
        let at = self.segments.partition_point(|s| s.known.next <= offset);
        for segment in self.segments.range(at..) {
            if segment.known.base >= until {
                break;
            }
            let bytes = segment.read(offset, max, until)?;
            // What compaction left of a segment may end before the offset.
            if !bytes.is_empty() {
                return Ok((bytes, segment.known.appended));
            }
        }
        Ok((Vec::new(), 0))
    }

    /// The first record at or after a time: offset and time.
    pub fn find_time(&self, time_ms: i64) -> io::Result<Option<(i64, i64)>> {
        let first = |head: &Head, batch: &[u8]| match records::read(batch) {
            Ok(records) => records.iter().find(|r| r.time >= time_ms && r.offset >= self.start).map(|r| (r.offset, r.time)),
            // A codec that isn't known here: the batch as a whole is as near as one can come.
            Err(_) => Some((head.base.max(self.start), head.latest_time)),
        };
        for segment in &self.segments {
            let found = segment.find_time(time_ms, self.start, first)?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// The record with the latest time: offset and time.
    pub fn latest_time(&self) -> io::Result<Option<(i64, i64)>> {
        let mut latest = None;
        for segment in &self.segments {
            // The first segment may hold deleted records, which have no say.
            let here = match segment.known.base < self.start {
                true => segment.latest_from(self.start)?,
                false => Some(segment.known.latest).filter(|time| *time > i64::MIN),
            };
            latest = latest.max(here);
        }
        latest.map_or(Ok(None), |time| self.find_time(time))
    }

    /// Makes what is before an offset unreadable, and removes segments that lie wholly before it.
    pub fn delete_before(&mut self, offset: i64, now_ms: i64) -> io::Result<()> {
        self.start = self.start.max(offset.min(self.next()));
        if self.start == self.next() && self.segments.back().is_some_and(|s| s.known.bytes > 0) {
            self.roll(now_ms)?;
        }
        while self.segments.len() > 1 && self.segments[0].known.next <= self.start {
            self.segments.pop_front().expect("more than one").remove();
        }
        self.producers.forget_before(self.start);
        Ok(())
    }

    /// Removes what is older or more than the topic keeps. Whether anything went.
    pub fn trim(&mut self, keeping: &Keeping, now_ms: i64) -> io::Result<bool> {
        if !keeping.delete {
            return Ok(false);
        }
        let mut start = self.start;
        let mut bytes = self.bytes();
        for segment in &self.segments {
            let known = &segment.known;
            let old = keeping
                .retention_ms
                .is_some_and(|keep| (known.bytes > 0 || known.next < self.next()) && known.appended.saturating_add(keep) < now_ms);
            let more = keeping.retention_bytes.is_some_and(|keep| bytes.saturating_sub(known.bytes) >= keep && known.next < self.next());
            if !old && !more {
                break;
            }
            bytes -= known.bytes;
            start = known.next;
        }
        let went = start > self.start;
        if went {
            self.delete_before(start, now_ms)?;
        }
        Ok(went)
    }

    /// When retention will next remove something, milliseconds.
    pub fn next_trim(&self, keeping: &Keeping) -> Option<i64> {
        let keep = keeping.retention_ms.filter(|_| keeping.delete)?;
        let first = self.segments.iter().find(|s| s.known.bytes > 0 || s.known.next < self.next());
        first.map(|s| s.known.appended.saturating_add(keep).saturating_add(1))
    }

    /// The file that was written last, to be synced.
    pub fn file(&self) -> Option<Arc<File>> {
        self.segments.back().and_then(Segment::file)
    }
    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> u64 {
        self.segments.iter().map(Segment::heap_bytes).sum()
    }
    /// Moves segments from the heap to files without names, the open one too: what is appended to it goes there.
    pub fn spill(&mut self) -> io::Result<()> {
        self.segments.iter_mut().filter(|segment| segment.heap_bytes() > 0).try_for_each(Segment::spill)
    }
    /// Every segment as it is, for a snapshot: base and bytes.
    pub fn export(&self) -> io::Result<Vec<(i64, Bytes)>> {
        self.segments.iter().map(|s| Ok((s.known.base, s.whole()?))).collect()
    }
}

impl Log {
    /// Fills a log on the heap with the segments of a snapshot.
    pub fn restore(&mut self, segments: &[(i64, Vec<u8>)], now_ms: i64) -> io::Result<()> {
        self.segments.clear();
        for (base, bytes) in segments {
            if let Some(last) = self.segments.back_mut() {
                last.known.next = *base;
            }
            self.begin(*base, now_ms)?;
            let mut at = 0;
            while at < bytes.len() {
                let head = batch::check(&bytes[at..]).map_err(io::Error::other)?;
                let batch = &bytes[at..at + head.bytes];
                self.segments.back_mut().expect("just begun").append(batch, &[head], batch::dated(batch).unwrap_or(0))?;
                self.producers.note(&head, outcome(&head, batch));
                at += head.bytes;
            }
        }
        self.guess_dates(now_ms);
        if self.segments.is_empty() {
            self.begin(self.start, now_ms)?;
        }
        self.start = self.start.max(self.segments[0].known.base);
        Ok(())
    }
}

/// What a marker says; `None` of other batches.
fn outcome(head: &Head, batch: &[u8]) -> Option<bool> {
    let records = head.control().then(|| records::read(batch).ok()).flatten()?;
    records.first()?.key.as_ref()?.get(3).map(|kind| *kind == 1)
}

#[cfg(test)]
mod tests;
