//! API keys, usage plans, quotas and throttles, on the clock.

use crate::desk::{Desk, merged};
use serde_json::{Value, json};

const FORBIDDEN: &str = "{\"message\":\"Forbidden\"}";

async fn with_plan(plan: Value) -> (Desk, String) {
    let desk = Desk::new().await;
    desk.method(&desk.top, "GET", json!({ "apiKeyRequired": true })).await;
    desk.deploy().await;
    let made =
        desk.ok("CreateUsagePlan", merged(&json!({ "name": "p", "apiStages": [{ "apiId": desk.api, "stage": "live" }] }), &[&plan])).await;
    let key = desk.ok("CreateApiKey", json!({ "name": "k", "enabled": true, "value": "k".repeat(20) })).await;
    desk.ok("CreateUsagePlanKey", json!({ "usagePlanId": made["id"], "keyId": key["id"], "keyType": "API_KEY" })).await;
    let ids = format!("{} {}", made["id"].as_str().unwrap(), key["id"].as_str().unwrap());
    (desk, ids)
}

async fn call(desk: &Desk) -> (u16, String) {
    let answer = desk.get_with("", "x-api-key", &"k".repeat(20)).await;
    (answer.status, answer.body)
}

#[tokio::test]
async fn a_key_is_asked_for() {
    let (desk, ids) = with_plan(json!({})).await;
    let none = desk.get("").await;
    assert_eq!((none.status, none.body.as_str(), none.header("x-amzn-errortype")), (403, FORBIDDEN, "ForbiddenException"));
    assert_eq!(desk.get_with("", "x-api-key", "unknown").await.body, FORBIDDEN);
    assert_eq!(call(&desk).await.0, 200);
    assert_eq!(desk.event()["requestContext"]["identity"]["apiKey"], "k".repeat(20));
    let key = ids.split(' ').nth(1).unwrap();
    desk.ok("UpdateApiKey", json!({ "apiKey": key, "patchOperations": [{ "op": "replace", "path": "/enabled", "value": "false" }] })).await;
    assert_eq!(call(&desk).await.0, 403);
}

#[tokio::test]
async fn a_plan_throttles_by_key() {
    let (desk, _) = with_plan(json!({ "throttle": { "rateLimit": 1.0, "burstLimit": 2 } })).await;
    assert_eq!([call(&desk).await.0, call(&desk).await.0], [200, 200]);
    assert_eq!(call(&desk).await, (429, "{\"message\":\"Too Many Requests\"}".into()));
    desk.advance(1).await;
    assert_eq!([call(&desk).await.0, call(&desk).await.0], [200, 429]);
}

#[tokio::test]
async fn a_quota_lasts_a_day() {
    let (desk, ids) = with_plan(json!({ "quota": { "limit": 2, "period": "DAY" } })).await;
    assert_eq!([call(&desk).await.0, call(&desk).await.0], [200, 200]);
    let over = desk.get_with("", "x-api-key", &"k".repeat(20)).await;
    assert_eq!(
        (over.status, over.body.as_str(), over.header("x-amzn-errortype")),
        (429, "{\"message\":\"Limit Exceeded\"}", "LimitExceededException")
    );
    let (plan, key) = ids.split_once(' ').unwrap();
    let used = desk.ok("GetUsage", json!({ "usagePlanId": plan, "startDate": "2023-11-14", "endDate": "2023-11-14" })).await;
    assert_eq!(used["items"][key], json!([[2, 0]]));
    let more = json!([{ "op": "replace", "path": "/remaining", "value": "1" }]);
    desk.ok("UpdateUsage", json!({ "usagePlanId": plan, "keyId": key, "patchOperations": more })).await;
    assert_eq!([call(&desk).await.0, call(&desk).await.0], [200, 429]);
    desk.advance(86_400).await;
    assert_eq!(call(&desk).await.0, 200);
}

/// The acceptance of throttling: under load, the clock going on in steps of 10 ms, a stage admits burst + rate x time, within one request.
#[tokio::test]
async fn a_throttled_stage_admits_its_burst_and_its_rate() {
    let desk = Desk::new().await;
    let mock = json!({ "type": "MOCK", "requestTemplates": { "application/json": "{\"statusCode\": 200}" } });
    desk.behind("m", "GET", json!({}), mock).await;
    desk.deploy().await;
    let limits = json!([{ "op": "replace", "path": "/*/*/throttling/rateLimit", "value": "50" }, { "op": "replace", "path": "/*/*/throttling/burstLimit", "value": "20" }]);
    desk.stage(limits).await;
    let start = desk.cloud.clock().now();
    let mut admitted = 0.0;
    for _ in 0..100 {
        for _ in 0..4 {
            let answer = desk.get("/m").await;
            assert!(answer.status == 200 || answer.status == 429, "{}", answer.status);
            admitted += f64::from(u8::from(answer.status == 200));
        }
        let by = std::time::Duration::from_millis(10);
        desk.cloud.advance(kit::AdvanceOptions { by, settle: kit::Settle::None, budget: std::time::Duration::from_secs(20) }).await;
    }
    let secs = (desk.cloud.clock().now().unix_ns - start.unix_ns) as f64 / 1e9;
    let expected = 20.0 + 50.0 * secs;
    assert!((admitted - expected).abs() <= 1.0, "{admitted} of {expected}");
}
