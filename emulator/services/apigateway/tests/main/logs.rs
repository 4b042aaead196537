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
    assert!(lines[0].body.contains("Starting execution for request:") && lines.len() >= 2, "{lines:?}");
    desk.get("/nowhere").await;
    let refused = desk.told.only("access").json();
    assert_eq!((&refused["status"], &refused["type"]), (&json!("403"), &json!("MISSING_AUTHENTICATION_TOKEN")));
}
