//! Recordings of resource policies.

use super::{Shot, Table, create, done, helped};
use crate::desk::Desk;
use serde_json::{Value, json};

pub const TABLE: Table = &[
    ("TestLambdaPermissions::test_permission_exceptions", done!(exceptions)),
    ("TestLambdaPermissions::test_add_lambda_permission_aws", done!(aws)),
    ("TestLambdaPermissions::test_lambda_permission_fn_versioning", done!(versioning)),
    ("TestLambdaPermissions::test_add_lambda_permission_fields", done!(fields)),
    ("TestLambdaPermissions::test_remove_multi_permissions", done!(removed)),
    ("TestLambdaPermissions::test_create_multiple_lambda_permissions", done!(several)),
];

/// A function `f`.
async fn desk() -> Desk {
    let desk = Desk::new().await;
    desk.ok("CreateFunction", create(helped())).await;
    desk
}

fn with(mut input: Value, more: Value) -> Value {
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    input
}

fn invoke(id: &str, principal: &str, more: Value) -> Value {
    with(json!({ "FunctionName": "f", "Action": "lambda:InvokeFunction", "StatementId": id, "Principal": principal }), more)
}

/// What most recordings add.
fn s3(more: Value) -> Value {
    with(invoke("s3", "s3.amazonaws.com", json!({ "SourceArn": "arn:aws:s3:::test-bucket" })), more)
}

async fn exceptions(shot: Shot) {
    let desk = desk().await;
    let add = async |label: &str, input: Value| shot.call(&desk, label, "AddPermission", input).await;
    add("add_permission_invalid_statement_id", invoke("example.com", "s3.amazonaws.com", json!({}))).await;
    add("add_permission_fn_qualifier_mismatch", s3(json!({ "FunctionName": "f:alias-not-42", "Qualifier": "42" }))).await;
    add("add_permission_fn_qualifier_latest", s3(json!({ "FunctionName": "f:$LATEST", "Qualifier": "$LATEST" }))).await;
    let nobody = invoke("lambda", "invalid.nonaws.com", json!({ "SourceAccount": "000000000000" }));
    add("add_permission_principal_invalid", nobody).await;
    shot.call(&desk, "get_policy_fn_doesnotexist", "GetPolicy", json!({ "FunctionName": "doesnotexist" })).await;
    shot.call(&desk, "get_policy_fn_version_doesnotexist", "GetPolicy", json!({ "FunctionName": "f", "Qualifier": "77" })).await;
    add("add_permission_fn_doesnotexist", s3(json!({ "FunctionName": "doesnotexist" }))).await;
    let remove = |function: &str| json!({ "FunctionName": function, "StatementId": "s3" });
    shot.call(&desk, "remove_permission_policy_doesnotexist", "RemovePermission", remove("f")).await;
    add("add_permission_fn_alias_doesnotexist", s3(json!({ "FunctionName": "f:alias-doesnotexist" }))).await;
    add("add_permission_fn_version_doesnotexist", s3(json!({ "Qualifier": "42" }))).await;
    add("add_permission_fn_qualifier_invalid", s3(json!({ "Qualifier": "invalid-qualifier-with-?-char" }))).await;
    add("add_permission_fn_qualifier_valid_doesnotexist", s3(json!({ "Qualifier": "valid-with-$-but-doesnotexist" }))).await;
    desk.ok("AddPermission", s3(json!({}))).await;
    add("add_permission_conflicting_statement_id", s3(json!({}))).await;
    shot.call(&desk, "remove_permission_fn_doesnotexist", "RemovePermission", remove("doesnotexist")).await;
    let alias = with(remove("f"), json!({ "Qualifier": "alias-doesnotexist" }));
    shot.call(&desk, "remove_permission_fn_alias_doesnotexist", "RemovePermission", alias).await;
}

async fn aws(shot: Shot) {
    let desk = Desk::new().await;
    shot.make(&desk, "create_lambda", helped()).await;
    shot.call(&desk, "add_permission", "AddPermission", s3(json!({}))).await;
    shot.call(&desk, "get_policy", "GetPolicy", json!({ "FunctionName": "f" })).await;
}

async fn versioning(shot: Shot) {
    let desk = desk().await;
    let f = |qualifier: Option<&str>| qualifier.map_or(json!({ "FunctionName": "f" }), |q| json!({ "FunctionName": "f", "Qualifier": q }));
    shot.call(&desk, "add_permission", "AddPermission", s3(json!({}))).await;
    shot.call(&desk, "get_policy", "GetPolicy", f(None)).await;
    shot.call(&desk, "publish_version_result", "PublishVersion", f(None)).await;
    shot.call(&desk, "get_function_result_after_publishing", "GetFunction", f(None)).await;
    shot.call(&desk, "get_policy_after_publishing_latest", "GetPolicy", f(None)).await;
    shot.call(&desk, "get_policy_after_publishing_new_version", "GetPolicy", f(Some("1"))).await;
    desk.ok("AddPermission", s3(json!({ "FunctionName": "f:1", "Qualifier": "1" }))).await;
    shot.call(&desk, "get_policy_version", "GetPolicy", f(Some("1"))).await;
    let alias = json!({ "FunctionName": "f", "Name": "permission-alias", "FunctionVersion": "1" });
    let made = shot.call(&desk, "create_alias_response", "CreateAlias", alias).await;
    shot.call(&desk, "get_alias", "GetAlias", json!({ "FunctionName": "f", "Name": "permission-alias" })).await;
    let wrong = s3(json!({ "Qualifier": "permission-alias", "RevisionId": "wrong" }));
    shot.call(&desk, "add_permission_alias_revision_exception", "AddPermission", wrong).await;
    let right = s3(json!({ "FunctionName": "f:permission-alias", "Qualifier": "permission-alias", "RevisionId": made["RevisionId"] }));
    desk.ok("AddPermission", right).await;
    shot.call(&desk, "get_policy_alias", "GetPolicy", f(Some("permission-alias"))).await;
    let policy = shot.call(&desk, "get_policy_after_adding_to_new_version", "GetPolicy", f(None)).await;
    desk.ok("AddPermission", s3(json!({ "StatementId": "s3_2", "RevisionId": policy["RevisionId"] }))).await;
    shot.call(&desk, "get_policy_after_adding_2", "GetPolicy", f(None)).await;
}

async fn fields(shot: Shot) {
    let desk = desk().await;
    let account = json!({ "SourceAccount": "000000000000" });
    let add = async |label: &str, input: Value| shot.call(&desk, label, "AddPermission", input).await;
    add("add_permission_principal_wildcard", invoke("wilcard", "*", account.clone())).await;
    add("add_permission_principal_service", invoke("lambda", "lambda.amazonaws.com", account.clone())).await;
    add("add_permission_principal_account", invoke("account-id", "000000000000", json!({}))).await;
    add("add_permission_principal_arn", invoke("user-arn", "arn:aws:iam::000000000000:user/me", account.clone())).await;
    let url = json!({
        "FunctionName": "f", "StatementId": "urlPermission", "Action": "lambda:InvokeFunctionUrl", "Principal": "*",
        "SourceArn": "arn:aws:s3:::test-bucket", "SourceAccount": "000000000000", "PrincipalOrgID": "o-1234567890", "FunctionUrlAuthType": "NONE",
    });
    add("add_permission_optional_fields", url).await;
    let token = json!({ "EventSourceToken": "amzn1.ask.skill.xxxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx" });
    add("add_permission_alexa_skill", invoke("alexaSkill", "*", token)).await;
}

async fn removed(shot: Shot) {
    let desk = desk().await;
    let f = || json!({ "FunctionName": "f" });
    let remove = |id: &str| json!({ "FunctionName": "f", "StatementId": id });
    shot.call(&desk, "add_permission_1", "AddPermission", invoke("s3", "s3.amazonaws.com", json!({}))).await;
    let second = invoke("sqs", "sqs.amazonaws.com", json!({ "SourceArn": "arn:aws:s3:::test-bucket" }));
    shot.call(&desk, "add_permission_2", "AddPermission", second).await;
    shot.call(&desk, "policy_after_2_add", "GetPolicy", f()).await;
    shot.call(&desk, "remove_permission_exception_nonexisting_sid", "RemovePermission", remove("non-existent")).await;
    desk.ok("RemovePermission", remove("sqs")).await;
    shot.call(&desk, "policy_after_removal", "GetPolicy", f()).await;
    let policy = shot.call(&desk, "policy_after_removal_attempt", "GetPolicy", f()).await;
    desk.ok("RemovePermission", with(remove("s3"), json!({ "RevisionId": policy["RevisionId"] }))).await;
    shot.call(&desk, "get_policy_exception_removed_all", "GetPolicy", f()).await;
}

async fn several(shot: Shot) {
    let desk = desk().await;
    shot.call(&desk, "add_permission_response_1", "AddPermission", invoke("logs", "logs.amazonaws.com", json!({}))).await;
    shot.call(&desk, "add_permission_response_2", "AddPermission", invoke("kinesis", "kinesis.amazonaws.com", json!({}))).await;
    shot.call(&desk, "policy_after_2_add", "GetPolicy", json!({ "FunctionName": "f" })).await;
}
