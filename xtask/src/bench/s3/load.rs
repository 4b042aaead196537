//! One cell: wrk loads one server with one method and one size, and the kernel tells what it cost the server.

use super::super::http::Client;
use super::super::process::Server;
use super::peers::Peer;
use crate::Result;
use std::path::Path;
use std::process::Command;

/// What to do.
pub struct Job {
    /// `PUT` or `GET`.
    pub method: &'static str,
    /// Bytes of an object.
    pub size: usize,
    /// How long.
    pub seconds: u32,
    /// How many at a time.
    pub connections: u32,
}

/// What came out.
pub struct Cell {
    /// The server.
    pub server: &'static str,
    /// The method.
    pub method: &'static str,
    /// Bytes of an object.
    pub size: usize,
    /// Requests a second.
    pub rate: f64,
    /// Bodies, in millions of bytes a second.
    pub mb_s: f64,
    /// Half of the requests took at most so many ms.
    pub p50_ms: f64,
    /// 99 of 100 requests took at most so many ms.
    pub p99_ms: f64,
    /// CPU of the server for a request, µs.
    pub cpu_us: f64,
    /// Resident memory of the server afterwards.
    pub resident_mb: f64,
    /// Answers that were not a success.
    pub refused: u64,
}

impl Cell {
    /// For the terminal.
    pub fn line(&self) -> String {
        format!(
            "{:>17} {} {:>6} KiB: {:>8.0}/s {:>6.0} MB/s p50 {:>7.2} p99 {:>7.2} ms, {:>7.0} us CPU, {:>5.0} MB{}",
            self.server,
            self.method,
            self.size >> 10,
            self.rate,
            self.mb_s,
            self.p50_ms,
            self.p99_ms,
            self.cpu_us,
            self.resident_mb,
            if self.refused > 0 { format!(", {} REFUSED", self.refused) } else { String::new() }
        )
    }
}

/// How many objects are written and read in turn: many small ones, few large ones, since wrk holds its requests in memory.
fn objects(size: usize) -> usize {
    (64 << 20 >> size.ilog2()).clamp(4, 1000)
}

/// Runs one cell.
pub fn run(peer: &Peer, job: &Job, folder: &Path) -> Result<Cell> {
    let keys: Vec<String> = (0..objects(job.size)).map(|n| format!("o{}-{n}", job.size)).collect();
    if job.method == "GET" {
        fill(peer, job.size, &keys)?;
    }
    let targets: Vec<String> = keys.iter().map(|key| peer.object(job.method, key)).collect();
    requests(peer.kind.name(), &peer.server, job, &targets, folder)
}

/// Loads a server with requests in turn.
pub fn requests(name: &'static str, server: &Server, job: &Job, targets: &[String], folder: &Path) -> Result<Cell> {
    std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let (list, script) = (folder.join("targets"), folder.join("wrk.lua"));
    let said = |error: std::io::Error| format!("{}: {error}", folder.display());
    std::fs::write(&list, targets.join("\n")).map_err(said)?;
    std::fs::write(&script, SCRIPT).map_err(said)?;
    let before = server.cpu()?;
    let output = Command::new("wrk")
        .args(["-t1", "--timeout", "30s", "-c", &job.connections.to_string(), "-d", &format!("{}s", job.seconds), "-s"])
        .arg(&script)
        .arg(format!("http://127.0.0.1:{}", server.port))
        .env("BENCH_TARGETS", &list)
        .env("BENCH_METHOD", job.method)
        .env("BENCH_SIZE", if job.method == "PUT" { job.size.to_string() } else { "0".into() })
        .output()
        .map_err(|error| format!("wrk: {error}"))?;
    let cpu = server.cpu()?.since(before).all();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let numbers: Vec<f64> =
        text.lines().find_map(|line| line.strip_prefix("FIGURES ")).unwrap_or_default().split(' ').filter_map(|n| n.parse().ok()).collect();
    let [requests, us, p50, p99, refused] = numbers[..] else {
        return Err(format!("wrk told no figures: {text}{}", String::from_utf8_lossy(&output.stderr)));
    };
    let done = (requests - refused).max(0.0);
    let seconds = us / 1e6;
    Ok(Cell {
        server: name,
        method: job.method,
        size: job.size,
        rate: requests / seconds,
        mb_s: done * job.size as f64 / seconds / 1e6,
        p50_ms: p50 / 1000.0,
        p99_ms: p99 / 1000.0,
        cpu_us: cpu * 1e6 / requests.max(1.0),
        resident_mb: server.resident_mb()?,
        refused: refused as u64,
    })
}

/// Writes the objects that are to be read.
fn fill(peer: &Peer, size: usize, keys: &[String]) -> Result<()> {
    let port = peer.server.port;
    let body = vec![b'x'; size];
    let mut client = Client::connect(port)?;
    for key in keys {
        let target = peer.object("PUT", key);
        let head = format!("PUT {target} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-length: {size}\r\n\r\n");
        let answer = client.send(&[head.as_bytes(), &body].concat())?;
        if !(200..300).contains(&answer.status) {
            return Err(format!("{}: PUT {target}: {} {}", peer.kind.name(), answer.status, String::from_utf8_lossy(&answer.body)));
        }
    }
    Ok(())
}

/// Requests in turn, made before the clock starts; the figures on one line at the end.
const SCRIPT: &str = r#"
local requests, at = {}, 0
function init(args)
  local method, size = os.getenv("BENCH_METHOD"), tonumber(os.getenv("BENCH_SIZE"))
  local body = nil
  if size > 0 then body = string.rep("x", size) end
  for target in io.lines(os.getenv("BENCH_TARGETS")) do
    requests[#requests + 1] = wrk.format(method, target, nil, body)
  end
end
function request()
  at = at % #requests + 1
  return requests[at]
end
function done(summary, latency)
  local e = summary.errors
  local refused = e.status + e.connect + e.read + e.write + e.timeout
  print(string.format("FIGURES %d %d %d %d %d", summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), refused))
end
"#;
