//! The end of messages: one task for each queue, due when its oldest message is past the retention period.

use crate::{Sqs, duplicates, rows, state::*};
use kit::{
    Context, Fault, Read, Scope, Timestamp, Tx,
    store::{NewTask, TaskRow},
};

/// Messages that one run of the task ends; the next run is due at once.
const PAGE: usize = 10_000;

impl Sqs {
    /// Ends the messages of a queue that are past their time.
    pub(crate) async fn expire(&self, cx: &Context, task: TaskRow) -> Result<(), Fault> {
        let name: String = task.payload()?;
        let (scope, now) = (task.scope.clone(), cx.now());
        cx.store()
            .write(|tx| {
                let Some(queue) = tx.get(&QUEUES, &scope, &name)?.filter(|q| Some(&q.id) == task.key.as_ref()) else { return Ok(()) };
                let over = (queue.id.as_str(), queue.oldest(now).plus_ns(1));
                let past: Vec<StoredMessage> = tx
                    .by_index(&MESSAGES, &scope, "age", &(queue.id.as_str(),))
                    .until(&over)
                    .limit(PAGE)
                    .map(|row| row.map(|(_, message)| message))
                    .collect::<Result<_, _>>()?;
                past.iter().try_for_each(|message| rows::remove(tx, &scope, &queue, message))?;
                replan(tx, &scope, &queue)
            })
            .await
    }
}

/// Sees to it that the task comes in time for a message kept since then.
pub(crate) fn plan(tx: &mut Tx<'_>, scope: &Scope, queue: &Queue, since: Timestamp) {
    let due = since.plus_ns(seconds(queue.number("MessageRetentionPeriod")));
    let planned = tx.tasks_keyed("sqs", "expire", &queue.id).first().map(|task| task.due);
    if planned.is_none_or(|planned| planned > due) {
        tx.cancel_keyed("sqs", "expire", &queue.id);
        tx.task(NewTask::new(scope, "sqs", "expire", &queue.name).at(due).key(queue.id.clone()));
    }
}

/// Plans the task for the oldest message there is, after that or the period changed.
pub(crate) fn replan(tx: &mut Tx<'_>, scope: &Scope, queue: &Queue) -> Result<(), Fault> {
    tx.cancel_keyed("sqs", "expire", &queue.id);
    if let Some((_, oldest)) = tx.by_index(&MESSAGES, scope, "age", &(queue.id.as_str(),)).first()? {
        plan(tx, scope, queue, oldest.kept_since);
    }
    Ok(())
}

/// Nothing of a queue that is deleted stays.
pub(crate) fn forget(tx: &mut Tx<'_>, scope: &Scope, queue: &Queue) -> Result<(), Fault> {
    rows::clear(tx, scope, queue)?;
    tx.cancel_keyed("sqs", "expire", &queue.id);
    tx.cancel_keyed("sqs", "measure", &queue.id);
    duplicates::forget(tx, scope, queue)
}
