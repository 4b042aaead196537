//! What stands behind routes: functions, HTTP endpoints, and named actions of services.

use super::{
    MOST_BYTES,
    answer::{self, Refusal},
    call::Call,
    event,
    mapping::{self, Deed},
    service,
};
use crate::{integrations::function_of, model::*};
use base64::{Engine, engine::general_purpose::STANDARD};
use frontdoor::{
    HttpAnswer,
    outbound::{self, Outbound},
};
use http::{Response, StatusCode};
use kit::{
    Arn, Bytes, Context, Fault, Need, Timestamp,
    ports::{Invocation, Invoked},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc};
use wire::ReplyBody;

/// Headers that belong to a connection.
const DROPPED: [&str; 6] = ["connection", "content-length", "keep-alive", "transfer-encoding", "te", "upgrade"];

/// Calls what stands behind a route.
pub(crate) async fn answer(call: &mut Call, integration: &Integration) -> Result<Response<ReplyBody>, Refusal> {
    let answer = match (integration.integration_type, &integration.integration_subtype) {
        (_, Some(subtype)) => service::answer(call, integration, subtype).await?,
        (Some(IntegrationType::HttpProxy), None) => endpoint(call, integration).await?,
        _ => function(call, integration).await?,
    };
    Ok(mapping::respond(call, integration, answer))
}

/// When an integration is given up.
pub(crate) fn due(call: &Call, integration: &Integration) -> Timestamp {
    call.cx.now().plus_ns(i128::from(integration.timeout_in_millis.unwrap_or(30_000)) * 1_000_000)
}

/// Who calls: a role, or API Gateway itself because of an ARN.
pub(crate) async fn caller(call: &Call, role: Option<&str>, source_arn: &str) -> Result<Context, Fault> {
    let service = "apigateway.amazonaws.com";
    match role {
        Some("arn:aws:iam::*:user/*") => Ok(call.cx.child()),
        Some(role) => {
            let sessions = call.cx.cloud().ports().sessions()?;
            let key = sessions.for_service(&call.cx, role, service, "BackplaneAssumeRoleSession", 900).await?;
            Ok(call.cx.as_role(Arc::new(key.session)))
        }
        None => Ok(call.cx.as_service(service, source_arn, call.cx.account())),
    }
}

/// The function runs on when the API no longer waits, as on AWS; so it runs as work of its own.
pub(crate) async fn invoke(cx: Context, function_arn: String, payload: Bytes, due: Timestamp) -> Result<Invoked, Refusal> {
    let clock = cx.cloud().clock().clone();
    let work = cx.cloud().work().begin("execute-api:AWS_PROXY");
    let running = tokio::spawn(async move {
        let _work = work;
        let owner = Arn::parse(&function_arn).map(|arn| arn.account.to_owned()).unwrap_or_default();
        let grant = cx.grant(&Need::on("lambda:InvokeFunction", &*function_arn).owned_by(owner))?;
        cx.cloud().ports().functions()?.invoke(&cx, grant, Invocation { function_arn, payload, asynchronous: false }).await
    });
    tokio::select! {
        biased;
        done = running => match done {
            Ok(Ok(invoked)) => Ok(invoked),
            _ => Err(Refusal::internal()),
        },
        () = clock.sleep_until(due) => Err(Refusal::unavailable()),
    }
}

async fn function(call: &mut Call, integration: &Integration) -> Result<Response<ReplyBody>, Refusal> {
    let uri = call.filled(integration.integration_uri.as_deref().unwrap_or_default());
    let function = function_of(&uri).ok_or_else(Refusal::internal)?;
    let version = integration.payload_format_version.as_deref().unwrap_or("2.0");
    let mut event = event::of(call, version);
    overwrite_event(call, integration, &mut event);
    let cx = caller(call, integration.credentials_arn.as_deref(), &call.route_arn()).await.map_err(|_| Refusal::internal())?;
    let invoked = invoke(cx, function, Bytes::from(event.to_string()), due(call, integration)).await?;
    call.integration_status = Some(invoked.status);
    if invoked.function_error.is_some() || invoked.payload.len() > MOST_BYTES {
        return Err(Refusal::internal());
    }
    let answer: Value = serde_json::from_slice(&invoked.payload).map_err(|_| Refusal::internal())?;
    read(&answer, version == "2.0").ok_or_else(Refusal::internal)
}

/// Mappings change the headers that a function sees.
fn overwrite_event(call: &Call, integration: &Integration, event: &mut Value) {
    for (key, expression) in integration.request_parameters.iter().flatten() {
        let Some((deed, what)) = mapping::target(key) else { continue };
        let Some(name) = what.strip_prefix("header.") else { continue };
        let headers = &mut event["headers"];
        match (deed, mapping::value(call, expression)) {
            (Deed::Remove, _) => drop(headers.as_object_mut().and_then(|h| h.remove(&name.to_ascii_lowercase()))),
            (Deed::Overwrite, Some(value)) => headers[name.to_ascii_lowercase()] = value.into(),
            (Deed::Append, Some(value)) => {
                let before = headers[name.to_ascii_lowercase()].as_str().map(|before| format!("{before},{value}"));
                headers[name.to_ascii_lowercase()] = before.unwrap_or(value).into();
            }
            _ => {}
        }
    }
}

/// The HTTP answer in what a function returned. In format 2.0 what has no status code is the body itself, as JSON.
fn read(answer: &Value, second: bool) -> Option<Response<ReplyBody>> {
    if second && answer.get("statusCode").is_none() {
        let text = answer.as_str().map_or_else(|| answer.to_string(), str::to_owned);
        let mut response = Response::new(ReplyBody::Bytes(text.into()));
        answer::set(&mut response, "content-type", "application/json");
        return Some(response);
    }
    let answer = answer.as_object()?;
    let status = match answer.get("statusCode")? {
        Value::Number(n) => u16::try_from(n.as_u64()?).ok()?,
        Value::String(text) => text.parse().ok()?,
        _ => return None,
    };
    let text = match answer.get("body") {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) if second => other.to_string(),
        Some(_) => return None,
    };
    let body = match answer.get("isBase64Encoded").and_then(Value::as_bool) {
        Some(true) => Bytes::from(STANDARD.decode(text).ok()?),
        _ => Bytes::from(text),
    };
    let mut response = Response::new(ReplyBody::Bytes(body));
    *response.status_mut() = StatusCode::from_u16(status).ok().filter(|s| s.as_u16() >= 200)?;
    for (name, value) in answer.get("headers").and_then(Value::as_object).into_iter().flatten() {
        answer::set(&mut response, &name.to_ascii_lowercase(), value.as_str().map_or(value.to_string(), str::to_owned).as_str());
    }
    for (name, values) in answer.get("multiValueHeaders").and_then(Value::as_object).into_iter().flatten() {
        response.headers_mut().remove(name.to_ascii_lowercase());
        values
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .for_each(|value| answer::append(&mut response, &name.to_ascii_lowercase(), value));
    }
    for cookie in answer.get("cookies").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
        answer::append(&mut response, "set-cookie", cookie);
    }
    DROPPED.iter().for_each(|name| drop(response.headers_mut().remove(*name)));
    if !response.headers().contains_key("content-type") {
        answer::set(&mut response, "content-type", if second { "application/json" } else { "text/plain; charset=utf-8" });
    }
    Some(response)
}

async fn endpoint(call: &mut Call, integration: &Integration) -> Result<Response<ReplyBody>, Refusal> {
    let request = outgoing(call, integration);
    let (cx, clock) = (call.cx.clone(), call.cx.cloud().clock().clone());
    let due = due(call, integration);
    let answered = tokio::select! {
        biased;
        answered = outbound::call(&cx, request, MOST_BYTES) => answered,
        () = clock.sleep_until(due) => return Err(Refusal::unavailable()),
    };
    let answer = answered.map_err(|why| {
        let detail = json!({ "warning": format!("an endpoint could not be called: {why:?}") });
        cx.cloud().journal().write(&cx, kit::RecordKind::House, "execute-api", "HTTP_PROXY", "", "warning", detail);
        Refusal::unavailable()
    })?;
    call.integration_status = Some(answer.status);
    passed(answer)
}

/// An endpoint's answer as it came.
pub(crate) fn passed(answer: HttpAnswer) -> Result<Response<ReplyBody>, Refusal> {
    let mut response = Response::new(ReplyBody::Bytes(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).map_err(|_| Refusal::internal())?;
    for (name, value) in answer.headers.iter().filter(|(name, _)| !DROPPED.contains(&name.as_str())) {
        answer::append(&mut response, name, value);
    }
    Ok(response)
}

fn outgoing(call: &Call, integration: &Integration) -> Outbound {
    let mut headers: BTreeMap<String, String> = event::headers(call);
    headers.remove("host");
    headers.remove("content-length");
    let mut query: Vec<(String, String)> = call.query();
    let mut uri = call.filled(integration.integration_uri.as_deref().unwrap_or_default());
    for (name, value) in &call.path_parameters {
        uri = uri.replace(&format!("{{{name}}}"), value).replace(&format!("{{{name}+}}"), value);
    }
    for (key, expression) in integration.request_parameters.iter().flatten() {
        let Some((deed, what)) = mapping::target(key) else { continue };
        let value = mapping::value(call, expression);
        match (what.split_once('.'), deed, value) {
            (Some(("header", name)), Deed::Remove, _) => drop(headers.remove(&name.to_ascii_lowercase())),
            (Some(("header", name)), Deed::Overwrite, Some(value)) => drop(headers.insert(name.to_ascii_lowercase(), value)),
            (Some(("header", name)), Deed::Append, Some(value)) => {
                let there = headers.entry(name.to_ascii_lowercase()).or_default();
                *there = if there.is_empty() { value } else { format!("{there},{value}") };
            }
            (Some(("querystring", name)), Deed::Remove, _) => query.retain(|(there, _)| there != name),
            (Some(("querystring", name)), Deed::Overwrite, Some(value)) => {
                query.retain(|(there, _)| there != name);
                query.push((name.to_owned(), value));
            }
            (Some(("querystring", name)), Deed::Append, Some(value)) => query.push((name.to_owned(), value)),
            (None, Deed::Overwrite, Some(path)) => uri = with_path(&uri, &path),
            _ => {}
        }
    }
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let query: Vec<String> = query.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    let mark = if uri.contains('?') { "&" } else { "?" };
    let url = if query.is_empty() { uri } else { format!("{uri}{mark}{}", query.join("&")) };
    let method = integration.integration_method.clone().filter(|method| method != "ANY").unwrap_or_else(|| call.head.method.to_string());
    Outbound { method, url, headers: headers.into_iter().collect(), body: call.body.clone() }
}

/// A URL with another path.
fn with_path(url: &str, path: &str) -> String {
    let after_scheme = url.find("://").map_or(0, |at| at + 3);
    let host_end = url[after_scheme..].find('/').map_or(url.len(), |at| at + after_scheme);
    format!("{}/{}", &url[..host_end], path.trim_start_matches('/'))
}
