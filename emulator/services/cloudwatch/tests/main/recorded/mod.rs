//! Answers recorded from AWS: each is reproduced, or listed with the reason why not. Skipped, aloud, where the recordings are not at hand.
//!
//! The recordings of one test in three protocols hold the same but for the form; they are played through the Directory, whose form is
//! JSON's. What query clients see differently (codes) is compared by its field.

mod alarms;
mod composite;
mod metrics;
mod others;

use crate::desk::Desk;
use fakes::like::Rules;
use kit::{BoxFuture, Fault};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

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
    r"<<[^<>]*>:\d+>|<[a-z][^<>]*>|<[a-z-]+$|\b1{12}\b|\bdate\b|MM/DD/YY HH:MM:SS",
    &["MessageRaw"],
    false,
);

enum How {
    Done(fn(Shot) -> BoxFuture<'static, ()>),
    /// Not reproduced, and why.
    Listed(&'static str),
}

/// One recording.
pub struct Shot {
    /// The test's parameters: what stands in brackets behind its name.
    pub parameter: String,
    content: Value,
    checked: Arc<Mutex<BTreeSet<String>>>,
}

impl Shot {
    /// Holds a value against what was recorded under a label.
    pub fn same(&self, label: &str, ours: &Value) {
        self.checked.lock().unwrap().insert(label.to_owned());
        let recorded = plain(self.content.get(label).unwrap_or_else(|| panic!("no {label} in {}", self.content)));
        if let Err(why) = RULES.like(&recorded, ours) {
            panic!("{label}: {why}\nrecorded: {recorded}\nours: {ours}");
        }
    }
    /// Calls an operation and holds the answer, good or bad, against what was recorded.
    pub async fn call(&self, desk: &Desk, label: &str, operation: &str, input: Value) -> Value {
        let ours = answer(desk.call(operation, input).await);
        self.same(label, &ours);
        ours
    }
}

/// An answer in the recordings' common form.
fn answer(result: Result<Value, Fault>) -> Value {
    match result {
        Ok(value) => plain(&value),
        Err(f) => json!({ "Code": f.query_code.unwrap_or(f.code), "Message": f.message }),
    }
}

/// Without what the transport adds: headers, and the elements of XML. Of a fault its code and sentence are left.
fn plain(value: &Value) -> Value {
    if let Some(error) = value.get("Error").or_else(|| value.get("ErrorResponse").map(|r| &r["Error"])) {
        return json!({ "Code": error["Code"], "Message": error.get("Message").cloned().unwrap_or_else(|| "".into()) });
    }
    match value {
        Value::Object(members) => {
            // What came after the pinned model, and lists that say nothing.
            let new = ["ResponseMetadata", "LogAlarms"];
            let kept = members.iter().filter(|(name, value)| !new.contains(&name.as_str()) && !value.is_null());
            kept.map(|(name, value)| (name.clone(), plain(value))).collect()
        }
        Value::Array(items) => items.iter().map(plain).collect(),
        other => other.clone(),
    }
}

fn table() -> Vec<(&'static str, How)> {
    let mut all = Vec::new();
    all.extend(metrics::table());
    all.extend(alarms::table());
    all.extend(composite::table());
    all.extend(others::table());
    all
}

#[tokio::test]
async fn recordings_are_reproduced_or_listed() {
    let mut used = BTreeSet::new();
    let table = table();
    for file in ["test_cloudwatch", "test_cloudwatch_metrics"] {
        let Some(all) = fakes::recorded::recordings(&format!("cloudwatch/{file}")) else { return };
        for (name, recording) in &all {
            let name = name.rsplit("::").next().unwrap();
            let (test, parameter) = name.split_once('[').map_or((name, ""), |(test, rest)| (test, rest.strip_suffix(']').unwrap()));
            let (entry, how) = table.iter().find(|(entry, _)| *entry == test).unwrap_or_else(|| panic!("{name} is not in the table"));
            used.insert(*entry);
            let How::Done(run) = how else { continue };
            println!("{name}");
            let content = recording["recorded-content"].clone();
            let (labels, checked) = (content.as_object().unwrap().clone(), Arc::<Mutex<BTreeSet<String>>>::default());
            run(Shot { parameter: parameter.to_owned(), content, checked: checked.clone() }).await;
            let left = labels.keys().find(|label| !checked.lock().unwrap().contains(*label));
            assert_eq!(left, None, "{name} has an answer that was not compared");
        }
    }
    for (entry, how) in &table {
        assert!(used.contains(entry), "{entry} is in the table and was not recorded");
        if let How::Listed(why) = how {
            println!("not reproduced: {entry}: {why}");
        }
    }
}
