//! HTTP APIs and what stands in them: operations that take a template's properties as they are.

use super::{Handler, Job, Kind, Made};
use async_trait::async_trait;
use kit::Fault;
use serde_json::{Map, Value as Json, json};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "AWS::ApiGatewayV2::Api",
        made_by: Some(("apigatewayv2", "CreateApi")),
        properties: &[
            "ApiKeySelectionExpression",
            "BasePath",
            "Body",
            "CorsConfiguration",
            "CredentialsArn",
            "Description",
            "DisableExecuteApiEndpoint",
            "FailOnWarnings",
            "IpAddressType",
            "Name",
            "ProtocolType",
            "RouteKey",
            "RouteSelectionExpression",
            "Tags",
            "Target",
            "Version",
        ],
        attributes: &["ApiEndpoint", "ApiId"],
        handler: &Part { noun: "Api", id: "ApiId", parent: "" },
    },
    Kind {
        name: "AWS::ApiGatewayV2::Route",
        made_by: Some(("apigatewayv2", "CreateRoute")),
        properties: &["ApiId", "AuthorizationScopes", "AuthorizationType", "AuthorizerId", "OperationName", "RouteKey", "Target"],
        attributes: &["RouteId"],
        handler: &Part { noun: "Route", id: "RouteId", parent: "ApiId" },
    },
    Kind {
        name: "AWS::ApiGatewayV2::Integration",
        made_by: Some(("apigatewayv2", "CreateIntegration")),
        properties: &[
            "ApiId",
            "ConnectionType",
            "CredentialsArn",
            "Description",
            "IntegrationMethod",
            "IntegrationSubtype",
            "IntegrationType",
            "IntegrationUri",
            "PayloadFormatVersion",
            "RequestParameters",
            "ResponseParameters",
            "TimeoutInMillis",
        ],
        attributes: &["IntegrationId"],
        handler: &Part { noun: "Integration", id: "IntegrationId", parent: "ApiId" },
    },
    Kind {
        name: "AWS::ApiGatewayV2::Authorizer",
        made_by: Some(("apigatewayv2", "CreateAuthorizer")),
        properties: &[
            "ApiId",
            "AuthorizerCredentialsArn",
            "AuthorizerPayloadFormatVersion",
            "AuthorizerResultTtlInSeconds",
            "AuthorizerType",
            "AuthorizerUri",
            "EnableSimpleResponses",
            "IdentitySource",
            "JwtConfiguration",
            "Name",
        ],
        attributes: &["AuthorizerId"],
        handler: &Part { noun: "Authorizer", id: "AuthorizerId", parent: "ApiId" },
    },
    Kind {
        name: "AWS::ApiGatewayV2::Deployment",
        made_by: Some(("apigatewayv2", "CreateDeployment")),
        properties: &["ApiId", "Description", "StageName"],
        attributes: &["DeploymentId"],
        handler: &Part { noun: "Deployment", id: "DeploymentId", parent: "ApiId" },
    },
    Kind {
        name: "AWS::ApiGatewayV2::Stage",
        made_by: Some(("apigatewayv2", "CreateStage")),
        properties: &[
            "AccessLogSettings",
            "ApiId",
            "AutoDeploy",
            "DefaultRouteSettings",
            "DeploymentId",
            "Description",
            "RouteSettings",
            "StageName",
            "StageVariables",
            "Tags",
        ],
        attributes: &[],
        handler: &Part { noun: "Stage", id: "StageName", parent: "ApiId" },
    },
    Kind {
        name: "AWS::ApiGatewayV2::DomainName",
        made_by: Some(("apigatewayv2", "CreateDomainName")),
        properties: &["DomainName", "DomainNameConfigurations", "Tags"],
        attributes: &["DomainNameArn", "RegionalDomainName", "RegionalHostedZoneId"],
        handler: &Part { noun: "DomainName", id: "DomainName", parent: "" },
    },
    Kind {
        name: "AWS::ApiGatewayV2::ApiMapping",
        made_by: Some(("apigatewayv2", "CreateApiMapping")),
        properties: &["ApiId", "ApiMappingKey", "DomainName", "Stage"],
        attributes: &["ApiMappingId"],
        handler: &Part { noun: "ApiMapping", id: "ApiMappingId", parent: "DomainName" },
    },
];

/// One type: its operations are Create, Update and Delete of its noun; `id` names it, under `parent` where it stands in something.
struct Part {
    noun: &'static str,
    id: &'static str,
    parent: &'static str,
}

impl Part {
    fn key(&self, job: &Job<'_>) -> Map<String, Json> {
        let mut key = Map::new();
        if !self.parent.is_empty() {
            key.insert(self.parent.into(), job.text(self.parent).into());
        }
        key.insert(self.id.into(), job.physical().into());
        key
    }

    fn made(&self, id: &str, described: &Json) -> Made {
        let mut made = Made::new(id);
        if !matches!(self.noun, "Stage" | "DomainName") {
            made = made.with(self.id, id);
        }
        if let Some(endpoint) = described["ApiEndpoint"].as_str() {
            made = made.with("ApiEndpoint", endpoint);
        }
        let configuration = &described["DomainNameConfigurations"][0];
        let known = [
            ("DomainNameArn", &described["DomainNameArn"]),
            ("RegionalDomainName", &configuration["ApiGatewayDomainName"]),
            ("RegionalHostedZoneId", &configuration["HostedZoneId"]),
        ];
        for (attribute, value) in known.into_iter().filter(|(_, value)| value.is_string()) {
            made = made.with(attribute, value.clone());
        }
        made
    }

    /// What a property that goes away is set to: the operations have no way to take one back.
    fn gone(&self, property: &str) -> Option<Json> {
        match property {
            "Description" => Some("".into()),
            "BasePath" | "FailOnWarnings" => Some(Json::Null),
            "StageVariables" | "RouteSettings" | "RequestParameters" | "ResponseParameters" => Some(json!({})),
            "AuthorizationScopes" => Some(json!([])),
            "AuthorizationType" => Some("NONE".into()),
            "AuthorizerId" | "Tags" => Some(Json::Null),
            _ => None,
        }
    }
}

#[async_trait]
impl Handler for Part {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        if has_body(job) {
            let described = job.call("apigatewayv2", "ImportApi", definition(job)).await?;
            let id = described[self.id].as_str().unwrap_or_default();
            if let Err(fault) = over_the_definition(job, id).await {
                job.call_gone("apigatewayv2", "DeleteApi", json!({ "ApiId": id })).await?;
                return Err(fault);
            }
            return Ok(self.made(id, &described));
        }
        let mut input = job.after.clone();
        if matches!(self.noun, "Api" | "Stage" | "DomainName") {
            input["Tags"] = job.tag_map("Tags");
        }
        let made = job.call_made("apigatewayv2", &format!("Create{}", self.noun), input).await?;
        let described = match made {
            Some(made) => made,
            // Only what is named by its template is found again.
            None => {
                let mut key = Map::from_iter([(self.id.to_owned(), job.get(self.id).clone())]);
                if !self.parent.is_empty() {
                    key.insert(self.parent.into(), job.text(self.parent).into());
                }
                job.call("apigatewayv2", &format!("Get{}", self.noun), Json::Object(key)).await?
            }
        };
        let id = described[self.id].as_str().unwrap_or_default();
        Ok(self.made(id, &described))
    }

    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        if has_body(job) && OF_DEFINITIONS.iter().any(|property| job.changed(property)) {
            let mut input = definition(job);
            input["ApiId"] = job.physical().into();
            job.call("apigatewayv2", "ReimportApi", input).await?;
            over_the_definition(job, job.physical()).await?;
        }
        let mut input = self.key(job);
        let empty = Map::new();
        let (old, new) = (job.before.as_object().unwrap_or(&empty), job.after.as_object().unwrap_or(&empty));
        for (property, value) in new.iter().filter(|(property, value)| *property != "Tags" && old.get(*property) != Some(*value)) {
            input.insert(property.clone(), value.clone());
        }
        for property in old.keys().filter(|property| !new.contains_key(*property)) {
            if self.noun == "Api" && property == "CorsConfiguration" {
                job.call_gone("apigatewayv2", "DeleteCorsConfiguration", json!({ "ApiId": job.physical() })).await?;
                continue;
            }
            if self.noun == "Stage" && property == "AccessLogSettings" {
                job.call_gone("apigatewayv2", "DeleteAccessLogSettings", Json::Object(self.key(job))).await?;
                continue;
            }
            let Some(value) = self.gone(property) else {
                let noun = self.noun;
                return Err(Fault::new(
                    "InvalidRequest",
                    400,
                    format!("{property} can't be taken from an {noun} by windtunnel yet: give it another value"),
                ));
            };
            input.insert(property.clone(), value);
        }
        if self.noun == "ApiMapping" {
            input.insert("ApiId".into(), job.text("ApiId").into());
        }
        input.remove("Tags");
        OF_DEFINITIONS.iter().for_each(|property| drop(input.remove(*property)));
        if input.len() > self.key(job).len() {
            job.call("apigatewayv2", &format!("Update{}", self.noun), Json::Object(input)).await?;
        }
        self.retag(job).await?;
        Ok(Made { physical_id: job.physical().to_owned(), attributes: job.attributes.clone() })
    }

    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone("apigatewayv2", &format!("Delete{}", self.noun), Json::Object(self.key(job))).await
    }
}

/// Properties about the definition that an API is made of.
const OF_DEFINITIONS: [&str; 3] = ["Body", "BasePath", "FailOnWarnings"];

fn has_body(job: &Job<'_>) -> bool {
    job.get("Body").is_object()
}

fn definition(job: &Job<'_>) -> Json {
    let mut input = json!({ "Body": job.get("Body").to_string() });
    for (property, member) in [("BasePath", "Basepath"), ("FailOnWarnings", "FailOnWarnings")] {
        if !job.get(property).is_null() {
            input[member] = job.get(property).clone();
        }
    }
    input
}

/// What a template says beside the definition stands over what that says.
async fn over_the_definition(job: &Job<'_>, id: &str) -> Result<(), Fault> {
    let settings = ["CorsConfiguration", "Description", "DisableExecuteApiEndpoint", "IpAddressType", "Name", "Version"];
    let mut input = job.take(&settings);
    if !input.is_empty() {
        input.insert("ApiId".into(), id.into());
        job.call("apigatewayv2", "UpdateApi", Json::Object(input)).await?;
    }
    if !job.tag_map("Tags").is_null() {
        let arn = format!("arn:aws:apigateway:{}::/apis/{id}", job.cx.region());
        job.call("apigatewayv2", "TagResource", json!({ "ResourceArn": arn, "Tags": job.tag_map("Tags") })).await?;
    }
    Ok(())
}

impl Part {
    async fn retag(&self, job: &Job<'_>) -> Result<(), Fault> {
        let path = match self.noun {
            "Api" => format!("/apis/{}", job.physical()),
            "Stage" => format!("/apis/{}/stages/{}", job.text("ApiId"), job.physical()),
            "DomainName" => format!("/domainnames/{}", job.physical()),
            _ => return Ok(()),
        };
        let arn = format!("arn:aws:apigateway:{}::{path}", job.cx.region());
        let gone = job.tags_gone("Tags");
        if !gone.is_empty() {
            job.call("apigatewayv2", "UntagResource", json!({ "ResourceArn": arn, "TagKeys": gone })).await?;
        }
        if job.retagged("Tags") && !job.tag_map("Tags").is_null() {
            job.call("apigatewayv2", "TagResource", json!({ "ResourceArn": arn, "Tags": job.tag_map("Tags") })).await?;
        }
        Ok(())
    }
}
