//! Secrets made, found, listed, changed and deleted.

use crate::desk::Desk;
use kit::{Context, Decider, Decision, Need};
use serde_json::json;
use std::sync::Arc;

#[tokio::test]
async fn a_secret_goes_by_its_name_and_its_arn() {
    let desk = Desk::new().await;
    let (arn, id) = desk.secret("app/db", "hush").await;
    for name in ["app/db", &arn, &arn[..arn.len() - 7]] {
        let value = desk.value(name).await;
        assert_eq!((&value["SecretString"], &value["VersionId"]), (&json!("hush"), &json!(id)), "{name}");
        assert_eq!(value["VersionStages"], json!(["AWSCURRENT"]));
    }
    // What ends as an ARN does is taken for one, as recorded.
    let (odd, _) = desk.secret("app-a1b2c3", "odd").await;
    let cut = desk.fault("GetSecretValue", json!({ "SecretId": &odd[..odd.len() - 7] })).await;
    assert_eq!(
        (cut.code.as_ref(), cut.message.as_str()),
        ("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
    );
    desk.ok("CreateSecret", json!({ "Name": "bytes", "SecretBinary": "AAEC/w==" })).await;
    let value = desk.value("bytes").await;
    assert_eq!((&value["SecretBinary"], value.get("SecretString")), (&json!("AAEC/w=="), None));
}

#[tokio::test]
async fn a_request_that_comes_twice_makes_one_version() {
    let desk = Desk::new().await;
    let token = "11111111-2222-3333-4444-555555555555";
    let make = |text: &str| json!({ "Name": "s", "SecretString": text, "ClientRequestToken": token });
    let first = desk.ok("CreateSecret", make("a")).await;
    assert_eq!(desk.ok("CreateSecret", make("a")).await["ARN"], first["ARN"]);
    assert_eq!(desk.fault("CreateSecret", make("b")).await.code, "ResourceExistsException");
    let put = |text: &str| json!({ "SecretId": "s", "SecretString": text, "ClientRequestToken": token });
    desk.ok("PutSecretValue", put("a")).await;
    let used = desk.fault("PutSecretValue", put("b")).await;
    assert!(used.message.starts_with(&format!("You can't use ClientRequestToken {token}")), "{used}");
    let versions = desk.ok("ListSecretVersionIds", json!({ "SecretId": "s" })).await;
    assert_eq!(versions["Versions"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_deletion_waits_and_can_be_taken_back() {
    let desk = Desk::new().await;
    desk.secret("s", "v").await;
    desk.ok("DeleteSecret", json!({ "SecretId": "s", "RecoveryWindowInDays": 7 })).await;
    let marked = desk.fault("GetSecretValue", json!({ "SecretId": "s" })).await;
    assert_eq!(marked.message, "You can't perform this operation on the secret because it was marked for deletion.");
    assert!(!desk.ok("DescribeSecret", json!({ "SecretId": "s" })).await["DeletedDate"].is_null());
    assert_eq!(desk.ok("ListSecrets", json!({})).await["SecretList"], json!([]));
    desk.ok("RestoreSecret", json!({ "SecretId": "s" })).await;
    desk.advance(8).await;
    assert_eq!(desk.value("s").await["SecretString"], "v", "what was taken back is not deleted");
    desk.ok("DeleteSecret", json!({ "SecretId": "s", "RecoveryWindowInDays": 7 })).await;
    desk.advance(8).await;
    assert_eq!(desk.fault("DescribeSecret", json!({ "SecretId": "s" })).await.code, "ResourceNotFoundException");
    desk.secret("s", "again").await;
    desk.ok("DeleteSecret", json!({ "SecretId": "s", "ForceDeleteWithoutRecovery": true })).await;
    desk.secret("s", "at once").await;
    // AWS's reference: a forced deletion of what isn't there is no error.
    let gone = desk.ok("DeleteSecret", json!({ "SecretId": "never", "ForceDeleteWithoutRecovery": true })).await;
    assert_eq!((&gone["Name"], &gone["ARN"]), (&json!("never"), &json!("arn:aws:secretsmanager:us-east-1:000000000000:secret:never")));
    assert_eq!(desk.fault("DeleteSecret", json!({ "SecretId": "never" })).await.code, "ResourceNotFoundException");
}

#[tokio::test]
async fn lists_are_filtered_and_paged() {
    let desk = Desk::new().await;
    for name in ["prod/a", "prod/b", "test/a"] {
        desk.ok("CreateSecret", json!({ "Name": name, "Tags": [{ "Key": "stage", "Value": &name[..4] }] })).await;
    }
    let names = async |input: serde_json::Value| -> Vec<String> {
        let listed = desk.ok("ListSecrets", input).await;
        listed["SecretList"].as_array().unwrap().iter().map(|s| s["Name"].as_str().unwrap().to_owned()).collect()
    };
    let by = |key: &str, value: &str| json!({ "SortBy": "name", "Filters": [{ "Key": key, "Values": [value] }] });
    assert_eq!(names(by("name", "prod/")).await, ["prod/a", "prod/b"]);
    assert_eq!(names(by("name", "!prod/")).await, ["test/a"]);
    assert_eq!(names(by("tag-value", "test")).await, ["test/a"]);
    let first = desk.ok("ListSecrets", json!({ "MaxResults": 2, "SortBy": "name", "SortOrder": "desc" })).await;
    assert_eq!(first["SecretList"][0]["Name"], "test/a");
    let rest = json!({ "MaxResults": 2, "SortBy": "name", "SortOrder": "desc", "NextToken": first["NextToken"] });
    assert_eq!(names(rest).await, ["prod/a"]);
    // Each order has a moment of its own.
    for (day, name) in ["test/a", "prod/b", "prod/a"].into_iter().enumerate() {
        desk.advance(1).await;
        desk.ok("PutSecretValue", json!({ "SecretId": name, "SecretString": "v" })).await;
        if day < 2 {
            desk.value(name).await;
        }
    }
    desk.advance(1).await;
    desk.value("test/a").await;
    assert_eq!(names(json!({ "SortBy": "last-changed-date" })).await, ["prod/a", "prod/b", "test/a"]);
    assert_eq!(names(json!({ "SortBy": "last-accessed-date" })).await, ["test/a", "prod/b", "prod/a"]);
    assert_eq!(names(json!({ "SortBy": "last-accessed-date", "SortOrder": "asc" })).await, ["prod/a", "prod/b", "test/a"]);
}

#[tokio::test]
async fn passwords_have_what_is_asked_of_them() {
    let desk = Desk::new().await;
    let ask = json!({ "PasswordLength": 12, "ExcludePunctuation": true, "ExcludeCharacters": "abcdef0" });
    let password = desk.ok("GetRandomPassword", ask).await["RandomPassword"].as_str().unwrap().to_owned();
    assert_eq!(password.len(), 12);
    assert!(password.chars().all(|c| c.is_ascii_alphanumeric() && !"abcdef0".contains(c)), "{password}");
    for kind in [char::is_lowercase, char::is_uppercase, |c: char| c.is_ascii_digit()] {
        assert!(password.chars().any(kind), "{password} lacks a kind");
    }
    let none = json!({ "PasswordLength": 2 });
    assert_eq!(desk.fault("GetRandomPassword", none).await.code, "InvalidParameterException");
}

#[tokio::test]
async fn policies_are_kept_and_public_ones_refused_where_asked() {
    let desk = Desk::new().await;
    desk.secret("s", "v").await;
    let policy = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Principal": "*", "Action": "secretsmanager:GetSecretValue", "Resource": "*" }] });
    let put = |block: bool| json!({ "SecretId": "s", "ResourcePolicy": policy.to_string(), "BlockPublicPolicy": block });
    assert_eq!(desk.fault("PutResourcePolicy", put(true)).await.code, "PublicPolicyException");
    desk.ok("PutResourcePolicy", put(false)).await;
    let told = desk.ok("GetResourcePolicy", json!({ "SecretId": "s" })).await;
    assert_eq!(told["ResourcePolicy"], policy.to_string());
    // A condition that anybody meets narrows nothing; one that fixes an account does.
    for (condition, public) in [
        (json!({ "StringLike": { "aws:PrincipalArn": "*" } }), true),
        (json!({ "StringEquals": { "aws:SourceAccount": "111111111111" } }), false),
    ] {
        let mut narrowed = policy.clone();
        narrowed["Statement"][0]["Condition"] = condition;
        let put = json!({ "SecretId": "s", "ResourcePolicy": narrowed.to_string(), "BlockPublicPolicy": true });
        assert_eq!(desk.call("PutResourcePolicy", put).await.is_err(), public, "{narrowed}");
    }
    desk.ok("PutResourcePolicy", put(false)).await;
    let broken = json!({ "SecretId": "s", "ResourcePolicy": "{" });
    assert_eq!(desk.fault("PutResourcePolicy", broken).await.code, "MalformedPolicyDocumentException");
    desk.ok("DeleteResourcePolicy", json!({ "SecretId": "s" })).await;
    assert!(desk.ok("GetResourcePolicy", json!({ "SecretId": "s" })).await.get("ResourcePolicy").is_none());
}

/// Forbids reading of secrets whose name begins with `no`, and of those that have a tag `team`; knows the rest by its keys.
struct NotThose;

impl Decider for NotThose {
    fn decide(&self, _: &Context, need: &Need, _: Option<&str>) -> Decision {
        let has = |key: &str| need.keys.iter().any(|(name, _)| &**name == key);
        let whole = has("secretsmanager:SecretId") && has("secretsmanager:VersionStage");
        let forbidden = need.resource.contains(":secret:no") || has("aws:ResourceTag/team") || !whole;
        let refused = need.action == "secretsmanager:GetSecretValue" && forbidden;
        Decision { allowed: !refused, message: "not that one".into(), statement: None }
    }
    fn explain(&self, _: &Context, _: &Need, _: Option<&str>) -> String {
        "secrets that begin with no".into()
    }
}

#[tokio::test]
async fn each_secret_of_several_needs_its_own_permission() {
    let desk = Desk::new().await;
    desk.secret("yes", "v").await;
    desk.secret("no", "v").await;
    desk.cloud.set_decider(Arc::new(NotThose));
    assert_eq!(desk.fault("GetSecretValue", json!({ "SecretId": "no" })).await.code, "AccessDeniedException");
    desk.ok("CreateSecret", json!({ "Name": "tagged", "SecretString": "v", "Tags": [{ "Key": "team", "Value": "blue" }] })).await;
    let tagged = desk.ok("BatchGetSecretValue", json!({ "SecretIdList": ["tagged"] })).await;
    assert_eq!(tagged["Errors"][0]["ErrorCode"], "AccessDeniedException", "conditions count for one of several, too");
    assert_eq!(desk.fault("BatchGetSecretValue", json!({})).await.code, "InvalidParameterException");
    let batch = desk.ok("BatchGetSecretValue", json!({ "SecretIdList": ["yes", "no", "gone"] })).await;
    assert_eq!(batch["SecretValues"][0]["SecretString"], "v");
    let codes: Vec<_> = batch["Errors"].as_array().unwrap().iter().map(|e| e["ErrorCode"].as_str().unwrap()).collect();
    assert_eq!(codes, ["AccessDeniedException", "ResourceNotFoundException"]);
}
