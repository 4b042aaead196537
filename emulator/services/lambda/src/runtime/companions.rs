//! External extensions: the programs of `/opt/extensions`, each a process beside the runtime, in the same /tmp and under the same limits.

use super::{
    api::{Telemetry, extensions::Broken, telemetry::Category},
    output::Output,
    process::{Launch, Process, pipe},
};
use kit::{Clock, Timestamp};
use std::{
    ffi::OsString,
    fs, io,
    os::unix::{fs::PermissionsExt, process::ExitStatusExt},
    path::{Path, PathBuf},
    process::ExitStatus,
    sync::Arc,
    task::Poll,
};
use tokio::task::AbortHandle;

/// Variables of the runtime that extensions don't get.
const NOT_THEIRS: [&str; 7] = [
    "_HANDLER",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_XRAY_CONTEXT_MISSING",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
];

/// One extension's process.
pub(crate) struct Companion {
    pub name: String,
    pub process: Process,
    output: Arc<Output>,
    reader: AbortHandle,
}

/// The programs of a folder of layers, by name: AWS starts what is executable.
pub(crate) fn programs(opt: &Path) -> Vec<(String, PathBuf)> {
    let entries = fs::read_dir(opt.join("extensions")).into_iter().flatten().flatten();
    let mut programs: Vec<(String, PathBuf)> = entries
        .filter(|entry| fs::metadata(entry.path()).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0))
        .filter_map(|entry| Some((entry.file_name().to_str()?.to_owned(), entry.path())))
        .collect();
    programs.sort();
    programs
}

/// What is left to the extension of the runtime's variables.
pub(crate) fn variables(all: &[(OsString, OsString)]) -> Vec<(OsString, OsString)> {
    all.iter().filter(|(name, _)| !NOT_THEIRS.iter().any(|other| name == other)).cloned().collect()
}

impl Companion {
    /// Starts it; `launch` has everything but the outputs.
    pub async fn start(
        name: String,
        clock: Clock,
        telemetry: Arc<Telemetry>,
        launch: impl FnOnce(fs::File) -> Launch,
    ) -> io::Result<Companion> {
        let (read, write) = pipe()?;
        let listener = Box::new(move |at: Timestamp, line: &str| {
            telemetry.tell(Category::Extension, "extension", at, || line.into());
        });
        let (output, reader) = Output::new(read, clock, listener)?;
        match Process::start(launch(write)).await {
            Ok(process) => Ok(Companion { name, process, output, reader }),
            Err(error) => {
                reader.abort();
                Err(error)
            }
        }
    }

    /// What it printed since the last take.
    pub fn lines(&self) -> Vec<(Timestamp, String)> {
        self.output.take()
    }
}

impl Drop for Companion {
    fn drop(&mut self) {
        self.process.kill();
        self.reader.abort();
    }
}

/// Waits until one of them ends, which breaks the environment; for ever where there is none.
pub(crate) async fn ended(companions: &mut [Companion]) -> Broken {
    std::future::poll_fn(|cx| {
        for companion in companions.iter_mut() {
            if let Poll::Ready(status) = companion.process.poll_ended(cx) {
                return Poll::Ready(crash(&companion.name, status));
            }
        }
        Poll::Pending
    })
    .await
}

fn crash(name: &str, status: ExitStatus) -> Broken {
    let how = match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "no exit code".to_owned(),
    };
    Broken { kind: "Extension.Crash", words: format!("extension {name} exited with {how}") }
}
