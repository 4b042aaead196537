//! Custom domain names and their base paths, and canaries.

use crate::desk::Desk;
use serde_json::json;

#[tokio::test]
async fn a_domain_leads_to_the_stage_of_its_longest_base_path() {
    let desk = Desk::with(json!({ "disableExecuteApiEndpoint": true })).await;
    let pets = desk.resource(&desk.top, "pets").await;
    desk.method(&pets, "GET", json!({})).await;
    desk.deploy().await;
    let domain = json!({ "domainName": "Api.Example.com", "regionalCertificateArn": "arn:aws:acm:us-east-1:000000000000:certificate/x", "endpointConfiguration": { "types": ["REGIONAL"] } });
    let made = desk.ok("CreateDomainName", domain).await;
    assert!(made["regionalDomainName"].as_str().unwrap().ends_with(".execute-api.us-east-1.amazonaws.com"));
    let mapping = json!({ "domainName": "api.example.com", "basePath": "v1", "restApiId": desk.api, "stage": "live" });
    desk.ok("CreateBasePathMapping", mapping.clone()).await;
    assert!(desk.refused("CreateBasePathMapping", mapping).await.starts_with("ConflictException"));
    desk.ok("CreateBasePathMapping", json!({ "domainName": "api.example.com", "restApiId": desk.api })).await;
    let get = |path: &str| http::Request::get(path.to_owned()).header("host", "api.example.com:4566");
    assert_eq!(desk.send(get("/v1/pets"), "").await.status, 200);
    assert_eq!((&desk.event()["path"], &desk.event()["requestContext"]["path"]), (&json!("/pets"), &json!("/v1/pets")));
    assert_eq!(
        (&desk.event()["requestContext"]["domainName"], &desk.event()["requestContext"]["domainPrefix"]),
        (&json!("api.example.com"), &json!("api"))
    );
    // Without a stage the next part of the path names it.
    assert_eq!(desk.send(get("/live/pets"), "").await.status, 200);
    assert_eq!(desk.get("/pets").await.status, 403, "the API's own address is switched off");
    desk.ok("DeleteDomainName", json!({ "domainName": "api.example.com" })).await;
}

#[tokio::test]
async fn a_canary_gets_its_share() {
    let desk = Desk::new().await;
    desk.template("say", "old $stageVariables.who $context.isCanaryRequest").await;
    desk.deploy().await;
    let resource = desk.ok("GetResources", json!({ "restApiId": desk.api })).await["items"][1]["id"].clone();
    let template = json!({ "application/json": "new $stageVariables.who $context.isCanaryRequest" });
    desk.ok(
        "PutIntegrationResponse",
        json!({ "restApiId": desk.api, "resourceId": resource, "httpMethod": "POST", "statusCode": "200", "responseTemplates": template }),
    )
    .await;
    let canary = json!({ "percentTraffic": 30.0, "stageVariableOverrides": { "who": "canary" } });
    desk.ok("CreateDeployment", json!({ "restApiId": desk.api, "stageName": "live", "canarySettings": canary })).await;
    let mut new = 0;
    for _ in 0..200 {
        let body = desk.send(http::Request::post(desk.url("/say")), "").await.body;
        assert!(body == "old  false" || body == "new canary true", "{body}");
        new += usize::from(body.starts_with("new"));
    }
    assert!((30..90).contains(&new), "{new} of 200");
    desk.stage(json!([{ "op": "copy", "path": "/deploymentId", "from": "/canarySettings/deploymentId" }, { "op": "remove", "path": "/canarySettings" }])).await;
    assert_eq!(desk.send(http::Request::post(desk.url("/say")), "").await.body, "new  ");
}
