//! A server over a data directory is killed with signal 9 while messages are sent, received and deleted: what was answered as sent and not
//! deleted comes, what was answered as deleted does not, and nothing comes that nobody sent. A FIFO queue keeps its order over it.
//!
//! Five rounds; `WINDTUNNEL_TEST_CRASH_ROUNDS=100` for more.

use crate::{
    desk::START,
    http::{self, Answer},
};
use kit::{
    ClockMode, Cloud, Timestamp,
    store::{Durability, Store},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Write},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
};

const FOLDER: &str = "WINDTUNNEL_TEST_SQS_CRASH_FOLDER";
const SECONDS: &str = "WINDTUNNEL_TEST_SQS_CRASH_SECONDS";
const ROUNDS: &str = "WINDTUNNEL_TEST_CRASH_ROUNDS";

/// Does nothing in a test run: it is the server that [`queues_survive_kill_9`] starts and kills.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let store = Store::durable(Path::new(&folder), Durability::Process).unwrap();
    let later: i64 = std::env::var(SECONDS).unwrap().parse().unwrap();
    let builder = Cloud::builder().start_at(Timestamp::from_secs(START + later)).mode(ClockMode::Frozen).store(store);
    let cloud = builder.service(Arc::new(sqs::Sqs::new())).start().await.unwrap();
    let gateway = gateway::Gateway::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let server = gateway.serve(cloud, None);
    std::io::stdout().write_all(format!("\nlistens {}\n", server.address()).as_bytes()).unwrap();
    std::io::stdout().flush().unwrap();
    std::future::pending::<()>().await;
}

/// A server in a process of its own.
struct Victim {
    child: Child,
    address: SocketAddr,
}

impl Victim {
    /// Starts with its clock so many seconds later: what was in flight when the one before died is visible again.
    fn start(folder: &Path, later: u32) -> Victim {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "crash::server", "--nocapture", "--test-threads=1"])
            .env(FOLDER, folder)
            .env(SECONDS, later.to_string())
            .stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines.find_map(|line| line.unwrap().strip_prefix("listens ").map(|address| address.parse().unwrap()));
        Victim { child, address: address.expect("the server tells where it listens") }
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One queue with its sender, who also receives and deletes.
#[derive(Clone)]
struct Worker {
    queue: &'static str,
    next: u32,
    /// Sent or begun to be sent.
    maybe: BTreeSet<u32>,
    /// Sent for sure and not deleted.
    there: BTreeSet<u32>,
    /// Deleted for sure.
    gone: BTreeSet<u32>,
}

async fn call(to: SocketAddr, operation: &str, input: Value) -> Option<Value> {
    let Answer { status, body, .. } = http::json(to, "/", operation, &input).await?;
    assert_eq!(status, 200, "{operation}: {body}");
    Some(if body.is_empty() { Value::Null } else { serde_json::from_str(&body).unwrap() })
}

/// Sends three, takes one, and so on until the server is gone.
async fn work(to: SocketAddr, mut worker: Worker) -> Worker {
    loop {
        if step(to, &mut worker).await.is_none() {
            return worker;
        }
    }
}

async fn step(to: SocketAddr, worker: &mut Worker) -> Option<()> {
    let fifo = worker.queue.ends_with(".fifo");
    for _ in 0..3 {
        let n = worker.next;
        worker.next += 1;
        worker.maybe.insert(n);
        let mut input = json!({ "QueueUrl": worker.queue, "MessageBody": format!("{n} {}", "x".repeat(n as usize % 3000)) });
        if fifo {
            input["MessageGroupId"] = "g".into();
            input["MessageDeduplicationId"] = n.to_string().into();
        }
        call(to, "SendMessage", input).await?;
        worker.there.insert(n);
    }
    let got = call(to, "ReceiveMessage", json!({ "QueueUrl": worker.queue, "MaxNumberOfMessages": 1, "VisibilityTimeout": 1 })).await?;
    for message in got["Messages"].as_array().into_iter().flatten() {
        let n = number(message);
        // From here on the message may be gone: it is neither surely there nor surely deleted until that is answered.
        let was_there = worker.there.remove(&n);
        call(to, "DeleteMessage", json!({ "QueueUrl": worker.queue, "ReceiptHandle": message["ReceiptHandle"] })).await?;
        assert!(was_there || worker.maybe.contains(&n), "{n} was never sent");
        worker.gone.insert(n);
    }
    Some(())
}

fn number(message: &Value) -> u32 {
    let body = message["Body"].as_str().unwrap();
    let (number, rest) = body.split_once(' ').unwrap();
    let number: u32 = number.parse().unwrap();
    assert_eq!(rest.len(), number as usize % 3000, "the whole body");
    number
}

/// Receives and deletes all there is.
async fn drain(to: SocketAddr, worker: &mut Worker) {
    let counts = call(to, "GetQueueAttributes", json!({ "QueueUrl": worker.queue, "AttributeNames": ["All"] })).await.unwrap();
    let of = |kind: &str| counts["Attributes"][format!("ApproximateNumberOfMessages{kind}")].as_str().unwrap().parse::<usize>().unwrap();
    let (visible, in_flight) = (of(""), of("NotVisible"));
    let mut found = Vec::new();
    loop {
        let got = call(to, "ReceiveMessage", json!({ "QueueUrl": worker.queue, "MaxNumberOfMessages": 10 })).await.unwrap();
        let Some(messages) = got["Messages"].as_array().cloned() else { break };
        for message in &messages {
            found.push(number(message));
            call(to, "DeleteMessage", json!({ "QueueUrl": worker.queue, "ReceiptHandle": message["ReceiptHandle"] })).await.unwrap();
        }
    }
    assert_eq!((found.len(), in_flight), (visible, 0), "{}: what is counted comes", worker.queue);
    let lost: Vec<_> = worker.there.iter().filter(|n| !found.contains(n)).collect();
    assert!(lost.is_empty(), "{}: lost {lost:?}", worker.queue);
    let mut seen = BTreeSet::new();
    for n in &found {
        assert!(seen.insert(n), "{}: {n} came twice", worker.queue);
        assert!(worker.maybe.contains(n) && !worker.gone.contains(n), "{}: {n} was never sent, or was deleted", worker.queue);
    }
    if worker.queue.ends_with(".fifo") {
        assert!(found.is_sorted(), "{found:?}");
    }
    call(to, "DeleteQueue", json!({ "QueueUrl": worker.queue })).await.unwrap();
    *worker = make(to, worker.queue, worker.next).await;
}

async fn make(to: SocketAddr, queue: &'static str, next: u32) -> Worker {
    let attributes = if queue.ends_with(".fifo") { json!({ "FifoQueue": "true" }) } else { json!({}) };
    call(to, "CreateQueue", json!({ "QueueName": queue, "Attributes": attributes })).await.unwrap();
    Worker { queue, next, maybe: BTreeSet::new(), there: BTreeSet::new(), gone: BTreeSet::new() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queues_survive_kill_9() {
    let rounds: u32 = std::env::var(ROUNDS).ok().and_then(|n| n.parse().ok()).unwrap_or(5);
    let folder = tempfile::tempdir().unwrap();
    let mut victim = Victim::start(folder.path(), 0);
    let mut workers = Vec::new();
    for queue in ["one", "two", "three.fifo"] {
        workers.push(make(victim.address, queue, 0).await);
    }
    let mut steps = 0;
    for round in 0..rounds {
        let address = victim.address;
        let working: Vec<_> = workers.drain(..).map(|worker| tokio::spawn(work(address, worker))).collect();
        // The moment of death is told by another client's requests: some dozens after the workers began, another number each round.
        for _ in 0..20 + (round * 37 + 11) % 90 {
            call(address, "ListQueues", json!({})).await.unwrap();
        }
        victim.child.kill().unwrap();
        victim.child.wait().unwrap();
        for worker in working {
            workers.push(worker.await.unwrap());
        }
        victim = Victim::start(folder.path(), 2 * (round + 1));
        for worker in &mut workers {
            steps += worker.next;
            drain(victim.address, worker).await;
        }
    }
    eprintln!("{rounds} rounds, {steps} messages in all");
}
