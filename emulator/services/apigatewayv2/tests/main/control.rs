//! What may be made, and what is refused.

use crate::desk::{Desk, FUNCTION};
use serde_json::json;

#[tokio::test]
async fn quick_create_makes_an_api_that_answers() {
    let desk = Desk::with(json!({ "Target": FUNCTION })).await;
    let api = desk.ok("GetApi", json!({ "ApiId": desk.api })).await;
    assert_eq!(api["ApiEndpoint"], format!("https://{}.execute-api.us-east-1.amazonaws.com", desk.api));
    assert_eq!((&api["RouteSelectionExpression"], &api["ProtocolType"]), (&json!("$request.method $request.path"), &json!("HTTP")));
    let routes = desk.ok("GetRoutes", json!({ "ApiId": desk.api })).await;
    assert_eq!((&routes["Items"][0]["RouteKey"], &routes["Items"][0]["ApiGatewayManaged"]), (&json!("$default"), &json!(true)));
    let stage = desk.ok("GetStage", json!({ "ApiId": desk.api, "StageName": "$default" })).await;
    assert_eq!(stage["AutoDeploy"], true);
    assert_eq!(desk.get("/any/thing").await.body, "hello");
}

#[tokio::test]
async fn routes_and_what_they_lead_to() {
    let desk = Desk::new().await;
    let id = desk.route("GET /pets/{id}", "2.0", json!({})).await;
    let route = |key: &str| json!({ "ApiId": desk.api, "RouteKey": key });
    assert!(desk.refused("CreateRoute", route("GET /pets/{id}")).await.starts_with("ConflictException"));
    for wrong in ["GET pets", "FETCH /x", "GET /{a+}/b", "GET /a{b}"] {
        assert!(desk.refused("CreateRoute", route(wrong)).await.contains("not formatted properly"), "{wrong}");
    }
    let integration = desk.ok("GetIntegrations", json!({ "ApiId": desk.api })).await["Items"][0]["IntegrationId"].clone();
    assert!(
        desk.refused("DeleteIntegration", json!({ "ApiId": desk.api, "IntegrationId": integration }))
            .await
            .starts_with("ConflictException")
    );
    let moved = desk.ok("UpdateRoute", json!({ "ApiId": desk.api, "RouteId": id, "RouteKey": "GET /cats/{id}" })).await;
    assert_eq!(
        (&moved["RouteKey"], &moved["Target"]),
        (&json!("GET /cats/{id}"), &json!(format!("integrations/{}", integration.as_str().unwrap())))
    );
    desk.ok("DeleteRoute", json!({ "ApiId": desk.api, "RouteId": id })).await;
    desk.ok("DeleteIntegration", json!({ "ApiId": desk.api, "IntegrationId": integration })).await;
    assert_eq!(
        desk.refused("GetRoute", json!({ "ApiId": desk.api, "RouteId": id })).await,
        format!("NotFoundException: Invalid Route identifier specified {id}")
    );
}

#[tokio::test]
async fn what_is_not_honoured_is_refused_by_name() {
    let desk = Desk::new().await;
    let cases = [
        ("CreateApi", json!({ "Name": "w", "ProtocolType": "WEBSOCKET", "RouteSelectionExpression": "$request.body.action" }), "WEBSOCKET"),
        (
            "CreateIntegration",
            json!({ "ApiId": desk.api, "IntegrationType": "HTTP_PROXY", "ConnectionType": "VPC_LINK", "ConnectionId": "x", "IntegrationMethod": "GET", "IntegrationUri": "http://localhost/", "PayloadFormatVersion": "1.0" }),
            "VPC_LINK",
        ),
        (
            "CreateIntegration",
            json!({ "ApiId": desk.api, "IntegrationType": "AWS_PROXY", "IntegrationSubtype": "Kinesis-PutRecord", "PayloadFormatVersion": "1.0", "CredentialsArn": "arn:aws:iam::000000000000:role/r" }),
            "Kinesis-PutRecord",
        ),
        ("CreateModel", json!({ "ApiId": desk.api, "Name": "m", "Schema": "{}" }), "CreateModel"),
        (
            "CreateAuthorizer",
            json!({ "ApiId": desk.api, "Name": "a", "AuthorizerType": "JWT", "IdentitySource": ["$request.header.Authorization"], "JwtConfiguration": { "Audience": ["x"], "Issuer": "https://accounts.example.com" } }),
            "issuer",
        ),
    ];
    for (operation, input, name) in cases {
        let fault = desk.call(operation, input).await.unwrap_err();
        assert_eq!(fault.status, 501, "{operation}: {fault}");
        assert!(fault.message.contains(name), "{}", fault.message);
    }
}

#[tokio::test]
async fn a_stage_without_auto_deploy_serves_what_was_deployed() {
    let desk = Desk::new().await;
    desk.route("GET /a", "2.0", json!({})).await;
    desk.ok("CreateStage", json!({ "ApiId": desk.api, "StageName": "test" })).await;
    assert_eq!(desk.get("/test/a").await.status, 404);
    desk.ok("CreateDeployment", json!({ "ApiId": desk.api, "StageName": "test" })).await;
    assert_eq!(desk.get("/test/a").await.status, 200);
    desk.route("GET /b", "2.0", json!({})).await;
    assert_eq!((desk.get("/test/b").await.status, desk.get("/b").await.status), (404, 200));
    let used = desk.ok("GetStage", json!({ "ApiId": desk.api, "StageName": "test" })).await["DeploymentId"].clone();
    assert!(desk.refused("DeleteDeployment", json!({ "ApiId": desk.api, "DeploymentId": used })).await.contains("Active stages"));
    let tags = json!({ "ResourceArn": format!("arn:aws:apigateway:us-east-1::/apis/{}/stages/test", desk.api) });
    desk.ok("TagResource", crate::desk::merged(&tags, &json!({ "Tags": { "a": "1" } }))).await;
    assert_eq!(desk.ok("GetTags", tags).await["Tags"], json!({ "a": "1" }));
}
