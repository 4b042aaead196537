//! When batches are cut, and how they come back.

use super::record;
use crate::{
    backoff::Backoff,
    partition::{Partition, Shape},
};
use std::time::{Duration, Instant};

const BACKOFF: Backoff = Backoff { first: Duration::from_millis(100), longest: Duration::from_secs(10) };

fn partition(records: usize, bytes: usize, wait_ms: u64, in_flight: usize, came: i64, now: Instant) -> Partition {
    let mut partition = Partition::new(0, 1, Shape { records, bytes, wait: Duration::from_millis(wait_ms), in_flight }, None);
    for offset in 0..came {
        assert!(partition.push(record(offset, "x"), 10, now));
    }
    partition
}

fn offsets(batch: &crate::partition::Batch) -> Vec<i64> {
    batch.records.iter().map(|record| record.offset).collect()
}

#[test]
fn a_batch_goes_when_it_is_full_or_its_oldest_record_has_waited() {
    let now = Instant::now();
    let mut by_count = partition(3, 1000, 500, 9, 4, now);
    assert_eq!(offsets(&by_count.next(now).unwrap()), [0, 1, 2]);
    assert!(by_count.next(now).is_none(), "one alone waits");
    assert_eq!(by_count.due_at(), Some(now + Duration::from_millis(500)));
    assert_eq!(offsets(&by_count.next(now + Duration::from_millis(500)).unwrap()), [3]);

    let mut by_bytes = partition(100, 25, 500, 9, 3, now);
    assert_eq!(offsets(&by_bytes.next(now).unwrap()), [0, 1], "three would be 30 bytes");
    assert!(by_bytes.next(now).is_none());

    let mut too_big = partition(100, 5, 0, 9, 2, now);
    assert_eq!(offsets(&too_big.next(now).unwrap()), [0], "one record goes, however big it is");
}

#[test]
fn no_more_are_under_way_than_allowed() {
    let now = Instant::now();
    let mut partition = partition(1, 1000, 0, 2, 3, now);
    let first = partition.next(now).unwrap();
    assert!(partition.next(now).is_some() && partition.next(now).is_none());
    assert_eq!(partition.due_at(), None, "the third waits for a result, not for a moment");
    partition.settled(&first);
    assert_eq!(offsets(&partition.next(now).unwrap()), [2]);
}

#[test]
fn what_failed_goes_again_before_anything_newer() {
    let now = Instant::now();
    let mut partition = partition(1, 1000, 0, 2, 4, now);
    let (first, second) = (partition.next(now).unwrap(), partition.next(now).unwrap());
    // They come back in the wrong order.
    let wait = partition.again(second, false, &BACKOFF, None, 1023, now);
    assert_eq!(wait, Duration::from_millis(100), "the most that the first wait can be");
    partition.again(first, true, &BACKOFF, Some(Duration::from_secs(3)), 0, now);
    assert!(partition.backs_off(now) && partition.next(now + Duration::from_millis(2999)).is_none(), "Retry-After is kept");
    let later = now + Duration::from_secs(3);
    let again = partition.next(later).unwrap();
    assert_eq!((offsets(&again), again.tries, again.failures), (vec![0], 1, 1));
    let again = partition.next(later).unwrap();
    assert_eq!((offsets(&again), again.tries, again.failures), (vec![1], 1, 0), "being throttled doesn't count");
}

#[test]
fn a_batch_is_halved_until_one_stands_alone() {
    let now = Instant::now();
    let mut partition = partition(4, 1000, 0, 1, 4, now);
    let mut seen = Vec::new();
    // Record 2 is poison.
    while let Some(batch) = partition.next(now) {
        seen.push(offsets(&batch));
        match batch.records.iter().any(|record| record.offset == 2) && batch.records.len() > 1 {
            true => partition.halve(batch, now),
            false => partition.settled(&batch),
        }
    }
    assert_eq!(seen, [vec![0, 1, 2, 3], vec![0, 1], vec![2, 3], vec![2], vec![3]]);
    assert_eq!((partition.tracker.next(), partition.buffered(), partition.in_flight()), (Some(4), 0, 0));
}

#[test]
fn what_is_forgotten_holds_no_memory_and_no_offsets() {
    let now = Instant::now();
    let mut partition = partition(1, 1000, 0, 2, 5, now);
    let (first, second) = (partition.next(now).unwrap(), partition.next(now).unwrap());
    partition.again(second, false, &BACKOFF, None, 0, now);
    partition.forget();
    assert_eq!((partition.in_flight(), partition.waiting(), partition.buffered()), (1, 0, first.bytes()));
    partition.settled(&first);
    assert_eq!((partition.tracker.next(), partition.buffered()), (Some(1), 0));
    assert_eq!(partition.due_at(), None);
}

#[test]
fn waits_double_up_to_the_longest_and_are_never_less_than_half() {
    let all = |dice| (1..=9).map(|tries| BACKOFF.wait(tries, None, dice).as_millis()).collect::<Vec<_>>();
    assert_eq!(all(1023), [100, 200, 400, 800, 1600, 3200, 6400, 10000, 10000]);
    assert_eq!(all(0), [50, 100, 200, 400, 800, 1600, 3200, 5000, 5000]);
    assert_eq!(BACKOFF.wait(u32::MAX, None, 1023).as_secs(), 10);
}
