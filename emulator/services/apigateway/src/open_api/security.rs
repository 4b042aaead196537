//! Security of a definition: authorizers, API keys, IAM; and which of them an operation has.

use crate::{Error, authorizers, model::*, state::*};
use kit::{Context, Fault};
use serde_json::Value;
use std::collections::BTreeMap;

/// Authorizers of an API: more than AWS gives without asking.
const MOST_AUTHORIZERS: usize = 300;

/// What a security scheme means for a method.
#[derive(Clone, Debug)]
pub(super) enum Scheme {
    /// An authorizer's id and kind.
    Authorizer(String, AuthorizerType),
    ApiKey,
    Iam,
    /// Known to clients only.
    Nothing,
}

/// The schemes of a definition by name; authorizers are made on the way.
pub(super) fn schemes(cx: &Context, api: &mut Api, document: &Value) -> Result<BTreeMap<String, Scheme>, Fault> {
    let all = document.get("securityDefinitions").or_else(|| document.get("components")?.get("securitySchemes"));
    let known: BTreeMap<String, String> = api.authorizers.values().filter_map(|a| Some((a.name.clone()?, a.id.clone()?))).collect();
    let mut schemes = BTreeMap::new();
    for (name, scheme) in all.and_then(Value::as_object).into_iter().flatten() {
        if api.authorizers.len() > MOST_AUTHORIZERS {
            return Err(Error::LimitExceeded.says("Maximum number of Authorizers for this API has been reached."));
        }
        let auth_type = scheme["x-amazon-apigateway-authtype"].as_str();
        let meaning = match scheme.get("x-amazon-apigateway-authorizer") {
            Some(settings) => {
                let id = known.get(name).cloned().unwrap_or_else(|| cx.ids().lower(6));
                authorizer(api, id, name, scheme, settings)?
            }
            None if auth_type == Some("awsSigv4") => Scheme::Iam,
            None if scheme["type"] == "apiKey" && scheme["name"].as_str().is_some_and(|n| n.eq_ignore_ascii_case("x-api-key")) => {
                Scheme::ApiKey
            }
            None => Scheme::Nothing,
        };
        schemes.insert(name.clone(), meaning);
    }
    Ok(schemes)
}

fn authorizer(api: &mut Api, id: String, name: &str, scheme: &Value, settings: &Value) -> Result<Scheme, Fault> {
    let text = |name: &str| settings[name].as_str().map(str::to_owned);
    let kind = match text("type").unwrap_or_default().to_ascii_lowercase().as_str() {
        "token" => AuthorizerType::Token,
        "request" => AuthorizerType::Request,
        "cognito_user_pools" => AuthorizerType::CognitoUserPools,
        other => return Err(bad(format!("Unable to create authorizer '{name}': unknown type {other:?}"))),
    };
    let header = scheme["name"].as_str().filter(|_| scheme["in"] == "header").map(|header| format!("method.request.header.{header}"));
    let arns = settings["providerARNs"].as_array();
    let authorizer = Authorizer {
        id: Some(id.clone()),
        name: Some(name.to_owned()),
        r#type: Some(kind),
        provider_arns: arns.map(|arns| arns.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
        auth_type: scheme["x-amazon-apigateway-authtype"].as_str().map(str::to_owned),
        authorizer_uri: text("authorizerUri"),
        authorizer_credentials: text("authorizerCredentials"),
        identity_source: text("identitySource").or(header),
        identity_validation_expression: text("identityValidationExpression"),
        authorizer_result_ttl_in_seconds: settings["authorizerResultTtlInSeconds"].as_i64().and_then(|n| i32::try_from(n).ok()),
    };
    authorizers::check(api, &authorizer)
        .map_err(|f| Error::BadRequest.says(format!("Unable to create authorizer '{name}': {}", f.message)))?;
    api.authorizers.insert(id.clone(), authorizer);
    Ok(Scheme::Authorizer(id, kind))
}

/// Gives a method the security of its operation, or of the whole definition.
pub(super) fn apply(method: &mut Method, operation: &Value, document: &Value, schemes: &BTreeMap<String, Scheme>) {
    method.authorization_type = Some("NONE".into());
    method.api_key_required = Some(false);
    if let Some(kind) = operation["x-amazon-apigateway-auth"]["type"].as_str() {
        method.authorization_type = Some(kind.to_ascii_uppercase());
    }
    let wanted = operation.get("security").or_else(|| document.get("security")).and_then(Value::as_array);
    for (name, scopes) in wanted.into_iter().flatten().filter_map(Value::as_object).flatten() {
        match schemes.get(name) {
            Some(Scheme::ApiKey) => method.api_key_required = Some(true),
            Some(Scheme::Iam) => method.authorization_type = Some("AWS_IAM".into()),
            Some(Scheme::Authorizer(id, kind)) => {
                let cognito = *kind == AuthorizerType::CognitoUserPools;
                method.authorization_type = Some(if cognito { "COGNITO_USER_POOLS" } else { "CUSTOM" }.into());
                method.authorizer_id = Some(id.clone());
                let scopes: Vec<String> = scopes.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
                method.authorization_scopes = Some(scopes).filter(|scopes| cognito && !scopes.is_empty());
            }
            Some(Scheme::Nothing) | None => {}
        }
    }
}
