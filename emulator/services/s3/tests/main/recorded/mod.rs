//! Answers recorded from AWS (`shared/aws-recorded/s3`), asked for again here: the whole of each step is compared.
//!
//! Every snapshot is replayed or stands in [`table`] with the reason why not. Scripts are text (see [`script`]); what a script can't say
//! (presigned URLs, forms) is code. `REPLAY=name cargo test -p s3 recorded` runs the replays whose names contain it and says how they differ.

mod client;
mod compare;
mod request;
mod script;
mod table;
mod urls;
mod xml;

mod buckets;
mod configurations;
mod copies;
mod guarded;
mod happenings;
mod hosting;
mod keys;
mod lifecycle;
mod listing;
mod multipart;
mod objects;
mod origins;
mod posts;
mod reports;
mod sums;
mod writing;

use crate::{desk::Desk, policy_decider::ByPolicy};
use fakes::keys::FakeKeys;
use serde_json::{Map, Value};
use std::{collections::BTreeMap, path::PathBuf};

/// What is compared with one snapshot.
pub struct Recorder {
    pub desk: Desk,
    steps: Map<String, Value>,
    seen: Vec<String>,
    bound: compare::Bound,
    differences: Vec<String>,
}

impl Recorder {
    /// Calls an operation as boto3 does and holds its answer against a step.
    pub async fn calls(&mut self, label: &str, operation: &str, params: Value) {
        let op = client::operation(operation).expect("an operation of the table");
        let params = params.as_object().cloned().unwrap_or_default();
        let answered = client::call(&self.desk, &client::Caller::default(), op, params).await;
        self.matches(label, &answered);
    }

    /// Holds an answer against the recorded step of a name.
    pub fn matches(&mut self, label: &str, answered: &Value) {
        self.seen.push(label.to_owned());
        let Some(mut recorded) = self.steps.get(label).cloned() else {
            self.differences.push(format!("{label}: no such step is recorded"));
            return;
        };
        // Names of headers have no case, and how a body is framed is the transport's.
        if let Some(headers) = recorded.get("Headers").and_then(Value::as_object) {
            let headers = headers.iter().map(|(name, value)| (name.to_lowercase(), value.clone()));
            let headers = headers.filter(|(name, _)| !["connection", "transfer-encoding", "content-length"].contains(&&**name));
            recorded["Headers"] = headers.collect::<Map<_, _>>().into();
        }
        let found = self.bound.differences(&recorded, answered);
        self.differences.extend(found.into_iter().map(|line| format!("{label}{line}")));
    }
}

/// What a replay in code is.
pub type BoxFuture<'a> = std::pin::Pin<Box<dyn Future<Output = ()> + Send + 'a>>;
type Code = for<'a> fn(&'a mut Recorder) -> BoxFuture<'a>;

/// Replays in code, by the class of their tests.
const CODE: &[(&str, &[(&str, Code)])] = &[
    ("test_s3::TestS3PresignedUrl", urls::REPLAYS),
    ("test_s3::TestS3PresignedPost", posts::REPLAYS),
    ("test_s3::TestS3", urls::OTHERS),
    ("test_s3_notifications_sqs::TestS3NotificationsToSQS", happenings::REPLAYS),
];

/// The scripts with the file of their snapshots.
const SCRIPTS: &[(&str, &str)] = &[
    ("test_s3_api", writing::SCRIPT),
    ("test_s3_api", configurations::SCRIPT),
    ("test_s3_preconditions", writing::PRECONDITIONS),
    ("test_s3_list_operations", listing::SCRIPT),
    ("test_s3", objects::SCRIPT),
    ("test_s3", copies::SCRIPT),
    ("test_s3", multipart::SCRIPT),
    ("test_s3", buckets::SCRIPT),
    ("test_s3", guarded::LOCKS),
    ("test_s3", guarded::CUSTOMERS),
    ("test_s3", hosting::SCRIPT),
    ("test_s3_cors", hosting::CORS),
    ("test_s3_notifications_sqs", hosting::QUEUES),
    ("test_s3_notifications_sns", hosting::TOPICS),
    ("test_s3", lifecycle::SCRIPT),
    ("test_s3", reports::SCRIPT),
    ("test_s3", sums::SCRIPT),
    ("test_s3", keys::SCRIPT),
    ("test_s3_api", keys::DEFAULTS),
    ("test_s3_cors", origins::SCRIPT),
    ("test_s3_notifications_sqs", happenings::QUEUES),
    ("test_s3_notifications_lambda", happenings::FUNCTIONS),
];

/// Replays under way at once.
const AT_ONCE: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_are_those_recorded_from_aws() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/aws-recorded/s3");
    if !folder.is_dir() {
        println!("skipped: the recorded answers of AWS are not beside the checkout (../shared/aws-recorded/s3)");
        return;
    }
    let wanted = std::env::var("REPLAY").unwrap_or_default();
    let snapshots = snapshots(&folder);
    let mut results: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut running = tokio::task::JoinSet::new();
    for (name, what) in replays() {
        if !name.contains(&wanted) {
            continue;
        }
        let Some(mut steps) = snapshots.get(&name).cloned() else {
            results.insert(name, vec!["no such snapshot".into()]);
            continue;
        };
        if ["SSEC", "_kms", "_sse", "with_encryption"].iter().any(|part| name.contains(part)) {
            steps.values_mut().for_each(blur_etags);
        }
        running.spawn(async move { (name, play(what, steps).await) });
        // Bodies of several megabytes: a few at a time.
        if running.len() >= AT_ONCE {
            results.extend(running.join_next().await.map(Result::unwrap));
        }
    }
    while let Some(done) = running.join_next().await {
        results.extend([done.unwrap()]);
    }
    let report = table::judge(&snapshots, &results, !wanted.is_empty());
    assert!(report.is_empty(), "{}", report.join("\n"));
}

/// ETags of encrypted bodies are random: each recorded one stands for one of ours.
fn blur_etags(value: &mut Value) {
    match value {
        Value::Object(map) => map.iter_mut().for_each(|(name, value)| match value {
            Value::String(etag) if name == "ETag" => {
                let bare = etag.trim_matches('"').to_owned();
                *etag = etag.replace(&bare, &format!("<etag:{bare}>"));
            }
            value => blur_etags(value),
        }),
        Value::Array(list) => list.iter_mut().for_each(blur_etags),
        _ => {}
    }
}

/// What is to be done for a snapshot.
enum Replay {
    Script(script::Replay),
    Code(Code),
}

fn replays() -> Vec<(String, Replay)> {
    let scripts = SCRIPTS.iter().flat_map(|(file, script)| {
        script::read(script).into_iter().map(move |replay| (format!("{file}::{}", replay.name), Replay::Script(replay)))
    });
    let code = CODE.iter().flat_map(|(class, list)| list.iter().map(move |(name, run)| (format!("{class}::{name}"), Replay::Code(*run))));
    scripts.chain(code).collect()
}

async fn play(replay: Replay, steps: Map<String, Value>) -> Vec<String> {
    let desk = Desk::new().await;
    desk.cloud.ports().offer_keys(FakeKeys::of("s3.amazonaws.com"));
    // Where nobody in particular calls it is the bucket's policy that decides; the usual decider lets services in everywhere.
    let anybody = matches!(&replay, Replay::Script(script) if script.lines.iter().any(|l| l == "as anonymous" || l.contains(" page ")));
    if anybody {
        desk.cloud.set_decider(std::sync::Arc::new(ByPolicy));
    }
    let mut rec = Recorder { desk, steps, seen: Vec::new(), bound: compare::Bound::default(), differences: Vec::new() };
    match replay {
        Replay::Script(script) => {
            if let Err(stopped) = script::run(&script, &mut rec).await {
                rec.differences.push(stopped);
            }
        }
        Replay::Code(run) => {
            rec.desk.ask("PUT", "/box").await.ok();
            run(&mut rec).await;
        }
    }
    let left = rec.steps.keys().filter(|step| !rec.seen.contains(step));
    let left: Vec<String> = left.map(|step| format!("{step}: not replayed")).collect();
    rec.differences.extend(left);
    rec.differences
}

/// Steps by `file::Class::test`.
fn snapshots(folder: &std::path::Path) -> BTreeMap<String, Map<String, Value>> {
    let mut out = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        let Some(file) = path.file_name().and_then(|n| n.to_str()?.strip_suffix(".snapshot.json")).map(str::to_owned) else { continue };
        let all: Map<String, Value> = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        for (name, snapshot) in all {
            let test = name.split_once("::").map_or(name.as_str(), |(_, test)| test);
            let steps = snapshot["recorded-content"].as_object().cloned().unwrap_or_default();
            out.insert(format!("{file}::{test}"), steps);
        }
    }
    out
}
