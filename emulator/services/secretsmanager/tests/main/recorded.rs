//! Answers recorded from AWS, replayed: codes and sentences, and the members of answers. Skipped where the recordings are absent.

use crate::desk::Desk;
use serde_json::{Value, json};
use std::path::Path;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../../shared/aws-recorded/secretsmanager/test_secretsmanager.snapshot.json");

/// What was recorded of a test, by the end of its name.
fn recorded(test: &str) -> Option<Value> {
    let Ok(text) = std::fs::read_to_string(Path::new(FILE)) else {
        println!("skipped: the answers recorded from AWS are not beside the checkout");
        return None;
    };
    let all: Value = serde_json::from_str(&text).unwrap();
    let found = all.as_object().unwrap().iter().find(|(name, _)| name.rsplit("::").next() == Some(test));
    Some(found.unwrap_or_else(|| panic!("{test} is not among the recordings")).1["recorded-content"].clone())
}

fn members(value: &Value) -> Vec<String> {
    value.as_object().unwrap().keys().filter(|name| *name != "ResponseMetadata").cloned().collect()
}

/// The answer to a call: its members are those that were recorded.
async fn same(desk: &Desk, wanted: &Value, operation: &str, input: Value) -> Value {
    let answer = desk.ok(operation, input).await;
    let (mut have, mut want) = (members(&answer), members(wanted));
    have.sort();
    want.sort();
    assert_eq!(have, want, "{operation}");
    if !wanted["VersionStages"].is_null() {
        assert_eq!(answer["VersionStages"], wanted["VersionStages"], "{operation}");
    }
    let stages = |list: &Value| list.as_array().map(|l| l.iter().map(|v| v["VersionStages"].clone()).collect::<Vec<_>>());
    assert_eq!(stages(&answer["Versions"]), stages(&wanted["Versions"]), "{operation}");
    answer
}

/// The refusal of a call: code and sentence are those that were recorded.
async fn refused(desk: &Desk, wanted: &Value, operation: &str, input: Value) {
    let fault = desk.fault(operation, input).await;
    assert_eq!((json!(fault.code.as_ref()), json!(fault.message)), (wanted["Error"]["Code"].clone(), wanted["Error"]["Message"].clone()));
}

#[tokio::test]
async fn values_created_and_updated() {
    let Some(told) = recorded("test_create_and_update_secret[Valid/_+=.@-Name-a1b2-True]") else { return };
    let desk = Desk::new().await;
    let name = "Valid/_+=.@-Name-a1b2";
    let input = json!({ "Name": name, "SecretString": "my_secret", "Description": "Testing secret creation." });
    let made = same(&desk, &told["create_secret_rs_1"], "CreateSecret", input).await;
    let arn = made["ARN"].as_str().unwrap();
    let by = |id: &str| json!({ "SecretId": id });
    same(&desk, &told["get_secret_value_rs_1"], "GetSecretValue", by(name)).await;
    same(&desk, &told["describe_secret_rs_1"], "DescribeSecret", by(name)).await;
    same(&desk, &told["get_secret_value_rs_3"], "GetSecretValue", by(&arn[..arn.len() - 7])).await;
    let put = json!({ "SecretId": name, "SecretString": "new_secret" });
    same(&desk, &told["put_secret_value_rs_1"], "PutSecretValue", put.clone()).await;
    same(&desk, &told["update_secret_res_1"], "UpdateSecret", put).await;
    same(&desk, &told["delete_secret_res_1"], "DeleteSecret", json!({ "SecretId": name, "ForceDeleteWithoutRecovery": true })).await;
}

#[tokio::test]
async fn a_cycle_of_pending_and_current() {
    let Some(told) = recorded("test_update_secret_version_stages_current_pending_cycle") else { return };
    let desk = Desk::new().await;
    let (_, first) = desk.secret("s", "S1").await;
    let put = |text: &str| json!({ "SecretId": "s", "SecretString": text, "VersionStages": ["AWSPENDING"] });
    let list = || json!({ "SecretId": "s" });
    let second = same(&desk, &told["put_secret_value_res_0"], "PutSecretValue", put("S2")).await["VersionId"].clone();
    same(&desk, &told["list_secret_version_ids_res_0"], "ListSecretVersionIds", list()).await;
    same(&desk, &told["get_secret_value_res_0"], "GetSecretValue", list()).await;
    let to = |from: &Value, to: &Value| json!({ "SecretId": "s", "VersionStage": "AWSCURRENT", "RemoveFromVersionId": from, "MoveToVersionId": to });
    same(&desk, &told["update_secret_version_stage_res_0"], "UpdateSecretVersionStage", to(&json!(first), &second)).await;
    same(&desk, &told["list_secret_version_ids_res_1"], "ListSecretVersionIds", list()).await;
    same(&desk, &told["get_secret_value_res_1"], "GetSecretValue", list()).await;
    let third = same(&desk, &told["put_secret_value_res_1"], "PutSecretValue", put("S3")).await["VersionId"].clone();
    same(&desk, &told["list_secret_version_ids_res_2"], "ListSecretVersionIds", list()).await;
    same(&desk, &told["get_secret_value_res_2"], "GetSecretValue", list()).await;
    same(&desk, &told["put_secret_value_res_2"], "UpdateSecretVersionStage", to(&second, &third)).await;
    same(&desk, &told["list_secret_version_ids_res_3"], "ListSecretVersionIds", list()).await;
}

#[tokio::test]
async fn labels_of_ones_own() {
    let Some(told) = recorded("test_non_versioning_version_stages_replacement") else { return };
    let desk = Desk::new().await;
    desk.secret("s", "S1").await;
    let put = |stages: &[&str]| json!({ "SecretId": "s", "SecretString": stages.len().to_string(), "VersionStages": stages });
    same(&desk, &told["put_secret_value_res_0"], "PutSecretValue", put(&["one", "two", "three"])).await;
    same(&desk, &told["list_secret_version_ids_res_0"], "ListSecretVersionIds", json!({ "SecretId": "s" })).await;
    same(&desk, &told["put_secret_value_res_1"], "PutSecretValue", put(&["one", "two", "three", "four"])).await;
    same(&desk, &told["list_secret_version_ids_res_1"], "ListSecretVersionIds", json!({ "SecretId": "s" })).await;
}

#[tokio::test]
async fn deprecated_versions() {
    let Some(told) = recorded("test_deprecated_secret_version_stage") else { return };
    let desk = Desk::new().await;
    desk.secret("s", "S1").await;
    let list = |all: bool| json!({ "SecretId": "s", "IncludeDeprecated": all });
    same(&desk, &told["list_secret_version_ids"], "ListSecretVersionIds", list(false)).await;
    for (n, (plain, all)) in [(1, None), (2, Some(3)), (4, Some(5))].into_iter().enumerate() {
        let put = json!({ "SecretId": "s", "SecretString": format!("again {n}") });
        same(&desk, &told[format!("put_secret_value_{}", n + 1)], "PutSecretValue", put).await;
        same(&desk, &told[format!("list_secret_version_ids_{plain}")], "ListSecretVersionIds", list(false)).await;
        if let Some(all) = all {
            same(&desk, &told[format!("list_secret_version_ids_{all}")], "ListSecretVersionIds", list(true)).await;
        }
    }
}

#[tokio::test]
async fn refusals() {
    let desk = Desk::new().await;
    desk.secret("s", "v").await;
    if let Some(told) = recorded("test_get_secret_value_errors") {
        let stage = json!({ "SecretId": "s", "VersionStage": "AWSPREVIOUS" });
        refused(&desk, &told["error_get_secret_value_non_existing"], "GetSecretValue", stage).await;
        let id = desk.value("s").await["VersionId"].clone();
        let both = json!({ "SecretId": "s", "VersionId": id, "VersionStage": "AWSPREVIOUS" });
        refused(&desk, &told["mismatch_version_id_and_stage"], "GetSecretValue", both).await;
    }
    if let Some(told) = recorded("test_invalid_secret_name[Inv Name]") {
        refused(&desk, &told["ex_log_1"], "CreateSecret", json!({ "Name": "Inv Name", "SecretString": "x" })).await;
    }
    desk.ok("DeleteSecret", json!({ "SecretId": "s" })).await;
    if let Some(told) = recorded("test_exp_raised_on_creation_of_secret_scheduled_for_deletion") {
        refused(&desk, &told["invalid_req_ex"], "CreateSecret", json!({ "Name": "s", "SecretString": "x" })).await;
    }
    if let Some(told) = recorded("test_tag_untag_resource_on_deleted_secret") {
        let tag = json!({ "SecretId": "s", "Tags": [{ "Key": "k", "Value": "v" }] });
        refused(&desk, &told["tag_deleted_secret_error"], "TagResource", tag).await;
    }
    if let Some(told) = recorded("test_force_delete_deleted_secret") {
        let desk = Desk::new().await;
        desk.secret("s", "never read").await;
        desk.ok("DeleteSecret", json!({ "SecretId": "s" })).await;
        same(&desk, &told["describe_secret_response"], "DescribeSecret", json!({ "SecretId": "s" })).await;
        let now = json!({ "SecretId": "s", "ForceDeleteWithoutRecovery": true });
        same(&desk, &told["force_delete_secret_response"], "DeleteSecret", now).await;
    }
}
