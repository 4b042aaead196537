//! Recordings of concurrency that is reserved or provisioned, as invocations meet it.

use super::{
    RULES, Shot, Table, done, helped,
    invoked::{code, desk, f, function, invoke},
};
use crate::desk::Desk;
use kit::ClockMode;
use serde_json::{Value, json};

pub const TABLE: Table = &[
    ("TestLambdaConcurrency::test_lambda_concurrency_block", done!(block)),
    ("TestLambdaConcurrency::test_lambda_concurrency_crud", done!(crud)),
    ("TestLambdaConcurrency::test_lambda_concurrency_update", done!(update)),
    ("TestLambdaConcurrency::test_reserved_concurrency", done!(reserved)),
    ("TestLambdaConcurrency::test_reserved_concurrency_async_queue", done!(queue)),
    ("TestLambdaConcurrency::test_provisioned_concurrency", done!(provisioned)),
    ("TestLambdaConcurrency::test_provisioned_concurrency_on_alias", done!(provisioned)),
    ("TestLambdaConcurrency::test_lambda_provisioned_concurrency_scheduling", done!(scheduling)),
    ("TestLambdaConcurrency::test_provisioned_concurrency_init_failure", done!(failure)),
    ("TestLambdaConcurrency::test_reserved_provisioned_overlap", done!(overlap)),
];

const PUT: &str = "PutFunctionConcurrency";
const GET: &str = "GetFunctionConcurrency";
const DELETE: &str = "DeleteFunctionConcurrency";
const PROVISION: &str = "PutProvisionedConcurrencyConfig";
const PROVISIONED: &str = "GetProvisionedConcurrencyConfig";

fn reserve(n: i32) -> Value {
    f(json!({ "ReservedConcurrentExecutions": n }))
}
fn provision(qualifier: &str, n: i32) -> Value {
    f(json!({ "Qualifier": qualifier, "ProvisionedConcurrentExecutions": n }))
}
fn on(qualifier: &str) -> Value {
    f(json!({ "Qualifier": qualifier }))
}
fn hello(more: Value) -> Value {
    let mut input = f(json!({ "Payload": crate::desk::base64(br#"{"hello":"world"}"#) }));
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    input
}

async fn block(shot: Shot) {
    let desk = desk().await;
    function(&desk, "echo").await;
    shot.call(&desk, "v1_result", "PublishVersion", f(json!({}))).await;
    shot.call(&desk, "reserved_concurrency_result", PUT, reserve(1)).await;
    shot.same("invoke_latest_before_block", &invoke(&desk, hello(json!({}))).await);
    shot.call(&desk, "provisioned_concurrency_result", PROVISION, provision("1", 1)).await;
    desk.advance(60).await;
    shot.same("invoke_latest_first_exc", &invoke(&desk, hello(json!({}))).await);
    shot.same("invoke_v1_after_block", &invoke(&desk, hello(json!({ "Qualifier": "1" }))).await);
    shot.same("invoke_latest_second_exc", &invoke(&desk, hello(json!({}))).await);
}

async fn crud(shot: Shot) {
    let desk = desk().await;
    function(&desk, "echo").await;
    shot.call(&desk, "get_function_concurrency_default", GET, f(json!({}))).await;
    shot.call(&desk, "put_function_concurrency", PUT, reserve(0)).await;
    shot.call(&desk, "get_function_concurrency_updated", GET, f(json!({}))).await;
    desk.ok(DELETE, f(json!({}))).await;
    shot.call(&desk, "get_function_concurrency_deleted", GET, f(json!({}))).await;
}

async fn update(shot: Shot) {
    let desk = desk().await;
    function(&desk, "echo").await;
    shot.call(&desk, "put_function_concurrency", PUT, reserve(3)).await;
    shot.call(&desk, "get_function_concurrency_updated", GET, f(json!({}))).await;
    shot.call(&desk, "get_function_concurrency_info", "GetFunction", f(json!({}))).await;
    desk.ok(DELETE, f(json!({}))).await;
    shot.call(&desk, "get_function_concurrency_deleted", GET, f(json!({}))).await;
}

async fn reserved(shot: Shot) {
    let desk = desk().await;
    let input = json!({ "Timeout": 20, "Code": code("echo") });
    let mut made = helped();
    made.as_object_mut().unwrap().extend(input.as_object().unwrap().clone());
    desk.ok("CreateFunction", super::create(made)).await;
    shot.call(&desk, "fn", "GetFunctionConfiguration", f(json!({ "Qualifier": "$LATEST" }))).await;
    shot.call(&desk, "put_reserved", PUT, reserve(0)).await;
    shot.call(&desk, "exc_no_cap_requestresponse", "Invoke", f(json!({}))).await;
    let queue = "arn:aws:sqs:us-east-1:000000000000:q";
    let settings = json!({ "MaximumRetryAttempts": 0, "DestinationConfig": { "OnFailure": { "Destination": queue }, "OnSuccess": {} } });
    shot.call(&desk, "put_event_invoke_conf", "PutFunctionEventInvokeConfig", f(settings)).await;
    shot.same("invoke_result", &invoke(&desk, f(json!({ "InvocationType": "Event" }))).await);
    desk.settle().await;
    let body = desk.world.sent.lock()[0].1.clone();
    RULES.like(&shot.recorded("msg")["Body"], &body.into()).unwrap();
    shot.by_hand("msg");
}

async fn queue(shot: Shot) {
    let desk = desk().await;
    function(&desk, "hang").await;
    let label = "fn";
    shot.call(&desk, label, "GetFunctionConfiguration", f(json!({ "Qualifier": "$LATEST" }))).await;
    shot.call(&desk, "put_fn_concurrency", PUT, reserve(1)).await;
    desk.ok("Invoke", f(json!({ "InvocationType": "Event" }))).await;
    while desk.cloud.work().held().iter().all(|label| &**label != "lambda:f") {
        tokio::task::yield_now().await;
    }
    shot.call(&desk, "too_many_requests_exc", "Invoke", f(json!({}))).await;
}

async fn provisioned(shot: Shot) {
    let desk = desk().await;
    function(&desk, "echo").await;
    desk.ok("PublishVersion", f(json!({}))).await;
    desk.ok("CreateAlias", f(json!({ "Name": "live", "FunctionVersion": "1" }))).await;
    // One recording is of a version, one of an alias; the answers name neither.
    let qualifier = "live";
    shot.call(&desk, "put_provisioned_5", PROVISION, provision(qualifier, 5)).await;
    shot.call(&desk, "get_provisioned_prewait", PROVISIONED, on(qualifier)).await;
    desk.advance(60).await;
    shot.call(&desk, "get_provisioned_postwait", PROVISIONED, on(qualifier)).await;
}

async fn scheduling(shot: Shot) {
    let desk = desk().await;
    function(&desk, "echo").await;
    desk.ok("PublishVersion", f(json!({}))).await;
    desk.ok(PROVISION, provision("1", 1)).await;
    desk.advance(60).await;
    shot.call(&desk, "get_provisioned_postwait", PROVISIONED, on("1")).await;
}

async fn failure(shot: Shot) {
    let desk = Desk::with(ClockMode::Frozen).await;
    desk.function("f", json!({ "Environment": { "Variables": { "INIT": "exit" } } })).await;
    desk.ok("PublishVersion", f(json!({}))).await;
    shot.call(&desk, "put_provisioned", PROVISION, provision("1", 1)).await;
    shot.call(&desk, "get_provisioned_prewait", PROVISIONED, on("1")).await;
    desk.advance(60).await;
    shot.call(&desk, "get_provisioned_postwait", PROVISIONED, on("1")).await;
}

async fn overlap(shot: Shot) {
    let desk = desk().await;
    function(&desk, "echo").await;
    desk.ok("PublishVersion", f(json!({}))).await;
    shot.call(&desk, "put_provisioned_5", PROVISION, provision("1", 2)).await;
    shot.call(&desk, "get_provisioned_prewait", PROVISIONED, on("1")).await;
    desk.advance(60).await;
    shot.call(&desk, "get_provisioned_postwait", PROVISIONED, on("1")).await;
    shot.call(&desk, "reserved_lower_than_provisioned_exc", PUT, reserve(1)).await;
    desk.ok(PUT, reserve(2)).await;
    shot.call(&desk, "get_concurrency", GET, f(json!({}))).await;
    shot.call(&desk, "reserved_equals_provisioned_latest_invoke_exc", "Invoke", f(json!({}))).await;
    shot.call(&desk, "update_func_config", "UpdateFunctionConfiguration", f(json!({ "Timeout": 15 }))).await;
    desk.ok("PublishVersion", f(json!({}))).await;
    // The recording's own cut away the function's name at the end of these two.
    for (label, input) in [
        ("reserved_equals_provisioned_another_provisioned_exc", provision("2", 1)),
        ("reserved_equals_provisioned_increase_provisioned_exc", provision("1", 3)),
    ] {
        let fault = desk.call(PROVISION, input).await.unwrap_err();
        let recorded = shot.recorded(label)["Error"]["Message"].as_str().unwrap();
        assert!(fault.code == "InvalidParameterValueException" && fault.message.starts_with(recorded), "{label}: {fault}");
        shot.by_hand(label);
    }
}
