//! An execution environment: a process, its Runtime API, its folder, its credentials. One event at a time.

use super::{
    api::{Answer, Api, Delivery, Listener, Reported},
    entry,
    output::Output,
    process::{Launch, Process, pipe},
    sandbox::{self, Sandbox},
    shim,
    variables::{Start, variables},
    workdir::{self, TmpDir},
};
use crate::code::CodeDir;
use bytes::Bytes;
use kit::{Clock, Context, Fault, RoleSession, Timestamp, ports::TemporaryKey};
use std::{collections::BTreeMap, io, process::ExitStatus, sync::Arc, time::Duration};
use tokio::{sync::oneshot, task::AbortHandle};

/// Time that a runtime has to ask for its first event before it counts against the function's own.
const INIT_SECS: u64 = 10;

/// Everything that an environment is started from.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub function: String,
    pub version: String,
    pub region: String,
    pub runtime: String,
    pub handler: String,
    pub memory_mb: i32,
    pub variables: BTreeMap<String, String>,
    pub endpoint: String,
    pub log_group: String,
    pub json_logs: bool,
    pub log_level: String,
}

/// A running environment. Dropping it kills the process and removes its folder.
pub(crate) struct Environment {
    process: Process,
    api: Arc<Api>,
    _listener: Listener,
    output: Arc<Output>,
    reader: AbortHandle,
    ready: Option<oneshot::Receiver<Result<(), Reported>>>,
    _code: Arc<CodeDir>,
    tmp: Option<TmpDir>,
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
    /// A line for the log of its first invocation.
    pub note: Option<String>,
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
    /// The function's time was up.
    TimedOut,
    /// The answer was larger than AWS takes.
    TooLarge,
    /// There was nothing to start.
    Entrypoint(String),
}

impl Environment {
    /// Starts the process. The runtime may still fail; see [`Environment::ready`].
    pub async fn start(
        cx: &Context,
        plan: &Plan,
        code: Arc<CodeDir>,
        key: TemporaryKey,
        tmp: Option<TmpDir>,
    ) -> Result<Result<Environment, Unstarted>, Fault> {
        let broken = |e: io::Error| Fault::internal(format!("starting an environment of {}: {e}", plan.function));
        let session = Arc::new(key.session.clone());
        let log_stream = log_stream(cx, &plan.version);
        let unstarted = |sentence: String| Ok(Err(Unstarted { sentence, session: session.clone(), log_stream: log_stream.clone() }));
        let (runtime, folder) = (plan.runtime.clone(), code.clone());
        // Looking for an interpreter may mean to run it.
        let entry = tokio::task::spawn_blocking(move || entry::entry(&runtime, folder.path())).await;
        let entry = match entry.map_err(|e| broken(io::Error::other(e)))? {
            Ok(entry) => entry,
            Err(sentence) => return unstarted(sentence),
        };
        let (api, listener, ready) = Api::listen().await.map_err(broken)?;
        let (read, write) = pipe().map_err(broken)?;
        let (output, reader) = Output::new(read, cx.cloud().clock().clone()).map_err(broken)?;
        let tmp = tmp.map_or_else(TmpDir::new, Ok).map_err(broken)?;
        let private = sandbox::works();
        let page = cx.cloud().clock().page().ok();
        let linkage = shim::linkage(&entry.program);
        let preload = shim::library().zip(page.as_deref()).filter(|_| linkage == shim::Linkage::Dynamic);
        let sandbox = match private {
            true => {
                let root = workdir::root().map_err(broken)?;
                let shown: Vec<&std::path::Path> = [Some(root), page.as_deref()].into_iter().flatten().collect();
                Some(Sandbox::new(tmp.path(), &shown).map_err(broken)?)
            }
            false => None,
        };
        let start = Start {
            api_address: &listener.address,
            key: &key,
            log_stream: &log_stream,
            task_root: code.path(),
            tmp: if private { std::path::Path::new("/tmp") } else { tmp.path() },
            shim: preload,
        };
        let launch = Launch {
            program: entry.program,
            arguments: entry.arguments,
            variables: variables(plan, &start),
            folder: code.path().to_owned(),
            output: write,
            sandbox,
        };
        let process = match Process::start(launch).await {
            Ok(process) => process,
            Err(error) => {
                let sentence = |words: &str| format!("fork/exec /var/task/bootstrap: {words}");
                return match error.raw_os_error() {
                    Some(libc::ENOEXEC) => unstarted(sentence("exec format error")),
                    Some(libc::ENOENT) => unstarted(sentence("no such file or directory")),
                    Some(libc::EACCES) => unstarted(sentence("permission denied")),
                    _ => Err(broken(error)),
                };
            }
        };
        let note = (linkage == shim::Linkage::Static)
            .then(|| "[windtunnel] this program is linked statically: it sees real time, not the cloud's clock".to_owned());
        Ok(Ok(Environment {
            process,
            api,
            _listener: listener,
            output,
            reader,
            ready: Some(ready),
            _code: code,
            tmp: Some(tmp),
            log_stream,
            stream_made: false,
            session,
            expires: key.expires,
            shimmed: preload.is_some(),
            note,
        }))
    }

    /// Waits until the runtime asks for its first event.
    pub async fn ready(&mut self, clock: &Clock, timeout_secs: i32) -> Result<(), Failure> {
        let Some(ready) = self.ready.take() else { return Ok(()) };
        // What the ten seconds don't suffice for is taken from the function's own time.
        let limit = Duration::from_secs(INIT_SECS + timeout_secs.max(0) as u64);
        tokio::select! {
            biased;
            heard = ready => match heard {
                Ok(Ok(())) => Ok(()),
                Ok(Err(reported)) => Err(Failure::Reported(reported)),
                Err(_) => Err(Failure::Exited(self.process.ended().await)),
            },
            status = self.process.ended() => Err(Failure::Exited(status)),
            _ = elapsed(clock, limit) => {
                self.process.kill();
                Err(Failure::TimedOut)
            }
        }
    }

    /// Runs one event. `None` when the process was dead before it took the event: another environment may have it.
    pub async fn run(&mut self, clock: &Clock, delivery: Delivery, limit: Duration) -> Option<Result<Bytes, Failure>> {
        let answer = self.api.deliver(delivery);
        let result = tokio::select! {
            biased;
            answer = answer => match answer {
                Ok(Answer::Response(payload)) => Ok(payload),
                Ok(Answer::Error(reported)) => Err(Failure::Reported(reported)),
                Ok(Answer::TooLarge) => Err(Failure::TooLarge),
                Err(_) => Err(Failure::Exited(self.process.ended().await)),
            },
            status = self.process.ended() => match self.api.take_back() {
                true => return None,
                false => Err(Failure::Exited(status)),
            },
            _ = elapsed(clock, limit) => {
                self.process.kill();
                Err(Failure::TimedOut)
            }
        };
        Some(result)
    }

    /// What it printed since the last take.
    pub fn lines(&self) -> Vec<(Timestamp, String)> {
        self.output.take()
    }

    /// Ends it and keeps its /tmp: as on AWS a runtime that failed is started again over the same files.
    pub fn into_tmp(mut self) -> Option<TmpDir> {
        self.process.kill();
        self.tmp.take()
    }

    /// Whether its process ended.
    pub fn is_dead(&mut self) -> bool {
        self.process.has_ended()
    }

    /// The most memory it ever held, in MB, as the kernel counts it.
    pub fn peak_mb(&self) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap_or_default();
        let kb = text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse::<u64>().ok());
        kb.unwrap_or(0).div_ceil(1024)
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        self.process.kill();
        self.reader.abort();
    }
}

/// A function's time runs on both clocks: an advance of the virtual one takes it, and real work can't take longer than AWS would let it.
async fn elapsed(clock: &Clock, limit: Duration) {
    tokio::select! {
        _ = clock.sleep(limit) => {}
        _ = clock.real_sleep(limit) => {}
    }
}

/// `2024/01/31/[$LATEST]0123...`
fn log_stream(cx: &Context, version: &str) -> String {
    format!("{}/[{version}]{}", kit::time::date(cx.now()).replace('-', "/"), cx.ids().hex(32))
}
