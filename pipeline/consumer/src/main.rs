//! The consumer's command line; see the library.

use clap::{Parser, Subcommand};
use consumer::{
    check,
    config::{Config, environment},
    dry_run, log, start,
};
use serde_json::json;
use std::{
    path::PathBuf,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::signal::unix::{SignalKind, signal};

/// With what it can be asked for: those who start it as a child look at this first.
const VERSION: &str = if cfg!(feature = "tls") {
    concat!(env!("CARGO_PKG_VERSION"), " with TLS")
} else {
    concat!(env!("CARGO_PKG_VERSION"), " without TLS")
};

/// Takes records from Kafka to Lambda functions, each at least once.
///
/// Ends with 0 when it was told to (SIGTERM, SIGINT), with 1 when it had to, with 2 when its configuration can't be used.
#[derive(Parser)]
#[command(version = VERSION)]
struct Arguments {
    /// The configuration, a TOML file.
    #[arg(long, env = "CONSUMER_CONFIG", default_value = "consumer.toml")]
    config: PathBuf,
    /// Says what would be invoked, from where the group stands to the end; commits nothing.
    #[arg(long)]
    dry_run: bool,
    /// Records that a dry run reads at most; it says where it stopped.
    #[arg(long, default_value_t = 10_000, requires = "dry_run")]
    records: usize,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Consumes; what it does without a command.
    Run,
    /// Asks the cluster and Lambda whether everything is there, and consumes nothing.
    Check,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let config = match Config::load(&arguments.config, &environment) {
        Ok(config) => config,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    match arguments.command {
        Some(Command::Check) => checked(&config).await,
        _ if arguments.dry_run => ended(dry_run::run(config, arguments.records, |line| println!("{line}")).await),
        _ => {
            let stop = Arc::new(AtomicBool::new(false));
            tokio::spawn(signalled(stop.clone()));
            ended(start::run(config, stop).await)
        }
    }
}

async fn checked(config: &Config) -> ExitCode {
    let findings = check::run(config).await;
    for finding in &findings {
        println!("{} {}", if finding.well { "ok  " } else { "BAD " }, finding.text);
    }
    ExitCode::from(u8::from(findings.iter().any(|finding| !finding.well)))
}

fn ended(end: Result<(), String>) -> ExitCode {
    match end {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            log::error("HadToStop", json!({ "why": why }));
            ExitCode::FAILURE
        }
    }
}

/// The first signal drains, the second one ends at once: what is under way comes again.
async fn signalled(stop: Arc<AtomicBool>) {
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else { return };
    loop {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        if stop.swap(true, Ordering::Relaxed) {
            std::process::exit(1);
        }
        log::info("Stopping", json!({}));
    }
}
