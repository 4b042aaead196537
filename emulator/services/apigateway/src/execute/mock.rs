//! MOCK integrations: a fixed answer, mostly to a browser that asks before it calls.

use super::{
    answers::{self, Refusal},
    call::Call,
};
use crate::{
    integrations::{mock_status, template_of},
    model::*,
    templates,
};
use http::Response;
use wire::ReplyBody;

/// The answer that the request's template chooses.
pub(crate) fn answer(call: &Call, integration: &Integration) -> Result<Response<ReplyBody>, Refusal> {
    let status = status(call, integration)?;
    let responses = integration.integration_responses.as_ref();
    let pattern = |r: &IntegrationResponse| r.selection_pattern.clone().unwrap_or_default();
    let by_pattern = responses.and_then(|all| all.values().find(|r| pattern(r) == status.to_string()));
    let default = || responses.and_then(|all| all.values().find(|r| pattern(r).is_empty()));
    let response = by_pattern.or_else(default).ok_or_else(Refusal::configuration)?;
    let code = response.status_code.as_deref().and_then(|text| text.parse().ok()).ok_or_else(Refusal::configuration)?;
    let template = template_of(response.response_templates.as_ref(), "application/json")
        .or_else(|| response.response_templates.as_ref()?.values().next());
    let body = template.map(|template| templates::filled(template, |name| call.variable(name))).unwrap_or_default();
    let mut answer = Response::new(ReplyBody::Bytes(body.into()));
    *answer.status_mut() = code;
    answers::set(&mut answer, "content-type", "application/json");
    answers::stamp(call, &mut answer);
    for (name, expression) in response.response_parameters.iter().flatten() {
        if let (Some(header), Some(value)) = (name.strip_prefix("method.response.header."), templates::literal(expression)) {
            answers::set(&mut answer, header, value);
        }
    }
    Ok(answer)
}

fn status(call: &Call, integration: &Integration) -> Result<u16, Refusal> {
    let content_type = call.header("content-type").unwrap_or("application/json");
    if let Some(template) = template_of(integration.request_templates.as_ref(), content_type) {
        return mock_status(template).ok_or_else(Refusal::configuration);
    }
    let none_at_all = integration.request_templates.as_ref().is_none_or(|t| t.is_empty());
    let passes = match integration.passthrough_behavior.as_deref() {
        Some("NEVER") => false,
        Some("WHEN_NO_TEMPLATES") => none_at_all,
        _ => true,
    };
    if !passes {
        return Err(Refusal::unsupported_media_type());
    }
    // The body itself takes the template's place.
    let body = std::str::from_utf8(&call.body).unwrap_or_default();
    mock_status(body).ok_or_else(Refusal::configuration)
}
