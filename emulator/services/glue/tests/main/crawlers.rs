//! Crawlers: made, started, stopped, scheduled, refused.

use crate::desk::Desk;
use serde_json::{Value, json};

fn targets() -> Value {
    json!({ "S3Targets": [{ "Path": "s3://data/t" }] })
}

#[tokio::test]
async fn a_crawler_is_kept_with_its_defaults() {
    let desk = Desk::lake().await;
    desk.crawler("c", targets(), json!({ "Tags": { "team": "a" } })).await;
    let c = desk.ok("GetCrawler", json!({ "Name": "c" })).await["Crawler"].clone();
    assert_eq!(c["SchemaChangePolicy"], json!({ "UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "DEPRECATE_IN_DATABASE" }));
    assert_eq!(c["RecrawlPolicy"], json!({ "RecrawlBehavior": "CRAWL_EVERYTHING" }));
    assert_eq!((&c["State"], &c["Version"], &c["LastCrawl"]), (&json!("READY"), &json!(1), &Value::Null));
    assert_eq!(desk.refused("CreateCrawler", desk.input("c", targets())).await, "AlreadyExistsException");
    assert_eq!(desk.refused("GetCrawler", json!({ "Name": "none" })).await, "EntityNotFoundException");
    desk.crawler("d", targets(), json!({})).await;
    assert_eq!(desk.ok("ListCrawlers", json!({ "Tags": { "team": "a" } })).await["CrawlerNames"], json!(["c"]));
    let both = desk.ok("BatchGetCrawlers", json!({ "CrawlerNames": ["d", "x"] })).await;
    assert_eq!((&both["Crawlers"][0]["Name"], &both["CrawlersNotFound"]), (&json!("d"), &json!(["x"])));
    let arn = "arn:aws:glue:us-east-1:000000000000:crawler/c";
    desk.ok("TagResource", json!({ "ResourceArn": arn, "TagsToAdd": { "x": "y" } })).await;
    desk.ok("UntagResource", json!({ "ResourceArn": arn, "TagsToRemove": ["team"] })).await;
    assert_eq!(desk.ok("GetTags", json!({ "ResourceArn": arn })).await["Tags"], json!({ "x": "y" }));
    desk.ok("DeleteCrawler", json!({ "Name": "c" })).await;
    assert_eq!(desk.refused("StartCrawler", json!({ "Name": "c" })).await, "EntityNotFoundException");
}

#[tokio::test]
async fn what_glue_would_not_take_is_refused() {
    let desk = Desk::lake().await;
    let with = |members: Value| {
        let mut input = desk.input("c", targets());
        input.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        input
    };
    let cases = [
        (json!({ "Targets": {} }), "InvalidInputException"),
        (json!({ "Targets": { "S3Targets": [{ "Path": "" }] } }), "InvalidInputException"),
        (json!({ "Targets": { "DynamoDBTargets": [{ "Path": "t" }] } }), "NotImplemented"),
        (json!({ "DatabaseName": "none" }), "EntityNotFoundException"),
        (json!({ "Role": "missing" }), "InvalidInputException"),
        (json!({ "Classifiers": ["none"] }), "EntityNotFoundException"),
        (json!({ "Configuration": "{}" }), "InvalidInputException"),
        (json!({ "Schedule": "rate(5 minutes)" }), "InvalidInputException"),
        (json!({ "CrawlerSecurityConfiguration": "s" }), "NotImplemented"),
        (json!({ "Targets": { "S3Targets": [{ "Path": "s3://b/x", "Exclusions": ["[a"] }] } }), "InvalidInputException"),
        (json!({ "RecrawlPolicy": { "RecrawlBehavior": "CRAWL_EVENT_MODE" } }), "InvalidInputException"),
    ];
    for (members, code) in cases {
        assert_eq!(desk.refused("CreateCrawler", with(members.clone())).await, code, "{members}");
    }
}

#[tokio::test]
async fn a_crawl_that_may_not_read_fails_and_says_so() {
    let desk = Desk::lake().await;
    desk.shelf.set("data", "t/a.json", "{\"a\":1}");
    desk.crawler("c", targets(), json!({})).await;
    desk.deny("s3:GetObject");
    let last = desk.run("c").await;
    assert_eq!(last["Status"], "FAILED");
    assert!(last["ErrorMessage"].as_str().unwrap().contains("s3:GetObject"), "{last}");
    assert_eq!(desk.refused("GetTable", json!({ "DatabaseName": "lake", "Name": "t" })).await, "EntityNotFoundException");
}

#[tokio::test]
async fn a_crawler_runs_once_at_a_time_and_can_be_stopped() {
    let desk = Desk::lake().await;
    for n in 0..200 {
        desk.shelf.set("data", &format!("t/{n}/a.json"), format!("{{\"k{n}\":1}}"));
    }
    desk.crawler("c", targets(), json!({})).await;
    assert_eq!(desk.refused("StopCrawler", json!({ "Name": "c" })).await, "CrawlerNotRunningException");
    desk.ok("StartCrawler", json!({ "Name": "c" })).await;
    assert_eq!(desk.refused("StartCrawler", json!({ "Name": "c" })).await, "CrawlerRunningException");
    assert_eq!(desk.refused("DeleteCrawler", json!({ "Name": "c" })).await, "CrawlerRunningException");
    assert_eq!(desk.ok("GetCrawler", json!({ "Name": "c" })).await["Crawler"]["State"], "RUNNING");
    desk.ok("StopCrawler", json!({ "Name": "c" })).await;
    assert_eq!(desk.refused("StopCrawler", json!({ "Name": "c" })).await, "CrawlerStoppingException");
    desk.settle().await;
    let c = desk.ok("GetCrawler", json!({ "Name": "c" })).await["Crawler"].clone();
    assert_eq!((&c["State"], &c["LastCrawl"]["Status"]), (&json!("READY"), &json!("CANCELLED")));
}

#[tokio::test]
async fn schedules_run_on_the_clock() {
    let desk = Desk::lake().await;
    desk.shelf.set("data", "t/a.json", "{\"a\":1}");
    desk.crawler("c", targets(), json!({ "Schedule": "cron(0 3 * * ? *)" })).await;
    desk.advance(86_400 * 2).await;
    let runs = || async { desk.ok("ListCrawls", json!({ "CrawlerName": "c" })).await["Crawls"].as_array().unwrap().len() };
    assert_eq!(runs().await, 2);
    assert_eq!(desk.table("t").await["Parameters"]["recordCount"], "1");
    desk.ok("StopCrawlerSchedule", json!({ "CrawlerName": "c" })).await;
    assert_eq!(desk.refused("StopCrawlerSchedule", json!({ "CrawlerName": "c" })).await, "SchedulerNotRunningException");
    desk.advance(86_400 * 2).await;
    assert_eq!(runs().await, 2);
    desk.ok("StartCrawlerSchedule", json!({ "CrawlerName": "c" })).await;
    desk.advance(86_400).await;
    assert_eq!(runs().await, 3);
    desk.ok("UpdateCrawlerSchedule", json!({ "CrawlerName": "c", "Schedule": "" })).await;
    assert_eq!(desk.refused("StartCrawlerSchedule", json!({ "CrawlerName": "c" })).await, "NoScheduleException");
}
