//! A commit that the cluster takes in part: what was refused goes again, and is nowhere taken for committed.

use crate::{
    between::{Between, Refusing},
    runner::{Runner, Setup},
    stand::{Stand, TOPIC},
};
use rdkafka::producer::FutureRecord;
use std::sync::Arc;

const TABLES: &str = "[limits]\ncommit_interval_ms = 300\n";

/// A topic of two partitions; so many commits that name both will be refused for the second one.
async fn stand(times: usize) -> (Stand, Arc<Refusing>) {
    let between = Between::new().await;
    let stand = Stand::advertising(2, Some(between.port)).await;
    let refusing = between.refuse(stand.broker(), 1, times);
    (stand, refusing)
}

/// A record in each partition, over and over, until a commit of both was met. How many in each.
async fn until_met(stand: &Stand, met: impl Fn() -> bool) -> usize {
    let producer = stand.producer();
    let mut rounds = 0;
    while rounds == 0 || !met() {
        // Together, so that both are soon accepted and waiting for the next commit.
        let values = [0, 1].map(|partition| (partition, format!("\"{partition}-{rounds}\"")));
        let send = |(partition, value): &(i32, String)| {
            producer.send_result(FutureRecord::<str, str>::to(TOPIC).partition(*partition).payload(value.as_str())).unwrap()
        };
        for sent in futures_util::future::join_all(values.iter().map(send)).await {
            sent.unwrap().unwrap();
        }
        rounds += 1;
        stand.seen.count(2 * rounds).await;
        assert!(rounds < 5000, "no commit named both partitions");
    }
    rounds
}

/// How often the function saw the records of each partition, the most and the fewest times.
fn times(seen: &[String], partition: usize, rounds: usize) -> (usize, usize) {
    let counts: Vec<usize> = (0..rounds).map(|n| seen.iter().filter(|value| **value == format!("\"{partition}-{n}\"")).count()).collect();
    (*counts.iter().min().unwrap(), *counts.iter().max().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn the_part_that_was_refused_goes_again() {
    let (stand, refusing) = stand(1).await;
    let mut consumer = Runner::start(&stand, &Setup { tables: TABLES, ..Setup::of(&stand) });
    let rounds = until_met(&stand, || !refusing.waits()).await;
    let failed = consumer.hear("CommitFailed");
    assert!(failed["error"].as_str().unwrap().contains("TopicAuthorizationFailed"), "{failed}");
    assert!(failed["partitions"].as_array().unwrap().iter().any(|place| place == "photo-ingest-1"), "{failed}");
    assert_eq!(consumer.stop().code(), Some(0));
    let commits = refusing.commits.lock().unwrap().clone();
    assert!(commits.len() >= 2 && commits[1][&1] >= commits[0][&1], "it went again: {commits:?}");
    assert_eq!(stand.committed(), [Some(rounds as i64), Some(rounds as i64)]);
    let seen = stand.seen.all();
    assert_eq!((times(&seen, 0, rounds), times(&seen, 1, rounds)), ((1, 1), (1, 1)), "nothing came twice");
}

/// Refused to the end, by the commit too that is waited for before the consumer goes: it ends well and says so, and the records come again.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn what_stays_refused_comes_again_and_what_was_taken_does_not() {
    let (stand, refusing) = stand(1_000_000).await;
    let mut consumer = Runner::start(&stand, &Setup { tables: TABLES, ..Setup::of(&stand) });
    let before = || refusing.commits.lock().unwrap().is_empty();
    let rounds = until_met(&stand, || !before()).await;
    consumer.hear("CommitFailed");
    let (code, said) = consumer.stop_and_hear();
    assert_eq!(code, Some(0));
    let last = said.iter().rfind(|line| line["event"] == "CommitFailed").expect("the last commit is refused too");
    assert_eq!(last["then"], "these records will come again", "{said:#?}");
    let committed = stand.committed();
    assert_eq!(committed[0], Some(rounds as i64), "the other partition's offset was taken");
    // What a commit of this partition alone had brought, before one named both.
    let taken = committed[1].unwrap_or(0) as usize;
    assert!(taken < rounds, "{committed:?}");
    refusing.enough();
    let consumer = Runner::start(&stand, &Setup { tables: TABLES, ..Setup::of(&stand) });
    let seen = stand.seen.count(3 * rounds - taken).await;
    assert_eq!(consumer.stop().code(), Some(0));
    assert_eq!((times(&seen, 0, rounds), times(&seen, 1, rounds).1), ((1, 1), 2), "{seen:?}");
    assert_eq!(stand.committed(), [Some(rounds as i64), Some(rounds as i64)]);
}
