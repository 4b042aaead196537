//! The log of a partition: what is appended is read, torn ends go, retention and compaction by given times.

use super::{batch::Draft, *};
use crate::configs;
use std::collections::BTreeMap;

fn keeping(configs: &[(&str, &str)]) -> Keeping {
    configs::keeping(&configs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect::<BTreeMap<_, _>>())
}

fn varint(value: i64, out: &mut Vec<u8>) {
    let mut zigzag = ((value << 1) ^ (value >> 63)) as u64;
    while zigzag >= 0x80 {
        out.push(zigzag as u8 | 0x80);
        zigzag >>= 7;
    }
    out.push(zigzag as u8);
}

/// A batch of records (key, value) of one time.
fn batch(time: i64, records: &[(&str, Option<&str>)]) -> Vec<u8> {
    produced(time, records, Draft::default())
}

fn produced(time: i64, records: &[(&str, Option<&str>)], mut draft: Draft) -> Vec<u8> {
    for (n, (key, value)) in records.iter().enumerate() {
        let mut record = vec![0];
        varint(0, &mut record);
        varint(n as i64, &mut record);
        varint(key.len() as i64, &mut record);
        record.extend(key.bytes());
        varint(value.map_or(-1, |v| v.len() as i64), &mut record);
        record.extend(value.unwrap_or_default().bytes());
        record.push(0);
        varint(record.len() as i64, &mut draft.records);
        draft.records.extend(record);
    }
    draft.finish(records.len() as i32 - 1, records.len() as i32, time, time)
}

fn values(log: &Log) -> Vec<(i64, String)> {
    let (mut out, mut at) = (Vec::new(), log.start());
    loop {
        let bytes = log.read(at, 1 << 20, log.next()).unwrap();
        if bytes.is_empty() {
            return out;
        }
        let mut position = 0;
        while position < bytes.len() {
            let head = batch::check(&bytes[position..]).unwrap();
            for record in records::read(&bytes[position..]).unwrap().iter().filter(|r| r.offset >= at && !head.control()) {
                out.push((record.offset, record.value.as_ref().map_or("-".into(), |v| String::from_utf8_lossy(v).into_owned())));
            }
            position += head.bytes;
            at = head.last() + 1;
        }
    }
}

impl Log {
    /// What a producer sent, checked and appended.
    fn take(&mut self, records: &[u8], keeping: &Keeping, now_ms: i64) -> Result<Appended, AppendError> {
        self.append(&Admitted::check(records, keeping)?, keeping, now_ms)
    }
}

fn heap() -> Log {
    Log::open(None, &Disk::default(), 0, 0).unwrap()
}

#[test]
fn what_is_appended_is_read_from_any_offset() {
    let (mut log, keeping) = (heap(), keeping(&[]));
    for n in 0..100 {
        let value = format!("value {n}");
        log.take(&batch(n, &[("a", Some(&value)), ("b", Some(&value))]), &keeping, n).unwrap();
    }
    assert_eq!(log.next(), 200);
    let bytes = log.read(101, 1, 200).unwrap();
    let head = Head::read(&bytes).unwrap();
    assert_eq!((head.base, head.last(), head.bytes), (100, 101, bytes.len()), "the batch that holds the offset, whole");
    assert_eq!(log.find_time(50).unwrap(), Some((100, 50)));
    assert_eq!(log.find_time(100).unwrap(), None);
    assert_eq!(values(&log).len(), 200);
}

#[test]
fn a_torn_end_is_cut_off_and_the_rest_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let keeping = keeping(&[]);
    let open = || Log::open(Some(dir.path().to_owned()), &Disk::default(), 0, 0).unwrap();
    let mut log = open();
    for n in 0..10 {
        log.take(&batch(n, &[("k", Some("whole"))]), &keeping, n).unwrap();
    }
    drop(log);
    let path = dir.path().join(format!("{:020}.log", 0));
    let whole = std::fs::read(&path).unwrap();
    let last = whole.len() / 10;
    // Every way in which the last batch can be torn, then a flipped bit, then noise behind it.
    for cut in 1..last {
        std::fs::write(&path, &whole[..whole.len() - cut]).unwrap();
        let log = open();
        assert_eq!((log.next(), values(&log).len()), (9, 9), "{cut} bytes short");
        assert_eq!(std::fs::metadata(&path).unwrap().len() as usize, whole.len() - last);
    }
    let mut flipped = whole.clone();
    *flipped.last_mut().unwrap() ^= 0x40;
    std::fs::write(&path, &flipped).unwrap();
    assert_eq!(open().next(), 9);
    std::fs::write(&path, [&whole[..], &[0x5a; 300]].concat()).unwrap();
    let mut log = open();
    assert_eq!(log.next(), 10);
    log.take(&batch(11, &[("k", Some("after"))]), &keeping, 11).unwrap();
    assert_eq!(values(&log).last(), Some(&(10, "after".into())));
}

#[test]
fn a_log_that_was_closed_in_order_knows_its_producers_without_being_read() {
    let dir = tempfile::tempdir().unwrap();
    let keeping = keeping(&[("segment.bytes", "1024")]);
    let open = || Log::open(Some(dir.path().to_owned()), &Disk::default(), 0, 0).unwrap();
    let mut log = open();
    let draft = |sequence| Draft { producer: 7, epoch: 0, sequence, ..Draft::default() };
    for n in 0..50 {
        log.take(&produced(n, &[("k", Some("0123456789"))], draft(n as i32)), &keeping, n).unwrap();
    }
    log.close().unwrap();
    let mut log = open();
    assert_eq!(log.next(), 50);
    let again = log.take(&produced(49, &[("k", Some("0123456789"))], draft(49)), &keeping, 49).unwrap();
    assert_eq!((again.base, log.next()), (49, 50), "a twin is not appended");
    let gap = log.take(&produced(60, &[("k", None)], draft(60)), &keeping, 60);
    assert!(matches!(gap, Err(AppendError::Refused(Refused::Gap))));
}

#[test]
fn what_is_too_old_or_too_much_goes_by_whole_segments() {
    let mut log = heap();
    let old = keeping(&[("segment.bytes", "1024"), ("retention.ms", "1000")]);
    for n in 0..100 {
        log.take(&batch(n * 100, &[("k", Some("0123456789"))]), &old, n * 100).unwrap();
    }
    assert!(!log.trim(&old, 900).unwrap());
    assert!(log.trim(&old, 9_900).unwrap());
    let start = log.start();
    assert!(start > 50 && start < 95, "{start}");
    assert_eq!(values(&log).first().unwrap().0, start);
    assert!(log.trim(&old, 1_000_000).unwrap());
    assert_eq!((log.start(), log.next()), (100, 100), "the last segment goes too, and offsets go on");
    log.take(&batch(5, &[("k", Some("new"))]), &old, 2_000_000).unwrap();
    assert_eq!(values(&log), [(100, "new".into())]);

    let mut log = heap();
    let most = keeping(&[("segment.bytes", "1024"), ("retention.bytes", "3000"), ("retention.ms", "-1")]);
    for n in 0..100 {
        log.take(&batch(n, &[("k", Some("0123456789"))]), &most, n).unwrap();
    }
    assert!(log.trim(&most, 0).unwrap());
    assert!((3000..4200).contains(&log.bytes()), "{}", log.bytes());
}

#[test]
fn deleted_records_are_not_read_even_inside_a_segment() {
    let (mut log, keeping) = (heap(), keeping(&[]));
    for n in 0..10 {
        log.take(&batch(n, &[("k", Some("v"))]), &keeping, n).unwrap();
    }
    log.delete_before(4, 20).unwrap();
    assert_eq!((log.start(), values(&log).first().unwrap().0), (4, 4));
}

#[test]
fn times_are_found_past_deleted_records_of_the_same_segment() {
    let (mut log, keeping) = (heap(), keeping(&[]));
    for n in 0..5 {
        log.take(&batch(n * 10, &[("k", Some("v"))]), &keeping, n).unwrap();
    }
    log.delete_before(3, 20).unwrap();
    assert_eq!((log.find_time(0).unwrap(), log.find_time(31).unwrap()), (Some((3, 30)), Some((4, 40))));
    // The latest of all was deleted: the latest is one that can be read.
    let mut log = heap();
    for (n, time) in [50, 10, 30, 20].into_iter().enumerate() {
        log.take(&batch(time, &[("k", Some("v"))]), &keeping, n as i64).unwrap();
    }
    log.delete_before(1, 20).unwrap();
    assert_eq!(log.latest_time().unwrap(), Some((2, 30)));
}

#[test]
fn age_goes_by_when_the_log_took_a_batch_and_outlives_the_process() {
    let dir = tempfile::tempdir().unwrap();
    let week = keeping(&[("retention.ms", "604800000")]);
    let (now, day) = (1_800_000_000_000, 86_400_000);
    let open = || Log::open(Some(dir.path().to_owned()), &Disk::default(), 0, now + 30 * day).unwrap();
    let mut log = Log::open(Some(dir.path().to_owned()), &Disk::default(), 0, now).unwrap();
    // Its client lives a month behind.
    log.take(&batch(now - 30 * day, &[("k", Some("v"))]), &week, now).unwrap();
    assert_eq!(log.find_time(now - 30 * day).unwrap(), Some((0, now - 30 * day)), "offsets are found by the records' own times");
    assert!(!log.trim(&week, now + 6 * day).unwrap());
    drop(log);
    // Not closed: the log is read batch by batch.
    let log = open();
    assert_eq!(log.next_trim(&week), Some(now + 7 * day + 1));
    assert_eq!(log.read_dated(0, 100, 1).map(|(bytes, _)| batch::dated(&bytes)).unwrap(), Some(now));
    assert_eq!(batch::dated(&log.read(0, 100, 1).unwrap()), None, "clients see a leader's epoch there");
    log.close().unwrap();
    assert_eq!(open().next_trim(&week), Some(now + 7 * day + 1));
    let segments: Vec<_> = open().export().unwrap().into_iter().map(|(base, bytes)| (base, bytes.to_vec())).collect();
    let mut again = heap();
    again.restore(&segments, now + 30 * day).unwrap();
    assert_eq!(again.next_trim(&week), Some(now + 7 * day + 1));
    // A log of before dates were kept was there when it was opened; one whose next segment was begun earlier, when that was.
    let old = |segments: &[(i64, Vec<u8>)]| {
        let undated = |(base, bytes): &(i64, Vec<u8>)| {
            let mut bytes = bytes.clone();
            batch::undate(&mut bytes);
            (*base, bytes)
        };
        segments.iter().map(undated).collect::<Vec<_>>()
    };
    let mut undated = heap();
    undated.restore(&old(&segments), now + 30 * day).unwrap();
    assert_eq!(undated.next_trim(&week), Some(now + 37 * day + 1));
    assert!(again.trim(&week, now + 8 * day).unwrap());
}

#[test]
fn compaction_is_due_by_the_clock() {
    let mut log = heap();
    let configs = [("cleanup.policy", "compact"), ("delete.retention.ms", "60000"), ("min.compaction.lag.ms", "5000")];
    let compact = keeping(&[&configs[..], &[("max.compaction.lag.ms", "10000")]].concat());
    log.take(&batch(0, &[("gone", Some("v")), ("gone", None), ("k", Some("v"))]), &compact, 1_000_000).unwrap();
    assert_eq!(log.next_compact(&compact), Some(1_010_000), "the open segment is closed for it");
    assert!(!log.compact(&compact, 1_009_999).unwrap());
    assert!(log.compact(&compact, 1_010_000).unwrap());
    assert_eq!(values(&log), [(1, "-".into()), (2, "v".into())]);
    assert_eq!(log.next_compact(&compact), Some(1_060_000), "the tombstone");
    assert!(log.compact(&compact, 1_060_000).unwrap());
    assert_eq!((values(&log), log.next_compact(&compact)), (vec![(2, "v".into())], None));
}

#[test]
fn compaction_goes_on_where_nothing_is_left_of_the_first_segments() {
    for dir in [None, Some(tempfile::tempdir().unwrap())] {
        let path = dir.as_ref().map(|d| d.path().to_owned());
        let keeping = keeping(&[("cleanup.policy", "compact"), ("segment.bytes", "200")]);
        let mut log = Log::open(path.clone(), &Disk::default(), 0, 0).unwrap();
        for n in 0..100 {
            log.take(&batch(n, &[("k", Some(&format!("value {n} {}", "x".repeat(60))))]), &keeping, n).unwrap();
            log.compact(&keeping, n).unwrap();
            assert!(values(&log).len() <= 4 && log.segments.len() <= 4, "{} values in {} segments", values(&log).len(), log.segments.len());
        }
        assert_eq!((log.start(), log.next()), (0, 100));
        let left = values(&log);
        log.close().unwrap();
        if path.is_some() {
            let again = Log::open(path, &Disk::default(), 0, 0).unwrap();
            assert_eq!((values(&again), again.start(), again.next()), (left, 0, 100));
        }
    }
}

#[test]
fn compaction_keeps_the_latest_of_each_key() {
    for dir in [None, Some(tempfile::tempdir().unwrap())] {
        let path = dir.as_ref().map(|d| d.path().to_owned());
        let keeping = keeping(&[("cleanup.policy", "compact"), ("segment.bytes", "1024"), ("delete.retention.ms", "500")]);
        let mut log = Log::open(path.clone(), &Disk::default(), 0, 0).unwrap();
        for n in 0..60 {
            let (key, value) = (format!("key {}", n % 3), format!("value {n}"));
            log.take(&batch(n, &[(&key, Some(&value)), ("gone", None)]), &keeping, n).unwrap();
        }
        assert!(log.compact(&keeping, 10_000).unwrap());
        assert!(!log.compact(&keeping, 10_000).unwrap(), "nothing new to do");
        let left = values(&log);
        let of = |key: &str| left.iter().filter(|(_, v)| v == key).count();
        assert_eq!((of("value 0"), of("value 57"), of("value 58"), of("value 59")), (0, 1, 1, 1));
        assert_eq!(log.next(), 120);
        assert!(left.len() < 30, "{}", left.len());
        if path.is_some() {
            log.close().unwrap();
            let again = Log::open(path, &Disk::default(), 0, 0).unwrap();
            assert_eq!((values(&again), again.next()), (left, 120));
        }
    }
}

#[test]
fn transactions_hold_the_stable_end_and_aborted_ones_are_listed() {
    let dir = tempfile::tempdir().unwrap();
    let keeping = keeping(&[]);
    let mut log = Log::open(Some(dir.path().to_owned()), &Disk::default(), 0, 0).unwrap();
    let of = |producer, sequence| Draft { attributes: 0x10, producer, epoch: 0, sequence, ..Draft::default() };
    log.take(&produced(1, &[("k", Some("committed"))], of(1, 0)), &keeping, 1).unwrap();
    log.take(&produced(2, &[("k", Some("aborted"))], of(2, 0)), &keeping, 2).unwrap();
    assert_eq!(log.stable(), 0);
    log.end(true, 1, 0, &keeping, 3).unwrap();
    assert_eq!(log.stable(), 1);
    log.end(false, 2, 0, &keeping, 4).unwrap();
    assert_eq!((log.stable(), log.next()), (4, 4));
    let aborted = log.aborted(0, 4);
    assert_eq!((aborted.len(), aborted[0].producer, aborted[0].first), (1, 2, 1));
    drop(log);
    let again = Log::open(Some(dir.path().to_owned()), &Disk::default(), 0, 0).unwrap();
    assert_eq!((again.aborted(0, 4), again.stable()), (aborted, 4), "read again from the file");
}

#[test]
fn segments_leave_the_heap_and_are_read_and_written_all_the_same() {
    let (mut log, keeping) = (heap(), keeping(&[("segment.bytes", "4096")]));
    for n in 0..500 {
        log.take(&batch(n, &[("k", Some("0123456789"))]), &keeping, n).unwrap();
    }
    let (before, all) = (log.heap_bytes(), values(&log));
    log.spill().unwrap();
    assert!(before > 0 && log.heap_bytes() == 0);
    assert_eq!(values(&log), all);
    log.take(&batch(500, &[("k", Some("after"))]), &keeping, 500).unwrap();
    assert_eq!((values(&log).len(), log.heap_bytes()), (all.len() + 1, 0), "the open one goes on in its file");
}

#[test]
fn what_clients_may_not_send_is_refused() {
    let mut log = heap();
    let small = keeping(&[("max.message.bytes", "80"), ("cleanup.policy", "compact")]);
    let refused = |log: &mut Log, bytes: &[u8]| log.take(bytes, &small, 0).unwrap_err().to_string();
    assert!(refused(&mut log, &batch(0, &[("k", Some("a value that is longer than that"))])).contains("max.message.bytes"));
    assert!(refused(&mut log, &batch::marker(true, 1, 0, 0)).contains("only brokers"));
    let mut lies = batch(0, &[("k", Some("v"))]);
    lies[60] = 9;
    assert!(refused(&mut log, &lies).contains("checksum"));
    assert!(refused(&mut log, b"").contains("no record"));
    assert_eq!(log.next(), 0);
}
