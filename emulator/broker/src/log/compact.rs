//! Compaction: of each key the latest record stays. Closed segments only, offsets stay as they are.

use super::{
    Keeping, Log,
    batch::{Draft, Head},
    records::{self, Record},
};
use bytes::Bytes;
use std::{collections::HashMap, io};

impl Log {
    /// Compacts the closed segments that are older than the topic's lag; tombstones go once they are old enough. Whether anything was done.
    pub fn compact(&mut self, keeping: &Keeping, now_ms: i64) -> io::Result<bool> {
        if !keeping.compact {
            return Ok(false);
        }
        // An open transaction's outcome is not known, so what follows its start stays.
        let until = self.stable();
        let closed = self.segments.len() - 1;
        let ready = |s: &&super::Segment| {
            s.known.next <= until && s.known.latest.saturating_add(keeping.compaction_lag_ms) <= now_ms && s.known.bytes > 0
        };
        let ready = self.segments.iter().take(closed).take_while(ready).count();
        let end = match ready {
            0 => return Ok(false),
            n => self.segments[n - 1].known.next,
        };
        if end <= self.clean {
            return Ok(false);
        }
        let mut latest: HashMap<Bytes, i64> = HashMap::new();
        for at in 0..ready {
            self.each_batch(at, |head, batch| {
                if let (false, Ok(records)) = (head.control(), records::read(batch)) {
                    let live = records.into_iter().filter(|record| !self.is_aborted(head, record.offset));
                    latest.extend(live.filter_map(|record| Some((record.key?, record.offset))));
                }
            })?;
        }
        for at in 0..ready {
            let mut out = Vec::new();
            self.each_batch(at, |head, batch| self.rewrite(head, batch, &latest, keeping, now_ms, &mut out))?;
            if out.len() as u64 != self.segments[at].known.bytes {
                self.segments[at].replace(&out)?;
            }
        }
        self.clean = end;
        Ok(true)
    }

    fn each_batch(&self, segment: usize, mut f: impl FnMut(&Head, &[u8])) -> io::Result<()> {
        let bytes = self.segments[segment].whole()?;
        let mut at = 0;
        while let Ok(head) = Head::read(&bytes[at..]) {
            let Some(batch) = bytes.get(at..at + head.bytes) else { break };
            f(&head, batch);
            at += head.bytes;
        }
        Ok(())
    }

    fn is_aborted(&self, head: &Head, offset: i64) -> bool {
        head.transactional() && self.aborted(offset, offset + 1).iter().any(|a| a.producer == head.producer)
    }

    fn rewrite(&self, head: &Head, batch: &[u8], latest: &HashMap<Bytes, i64>, keeping: &Keeping, now_ms: i64, out: &mut Vec<u8>) {
        // Markers stay: they cost little, and readers of what is left need them. A codec that isn't known here leaves the batch as it is.
        let (false, Ok(records)) = (head.control(), records::read(batch)) else { return out.extend_from_slice(batch) };
        let count = records.len();
        let stays = |record: &Record| {
            let newest = record.key.as_ref().is_none_or(|key| latest.get(key).is_none_or(|at| *at <= record.offset));
            let gone = record.value.is_none() && record.time.saturating_add(keeping.tombstone_ms) <= now_ms;
            newest && !gone && !self.is_aborted(head, record.offset)
        };
        let left: Vec<Record> = records.into_iter().filter(stays).collect();
        match left.len() {
            0 => {}
            n if n == count => out.extend_from_slice(batch),
            n => {
                // Times and offsets inside are relative to the head's, which stay; only the codec goes.
                let body: Vec<u8> = left.iter().flat_map(|record| record.raw.iter().copied()).collect();
                let (producer, epoch, sequence) = (head.producer, head.epoch, head.sequence);
                let draft = Draft { attributes: head.attributes & !0x07, producer, epoch, sequence, records: body };
                let mut batch = draft.finish(head.last_delta, n as i32, head.first_time, head.latest_time);
                super::batch::place(&mut batch, head.base);
                out.extend(batch);
            }
        }
    }
}
