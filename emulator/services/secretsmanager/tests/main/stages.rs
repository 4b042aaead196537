//! Staging labels: what moves them, by itself and by hand.

use crate::desk::Desk;
use serde_json::{Value, json};

/// Labels of each version that has some, by the number of its coming.
async fn labels(desk: &Desk) -> Value {
    let listed = desk.ok("ListSecretVersionIds", json!({ "SecretId": "s" })).await;
    listed["Versions"].as_array().unwrap().iter().map(|v| v["VersionStages"].clone()).collect()
}

async fn put(desk: &Desk, text: &str, stages: Value) -> String {
    let mut input = json!({ "SecretId": "s", "SecretString": text });
    if !stages.is_null() {
        input["VersionStages"] = stages;
    }
    desk.ok("PutSecretValue", input).await["VersionId"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_new_value_takes_the_label_over() {
    let desk = Desk::new().await;
    desk.secret("s", "one").await;
    put(&desk, "two", Value::Null).await;
    assert_eq!(labels(&desk).await, json!([["AWSPREVIOUS"], ["AWSCURRENT"]]));
    put(&desk, "three", Value::Null).await;
    assert_eq!(labels(&desk).await, json!([["AWSPREVIOUS"], ["AWSCURRENT"]]), "a version without labels is not listed");
    let all = desk.ok("ListSecretVersionIds", json!({ "SecretId": "s", "IncludeDeprecated": true })).await;
    assert_eq!(all["Versions"].as_array().unwrap().len(), 3);
    let before = desk.ok("GetSecretValue", json!({ "SecretId": "s", "VersionStage": "AWSPREVIOUS" })).await;
    assert_eq!(before["SecretString"], "two");
}

#[tokio::test]
async fn a_pending_value_becomes_the_current_one_by_hand() {
    let desk = Desk::new().await;
    let (_, first) = desk.secret("s", "one").await;
    let second = put(&desk, "two", json!(["AWSPENDING"])).await;
    assert_eq!(desk.value("s").await["SecretString"], "one");
    let blind = json!({ "SecretId": "s", "VersionStage": "AWSCURRENT", "MoveToVersionId": second });
    assert!(desk.fault("UpdateSecretVersionStage", blind.clone()).await.message.contains("RemoveFromVersionId can't be empty"));
    let mut seeing = blind;
    seeing["RemoveFromVersionId"] = json!(first);
    desk.ok("UpdateSecretVersionStage", seeing).await;
    assert_eq!(labels(&desk).await, json!([["AWSPREVIOUS"], ["AWSCURRENT", "AWSPENDING"]]));
    put(&desk, "three", json!(["AWSPENDING"])).await;
    assert_eq!(labels(&desk).await, json!([["AWSPREVIOUS"], ["AWSCURRENT"], ["AWSPENDING"]]));
    let away = json!({ "SecretId": "s", "VersionStage": "AWSCURRENT", "RemoveFromVersionId": second });
    assert_eq!(desk.fault("UpdateSecretVersionStage", away).await.code, "InvalidParameterException");
}

#[tokio::test]
async fn descriptions_change_without_a_version() {
    let desk = Desk::new().await;
    desk.secret("s", "one").await;
    let told = desk.ok("UpdateSecret", json!({ "SecretId": "s", "Description": "mine" })).await;
    assert!(told.get("VersionId").is_none());
    assert_eq!(desk.ok("DescribeSecret", json!({ "SecretId": "s" })).await["Description"], "mine");
    desk.ok("UpdateSecret", json!({ "SecretId": "s", "SecretString": "two" })).await;
    assert_eq!(
        (desk.value("s").await["SecretString"].clone(), labels(&desk).await),
        (json!("two"), json!([["AWSPREVIOUS"], ["AWSCURRENT"]]))
    );
}

#[tokio::test]
async fn a_secret_has_twenty_labels_at_most() {
    let desk = Desk::new().await;
    desk.ok("CreateSecret", json!({ "Name": "s" })).await;
    let labels = |from: usize, n: usize| (from..from + n).map(|n| format!("l{n}")).collect::<Vec<_>>();
    // The first value has AWSCURRENT beside those that are asked for.
    let many = json!({ "SecretId": "s", "SecretString": "one", "VersionStages": labels(0, 20) });
    assert_eq!(desk.fault("PutSecretValue", many).await.code, "LimitExceededException");
    put(&desk, "one", json!(labels(0, 19))).await;
    let more = json!({ "SecretId": "s", "SecretString": "two", "VersionStages": labels(19, 1) });
    assert_eq!(desk.fault("PutSecretValue", more).await.code, "LimitExceededException", "all versions count");
    // A label that moves is none more.
    put(&desk, "two", json!(labels(0, 5))).await;
}
