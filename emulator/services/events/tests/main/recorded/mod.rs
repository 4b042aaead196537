//! Answers recorded from AWS: each is reproduced whole, or listed with the reason why not. Skipped, aloud, where the recordings are not
//! at hand.

mod archives;
mod buses;
mod entries;
mod inputs;
mod patterns;
mod rules;
mod schedules;
mod tags;
mod targets;

use crate::desk::Desk;
use fakes::{Sent, like::Rules};
use kit::{BoxFuture, Fault};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Mutex;

/// What stands for what in the recordings.
static RULES: Rules = Rules::new(
    &[
        "datetime",
        "date",
        "timestamp",
        "detail",
        "receipt-handle",
        "m-d5-of-body",
        "message-id",
        "event-id",
        "target-arn",
        "topic-arn",
        "signature",
        "request-id",
        "object-sequencer",
    ],
    r"<<[^<>]*>:\d+>|<[a-z][^<>]*>|<[a-z-]+$|\b1{12}\b|\bdate\b",
    &["MessageRaw"],
    false,
);

/// What becomes of a recording.
pub enum How {
    Done(fn(Shot) -> BoxFuture<'static, ()>),
    /// Not reproduced, and why.
    Listed(&'static str),
}

/// Recordings by the name of their test without its parameters.
pub type Table = &'static [(&'static str, How)];

/// One recording: a test of what AWS answers.
pub struct Shot {
    /// The test's parameters: what stands in brackets behind its name.
    pub parameter: String,
    content: Value,
    checked: Mutex<BTreeSet<String>>,
}

/// The pattern and the detail that most recordings are about.
pub fn pattern() -> Value {
    json!({ "source": ["core.update-account-command"], "detail-type": ["core.update-account-command"],
        "detail": { "command": ["update-account"] } })
}
pub fn detail() -> Value {
    json!({ "command": "update-account", "payload": { "acc_id": "0a787ecb-4015", "sf_id": "baz" } })
}
/// An entry for a bus with that detail, or another.
pub fn entry(bus: &str, detail: Value) -> Value {
    let name = "core.update-account-command";
    json!({ "EventBusName": bus, "Source": name, "DetailType": name, "Detail": detail.to_string() })
}

impl Shot {
    /// Whether the recording has something under a label.
    pub fn has(&self, label: &str) -> bool {
        self.content.get(label).is_some()
    }
    /// What was recorded under a label.
    pub fn recorded(&self, label: &str) -> &Value {
        self.content.get(label).unwrap_or_else(|| panic!("no {label} in {}", self.content))
    }
    /// Holds an answer against what was recorded under a label.
    pub fn same(&self, label: &str, ours: &Value) {
        self.by_hand(label);
        if let Err(why) = RULES.like(self.recorded(label), ours) {
            panic!("{label}: {why}\nrecorded: {}\nours: {ours}", self.recorded(label));
        }
    }
    /// What was recorded under a label is held against an answer otherwise than by [`same`](Self::same).
    pub fn by_hand(&self, label: &str) {
        self.checked.lock().unwrap().insert(label.to_owned());
    }
    /// Calls an operation and holds the answer, good or bad, against what was recorded.
    pub async fn call(&self, desk: &Desk, label: &str, operation: &str, input: Value) -> Value {
        let ours = answer(desk.call(operation, input).await);
        self.same(label, &ours);
        ours
    }
    /// Holds the messages of a queue against what was recorded.
    pub fn messages(&self, label: &str, sent: &[Sent]) {
        let message = |sent: &Sent| json!({ "MessageId": "m", "ReceiptHandle": "r", "MD5OfBody": "s", "Body": sent.body });
        self.same(label, &sent.iter().map(message).collect());
    }
}

/// An answer as boto3 gives it.
pub fn answer(result: Result<Value, Fault>) -> Value {
    let status = |status: u16| json!({ "HTTPHeaders": {}, "HTTPStatusCode": status });
    match result {
        Ok(mut value) => {
            value["ResponseMetadata"] = status(200);
            value
        }
        Err(f) => json!({ "Error": { "Code": f.code, "Message": f.message }, "ResponseMetadata": status(f.status) }),
    }
}

async fn run(file: &str, table: Table) {
    let Some(all) = fakes::recorded::recordings(&format!("events/{file}")) else { return };
    let mut used = BTreeSet::new();
    for (name, recording) in &all {
        let name = name.split_once("::").unwrap().1;
        let (test, parameter) = name.split_once('[').map_or((name, ""), |(test, rest)| (test, rest.strip_suffix(']').unwrap()));
        let (entry, how) = table.iter().find(|(entry, _)| *entry == test).unwrap_or_else(|| panic!("{name} is not in the table"));
        used.insert(*entry);
        let content = recording["recorded-content"].clone();
        let empty = content.as_object().is_none_or(|content| content.is_empty());
        let How::Done(run) = how else { continue };
        // The name of a test that was renamed or records nothing.
        if empty {
            continue;
        }
        println!("{name}");
        run(Shot { parameter: parameter.to_owned(), content, checked: Mutex::default() }).await;
    }
    let unused: Vec<_> = table.iter().filter(|(entry, _)| !used.contains(entry)).map(|(entry, _)| entry).collect();
    assert!(unused.is_empty(), "not recorded: {unused:?}");
    for (entry, how) in table {
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
