//! kill -9 of broker, consumer and emulator at random points: every acknowledged message reaches the function at least once, and no offset passes
//! a record that wasn't accepted.
//!
//! Twenty rounds with 2,000 messages, with 100,000 in CI; `WINDTUNNEL_TEST_CRASH_ROUNDS=100 WINDTUNNEL_TEST_CRASH_RECORDS=100000` for the figure.

use crate::{
    runner::{Runner, Setup},
    stand::{Everybody, LONGEST, TOPIC, call, committed, function, producer, values},
};
use futures_util::{StreamExt, stream::FuturesUnordered};
use kit::{
    Cloud,
    store::{Durability, Store},
};
use lambda::in_process::{HandlerError, Invocation};
use rdkafka::producer::FutureRecord;
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    fs::OpenOptions,
    hash::{BuildHasher, RandomState},
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

const ROLE: &str = "WINDTUNNEL_TEST_CONSUMER_ROLE";
const FOLDER: &str = "WINDTUNNEL_TEST_CONSUMER_FOLDER";
const PORT: &str = "WINDTUNNEL_TEST_CONSUMER_PORT";
const ROUNDS: &str = "WINDTUNNEL_TEST_CRASH_ROUNDS";
const RECORDS: &str = "WINDTUNNEL_TEST_CRASH_RECORDS";
const PARTITIONS: i32 = 4;

fn number(variable: &str, otherwise: usize) -> usize {
    std::env::var(variable).ok().and_then(|n| n.parse().ok()).unwrap_or(otherwise)
}

/// Does nothing in a test run: it is the broker or the emulator that the test below starts and kills.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let folder = PathBuf::from(std::env::var(FOLDER).unwrap());
    let address = SocketAddr::from(([127, 0, 0, 1], number(PORT, 0) as u16));
    if role == "broker" {
        let cloud = Cloud::builder().start().await.unwrap();
        let mut options = broker::Options::new(cloud.clock().clone(), cloud.work().clone());
        options.dir = Some((folder.join("broker"), Durability::Process));
        options.listeners = vec![broker::Listener::plaintext(address)];
        options.defaults.partitions = PARTITIONS;
        let _broker = broker::Broker::start(options).await.unwrap();
        listens().await;
    }
    let store = Store::durable(&folder.join("state"), Durability::Process).unwrap();
    let lambda = lambda::Lambda::new();
    let ran = folder.join("ran");
    lambda.register("f", move |event: Value, _: Invocation| std::future::ready(noted(&ran, &event))).unwrap();
    let cloud = Cloud::builder().store(store).service(Arc::new(lambda)).start().await.unwrap();
    fakes::Told::by("lambda.amazonaws.com").offer(cloud.ports());
    cloud.set_decider(Arc::new(Everybody));
    let listed = call(&cloud, "ListFunctions", json!({})).await;
    if listed["Functions"].as_array().is_none_or(Vec::is_empty) {
        function(&cloud, "f").await;
    }
    let _server = gateway::Gateway::bind(address).await.unwrap().serve(cloud.clone(), None);
    listens().await;
}

async fn listens() -> ! {
    std::io::stdout().write_all(b"\nlistens\n").unwrap();
    std::io::stdout().flush().unwrap();
    std::future::pending::<()>().await;
    unreachable!()
}

/// One write for an event: what was killed half-way wrote nothing.
fn noted(ran: &Path, event: &Value) -> Result<Value, HandlerError> {
    let lines: String = values(event).iter().map(|value| format!("{value}\n")).collect();
    OpenOptions::new().append(true).create(true).open(ran)?.write_all(lines.as_bytes())?;
    Ok(Value::Null)
}

/// A process of this test binary, in a role, on a port that stays the same.
struct Victim {
    child: Child,
    role: &'static str,
    port: u16,
}

impl Victim {
    fn new(role: &'static str, folder: &Path) -> Victim {
        let port = port_to_keep();
        Victim { child: spawn(role, folder, port), role, port }
    }
    fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
    fn kill_and_start(&mut self, folder: &Path) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.child = spawn(self.role, folder, self.port);
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(role: &str, folder: &Path, port: u16) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "crash::server", "--nocapture", "--test-threads=1"]).stdout(Stdio::piped());
    let mut child = command.env(ROLE, role).env(FOLDER, folder).env(PORT, port.to_string()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.find(|line| line.as_ref().is_ok_and(|line| line == "listens")).unwrap_or_else(|| panic!("the {role} doesn't start")).unwrap();
    // The pipe stays open behind us, or the child would die of its own last words.
    std::thread::spawn(move || lines.for_each(drop));
    child
}

/// A free port below those that the system gives to outgoing connections (Linux: from 32768): while its holder is dead nobody takes it by chance.
fn port_to_keep() -> u16 {
    let random = RandomState::new();
    let ports = (0u64..).map(|n| 20_000 + (random.hash_one(n) % 12_000) as u16);
    ports.take(1_000).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).expect("a free port")
}

/// The three of them.
struct World {
    folder: tempfile::TempDir,
    broker: Victim,
    emulator: Victim,
    consumer: Option<Runner>,
}

impl World {
    fn new() -> World {
        let folder = tempfile::tempdir().unwrap();
        let (broker, emulator) = (Victim::new("broker", folder.path()), Victim::new("emulator", folder.path()));
        let mut world = World { folder, broker, emulator, consumer: None };
        world.consume();
        world
    }
    /// A static member: its successor takes its place at once.
    fn consume(&mut self) {
        let bootstrap = self.broker.address();
        let setup = Setup {
            bootstrap: &bootstrap,
            kafka: "",
            options: "\"group.instance.id\" = \"one\"\n",
            route: "batch = { records = 20, wait_ms = 10 }\ntimeout_ms = 3000\n",
            tables: "[limits]\nin_flight_per_partition = 4\ncommit_interval_ms = 20\n",
        };
        self.consumer = Some(Runner::before(self.folder.path(), &setup, &format!("http://{}", self.emulator.address())));
    }
    fn strike(&mut self, whom: u64) {
        match whom % 3 {
            0 => self.broker.kill_and_start(self.folder.path()),
            1 => self.emulator.kill_and_start(self.folder.path()),
            _ => {
                self.consumer.take().expect("it runs").kill();
                self.consume();
            }
        }
    }
    /// All that the function saw; a value may stand there several times.
    fn ran(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.folder.path().join("ran")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn nothing_acknowledged_is_lost_whoever_is_killed() {
    let (rounds, records) = (number(ROUNDS, 20), number(RECORDS, if crate::in_ci() { 100_000 } else { 2000 }));
    let mut world = World::new();
    let producer = producer(&world.broker.address());
    let mut acknowledged = BTreeSet::new();
    for round in 0..rounds {
        let values: Vec<String> = (0..records / rounds).map(|n| format!("\"r-{round}-{n}\"")).collect();
        let mut sent: FuturesUnordered<_> = values.iter().map(|value| written(&producer, value)).collect();
        let dice = RandomState::new().hash_one(round);
        // Somewhere in the round, while most of it is under way; each of the three at least every third time.
        let strike_at = (dice >> 32) as usize % values.len();
        let mut count = 0;
        while let Some(value) = sent.next().await {
            acknowledged.extend(value);
            if count == strike_at {
                tokio::task::block_in_place(|| world.strike(round as u64 + dice % 2));
            }
            count += 1;
        }
    }
    assert!(acknowledged.len() * 10 > records * 9, "the producer had most of them acknowledged: {} of {records}", acknowledged.len());
    let ran = until_all(&world, &acknowledged).await;
    let distinct = ran.iter().collect::<BTreeSet<_>>().len();
    println!("{rounds} rounds, {} acknowledged, {} runs twice or more", acknowledged.len(), ran.len() - distinct);
    assert_eq!(world.consumer.take().unwrap().stop().code(), Some(0));
    let committed: i64 = committed(&world.broker.address(), PARTITIONS).into_iter().flatten().sum();
    assert_eq!(committed, distinct as i64, "what is committed was run, and what was run is committed");
}

/// Sends until it is acknowledged or given up; answers what is acknowledged.
async fn written(producer: &rdkafka::producer::FutureProducer, value: &str) -> Option<String> {
    let record = FutureRecord::<str, str>::to(TOPIC).key(value).payload(value);
    producer.send(record, LONGEST).await.ok().map(|_| value.to_owned())
}

/// What ran, once all that was acknowledged has.
async fn until_all(world: &World, acknowledged: &BTreeSet<String>) -> Vec<String> {
    let end = Instant::now() + LONGEST * 2;
    loop {
        let ran = world.ran();
        let lost = acknowledged.len() - acknowledged.intersection(&ran.iter().cloned().collect()).count();
        if lost == 0 {
            return ran;
        }
        assert!(Instant::now() < end, "{lost} of {} acknowledged messages never reached the function", acknowledged.len());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
