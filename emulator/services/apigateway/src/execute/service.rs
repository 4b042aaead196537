//! AWS integrations: functions with their own event, and any service of this cloud by path or action.

use super::{
    MOST_BYTES,
    answers::Refusal,
    call::Call,
    proxy,
    request::{self, Outgoing},
    response, tested,
};
use crate::{integrations::function_of, model::*};
use frontdoor::{
    HttpAnswer, NoAnswer,
    service_call::{self, ServiceRequest},
};
use http::Response;
use kit::Arn;
use serde_json::Value;
use wire::{Protocol, ReplyBody};

/// Calls the service and maps its answer.
pub(crate) async fn answer(call: &mut Call, integration: &Integration) -> Result<Response<ReplyBody>, Refusal> {
    let outgoing = request::mapped(call, integration)?;
    match function_of(&outgoing.uri).map(str::to_owned) {
        Some(function) => of_function(call, integration, outgoing, function).await,
        None => of_service(call, integration, outgoing).await,
    }
}

async fn of_function(
    call: &mut Call,
    integration: &Integration,
    outgoing: Outgoing,
    function: String,
) -> Result<Response<ReplyBody>, Refusal> {
    let kind = outgoing.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("x-amz-invocation-type"));
    let asynchronous = kind.is_some_and(|(_, kind)| kind.trim_matches('\'') == "Event");
    proxy::note_request(call, &function, &outgoing.body);
    let payload = if outgoing.body.is_empty() { "{}".into() } else { outgoing.body };
    let cx = proxy::caller(call, integration).await.map_err(|_| Refusal::configuration())?;
    let invoked = proxy::invoke(cx, function, payload, super::due(call, integration), asynchronous).await?;
    call.integration_status = Some(invoked.status);
    proxy::note_answer(call, &invoked);
    let json: Option<Value> = serde_json::from_slice(&invoked.payload).ok();
    // Patterns are held against the message of an error, whatever status the function's service answered.
    let message = json.as_ref().and_then(|json| json.get("errorMessage")).and_then(Value::as_str).unwrap_or_default().to_owned();
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    let answer = HttpAnswer { status: 200, headers, body: invoked.payload };
    response::traced(call, integration, &answer, &message)
}

async fn of_service(call: &mut Call, integration: &Integration, outgoing: Outgoing) -> Result<Response<ReplyBody>, Refusal> {
    let endpoint = endpoint(&outgoing.uri);
    let request = service_request(outgoing).map_err(|why| configuration(call, &why))?;
    if service_call::service(&call.cx, &request.service).is_none() {
        return Err(configuration(call, &format!("this cloud has no service {}", request.service)));
    }
    let request = with_target(call, request);
    let cx = match integration.credentials.as_deref() {
        // Who calls the API calls the service, too.
        Some("arn:aws:iam::*:user/*") => call.cx.child(),
        _ => proxy::caller(call, integration).await.map_err(|fault| configuration(call, &fault.message))?,
    };
    let path = request.path.strip_prefix(&format!("/{}", endpoint.prefix)).filter(|_| !endpoint.prefix.is_empty());
    let query = if request.query.is_empty() { String::new() } else { format!("?{}", request.query) };
    let url = format!("https://{}{}{query}", endpoint.host, path.unwrap_or(&request.path));
    proxy::note_service(call, &url, &request.headers, &request.body);
    let clock = call.cx.cloud().clock().clone();
    let due = super::due(call, integration);
    let answered = tokio::select! {
        biased;
        answered = service_call::call(&cx, request, MOST_BYTES) => answered,
        () = clock.sleep_until(due) => return Err(Refusal::timed_out()),
    };
    let answer =
        answered.map_err(|(NoAnswer::NoAddress(why) | NoAnswer::Invalid(why) | NoAnswer::Failed(why))| configuration(call, &why))?;
    call.integration_status = Some(answer.status);
    proxy::note_received(call, answer.status, || tested::shown(answer.headers.clone()), &answer.body);
    response::traced(call, integration, &answer, &answer.status.to_string())
}

/// Where AWS would send an integration's request.
struct Endpoint {
    host: String,
    /// What of the host stands at the head of the path here (`bucket.s3`).
    prefix: String,
}

fn endpoint(uri: &str) -> Endpoint {
    let (region, account) = Arn::parse(uri).map(|arn| (arn.region, arn.account)).unwrap_or_default();
    let prefix = account.rsplit_once('.').map_or("", |(prefix, _)| prefix).to_owned();
    Endpoint { host: format!("{account}.{region}.amazonaws.com"), prefix }
}

fn configuration(call: &Call, why: &str) -> Refusal {
    call.note(|| format!("Execution failed due to configuration error: {why}"));
    Refusal::configuration()
}

/// The request out of `arn:aws:apigateway:R:[host.]service:path/...` or `...:action/Name&Parameter=value`.
fn service_request(outgoing: Outgoing) -> Result<ServiceRequest, String> {
    let arn = Arn::parse(&outgoing.uri).ok_or("the integration's URI is no ARN")?;
    let (prefix, service) = arn.account.rsplit_once('.').map_or((None, arn.account), |(prefix, service)| (Some(prefix), service));
    let resource = arn.resource;
    let mut request = ServiceRequest {
        service: service.to_owned(),
        method: outgoing.method,
        path: String::new(),
        query: outgoing.query,
        headers: outgoing.headers,
        body: outgoing.body,
    };
    if let Some(path) = resource.strip_prefix("path/") {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        // `bucket.s3` names a host; it stands in the path here.
        let host = prefix.map_or(String::new(), |prefix| format!("/{prefix}"));
        request.path = format!("{host}/{}", path.trim_start_matches('/'));
        join(&mut request.query, query);
        return Ok(request);
    }
    let action = resource.strip_prefix("action/").ok_or("the integration's URI has neither path nor action")?;
    let (action, parameters) = action.split_once('&').unwrap_or((action, ""));
    join(&mut request.query, parameters);
    join(&mut request.query, &format!("Action={action}"));
    request.path = "/".into();
    Ok(request)
}

fn join(query: &mut String, more: &str) {
    if !more.is_empty() {
        let old = std::mem::take(query);
        *query = if old.is_empty() { more.to_owned() } else { format!("{more}&{old}") };
    }
}

/// Actions of services that speak JSON are named in a header, as API Gateway does itself; the query parameters become a form for those that
/// speak the query protocol.
fn with_target(call: &Call, mut request: ServiceRequest) -> ServiceRequest {
    let Some(service) = service_call::service(&call.cx, &request.service) else { return request };
    let schema = service.schema();
    let has = |request: &ServiceRequest, name: &str| request.headers.iter().any(|(there, _)| there.eq_ignore_ascii_case(name));
    let action = request.query.split('&').find_map(|pair| pair.strip_prefix("Action=")).map(str::to_owned);
    let json = schema.protocols.iter().find(|p| matches!(p, Protocol::Json10 | Protocol::Json11));
    let query = schema.protocols.iter().any(|p| matches!(p, Protocol::Query | Protocol::Ec2));
    match (action, json) {
        (Some(action), Some(protocol)) if !query && !has(&request, "x-amz-target") => {
            let version = if *protocol == Protocol::Json10 { "1.0" } else { "1.1" };
            let target = schema.target_prefix.unwrap_or(schema.name);
            request.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
            request.headers.push(("content-type".into(), format!("application/x-amz-json-{version}")));
            request.headers.push(("x-amz-target".into(), format!("{target}.{action}")));
            request.query.clear();
            request.method = "POST".into();
        }
        (Some(_), _) if query && request.method == "POST" && !has(&request, "x-amz-target") => {
            let form = [request.query.as_bytes(), &request.body[..]].join(&b'&');
            let is_form = request
                .headers
                .iter()
                .any(|(name, v)| name.eq_ignore_ascii_case("content-type") && v.starts_with("application/x-www-form"));
            request.body =
                if is_form && !request.body.is_empty() { form.into() } else { std::mem::take(&mut request.query).into_bytes().into() };
            request.query.clear();
            request.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
            request.headers.push(("content-type".into(), "application/x-www-form-urlencoded".into()));
        }
        _ => {}
    }
    if json.is_some()
        && has(&request, "x-amz-target")
        && !request.headers.iter().any(|(_, value)| value.starts_with("application/x-amz-json"))
    {
        request.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
        request.headers.push(("content-type".into(), "application/x-amz-json-1.1".into()));
    }
    request
}
