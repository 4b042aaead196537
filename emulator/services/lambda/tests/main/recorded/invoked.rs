//! Recordings of invocations: what comes back, what is logged, versions and aliases that run. The functions are closures of this process.

use super::{Shot, Table, answer, create, done, helped};
use crate::desk::{Desk, ROLE, World, base64, decode};
use kit::{ClockMode, Cloud, Timestamp};
use lambda::in_process::{HandlerError, Invocation, package};
use serde_json::{Value, json};
use std::sync::Arc;

pub const TABLE: Table = &[
    ("TestLambdaFeatures::test_invocation_with_logs", done!(logs)),
    ("TestLambdaFeatures::test_invocation_type_request_response", done!(request_response)),
    ("TestLambdaFeatures::test_invocation_type_event", done!(event)),
    ("TestLambdaFeatures::test_invocation_type_dry_run", done!(dry_run)),
    ("TestLambdaFeatures::test_invocation_type_no_return_payload", done!(no_payload)),
    ("TestLambdaFeatures::test_invoke_exceptions", done!(no_function)),
    ("TestLambdaErrors::test_lambda_invoke_payload_encoding_error", done!(unreadable)),
    ("TestLambdaErrors::test_lambda_runtime_exit", done!(exits)),
    ("TestLambdaErrors::test_lambda_handler_exit", done!(exits)),
    ("TestLambdaBaseFeatures::test_function_state", done!(state)),
    ("TestLambdaBaseFeatures::test_lambda_too_large_response", done!(too_large)),
    ("TestLambdaBaseFeatures::test_lambda_different_iam_keys_environment", done!(made)),
    ("TestLambdaBehavior::test_lambda_invoke_with_timeout", done!(timeout)),
    ("TestLambdaBehavior::test_lambda_invoke_no_timeout", done!(no_timeout)),
    ("TestLambdaVersions::test_lambda_versions_with_code_changes", done!(versions)),
    ("TestLambdaAliases::test_lambda_alias_moving", done!(alias)),
    ("TestLambdaAliases::test_alias_routingconfig", done!(routing)),
    ("TestLambdaCleanup::test_recreate_function", done!(again)),
    ("TestRequestIdHandling::test_request_id_invoke", done!(request_id)),
    ("TestRequestIdHandling::test_request_id_async_invoke_with_retry", done!(request_id_retry)),
];

/// What a recording's functions do, by the name of the package.
const CLOSURES: &[&str] = &["echo", "none", "hang", "fail", "request-id", "version1", "version2", "version3"];

/// A desk whose lambda knows the closures, on a frozen clock.
pub async fn desk() -> Desk {
    let lambda = lambda::Lambda::new();
    for name in CLOSURES {
        lambda.register(name, move |event: Value, invocation: Invocation| run(name, event, invocation)).unwrap();
    }
    let start = Timestamp::from_secs(1_700_000_000);
    let cloud = Cloud::builder().start_at(start).mode(ClockMode::Frozen).service(Arc::new(lambda)).start().await.unwrap();
    Desk::over(cloud, Arc::new(World::default()))
}

async fn run(name: &str, event: Value, invocation: Invocation) -> Result<Value, HandlerError> {
    match name {
        "none" => Ok(Value::Null),
        "hang" => std::future::pending().await,
        "fail" => Err(HandlerError::new("Exception", event["raise"].as_str().unwrap_or("intentional failure"))),
        "request-id" => {
            invocation.log(format!("[INFO]\t2023-11-14T22:13:20.000Z\t{}\tRequestId log message", invocation.request_id));
            Ok(invocation.request_id.clone().into())
        }
        version if version.starts_with("version") => {
            Ok(json!({ "version_id": version, "invoked_arn": invocation.function_arn, "version_from_ctx": invocation.version }))
        }
        _ => {
            invocation.log(event.to_string());
            Ok(event)
        }
    }
}

/// The code of a closure.
pub fn code(closure: &str) -> Value {
    json!({ "ZipFile": base64(&package(closure).unwrap()) })
}

fn with(mut input: Value, more: Value) -> Value {
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    input
}
pub fn f(more: Value) -> Value {
    with(json!({ "FunctionName": "f" }), more)
}

/// A function of a closure, as the recordings' helper makes it.
pub async fn function(desk: &Desk, closure: &str) {
    desk.ok("CreateFunction", create(with(helped(), json!({ "Code": code(closure) })))).await;
}

/// Invokes, and gives the answer as boto3 does: a payload that is no object or list as its text.
pub async fn invoke(desk: &Desk, input: Value) -> Value {
    let payload = |told: &Value| String::from_utf8(decode(told["Payload"].as_str().unwrap_or(""))).unwrap();
    let mut told = match desk.call("Invoke", input).await {
        Ok(told) => told,
        fault => return answer(fault),
    };
    let text = payload(&told);
    let parsed = serde_json::from_str(&text).ok().filter(|value: &Value| value.is_object() || value.is_array());
    told["Payload"] = parsed.unwrap_or(text.into());
    told
}

async fn invoked(shot: &Shot, desk: &Desk, label: &str, input: Value) {
    shot.same(label, &invoke(desk, input).await);
}

fn event_of(event: Value) -> Value {
    base64(event.to_string().as_bytes()).into()
}

async fn logs(shot: Shot) {
    if shot.parameter.starts_with("nodejs") {
        // The line's form is that of Node's console: see runtimes.rs.
        return ["invoke", "logs"].into_iter().for_each(|label| shot.by_hand(label));
    }
    let desk = desk().await;
    function(&desk, "echo").await;
    let told = invoke(&desk, f(json!({ "LogType": "Tail", "Payload": event_of(json!({})) }))).await;
    let lines = String::from_utf8(decode(told["LogResult"].as_str().unwrap())).unwrap();
    let lines: Vec<&str> = lines.split_inclusive('\n').filter(|line| !line.starts_with("INIT_START")).collect();
    shot.same("logs", &json!({ "logs": lines }));
    shot.same("invoke", &with(told, json!({ "LogResult": "log-result" })));
}

/// One invocation of a type.
async fn of_type(shot: Shot, closure: &str, kind: &str) {
    let desk = desk().await;
    function(&desk, closure).await;
    invoked(&shot, &desk, "invoke-result", f(json!({ "InvocationType": kind, "Payload": event_of(json!({})) }))).await;
    desk.settle().await;
    assert_eq!(desk.invocations().len(), usize::from(kind != "DryRun"));
}
async fn request_response(shot: Shot) {
    of_type(shot, "echo", "RequestResponse").await;
}
async fn event(shot: Shot) {
    of_type(shot, "echo", "Event").await;
}
async fn dry_run(shot: Shot) {
    of_type(shot, "echo", "DryRun").await;
}
async fn no_payload(shot: Shot) {
    let kind = shot.parameter.split_once('-').unwrap().1.to_owned();
    of_type(shot, "none", &kind).await;
}

async fn no_function(shot: Shot) {
    let desk = desk().await;
    let label = "invoke_function_doesnotexist";
    if !shot.recorded(label)["Error"]["Message"].as_str().unwrap().ends_with(":$LATEST") {
        // Of 2023: the recording of 2025 of the same call has the version.
        return shot.by_hand(label);
    }
    shot.call(&desk, label, "Invoke", json!({ "FunctionName": "doesnotexist", "Payload": event_of(json!({})) })).await;
}

async fn unreadable(shot: Shot) {
    let desk = desk().await;
    function(&desk, "echo").await;
    let (kind, bytes): (&str, &[u8]) = match shot.parameter.starts_with("body") {
        true => ("body", b"n\x87r\x9e\xe9\xb5\xd7I\xee\x9bmt"),
        false => ("message", b"\x99\xeb,j\x07\xa1zYh"),
    };
    let label = format!("invoke_function_invalid_payload_{kind}");
    shot.call(&desk, &label, "Invoke", f(json!({ "Payload": base64(bytes) }))).await;
}

async fn exits(shot: Shot) {
    let desk = Desk::new().await;
    desk.function("f", json!({})).await;
    invoked(&shot, &desk, "invocation_error", f(json!({ "Payload": event_of(json!("exit-quietly")) }))).await;
}

async fn state(shot: Shot) {
    let desk = desk().await;
    let input = json!({
        "FunctionName": "f", "Runtime": "python3.12", "Handler": "handler.handler", "Role": ROLE, "Code": code("echo"),
    });
    shot.call(&desk, "create-fn-response", "CreateFunction", input).await;
    shot.call(&desk, "get-fn-response", "GetFunction", f(json!({}))).await;
}

async fn too_large(shot: Shot) {
    let desk = Desk::new().await;
    desk.function("f", json!({ "Timeout": 30 })).await;
    for label in ["invoke_result", "invoke_result_2"] {
        invoked(&shot, &desk, label, f(json!({ "Payload": event_of(json!("large")) }))).await;
    }
}

async fn made(shot: Shot) {
    let desk = desk().await;
    shot.make(&desk, "create-result", helped()).await;
}

async fn timeout(shot: Shot) {
    // The time is real here: a second.
    let desk = Desk::new().await;
    shot.make(&desk, "create-result", with(helped(), json!({ "Timeout": 1 }))).await;
    desk.ok("DeleteFunction", f(json!({}))).await;
    desk.function("f", json!({ "Timeout": 1 })).await;
    invoked(&shot, &desk, "invoke-result", f(json!({ "Payload": event_of(json!("hang")) }))).await;
}

async fn no_timeout(shot: Shot) {
    let desk = desk().await;
    shot.make(&desk, "create-result", with(helped(), json!({ "Timeout": 2, "Code": code("none") }))).await;
    invoked(&shot, &desk, "invoke-result", f(json!({}))).await;
}

/// A function whose first version is published.
fn first(closure: &str, publish: bool) -> Value {
    create(json!({ "Handler": "handler.handler", "Description": "No version :(", "Code": code(closure), "Publish": publish }))
}

async fn versions(shot: Shot) {
    let desk = desk().await;
    shot.call(&desk, "create_response", "CreateFunction", first("version1", false)).await;
    let publish = |text: &str| f(json!({ "Description": text }));
    shot.call(&desk, "first_publish_response", "PublishVersion", publish("First version description :)")).await;
    let update = |closure: &str, publish: bool| f(with(code(closure), json!({ "Publish": publish })));
    shot.call(&desk, "update_lambda_response", "UpdateFunctionCode", update("version2", false)).await;
    let on = |qualifier: &str| f(json!({ "Qualifier": qualifier }));
    invoked(&shot, &desk, "invocation_result_latest", f(json!({}))).await;
    invoked(&shot, &desk, "invocation_result_v1", on("1")).await;
    shot.call(&desk, "second_publish_response", "PublishVersion", publish("Second version description :)")).await;
    invoked(&shot, &desk, "invocation_result_v2", on("2")).await;
    shot.call(&desk, "update_lambda_response_with_publish", "UpdateFunctionCode", update("version3", true)).await;
    invoked(&shot, &desk, "invocation_result_v3", on("3")).await;
    invoked(&shot, &desk, "invocation_result_latest_end", f(json!({}))).await;
    invoked(&shot, &desk, "invocation_result_v2_end", on("2")).await;
    invoked(&shot, &desk, "invocation_result_v1_end", on("1")).await;
}

async fn alias(shot: Shot) {
    let desk = desk().await;
    shot.call(&desk, "create_response", "CreateFunction", first("version1", false)).await;
    desk.ok("PublishVersion", f(json!({ "Description": "First version description :)" }))).await;
    let to = |version: &str| f(json!({ "Name": "alias1", "FunctionVersion": version }));
    let arn = shot.call(&desk, "create_alias_response", "CreateAlias", to("1")).await["AliasArn"].clone();
    let on_alias = || f(json!({ "Qualifier": "alias1" }));
    invoked(&shot, &desk, "invocation_result_qualifier_v1", on_alias()).await;
    invoked(&shot, &desk, "invocation_result_qualifier_v1_arn", json!({ "FunctionName": arn })).await;
    shot.call(&desk, "update_lambda_response", "UpdateFunctionCode", f(code("version2"))).await;
    invoked(&shot, &desk, "invocation_result_qualifier_v1_after_update", on_alias()).await;
    let publish = f(json!({ "Description": "Second version description :)" }));
    shot.call(&desk, "second_publish_response", "PublishVersion", publish).await;
    invoked(&shot, &desk, "invocation_result_qualifier_v1_after_publish", on_alias()).await;
    shot.call(&desk, "update_alias_response", "UpdateAlias", to("2")).await;
    invoked(&shot, &desk, "invocation_result_qualifier_v2", on_alias()).await;
    shot.call(&desk, "invocation_exc_not_existent", "Invoke", f(json!({ "Qualifier": "non-existent-alias" }))).await;
}

async fn routing(shot: Shot) {
    let desk = desk().await;
    desk.ok("CreateFunction", first("version1", true)).await;
    desk.ok("UpdateFunctionCode", f(with(code("version2"), json!({ "Publish": true })))).await;
    let input = json!({ "Name": "alias1", "FunctionVersion": "1", "RoutingConfig": { "AdditionalVersionWeights": { "2": 0.5 } } });
    shot.call(&desk, "create_alias_response", "CreateAlias", f(input)).await;
    let mut ran = std::collections::BTreeSet::new();
    for _ in 0..60 {
        ran.insert(invoke(&desk, f(json!({ "Qualifier": "alias1" }))).await["ExecutedVersion"].to_string());
    }
    assert_eq!(ran.len(), 2, "both versions run");
}

async fn again(shot: Shot) {
    let desk = desk().await;
    let input = || with(helped(), json!({ "Handler": "lambda_echo.handler", "Code": code("echo") }));
    shot.make(&desk, "create_function_response_one", input()).await;
    desk.ok("DeleteFunction", f(json!({}))).await;
    shot.make(&desk, "create_function_response_two", input()).await;
}

/// The log's lines but for the environment's own first.
fn lines(desk: &Desk) -> Vec<String> {
    desk.lines().into_iter().map(|line| line.trim_end_matches(['\t', '\n']).to_owned()).filter(|l| !l.starts_with("INIT_START")).collect()
}

async fn request_id(shot: Shot) {
    let desk = desk().await;
    function(&desk, "request-id").await;
    invoked(&shot, &desk, "invoke_result", f(json!({}))).await;
    desk.settle().await;
    shot.same("log_entries", &json!({ "logs": lines(&desk) }));
}

async fn request_id_retry(shot: Shot) {
    let desk = desk().await;
    function(&desk, "fail").await;
    desk.ok("PutFunctionEventInvokeConfig", f(json!({ "MaximumRetryAttempts": 1 }))).await;
    invoked(&shot, &desk, "invoke_result", f(json!({ "InvocationType": "Event" }))).await;
    desk.advance(120).await;
    let ends: Vec<String> = lines(&desk).into_iter().filter(|line| line.starts_with("END")).collect();
    assert_eq!(ends[0], ends[1], "the id stays");
    shot.same("end_messages", &json!(ends));
}
