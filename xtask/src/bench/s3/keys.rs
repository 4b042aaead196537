//! A bucket with very many keys: what listing and memory come to. Ours alone: the others hold their keys in memory or in a folder.

use super::super::http::presigned;
use super::super::process::{Server, free_port};
use super::super::report::Row;
use super::load::{Job, requests};
use crate::Result;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// Where the table stands in docs/measurements.md.
pub const HEADING: &str = "## A bucket of many keys";

/// Fills a bucket, opens it anew after a kill, lists it here and there and from end to end.
pub fn measure(program: &Path, keys: u64, bytes: usize, folder: &Path) -> Result<Vec<Row>> {
    let data = folder.join("keys");
    let start = |fill: bool| {
        let port = free_port()?;
        let mut command = Command::new(program);
        command.args(["up", "--no-stack", "--port", &port.to_string(), "--data-dir"]).arg(&data);
        if fill {
            command.args(["--fill", &keys.to_string(), "--fill-bytes", &bytes.to_string()]);
        }
        Server::start_within(command, port, |client| client.list_buckets().is_ok(), std::time::Duration::from_secs(3600))
    };
    let begun = Instant::now();
    let filler = start(true)?;
    let us = begun.elapsed().as_secs_f64() * 1e6 / keys as f64;
    let mut rows = vec![
        Row::new("fill, wall", us, None, "µs", format!("{keys} objects of {bytes} bytes through the port, 8 at a time")),
        Row::new("fill, CPU", filler.cpu()?.server * 1e6 / keys as f64, None, "µs", "of the server, an object"),
        Row::new("resident after filling", filler.resident_mb()?, 300.0, "MB", "VmRSS"),
        Row::new("disk", megabytes(&data), None, "MB", "files of the data directory"),
    ];
    drop(filler);
    let server = start(false)?;
    rows.push(Row::new("ready after kill -9", server.ready.as_secs_f64(), None, "s", "from exec to the first answer"));
    rows.push(Row::new("resident when ready", server.resident_mb()?, 300.0, "MB", "VmRSS"));
    let host = format!("127.0.0.1:{}", server.port);
    let list = |after: u64| {
        let more = format!("list-type=2&max-keys=1000&start-after=k{:07}%2F{after:08}", after / 1000);
        presigned("GET", "/many", &more, &host)
    };
    // Places all over the bucket, in no order.
    let targets: Vec<String> = (0..500u64).map(|n| list(n * 7_919 * 1009 % keys.saturating_sub(1000).max(1))).collect();
    let job = Job { method: "GET", size: 0, seconds: 5, connections: 1 };
    let cell = requests("windtunnel", &server, &job, &targets, folder)?;
    if cell.refused > 0 {
        return Err(format!("{} listings were refused.", cell.refused));
    }
    rows.push(Row::new(
        "list of 1,000 keys, median",
        cell.p50_ms,
        5.0,
        "ms",
        "ListObjectsV2 anywhere in the bucket, one connection, whole answer",
    ));
    rows.push(Row::new("list of 1,000 keys, 99 of 100", cell.p99_ms, None, "ms", "the same"));
    rows.push(Row::new("list of 1,000 keys, CPU", cell.cpu_us / 1000.0, None, "ms", "of the server"));
    let folders = presigned("GET", "/many", "delimiter=%2F&list-type=2&max-keys=1000", &host);
    let cell = requests("windtunnel", &server, &job, &[folders], folder)?;
    rows.push(Row::new("list of 1,000 folders, median", cell.p50_ms, None, "ms", "with a delimiter: a seek for each common prefix"));
    let pages: Vec<String> = (0..keys / 1000).map(|page| list(page * 1000)).collect();
    let job = Job { seconds: 10, ..job };
    requests("windtunnel", &server, &job, &pages, folder)?;
    rows.push(Row::new("resident after listing all", server.resident_mb()?, 300.0, "MB", "VmRSS, after 10 s of pages from the first on"));
    Ok(rows)
}

fn megabytes(folder: &Path) -> f64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| if entry.path().is_dir() { megabytes(&entry.path()) } else { blocks(&entry.path()) }).sum()
}

/// What a file takes of the disk.
fn blocks(file: &Path) -> f64 {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(file).map_or(0.0, |about| about.blocks() as f64 * 512.0 / 1e6)
}
