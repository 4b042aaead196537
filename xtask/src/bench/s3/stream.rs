//! One very large object in and out: memory has to stay where it was.

use super::super::http::{Answer, Client, presigned};
use super::super::process::{Server, free_port};
use super::super::report::Row;
use crate::Result;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// Where the table stands in docs/measurements.md.
pub const HEADING: &str = "## A very large object";

/// What is written and read at a time.
const BLOCK: usize = 1 << 20;

/// Puts an object of so many gigabytes and gets it, watching the server's memory.
pub fn measure(program: &Path, gigabytes: u64, folder: &Path) -> Result<Vec<Row>> {
    let port = free_port()?;
    let mut command = Command::new(program);
    command.args(["up", "--no-stack", "--port", &port.to_string(), "--data-dir"]).arg(folder.join("stream"));
    let server = Server::start_command(command, port, |client| client.list_buckets().is_ok())?;
    let host = format!("127.0.0.1:{port}");
    let length = gigabytes * 1_000_000_000;
    let bucket = presigned("PUT", "/large", "", &host);
    Client::connect(port)?.send(format!("PUT {bucket} HTTP/1.1\r\nhost: {host}\r\ncontent-length: 0\r\n\r\n").as_bytes())?;
    let mut rows = vec![Row::new("resident before", server.resident_mb()?, None, "MB", "VmRSS of a server that has done nothing")];
    let begun = Instant::now();
    let answer = put(port, &presigned("PUT", "/large/object", "", &host), length)?;
    if answer.status != 200 {
        return Err(format!("PUT of {length} bytes: {} {}", answer.status, String::from_utf8_lossy(&answer.body)));
    }
    let rate = |begun: Instant| length as f64 / 1e6 / begun.elapsed().as_secs_f64();
    rows.push(Row::new("PUT", rate(begun), None, "MB/s", format!("{length} bytes in one request over one connection")));
    let peak = server.peak_mb()?;
    rows.push(Row::new("peak while it came in", peak, 150.0, "MB", "VmHWM"));
    let begun = Instant::now();
    let received = get(port, &presigned("GET", "/large/object", "", &host))?;
    if received != length {
        return Err(format!("GET gave {received} of {length} bytes."));
    }
    rows.push(Row::new("GET", rate(begun), None, "MB/s", "the same object, its checksum verified on the way"));
    rows.push(Row::new("peak while it went out", server.peak_mb()?, 150.0, "MB", "VmHWM"));
    Ok(rows)
}

fn put(port: u16, target: &str, length: u64) -> Result<Answer> {
    let said = |error: std::io::Error| format!("PUT: {error}");
    let mut stream = TcpStream::connect(("127.0.0.1", port)).map_err(said)?;
    write!(stream, "PUT {target} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-length: {length}\r\n\r\n").map_err(said)?;
    let block = vec![b'x'; BLOCK];
    let mut left = length;
    while left > 0 {
        let now = left.min(BLOCK as u64) as usize;
        stream.write_all(&block[..now]).map_err(said)?;
        left -= now as u64;
    }
    Client::over(stream, port).answer()
}

/// How many bytes of body came.
fn get(port: u16, target: &str) -> Result<u64> {
    let said = |error: std::io::Error| format!("GET: {error}");
    let mut stream = TcpStream::connect(("127.0.0.1", port)).map_err(said)?;
    write!(stream, "GET {target} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\n\r\n").map_err(said)?;
    let mut block = vec![0; BLOCK];
    let (mut total, mut head) = (0u64, 0u64);
    loop {
        let read = stream.read(&mut block).map_err(said)?;
        if read == 0 {
            return Ok(total - head);
        }
        if total == 0 {
            let end = block[..read].windows(4).position(|four| four == b"\r\n\r\n").ok_or("GET: no head in the first block.")?;
            head = end as u64 + 4;
        }
        total += read as u64;
    }
}
