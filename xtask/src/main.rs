//! House tasks: `cargo xtask codegen`, `cargo xtask tidy`, `cargo xtask bench`.
//!
//! The front door only: it reads the command line and hands over. A task prints what it did and exits 0, or says in one
//! sentence a finding what to do and exits 1. Nothing that ships depends on this crate.

mod bench;
mod codegen;
mod tidy;

use clap::{Parser, Subcommand};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What a task gives back: the sentence for the person at the terminal when it fails.
type Result<T> = std::result::Result<T, String>;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "House tasks of this workspace")]
struct Cli {
    /// Root of the workspace to work on; the one this binary was built in unless told otherwise
    #[arg(long, global = true, value_name = "DIR")]
    root: Option<PathBuf>,
    #[command(subcommand)]
    task: Task,
}

// Made once a run.
#[allow(clippy::large_enum_variant)]
#[derive(Subcommand)]
enum Task {
    /// Write src/model.rs of the service crates from AWS's public models and their operation tables
    Codegen {
        /// Folder names under emulator/services; all that have a table when none is named
        services: Vec<String>,
        /// Write nothing; fail when a committed file differs from what would be written
        #[arg(long)]
        check: bool,
    },
    /// Check the house rules
    Tidy,
    /// Measure start, memory and CPU of a release build
    Bench(bench::Options),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let built_in = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace");
    let root = cli.root.unwrap_or_else(|| built_in.to_owned());
    let outcome = match cli.task {
        Task::Codegen { services, check } => codegen::run(&root, &services, check),
        Task::Tidy => tidy::run(&root),
        Task::Bench(options) => bench::run(&root, &options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("{sentence}");
            ExitCode::FAILURE
        }
    }
}
