//! A cloud with lambda in it, and stand-ins that remember: sessions, log lines, queues, objects.

use kit::{
    AdvanceOptions, BoxFuture, Bytes, ClockMode, Cloud, Context, Fault, Grant, RoleSession, Settle, Timestamp,
    ports::{LogLines, NewObject, ObjectBytes, ObjectInfo, Objects, QueueMessage, Queues, ReceivedMessage, Sessions, TemporaryKey, Topics},
    store::{Scope, Store},
};
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::{collections::BTreeMap, io::Write, ops::Range, sync::Arc, time::Duration};

pub const ROLE: &str = "arn:aws:iam::000000000000:role/worker";

/// A folder that functions see too. They have a /tmp of their own, which may be where the target folder is.
pub fn shared_folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/var/tmp").unwrap()
}

/// What functions write for a test: a named pipe, which they may write to although no file can be written.
pub struct Notes {
    pub path: std::path::PathBuf,
    text: Arc<Mutex<String>>,
}

impl Notes {
    pub fn new(folder: &std::path::Path) -> Notes {
        let path = folder.join("notes");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        let mut pipe = std::fs::OpenOptions::new().read(true).write(true).open(&path).unwrap();
        let text = Arc::new(Mutex::new(String::new()));
        let heard = text.clone();
        // Ends with the test's process.
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(n @ 1..) = std::io::Read::read(&mut pipe, &mut buffer) {
                heard.lock().push_str(&String::from_utf8_lossy(&buffer[..n]));
            }
        });
        Notes { path, text }
    }
    pub fn text(&self) -> String {
        self.text.lock().clone()
    }
}

/// A cloud with what was written in it.
pub struct Desk {
    pub cloud: Arc<Cloud>,
    pub cx: Context,
    pub world: Arc<World>,
}

/// What the stand-ins saw.
#[derive(Default)]
pub struct World {
    pub lines: Mutex<Vec<(String, String, String)>>,
    pub sent: Mutex<Vec<(String, String, Vec<(String, String)>)>>,
    pub objects: Mutex<BTreeMap<String, Bytes>>,
    pub sessions: Mutex<u32>,
    /// Queues that can be polled.
    pub queues: crate::queues::Queues,
    /// Topics that can be read.
    pub topics: crate::topics::Topics,
    /// What was published: topic, message, attributes.
    pub published: Mutex<Vec<(String, String, Vec<(String, String)>)>>,
}

impl World {
    /// The trace header of the function's newest event, from its own log.
    pub fn trace_of_last(&self) -> String {
        let lines = self.lines.lock();
        lines.iter().rev().find_map(|(.., line)| line.strip_prefix("trace ")).expect("no function ran").to_owned()
    }
}

impl Desk {
    pub async fn new() -> Desk {
        Desk::with(ClockMode::Running).await
    }

    pub async fn with(mode: ClockMode) -> Desk {
        Desk::stored(mode, Store::memory()).await
    }

    /// A desk over a store that may hold something already.
    pub async fn stored(mode: ClockMode, store: Store) -> Desk {
        let start = Timestamp::from_secs(1_700_000_000);
        let builder = Cloud::builder().start_at(start).mode(mode).store(store);
        let cloud = builder.service(Arc::new(lambda::Lambda::new())).start().await.unwrap();
        Desk::over(cloud, Arc::new(World::default()))
    }

    /// A desk over a cloud that was started for it.
    pub fn over(cloud: Arc<Cloud>, world: Arc<World>) -> Desk {
        let ports = cloud.ports();
        ports.offer_sessions(world.clone());
        ports.offer_logs(world.clone());
        ports.offer_queues(world.clone());
        ports.offer_objects(world.clone());
        ports.offer_topics(world.clone());
        ports.offer_kafka_topics(Arc::new(crate::topics::Port(world.clone())));
        // Roles are nobody's here: whoever has a session may do everything but what a test forbids.
        cloud.set_decider(Arc::new(Easy));
        let cx = cloud.house_context("test");
        Desk { cloud, cx, world }
    }

    pub async fn call(&self, operation: &str, input: Value) -> Result<Value, Fault> {
        let cx = self.cloud.house_context("test");
        self.cloud.call_json(&cx, "lambda", operation, &input).await
    }
    pub async fn ok(&self, operation: &str, input: Value) -> Value {
        self.call(operation, input).await.unwrap_or_else(|f| panic!("{operation}: {f}"))
    }
    /// Makes a function of the test bootstrap; it is large, so it comes from S3 rather than through base 64.
    pub async fn function(&self, name: &str, more: Value) -> Value {
        self.world.objects.lock().entry("test/bootstrap.zip".into()).or_insert_with(bootstrap);
        let mut input = json!({ "Code": { "S3Bucket": "test", "S3Key": "bootstrap.zip" } });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.made(name, Vec::new(), input).await
    }
    pub async fn made(&self, name: &str, zip: Vec<u8>, more: Value) -> Value {
        let mut input = json!({
            "FunctionName": name, "Runtime": "provided.al2023", "Handler": "bootstrap", "Role": ROLE,
            "Code": { "ZipFile": base64(&zip) },
        });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.ok("CreateFunction", input).await
    }
    /// Status, error and payload of an invocation.
    pub async fn invoke(&self, name: &str, event: Value) -> (Value, Value) {
        let done = self.ok("Invoke", json!({ "FunctionName": name, "Payload": base64(event.to_string().as_bytes()) })).await;
        let payload = decode(done["Payload"].as_str().unwrap_or(""));
        (done, serde_json::from_slice(&payload).unwrap_or(Value::Null))
    }
    pub async fn advance(&self, secs: u64) {
        let options = AdvanceOptions { by: Duration::from_secs(secs), settle: Settle::Each, budget: Duration::from_secs(60) };
        let done = self.cloud.advance(options).await;
        assert_eq!(done.stopped_early, None);
    }
    pub async fn settle(&self) {
        self.cloud.settle(Duration::from_secs(30)).await.unwrap();
    }
    /// Whether an operation is not built.
    pub fn lacks(&self, operation: &str) -> bool {
        !self.cloud.service("lambda").unwrap().schema().operations.iter().any(|o| o.name == operation)
    }
    pub fn lines(&self) -> Vec<String> {
        self.world.lines.lock().iter().map(|(.., line)| line.clone()).collect()
    }
    pub fn invocations(&self) -> Vec<kit::Record> {
        self.cloud.journal().held().into_iter().filter(|r| r.kind == kit::RecordKind::Invocation).collect()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let cloud = self.cloud.clone();
        if let Ok(handle) = tokio::runtime::Handle::try_current() {
            handle.spawn(async move { cloud.stop().await });
        }
    }
}

/// A zip of the test bootstrap, made once.
pub fn bootstrap() -> Bytes {
    static ZIP: std::sync::OnceLock<Bytes> = std::sync::OnceLock::new();
    ZIP.get_or_init(|| zip(&[("bootstrap", &std::fs::read(env!("CARGO_BIN_EXE_echo-bootstrap")).unwrap())]).into()).clone()
}

pub fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored).unix_permissions(0o755);
    for (name, bytes) in files {
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

pub fn base64(bytes: &[u8]) -> String {
    base64::Engine::encode(&base64::prelude::BASE64_STANDARD, bytes)
}
pub fn decode(text: &str) -> Vec<u8> {
    base64::Engine::decode(&base64::prelude::BASE64_STANDARD, text).unwrap()
}

/// Everybody may do everything, but for role sessions on resources that say `forbidden`.
struct Easy;
impl kit::Decider for Easy {
    fn decide(&self, cx: &Context, need: &kit::Need, _: Option<&str>) -> kit::Decision {
        let session = matches!(cx.principal(), kit::Principal::Session(_));
        let allowed = !(session && need.resource.contains("forbidden"));
        kit::Decision { allowed, message: if allowed { String::new() } else { "not allowed".into() }, statement: None }
    }
    fn explain(&self, cx: &Context, need: &kit::Need, policy: Option<&str>) -> String {
        self.decide(cx, need, policy).message
    }
}

impl Sessions for World {
    fn for_service<'a>(
        &'a self,
        cx: &'a Context,
        role: &'a str,
        service: &'a str,
        name: &'a str,
        secs: u32,
    ) -> BoxFuture<'a, Result<TemporaryKey, Fault>> {
        Box::pin(async move {
            assert_eq!(service, "lambda.amazonaws.com");
            if role.ends_with("/stranger") {
                return Err(Fault::new("AccessDenied", 403, "the role does not trust lambda"));
            }
            *self.sessions.lock() += 1;
            let expires = cx.now().plus_ns(secs as i128 * 1_000_000_000);
            let session = RoleSession {
                account: "000000000000".into(),
                role_name: role.rsplit('/').next().unwrap().into(),
                role_path: "/".into(),
                role_id: "AROATEST".into(),
                session_name: name.into(),
                session_policies: Vec::new(),
                tags: Vec::new(),
                federated: None,
                expires,
            };
            Ok(TemporaryKey {
                access_key_id: format!("LSIA{}", *self.sessions.lock()),
                secret_access_key: "secret".into(),
                session_token: "token".into(),
                expires,
                session,
            })
        })
    }
}

impl LogLines for World {
    fn append<'a>(
        &'a self,
        _: &'a Context,
        grant: Grant,
        group: &'a str,
        stream: &'a str,
        lines: Vec<(Timestamp, String)>,
        _: bool,
    ) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            assert!(grant.resource().ends_with(&format!("log-group:{group}:log-stream:{stream}")));
            self.lines.lock().extend(
                lines
                    .into_iter()
                    .map(|(_, line)| (group.to_owned(), stream.to_owned(), line.strip_suffix('\n').expect("a whole line").to_owned())),
            );
            Ok(())
        })
    }
}

impl Queues for World {
    fn send<'a>(
        &'a self,
        _: &'a Context,
        grant: Grant,
        arn: &'a str,
        body: String,
        attributes: Vec<(String, String)>,
    ) -> BoxFuture<'a, Result<String, Fault>> {
        Box::pin(async move {
            grant.covers("sqs:SendMessage", arn)?;
            self.queues.send(arn, &body, &[], Vec::new());
            self.sent.lock().push((arn.to_owned(), body, attributes));
            Ok("id".into())
        })
    }
    fn deliver<'a>(&'a self, cx: &'a Context, grant: Grant, arn: &'a str, message: QueueMessage) -> BoxFuture<'a, Result<String, Fault>> {
        assert!(message.trace.as_ref().is_none_or(|trace| trace.starts_with("Root=1-")));
        self.send(cx, grant, arn, message.body, Vec::new())
    }
    fn exists(&self, _: &Context, _: &str) -> bool {
        true
    }
    fn receive<'a>(
        &'a self,
        cx: &'a Context,
        grant: Grant,
        arn: &'a str,
        most: usize,
    ) -> BoxFuture<'a, Result<Vec<ReceivedMessage>, Fault>> {
        Box::pin(async move {
            grant.covers("sqs:ReceiveMessage", arn)?;
            self.queues.receive(cx, arn, most)
        })
    }
    fn delete<'a>(&'a self, _: &'a Context, grant: Grant, arn: &'a str, receipts: Vec<String>) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            grant.covers("sqs:DeleteMessage", arn)?;
            self.queues.delete(arn, &receipts);
            Ok(())
        })
    }
    fn visibility_secs<'a>(&'a self, _: &'a Context, grant: Grant, arn: &'a str) -> BoxFuture<'a, Result<i64, Fault>> {
        Box::pin(async move {
            grant.covers("sqs:GetQueueAttributes", arn)?;
            self.queues.visibility_secs(arn)
        })
    }
    fn next_visible(&self, _: &Context, arn: &str) -> Option<Timestamp> {
        self.queues.next_visible(arn)
    }
    fn watch(&self, bell: Arc<dyn Fn() + Send + Sync>) {
        self.queues.watch(bell);
    }
}

impl Topics for World {
    fn publish<'a>(
        &'a self,
        _: &'a Context,
        grant: Grant,
        arn: &'a str,
        _: Option<String>,
        message: String,
        attributes: Vec<(String, String)>,
    ) -> BoxFuture<'a, Result<String, Fault>> {
        Box::pin(async move {
            grant.covers("sns:Publish", arn)?;
            self.published.lock().push((arn.to_owned(), message, attributes));
            Ok("id".into())
        })
    }
    fn exists(&self, _: &Context, _: &str) -> bool {
        true
    }
}

impl Objects for World {
    fn get<'a>(
        &'a self,
        _: &'a Context,
        _: Grant,
        bucket: &'a str,
        key: &'a str,
        _: Option<Range<u64>>,
    ) -> BoxFuture<'a, Result<ObjectBytes, Fault>> {
        Box::pin(async move {
            let bytes = self.objects.lock().get(&format!("{bucket}/{key}")).cloned();
            let bytes = bytes.ok_or_else(|| Fault::new("NoSuchKey", 404, "The specified key does not exist."))?;
            Ok(ObjectBytes { info: ObjectInfo { size: bytes.len() as u64, ..ObjectInfo::default() }, bytes })
        })
    }
    fn head<'a>(&'a self, cx: &'a Context, grant: Grant, bucket: &'a str, key: &'a str) -> BoxFuture<'a, Result<ObjectInfo, Fault>> {
        Box::pin(async move { Ok(self.get(cx, grant, bucket, key, None).await?.info) })
    }
    fn put<'a>(&'a self, _: &'a Context, grant: Grant, object: NewObject, body: kit::Body) -> BoxFuture<'a, Result<ObjectInfo, Fault>> {
        Box::pin(async move {
            grant.covers("s3:PutObject", &format!("arn:aws:s3:::{}/{}", object.bucket, object.key))?;
            let mut body = body;
            let bytes = body.collect(1 << 20).await.map_err(|e| Fault::internal(e.to_string()))?;
            self.objects.lock().insert(format!("{}/{}", object.bucket, object.key), bytes);
            Ok(ObjectInfo::default())
        })
    }
    fn delete<'a>(&'a self, _: &'a Context, _: Grant, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async { Err(Fault::internal("not part of the test")) })
    }
    fn list<'a>(
        &'a self,
        _: &'a Context,
        _: Grant,
        _: &'a str,
        _: &'a str,
        _: Option<String>,
        _: usize,
    ) -> BoxFuture<'a, Result<Vec<ObjectInfo>, Fault>> {
        Box::pin(async { Ok(Vec::new()) })
    }
    fn owner(&self, _: &Context, _: &str) -> Option<Scope> {
        None
    }
}
