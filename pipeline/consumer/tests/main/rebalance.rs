//! Consumers come and go while records are under way.

use crate::{
    runner::{Runner, Setup},
    stand::{Stand, TOPIC, numbered},
};
use rdkafka::producer::FutureRecord;
use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// How long consumers come and go, seconds; otherwise a minute in CI, and ten at a desk.
const SECONDS: &str = "WINDTUNNEL_TEST_REBALANCE_SECONDS";

/// A partition goes to a second consumer while the first has an invocation under way for it: that one is waited for and committed first.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn what_is_under_way_is_settled_before_a_partition_goes() {
    let stand = Stand::new(2).await;
    let setup = Setup { options: "\"partition.assignment.strategy\" = \"range\"\n", ..Setup::of(&stand) };
    let mut first = Runner::start(&stand, &setup);
    first.hear("Partitions");
    stand.produce(None, &numbered(0..400)).await;
    stand.seen.count(20).await;
    let mut second = Runner::start(&stand, &setup);
    assert_eq!(first.hear("Partitions")["change"], "revoked", "while records are under way");
    second.hear("Partitions");
    let seen = stand.seen.until(|all| all.iter().collect::<BTreeSet<_>>().len() == 400).await;
    assert_eq!(seen.len(), 400, "nothing came twice");
    assert_eq!((first.stop().code(), second.stop().code()), (Some(0), Some(0)));
    assert_eq!(stand.committed().into_iter().flatten().sum::<i64>(), 400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn three_consumers_come_and_go_every_second() {
    let seconds: u64 = std::env::var(SECONDS).ok().and_then(|n| n.parse().ok()).unwrap_or(if crate::in_ci() { 60 } else { 10 });
    let stand = Arc::new(Stand::new(10).await);
    let (over, written) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let writing = tokio::spawn(write(stand.clone(), over.clone(), written.clone()));
    let coming = stand.clone();
    let going = tokio::task::spawn_blocking(move || come_and_go(&coming, Duration::from_secs(seconds)));
    let last = going.await.unwrap();
    over.store(true, Ordering::Relaxed);
    writing.await.unwrap();
    let written = written.load(Ordering::Relaxed);
    let seen = stand.seen.until(|all| all.iter().collect::<BTreeSet<_>>().len() == written).await;
    last.into_iter().for_each(|consumer| {
        consumer.stop();
    });
    let twice = seen.len() - written;
    println!("{written} records, {twice} of them twice");
    assert!(written > 100 && twice * 20 < written, "{twice} of {written} came twice");
    assert_eq!(stand.committed().into_iter().flatten().sum::<i64>(), written as i64);
}

/// Some thousand records a second, all acknowledged.
async fn write(stand: Arc<Stand>, over: Arc<AtomicBool>, written: Arc<AtomicUsize>) {
    let producer = stand.producer();
    while !over.load(Ordering::Relaxed) {
        let first = written.load(Ordering::Relaxed);
        let values = numbered(first..first + 50);
        let send =
            |value: &String| producer.send_result(FutureRecord::<str, str>::to(TOPIC).key(value.as_str()).payload(value.as_str())).unwrap();
        for sent in futures_util::future::join_all(values.iter().map(send)).await {
            sent.unwrap().unwrap();
        }
        written.store(first + 50, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// One of three ends or begins each second; at the end all are there.
fn come_and_go(stand: &Stand, time: Duration) -> Vec<Runner> {
    let setup = Setup::of(stand);
    let mut places: Vec<Option<Runner>> = (0..3).map(|_| Some(Runner::start(stand, &setup))).collect();
    let begun = Instant::now();
    let mut turn = 0;
    while begun.elapsed() < time {
        std::thread::sleep(Duration::from_secs(1));
        let place = &mut places[turn % 3];
        *place = match place.take() {
            Some(consumer) => {
                assert_eq!(consumer.stop().code(), Some(0));
                None
            }
            None => Some(Runner::start(stand, &setup)),
        };
        turn += 1;
    }
    places.into_iter().map(|place| place.unwrap_or_else(|| Runner::start(stand, &setup))).collect()
}
