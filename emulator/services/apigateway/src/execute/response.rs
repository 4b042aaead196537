//! From an integration's answer to the method's: which response it is, its headers mapped, its body through a template.

use super::{
    answers::{self, Refusal},
    call::Call,
    memo::Memo,
    templates,
};
use crate::{
    mapping::{Source, json_path},
    model::*,
    vtl,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use frontdoor::HttpAnswer;
use http::{Response, StatusCode};
use kit::Bytes;
use serde_json::Value;
use wire::ReplyBody;

/// The answer that an integration's responses make of what came back. `selector` is what their patterns are held against: the status, or the
/// error message of a function.
pub(crate) fn mapped(
    call: &mut Call,
    integration: &Integration,
    answer: &HttpAnswer,
    selector: &str,
) -> Result<Response<ReplyBody>, Refusal> {
    let Some(chosen) = choose(&call.memo, integration, selector).cloned() else {
        call.note(|| {
            let status = answer.status;
            format!("Execution failed due to configuration error: No match for output mapping and no default output mapping configured. Endpoint Response Status Code: {status}")
        });
        return Err(Refusal::configuration());
    };
    if !call.method.method_responses.as_ref().is_some_and(|all| all.contains_key(chosen.status_code.as_deref().unwrap_or_default())) {
        let status = chosen.status_code.clone().unwrap_or_default();
        call.note(|| format!("Execution failed due to configuration error: Output mapping refers to an invalid method response: {status}"));
        return Err(Refusal::configuration());
    }
    let body = converted(call, &chosen, answer)?;
    let template = choose_template(call, &chosen);
    let (content_type, body) = match template {
        Some((kind, template)) => {
            let Body::Text(text) = body else { return Err(Refusal::configuration()) };
            (kind, Bytes::from(templates::run(call, &template, &text)?))
        }
        None => ("application/json".to_owned(), body.bytes()),
    };
    let declared: u16 = chosen.status_code.as_deref().and_then(|text| text.parse().ok()).ok_or_else(Refusal::configuration)?;
    let overridden = call.overrides["responseOverride"]["status"].clone();
    let overridden = overridden.as_u64().filter(|status| (100..600).contains(status)).map(|status| status as u16);
    let mut response = Response::new(ReplyBody::Bytes(body));
    *response.status_mut() = StatusCode::from_u16(overridden.unwrap_or(declared)).map_err(|_| Refusal::configuration())?;
    answers::set(&mut response, "content-type", &content_type);
    answers::stamp(call, &mut response);
    for (name, expression) in chosen.response_parameters.iter().flatten() {
        let (Some(header), Some(source)) = (name.strip_prefix("method.response.header."), Source::of_response(expression)) else {
            continue;
        };
        if let Some(value) = value(call, answer, source).filter(|_| !header.eq_ignore_ascii_case("transfer-encoding")) {
            answers::set(&mut response, &remapped(header), &value);
        }
    }
    let headers = call.overrides["responseOverride"]["header"].clone();
    for (name, value) in headers.as_object().into_iter().flatten() {
        answers::set(&mut response, &remapped(name), &vtl::text_of_json(value));
    }
    Ok(response)
}

/// The same of an integration that was really called: such answers tell the trace.
pub(crate) fn traced(
    call: &mut Call,
    integration: &Integration,
    answer: &HttpAnswer,
    selector: &str,
) -> Result<Response<ReplyBody>, Refusal> {
    let mut response = mapped(call, integration, answer, selector)?;
    answers::set(&mut response, "x-amzn-trace-id", &format!("Root={}", call.cx.trace()));
    Ok(response)
}

/// The first response whose pattern fits the whole of the selector, else the one without a pattern.
fn choose<'a>(memo: &Memo, integration: &'a Integration, selector: &str) -> Option<&'a IntegrationResponse> {
    let all = integration.integration_responses.as_ref()?;
    let pattern = |r: &'a IntegrationResponse| r.selection_pattern.as_deref().filter(|pattern| !pattern.is_empty());
    let fits = |r: &&'a IntegrationResponse| pattern(r).is_some_and(|pattern| memo.fits(pattern, selector));
    all.values().find(fits).or_else(|| all.values().find(|r| pattern(r).is_none()))
}

enum Body {
    Text(String),
    Binary(Bytes),
}

impl Body {
    fn bytes(self) -> Bytes {
        match self {
            Body::Text(text) => text.into(),
            Body::Binary(bytes) => bytes,
        }
    }
}

/// The body as text or bytes: the integration response's contentHandling decides, else whether the caller accepts bytes.
fn converted(call: &Call, chosen: &IntegrationResponse, answer: &HttpAnswer) -> Result<Body, Refusal> {
    let binary_payload = call.is_binary(answer.header("content-type").unwrap_or_default());
    let binary_accept = call.is_binary(call.header("accept").unwrap_or_default().split(',').next().unwrap_or_default());
    let text = || Ok(Body::Text(String::from_utf8_lossy(&answer.body).into_owned()));
    match (binary_payload, chosen.content_handling, binary_accept) {
        (true, Some(ContentHandlingStrategy::ConvertToText), _) | (true, None, false) => Ok(Body::Text(STANDARD.encode(&answer.body))),
        (true, ..) => Ok(Body::Binary(answer.body.clone())),
        (false, Some(ContentHandlingStrategy::ConvertToText), _) | (false, None, false) => text(),
        (false, ..) => STANDARD.decode(&answer.body).map(|bytes| Body::Binary(bytes.into())).map_err(|_| Refusal::configuration()),
    }
}

/// The template that the caller accepts, else JSON's, else any; with its content type.
fn choose_template(call: &Call, chosen: &IntegrationResponse) -> Option<(String, String)> {
    let all = chosen.response_templates.as_ref().filter(|all| !all.is_empty())?;
    let accepted = call.last_header("accept").and_then(|accept| all.get_key_value(accept.split(',').next()?.trim()));
    let found = accepted.or_else(|| all.get_key_value("application/json")).or_else(|| all.iter().next());
    found.map(|(kind, template)| (kind.clone(), template.clone())).filter(|(_, template)| !template.is_empty())
}

fn value(call: &Call, answer: &HttpAnswer, source: Source<'_>) -> Option<String> {
    match source {
        Source::Header(name) => {
            answer.headers.iter().rev().find(|(there, _)| there.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
        }
        Source::HeaderList(name) => {
            let values: Vec<&str> =
                answer.headers.iter().filter(|(there, _)| there.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str()).collect();
            (!values.is_empty()).then(|| values.join(","))
        }
        Source::Body("$") => Some(String::from_utf8_lossy(&answer.body).into_owned()),
        Source::Body(path) => {
            let json: Value = serde_json::from_slice(&answer.body).ok()?;
            vtl::find_in_json(&json, &json_path(path)).map(|found| vtl::text_of_json(&found))
        }
        source => call.values(source).into_iter().next(),
    }
}

/// Headers of answers that belong to the connection of the API itself travel under another name.
fn remapped(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    let own =
        super::proxy::REMAPPED.contains(&lower.as_str()) || matches!(&*lower, "expect" | "proxy-authenticate" | "trailer" | "upgrade");
    match own {
        true => format!("x-amzn-remapped-{lower}"),
        false => name.to_owned(),
    }
}
