//! API Gateway's methods with their integrations and responses: one resource in a template, several calls of the API.

use super::{Handler, Job, Kind, Made};
use async_trait::async_trait;
use kit::Fault;
use serde_json::{Map, Value as Json, json};

pub(super) const KINDS: &[Kind] = &[Kind {
    name: "AWS::ApiGateway::Method",
    made_by: Some(("apigateway", "PutMethod")),
    properties: &[
        "ApiKeyRequired",
        "AuthorizationScopes",
        "AuthorizationType",
        "AuthorizerId",
        "HttpMethod",
        "Integration.CacheKeyParameters",
        "Integration.CacheNamespace",
        "Integration.ContentHandling",
        "Integration.Credentials",
        "Integration.IntegrationHttpMethod",
        "Integration.IntegrationResponses",
        "Integration.PassthroughBehavior",
        "Integration.ConnectionId",
        "Integration.ConnectionType",
        "Integration.RequestParameters",
        "Integration.RequestTemplates",
        "RequestValidatorId",
        "Integration.TimeoutInMillis",
        "Integration.Type",
        "Integration.Uri",
        "MethodResponses",
        "OperationName",
        "RequestModels",
        "RequestParameters",
        "ResourceId",
        "RestApiId",
    ],
    attributes: &[],
    handler: &Method,
}];

struct Method;

impl Method {
    fn key(properties: &Json) -> Map<String, Json> {
        ["RestApiId", "ResourceId", "HttpMethod"]
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), properties.get(name)?.clone())))
            .collect()
    }

    /// Everything of the method, in the order in which the API wants it.
    async fn put(job: &Job<'_>) -> Result<Made, Fault> {
        let key = Self::key(job.after);
        let with = |more: &Json, without: &[&str]| {
            let mut input = more.as_object().cloned().unwrap_or_default();
            without.iter().for_each(|name| drop(input.remove(*name)));
            input.extend(key.clone());
            input
        };
        let mut method = with(job.after, &["Integration", "MethodResponses"]);
        method.entry("AuthorizationType").or_insert_with(|| "NONE".into());
        job.call_made("apigateway", "PutMethod", Json::Object(method)).await?;
        for response in job.get("MethodResponses").as_array().into_iter().flatten() {
            job.call_made("apigateway", "PutMethodResponse", Json::Object(with(response, &[]))).await?;
        }
        let integration = job.get("Integration");
        if !integration.is_null() {
            job.call("apigateway", "PutIntegration", Json::Object(with(integration, &["IntegrationResponses"]))).await?;
            for response in integration["IntegrationResponses"].as_array().into_iter().flatten() {
                job.call("apigateway", "PutIntegrationResponse", Json::Object(with(response, &[]))).await?;
            }
        }
        let id = ["RestApiId", "ResourceId", "HttpMethod"].map(|name| job.get(name).as_str().unwrap_or_default()).join("|");
        Ok(Made::new(id))
    }
}

#[async_trait]
impl Handler for Method {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        match Self::put(job).await {
            Err(fault) if !super::job::is_there(&fault) => {
                // A half-made method must not stand in the way of the next try.
                let _ = job.call_gone("apigateway", "DeleteMethod", Json::Object(Self::key(job.after))).await;
                Err(fault)
            }
            other => other,
        }
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        // Deployments hold copies: taking the method away and putting it anew is seen by nobody.
        job.call_gone("apigateway", "DeleteMethod", Json::Object(Self::key(job.before))).await?;
        Self::put(job).await
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone("apigateway", "DeleteMethod", json!(Self::key(job.before))).await
    }
}
