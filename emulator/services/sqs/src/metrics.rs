//! What SQS measures of itself (namespace AWS/SQS): requests as they come, and how full a queue is once a minute.
//!
//! AWS looks at a queue for six hours after its last use. Here a queue is looked at from its first message until it was empty for six hours.

use crate::{Sqs, attributes, groups, state::*};
use kit::{
    Context, Fault, Read, Scope, Timestamp, Tx,
    ports::Measured,
    store::{NewTask, TaskRow},
};
use serde::{Deserialize, Serialize};

const MINUTE_NS: i128 = 60_000_000_000;
const IDLE_SECS: i64 = 6 * 3600;

/// What the task of a queue is told.
#[derive(Serialize, Deserialize)]
struct Look {
    queue: String,
    /// When it last held a message.
    busy: Timestamp,
}

/// A metric, its unit, its value.
pub(crate) type Value = (&'static str, &'static str, f64);

/// Records what a request did to a queue.
pub(crate) fn request(cx: &Context, scope: &Scope, queue: &str, values: &[Value]) {
    let under: &[&[(&str, &str)]] = &[&[("QueueName", queue)]];
    cx.cloud().ports().measure(scope, cx.now(), &Measured { namespace: "AWS/SQS", under, values });
}

/// Records messages that were sent, one by one as AWS counts them.
pub(crate) fn sent(cx: &Context, scope: &Scope, queue: &str, sizes: &[usize]) {
    for size in sizes {
        request(cx, scope, queue, &[("NumberOfMessagesSent", "Count", 1.0), ("SentMessageSize", "Bytes", *size as f64)]);
    }
}

/// Records a receive.
pub(crate) fn received(cx: &Context, scope: &Scope, queue: &str, messages: usize) {
    match messages {
        0 => request(cx, scope, queue, &[("NumberOfEmptyReceives", "Count", 1.0)]),
        n => request(cx, scope, queue, &[("NumberOfMessagesReceived", "Count", n as f64)]),
    }
}

/// Sees to it that a queue that got a message is looked at each minute, where anybody keeps metrics.
pub(crate) fn watch(cx: &Context, tx: &mut Tx<'_>, scope: &Scope, queue: &Queue) {
    if cx.cloud().ports().metrics().is_ok() && tx.tasks_keyed("sqs", "measure", &queue.id).is_empty() {
        plan(tx, scope, queue, cx.now(), cx.now());
    }
}

fn plan(tx: &mut Tx<'_>, scope: &Scope, queue: &Queue, now: Timestamp, busy: Timestamp) {
    let due = Timestamp { unix_ns: (now.unix_ns.div_euclid(MINUTE_NS) + 1) * MINUTE_NS };
    let look = Look { queue: queue.name.clone(), busy };
    tx.task(NewTask::new(scope, "sqs", "measure", &look).at(due).key(queue.id.clone()));
}

impl Sqs {
    /// The task of each minute.
    pub(crate) async fn measure(&self, cx: &Context, task: TaskRow) -> Result<(), Fault> {
        let look: Look = task.payload()?;
        let (scope, now) = (task.scope.clone(), cx.now());
        let found = cx.store().read(|s| {
            let Some(queue) = s.get(&QUEUES, &scope, &look.queue)?.filter(|q| Some(&q.id) == task.key.as_ref()) else { return Ok(None) };
            Ok::<_, Fault>(Some((values(s, &scope, &queue, now)?, queue)))
        })?;
        let Some(((values, empty), queue)) = found else { return Ok(()) };
        request(cx, &scope, &queue.name, &values);
        let busy = if empty { look.busy } else { now };
        cx.store()
            .write(|tx| {
                // The next look is planned with the end of this one: a message that comes meanwhile finds one of them.
                tx.cancel(&task.id);
                if busy.plus_ns(seconds(IDLE_SECS)) > now {
                    plan(tx, &scope, &queue, now, busy);
                }
                Ok(())
            })
            .await
    }
}

/// How full a queue is, and whether it holds nothing at all.
fn values(read: &impl Read, scope: &Scope, queue: &Queue, now: Timestamp) -> Result<(Vec<Value>, bool), Fault> {
    let counts = attributes::counts(read, scope, queue, now)?;
    let oldest = read.by_index(&MESSAGES, scope, "age", &(queue.id.as_str(),)).first()?;
    let age = oldest.map_or(0, |(_, message)| (now.unix_ns - message.sent.unix_ns) / 1_000_000_000);
    let mut values = vec![
        ("ApproximateNumberOfMessagesVisible", "Count", counts.visible as f64),
        ("ApproximateNumberOfMessagesNotVisible", "Count", counts.in_flight as f64),
        ("ApproximateNumberOfMessagesDelayed", "Count", counts.delayed as f64),
        ("ApproximateAgeOfOldestMessage", "Seconds", age as f64),
    ];
    if queue.is_fifo() {
        values.push(("ApproximateNumberOfGroupsWithInflightMessages", "Count", groups::closed(read, scope, queue, now)? as f64));
    }
    Ok((values, counts.visible + counts.in_flight + counts.delayed == 0))
}
