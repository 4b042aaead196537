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

const FLOW: &str = "arn:aws:glue:us-east-1:000000000000:workflow/flow";

/// A workflow `flow` that events start.
async fn awaiting(batching: Value) -> Desk {
    let desk = desk().await;
    desk.ok("CreateWorkflow", json!({ "Name": "flow", "MaxConcurrentRuns": 1 })).await;
    let mut trigger = json!({ "Name": "events", "Type": "EVENT", "WorkflowName": "flow", "Actions": [{ "CrawlerName": "a" }] });
    trigger["EventBatchingCondition"] = batching;
    desk.ok("CreateTrigger", trigger).await;
    desk
}

/// An event comes from EventBridge.
async fn comes(desk: &Desk, event: &str) -> Result<(), kit::Fault> {
    let grant = desk.cx.grant(&kit::Need::on("glue:notifyEvent", FLOW))?;
    desk.cloud.ports().workflows()?.notify(&desk.cx, grant, FLOW, event.into()).await
}

/// Runs of `flow`, newest first.
async fn flows(desk: &Desk) -> Vec<Value> {
    desk.settle().await;
    desk.ok("GetWorkflowRuns", json!({ "Name": "flow" })).await["Runs"].as_array().unwrap().clone()
}

#[tokio::test]
async fn an_event_alone_starts_a_workflow() {
    let desk = awaiting(Value::Null).await;
    comes(&desk, "e-1").await.unwrap();
    let runs = flows(&desk).await;
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0]["WorkflowRunProperties"], json!({ "aws:eventIds": "[e-1]" }));
    assert_eq!((&runs[0]["StartingEventBatchCondition"], &runs[0]["Status"]), (&json!({ "BatchSize": 1 }), &json!("COMPLETED")));
    assert_eq!(self::runs(&desk, "a").await, 1);
}

#[tokio::test]
async fn events_wait_until_there_are_enough_or_long_enough() {
    let desk = awaiting(json!({ "BatchSize": 3, "BatchWindow": 60 })).await;
    for event in ["e-1", "e-2"] {
        comes(&desk, event).await.unwrap();
    }
    assert!(flows(&desk).await.is_empty());
    desk.advance(59).await;
    comes(&desk, "e-3").await.unwrap();
    let first = flows(&desk).await.remove(0);
    assert_eq!(first["WorkflowRunProperties"]["aws:eventIds"], "[e-1, e-2, e-3]");
    assert_eq!(first["StartingEventBatchCondition"], json!({ "BatchSize": 3 }));
    desk.advance(5).await;
    assert_eq!(flows(&desk).await.len(), 1, "the first batch's window went with it");

    // The next window begins with the next event, not with the one before.
    comes(&desk, "e-4").await.unwrap();
    desk.advance(59).await;
    assert_eq!(flows(&desk).await.len(), 1);
    desk.advance(1).await;
    let second = flows(&desk).await.remove(0);
    assert_eq!(second["WorkflowRunProperties"]["aws:eventIds"], "[e-4]");
    assert_eq!(second["StartingEventBatchCondition"], json!({ "BatchWindow": 60 }));
    assert_eq!(second["PreviousRunId"], first["WorkflowRunId"]);
}

#[tokio::test]
async fn a_trigger_that_is_stopped_takes_no_events_and_forgets_those_it_has() {
    let desk = awaiting(json!({ "BatchSize": 2, "BatchWindow": 60 })).await;
    comes(&desk, "e-1").await.unwrap();
    desk.ok("StopTrigger", json!({ "Name": "events" })).await;
    assert_eq!(comes(&desk, "e-2").await.unwrap_err().code, "InvalidInputException");
    desk.advance(60).await;
    assert!(flows(&desk).await.is_empty());
    desk.ok("StartTrigger", json!({ "Name": "events" })).await;
    comes(&desk, "e-3").await.unwrap();
    comes(&desk, "e-4").await.unwrap();
    assert_eq!(flows(&desk).await[0]["WorkflowRunProperties"]["aws:eventIds"], "[e-3, e-4]");
    desk.ok("DeleteWorkflow", json!({ "Name": "flow" })).await;
    assert_eq!(comes(&desk, "e-5").await.unwrap_err().code, "EntityNotFoundException");
}

#[tokio::test]
async fn events_for_a_workflow_that_is_at_its_limit_leave_a_run_that_says_so() {
    let desk = awaiting(Value::Null).await;
    comes(&desk, "e-1").await.unwrap();
    desk.settle().await;
    desk.ok("UpdateWorkflow", json!({ "Name": "flow", "MaxConcurrentRuns": 0 })).await;
    comes(&desk, "e-2").await.unwrap();
    let runs = flows(&desk).await;
    assert_eq!((&runs[0]["Status"], &runs[1]["Status"]), (&json!("ERROR"), &json!("COMPLETED")));
    assert_eq!(runs[0]["ErrorMessage"], "Concurrent runs exceeded for workflow: flow.");
}

#[tokio::test]
async fn batches_are_for_triggers_of_events_in_workflows() {
    let desk = awaiting(json!({ "BatchSize": 2 })).await;
    let got = desk.ok("GetTrigger", json!({ "Name": "events" })).await;
    assert_eq!((&got["Trigger"]["Type"], &got["Trigger"]["EventBatchingCondition"]), (&json!("EVENT"), &json!({ "BatchSize": 2 })));
    let actions = json!([{ "CrawlerName": "a" }]);
    let alone = json!({ "Name": "alone", "Type": "EVENT", "Actions": actions });
    assert_eq!(desk.refused("CreateTrigger", alone).await, "InvalidInputException");
    let other = json!({ "Name": "other", "Type": "ON_DEMAND", "Actions": actions, "EventBatchingCondition": { "BatchSize": 2 } });
    assert_eq!(desk.refused("CreateTrigger", other).await, "InvalidInputException");
    let update = json!({ "Name": "events", "TriggerUpdate": { "EventBatchingCondition": { "BatchSize": 1 } } });
    desk.ok("UpdateTrigger", update).await;
    comes(&desk, "e-1").await.unwrap();
    assert_eq!(flows(&desk).await.len(), 1);
}
