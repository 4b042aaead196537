//! Request validators: what of a request a method has checked before its integration is called.

use crate::{ApiGateway, Error, model::*, patch, state::*};
use kit::{Context, Fault};

impl ApiGateway {
    /// Makes a request validator.
    pub async fn create_request_validator(&self, cx: &Context, input: CreateRequestValidatorInput) -> Result<RequestValidator, Fault> {
        let validator = RequestValidator {
            id: Some(cx.ids().lower(6)),
            name: input.name,
            validate_request_body: Some(input.validate_request_body.unwrap_or(false)),
            validate_request_parameters: Some(input.validate_request_parameters.unwrap_or(false)),
        };
        let made = change(cx, &input.rest_api_id, |api| {
            api.request_validators.insert(validator.id.clone().unwrap_or_default(), validator.clone());
            Ok(validator)
        });
        made.await.map_err(|_| bad("Invalid REST API identifier specified"))
    }

    /// Describes a request validator.
    pub async fn get_request_validator(&self, cx: &Context, input: GetRequestValidatorInput) -> Result<RequestValidator, Fault> {
        let api = cx.store().read(|s| api(s, cx.scope(), &input.rest_api_id)).map_err(|_| no_such_validator())?;
        api.request_validators.get(&input.request_validator_id).cloned().ok_or_else(no_such_validator)
    }

    /// All request validators of an API.
    pub async fn get_request_validators(
        &self,
        cx: &Context,
        input: GetRequestValidatorsInput,
    ) -> Result<GetRequestValidatorsOutput, Fault> {
        let all = of_api(cx, &input.rest_api_id, |api| Ok(api.request_validators.values().cloned().collect::<Vec<_>>()))?;
        let (items, position) = page(all, |v| v.id.clone().unwrap_or_default(), input.position.as_deref(), input.limit)?;
        Ok(GetRequestValidatorsOutput { items: Some(items), position })
    }

    /// Changes a request validator. What is no `true` is false, as on AWS.
    pub async fn update_request_validator(&self, cx: &Context, input: UpdateRequestValidatorInput) -> Result<RequestValidator, Fault> {
        let patches = patch::read(input.patch_operations)?;
        change(cx, &input.rest_api_id, |api| {
            let validator = api.request_validators.get_mut(&input.request_validator_id).ok_or_else(no_such_validator)?;
            for patch in &patches {
                patch.only_replace("/name, /validateRequestParameters, /validateRequestBody")?;
                let holds = Some(patch.value.as_deref() == Some("true"));
                match patch.parts()[..] {
                    ["validateRequestParameters"] => validator.validate_request_parameters = holds,
                    ["validateRequestBody"] => validator.validate_request_body = holds,
                    _ if patch.value.as_deref().unwrap_or_default().is_empty() => {
                        return Err(bad("Request Validator name cannot be blank"));
                    }
                    _ => validator.name = patch.value.clone(),
                }
            }
            Ok(validator.clone())
        })
        .await
    }

    /// Deletes a request validator that no method names.
    pub async fn delete_request_validator(
        &self,
        cx: &Context,
        input: DeleteRequestValidatorInput,
    ) -> Result<DeleteRequestValidatorOutput, Fault> {
        cx.store().read(|s| api(s, cx.scope(), &input.rest_api_id)).map_err(|_| no_such_validator())?;
        let id = input.request_validator_id;
        change(cx, &input.rest_api_id, |api| {
            if let Some((path, verb, _)) = api.methods().find(|(_, _, m)| m.request_validator_id.as_deref() == Some(&id)) {
                return Err(conflict(format!("Cannot delete request validator '{id}', is referenced in method: {path}/{verb}")));
            }
            api.request_validators.remove(&id).ok_or_else(no_such_validator)
        })
        .await?;
        Ok(DeleteRequestValidatorOutput {})
    }
}

fn no_such_validator() -> Fault {
    Error::NotFound.says("Invalid Request Validator identifier specified")
}
