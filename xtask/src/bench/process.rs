//! A server of our own: started, watched through /proc, and ended with everything it started.

use super::http::Client;
use crate::Result;
use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The kernel counts the CPU time of processes in hundredths of a second, on every Linux there is.
const TICKS_PER_SECOND: f64 = 100.0;
const PATIENCE: Duration = Duration::from_secs(60);

/// A running server.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub port: u16,
    /// From exec to the first answered ListBuckets.
    pub ready: Duration,
    /// What it says to people; shown when it doesn't start.
    log: PathBuf,
}

/// CPU time so far, in seconds.
#[derive(Clone, Copy)]
pub struct Cpu {
    /// Of the server itself.
    pub server: f64,
    /// Of everything it started: its functions.
    pub functions: f64,
}

impl Cpu {
    /// The time since an earlier reading.
    pub fn since(self, earlier: Cpu) -> Cpu {
        Cpu { server: self.server - earlier.server, functions: self.functions - earlier.functions }
    }
    /// Both.
    pub fn all(self) -> f64 {
        self.server + self.functions
    }
}

impl Server {
    /// Starts a program with `up --no-stack --port N` and waits until it answers a signed ListBuckets.
    pub fn start(program: &Path) -> Result<Server> {
        let port = free_port()?;
        let mut command = Command::new(program);
        command.args(["up", "--no-stack", "--port", &port.to_string()]);
        Server::start_command(command, port, |client| client.list_buckets().is_ok())
    }

    /// Starts any program and waits until `answers` is content with a connection to the port.
    pub fn start_command(command: Command, port: u16, answers: impl Fn(&mut Client) -> bool) -> Result<Server> {
        Server::start_within(command, port, answers, PATIENCE)
    }

    /// As [`Server::start_command`], for those that take their time.
    pub fn start_within(mut command: Command, port: u16, answers: impl Fn(&mut Client) -> bool, patience: Duration) -> Result<Server> {
        let program = command.get_program().to_string_lossy().into_owned();
        let log = std::env::temp_dir().join(format!("windtunnel-bench-{port}.log"));
        let said = File::create(&log).map_err(|error| format!("{}: {error}", log.display()))?;
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(said);
        let started = Instant::now();
        let child = command.spawn().map_err(|error| format!("{program} could not be started: {error}"))?;
        let mut server = Server { child, port, ready: Duration::ZERO, log };
        match server.wait_until_ready(started, answers, patience) {
            Ok(()) => Ok(server),
            Err(sentence) => Err(format!("{sentence}\n{}", std::fs::read_to_string(&server.log).unwrap_or_default())),
        }
    }

    fn wait_until_ready(&mut self, started: Instant, answers: impl Fn(&mut Client) -> bool, patience: Duration) -> Result<()> {
        loop {
            if Client::connect(self.port).is_ok_and(|mut client| answers(&mut client)) {
                self.ready = started.elapsed();
                return Ok(());
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(format!("the server ended with {status} before it answered."));
            }
            if started.elapsed() > patience {
                return Err(format!("the server did not answer within {} s.", patience.as_secs()));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Resident memory in MB.
    pub fn resident_mb(&self) -> Result<f64> {
        self.status_mb("VmRSS:")
    }

    /// The most that was ever resident, in MB.
    pub fn peak_mb(&self) -> Result<f64> {
        self.status_mb("VmHWM:")
    }

    fn status_mb(&self, name: &str) -> Result<f64> {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).map_err(|error| format!("/proc: {error}"))?;
        let kb = text.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_suffix("kB")?.trim().parse::<f64>().ok());
        kb.map(|kb| kb / 1024.0).ok_or_else(|| format!("/proc tells no {name}"))
    }

    /// CPU time of the server and of what it started, dead or alive.
    pub fn cpu(&self) -> Result<Cpu> {
        let stats: Vec<Stat> = std::fs::read_dir("/proc")
            .map_err(|error| format!("/proc: {error}"))?
            .flatten()
            .filter_map(|entry| Stat::read(&entry.path()))
            .collect();
        let own = self.child.id();
        let server = stats.iter().find(|stat| stat.pid == own).ok_or("the server is gone.")?;
        let mut functions = server.reaped;
        let mut family = vec![own];
        while let Some(parent) = family.pop() {
            for stat in stats.iter().filter(|stat| stat.parent == parent) {
                functions += stat.own + stat.reaped;
                family.push(stat.pid);
            }
        }
        Ok(Cpu { server: server.own, functions })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(&self.log);
    }
}

/// A port that nobody listens on.
pub fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    listener.map(|address| address.port()).map_err(|error| format!("no free port: {error}"))
}

/// A line of /proc/PID/stat; times in seconds.
struct Stat {
    pid: u32,
    parent: u32,
    own: f64,
    reaped: f64,
}

impl Stat {
    fn read(folder: &Path) -> Option<Stat> {
        Stat::parse(&std::fs::read_to_string(folder.join("stat")).ok()?)
    }

    /// The name of the program stands in brackets and may hold anything, so fields are counted from the last bracket.
    fn parse(text: &str) -> Option<Stat> {
        let pid = text.split(' ').next()?.parse().ok()?;
        let fields: Vec<&str> = text[text.rfind(')')? + 2..].split(' ').collect();
        let seconds = |at: usize| fields.get(at)?.parse::<f64>().ok().map(|ticks| ticks / TICKS_PER_SECOND);
        Some(Stat { pid, parent: fields.get(1)?.parse().ok()?, own: seconds(11)? + seconds(12)?, reaped: seconds(13)? + seconds(14)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_behind_any_name() {
        let stat = Stat::parse("7 (a) b) S 3 7 7 0 -1 4194560 1 2 3 4 150 50 30 20 20 0 1 0 5 6 7").unwrap();
        assert_eq!((stat.pid, stat.parent, stat.own, stat.reaped), (7, 3, 2.0, 0.5));
    }
}
