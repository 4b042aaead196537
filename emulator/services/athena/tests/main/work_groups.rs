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

    desk.s3.keep("lake/photos/owner=eve/1.json", &format!("{{\"key\":\"{}\"}}\n", "x".repeat(11_000_000)));
    desk.lines("ALTER TABLE photos ADD PARTITION (owner = 'eve') LOCATION 's3://lake/photos/owner=eve/'").await;
    let asked = json!({ "QueryString": "SELECT max(key) FROM photos", "WorkGroup": "team", "QueryExecutionContext": { "Database": "db" } });
    let large = desk.ok("StartQueryExecution", asked).await;
    desk.cloud.settle(std::time::Duration::from_secs(30)).await.unwrap();
    let execution = desk.ok("GetQueryExecution", json!({ "QueryExecutionId": large["QueryExecutionId"] })).await["QueryExecution"].clone();
    assert_eq!(execution["Status"]["State"], "CANCELLED", "{execution}");
    assert_eq!(execution["Status"]["StateChangeReason"], "Query cancelled! : Bytes scanned limit was exceeded");
    assert!(execution["Statistics"]["DataScannedInBytes"].as_u64().unwrap() > 11_000_000);
    let id = json!({ "QueryExecutionId": large["QueryExecutionId"] });
    assert_eq!(&*desk.call("GetQueryResults", id).await.unwrap_err().message, "Could not find results");

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

#[tokio::test]
async fn what_a_work_group_insists_on_is_what_its_queries_have() {
    let desk = Desk::new().await;
    let own = json!({ "OutputLocation": "s3://team/", "EncryptionConfiguration": { "EncryptionOption": "SSE_S3" } });
    desk.ok("CreateWorkGroup", json!({ "Name": "team", "Configuration": { "ResultConfiguration": own } })).await;
    let given = json!({ "OutputLocation": "s3://results/", "AclConfiguration": { "S3AclOption": "BUCKET_OWNER_FULL_CONTROL" } });
    let asked = json!({ "QueryString": "SELECT 1", "WorkGroup": "team", "ResultConfiguration": given });
    let shown = async || {
        let id = desk.ok("StartQueryExecution", asked.clone()).await["QueryExecutionId"].clone();
        let execution = desk.ok("GetQueryExecution", json!({ "QueryExecutionId": id })).await["QueryExecution"].clone();
        let mut shown = execution["ResultConfiguration"].clone();
        let place = shown["OutputLocation"].take();
        (
            place.as_str().unwrap().split('/').nth(2).unwrap().to_owned(),
            shown["EncryptionConfiguration"].is_object(),
            shown["AclConfiguration"].is_object(),
        )
    };
    assert_eq!(shown().await, ("team".to_owned(), true, false));
    let free = json!({ "WorkGroup": "team", "ConfigurationUpdates": { "EnforceWorkGroupConfiguration": false } });
    desk.ok("UpdateWorkGroup", free).await;
    assert_eq!(shown().await, ("results".to_owned(), true, true), "what the client leaves open is the group's");
    let secret = json!({ "OutputLocation": "s3://results/", "EncryptionConfiguration": { "EncryptionOption": "CSE_KMS", "KmsKey": "k" } });
    let refused = desk.call("StartQueryExecution", json!({ "QueryString": "SELECT 1", "ResultConfiguration": secret })).await.unwrap_err();
    assert!(refused.status == 501 && refused.message.contains("CSE_KMS"), "{refused}");
}

#[tokio::test]
async fn updates_change_what_they_name() {
    let desk = Desk::new().await;
    let own = json!({ "OutputLocation": "s3://team/", "ExpectedBucketOwner": "111122223333" });
    desk.ok("CreateWorkGroup", json!({ "Name": "team", "Configuration": { "ResultConfiguration": own } })).await;
    let update = async |updates: serde_json::Value| {
        let done = desk.call("UpdateWorkGroup", json!({ "WorkGroup": "team", "ConfigurationUpdates": updates })).await;
        done.map(drop).map_err(|fault| (fault.status, fault.message.to_string()))
    };
    let configuration = async || desk.ok("GetWorkGroup", json!({ "WorkGroup": "team" })).await["WorkGroup"]["Configuration"].clone();
    update(
        json!({ "EngineVersion": { "SelectedEngineVersion": "Athena engine version 3" }, "EnableMinimumEncryptionConfiguration": true }),
    )
    .await
    .unwrap();
    assert_eq!(configuration().await["EngineVersion"]["SelectedEngineVersion"], "Athena engine version 3");
    assert_eq!(configuration().await["EnableMinimumEncryptionConfiguration"], true);
    assert_eq!(update(json!({ "EngineVersion": { "SelectedEngineVersion": "Athena engine version 1" } })).await.unwrap_err().0, 400);
    update(json!({ "ResultConfigurationUpdates": { "RemoveExpectedBucketOwner": true } })).await.unwrap();
    assert_eq!(configuration().await["ResultConfiguration"], json!({ "OutputLocation": "s3://team/" }));
    assert_eq!(update(json!({ "ManagedQueryResultsConfigurationUpdates": { "Enabled": true } })).await.unwrap_err().0, 501);
}

#[tokio::test]
async fn dpus_of_reservations_are_checked_and_sparks_settings_refused_by_name() {
    let desk = Desk::new().await;
    let dpus = |min: &str, max: &str| {
        let properties = json!({ "min-dpu-count": min, "max-dpu-count": max });
        json!({ "Classifications": [{ "Name": "athena-query-engine-properties", "Properties": properties }] })
    };
    desk.ok("CreateWorkGroup", json!({ "Name": "team", "Configuration": { "EngineConfiguration": dpus("4", "24") } })).await;
    let shown = desk.ok("GetWorkGroup", json!({ "WorkGroup": "team" })).await;
    assert_eq!(shown["WorkGroup"]["Configuration"]["EngineConfiguration"], dpus("4", "24"));
    let start = async |engine: serde_json::Value| {
        let asked = json!({ "QueryString": "SELECT 1", "ResultConfiguration": { "OutputLocation": "s3://results/" }, "EngineConfiguration": engine });
        desk.call("StartQueryExecution", asked).await.map(drop).map_err(|fault| fault.status)
    };
    assert_eq!(start(dpus("8", "8")).await, Ok(()));
    for (min, max) in [("8", "4"), ("5", "8"), ("4", "128"), ("four", "8")] {
        assert_eq!(start(dpus(min, max)).await, Err(400), "{min} {max}");
    }
    assert_eq!(start(json!({ "Classifications": [{ "Name": "spark-defaults" }] })).await, Err(400));
    assert_eq!(start(json!({ "MaxConcurrentDpus": 20 })).await, Err(501));
}

#[tokio::test]
async fn a_group_with_queries_or_statements_goes_only_with_them() {
    let desk = Desk::new().await;
    let group = json!({ "WorkGroup": "team" });
    desk.ok("CreateWorkGroup", json!({ "Name": "team" })).await;
    let statement = json!({ "StatementName": "one", "WorkGroup": "team", "QueryStatement": "SELECT 1" });
    desk.ok("CreatePreparedStatement", statement).await;
    assert_eq!(desk.call("DeleteWorkGroup", group.clone()).await.unwrap_err().message, "WorkGroup team is not empty");
    desk.ok("DeletePreparedStatement", json!({ "StatementName": "one", "WorkGroup": "team" })).await;
    let asked = json!({ "QueryString": "SELECT 1", "WorkGroup": "team", "ResultConfiguration": { "OutputLocation": "s3://results/" } });
    let id = desk.ok("StartQueryExecution", asked).await["QueryExecutionId"].clone();
    desk.cloud.settle(std::time::Duration::from_secs(30)).await.unwrap();
    assert_eq!(desk.call("DeleteWorkGroup", group.clone()).await.unwrap_err().message, "WorkGroup team is not empty");
    desk.ok("DeleteWorkGroup", json!({ "WorkGroup": "team", "RecursiveDeleteOption": true })).await;
    desk.ok("CreateWorkGroup", json!({ "Name": "team" })).await;
    assert_eq!(desk.ok("ListQueryExecutions", group).await["QueryExecutionIds"], json!([]));
    assert!(desk.call("GetQueryExecution", json!({ "QueryExecutionId": id })).await.is_err(), "nor by its id");
}

/// What was measured: namespace, dimensions, metric, value.
#[derive(Default)]
struct Seen(std::sync::Mutex<Vec<String>>);

impl kit::ports::Metrics for Seen {
    fn record(&self, _: &kit::Scope, _: kit::Timestamp, measured: &kit::ports::Measured<'_>) {
        for (name, unit, value) in measured.values {
            for under in measured.under {
                self.0.lock().unwrap().push(format!("{} {under:?} {name} {value} {unit}", measured.namespace));
            }
        }
    }
}

#[tokio::test]
async fn a_group_that_publishes_metrics_measures_its_queries() {
    let desk = Desk::new().await;
    let seen = std::sync::Arc::new(Seen::default());
    desk.cloud.ports().offer_metrics(seen.clone());
    desk.rows("SELECT count(*) FROM photos").await;
    assert!(seen.0.lock().unwrap().is_empty(), "primary publishes none unless it is told to");
    let on = json!({ "WorkGroup": "primary", "ConfigurationUpdates": { "PublishCloudWatchMetricsEnabled": true } });
    desk.ok("UpdateWorkGroup", on).await;
    let execution = desk.run("SELECT max(key) FROM photos").await;
    let scanned = &execution["Statistics"]["DataScannedInBytes"];
    let seen = seen.0.lock().unwrap().clone();
    assert!(seen.contains(&format!("AWS/Athena [(\"WorkGroup\", \"primary\")] ProcessedBytes {scanned} Bytes")), "{seen:?}");
    let state = "[(\"QueryState\", \"SUCCEEDED\"), (\"QueryType\", \"DML\"), (\"WorkGroup\", \"primary\")]";
    assert!(seen.iter().any(|s| s.starts_with(&format!("AWS/Athena {state} TotalExecutionTime"))), "{seen:?}");
}
