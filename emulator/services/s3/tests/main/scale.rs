//! Lifecycle at scale, by hand and in release:
//! `cargo test --release -p s3 --test main scale -- --ignored --nocapture --test-threads 1`. Figures go to docs/measurements.md.

use crate::desk::Desk;
use kit::{AdvanceOptions, ClockMode, Cloud, Context, Settle, Timestamp, store::Store};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

const DAY: u64 = 86_400;

/// Real and processor time; only here, where they are what is measured. Limits are on the processor's, for the machine may be busy.
#[derive(Clone, Copy)]
struct Spent {
    wall: f64,
    cpu: f64,
}

impl Spent {
    /// Since the machine and the process began; read from the system, for clocks are kit's business.
    fn now() -> Spent {
        const TICKS: f64 = 100.0;
        let uptime = std::fs::read_to_string("/proc/uptime").unwrap();
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        let ticks = |place: usize| fields[place].parse::<f64>().unwrap();
        Spent { wall: uptime.split(' ').next().unwrap().parse().unwrap(), cpu: (ticks(11) + ticks(12)) / TICKS }
    }
    fn since(self) -> Spent {
        let now = Spent::now();
        Spent { wall: now.wall - self.wall, cpu: now.cpu - self.cpu }
    }
}

impl std::fmt::Display for Spent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.1} s ({:.1} s CPU)", self.wall, self.cpu)
    }
}

/// Resident megabytes, now and at most.
fn resident_mb() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let of = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
    };
    (of("VmRSS:"), of("VmHWM:"))
}

/// A cloud with S3 alone, on the heap or in a folder.
async fn cloud(store: Store) -> (Arc<Cloud>, Context) {
    let start = Timestamp::from_secs(crate::desk::START);
    let builder = Cloud::builder().start_at(start).mode(ClockMode::Frozen).store(store);
    let cloud = builder.service(Arc::new(s3::S3::new())).start().await.unwrap();
    let cx = cloud.house_context("scale");
    (cloud, cx)
}

async fn ok(cloud: &Arc<Cloud>, cx: &Context, operation: &str, input: Value) -> Value {
    cloud.call_json(cx, "s3", operation, &input).await.unwrap_or_else(|f| panic!("{operation}: {f}"))
}

async fn put(cloud: &Arc<Cloud>, cx: &Context, bucket: &str, key: String) {
    let cx = cx.clone().with_body(kit::Body::from_bytes("x"));
    ok(cloud, &cx, "PutObject", json!({ "Bucket": bucket, "Key": key })).await;
}

async fn advance(cloud: &Arc<Cloud>, days: u64) -> Spent {
    let began = Spent::now();
    let by = Duration::from_secs(days * DAY);
    let done = cloud.advance(AdvanceOptions { by, settle: Settle::Each, budget: Duration::from_secs(600) }).await;
    assert_eq!(done.stopped_early, None);
    began.since()
}

async fn count(cloud: &Arc<Cloud>, cx: &Context, bucket: &str) -> usize {
    let page = ok(cloud, cx, "ListObjectsV2", json!({ "Bucket": bucket })).await;
    page["KeyCount"].as_u64().unwrap() as usize
}

async fn a_million_expire(store: Store, what: &str, objects: usize) {
    let (cloud, cx) = cloud(store).await;
    ok(&cloud, &cx, "CreateBucket", json!({ "Bucket": "big" })).await;
    let rule = json!({ "ID": "week", "Status": "Enabled", "Filter": { "Prefix": "" }, "Expiration": { "Days": 7 } });
    let rules = json!({ "Bucket": "big", "LifecycleConfiguration": { "Rules": [rule] } });
    ok(&cloud, &cx, "PutBucketLifecycleConfiguration", rules).await;
    let began = Spent::now();
    for n in 0..objects {
        put(&cloud, &cx, "big", format!("in/{n:08}")).await;
    }
    let loaded = began.since();
    let before = resident_mb();
    let quiet = advance(&cloud, 6).await;
    assert_eq!(count(&cloud, &cx, "big").await, 1000);
    let swept = advance(&cloud, 2).await;
    assert_eq!(count(&cloud, &cx, "big").await, 0);
    let after = resident_mb();
    println!(
        "{what}: {objects} objects put in {loaded}; six days without work {quiet}; all expired in {swept}; resident {} MB before, {} after, {} at most",
        before.0, after.0, after.1
    );
    assert!(swept.cpu < 30.0, "{swept}");
    assert!(after.1 <= before.1 + 200, "memory grew from {} to {} MB", before.1, after.1);
}

#[tokio::test]
#[ignore = "a minute in release"]
async fn scale_a_million_objects_expire_in_memory() {
    a_million_expire(Store::memory(), "heap", 1_000_000).await;
}

#[tokio::test]
#[ignore = "some minutes in release"]
async fn scale_a_million_objects_expire_on_disk() {
    let dir = std::env::temp_dir().join(format!("windtunnel-scale-{}", std::process::id()));
    let store = Store::durable(&dir, kit::store::Durability::Process).unwrap();
    a_million_expire(store, "process", 1_000_000).await;
    let _ = std::fs::remove_dir_all(dir);
}

/// Two buckets with as many rules as AWS allows each, half of them by tag.
#[tokio::test]
#[ignore = "a minute in release"]
async fn scale_two_thousand_rules_over_two_hundred_thousand_objects() {
    let (cloud, cx) = cloud(Store::memory()).await;
    let rule = |n: usize| {
        let filter = match n < 500 {
            true => json!({ "Prefix": format!("tenant-{n:04}/") }),
            false => json!({ "Tag": { "Key": "tenant", "Value": n.to_string() } }),
        };
        json!({ "ID": format!("r{n}"), "Status": "Enabled", "Filter": filter, "Expiration": { "Days": 1 + n % 30 } })
    };
    let rules: Vec<Value> = (0..1000).map(rule).collect();
    for bucket in ["one", "two"] {
        ok(&cloud, &cx, "CreateBucket", json!({ "Bucket": bucket })).await;
        for n in 0..100_000 {
            let tenant = n % 1000;
            let cx = cx.clone().with_body(kit::Body::from_bytes("x"));
            let input = match tenant < 500 {
                true => json!({ "Bucket": bucket, "Key": format!("tenant-{tenant:04}/{n:06}") }),
                false => json!({ "Bucket": bucket, "Key": format!("other/{n:06}"), "Tagging": format!("tenant={tenant}") }),
            };
            ok(&cloud, &cx, "PutObject", input).await;
        }
    }
    let began = Spent::now();
    for bucket in ["one", "two"] {
        let rules = json!({ "Bucket": bucket, "LifecycleConfiguration": { "Rules": rules } });
        ok(&cloud, &cx, "PutBucketLifecycleConfiguration", rules).await;
    }
    cloud.settle(Duration::from_secs(600)).await.unwrap();
    let indexed = began.since();
    let swept = advance(&cloud, 32).await;
    for bucket in ["one", "two"] {
        assert_eq!(count(&cloud, &cx, bucket).await, 0);
    }
    println!(
        "2 x 1,000 rules, 2 x 100,000 objects: days found anew in {indexed}, 32 days with all of them gone in {swept}, resident {:?} MB",
        resident_mb()
    );
    assert!(swept.cpu < 30.0 && indexed.cpu < 30.0);
}

/// The same desk as every other test, so that this file stays honest about what it builds on.
#[tokio::test]
async fn a_full_set_of_rules_is_taken_and_one_more_is_not() {
    let desk = Desk::with_bucket("box").await;
    let rules = |most: usize| {
        let rule = |n: usize| json!({ "ID": format!("r{n}"), "Status": "Enabled", "Filter": { "Prefix": format!("p{n}/") }, "Expiration": { "Days": 1 } });
        json!({ "Bucket": "box", "LifecycleConfiguration": { "Rules": (0..most).map(rule).collect::<Vec<_>>() } })
    };
    desk.ok("PutBucketLifecycleConfiguration", rules(1000)).await;
    let put = desk.put("/box/p999/k", "x").await;
    assert_eq!(put.header("x-amz-expiration"), Some("expiry-date=\"Thu, 16 Nov 2023 00:00:00 GMT\", rule-id=\"r999\""));
    let fault = desk.call("PutBucketLifecycleConfiguration", rules(1001)).await.unwrap_err();
    assert_eq!((&*fault.code, fault.status), ("MalformedXML", 400));
    let kept = desk.ok("GetBucketLifecycleConfiguration", json!({ "Bucket": "box" })).await;
    assert_eq!(kept["Rules"].as_array().unwrap().len(), 1000);
}
