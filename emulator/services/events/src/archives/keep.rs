//! Events into archives, in the transaction that puts them on the bus, and out again when their days are over.

use super::rows::*;
use crate::{names::BusName, patterns::Cache};
use kit::store::{NewTask, TaskRow};
use kit::{Context, Fault, Read, Scope, Timestamp, Tx};
use serde_json::Value;

/// Takes away what is older than an archive keeps.
pub(crate) const SWEEP: &str = "sweep";

const DAY_NS: i128 = 86_400 * 1_000_000_000;
const HOUR_NS: i128 = 3600 * 1_000_000_000;

/// Keeps an event in the archives of its bus that want it. What is replayed is not archived again.
pub(crate) fn keep(cx: &Context, tx: &mut Tx<'_>, bus: &BusName, event: &Value, patterns: &Cache) -> Result<(), Fault> {
    if event.get("replay-name").is_some() {
        return Ok(());
    }
    let rows = tx.scan(&ARCHIVES, &bus.scope).map(|row| row.map(|(_, archive)| archive));
    let all: Vec<StoredArchive> =
        rows.filter(|row| row.as_ref().map_or(true, |archive| archive.bus == bus.name)).collect::<Result<_, _>>()?;
    for mut archive in all {
        if let Some(pattern) = &archive.pattern
            && !patterns.matches(pattern, event)?
        {
            continue;
        }
        let row = Archived { event: event.to_string(), bytes: bytes(event) };
        let seq = tx.next_seq("events.archived");
        tx.put(&EVENTS, &bus.scope, &(archive.id.clone(), cx.now(), seq), &row)?;
        archive.events += 1;
        archive.bytes += row.bytes;
        tx.put(&ARCHIVES, &bus.scope, &archive.name, &archive)?;
        plan_sweep(tx, &bus.scope, &archive)?;
    }
    Ok(())
}

/// An event's size as AWS counts it, by what is recorded: source, detail type, time, resources, and the detail with spaces.
fn bytes(event: &Value) -> i64 {
    let text = |member: &str| event[member].as_str().map_or(0, str::len);
    let resources: usize = event["resources"].as_array().into_iter().flatten().filter_map(|r| r.as_str()).map(str::len).sum();
    let parts = ["source", "detail-type", "time"].into_iter().map(text).sum::<usize>();
    (parts + resources + spaced(&event["detail"])) as i64
}

/// The length of JSON with a space behind each colon and comma.
fn spaced(value: &Value) -> usize {
    match value {
        Value::Object(members) => {
            let each: usize = members.iter().map(|(name, value)| Value::from(name.as_str()).to_string().len() + 2 + spaced(value)).sum();
            2 + each + 2 * members.len().saturating_sub(1)
        }
        Value::Array(items) => 2 + items.iter().map(spaced).sum::<usize>() + 2 * items.len().saturating_sub(1),
        other => other.to_string().len(),
    }
}

/// Sees to it that an archive with a retention is swept when its oldest event is due: one task an archive, never one an event.
pub(super) fn plan_sweep(tx: &mut Tx<'_>, scope: &Scope, archive: &StoredArchive) -> Result<(), Fault> {
    if archive.retention_days <= 0 {
        tx.cancel_keyed("events", SWEEP, &archive.id);
        return Ok(());
    }
    let Some(((_, oldest, _), _)) = tx.scan(&EVENTS, scope).prefix(&(archive.id.as_str(),)).first()? else { return Ok(()) };
    // Up to the next full hour, so that events of one hour go together.
    let expiry = oldest.unix_ns + archive.retention_days as i128 * DAY_NS;
    let due = Timestamp { unix_ns: (expiry.div_euclid(HOUR_NS) + 1) * HOUR_NS };
    let planned = tx.tasks_keyed("events", SWEEP, &archive.id);
    if planned.iter().any(|task| task.due <= due) {
        return Ok(());
    }
    tx.cancel_keyed("events", SWEEP, &archive.id);
    tx.task(NewTask::new(scope, "events", SWEEP, &archive.name).at(due).key(archive.id.clone()));
    Ok(())
}

/// Takes away what an archive no longer keeps, in pages, and waits for the next.
pub(crate) async fn sweep(cx: &Context, task: &TaskRow) -> Result<(), Fault> {
    let name: String = task.payload()?;
    let scope = &task.scope;
    loop {
        let more = cx
            .store()
            .write(|tx| {
                let found = tx.get(&ARCHIVES, scope, &name)?.filter(|archive| Some(&archive.id) == task.key.as_ref());
                let Some(mut archive) = found else { return Ok(false) };
                let until = cx.now().plus_ns(-(archive.retention_days as i128) * DAY_NS);
                let gone = delete_page(tx, scope, &archive.id, Some(until))?;
                archive.events -= gone.len() as i64;
                archive.bytes -= gone.iter().map(|row| row.bytes).sum::<i64>();
                tx.put(&ARCHIVES, scope, &archive.name, &archive)?;
                if gone.len() == PAGE {
                    return Ok(true);
                }
                tx.cancel(&task.id);
                plan_sweep(tx, scope, &archive)?;
                Ok(false)
            })
            .await?;
        if !more {
            return Ok(());
        }
    }
}

/// Deletes all that a deleted archive held.
pub(crate) async fn clear(cx: &Context, task: &TaskRow) -> Result<(), Fault> {
    let id: String = task.payload()?;
    while cx.store().write(|tx| delete_page(tx, &task.scope, &id, None)).await?.len() == PAGE {}
    Ok(())
}

/// Deletes a page of an archive's events, all or those before a moment.
fn delete_page(tx: &mut Tx<'_>, scope: &Scope, id: &str, until: Option<Timestamp>) -> Result<Vec<Archived>, Fault> {
    let mut scan = tx.scan(&EVENTS, scope).prefix(&(id,)).limit(PAGE);
    if let Some(until) = until {
        scan = scan.until(&(id, until));
    }
    let rows: Vec<_> = scan.collect::<Result<_, _>>()?;
    let mut gone = Vec::with_capacity(rows.len());
    for (key, row) in rows {
        tx.delete(&EVENTS, scope, &key)?;
        gone.push(row);
    }
    Ok(gone)
}
