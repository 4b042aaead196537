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
        // AWS tells a missing API as a missing resource here.
        let in_place =
            cx.store().read(|s| api(s, cx.scope(), &input.rest_api_id)).and_then(|api| api.resource(&input.resource_id).cloned());
        in_place.map_err(|_| no_such_resource())?;
        let method = Method {
            http_method: Some(input.http_method.clone()),
            authorization_type: Some(input.authorization_type),
            authorizer_id: input.authorizer_id,
            api_key_required: Some(input.api_key_required.unwrap_or(false)),
            request_validator_id: input.request_validator_id,
            operation_name: input.operation_name,
            request_parameters: input.request_parameters,
            request_models: input.request_models,
            authorization_scopes: input.authorization_scopes.filter(|scopes| !scopes.is_empty()),
            ..Default::default()
        };
        change(cx, &input.rest_api_id, |api| {
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
        of_api(cx, &input.rest_api_id, |api| Ok(api.method(&input.resource_id, &input.http_method)?.clone()))
    }

    /// Changes a method.
    pub async fn update_method(&self, cx: &Context, input: UpdateMethodInput) -> Result<Method, Fault> {
        let patches = patch::read(input.patch_operations)?;
        change(cx, &input.rest_api_id, |api| {
            let mut method = api.method(&input.resource_id, &input.http_method)?.clone();
            patches.iter().try_for_each(|patch| apply(&mut method, patch))?;
            check(api, &method)?;
            *api.method_mut(&input.resource_id, &input.http_method)? = method.clone();
            Ok(method)
        })
        .await
    }

    /// Deletes a method.
    pub async fn delete_method(&self, cx: &Context, input: DeleteMethodInput) -> Result<DeleteMethodOutput, Fault> {
        change(cx, &input.rest_api_id, |api| {
            let methods = api.resource_mut(&input.resource_id)?.resource_methods.as_mut();
            methods.and_then(|m| m.remove(&input.http_method)).ok_or_else(no_such_method)
        })
        .await?;
        Ok(DeleteMethodOutput {})
    }

    /// Declares a response of a method.
    pub async fn put_method_response(&self, cx: &Context, input: PutMethodResponseInput) -> Result<MethodResponse, Fault> {
        check_models(input.response_models.as_ref())?;
        let response = MethodResponse {
            status_code: Some(input.status_code.clone()),
            response_parameters: input.response_parameters,
            response_models: input.response_models,
        };
        change(cx, &input.rest_api_id, |api| {
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
        of_api(cx, &input.rest_api_id, |api| {
            let responses = api.method(&input.resource_id, &input.http_method)?.method_responses.as_ref();
            responses.and_then(|r| r.get(&input.status_code)).cloned().ok_or_else(no_such_response)
        })
    }

    /// Changes a response of a method.
    pub async fn update_method_response(&self, cx: &Context, input: UpdateMethodResponseInput) -> Result<MethodResponse, Fault> {
        let patches = patch::read(input.patch_operations)?;
        change(cx, &input.rest_api_id, |api| {
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
            check_models(response.response_models.as_ref())?;
            Ok(response.clone())
        })
        .await
    }

    /// Takes a response of a method away.
    pub async fn delete_method_response(
        &self,
        cx: &Context,
        input: DeleteMethodResponseInput,
    ) -> Result<DeleteMethodResponseOutput, Fault> {
        change(cx, &input.rest_api_id, |api| {
            let responses = api.method_mut(&input.resource_id, &input.http_method)?.method_responses.as_mut();
            responses.and_then(|r| r.remove(&input.status_code)).ok_or_else(no_such_response)
        })
        .await?;
        Ok(DeleteMethodResponseOutput {})
    }
}

fn check(api: &Api, method: &Method) -> Result<(), Fault> {
    let authorizer = method.authorizer_id.as_deref().and_then(|id| api.authorizers.get(id));
    match method.authorization_type.as_deref().unwrap_or_default() {
        "NONE" | "AWS_IAM" => {}
        "COGNITO_USER_POOLS" if authorizer.is_some_and(|a| a.r#type == Some(AuthorizerType::CognitoUserPools)) => {}
        "COGNITO_USER_POOLS" | "CUSTOM" => {
            return Err(bad(
                "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires a valid authorizer.",
            ));
        }
        _ => return Err(bad("Invalid authorization type specified. Valid options are NONE,AWS_IAM,CUSTOM,COGNITO_USER_POOLS")),
    }
    if method.api_key_required == Some(true) {
        return Err(refused("PutMethod", "apiKeyRequired"));
    }
    // Validators and models of one's own can't be made yet, so none can be meant.
    if method.request_validator_id.is_some() {
        return Err(bad("Invalid Request Validator identifier specified"));
    }
    check_models(method.request_models.as_ref())
}

/// Every API has two models; a model without a validator checks nothing, on AWS either.
fn check_models(models: Option<&std::collections::BTreeMap<String, String>>) -> Result<(), Fault> {
    match models.into_iter().flatten().find(|(_, model)| !matches!(model.as_str(), "Empty" | "Error")) {
        Some((_, model)) => Err(bad(format!("Invalid model identifier specified: {model}"))),
        None => Ok(()),
    }
}

fn apply(method: &mut Method, patch: &patch::Patch) -> Result<(), Fault> {
    match patch.parts()[..] {
        ["authorizationType"] => method.authorization_type = Some(patch.value()?.to_owned()),
        ["authorizerId"] => patch.text(&mut method.authorizer_id)?,
        ["apiKeyRequired"] => method.api_key_required = Some(patch.boolean()?),
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
