//! A broker to be tested: in this process with a clock of its own, or in a child that can be killed.

use broker::{Broker, Durability, Options};
use kit::{ClockMode, Cloud, Timestamp};
use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
};

/// A moment to start from.
pub const START: i64 = 1_800_000_000;
const FOLDER: &str = "WINDTUNNEL_TEST_BROKER_FOLDER";

/// A broker in a cloud.
pub struct Site {
    pub cloud: Arc<Cloud>,
    pub broker: Broker,
}

impl Site {
    /// On the heap, in real time.
    pub async fn new() -> Site {
        Site::with(ClockMode::Running, |_| {}).await
    }
    /// On the heap, with a clock that stands at [`START`].
    pub async fn frozen() -> Site {
        Site::with(ClockMode::Frozen, |_| {}).await
    }
    pub async fn with(mode: ClockMode, change: impl FnOnce(&mut Options)) -> Site {
        let mut builder = Cloud::builder().mode(mode);
        if mode == ClockMode::Frozen {
            builder = builder.start_at(Timestamp::from_secs(START));
        }
        let cloud = builder.start().await.unwrap();
        let mut options = Options::new(cloud.clock().clone(), cloud.work().clone());
        change(&mut options);
        let broker = Broker::start(options).await.unwrap();
        Site { cloud, broker }
    }
    pub fn bootstrap(&self) -> String {
        self.broker.bootstrap()
    }
    /// `now` in milliseconds.
    pub fn now_ms(&self) -> i64 {
        self.cloud.clock().now().millis()
    }
    pub async fn advance(&self, secs: u64) {
        let by = std::time::Duration::from_secs(secs);
        let options = kit::AdvanceOptions { by, settle: kit::Settle::Each, budget: std::time::Duration::from_secs(60) };
        assert_eq!(self.cloud.advance(options).await.stopped_early, None);
    }
}

/// Does nothing in a test run: it is the broker that [`Victim`] starts and kills.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let dir = Some(PathBuf::from(folder)).filter(|dir| !dir.as_os_str().is_empty());
    let site = Site::with(ClockMode::Running, |options| options.dir = dir.map(|dir| (dir, Durability::Process))).await;
    std::io::stdout().write_all(format!("\nlistens {}\n", site.bootstrap()).as_bytes()).unwrap();
    std::io::stdout().flush().unwrap();
    std::future::pending::<()>().await;
}

/// A broker in a process of its own.
pub struct Victim {
    child: Child,
    pub bootstrap: String,
}

impl Victim {
    /// Over a folder.
    pub fn start(folder: &Path) -> Victim {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "site::server", "--nocapture", "--test-threads=1"]).env(FOLDER, folder).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let bootstrap = lines.find_map(|line| line.unwrap().strip_prefix("listens ").map(str::to_owned)).expect("it listens");
        Victim { child, bootstrap }
    }
    /// Kills it with signal 9.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
