//! Message move tasks: a dead-letter queue's messages go back to where they came from, or to a queue that is named, at a pace.
//!
//! A task is a row; its steps are due tasks a second apart. Each step moves in one transaction, so that no message is lost or doubled.

use crate::{Error, Sqs, limits, messages, model::*, redrive, rows, state::*};
use base64::{Engine, prelude::BASE64_STANDARD};
use kit::{
    Context, Fault, Read, Scope, Table, TableScope, Timestamp, Tx,
    store::{Desc, NewTask, TaskRow},
};
use serde::{Deserialize, Serialize};

/// Tasks by source queue id, newest first.
const MOVES: Table<(String, Desc<u64>), Move> = Table::new("sqs.moves", TableScope::Region);
/// The pace of a task that names none; AWS says "system optimized", at most 500 a second.
const PACE: i32 = 500;
/// Finished tasks that are shown.
const SHOWN: usize = 10;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Move {
    id: String,
    source_arn: String,
    destination_arn: Option<String>,
    per_second: Option<i32>,
    /// RUNNING, COMPLETED, CANCELLED, FAILED.
    status: String,
    moved: i64,
    to_move: i64,
    failure: Option<String>,
    started: Timestamp,
}

/// What a step is told.
#[derive(Serialize, Deserialize)]
struct Step {
    queue: String,
    seq: u64,
}

/// What a task's handle says.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Handle {
    task_id: String,
    source_arn: String,
}

impl Sqs {
    /// Begins to move the messages of a dead-letter queue.
    pub async fn start_message_move_task(
        &self,
        cx: &Context,
        input: StartMessageMoveTaskInput,
    ) -> Result<StartMessageMoveTaskOutput, Fault> {
        let pace = input.max_number_of_messages_per_second;
        if pace.is_some_and(|pace| !(1..=PACE).contains(&pace)) {
            return Err(bad_value(
                "Value for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: Must be an integer between 1 and 500.",
            ));
        }
        let (scope, name) = of_arn(&input.source_arn).ok_or_else(|| gone("SourceArn"))?;
        let handle = cx
            .store()
            .write(|tx| {
                let queue = tx.get(&QUEUES, &scope, &name)?.ok_or_else(|| gone("SourceArn"))?;
                if let Some(arn) = &input.destination_arn {
                    destination(tx, &scope, &queue, arn)?;
                }
                if redrive::sources(tx, &scope, &queue)?.is_empty() {
                    return Err(bad_value("Source queue must be configured as a Dead Letter Queue."));
                }
                if newest(tx, &scope, &queue, 1)?.iter().any(|(_, task)| task.status == "RUNNING") {
                    return Err(bad_value(
                        "There is already a task running. Only one active task is allowed for a source queue arn at a given time.",
                    ));
                }
                let task = Move {
                    id: cx.ids().uuid(),
                    source_arn: input.source_arn,
                    destination_arn: input.destination_arn,
                    per_second: pace,
                    status: "RUNNING".into(),
                    to_move: crate::attributes::counts(tx, &scope, &queue, cx.now())?.visible as i64,
                    started: cx.now(),
                    ..Move::default()
                };
                let seq = tx.next_seq("sqs.moves");
                tx.put(&MOVES, &scope, &(queue.id.clone(), Desc(seq)), &task)?;
                step_at(tx, &scope, &queue, seq, cx.now());
                Ok(task.handle())
            })
            .await?;
        Ok(StartMessageMoveTaskOutput { task_handle: Some(handle) })
    }

    /// The last tasks of a queue, newest first.
    pub async fn list_message_move_tasks(
        &self,
        cx: &Context,
        input: ListMessageMoveTasksInput,
    ) -> Result<ListMessageMoveTasksOutput, Fault> {
        let most = limits::between("MaxResults", input.max_results.unwrap_or(1), 1, SHOWN as i32)? as usize;
        let (scope, name) = of_arn(&input.source_arn).ok_or_else(|| gone("SourceArn"))?;
        let tasks = cx.store().read(|s| {
            let queue = s.get(&QUEUES, &scope, &name)?.ok_or_else(|| gone("SourceArn"))?;
            newest(s, &scope, &queue, most)
        })?;
        let results: Vec<_> = tasks.into_iter().map(|(_, task)| task.shown()).collect();
        Ok(ListMessageMoveTasksOutput { results: Some(results) })
    }

    /// Ends a task that runs; what it moved stays moved.
    pub async fn cancel_message_move_task(
        &self,
        cx: &Context,
        input: CancelMessageMoveTaskInput,
    ) -> Result<CancelMessageMoveTaskOutput, Fault> {
        let invalid = || bad_value("Value for parameter TaskHandle is invalid.");
        let handle = Handle::read(&input.task_handle).ok_or_else(invalid)?;
        let (scope, name) = of_arn(&handle.source_arn).ok_or_else(invalid)?;
        let moved = cx
            .store()
            .write(|tx| {
                let queue = tx.get(&QUEUES, &scope, &name)?.ok_or_else(|| gone("SourceArn"))?;
                let found = newest(tx, &scope, &queue, usize::MAX)?.into_iter().find(|(_, task)| task.id == handle.task_id);
                let (key, mut task) = found.ok_or_else(|| Error::ResourceNotFound.says("Task does not exist."))?;
                if task.status != "RUNNING" {
                    return Err(Error::UnsupportedOperation.says("Only active tasks can be cancelled."));
                }
                task.status = "CANCELLED".into();
                tx.cancel_keyed("sqs", "move", &queue.id);
                tx.put(&MOVES, &scope, &key, &task)?;
                Ok(task.moved)
            })
            .await?;
        Ok(CancelMessageMoveTaskOutput { approximate_number_of_messages_moved: Some(moved) })
    }

    /// A step of a task: as many messages as its pace gives a second.
    pub(crate) async fn move_step(&self, cx: &Context, task: TaskRow) -> Result<(), Fault> {
        let step: Step = task.payload()?;
        let scope = task.scope.clone();
        cx.store()
            .write(|tx| {
                let Some(queue) = tx.get(&QUEUES, &scope, &step.queue)? else { return Ok(()) };
                let key = (queue.id.clone(), Desc(step.seq));
                let Some(mut task) = tx.get(&MOVES, &scope, &key)?.filter(|task| task.status == "RUNNING") else { return Ok(()) };
                match advance(cx, tx, &scope, &queue, &mut task) {
                    Ok(true) => step_at(tx, &scope, &queue, step.seq, cx.now().plus_ns(seconds(1))),
                    Ok(false) => task.status = "COMPLETED".into(),
                    Err(fault) if fault.status < 500 => {
                        task.status = "FAILED".into();
                        task.failure = Some(fault.query_code.unwrap_or(fault.code).into_owned());
                    }
                    Err(fault) => return Err(fault),
                }
                tx.put(&MOVES, &scope, &key, &task)
            })
            .await?;
        self.arrivals.notify_waiters();
        Ok(())
    }
}

/// Moves one second's worth; whether there may be more.
fn advance(cx: &Context, tx: &mut Tx<'_>, scope: &Scope, queue: &Queue, task: &mut Move) -> Result<bool, Fault> {
    let most = task.per_second.unwrap_or(PACE) as usize;
    let visible = (queue.id.as_str(), cx.now().plus_ns(1));
    let page: Vec<StoredMessage> = tx
        .by_index(&MESSAGES, scope, "visible", &(queue.id.as_str(),))
        .until(&visible)
        .limit(most)
        .map(|row| row.map(|(_, message)| message))
        .collect::<Result<_, _>>()?;
    let full = page.len() == most;
    for message in page {
        let source = message.system.get("DeadLetterQueueSourceArn");
        let arn = task.destination_arn.as_ref().or(source).ok_or_else(|| Fault::new("CouldNotDetermineMessageSource", 400, ""))?;
        let (_, name) = of_arn(arn).ok_or_else(no_such_queue)?;
        let target = self::queue(tx, scope, &name)?;
        rows::remove(tx, scope, queue, &message)?;
        let moved = as_new(cx, tx, &target, message);
        rows::add(tx, scope, &target, &moved)?;
        task.moved += 1;
    }
    // A task with a pace ends a second after its last message, as the next step finds nothing.
    Ok(full && (task.per_second.is_some() || task.moved < task.to_move))
}

/// A moved message counts as new: with an id and a time of its own, as AWS documents of redrives.
fn as_new(cx: &Context, tx: &mut Tx<'_>, target: &Queue, mut message: StoredMessage) -> StoredMessage {
    let now = cx.now();
    message.queue_id = target.id.clone();
    message.seq = tx.next_seq("sqs.messages");
    message.id = cx.ids().uuid();
    (message.sent, message.kept_since, message.visible_at) = (now, now, now);
    (message.receives, message.first_received) = (0, None);
    message.system.remove("DeadLetterQueueSourceArn");
    if target.is_fifo() {
        message.system.insert("SequenceNumber".into(), messages::number(message.seq));
    }
    message
}

/// Whether a queue can take what a dead-letter queue holds.
fn destination(read: &impl Read, scope: &Scope, source: &Queue, arn: &str) -> Result<(), Fault> {
    let (other, name) = of_arn(arn).ok_or_else(|| gone("DestinationArn"))?;
    let found = if other == *scope { read.get(&QUEUES, scope, &name)? } else { None };
    let found = found.ok_or_else(|| gone("DestinationArn"))?;
    if found.id == source.id {
        return Err(bad_value("Source queue arn and destination queue arn must not be the same."));
    }
    match found.is_fifo() == source.is_fifo() {
        true => Ok(()),
        false => Err(bad_value("Source queue and destination queue must be of the same type.")),
    }
}

type Row = ((String, Desc<u64>), Move);

fn newest(read: &impl Read, scope: &Scope, queue: &Queue, most: usize) -> Result<Vec<Row>, Fault> {
    read.scan(&MOVES, scope).prefix(&(queue.id.as_str(),)).limit(most).collect()
}

fn step_at(tx: &mut Tx<'_>, scope: &Scope, queue: &Queue, seq: u64, due: Timestamp) {
    let step = Step { queue: queue.name.clone(), seq };
    tx.task(NewTask::new(scope, "sqs", "move", &step).at(due).key(queue.id.clone()));
}

/// Forgets the tasks of a queue that is deleted.
pub(crate) fn forget(tx: &mut Tx<'_>, scope: &Scope, queue: &Queue) -> Result<(), Fault> {
    tx.cancel_keyed("sqs", "move", &queue.id);
    newest(tx, scope, queue, usize::MAX)?.into_iter().try_for_each(|(key, _)| tx.delete(&MOVES, scope, &key).map(drop))
}

fn gone(parameter: &str) -> Fault {
    Error::ResourceNotFound.says(format!("The resource that you specified for the {parameter} parameter doesn't exist."))
}

impl Move {
    fn handle(&self) -> String {
        let handle = Handle { task_id: self.id.clone(), source_arn: self.source_arn.clone() };
        BASE64_STANDARD.encode(serde_json::to_vec(&handle).expect("two texts"))
    }
    fn shown(self) -> ListMessageMoveTasksResultEntry {
        ListMessageMoveTasksResultEntry {
            task_handle: (self.status == "RUNNING").then(|| self.handle()),
            status: Some(self.status),
            source_arn: Some(self.source_arn),
            destination_arn: self.destination_arn,
            max_number_of_messages_per_second: self.per_second,
            approximate_number_of_messages_moved: Some(self.moved),
            approximate_number_of_messages_to_move: Some(self.to_move),
            failure_reason: self.failure,
            started_timestamp: Some(self.started.millis()),
        }
    }
}

impl Handle {
    fn read(text: &str) -> Option<Handle> {
        serde_json::from_slice(&BASE64_STANDARD.decode(text).ok()?).ok()
    }
}

/// The source queue of a task's handle.
pub(crate) fn source_of(handle: &str) -> Option<String> {
    Handle::read(handle).map(|handle| handle.source_arn)
}
