//! What makers of APIs are told.

use crate::desk::Desk;
use serde_json::{Value, json};

#[tokio::test]
async fn resources_make_a_tree() {
    let desk = Desk::new().await;
    let pets = desk.resource(&desk.top, "pets").await;
    desk.resource(&pets, "{id}").await;
    let create = |parent: &str, part: &str| json!({ "restApiId": desk.api, "parentId": parent, "pathPart": part });
    assert_eq!(
        desk.refused("CreateResource", create(&desk.top, "pets")).await,
        "ConflictException: Another resource with the same parent already has this name: pets"
    );
    assert_eq!(
        desk.refused("CreateResource", create(&pets, "{proxy+}")).await,
        "BadRequestException: A sibling ({id}) of this resource already has a variable path part -- only one is allowed"
    );
    assert!(desk.refused("CreateResource", create(&pets, "a b")).await.starts_with("BadRequestException: Resource's path part only allow"));
    let files = desk.resource(&desk.top, "files").await;
    let greedy = desk.resource(&files, "{proxy+}").await;
    assert_eq!(
        desk.refused("CreateResource", create(&greedy, "x")).await,
        "BadRequestException: Cannot create a child of a resource with a greedy path variable: {proxy+}"
    );
    let rename = json!([{ "op": "replace", "path": "/pathPart", "value": "dogs" }]);
    desk.ok("UpdateResource", json!({ "restApiId": desk.api, "resourceId": pets, "patchOperations": rename })).await;
    let listed = desk.ok("GetResources", json!({ "restApiId": desk.api })).await;
    let paths: Vec<&str> = listed["items"].as_array().unwrap().iter().map(|r| r["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["/", "/dogs", "/dogs/{id}", "/files", "/files/{proxy+}"]);
    let cycle = json!([{ "op": "replace", "path": "/parentId", "value": pets }]);
    let child = listed["items"][2]["id"].clone();
    let under_own_child = json!([{ "op": "replace", "path": "/parentId", "value": child }]);
    assert!(
        desk.refused("UpdateResource", json!({ "restApiId": desk.api, "resourceId": pets, "patchOperations": under_own_child }))
            .await
            .contains("cyclical")
    );
    assert!(
        desk.refused("UpdateResource", json!({ "restApiId": desk.api, "resourceId": desk.top, "patchOperations": cycle }))
            .await
            .contains("Root resource")
    );
    desk.ok("DeleteResource", json!({ "restApiId": desk.api, "resourceId": pets })).await;
    assert_eq!(desk.ok("GetResources", json!({ "restApiId": desk.api })).await["items"].as_array().unwrap().len(), 3);
    assert_eq!(
        desk.refused("GetResource", json!({ "restApiId": desk.api, "resourceId": child })).await,
        "NotFoundException: Invalid Resource identifier specified"
    );
}

#[tokio::test]
async fn methods_and_integrations_are_checked_as_aws_checks_them() {
    let desk = Desk::new().await;
    let method =
        |verb: &str, kind: &str| json!({ "restApiId": desk.api, "resourceId": desk.top, "httpMethod": verb, "authorizationType": kind });
    let sentences = [
        (
            method("FETCH", "NONE"),
            "BadRequestException: Invalid HttpMethod specified. Valid options are GET,PUT,POST,DELETE,PATCH,OPTIONS,HEAD,ANY",
        ),
        (
            method("GET", "COGNITO_USER_POOLS"),
            "BadRequestException: Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires a valid authorizer.",
        ),
    ];
    for (input, sentence) in sentences {
        assert_eq!(desk.refused("PutMethod", input).await, sentence);
    }
    assert_eq!(
        desk.refused("PutIntegration", desk.proxy(&desk.top, "GET")).await,
        "NotFoundException: Invalid Method identifier specified"
    );
    desk.method(&desk.top, "GET", json!({})).await;
    let mut uri = desk.proxy(&desk.top, "GET");
    for (text, sentence) in [
        ("nonsense", "BadRequestException: Invalid ARN specified in the request"),
        ("arn:aws:lambda:us-east-1:000000000000:function:f", "BadRequestException: AWS ARN for integration must contain path or action"),
        (
            "arn:aws:apigateway:us-east-1:sqs:path/queue",
            "BadRequestException: Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose stream invocations.",
        ),
    ] {
        uri["uri"] = json!(text);
        assert_eq!(desk.refused("PutIntegration", uri.clone()).await, sentence);
    }
    let got = desk.ok("GetMethod", json!({ "restApiId": desk.api, "resourceId": desk.top, "httpMethod": "GET" })).await;
    let integration = &got["methodIntegration"];
    assert_eq!(
        (&integration["type"], &integration["timeoutInMillis"], &integration["passthroughBehavior"]),
        (&json!("AWS_PROXY"), &json!(29000), &json!("WHEN_NO_MATCH"))
    );
    assert_eq!(integration["cacheNamespace"], json!(desk.top));
}

#[tokio::test]
async fn what_is_not_honoured_is_refused_by_name() {
    let desk = Desk::new().await;
    desk.method(&desk.top, "GET", json!({})).await;
    let cases = [
        ("CreateRestApi", json!({ "name": "x", "cloneFrom": "abc" }), "cloneFrom"),
        ("GenerateClientCertificate", json!({}), "GenerateClientCertificate"),
        ("GetSdk", json!({ "restApiId": desk.api, "stageName": "live", "sdkType": "javascript" }), "GetSdk"),
    ];
    for (operation, input, name) in cases {
        let fault = desk.call(operation, input).await.unwrap_err();
        assert_eq!(fault.status, 501, "{operation}: {fault}");
        assert!(fault.message.contains(name), "{}", fault.message);
    }
}

#[tokio::test]
async fn a_deployment_that_is_served_stays() {
    let desk = Desk::new().await;
    let api = json!({ "restApiId": desk.api });
    assert_eq!(desk.refused("CreateDeployment", api.clone()).await, "BadRequestException: The REST API doesn't contain any methods");
    let bare = json!({ "restApiId": desk.api, "resourceId": desk.top, "httpMethod": "GET", "authorizationType": "NONE" });
    desk.ok("PutMethod", bare).await;
    assert_eq!(desk.refused("CreateDeployment", api.clone()).await, "BadRequestException: No integration defined for method");
    desk.ok("PutIntegration", desk.proxy(&desk.top, "GET")).await;
    let (one, two) = (desk.deploy().await, desk.deploy().await);
    let id = |id: &str| json!({ "restApiId": desk.api, "deploymentId": id });
    assert_eq!(
        desk.refused("DeleteDeployment", id(&two)).await,
        "BadRequestException: Active stages pointing to this deployment must be moved or deleted"
    );
    desk.ok("DeleteDeployment", id(&one)).await;
    let stage = desk.ok("GetStage", json!({ "restApiId": desk.api, "stageName": "live" })).await;
    assert_eq!(
        (&stage["deploymentId"], &stage["cacheClusterStatus"], &stage["methodSettings"]),
        (&json!(two), &json!("NOT_AVAILABLE"), &json!({}))
    );
    let again = json!({ "restApiId": desk.api, "stageName": "live", "deploymentId": two });
    assert_eq!(desk.refused("CreateStage", again).await, "ConflictException: Stage already exists");
    desk.ok("DeleteStage", json!({ "restApiId": desk.api, "stageName": "live" })).await;
    desk.ok("DeleteRestApi", api.clone()).await;
    assert_eq!(
        desk.refused("GetRestApi", api).await,
        format!("NotFoundException: Invalid API identifier specified 000000000000:{}", desk.api)
    );
}

#[tokio::test]
async fn apis_change_by_patch_operations() {
    let desk = Desk::new().await;
    let update = |operations: Value| json!({ "restApiId": desk.api, "patchOperations": operations });
    let changed = desk
        .ok(
            "UpdateRestApi",
            update(json!([
                { "op": "add", "path": "/binaryMediaTypes/image~1png" }, { "op": "replace", "path": "/name", "value": "cats" },
                { "op": "replace", "path": "/description", "value": "all of them" }, { "op": "add", "path": "/binaryMediaTypes/image~1gif" },
                { "op": "remove", "path": "/binaryMediaTypes/image~1png" },
            ])),
        )
        .await;
    assert_eq!(
        (&changed["name"], &changed["description"], &changed["binaryMediaTypes"]),
        (&json!("cats"), &json!("all of them"), &json!(["image/gif"]))
    );
    let whole = update(json!([{ "op": "add", "path": "/binaryMediaTypes", "value": "x" }]));
    assert_eq!(desk.refused("UpdateRestApi", whole).await, "BadRequestException: Invalid patch path /binaryMediaTypes");
    let size = update(json!([{ "op": "replace", "path": "/minimumCompressionSize", "value": "10485761" }]));
    assert_eq!(
        desk.refused("UpdateRestApi", size).await,
        "BadRequestException: Invalid minimum compression size, must be between 0 and 10485760"
    );
}

#[tokio::test]
async fn an_authorizer_in_use_stays() {
    let desk = Desk::new().await;
    let id = desk.authorizer().await;
    desk.method(&desk.top, "GET", json!({ "authorizationType": "COGNITO_USER_POOLS", "authorizerId": id })).await;
    let gone = json!({ "restApiId": desk.api, "authorizerId": id });
    assert!(desk.refused("DeleteAuthorizer", gone.clone()).await.starts_with("ConflictException"));
    desk.ok("DeleteMethod", json!({ "restApiId": desk.api, "resourceId": desk.top, "httpMethod": "GET" })).await;
    desk.ok("DeleteAuthorizer", gone).await;
    assert_eq!(desk.ok("GetAuthorizers", json!({ "restApiId": desk.api })).await["items"], json!([]));
}

#[tokio::test]
async fn tags_of_apis_and_stages() {
    let desk = Desk::with(json!({ "tags": { "_custom_id_": "mine", "a": "1" } })).await;
    assert_eq!(desk.api, "mine");
    desk.method(&desk.top, "GET", json!({})).await;
    desk.deploy().await;
    let arn = "arn:aws:apigateway:us-east-1::/restapis/mine/stages/live";
    desk.ok("TagResource", json!({ "resourceArn": arn, "tags": { "b": "2", "c": "3" } })).await;
    desk.ok("UntagResource", json!({ "resourceArn": arn, "tagKeys": ["c"] })).await;
    assert_eq!(desk.ok("GetTags", json!({ "resourceArn": arn })).await["tags"], json!({ "b": "2" }));
    assert_eq!(desk.ok("GetRestApi", json!({ "restApiId": "mine" })).await["tags"]["a"], "1");
}
