//! The rows of FIFO subscriptions: one message after the other within a group.

use super::{Outcome, finish, load};
use crate::{Sns, state::*};
use kit::{
    Context, Fault, Read, Scope, Tx,
    store::{NewTask, TaskRow},
};
use serde::{Deserialize, Serialize};

/// Whose row a task works off.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Row {
    subscription: String,
    lane: String,
}

/// Puts a message at the end of its row and sees to it that somebody works the row off.
pub(super) fn append(
    cx: &Context,
    tx: &mut Tx<'_>,
    scope: &Scope,
    subscription: &StoredSubscription,
    message: &StoredMessage,
) -> Result<(), Fault> {
    let lane = format!("{} {}", subscription.arn, message.group.as_deref().unwrap_or_default());
    let place = tx.next_seq("sns.rows");
    tx.put(&ROWS, &everywhere(), &(lane.clone(), place), &Waiting { message: message.id.clone(), attempts: 0 })?;
    if tx.tasks_keyed("sns", "row", &lane).is_empty() {
        let row = Row { subscription: subscription.arn.clone(), lane: lane.clone() };
        tx.task(NewTask::new(scope, "sns", "row", &row).key(lane).cause(cx.cause()));
    }
    Ok(())
}

/// The task that works a row off. It ends with an empty row, or comes back when its first message is to be tried again.
pub(crate) async fn run(sns: &Sns, cx: &Context, task: &TaskRow) -> Result<(), Fault> {
    let row: Row = task.payload()?;
    loop {
        let Some((place, waiting)) = head(cx, task, &row.lane).await? else { return Ok(()) };
        let wait = match load(sns, cx, &waiting.message, &row.subscription).await? {
            None => None,
            Some(attempt) => match attempt.try_it(sns, cx, waiting.attempts).await {
                Outcome::Delivered => None,
                Outcome::Never(fault) => attempt.give_up(sns, cx, &fault).await,
                Outcome::Later(fault) => match attempt.wait_secs(waiting.attempts + 1) {
                    Some(secs) => Some(secs),
                    None => attempt.give_up(sns, cx, &fault).await,
                },
            },
        };
        let key = (row.lane.clone(), place);
        let Some(secs) = wait else {
            cx.store()
                .write(|tx| {
                    tx.delete(&ROWS, &everywhere(), &key)?;
                    finish(tx, &waiting.message)
                })
                .await?;
            continue;
        };
        return cx
            .store()
            .write(|tx| {
                tx.put(&ROWS, &everywhere(), &key, &Waiting { attempts: waiting.attempts + 1, ..waiting })?;
                tx.retry(&task.id, cx.now().plus_ns(secs * 1_000_000_000));
                Ok(())
            })
            .await;
    }
}

/// The first of a row. An empty row ends its task in the same transaction, so that a publisher either sees the task or its message is seen.
async fn head(cx: &Context, task: &TaskRow, lane: &str) -> Result<Option<(u64, Waiting)>, Fault> {
    cx.store()
        .write(|tx| {
            let first = tx.scan(&ROWS, &everywhere()).prefix(&(lane,)).first()?;
            if first.is_none() {
                tx.cancel(&task.id);
            }
            Ok(first.map(|((_, place), waiting)| (place, waiting)))
        })
        .await
}
