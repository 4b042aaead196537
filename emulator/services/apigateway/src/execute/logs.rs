//! Access logs and execution logs of stages, to CloudWatch Logs.

use super::{
    call::Call,
    event,
    tested::{shown, shown_headers},
};
use crate::{account, method_settings};
use frontdoor::access_log;
use http::Response;
use kit::Context;
use wire::ReplyBody;

/// Longest line of an execution log; AWS's limit.
const LONGEST_LINE: usize = 1024;

/// Begins the execution log, where the stage's settings ask for one.
pub(crate) fn begin(call: &mut Call) {
    let path = call.resource.path.as_deref().unwrap_or_default();
    let setting = method_settings::of(&call.stage, path, call.head.method.as_str()).map(|(_, setting)| setting);
    let logs = setting.is_some_and(|s| matches!(s.logging_level.as_deref(), Some("INFO" | "ERROR")));
    let traces = setting.is_some_and(|s| s.data_trace_enabled == Some(true));
    if logs && call.log.is_none() {
        call.log = Some(parking_lot::Mutex::default());
        call.traces_data = traces;
        call.note(|| format!("Extended Request Id: {}", call.extended_id));
    }
}

/// What stands before the integration.
pub(super) fn opening(call: &Call) {
    call.note(|| format!("Starting execution for request: {}", call.cx.request_id()));
    call.note(|| format!("HTTP Method: {}, Resource Path: {}", call.head.method, call.address.path));
    call.trace(|| format!("Method request path: {}", shown(call.path_parameters.clone())));
    call.trace(|| format!("Method request query string: {}", shown(call.query())));
    call.trace(|| format!("Method request headers: {}", shown(event::sent_headers(call))));
    call.trace(|| format!("Method request body before transformations: {}", String::from_utf8_lossy(&call.body)));
}

/// What stands behind it.
pub(super) fn closing(call: &Call, answer: &Response<ReplyBody>, failed: bool) {
    if !failed {
        let body = || if let ReplyBody::Bytes(bytes) = answer.body() { String::from_utf8_lossy(bytes).into_owned() } else { String::new() };
        call.trace(|| format!("Method response body after transformations: {}", body()));
        call.trace(|| format!("Method response headers: {}", shown(shown_headers(answer))));
        call.note(|| "Successfully completed execution".to_owned());
    }
    call.note(|| format!("Method completed with status: {}", answer.status().as_u16()));
}

/// A line without its moment, as long as AWS's are.
fn cut(line: &str) -> String {
    let text = line.split_once(" : ").map_or(line, |(_, text)| text);
    match text.len() > LONGEST_LINE {
        true => format!("{} [TRUNCATED]", &text[..text.floor_char_boundary(LONGEST_LINE)]),
        false => text.to_owned(),
    }
}

/// Writes what a request leaves behind. It never changes the answer: what can't be written is told to the journal.
pub(crate) async fn write(call: &Call, status: u16, bytes: usize) {
    let access = call.stage.access_log_settings.as_ref();
    let target = access.and_then(|a| a.destination_arn.as_deref().zip(a.format.as_deref()));
    let execution = call.log.as_ref().filter(|_| wants_execution_log(call, status));
    if target.is_none() && execution.is_none() {
        return;
    }
    let Some(cx) = writer(call).await else { return };
    if let Some((arn, format)) = target {
        let line = access_log::line(format, |name| variable(call, status, bytes, name));
        tell(call, access_log::write(&cx, arn, &stream(call), line).await);
    }
    if let Some(log) = execution {
        let group = format!("API-Gateway-Execution-Logs_{}/{}", call.address.api_id, call.address.stage);
        let id = call.cx.request_id();
        let lines = log.lock().iter().map(|line| format!("({id}) {}", cut(line))).collect();
        tell(call, access_log::append(&cx, &group, &stream(call), lines).await);
    }
}

/// At ERROR only failed requests are logged.
fn wants_execution_log(call: &Call, status: u16) -> bool {
    let path = call.resource.path.as_deref().unwrap_or_default();
    let setting = method_settings::of(&call.stage, path, call.head.method.as_str()).map(|(_, setting)| setting);
    match setting.and_then(|s| s.logging_level.as_deref()) {
        Some("INFO") => true,
        Some("ERROR") => status >= 500,
        _ => false,
    }
}

/// Who writes: the account's role for logs. Without one nothing is logged, as on AWS.
async fn writer(call: &Call) -> Option<Context> {
    let role = account::log_role(&call.cx)?;
    let sessions = call.cx.cloud().ports().sessions().ok()?;
    let key = sessions.for_service(&call.cx, &role, "apigateway.amazonaws.com", "BackplaneAssumeRoleSession", 900).await;
    match key {
        Ok(key) => Some(call.cx.as_role(std::sync::Arc::new(key.session))),
        Err(fault) => {
            tell(call, Err(fault));
            None
        }
    }
}

fn stream(call: &Call) -> String {
    kit::hex(&call.address.api_id.bytes().chain(call.address.stage.bytes()).take(16).collect::<Vec<_>>())
}

fn tell(call: &Call, written: Result<(), kit::Fault>) {
    if let Err(fault) = written {
        let detail = serde_json::json!({ "warning": format!("a log could not be written: {}", fault.message) });
        call.cx.cloud().journal().write(&call.cx, kit::RecordKind::House, "execute-api", "log", "", "warning", detail);
    }
}

fn variable(call: &Call, status: u16, bytes: usize, name: &str) -> Option<String> {
    let took = || ((call.cx.now().unix_ns - call.received.unix_ns) / 1_000_000).to_string();
    let whole = |ms: Option<f64>| ms.map(|ms| format!("{ms:.0}"));
    match name {
        "status" => Some(status.to_string()),
        "responseLength" => Some(bytes.to_string()),
        "responseLatency" => Some(took()),
        "integrationLatency" | "integration.latency" => whole(call.integration_ms),
        "integrationStatus" | "integration.status" | "integration.integrationStatus" => {
            call.integration_status.map(|status| status.to_string())
        }
        "authorizer.status" | "authorizer.integrationStatus" => {
            call.authorizer_ms.map(|_| if call.authorizer.is_some() { "200" } else { "401" }.to_owned())
        }
        "authorizer.requestId" => call.authorizer_ms.map(|_| call.cx.request_id().to_owned()),
        "authorizer.latency" | "authorizer.integrationLatency" => whole(call.authorizer_ms),
        "integrationErrorMessage" | "integration.error" => {
            call.error.as_ref().filter(|_| call.integration_ms.is_some()).and_then(|(message, _)| message.as_str()).map(str::to_owned)
        }
        name => call.context_variable(name),
    }
}
