//! Events that were accepted run at least once, though the emulator be killed with signal 9 while they wait.
//!
//! Two hundred events; `WINDTUNNEL_TEST_EVENTS=10000` for the figure.

use crate::desk::{Desk, Notes, base64};
use kit::{
    ClockMode,
    store::{Durability, Store},
};
use serde_json::json;
use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

const FOLDER: &str = "WINDTUNNEL_TEST_LAMBDA_CRASH_FOLDER";
const EVENTS: &str = "WINDTUNNEL_TEST_EVENTS";

fn events() -> usize {
    std::env::var(EVENTS).ok().and_then(|n| n.parse().ok()).unwrap_or(200)
}

async fn desk(folder: &Path) -> Desk {
    let store = Store::durable(&folder.join("state"), Durability::Process).unwrap();
    Desk::stored(ClockMode::Running, store).await
}

/// Does nothing in a test run: it is the emulator that the next test starts and kills.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn emulator() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let desk = desk(Path::new(&folder)).await;
    let ran = Path::new(&folder).join("notes");
    desk.function("f", json!({ "Timeout": 60, "Environment": { "Variables": { "NOTE": ran } } })).await;
    for n in 0..events() {
        let payload = base64(json!({ "event": format!("number {n}") }).to_string().as_bytes());
        desk.ok("Invoke", json!({ "FunctionName": "f", "InvocationType": "Event", "Payload": payload })).await;
        writeln!(std::io::stdout(), "\naccepted {n}").unwrap();
    }
    writeln!(std::io::stdout(), "\nall accepted").unwrap();
    std::future::pending::<()>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accepted_events_survive_kill_9() {
    let folder = crate::desk::shared_folder();
    let notes = Notes::new(folder.path());
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "crash::emulator", "--nocapture", "--test-threads=1"]).env(FOLDER, folder.path()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // Killed with half of them accepted, some of them run, and others on their way.
    let accepted = lines.map_while(Result::ok).filter_map(|line| line.strip_prefix("accepted ")?.parse::<usize>().ok());
    let accepted: BTreeSet<usize> = accepted.take(events() / 2).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(accepted.len(), events() / 2, "the emulator accepts events");

    let desk = desk(folder.path()).await;
    desk.cloud.settle(Duration::from_secs(600)).await.unwrap();
    // Where this machine has more to do than it can, a first attempt may fail: it is tried again a minute later, and two after that.
    desk.advance(200).await;
    let text = notes.text();
    let number = |line: &str| line.strip_prefix("{\"event\":\"number ")?.strip_suffix("\"}")?.parse::<usize>().ok();
    let ran: BTreeSet<usize> = text.lines().filter_map(number).collect();
    let lost: Vec<&usize> = accepted.difference(&ran).collect();
    assert!(lost.is_empty(), "accepted and never run: {lost:?}");
}
