//! What an environment may take of the machine: memory, and a share of the CPU that grows with it. Where the machine has a writable cgroup v2
//! the kernel holds it; elsewhere memory is looked at now and then, and niceness stands for the share.

use super::workdir;
use kit::Clock;
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// Memory that gives a whole CPU on AWS, MB.
const WHOLE_CPU_MB: i32 = 1769;
/// First and longest time between two looks at a running function's memory, real.
const FIRST_LOOK: Duration = Duration::from_millis(10);
const LAST_LOOK: Duration = Duration::from_millis(100);
/// Niceness of the smallest function; kept small, so that tests on a busy machine don't starve.
const MOST_NICE: i32 = 5;

/// A cgroup of one environment; removed when dropped, after its processes.
#[derive(Debug)]
pub(crate) struct Cgroup {
    path: PathBuf,
}

impl Cgroup {
    /// Makes one with these limits; `None` where the machine doesn't let us.
    pub fn new(memory_mb: i32) -> Option<Cgroup> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let path = base()?.join(NEXT.fetch_add(1, Ordering::Relaxed).to_string());
        fs::create_dir(&path).ok()?;
        let group = Cgroup { path };
        group.limit(memory_mb).ok().map(|()| group)
    }

    fn limit(&self, memory_mb: i32) -> io::Result<()> {
        fs::write(self.path.join("memory.max"), (memory_mb as u64 * 1024 * 1024).to_string())?;
        // All or none: a runtime that lost one of its processes is of no use.
        fs::write(self.path.join("memory.oom.group"), "1")?;
        let _ = fs::write(self.path.join("memory.swap.max"), "0");
        let _ = fs::write(self.path.join("cpu.weight"), (memory_mb * 100 / WHOLE_CPU_MB).clamp(1, 10_000).to_string());
        Ok(())
    }

    /// The file that a process writes `0` into to join.
    pub fn door(&self) -> PathBuf {
        self.path.join("cgroup.procs")
    }

    /// The most memory ever held, bytes.
    pub fn peak_bytes(&self) -> Option<u64> {
        fs::read_to_string(self.path.join("memory.peak")).ok()?.trim().parse().ok()
    }

    /// Whether the kernel ended it for its memory.
    pub fn was_killed(&self) -> bool {
        let events = fs::read_to_string(self.path.join("memory.events")).unwrap_or_default();
        events.lines().any(|line| line.strip_prefix("oom_kill ").is_some_and(|n| n.trim() != "0"))
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        // Refused while a process of it is not gone yet; the janitor tries once more.
        if fs::remove_dir(&self.path).is_err() {
            workdir::remove_group(std::mem::take(&mut self.path));
        }
    }
}

/// The folder under which environments get theirs: below our own cgroup, with memory and cpu handed down.
fn base() -> Option<&'static Path> {
    static BASE: OnceLock<Option<PathBuf>> = OnceLock::new();
    BASE.get_or_init(|| {
        let own = fs::read_to_string("/proc/self/cgroup").ok()?;
        let own = own.lines().find_map(|line| line.strip_prefix("0::/"))?.to_owned();
        let parent = Path::new("/sys/fs/cgroup").join(own);
        let has = |path: &Path, file: &str| fs::read_to_string(path.join(file)).is_ok_and(|t| t.split_whitespace().any(|c| c == "memory"));
        if !has(&parent, "cgroup.controllers") {
            return None;
        }
        // Refused where our own processes sit in it, unless it is the root.
        let _ = fs::write(parent.join("cgroup.subtree_control"), "+memory +cpu");
        let base = parent.join(format!("windtunnel-{}", std::process::id()));
        fs::create_dir(&base).ok()?;
        let handed = fs::write(base.join("cgroup.subtree_control"), "+memory +cpu").is_ok() && has(&base, "cgroup.subtree_control");
        if !handed {
            let _ = fs::remove_dir(&base);
            return None;
        }
        Some(base)
    })
    .as_deref()
}

/// How nice an environment is to others: none with a whole CPU, [`MOST_NICE`] with the least memory.
pub(crate) fn niceness(memory_mb: i32) -> i32 {
    let missing = WHOLE_CPU_MB - memory_mb.clamp(128, WHOLE_CPU_MB);
    missing * MOST_NICE / (WHOLE_CPU_MB - 128)
}

/// Memory that a process and its descendants hold for themselves now, bytes. Pages of files don't count: the kernel may take them back, and
/// a program with its debug information maps many.
pub(crate) fn held(pid: u32) -> u64 {
    let mut total = 0;
    let mut left = vec![pid];
    // A bound for trees that grow while they are walked.
    for _ in 0..256 {
        let Some(pid) = left.pop() else { break };
        let statm = fs::read_to_string(format!("/proc/{pid}/statm")).unwrap_or_default();
        let pages: Vec<u64> = statm.split(' ').map_while(|n| n.parse().ok()).collect();
        if let [_, resident, of_files, ..] = pages[..] {
            total += resident.saturating_sub(of_files) * page_bytes();
        }
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        left.extend(children.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
    }
    total
}

fn page_bytes() -> u64 {
    // SAFETY: reads a constant of the machine.
    unsafe { libc::sysconf(libc::_SC_PAGESIZE) }.max(1) as u64
}

/// Ends when these processes together hold more than `limit_bytes`. `seen` learns the most that was held.
pub(crate) async fn exceeded(clock: &Clock, pids: &[u32], limit_bytes: u64, seen: &AtomicU64) {
    let mut wait = FIRST_LOOK;
    loop {
        clock.real_sleep(wait).await;
        let now = pids.iter().map(|pid| held(*pid)).sum();
        seen.fetch_max(now, Ordering::Relaxed);
        if now > limit_bytes {
            return;
        }
        wait = (wait * 2).min(LAST_LOOK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_gives_cpu() {
        assert_eq!((niceness(10_240), niceness(1769), niceness(128)), (0, 0, MOST_NICE));
        assert!(niceness(512) > niceness(1024));
    }

    #[test]
    fn this_process_holds_memory() {
        let now = held(std::process::id());
        assert!((1 << 16..1 << 40).contains(&now), "{now}");
    }
}
