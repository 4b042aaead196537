//! Integrations: functions, other services by a named action, HTTP endpoints.

use crate::{ApiGatewayV2, Error, execute::mapping, model::*, state::*};
use kit::{Arn, Context, Fault};

/// Actions of services that an integration may name.
pub(crate) const SUBTYPES: [&str; 7] = [
    "EventBridge-PutEvents",
    "SQS-SendMessage",
    "SQS-ReceiveMessage",
    "SQS-DeleteMessage",
    "SQS-PurgeQueue",
    "StepFunctions-StartExecution",
    "Kinesis-PutRecord",
];

impl ApiGatewayV2 {
    /// Makes an integration.
    pub async fn create_integration(&self, cx: &Context, input: CreateIntegrationInput) -> Result<CreateIntegrationOutput, Fault> {
        change(cx, &input.api_id.clone(), |api| {
            let mut integration: Integration = shown(&input)?;
            integration.integration_id = Some(cx.ids().lower(7));
            integration.connection_type = Some(integration.connection_type.unwrap_or(ConnectionType::Internet));
            integration.timeout_in_millis = Some(integration.timeout_in_millis.unwrap_or(30_000));
            if integration.payload_format_version.is_none() {
                return Err(bad("PayloadFormatVersion is a required parameter for integration"));
            }
            let function = integration.integration_type == Some(IntegrationType::AwsProxy) && integration.integration_subtype.is_none();
            if function && integration.integration_method.is_none() {
                integration.integration_method = Some("POST".into());
            }
            check(&integration)?;
            api.integrations.insert(integration.integration_id.clone().unwrap_or_default(), integration.clone());
            shown(&integration)
        })
        .await
    }

    /// Describes an integration.
    pub async fn get_integration(&self, cx: &Context, input: GetIntegrationInput) -> Result<GetIntegrationOutput, Fault> {
        let id = &input.integration_id;
        of_api(cx, &input.api_id, |api| shown(api.integrations.get(id).ok_or_else(|| missing("Integration", id))?))
    }

    /// All integrations of an API.
    pub async fn get_integrations(&self, cx: &Context, input: GetIntegrationsInput) -> Result<GetIntegrationsOutput, Fault> {
        let all = of_api(cx, &input.api_id, |api| Ok(api.integrations.values().cloned().collect()))?;
        let key = |i: &Integration| i.integration_id.clone().unwrap_or_default();
        let (items, next_token) = page(all, key, input.next_token.as_deref(), input.max_results.as_deref())?;
        Ok(GetIntegrationsOutput { items: Some(items), next_token })
    }

    /// Changes an integration.
    pub async fn update_integration(&self, cx: &Context, input: UpdateIntegrationInput) -> Result<UpdateIntegrationOutput, Fault> {
        change(cx, &input.api_id.clone(), |api| {
            let id = &input.integration_id;
            let there = api.integrations.get(id).ok_or_else(|| missing("Integration", id))?;
            let integration: Integration = updated(there, &input)?;
            check(&integration)?;
            api.integrations.insert(id.clone(), integration.clone());
            shown(&integration)
        })
        .await
    }

    /// Deletes an integration that no route leads to.
    pub async fn delete_integration(&self, cx: &Context, input: DeleteIntegrationInput) -> Result<DeleteIntegrationOutput, Fault> {
        let id = input.integration_id;
        change(cx, &input.api_id, |api| {
            let target = format!("integrations/{id}");
            if let Some(route) = api.routes.values().find(|r| r.target.as_deref() == Some(&target)) {
                let route = route.route_id.as_deref().unwrap_or_default();
                return Err(Error::Conflict.says(format!("Cannot delete Integration {id}: it is used by Route {route}")));
            }
            api.integrations.remove(&id).ok_or_else(|| missing("Integration", &id))
        })
        .await?;
        Ok(DeleteIntegrationOutput {})
    }
}

/// Checks an integration that an API is to have.
pub(crate) fn check(integration: &Integration) -> Result<(), Fault> {
    let no = |what: &str| Err(refused("CreateIntegration", what));
    if integration.connection_type == Some(ConnectionType::VpcLink) || integration.connection_id.is_some() {
        return no("connectionType VPC_LINK");
    }
    if integration.request_templates.is_some()
        || integration.template_selection_expression.is_some()
        || integration.passthrough_behavior.is_some()
        || integration.content_handling_strategy.is_some()
    {
        return no("templates, passthroughBehavior and contentHandlingStrategy (of WebSocket APIs)");
    }
    if integration.tls_config.is_some() {
        return no("tlsConfig");
    }
    let uri = integration.integration_uri.as_deref().unwrap_or_default();
    match (integration.integration_type, integration.integration_subtype.as_deref()) {
        (Some(IntegrationType::AwsProxy), Some(subtype)) => check_subtype(integration, subtype)?,
        (Some(IntegrationType::AwsProxy), None) => {
            if function_of(uri).is_none() {
                return Err(bad(format!("Invalid Lambda function ARN: {uri}")));
            }
            if !matches!(integration.payload_format_version.as_deref(), Some("1.0" | "2.0")) {
                return Err(bad("PayloadFormatVersion must be 1.0 or 2.0"));
            }
        }
        (Some(IntegrationType::HttpProxy), None) => {
            if integration.integration_method.is_none() {
                return Err(bad("IntegrationMethod is a required parameter for HTTP_PROXY integrations"));
            }
            if !uri.starts_with("http://") && !uri.starts_with("https://") && !uri.starts_with("${stageVariables.") {
                return Err(bad("Invalid HTTP endpoint specified for URI"));
            }
        }
        _ => return Err(bad("HTTP APIs support integrations of type AWS_PROXY and HTTP_PROXY")),
    }
    mapping::check(integration)
}

fn check_subtype(integration: &Integration, subtype: &str) -> Result<(), Fault> {
    if !SUBTYPES.contains(&subtype) {
        return Err(bad(format!("Invalid IntegrationSubtype {subtype}")));
    }
    if subtype.starts_with("StepFunctions") || subtype.starts_with("Kinesis") {
        return Err(refused("CreateIntegration", &format!("integrationSubtype {subtype}")));
    }
    if integration.credentials_arn.is_none() {
        return Err(bad("Credentials ARN is required for AWS service integrations"));
    }
    match integration.payload_format_version.as_deref() {
        Some("1.0") => Ok(()),
        _ => Err(bad("PayloadFormatVersion must be 1.0 for AWS service integrations")),
    }
}

/// The function's ARN in a URI: the ARN itself, or within API Gateway's path to its invocations.
pub(crate) fn function_of(uri: &str) -> Option<String> {
    let arn = Arn::parse(uri)?;
    if arn.service == "lambda" {
        return Some(uri.to_owned());
    }
    let path = arn.resource.strip_prefix("path/2015-03-31/functions/")?.strip_suffix("/invocations")?;
    path.starts_with("arn:").then(|| path.to_owned())
}
