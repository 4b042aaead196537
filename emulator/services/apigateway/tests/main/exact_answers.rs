//! The front door's exact answers: status, body and error type of each kind of refusal, and CORS headers on them.
//!
//! Rows that stand elsewhere with more of their rules: EXPIRED tokens of user pools in `authorizers`, quotas by the day in `limits`, the
//! 29 seconds of functions in `serve`, models in `validators`; signatures that are wrong are refused by the gateway before any API is asked.

use crate::desk::{Answer, Behaviour, Desk, FUNCTION, merged};
use kit::{BoxFuture, Context, Inspected, Stopped, Verdict};
use serde_json::{Value, json};
use std::sync::Arc;

const TOO_MANY: (&str, &str) = ("{\"message\":\"Too Many Requests\"}", "TooManyRequestsException");
const INTERNAL: &str = "{\"message\":\"Internal server error\"}";

/// Every answer of the API's own gets the header that makes it readable for a page in a browser.
async fn open_to_pages() -> Desk {
    let desk = Desk::new().await;
    for kind in ["DEFAULT_4XX", "DEFAULT_5XX"] {
        let header = json!({ "gatewayresponse.header.Access-Control-Allow-Origin": "'*'" });
        desk.ok("PutGatewayResponse", json!({ "restApiId": desk.api, "responseType": kind, "responseParameters": header })).await;
    }
    desk
}

fn is(answer: &Answer, status: u16, (body, error): (&str, &str), what: &str) {
    assert_eq!((answer.status, answer.body.as_str(), answer.header("x-amzn-errortype")), (status, body, error), "{what}");
    assert_eq!(answer.header("access-control-allow-origin"), "*", "{what}");
    assert!(!answer.header("x-amzn-requestid").is_empty() && !answer.header("x-amz-apigw-id").is_empty(), "{what}");
}

fn mock() -> Value {
    json!({ "type": "MOCK", "requestTemplates": { "application/json": "{\"statusCode\": 200}" } })
}

#[tokio::test]
async fn the_table() {
    let desk = open_to_pages().await;
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
    let cases = [
        ("/unknown", "", 403, "{\"message\":\"Missing Authentication Token\"}", "MissingAuthenticationTokenException"),
        ("/iam", "", 403, "{\"message\":\"Missing Authentication Token\"}", "MissingAuthenticationTokenException"),
        ("/token", "", 401, "{\"message\":\"Unauthorized\"}", "UnauthorizedException"),
        ("/key", "", 403, "{\"message\":\"Forbidden\"}", "ForbiddenException"),
        ("/q", "", 400, "{\"message\":\"Missing required request parameters: [q]\"}", "BadRequestException"),
        ("/media", "text/plain", 415, "{\"message\":\"Unsupported Media Type\"}", "BadRequestException"),
        ("/function", "", 502, INTERNAL, "InternalServerErrorException"),
        ("/nobody", "", 502, INTERNAL, "InternalServerErrorException"),
        ("/outside", "", 500, INTERNAL, "InternalServerErrorException"),
    ];
    for (path, kind, status, body, error) in cases {
        let kind = if kind.is_empty() { "application/json" } else { kind };
        let answer = desk.get_with(path, "content-type", kind).await;
        is(&answer, status, (body, error), path);
    }
}

#[tokio::test]
async fn bodies_that_do_not_fit_or_are_too_large() {
    let desk = open_to_pages().await;
    let schema = json!({ "type": "object", "required": ["name"] }).to_string();
    desk.ok("CreateModel", json!({ "restApiId": desk.api, "name": "Pet", "contentType": "application/json", "schema": schema })).await;
    let validator = desk.ok("CreateRequestValidator", json!({ "restApiId": desk.api, "name": "v", "validateRequestBody": true })).await;
    let method = json!({ "requestValidatorId": validator["id"], "requestModels": { "application/json": "Pet" } });
    desk.behind("body", "POST", method, mock()).await;
    desk.deploy().await;
    let post = async |body: &str| desk.send(http::Request::post(desk.url("/body")), body).await;
    is(&post("{}").await, 400, ("{\"message\":\"Invalid request body\"}", "BadRequestException"), "a body that does not fit");
    let large = "x".repeat((10 << 20) + 1);
    is(&post(&large).await, 413, ("{\"message\":\"Request Too Long\"}", "RequestTooLargeException"), "a body beyond 10 MB");
}

#[tokio::test]
async fn too_many_and_too_much() {
    let desk = open_to_pages().await;
    desk.behind("m", "GET", json!({}), mock()).await;
    desk.behind("k", "GET", json!({ "apiKeyRequired": true }), mock()).await;
    desk.deploy().await;
    let setting = |name: &str| json!({ "op": "replace", "path": format!("/~1m/GET/throttling/{name}"), "value": "1" });
    desk.stage(json!([setting("rateLimit"), setting("burstLimit")])).await;
    assert_eq!(desk.get("/m").await.status, 200);
    is(&desk.get("/m").await, 429, TOO_MANY, "a method's throttle");

    let secret = |name: &str| name.repeat(20);
    for (name, plan) in
        [("t", json!({ "throttle": { "rateLimit": 1.0, "burstLimit": 1 } })), ("q", json!({ "quota": { "limit": 1, "period": "DAY" } }))]
    {
        let plan = merged(&json!({ "name": name, "apiStages": [{ "apiId": desk.api, "stage": "live" }] }), &[&plan]);
        let plan = desk.ok("CreateUsagePlan", plan).await["id"].clone();
        let key = desk.ok("CreateApiKey", json!({ "name": name, "enabled": true, "value": secret(name) })).await["id"].clone();
        desk.ok("CreateUsagePlanKey", json!({ "usagePlanId": plan, "keyId": key, "keyType": "API_KEY" })).await;
        assert_eq!(desk.get_with("/k", "x-api-key", &secret(name)).await.status, 200, "{name}");
    }
    is(&desk.get_with("/k", "x-api-key", &secret("t")).await, 429, TOO_MANY, "a plan's throttle");
    let over = ("{\"message\":\"Limit Exceeded\"}", "LimitExceededException");
    is(&desk.get_with("/k", "x-api-key", &secret("q")).await, 429, over, "a plan's quota");
}

#[tokio::test]
async fn an_integration_that_takes_too_long() {
    let desk = open_to_pages().await;
    let slow = desk.resource(&desk.top, "slow").await;
    desk.method(&slow, "GET", json!({})).await;
    desk.deploy().await;
    desk.behave(Behaviour::Sleep(40));
    let desk = Arc::new(desk);
    let waiting = tokio::spawn({
        let desk = desk.clone();
        async move { desk.get("/slow").await }
    });
    while desk.function.seen.lock().is_empty() {
        tokio::task::yield_now().await;
    }
    desk.advance(30).await;
    let words = ("{\"message\":\"Endpoint request timed out\"}", "InternalServerErrorException");
    is(&waiting.await.unwrap(), 504, words, "29 seconds are over");
}

#[tokio::test]
async fn what_functions_that_judge_lead_to() {
    let desk = open_to_pages().await;
    let uri = format!("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations");
    let judge = json!({ "restApiId": desk.api, "name": "j", "type": "TOKEN", "authorizerUri": uri, "authorizerResultTtlInSeconds": 0,
        "identitySource": "method.request.header.Authorization" });
    let id = desk.ok("CreateAuthorizer", judge).await["id"].clone();
    desk.behind("a", "GET", json!({ "authorizationType": "CUSTOM", "authorizerId": id }), mock()).await;
    desk.deploy().await;
    let policy = |effect: &str, resource: &str| {
        let statement = json!({ "Action": "execute-api:Invoke", "Effect": effect, "Resource": resource });
        Behaviour::Answer(json!({ "principalId": "ann", "policyDocument": { "Version": "2012-10-17", "Statement": [statement] } }))
    };
    let sentence = |rest: &str| format!("{{\"Message\":\"User is not authorized to access this resource{rest}\"}}");
    let elsewhere = format!("arn:aws:execute-api:us-east-1:000000000000:{}/live/GET/other", desk.api);
    let null = "{\"message\":null}";
    for (behaviour, status, body, error, what) in [
        (policy("Deny", "*"), 403, sentence(" with an explicit deny"), "AccessDeniedException", "an explicit deny"),
        (policy("Allow", &elsewhere), 403, sentence(""), "AccessDeniedException", "a policy that does not speak of it"),
        (Behaviour::Answer(json!({})), 500, null.to_owned(), "AuthorizerConfigurationException", "an answer that is no policy"),
        (Behaviour::Fail, 500, null.to_owned(), "AuthorizerFailureException", "a function that fails"),
    ] {
        desk.behave(behaviour);
        is(&desk.get_with("/a", "authorization", "t").await, status, (&body, error), what);
    }
    let unauthorized = ("{\"message\":\"Unauthorized\"}", "UnauthorizedException");
    is(&desk.get("/a").await, 401, unauthorized, "no token at all");
}

/// A web ACL that blocks everything.
struct BlockAll;

impl kit::Firewall for BlockAll {
    fn inspect<'a>(&'a self, _: &'a Context, _: &'a str, _: Inspected<'a>) -> BoxFuture<'a, Verdict> {
        Box::pin(async { Verdict::Stop(Stopped { action: "BLOCK", status: 403, ..Stopped::default() }) })
    }
    fn web_acl_of(&self, _: &Context, _: &str) -> Option<String> {
        None
    }
}

#[tokio::test]
async fn a_web_acl_that_blocks() {
    let desk = open_to_pages().await;
    desk.behind("m", "GET", json!({}), mock()).await;
    desk.deploy().await;
    desk.cloud.ports().offer_firewall(Arc::new(BlockAll));
    let forbidden = ("{\"message\":\"Forbidden\"}", "ForbiddenException");
    is(&desk.get("/m").await, 403, forbidden, "a rule's block");
}

#[tokio::test]
async fn an_api_that_can_not_do_what_it_is_set_to_do() {
    let desk = open_to_pages().await;
    // The status that the request's template chooses has no response, and none is there for all others.
    let only = json!({ "type": "MOCK", "requestTemplates": { "application/json": "{\"statusCode\": 418}" } });
    let resource = desk.behind("tea", "GET", json!({}), only).await;
    let response =
        json!({ "restApiId": desk.api, "resourceId": resource, "httpMethod": "GET", "statusCode": "200", "selectionPattern": "200" });
    desk.ok("PutIntegrationResponse", response).await;
    desk.deploy().await;
    is(&desk.get("/tea").await, 500, (INTERNAL, "InternalServerErrorException"), "no response for the status");
}
