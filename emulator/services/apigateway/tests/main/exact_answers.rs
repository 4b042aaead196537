//! The front door's exact answers: status, body and error type of each kind of refusal, and CORS headers on them.

use crate::desk::{Behaviour, Desk};
use serde_json::json;

#[tokio::test]
async fn the_table() {
    let desk = Desk::new().await;
    desk.ok("PutGatewayResponse", json!({ "restApiId": desk.api, "responseType": "DEFAULT_4XX", "responseParameters": { "gatewayresponse.header.Access-Control-Allow-Origin": "'*'" } })).await;
    desk.ok("PutGatewayResponse", json!({ "restApiId": desk.api, "responseType": "DEFAULT_5XX", "responseParameters": { "gatewayresponse.header.Access-Control-Allow-Origin": "'*'" } })).await;
    let validator =
        desk.ok("CreateRequestValidator", json!({ "restApiId": desk.api, "name": "v", "validateRequestParameters": true })).await["id"]
            .clone();
    let pool = desk.authorizer().await;
    let key = desk.resource(&desk.top, "key").await;
    desk.method(&key, "GET", json!({ "apiKeyRequired": true })).await;
    let token = desk.resource(&desk.top, "token").await;
    desk.method(&token, "GET", json!({ "authorizationType": "COGNITO_USER_POOLS", "authorizerId": pool })).await;
    let iam = desk.resource(&desk.top, "iam").await;
    desk.method(&iam, "GET", json!({ "authorizationType": "AWS_IAM" })).await;
    let q = desk.resource(&desk.top, "q").await;
    desk.method(&q, "GET", json!({ "requestValidatorId": validator, "requestParameters": { "method.request.querystring.q": true } })).await;
    let slow = desk.resource(&desk.top, "function").await;
    desk.method(&slow, "GET", json!({})).await;
    let never =
        json!({ "type": "MOCK", "passthroughBehavior": "NEVER", "requestTemplates": { "application/json": "{\"statusCode\": 200}" } });
    desk.behind("media", "GET", json!({}), never).await;
    let nobody = json!({ "type": "HTTP_PROXY", "integrationHttpMethod": "GET", "uri": "http://127.0.0.1:1/" });
    desk.behind("nobody", "GET", json!({}), nobody).await;
    let nowhere = json!({ "type": "HTTP_PROXY", "integrationHttpMethod": "GET", "uri": "http://example.com/" });
    desk.behind("outside", "GET", json!({}), nowhere).await;
    desk.deploy().await;
    desk.behave(Behaviour::Fail);
    let internal = "{\"message\":\"Internal server error\"}";
    let cases = [
        ("/unknown", "", 403, "{\"message\":\"Missing Authentication Token\"}", "MissingAuthenticationTokenException"),
        ("/iam", "", 403, "{\"message\":\"Missing Authentication Token\"}", "MissingAuthenticationTokenException"),
        ("/token", "", 401, "{\"message\":\"Unauthorized\"}", "UnauthorizedException"),
        ("/key", "", 403, "{\"message\":\"Forbidden\"}", "ForbiddenException"),
        ("/q", "", 400, "{\"message\":\"Missing required request parameters: [q]\"}", "BadRequestException"),
        ("/media", "text/plain", 415, "{\"message\":\"Unsupported Media Type\"}", "BadRequestException"),
        ("/function", "", 502, internal, "InternalServerErrorException"),
        ("/nobody", "", 502, internal, "InternalServerErrorException"),
        ("/outside", "", 500, internal, "InternalServerErrorException"),
    ];
    for (path, kind, status, body, error) in cases {
        let kind = if kind.is_empty() { "application/json" } else { kind };
        let answer = desk.get_with(path, "content-type", kind).await;
        assert_eq!((answer.status, answer.body.as_str(), answer.header("x-amzn-errortype")), (status, body, error), "{path}");
        // What makes the answer readable for a page in a browser.
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
        assert!(!answer.header("x-amzn-requestid").is_empty() && !answer.header("x-amz-apigw-id").is_empty(), "{path}");
    }
}
