//! Results that are given again: by age, and only where nothing that matters differs.

use crate::lake::Desk;
use kit::{AdvanceOptions, Settle};
use serde_json::{Value, json};
use std::time::Duration;

async fn ask(desk: &Desk, sql: &str, minutes: i64) -> Value {
    let started = desk
        .ok(
            "StartQueryExecution",
            json!({
                "QueryString": sql,
                "QueryExecutionContext": { "Database": "db" },
                "ResultConfiguration": { "OutputLocation": "s3://results/out/" },
                "ResultReuseConfiguration": { "ResultReuseByAgeConfiguration": { "Enabled": true, "MaxAgeInMinutes": minutes } },
            }),
        )
        .await;
    desk.cloud.settle(Duration::from_secs(30)).await.unwrap();
    let execution =
        desk.ok("GetQueryExecution", json!({ "QueryExecutionId": started["QueryExecutionId"] })).await["QueryExecution"].clone();
    assert_eq!(execution["Status"]["State"], "SUCCEEDED", "{execution}");
    execution
}

fn reused(execution: &Value) -> bool {
    execution["Statistics"]["ResultReuseInformation"]["ReusedPreviousResult"].as_bool().unwrap()
}

#[tokio::test]
async fn a_young_result_is_given_again_and_an_old_one_is_not() {
    let desk = Desk::new().await;
    let sql = "SELECT count(*) FROM photos";
    let first = ask(&desk, sql, 60).await;
    assert!(!reused(&first));
    desk.s3.keep("lake/photos/owner=bob/2.json", "{\"key\":\"d.jpg\"}\n");
    let again = ask(&desk, sql, 60).await;
    assert!(reused(&again));
    assert_eq!(again["Statistics"]["DataScannedInBytes"], 0);
    assert_eq!(again["ResultConfiguration"]["OutputLocation"], first["ResultConfiguration"]["OutputLocation"]);
    let rows = desk.ok("GetQueryResults", json!({ "QueryExecutionId": again["QueryExecutionId"] })).await;
    assert_eq!(rows["ResultSet"]["Rows"][1]["Data"][0]["VarCharValue"], "3", "of before the fourth photograph");
    assert!(!reused(&ask(&desk, "SELECT count(*)  FROM photos", 60).await), "another text");
    let hour = AdvanceOptions { by: Duration::from_secs(61 * 60), settle: Settle::None, budget: Duration::from_secs(20) };
    desk.cloud.advance(hour).await;
    let later = ask(&desk, sql, 60).await;
    assert!(!reused(&later));
    let rows = desk.ok("GetQueryResults", json!({ "QueryExecutionId": later["QueryExecutionId"] })).await;
    assert_eq!(rows["ResultSet"]["Rows"][1]["Data"][0]["VarCharValue"], "4");
}

#[tokio::test]
async fn a_result_whose_object_is_gone_is_made_anew() {
    let desk = Desk::new().await;
    let first = ask(&desk, "SELECT 1", 60).await;
    let place = first["ResultConfiguration"]["OutputLocation"].as_str().unwrap().trim_start_matches("s3://").to_owned();
    assert!(desk.s3.objects.lock().unwrap().remove(&place).is_some());
    assert!(!reused(&ask(&desk, "SELECT 1", 60).await));
    let far = json!({ "ResultReuseByAgeConfiguration": { "Enabled": true, "MaxAgeInMinutes": 10_081 } });
    let asked =
        json!({ "QueryString": "SELECT 1", "ResultConfiguration": { "OutputLocation": "s3://results/" }, "ResultReuseConfiguration": far });
    assert_eq!(desk.call("StartQueryExecution", asked).await.unwrap_err().code, "InvalidRequestException");
}
