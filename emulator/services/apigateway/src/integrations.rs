//! Integrations of methods, and their responses: functions, other services, HTTP endpoints, or answers of the API itself (MOCK).

use crate::{ApiGateway, mapping, model::*, patch, state::*, vtl};
use kit::{Arn, Context, Fault};
use std::collections::BTreeMap;

/// AWS's limits for the time an integration may take.
const TIMEOUT_MS: std::ops::RangeInclusive<i32> = 50..=29_000;

impl ApiGateway {
    /// Sets the integration of a method.
    pub async fn put_integration(&self, cx: &Context, input: PutIntegrationInput) -> Result<Integration, Fault> {
        let (rest_api_id, resource_id, http_method) = (input.rest_api_id.clone(), input.resource_id.clone(), input.http_method.clone());
        let method = of_method(cx, &rest_api_id, |api| api.method(&resource_id, &http_method).cloned())?;
        let integration = of_input(cx, input)?;
        check("PutIntegration", &method, &integration)?;
        change_method(cx, &rest_api_id, |api| {
            let method = api.method_mut(&resource_id, &http_method)?;
            method.method_integration = Some(integration.clone());
            Ok(integration)
        })
        .await
    }

    /// Describes an integration.
    pub async fn get_integration(&self, cx: &Context, input: GetIntegrationInput) -> Result<Integration, Fault> {
        of_method(cx, &input.rest_api_id, |api| Ok(api.integration(&input.resource_id, &input.http_method)?.clone()))
    }

    /// Changes an integration.
    pub async fn update_integration(&self, cx: &Context, input: UpdateIntegrationInput) -> Result<Integration, Fault> {
        let patches = patch::read(input.patch_operations)?;
        change_method(cx, &input.rest_api_id, |api| {
            let mut integration = api.integration(&input.resource_id, &input.http_method)?.clone();
            patches.iter().try_for_each(|patch| apply(&mut integration, patch))?;
            check("UpdateIntegration", api.method(&input.resource_id, &input.http_method)?, &integration)?;
            *api.integration_mut(&input.resource_id, &input.http_method)? = integration.clone();
            Ok(integration)
        })
        .await
    }

    /// Takes the integration of a method away.
    pub async fn delete_integration(&self, cx: &Context, input: DeleteIntegrationInput) -> Result<DeleteIntegrationOutput, Fault> {
        change_method(cx, &input.rest_api_id, |api| {
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
        change_method(cx, &input.rest_api_id, |api| {
            check_response(api.method(&input.resource_id, &input.http_method)?, &response)?;
            let responses = &mut api.integration_mut(&input.resource_id, &input.http_method)?.integration_responses;
            responses.get_or_insert_default().insert(input.status_code, response.clone());
            Ok(response)
        })
        .await
    }

    /// Describes a response of an integration.
    pub async fn get_integration_response(&self, cx: &Context, input: GetIntegrationResponseInput) -> Result<IntegrationResponse, Fault> {
        of_method(cx, &input.rest_api_id, |api| {
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
        change_method(cx, &input.rest_api_id, |api| {
            let method = api.method_mut(&input.resource_id, &input.http_method)?;
            let responses = method.method_integration.as_mut().ok_or_else(no_such_integration)?.integration_responses.as_mut();
            let response = responses.and_then(|r| r.get_mut(&input.status_code)).ok_or_else(no_such_response)?;
            let own = |p: &patch::Patch| p.value().map(str::to_owned);
            for patch in &patches {
                match patch.parts()[..] {
                    ["selectionPattern"] => patch.text(&mut response.selection_pattern)?,
                    ["contentHandling"] => response.content_handling = handling(patch)?,
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
            check_response(method, &response)?;
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
        change_method(cx, &input.rest_api_id, |api| {
            api.resource(&input.resource_id)?;
            // A method that is not there has no integration, AWS says here.
            let integration = api.integration_mut(&input.resource_id, &input.http_method).map_err(|_| no_such_integration())?;
            let responses = integration.integration_responses.as_mut();
            responses.and_then(|r| r.remove(&input.status_code)).ok_or_else(no_such_response)?;
            integration.integration_responses = integration.integration_responses.take().filter(|left| !left.is_empty());
            Ok(())
        })
        .await?;
        Ok(DeleteIntegrationResponseOutput {})
    }
}

fn of_input(cx: &Context, input: PutIntegrationInput) -> Result<Integration, Fault> {
    let no = |what: &str| Err(refused("PutIntegration", what));
    if input.response_transfer_mode == Some(ResponseTransferMode::Stream) {
        return no("responseTransferMode STREAM");
    }
    if input.integration_target.is_some() {
        return no("integrationTarget");
    }
    if input.tls_config.is_some() {
        cx.warn("tlsConfig has no effect: windtunnel speaks TLS to nobody");
    }
    let http = matches!(input.r#type, IntegrationType::Http | IntegrationType::HttpProxy);
    Ok(Integration {
        r#type: Some(input.r#type),
        // What no one calls is called by no verb.
        http_method: input.integration_http_method.filter(|_| input.r#type != IntegrationType::Mock),
        uri: input.uri,
        connection_type: connection_type(http, input.connection_type),
        connection_id: input.connection_id,
        credentials: input.credentials,
        request_parameters: input.request_parameters.filter(|p| !p.is_empty()),
        request_templates: input.request_templates,
        passthrough_behavior: Some(input.passthrough_behavior.unwrap_or("WHEN_NO_MATCH".into())),
        content_handling: input.content_handling,
        timeout_in_millis: Some(input.timeout_in_millis.unwrap_or(*TIMEOUT_MS.end())),
        cache_namespace: Some(input.cache_namespace.unwrap_or(input.resource_id)),
        cache_key_parameters: Some(input.cache_key_parameters.unwrap_or_default()),
        tls_config: input.tls_config,
        ..Default::default()
    })
}

/// How endpoints are reached; what calls a service, and a mock, say nothing of the internet.
pub(crate) fn connection_type(http: bool, asked: Option<ConnectionType>) -> Option<ConnectionType> {
    if http { asked.or(Some(ConnectionType::Internet)) } else { asked.filter(|kind| *kind != ConnectionType::Internet) }
}

/// Checks an integration that a method is to have; refusals name the operation that brings it.
pub(crate) fn check(operation: &str, method: &Method, integration: &Integration) -> Result<(), Fault> {
    if !TIMEOUT_MS.contains(&integration.timeout_in_millis.unwrap_or(*TIMEOUT_MS.end())) {
        return Err(bad("Timeout should be between 50 ms and 29000 ms"));
    }
    if !matches!(integration.passthrough_behavior.as_deref(), Some("WHEN_NO_MATCH" | "WHEN_NO_TEMPLATES" | "NEVER")) {
        return Err(bad("Invalid PassthroughBehavior specified. Valid options are WHEN_NO_MATCH,WHEN_NO_TEMPLATES,NEVER"));
    }
    if integration.connection_type == Some(ConnectionType::VpcLink) && integration.connection_id.is_none() {
        return Err(bad("Connection ID must be specified for connectionType VPC_LINK"));
    }
    let links = integration.connection_type == Some(ConnectionType::VpcLink);
    if links && !matches!(integration.r#type, Some(IntegrationType::Http | IntegrationType::HttpProxy)) {
        return Err(refused(operation, "connectionType VPC_LINK of integrations that are not HTTP or HTTP_PROXY"));
    }
    if !links && integration.connection_id.is_some() {
        return Err(refused(operation, "connectionId without connectionType VPC_LINK"));
    }
    match integration.r#type.unwrap_or_default() {
        IntegrationType::Mock => {}
        _ if integration.http_method.is_none() => return Err(bad("Enumeration value for HttpMethod must be non-empty")),
        IntegrationType::Http | IntegrationType::HttpProxy => check_endpoint(integration.uri.as_deref().unwrap_or_default())?,
        kind => check_service(operation, kind, integration)?,
    }
    check_templates(integration.request_templates.as_ref())?;
    mapping::check_request(integration.request_parameters.as_ref(), method)
}

fn check_endpoint(uri: &str) -> Result<(), Fault> {
    let rest = uri.strip_prefix("http://").or_else(|| uri.strip_prefix("https://"));
    match rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/')) || uri.starts_with("${stageVariables.") {
        true => Ok(()),
        false => Err(bad("Invalid HTTP endpoint specified for URI")),
    }
}

fn check_service(operation: &str, kind: IntegrationType, integration: &Integration) -> Result<(), Fault> {
    let uri = integration.uri.as_deref().unwrap_or_default();
    let arn = Arn::parse(uri).ok_or_else(|| bad("Invalid ARN specified in the request"))?;
    if arn.service != "apigateway" || !(arn.resource.starts_with("path/") || arn.resource.starts_with("action/")) {
        return Err(bad("AWS ARN for integration must contain path or action"));
    }
    if kind == IntegrationType::AwsProxy && function_of(uri).is_none() {
        return match arn.account.rsplit('.').next() == Some("firehose") && arn.resource.starts_with("action/") {
            true => Err(refused(operation, "AWS_PROXY to Firehose")),
            false => Err(bad("Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose stream invocations.")),
        };
    }
    match integration.credentials.as_deref() {
        Some("arn:aws:iam::*:user/*") => Ok(()),
        Some(role) if !role.contains(":role/") && !role.contains("${stageVariables.") => Err(bad("Invalid ARN specified in the request")),
        None if kind == IntegrationType::Aws && function_of(uri).is_none() => Err(bad("Role ARN must be specified for AWS integrations")),
        _ => Ok(()),
    }
}

/// Templates are read when they are put, so that a broken one is told at once. AWS tells it when the API is called.
fn check_templates(templates: Option<&BTreeMap<String, String>>) -> Result<(), Fault> {
    for (kind, template) in templates.into_iter().flatten() {
        if !kind.contains('/') {
            return Err(bad(format!("Validation Result: warnings : [], errors : [Invalid content type specified: {kind}]")));
        }
        if template.len() > vtl::MOST_TEMPLATE_BYTES {
            return Err(bad(format!("The template of {kind} is larger than 300 KB")));
        }
    }
    Ok(())
}

/// The function's ARN inside `arn:aws:apigateway:R:lambda:path/2015-03-31/functions/ARN/invocations`; stage variables are left in it.
pub(crate) fn function_of(uri: &str) -> Option<&str> {
    let arn = Arn::parse(uri).filter(|arn| arn.account == "lambda")?;
    let function = arn.resource.strip_prefix("path/2015-03-31/functions/")?.strip_suffix("/invocations")?;
    function.starts_with("arn:").then_some(function)
}

fn check_response(method: &Method, response: &IntegrationResponse) -> Result<(), Fault> {
    if method.method_integration.is_none() {
        return Err(no_such_integration());
    }
    let status = response.status_code.as_deref().unwrap_or_default();
    // A response that the method does not declare yet declares no headers; calls fail until it is declared.
    let declared = method.method_responses.as_ref().and_then(|r| r.get(status)).cloned().unwrap_or_default();
    mapping::check_response(response.response_parameters.as_ref(), &declared)?;
    check_templates(response.response_templates.as_ref())?;
    match response.selection_pattern.as_deref().filter(|pattern| !pattern.is_empty()) {
        Some(pattern) if crate::execute::patterns::Pattern::new(pattern).is_none() => {
            Err(bad("Invalid selection pattern specified: it is no regular expression"))
        }
        _ => Ok(()),
    }
}

/// What a patch sets contentHandling to; nothing takes it away.
fn handling(patch: &patch::Patch) -> Result<Option<ContentHandlingStrategy>, Fault> {
    match patch.value.as_deref().filter(|text| !text.is_empty() && patch.op != Op::Remove) {
        None => Ok(None),
        Some(text) => match ContentHandlingStrategy::parse(text) {
            Some(strategy) => Ok(Some(strategy)),
            None => Err(bad("Invalid contentHandling specified. Valid options are CONVERT_TO_BINARY,CONVERT_TO_TEXT")),
        },
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
        ["requestParameters", name] => {
            patch.entry::<String>(&mut integration.request_parameters, name, own, "Invalid parameter name specified")
        }
        ["contentHandling"] => {
            integration.content_handling = handling(patch)?;
            Ok(())
        }
        ["cacheNamespace"] => patch.text(&mut integration.cache_namespace),
        ["cacheKeyParameters", name] => {
            let names = integration.cache_key_parameters.get_or_insert_default();
            names.retain(|there| there != name);
            if patch.op != Op::Remove {
                names.push(name.to_owned());
            }
            Ok(())
        }
        ["connectionType"] => {
            let kind = ConnectionType::parse(patch.value()?);
            integration.connection_type =
                Some(kind.ok_or_else(|| bad("Invalid connectionType specified. Valid options are INTERNET,VPC_LINK"))?);
            if kind == Some(ConnectionType::Internet) {
                integration.connection_id = None;
            }
            Ok(())
        }
        ["connectionId"] => patch.text(&mut integration.connection_id),
        _ => Err(patch.unknown()),
    }
}
