//! The command line: what can be said, and how it answers. The work is done in the rooms beside; nothing here knows a service.

mod clock;
mod deploy;
mod destroy;
mod env;
mod faults;
mod iam;
mod journal;
mod messages;
mod remote;
mod s3;
mod services;
mod snapshot;
mod sql;
mod waf;

use clap::{Parser, Subcommand};
pub(crate) use deploy::progress;
use serde_json::{Value, json};
use std::process::ExitCode;

/// Exit code: a check or a scenario failed.
pub const FAILED: u8 = 1;
/// Exit code: wrong usage.
pub const USAGE: u8 = 2;
/// Exit code: the machine is not as needed (a port is taken, nothing listens, a build fails).
pub const ENVIRONMENT: u8 = 3;
/// Exit code: a guard refused.
pub const REFUSED: u8 = 4;

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  a check or a scenario failed
  2  wrong usage
  3  the machine is not as needed: a port is taken, nothing listens, a build fails
  4  refused by a guard (wrong account, no confirmation)";

const EXAMPLES: &str = "\
Examples:
  windtunnel                        a cloud on port 4566, the pipeline in it, its journey shown
  windtunnel up --once              the same, ending with 0
  windtunnel run scenarios          every scenario, each in a cloud of its own
  eval \"$(windtunnel env)\"          points this shell's SDKs and tools at the cloud
  windtunnel clock advance 8d       eight days pass; what is due in them happens
  windtunnel journal --follow       what happens, as it happens
  windtunnel deploy --param RetentionDays=3
";

/// A serverless AWS system on one machine, offline, as it will run in the cloud.
#[derive(Debug, Parser)]
#[command(name = "windtunnel", version, after_help = format!("{EXAMPLES}\n{EXIT_CODES}"), infer_subcommands = false)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Starts a cloud, deploys the pipeline and shows its journey (what happens without a subcommand)
    Up(Box<crate::up::UpArgs>),
    /// Runs scenarios, each in a cloud of its own
    Run(Box<crate::scenario::cli::RunArgs>),
    /// Runs the scenario of a trace again and names the first event that differs
    Replay(crate::scenario::cli::ReplayArgs),
    /// Deploys a template, here or to AWS: package, upload, change set, plan, execute
    Deploy(Box<deploy::DeployArgs>),
    /// Deletes a stack, here or on AWS
    Destroy(destroy::DestroyArgs),
    /// Shows and moves the time of a running cloud
    Clock(clock::ClockArgs),
    /// Waits until nothing is under way in a running cloud
    Settle(clock::SettleArgs),
    /// Lists, adds and clears faults on purpose
    Faults(faults::FaultsArgs),
    /// Saves and loads the whole state of a running cloud
    Snapshot(snapshot::SnapshotArgs),
    /// Shows what happened in a running cloud
    Journal(journal::JournalArgs),
    /// Shows the codes and messages that user pools of a running cloud sent
    Messages(messages::MessagesArgs),
    /// Shows what lies in the buckets of a running cloud, and what AWS would ask for it
    S3(s3::S3Args),
    /// Runs Athena's SQL against the catalog of a running cloud: one statement, or a prompt
    Sql(sql::SqlArgs),
    /// Lists every operation of AWS and what becomes of it here; read from the code, needs no running cloud
    Services(services::ServicesArgs),
    /// Prints the variables that point SDKs, shells and tools at a cloud
    Env(env::EnvArgs),
    /// Evaluates policies, and writes least-privilege ones from what happened
    Iam(iam::IamArgs),
    /// Tells what a web ACL of a running cloud would do with a request, and why
    Waf(waf::WafArgs),
}

/// What a command has to say: text for people, or the same as one JSON object.
#[derive(Debug)]
pub struct Answer {
    /// For people, with its line ends.
    pub text: String,
    /// For programs.
    pub json: Value,
    /// Exit code.
    pub code: u8,
}

impl Answer {
    /// An answer that ends with 0.
    pub fn new(text: impl Into<String>, json: Value) -> Answer {
        Answer { text: text.into(), json, code: 0 }
    }
}

/// Why a command was not done.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// Exit code.
    pub code: u8,
    /// For people.
    pub message: String,
}

impl Failure {
    /// Something was checked and is not so.
    pub fn failed(message: impl Into<String>) -> Failure {
        Failure { code: FAILED, message: message.into() }
    }
    /// Said wrongly.
    pub fn usage(message: impl Into<String>) -> Failure {
        Failure { code: USAGE, message: message.into() }
    }
    /// The machine is not as needed.
    pub fn environment(message: impl Into<String>) -> Failure {
        Failure { code: ENVIRONMENT, message: message.into() }
    }
    /// A guard says no.
    pub fn refused(message: impl Into<String>) -> Failure {
        Failure { code: REFUSED, message: message.into() }
    }
}

impl From<crate::deploy::DeployError> for Failure {
    fn from(error: crate::deploy::DeployError) -> Failure {
        use crate::deploy::DeployError;
        match &error {
            DeployError::Package(_) => Failure::environment(error.to_string()),
            DeployError::Guard(_) => Failure::refused(error.to_string()),
            DeployError::Call { .. } | DeployError::Stack { .. } => Failure::failed(error.to_string()),
        }
    }
}

/// Reads the arguments, does what they say, gives the exit code.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("windtunnel: can't start threads: {error}");
            return ExitCode::from(ENVIRONMENT);
        }
    };
    let code = runtime.block_on(dispatch(cli.command));
    // Threads that still read standard input must not keep the program.
    runtime.shutdown_background();
    code
}

async fn dispatch(command: Option<Command>) -> ExitCode {
    match command {
        None => crate::up::up(crate::up::UpArgs::parse_from(["windtunnel up"])).await,
        Some(Command::Up(args)) => crate::up::up(*args).await,
        Some(Command::Run(args)) => crate::scenario::cli::run(*args).await,
        Some(Command::Replay(args)) => crate::scenario::cli::replay(args).await,
        Some(Command::Deploy(args)) => said(args.common.json, deploy::deploy(&args).await),
        Some(Command::Destroy(args)) => said(args.common.json, destroy::destroy(&args).await),
        Some(Command::Clock(args)) => said(args.reach.json, clock::clock(args).await),
        Some(Command::Settle(args)) => said(args.reach.json, clock::settle(args).await),
        Some(Command::Faults(args)) => said(args.reach.json, faults::faults(args).await),
        Some(Command::Snapshot(args)) => said(args.reach.json, snapshot::snapshot(args).await),
        Some(Command::Journal(args)) => said(args.reach.json, journal::journal(args).await),
        Some(Command::Messages(args)) => said(args.reach.json, messages::messages(args).await),
        Some(Command::S3(args)) => said(args.reach.json, s3::s3(args).await),
        Some(Command::Sql(args)) => said(args.reach.json, sql::sql(args).await),
        Some(Command::Services(args)) => said(args.json, services::services(&args)),
        Some(Command::Env(args)) => said(args.json, env::env(&args)),
        Some(Command::Iam(args)) => said(args.json(), iam::iam(args).await),
        Some(Command::Waf(args)) => said(args.reach.json, waf::waf(args).await),
    }
}

/// Prints an answer or a failure.
pub(crate) fn said(as_json: bool, result: Result<Answer, Failure>) -> ExitCode {
    match result {
        Ok(answer) => {
            // A reader that left (`| head`) is no reason to complain.
            let text = if as_json { format!("{}\n", answer.json) } else { answer.text };
            let _ = std::io::Write::write_all(&mut std::io::stdout(), text.as_bytes());
            ExitCode::from(answer.code)
        }
        Err(failure) => {
            if as_json {
                println!("{}", json!({ "error": failure.message, "exit_code": failure.code }));
            } else {
                eprintln!("windtunnel: {}", failure.message);
            }
            ExitCode::from(failure.code)
        }
    }
}

/// A table: columns as wide as their widest cell, two blanks between.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| rows.iter().map(|r| r[column].chars().count()).chain([head[column].len()]).max().unwrap_or(0);
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |cells: Vec<&str>| {
        let cells: Vec<String> = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    let body: String = rows.iter().map(|row| line(row.iter().map(String::as_str).collect())).collect();
    line(head.to_vec()) + &body
}

/// Real time between two looks at something that can't call back.
pub(crate) async fn pause(by: std::time::Duration) {
    kit::Clock::new(None, kit::ClockMode::Running).real_sleep(by).await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn unknown_flags_are_errors_that_end_with_2() {
        for line in [vec!["windtunnel", "--what"], vec!["windtunnel", "clock", "advance", "8d", "--fast"], vec!["windtunnel", "fly"]] {
            let error = Cli::try_parse_from(line).unwrap_err();
            assert_eq!(error.exit_code(), i32::from(USAGE));
        }
    }

    #[test]
    fn help_tells_the_exit_codes_and_shows_examples() {
        let help = Cli::command().render_help().to_string();
        for part in ["Exit codes:", "refused by a guard", "windtunnel clock advance 8d"] {
            assert!(help.contains(part), "{part}");
        }
    }
}
