//! Answers recorded from AWS: each is reproduced whole, or listed with the reason why not. Skipped, aloud, where the recordings are not
//! at hand.

mod concurrent;
mod destinations;
mod functions;
mod invoked;
mod layers;
mod listed;
mod logging;
mod mappings;
mod names;
mod permissions;
mod settings;
mod tags;
mod urls;
mod versions;

use crate::desk::{Desk, base64, decode, zip};
use fakes::like::Rules;
use kit::{BoxFuture, Fault};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Mutex;

/// What stands for what in the recordings.
static RULES: Rules = Rules::new(
    &["datetime", "date", "timestamp", "code-sha256", "receipt-handle", "sent-timestamp", "sender-id", "lambda-url", "function-url"],
    r"<[a-z][^<>]*>|\b1{12}\b|\bdate\b",
    &[],
    true,
);

/// What becomes of a recording.
pub enum How {
    Done(fn(Shot) -> BoxFuture<'static, ()>),
    /// Not reproduced, and why.
    Listed(&'static str),
}

/// Recordings by class and name of their test, without parameters; a name that ends with `*` stands for all that begin so.
pub type Table = &'static [(&'static str, How)];

/// One recording: a test of what AWS answers.
pub struct Shot {
    /// The test's parameters: what stands in brackets behind its name.
    pub parameter: String,
    content: Value,
    checked: Mutex<BTreeSet<String>>,
}

impl Shot {
    /// What was recorded under a label.
    pub fn recorded(&self, label: &str) -> &Value {
        self.content.get(label).unwrap_or_else(|| panic!("no {label} in {}", self.content))
    }
    /// Holds an answer against what was recorded under a label.
    pub fn same(&self, label: &str, ours: &Value) {
        self.by_hand(label);
        let recorded = bare(self.recorded(label).clone());
        if let Err(why) = RULES.like(&recorded, ours) {
            panic!("{label}: {why}\nrecorded: {recorded}\nours: {ours}");
        }
    }
    /// What was recorded under a label is held against an answer otherwise than by [`same`](Self::same), or is another service's.
    pub fn by_hand(&self, label: &str) {
        self.checked.lock().unwrap().insert(label.to_owned());
    }
    /// Calls an operation and holds the answer, good or bad, against what was recorded.
    pub async fn call(&self, desk: &Desk, label: &str, operation: &str, input: Value) -> Value {
        let ours = answer(desk.call(operation, input).await);
        self.same(label, &ours);
        ours
    }
    /// Makes a function and holds the answer against what was recorded.
    pub async fn make(&self, desk: &Desk, label: &str, more: Value) -> Value {
        let ours = answer(desk.call("CreateFunction", create(more)).await);
        let wrapped = self.recorded(label).get("CreateFunctionResponse").is_some();
        match wrapped {
            true => self.same(label, &json!({ "CreateEventSourceMappingResponse": null, "CreateFunctionResponse": ours })),
            false => self.same(label, &ours),
        }
        ours
    }
}

/// The input of CreateFunction that most recordings have.
pub fn create(more: Value) -> Value {
    let mut input = json!({
        "FunctionName": "f", "Runtime": "python3.12", "Handler": "index.handler", "Role": "arn:aws:iam::000000000000:role/worker",
        "Code": { "ZipFile": code("1") }, "PackageType": "Zip",
    });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    input
}

/// Members that the recordings' own helper for functions adds.
pub fn helped() -> Value {
    json!({ "Handler": "handler.handler", "Timeout": 30, "Environment": { "Variables": {} } })
}

/// A deployment package that differs by a text.
pub fn code(text: &str) -> String {
    base64(&zip(&[("index.py", format!("# {text}").as_bytes())]))
}

/// An answer as boto3 gives it, without what boto3 adds.
pub fn answer(result: Result<Value, Fault>) -> Value {
    match result {
        Ok(mut value) => {
            if let Some(payload) = value.get("Payload").and_then(Value::as_str).map(decode) {
                value["Payload"] = serde_json::from_slice(&payload).unwrap_or_else(|_| String::from_utf8(payload).unwrap().into());
            }
            value
        }
        Err(f) => {
            let mut told = json!({ "Error": { "Code": f.code, "Message": f.message }, "Status": f.status });
            for (name, value) in f.fields {
                told[&*name] = value;
            }
            told
        }
    }
}

/// A recording without what boto3 adds; the status is kept with errors.
fn bare(mut recorded: Value) -> Value {
    let Some(object) = recorded.as_object_mut() else { return recorded };
    let status = object.remove("ResponseMetadata").map(|meta| meta["HTTPStatusCode"].clone());
    if object.contains_key("Error") {
        // The message once more, under a name that depends on who wrote the answer.
        object.remove("message");
        object.remove("Message");
        object.insert("Status".into(), status.unwrap_or_default());
    }
    if let Some(inner) = object.get_mut("CreateFunctionResponse") {
        *inner = bare(inner.take());
    }
    recorded
}

async fn run(file: &str, tables: &[Table]) {
    let Some(all) = fakes::recorded::recordings(&format!("lambda_/{file}")) else { return };
    let (mut used, mut differ) = (BTreeSet::new(), Vec::new());
    let only = std::env::var("RECORDED").ok();
    for (name, recording) in &all {
        let name = name.split_once("::").unwrap().1;
        let (test, parameter) = name.split_once('[').map_or((name, ""), |(test, rest)| (test, rest.strip_suffix(']').unwrap()));
        let fits = |entry: &str| entry.strip_suffix('*').map_or(entry == test, |start| test.starts_with(start));
        let entry = tables.iter().flat_map(|table| table.iter()).find(|(entry, _)| fits(entry));
        let (entry, how) = entry.unwrap_or_else(|| panic!("{name} is not in a table"));
        used.insert(*entry);
        let content = recording["recorded-content"].clone();
        let empty = content.as_object().is_none_or(|content| content.is_empty());
        let How::Done(run) = how else { continue };
        if empty || only.as_ref().is_some_and(|only| !name.contains(only.as_str())) {
            continue;
        }
        println!("{name}");
        // Each for itself, so that one which differs does not hide the others.
        let shot = Shot { parameter: parameter.to_owned(), content, checked: Mutex::default() };
        if tokio::spawn(run(shot)).await.is_err() {
            differ.push(name.to_owned());
        }
    }
    assert!(differ.is_empty(), "these differ: {differ:#?}");
    let unused: Vec<_> = tables.iter().flat_map(|table| table.iter()).map(|(entry, _)| entry).filter(|e| !used.contains(*e)).collect();
    assert!(unused.is_empty(), "not recorded: {unused:?}");
    for (entry, how) in tables.iter().flat_map(|table| table.iter()) {
        if let How::Listed(reason) = how {
            println!("{entry}: {reason}");
        }
    }
}

impl Drop for Shot {
    /// Every part of a recording was held against an answer.
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let checked = self.checked.lock().unwrap();
        let left: Vec<&String> = self.content.as_object().unwrap().keys().filter(|label| !checked.contains(*label)).collect();
        assert!(left.is_empty(), "not checked: {left:?}");
    }
}

/// `done!(f)` is what becomes of a recording that `async fn f(shot: Shot)` reproduces.
macro_rules! done {
    ($f:path) => {
        crate::recorded::How::Done(|shot| Box::pin($f(shot)))
    };
}
pub(crate) use done;

#[tokio::test]
async fn the_api() {
    run(
        "test_lambda_api",
        &[
            functions::TABLE,
            versions::TABLE,
            permissions::TABLE,
            settings::TABLE,
            tags::TABLE,
            mappings::TABLE,
            layers::TABLE,
            names::TABLE,
            logging::TABLE,
            urls::SETTINGS,
            listed::API,
        ],
    )
    .await;
}

#[tokio::test]
async fn sqs_as_event_source() {
    run("event_source_mapping/test_lambda_integration_sqs", &[mappings::SQS, listed::SQS]).await;
}

#[tokio::test]
async fn invocations() {
    run("test_lambda", &[invoked::TABLE, concurrent::TABLE, urls::TABLE, listed::INVOCATIONS]).await;
}

#[tokio::test]
async fn destinations_and_dead_letters() {
    run("test_lambda_destinations", &[destinations::TABLE, listed::DESTINATIONS]).await;
}

#[tokio::test]
async fn what_is_listed_only() {
    run("event_source_mapping/test_cfn_resource", &[listed::STACKS]).await;
    run("event_source_mapping/test_lambda_integration_dynamodbstreams", &[listed::DYNAMODB]).await;
    run("event_source_mapping/test_lambda_integration_kinesis", &[listed::KINESIS]).await;
    run("test_lambda_common", &[listed::COMMON]).await;
    run("test_lambda_integration_xray", &[listed::XRAY]).await;
    run("test_lambda_runtimes", &[listed::RUNTIMES]).await;
}
