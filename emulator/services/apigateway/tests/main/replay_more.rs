//! More of what was recorded from AWS: resources, methods as they change, canaries, what is asked of APIs that are not there.

use crate::replay::{Replay, patch};
use serde_json::{Value, json};

fn api() -> Value {
    json!({ "restApiId": "$api.id" })
}
fn with(first: &Value, more: Value) -> Value {
    crate::desk::merged(first, &[&more])
}
fn child(parent: &str, part: &str) -> Value {
    json!({ "restApiId": "$api.id", "parentId": parent, "pathPart": part })
}
fn moved(resource: &str, op: &str, path: &str, value: Value) -> Value {
    json!({ "restApiId": "$api.id", "resourceId": resource, "patchOperations": patch(&[(op, path, value)]) })
}

#[tokio::test]
async fn resources() {
    let Some(mut r) = Replay::of("test_apigateway_api", "TestApiGatewayApiResource::test_resource_lifecycle").await else { return };
    r.step("rest-api-root-resource", "GetResources", api()).await;
    r.step("create-resource", "CreateResource", child("$api.rootResourceId", "pets")).await;
    r.step("rest-api-resources-after-create", "GetResources", api()).await;
    r.step("create-subresource", "CreateResource", child("$create-resource.id", "subpets")).await;
    r.step("rest-api-resources-after-create-sub", "GetResources", api()).await;
    r.step("update-path-part", "UpdateResource", moved("$create-resource.id", "replace", "/pathPart", json!("dogs"))).await;
    r.step("get-resp-after-update-path-part", "GetResource", with(&api(), json!({ "resourceId": "$create-resource.id" }))).await;
    r.step("del-resource", "DeleteResource", with(&api(), json!({ "resourceId": "$create-resource.id" }))).await;
    r.step("rest-api-resources-after-delete", "GetResources", api()).await;
    r.end();
    let Some(mut r) = Replay::of("test_apigateway_api", "TestApiGatewayApiResource::test_update_resource_behaviour").await else { return };
    r.run("pets", "CreateResource", child("$api.rootResourceId", "pets")).await;
    r.step("nonexistent-resource", "UpdateResource", moved("fake-resource", "replace", "/pathPart", json!("dogs"))).await;
    r.step("invalid-path-part", "UpdateResource", moved("$pets.id", "replace", "/invalid", json!("dogs"))).await;
    r.step("invalid-parent-id", "UpdateResource", moved("$pets.id", "replace", "/parentId", json!("fake-parent-id"))).await;
    r.step("create-subresource", "CreateResource", child("$pets.id", "subpets")).await;
    r.step("create-subresource-child", "CreateResource", child("$create-subresource.id", "pets")).await;
    r.step(
        "existing-future-sibling-path",
        "UpdateResource",
        moved("$create-subresource-child.id", "replace", "/parentId", json!("$api.rootResourceId")),
    )
    .await;
    r.run("gone", "DeleteResource", with(&api(), json!({ "resourceId": "$create-subresource-child.id" }))).await;
    r.step(
        "update-parent-id-to-subresource-id",
        "UpdateResource",
        moved("$pets.id", "replace", "/parentId", json!("$create-subresource.id")),
    )
    .await;
    r.step(
        "update-parent-id-to-root-id",
        "UpdateResource",
        moved("$create-subresource.id", "replace", "/parentId", json!("$api.rootResourceId")),
    )
    .await;
    r.step("update-path-already-exists", "UpdateResource", moved("$create-subresource.id", "replace", "/pathPart", json!("pets"))).await;
    r.run("gone", "DeleteResource", with(&api(), json!({ "resourceId": "$pets.id" }))).await;
    r.step("resources-after-deletion", "GetResources", api()).await;
    r.step("remove-unsupported", "UpdateResource", moved("$create-subresource.id", "remove", "/pathPart", Value::Null)).await;
    r.step("add-unsupported", "UpdateResource", moved("$create-subresource.id", "add", "/pathPart", json!("added-pets"))).await;
    r.end();
    let Some(mut r) = Replay::of("test_apigateway_api", "TestApiGatewayApiResource::test_update_resource_on_root").await else { return };
    r.step("update-root-path-part", "UpdateResource", moved("$api.rootResourceId", "replace", "/pathPart", json!("dogs"))).await;
    r.step("update-root-parent", "UpdateResource", moved("$api.rootResourceId", "replace", "/parentId", json!("$api.rootResourceId")))
        .await;
    r.end();
    let Some(mut r) = Replay::of("test_apigateway_api", "TestApiGatewayApiResource::test_create_proxy_resource_validation").await else {
        return;
    };
    r.step("create-base-proxy-resource", "CreateResource", child("$api.rootResourceId", "{proxy+}")).await;
    r.step("create-proxy-dynamic-sibling-resource", "CreateResource", child("$api.rootResourceId", "{dynamic}")).await;
    r.step("create-proxy-static-child-resource", "CreateResource", child("$create-base-proxy-resource.id", "child")).await;
    r.step("create-proxy-dynamic-child-resource", "CreateResource", child("$create-base-proxy-resource.id", "{child}")).await;
    r.run("parent", "CreateResource", child("$api.rootResourceId", "parent")).await;
    r.step("create-greedy-child-resource", "CreateResource", child("$parent.id", "{child+}")).await;
    r.end();
    let Some(mut r) = Replay::of("test_apigateway_api", "TestApiGatewayApiResource::test_create_resource_parent_invalid").await else {
        return;
    };
    r.step("wrong-resource-parent-id", "CreateResource", child("fake-resource-id", "pets")).await;
    r.end();
}

#[tokio::test]
async fn methods() {
    let any = json!({ "restApiId": "$api.id", "resourceId": "$api.rootResourceId", "httpMethod": "ANY" });
    let Some(mut r) = Replay::of("test_apigateway_api", "TestApiGatewayApiMethod::test_method_lifecycle").await else { return };
    r.step("put-base-method-response", "PutMethod", with(&any, json!({ "authorizationType": "NONE" }))).await;
    r.step("get-base-method-response", "GetMethod", any.clone()).await;
    r.step("del-base-method-response", "DeleteMethod", any.clone()).await;
    r.step("get-deleted-method-response", "GetMethod", any.clone()).await;
    r.step("delete-deleted-method-response", "DeleteMethod", any.clone()).await;
    r.end();
    let Some(mut r) = Replay::of("test_apigateway_api", "TestApiGatewayApiMethod::test_method_request_parameters").await else { return };
    let parameters = json!({ "method.request.querystring.q_optional": false, "method.request.querystring.q_required": true, "method.request.header.h_optional": false, "method.request.header.h_required": true });
    r.step(
        "put-method-request-params-response",
        "PutMethod",
        with(&any, json!({ "authorizationType": "NONE", "requestParameters": parameters })),
    )
    .await;
    r.step("get-method-request-params-response", "GetMethod", any.clone()).await;
    let twice = json!({ "httpMethod": "GET", "authorizationType": "NONE", "requestParameters": { "method.request.querystring.optional": false, "method.request.header.optional": false } });
    r.step("req-params-same-name", "PutMethod", with(&any, twice)).await;
    r.end();
    let Some(mut r) = Replay::of("test_apigateway_api", "TestApiGatewayApiMethod::test_update_method").await else { return };
    let change = |operations: &[(&str, &str, Value)]| with(&any, json!({ "patchOperations": patch(operations) }));
    let parameter = "/requestParameters/method.request.querystring.optional";
    r.step("put-method-response", "PutMethod", with(&any, json!({ "authorizationType": "NONE" }))).await;
    r.step(
        "update-method-add",
        "UpdateMethod",
        change(&[("add", parameter, json!("true")), ("add", "/requestModels/application~1json", json!("Empty"))]),
    )
    .await;
    r.step(
        "update-method-replace",
        "UpdateMethod",
        change(&[
            ("replace", "/operationName", json!("ReplacedOperationName")),
            ("replace", "/apiKeyRequired", json!("true")),
            ("replace", "/authorizationType", json!("AWS_IAM")),
            ("replace", parameter, json!("false")),
        ]),
    )
    .await;
    let uri = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function:myApiAuthorizer/invocations";
    r.run("judge", "CreateAuthorizer", with(&api(), json!({ "name": "authorizer-test", "type": "TOKEN", "authorizerUri": uri, "identitySource": "method.request.header.Authorization" }))).await;
    r.step(
        "update-method-replace-authorizer",
        "UpdateMethod",
        change(&[("replace", "/authorizerId", json!("$judge.id")), ("replace", "/authorizationType", json!("CUSTOM"))]),
    )
    .await;
    r.step(
        "update-method-remove",
        "UpdateMethod",
        change(&[("remove", parameter, json!("true")), ("remove", "/requestModels/application~1json", json!("Empty"))]),
    )
    .await;
    r.end();
}

#[tokio::test]
async fn what_is_asked_of_apis_that_are_not_there() {
    let Some(mut r) = Replay::of("test_apigateway_api", "TestApiGatewayApiAuthorizer::test_authorizer_crud_no_api").await else { return };
    let fake = json!({ "restApiId": "test-fake-rest-id" });
    r.step("wrong-rest-api-id-create-authorizer", "CreateAuthorizer", with(&fake, json!({ "name": "fake-auth-name", "type": "TOKEN" })))
        .await;
    r.step("wrong-rest-api-id-get-authorizers", "GetAuthorizers", fake.clone()).await;
    r.end();
    let Some(mut r) = Replay::of("test_apigateway_api", "TestApiGatewayApiRequestValidator::test_validators_crud_no_api").await else {
        return;
    };
    r.step(
        "wrong-rest-api-id-create-validator",
        "CreateRequestValidator",
        with(&fake, json!({ "name": "test-validator", "validateRequestBody": true })),
    )
    .await;
    r.step("wrong-rest-api-id-get-validators", "GetRequestValidators", fake.clone()).await;
    r.end();
    let Some(mut r) = Replay::of("test_apigateway_api", "TestApiGatewayApiDocumentationPart::test_doc_parts_crud_no_api").await else {
        return;
    };
    r.step(
        "wrong-rest-api-id-create-doc-part",
        "CreateDocumentationPart",
        with(&fake, json!({ "location": { "type": "API" }, "properties": "{\"foo\": \"bar\"}" })),
    )
    .await;
    r.step("wrong-rest-api-id-get-doc-parts", "GetDocumentationParts", fake).await;
    r.end();
    let id = json!({ "restApiId": "api_id" });
    let Some(mut r) = Replay::of("test_apigateway_api", "TestApiGatewayApiRequestValidator::test_invalid_get_request_validator").await
    else {
        return;
    };
    r.step("get-request-validators-invalid-api-id", "GetRequestValidator", with(&id, json!({ "requestValidatorId": "validator_id" })))
        .await;
    r.step(
        "get-request-validators-invalid-validator-id",
        "GetRequestValidator",
        with(&api(), json!({ "requestValidatorId": "validator_id" })),
    )
    .await;
    r.end();
    let Some(mut r) = Replay::of("test_apigateway_api", "TestApiGatewayApiRequestValidator::test_invalid_get_request_validators").await
    else {
        return;
    };
    r.step("get-invalid-request-validators", "GetRequestValidators", id.clone()).await;
    r.end();
    let Some(mut r) = Replay::of("test_apigateway_api", "TestApiGatewayApiRequestValidator::test_invalid_delete_request_validator").await
    else {
        return;
    };
    r.step("delete-request-validator-invalid-api-id", "DeleteRequestValidator", with(&id, json!({ "requestValidatorId": "validator_id" })))
        .await;
    r.step(
        "delete-request-validator-invalid-validator-id",
        "DeleteRequestValidator",
        with(&api(), json!({ "requestValidatorId": "validator_id" })),
    )
    .await;
    r.end();
    let Some(mut r) =
        Replay::of("test_apigateway_api", "TestApiGatewayApiRequestValidator::test_create_request_validator_invalid_api_id").await
    else {
        return;
    };
    r.step("invalid-create-request-validator", "CreateRequestValidator", with(&id, json!({ "name": "v" }))).await;
    r.end();
    let Some(mut r) = Replay::of("test_apigateway_api", "TestApiGatewayApiDocumentationPart::test_invalid_get_documentation_part").await
    else {
        return;
    };
    r.step("get-documentation-part-invalid-api-id", "GetDocumentationPart", with(&id, json!({ "documentationPartId": "x" }))).await;
    r.step("get-documentation-part-invalid-doc-id", "GetDocumentationPart", with(&api(), json!({ "documentationPartId": "x" }))).await;
    r.end();
    let Some(mut r) = Replay::of("test_apigateway_api", "TestApiGatewayApiDocumentationPart::test_invalid_get_documentation_parts").await
    else {
        return;
    };
    r.step("get-inavlid-documentation-parts", "GetDocumentationParts", id.clone()).await;
    r.end();
    let Some(mut r) = Replay::of("test_apigateway_api", "TestApiGatewayApiRestApi::test_update_rest_api_invalid_api_id").await else {
        return;
    };
    r.step(
        "not-found-update-rest-api",
        "UpdateRestApi",
        with(&id, json!({ "patchOperations": patch(&[("replace", "/apiKeySource", json!("HEADER"))]) })),
    )
    .await;
    r.end();
}

#[tokio::test]
async fn canaries_of_every_kind() {
    let stage = |more: Value| {
        with(
            &json!({ "restApiId": "$api.id", "stageName": "dev", "deploymentId": "$create-deployment.id", "description": "dev stage", "variables": { "testVar": "default" } }),
            more,
        )
    };
    let canary = |percent: i32, value: &str| json!({ "percentTraffic": percent, "stageVariableOverrides": { "testVar": value } });
    let Some(mut r) = Replay::of("test_apigateway_canary", "TestStageCrudCanary::test_create_canary_deployment_with_stage").await else {
        return;
    };
    r.desk.method(&r.desk.top.clone(), "GET", json!({})).await;
    r.step("create-deployment", "CreateDeployment", api()).await;
    r.step("create-stage", "CreateStage", stage(json!({}))).await;
    r.step(
        "create-canary-deployment",
        "CreateDeployment",
        with(&api(), json!({ "stageName": "dev", "canarySettings": canary(50, "canary") })),
    )
    .await;
    r.step("get-stage", "GetStage", with(&api(), json!({ "stageName": "dev" }))).await;
    r.end();
    let Some(mut r) = Replay::of("test_apigateway_canary", "TestStageCrudCanary::test_create_canary_deployment").await else { return };
    r.desk.method(&r.desk.top.clone(), "GET", json!({})).await;
    r.step("create-deployment", "CreateDeployment", api()).await;
    r.step("create-stage", "CreateStage", stage(json!({ "stageName": "dev1", "canarySettings": with(&canary(40, "canary1"), json!({ "deploymentId": "$create-deployment.id" })) }))).await;
    r.step(
        "create-canary-deployment",
        "CreateDeployment",
        with(&api(), json!({ "stageName": "dev1", "canarySettings": canary(50, "canary2") })),
    )
    .await;
    r.step("get-stage-1", "GetStage", with(&api(), json!({ "stageName": "dev1" }))).await;
    r.step("create-stage-2", "CreateStage", stage(json!({ "stageName": "dev2", "canarySettings": with(&canary(60, "canary-overridden"), json!({ "deploymentId": "$create-canary-deployment.id" })) }))).await;
    r.step(
        "bad-canary-deployment-id",
        "CreateStage",
        stage(json!({ "stageName": "dev3", "canarySettings": { "deploymentId": "deploy" } })),
    )
    .await;
    r.end();
    let Some(mut r) = Replay::of("test_apigateway_canary", "TestStageCrudCanary::test_create_canary_deployment_by_stage_update").await
    else {
        return;
    };
    let update = |operations: Value| json!({ "restApiId": "$api.id", "stageName": "dev", "patchOperations": operations });
    r.desk.method(&r.desk.top.clone(), "GET", json!({})).await;
    r.step("create-deployment", "CreateDeployment", api()).await;
    r.step("create-deployment-2", "CreateDeployment", api()).await;
    r.step("create-stage", "CreateStage", stage(json!({}))).await;
    r.step(
        "update-stage-with-deployment",
        "UpdateStage",
        update(patch(&[("replace", "/canarySettings/deploymentId", json!("$create-deployment-2.id"))])),
    )
    .await;
    r.step("remove-stage-canary", "UpdateStage", update(patch(&[("remove", "/canarySettings", Value::Null)]))).await;
    r.step("update-stage-with-percent", "UpdateStage", update(patch(&[("replace", "/canarySettings/percentTraffic", json!("50"))]))).await;
    r.end();
    let Some(mut r) = Replay::of("test_apigateway_canary", "TestStageCrudCanary::test_update_stage_with_copy_ops").await else { return };
    let copies = json!([{ "op": "copy", "from": "/canarySettings/stageVariableOverrides", "path": "/variables" }, { "op": "copy", "from": "/canarySettings/deploymentId", "path": "/deploymentId" }]);
    r.desk.method(&r.desk.top.clone(), "GET", json!({})).await;
    r.step(
        "deployment-1",
        "CreateDeployment",
        with(&api(), json!({ "stageName": "dev", "variables": { "testVar": "test", "testVar2": "test2" } })),
    )
    .await;
    r.step(
        "copy-with-bad-statement",
        "UpdateStage",
        update(json!([{ "op": "copy", "path": "/canarySettings/stageVariableOverrides", "from": "/variables" }])),
    )
    .await;
    r.step("copy-with-no-replace", "UpdateStage", update(copies.clone())).await;
    let promoted =
        [vec![json!({ "op": "replace", "path": "/canarySettings/percentTraffic", "value": "0.0" })], copies.as_array().unwrap().clone()]
            .concat();
    r.step("update-stage-with-copy", "UpdateStage", update(json!(promoted))).await;
    r.step("deployment-canary", "CreateDeployment", with(&api(), json!({ "stageName": "dev", "canarySettings": canary(50, "override") })))
        .await;
    r.step("get-stage", "GetStage", with(&api(), json!({ "stageName": "dev" }))).await;
    r.step("update-stage-with-copy-2", "UpdateStage", update(json!(promoted))).await;
    r.end();
}

#[tokio::test]
async fn deployments_and_plans() {
    let Some(mut r) = Replay::of("test_apigateway_common", "TestDeployments::test_create_update_deployments").await else { return };
    let deployment = |id: &str| with(&api(), json!({ "deploymentId": id }));
    r.desk.method(&r.desk.top.clone(), "GET", json!({})).await;
    r.run("one", "CreateDeployment", with(&api(), json!({ "stageName": "s1" }))).await;
    r.step("get-deployment-1", "GetDeployment", deployment("$one.id")).await;
    r.step("get-stages", "GetStages", api()).await;
    r.step("delete-deployment-error", "DeleteDeployment", deployment("$one.id")).await;
    r.run("two", "CreateDeployment", with(&api(), json!({ "stageName": "s1" }))).await;
    r.step("get-deployment-1-after-update", "GetDeployment", deployment("$one.id")).await;
    r.step("get-deployment-2", "GetDeployment", deployment("$two.id")).await;
    r.step("get-stages-after-update", "GetStages", api()).await;
    r.step("delete-deployment-1", "DeleteDeployment", deployment("$one.id")).await;
    r.step("delete-deployment-2-error", "DeleteDeployment", deployment("$two.id")).await;
    r.end();
    let Some(mut r) = Replay::of("test_apigateway_extended", "TestApigatewayApiKeysCrud::test_get_usage_plan_api_keys").await else {
        return;
    };
    let keys = |more: Value| with(&json!({ "usagePlanId": "$create-usage-plan.id" }), more);
    r.step("get-api-keys", "GetApiKeys", json!({})).await;
    r.step("create-api-key", "CreateApiKey", json!({ "name": "one-key" })).await;
    r.desk.advance(1).await;
    r.step("create-api-key-2", "CreateApiKey", json!({ "name": "one-key-2" })).await;
    r.step("create-usage-plan", "CreateUsagePlan", json!({ "name": "plan" })).await;
    r.step("get-up-keys-before-create", "GetUsagePlanKeys", keys(json!({}))).await;
    r.step("create-up-key", "CreateUsagePlanKey", keys(json!({ "keyId": "$create-api-key.id", "keyType": "API_KEY" }))).await;
    r.step("create-up-key-2", "CreateUsagePlanKey", keys(json!({ "keyId": "$create-api-key-2.id", "keyType": "API_KEY" }))).await;
    r.step("get-up-keys", "GetUsagePlanKeys", keys(json!({}))).await;
    r.step("get-up-keys-name-query", "GetUsagePlanKeys", keys(json!({ "nameQuery": "one" }))).await;
    r.step("get-up-keys-name-query-cased", "GetUsagePlanKeys", keys(json!({ "nameQuery": "One" }))).await;
    r.step("get-up-keys-bad-query", "GetUsagePlanKeys", keys(json!({ "nameQuery": "none" }))).await;
    r.step("get-up-keys-bad-usage-plan", "GetUsagePlanKeys", json!({ "usagePlanId": "bad" })).await;
    r.end();
    let Some(mut r) = Replay::of("test_apigateway_extended", "TestApigatewayApiKeysCrud::test_create_usage_plan_with_throttle").await
    else {
        return;
    };
    r.step(
        "create-usage-plan-burst-gt-rate",
        "CreateUsagePlan",
        json!({ "name": "plan", "throttle": { "rateLimit": 10, "burstLimit": 20 } }),
    )
    .await;
    r.end();
    let Some(mut r) = Replay::of("test_apigateway_common", "TestDocumentations::test_documentation_parts_and_versions").await else {
        return;
    };
    r.step(
        "create-part-response",
        "CreateDocumentationPart",
        with(&api(), json!({ "location": { "type": "API" }, "properties": "{\"foo\": \"bar\"}" })),
    )
    .await;
    r.step("get-parts-response", "GetDocumentationParts", api()).await;
    let version = with(&api(), json!({ "documentationVersion": "v123" }));
    r.step("create-version-response", "CreateDocumentationVersion", version.clone()).await;
    r.step(
        "update-version-response",
        "UpdateDocumentationVersion",
        with(&version, json!({ "patchOperations": patch(&[("replace", "/description", json!("doc version new"))]) })),
    )
    .await;
    r.step("get-version-response", "GetDocumentationVersion", version).await;
    r.end();
}
