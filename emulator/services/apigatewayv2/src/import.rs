//! HTTP APIs out of definitions of OpenAPI 3 with API Gateway's extensions: made of one, or given another in the place of what they hold.

use crate::{ApiGatewayV2, Error, apis, authorizers, integrations, model::*, routes, state::*};
use frontdoor::base_path::BasePath;
use kit::{Context, Fault};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Largest definition, bytes; AWS's limit is 6 MB.
const MOST_BYTES: usize = 6 << 20;
/// Routes, and authorizers, of an API: more than AWS gives without asking.
const MOST_ROUTES: usize = 300;

impl ApiGatewayV2 {
    /// Makes an API out of a definition. It has no stage yet.
    pub async fn import_api(&self, cx: &Context, input: ImportApiInput) -> Result<ImportApiOutput, Fault> {
        let (document, base_path) = (read(&input.body)?, base_path(input.basepath.as_deref())?);
        let said = settings(&document)?;
        let create = CreateApiInput {
            name: said.name.clone(),
            protocol_type: ProtocolType::Http,
            description: said.description.clone(),
            version: said.version.clone(),
            cors_configuration: said.cors_configuration.clone(),
            disable_execute_api_endpoint: said.disable_execute_api_endpoint,
            tags: said.tags.clone(),
            ..Default::default()
        };
        let id = self.create_api(cx, create).await?.api_id.unwrap_or_default();
        let filled = change(cx, &id, |api| fill(cx, api, &document, base_path, input.fail_on_warnings)).await;
        match filled {
            Ok(settings) => shown(&settings),
            Err(fault) => {
                self.delete_api(cx, DeleteApiInput { api_id: id }).await?;
                Err(fault)
            }
        }
    }

    /// Puts a definition in the place of an API's routes, integrations, authorizers and settings. Its stages stay.
    pub async fn reimport_api(&self, cx: &Context, input: ReimportApiInput) -> Result<ReimportApiOutput, Fault> {
        let (document, base_path) = (read(&input.body)?, base_path(input.basepath.as_deref())?);
        let said = settings(&document)?;
        apis::check_cors(said.cors_configuration.as_ref())?;
        change(cx, &input.api_id, |api| {
            let there = &mut api.settings;
            (there.name, there.description, there.version) = (said.name, said.description, said.version);
            there.cors_configuration = said.cors_configuration;
            there.disable_execute_api_endpoint = Some(said.disable_execute_api_endpoint.unwrap_or(false));
            if let Some(tags) = said.tags {
                there.tags.get_or_insert_default().extend(tags);
            }
            shown(&fill(cx, api, &document, base_path, input.fail_on_warnings)?)
        })
        .await
    }
}

/// Roles that a definition hands to integrations and authorizers; none where it can't be read, for then nothing is made of it.
pub(crate) fn roles(body: &str) -> BTreeSet<String> {
    let Ok(document) = read(body) else { return BTreeSet::new() };
    let authorizers = members(&document["components"]["securitySchemes"]).map(|(_, s)| &s["x-amazon-apigateway-authorizer"]);
    let operations = members(&document["paths"]).flat_map(|(_, item)| members(item));
    let integrations = operations.map(|(_, operation)| resolved(&document, &operation["x-amazon-apigateway-integration"]));
    let named = authorizers.map(|a| &a["authorizerCredentials"]).chain(integrations.map(|i| &i["credentials"]));
    named.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// JSON or YAML of OpenAPI 3.
fn read(body: &str) -> Result<Value, Fault> {
    let wrong = |why: &str| bad(format!("Invalid OpenAPI input: {why}"));
    if body.len() > MOST_BYTES {
        return Err(wrong("the definition is larger than 6 MB"));
    }
    let document = match serde_json::from_str::<Value>(body) {
        Ok(document) => document,
        Err(_) => yaml::parse(body).map_err(|e| wrong(&e.to_string()))?.to_json(),
    };
    match document["openapi"].as_str().is_some_and(|version| version.starts_with("3.")) {
        true => Ok(document),
        false => Err(wrong("HTTP APIs are imported from definitions of OpenAPI 3.0")),
    }
}

fn base_path(way: Option<&str>) -> Result<BasePath, Fault> {
    BasePath::parse(way.unwrap_or("ignore")).ok_or_else(|| bad("Invalid basepath. Valid values are ignore, prepend, and split"))
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// What a reference within the definition stands for.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let pointer = value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    pointer.and_then(|pointer| document.pointer(pointer)).unwrap_or(value)
}

fn text(value: &Value, name: &str) -> Option<String> {
    match &value[name] {
        Value::String(text) => Some(text.clone()),
        Value::Number(n) => Some(n.to_string()),
        _ => None,
    }
}

/// One text, a list of texts, or texts with commas between.
fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Array(items) => Some(items.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
        Value::String(text) => Some(text.split(',').map(|part| part.trim().to_owned()).collect()),
        _ => None,
    }
}

fn number(value: &Value) -> Option<i32> {
    value.as_i64().and_then(|n| i32::try_from(n).ok())
}

/// What a definition says of the API itself.
fn settings(document: &Value) -> Result<Api, Fault> {
    let info = &document["info"];
    let cors = &document["x-amazon-apigateway-cors"];
    let endpoint = document
        .get("x-amazon-apigateway-endpoint-configuration")
        .or_else(|| document["servers"][0].get("x-amazon-apigateway-endpoint-configuration"));
    let tag = |tag: &Value| Some((text(tag, "name")?, text(tag, "x-amazon-apigateway-tag-value")?));
    let tags: BTreeMap<String, String> = document["tags"].as_array().into_iter().flatten().filter_map(tag).collect();
    Ok(Api {
        name: text(info, "title").filter(|title| !title.is_empty()).ok_or_else(|| bad("Invalid OpenAPI input: info.title is missing"))?,
        description: text(info, "description"),
        version: text(info, "version"),
        cors_configuration: cors.is_object().then(|| Cors {
            allow_credentials: cors["allowCredentials"].as_bool(),
            allow_headers: texts(&cors["allowHeaders"]),
            allow_methods: texts(&cors["allowMethods"]),
            allow_origins: texts(&cors["allowOrigins"]),
            expose_headers: texts(&cors["exposeHeaders"]),
            max_age: number(&cors["maxAge"]),
        }),
        disable_execute_api_endpoint: endpoint.and_then(|e| e["disableExecuteApiEndpoint"].as_bool()),
        tags: Some(tags).filter(|tags| !tags.is_empty()),
        ..Default::default()
    })
}

/// What a security scheme means for a route.
enum Scheme {
    Authorizer(String, AuthorizationType),
    Iam,
    /// Known to clients only.
    Nothing,
}

/// Puts a definition's routes, integrations and authorizers in the place of an API's.
fn fill(cx: &Context, api: &mut Kept, document: &Value, base_path: BasePath, fail: Option<bool>) -> Result<Api, Fault> {
    api.routes.clear();
    api.integrations.clear();
    api.authorizers.clear();
    let schemes = schemes(cx, api, document)?;
    let prefix = base_path.prefix(document);
    let mut warnings = Vec::new();
    for (path, item) in members(&document["paths"]) {
        for (verb, operation) in members(item) {
            let Some(verb) = verb_of(verb) else { continue };
            let key = match path.trim_start_matches('/') {
                "$default" => "$default".to_owned(),
                path => format!("{verb} {prefix}/{path}"),
            };
            if api.routes.len() >= MOST_ROUTES {
                return Err(Error::TooManyRequests.says("Maximum number of Routes for this API has been reached."));
            }
            route(cx, api, document, operation, &key, &schemes, &mut warnings).map_err(|fault| {
                let message = format!("Unable to import route '{key}': {}", fault.message);
                // What only windtunnel doesn't have is told as such.
                if fault.status == 501 { Fault { message, ..fault } } else { bad(message) }
            })?;
        }
    }
    if fail == Some(true) && !warnings.is_empty() {
        return Err(bad(format!("Warnings found during import:\n\t{}", warnings.join("\n\t"))));
    }
    api.settings.warnings = Some(warnings).filter(|warnings| !warnings.is_empty());
    Ok(api.settings.clone())
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

fn route(
    cx: &Context,
    api: &mut Kept,
    document: &Value,
    operation: &Value,
    key: &str,
    schemes: &BTreeMap<String, Scheme>,
    warnings: &mut Vec<String>,
) -> Result<(), Fault> {
    let mut route = Route {
        route_id: Some(cx.ids().lower(7)),
        route_key: key.to_owned(),
        operation_name: text(operation, "operationId"),
        api_key_required: Some(false),
        authorization_type: Some(AuthorizationType::None),
        ..Default::default()
    };
    let wanted = operation.get("security").or_else(|| document.get("security")).and_then(Value::as_array);
    for (name, scopes) in wanted.into_iter().flatten().filter_map(Value::as_object).flatten() {
        match schemes.get(name) {
            Some(Scheme::Iam) => route.authorization_type = Some(AuthorizationType::AwsIam),
            Some(Scheme::Authorizer(id, kind)) => {
                route.authorization_type = Some(*kind);
                route.authorizer_id = Some(id.clone());
                route.authorization_scopes = texts(scopes).filter(|scopes| *kind == AuthorizationType::Jwt && !scopes.is_empty());
            }
            Some(Scheme::Nothing) => {}
            None if name == "NONE" => {}
            None => warnings.push(format!("Security scheme '{name}' of {key} is not defined")),
        }
    }
    let described = resolved(document, &operation["x-amazon-apigateway-integration"]);
    match described.is_object() {
        true => {
            let integration = integration(cx, described)?;
            integrations::check(&integration)?;
            let id = integration.integration_id.clone().unwrap_or_default();
            route.target = Some(format!("integrations/{id}"));
            api.integrations.insert(id, integration);
        }
        false => warnings.push(format!("There is no integration behind {key}")),
    }
    routes::check(api, &route)?;
    api.routes.insert(route.route_id.clone().unwrap_or_default(), route);
    Ok(())
}

fn integration(cx: &Context, described: &Value) -> Result<Integration, Fault> {
    let kind = text(described, "type").unwrap_or_default().to_ascii_uppercase();
    let kind = IntegrationType::parse(&kind).ok_or_else(|| bad(format!("unknown integration type {kind:?}")))?;
    let connection = text(described, "connectionType").unwrap_or("INTERNET".into()).to_ascii_uppercase();
    let connection = ConnectionType::parse(&connection).ok_or_else(|| bad(format!("unknown connectionType {connection:?}")))?;
    let subtype = text(described, "integrationSubtype");
    let verb = text(described, "httpMethod").map(|verb| verb.to_ascii_uppercase().replace("X-AMAZON-APIGATEWAY-ANY-METHOD", "ANY"));
    let map = |value: &Value| -> BTreeMap<String, String> {
        members(value).map(|(name, value)| (name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned))).collect()
    };
    let answers: BTreeMap<_, _> = members(&described["responseParameters"]).map(|(status, all)| (status.clone(), map(all))).collect();
    Ok(Integration {
        integration_id: Some(cx.ids().lower(7)),
        integration_type: Some(kind),
        // Functions are invoked by POST, whatever a definition says.
        integration_method: if kind == IntegrationType::AwsProxy && subtype.is_none() { Some("POST".into()) } else { verb },
        integration_subtype: subtype,
        integration_uri: text(described, "uri"),
        connection_type: Some(connection),
        connection_id: text(described, "connectionId"),
        credentials_arn: text(described, "credentials"),
        payload_format_version: Some(text(described, "payloadFormatVersion").unwrap_or("1.0".into())),
        request_parameters: Some(map(&described["requestParameters"])).filter(|p| !p.is_empty()),
        response_parameters: Some(answers).filter(|p| !p.is_empty()),
        timeout_in_millis: Some(number(&described["timeoutInMillis"]).unwrap_or(30_000)),
        tls_config: described.get("tlsConfig").map(|_| TlsConfig::default()),
        ..Default::default()
    })
}

/// The security schemes of a definition by name; authorizers are made on the way.
fn schemes(cx: &Context, api: &mut Kept, document: &Value) -> Result<BTreeMap<String, Scheme>, Fault> {
    let mut schemes = BTreeMap::new();
    for (name, scheme) in members(&document["components"]["securitySchemes"]) {
        let meaning = match scheme.get("x-amazon-apigateway-authorizer") {
            Some(_) if api.authorizers.len() >= MOST_ROUTES => {
                return Err(Error::TooManyRequests.says("Maximum number of Authorizers for this API has been reached."));
            }
            Some(described) => authorizer(cx, api, name, described)
                .map_err(|fault| Fault { message: format!("Unable to import authorizer '{name}': {}", fault.message), ..fault })?,
            None if scheme["x-amazon-apigateway-authtype"] == "awsSigv4" => Scheme::Iam,
            None => Scheme::Nothing,
        };
        schemes.insert(name.clone(), meaning);
    }
    Ok(schemes)
}

fn authorizer(cx: &Context, api: &mut Kept, name: &str, described: &Value) -> Result<Scheme, Fault> {
    let kind = text(described, "type").unwrap_or_default().to_ascii_lowercase();
    let (own, of_route) = match kind.as_str() {
        "jwt" => (AuthorizerType::Jwt, AuthorizationType::Jwt),
        "request" => (AuthorizerType::Request, AuthorizationType::Custom),
        other => return Err(bad(format!("unknown type {other:?}: HTTP APIs have jwt and request"))),
    };
    let jwt = &described["jwtConfiguration"];
    let id = cx.ids().lower(6);
    let authorizer = Authorizer {
        authorizer_id: Some(id.clone()),
        authorizer_type: Some(own),
        name: name.to_owned(),
        identity_source: texts(&described["identitySource"]),
        jwt_configuration: jwt.is_object().then(|| JWTConfiguration { audience: texts(&jwt["audience"]), issuer: text(jwt, "issuer") }),
        authorizer_uri: text(described, "authorizerUri"),
        authorizer_credentials_arn: text(described, "authorizerCredentials"),
        authorizer_payload_format_version: text(described, "authorizerPayloadFormatVersion"),
        authorizer_result_ttl_in_seconds: number(&described["authorizerResultTtlInSeconds"]),
        enable_simple_responses: described["enableSimpleResponses"].as_bool(),
        ..Default::default()
    };
    authorizers::check(api, &authorizer)?;
    api.authorizers.insert(id.clone(), authorizer);
    Ok(Scheme::Authorizer(id, of_route))
}
