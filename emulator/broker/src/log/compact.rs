//! Compaction: of each key the latest record stays. Closed segments only, offsets stay as they are.

use super::{
    Keeping, Log,
    batch::{self, Draft, Head},
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
        if let Some(most) = keeping.compaction_max_lag_ms
            && let open = &self.segments.back().expect("never empty").known
            && open.bytes > 0
            && open.begun.saturating_add(most) <= now_ms
        {
            self.roll(now_ms)?;
        }
        // An open transaction's outcome is not known, so what follows its start stays.
        let until = self.stable();
        let closed = self.segments.len() - 1;
        // One that was compacted to nothing has nothing to wait for.
        let old = |s: &super::Segment| s.known.bytes == 0 || s.known.appended.saturating_add(keeping.compaction_lag_ms) <= now_ms;
        let ready = |s: &&super::Segment| s.known.next <= until && old(s);
        let ready = self.segments.iter().take(closed).take_while(ready).count();
        let end = match ready {
            0 => return Ok(false),
            n => self.segments[n - 1].known.next,
        };
        if end <= self.clean && self.tombstones.is_none_or(|due| due > now_ms) {
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
        let mut due = None;
        for at in 0..ready {
            let (mut out, known) = (Vec::new(), self.segments[at].known.appended);
            self.each_batch(at, |head, batch| {
                // Tombstones go by when the log took them, as retention does.
                let gone_ms = batch::dated(batch).unwrap_or(known).saturating_add(keeping.tombstone_ms);
                if self.rewrite(head, batch, &latest, gone_ms <= now_ms, &mut out) {
                    due = Some(due.unwrap_or(i64::MAX).min(gone_ms));
                }
            })?;
            if out.len() as u64 != self.segments[at].known.bytes {
                self.segments[at].replace(&out, &self.disk)?;
            }
        }
        self.drop_empty(ready);
        (self.clean, self.tombstones) = (end, due);
        Ok(true)
    }

    /// Removes those of the first segments that have nothing left, but not the very first: the log's start is where it begins.
    fn drop_empty(&mut self, of: usize) {
        for at in (1..of).rev() {
            if self.segments[at].known.bytes == 0 {
                self.segments.remove(at).into_iter().for_each(super::Segment::remove);
            }
        }
    }

    /// When compaction will next have something to do, milliseconds, unless more is appended.
    pub fn next_compact(&self, keeping: &Keeping) -> Option<i64> {
        if !keeping.compact {
            return None;
        }
        let closed = self.segments.iter().take(self.segments.len() - 1).map(|s| &s.known).find(|s| s.next > self.clean && s.bytes > 0);
        let closed = closed.map(|known| known.appended.saturating_add(keeping.compaction_lag_ms));
        let open = self.segments.back().map(|s| &s.known).filter(|known| known.bytes > 0);
        let rolled = open.zip(keeping.compaction_max_lag_ms).map(|(known, most)| known.begun.saturating_add(most));
        [closed, rolled, self.tombstones].into_iter().flatten().min()
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

    /// Writes what stays of a batch, without its tombstones where they are `old`; whether a tombstone is left.
    fn rewrite(&self, head: &Head, batch: &[u8], latest: &HashMap<Bytes, i64>, old: bool, out: &mut Vec<u8>) -> bool {
        // Markers stay: they cost little, and readers of what is left need them. A codec that isn't known here leaves the batch as it is.
        let (false, Ok(records)) = (head.control(), records::read(batch)) else {
            out.extend_from_slice(batch);
            return false;
        };
        let count = records.len();
        let stays = |record: &Record| {
            let newest = record.key.as_ref().is_none_or(|key| latest.get(key).is_none_or(|at| *at <= record.offset));
            newest && !(old && record.value.is_none()) && !self.is_aborted(head, record.offset)
        };
        let left: Vec<Record> = records.into_iter().filter(stays).collect();
        let tombstones = left.iter().any(|record| record.value.is_none());
        match left.len() {
            0 => {}
            n if n == count => out.extend_from_slice(batch),
            n => {
                // Times and offsets inside are relative to the head's, which stay; only the codec goes.
                let body: Vec<u8> = left.iter().flat_map(|record| record.raw.iter().copied()).collect();
                let (producer, epoch, sequence) = (head.producer, head.epoch, head.sequence);
                let draft = Draft { attributes: head.attributes & !0x07, producer, epoch, sequence, records: body };
                let mut rest = draft.finish(head.last_delta, n as i32, head.first_time, head.latest_time);
                batch::place(&mut rest, head.base);
                batch::date_as(&mut rest, batch);
                out.extend(rest);
            }
        }
        tombstones
    }
}
