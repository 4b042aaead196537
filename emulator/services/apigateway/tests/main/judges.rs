//! Functions that judge callers: TOKEN and REQUEST authorizers, what they are asked, what they may answer, and how long that holds.

use crate::desk::{Behaviour, Desk, FUNCTION};
use serde_json::{Value, json};

async fn judged(authorizer: Value) -> Desk {
    let desk = Desk::new().await;
    let uri = format!("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations");
    let mut input = json!({ "restApiId": desk.api, "name": "judge", "authorizerUri": uri });
    authorizer.as_object().unwrap().iter().for_each(|(key, value)| input[key] = value.clone());
    let id = desk.ok("CreateAuthorizer", input).await["id"].clone();
    for part in ["a", "b"] {
        let mock = json!({ "type": "MOCK", "requestTemplates": { "application/json": "{\"statusCode\": 200}" } });
        let resource = desk.behind(part, "GET", json!({ "authorizationType": "CUSTOM", "authorizerId": id }), mock).await;
        let template = json!({ "application/json": "$context.authorizer.principalId $context.authorizer.level" });
        desk.ok("PutIntegrationResponse", json!({ "restApiId": desk.api, "resourceId": resource, "httpMethod": "GET", "statusCode": "200", "responseTemplates": template })).await;
    }
    desk.deploy().await;
    desk
}

fn policy(desk: &Desk, effect: &str, path: &str) -> Behaviour {
    let resource = format!("arn:aws:execute-api:us-east-1:000000000000:{}/live/GET/{path}", desk.api);
    Behaviour::Answer(
        json!({ "principalId": "ann", "context": { "level": 7 }, "policyDocument": { "Version": "2012-10-17", "Statement": [{ "Action": "execute-api:Invoke", "Effect": effect, "Resource": resource }] } }),
    )
}

#[tokio::test]
async fn a_token_is_judged_and_the_policy_serves_all_methods() {
    let desk = judged(json!({ "type": "TOKEN" })).await;
    desk.behave(policy(&desk, "Allow", "a"));
    assert_eq!(desk.get("/a").await.body, "{\"message\":\"Unauthorized\"}");
    assert_eq!(desk.get_with("/a", "authorization", "t1").await.body, "ann 7");
    assert_eq!(
        desk.event(),
        json!({ "type": "TOKEN", "authorizationToken": "t1", "methodArn": format!("arn:aws:execute-api:us-east-1:000000000000:{}/live/GET/a", desk.api) })
    );
    // The trap: the cached policy speaks of one method only, so the other is refused although the function would allow it.
    desk.behave(policy(&desk, "Allow", "*"));
    let trapped = desk.get_with("/b", "authorization", "t1").await;
    assert_eq!(
        (trapped.status, trapped.body.as_str(), desk.function.seen.lock().len()),
        (403, "{\"Message\":\"User is not authorized to access this resource\"}", 1)
    );
    desk.advance(301).await;
    assert_eq!(desk.get_with("/b", "authorization", "t1").await.status, 200);
    desk.ok("FlushStageAuthorizersCache", json!({ "restApiId": desk.api, "stageName": "live" })).await;
    desk.behave(policy(&desk, "Deny", "*"));
    let denied = desk.get_with("/b", "authorization", "t1").await;
    assert_eq!((denied.status, denied.header("x-amzn-errortype")), (403, "AccessDeniedException"));
    assert_eq!(denied.body, "{\"Message\":\"User is not authorized to access this resource with an explicit deny\"}");
}

#[tokio::test]
async fn a_token_must_fit_the_expression() {
    let desk = judged(json!({ "type": "TOKEN", "identityValidationExpression": "^x-[a-z]+" })).await;
    desk.behave(policy(&desk, "Allow", "*"));
    assert_eq!(desk.get_with("/a", "authorization", "y-1").await.status, 401);
    assert!(desk.function.seen.lock().is_empty());
    assert_eq!(desk.get_with("/a", "authorization", "x-abc").await.status, 200);
}

#[tokio::test]
async fn what_functions_may_answer() {
    let desk = judged(json!({ "type": "TOKEN", "authorizerResultTtlInSeconds": 0 })).await;
    let allow = json!({ "Version": "2012-10-17", "Statement": [{ "Action": "*", "Effect": "Allow", "Resource": "*" }] });
    for answer in
        [json!({}), json!({ "principalId": "a" }), json!({ "principalId": "a", "policyDocument": allow, "context": { "list": [] } })]
    {
        desk.behave(Behaviour::Answer(answer.clone()));
        let got = desk.get_with("/a", "authorization", "t").await;
        assert_eq!(
            (got.status, got.body.as_str(), got.header("x-amzn-errortype")),
            (500, "{\"message\":null}", "AuthorizerConfigurationException"),
            "{answer}"
        );
    }
    desk.behave(Behaviour::Fail);
    assert_eq!(desk.get_with("/a", "authorization", "t").await.status, 500);
}

#[tokio::test]
async fn a_request_is_judged_by_its_sources() {
    let desk = judged(json!({ "type": "REQUEST", "identitySource": "method.request.header.X-Who, method.request.querystring.q" })).await;
    desk.behave(policy(&desk, "Allow", "*"));
    assert_eq!(desk.get_with("/a", "x-who", "me").await.status, 401, "a source is missing");
    assert_eq!(desk.get_with("/a?q=1", "x-who", "me").await.status, 200);
    let event = desk.event();
    assert_eq!((&event["type"], &event["path"], &event["queryStringParameters"]), (&json!("REQUEST"), &json!("/a"), &json!({ "q": "1" })));
    assert!(event.get("body").is_none() && event["methodArn"].as_str().unwrap().ends_with("/live/GET/a"));
    desk.get_with("/b?q=1", "x-who", "me").await;
    assert_eq!(desk.function.seen.lock().len(), 1);
    desk.get_with("/b?q=2", "x-who", "me").await;
    assert_eq!(desk.function.seen.lock().len(), 2);
}

#[tokio::test]
async fn a_test_asks_the_function() {
    let desk = judged(json!({ "type": "TOKEN" })).await;
    desk.behave(policy(&desk, "Allow", "*"));
    let id = desk.ok("GetAuthorizers", json!({ "restApiId": desk.api })).await["items"][0]["id"].clone();
    let input = json!({ "restApiId": desk.api, "authorizerId": id, "headers": { "Authorization": "t" } });
    let tested = desk.ok("TestInvokeAuthorizer", input).await;
    assert_eq!(
        (&tested["clientStatus"], &tested["principalId"], &tested["authorization"]),
        (&json!(0), &json!("ann"), &json!({ "level": ["7"] }))
    );
}

#[tokio::test]
async fn a_test_of_a_token_tells_its_claims() {
    let desk = Desk::new().await;
    let id = desk.authorizer().await;
    let test = |token: &str| {
        desk.ok("TestInvokeAuthorizer", json!({ "restApiId": desk.api, "authorizerId": id, "headers": { "Authorization": token } }))
    };
    let told = test("Bearer {\"token_use\":\"id\",\"sub\":\"ann\"}").await;
    assert_eq!((&told["clientStatus"], &told["claims"]), (&json!(0), &json!({ "token_use": "id", "sub": "ann" })));
    assert_eq!(test("expired").await["clientStatus"], 401);
    assert_eq!(test("{\"token_use\":\"access\"}").await["clientStatus"], 401, "without scopes an id token is wanted");
}
