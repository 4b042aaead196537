//! Retention on the clock: what is past its days is never shown, and is deleted in pages within the hour.

use crate::{
    Error, Logs,
    groups::{Clear, PAGE},
    model::*,
    state::*,
};
use kit::{
    Context, Fault, Read, Scope, Timestamp, Tx,
    store::{NewTask, TaskRow},
};
use std::collections::HashMap;

const DAYS: [i32; 22] = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];
const HOUR_MS: i64 = 3_600_000;

impl Logs {
    /// Sets how many days events are kept.
    pub async fn put_retention_policy(&self, cx: &Context, input: PutRetentionPolicyInput) -> Result<PutRetentionPolicyOutput, Fault> {
        if !DAYS.contains(&input.retention_in_days) {
            return Err(Error::InvalidParameter.says(format!(
                "1 validation error detected: Value '{}' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: {DAYS:?}",
                input.retention_in_days
            )));
        }
        set(cx, &input.log_group_name, Some(input.retention_in_days)).await?;
        Ok(PutRetentionPolicyOutput {})
    }
    /// Keeps events for ever.
    pub async fn delete_retention_policy(
        &self,
        cx: &Context,
        input: DeleteRetentionPolicyInput,
    ) -> Result<DeleteRetentionPolicyOutput, Fault> {
        set(cx, &input.log_group_name, None).await?;
        Ok(DeleteRetentionPolicyOutput {})
    }

    /// Tasks: `sweep` a group's old events, `clear` what a deleted group held, `deliver` to a subscription, run a `query` and forget it.
    pub(crate) async fn run_task(&self, cx: &Context, task: TaskRow) -> Result<(), Fault> {
        match task.kind.as_str() {
            "sweep" => sweep(cx, &task.payload::<String>()?, &task.scope).await,
            "clear" => clear(cx, &task.payload::<Clear>()?.group_id, &task.scope).await,
            "deliver" => self.deliver(cx, &task).await,
            "query" => self.run_query(cx, &task).await,
            "forget-query" => self.forget_query(cx, &task).await,
            other => Err(Fault::internal(format!("logs has no task {other}"))),
        }
    }
}

async fn set(cx: &Context, name: &str, days: Option<i32>) -> Result<(), Fault> {
    cx.store()
        .write(|tx| {
            let mut group = group(tx, cx, name)?;
            group.retention_days = days;
            tx.put(&GROUPS, cx.scope(), &group.name, &group)?;
            tx.cancel_keyed("logs", "sweep", &group.id);
            plan(cx, tx, &group)
        })
        .await
}

/// Sees to it that a group with a retention is swept when its oldest event is due. One task a group, never one an event.
pub(crate) fn plan(cx: &Context, tx: &mut Tx<'_>, group: &Group) -> Result<(), Fault> {
    let Some(days) = group.retention_days else { return Ok(()) };
    if !tx.tasks_keyed("logs", "sweep", &group.id).is_empty() {
        return Ok(());
    }
    let Some((_, oldest)) = tx.scan(&EVENTS, cx.scope()).prefix(&(group.id.as_str(),)).first()? else { return Ok(()) };
    plan_at(tx, cx.scope(), group, oldest.at_ms + days as i64 * 86_400_000);
    Ok(())
}

fn plan_at(tx: &mut Tx<'_>, scope: &Scope, group: &Group, expiry_ms: i64) {
    // Up to the next full hour, so that events of one hour go together.
    let due = Timestamp::from_millis((expiry_ms.div_euclid(HOUR_MS) + 1) * HOUR_MS);
    tx.task(NewTask::new(scope, "logs", "sweep", &group.name).at(due).key(group.id.clone()));
}

async fn sweep(cx: &Context, name: &str, scope: &Scope) -> Result<(), Fault> {
    loop {
        let more = cx
            .store()
            .write(|tx| {
                let Some(group) = tx.get(&GROUPS, scope, &name.to_owned())? else { return Ok(false) };
                let Some(days) = group.retention_days else { return Ok(false) };
                let oldest = group.oldest_ms(cx.now());
                let old = delete_page(tx, scope, &group.id, oldest)?;
                if old == PAGE {
                    return Ok(true);
                }
                if let Some((_, next)) = tx.scan(&EVENTS, scope).prefix(&(group.id.as_str(),)).first()? {
                    plan_at(tx, scope, &group, next.at_ms + days as i64 * 86_400_000);
                }
                Ok(false)
            })
            .await?;
        if !more {
            return Ok(());
        }
    }
}

async fn clear(cx: &Context, group_id: &str, scope: &Scope) -> Result<(), Fault> {
    while cx.store().write(|tx| delete_page(tx, scope, group_id, i64::MAX)).await? == PAGE {}
    cx.store()
        .write(|tx| {
            let keys: Vec<(String, String)> = tx.scan(&STREAMS, scope).prefix(&(group_id,)).keys().collect::<Result<_, _>>()?;
            keys.iter().try_for_each(|key| tx.delete(&STREAMS, scope, key).map(drop))
        })
        .await
}

/// Deletes a page of events before a moment; how many.
fn delete_page(tx: &mut Tx<'_>, scope: &Scope, group_id: &str, before_ms: i64) -> Result<usize, Fault> {
    let page: Vec<Event> = tx
        .scan(&EVENTS, scope)
        .prefix(&(group_id,))
        .until(&(group_id, before_ms))
        .limit(PAGE)
        .map(|row| row.map(|(_, event)| event))
        .collect::<Result<_, _>>()?;
    let mut freed: HashMap<&str, u64> = HashMap::new();
    for event in &page {
        tx.delete(&EVENTS, scope, &event.key())?;
        *freed.entry(event.stream.as_str()).or_default() += event.message.len() as u64 + 26;
    }
    for (stream, bytes) in freed {
        let key = (group_id.to_owned(), stream.to_owned());
        if let Some(mut row) = tx.get(&STREAMS, scope, &key)? {
            row.bytes = row.bytes.saturating_sub(bytes);
            tx.put(&STREAMS, scope, &key, &row)?;
        }
    }
    Ok(page.len())
}
