//! Function URLs under IAM: what a function's policy must say so that anybody may call.

use crate::metrics::{gateway, http, square};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_url_needs_both_permissions() {
    let square = square().await;
    square.function("f", "answer", json!({})).await;
    let made = square.ok("lambda", "CreateFunctionUrlConfig", json!({ "FunctionName": "f", "AuthType": "NONE" })).await;
    let host = made["FunctionUrl"].as_str().unwrap().strip_prefix("http://").unwrap().trim_end_matches('/').to_owned();
    let server = gateway(&square).await;
    let permit = |id: &'static str, action: &'static str, more: serde_json::Value| {
        let mut input = json!({ "FunctionName": "f", "StatementId": id, "Action": action, "Principal": "*" });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        square.ok("lambda", "AddPermission", input)
    };
    let revoke = |id: &'static str| square.ok("lambda", "RemovePermission", json!({ "FunctionName": "f", "StatementId": id }));
    let asked = || http(server.address(), &host, "GET", "/", "");
    assert_eq!(asked().await, 403);
    permit("url", "lambda:InvokeFunctionUrl", json!({ "FunctionUrlAuthType": "NONE" })).await;
    assert_eq!(asked().await, 403, "only the URL is allowed");
    permit("run", "lambda:InvokeFunction", json!({ "InvokedViaFunctionUrl": true })).await;
    assert_eq!(asked().await, 200);
    revoke("url").await;
    assert_eq!(asked().await, 403, "only to run it is allowed");
    // What is allowed by way of the URL isn't allowed otherwise.
    let anybody = square.cx.with_principal(kit::Principal::Anonymous);
    let fault = square.cloud.call_json(&anybody, "lambda", "Invoke", &json!({ "FunctionName": "f" })).await.unwrap_err();
    assert_eq!(fault.status, 403, "{fault}");
}
