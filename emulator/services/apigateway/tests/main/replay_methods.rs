//! Methods, integrations and their responses as they were recorded from AWS: what is answered, and what is refused with which words.

use crate::replay::{Replay, patch};
use serde_json::{Value, json};

fn at(more: Value) -> Value {
    crate::desk::merged(&json!({ "restApiId": "$api.id", "resourceId": "$api.rootResourceId", "httpMethod": "GET" }), &[&more])
}

/// A method with a MOCK behind it.
async fn mocked(r: &mut Replay) {
    r.run("method", "PutMethod", at(json!({ "authorizationType": "NONE" }))).await;
    r.run("mock", "PutIntegration", at(json!({ "type": "MOCK", "requestTemplates": { "application/json": "{\"statusCode\": 200}" } })))
        .await;
}

#[tokio::test]
async fn integration_responses() {
    let of = async |test: &str| Replay::of("test_apigateway_api", &format!("TestApigatewayIntegrationResponse::{test}")).await;
    let status = |more: Value| crate::desk::merged(&at(json!({ "statusCode": "200" })), &[&more]);
    let Some(mut r) = of("test_integration_response_wrong_api").await else { return };
    for operation in ["put", "get"] {
        let name = format!("{operation}-integration-response-wrong-api");
        let call = if operation == "put" { "PutIntegrationResponse" } else { "GetIntegrationResponse" };
        r.step(&name, call, status(json!({ "restApiId": "wrong-api", "resourceId": "dummy-value" }))).await;
    }
    r.end();
    let Some(mut r) = of("test_integration_response_wrong_resource").await else { return };
    r.step("put-integration-response-wrong-resource", "PutIntegrationResponse", status(json!({ "resourceId": "wrong-resource" }))).await;
    r.step("get-integration-response-wrong-resource", "GetIntegrationResponse", status(json!({ "resourceId": "wrong-resource" }))).await;
    r.end();
    let Some(mut r) = of("test_integration_response_wrong_method").await else { return };
    r.step("put-integration-response-wrong-method", "PutIntegrationResponse", status(json!({ "httpMethod": "wrong-method" }))).await;
    r.step("get-integration-response-wrong-method", "GetIntegrationResponse", status(json!({ "httpMethod": "wrong-method" }))).await;
    r.end();
    let Some(mut r) = of("test_integration_response_invalid_integration").await else { return };
    r.run("method", "PutMethod", at(json!({ "authorizationType": "NONE" }))).await;
    r.step("get-integration-response-without-integration", "GetIntegrationResponse", status(json!({}))).await;
    r.end();
    let Some(mut r) = of("test_integration_response_wrong_status_code").await else { return };
    mocked(&mut r).await;
    r.step("get-integration-response-wrong-status-code", "GetIntegrationResponse", status(json!({ "statusCode": "201" }))).await;
    r.end();
}

#[tokio::test]
async fn an_integration_response_from_its_making_to_its_end() {
    let test = "TestApigatewayIntegrationResponse::test_lifecycle_integration_response";
    let Some(mut r) = Replay::of("test_apigateway_api", test).await else { return };
    let status = |more: Value| crate::desk::merged(&at(json!({ "statusCode": "200" })), &[&more]);
    mocked(&mut r).await;
    r.run("declared", "PutMethodResponse", status(json!({}))).await;
    let made = json!({ "responseTemplates": { "application/json": "\"created\"" }, "selectionPattern": "" });
    r.step("put-integration-response", "PutIntegrationResponse", status(made.clone())).await;
    r.step("get-integration-response", "GetIntegrationResponse", status(json!({}))).await;
    let pattern = json!({ "patchOperations": patch(&[("replace", "/selectionPattern", json!("updated-pattern"))]) });
    r.step("update-integration-response", "UpdateIntegrationResponse", status(pattern)).await;
    let over = json!({ "responseTemplates": { "application/json": "overwrite" }, "selectionPattern": "overwrite-pattern" });
    r.step("overwrite-integration-response", "PutIntegrationResponse", status(over)).await;
    r.step("delete-integration-response", "DeleteIntegrationResponse", status(json!({}))).await;
    r.end();
    let test = "TestApigatewayIntegrationResponse::test_delete_integration_response_errors";
    let Some(mut r) = Replay::of("test_apigateway_api", test).await else { return };
    mocked(&mut r).await;
    r.run("declared", "PutMethodResponse", status(json!({}))).await;
    r.step("put-integration-response", "PutIntegrationResponse", status(made)).await;
    r.step("non-existent-resource", "DeleteIntegrationResponse", status(json!({ "resourceId": "bad-resource" }))).await;
    r.step("non-existent-api-id", "DeleteIntegrationResponse", status(json!({ "restApiId": "bad-api-id" }))).await;
    r.step("non-existent-method", "DeleteIntegrationResponse", status(json!({ "httpMethod": "POST" }))).await;
    r.step("non-existent-status-code", "DeleteIntegrationResponse", status(json!({ "statusCode": "201" }))).await;
    r.step("bad-method", "DeleteIntegrationResponse", status(json!({ "httpMethod": "WRONG" }))).await;
    r.end();
}

#[tokio::test]
async fn method_responses_change() {
    let status = |more: Value| crate::desk::merged(&at(json!({ "statusCode": "200" })), &[&more]);
    let change = |operations: Value| crate::desk::merged(&at(json!({ "statusCode": "200" })), &[&json!({ "patchOperations": operations })]);
    let declared =
        json!({ "responseParameters": { "method.response.header.my-header": false }, "responseModels": { "application/json": "Empty" } });
    let test = "TestApigatewayMethodResponse::test_update_method_wrong_param_names";
    let Some(mut r) = Replay::of("test_apigateway_api", test).await else { return };
    mocked(&mut r).await;
    r.run("declared", "PutMethodResponse", status(declared)).await;
    for (n, (op, path, value)) in [
        ("replace", "/responseParameters/wrong", "true"),
        ("remove", "/responseParameters/wrong", "true"),
        ("replace", "/responseModels/wrong", "Empty"),
        ("remove", "/responseModels/wrong", "Empty"),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("update-method-response-operation-with-wrong-param-name-{}", n + 1);
        r.step(&name, "UpdateMethodResponse", change(patch(&[(op, path, json!(value))]))).await;
    }
    r.end();
    let test = "TestApigatewayMethodResponse::test_update_method_lack_response_parameters_and_models";
    let Some(mut r) = Replay::of("test_apigateway_api", test).await else { return };
    mocked(&mut r).await;
    r.run("declared", "PutMethodResponse", status(json!({}))).await;
    let header = "/responseParameters/method.response.header.my-header";
    r.step(
        "update-method-response-operation-without-response-parameters",
        "UpdateMethodResponse",
        change(patch(&[("replace", header, json!("true"))])),
    )
    .await;
    r.step(
        "update-method-response-operation-without-response-models",
        "UpdateMethodResponse",
        change(patch(&[("replace", "/responseModels/application~1json", json!("Empty"))])),
    )
    .await;
    r.step(
        "update-method-response-operation-with-wrong-path",
        "UpdateMethodResponse",
        change(patch(&[("add", "/wrong/method.response.header.my-header", json!("true"))])),
    )
    .await;
    r.end();
}

#[tokio::test]
async fn what_is_not_there() {
    let Some(mut r) = Replay::of("test_apigateway_api", "TestApigatewayIntegration::test_get_integration_non_existent").await else {
        return;
    };
    r.step("get-integration-no-api", "GetIntegration", at(json!({ "restApiId": "nope" }))).await;
    r.step("get-integration-no-resource", "GetIntegration", at(json!({ "resourceId": "nope" }))).await;
    r.step("get-integration-no-method", "GetIntegration", at(json!({}))).await;
    r.run("method", "PutMethod", at(json!({ "authorizationType": "NONE" }))).await;
    r.step("get-integration-no-integration", "GetIntegration", at(json!({}))).await;
    r.end();
    let Some(mut r) = Replay::of("test_apigateway_api", "TestApiGatewayApiMethod::test_put_method_validation").await else { return };
    r.step("wrong-api", "PutMethod", at(json!({ "restApiId": "nope", "resourceId": "nope", "authorizationType": "NONE" }))).await;
    r.step("wrong-resource", "PutMethod", at(json!({ "resourceId": "nope", "authorizationType": "NONE" }))).await;
    r.step("wrong-method", "PutMethod", at(json!({ "httpMethod": "WRONG", "authorizationType": "NONE" }))).await;
    r.step("missing-authorizer-id", "PutMethod", at(json!({ "authorizationType": "CUSTOM" }))).await;
    r.step("invalid-request-validator", "PutMethod", at(json!({ "authorizationType": "NONE", "requestValidatorId": "nope" }))).await;
    r.step(
        "invalid-model-name",
        "PutMethod",
        at(json!({ "authorizationType": "NONE", "requestModels": { "application/json": "petModel" } })),
    )
    .await;
    r.end();
}

#[tokio::test]
async fn methods_change() {
    let Some(mut r) = Replay::of("test_apigateway_api", "TestApiGatewayApiMethod::test_update_method_validation").await else { return };
    let any = |more: Value| {
        crate::desk::merged(&json!({ "restApiId": "$api.id", "resourceId": "$api.rootResourceId", "httpMethod": "ANY" }), &[&more])
    };
    let change = |op: &str, path: &str, value: Value| any(json!({ "patchOperations": patch(&[(op, path, value)]) }));
    let one = json!({ "patchOperations": patch(&[("replace", "/apiKeyRequired", json!("true"))]) });
    r.step("wrong-rest-api", "UpdateMethod", crate::desk::merged(&any(json!({ "restApiId": "nope" })), &[&one])).await;
    r.step("wrong-resource-id", "UpdateMethod", crate::desk::merged(&any(json!({ "resourceId": "nope" })), &[&one])).await;
    r.step("method-does-not-exist", "UpdateMethod", any(one)).await;
    r.step("put-method-response", "PutMethod", any(json!({ "authorizationType": "NONE", "apiKeyRequired": true }))).await;
    r.step("unsupported-operation", "UpdateMethod", change("add", "/authorizationType", json!("AWS_IAM"))).await;
    r.step("unsupported-operation-2", "UpdateMethod", change("remove", "/apiKeyRequired", json!("true"))).await;
    r.step("unsupported-path", "UpdateMethod", change("replace", "/httpMethod", json!("PUT"))).await;
    r.step("wrong-path-request-parameters", "UpdateMethod", change("replace", "/requestParameters", json!("x"))).await;
    r.step("wrong-path-request-models", "UpdateMethod", change("add", "/requestModels/application/json", json!("x"))).await;
    r.step("wrong-value-type", "UpdateMethod", change("replace", "/apiKeyRequired", json!("whatever"))).await;
    r.step("wrong-auth-type", "UpdateMethod", change("replace", "/authorizationType", json!("CUSTOM"))).await;
    r.step("skip-auth-id-with-wrong-type", "UpdateMethod", change("replace", "/authorizerId", json!("abc123"))).await;
    r.step("wrong-req-validator-id", "UpdateMethod", change("replace", "/requestValidatorId", json!("abc123"))).await;
    r.end();
}

#[tokio::test]
async fn gateway_responses_change() {
    let Some(mut r) = Replay::of("test_apigateway_api", "TestApiGatewayGatewayResponse::test_update_gateway_response").await else {
        return;
    };
    let change = |kind: &str, operations: Value| json!({ "restApiId": "$api.id", "responseType": kind, "patchOperations": operations });
    let four = |op: &str, path: &str, value: Value| change("DEFAULT_4XX", patch(&[(op, path, value)]));
    r.step("update-gateway-response-not-set", "UpdateGatewayResponse", four("replace", "/statusCode", json!("444"))).await;
    r.step("default-get-gateway-response", "GetGatewayResponse", json!({ "restApiId": "$api.id", "responseType": "DEFAULT_4XX" })).await;
    r.step("update-gateway-add-status-code", "UpdateGatewayResponse", four("add", "/statusCode", json!("433"))).await;
    r.step("update-gateway-remove-status-code", "UpdateGatewayResponse", four("remove", "/statusCode", json!("433"))).await;
    r.step(
        "update-gateway-replace-invalid-parameter",
        "UpdateGatewayResponse",
        four("replace", "/responseParameters/gatewayresponse.header.no", json!("'x'")),
    )
    .await;
    r.step("update-gateway-wrong-path", "UpdateGatewayResponse", four("replace", "/wrongPath", json!("x"))).await;
    r.step("update-gateway-replace-invalid-parameter-0-none", "UpdateGatewayResponse", four("add", "/responseTemplates", Value::Null))
        .await;
    r.step("update-gateway-replace-invalid-parameter-1-none", "UpdateGatewayResponse", four("add", "/responseParameters", Value::Null))
        .await;
    r.end();
    let none = "TestApiGatewayGatewayResponse::test_gateway_response_validation";
    let Some(mut r) = Replay::of("test_apigateway_api", none).await else { return };
    let nowhere = json!({ "restApiId": "fake-api-id", "responseType": "DEFAULT_4XX" });
    r.step("get-gateway-responses-no-api", "GetGatewayResponses", json!({ "restApiId": "fake-api-id" })).await;
    r.step("get-gateway-response-no-api", "GetGatewayResponse", nowhere.clone()).await;
    r.step("delete-gateway-response-no-api", "DeleteGatewayResponse", nowhere.clone()).await;
    r.step("update-gateway-response-no-api", "UpdateGatewayResponse", nowhere).await;
    r.step("delete-gateway-response-not-set", "DeleteGatewayResponse", json!({ "restApiId": "$api.id", "responseType": "DEFAULT_4XX" }))
        .await;
    r.end();
}
