//! A replay at work: pages of an archive's events to the rules of its bus, each page with where it ends in one transaction.

use super::rows::*;
use crate::{EventBridge, model::ReplayState, names::BusName, routing::Arrival};
use kit::store::TaskRow;
use kit::{Context, Fault, Read, Tx};
use serde_json::{Map, Value};

/// Sends a replay's events; what was sent before a crash is not sent again.
pub(crate) async fn run(service: &EventBridge, cx: &Context, task: &TaskRow) -> Result<(), Fault> {
    let name: String = task.payload()?;
    while cx.store().write(|tx| page(service, cx, tx, task, &name)).await? {}
    Ok(())
}

/// One page; whether there are more.
fn page(service: &EventBridge, cx: &Context, tx: &mut Tx<'_>, task: &TaskRow, name: &str) -> Result<bool, Fault> {
    let scope = &task.scope;
    let Some(mut replay) = tx.get(&REPLAYS, scope, &name.to_owned())?.filter(StoredReplay::is_active) else { return Ok(false) };
    let end = |replay: &mut StoredReplay, state: ReplayState| {
        replay.state = state.to_string();
        replay.ended = Some(cx.now());
    };
    let mut more = false;
    match tx.get(&ARCHIVES, scope, &replay.archive)? {
        _ if replay.state() == Some(ReplayState::Cancelling) => end(&mut replay, ReplayState::Cancelled),
        None => {
            replay.reason = Some(format!("Archive {} does not exist.", replay.archive));
            end(&mut replay, ReplayState::Failed);
        }
        Some(archive) => {
            let rows = next_rows(tx, task, &replay, &archive.id)?;
            let bus = BusName { scope: scope.clone(), name: replay.bus.clone() };
            for ((_, at, seq), row) in &rows {
                let arrival = Arrival { event: named(&row.event, name)?, trace: None, forwarded: false };
                service.replay(cx, tx, &bus, &arrival, &replay.rules)?;
                replay.last = Some((*at, *seq));
            }
            more = rows.len() == PAGE;
            match more {
                true => replay.state = ReplayState::Running.to_string(),
                false => end(&mut replay, ReplayState::Completed),
            }
        }
    }
    tx.put(&REPLAYS, scope, &replay.name, &replay)?;
    Ok(more)
}

type Row = ((String, kit::Timestamp, u64), Archived);

fn next_rows(tx: &Tx<'_>, task: &TaskRow, replay: &StoredReplay, id: &str) -> Result<Vec<Row>, Fault> {
    let scan = tx.scan(&EVENTS, &task.scope).prefix(&(id,)).until(&(id, replay.until)).limit(PAGE);
    let scan = match replay.last {
        Some((at, seq)) => scan.after(&(id, at, seq)),
        None => scan.from(&(id, replay.from)),
    };
    scan.collect()
}

/// The event with the replay's name behind its region, as recorded.
fn named(event: &str, replay: &str) -> Result<Value, Fault> {
    let event: Value = serde_json::from_str(event).map_err(|e| Fault::internal(format!("an archived event: {e}")))?;
    let mut out = Map::new();
    for (name, value) in event.as_object().into_iter().flatten() {
        out.insert(name.clone(), value.clone());
        if name == "region" {
            out.insert("replay-name".into(), replay.into());
        }
    }
    Ok(Value::Object(out))
}
