//! With keys of a real account in the environment and the target local, nothing leaves this machine: the same work is done in a child
//! whose every connection is watched.

use crate::{
    http::send,
    standing::{root, with_pipeline},
};
use std::process::Stdio;
use tokio::process::Command;

/// What a developer's shell may hold: each would lead a default client to AWS.
const SHELL: &[(&str, &str)] = &[
    ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    ("AWS_SESSION_TOKEN", "FwoGZXIvYXdzEXAMPLE"),
    ("AWS_REGION", "eu-central-1"),
    ("AWS_DEFAULT_REGION", "eu-central-1"),
    ("AWS_PROFILE", "production"),
    ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/production"),
];

/// The child: deploys the pipeline, asks a function, uploads, and waits until it is processed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by nothing_leaves_for_another_address, which watches it"]
async fn child() {
    let standing = with_pipeline().await;
    assert_eq!(send("GET", &format!("{}/images", standing.output("ApiUrl")), &[], b"").await.status, 401);
    let s3 = aws_sdk_s3::Client::new(&standing.emulator.sdk_config());
    let picture = std::fs::read(root().join("fixtures/made/formats/baseline.jpg")).expect("a fixture");
    let put = s3.put_object().bucket(standing.output("ImagesBucket")).key("uploads/somebody/a.jpg").body(picture.into());
    put.send().await.expect("an upload");
    standing.emulator.settle().await.expect("quiet");
    let found = s3.list_objects_v2().bucket(standing.output("ImagesBucket")).prefix("renditions/somebody/").send().await.expect("a list");
    assert!(found.key_count().is_some_and(|count| count > 1), "the upload was processed: {found:?}");
}

fn child_under(watcher: &str, before: &[&str]) -> Command {
    let mut command = Command::new(watcher);
    command.args(before).arg(std::env::current_exe().expect("this program has a path"));
    command.args(["--exact", "real_keys::child", "--ignored", "--nocapture"]);
    command.env_remove("AWS_ENDPOINT_URL").envs(SHELL.iter().copied()).stdin(Stdio::null()).kill_on_drop(true);
    command
}

async fn exists(program: &str, words: &[&str]) -> bool {
    Command::new(program).args(words).stdout(Stdio::null()).stderr(Stdio::null()).status().await.is_ok_and(|s| s.success())
}

async fn passes(mut command: Command) {
    let output = command.output().await.expect("it was found");
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

#[tokio::test]
async fn nothing_leaves_for_another_address() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("connections");
    let name = file.display().to_string();
    if !exists("strace", &["-qq", "-e", "trace=connect", "true"]).await {
        // No installer of CI's brings it, so this is no failure there; without a network the same is tried below.
        return eprintln!("skipped: this machine has no strace that may watch a child");
    }
    passes(child_under("strace", &["-f", "-qq", "--seccomp-bpf", "-e", "trace=connect,sendto,sendmsg", "-o", &name])).await;
    let trace = std::fs::read_to_string(&file).expect("strace wrote it");
    assert!(trace.lines().any(|line| line.contains("127.0.0.1")), "the trace holds connections");
    let foreign: Vec<&str> = trace.lines().filter(|line| line.contains("sa_family=AF_INET") && !stays(line)).collect();
    assert!(foreign.is_empty(), "{}", foreign.join("\n"));
}

/// Loopback, and not a name server there.
fn stays(line: &str) -> bool {
    let loopback = line.contains(r#"inet_addr("127."#) || line.contains(r#"inet_pton(AF_INET6, "::1""#);
    loopback && !line.contains("htons(53)")
}

#[test]
fn addresses_are_told_apart() {
    assert!(stays(r#"7 connect(9, {sa_family=AF_INET, sin_port=htons(4566), sin_addr=inet_addr("127.0.0.1")}, 16) = 0"#));
    assert!(!stays(r#"7 connect(9, {sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("52.94.1.1")}, 16) = 0"#));
    assert!(!stays(r#"7 connect(9, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("127.0.0.53")}, 16) = 0"#));
}

/// The same without any network: only the loopback device is there.
#[tokio::test]
async fn it_works_without_a_network() {
    let up = "ip link set lo up && exec \"$@\"";
    if !exists("unshare", &["-rn", "sh", "-c", "ip link set lo up"]).await {
        // Containers often may not make namespaces, so this is no failure in CI.
        return eprintln!("skipped: this machine may not make network namespaces");
    }
    passes(child_under("unshare", &["-rn", "sh", "-c", up, "sh"])).await;
}
