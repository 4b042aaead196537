//! Queries of Insights: begun, run, read, stopped, forgotten.

use crate::desk::{Desk, NOW};
use kit::{AdvanceOptions, Settle};
use serde_json::{Value, json};
use std::time::Duration;

fn query(text: &str) -> Value {
    json!({ "logGroupName": "g", "startTime": NOW - 60, "endTime": NOW + 60, "queryString": text })
}

async fn results(desk: &Desk, text: &str) -> Value {
    let id = desk.ok("StartQuery", query(text)).await["queryId"].clone();
    desk.settle().await;
    desk.ok("GetQueryResults", json!({ "queryId": id })).await
}

#[tokio::test]
async fn a_query_runs_and_its_results_lead_to_the_events() {
    let desk = Desk::new().await;
    desk.group().await;
    desk.put(&[(0, r#"{"level":"info","ms":3}"#), (1, r#"{"level":"error","ms":8}"#), (2, r#"{"level":"error","ms":10}"#)]).await;
    let found = results(&desk, "filter level = 'error' | stats count(*) as n, avg(ms) by level").await;
    assert_eq!(found["status"], "Complete");
    assert_eq!(
        found["results"],
        json!([[
            { "field": "level", "value": "error" }, { "field": "n", "value": "2" }, { "field": "avg(ms)", "value": "9" }
        ]])
    );
    assert_eq!((&found["statistics"]["recordsScanned"], &found["statistics"]["recordsMatched"]), (&json!(3.0), &json!(2.0)));
    let found = results(&desk, "fields @message | limit 1").await;
    let row = &found["results"][0];
    assert_eq!(row[0]["value"], r#"{"level":"error","ms":10}"#);
    let whole = desk.ok("GetLogRecord", json!({ "logRecordPointer": row[1]["value"] })).await;
    assert_eq!((&whole["logRecord"]["ms"], &whole["logRecord"]["@logStream"]), (&json!("10"), &json!("s")));
}

#[tokio::test]
async fn queries_are_listed_refused_and_forgotten() {
    let desk = Desk::new().await;
    desk.group().await;
    let id = desk.ok("StartQuery", query("fields @message")).await["queryId"].clone();
    desk.settle().await;
    let listed = desk.ok("DescribeQueries", json!({ "status": "Complete" })).await;
    assert_eq!(listed["queries"][0]["queryId"], id);
    assert_eq!(listed["queries"][0]["queryString"], format!("SOURCE \"g\" START={}000 END={}999 | fields @message", NOW - 60, NOW + 60));
    assert_eq!(desk.refused("StopQuery", json!({ "queryId": id })).await.0, "InvalidParameterException");
    assert_eq!(desk.refused("StartQuery", query("felds @message")).await.0, "MalformedQueryException");
    let mut elsewhere = query("limit 1");
    elsewhere["logGroupName"] = "nothing".into();
    assert_eq!(desk.refused("StartQuery", elsewhere).await.0, "ResourceNotFoundException");
    let week = AdvanceOptions { by: Duration::from_secs(7 * 86_400 + 1), settle: Settle::Each, budget: Duration::from_secs(20) };
    desk.cloud.advance(week).await;
    assert_eq!(desk.refused("GetQueryResults", json!({ "queryId": id })).await.0, "ResourceNotFoundException");
}

#[tokio::test]
async fn queries_are_saved_listed_by_name_changed_and_deleted() {
    let desk = Desk::new().await;
    let save = async |name: &str, more: Value| {
        let mut input = json!({ "name": name, "queryString": "fields @message" });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        desk.call("PutQueryDefinition", input).await.map(|made| made["queryDefinitionId"].as_str().unwrap().to_owned())
    };
    let errors = save("shop/errors", json!({ "logGroupNames": ["g"] })).await.unwrap();
    save("shop/all", json!({})).await.unwrap();
    save("other", json!({})).await.unwrap();
    let page = desk.ok("DescribeQueryDefinitions", json!({ "queryDefinitionNamePrefix": "shop/", "maxResults": 1 })).await;
    assert_eq!(page["queryDefinitions"][0]["name"], "shop/all");
    let rest = json!({ "queryDefinitionNamePrefix": "shop/", "nextToken": page["nextToken"] });
    let page = desk.ok("DescribeQueryDefinitions", rest).await;
    let found = page["queryDefinitions"].as_array().unwrap();
    assert_eq!((found.len(), &found[0]["queryDefinitionId"], &found[0]["logGroupNames"]), (1, &json!(errors), &json!(["g"])));
    assert_eq!(save("shop/faults", json!({ "queryDefinitionId": errors })).await.unwrap(), errors, "in place of the old");
    let page = desk.ok("DescribeQueryDefinitions", json!({ "queryDefinitionNamePrefix": "shop/f" })).await;
    assert_eq!(page["queryDefinitions"][0]["logGroupNames"], Value::Null, "a put says everything anew");
    assert_eq!(save("x", json!({ "queryDefinitionId": "nothing" })).await.unwrap_err().code, "ResourceNotFoundException");
    assert!(save("x", json!({ "queryLanguage": "SQL" })).await.unwrap_err().message.contains("queryLanguage"));
    assert_eq!(desk.ok("DeleteQueryDefinition", json!({ "queryDefinitionId": errors })).await["success"], true);
    assert_eq!(desk.refused("DeleteQueryDefinition", json!({ "queryDefinitionId": errors })).await.0, "ResourceNotFoundException");
}
