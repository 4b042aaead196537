//! A batch: the function runs with it, and what it dealt with is deleted from the queue. What it did not comes back when its visibility ends.

use super::{MAPPINGS, Mapping, poll, pollers::Key};
use crate::{
    Lambda,
    invoke::{
        run,
        run::{Call, Done},
        target,
    },
    recursion,
};
use kit::{
    Context, Fault, Need, Read, RecordKind, Timestamp,
    store::{NewTask, TaskRow},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{collections::BTreeSet, sync::Arc};

/// Kind of the rows that try a throttled batch again.
pub(crate) const KIND: &str = "batch";
/// Longest pause between attempts of a throttled batch, seconds.
const MOST_PAUSE_SECS: i128 = 30;

/// A message on its way to a function.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Record {
    pub id: String,
    pub receipt: String,
    /// As the function sees it.
    #[serde(with = "text")]
    pub value: Value,
    /// Of the value as JSON.
    pub bytes: usize,
}

/// A batch that was throttled.
#[derive(Serialize, Deserialize)]
struct PutOff {
    uuid: String,
    records: Vec<Record>,
    /// When the messages come back by themselves: after that the batch is dropped.
    until: Timestamp,
    attempts: u32,
}

/// What became of a batch.
enum End {
    /// These messages were dealt with.
    Dealt(Vec<String>),
    /// There was no room for the function.
    Throttled,
}

/// Runs a batch that is already counted among its mapping's.
pub(super) fn start(lambda: &Arc<Lambda>, cx: &Context, key: &Key, mapping: &Mapping, role: &Context, records: Vec<Record>) {
    let token = cx.cloud().work().begin(format!("lambda:batch:{}", key.1));
    let (lambda, cx, key, mapping, role) = (lambda.clone(), cx.child(), key.clone(), mapping.clone(), role.clone());
    tokio::spawn(async move {
        let mut rest = None;
        match attempt(&lambda, &cx, &mapping, &key, &records).await {
            End::Dealt(receipts) => finish(&cx, &key, &role, &mapping, receipts).await,
            End::Throttled => {
                let until = poll::visible_again(&role, &mapping).await;
                let again = PutOff { uuid: key.1.clone(), records, until, attempts: 1 };
                rest = Some(again.due(cx.now()));
                put_off(&cx, &key, again).await;
            }
        }
        lambda.pollers.end(cx.cloud(), &key, rest);
        drop(token);
    });
}

/// Tries a throttled batch again.
pub(crate) async fn again(lambda: &Lambda, cx: &Context, task: &TaskRow) -> Result<(), Fault> {
    let mut batch: PutOff = task.payload()?;
    let key = (task.scope.clone(), batch.uuid.clone());
    let mapping = cx.store().read(|s| s.get(&MAPPINGS, &key.0, &key.1))?.filter(|m| m.enabled);
    let Some(mapping) = mapping.filter(|_| cx.now() < batch.until) else { return Ok(()) };
    match attempt(lambda, cx, &mapping, &key, &batch.records).await {
        End::Dealt(receipts) => {
            let role = role(cx, &key, &mapping).await?;
            finish(cx, &key, &role, &mapping, receipts).await;
        }
        End::Throttled => {
            batch.attempts += 1;
            put_off(cx, &key, batch).await;
        }
    }
    Ok(())
}

impl PutOff {
    /// One second, doubling.
    fn due(&self, now: Timestamp) -> Timestamp {
        now.plus_ns((1i128 << self.attempts.min(6)).min(2 * MOST_PAUSE_SECS) / 2 * 1_000_000_000)
    }
}

async fn role(cx: &Context, key: &Key, mapping: &Mapping) -> Result<Context, Fault> {
    let name = mapping.name(&key.0);
    let config = cx.store().read(|s| crate::state::config(s, &name, &crate::state::function(s, &name)?))?;
    let made = cx.cloud().ports().sessions()?.for_service(cx, &config.role, "lambda.amazonaws.com", &mapping.function, 3600).await?;
    Ok(cx.as_role(Arc::new(made.session)))
}

async fn put_off(cx: &Context, key: &Key, batch: PutOff) {
    let task = NewTask::new(&key.0, "lambda", KIND, &batch).at(batch.due(cx.now())).cause(cx.ids().number());
    // Without the row the messages come back all the same, only later.
    if let Err(fault) = cx.store().write(|tx| Ok(tx.task(task))).await {
        journal(cx, key, "Poll", &fault);
    }
}

async fn finish(cx: &Context, key: &Key, role: &Context, mapping: &Mapping, receipts: Vec<String>) {
    if let Err(fault) = delete(role, mapping, receipts).await {
        journal(cx, key, "DeleteMessage", &fault);
    }
}

/// Invokes the function once.
async fn attempt(lambda: &Lambda, cx: &Context, mapping: &Mapping, key: &Key, records: &[Record]) -> End {
    let name = mapping.name(&key.0);
    let cx = &traced(cx, records);
    let target = match target::resolve(cx, &name) {
        Ok(target) => target,
        Err(fault) => {
            journal(cx, key, "Invoke", &fault);
            return End::Dealt(Vec::new());
        }
    };
    let event = json!({ "Records": records.iter().map(|r| &r.value).collect::<Vec<_>>() });
    let call = Call { name, payload: event.to_string().into(), request_id: cx.ids().uuid(), client_context: None, tail: false, sink: None };
    let Ok(turn) = lambda.turns.take().await else { return End::Dealt(Vec::new()) };
    let result = turn.during(cx.cloud().clock(), run::run(&lambda.pools, cx, target, call)).await;
    match result {
        Ok(done) => End::Dealt(dealt_with(mapping, &done, records)),
        Err(fault) if fault.status == 429 => End::Throttled,
        Err(fault) => {
            journal(cx, key, "Invoke", &fault);
            End::Dealt(Vec::new())
        }
    }
}

/// The trace of the message that has come the furthest, if any tells one.
fn traced(cx: &Context, records: &[Record]) -> Context {
    let header = |record: &Record| record.value["attributes"]["AWSTraceHeader"].as_str().and_then(recursion::of_header);
    match records.iter().filter_map(header).max_by_key(|trace| recursion::parts(trace).1.len()) {
        Some(trace) => cx.clone().with_trace(trace),
        None => cx.clone(),
    }
}

/// Receipts of the messages that the function dealt with.
fn dealt_with(mapping: &Mapping, done: &Done, records: &[Record]) -> Vec<String> {
    if done.error.is_some() {
        return Vec::new();
    }
    let failed = match mapping.reports_failures {
        true => match failures(&done.payload, records) {
            Some(failed) => failed,
            None => return Vec::new(),
        },
        false => BTreeSet::new(),
    };
    records.iter().filter(|r| !failed.contains(&r.id)).map(|r| r.receipt.clone()).collect()
}

/// The messages that a function reports as failed; `None` where the whole batch is, because the answer makes no sense.
fn failures(payload: &[u8], records: &[Record]) -> Option<BTreeSet<String>> {
    let answer: Value = serde_json::from_slice(payload).ok()?;
    let list = match &answer {
        Value::Null => return Some(BTreeSet::new()),
        Value::String(text) if text.is_empty() => return Some(BTreeSet::new()),
        Value::Object(answer) => answer.get("batchItemFailures").unwrap_or(&Value::Null),
        _ => return None,
    };
    let items = match list {
        Value::Null => return Some(BTreeSet::new()),
        Value::Array(items) => items,
        _ => return None,
    };
    let known = |id: &&str| records.iter().any(|r| r.id == **id);
    items.iter().map(|item| item["itemIdentifier"].as_str().filter(known).map(str::to_owned)).collect()
}

/// Deletes messages from a mapping's queue.
pub(super) async fn delete(role: &Context, mapping: &Mapping, receipts: Vec<String>) -> Result<(), Fault> {
    if receipts.is_empty() {
        return Ok(());
    }
    let grant = role.grant(&Need::on("sqs:DeleteMessage", &mapping.queue_arn))?;
    role.cloud().ports().queues()?.delete(role, grant, &mapping.queue_arn, receipts).await
}

fn journal(cx: &Context, key: &Key, operation: &str, fault: &Fault) {
    let detail = json!({ "message": fault.message });
    cx.cloud().journal().write(cx, RecordKind::Event, "lambda", operation, &super::arn(&key.0, &key.1), &fault.code, detail);
}

/// JSON as text: rows are of another format.
mod text {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
    use serde_json::Value;

    pub fn serialize<S: Serializer>(value: &Value, to: S) -> Result<S::Ok, S::Error> {
        value.to_string().serialize(to)
    }
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Value, D::Error> {
        let text = String::deserialize(from)?;
        serde_json::from_str(&text).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_functions_report() {
        let record = |id: &str| Record { id: id.into(), receipt: String::new(), value: Value::Null, bytes: 0 };
        let records = [record("a"), record("b")];
        let failed = |answer: &str| failures(answer.as_bytes(), &records).map(|set| set.into_iter().collect::<Vec<_>>());
        let none = Some(Vec::<String>::new());
        for answer in ["null", "\"\"", "{}", r#"{"batchItemFailures":null}"#, r#"{"batchItemFailures":[]}"#] {
            assert_eq!(failed(answer), none, "{answer}");
        }
        assert_eq!(failed(r#"{"batchItemFailures":[{"itemIdentifier":"b"}]}"#), Some(vec!["b".to_owned()]));
        for answer in [
            r#"{"batchItemFailures":[{"foo":"b"}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":null}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":"c"}]}"#,
            "no json",
            "[]",
        ] {
            assert_eq!(failed(answer), None, "{answer}");
        }
    }
}
