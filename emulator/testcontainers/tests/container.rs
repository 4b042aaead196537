//! The emulator and its broker in a container, out of a binary that is there. Skipped with a sentence where no Docker daemon or no binary is;
//! `WINDTUNNEL_CI_DOCKER=1` makes a missing daemon a failure, for CI has started one.

mod wire;

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use windtunnel_testcontainers::{Windtunnel, image};

fn daemon() -> bool {
    let there = Command::new("docker").arg("version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success());
    assert!(there || std::env::var("WINDTUNNEL_CI_DOCKER").is_err(), "CI started a Docker daemon, and it does not answer");
    if !there {
        println!("skipped: no Docker daemon answers");
    }
    there
}

/// The binary that WINDTUNNEL_BINARY names, or that the workspace beside has built.
fn binary() -> Option<PathBuf> {
    let named = std::env::var("WINDTUNNEL_BINARY").map(PathBuf::from).ok();
    let target = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target");
    let built = ["release", "debug"].map(|profile| target.join(profile).join("windtunnel"));
    let found = named.into_iter().chain(built).find(|path| path.is_file());
    if found.is_none() {
        println!("skipped: there is no binary of windtunnel; build it, or name it with WINDTUNNEL_BINARY");
    }
    found
}

async fn ask(endpoint: &str, method: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(endpoint.trim_start_matches("http://")).await.unwrap();
    let request = format!("{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// Where the broker tells its clients to connect: Metadata, version 1, of no topics.
async fn advertised(kafka: &str) -> (String, i32) {
    let mut stream = TcpStream::connect(kafka).await.unwrap();
    stream.write_all(&[0, 0, 0, 14, 0, 3, 0, 1, 0, 0, 0, 9, 0xff, 0xff, 0, 0, 0, 0]).await.unwrap();
    let length = stream.read_i32().await.unwrap();
    let mut answer = vec![0; length as usize];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer[..8], [0, 0, 0, 9, 0, 0, 0, 1], "the same id, and one broker");
    let host_end = 14 + usize::from(u16::from_be_bytes([answer[12], answer[13]]));
    let port = i32::from_be_bytes(answer[host_end..host_end + 4].try_into().unwrap());
    (String::from_utf8(answer[14..host_end].to_vec()).unwrap(), port)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cloud_and_its_broker_stand_in_a_container() {
    let (true, Some(binary)) = (daemon(), binary()) else { return };
    image::build(&binary, "windtunnel:test").unwrap();
    let cloud = Windtunnel::new().image("windtunnel", "test").seed(7).start().await.unwrap();

    let health = ask(cloud.endpoint(), "GET", "/_windtunnel/health").await;
    assert!(health.contains("\"status\":\"running\"") && health.contains("\"seed\":7"), "{health}");
    let refused = ask(cloud.endpoint(), "PUT", "/nobody-signed-this").await;
    assert!(refused.starts_with("HTTP/1.1 403"), "IAM is enforced in there too: {refused}");
    let (host, port) = advertised(cloud.kafka()).await;
    assert_eq!(format!("{host}:{port}"), cloud.kafka(), "clients are told the port outside");

    // A message goes through the broker in there.
    let mut wire = wire::Wire::to(cloud.kafka());
    wire.make("orders");
    assert_eq!((wire.produce("orders", "first of all"), wire.produce("orders", "the second")), (0, 1));
    let read = String::from_utf8_lossy(&wire.fetch("orders", 0)).into_owned();
    assert!(read.contains("first of all") && read.contains("the second"), "{read:?}");

    let ports = Command::new("docker").args(["port", cloud.container().id()]).output().unwrap();
    let ports = String::from_utf8(ports.stdout).unwrap();
    assert_eq!(ports.lines().count(), 2, "{ports}");
    assert!(ports.lines().all(|line| line.contains("-> 127.0.0.1:")), "published on the loopback address only: {ports}");
    cloud.stop().await.unwrap();
}
