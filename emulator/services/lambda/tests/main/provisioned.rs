//! Provisioned concurrency, and what concurrency is left beside it.

use crate::desk::Desk;
use kit::ClockMode;
use serde_json::json;

#[tokio::test]
async fn environments_stand_ready_after_a_while_and_are_used_first() {
    let desk = Desk::with(ClockMode::Frozen).await;
    desk.function("f", json!({})).await;
    desk.ok("PublishVersion", json!({ "FunctionName": "f" })).await;
    let on_one = json!({ "FunctionName": "f", "Qualifier": "1" });
    let put = json!({ "FunctionName": "f", "Qualifier": "1", "ProvisionedConcurrentExecutions": 2 });
    let asked = desk.ok("PutProvisionedConcurrencyConfig", put).await;
    assert_eq!((&asked["Status"], &asked["AllocatedProvisionedConcurrentExecutions"]), (&json!("IN_PROGRESS"), &json!(0)));
    assert_eq!(desk.invoke("f:1", json!({})).await.1["env"]["AWS_LAMBDA_INITIALIZATION_TYPE"], "on-demand");
    desk.advance(60).await;
    let ready = desk.ok("GetProvisionedConcurrencyConfig", on_one.clone()).await;
    assert_eq!((&ready["Status"], &ready["AvailableProvisionedConcurrentExecutions"]), (&json!("READY"), &json!(2)));
    let (_, told) = desk.invoke("f:1", json!({})).await;
    assert_eq!((&told["env"]["AWS_LAMBDA_INITIALIZATION_TYPE"], &told["count"]), (&json!("provisioned-concurrency"), &json!(1)));
    desk.settle().await;
    assert_eq!(desk.invocations().last().unwrap().detail["cold"], false, "it was started before");

    // With a reservation that is used up by it nothing is left for $LATEST.
    let reserve = |n: i32| json!({ "FunctionName": "f", "ReservedConcurrentExecutions": n });
    let low = desk.call("PutFunctionConcurrency", reserve(1)).await.unwrap_err();
    assert!(low.message.contains("should not be lower than function's total provisioned concurrency [2]"), "{low}");
    desk.ok("PutFunctionConcurrency", reserve(2)).await;
    let full = desk.call("Invoke", json!({ "FunctionName": "f" })).await.unwrap_err();
    assert_eq!((full.status, &*full.message), (429, "Rate Exceeded."));
    assert!(full.fields.iter().any(|(name, value)| name == "Reason" && value == "ReservedFunctionConcurrentInvocationLimitExceeded"));
    assert_eq!(desk.invoke("f:1", json!({})).await.0["StatusCode"], 200);

    desk.ok("DeleteProvisionedConcurrencyConfig", on_one.clone()).await;
    assert_eq!(desk.invoke("f", json!({})).await.0["StatusCode"], 200);
    let none = desk.call("GetProvisionedConcurrencyConfig", on_one).await.unwrap_err();
    assert_eq!(none.code, "ProvisionedConcurrencyConfigNotFoundException");
}

#[tokio::test]
async fn a_function_that_can_not_start_is_told_of() {
    let desk = Desk::with(ClockMode::Frozen).await;
    desk.function("f", json!({ "Environment": { "Variables": { "INIT": "exit" } } })).await;
    desk.ok("PublishVersion", json!({ "FunctionName": "f" })).await;
    desk.ok("CreateAlias", json!({ "FunctionName": "f", "Name": "live", "FunctionVersion": "1" })).await;
    let live = json!({ "FunctionName": "f", "Qualifier": "live" });
    desk.ok("PutProvisionedConcurrencyConfig", json!({ "FunctionName": "f", "Qualifier": "live", "ProvisionedConcurrentExecutions": 1 }))
        .await;
    desk.advance(60).await;
    let failed = desk.ok("GetProvisionedConcurrencyConfig", live).await;
    assert_eq!((&failed["Status"], &failed["StatusReason"]), (&json!("FAILED"), &json!("FUNCTION_ERROR_INIT_FAILURE")));
}

#[tokio::test]
async fn synchronous_requests_are_ten_a_second_for_each_that_may_run() {
    let desk = Desk::with(ClockMode::Frozen).await;
    desk.function("f", json!({})).await;
    desk.ok("PutFunctionConcurrency", json!({ "FunctionName": "f", "ReservedConcurrentExecutions": 1 })).await;
    for _ in 0..12 {
        desk.invoke("f", json!({})).await;
    }
    desk.cloud.clock().set_mode(ClockMode::Running);
    let mut fault = None;
    for n in 0..2000 {
        // Warm events take well under a tenth of a second, so that a second of more than ten comes soon.
        if let Err(told) = desk.call("Invoke", json!({ "FunctionName": "f" })).await {
            fault = Some((n, told));
            break;
        }
    }
    let (n, fault) = fault.expect("it was told to slow down");
    let reason = fault.fields.iter().find(|(name, _)| name == "Reason").map(|(_, value)| value.clone());
    assert!(n >= 10 && fault.status == 429, "{n} {fault}");
    assert_eq!(reason.unwrap(), "ReservedFunctionInvocationRateLimitExceeded");
}
