//! Methods of resources, and the responses they declare.

use crate::{ApiGateway, model::*, patch, state::*};
use kit::{Context, Fault};

const VERBS: [&str; 8] = ["GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "HEAD", "ANY"];

impl ApiGateway {
    /// Makes a method.
    pub async fn put_method(&self, cx: &Context, input: PutMethodInput) -> Result<Method, Fault> {
        if !VERBS.contains(&input.http_method.as_str()) {
            return Err(bad(format!("Invalid HttpMethod specified. Valid options are {}", VERBS.join(","))));
        }
        of_method(cx, &input.rest_api_id, |api| api.resource(&input.resource_id).map(drop))?;
        let method = Method {
            http_method: Some(input.http_method.clone()),
            // `none` is taken for NONE, as AWS does.
            authorization_type: Some(input.authorization_type.to_ascii_uppercase()),
            authorizer_id: input.authorizer_id,
            api_key_required: Some(input.api_key_required.unwrap_or(false)),
            request_validator_id: input.request_validator_id,
            operation_name: input.operation_name,
            request_parameters: input.request_parameters,
            request_models: input.request_models,
            authorization_scopes: input.authorization_scopes.filter(|scopes| !scopes.is_empty()),
            ..Default::default()
        };
        change_method(cx, &input.rest_api_id, |api| {
            check(api, &method)?;
            let methods = api.resource_mut(&input.resource_id)?.resource_methods.get_or_insert_default();
            if methods.contains_key(&input.http_method) {
                return Err(conflict("Method already exists for this resource"));
            }
            methods.insert(input.http_method, method.clone());
            Ok(method)
        })
        .await
    }

    /// Describes a method.
    pub async fn get_method(&self, cx: &Context, input: GetMethodInput) -> Result<Method, Fault> {
        of_method(cx, &input.rest_api_id, |api| Ok(api.method(&input.resource_id, &input.http_method)?.clone()))
    }

    /// Changes a method.
    pub async fn update_method(&self, cx: &Context, input: UpdateMethodInput) -> Result<Method, Fault> {
        let patches = patch::read(input.patch_operations)?;
        change_method(cx, &input.rest_api_id, |api| {
            let mut method = api.method(&input.resource_id, &input.http_method)?.clone();
            patches.iter().try_for_each(|patch| apply(&mut method, patch))?;
            // Whoever needs no authorizer has none, whatever the patches say.
            if matches!(method.authorization_type.as_deref(), Some("NONE" | "AWS_IAM")) {
                method.authorizer_id = None;
            }
            check(api, &method)?;
            *api.method_mut(&input.resource_id, &input.http_method)? = method.clone();
            Ok(method)
        })
        .await
    }

    /// Deletes a method.
    pub async fn delete_method(&self, cx: &Context, input: DeleteMethodInput) -> Result<DeleteMethodOutput, Fault> {
        change_method(cx, &input.rest_api_id, |api| {
            let methods = api.resource_mut(&input.resource_id)?.resource_methods.as_mut();
            methods.and_then(|m| m.remove(&input.http_method)).ok_or_else(no_such_method)
        })
        .await?;
        Ok(DeleteMethodOutput {})
    }

    /// Declares a response of a method.
    pub async fn put_method_response(&self, cx: &Context, input: PutMethodResponseInput) -> Result<MethodResponse, Fault> {
        let response = MethodResponse {
            status_code: Some(input.status_code.clone()),
            response_parameters: input.response_parameters,
            response_models: input.response_models,
        };
        change_method(cx, &input.rest_api_id, |api| {
            check_models(api, response.response_models.as_ref())?;
            let responses = api.method_mut(&input.resource_id, &input.http_method)?.method_responses.get_or_insert_default();
            if responses.contains_key(&input.status_code) {
                return Err(conflict("Response already exists for this resource"));
            }
            responses.insert(input.status_code, response.clone());
            Ok(response)
        })
        .await
    }

    /// Describes a response of a method.
    pub async fn get_method_response(&self, cx: &Context, input: GetMethodResponseInput) -> Result<MethodResponse, Fault> {
        of_method(cx, &input.rest_api_id, |api| {
            let responses = api.method(&input.resource_id, &input.http_method)?.method_responses.as_ref();
            responses.and_then(|r| r.get(&input.status_code)).cloned().ok_or_else(no_such_response)
        })
    }

    /// Changes a response of a method.
    pub async fn update_method_response(&self, cx: &Context, input: UpdateMethodResponseInput) -> Result<MethodResponse, Fault> {
        let patches = patch::read(input.patch_operations)?;
        change_method(cx, &input.rest_api_id, |api| {
            let responses = api.method_mut(&input.resource_id, &input.http_method)?.method_responses.as_mut();
            let response = responses.and_then(|r| r.get_mut(&input.status_code)).ok_or_else(no_such_response)?;
            for patch in &patches {
                match patch.parts()[..] {
                    ["responseParameters", name] => {
                        patch.entry(&mut response.response_parameters, name, patch::Patch::boolean, "Invalid parameter name specified")?
                    }
                    ["responseModels", kind] => {
                        patch.entry(
                            &mut response.response_models,
                            kind,
                            |p| p.value().map(str::to_owned),
                            "Content-Type specified was not found",
                        )?;
                    }
                    _ => return Err(patch.unknown()),
                }
            }
            let response = response.clone();
            check_models(api, response.response_models.as_ref())?;
            Ok(response)
        })
        .await
    }

    /// Takes a response of a method away.
    pub async fn delete_method_response(
        &self,
        cx: &Context,
        input: DeleteMethodResponseInput,
    ) -> Result<DeleteMethodResponseOutput, Fault> {
        change_method(cx, &input.rest_api_id, |api| {
            let responses = api.method_mut(&input.resource_id, &input.http_method)?.method_responses.as_mut();
            responses.and_then(|r| r.remove(&input.status_code)).ok_or_else(no_such_response)
        })
        .await?;
        Ok(DeleteMethodResponseOutput {})
    }
}

fn check(api: &Api, method: &Method) -> Result<(), Fault> {
    let kind = method.authorizer_id.as_deref().and_then(|id| api.authorizers.get(id)).and_then(|a| a.r#type);
    match (method.authorization_type.as_deref().unwrap_or_default(), kind) {
        ("NONE" | "AWS_IAM", _) => {}
        ("COGNITO_USER_POOLS", Some(AuthorizerType::CognitoUserPools)) => {}
        ("CUSTOM", Some(AuthorizerType::Token | AuthorizerType::Request)) => {}
        ("COGNITO_USER_POOLS" | "CUSTOM", _) => {
            return Err(bad(
                "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires a valid authorizer.",
            ));
        }
        _ => return Err(bad("Invalid authorization type specified. Valid options are NONE,AWS_IAM,CUSTOM,COGNITO_USER_POOLS")),
    }
    if method.request_validator_id.as_ref().is_some_and(|id| !api.request_validators.contains_key(id)) {
        return Err(bad("Invalid Request Validator identifier specified"));
    }
    check_parameters(method)?;
    check_models(api, method.request_models.as_ref())
}

/// `method.request.{path,querystring,header}.name`; a name stands in one place only.
fn check_parameters(method: &Method) -> Result<(), Fault> {
    let mut names = std::collections::BTreeSet::new();
    for key in method.request_parameters.iter().flatten().map(|(key, _)| key) {
        let place = key.strip_prefix("method.request.").and_then(|rest| rest.split_once('.'));
        let Some(("path" | "querystring" | "header", name)) = place.filter(|(_, name)| !name.is_empty()) else {
            return Err(bad(format!(
                "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression specified: {key}]"
            )));
        };
        if !names.insert(name) {
            return Err(bad("Parameter names must be unique across querystring, header and path"));
        }
    }
    Ok(())
}

fn check_models(api: &Api, models: Option<&std::collections::BTreeMap<String, String>>) -> Result<(), Fault> {
    match models.into_iter().flatten().find(|(_, model)| !api.models.contains_key(*model)) {
        Some((_, model)) => Err(bad(format!("Invalid model identifier specified: {model}"))),
        None => Ok(()),
    }
}

/// What of a method may only be replaced.
const REPLACED: [&str; 5] = ["authorizationType", "authorizerId", "apiKeyRequired", "operationName", "requestValidatorId"];

fn apply(method: &mut Method, patch: &patch::Patch) -> Result<(), Fault> {
    if patch.op != Op::Replace && patch.parts.len() == 1 && REPLACED.contains(&patch.parts[0].as_str()) {
        return Err(bad("Invalid patch operation specified. Must be one of: [replace]"));
    }
    match patch.parts()[..] {
        ["authorizationType"] => {
            method.authorization_type = Some(patch.value()?.to_ascii_uppercase());
        }
        ["authorizerId"] => patch.text(&mut method.authorizer_id)?,
        // What is no `true` is false, as on AWS.
        ["apiKeyRequired"] => method.api_key_required = Some(patch.value.as_deref() == Some("true")),
        ["operationName"] => patch.text(&mut method.operation_name)?,
        ["requestValidatorId"] => patch.text(&mut method.request_validator_id)?,
        ["requestParameters", name] => {
            patch.entry(&mut method.request_parameters, name, patch::Patch::boolean, "Invalid parameter name specified")?
        }
        ["requestModels", kind] => {
            patch.entry(&mut method.request_models, kind, |p| p.value().map(str::to_owned), "Content-Type specified was not found")?
        }
        ["authorizationScopes"] => {
            let scopes = method.authorization_scopes.get_or_insert_default();
            let scope = patch.value()?.to_owned();
            scopes.retain(|there| *there != scope);
            if patch.op != Op::Remove {
                scopes.push(scope);
            }
            method.authorization_scopes = method.authorization_scopes.take().filter(|scopes| !scopes.is_empty());
        }
        _ => return Err(patch.unknown()),
    }
    Ok(())
}
