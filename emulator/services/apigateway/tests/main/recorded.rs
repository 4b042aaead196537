//! Answers recorded from AWS, as far as they speak of what is done here. Skipped, aloud, where the recordings are not at hand.

use crate::desk::Desk;
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn recorded(file: &str, test: &str) -> Option<Value> {
    let path = format!("{}/../../../../shared/aws-recorded/apigateway/{file}.snapshot.json", env!("CARGO_MANIFEST_DIR"));
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: {path} is not here");
        return None;
    };
    let all: Value = serde_json::from_str(&text).unwrap();
    let found = all.as_object().unwrap().iter().find(|(name, _)| name.ends_with(&format!("::{test}")));
    Some(found.unwrap_or_else(|| panic!("no recording of {test}")).1["recorded-content"].clone())
}

fn members(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn the_event_has_awss_members_and_no_other() {
    let Some(recorded) = recorded("test_apigateway_lambda", "test_lambda_aws_proxy_integration") else { return };
    let desk = Desk::new().await;
    let proxy = desk.resource(&desk.top, "{proxy+}").await;
    desk.method(&proxy, "ANY", json!({})).await;
    desk.deploy().await;
    let cases = [
        ("/proxy-value", "invocation-payload-without-trailing-slash"),
        ("/proxy-value/", "invocation-payload-with-trailing-slash"),
        ("/proxy-value//double-slash", "invocation-payload-with-double-slash"),
    ];
    for (path, name) in cases {
        desk.get(path).await;
        let (event, aws) = (desk.event(), &recorded[name]);
        assert_eq!(members(&event), members(aws));
        assert_eq!(members(&event["requestContext"]), members(&aws["requestContext"]));
        assert_eq!(members(&event["requestContext"]["identity"]), members(&aws["requestContext"]["identity"]));
        for same in
            ["body", "httpMethod", "isBase64Encoded", "path", "pathParameters", "queryStringParameters", "resource", "stageVariables"]
        {
            assert_eq!(event[same], aws[same], "{same} of {path}");
        }
        assert_eq!(event["requestContext"]["path"], aws["requestContext"]["path"].as_str().unwrap().replacen("/stage", "/live", 1));
    }
}

#[tokio::test]
async fn gateway_responses_are_listed_as_aws_lists_them() {
    let Some(recorded) = recorded("test_apigateway_api", "test_gateway_response_crud") else { return };
    let desk = Desk::new().await;
    let put = &recorded["put-gateway-response"];
    let input = json!({ "restApiId": desk.api, "responseType": put["responseType"], "statusCode": put["statusCode"],
        "responseParameters": put["responseParameters"], "responseTemplates": put["responseTemplates"] });
    let mut answer = desk.ok("PutGatewayResponse", input).await;
    answer["ResponseMetadata"] = put["ResponseMetadata"].clone();
    assert_eq!(answer, *put);
    let listed = desk.ok("GetGatewayResponses", json!({ "restApiId": desk.api, "limit": 500 })).await;
    assert_eq!(listed["items"], recorded["get-gateway-responses"]["items"]);
}

#[tokio::test]
async fn apis_are_described_as_aws_describes_them() {
    let Some(recorded) = recorded("test_apigateway_api", "test_create_rest_api_with_optional_params") else { return };
    let desk = Desk::new().await;
    for (name, input) in [("create-only-name", json!({ "name": "a" })), ("create-with-version", json!({ "name": "a", "version": "v1" }))] {
        let mut made = desk.ok("CreateRestApi", input).await;
        made["ResponseMetadata"] = json!({});
        assert_eq!(members(&made), members(&recorded[name]), "{name}");
        assert_eq!(made["endpointConfiguration"], recorded[name]["endpointConfiguration"]);
    }
    let sentence = |name: &str| format!("BadRequestException: {}", recorded[name]["message"].as_str().unwrap());
    assert_eq!(desk.refused("CreateRestApi", json!({ "name": "a", "description": "" })).await, sentence("create-empty-desc"));
    let size = json!({ "name": "a", "minimumCompressionSize": -1 });
    assert_eq!(desk.refused("CreateRestApi", size).await, sentence("string-compression-size"));
}

#[tokio::test]
async fn binary_media_types_change_as_on_aws() {
    let Some(recorded) = recorded("test_apigateway_api", "test_update_rest_api_operation_add_remove") else { return };
    let desk = Desk::new().await;
    let steps = [
        (
            "update-rest-api-add",
            json!([{ "op": "add", "path": "/binaryMediaTypes/image~1png" }, { "op": "add", "path": "/binaryMediaTypes/image~1jpeg" }]),
        ),
        ("update-rest-api-replace", json!([{ "op": "replace", "path": "/binaryMediaTypes/image~1png", "value": "image/gif" }])),
        ("update-rest-api-remove", json!([{ "op": "remove", "path": "/binaryMediaTypes/image~1gif" }])),
    ];
    for (name, operations) in steps {
        let changed = desk.ok("UpdateRestApi", json!({ "restApiId": desk.api, "patchOperations": operations })).await;
        assert_eq!(changed["binaryMediaTypes"], recorded[name]["binaryMediaTypes"], "{name}");
    }
}
