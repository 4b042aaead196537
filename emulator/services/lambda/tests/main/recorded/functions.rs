//! Recordings of functions themselves.

use super::{Shot, Table, code, create, done, helped};
use crate::desk::{Desk, decode};
use serde_json::{Value, json};

pub const TABLE: Table = &[
    ("TestLambdaFunction::test_function_lifecycle", done!(lifecycle)),
    ("TestLambdaFunction::test_redundant_updates", done!(redundant)),
    ("TestLambdaFunction::test_ops_with_arn_qualifier_mismatch", done!(mismatch)),
    ("TestLambdaFunction::test_ops_on_nonexisting_version", done!(no_version)),
    ("TestLambdaFunction::test_delete_on_nonexisting_version", done!(delete_no_version)),
    ("TestLambdaFunction::test_ops_on_nonexisting_fn", done!(no_function)),
    ("TestLambdaFunction::test_get_function_wrong_region", done!(wrong_region)),
    ("TestLambdaFunction::test_lambda_code_location_zipfile", done!(zip_file)),
    ("TestLambdaFunction::test_lambda_code_location_s3", done!(from_s3)),
    ("TestLambdaFunction::test_lambda_code_location_s3_errors", done!(s3_errors)),
];

fn with(mut input: Value, more: Value) -> Value {
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    input
}
fn f(more: Value) -> Value {
    with(json!({ "FunctionName": "f" }), more)
}

async fn lifecycle(shot: Shot) {
    let desk = Desk::new().await;
    shot.make(&desk, "create_response", with(helped(), json!({ "MemorySize": 256, "Timeout": 5 }))).await;
    shot.call(&desk, "get_function_response", "GetFunction", f(json!({}))).await;
    let update = f(json!({
        "Runtime": "python3.11", "Description": "Changed-Description", "MemorySize": 512, "Timeout": 10,
        "Environment": { "Variables": { "ENV_A": "a" } },
    }));
    shot.call(&desk, "update_func_conf_response", "UpdateFunctionConfiguration", update).await;
    shot.call(&desk, "get_function_response_postupdate", "GetFunction", f(json!({}))).await;
    shot.call(&desk, "update_code_response", "UpdateFunctionCode", f(json!({ "ZipFile": code("2") }))).await;
    shot.call(&desk, "get_function_response_postcodeupdate", "GetFunction", f(json!({}))).await;
    shot.call(&desk, "delete_response", "DeleteFunction", f(json!({}))).await;
    shot.call(&desk, "delete_postdelete", "DeleteFunction", f(json!({}))).await;
}

async fn redundant(shot: Shot) {
    let desk = Desk::new().await;
    shot.make(&desk, "create_response", with(helped(), json!({ "Description": "Initial description" }))).await;
    let update = || f(json!({ "Description": "1st update description" }));
    shot.call(&desk, "first_update_result", "UpdateFunctionConfiguration", update()).await;
    shot.call(&desk, "get_fn_config_result", "GetFunctionConfiguration", f(json!({}))).await;
    shot.call(&desk, "get_fn_result", "GetFunction", f(json!({}))).await;
    shot.call(&desk, "redundant_update_result", "UpdateFunctionConfiguration", update()).await;
    shot.call(&desk, "get_fn_result_after_redundant_update", "GetFunction", f(json!({}))).await;
}

/// The operation of a boto3 method.
fn operation(method: &str) -> String {
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    method.split('_').map(capital).collect()
}

async fn mismatch(shot: Shot) {
    let desk = Desk::new().await;
    let operation = operation(&shot.parameter);
    let of = |own: &str| json!({ "FunctionName": format!("arn:aws:lambda:us-east-1:000000000000:function:some-function:{own}"), "Qualifier": "$LATEST" });
    shot.call(&desk, "not_match_exception", &operation, of("1")).await;
    shot.call(&desk, "match_exception", &operation, of("$LATEST")).await;
}

async fn no_version(shot: Shot) {
    let desk = Desk::new().await;
    desk.ok("CreateFunction", create(helped())).await;
    shot.call(&desk, "version_not_found_exception", &operation(&shot.parameter), f(json!({ "Qualifier": "1221" }))).await;
}

async fn delete_no_version(shot: Shot) {
    let desk = Desk::new().await;
    desk.ok("CreateFunction", create(helped())).await;
    let version = || f(json!({ "Qualifier": "1233" }));
    desk.ok("DeleteFunction", version()).await;
    desk.ok("DeleteFunction", f(json!({}))).await;
    shot.call(&desk, "delete_function_response_non_existent", "DeleteFunction", f(json!({}))).await;
    shot.call(&desk, "delete_function_response_non_existent_with_qualifier", "DeleteFunction", version()).await;
}

async fn no_function(shot: Shot) {
    let desk = Desk::new().await;
    if desk.lacks(&operation(&shot.parameter)) {
        return shot.content.as_object().unwrap().keys().for_each(|label| shot.by_hand(label));
    }
    shot.call(&desk, "not_found_exception", &operation(&shot.parameter), f(json!({}))).await;
}

async fn wrong_region(shot: Shot) {
    let desk = Desk::new().await;
    if desk.lacks(&operation(&shot.parameter)) {
        return shot.content.as_object().unwrap().keys().for_each(|label| shot.by_hand(label));
    }
    desk.ok("CreateFunction", create(helped())).await;
    let elsewhere = json!({ "FunctionName": "arn:aws:lambda:eu-central-1:000000000000:function:f" });
    shot.call(&desk, "wrong_region_exception", &operation(&shot.parameter), elsewhere).await;
}

async fn zip_file(shot: Shot) {
    let desk = Desk::new().await;
    shot.make(&desk, "create-response-zip-file", json!({})).await;
    shot.call(&desk, "get-function-response", "GetFunction", f(json!({}))).await;
    shot.call(&desk, "update-function-response", "UpdateFunctionCode", f(json!({ "ZipFile": code("2") }))).await;
    updated(&shot, &desk).await;
}

/// AWS was still at it when it was asked again; here it is done.
async fn updated(shot: &Shot, desk: &Desk) {
    let mut got = desk.ok("GetFunction", f(json!({}))).await;
    assert_eq!(got["Configuration"]["LastUpdateStatus"], "Successful");
    let recorded = &shot.recorded("get-function-response-updated")["Configuration"];
    for member in ["LastUpdateStatus", "LastUpdateStatusReason", "LastUpdateStatusReasonCode"] {
        got["Configuration"][member] = recorded[member].clone();
    }
    shot.same("get-function-response-updated", &got);
}

fn put(desk: &Desk, text: &str) {
    desk.world.objects.lock().insert("box/code/f.zip".into(), decode(&code(text)).into());
}

async fn from_s3(shot: Shot) {
    let desk = Desk::new().await;
    let object = || json!({ "S3Bucket": "box", "S3Key": "code/f.zip" });
    put(&desk, "1");
    shot.make(&desk, "create_response_s3", json!({ "Code": object() })).await;
    shot.call(&desk, "get-function-response", "GetFunction", f(json!({}))).await;
    put(&desk, "2");
    shot.call(&desk, "update-function-response", "UpdateFunctionCode", f(object())).await;
    updated(&shot, &desk).await;
}

async fn s3_errors(shot: Shot) {
    let desk = Desk::new().await;
    put(&desk, "1");
    let object = |bucket: &str, key: &str| json!({ "S3Bucket": bucket, "S3Key": key });
    // That there is no such bucket is S3's to say; the stand-in has none to miss.
    shot.by_hand("create-error-wrong-bucket");
    shot.by_hand("update-error-wrong-bucket");
    let input = create(json!({ "Code": object("box", "non/existent.zip") }));
    shot.call(&desk, "create-error-wrong-key", "CreateFunction", input).await;
    desk.ok("CreateFunction", create(json!({ "Code": object("box", "code/f.zip") }))).await;
    shot.call(&desk, "update-error-wrong-key", "UpdateFunctionCode", f(object("box", "non/existent.zip"))).await;
}
