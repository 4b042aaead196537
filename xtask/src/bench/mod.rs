//! `cargo xtask bench`: the release figures, measured on this machine and put beside what they may be.
//!
//! Builds the emulator and the pipeline's functions, then measures them from outside: a server process of its own, a client that is this
//! program, CPU time as the kernel counts it. Reads no emulator code; what it asks is what anybody can ask over HTTP. Wall time depends on
//! what else the machine does, which is why the load stands beside the figures.

// Measuring is what this room is for: its clock is the machine's.
#![allow(clippy::disallowed_methods)]

mod clouds;
mod functions;
mod http;
mod process;
mod report;
mod requests;
mod s3;
mod zip;

use crate::Result;
use report::Row;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What to measure, and how.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Options {
    #[command(subcommand)]
    area: Option<Area>,
    /// Cargo profile to build and measure; figures are held to the targets in release only
    #[arg(long, default_value = "release", value_parser = ["release", "dev"])]
    profile: String,
    /// Measure only these
    #[arg(long, value_enum, value_name = "FIGURE")]
    only: Vec<Figure>,
    /// Replace the table under "Release figures" in docs/measurements.md
    #[arg(long)]
    write: bool,
    /// Don't build: measure what lies in the target folder
    #[arg(long)]
    no_build: bool,
    /// The program to measure instead of the built `windtunnel`; it is given `up --no-stack --port N`
    #[arg(long, value_name = "PATH")]
    program: Option<PathBuf>,
}

/// What has a bench of its own.
#[derive(clap::Subcommand)]
enum Area {
    /// PUT and GET of objects against other servers, side by side
    S3(s3::Options),
}

/// One thing to measure.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Figure {
    /// Start of the library, and 200 clouds in one process
    Clouds,
    /// The binary from exec to the first answer, and its memory
    Ready,
    /// CPU of the server for a small signed request
    Overhead,
    /// CPU of a warm Lambda invoke, emulator and function
    Invoke,
    /// CPU of an upload until its renditions are there, against that of the function alone
    Upload,
}

const ALL: [Figure; 5] = [Figure::Clouds, Figure::Ready, Figure::Overhead, Figure::Invoke, Figure::Upload];

/// Where the things to measure lie.
struct Built {
    windtunnel: PathBuf,
    bench_clouds: PathBuf,
    process: PathBuf,
}

/// Measures and prints a table. Fails where something can't be measured, and in release where a figure is over its target.
pub fn run(root: &Path, options: &Options) -> Result<()> {
    if let Some(Area::S3(options)) = &options.area {
        return s3::run(root, options);
    }
    let figures: &[Figure] = if options.only.is_empty() { &ALL } else { &options.only };
    if !options.no_build {
        build(root, &options.profile, figures)?;
    }
    let built = built(root, options)?;
    let load = report::load();
    let mut rows = Vec::new();
    for figure in figures {
        let new = measure(root, *figure, &built)?;
        new.iter().for_each(|row| println!("{}", row.line()));
        rows.extend(new);
    }
    let table = report::table(&rows, &options.profile, &load);
    println!("\n{table}");
    if options.write {
        report::write(&root.join("docs/measurements.md"), report::HEADING, &table)?;
    }
    let over: Vec<String> = rows.iter().filter(|row| !row.holds()).map(Row::line).collect();
    match over.is_empty() || options.profile != "release" {
        true => Ok(()),
        false => Err(format!("Over the target, see docs/measurements.md:\n{}", over.join("\n"))),
    }
}

fn measure(root: &Path, figure: Figure, built: &Built) -> Result<Vec<Row>> {
    match figure {
        Figure::Clouds => clouds::measure(&built.bench_clouds),
        Figure::Ready => requests::ready(&built.windtunnel),
        Figure::Overhead => requests::overhead(&built.windtunnel),
        Figure::Invoke => functions::invoke(&built.windtunnel, &built.process),
        Figure::Upload => functions::upload(&built.windtunnel, &built.process, &root.join("fixtures/photos")),
    }
}

/// Builds what the figures need. The lock file decides the versions, and nothing is fetched.
/// The whole workspace is selected and its binaries are built: another selection would build most dependencies again.
fn build(root: &Path, profile: &str, figures: &[Figure]) -> Result<()> {
    let mut arguments = vec!["--bin", "windtunnel"];
    if figures.contains(&Figure::Clouds) {
        arguments.extend(["--bin", "bench_clouds", "--features", "windtunnel/bench"]);
    }
    if figures.iter().any(|figure| matches!(figure, Figure::Invoke | Figure::Upload)) {
        arguments.extend(["--bin", "process"]);
    }
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root).args(["build", "--locked", "--offline", "--profile", profile]).args(&arguments);
    let status = cargo.status().map_err(|error| format!("cargo could not be started: {error}"))?;
    match status.success() {
        true => Ok(()),
        false => Err(format!("cargo build --profile {profile} {} ended with {status}; see above.", arguments.join(" "))),
    }
}

fn built(root: &Path, options: &Options) -> Result<Built> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let folder = target.join(if options.profile == "dev" { "debug" } else { &options.profile });
    let windtunnel = options.program.clone().unwrap_or_else(|| folder.join("windtunnel"));
    Ok(Built { windtunnel, bench_clouds: folder.join("bench_clouds"), process: folder.join("process") })
}
