//! What callers and logs are told: AWS's error objects, and the lines START, END and REPORT, as text or as JSON.

use crate::runtime::{api::MOST_ANSWER_BYTES, environment::Failure, process};
use kit::{Bytes, Timestamp};
use serde_json::{Value, json};
use std::time::Duration;

/// A failure as a caller sees it.
pub(crate) struct Told {
    /// The error object.
    pub payload: Bytes,
    /// Its type.
    pub kind: String,
    /// Lines for the log.
    pub lines: Vec<String>,
    /// What REPORT says of it.
    pub status: &'static str,
}

/// Puts a failure into AWS's words.
pub(crate) fn failure(failure: &Failure, request_id: &str, timeout_secs: i32) -> Told {
    let object = |kind: &str, message: String| Bytes::from(json!({ "errorType": kind, "errorMessage": message }).to_string());
    match failure {
        Failure::Reported(reported) => {
            Told { payload: reported.payload.clone(), kind: reported.kind.clone(), lines: Vec::new(), status: "error" }
        }
        Failure::Exited(status) => {
            let text = format!("RequestId: {request_id} Error: {}", process::words(*status));
            let kind = "Runtime.ExitError";
            Told { payload: object(kind, text.clone()), kind: kind.into(), lines: vec![text, kind.into()], status: "error" }
        }
        Failure::Extension(broken) => {
            let text = format!("RequestId: {request_id} Error: {}", broken.words);
            let lines = vec![text.clone(), broken.kind.into()];
            Told { payload: object(broken.kind, text), kind: broken.kind.into(), lines, status: "error" }
        }
        Failure::TimedOut => {
            let words = format!("Task timed out after {timeout_secs}.00 seconds");
            let kind = "Sandbox.Timedout";
            let payload = object(kind, format!("RequestId: {request_id} Error: {words}"));
            Told { payload, kind: kind.into(), lines: vec![format!("{request_id} {words}")], status: "timeout" }
        }
        Failure::TooLarge => {
            let kind = "Function.ResponseSizeTooLarge";
            let text = format!("Response payload size exceeded maximum allowed payload size ({MOST_ANSWER_BYTES} bytes).");
            Told { payload: object(kind, text.clone()), kind: kind.into(), lines: vec![text], status: "error" }
        }
        Failure::Entrypoint(sentence) => {
            let kind = "Runtime.InvalidEntrypoint";
            let text = format!("RequestId: {request_id} Error: {sentence}");
            Told { payload: object(kind, text.clone()), kind: kind.into(), lines: vec![text, kind.into()], status: "error" }
        }
    }
}

/// How an invocation went, for its REPORT.
pub(crate) struct Report<'a> {
    pub request_id: &'a str,
    pub version: &'a str,
    pub duration: Duration,
    /// Of a cold start only.
    pub init: Option<Duration>,
    pub memory_mb: i32,
    pub peak_mb: u64,
    /// `error` or `timeout`, with the type of the error.
    pub status: Option<(&'static str, &'a str)>,
}

/// In which form the platform's own lines are written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Form {
    Text,
    Json,
}

fn ms(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 100_000.0).round() / 100.0
}

fn record(at: Timestamp, kind: &str, record: Value) -> String {
    json!({ "time": kit::time::iso_millis(at), "type": kind, "record": record }).to_string()
}

/// `INIT_START ...`, before the first event of an environment.
pub(crate) fn init_start(form: Form, at: Timestamp, runtime: &str, arn: &str, provisioned: bool) -> String {
    let name = match runtime {
        python if python.starts_with("python") => python.replacen("python", "python:", 1),
        node if node.starts_with("nodejs") => node.trim_end_matches(".x").replacen("nodejs", "nodejs:", 1),
        other => other.replacen('.', ":", 1),
    };
    match form {
        Form::Text => format!("INIT_START Runtime Version: {name}\tRuntime Version ARN: {arn}"),
        Form::Json => record(
            at,
            "platform.initStart",
            json!({ "initializationType": if provisioned { "provisioned-concurrency" } else { "on-demand" }, "phase": "init", "runtimeVersion": name, "runtimeVersionArn": arn }),
        ),
    }
}

/// `START ...`
pub(crate) fn start(form: Form, at: Timestamp, request_id: &str, version: &str) -> String {
    match form {
        Form::Text => format!("START RequestId: {request_id} Version: {version}"),
        Form::Json => record(at, "platform.start", json!({ "requestId": request_id, "version": version })),
    }
}

/// `END ...` and `REPORT ...`
pub(crate) fn end(form: Form, at: Timestamp, report: &Report<'_>) -> Vec<String> {
    let Report { request_id, duration, memory_mb, peak_mb, .. } = report;
    let billed = billed_ms(*duration);
    match form {
        Form::Text => {
            let mut line = format!(
                "REPORT RequestId: {request_id}\tDuration: {:.2} ms\tBilled Duration: {billed} ms\tMemory Size: {memory_mb} MB\tMax Memory Used: {peak_mb} MB\t",
                ms(*duration)
            );
            if let Some(init) = report.init {
                line.push_str(&format!("Init Duration: {:.2} ms\t", ms(init)));
            }
            match report.status {
                Some(("timeout", _)) => line.push_str("Status: timeout"),
                Some((status, kind)) => line.push_str(&format!("Status: {status}\tError Type: {kind}")),
                None => {}
            }
            vec![format!("END RequestId: {request_id}"), line]
        }
        Form::Json => {
            vec![record(at, "platform.report", record_of(report))]
        }
    }
}

/// The record of `platform.report`, as logs in JSON and subscribers of telemetry have it.
pub(crate) fn record_of(report: &Report<'_>) -> Value {
    let mut metrics = json!({
        "durationMs": ms(report.duration), "billedDurationMs": billed_ms(report.duration), "memorySizeMB": report.memory_mb,
        "maxMemoryUsedMB": report.peak_mb,
    });
    if let Some(init) = report.init {
        metrics["initDurationMs"] = json!(ms(init));
    }
    let status = report.status.map_or("success", |(status, _)| status);
    let mut body = json!({ "requestId": report.request_id, "metrics": metrics, "status": status });
    if let Some((_, kind)) = report.status {
        body["errorType"] = json!(kind);
    }
    body
}

fn billed_ms(duration: Duration) -> u64 {
    (duration.as_secs_f64() * 1000.0).ceil().max(1.0) as u64
}
