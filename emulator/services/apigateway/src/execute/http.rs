//! HTTP and HTTP_PROXY integrations: an endpoint of this machine.

use super::{
    MOST_BYTES,
    answers::{self, Refusal},
    call::Call,
    proxy::{self, DROPPED, REMAPPED},
    request::{self, Outgoing},
    response, tested,
};
use crate::{model::*, vpc_links::is_ready};
use frontdoor::{
    HttpAnswer, NoAnswer,
    outbound::{self, Outbound},
};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use wire::ReplyBody;

/// Calls the endpoint and maps its answer.
pub(crate) async fn answer(call: &mut Call, integration: &Integration) -> Result<Response<ReplyBody>, Refusal> {
    let outgoing = request::mapped(call, integration)?;
    let answer = send(call, integration, outgoing).await?;
    response::traced(call, integration, &answer, &answer.status.to_string())
}

/// Calls the endpoint with the caller's request and passes its answer on.
pub(crate) async fn pass(call: &mut Call, integration: &Integration) -> Result<Response<ReplyBody>, Refusal> {
    let outgoing = request::passed_through(call, integration)?;
    let answer = send(call, integration, outgoing).await?;
    let mut response = Response::new(ReplyBody::Bytes(answer.body.clone()));
    *response.status_mut() = StatusCode::from_u16(answer.status).map_err(|_| Refusal::malformed_answer())?;
    for (name, value) in &answer.headers {
        if DROPPED.contains(&name.as_str()) || matches!(name.as_str(), "content-length" | "keep-alive") {
            continue;
        }
        let name =
            if REMAPPED.contains(&name.as_str()) || name == "x-amzn-requestid" { format!("x-amzn-remapped-{name}") } else { name.clone() };
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(value.as_bytes())) {
            response.headers_mut().append(name, value);
        }
    }
    if let Some(length) = answer.header("content-length") {
        answers::set(&mut response, "x-amzn-remapped-content-length", length);
    }
    if !response.headers().contains_key("content-type") {
        answers::set(&mut response, "content-type", "application/json");
    }
    answers::stamp(call, &mut response);
    Ok(response)
}

async fn send(call: &mut Call, integration: &Integration, outgoing: Outgoing) -> Result<HttpAnswer, Refusal> {
    if integration.connection_type == Some(ConnectionType::VpcLink) {
        let link = call.filled(integration.connection_id.as_deref().unwrap_or_default());
        if !is_ready(&call.cx, &link) {
            call.note(|| format!("Execution failed due to configuration error: VPC link {link} is not there or not ready"));
            return Err(Refusal::configuration());
        }
    }
    // The address may have a query of its own; the request's stands behind it.
    let mark = if outgoing.uri.contains('?') { '&' } else { '?' };
    let query = if outgoing.query.is_empty() { String::new() } else { format!("{mark}{}", outgoing.query) };
    let url = format!("{}{query}", outgoing.uri);
    let sent = call.log.is_some().then(|| (url.clone(), tested::shown(outgoing.headers.clone()), outgoing.body.clone()));
    let request = Outbound { method: outgoing.method, url, headers: outgoing.headers, body: outgoing.body };
    let cx = call.cx.clone();
    let due = super::due(call, integration);
    let clock = cx.cloud().clock().clone();
    let answered = tokio::select! {
        biased;
        answered = outbound::call(&cx, request, MOST_BYTES) => answered,
        () = clock.sleep_until(due) => return Err(Refusal::timed_out()),
    };
    if !matches!(answered, Err(NoAnswer::NoAddress(_) | NoAnswer::Invalid(_))) {
        sent.into_iter().for_each(|(url, headers, body)| proxy::note_sent(call, &url, &headers, &body));
    }
    match answered {
        Ok(answer) => {
            call.integration_status = Some(answer.status);
            proxy::note_received(call, answer.status, || tested::shown(answer.headers.clone()), &answer.body);
            Ok(answer)
        }
        // An address without a host is told as AWS tells it; what only windtunnel refuses is told with its reason.
        Err(NoAnswer::NoAddress(_)) => {
            call.note(|| "Execution failed due to configuration error: Invalid endpoint address".to_owned());
            Err(Refusal::invalid_endpoint())
        }
        Err(NoAnswer::Invalid(why)) => {
            call.note(|| format!("Execution failed due to configuration error: Invalid endpoint address ({why})"));
            Err(Refusal::invalid_endpoint())
        }
        Err(NoAnswer::Failed(why)) => {
            call.note(|| format!("Execution failed due to an integration error: {why}"));
            Err(Refusal::integration_failed())
        }
    }
}
