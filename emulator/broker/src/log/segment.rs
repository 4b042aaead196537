//! A stretch of a log: batches one after the other on the heap or in a file, and a sparse index of offsets and times.
//!
//! Knows positions and heads of batches; what producers and transactions make of them is [`super::Log`]'s business.

use super::{
    batch::{self, Head},
    records,
};
use crate::disk::Disk;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Bytes between two entries of the index.
const INDEX_EVERY_BYTES: u64 = 16 << 10;
/// What a look into a file takes at least, so that a small batch costs one read.
const LOOK_BYTES: usize = 32 << 10;

/// One entry of the index: the batch at `position` starts at `offset`; no batch before it is later than `time`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Mark {
    offset: i64,
    position: u64,
    time: i64,
}

/// What is known of a segment without reading it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Known {
    /// Offset of its first record when it was begun.
    pub base: i64,
    /// Offset after its last.
    pub next: i64,
    /// Bytes.
    pub bytes: u64,
    /// The latest time of a record, milliseconds; `i64::MIN` while empty.
    pub latest: i64,
    /// When it was begun, milliseconds: with its first batch.
    pub begun: i64,
    /// When the log took its last batch, milliseconds; 0 while empty, and in what was written down before this was.
    #[serde(default)]
    pub appended: i64,
    marks: Vec<Mark>,
}

enum Body {
    Heap(Vec<u8>),
    File(Arc<File>),
}

/// A stretch of a log.
pub struct Segment {
    /// See there.
    pub known: Known,
    body: Body,
    path: Option<PathBuf>,
}

/// The file of the segment at an offset.
pub fn path(dir: &Path, base: i64) -> PathBuf {
    dir.join(format!("{base:020}.log"))
}

impl Segment {
    /// An empty one at an offset: in a file under `dir`, else on the heap.
    pub fn begin(dir: Option<&Path>, base: i64, now_ms: i64) -> io::Result<Segment> {
        let known = Known { base, next: base, bytes: 0, latest: i64::MIN, begun: now_ms, appended: 0, marks: Vec::new() };
        let Some(dir) = dir else { return Ok(Segment { known, body: Body::Heap(Vec::new()), path: None }) };
        let path = path(dir, base);
        let file = OpenOptions::new().create(true).truncate(true).read(true).write(true).open(&path)?;
        Ok(Segment { known, body: Body::File(Arc::new(file)), path: Some(path) })
    }

    /// Opens the file of a segment. `known` is what was written down of it, if anything; what the file has beyond that is read batch by batch,
    /// handed to `found`, and cut off where a batch doesn't check.
    pub fn open(path: PathBuf, base: i64, known: Option<Known>, now_ms: i64, mut found: impl FnMut(&Head, &[u8])) -> io::Result<Segment> {
        let file = OpenOptions::new().read(true).write(true).open(&path)?;
        let bytes = file.metadata()?.len();
        let fresh = Known { base, next: base, bytes: 0, latest: i64::MIN, begun: now_ms, appended: 0, marks: Vec::new() };
        let known = known.filter(|known| known.base == base && known.bytes <= bytes).unwrap_or(fresh);
        let mut segment = Segment { known, body: Body::File(Arc::new(file)), path: Some(path) };
        segment.recover(bytes, &mut found)?;
        Ok(segment)
    }

    fn recover(&mut self, bytes: u64, found: &mut impl FnMut(&Head, &[u8])) -> io::Result<()> {
        let Body::File(file) = &self.body else { return Ok(()) };
        if self.known.bytes == bytes {
            return Ok(());
        }
        let mut reader: &File = &file.clone();
        reader.seek(io::SeekFrom::Start(self.known.bytes))?;
        let mut reader = io::BufReader::with_capacity(1 << 20, reader);
        let mut batch = Vec::new();
        loop {
            let left = bytes - self.known.bytes;
            batch.resize(batch::HEADER_BYTES.min(left as usize), 0);
            reader.read_exact(&mut batch)?;
            let Ok(head) = Head::read(&batch) else { break };
            if head.bytes as u64 > left || head.base < self.known.next {
                break;
            }
            batch.resize(head.bytes, 0);
            reader.read_exact(&mut batch[batch::HEADER_BYTES..])?;
            if batch::check(&batch).is_err() {
                break;
            }
            self.note(&head, batch::dated(&batch).unwrap_or(0));
            found(&head, &batch);
        }
        let Body::File(file) = &self.body else { return Ok(()) };
        if self.known.bytes < bytes {
            file.set_len(self.known.bytes)?;
        }
        Ok(())
    }

    /// Appends batches that are whole, placed and dated; `heads` are theirs in order, `at_ms` is when the log took them. On an error the file
    /// is as it was.
    pub fn append(&mut self, batches: &[u8], heads: &[Head], at_ms: i64) -> io::Result<()> {
        match &mut self.body {
            Body::Heap(heap) => heap.extend_from_slice(batches),
            Body::File(file) => {
                if let Err(error) = file.write_all_at(batches, self.known.bytes) {
                    let _ = file.set_len(self.known.bytes);
                    return Err(error);
                }
            }
        }
        heads.iter().for_each(|head| self.note(head, at_ms));
        Ok(())
    }

    fn note(&mut self, head: &Head, at_ms: i64) {
        let known = &mut self.known;
        if known.marks.last().is_none_or(|mark| known.bytes - mark.position >= INDEX_EVERY_BYTES) {
            known.marks.push(Mark { offset: head.base, position: known.bytes, time: known.latest });
        }
        if known.bytes == 0 && at_ms > 0 {
            // What was open and empty was not begun yet; what is read again was begun with its first batch.
            known.begun = at_ms;
        }
        known.next = head.last() + 1;
        known.bytes += head.bytes as u64;
        known.latest = known.latest.max(head.latest_time);
        known.appended = known.appended.max(at_ms);
    }

    /// Whole batches from the one that holds `offset`, at most `max` bytes of them (but one at least), none that starts at or after `until`.
    /// They are as they are stored, with their dates.
    pub fn read(&self, offset: i64, max: usize, until: i64) -> io::Result<Vec<u8>> {
        let Some((position, _)) = self.find(offset)? else { return Ok(Vec::new()) };
        let mut bytes = self.at(position, max.max(batch::HEADER_BYTES))?;
        if let Ok(first) = Head::read(&bytes)
            && first.bytes > bytes.len()
        {
            bytes = self.at(position, first.bytes)?;
        }
        let mut end = 0;
        while let Ok(head) = Head::read(&bytes[end..]) {
            if head.base >= until || end + head.bytes > bytes.len() || (end > 0 && end + head.bytes > max) {
                break;
            }
            end += head.bytes;
        }
        bytes.truncate(end);
        Ok(bytes)
    }

    /// What `found` makes of the first batch at or after an offset that has a record at or after a time, of the next one where it makes nothing
    /// of that, and so on.
    pub fn find_time<R>(&self, time: i64, from: i64, mut found: impl FnMut(&Head, &[u8]) -> Option<R>) -> io::Result<Option<R>> {
        if self.known.latest < time {
            return Ok(None);
        }
        let mark = self.known.marks.partition_point(|mark| mark.time < time).saturating_sub(1);
        let mut position = self.known.marks.get(mark).map_or(0, |mark| mark.position);
        while let Some(head) = self.head(position)? {
            if head.latest_time >= time && head.last() >= from && !head.control() {
                let made = found(&head, &self.at(position, head.bytes)?);
                if made.is_some() {
                    return Ok(made);
                }
            }
            position += head.bytes as u64;
        }
        Ok(None)
    }

    /// The latest time of a record at or after an offset; `None` without any. Reads heads, and the records of the batch that holds the offset.
    pub fn latest_from(&self, from: i64) -> io::Result<Option<i64>> {
        let Some((mut position, _)) = self.find(from)? else { return Ok(None) };
        let mut latest = None;
        while let Some(head) = self.head(position)? {
            let here = match head.base < from {
                true => records::read(&self.at(position, head.bytes)?)
                    .map_or(Some(head.latest_time), |all| all.iter().filter(|r| r.offset >= from).map(|r| r.time).max()),
                false => Some(head.latest_time),
            };
            latest = latest.max(here.filter(|_| !head.control()));
            position += head.bytes as u64;
        }
        Ok(latest)
    }

    /// The batch that holds `offset`, or the first after it.
    fn find(&self, offset: i64) -> io::Result<Option<(u64, Head)>> {
        let mark = self.known.marks.partition_point(|mark| mark.offset <= offset).saturating_sub(1);
        let mut position = self.known.marks.get(mark).map_or(0, |mark| mark.position);
        let mut window = (position, self.at(position, LOOK_BYTES)?);
        while position < self.known.bytes {
            let within = window.1.get((position - window.0) as usize..).unwrap_or_default();
            let Ok(head) = Head::read(within) else {
                window = (position, self.at(position, LOOK_BYTES)?);
                match Head::read(&window.1) {
                    Ok(_) => continue,
                    Err(error) => return Err(io::Error::new(io::ErrorKind::InvalidData, error)),
                }
            };
            if head.last() >= offset {
                return Ok(Some((position, head)));
            }
            position += head.bytes as u64;
        }
        Ok(None)
    }

    fn head(&self, position: u64) -> io::Result<Option<Head>> {
        let bytes = self.at(position, batch::HEADER_BYTES)?;
        match bytes.is_empty() {
            true => Ok(None),
            false => Head::read(&bytes).map(Some).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error)),
        }
    }

    /// Up to `bytes` bytes at a position.
    fn at(&self, position: u64, bytes: usize) -> io::Result<Vec<u8>> {
        let end = position.saturating_add(bytes as u64).min(self.known.bytes);
        let length = end.saturating_sub(position) as usize;
        match &self.body {
            Body::Heap(heap) => Ok(heap[end as usize - length..end as usize].to_vec()),
            Body::File(file) => {
                let mut out = vec![0; length];
                file.read_exact_at(&mut out, end - length as u64)?;
                Ok(out)
            }
        }
    }

    /// All bytes.
    pub fn whole(&self) -> io::Result<Bytes> {
        self.at(0, self.known.bytes as usize).map(Bytes::from)
    }
    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> u64 {
        match &self.body {
            Body::Heap(heap) => heap.capacity() as u64,
            Body::File(_) => 0,
        }
    }
    /// Moves a segment from the heap to a file without a name, which is gone with it.
    pub fn spill(&mut self) -> io::Result<()> {
        if let Body::Heap(heap) = &self.body {
            let file = tempfile::tempfile()?;
            file.write_all_at(heap, 0)?;
            self.body = Body::File(Arc::new(file));
        }
        Ok(())
    }
    /// The file, to be synced.
    pub fn file(&self) -> Option<Arc<File>> {
        match &self.body {
            Body::File(file) if self.path.is_some() => Some(file.clone()),
            _ => None,
        }
    }
    /// Removes its files.
    pub fn remove(self) {
        if let Some(path) = self.path {
            let _ = std::fs::remove_file(path.with_extension("index"));
            let _ = std::fs::remove_file(path);
        }
    }
    /// Puts another content in place of this one, under the same base, atomically.
    pub fn replace(&mut self, batches: &[u8], disk: &Disk) -> io::Result<()> {
        let mut heads = Vec::new();
        let mut at = 0;
        while let Ok(head) = Head::read(&batches[at..]) {
            heads.push((head, batch::dated(&batches[at..]).unwrap_or(self.known.appended)));
            at += head.bytes;
        }
        let next = self.known.next;
        let known = Known { next: self.known.base, bytes: 0, latest: i64::MIN, marks: Vec::new(), ..self.known.clone() };
        let (body, path) = match &self.path {
            None => (Body::Heap(Vec::new()), None),
            Some(path) => {
                let temporary = path.with_extension("compacted");
                let file = OpenOptions::new().create(true).truncate(true).read(true).write(true).open(&temporary)?;
                disk.made(&temporary);
                file.write_all_at(batches, 0)?;
                disk.sync_now(&file)?;
                // The index speaks of the old content: it goes first.
                let _ = std::fs::remove_file(path.with_extension("index"));
                disk.sync_names(path)?;
                disk.rename(&temporary, path)?;
                (Body::File(Arc::new(file)), Some(path.clone()))
            }
        };
        let mut fresh = Segment { known, body, path };
        match &mut fresh.body {
            Body::Heap(heap) => heap.extend_from_slice(batches),
            Body::File(_) => {}
        }
        heads.iter().for_each(|(head, at_ms)| fresh.note(head, *at_ms));
        // Offsets that compaction took away at the end are not given out again.
        fresh.known.next = next;
        *self = fresh;
        Ok(())
    }
}
