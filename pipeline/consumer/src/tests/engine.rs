//! Partitions take turns, rest when they must, and what belongs to an earlier ownership counts for nothing.

use super::record;
use crate::{
    backoff::Backoff,
    config::{Config, Limits},
    engine::{Engine, Verdict},
    policy::Class,
    record::Place,
    routes::Routes,
    start,
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

fn engine(change: impl FnOnce(&mut Limits)) -> Engine {
    let text = "[kafka]\nbootstrap_servers = 'a:1'\ngroup_id = 'g'\n[dead_letter]\ntopic = 'dead'\n[[routes]]\ntopics = ['photo-ingest']\nfunction = 'f'";
    let mut config = Config::read(text, &|_| None).unwrap();
    change(&mut config.limits);
    let mut plans = start::plans(&config);
    plans[0].backoff = Backoff { first: Duration::from_secs(2), longest: Duration::from_secs(2) };
    Engine::new(Arc::new(Routes::new(&config.routes).unwrap()), plans, config.limits)
}

fn place(partition: i32) -> Place {
    Place { topic: "photo-ingest".into(), partition }
}

fn fill(engine: &mut Engine, partitions: i32, each: i64, now: Instant) {
    for partition in 0..partitions {
        for offset in 0..each {
            let mut record = record(offset, "x");
            record.place = place(partition);
            engine.push(record, now);
        }
    }
}

#[test]
fn partitions_take_turns_where_there_is_room_for_few() {
    let now = Instant::now();
    let mut engine = engine(|limits| limits.in_flight = 2);
    fill(&mut engine, 3, 2, now);
    let mut served = Vec::new();
    loop {
        let jobs = engine.jobs(now);
        if jobs.is_empty() {
            break;
        }
        assert!(engine.in_flight() <= 2);
        assert_eq!(engine.due_at(), None, "with no room left it is a result that is waited for");
        for job in jobs {
            served.push(job.place.partition);
            engine.done(job, Verdict::Settled, 0, now);
        }
    }
    assert_eq!(served, [0, 1, 2, 0, 1, 2]);
    assert_eq!(engine.commits(), [(place(0), 2), (place(1), 2), (place(2), 2)]);
    assert_eq!(engine.commits(), [], "they are committed");
    engine.commit_again(&[place(1)]);
    assert_eq!(engine.commits(), [(place(1), 2)], "that commit failed");
}

#[test]
fn a_throttled_partition_rests_and_the_others_go_on() {
    let now = Instant::now();
    let mut engine = engine(|_| ());
    fill(&mut engine, 2, 3, now);
    let mut jobs = engine.jobs(now);
    let (second, first) = (jobs.pop().unwrap(), jobs.pop().unwrap());
    let wait = engine.done(first, Verdict::Again(Class::Throttled, None), 1023, now).unwrap();
    engine.done(second, Verdict::Settled, 0, now);
    assert_eq!(engine.pauses(now), (vec![place(0)], vec![]));
    assert!(engine.paused(&place(0)) && !engine.paused(&place(1)));
    assert_eq!(engine.jobs(now).iter().map(|job| job.place.partition).collect::<Vec<_>>(), [1]);
    let later = now + wait;
    assert_eq!(engine.pauses(later), (vec![], vec![place(0)]));
    assert_eq!(engine.jobs(later).iter().map(|job| (job.place.partition, job.batch.tries)).collect::<Vec<_>>(), [(0, 1)]);
}

#[test]
fn memory_is_bounded_by_resting_until_half_of_it_is_free() {
    let now = Instant::now();
    let mut engine = engine(|limits| limits.partition_records = 10);
    fill(&mut engine, 1, 9, now);
    assert_eq!(engine.pauses(now), (vec![], vec![]));
    fill(&mut engine, 1, 10, now);
    assert_eq!(engine.pauses(now).0, [place(0)]);
    for settled in 1..=6 {
        let job = engine.jobs(now).pop().unwrap();
        engine.done(job, Verdict::Settled, 0, now);
        assert_eq!(engine.pauses(now).1.len(), usize::from(settled == 6), "after {settled}");
    }
    let held = super::record(0, "x").bytes();
    let mut engine = super::engine::engine(|limits| limits.buffered_bytes = 4 * held);
    fill(&mut engine, 2, 2, now);
    assert_eq!(engine.pauses(now).0, [place(0), place(1)], "together they hold too much");
}

#[test]
fn results_of_an_earlier_ownership_settle_nothing() {
    let now = Instant::now();
    let mut engine = engine(|_| ());
    engine.own(place(0), Some(0));
    fill(&mut engine, 1, 1, now);
    let old = engine.jobs(now).pop().unwrap();
    engine.disown(&[place(0)]);
    engine.own(place(0), Some(0));
    fill(&mut engine, 1, 1, now);
    engine.done(old, Verdict::Settled, 0, now);
    assert_eq!(engine.commits(), [(place(0), 0)], "this ownership's record is open");
    let new = engine.jobs(now).pop().unwrap();
    engine.done(new, Verdict::Settled, 0, now);
    assert_eq!((engine.commits(), engine.in_flight()), (vec![(place(0), 1)], 0));
}

#[test]
fn after_a_stop_nothing_goes_out_and_its_record_stays_open() {
    let now = Instant::now();
    let mut engine = engine(|_| ());
    fill(&mut engine, 1, 2, now);
    let job = engine.jobs(now).pop().unwrap();
    engine.done(job, Verdict::Stop("no".into()), 0, now);
    assert_eq!(engine.must_stop(), Some("no"));
    assert_eq!((engine.jobs(now + Duration::from_secs(60)).len(), engine.commits()), (0, vec![(place(0), 0)]));
}
