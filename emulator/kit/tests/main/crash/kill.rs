//! The process is killed with signal 9 at any moment, again and again over the same folder.

use super::workload::{self, WRITERS};
use kit::store::*;
use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
};

const FOLDER: &str = "WINDTUNNEL_TEST_CRASH_FOLDER";
const ROUNDS: &str = "WINDTUNNEL_TEST_CRASH_ROUNDS";

fn durability(round: u64) -> Durability {
    if round.is_multiple_of(4) { Durability::Power } else { Durability::Process }
}

/// Does nothing in a test run: it is what [`acknowledged_writes_survive_kill_9`] starts and kills.
#[test]
fn writer() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let (folder, round) = folder.rsplit_once('#').unwrap();
    let store = Store::durable(Path::new(folder), durability(round.parse().unwrap())).unwrap();
    crate::store::block_on(async {
        let writers: Vec<_> = workload::progress(&store)
            .into_iter()
            .zip(0..)
            .map(|(begin, writer)| {
                let store = store.clone();
                tokio::spawn(async move {
                    for n in begin.. {
                        workload::step(&store, writer, n).await;
                        // One write per line, so that a line is there whole or not at all.
                        std::io::stdout().write_all(format!("\nstep {writer} {n}\n").as_bytes()).unwrap();
                        std::io::stdout().flush().unwrap();
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
    });
}

#[test]
fn acknowledged_writes_survive_kill_9() {
    let rounds: u64 = std::env::var(ROUNDS).ok().and_then(|n| n.parse().ok()).unwrap_or(20);
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut acknowledged = vec![0; WRITERS as usize];
    for round in 0..rounds {
        let until = 1 + (round * 37 + 11) % 90;
        for (writer, n) in run(&data, round, until as usize) {
            acknowledged[writer] = n + 1;
        }
        let store = Store::durable(&data, durability(round)).unwrap();
        crate::store::block_on(workload::check(&store, &acknowledged));
        // What was done and not told goes on from here.
        acknowledged = workload::progress(&store);
    }
    eprintln!("{rounds} rounds, {} steps", acknowledged.iter().sum::<u32>());
}

/// Starts a writer, kills it after so many acknowledgements and answers all that it gave.
fn run(data: &Path, round: u64, until: usize) -> Vec<(usize, u32)> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "crash::kill::writer", "--nocapture", "--test-threads=1"]);
    command.env(FOLDER, format!("{}#{round}", data.display())).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut told = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        let mut words = line.strip_prefix("step ").unwrap_or_default().split(' ').filter_map(|word| word.parse().ok());
        if let (Some(writer), Some(n)) = (words.next(), words.next()) {
            told.push((writer as usize, n));
        }
        if told.len() == until {
            // The rest of what it told before it died is still read.
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(told.len() >= until, "the writer ended by itself");
    told
}
