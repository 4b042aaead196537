//! Triggers and workflows: crawls that follow on crawls.

use crate::desk::Desk;
use serde_json::{Value, json};

async fn desk() -> Desk {
    let desk = Desk::lake().await;
    for name in ["a", "b", "c"] {
        desk.shelf.set("data", &format!("{name}/x.json"), "{\"n\":1}");
        desk.crawler(name, json!({ "S3Targets": [{ "Path": format!("s3://data/{name}") }] }), json!({})).await;
    }
    desk
}

async fn runs(desk: &Desk, crawler: &str) -> usize {
    desk.ok("ListCrawls", json!({ "CrawlerName": crawler })).await["Crawls"].as_array().unwrap().len()
}

fn condition(crawler: &str, state: &str) -> Value {
    json!({ "LogicalOperator": "EQUALS", "CrawlerName": crawler, "CrawlState": state })
}

#[tokio::test]
async fn a_workflow_goes_on_when_all_that_it_waits_for_is_done() {
    let desk = desk().await;
    desk.ok("CreateWorkflow", json!({ "Name": "w", "DefaultRunProperties": { "day": "1" }, "MaxConcurrentRuns": 1 })).await;
    assert_eq!(desk.refused("StartWorkflowRun", json!({ "Name": "w" })).await, "InvalidInputException");
    let start =
        json!({ "Name": "start", "Type": "ON_DEMAND", "WorkflowName": "w", "Actions": [{ "CrawlerName": "a" }, { "CrawlerName": "b" }] });
    desk.ok("CreateTrigger", start).await;
    let predicate = json!({ "Logical": "AND", "Conditions": [condition("a", "SUCCEEDED"), condition("b", "SUCCEEDED")] });
    let then = json!({ "Name": "then", "Type": "CONDITIONAL", "WorkflowName": "w", "StartOnCreation": true, "Predicate": predicate, "Actions": [{ "CrawlerName": "c" }] });
    desk.ok("CreateTrigger", then).await;
    let second = json!({ "Name": "second", "Type": "ON_DEMAND", "WorkflowName": "w", "Actions": [{ "CrawlerName": "a" }] });
    assert_eq!(desk.refused("CreateTrigger", second).await, "InvalidInputException");

    let id = desk.ok("StartWorkflowRun", json!({ "Name": "w", "RunProperties": { "who": "me" } })).await["RunId"].clone();
    assert_eq!(desk.refused("StartWorkflowRun", json!({ "Name": "w" })).await, "ConcurrentRunsExceededException");
    desk.settle().await;
    assert_eq!(runs(&desk, "c").await, 1);
    let run = desk.ok("GetWorkflowRun", json!({ "Name": "w", "RunId": id, "IncludeGraph": true })).await["Run"].clone();
    assert_eq!((&run["Status"], &run["Statistics"]["SucceededActions"]), (&json!("COMPLETED"), &json!(3)));
    assert_eq!(run["WorkflowRunProperties"], json!({ "day": "1", "who": "me" }));
    assert_eq!((run["Graph"]["Nodes"].as_array().unwrap().len(), run["Graph"]["Edges"].as_array().unwrap().len()), (5, 5));
    desk.ok("DeleteWorkflow", json!({ "Name": "w" })).await;
    assert_eq!(desk.refused("GetTrigger", json!({ "Name": "then" })).await, "EntityNotFoundException");
}

#[tokio::test]
async fn a_failed_crawl_fires_what_waits_for_failures() {
    let desk = desk().await;
    let predicate = json!({ "Conditions": [condition("a", "FAILED")] });
    desk.ok("CreateTrigger", json!({ "Name": "go", "Type": "ON_DEMAND", "Actions": [{ "CrawlerName": "a" }] })).await;
    desk.ok("CreateTrigger", json!({ "Name": "mend", "Type": "CONDITIONAL", "Predicate": predicate, "Actions": [{ "CrawlerName": "c" }] }))
        .await;
    desk.ok("StartTrigger", json!({ "Name": "mend" })).await;
    desk.ok("StartTrigger", json!({ "Name": "go" })).await;
    desk.settle().await;
    assert_eq!((runs(&desk, "a").await, runs(&desk, "c").await), (1, 0), "it succeeded");
    desk.deny("s3:ListBucket");
    desk.ok("StartCrawler", json!({ "Name": "a" })).await;
    desk.settle().await;
    assert_eq!(runs(&desk, "c").await, 0, "triggers see only what triggers started, as on AWS");
    desk.ok("StartTrigger", json!({ "Name": "go" })).await;
    desk.settle().await;
    assert_eq!(runs(&desk, "c").await, 1);
}

#[tokio::test]
async fn scheduled_triggers_run_on_the_clock() {
    let desk = desk().await;
    let trigger = json!({ "Name": "nightly", "Type": "SCHEDULED", "Schedule": "cron(0 3 * * ? *)", "StartOnCreation": true, "Actions": [{ "CrawlerName": "a" }] });
    desk.ok("CreateTrigger", trigger).await;
    desk.advance(2 * 86_400).await;
    assert_eq!(runs(&desk, "a").await, 2);
    assert_eq!(
        desk.refused("UpdateTrigger", json!({ "Name": "nightly", "TriggerUpdate": { "Description": "x" } })).await,
        "InvalidInputException"
    );
    desk.ok("StopTrigger", json!({ "Name": "nightly" })).await;
    desk.advance(86_400).await;
    assert_eq!(runs(&desk, "a").await, 2);
    let job = json!({ "Name": "job", "Type": "ON_DEMAND", "Actions": [{ "JobName": "j" }] });
    assert_eq!(desk.refused("CreateTrigger", job).await, "NotImplemented");
}

#[tokio::test]
async fn a_run_is_stopped_with_its_crawls() {
    let desk = desk().await;
    desk.ok("CreateWorkflow", json!({ "Name": "w" })).await;
    desk.ok("CreateTrigger", json!({ "Name": "start", "Type": "ON_DEMAND", "WorkflowName": "w", "Actions": [{ "CrawlerName": "a" }] }))
        .await;
    let id = desk.ok("StartWorkflowRun", json!({ "Name": "w" })).await["RunId"].clone();
    desk.ok("StopWorkflowRun", json!({ "Name": "w", "RunId": id })).await;
    desk.settle().await;
    let run = desk.ok("GetWorkflowRun", json!({ "Name": "w", "RunId": id })).await["Run"].clone();
    assert_eq!((&run["Status"], &run["Statistics"]["StoppedActions"]), (&json!("STOPPED"), &json!(1)));
    assert_eq!(desk.refused("StopWorkflowRun", json!({ "Name": "w", "RunId": id })).await, "IllegalWorkflowStateException");
}
