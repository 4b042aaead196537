//! Other people's programs as children of a test: found, given the cloud's environment, watched, and shown when they fail.

use crate::standing::{binaries, root, template};
use std::{process::Stdio, time::Duration};
use tokio::process::Command;
use windtunnel::{Emulator, deploy::Outputs, env::UNSET};

/// No program here has more to do than this, on a machine that does much else beside (dbt took four and a half minutes on one).
const LONGEST: Duration = Duration::from_secs(900);

/// Says that something is lacking; in CI that is a failure.
pub fn lacking(what: &str) {
    assert!(std::env::var_os("WINDTUNNEL_CI").is_none_or(|on| on != "1"), "CI lacks {what}");
    eprintln!("skipped: this machine lacks {what}");
}

/// Whether python3 can import these modules; says what is lacking if not.
pub async fn python_has(modules: &[&str]) -> bool {
    let import = format!("import {}", modules.join(", "));
    let found = Command::new("python3").args(["-c", &import]).stdout(Stdio::null()).stderr(Stdio::null()).status().await;
    let has = found.is_ok_and(|status| status.success());
    if !has {
        lacking(&format!("python3 with {} (pip install -r tests/python/requirements.txt)", modules.join(", ")));
    }
    has
}

/// A command whose AWS clients find this cloud and nothing else.
pub fn in_cloud(program: &str, emulator: &Emulator, outputs: Option<&Outputs>) -> Command {
    let mut command = Command::new(program);
    for name in UNSET {
        command.env_remove(name);
    }
    command.envs(emulator.env()).env("FIXTURES", root().join("fixtures")).env("TEMPLATE", template()).env("PYTHONDONTWRITEBYTECODE", "1");
    command.env("FUNCTIONS", binaries().presign.parent().expect("binaries lie in a folder"));
    if let Some(outputs) = outputs {
        command.env("STACK", serde_json::to_string(outputs).expect("texts are JSON"));
    }
    command
}

/// Runs a program to its end; its output is shown when it fails or takes too long.
pub async fn succeeds(mut command: Command) -> String {
    command.stdin(Stdio::null()).kill_on_drop(true);
    let shown = format!("{:?}", command.as_std());
    let ended = tokio::time::timeout(LONGEST, command.output()).await;
    let output =
        ended.unwrap_or_else(|_| panic!("{shown} did not end within {LONGEST:?}")).unwrap_or_else(|error| panic!("{shown}: {error}"));
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success(), "{shown} ended with {}:\n{text}", output.status);
    text
}
