//! Triggers of type EVENT: the events that EventBridge hands to a workflow are gathered until there are enough of them, or until the first
//! one has waited long enough; then a run begins. What is gathered stands in the store, its window is a task on the clock.

use super::state::{Row, all, arn};
use crate::{model::*, workflows};
use kit::store::{NewTask, TaskRow};
use kit::{Arn, BoxFuture, Context, Fault, Grant, Read, Scope, Table as Rows, TableScope, Tx, ports};
use serde::{Deserialize, Serialize};

/// The task that ends the window of a batch.
pub(crate) const KIND: &str = "batch";

/// AWS's defaults (Developer Guide, "Overview of workflows"): one event, and at most a quarter of an hour.
const SIZE: i32 = 1;
const WINDOW_SECS: i32 = 900;

/// Events that wait, by the trigger that gathers them.
const WAITING: Rows<String, Waiting> = Rows::new("glue.waiting_events", TableScope::Region);

#[derive(Clone, Default, Serialize, Deserialize)]
struct Waiting {
    /// Ids, in the order in which they came; at most as many as a batch may have.
    events: Vec<String>,
}

/// Events that begin a run together.
pub(crate) struct Batch {
    events: Vec<String>,
    /// Which condition was met first.
    pub condition: StartingEventBatchCondition,
}

impl Batch {
    /// As the property `aws:eventIds` has them. Jobs cut off its first and last character and have an id, so AWS puts a list in brackets;
    /// what stands between two ids is not documented.
    pub fn ids(&self) -> String {
        format!("[{}]", self.events.join(", "))
    }
}

/// Takes events for workflows.
pub(crate) struct Port;

impl ports::Workflows for Port {
    fn notify<'a>(&'a self, cx: &'a Context, grant: Grant, workflow_arn: &'a str, event_id: String) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            grant.covers("glue:notifyEvent", workflow_arn)?;
            let arn = Arn::parse(workflow_arn).filter(|arn| arn.service == "glue");
            let found = arn.as_ref().and_then(|arn| Some((arn.after("workflow/")?, Scope::new(arn.account, arn.region))));
            let (workflow, scope) = found.ok_or_else(|| Error::InvalidInput.says(format!("{workflow_arn} is no workflow.")))?;
            let cx = &cx.in_scope(scope);
            cx.store().write(|tx| take(cx, tx, workflow, event_id)).await
        })
    }
}

/// An event has come for a workflow.
fn take(cx: &Context, tx: &mut Tx<'_>, workflow: &str, event: String) -> Result<(), Fault> {
    workflows::state::must_find(tx, cx, workflow)?;
    let takes = |row: &Row| row.trigger.r#type == Some(TriggerType::Event);
    // AWS documents nothing of a workflow that doesn't wait for events. Its guide sends events to triggers that were only created; one that
    // was stopped waits for nothing.
    let deaf = || Error::InvalidInput.says(format!("Workflow {workflow} has no trigger of type EVENT that takes events."));
    let found = all(tx, cx, Some(workflow))?.into_iter().find(takes);
    let row = found.filter(|row| row.trigger.state != Some(TriggerState::Deactivated)).ok_or_else(deaf)?;
    let (size, window) = conditions(&row);
    let name = row.name().to_owned();
    let mut waiting = tx.get(&WAITING, cx.scope(), &name)?.unwrap_or_default();
    let first = waiting.events.is_empty();
    waiting.events.push(event);
    if waiting.events.len() >= usize::try_from(size).unwrap_or(1) {
        forget(tx, cx, &name)?;
        let condition = StartingEventBatchCondition { batch_size: i32::try_from(waiting.events.len()).ok(), ..Default::default() };
        return workflows::runs::begin_by_itself(cx, tx, workflow, Some(Batch { events: waiting.events, condition }));
    }
    if first {
        let due = cx.now().plus_ns(i128::from(window) * 1_000_000_000);
        tx.task(NewTask::new(cx.scope(), "glue", KIND, &name).at(due).key(arn(cx, &name)).cause(cx.ids().number()));
    }
    tx.put(&WAITING, cx.scope(), &name, &waiting)
}

/// The window of a batch has passed: a run begins with what there is.
pub(crate) async fn close(cx: &Context, task: &TaskRow) -> Result<(), Fault> {
    let name: String = task.payload()?;
    let cx = &cx.in_scope(task.scope.clone());
    cx.store()
        .write(|tx| {
            // Enough events came, or the trigger was stopped, while this was on its way.
            if tx.task_row(&task.id).is_none() {
                return Ok(());
            }
            let Some(waiting) = tx.get(&WAITING, cx.scope(), &name)? else { return Ok(()) };
            let Some(row) = tx.get(&super::state::TRIGGERS, cx.scope(), &name)? else { return Ok(()) };
            forget(tx, cx, &name)?;
            let condition = StartingEventBatchCondition { batch_window: Some(conditions(&row).1), ..Default::default() };
            let workflow = row.trigger.workflow_name.as_deref().unwrap_or_default();
            workflows::runs::begin_by_itself(cx, tx, workflow, Some(Batch { events: waiting.events, condition }))
        })
        .await
}

/// Events that have come and begun nothing are forgotten.
pub(super) fn forget(tx: &mut Tx<'_>, cx: &Context, name: &str) -> Result<(), Fault> {
    tx.cancel_keyed("glue", KIND, &arn(cx, name));
    tx.delete(&WAITING, cx.scope(), &name.to_owned()).map(drop)
}

/// Size and window (seconds) of a trigger's batches.
fn conditions(row: &Row) -> (i32, i32) {
    let given = row.trigger.event_batching_condition.as_ref();
    (given.map_or(SIZE, |c| c.batch_size), given.and_then(|c| c.batch_window).unwrap_or(WINDOW_SECS))
}
