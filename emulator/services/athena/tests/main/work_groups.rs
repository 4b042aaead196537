//! Work groups and the limits that they set.

use crate::lake::Desk;
use serde_json::json;

#[tokio::test]
async fn a_work_group_enforces_its_place_of_results_and_its_cutoff() {
    let desk = Desk::new().await;
    let configuration = json!({ "ResultConfiguration": { "OutputLocation": "s3://team/" }, "BytesScannedCutoffPerQuery": 10_000_000 });
    desk.ok("CreateWorkGroup", json!({ "Name": "team", "Configuration": configuration })).await;
    let elsewhere = json!({ "QueryString": "SELECT 1", "WorkGroup": "team", "ResultConfiguration": { "OutputLocation": "s3://results/" } });
    let id = desk.ok("StartQueryExecution", elsewhere).await["QueryExecutionId"].as_str().unwrap().to_owned();
    desk.cloud.settle(std::time::Duration::from_secs(30)).await.unwrap();
    assert_eq!(desk.s3.text(&format!("team/{id}.csv")).as_deref(), Some("\"_col0\"\n\"1\"\n"));
    assert_eq!(desk.ok("ListQueryExecutions", json!({ "WorkGroup": "team" })).await["QueryExecutionIds"], json!([id]));

    desk.ok("UpdateWorkGroup", json!({ "WorkGroup": "team", "State": "DISABLED" })).await;
    let refused = desk.call("StartQueryExecution", json!({ "QueryString": "SELECT 1", "WorkGroup": "team" })).await.unwrap_err();
    assert_eq!((&*refused.code, &*refused.message), ("InvalidRequestException", "WorkGroup team is disabled."));
}

#[tokio::test]
async fn primary_is_always_there_and_groups_with_queries_go_only_with_them() {
    let desk = Desk::new().await;
    assert_eq!(desk.ok("ListWorkGroups", json!({})).await["WorkGroups"][0]["Name"], "primary");
    assert!(desk.call("DeleteWorkGroup", json!({ "WorkGroup": "primary" })).await.is_err());
    desk.ok("CreateWorkGroup", json!({ "Name": "team" })).await;
    desk.ok("CreateNamedQuery", json!({ "Name": "q", "Database": "db", "QueryString": "SELECT 1", "WorkGroup": "team" })).await;
    let full = desk.call("DeleteWorkGroup", json!({ "WorkGroup": "team" })).await.unwrap_err();
    assert_eq!(full.message, "WorkGroup team is not empty");
    desk.ok("DeleteWorkGroup", json!({ "WorkGroup": "team", "RecursiveDeleteOption": true })).await;
    assert_eq!(&*desk.call("GetWorkGroup", json!({ "WorkGroup": "team" })).await.unwrap_err().message, "WorkGroup is not found.");
}
