//! API Gateway's REST APIs, what hangs on them, and what publishes them. Methods have a room of their own.

use super::{Handler, Job, Kind, Made, job::document};
use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::STANDARD};
use kit::Fault;
use serde_json::{Map, Value as Json, json};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "AWS::ApiGateway::RestApi",
        made_by: Some(("apigateway", "CreateRestApi")),
        properties: &[
            "ApiKeySourceType",
            "BinaryMediaTypes",
            "Body",
            "Description",
            "DisableExecuteApiEndpoint",
            "EndpointConfiguration.IpAddressType",
            "EndpointConfiguration.Types",
            "FailOnWarnings",
            "MinimumCompressionSize",
            "Mode",
            "Name",
            "Parameters",
            "Policy",
            "Tags",
        ],
        attributes: &["RestApiId", "RootResourceId"],
        handler: &RestApi,
    },
    Kind {
        name: "AWS::ApiGateway::Resource",
        made_by: Some(("apigateway", "CreateResource")),
        properties: &["ParentId", "PathPart", "RestApiId"],
        attributes: &["ResourceId"],
        handler: &Resource,
    },
    Kind {
        name: "AWS::ApiGateway::Authorizer",
        made_by: Some(("apigateway", "CreateAuthorizer")),
        properties: &[
            "AuthType",
            "AuthorizerCredentials",
            "AuthorizerResultTtlInSeconds",
            "AuthorizerUri",
            "IdentitySource",
            "IdentityValidationExpression",
            "Name",
            "ProviderARNs",
            "RestApiId",
            "Type",
        ],
        attributes: &["AuthorizerId"],
        handler: &Authorizer,
    },
    Kind {
        name: "AWS::ApiGateway::GatewayResponse",
        made_by: Some(("apigateway", "PutGatewayResponse")),
        properties: &["ResponseParameters", "ResponseTemplates", "ResponseType", "RestApiId", "StatusCode"],
        attributes: &["Id"],
        handler: &GatewayResponse,
    },
    Kind {
        name: "AWS::ApiGateway::Deployment",
        made_by: Some(("apigateway", "CreateDeployment")),
        properties: &[
            "DeploymentCanarySettings",
            "Description",
            "RestApiId",
            "StageName",
            "StageDescription.Description",
            "StageDescription.Variables",
            "StageDescription.TracingEnabled",
        ],
        attributes: &["DeploymentId"],
        handler: &Deployment,
    },
    Kind {
        name: "AWS::ApiGateway::Stage",
        made_by: Some(("apigateway", "CreateStage")),
        properties: &[
            "AccessLogSetting",
            "CacheClusterEnabled",
            "CacheClusterSize",
            "CanarySetting",
            "DeploymentId",
            "Description",
            "DocumentationVersion",
            "MethodSettings",
            "RestApiId",
            "StageName",
            "Tags",
            "TracingEnabled",
            "Variables",
        ],
        attributes: &[],
        handler: &Stage,
    },
    Kind {
        name: "AWS::ApiGateway::Account",
        made_by: Some(("apigateway", "UpdateAccount")),
        properties: &["CloudWatchRoleArn"],
        attributes: &["Id"],
        handler: &Account,
    },
];

/// Patch operations for properties that differ: each a property and its path.
pub(super) struct Patch(pub(super) Vec<Json>);

impl Patch {
    /// Properties that differ, each with its path and what stands there when the template says nothing: the API replaces, it does
    /// not remove.
    pub(super) fn of(job: &Job<'_>, paths: &[(&str, &str, &str)]) -> Patch {
        let mut out = Patch(Vec::new());
        for (property, path, default) in paths.iter().filter(|(property, ..)| job.changed(property)) {
            match job.get(property) {
                Json::Null => out.set(path, &Json::from(*default)),
                value => out.set(path, value),
            }
        }
        out
    }
    /// Sets what stands at a path; an absent value is removed.
    pub(super) fn set(&mut self, path: &str, value: &Json) {
        self.0.push(match value {
            Json::Null => json!({ "op": "remove", "path": path }),
            Json::String(text) => json!({ "op": "replace", "path": path, "value": text }),
            other => json!({ "op": "replace", "path": path, "value": other.to_string() }),
        });
    }
    /// Brings a map of texts under a path to what it is to be.
    pub(super) fn map(&mut self, job: &Job<'_>, property: &str, path: &str) {
        let empty = Map::new();
        let (old, new) = (job.was(property).as_object().unwrap_or(&empty), job.get(property).as_object().unwrap_or(&empty));
        old.keys().filter(|key| !new.contains_key(*key)).for_each(|key| self.set(&format!("{path}/{}", escaped(key)), &Json::Null));
        new.iter()
            .filter(|(key, value)| old.get(*key) != Some(*value))
            .for_each(|(key, value)| self.set(&format!("{path}/{}", escaped(key)), value));
    }
    pub(super) async fn send(self, job: &Job<'_>, operation: &str, mut input: Json) -> Result<(), Fault> {
        if self.0.is_empty() {
            return Ok(());
        }
        input["patchOperations"] = Json::Array(self.0);
        job.call("apigateway", operation, input).await.map(drop)
    }
}

/// A key as a part of a JSON pointer.
pub(super) fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// API Gateway's tag operations know resources by ARNs of their own.
pub(super) async fn retag(job: &Job<'_>, path: &str) -> Result<(), Fault> {
    let arn = format!("arn:aws:apigateway:{}::{path}", job.cx.region());
    let gone = job.tags_gone("Tags");
    if !gone.is_empty() {
        job.call("apigateway", "UntagResource", json!({ "resourceArn": arn, "tagKeys": gone })).await?;
    }
    if job.retagged("Tags") && !job.tag_map("Tags").is_null() {
        job.call("apigateway", "TagResource", json!({ "resourceArn": arn, "tags": job.tag_map("Tags") })).await?;
    }
    Ok(())
}

struct RestApi;

#[async_trait]
impl Handler for RestApi {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let body = job.get("Body");
        let Some(name) = job.get("Name").as_str().or(body["info"]["title"].as_str()) else {
            return Err(Fault::new("InvalidRequest", 400, "Name of the REST API is missing, and there is no Body that tells one"));
        };
        let input = json!({
            "name": name,
            "description": job.get("Description"),
            "binaryMediaTypes": job.get("BinaryMediaTypes"),
            "minimumCompressionSize": job.get("MinimumCompressionSize"),
            "apiKeySource": job.get("ApiKeySourceType"),
            "endpointConfiguration": job.get("EndpointConfiguration"),
            "policy": document(job.get("Policy")),
            "tags": job.tag_map("Tags"),
            "disableExecuteApiEndpoint": job.get("DisableExecuteApiEndpoint"),
        });
        let made = job.call("apigateway", "CreateRestApi", input).await?;
        let id = made["id"].as_str().unwrap_or_default();
        let root = match made["rootResourceId"].as_str() {
            Some(root) => root.to_owned(),
            None => {
                let found = job.call("apigateway", "GetResources", json!({ "restApiId": id })).await?;
                let root = found["items"].as_array().into_iter().flatten().find(|item| item["path"] == "/").cloned();
                root.and_then(|root| root["id"].as_str().map(str::to_owned)).unwrap_or_default()
            }
        };
        if let Err(fault) = put_body(job, id).await {
            job.call_gone("apigateway", "DeleteRestApi", json!({ "restApiId": id })).await?;
            return Err(fault);
        }
        Ok(Made::new(id).with("RestApiId", id).with("RootResourceId", root))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        if job.changed("Body") {
            put_body(job, job.physical()).await?;
        }
        let mut patch = Patch::of(
            job,
            &[
                ("Name", "/name", ""),
                ("Description", "/description", ""),
                ("ApiKeySourceType", "/apiKeySource", "HEADER"),
                ("DisableExecuteApiEndpoint", "/disableExecuteApiEndpoint", "false"),
            ],
        );
        if job.changed("Policy") {
            let policy = Some(document(job.get("Policy"))).filter(|policy| !policy.is_null());
            patch.set("/policy", &policy.unwrap_or_else(|| "".into()));
        }
        let types = |value: &Json| value["Types"][0].as_str().unwrap_or("EDGE").to_owned();
        if job.changed("EndpointConfiguration") {
            patch.set(
                &format!("/endpointConfiguration/types/{}", types(job.was("EndpointConfiguration"))),
                &types(job.get("EndpointConfiguration")).into(),
            );
        }
        if job.changed("MinimumCompressionSize") {
            let size = job.get("MinimumCompressionSize");
            // Without a value, nothing is compressed.
            patch.set("/minimumCompressionSize", &size.as_i64().map_or("".into(), |size| size.to_string().into()));
        }
        let address = |value: &Json| value["IpAddressType"].as_str().map(str::to_owned);
        if let Some(kind) =
            address(job.get("EndpointConfiguration")).filter(|kind| address(job.was("EndpointConfiguration")).as_ref() != Some(kind))
        {
            patch.set("/endpointConfiguration/ipAddressType", &kind.into());
        }
        let media = |value: &Json| value.as_array().cloned().unwrap_or_default();
        let (old, new) = (media(job.was("BinaryMediaTypes")), media(job.get("BinaryMediaTypes")));
        for (op, list, other) in [("remove", &old, &new), ("add", &new, &old)] {
            for kind in list.iter().filter(|kind| !other.contains(kind)).filter_map(Json::as_str) {
                patch.0.push(json!({ "op": op, "path": format!("/binaryMediaTypes/{}", escaped(kind)) }));
            }
        }
        patch.send(job, "UpdateRestApi", json!({ "restApiId": job.physical() })).await?;
        retag(job, &format!("/restapis/{}", job.physical())).await?;
        Ok(Made { physical_id: job.physical().to_owned(), attributes: job.attributes.clone() })
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone("apigateway", "DeleteRestApi", json!({ "restApiId": job.physical() })).await
    }
}

/// Puts the definition that a template has into the API; the name and description of the properties go over the definition's.
async fn put_body(job: &Job<'_>, id: &str) -> Result<(), Fault> {
    let body = job.get("Body");
    if body.is_null() {
        return Ok(());
    }
    let mode = job.get("Mode").as_str().unwrap_or("overwrite");
    let input = json!({
        "restApiId": id,
        "mode": mode,
        "failOnWarnings": job.get("FailOnWarnings"),
        "parameters": job.get("Parameters"),
        "body": STANDARD.encode(body.to_string()),
    });
    job.call("apigateway", "PutRestApi", input).await?;
    let mut over = Patch(Vec::new());
    let properties = [("Name", "/name"), ("Description", "/description"), ("ApiKeySourceType", "/apiKeySource")];
    for (property, path) in properties {
        if job.get(property).is_string() {
            over.set(path, job.get(property));
        }
    }
    // The import has taken away what the definition does not say.
    let policy = document(job.get("Policy"));
    if policy.is_string() {
        over.set("/policy", &policy);
    }
    for kind in job.get("BinaryMediaTypes").as_array().into_iter().flatten().filter_map(Json::as_str) {
        over.0.push(json!({ "op": "add", "path": format!("/binaryMediaTypes/{}", escaped(kind)) }));
    }
    if let Some(size) = job.get("MinimumCompressionSize").as_i64() {
        over.set("/minimumCompressionSize", &size.to_string().into());
    }
    if let Some(off) = job.get("DisableExecuteApiEndpoint").as_bool() {
        over.set("/disableExecuteApiEndpoint", &off.to_string().into());
    }
    over.send(job, "UpdateRestApi", json!({ "restApiId": id })).await
}

struct Resource;

#[async_trait]
impl Handler for Resource {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let made = job.call("apigateway", "CreateResource", Json::Object(job.take(&["RestApiId", "ParentId", "PathPart"]))).await?;
        let id = made["id"].as_str().unwrap_or_default();
        Ok(Made::new(id).with("ResourceId", id))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        Ok(Made::new(job.physical()).with("ResourceId", job.physical()))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone("apigateway", "DeleteResource", json!({ "restApiId": job.text("RestApiId"), "resourceId": job.physical() })).await
    }
}

struct Authorizer;

#[async_trait]
impl Handler for Authorizer {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let made = job.call("apigateway", "CreateAuthorizer", job.after.clone()).await?;
        let id = made["id"].as_str().unwrap_or_default();
        Ok(Made::new(id).with("AuthorizerId", id))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let mut patch = Patch::of(
            job,
            &[
                ("Name", "/name", ""),
                ("Type", "/type", ""),
                ("AuthType", "/authType", ""),
                ("AuthorizerUri", "/authorizerUri", ""),
                ("AuthorizerCredentials", "/authorizerCredentials", ""),
                ("IdentitySource", "/identitySource", ""),
                ("IdentityValidationExpression", "/identityValidationExpression", ""),
                ("AuthorizerResultTtlInSeconds", "/authorizerResultTtlInSeconds", "300"),
            ],
        );
        let arns = |value: &Json| value.as_array().cloned().unwrap_or_default();
        let (old, new) = (arns(job.was("ProviderARNs")), arns(job.get("ProviderARNs")));
        patch
            .0
            .extend(new.iter().filter(|arn| !old.contains(arn)).map(|arn| json!({ "op": "add", "path": "/providerARNs", "value": arn })));
        patch.0.extend(
            old.iter().filter(|arn| !new.contains(arn)).map(|arn| json!({ "op": "remove", "path": "/providerARNs", "value": arn })),
        );
        patch.send(job, "UpdateAuthorizer", json!({ "restApiId": job.text("RestApiId"), "authorizerId": job.physical() })).await?;
        Ok(Made::new(job.physical()).with("AuthorizerId", job.physical()))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone("apigateway", "DeleteAuthorizer", json!({ "restApiId": job.text("RestApiId"), "authorizerId": job.physical() })).await
    }
}

struct GatewayResponse;

impl GatewayResponse {
    async fn put(job: &Job<'_>) -> Result<Made, Fault> {
        job.call("apigateway", "PutGatewayResponse", job.after.clone()).await?;
        let id = format!("{}|{}", job.text("RestApiId"), job.text("ResponseType"));
        Ok(Made::new(id.clone()).with("Id", id))
    }
}

#[async_trait]
impl Handler for GatewayResponse {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        Self::put(job).await
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        Self::put(job).await
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        let input = json!({ "restApiId": job.text("RestApiId"), "responseType": job.text("ResponseType") });
        job.call_gone("apigateway", "DeleteGatewayResponse", input).await
    }
}

struct Deployment;

#[async_trait]
impl Handler for Deployment {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let stage = job.get("StageDescription");
        let input = json!({
            "restApiId": job.get("RestApiId"),
            "description": job.get("Description"),
            "stageName": job.get("StageName"),
            "stageDescription": stage.get("Description"),
            "variables": stage.get("Variables"),
            "tracingEnabled": stage.get("TracingEnabled"),
            "canarySettings": job.get("DeploymentCanarySettings"),
        });
        let made = job.call("apigateway", "CreateDeployment", input).await?;
        let id = made["id"].as_str().unwrap_or_default();
        Ok(Made::new(id).with("DeploymentId", id))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        if job.changed("StageName") || job.changed("StageDescription") {
            return Err(Fault::new(
                "InvalidRequest",
                400,
                "changes of StageName and StageDescription of a deployment are not supported by windtunnel yet",
            ));
        }
        let input = json!({ "restApiId": job.text("RestApiId"), "deploymentId": job.physical() });
        Patch::of(job, &[("Description", "/description", "")]).send(job, "UpdateDeployment", input).await?;
        Ok(Made::new(job.physical()).with("DeploymentId", job.physical()))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        let api = job.text("RestApiId");
        // The stage that came with the deployment goes with it, unless it moved on to another.
        if let Some(name) = job.was("StageName").as_str() {
            let stage = job.call("apigateway", "GetStage", json!({ "restApiId": api, "stageName": name })).await;
            if stage.is_ok_and(|stage| stage["deploymentId"] == job.physical()) {
                job.call_gone("apigateway", "DeleteStage", json!({ "restApiId": api, "stageName": name })).await?;
            }
        }
        job.call_gone("apigateway", "DeleteDeployment", json!({ "restApiId": api, "deploymentId": job.physical() })).await
    }
}

struct Stage;

#[async_trait]
impl Handler for Stage {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let name = job.name("StageName", 128).replace('-', "_");
        let name = job.get("StageName").as_str().map_or(name, str::to_owned);
        let mut input = job.take(&[
            "RestApiId",
            "DeploymentId",
            "Description",
            "TracingEnabled",
            "Variables",
            "CacheClusterEnabled",
            "CacheClusterSize",
            "DocumentationVersion",
        ]);
        input.insert("canarySettings".into(), job.get("CanarySetting").clone());
        input.insert("stageName".into(), name.clone().into());
        input.insert("tags".into(), job.tag_map("Tags"));
        job.call_made("apigateway", "CreateStage", Json::Object(input)).await?;
        let mut patch = Patch(Vec::new());
        stage_settings(job, &mut patch);
        patch.send(job, "UpdateStage", json!({ "restApiId": job.text("RestApiId"), "stageName": name })).await?;
        Ok(Made::new(name))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let mut patch = Patch::of(
            job,
            &[
                ("DeploymentId", "/deploymentId", ""),
                ("Description", "/description", ""),
                ("TracingEnabled", "/tracingEnabled", "false"),
                ("CacheClusterEnabled", "/cacheClusterEnabled", "false"),
                ("CacheClusterSize", "/cacheClusterSize", "0.5"),
                ("DocumentationVersion", "/documentationVersion", ""),
            ],
        );
        patch.map(job, "Variables", "/variables");
        if job.changed("CanarySetting") {
            canary(job, &mut patch);
        }
        stage_settings(job, &mut patch);
        let api = job.text("RestApiId");
        patch.send(job, "UpdateStage", json!({ "restApiId": api, "stageName": job.physical() })).await?;
        retag(job, &format!("/restapis/{api}/stages/{}", job.physical())).await?;
        Ok(Made::new(job.physical()))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone("apigateway", "DeleteStage", json!({ "restApiId": job.text("RestApiId"), "stageName": job.physical() })).await
    }
}

/// Patches that bring access log and settings of methods to what they are to be.
fn stage_settings(job: &Job<'_>, patch: &mut Patch) {
    if job.changed("AccessLogSetting") {
        if !job.was("AccessLogSetting").is_null() {
            patch.set("/accessLogSettings", &Json::Null);
        }
        for (member, path) in [("DestinationArn", "destinationArn"), ("Format", "format")] {
            if let Some(value) = job.get("AccessLogSetting").get(member) {
                patch.set(&format!("/accessLogSettings/{path}"), value);
            }
        }
    }
    if !job.changed("MethodSettings") {
        return;
    }
    let key = |setting: &Json| {
        let path = setting["ResourcePath"].as_str().unwrap_or("/*");
        let path = path.strip_prefix('/').unwrap_or(path);
        let path = if path.is_empty() { "~1" } else { path };
        format!("/{path}/{}", setting["HttpMethod"].as_str().unwrap_or("*"))
    };
    let keys = |settings: &Json| settings.as_array().into_iter().flatten().map(key).collect::<Vec<_>>();
    let (old, new) = (keys(job.was("MethodSettings")), keys(job.get("MethodSettings")));
    old.iter().filter(|key| !new.contains(key)).for_each(|key| patch.set(key, &Json::Null));
    const PATHS: [(&str, &str); 8] = [
        ("MetricsEnabled", "metrics/enabled"),
        ("LoggingLevel", "logging/loglevel"),
        ("DataTraceEnabled", "logging/dataTrace"),
        ("ThrottlingBurstLimit", "throttling/burstLimit"),
        ("ThrottlingRateLimit", "throttling/rateLimit"),
        ("CachingEnabled", "caching/enabled"),
        ("CacheTtlInSeconds", "caching/ttlInSeconds"),
        ("CacheDataEncrypted", "caching/dataEncrypted"),
    ];
    for setting in job.get("MethodSettings").as_array().into_iter().flatten() {
        for (member, path) in PATHS {
            if let Some(value) = setting.get(member) {
                patch.set(&format!("{}/{path}", key(setting)), value);
            }
        }
    }
}

/// Patches that bring a canary to what it is to be.
fn canary(job: &Job<'_>, patch: &mut Patch) {
    let new = job.get("CanarySetting");
    if new.is_null() {
        patch.set("/canarySettings", &Json::Null);
        return;
    }
    for (member, path) in [("DeploymentId", "deploymentId"), ("PercentTraffic", "percentTraffic"), ("UseStageCache", "useStageCache")] {
        if let Some(value) = new.get(member) {
            patch.set(&format!("/canarySettings/{path}"), value);
        }
    }
    let texts = |value: &Json| value["StageVariableOverrides"].as_object().cloned().unwrap_or_default();
    for gone in texts(job.was("CanarySetting")).keys().filter(|name| !texts(new).contains_key(*name)) {
        patch.set(&format!("/canarySettings/stageVariableOverrides/{gone}"), &Json::Null);
    }
    for (name, value) in texts(new) {
        patch.set(&format!("/canarySettings/stageVariableOverrides/{name}"), &value);
    }
}

/// The region's settings. Deleting it leaves them as they are, as on AWS.
struct Account;

impl Account {
    async fn put(job: &Job<'_>, id: String) -> Result<Made, Fault> {
        Patch::of(job, &[("CloudWatchRoleArn", "/cloudwatchRoleArn", "")]).send(job, "UpdateAccount", json!({})).await?;
        Ok(Made::new(id.clone()).with("Id", id))
    }
}

#[async_trait]
impl Handler for Account {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        Self::put(job, job.generated(64)).await
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        Self::put(job, job.physical().to_owned()).await
    }
    async fn delete(&self, _: &Job<'_>) -> Result<(), Fault> {
        Ok(())
    }
}
