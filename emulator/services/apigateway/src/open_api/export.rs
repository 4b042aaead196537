//! From what a stage serves to a definition of OpenAPI 2 or 3.

use crate::{model::*, state::Api};
use kit::Context;
use serde_json::{Map, Value, json};

/// Which definition is asked for.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Swagger,
    Oas30,
}

/// Extensions that are asked for.
#[derive(Clone, Copy)]
pub(super) struct Extras {
    pub integrations: bool,
    pub authorizers: bool,
}

/// The definition.
pub(super) fn document(cx: &Context, api: &Api, stage: &str, kind: Kind, extras: Extras) -> Value {
    let settings = &api.settings;
    let created = settings.created_date.map(kit::time::iso_secs);
    let mut info = json!({ "title": settings.name, "version": settings.version.clone().or(created) });
    if let Some(description) = &settings.description {
        info["description"] = json!(description);
    }
    let host = format!("{}.execute-api.{}.amazonaws.com", api.id(), cx.region());
    let mut paths = Map::new();
    let mut resources: Vec<&Resource> = api.resources.values().collect();
    resources.sort_by(|a, b| a.path.cmp(&b.path));
    for resource in resources {
        let mut item = Map::new();
        for (verb, method) in resource.resource_methods.iter().flatten() {
            let verb = if verb == "ANY" { "x-amazon-apigateway-any-method".to_owned() } else { verb.to_ascii_lowercase() };
            item.insert(verb, operation(api, method, kind, extras));
        }
        if !item.is_empty() {
            paths.insert(resource.path.clone().unwrap_or_default(), Value::Object(item));
        }
    }
    let schemas: Map<String, Value> =
        api.models.iter().filter(|(name, _)| is_used(api, name)).map(|(name, model)| (name.clone(), schema(model, kind))).collect();
    let security = security_schemes(api, extras);
    let mut document = match kind {
        Kind::Swagger => {
            json!({ "swagger": "2.0", "info": info, "host": host, "basePath": format!("/{stage}"), "schemes": ["https"], "paths": paths })
        }
        Kind::Oas30 => {
            json!({ "openapi": "3.0.1", "info": info, "servers": [{ "url": format!("https://{host}/{{basePath}}"), "variables": { "basePath": { "default": stage } } }], "paths": paths, "components": {} })
        }
    };
    for (content, in_two, in_three) in [(schemas, "definitions", "schemas"), (security, "securityDefinitions", "securitySchemes")] {
        match kind {
            _ if content.is_empty() => {}
            Kind::Swagger => document[in_two] = Value::Object(content),
            Kind::Oas30 => document["components"][in_three] = Value::Object(content),
        }
    }
    if extras.integrations {
        extensions(api, &mut document);
    }
    document
}

fn extensions(api: &Api, document: &mut Value) {
    if let Some(types) = api.settings.binary_media_types.as_ref().filter(|t| !t.is_empty()) {
        document["x-amazon-apigateway-binary-media-types"] = json!(types);
    }
    if let Some(size) = api.settings.minimum_compression_size {
        document["x-amazon-apigateway-minimum-compression-size"] = json!(size);
    }
    if let Some(policy) = api.settings.policy.as_ref().and_then(|p| serde_json::from_str::<Value>(p).ok()) {
        document["x-amazon-apigateway-policy"] = policy;
    }
    let responses: Map<String, Value> = api
        .gateway_responses
        .iter()
        .map(|(name, r)| {
            let mut out = json!({});
            insert(&mut out, "statusCode", r.status_code.as_ref().map(|s| json!(s.parse::<u16>().unwrap_or_default())));
            insert(&mut out, "responseParameters", r.response_parameters.as_ref().filter(|p| !p.is_empty()).map(|p| json!(p)));
            insert(&mut out, "responseTemplates", r.response_templates.as_ref().filter(|t| !t.is_empty()).map(|t| json!(t)));
            (name.clone(), out)
        })
        .collect();
    if !responses.is_empty() {
        document["x-amazon-apigateway-gateway-responses"] = Value::Object(responses);
    }
    let named = |v: &RequestValidator| {
        let name = v.name.clone()?;
        Some((name, json!({ "validateRequestParameters": v.validate_request_parameters, "validateRequestBody": v.validate_request_body })))
    };
    let validators: Map<String, Value> = api.request_validators.values().filter_map(named).collect();
    if !validators.is_empty() {
        document["x-amazon-apigateway-request-validators"] = Value::Object(validators);
    }
}

fn insert(value: &mut Value, name: &str, what: Option<Value>) {
    if let Some(what) = what {
        value[name] = what;
    }
}

/// Models that every API begins with are told of only where a method or another model uses them.
fn is_used(api: &Api, name: &str) -> bool {
    if !matches!(name, "Empty" | "Error") {
        return true;
    }
    let names = |models: &Option<std::collections::BTreeMap<String, String>>| models.iter().flatten().any(|(_, model)| model == name);
    api.methods().any(|(_, _, m)| names(&m.request_models) || m.method_responses.iter().flatten().any(|(_, r)| names(&r.response_models)))
}

fn schema(model: &Model, kind: Kind) -> Value {
    let prefix = pointer(kind);
    let mut schema: Value = model.schema.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_else(|| json!({}));
    relocate(&mut schema, prefix, 0);
    if let Some(map) = schema.as_object_mut() {
        map.remove("$schema");
    }
    schema
}

fn pointer(kind: Kind) -> &'static str {
    match kind {
        Kind::Swagger => "#/definitions/",
        Kind::Oas30 => "#/components/schemas/",
    }
}

fn relocate(schema: &mut Value, prefix: &str, depth: usize) {
    match schema {
        Value::Object(map) if depth < 64 => {
            for (key, value) in map {
                let name =
                    value.as_str().filter(|_| key == "$ref").and_then(|text| text.split_once("/models/")).map(|(_, name)| name.to_owned());
                match name {
                    Some(name) => *value = format!("{prefix}{name}").into(),
                    None => relocate(value, prefix, depth + 1),
                }
            }
        }
        Value::Array(items) if depth < 64 => items.iter_mut().for_each(|item| relocate(item, prefix, depth + 1)),
        _ => {}
    }
}

fn operation(api: &Api, method: &Method, kind: Kind, extras: Extras) -> Value {
    let mut out = json!({});
    insert(&mut out, "operationId", method.operation_name.as_ref().map(|name| json!(name)));
    let consumes: Vec<&String> = method.request_models.iter().flatten().map(|(kind, _)| kind).collect();
    let mut produces: Vec<&String> =
        method.method_responses.iter().flatten().flat_map(|(_, r)| r.response_models.iter().flatten()).map(|(kind, _)| kind).collect();
    produces.sort();
    produces.dedup();
    if kind == Kind::Swagger {
        insert(&mut out, "consumes", (!consumes.is_empty()).then(|| json!(consumes)));
        insert(&mut out, "produces", (!produces.is_empty()).then(|| json!(produces)));
    }
    let mut parameters: Vec<Value> =
        method.request_parameters.iter().flatten().filter_map(|(key, required)| parameter(key, *required, kind)).collect();
    let body = method.request_models.iter().flatten();
    match kind {
        Kind::Swagger => {
            let models = body.map(|(_, model)| json!({ "in": "body", "name": model, "required": true, "schema": { "$ref": format!("#/definitions/{model}") } }));
            parameters.extend(models.take(1));
        }
        Kind::Oas30 => {
            let content: Map<String, Value> = body
                .map(|(kind, model)| (kind.clone(), json!({ "schema": { "$ref": format!("#/components/schemas/{model}") } })))
                .collect();
            if !content.is_empty() {
                out["requestBody"] = json!({ "content": content, "required": true });
            }
        }
    }
    insert(&mut out, "parameters", (!parameters.is_empty()).then(|| json!(parameters)));
    let responses: Map<String, Value> =
        method.method_responses.iter().flatten().map(|(status, r)| (status.clone(), response(status, r, kind))).collect();
    insert(&mut out, "responses", (!responses.is_empty()).then_some(Value::Object(responses)));
    insert(&mut out, "security", security(api, method));
    if extras.integrations {
        insert(&mut out, "x-amazon-apigateway-integration", method.method_integration.as_ref().map(integration));
        let validator = method.request_validator_id.as_ref().and_then(|id| api.request_validators.get(id)).and_then(|v| v.name.clone());
        insert(&mut out, "x-amazon-apigateway-request-validator", validator.map(|name| json!(name)));
    }
    out
}

fn parameter(key: &str, required: bool, kind: Kind) -> Option<Value> {
    let (place, name) = key.strip_prefix("method.request.")?.split_once('.')?;
    let place = if place == "querystring" { "query" } else { place };
    Some(match kind {
        Kind::Swagger => json!({ "name": name, "in": place, "required": required, "type": "string" }),
        Kind::Oas30 if required => json!({ "name": name, "in": place, "required": true, "schema": { "type": "string" } }),
        Kind::Oas30 => json!({ "name": name, "in": place, "schema": { "type": "string" } }),
    })
}

fn response(status: &str, response: &MethodResponse, kind: Kind) -> Value {
    let mut out = json!({ "description": format!("{status} response") });
    let headers = response.response_parameters.iter().flatten().filter_map(|(key, _)| key.strip_prefix("method.response.header."));
    let described = if kind == Kind::Swagger { json!({ "type": "string" }) } else { json!({ "schema": { "type": "string" } }) };
    let headers: Map<String, Value> = headers.map(|name| (name.to_owned(), described.clone())).collect();
    let mut models = response.response_models.iter().flatten();
    match kind {
        Kind::Swagger => insert(&mut out, "schema", models.next().map(|(_, model)| json!({ "$ref": format!("#/definitions/{model}") }))),
        Kind::Oas30 => {
            let content: Map<String, Value> = models
                .map(|(kind, model)| (kind.clone(), json!({ "schema": { "$ref": format!("#/components/schemas/{model}") } })))
                .collect();
            out["content"] = Value::Object(content);
        }
    }
    insert(&mut out, "headers", (!headers.is_empty()).then_some(Value::Object(headers)));
    out
}

fn security(api: &Api, method: &Method) -> Option<Value> {
    let mut all = Vec::new();
    let authorizer = method.authorizer_id.as_ref().and_then(|id| api.authorizers.get(id)).and_then(|a| a.name.clone());
    if let Some(name) = authorizer {
        all.push(json!({ name: method.authorization_scopes.clone().unwrap_or_default() }));
    }
    if method.authorization_type.as_deref() == Some("AWS_IAM") {
        all.push(json!({ "sigv4": [] }));
    }
    if method.api_key_required == Some(true) {
        all.push(json!({ "api_key": [] }));
    }
    (!all.is_empty()).then_some(Value::Array(all))
}

fn security_schemes(api: &Api, extras: Extras) -> Map<String, Value> {
    let mut all = Map::new();
    for authorizer in api.authorizers.values() {
        let header = crate::authorizers::header_of(authorizer).unwrap_or("Unused");
        let mut scheme = json!({ "type": "apiKey", "name": header, "in": "header" });
        insert(&mut scheme, "x-amazon-apigateway-authtype", authorizer.auth_type.as_ref().map(|kind| json!(kind)));
        if extras.authorizers {
            let mut settings = json!({ "type": authorizer.r#type.unwrap_or_default().as_str().to_ascii_lowercase() });
            insert(&mut settings, "providerARNs", authorizer.provider_arns.as_ref().map(|arns| json!(arns)));
            insert(&mut settings, "authorizerUri", authorizer.authorizer_uri.as_ref().map(|uri| json!(uri)));
            insert(&mut settings, "authorizerCredentials", authorizer.authorizer_credentials.as_ref().map(|role| json!(role)));
            insert(&mut settings, "authorizerResultTtlInSeconds", authorizer.authorizer_result_ttl_in_seconds.map(|ttl| json!(ttl)));
            insert(&mut settings, "identityValidationExpression", authorizer.identity_validation_expression.as_ref().map(|e| json!(e)));
            if authorizer.r#type == Some(AuthorizerType::Request) {
                insert(&mut settings, "identitySource", authorizer.identity_source.as_ref().map(|source| json!(source)));
            }
            scheme["x-amazon-apigateway-authorizer"] = settings;
        }
        all.insert(authorizer.name.clone().unwrap_or_default(), scheme);
    }
    if api.methods().any(|(_, _, m)| m.authorization_type.as_deref() == Some("AWS_IAM")) {
        all.insert(
            "sigv4".into(),
            json!({ "type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4" }),
        );
    }
    if api.methods().any(|(_, _, m)| m.api_key_required == Some(true)) {
        all.insert("api_key".into(), json!({ "type": "apiKey", "name": "x-api-key", "in": "header" }));
    }
    all
}

fn integration(integration: &Integration) -> Value {
    let mut out = json!({ "type": integration.r#type.unwrap_or_default().as_str().to_ascii_lowercase() });
    insert(&mut out, "httpMethod", integration.http_method.as_ref().map(|verb| json!(verb)));
    insert(&mut out, "uri", integration.uri.as_ref().map(|uri| json!(uri)));
    insert(&mut out, "credentials", integration.credentials.as_ref().map(|role| json!(role)));
    let link = integration.connection_type.filter(|kind| *kind == ConnectionType::VpcLink);
    insert(&mut out, "connectionType", link.map(|kind| json!(kind.as_str())));
    insert(&mut out, "connectionId", integration.connection_id.as_ref().map(|id| json!(id)));
    let responses: Map<String, Value> = integration
        .integration_responses
        .iter()
        .flatten()
        .map(|(status, r)| {
            let mut out = json!({ "statusCode": status });
            insert(&mut out, "responseParameters", r.response_parameters.as_ref().map(|p| json!(p)));
            insert(&mut out, "responseTemplates", r.response_templates.as_ref().map(|t| json!(t)));
            insert(&mut out, "contentHandling", r.content_handling.map(|h| json!(h.as_str())));
            (r.selection_pattern.clone().filter(|p| !p.is_empty()).unwrap_or("default".into()), out)
        })
        .collect();
    insert(&mut out, "responses", (!responses.is_empty()).then_some(Value::Object(responses)));
    insert(&mut out, "requestParameters", integration.request_parameters.as_ref().map(|p| json!(p)));
    insert(&mut out, "requestTemplates", integration.request_templates.as_ref().map(|t| json!(t)));
    insert(&mut out, "passthroughBehavior", integration.passthrough_behavior.as_ref().map(|b| json!(b.to_ascii_lowercase())));
    insert(&mut out, "contentHandling", integration.content_handling.map(|h| json!(h.as_str())));
    insert(&mut out, "timeoutInMillis", integration.timeout_in_millis.filter(|ms| *ms != 29_000).map(|ms| json!(ms)));
    let keys = integration.cache_key_parameters.as_ref().filter(|keys| !keys.is_empty());
    insert(&mut out, "cacheKeyParameters", keys.map(|keys| json!(keys)));
    out
}
