//! Other people's clients, unmodified, against an S3 that listens on loopback: minio-py, boto3, the AWS CLI, s3cmd, rclone and AWS's SDK
//! for JavaScript. (The SDK for Rust walks the same in `pipeline/tests/main/sdk.rs` and is what `windtunnel deploy` uses.)
//!
//! A client that the machine lacks is skipped with a sentence; `WINDTUNNEL_CI=1` makes that a failure, for CI installs them all.

mod aws_cli;
mod node;
mod python;
mod rclone;
mod s3cmd;
mod tree;

use kit::{AdvanceOptions, ClockMode, Cloud, Settle, Store, store::Durability};
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};
use tokio::process::Command;

/// No client here has more to do than this.
const LONGEST: Duration = Duration::from_secs(300);
/// A bucket with more keys than one page of a listing holds.
pub const MANY: &str = "many";
/// Keys of [`MANY`]: `page/0000` to `page/1049`, and one in each of `a/` and `z/`.
pub const PAGED: usize = 1_050;

/// A cloud on disk with S3 in it, listening, in real time: clients bring clocks of their own.
pub struct Site {
    cloud: Arc<Cloud>,
    server: gateway::Server,
    /// Where a client has its home, its files and nothing else.
    pub home: tempfile::TempDir,
}

impl Site {
    pub async fn new() -> Site {
        let home = tempfile::tempdir().unwrap();
        let store = Store::durable(&home.path().join("data"), Durability::Process).unwrap();
        let cloud = Cloud::builder().store(store).mode(ClockMode::Running).service(Arc::new(s3::S3::new())).start().await.unwrap();
        let gateway = gateway::Gateway::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let server = gateway.serve(cloud.clone(), None);
        Site { cloud, server, home }
    }

    /// With the bucket [`MANY`]: put in process, for a client would take longer over it than over all the rest.
    pub async fn with_many() -> Site {
        let site = Site::new().await;
        site.call("CreateBucket", json!({ "Bucket": MANY })).await;
        let keys = (0..PAGED).map(|n| format!("page/{n:04}")).chain(["a/1".into(), "z/1".into()]);
        for key in keys {
            site.call("PutObject", json!({ "Bucket": MANY, "Key": key })).await;
        }
        site
    }

    /// An operation in process, with a body of one letter where it takes one.
    pub async fn call(&self, operation: &str, input: Value) {
        let cx = self.cloud.house_context("many").with_body(kit::Body::from_bytes("x"));
        self.cloud.call_json(&cx, "s3", operation, &input).await.unwrap();
    }

    /// Lets a second go by: listings tell no shorter time.
    pub async fn a_second_later(&self) {
        let second = AdvanceOptions { by: Duration::from_secs(1), settle: Settle::Each, budget: Duration::from_secs(30) };
        assert_eq!(self.cloud.advance(second).await.stopped_early, None);
    }

    pub fn url(&self) -> String {
        self.server.url()
    }
    /// `127.0.0.1:port`.
    pub fn host(&self) -> String {
        self.server.address().to_string()
    }
    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// A command that finds this site and no configuration of whoever runs the tests.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().current_dir(self.home.path()).env("HOME", self.home.path());
        for name in ["PATH", "NODE_PATH", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "PYENV_ROOT", "PYENV_VERSION", "TMPDIR"] {
            command.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        command.envs([
            ("LANG", "C.UTF-8"),
            ("PYTHONDONTWRITEBYTECODE", "1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_DEFAULT_REGION", "us-east-1"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ]);
        command.env("AWS_ENDPOINT_URL", self.url()).env("MANY", MANY).env("PAGED", PAGED.to_string());
        command
    }
}

/// What a command says when it ends well. Fails, with all it said, when it doesn't.
pub async fn succeeds(command: Command) -> String {
    let (shown, output) = run(command).await;
    let [out, err] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    assert!(output.status.success(), "{shown} ended with {}:\n{out}{err}", output.status);
    out
}

/// What a command says that must not end well.
pub async fn fails(command: Command) -> String {
    let (shown, output) = run(command).await;
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(!output.status.success(), "{shown} ended well:\n{text}");
    text
}

async fn run(mut command: Command) -> (String, std::process::Output) {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let shown = format!("{:?}", command.as_std());
    let ended = tokio::time::timeout(LONGEST, command.output()).await;
    let output = ended.unwrap_or_else(|_| panic!("{shown} did not end within {LONGEST:?}"));
    let output = output.unwrap_or_else(|error| panic!("{shown}: {error}"));
    (shown, output)
}

/// Whether this command, which should do no more than start, ends well; says what is lacking if not.
pub async fn has(program: &str, words: &[&str], what: &str) -> bool {
    let found = Command::new(program).args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().await;
    let has = found.is_ok_and(|status| status.success());
    if !has {
        assert!(std::env::var_os("WINDTUNNEL_CI").is_none_or(|on| on != "1"), "CI lacks {what}");
        println!("skipped: this machine lacks {what}");
    }
    has
}

/// The checkout's `tests/` folder, where scripts in other languages stand.
pub fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests")
}

/// A body that no compression and no wrong offset could pass for.
pub fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let words = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    });
    words.flat_map(u64::to_le_bytes).take(bytes).collect()
}

/// What a URL gives without a signature of its own: status and body.
pub async fn fetch(site: &Site, url: &str) -> (u16, Vec<u8>) {
    let target = url.strip_prefix(&site.url()).unwrap_or_else(|| panic!("{url} is not at {}", site.url()));
    let ask = crate::http::Ask { method: "GET", target, headers: Vec::new(), body: Vec::new(), key: None, region: "us-east-1" };
    let answer = crate::http::send(site.server.address(), ask, "").await;
    (answer.status, answer.body)
}
