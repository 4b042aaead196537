//! A server over a data directory is killed with signal 9 in the middle of uploads, overwrites, deletes and multipart uploads: nothing that
//! was answered is lost, and nothing can be read that nobody wrote.
//!
//! Five rounds; `WINDTUNNEL_TEST_CRASH_ROUNDS=100` for more.

use crate::{
    desk::START,
    http::{Answer, Ask, try_send},
};
use kit::{
    ClockMode, Cloud, Timestamp,
    store::{Durability, Store},
};
use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Write},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
};

const FOLDER: &str = "WINDTUNNEL_TEST_S3_CRASH_FOLDER";
const ROUNDS: &str = "WINDTUNNEL_TEST_CRASH_ROUNDS";
const WRITERS: u32 = 4;
/// Keys of a writer: few, so that they are overwritten and deleted again and again.
const KEYS: u32 = 7;

/// Does nothing in a test run: it is the server that [`acknowledged_uploads_survive_kill_9`] starts and kills.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let store = Store::durable(Path::new(&folder), Durability::Process).unwrap();
    let builder = Cloud::builder().start_at(Timestamp::from_secs(START)).mode(ClockMode::Frozen).store(store);
    let cloud = builder.service(Arc::new(s3::S3::new())).start().await.unwrap();
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
    fn start(folder: &Path) -> Victim {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "crash::server", "--nocapture", "--test-threads=1"]).env(FOLDER, folder).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines.find_map(|line| line.unwrap().strip_prefix("listens ").map(|address| address.parse().unwrap()));
        Victim { child, address: address.expect("the server tells where it listens") }
    }
    async fn ask(&self, method: &str, target: &str, body: &[u8]) -> Option<Answer> {
        ask(self.address, method, target, body).await
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn ask(to: SocketAddr, method: &str, target: &str, body: &[u8]) -> Option<Answer> {
    let now = kit::time::amz_date(Timestamp::from_secs(START));
    try_send(to, Ask { method, target, headers: Vec::new(), body: body.to_vec(), key: Some(("test", "test")), region: "us-east-1" }, &now)
        .await
}

/// The body of a writer's step: empty, inlined, small, a file, a file written in several goes.
fn content(writer: u32, n: u32) -> Vec<u8> {
    let size = [0, 100, 6_000, 40_000, 700_000][(n % 5) as usize];
    (0..size).map(|i: u32| (i ^ (i >> 8) ^ n.wrapping_mul(31) ^ (writer << 6)) as u8).collect()
}

/// What a key holds: the body of a step, or nothing.
type Holds = Option<u32>;

/// What one writer knows of its keys.
#[derive(Clone, Default)]
struct Known {
    next: u32,
    /// What was answered last.
    settled: HashMap<u32, Holds>,
    /// A step that was asked for and not answered.
    open: Option<(u32, Holds)>,
}

/// Writes until the server is gone.
async fn write(address: SocketAddr, writer: u32, mut known: Known) -> Known {
    loop {
        let n = known.next;
        let (key, holds) = (n % KEYS, (n % 6 != 5).then_some(n));
        known.next += 1;
        known.open = Some((key, holds));
        let target = format!("/vault/w{writer}/k{key}");
        let done = match holds {
            None => ask(address, "DELETE", &target, b"").await.map(|answer| answer.status == 204),
            Some(n) if n % 9 == 4 => in_parts(address, &target, &content(writer, n)).await,
            Some(n) => ask(address, "PUT", &target, &content(writer, n)).await.map(|answer| answer.status == 200),
        };
        match done {
            None => return known,
            Some(done) => assert!(done, "writer {writer}, step {n} was refused"),
        }
        known.settled.insert(key, holds);
        known.open = None;
    }
}

/// Uploads a body as the only part of a multipart upload.
async fn in_parts(address: SocketAddr, target: &str, body: &[u8]) -> Option<bool> {
    let id = ask(address, "POST", &format!("{target}?uploads"), b"").await?.element("UploadId")?;
    let part = ask(address, "PUT", &format!("{target}?partNumber=1&uploadId={id}"), body).await?;
    let etag = part.header("etag")?.to_owned();
    let parts = format!("<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part></CompleteMultipartUpload>");
    let answer = ask(address, "POST", &format!("{target}?uploadId={id}"), parts.as_bytes()).await?;
    Some(answer.status == 200 && answer.element("ETag").is_some())
}

/// Every key holds what was answered last, or what was being done when the server died; whole, and under its own ETag.
async fn check(victim: &Victim, writer: u32, known: &mut Known) {
    for key in 0..KEYS {
        let answer = victim.ask("GET", &format!("/vault/w{writer}/k{key}"), b"").await.expect("a whole answer");
        let settled = known.settled.get(&key).copied().flatten();
        let open = known.open.filter(|(open, _)| *open == key).map(|(_, holds)| holds);
        let is = |holds: Holds| match holds {
            None => answer.status == 404,
            Some(n) => answer.status == 200 && answer.body == content(writer, n),
        };
        let now = [Some(settled), open].into_iter().flatten().find(|holds| is(*holds));
        let now = now.unwrap_or_else(|| {
            panic!("writer {writer}, key {key}: {} with {} bytes, settled {settled:?}, open {open:?}", answer.status, answer.body.len())
        });
        known.settled.insert(key, now);
    }
    known.open = None;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_uploads_survive_kill_9() {
    let rounds: u32 = std::env::var(ROUNDS).ok().and_then(|n| n.parse().ok()).unwrap_or(5);
    let folder = tempfile::tempdir().unwrap();
    let mut known: Vec<Known> = vec![Known::default(); WRITERS as usize];
    let mut victim = Victim::start(folder.path());
    assert_eq!(victim.ask("PUT", "/vault", b"").await.unwrap().status, 200);
    for round in 0..rounds {
        let address = victim.address;
        let writers: Vec<_> =
            (0..WRITERS).zip(known.drain(..)).map(|(writer, known)| tokio::spawn(write(address, writer, known))).collect();
        // The moment of death is told by another client's requests: some dozens after the writers began, another number each round.
        for _ in 0..20 + (round * 37 + 11) % 90 {
            victim.ask("GET", "/vault?list-type=2", b"").await.unwrap();
        }
        victim.child.kill().unwrap();
        for writer in writers {
            known.push(writer.await.unwrap());
        }
        victim = Victim::start(folder.path());
        for (writer, known) in (0..WRITERS).zip(&mut known) {
            check(&victim, writer, known).await;
        }
        let listed = victim.ask("GET", "/vault?list-type=2", b"").await.unwrap().elements("Key").len();
        let there: usize = known.iter().map(|known| known.settled.values().flatten().count()).sum();
        assert_eq!(listed, there, "the listing shows what can be read");
    }
    eprintln!("{rounds} rounds, {} steps", known.iter().map(|known| known.next).sum::<u32>());
}
