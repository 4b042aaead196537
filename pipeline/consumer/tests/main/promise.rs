//! Offsets are committed when Lambda has accepted their records: not before, and not while an earlier record is open.

use crate::{
    proxy::{Proxy, Rule},
    runner::{Runner, Setup},
    stand::{Stand, call, numbered},
};
use serde_json::json;
use std::collections::BTreeSet;

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn every_record_is_invoked_once_and_committed() {
    let stand = Stand::new(3).await;
    stand.produce(None, &numbered(0..50)).await;
    let mut consumer = Runner::start(&stand, &Setup::of(&stand));
    consumer.hear("Partitions");
    stand.produce(None, &numbered(50..100)).await;
    let seen = stand.seen.count(100).await;
    assert_eq!(consumer.stop().code(), Some(0), "told to stop, it drains and ends well");
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 100);
    assert_eq!(stand.committed().into_iter().flatten().sum::<i64>(), 100);
    // A second one has nothing to do but what is new.
    let consumer = Runner::start(&stand, &Setup::of(&stand));
    stand.produce(None, &numbered(100..101)).await;
    assert_eq!(stand.seen.count(101).await.len(), 101);
    consumer.stop();
}

/// Killed with Lambda's 202 on its way back: the record is not committed, and comes again.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn killed_between_the_202_and_the_commit() {
    let stand = Stand::new(1).await;
    stand.produce(Some(0), &numbered(0..3)).await;
    let proxy = Proxy::new(&stand.endpoint, [Rule::HoldAfter]).await;
    let consumer = Runner::before(stand.folder.path(), &Setup::of(&stand), &proxy.url);
    assert_eq!(proxy.held().await, "HTTP/1.1 202 Accepted");
    stand.seen.count(1).await;
    consumer.kill();
    assert_eq!(stand.committed(), [Some(0)], "nobody told the consumer that it was accepted");
    let consumer = Runner::start(&stand, &Setup::of(&stand));
    let seen = stand.seen.sorted(4).await;
    consumer.stop();
    assert_eq!(seen, ["\"m-0\"", "\"m-0\"", "\"m-1\"", "\"m-2\""], "at least once, and nothing is lost");
    assert_eq!(stand.committed(), [Some(3)]);
}

/// Killed before Lambda heard of it: nothing is committed, and it comes.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn killed_before_the_202() {
    let stand = Stand::new(1).await;
    stand.produce(Some(0), &numbered(0..2)).await;
    let proxy = Proxy::new(&stand.endpoint, [Rule::HoldBefore]).await;
    let consumer = Runner::before(stand.folder.path(), &Setup::of(&stand), &proxy.url);
    proxy.held().await;
    consumer.kill();
    assert_eq!((stand.committed(), stand.seen.all().len()), (vec![Some(0)], 0));
    let consumer = Runner::start(&stand, &Setup::of(&stand));
    assert_eq!(stand.seen.sorted(2).await, ["\"m-0\"", "\"m-1\""]);
    consumer.stop();
    assert_eq!(stand.committed(), [Some(2)]);
}

/// The first record hangs while later ones of its partition are accepted: their offsets wait for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn an_open_record_holds_back_the_offsets_of_later_ones() {
    let stand = Stand::new(1).await;
    stand.produce(Some(0), &numbered(0..8)).await;
    let proxy = Proxy::new(&stand.endpoint, [Rule::HoldBefore]).await;
    let setup =
        Setup { tables: "[limits]\nin_flight_per_partition = 8\ndrain_timeout_ms = 300\ncommit_interval_ms = 10\n", ..Setup::of(&stand) };
    let mut consumer = Runner::before(stand.folder.path(), &setup, &proxy.url);
    proxy.held().await;
    let seen: BTreeSet<String> = stand.seen.count(7).await.into_iter().collect();
    assert_eq!(seen.len(), 7);
    // Stopped, it waits for the open one as long as it may, and commits nothing that lies behind it.
    consumer.hear("Partitions");
    assert_eq!(consumer.stop().code(), Some(0));
    let first_open = numbered(0..8).iter().position(|value| !seen.contains(value)).unwrap() as i64;
    assert_eq!(stand.committed(), [Some(first_open)]);
    let consumer = Runner::start(&stand, &setup);
    let all = stand.seen.until(|all| all.iter().collect::<BTreeSet<_>>().len() == 8).await;
    assert!(all.len() <= 15);
    consumer.stop();
    assert_eq!(stand.committed(), [Some(8)]);
}

/// A group that begins at the end has begun there for good: what came since is its own, settled or not, whoever is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn what_came_since_a_group_began_at_the_end_comes_again() {
    let stand = Stand::new(1).await;
    stand.produce(Some(0), &numbered(0..3)).await;
    call(&stand.cloud, "PutFunctionConcurrency", json!({ "FunctionName": "f", "ReservedConcurrentExecutions": 0 })).await;
    let route = "invocation = \"request-response\"\n";
    // No commit but those of assignments and ends.
    let tables = "[limits]\ncommit_interval_ms = 60000\n";
    let setup = Setup { kafka: "start = \"latest\"\n", route, tables, ..Setup::of(&stand) };
    let mut consumer = Runner::start(&stand, &setup);
    consumer.hear("Partitions");
    assert_eq!(stand.committed(), [Some(3)], "where it begins is committed before anything comes");
    stand.produce(Some(0), &numbered(3..5)).await;
    assert_eq!(consumer.hear("Retry")["offset"], 3);
    consumer.kill();
    stand.produce(Some(0), &numbered(5..7)).await;
    let mut consumer = Runner::start(&stand, &setup);
    assert_eq!(consumer.hear("Retry")["offset"], 3, "received and not settled");
    assert_eq!(consumer.stop().code(), Some(0));
    assert_eq!(stand.committed(), [Some(3)]);
    stand.produce(Some(0), &numbered(7..8)).await;
    call(&stand.cloud, "DeleteFunctionConcurrency", json!({ "FunctionName": "f" })).await;
    let consumer = Runner::start(&stand, &setup);
    assert_eq!(stand.seen.sorted(5).await, numbered(3..8));
    consumer.stop();
    assert_eq!(stand.committed(), [Some(8)]);
}
