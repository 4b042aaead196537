//! Gateway responses: what an API says when it answers itself; AWS's defaults and what an API put in their place.

use crate::{ApiGateway, Error, mapping, model::*, patch, state::*};
use kit::{Context, Fault};
use std::collections::BTreeMap;

/// The body of every answer that was not put.
pub(crate) const DEFAULT_TEMPLATE: &str = "{\"message\":$context.error.messageString}";

impl ApiGateway {
    /// Puts an answer in the place of AWS's.
    pub async fn put_gateway_response(&self, cx: &Context, input: PutGatewayResponseInput) -> Result<GatewayResponse, Fault> {
        let kind = input.response_type;
        let response = GatewayResponse {
            response_type: Some(kind),
            status_code: input.status_code.or(default_status(kind).map(|status| status.to_string())),
            response_parameters: Some(input.response_parameters.unwrap_or_default()),
            response_templates: Some(input.response_templates.unwrap_or_else(default_templates)),
            default_response: Some(false),
        };
        check(&response)?;
        change(cx, &input.rest_api_id, |api| {
            api.gateway_responses.insert(kind.as_str().into(), response.clone());
            Ok(response)
        })
        .await
    }

    /// Describes an answer, put or AWS's own.
    pub async fn get_gateway_response(&self, cx: &Context, input: GetGatewayResponseInput) -> Result<GatewayResponse, Fault> {
        of_api(cx, &input.rest_api_id, |api| Ok(of_type(api, input.response_type)))
    }

    /// All answers.
    pub async fn get_gateway_responses(&self, cx: &Context, input: GetGatewayResponsesInput) -> Result<GetGatewayResponsesOutput, Fault> {
        let mut all = of_api(cx, &input.rest_api_id, |api| {
            Ok(GatewayResponseType::TEXTS
                .iter()
                .filter_map(|text| GatewayResponseType::parse(text))
                .map(|kind| of_type(api, kind))
                .collect::<Vec<_>>())
        })?;
        let name = |r: &GatewayResponse| r.response_type.unwrap_or_default().as_str().to_owned();
        all.sort_by_key(name);
        let (items, position) = page(all, name, input.position.as_deref(), input.limit)?;
        Ok(GetGatewayResponsesOutput { items: Some(items), position })
    }

    /// Changes an answer.
    pub async fn update_gateway_response(&self, cx: &Context, input: UpdateGatewayResponseInput) -> Result<GatewayResponse, Fault> {
        let patches = patch::read(input.patch_operations)?;
        change(cx, &input.rest_api_id, |api| {
            let mut response = of_type(api, input.response_type);
            patches.iter().try_for_each(|patch| apply(&mut response, patch))?;
            response.default_response = Some(false);
            check(&response)?;
            api.gateway_responses.insert(input.response_type.as_str().into(), response.clone());
            Ok(response)
        })
        .await
    }

    /// Goes back to AWS's answer.
    pub async fn delete_gateway_response(
        &self,
        cx: &Context,
        input: DeleteGatewayResponseInput,
    ) -> Result<DeleteGatewayResponseOutput, Fault> {
        change(cx, &input.rest_api_id, |api| {
            let there = api.gateway_responses.remove(input.response_type.as_str());
            there.ok_or_else(|| Error::NotFound.says("Gateway response type not defined on api"))
        })
        .await?;
        Ok(DeleteGatewayResponseOutput {})
    }
}

/// The status of a type where nothing else was said.
pub(crate) fn default_status(kind: GatewayResponseType) -> Option<u16> {
    use GatewayResponseType::*;
    Some(match kind {
        Default4xx | Default5xx => return None,
        BadRequestBody | BadRequestParameters => 400,
        Unauthorized => 401,
        AccessDenied | ExpiredToken | InvalidApiKey | InvalidSignature | MissingAuthenticationToken | WafFiltered => 403,
        ResourceNotFound => 404,
        RequestTooLarge => 413,
        UnsupportedMediaType => 415,
        QuotaExceeded | Throttled => 429,
        ApiConfigurationError | AuthorizerConfigurationError | AuthorizerFailure => 500,
        IntegrationFailure | IntegrationTimeout => 504,
    })
}

fn of_type(api: &Api, kind: GatewayResponseType) -> GatewayResponse {
    use GatewayResponseType::{Default4xx, Default5xx};
    let put = |kind: GatewayResponseType| api.gateway_responses.get(kind.as_str()).cloned();
    if let Some(own) = put(kind) {
        return own;
    }
    let status = default_status(kind);
    // What was put for its whole class speaks for a type that nobody put.
    let class = status.and_then(|status| put(if status < 500 { Default4xx } else { Default5xx })).unwrap_or_default();
    GatewayResponse {
        response_type: Some(kind),
        status_code: class.status_code.or(status.map(|status| status.to_string())),
        response_parameters: Some(class.response_parameters.unwrap_or_default()),
        response_templates: Some(class.response_templates.unwrap_or_else(default_templates)),
        default_response: Some(true),
    }
}

/// The templates of every answer that was not put.
pub(crate) fn default_templates() -> BTreeMap<String, String> {
    BTreeMap::from([("application/json".to_owned(), DEFAULT_TEMPLATE.to_owned())])
}

/// Checks an answer that is to be put.
pub(crate) fn check(response: &GatewayResponse) -> Result<(), Fault> {
    for (name, expression) in response.response_parameters.iter().flatten() {
        if !name.starts_with("gatewayresponse.header.") {
            return Err(bad(format!("Invalid mapping expression specified: {name}: it must start with gatewayresponse.header.")));
        }
        let source = mapping::Source::of_request(expression);
        if source.is_none_or(|source| matches!(source, mapping::Source::Body(_))) {
            return Err(bad(format!("Invalid mapping expression specified: {expression}")));
        }
    }
    Ok(())
}

fn apply(response: &mut GatewayResponse, patch: &patch::Patch) -> Result<(), Fault> {
    let own = |p: &patch::Patch| p.value().map(str::to_owned);
    match patch.parts()[..] {
        ["statusCode"] if patch.op == Op::Replace => patch.text(&mut response.status_code),
        ["responseParameters", name] => {
            patch.entry(&mut response.response_parameters, name, own, "Invalid parameter name specified")?;
            response.response_parameters.get_or_insert_default();
            Ok(())
        }
        ["responseTemplates", kind] => {
            patch.entry(&mut response.response_templates, kind, own, "Invalid content type specified")?;
            response.response_templates.get_or_insert_default();
            Ok(())
        }
        ["responseParameters" | "responseTemplates"] => Err(bad(format!("Invalid null or empty value in {}", patch.parts[0]))),
        _ => Err(patch.unknown()),
    }
}
