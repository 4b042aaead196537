//! Only what lies before the first open record may be committed.

use crate::tracker::Tracker;

#[test]
fn a_gap_holds_back_what_comes_after_it() {
    let mut tracker = Tracker::default();
    for offset in [5, 6, 7, 8] {
        assert!(tracker.came(offset));
    }
    assert_eq!(tracker.next(), Some(5), "the first open one: it has to come again");
    tracker.settle(6);
    tracker.settle(8);
    assert_eq!((tracker.next(), tracker.open(), tracker.held()), (Some(5), 2, 4), "5 is open");
    tracker.settle(5);
    assert_eq!((tracker.next(), tracker.open(), tracker.held()), (Some(7), 1, 2));
    tracker.settle(7);
    assert_eq!((tracker.next(), tracker.open(), tracker.held()), (Some(9), 0, 0));
}

#[test]
fn holes_in_the_offsets_are_no_gaps() {
    let mut tracker = Tracker::default();
    tracker.came(10);
    tracker.came(14);
    tracker.settle(10);
    assert_eq!(tracker.next(), Some(11));
    tracker.settle(14);
    assert_eq!(tracker.next(), Some(15));
}

#[test]
fn a_record_that_comes_twice_counts_once_and_never_goes_back() {
    let mut tracker = Tracker::default();
    assert!(tracker.came(3) && !tracker.came(3));
    tracker.settle(3);
    tracker.settle(3);
    assert!(!tracker.came(3), "it is settled already");
    assert!(tracker.came(4));
    tracker.settle(99);
    assert_eq!((tracker.next(), tracker.open()), (Some(4), 1), "what never came can't be settled");
}

#[test]
fn before_its_first_record_a_partition_stands_at_its_start() {
    let mut tracker = Tracker::starting(Some(40));
    assert_eq!((tracker.next(), Tracker::default().next()), (Some(40), None));
    assert!(tracker.came(42), "40 and 41 are no records");
    assert_eq!(tracker.next(), Some(42));
    tracker.settle(42);
    assert_eq!(tracker.next(), Some(43));
    // A topic that was made anew begins at its beginning, whatever the group had committed.
    let mut tracker = Tracker::starting(Some(40));
    assert!(tracker.came(0));
    assert_eq!(tracker.next(), Some(0));
}

/// All orders of settling five records: the offset to commit is always the first that isn't settled.
#[test]
fn in_every_order_the_offset_is_the_first_open_one() {
    fn orders(rest: &[i64], order: &mut Vec<i64>, all: &mut Vec<Vec<i64>>) {
        if rest.is_empty() {
            all.push(order.clone());
        }
        for (n, offset) in rest.iter().enumerate() {
            order.push(*offset);
            orders(&[&rest[..n], &rest[n + 1..]].concat(), order, all);
            order.pop();
        }
    }
    let offsets = [1, 2, 4, 7, 8];
    let mut all = Vec::new();
    orders(&offsets, &mut Vec::new(), &mut all);
    assert_eq!(all.len(), 120);
    for order in all {
        let mut tracker = Tracker::default();
        offsets.iter().for_each(|offset| assert!(tracker.came(*offset)));
        for n in 1..=order.len() {
            tracker.settle(order[n - 1]);
            let settled = offsets.iter().take_while(|offset| order[..n].contains(offset)).last();
            assert_eq!(tracker.next(), Some(settled.map_or(1, |offset| offset + 1)), "{:?}", &order[..n]);
        }
    }
}
