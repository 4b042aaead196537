//! `windtunnel snapshot`.

use super::{Answer, Failure, remote::Reach};
use clap::Subcommand;
use serde_json::json;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  windtunnel snapshot save before.snap\n  windtunnel snapshot load before.snap\n\nThe cloud writes and reads the file; it waits for quiet first. A file that can't be read changes nothing.\n\nExit codes: 0 done, 1 not saved or not loaded, 2 wrong usage, 3 no cloud answers"
)]
pub(crate) struct SnapshotArgs {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    pub reach: Reach,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Writes the state of every service to a file
    Save {
        /// The file
        file: PathBuf,
    },
    /// Replaces the state of every service by what a file holds
    Load {
        /// The file
        file: PathBuf,
    },
    /// Empties every service
    Reset,
}

pub(crate) async fn snapshot(args: SnapshotArgs) -> Result<Answer, Failure> {
    let (path, file, word) = match &args.what {
        What::Save { file } => ("snapshot/save", file, "saved to"),
        What::Load { file } => ("snapshot/load", file, "loaded from"),
        What::Reset => return Ok(Answer::new("empty\n", args.reach.post("reset", &json!({})).await?)),
    };
    let file = absolute(file)?;
    let done = args.reach.post(path, &json!({ "path": file })).await?;
    Ok(Answer::new(format!("{word} {}\n", file.display()), done))
}

/// The cloud has a working folder of its own.
fn absolute(file: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(file).map_err(|e| Failure::usage(format!("{}: {e}", file.display())))
}
