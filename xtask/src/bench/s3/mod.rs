//! `cargo xtask bench s3`: PUT and GET against others, side by side: the same client (wrk), the same machine, one cell after the other.
//!
//! The client signs URLs beforehand (SigV4 in the query string), so that what is measured is the server. nginx takes the same requests
//! and looks at no signature: it is what the machine can do, not a rival.

mod keys;
mod load;
mod peers;
mod stream;
mod table;

use super::report;
use crate::Result;
use load::{Cell, Job};
use peers::{Kind, Peer};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What to measure against what.
#[derive(clap::Args)]
pub struct Options {
    /// Servers to measure; those that are not installed are named and left out
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Kind::Nginx, Kind::Ours, Kind::OursMemory])]
    servers: Vec<Kind>,
    /// Sizes of objects in KiB
    #[arg(long, value_delimiter = ',', default_values_t = [1, 64, 1024, 16384])]
    sizes: Vec<usize>,
    /// Seconds for each cell
    #[arg(long, default_value_t = 4)]
    seconds: u32,
    /// Connections
    #[arg(long, default_value_t = 16)]
    connections: u32,
    /// Only PUT or only GET
    #[arg(long, value_parser = ["PUT", "GET"])]
    method: Option<String>,
    /// Folder for what the servers store; a temporary one unless told
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Folders with the programs of peers that are not on the PATH
    #[arg(long, value_name = "DIR")]
    peers: Vec<PathBuf>,
    /// The program to measure as ours; the example `s3_server` unless told
    #[arg(long, value_name = "PATH")]
    program: Option<PathBuf>,
    /// Instead of the others: a bucket of so many keys
    #[arg(long, value_name = "COUNT")]
    keys: Option<u64>,
    /// Bytes of each of those objects
    #[arg(long, default_value_t = 1024, requires = "keys")]
    key_bytes: usize,
    /// Instead of the others: one object of so many gigabytes, 5 at most, in and out
    #[arg(long, value_name = "GB", conflicts_with = "keys")]
    stream: Option<u64>,
    /// Don't build: measure what lies in the target folder
    #[arg(long)]
    no_build: bool,
    /// Replace the tables under "S3 against others" in docs/measurements.md
    #[arg(long)]
    write: bool,
}

/// Measures and prints the tables.
pub fn run(root: &Path, options: &Options) -> Result<()> {
    if Command::new("wrk").arg("-v").output().is_err() {
        return Err("wrk is not installed (Debian package `wrk`); nothing else here can load the servers evenly.".into());
    }
    let program = ours(root, options)?;
    let load = report::load();
    let folder = options.folder.clone().unwrap_or_else(std::env::temp_dir).join(format!("windtunnel-bench-s3-{}", std::process::id()));
    if let Some(count) = options.keys {
        let rows = keys::measure(&program, count, options.key_bytes, &folder);
        let _ = std::fs::remove_dir_all(&folder);
        return told(root, keys::HEADING, &report::table(&rows?, "release", &load), options);
    }
    if let Some(gigabytes) = options.stream {
        let rows = stream::measure(&program, gigabytes, &folder);
        let _ = std::fs::remove_dir_all(&folder);
        return told(root, stream::HEADING, &report::table(&rows?, "release", &load), options);
    }
    let mut servers = Vec::new();
    for kind in &options.servers {
        match Peer::start(*kind, &program, &options.peers, &folder.join(kind.name()))? {
            Some(peer) => servers.push(peer),
            None => println!("{}: not installed, left out", kind.name()),
        }
    }
    let cells = measure(&servers, options, &folder);
    drop(servers);
    let _ = std::fs::remove_dir_all(&folder);
    told(root, table::HEADING, &table::text(&cells?, &load), options)
}

/// Prints a table, and puts it into the page where that was asked for.
fn told(root: &Path, heading: &str, text: &str, options: &Options) -> Result<()> {
    println!("\n{text}");
    match options.write {
        true => report::write(&root.join("docs/measurements.md"), heading, text),
        false => Ok(()),
    }
}

/// Every cell; those of one method and size follow one another, so that what else the machine does meets all servers alike.
fn measure(servers: &[Peer], options: &Options, folder: &Path) -> Result<Vec<Cell>> {
    let mut cells = Vec::new();
    for method in ["PUT", "GET"].into_iter().filter(|method| options.method.as_deref().is_none_or(|only| only == *method)) {
        for kib in &options.sizes {
            for peer in servers {
                let job = Job { method, size: kib << 10, seconds: options.seconds, connections: options.connections };
                match load::run(peer, &job, folder) {
                    Ok(cell) => {
                        println!("{}", cell.line());
                        cells.push(cell);
                    }
                    // A peer that doesn't bear the load has no figure; the others still have theirs.
                    Err(sentence) if !peer.kind.is_ours() => println!("{:>17} {method} {kib:>6} KiB: {sentence}", peer.kind.name()),
                    Err(sentence) => return Err(sentence),
                }
            }
        }
    }
    Ok(cells)
}

/// Our server, built unless it is there.
fn ours(root: &Path, options: &Options) -> Result<PathBuf> {
    if let Some(program) = &options.program {
        return Ok(program.clone());
    }
    if !options.no_build {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(root).args(["build", "--locked", "--offline", "--release", "--package", "s3", "--example", "s3_server"]);
        let status = cargo.status().map_err(|error| format!("cargo could not be started: {error}"))?;
        if !status.success() {
            return Err(format!("cargo build --release --package s3 --example s3_server ended with {status}; see above."));
        }
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    Ok(target.join("release/examples/s3_server"))
}
