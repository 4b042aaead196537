//! Server access logs: a line for each request, delivered on the clock by AWS's logging service.

use crate::{desk::Desk, policy_decider::ByPolicy};
use serde_json::{Value, json};
use std::sync::Arc;

async fn logged(format: Value) -> Desk {
    let desk = Desk::with_bucket("box").await;
    desk.cloud.set_decider(Arc::new(ByPolicy));
    desk.ok("CreateBucket", json!({ "Bucket": "logs" })).await;
    let statement = json!({ "Effect": "Allow", "Principal": { "Service": "logging.s3.amazonaws.com" }, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::logs/*" });
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] });
    desk.ok("PutBucketPolicy", json!({ "Bucket": "logs", "Policy": policy.to_string() })).await;
    let mut logging = json!({ "TargetBucket": "logs", "TargetPrefix": "box/" });
    if !format.is_null() {
        logging["TargetObjectKeyFormat"] = format;
    }
    desk.ok("PutBucketLogging", json!({ "Bucket": "box", "BucketLoggingStatus": { "LoggingEnabled": logging } })).await;
    desk
}

/// The lines of all logs, oldest first, fields apart.
async fn lines(desk: &Desk) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    for key in desk.keys("logs").await {
        let text = desk.get(&format!("/logs/{key}")).await.ok().text();
        all.extend(text.lines().map(fields));
    }
    all
}

/// Fields of a line: those in quotes or brackets are one each.
fn fields(line: &str) -> Vec<String> {
    let (mut out, mut closing) = (vec![String::new()], None);
    for c in line.chars() {
        match (c, closing) {
            (c, Some(end)) if c == end => closing = None,
            ('"', None) => closing = Some('"'),
            ('[', None) => closing = Some(']'),
            (' ', None) => out.push(String::new()),
            (c, _) => out.last_mut().unwrap().push(c),
        }
    }
    out
}

#[tokio::test]
async fn requests_are_written_down_and_delivered() {
    let desk = logged(Value::Null).await;
    desk.send("PUT", "/box/a%20b", &[("user-agent", "tests/1.0")], b"bytes").await.ok();
    let got = desk.get("/box/a%20b").await.ok();
    assert_eq!(desk.send_as(None, "GET", "/box/a%20b", &[], b"").await.status, 403);
    desk.ask("GET", "/box?list-type=2").await.ok();
    desk.settle().await;
    assert!(desk.keys("logs").await.is_empty(), "nothing comes before its time");
    desk.advance(300).await;
    let keys = desk.keys("logs").await;
    assert_eq!(keys.len(), 1);
    assert!(keys[0].starts_with("box/2023-11-14-22-15-00-") && keys[0].len() == "box/2023-11-14-22-15-00-".len() + 16, "{}", keys[0]);
    let lines = lines(&desk).await;
    let operations: Vec<&str> = lines.iter().map(|line| line[6].as_str()).collect();
    assert_eq!(operations, ["REST.PUT.OBJECT", "REST.GET.OBJECT", "REST.GET.OBJECT", "REST.GET.BUCKET"]);
    assert!(lines.iter().all(|line| line.len() == 26), "{lines:?}");
    let put = &lines[0];
    assert_eq!((put[1].as_str(), put[2].as_str(), put[3].as_str()), ("box", "14/Nov/2023:22:13:20 +0000", "127.0.0.1"));
    // The root's canonical id, as the owner's; the key encoded twice.
    assert_eq!((&put[4], put[7].as_str(), put[8].as_str()), (&put[0], "a%2Bb", "PUT /box/a%20b HTTP/1.1"));
    assert_eq!((put[9].as_str(), put[10].as_str(), put[11].as_str(), put[16].as_str()), ("200", "-", "-", "tests/1.0"));
    let get = &lines[1];
    assert_eq!((get[5].as_str(), get[11].as_str(), get[12].as_str()), (got.header("x-amz-request-id").unwrap(), "5", "5"));
    assert_eq!((get[19].as_str(), get[21].as_str()), ("SigV4", "AuthHeader"));
    let denied = &lines[2];
    assert_eq!((denied[4].as_str(), denied[9].as_str(), denied[10].as_str(), denied[19].as_str()), ("-", "403", "AccessDenied", "-"));
    // Later requests come in later objects; what was delivered doesn't come again.
    desk.ask("DELETE", "/box/a%20b").await.ok();
    desk.advance(300).await;
    assert_eq!(desk.keys("logs").await.len(), 2);
}

#[tokio::test]
async fn keys_are_partitioned_by_date() {
    let desk = logged(json!({ "PartitionedPrefix": { "PartitionDateSource": "EventTime" } })).await;
    desk.put("/box/k", "x").await;
    desk.advance(300).await;
    let key = desk.keys("logs").await.pop().unwrap();
    assert!(key.starts_with("box/000000000000/us-east-1/box/2023/11/14/2023-11-14-00-00-00-"), "{key}");
}

#[tokio::test]
async fn a_target_that_lets_nobody_in_gets_nothing() {
    let desk = logged(Value::Null).await;
    desk.ok("DeleteBucketPolicy", json!({ "Bucket": "logs" })).await;
    desk.put("/box/k", "x").await;
    desk.advance(300).await;
    assert!(desk.keys("logs").await.is_empty());
    let told = desk.cloud.journal().held().into_iter().find(|record| &*record.operation == "DeliverAccessLog").unwrap();
    assert_eq!(&*told.outcome, "AccessDenied");
    // A list that names the log delivery group lets it in as well.
    let controls = json!({ "Rules": [{ "ObjectOwnership": "BucketOwnerPreferred" }] });
    desk.ok("PutBucketOwnershipControls", json!({ "Bucket": "logs", "OwnershipControls": controls })).await;
    desk.ok("PutBucketAcl", json!({ "Bucket": "logs", "ACL": "log-delivery-write" })).await;
    desk.put("/box/k", "x").await;
    desk.advance(300).await;
    assert_eq!(desk.keys("logs").await.len(), 1);
}

#[tokio::test]
async fn visits_of_websites_are_logged_too() {
    let desk = logged(Value::Null).await;
    desk.ok("PutBucketWebsite", json!({ "Bucket": "box", "WebsiteConfiguration": { "IndexDocument": { "Suffix": "index.html" } } })).await;
    desk.send_to_host("box.s3-website.localhost", "GET", "/page", &[]).await;
    desk.advance(300).await;
    let line = lines(&desk).await.into_iter().next_back().unwrap();
    assert_eq!(
        (line[6].as_str(), line[7].as_str(), line[9].as_str(), line[10].as_str()),
        ("WEBSITE.GET.OBJECT", "page", "403", "AccessDenied")
    );
}
