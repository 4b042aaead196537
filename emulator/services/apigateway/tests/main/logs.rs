//! Access logs and execution logs of stages.

use crate::desk::Desk;
use serde_json::json;

#[tokio::test]
async fn requests_leave_lines() {
    let desk = Desk::new().await;
    desk.allow_all();
    desk.method(&desk.top, "GET", json!({})).await;
    desk.deploy().await;
    let role = json!([{ "op": "replace", "path": "/cloudwatchRoleArn", "value": "arn:aws:iam::000000000000:role/logger" }]);
    desk.ok("UpdateAccount", json!({ "patchOperations": role })).await;
    desk.stage(json!([
        { "op": "replace", "path": "/accessLogSettings/destinationArn", "value": "arn:aws:logs:us-east-1:000000000000:log-group:access" },
        { "op": "replace", "path": "/accessLogSettings/format", "value": "{\"ip\":\"$context.identity.sourceIp\",\"status\":\"$context.status\",\"path\":\"$context.resourcePath\",\"type\":\"$context.error.responseType\",\"length\":$context.responseLength}" },
        { "op": "replace", "path": "/*/*/logging/loglevel", "value": "INFO" },
    ])).await;
    desk.get("").await;
    assert_eq!(desk.told.only("access").json(), json!({ "ip": "203.0.113.9", "status": "200", "path": "/", "type": "-", "length": 5 }));
    let lines = desk.told.take(&format!("API-Gateway-Execution-Logs_{}/live", desk.api));
    let lines: Vec<&str> =
        lines.iter().map(|line| line.body.split_once(") ").map_or("", |(_, text)| text.split(':').next().unwrap())).collect();
    assert_eq!(
        lines,
        [
            "Extended Request Id",
            "Starting execution for request",
            "HTTP Method",
            "Sending request to https",
            "Received response. Status",
            "Successfully completed execution",
            "Method completed with status"
        ],
        "nothing of what was sent"
    );
    desk.stage(json!([{ "op": "replace", "path": "/*/*/logging/dataTrace", "value": "true" }])).await;
    desk.get("").await;
    desk.told.take("access");
    let traced = desk.told.take(&format!("API-Gateway-Execution-Logs_{}/live", desk.api));
    let body = traced.iter().find(|line| line.body.contains("Endpoint request body after transformations: {")).unwrap();
    assert!(body.body.ends_with(" [TRUNCATED]") && body.body.len() < 1200, "{body:?}");
    assert!(traced.iter().any(|line| line.body.ends_with("Method response body after transformations: hello")), "{traced:?}");
    desk.get("/nowhere").await;
    let refused = desk.told.only("access").json();
    assert_eq!((&refused["status"], &refused["type"]), (&json!("403"), &json!("MISSING_AUTHENTICATION_TOKEN")));
}
