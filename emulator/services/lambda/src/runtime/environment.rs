//! An execution environment: a runtime's process with its extensions, its endpoint, its folder, its credentials. One event at a time.

use super::{
    api::{
        Answer, Api, Delivery, Initialised, Listener, Reported,
        extensions::Broken,
        telemetry::{Category, Telemetry},
    },
    companions::{self, Companion},
    farewell::{Reason, farewell},
    limits::{self, Cgroup},
    output::Output,
    process::Process,
    workdir::TmpDir,
};
use crate::code::CodeDir;
use bytes::Bytes;
use kit::{Clock, RoleSession, Timestamp};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    process::ExitStatus,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::task::AbortHandle;

/// Time that a runtime has to ask for its first event before it counts against the function's own.
const INIT_SECS: u64 = 10;

/// Everything that an environment is started from.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub account: String,
    pub function: String,
    pub version: String,
    pub region: String,
    pub runtime: String,
    pub handler: String,
    pub memory_mb: i32,
    /// Size of /tmp.
    pub ephemeral_mb: i32,
    pub variables: BTreeMap<String, String>,
    pub endpoint: String,
    pub log_group: String,
    pub json_logs: bool,
    pub log_level: String,
    /// It stands ready before there is an event.
    pub provisioned: bool,
}

impl Plan {
    /// AWS's word for why it is started.
    pub fn initialization(&self) -> &'static str {
        if self.provisioned { "provisioned-concurrency" } else { "on-demand" }
    }
}

/// A running environment. Dropping it ends its processes and removes its folder.
pub(crate) struct Environment {
    /// There until it is dropped.
    pub(super) body: Option<Body>,
    pub(super) clock: Clock,
    pub(super) memory_mb: i32,
    pub(super) reason: Reason,
    /// Name of its log stream.
    pub log_stream: String,
    /// Whether the stream was made.
    pub stream_made: bool,
    /// The session of the function's role.
    pub session: Arc<RoleSession>,
    /// When its credentials lapse, virtual.
    pub expires: Timestamp,
    /// Whether the function sees virtual time.
    pub shimmed: bool,
    /// Lines for the log of its first invocation.
    pub notes: Vec<String>,
}

/// What of an environment may outlive its use for a moment.
pub(crate) struct Body {
    pub(super) process: Process,
    pub(super) companions: Vec<Companion>,
    pub(super) api: Arc<Api>,
    pub(super) _listener: Listener,
    pub(super) output: Arc<Output>,
    pub(super) reader: AbortHandle,
    pub(super) ready: Option<Initialised>,
    pub(super) _folders: Folders,
    pub(super) tmp: Option<TmpDir>,
    /// After the processes, which are in it.
    pub(super) cgroup: Option<Cgroup>,
    /// The most memory that a look found, bytes.
    pub(super) seen: AtomicU64,
    /// It was ended for its memory.
    pub(super) over: bool,
}

/// What an environment runs from, shared with others of its kind.
#[derive(Clone, Debug)]
pub(crate) struct Folders {
    pub code: Arc<CodeDir>,
    /// Its layers, one over the other.
    pub opt: Option<Arc<CodeDir>>,
}

/// A function that has nothing to start, with what its log needs.
pub(crate) struct Unstarted {
    /// The sentence of `Runtime.InvalidEntrypoint`.
    pub sentence: String,
    pub session: Arc<RoleSession>,
    pub log_stream: String,
}

/// Why an event has no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The function said so.
    Reported(Reported),
    /// The runtime ended.
    Exited(ExitStatus),
    /// An extension gave up or ended.
    Extension(Broken),
    /// The function's time was up.
    TimedOut,
    /// The answer was larger than AWS takes.
    TooLarge,
    /// There was nothing to start.
    Entrypoint(String),
}

impl Environment {
    fn body(&self) -> &Body {
        self.body.as_ref().expect("taken only when it is dropped")
    }

    /// Waits until the runtime and all extensions ask for their first event.
    pub async fn ready(&mut self, clock: &Clock, timeout_secs: i32) -> Result<(), Failure> {
        let body = self.body.as_mut().expect("taken only when it is dropped");
        let Some(ready) = body.ready.take() else { return Ok(()) };
        let before = clock.real_now();
        // What the ten seconds don't suffice for is taken from the function's own time.
        let limit = Duration::from_secs(INIT_SECS + timeout_secs.max(0) as u64);
        let api = body.api.clone();
        let all = async {
            let heard = ready.await;
            if matches!(heard, Ok(Ok(()))) {
                api.extensions.all_ready().await;
            }
            heard
        };
        let result = tokio::select! {
            biased;
            heard = all => match heard {
                Ok(Ok(())) => Ok(()),
                Ok(Err(reported)) => Err(Failure::Reported(reported)),
                Err(_) => Err(Failure::Exited(body.process.ended().await)),
            },
            failure = body.ends(clock, self.memory_mb, limit) => Err(failure),
        };
        self.note_init(&result, before);
        result
    }

    /// Tells log and subscribers how the initialisation went.
    fn note_init(&mut self, result: &Result<(), Failure>, began: Timestamp) {
        let (now, real) = (self.clock.now(), self.clock.real_now());
        let status = match result {
            Ok(()) => "success",
            Err(Failure::TimedOut) => "timeout",
            Err(_) => "error",
        };
        let ms = (real.unix_ns - began.unix_ns) as f64 / 1e6;
        self.set_reason(result.as_ref().err());
        let telemetry = self.body().api.telemetry.clone();
        let platform = |kind: &str, record: Value| telemetry.tell(Category::Platform, kind, now, || record);
        for (name, events) in self.body().api.extensions.registered() {
            self.notes.push(format!("EXTENSION\tName: {name}\tState: Ready\tEvents: [{}]", events.join(",")));
            platform("platform.extension", json!({ "name": name, "state": "Ready", "events": events }));
        }
        platform("platform.initRuntimeDone", json!({ "initializationType": "on-demand", "phase": "init", "status": status }));
        let report = json!({ "initializationType": "on-demand", "phase": "init", "status": status, "metrics": { "durationMs": ms } });
        platform("platform.initReport", report);
        telemetry.close();
    }

    /// Runs one event. `None` when the process was dead before it took the event: another environment may have it.
    pub async fn run(&mut self, clock: &Clock, delivery: Delivery, limit: Duration) -> Option<Result<Bytes, Failure>> {
        let body = self.body.as_mut().expect("taken only when it is dropped");
        let Delivery { request_id, deadline_ms, function_arn, trace, .. } = &delivery;
        body.api.telemetry.tell(Category::Platform, "platform.start", clock.now(), || {
            json!({ "requestId": request_id, "version": function_arn.rsplit(':').next(), "tracing": { "type": "X-Amzn-Trace-Id", "value": trace } })
        });
        body.api.extensions.tell_invoke(request_id, *deadline_ms, function_arn, trace);
        let (request_id, before) = (request_id.clone(), clock.real_now());
        let answer = body.api.deliver(delivery);
        let result = tokio::select! {
            biased;
            answer = answer => match answer {
                Ok(Answer::Response(payload)) => Ok(payload),
                Ok(Answer::Error(reported)) => Err(Failure::Reported(reported)),
                Ok(Answer::TooLarge) => Err(Failure::TooLarge),
                Err(_) => Err(Failure::Exited(body.process.ended().await)),
            },
            failure = body.ends(clock, self.memory_mb, limit) => match failure {
                Failure::Exited(_) if !body.over && body.api.take_back() => return None,
                failure => Err(failure),
            },
        };
        let status = match &result {
            Ok(_) => "success",
            Err(Failure::TimedOut) => "timeout",
            Err(Failure::Reported(_) | Failure::TooLarge) => "error",
            Err(_) => "failure",
        };
        body.api.telemetry.tell(Category::Platform, "platform.runtimeDone", clock.now(), || {
            let ms = (clock.real_now().unix_ns - before.unix_ns) as f64 / 1e6;
            json!({ "requestId": request_id, "status": status, "metrics": { "durationMs": ms, "producedBytes": result.as_ref().map_or(0, Bytes::len) } })
        });
        self.set_reason(result.as_ref().err());
        Some(result)
    }

    /// Whether extensions may still be at work on the last event.
    pub fn lingers(&self) -> bool {
        self.body().api.extensions.any()
    }

    /// Waits until the extensions are done with the event, as long as its time lasts; whether the environment may be used again.
    pub async fn linger(&mut self, clock: &Clock, left: Duration) -> bool {
        let body = self.body.as_mut().expect("taken only when it is dropped");
        let api = body.api.clone();
        let failure = tokio::select! {
            biased;
            () = api.extensions.all_idle() => return true,
            failure = body.ends(clock, self.memory_mb, left) => failure,
        };
        self.set_reason(Some(&failure));
        false
    }

    /// Tells subscribers of an invocation's REPORT.
    pub fn tell_report(&self, now: Timestamp, record: impl FnOnce() -> Value) {
        self.body().api.telemetry.tell(Category::Platform, "platform.report", now, record);
    }

    fn set_reason(&mut self, failure: Option<&Failure>) {
        match failure {
            Some(Failure::TimedOut) => self.reason = Reason::Timeout,
            Some(Failure::Exited(_) | Failure::Extension(_)) => self.reason = Reason::Failure,
            _ => {}
        }
    }

    /// What it printed since the last take, its extensions' lines among the runtime's.
    pub fn lines(&self) -> Vec<(Timestamp, String)> {
        let mut lines = self.body().output.take();
        if !self.body().companions.is_empty() {
            lines.extend(self.body().companions.iter().flat_map(Companion::lines));
            lines.sort_by_key(|(at, _)| *at);
        }
        lines
    }

    /// Ends it and keeps its /tmp: as on AWS a runtime that failed is started again over the same files.
    pub fn into_tmp(mut self) -> Option<TmpDir> {
        let body = self.body.as_mut()?;
        body.process.kill();
        body.tmp.take()
    }

    /// Whether its process, or one of an extension, ended.
    pub fn is_dead(&mut self) -> bool {
        self.body.as_mut().is_none_or(|body| body.process.has_ended() || body.companions.iter_mut().any(|c| c.process.has_ended()))
    }

    /// The most memory it ever held, in MB, never more than it may; as the kernel counts it, or as a look found it.
    pub fn peak_mb(&self) -> u64 {
        let body = self.body();
        let most = self.memory_mb.max(1) as u64;
        if body.over {
            return most;
        }
        let mb = |bytes: u64| bytes.div_ceil(1024 * 1024);
        if let Some(bytes) = body.cgroup.as_ref().and_then(Cgroup::peak_bytes) {
            return mb(bytes).min(most);
        }
        let text = std::fs::read_to_string(format!("/proc/{}/status", body.process.id())).unwrap_or_default();
        let kb = text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse::<u64>().ok());
        mb(kb.unwrap_or(0) * 1024).max(mb(body.seen.load(Ordering::Relaxed))).min(most)
    }
}

impl Body {
    /// Waits for what ends an environment before its time: its processes, its memory, its time. What has to be killed is killed.
    async fn ends(&mut self, clock: &Clock, memory_mb: i32, limit: Duration) -> Failure {
        let pids: Vec<u32> = std::iter::once(self.process.id()).chain(self.companions.iter().map(|c| c.process.id())).collect();
        let bytes = memory_mb.max(1) as u64 * 1024 * 1024;
        let extensions = self.api.extensions.any();
        let why = tokio::select! {
            biased;
            status = self.process.ended() => Ok(status),
            broken = self.api.extensions.broken(), if extensions => Err(Failure::Extension(broken)),
            broken = companions::ended(&mut self.companions), if extensions => Err(Failure::Extension(broken)),
            () = limits::exceeded(clock, &pids, bytes, &self.seen), if self.cgroup.is_none() => {
                self.over = true;
                Err(Failure::TooLarge)
            }
            () = elapsed(clock, limit) => Err(Failure::TimedOut),
        };
        match why {
            Ok(status) => {
                self.over |= self.cgroup.as_ref().is_some_and(Cgroup::was_killed);
                Failure::Exited(status)
            }
            Err(failure) => {
                self.process.kill();
                match self.over {
                    true => Failure::Exited(self.process.ended().await),
                    false => failure,
                }
            }
        }
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        let Some(mut body) = self.body.take() else { return };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) if body.api.extensions.any() => {
                runtime.spawn(farewell(body, self.clock.clone(), self.shimmed, self.reason));
            }
            _ => body.process.kill(),
        }
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        self.process.kill();
        self.reader.abort();
    }
}

/// A function's time runs on both clocks: an advance of the virtual one takes it, and real work can't take longer than AWS would let it.
pub(crate) async fn elapsed(clock: &Clock, limit: Duration) {
    tokio::select! {
        _ = clock.sleep(limit) => {}
        _ = clock.real_sleep(limit) => {}
    }
}

/// Telemetry of a new environment, with its first event.
pub(super) fn telemetry(clock: &Clock, plan: &Plan) -> Arc<Telemetry> {
    let telemetry = Telemetry::new(clock.clone(), true);
    telemetry.tell(Category::Platform, "platform.initStart", clock.now(), || {
        json!({
            "initializationType": plan.initialization(), "phase": "init", "functionName": plan.function, "functionVersion": plan.version,
        })
    });
    telemetry
}
