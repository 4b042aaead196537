//! Server access logging: the configuration (`config`), a line for each request to a logged bucket (`line`), and the delivery of lines into
//! the target bucket (`delivery`), by a task on the cloud's clock.
//!
//! AWS delivers within hours and promises nothing; here lines are delivered every five minutes of the clock and none is lost.

mod config;
mod delivery;
mod line;
mod operations;

pub(crate) use delivery::{deliver, forget};
pub(crate) use line::Seen;
pub(crate) use operations::key_of;

use crate::state::{self, Found, LOGGED};
use kit::{Context, Fault, Read, Scope, Table, TableScope, Timestamp, Tx, store::NewTask};
use serde::{Deserialize, Serialize};

/// Lines that wait: (bucket, sequence).
const LINES: Table<(String, u64), Waiting> = Table::new("s3.access_log", TableScope::Account);
/// Time between deliveries.
const PERIOD_SECS: i64 = 300;

/// A line on its way, with where it goes: the configuration may change before it gets there.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Waiting {
    at: Timestamp,
    text: String,
    target: Target,
}

/// Where lines go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Target {
    bucket: String,
    prefix: String,
    /// `EventTime` or `DeliveryTime` where keys are partitioned by date.
    #[serde(default)]
    partitioned: Option<String>,
    /// What the bucket's owner lets others do with the log, where lists are allowed.
    #[serde(default)]
    grants: Vec<crate::acl::Given>,
}

/// A delivery of a bucket's lines.
#[derive(Serialize, Deserialize)]
struct Delivery {
    bucket: String,
}

/// Whether the requests to a bucket are logged: one look, for most are not.
fn is_logged(cx: &Context, bucket: &str) -> bool {
    cx.store().read(|s| s.exists(&LOGGED, &Scope::new("", ""), &bucket.to_owned())).unwrap_or(false)
}

/// Writes down an operation that was answered.
pub(crate) fn note_operation(cx: &Context, answered: &kit::Answered<'_>) {
    let (bucket, key) = operations::key_of(answered.head);
    if bucket.is_empty() || !is_logged(cx, &bucket) {
        return;
    }
    let header = |name: &str| answered.headers.get(name).and_then(|value| value.to_str().ok());
    let reads = matches!(answered.operation, "GetObject" | "HeadObject");
    // A range tells the size of the whole behind its slash.
    let size = || match header("content-range") {
        Some(range) => range.rsplit('/').next().and_then(|text| text.parse().ok()),
        None => header("content-length").and_then(|text| text.parse().ok()).or(answered.length),
    };
    let seen = Seen {
        operation: &operations::name_of(answered.operation, &answered.head.method, key.is_some()),
        bucket: &bucket,
        key: key.as_deref(),
        head: answered.head,
        uri: answered.uri,
        status: answered.status,
        error: answered.error,
        bytes: answered.length,
        size: if reads && answered.error.is_none() { size() } else { None },
        version_id: header("x-amz-version-id"),
        took_ms: answered.took_ms,
    };
    note(cx, &seen);
}

/// Writes a request down if its bucket is logged. The answer does not wait for it; whoever settles does.
pub(crate) fn note(cx: &Context, seen: &Seen<'_>) {
    if !is_logged(cx, seen.bucket) {
        return;
    }
    let Ok(found) = cx.store().read(|s| state::find(s, seen.bucket)) else { return };
    let Some(target) = config::target_of(&found) else { return };
    let waiting = Waiting { at: cx.now(), text: line::text(cx, &found, seen), target };
    let (cx, token) = (cx.clone(), cx.cloud().work().begin("s3:access-log"));
    tokio::spawn(async move {
        if let Err(fault) = cx.store().write(|tx| keep(tx, &cx, &found, &waiting)).await {
            let detail = serde_json::json!({ "message": fault.message });
            cx.cloud().journal().write(&cx, kit::RecordKind::House, "s3", "access-log", &found.arn(), &fault.code, detail);
        }
        drop(token);
    });
}

/// Keeps a line and sees to it that somebody comes for it at the end of the period that it falls into.
fn keep(tx: &mut Tx<'_>, cx: &Context, found: &Found, waiting: &Waiting) -> Result<(), Fault> {
    let sequence = tx.next_seq("s3.access_log");
    tx.put(&LINES, &found.scope, &(found.name.clone(), sequence), waiting)?;
    let due = Timestamp::from_secs((waiting.at.secs() / PERIOD_SECS + 1) * PERIOD_SECS);
    let lane = format!("{}/{}", found.name, due.secs());
    if tx.tasks_keyed("s3", "access-log", &lane).is_empty() {
        let delivery = Delivery { bucket: found.name.clone() };
        tx.task(NewTask::new(&found.scope, "s3", "access-log", &delivery).at(due).key(lane).cause(cx.cause()));
    }
    Ok(())
}
