//! From a method's request to its integration's: template, mapped parameters, overrides, the address with its variables filled.

use super::{answers::Refusal, call::Call, templates};
use crate::{
    mapping::{Source, destination},
    model::*,
    vtl::url_encode,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use kit::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use std::collections::BTreeMap;

/// Headers that no mapping may set.
const RESERVED: [&str; 3] = ["content-length", "transfer-encoding", "x-amzn-apigateway-api-id"];
/// Headers that no mapping may set for AWS's services.
const RESERVED_BY_AWS: [&str; 5] = ["authorization", "connection", "expect", "proxy-authenticate", "te"];
/// Headers that never reach an integration.
const DROPPED: [&str; 3] = ["expect", "proxy-authenticate", "te"];
/// What of a path parameter is encoded before it stands in an address: everything but what URLs have unreserved, and slashes.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'%');

/// A request to an integration.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outgoing {
    pub method: String,
    /// The integration's URI with parameters and variables in it, without the query string.
    pub uri: String,
    /// Encoded.
    pub query: String,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

/// Parameters of the three kinds.
#[derive(Default)]
struct Mapped {
    path: BTreeMap<String, String>,
    query: BTreeMap<String, Vec<String>>,
    headers: BTreeMap<String, Vec<String>>,
}

/// The request of an integration that isn't a proxy.
pub(crate) fn mapped(call: &mut Call, integration: &Integration) -> Result<Outgoing, Refusal> {
    let mut mapped = parameters(call, integration)?;
    let template = choose_template(call, integration)?;
    let body = converted(call, integration)?;
    let body = match template {
        Some(template) => {
            let Ok(text) = String::from_utf8(body.to_vec()) else { return Err(Refusal::configuration()) };
            Bytes::from(templates::run(call, &template, &text)?)
        }
        None => body,
    };
    overridden(call, &mut mapped);
    let mut headers: Vec<(String, String)> =
        mapped.headers.into_iter().flat_map(|(name, values)| values.into_iter().map(move |value| (name.clone(), value))).collect();
    finish_headers(call, integration, &mut headers);
    Ok(Outgoing {
        method: method(call, integration),
        uri: address(call, integration, &mapped.path),
        query: encoded_query(&mapped.query),
        headers,
        body,
    })
}

/// The request of HTTP_PROXY: the caller's, with the mapped parameters over it.
pub(crate) fn passed_through(call: &mut Call, integration: &Integration) -> Result<Outgoing, Refusal> {
    let mapped = parameters(call, integration)?;
    let mut headers: Vec<(String, String)> = super::event::headers(call)
        .into_iter()
        .filter(|(name, _)| {
            let lower = name.to_ascii_lowercase();
            !matches!(lower.as_str(), "host" | "content-encoding" | "via")
                && !mapped.headers.keys().any(|own| own.eq_ignore_ascii_case(name))
        })
        .collect();
    headers.extend(mapped.headers.into_iter().flat_map(|(name, values)| values.into_iter().map(move |value| (name.clone(), value))));
    finish_headers(call, integration, &mut headers);
    let mut query = call.head.uri.query().unwrap_or_default().to_owned();
    let more = encoded_query(&mapped.query);
    if !more.is_empty() {
        query = if query.is_empty() { more } else { format!("{query}&{more}") };
    }
    Ok(Outgoing {
        method: method(call, integration),
        uri: address(call, integration, &mapped.path),
        query,
        headers,
        body: call.body.clone(),
    })
}

/// The template of the request's content type; a refusal where the integration takes no other.
fn choose_template(call: &Call, integration: &Integration) -> Result<Option<String>, Refusal> {
    let all = integration.request_templates.as_ref();
    if let Some((_, template)) = templates::of_type(all, call.content_type()) {
        return Ok(Some(template.to_owned()));
    }
    let passes = match integration.passthrough_behavior.as_deref() {
        Some("NEVER") => false,
        Some("WHEN_NO_TEMPLATES") => all.is_none_or(BTreeMap::is_empty),
        _ => true,
    };
    if passes { Ok(None) } else { Err(Refusal::unsupported_media_type()) }
}

/// The body as bytes or text, as contentHandling and the API's binary media types say.
fn converted(call: &Call, integration: &Integration) -> Result<Bytes, Refusal> {
    let binary = call.is_binary(call.content_type());
    match (binary, integration.content_handling) {
        (true, Some(ContentHandlingStrategy::ConvertToText)) => Ok(STANDARD.encode(&call.body).into()),
        (false, Some(ContentHandlingStrategy::ConvertToBinary)) => {
            STANDARD.decode(&call.body).map(Bytes::from).map_err(|_| Refusal::configuration())
        }
        (true, _) => Ok(call.body.clone()),
        // What is no UTF-8 in a text is replaced, as Java does.
        (false, _) => Ok(String::from_utf8_lossy(&call.body).into_owned().into()),
    }
}

/// Refuses mappings to headers that are API Gateway's own.
pub(crate) fn check_reserved(call: &Call, integration: &Integration) -> Result<(), Refusal> {
    parameters(call, integration).map(drop)
}

fn parameters(call: &Call, integration: &Integration) -> Result<Mapped, Refusal> {
    let mut mapped = Mapped::default();
    let aws = matches!(integration.r#type, Some(IntegrationType::Aws | IntegrationType::AwsProxy));
    for (key, expression) in integration.request_parameters.iter().flatten() {
        let (Some((kind, name)), Some(source)) = (destination(key), Source::of_request(expression)) else { continue };
        let lower = name.to_ascii_lowercase();
        if kind == "header" && (RESERVED.contains(&lower.as_str()) || aws && RESERVED_BY_AWS.contains(&lower.as_str())) {
            call.note(|| format!("Execution failed due to configuration error: {name} header already present"));
            return Err(Refusal::configuration());
        }
        let values = call.values(source);
        let Some(first) = values.first() else { continue };
        match kind {
            "path" => drop(mapped.path.insert(name.to_owned(), first.clone())),
            "querystring" => drop(mapped.query.insert(name.to_owned(), values)),
            _ => drop(mapped.headers.insert(name.to_owned(), values)),
        }
    }
    Ok(mapped)
}

/// What the template set in `$context.requestOverride` stands over what is mapped.
fn overridden(call: &Call, mapped: &mut Mapped) {
    let texts = |value: &Value| match value {
        Value::Array(items) => items.iter().map(crate::vtl::text_of_json).collect(),
        other => vec![crate::vtl::text_of_json(other)],
    };
    let each = |kind: &str| call.overrides["requestOverride"][kind].as_object().cloned().unwrap_or_default();
    for (name, value) in each("path") {
        mapped.path.insert(name, crate::vtl::text_of_json(&value));
    }
    for (name, value) in each("querystring") {
        mapped.query.insert(name, texts(&value));
    }
    for (name, value) in each("header") {
        mapped.headers.retain(|there, _| !there.eq_ignore_ascii_case(&name));
        mapped.headers.insert(name, texts(&value));
    }
}

fn finish_headers(call: &Call, integration: &Integration, headers: &mut Vec<(String, String)>) {
    let aws = matches!(integration.r#type, Some(IntegrationType::Aws | IntegrationType::AwsProxy));
    headers.retain(|(name, _)| {
        let lower = name.to_ascii_lowercase();
        !DROPPED.contains(&lower.as_str()) && lower != "x-amzn-trace-id" && !(aws && lower == "referer")
    });
    let has = |headers: &[(String, String)], name: &str| headers.iter().any(|(there, _)| there.eq_ignore_ascii_case(name));
    let verb = call.head.method.as_str();
    let mut defaults = vec![("Accept", "application/json".to_owned()), ("User-Agent", format!("AmazonAPIGateway_{}", call.address.api_id))];
    if !matches!(verb, "OPTIONS" | "GET" | "HEAD")
        && let Some(kind) = call.header("content-type")
    {
        defaults.push(("Content-Type", kind.to_owned()));
    }
    for (name, value) in defaults {
        if !has(headers, name) {
            headers.push((name.to_owned(), value));
        }
    }
    headers.push(("X-Amzn-Trace-Id".into(), format!("Root={}", call.cx.trace())));
    if !aws {
        headers.push(("X-Amzn-Apigateway-Api-Id".into(), call.address.api_id.clone()));
    }
}

fn method(call: &Call, integration: &Integration) -> String {
    match integration.http_method.as_deref() {
        None | Some("ANY") => call.head.method.as_str().to_owned(),
        Some(method) => method.to_owned(),
    }
}

/// The integration's URI: `${stageVariables.x}` and `{parameter}` filled. A parameter of the path that is not mapped is the method's own.
fn address(call: &Call, integration: &Integration, path: &BTreeMap<String, String>) -> String {
    let mut uri = call.filled(integration.uri.as_deref().unwrap_or_default());
    for (name, value) in path {
        let value = utf8_percent_encode(value, IN_PATH).to_string();
        uri = uri.replace(&format!("{{{name}}}"), &value).replace(&format!("{{{name}+}}"), &value);
    }
    uri
}

fn encoded_query(query: &BTreeMap<String, Vec<String>>) -> String {
    let encoded = |text: &str| url_encode(text).replace('+', "%20");
    let pairs = query.iter().flat_map(|(name, values)| values.iter().map(move |value| (name, value)));
    pairs.map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect::<Vec<_>>().join("&")
}
