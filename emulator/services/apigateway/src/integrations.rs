//! Integrations of methods, and their responses: a function behind AWS_PROXY, or a fixed answer (MOCK). The rest is refused by name.

use crate::{ApiGateway, model::*, patch, state::*, templates};
use kit::{Arn, Context, Fault};
use std::collections::BTreeMap;

/// AWS's limits for the time an integration may take.
const TIMEOUT_MS: std::ops::RangeInclusive<i32> = 50..=29_000;

impl ApiGateway {
    /// Sets the integration of a method.
    pub async fn put_integration(&self, cx: &Context, input: PutIntegrationInput) -> Result<Integration, Fault> {
        let (rest_api_id, resource_id, http_method) = (input.rest_api_id.clone(), input.resource_id.clone(), input.http_method.clone());
        of_api(cx, &rest_api_id, |api| api.method(&resource_id, &http_method).map(drop))?;
        let integration = of_input(cx, input)?;
        change(cx, &rest_api_id, |api| {
            let method = api.method_mut(&resource_id, &http_method)?;
            method.method_integration = Some(integration.clone());
            Ok(integration)
        })
        .await
    }

    /// Describes an integration.
    pub async fn get_integration(&self, cx: &Context, input: GetIntegrationInput) -> Result<Integration, Fault> {
        of_api(cx, &input.rest_api_id, |api| Ok(api.integration(&input.resource_id, &input.http_method)?.clone()))
    }

    /// Changes an integration.
    pub async fn update_integration(&self, cx: &Context, input: UpdateIntegrationInput) -> Result<Integration, Fault> {
        let patches = patch::read(input.patch_operations)?;
        change(cx, &input.rest_api_id, |api| {
            let integration = api.integration_mut(&input.resource_id, &input.http_method)?;
            patches.iter().try_for_each(|patch| apply(integration, patch))?;
            check("UpdateIntegration", integration)?;
            Ok(integration.clone())
        })
        .await
    }

    /// Takes the integration of a method away.
    pub async fn delete_integration(&self, cx: &Context, input: DeleteIntegrationInput) -> Result<DeleteIntegrationOutput, Fault> {
        change(cx, &input.rest_api_id, |api| {
            api.method_mut(&input.resource_id, &input.http_method)?.method_integration.take().ok_or_else(no_such_integration)
        })
        .await?;
        Ok(DeleteIntegrationOutput {})
    }

    /// Sets a response of an integration; the method must declare its status and headers.
    pub async fn put_integration_response(&self, cx: &Context, input: PutIntegrationResponseInput) -> Result<IntegrationResponse, Fault> {
        let response = IntegrationResponse {
            status_code: Some(input.status_code.clone()),
            selection_pattern: input.selection_pattern,
            response_parameters: input.response_parameters,
            response_templates: input.response_templates,
            content_handling: input.content_handling,
        };
        change(cx, &input.rest_api_id, |api| {
            check_response("PutIntegrationResponse", api.method(&input.resource_id, &input.http_method)?, &response)?;
            let responses = &mut api.integration_mut(&input.resource_id, &input.http_method)?.integration_responses;
            responses.get_or_insert_default().insert(input.status_code, response.clone());
            Ok(response)
        })
        .await
    }

    /// Describes a response of an integration.
    pub async fn get_integration_response(&self, cx: &Context, input: GetIntegrationResponseInput) -> Result<IntegrationResponse, Fault> {
        of_api(cx, &input.rest_api_id, |api| {
            let responses = api.integration(&input.resource_id, &input.http_method)?.integration_responses.as_ref();
            responses.and_then(|r| r.get(&input.status_code)).cloned().ok_or_else(no_such_response)
        })
    }

    /// Changes a response of an integration.
    pub async fn update_integration_response(
        &self,
        cx: &Context,
        input: UpdateIntegrationResponseInput,
    ) -> Result<IntegrationResponse, Fault> {
        let patches = patch::read(input.patch_operations)?;
        change(cx, &input.rest_api_id, |api| {
            let method = api.method_mut(&input.resource_id, &input.http_method)?;
            let responses = method.method_integration.as_mut().ok_or_else(no_such_integration)?.integration_responses.as_mut();
            let response = responses.and_then(|r| r.get_mut(&input.status_code)).ok_or_else(no_such_response)?;
            let own = |p: &patch::Patch| p.value().map(str::to_owned);
            for patch in &patches {
                match patch.parts()[..] {
                    ["selectionPattern"] => patch.text(&mut response.selection_pattern)?,
                    ["responseParameters", name] => {
                        patch.entry(&mut response.response_parameters, name, own, "Invalid parameter name specified")?
                    }
                    ["responseTemplates", kind] => {
                        patch.entry(&mut response.response_templates, kind, own, "Content-Type specified was not found")?
                    }
                    _ => return Err(patch.unknown()),
                }
            }
            let response = response.clone();
            check_response("UpdateIntegrationResponse", method, &response)?;
            Ok(response)
        })
        .await
    }

    /// Takes a response of an integration away.
    pub async fn delete_integration_response(
        &self,
        cx: &Context,
        input: DeleteIntegrationResponseInput,
    ) -> Result<DeleteIntegrationResponseOutput, Fault> {
        change(cx, &input.rest_api_id, |api| {
            let responses = api.integration_mut(&input.resource_id, &input.http_method)?.integration_responses.as_mut();
            responses.and_then(|r| r.remove(&input.status_code)).ok_or_else(no_such_response)
        })
        .await?;
        Ok(DeleteIntegrationResponseOutput {})
    }
}

fn of_input(cx: &Context, input: PutIntegrationInput) -> Result<Integration, Fault> {
    let no = |what: &str| Err(refused("PutIntegration", what));
    if input.connection_type == Some(ConnectionType::VpcLink) || input.connection_id.is_some() {
        return no("connectionType VPC_LINK");
    }
    if input.tls_config.is_some() {
        return no("tlsConfig");
    }
    if input.response_transfer_mode == Some(ResponseTransferMode::Stream) {
        return no("responseTransferMode STREAM");
    }
    if input.integration_target.is_some() {
        return no("integrationTarget");
    }
    if input.content_handling.is_some() {
        cx.warn("contentHandling has no effect on AWS_PROXY and MOCK integrations");
    }
    let integration = Integration {
        r#type: Some(input.r#type),
        http_method: input.integration_http_method,
        uri: input.uri,
        credentials: input.credentials,
        request_parameters: input.request_parameters.filter(|p| !p.is_empty()),
        request_templates: input.request_templates,
        passthrough_behavior: Some(input.passthrough_behavior.unwrap_or("WHEN_NO_MATCH".into())),
        content_handling: input.content_handling,
        timeout_in_millis: Some(input.timeout_in_millis.unwrap_or(*TIMEOUT_MS.end())),
        cache_namespace: Some(input.cache_namespace.unwrap_or(input.resource_id)),
        cache_key_parameters: Some(input.cache_key_parameters.unwrap_or_default()),
        ..Default::default()
    };
    check("PutIntegration", &integration)?;
    Ok(integration)
}

fn check(operation: &str, integration: &Integration) -> Result<(), Fault> {
    if !TIMEOUT_MS.contains(&integration.timeout_in_millis.unwrap_or(*TIMEOUT_MS.end())) {
        return Err(bad("Timeout should be between 50 ms and 29000 ms"));
    }
    if !matches!(integration.passthrough_behavior.as_deref(), Some("WHEN_NO_MATCH" | "WHEN_NO_TEMPLATES" | "NEVER")) {
        return Err(bad("Invalid PassthroughBehavior specified. Valid options are WHEN_NO_MATCH,WHEN_NO_TEMPLATES,NEVER"));
    }
    if integration.request_parameters.is_some() {
        return Err(refused(operation, "requestParameters (mapping)"));
    }
    match integration.r#type.unwrap_or_default() {
        IntegrationType::AwsProxy => check_proxy(operation, integration),
        IntegrationType::Mock => check_mock(operation, integration),
        other => Err(refused(operation, &format!("type {other}"))),
    }
}

fn check_proxy(operation: &str, integration: &Integration) -> Result<(), Fault> {
    if integration.http_method.is_none() {
        return Err(bad("Enumeration value for HttpMethod must be non-empty"));
    }
    let uri = integration.uri.as_deref().unwrap_or_default();
    let arn = Arn::parse(uri).ok_or_else(|| bad("Invalid ARN specified in the request"))?;
    if arn.service != "apigateway" || !(arn.resource.starts_with("path/") || arn.resource.starts_with("action/")) {
        return Err(bad("AWS ARN for integration must contain path or action"));
    }
    if function_of(uri).is_none() {
        return match arn.account.rsplit('.').next() == Some("firehose") {
            true => Err(refused(operation, "AWS_PROXY to Firehose")),
            false => Err(bad("Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose stream invocations.")),
        };
    }
    match integration.credentials.as_deref() {
        Some(role) if !role.contains(":role/") || role.contains('*') => Err(refused(operation, "credentials other than a role's ARN")),
        _ => Ok(()),
    }
}

/// The function's ARN inside `arn:aws:apigateway:R:lambda:path/2015-03-31/functions/ARN/invocations`; stage variables are left in it.
pub(crate) fn function_of(uri: &str) -> Option<&str> {
    let arn = Arn::parse(uri).filter(|arn| arn.account == "lambda")?;
    let function = arn.resource.strip_prefix("path/2015-03-31/functions/")?.strip_suffix("/invocations")?;
    function.starts_with("arn:").then_some(function)
}

fn check_mock(operation: &str, integration: &Integration) -> Result<(), Fault> {
    for template in integration.request_templates.iter().flatten().map(|(_, template)| template) {
        if !templates::is_plain(template) || mock_status(template).is_none() {
            return Err(refused(operation, "request templates of MOCK other than {\"statusCode\": N}"));
        }
    }
    Ok(())
}

/// The status that a MOCK's template chooses.
pub(crate) fn mock_status(template: &str) -> Option<u16> {
    let value: serde_json::Value = serde_json::from_str(template).ok()?;
    let status = &value["statusCode"];
    status.as_u64().and_then(|n| u16::try_from(n).ok()).or(status.as_str().and_then(|text| text.parse().ok()))
}

fn check_response(operation: &str, method: &Method, response: &IntegrationResponse) -> Result<(), Fault> {
    if method.method_integration.is_none() {
        return Err(no_such_integration());
    }
    let status = response.status_code.as_deref().unwrap_or_default();
    let declared = method.method_responses.as_ref().and_then(|r| r.get(status)).ok_or_else(no_such_response)?;
    let headers = declared.response_parameters.as_ref();
    for (name, expression) in response.response_parameters.iter().flatten() {
        if !headers.is_some_and(|h| h.contains_key(name)) {
            return Err(bad(format!(
                "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression parameter specified: {name}]"
            )));
        }
        if templates::literal(expression).is_none() {
            return Err(refused(operation, &format!("the mapping {expression} (only text in single quotation marks)")));
        }
    }
    if let Some((_, template)) = response.response_templates.iter().flatten().find(|(_, template)| !templates::is_simple(template)) {
        return Err(refused(operation, &format!("the response template {template:?} (only text and $context variables)")));
    }
    match response.selection_pattern.as_deref().unwrap_or_default() {
        "" => Ok(()),
        pattern if pattern.bytes().all(|b| b.is_ascii_digit()) => Ok(()),
        // A proxy integration passes its answer through; patterns are looked at by the others only.
        _ if method.method_integration.as_ref().is_some_and(|i| i.r#type == Some(IntegrationType::AwsProxy)) => Ok(()),
        pattern => Err(refused(operation, &format!("the selection pattern {pattern:?} (only status codes)"))),
    }
}

fn apply(integration: &mut Integration, patch: &patch::Patch) -> Result<(), Fault> {
    let own = |p: &patch::Patch| p.value().map(str::to_owned);
    match patch.parts()[..] {
        ["uri"] => patch.text(&mut integration.uri),
        ["httpMethod"] => patch.text(&mut integration.http_method),
        ["credentials"] => patch.text(&mut integration.credentials),
        ["passthroughBehavior"] => patch.text(&mut integration.passthrough_behavior),
        ["timeoutInMillis"] => {
            integration.timeout_in_millis = Some(patch.number()?);
            Ok(())
        }
        ["requestTemplates", kind] => {
            patch.entry::<String>(&mut integration.request_templates, kind, own, "Content-Type specified was not found")
        }
        ["requestParameters", ..] => Err(refused("UpdateIntegration", "requestParameters (mapping)")),
        _ => Err(patch.unknown()),
    }
}

/// The template of a content type.
pub(crate) fn template_of<'a>(templates: Option<&'a BTreeMap<String, String>>, content_type: &str) -> Option<&'a String> {
    let bare = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    templates?.iter().find(|(kind, _)| kind.eq_ignore_ascii_case(&bare)).map(|(_, template)| template)
}
