//! Sequences of the control plane whose answers were recorded from AWS, replayed: each step is an operation with its input and the name of
//! the recording. Identifiers of earlier answers stand in inputs as `$name.member`.

use crate::desk::Desk;
use fakes::recorded::{differences, recordings};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

pub struct Replay {
    pub desk: Desk,
    recorded: Value,
    answers: BTreeMap<String, Value>,
    found: Vec<String>,
}

impl Replay {
    /// The recording of a test, replayed against an API of its own; `None` where recordings are not at hand.
    pub async fn of(file: &str, test: &str) -> Option<Replay> {
        let all: Map<String, Value> = recordings(&format!("apigateway/{file}"))?;
        let name = all.keys().find(|name| name.ends_with(&format!("::{test}"))).unwrap_or_else(|| panic!("no recording of {test}")).clone();
        let recorded = all[&name]["recorded-content"].clone();
        let desk = Desk::new().await;
        let api = json!({ "id": desk.api, "rootResourceId": desk.top });
        Some(Replay { desk, recorded, answers: BTreeMap::from([("api".to_owned(), api)]), found: Vec::new() })
    }

    /// Runs an operation and remembers its answer by a name.
    pub async fn run(&mut self, name: &str, operation: &str, input: Value) {
        let input = self.filled(&input);
        let answer = self.desk.ok(operation, input).await;
        self.answers.insert(name.to_owned(), answer);
    }

    /// Runs an operation and compares its answer with the recording of a name.
    pub async fn step(&mut self, name: &str, operation: &str, input: Value) {
        let input = self.filled(&input);
        let recorded = self.recorded.get(name).unwrap_or_else(|| panic!("no recording {name}")).clone();
        let differing = match (self.desk.call(operation, input).await, recorded.get("Error")) {
            (Ok(answer), None) => {
                self.answers.insert(name.to_owned(), answer.clone());
                differences(&without_moments(&recorded), &without_moments(&answer), &["ResponseMetadata"])
            }
            (Err(fault), Some(error)) => {
                let ours = json!({ "Code": fault.code, "Message": fault.message, "Status": fault.status });
                let theirs =
                    json!({ "Code": error["Code"], "Message": error["Message"], "Status": recorded["ResponseMetadata"]["HTTPStatusCode"] });
                differences(&theirs, &ours, &[])
            }
            (Ok(answer), Some(error)) => vec![format!("answered {answer} where {error} is recorded")],
            (Err(fault), None) => vec![format!("refused with {fault} where {recorded} is recorded")],
        };
        self.found.extend(differing.into_iter().map(|line| format!("{name}: {line}")));
    }

    fn filled(&self, input: &Value) -> Value {
        match input {
            Value::String(text) if text.starts_with('$') => {
                let path = text[1..].split_once('.').and_then(|(name, member)| self.answers.get(name)?.get(member));
                path.cloned().unwrap_or_else(|| input.clone())
            }
            Value::Array(items) => items.iter().map(|item| self.filled(item)).collect(),
            Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), self.filled(value))).collect::<Map<_, _>>().into(),
            other => other.clone(),
        }
    }

    pub fn end(self) {
        assert!(self.found.is_empty(), "{}", self.found.join("\n"));
    }
}

/// Moments were recorded as the word `datetime`.
fn without_moments(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.iter().filter(|(key, _)| !matches!(key.as_str(), "createdDate" | "lastUpdatedDate"));
            kept.map(|(key, value)| (key.clone(), without_moments(value))).collect::<Map<_, _>>().into()
        }
        Value::Array(items) => items.iter().map(without_moments).collect(),
        other => other.clone(),
    }
}

pub fn patch(operations: &[(&str, &str, Value)]) -> Value {
    let one = |(op, path, value): &(&str, &str, Value)| match value {
        Value::Null => json!({ "op": op, "path": path }),
        value => json!({ "op": op, "path": path, "value": value }),
    };
    operations.iter().map(one).collect()
}

#[tokio::test]
async fn models() {
    let Some(mut r) = Replay::of("test_apigateway_api", "TestApiGatewayApiModels::test_model_validation").await else { return };
    let model = |api: &str, name: &str, schema: Value| json!({ "restApiId": api, "name": name, "contentType": "application/json", "schema": schema });
    let named = json!({ "restApiId": "abcde0", "modelName": "MySchema" });
    r.step("create-model-wrong-id", "CreateModel", model("abcde0", "MySchema", json!("{}"))).await;
    r.step("get-models-wrong-id", "GetModels", json!({ "restApiId": "abcde0" })).await;
    r.step("get-model-wrong-id", "GetModel", named.clone()).await;
    r.step("del-model-wrong-id", "DeleteModel", named).await;
    r.run("made", "CreateModel", model("$api.id", "MySchema", json!("{\"title\": \"x\"}"))).await;
    r.step("create-model-already-exists", "CreateModel", model("$api.id", "MySchema", json!("{\"title\": \"x\"}"))).await;
    r.step("create-model-empty-name", "CreateModel", model("$api.id", "", json!("{\"title\": \"x\"}"))).await;
    r.step("create-model-empty-schema", "CreateModel", model("$api.id", "Other", json!(""))).await;
    r.step(
        "create-model-no-schema-json",
        "CreateModel",
        json!({ "restApiId": "$api.id", "name": "Other", "contentType": "application/json" }),
    )
    .await;
    r.step(
        "create-model-no-schema-xml",
        "CreateModel",
        json!({ "restApiId": "$api.id", "name": "Other", "contentType": "application/xml" }),
    )
    .await;
    r.end();
    let Some(mut r) = Replay::of("test_apigateway_api", "TestApiGatewayApiModels::test_update_model").await else { return };
    let update = |operations: Value| json!({ "restApiId": "$api.id", "modelName": "mySchema", "patchOperations": operations });
    r.step(
        "update-model-wrong-id",
        "UpdateModel",
        json!({ "restApiId": "abcde0", "modelName": "mySchema", "patchOperations": patch(&[("replace", "/schema", json!("{}"))]) }),
    )
    .await;
    r.step("create-model", "CreateModel", model("$api.id", "mySchema", json!("{\"title\": \"mySchema\", \"type\": \"object\"}"))).await;
    r.step(
        "update-model",
        "UpdateModel",
        update(patch(&[
            ("replace", "/schema", json!("{\"title\": \"Updated schema\", \"type\": \"object\"}")),
            ("replace", "/description", Value::Null),
        ])),
    )
    .await;
    r.step("update-model-invalid-op", "UpdateModel", update(patch(&[("add", "/wrong-path", json!("x"))]))).await;
    r.step("update-model-invalid-path", "UpdateModel", update(patch(&[("replace", "/name", json!("x"))]))).await;
    r.step("update-model-empty-schema", "UpdateModel", update(patch(&[("replace", "/schema", json!(""))]))).await;
    r.end();
}

#[tokio::test]
async fn methods_with_models() {
    let Some(mut r) = Replay::of("test_apigateway_api", "TestApiGatewayApiMethod::test_put_method_model").await else { return };
    let model = |name: &str| json!({ "restApiId": "$api.id", "name": name, "contentType": "application/json", "schema": format!("{{\"title\": \"{name}\", \"type\": \"object\"}}") });
    let gone = |name: &str| json!({ "restApiId": "$api.id", "modelName": name });
    let method = |resource: &str, name: &str| json!({ "restApiId": "$api.id", "resourceId": resource, "httpMethod": "ANY", "authorizationType": "NONE", "requestModels": { "application/json": name } });
    let change = |resource: &str, op: &str, value: Value| json!({ "restApiId": "$api.id", "resourceId": resource, "httpMethod": "ANY", "patchOperations": patch(&[(op, "/requestModels/application~1json", value)]) });
    r.step("create-model", "CreateModel", model("MySchema")).await;
    r.step("create-model-2", "CreateModel", model("MySchemaTwo")).await;
    r.step("put-method-request-models", "PutMethod", method("$api.rootResourceId", "MySchema")).await;
    r.step("delete-model-used", "DeleteModel", gone("MySchema")).await;
    r.step("update-method-model", "UpdateMethod", change("$api.rootResourceId", "replace", json!("MySchemaTwo"))).await;
    r.step("delete-model-unused", "DeleteModel", gone("MySchema")).await;
    r.step("delete-model-used-2", "DeleteModel", gone("MySchemaTwo")).await;
    r.run("test", "CreateResource", json!({ "restApiId": "$api.id", "parentId": "$api.rootResourceId", "pathPart": "test" })).await;
    r.step("put-method-2-request-models", "PutMethod", method("$test.id", "MySchemaTwo")).await;
    r.end();
}

#[tokio::test]
async fn request_validators() {
    let test = "TestApiGatewayApiRequestValidator::test_request_validator_lifecycle";
    let Some(mut r) = Replay::of("test_apigateway_api", test).await else { return };
    let one = json!({ "restApiId": "$api.id", "requestValidatorId": "$create-request-validator.id" });
    let update = |operations: Value| json!({ "restApiId": "$api.id", "requestValidatorId": "$create-request-validator.id", "patchOperations": operations });
    r.step("create-request-validator", "CreateRequestValidator", json!({ "restApiId": "$api.id", "name": "v" })).await;
    r.step("get-request-validator", "GetRequestValidator", one.clone()).await;
    r.step("get-request-validators", "GetRequestValidators", json!({ "restApiId": "$api.id" })).await;
    r.step(
        "update-request-validator-with-value",
        "UpdateRequestValidator",
        update(patch(&[("replace", "/validateRequestBody", json!("true"))])),
    )
    .await;
    r.step(
        "update-request-validator-without-value",
        "UpdateRequestValidator",
        update(patch(&[("replace", "/validateRequestBody", Value::Null)])),
    )
    .await;
    r.step("delete-request-validator", "DeleteRequestValidator", one.clone()).await;
    r.step("get-deleted-request-validator", "GetRequestValidator", one).await;
    r.step("get-request-validators-after-delete", "GetRequestValidators", json!({ "restApiId": "$api.id" })).await;
    r.end();
    let test = "TestApiGatewayApiRequestValidator::test_invalid_update_request_validator_operations";
    let Some(mut r) = Replay::of("test_apigateway_api", test).await else { return };
    r.step("create-request-validator", "CreateRequestValidator", json!({ "restApiId": "$api.id", "name": "v" })).await;
    r.step(
        "update-request-validator-invalid-add-operation",
        "UpdateRequestValidator",
        update(patch(&[("add", "/validateRequestBody", json!("true"))])),
    )
    .await;
    r.step(
        "update-request-validator-invalid-remove-operation",
        "UpdateRequestValidator",
        update(patch(&[("remove", "/validateRequestBody", json!("true"))])),
    )
    .await;
    r.step("update-request-validator-invalid-path", "UpdateRequestValidator", update(patch(&[("replace", "/invalidPath", json!("true"))])))
        .await;
    r.step("update-request-validator-empty-name-value", "UpdateRequestValidator", update(patch(&[("replace", "/name", json!(""))]))).await;
    r.end();
}

#[tokio::test]
async fn api_keys() {
    let test = "TestApigatewayApiKeysCrud::test_create_api_key_with_invalid_value";
    let Some(mut r) = Replay::of("test_apigateway_extended", test).await else { return };
    r.step("create-api-key-short-value", "CreateApiKey", json!({ "name": "x", "value": "short" })).await;
    r.step("create-api-key-invalid-value-too-long", "CreateApiKey", json!({ "name": "x", "value": "x".repeat(129) })).await;
    r.end();
    let Some(mut r) = Replay::of("test_apigateway_extended", "TestApigatewayApiKeysCrud::test_create_api_key_with_invalid_name").await
    else {
        return;
    };
    r.step("create-api-key-name-too-long", "CreateApiKey", json!({ "name": "x".repeat(1025) })).await;
    r.step("create-api-key-empty-name", "CreateApiKey", json!({ "name": "" })).await;
    r.step("create-api-key-no-name", "CreateApiKey", json!({})).await;
    r.end();
    let Some(mut r) = Replay::of("test_apigateway_extended", "TestApigatewayApiKeysCrud::test_update_api_key_immutable_field").await else {
        return;
    };
    r.run("key", "CreateApiKey", json!({})).await;
    r.step(
        "update-api-key-immutable-field",
        "UpdateApiKey",
        json!({ "apiKey": "$key.id", "patchOperations": patch(&[("replace", "/id", json!("x"))]) }),
    )
    .await;
    r.end();
    let Some(mut r) = Replay::of("test_apigateway_extended", "TestApigatewayApiKeysCrud::test_get_api_keys").await else { return };
    r.step("get-api-keys", "GetApiKeys", json!({})).await;
    r.step("create-api-key", "CreateApiKey", json!({ "name": "first-key" })).await;
    r.step("get-api-keys-after-create-1", "GetApiKeys", json!({})).await;
    r.step("get-api-keys-wrong-name-query", "GetApiKeys", json!({ "nameQuery": "wrong" })).await;
    r.step("get-api-keys-prefix-name-query", "GetApiKeys", json!({ "nameQuery": "first" })).await;
    r.step("get-api-keys-prefix-name-query-cased", "GetApiKeys", json!({ "nameQuery": "First" })).await;
    r.step("get-api-keys-postfix-name-query", "GetApiKeys", json!({ "nameQuery": "key" })).await;
    r.desk.advance(1).await;
    r.step("create-api-key-2", "CreateApiKey", json!({ "name": "first-key-2" })).await;
    r.step("get-api-keys-after-create-2", "GetApiKeys", json!({})).await;
    r.step("get-apis-keys-pagination", "GetApiKeys", json!({ "limit": 1 })).await;
    r.step("get-apis-keys-pagination-2", "GetApiKeys", json!({ "limit": 1, "position": "$get-apis-keys-pagination.position" })).await;
    r.end();
}

async fn with_stage(r: &mut Replay, stage: &str) {
    r.desk.method(&r.desk.top.clone(), "GET", json!({})).await;
    r.run("deployment", "CreateDeployment", json!({ "restApiId": "$api.id", "stageName": stage })).await;
}

#[tokio::test]
async fn usage_plans() {
    let Some(mut r) = Replay::of("test_apigateway_common", "TestUsagePlans::test_usage_plan_crud").await else { return };
    with_stage(&mut r, "dev").await;
    let api = r.desk.api.clone();
    let update = |operations: Value| json!({ "usagePlanId": "$create-usage-plan.id", "patchOperations": operations });
    r.step(
        "create-usage-plan",
        "CreateUsagePlan",
        json!({ "name": "p", "description": "d", "apiStages": [{ "apiId": "$api.id", "stage": "dev" }] }),
    )
    .await;
    r.step("get-usage-plan", "GetUsagePlan", json!({ "usagePlanId": "$create-usage-plan.id" })).await;
    r.step("get-usage-plans", "GetUsagePlans", json!({})).await;
    let changes = [
        ("replace", "/throttle/burstLimit", json!("100")),
        ("replace", "/throttle/rateLimit", json!("200")),
        ("replace", "/quota/period", json!("MONTH")),
        ("replace", "/quota/limit", json!("5000")),
    ];
    r.step("update-usage-plan", "UpdateUsagePlan", update(patch(&changes))).await;
    r.step("update-wrong-id", "UpdateUsagePlan", json!({ "usagePlanId": "none", "patchOperations": patch(&changes) })).await;
    r.step("update-wrong-api-stages-no-value", "UpdateUsagePlan", update(patch(&[("remove", "/apiStages", Value::Null)]))).await;
    r.step(
        "update-wrong-api-stages-wrong-api",
        "UpdateUsagePlan",
        update(patch(&[("remove", "/apiStages", json!(format!("{api}b:dev")))])),
    )
    .await;
    r.step(
        "update-wrong-api-stages-wrong-stage",
        "UpdateUsagePlan",
        update(patch(&[("remove", "/apiStages", json!(format!("{api}:fakestagename")))])),
    )
    .await;
    r.step("update-wrong-api-stages-wrong-value", "UpdateUsagePlan", update(patch(&[("remove", "/apiStages", json!("fakevalue"))]))).await;
    r.step("get-usage-plan-after-update", "GetUsagePlan", json!({ "usagePlanId": "$create-usage-plan.id" })).await;
    r.end();
}

#[tokio::test]
async fn stages_and_their_settings() {
    let Some(mut r) = Replay::of("test_apigateway_common", "TestStages::test_update_stage_remove_wildcard").await else { return };
    r.desk.method(&r.desk.top.clone(), "GET", json!({})).await;
    r.run("deployment", "CreateDeployment", json!({ "restApiId": "$api.id" })).await;
    let update = |operations: Value| json!({ "restApiId": "$api.id", "stageName": "s1", "patchOperations": operations });
    r.step("create-stage", "CreateStage", json!({ "restApiId": "$api.id", "stageName": "s1", "deploymentId": "$deployment.id", "description": "my stage", "documentationVersion": "v123" })).await;
    r.step("delete-error", "UpdateStage", update(patch(&[("remove", "/*/*", Value::Null)]))).await;
    r.step("update-stage", "UpdateStage", update(patch(&[("replace", "/*/*/caching/enabled", json!("true"))]))).await;
    r.step("update-stage-reset", "UpdateStage", update(patch(&[("remove", "/*/*", Value::Null)]))).await;
    r.end();
    let Some(mut r) = Replay::of("test_apigateway_common", "TestStages::test_create_update_stages").await else { return };
    r.desk.method(&r.desk.top.clone(), "GET", json!({})).await;
    r.run("deployment", "CreateDeployment", json!({ "restApiId": "$api.id" })).await;
    r.step("create-stage", "CreateStage", json!({ "restApiId": "$api.id", "stageName": "s1", "deploymentId": "$deployment.id", "description": "my stage", "documentationVersion": "v123" })).await;
    r.step("error-update-doc-version", "UpdateStage", update(patch(&[("replace", "/documentation_version", json!("123"))]))).await;
    r.step("error-update-tags", "UpdateStage", update(patch(&[("replace", "/tags/tag1", json!("value1"))]))).await;
    r.end();
    let Some(mut r) = Replay::of("test_apigateway_api", "TestApiGatewayStage::test_stage_access_log_settings_validation").await else {
        return;
    };
    with_stage(&mut r, "s1").await;
    for (op, path, name) in [
        ("add", "randomValue", "invalid-path-add"),
        ("remove", "randomValue", "invalid-path-remove"),
        ("replace", "randomValue", "invalid-path-replace"),
        ("add", "*", "star-and-add"),
        ("remove", "*", "star-and-remove"),
        ("replace", "*", "star-and-replace"),
    ] {
        r.step(name, "UpdateStage", update(patch(&[(op, &format!("/accessLogSettings/{path}"), json!("updated"))]))).await;
    }
    r.step("root-and-add", "UpdateStage", update(patch(&[("add", "/accessLogSettings", json!("test"))]))).await;
    r.step(
        "update-stage-access-log-destinationArn-empty",
        "UpdateStage",
        update(patch(&[("replace", "/accessLogSettings/destinationArn", json!(""))])),
    )
    .await;
    r.step(
        "update-stage-access-log-dest-remove",
        "UpdateStage",
        update(patch(&[("remove", "/accessLogSettings/destinationArn", Value::Null)])),
    )
    .await;
    r.end();
}

#[tokio::test]
async fn canaries() {
    let Some(mut r) = Replay::of("test_apigateway_canary", "TestStageCrudCanary::test_create_update_stages").await else { return };
    r.desk.method(&r.desk.top.clone(), "GET", json!({})).await;
    r.step("create-deployment-1", "CreateDeployment", json!({ "restApiId": "$api.id" })).await;
    r.step("create-deployment-2", "CreateDeployment", json!({ "restApiId": "$api.id" })).await;
    let update = |operations: Value| json!({ "restApiId": "$api.id", "stageName": "dev", "patchOperations": operations });
    let canary =
        json!({ "deploymentId": "$create-deployment-2.id", "percentTraffic": 50, "stageVariableOverrides": { "testVar": "canary" } });
    r.step("create-stage", "CreateStage", json!({ "restApiId": "$api.id", "stageName": "dev", "deploymentId": "$create-deployment-1.id", "description": "dev stage", "variables": { "testVar": "default" }, "canarySettings": canary })).await;
    r.step("get-stage", "GetStage", json!({ "restApiId": "$api.id", "stageName": "dev" })).await;
    r.step(
        "update-stage-canary-settings-overrides",
        "UpdateStage",
        update(patch(&[("replace", "/canarySettings/stageVariableOverrides/testVar", json!("updated"))])),
    )
    .await;
    r.step("update-stage-remove-canary-settings", "UpdateStage", update(patch(&[("remove", "/canarySettings", Value::Null)]))).await;
    r.end();
    let Some(mut r) = Replay::of("test_apigateway_canary", "TestStageCrudCanary::test_create_canary_deployment_validation").await else {
        return;
    };
    r.desk.method(&r.desk.top.clone(), "GET", json!({})).await;
    let settings = json!({ "percentTraffic": 50 });
    r.step("create-canary-deployment-no-stage", "CreateDeployment", json!({ "restApiId": "$api.id", "canarySettings": settings })).await;
    r.step(
        "create-canary-deployment-empty-stage",
        "CreateDeployment",
        json!({ "restApiId": "$api.id", "stageName": "", "canarySettings": settings }),
    )
    .await;
    r.step(
        "create-canary-deployment-non-existing-stage",
        "CreateDeployment",
        json!({ "restApiId": "$api.id", "stageName": "non-existing", "canarySettings": settings }),
    )
    .await;
    r.end();
    let Some(mut r) = Replay::of("test_apigateway_canary", "TestStageCrudCanary::test_update_stage_canary_deployment_validation").await
    else {
        return;
    };
    with_stage(&mut r, "dev").await;
    r.step(
        "update-stage-canary-settings-remove-overrides",
        "UpdateStage",
        update(patch(&[("remove", "/canarySettings/stageVariableOverrides", Value::Null)])),
    )
    .await;
    r.step("update-stage-canary-settings-bad-path", "UpdateStage", update(patch(&[("remove", "/canarySettings/badPath", Value::Null)])))
        .await;
    r.step("update-stage-canary-settings-bad-path-2", "UpdateStage", update(patch(&[("replace", "/canarySettings", json!("test"))]))).await;
    r.step(
        "update-stage-canary-settings-replace-bad-path",
        "UpdateStage",
        update(patch(&[("replace", "/canarySettings/badPath", json!("badPath"))])),
    )
    .await;
    r.step("update-stage-add-deployment", "UpdateStage", update(patch(&[("add", "/canarySettings/deploymentId", json!("x"))]))).await;
    r.step("update-stage-no-deployment", "UpdateStage", update(patch(&[("replace", "/canarySettings/deploymentId", json!("deploy"))])))
        .await;
    r.end();
}

#[tokio::test]
async fn documentation() {
    let test = "TestApiGatewayApiDocumentationPart::test_documentation_part_lifecycle";
    let Some(mut r) = Replay::of("test_apigateway_api", test).await else { return };
    let one = json!({ "restApiId": "$api.id", "documentationPartId": "$create-documentation-part.id" });
    r.step(
        "create-documentation-part",
        "CreateDocumentationPart",
        json!({ "restApiId": "$api.id", "location": { "type": "API" }, "properties": "{\"description\": \"Sample API description\"}" }),
    )
    .await;
    r.step("get-documentation-part", "GetDocumentationPart", one.clone()).await;
    r.step("get-documentation-parts", "GetDocumentationParts", json!({ "restApiId": "$api.id" })).await;
    r.step("update-documentation-part", "UpdateDocumentationPart", json!({ "restApiId": "$api.id", "documentationPartId": "$create-documentation-part.id", "patchOperations": patch(&[("replace", "/properties", json!("{\"description\": \"Updated Sample API description\"}"))]) })).await;
    r.step("delete_documentation_part", "DeleteDocumentationPart", one).await;
    r.end();
}

#[tokio::test]
async fn integrations_are_checked() {
    let Some(mut r) = Replay::of("test_apigateway_integrations", "test_put_integration_validation").await else { return };
    r.desk.method(&r.desk.top.clone(), "GET", json!({})).await;
    let put = |kind: &str, more: Value| {
        crate::desk::merged(
            &json!({ "restApiId": "$api.id", "resourceId": "$api.rootResourceId", "httpMethod": "GET", "type": kind }),
            &[&more],
        )
    };
    let lambda =
        "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:MyLambda/invocations";
    for kind in ["HTTP", "HTTP_PROXY", "AWS"] {
        r.step(&format!("required-integration-method-{kind}"), "PutIntegration", put(kind, json!({ "uri": "http://example.com" }))).await;
    }
    r.step("not-required-integration-method-MOCK", "PutIntegration", put("MOCK", json!({}))).await;
    for kind in ["HTTP", "HTTP_PROXY"] {
        r.step(
            &format!("http-method-{kind}"),
            "PutIntegration",
            put(kind, json!({ "uri": "http://example.com", "integrationHttpMethod": "POST" })),
        )
        .await;
        r.step(&format!("invalid-uri-{kind}"), "PutIntegration", put(kind, json!({ "uri": "non-http", "integrationHttpMethod": "POST" })))
            .await;
    }
    for kind in ["AWS", "AWS_PROXY"] {
        r.step(
            &format!("aws-integration-type-{kind}"),
            "PutIntegration",
            put(kind, json!({ "uri": lambda, "integrationHttpMethod": "POST" })),
        )
        .await;
    }
    let s3 = json!({ "uri": "arn:aws:apigateway:us-east-1:s3:path/b/k", "integrationHttpMethod": "POST", "credentials": "arn:aws:iam::000000000000:role/service-role/testfunction-role-oe783psq" });
    r.step("no-s3-support-AWS_PROXY", "PutIntegration", put("AWS_PROXY", s3)).await;
    r.step("invalid-uri-not-an-arn", "PutIntegration", put("AWS", json!({ "uri": "non-arn", "integrationHttpMethod": "POST" }))).await;
    r.step(
        "invalid-uri-invalid-arn",
        "PutIntegration",
        put("AWS", json!({ "uri": "arn:aws:iam::0000000000:role/service-role/asdf", "integrationHttpMethod": "POST" })),
    )
    .await;
    r.end();
}
