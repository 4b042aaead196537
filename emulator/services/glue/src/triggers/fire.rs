//! Triggers as they fire: by hand, at a moment of their schedule, when crawls that triggers started have ended. Events are `events.rs`.

use super::{
    events,
    state::{Row, TRIGGERS, all, arn, must_find},
};
use crate::{
    crawlers::{
        runs,
        schedule::expression,
        state::{CRAWLERS, Cause},
    },
    model::*,
    workflows,
};
use kit::schedules::TimeZone;
use kit::store::{NewTask, TaskRow};
use kit::{Context, Fault, Read, Timestamp, Tx};

/// The task of a trigger's moment.
pub(crate) const KIND: &str = "trigger";

/// Writes the next moment of an activated trigger with a schedule.
pub(super) fn plan(cx: &Context, tx: &mut Tx<'_>, row: &Row) -> Result<(), Fault> {
    tx.cancel_keyed("glue", KIND, &arn(cx, row.name()));
    let waits = row.trigger.r#type == Some(TriggerType::Scheduled) && row.trigger.state == Some(TriggerState::Activated);
    if waits {
        wait(cx, tx, row, cx.now())?;
    }
    Ok(())
}

fn wait(cx: &Context, tx: &mut Tx<'_>, row: &Row, after: Timestamp) -> Result<(), Fault> {
    let expression = expression(row.trigger.schedule.as_deref().unwrap_or_default())?;
    if let Some(due) = expression.next(after, after, &TimeZone::UTC) {
        tx.task(NewTask::new(cx.scope(), "glue", KIND, &row.name()).at(due).key(arn(cx, row.name())));
    }
    Ok(())
}

/// What a trigger waits for, and what has come of it, is forgotten.
pub(crate) fn forget(tx: &mut Tx<'_>, cx: &Context, name: &str) -> Result<(), Fault> {
    tx.cancel_keyed("glue", KIND, &arn(cx, name));
    events::forget(tx, cx, name)
}

/// The moment has come.
pub(crate) async fn fire(cx: &Context, task: &TaskRow) -> Result<(), Fault> {
    let name: String = task.payload()?;
    let cx = &cx.in_scope(task.scope.clone());
    cx.store()
        .write(|tx| {
            if tx.task_row(&task.id).is_none() {
                return Ok(());
            }
            let Some(row) = tx.get(&TRIGGERS, cx.scope(), &name)? else { return Ok(()) };
            wait(cx, tx, &row, task.due)?;
            match &row.trigger.workflow_name {
                None => actions(cx, tx, &row, None).map(drop),
                Some(workflow) => workflows::runs::begin_by_itself(cx, tx, workflow, None),
            }
        })
        .await
}

/// Fires on demand: in a workflow that makes a run of it.
pub(super) fn begin(cx: &Context, tx: &mut Tx<'_>, row: &Row) -> Result<(), Fault> {
    match &row.trigger.workflow_name {
        None => actions(cx, tx, row, None).map(drop),
        Some(workflow) => workflows::runs::begin(cx, tx, workflow, None).map(drop),
    }
}

/// Starts a trigger's crawlers; those that could be. One that runs already can't, and ends its action with an error.
pub(crate) fn actions(cx: &Context, tx: &mut Tx<'_>, row: &Row, run: Option<&str>) -> Result<Vec<(String, bool)>, Fault> {
    let mut started = Vec::new();
    for name in row.crawlers() {
        let crawler = tx.get(&CRAWLERS, cx.scope(), name)?;
        let free = crawler.filter(|crawler| crawler.running.is_none());
        let cause = Cause { trigger: row.name().to_owned(), workflow: row.trigger.workflow_name.clone().zip(run.map(str::to_owned)) };
        started.push((name.clone(), free.is_some()));
        if let Some(mut crawler) = free {
            runs::begin(cx, tx, &mut crawler, Some(cause))?;
        }
    }
    Ok(started)
}

/// A crawl that a trigger started has ended: conditional triggers that wait for it are asked.
pub(crate) fn ended(cx: &Context, tx: &mut Tx<'_>, crawler: &str, state: CrawlState, cause: &Cause) -> Result<(), Fault> {
    if let Some((workflow, run)) = &cause.workflow {
        return workflows::runs::ended(cx, tx, workflow, run, crawler, state);
    }
    for row in all(tx, cx, None)? {
        let waits = row.trigger.workflow_name.is_none() && row.trigger.r#type == Some(TriggerType::Conditional);
        if !waits || row.trigger.state != Some(TriggerState::Activated) {
            continue;
        }
        let mut row = must_find(tx, cx, row.name())?;
        let places: Vec<usize> = row.meets(crawler, state).collect();
        if places.is_empty() {
            continue;
        }
        row.met.extend(places);
        if row.holds(&row.met) {
            row.met.clear();
            actions(cx, tx, &row, None)?;
        }
        tx.put(&TRIGGERS, cx.scope(), &row.name().to_owned(), &row)?;
    }
    Ok(())
}
