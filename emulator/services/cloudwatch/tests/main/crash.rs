//! A process that puts metrics over a data directory is killed with signal 9: what was answered is there, and at most one more.
//!
//! Five rounds; `WINDTUNNEL_TEST_CRASH_ROUNDS=100` for more.

use crate::desk::Desk;
use kit::{
    Cloud,
    store::{Durability, Store},
};
use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
};

const FOLDER: &str = "WINDTUNNEL_TEST_CLOUDWATCH_CRASH_FOLDER";
const ROUNDS: &str = "WINDTUNNEL_TEST_CRASH_ROUNDS";

async fn desk(folder: &Path) -> Desk {
    Desk::over(Cloud::builder().store(Store::durable(folder, Durability::Process).unwrap())).await
}

/// Does nothing in a test run: it is what [`metrics_survive_kill_9`] starts and kills.
#[tokio::test]
async fn putter() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let desk = desk(Path::new(&folder)).await;
    loop {
        desk.put("Count", 1.0).await;
        std::io::stdout().write_all(b"\nput\n").unwrap();
        std::io::stdout().flush().unwrap();
    }
}

#[tokio::test]
async fn metrics_survive_kill_9() {
    let rounds: usize = std::env::var(ROUNDS).ok().and_then(|n| n.parse().ok()).unwrap_or(5);
    let folder = tempfile::tempdir().unwrap();
    let (mut least, mut most) = (0, 0);
    for round in 0..rounds {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "crash::putter", "--nocapture", "--test-threads=1"]).env(FOLDER, folder.path()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let put = |line: &std::io::Result<String>| line.as_ref().is_ok_and(|line| line == "put");
        let enough = 10 + (round * 37) % 60;
        let mut told = lines.by_ref().filter(put).take(enough).count();
        child.kill().unwrap();
        child.wait().unwrap();
        // What it had told before it died.
        told += lines.map_while(Result::ok).filter(|line| line == "put").count();
        least += told;
        most += told + 1;
        let desk = desk(folder.path()).await;
        let sum: f64 = desk.values("Count", "Sum", 60, 600).await.iter().sum();
        assert!((least as f64..=most as f64).contains(&sum), "{sum} of {least} to {most}");
        desk.cloud.stop().await;
        // What one death left open is known now.
        (least, most) = (sum as usize, sum as usize);
    }
}
