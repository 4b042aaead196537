//! Request validators: parameters that must be there, and bodies that must fit their models.

use crate::desk::Desk;
use serde_json::json;

async fn checked() -> Desk {
    let desk = Desk::new().await;
    let all = desk
        .ok(
            "CreateRequestValidator",
            json!({ "restApiId": desk.api, "name": "all", "validateRequestBody": true, "validateRequestParameters": true }),
        )
        .await;
    let schema = json!({ "type": "object", "required": ["name"], "properties": { "name": { "type": "string" } } }).to_string();
    desk.ok("CreateModel", json!({ "restApiId": desk.api, "name": "Pet", "contentType": "application/json", "schema": schema })).await;
    let reference = format!("https://apigateway.amazonaws.com/restapis/{}/models/Pet", desk.api);
    let list = json!({ "type": "array", "items": { "$ref": reference } }).to_string();
    desk.ok("CreateModel", json!({ "restApiId": desk.api, "name": "Pets", "contentType": "application/json", "schema": list })).await;
    let method = json!({ "requestValidatorId": all["id"], "requestModels": { "application/json": "Pets" },
        "requestParameters": { "method.request.querystring.q": true, "method.request.header.X-Own": true, "method.request.querystring.free": false } });
    desk.method(&desk.top, "POST", method).await;
    desk.deploy().await;
    desk
}

#[tokio::test]
async fn parameters_and_bodies() {
    let desk = checked().await;
    let missing = desk.send(http::Request::post(desk.url("")), "[]").await;
    assert_eq!((missing.status, missing.header("x-amzn-errortype")), (400, "BadRequestException"));
    assert_eq!(missing.body, "{\"message\":\"Missing required request parameters: [X-Own, q]\"}");
    let post = || http::Request::post(desk.url("?q=1")).header("x-own", "1");
    assert_eq!(desk.send(post(), "[{\"name\":\"a\"}]").await.status, 200);
    for body in ["", "{}", "no json", "[{\"name\":1}]", "[{}]"] {
        let answer = desk.send(post(), body).await;
        assert_eq!((answer.status, answer.body.as_str()), (400, "{\"message\":\"Invalid request body\"}"), "{body}");
    }
    assert_eq!(desk.send(post().header("content-type", "text/plain"), "no json").await.status, 200, "there is no model for it");
}

#[tokio::test]
async fn a_model_is_shown_with_those_it_refers_to() {
    let desk = checked().await;
    let flat = desk.ok("GetModel", json!({ "restApiId": desk.api, "modelName": "Pets", "flatten": true })).await;
    let schema: serde_json::Value = serde_json::from_str(flat["schema"].as_str().unwrap()).unwrap();
    assert_eq!((&schema["items"]["$ref"], &schema["definitions"]["Pet"]["required"]), (&json!("#/definitions/Pet"), &json!(["name"])));
    assert!(
        desk.refused("DeleteModel", json!({ "restApiId": desk.api, "modelName": "Pet" })).await.contains("is referenced in model: Pets")
    );
}

#[tokio::test]
async fn what_does_not_fit_is_told_to_gateway_responses_and_logs() {
    let desk = checked().await;
    let template = "{\"message\":$context.error.messageString,\"why\":\"$context.error.validationErrorString\"}";
    let put = json!({ "restApiId": desk.api, "responseType": "BAD_REQUEST_BODY", "statusCode": "422", "responseTemplates": { "application/json": template } });
    desk.ok("PutGatewayResponse", put).await;
    desk.deploy().await;
    let post = || http::Request::post(desk.url("?q=1")).header("x-own", "1");
    let answer = desk.send(post(), "[{\"name\":\"a\"},{}]").await;
    let why = "[object has missing required properties ([\"name\"])]";
    assert_eq!((answer.status, answer.body), (422, format!("{{\"message\":\"Invalid request body\",\"why\":\"{why}\"}}")));
}

#[tokio::test]
async fn patterns_with_look_around() {
    let desk = Desk::new().await;
    let model = |pattern: &str| json!({ "restApiId": desk.api, "name": "Secret", "contentType": "application/json", "schema": json!({ "type": "string", "pattern": pattern }).to_string() });
    assert!(desk.refused("CreateModel", model("(?<")).await.contains("no regular expression that can be run"));
    desk.ok("CreateModel", model("^(?=.*[A-Z])(?=.*[0-9]).{6,}$")).await;
    let body = desk.ok("CreateRequestValidator", json!({ "restApiId": desk.api, "name": "body", "validateRequestBody": true })).await;
    desk.method(&desk.top, "POST", json!({ "requestValidatorId": body["id"], "requestModels": { "application/json": "Secret" } })).await;
    desk.deploy().await;
    for (body, status) in [("\"Passw0rd\"", 200), ("\"password\"", 400)] {
        assert_eq!(desk.send(http::Request::post(desk.url("")), body).await.status, status, "{body}");
    }
}
