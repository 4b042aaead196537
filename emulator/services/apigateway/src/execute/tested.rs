//! Test invocations: a method or authorizer of the API as it is being edited, run without its guards, with the log of what happened.

use super::{Edge, address::Address, answers, answers::Refusal, authorize, call::Call, lambda_authorizer, logs};
use crate::{model::*, state::Api};
use ::http::{self, Method as Verb, Request, Response};
use kit::{Context, Fault};
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};
use wire::ReplyBody;

/// What a test sends.
#[derive(Default)]
pub(crate) struct Tested {
    pub path_with_query: String,
    pub body: String,
    pub headers: Vec<(String, String)>,
    pub stage_variables: BTreeMap<String, String>,
}

/// The stage that tests say they were sent to.
const STAGE: &str = "test-invoke-stage";

fn call(cx: &Context, api: Api, verb: &str, sent: Tested) -> Result<Call, Fault> {
    let wrong = |e: &dyn std::fmt::Display| crate::state::bad(format!("Invalid request for testing: {e}"));
    let mut request = Request::builder().method(verb).uri(&sent.path_with_query).header("host", "testPrefix.testDomainName");
    for (name, value) in &sent.headers {
        request = request.header(name, value);
    }
    let (mut head, ()) = request.body(()).map_err(|e| wrong(&e))?.into_parts();
    head.headers.remove("host");
    let path = head.uri.path().to_owned();
    let address = Address {
        api_id: api.id().to_owned(),
        stage: STAGE.into(),
        staged: path.clone(),
        path,
        domain_prefix: "testPrefix".into(),
        custom: false,
        base_path: None,
    };
    let stage = Stage { stage_name: Some(STAGE.into()), ..Default::default() };
    let mut call = Call::new(cx.clone(), head, address, stage, Arc::new(api));
    call.stage_variables = sent.stage_variables;
    call.body = sent.body.into();
    call.log = Some(parking_lot::Mutex::default());
    Ok(call)
}

/// Runs a method.
pub(crate) async fn test_method(
    cx: &Context,
    api: Api,
    resource: Resource,
    method: Method,
    verb: &str,
    sent: Tested,
) -> Result<TestInvokeMethodOutput, Fault> {
    let verb = if verb == "ANY" { Verb::GET.as_str() } else { verb };
    let path = sent.path_with_query.clone();
    let mut call = call(cx, api, verb, sent)?;
    call.traces_data = true;
    call.path_parameters = parameters(resource.path.as_deref().unwrap_or_default(), path.split('?').next().unwrap_or_default());
    call.resource = resource;
    call.method = method;
    logs::opening(&call);
    let integration = call.method.method_integration.clone().unwrap_or_default();
    let run = super::integrate(&mut call, &integration).await;
    let failed = run.is_err();
    let mut answer = match run {
        Ok(answer) => answer,
        Err(refusal) => super::refused(&mut call, &refusal),
    };
    for own in ["x-amzn-requestid", "x-amz-apigw-id"] {
        answer.headers_mut().remove(own);
    }
    if failed {
        answer.headers_mut().remove("content-type");
    }
    let status = answer.status().as_u16();
    let headers = shown_headers(&answer);
    logs::closing(&call, &answer, failed);
    let body = match answer.into_body() {
        ReplyBody::Bytes(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        _ => String::new(),
    };
    let mut many: BTreeMap<String, Vec<String>> = BTreeMap::new();
    headers.iter().for_each(|(name, value)| many.entry(name.clone()).or_default().push(value.clone()));
    Ok(TestInvokeMethodOutput {
        status: Some(i32::from(status)),
        body: Some(body),
        headers: Some(headers.into_iter().collect()),
        multi_value_headers: Some(many),
        log: Some(log(cx, &call)),
        latency: Some(latency(&call)),
    })
}

/// Asks an authorizer's function.
pub(crate) async fn test_authorizer(
    edge: &Edge,
    cx: &Context,
    api: Api,
    authorizer: Authorizer,
    sent: Tested,
) -> Result<TestInvokeAuthorizerOutput, Fault> {
    let call = call(cx, api, "GET", sent)?;
    call.note(|| format!("Starting authorizer: {} for request: {}", authorizer.id.as_deref().unwrap_or_default(), cx.request_id()));
    let mut output = TestInvokeAuthorizerOutput::default();
    if authorizer.r#type == Some(AuthorizerType::CognitoUserPools) {
        match authorize::claims_by(&call, &authorizer, &[]) {
            Ok(claims) => {
                output.client_status = Some(0);
                output.claims = Some(claims.iter().map(|(name, value)| (name.clone(), crate::vtl::text_of_json(value))).collect());
            }
            Err(refusal) => output.client_status = Some(note_refused(&call, &refusal)),
        }
        output.log = Some(log(cx, &call));
        output.latency = Some(latency(&call));
        return Ok(output);
    }
    // A test always asks: nothing is cached.
    let fresh = Authorizer { authorizer_result_ttl_in_seconds: Some(0), ..authorizer };
    let outcome: Result<_, Refusal> = lambda_authorizer::verdict(edge, &call, &fresh).await;
    match outcome {
        Ok(verdict) => {
            output.client_status = Some(0);
            output.principal_id = Some(verdict.principal.clone());
            output.policy = Some(verdict.policy.to_string());
            let texts = verdict.context.iter().map(|(name, value)| (name.clone(), vec![crate::vtl::text_of_json(value)]));
            output.authorization = Some(texts.collect());
        }
        Err(refusal) => output.client_status = Some(note_refused(&call, &refusal)),
    }
    output.log = Some(log(cx, &call));
    output.latency = Some(latency(&call));
    Ok(output)
}

/// Tells why an authorizer refused; the status that the caller would see.
fn note_refused(call: &Call, refusal: &Refusal) -> i32 {
    let (message, _) = refusal.told();
    call.note(|| format!("Authorizer refused: {}", if message == Value::Null { "it failed".to_owned() } else { message.to_string() }));
    i32::from(answers::of_refusal(call, refusal).status().as_u16())
}

fn latency(call: &Call) -> i64 {
    ((call.cx.now().unix_ns - call.received.unix_ns) / 1_000_000) as i64
}

fn log(cx: &Context, call: &Call) -> String {
    let lines = call.log.as_ref().map(|log| log.lock().join("\n")).unwrap_or_default();
    format!("Execution log for request {}\n{lines}\n", cx.request_id())
}

/// `{a=b, c=d}`, as Java writes maps.
pub(super) fn shown(pairs: impl IntoIterator<Item = (String, String)>) -> String {
    let pairs: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("{{{}}}", pairs.join(", "))
}

/// Headers of an answer as logs have them.
pub(super) fn shown_headers(answer: &Response<ReplyBody>) -> Vec<(String, String)> {
    let shown = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let mut headers: Vec<(String, String)> = answer.headers().iter().map(|(name, value)| (written(name.as_str()), shown(value))).collect();
    // AWS's map of headers has this one first.
    headers.sort_by_key(|(name, _)| name != "X-Amzn-Trace-Id");
    headers
}

/// `content-type` as `Content-Type`; names that are AWS's own have forms of their own.
fn written(name: &str) -> String {
    match name {
        "x-amzn-errortype" => "x-amzn-ErrorType".into(),
        "x-amzn-trace-id" => "X-Amzn-Trace-Id".into(),
        name if name.starts_with("x-") => name.to_owned(),
        name => name.split('-').map(|part| part[..1].to_ascii_uppercase() + &part[1..]).collect::<Vec<_>>().join("-"),
    }
}

/// The variables of a resource's path in a path; none where it does not fit.
fn parameters(pattern: &str, path: &str) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    let mut parts = path.trim_start_matches('/').split('/');
    for part in pattern.trim_start_matches('/').split('/') {
        let Some(value) = parts.next() else { break };
        if let Some(name) = part.strip_prefix('{').and_then(|p| p.strip_suffix('}')) {
            match name.strip_suffix('+') {
                Some(name) => {
                    let rest: Vec<&str> = std::iter::once(value).chain(parts.by_ref()).collect();
                    out.insert(name.to_owned(), rest.join("/"));
                }
                None => drop(out.insert(name.to_owned(), value.to_owned())),
            }
        } else if part != value {
            return BTreeMap::new();
        }
    }
    out
}
