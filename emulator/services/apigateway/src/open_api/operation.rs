//! One operation of a definition: its method with parameters, models and responses, and its integration.

use super::{
    import::{model_of, texts},
    security::{self, Scheme},
};
use crate::{
    integrations,
    model::*,
    state::{refused, *},
};
use kit::Fault;
use serde_json::Value;
use std::collections::BTreeMap;

/// The method that an operation describes.
#[allow(clippy::too_many_arguments)]
pub(super) fn method(
    api: &Api,
    document: &Value,
    item: &Value,
    operation: &Value,
    verb: &str,
    resource: &str,
    schemes: &BTreeMap<String, Scheme>,
    validators: &BTreeMap<String, String>,
    warnings: &mut Vec<String>,
) -> Result<Method, Fault> {
    let mut method = Method { http_method: Some(verb.to_owned()), ..Default::default() };
    security::apply(&mut method, operation, document, schemes);
    method.operation_name = operation["operationId"].as_str().map(str::to_owned);
    let validator =
        operation["x-amazon-apigateway-request-validator"].as_str().or(document["x-amazon-apigateway-request-validator"].as_str());
    method.request_validator_id = validator.and_then(|name| validators.get(name).cloned());
    let own = item["parameters"].as_array().into_iter().flatten().chain(operation["parameters"].as_array().into_iter().flatten());
    for parameter in own {
        request_parameter(api, &mut method, document, operation, resolved(document, parameter));
    }
    let body = resolved(document, &operation["requestBody"]);
    for (kind, content) in body["content"].as_object().into_iter().flatten() {
        if let Some(model) = model(api, &content["schema"]) {
            method.request_models.get_or_insert_default().insert(kind.clone(), model);
        }
    }
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        if status.len() == 3 && status.bytes().all(|b| b.is_ascii_digit()) {
            let response = method_response(api, document, operation, status, resolved(document, response));
            method.method_responses.get_or_insert_default().insert(status.clone(), response);
        }
    }
    if let Some(described) = operation.get("x-amazon-apigateway-integration") {
        let integration = integration(described, resource)?;
        integrations::check("ImportRestApi", &method, &integration)?;
        method.method_integration = Some(integration);
    }
    let unknown = method.authorizer_id.is_none() && operation["x-amazon-apigateway-auth"].is_null();
    let named = operation["security"].as_array().into_iter().flatten().filter_map(Value::as_object).flatten();
    for (name, _) in named.filter(|(name, _)| unknown && !schemes.contains_key(*name)) {
        warnings.push(format!("Security definition '{name}' of {verb} is not defined"));
    }
    Ok(method)
}

/// What a reference within the definition stands for.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let pointer = value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    pointer.and_then(|pointer| document.pointer(pointer)).unwrap_or(value)
}

/// The model that a schema refers to, where the API has it.
fn model(api: &Api, schema: &Value) -> Option<String> {
    let name = schema["$ref"].as_str().and_then(model_of)?;
    api.models.contains_key(name).then(|| name.to_owned())
}

fn request_parameter(api: &Api, method: &mut Method, document: &Value, operation: &Value, parameter: &Value) {
    let name = parameter["name"].as_str().unwrap_or_default();
    let place = match parameter["in"].as_str() {
        Some("path") => "path",
        Some("query") => "querystring",
        Some("header") => "header",
        Some("body") => {
            if let Some(model) = model(api, &parameter["schema"]) {
                let models = method.request_models.get_or_insert_default();
                for kind in kinds(document, operation, "consumes") {
                    models.insert(kind, model.clone());
                }
            }
            return;
        }
        _ => return,
    };
    let required = parameter["required"] == true;
    method.request_parameters.get_or_insert_default().insert(format!("method.request.{place}.{name}"), required);
}

/// Content types that an operation of OpenAPI 2 names, or the whole definition, or JSON.
fn kinds(document: &Value, operation: &Value, member: &str) -> Vec<String> {
    let all = operation.get(member).or_else(|| document.get(member)).and_then(Value::as_array);
    let kinds: Vec<String> = all.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    if kinds.is_empty() { vec!["application/json".into()] } else { kinds }
}

fn method_response(api: &Api, document: &Value, operation: &Value, status: &str, response: &Value) -> MethodResponse {
    let headers = response["headers"].as_object().into_iter().flatten();
    let parameters: BTreeMap<String, bool> = headers.map(|(name, _)| (format!("method.response.header.{name}"), false)).collect();
    let mut models = BTreeMap::new();
    if let Some(model) = model(api, &response["schema"]) {
        models.extend(kinds(document, operation, "produces").into_iter().map(|kind| (kind, model.clone())));
    }
    for (kind, content) in response["content"].as_object().into_iter().flatten() {
        models.extend(model(api, &content["schema"]).map(|model| (kind.clone(), model)));
    }
    MethodResponse {
        status_code: Some(status.to_owned()),
        response_parameters: Some(parameters).filter(|p| !p.is_empty()),
        response_models: Some(models).filter(|m| !m.is_empty()),
    }
}

fn integration(described: &Value, resource: &str) -> Result<Integration, Fault> {
    let text = |name: &str| described.get(name).and_then(Value::as_str).map(str::to_owned);
    let name = text("type").unwrap_or_default().to_ascii_uppercase();
    let kind = IntegrationType::parse(&name).ok_or_else(|| bad(format!("unknown integration type {name:?}")))?;
    let http = matches!(kind, IntegrationType::Http | IntegrationType::HttpProxy);
    let known = |name: String| {
        let kind = ConnectionType::parse(&name.to_ascii_uppercase());
        kind.ok_or_else(|| bad("Invalid connectionType specified. Valid options are INTERNET,VPC_LINK"))
    };
    let connection = text("connectionType").map(known).transpose()?;
    if text("responseTransferMode").is_some_and(|mode| !mode.eq_ignore_ascii_case("BUFFERED")) {
        return Err(refused("ImportRestApi", "responseTransferMode STREAM"));
    }
    for what in ["integrationTarget", "tlsConfig"] {
        if described.get(what).is_some() {
            return Err(refused("ImportRestApi", what));
        }
    }
    let keys = described["cacheKeyParameters"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
    let mut responses = BTreeMap::new();
    for (pattern, response) in described["responses"].as_object().into_iter().flatten() {
        let status = response.get("statusCode").map(crate::vtl::text_of_json).unwrap_or_else(|| pattern.clone());
        let own = IntegrationResponse {
            status_code: Some(status.clone()),
            selection_pattern: Some(pattern.clone()).filter(|pattern| pattern != "default"),
            response_parameters: Some(texts(&response["responseParameters"])).filter(|p| !p.is_empty()),
            response_templates: Some(texts(&response["responseTemplates"])).filter(|t| !t.is_empty()),
            content_handling: handling(response),
        };
        responses.insert(status, own);
    }
    let mappings = described["requestParameters"].as_object().into_iter().flatten();
    let mappings: BTreeMap<String, String> =
        mappings.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect();
    Ok(Integration {
        r#type: Some(kind),
        http_method: text("httpMethod")
            .filter(|_| kind != IntegrationType::Mock)
            .map(|verb| verb.to_ascii_uppercase().replace("X-AMAZON-APIGATEWAY-ANY-METHOD", "ANY")),
        uri: text("uri"),
        connection_type: integrations::connection_type(http, connection),
        connection_id: text("connectionId"),
        credentials: text("credentials"),
        request_parameters: Some(mappings).filter(|p| !p.is_empty()),
        request_templates: Some(texts(&described["requestTemplates"])).filter(|t| !t.is_empty()),
        passthrough_behavior: Some(text("passthroughBehavior").map_or("WHEN_NO_MATCH".into(), |text| text.to_ascii_uppercase())),
        content_handling: handling(described),
        timeout_in_millis: Some(described["timeoutInMillis"].as_i64().and_then(|n| i32::try_from(n).ok()).unwrap_or(29_000)),
        cache_namespace: Some(text("cacheNamespace").unwrap_or_else(|| resource.to_owned())),
        cache_key_parameters: Some(keys.collect()),
        integration_responses: Some(responses).filter(|r| !r.is_empty()),
        ..Default::default()
    })
}

fn handling(described: &Value) -> Option<ContentHandlingStrategy> {
    ContentHandlingStrategy::parse(&described["contentHandling"].as_str()?.to_ascii_uppercase())
}
