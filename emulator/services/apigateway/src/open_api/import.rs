//! From a definition to an API: settings, models, validators, authorizers, gateway responses, and the tree of paths.

use super::{operation, security};
use crate::{Error, model::*, state::*};
use frontdoor::base_path::BasePath;
use kit::{Context, Fault};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Paths that a definition may have; AWS's quota of resources.
const MOST_RESOURCES: usize = 300;

/// Puts what a definition says into an API.
pub(super) fn fill(cx: &Context, api: &mut Api, document: &Value, base_path: BasePath) -> Result<(), Fault> {
    settings(api, document)?;
    models(cx, api, document)?;
    let validators = validators(cx, api, document);
    gateway_responses(api, document)?;
    let schemes = security::schemes(cx, api, document)?;
    let prefix = base_path.prefix(document);
    let mut warnings = Vec::new();
    if !prefix.is_empty() {
        resource(cx, api, &prefix)?;
    }
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        let full = format!("{prefix}/{}", path.trim_matches('/'));
        let id = resource(cx, api, &full)?;
        for (verb, described) in item.as_object().into_iter().flatten() {
            let Some(verb) = verb_of(verb) else { continue };
            mistyped(described, verb, &full, &mut warnings);
            let method =
                operation::method(api, document, item, described, verb, &id, &schemes, &validators, &mut warnings).map_err(|fault| {
                    let message = format!("Unable to put method '{verb}' on resource at path '{full}': {}", fault.message);
                    // What only windtunnel doesn't have is told as such.
                    if fault.status == 501 { Fault { message, ..fault } } else { Error::BadRequest.says(message) }
                })?;
            let methods = api.resource_mut(&id)?.resource_methods.get_or_insert_default();
            methods.insert(verb.to_owned(), method);
        }
    }
    api.settings.warnings = Some(warnings).filter(|warnings| !warnings.is_empty());
    Ok(())
}

/// Warns of mappings that are no texts; they are left out.
fn mistyped(operation: &Value, verb: &str, path: &str, warnings: &mut Vec<String>) {
    let mappings = operation["x-amazon-apigateway-integration"]["requestParameters"].as_object();
    for (name, value) in mappings.into_iter().flatten().filter(|(_, value)| !value.is_string()) {
        warnings.push(format!(
            "Invalid format for 'requestParameters'. Expected type string for property '{name}' of resource '{path}' and method '{verb}' but got '{value}'"
        ));
    }
}

fn verb_of(name: &str) -> Option<&'static str> {
    Some(match name {
        "get" => "GET",
        "put" => "PUT",
        "post" => "POST",
        "delete" => "DELETE",
        "patch" => "PATCH",
        "options" => "OPTIONS",
        "head" => "HEAD",
        "x-amazon-apigateway-any-method" => "ANY",
        _ => return None,
    })
}

fn settings(api: &mut Api, document: &Value) -> Result<(), Fault> {
    let info = &document["info"];
    let settings = &mut api.settings;
    settings.name = Some(super::title(document)?);
    settings.version = info.get("version").map(crate::vtl::text_of_json).or(settings.version.take());
    settings.description = info["description"].as_str().map(str::to_owned).or(settings.description.take());
    if let Some(types) = document["x-amazon-apigateway-binary-media-types"].as_array() {
        let all = settings.binary_media_types.get_or_insert_default();
        let mut seen: BTreeSet<String> = all.iter().cloned().collect();
        all.extend(types.iter().filter_map(Value::as_str).filter(|kind| seen.insert((*kind).to_owned())).map(str::to_owned));
    }
    if let Some(policy) = document.get("x-amazon-apigateway-policy") {
        settings.policy = Some(policy.to_string());
    }
    if let Some(source) = document["x-amazon-apigateway-api-key-source"].as_str() {
        settings.api_key_source = ApiKeySourceType::parse(&source.to_ascii_uppercase());
    }
    if let Some(size) = document.get("x-amazon-apigateway-minimum-compression-size") {
        let size = size.as_i64().and_then(|size| i32::try_from(size).ok()).unwrap_or(-1);
        crate::rest_apis::check_compression(size)?;
        settings.minimum_compression_size = Some(size);
    }
    let endpoint = document
        .get("x-amazon-apigateway-endpoint-configuration")
        .or_else(|| document["servers"][0].get("x-amazon-apigateway-endpoint-configuration"));
    if endpoint.is_some_and(|e| e.get("vpcEndpointIds").is_some()) {
        return Err(refused("ImportRestApi", "vpcEndpointIds"));
    }
    if let Some(off) = endpoint.and_then(|e| e["disableExecuteApiEndpoint"].as_bool()) {
        settings.disable_execute_api_endpoint = Some(off);
    }
    Ok(())
}

fn models(cx: &Context, api: &mut Api, document: &Value) -> Result<(), Fault> {
    let all = document.get("definitions").or_else(|| document.get("components")?.get("schemas"));
    let api_id = api.id().to_owned();
    for (name, schema) in all.and_then(Value::as_object).into_iter().flatten() {
        let mut schema = schema.clone();
        let description = schema["description"].as_str().map(str::to_owned);
        crate::models::check_patterns(&schema, 0)
            .map_err(|f| Error::BadRequest.says(format!("Unable to create model for '{name}': {}", f.message)))?;
        point_to_models(&mut schema, &api_id, 0);
        let id = api.models.get(name).and_then(|m| m.id.clone()).unwrap_or_else(|| cx.ids().lower(6));
        let model = Model {
            id: Some(id),
            name: Some(name.clone()),
            description,
            schema: Some(serde_json::to_string_pretty(&schema).map_err(|e| Fault::internal(e.to_string()))?),
            content_type: Some("application/json".into()),
        };
        api.models.insert(name.clone(), model);
    }
    Ok(())
}

/// References within the definition become references to the API's models.
pub(super) fn point_to_models(schema: &mut Value, api_id: &str, depth: usize) {
    if depth > 64 {
        return;
    }
    match schema {
        Value::Object(map) => {
            for (key, value) in map {
                let name = value.as_str().filter(|_| key == "$ref").and_then(model_of);
                match name {
                    Some(name) => *value = format!("https://apigateway.amazonaws.com/restapis/{api_id}/models/{name}").into(),
                    None => point_to_models(value, api_id, depth + 1),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| point_to_models(item, api_id, depth + 1)),
        _ => {}
    }
}

/// The model that a reference within the definition names.
pub(super) fn model_of(reference: &str) -> Option<&str> {
    reference.strip_prefix("#/definitions/").or_else(|| reference.strip_prefix("#/components/schemas/"))
}

/// Ids of request validators by name.
fn validators(cx: &Context, api: &mut Api, document: &Value) -> BTreeMap<String, String> {
    let known: BTreeMap<String, String> = api.request_validators.values().filter_map(|v| Some((v.name.clone()?, v.id.clone()?))).collect();
    let mut ids = BTreeMap::new();
    for (name, settings) in document["x-amazon-apigateway-request-validators"].as_object().into_iter().flatten() {
        let id = known.get(name).cloned().unwrap_or_else(|| cx.ids().lower(6));
        let validator = RequestValidator {
            id: Some(id.clone()),
            name: Some(name.clone()),
            validate_request_body: Some(settings["validateRequestBody"] == true),
            validate_request_parameters: Some(settings["validateRequestParameters"] == true),
        };
        api.request_validators.insert(id.clone(), validator);
        ids.insert(name.clone(), id);
    }
    ids
}

fn gateway_responses(api: &mut Api, document: &Value) -> Result<(), Fault> {
    for (name, settings) in document["x-amazon-apigateway-gateway-responses"].as_object().into_iter().flatten() {
        let kind = GatewayResponseType::parse(name).ok_or_else(|| bad(format!("Invalid gateway response type {name}")))?;
        let default = crate::gateway_responses::default_status(kind).map(|status| status.to_string());
        let response = GatewayResponse {
            response_type: Some(kind),
            status_code: settings.get("statusCode").map(crate::vtl::text_of_json).or(default),
            response_parameters: Some(texts(&settings["responseParameters"])),
            response_templates: Some(texts(&settings["responseTemplates"]))
                .filter(|t| !t.is_empty())
                .or(Some(crate::gateway_responses::default_templates())),
            default_response: Some(false),
        };
        crate::gateway_responses::check(&response)?;
        api.gateway_responses.insert(name.clone(), response);
    }
    Ok(())
}

/// A map of texts; what is none is written as one.
pub(super) fn texts(value: &Value) -> BTreeMap<String, String> {
    value.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), crate::vtl::text_of_json(value))).collect()
}

/// The resource of a path, with all above it.
fn resource(cx: &Context, api: &mut Api, path: &str) -> Result<String, Fault> {
    let mut at = api.settings.root_resource_id.clone().unwrap_or_default();
    let mut so_far = String::new();
    for part in path.split('/').filter(|part| !part.is_empty()) {
        so_far = format!("{so_far}/{part}");
        if let Some(found) = api.resources.values().find(|r| r.path.as_deref() == Some(&so_far)) {
            at = found.id.clone().unwrap_or_default();
            continue;
        }
        if api.resources.len() >= MOST_RESOURCES {
            return Err(Error::LimitExceeded.says("Maximum number of Resources for this API has been reached."));
        }
        let id = cx.ids().lower(6);
        let resource = Resource {
            id: Some(id.clone()),
            parent_id: Some(at),
            path_part: Some(part.to_owned()),
            path: Some(so_far.clone()),
            resource_methods: None,
        };
        api.resources.insert(id.clone(), resource);
        at = id;
    }
    Ok(at)
}
