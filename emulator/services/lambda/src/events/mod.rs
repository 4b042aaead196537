//! Asynchronous invocation: events are rows until they are dealt with. Two retries after one and two minutes, back-off while there is no
//! room, and in the end destinations and the dead-letter queue.

mod destinations;
mod turns;

pub(crate) use turns::Turns;

use crate::{
    Error, Lambda,
    invoke::{
        metrics, run,
        run::{Call, Done},
        target,
    },
    mappings::{batch, kafka, pollers},
    names::Name,
    provisioned,
    state::*,
};
use kit::{
    Bytes, Context, Fault, Read, Timestamp,
    store::{NewTask, TaskRow, raw_bytes},
};
use serde::{Deserialize, Serialize};

const KIND: &str = "async";
const MAX_AGE_SECS: i32 = 6 * 3600;
const MAX_RETRIES: i32 = 2;
/// Minutes before the first and the second retry.
const RETRY_MINUTES: [i128; 2] = [1, 2];

/// An event that waits.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Event {
    pub function: String,
    /// As it was invoked.
    pub qualifier: Option<String>,
    #[serde(with = "raw_bytes")]
    pub payload: Vec<u8>,
    pub request_id: String,
    pub client_context: Option<String>,
    pub queued: Timestamp,
    pub trace: String,
    /// Runs so far.
    pub runs: u32,
    /// Times that there was no room, since the last run.
    #[serde(default)]
    pub refused: u32,
}

/// What ends an event.
pub(crate) enum End<'a> {
    Success(&'a Done),
    /// The function's last error, with what ended the attempts (`RetriesExhausted`, `EventAgeExceeded`).
    Failed(&'static str, &'a Done),
    /// It never ran to an answer.
    Refused(&'static str, &'a Fault),
}

/// Queues an event in a transaction of its own.
pub(crate) async fn queue(
    cx: &Context,
    name: &Name,
    payload: Bytes,
    request_id: String,
    client_context: Option<String>,
) -> Result<(), Fault> {
    let event = Event {
        function: name.function.clone(),
        qualifier: name.qualifier.clone(),
        payload: payload.to_vec(),
        request_id,
        client_context,
        queued: cx.now(),
        trace: cx.trace().to_string(),
        runs: 0,
        refused: 0,
    };
    let task = NewTask::new(&name.scope, "lambda", KIND, &event).cause(cx.ids().number());
    cx.store().write(|tx| Ok(tx.task(task))).await?;
    metrics::record(cx, name, None, &[metrics::one("AsyncEventsReceived")]);
    Ok(())
}

impl Lambda {
    /// Runs a queued event.
    pub(crate) async fn run_task(&self, cx: &Context, mut task: TaskRow) -> Result<(), Fault> {
        match task.kind.as_str() {
            KIND => {}
            pollers::KIND => {
                let wake: pollers::Wake = task.payload()?;
                self.pollers.look(cx.cloud(), &(task.scope.clone(), wake.uuid));
                return Ok(());
            }
            kafka::pollers::KIND => {
                let wake: kafka::pollers::Wake = task.payload()?;
                self.topics.look(cx.cloud(), &(task.scope.clone(), wake.uuid), wake.lane);
                return Ok(());
            }
            batch::KIND => return batch::again(self, cx, &task).await,
            provisioned::KIND => return self.provision(cx, task).await,
            other => return Err(Fault::internal(format!("lambda has no task {other}"))),
        }
        // Thousands may wait for their turn: their events stay in the store until it comes.
        task.payload = Vec::new();
        let turn = self.turns.take().await?;
        let Some(task) = cx.store().read(|s| s.task_row(&task.id)) else { return Ok(()) };
        let event: Event = task.payload()?;
        let cx = cx.clone().with_trace(event.trace.clone());
        let name = Name { scope: task.scope.clone(), function: event.function.clone(), qualifier: event.qualifier.clone() };
        let target = match target::resolve(&cx, &name) {
            Ok(target) => target,
            // Deleted since: AWS drops its events.
            Err(fault) if fault.status < 500 => return Ok(()),
            Err(fault) => return Err(fault),
        };
        let settings = settings(&cx, &name)?;
        let call = Call {
            name: name.clone(),
            payload: event.payload.clone().into(),
            request_id: event.request_id.clone(),
            client_context: event.client_context.clone(),
            tail: false,
            sink: None,
        };
        let zero = target.function.reserved == Some(0);
        let age_ms = (cx.now().unix_ns - event.queued.unix_ns).max(0) / 1_000_000;
        metrics::record(&cx, &name, None, &[("AsyncEventAge", "Milliseconds", age_ms as f64)]);
        let result = match zero {
            true => Err(user(Error::TooManyRequests.says("Rate Exceeded."))),
            false => turn.during(cx.cloud().clock(), run::run(&self.pools, &cx, target.clone(), call)).await,
        };
        let case = Case { cx: &cx, task: &task, name: &name, role: &target.config.role, config: &target.config, settings };
        match result {
            Ok(done) if done.error.is_none() => case.end(event, End::Success(&done)).await,
            Ok(done) => case.again_or_end(event, &done).await,
            Err(fault) if fault.code == "RecursiveInvocationException" => {
                case.end(event, End::Refused("RecursiveInvocation", &fault)).await
            }
            Err(fault) if zero => case.end(event, End::Refused("ZeroReservedConcurrency", &fault)).await,
            Err(fault) => case.back_off_or_end(event, &fault).await,
        }
    }
}

fn settings(cx: &Context, name: &Name) -> Result<EventSettings, Fault> {
    let qualifier = name.qualifier.clone().unwrap_or_else(|| LATEST.into());
    Ok(cx.store().read(|s| s.get(&EVENT_SETTINGS, &name.scope, &(name.function.clone(), qualifier)))?.unwrap_or_default())
}

/// One event's row with all that its end needs.
pub(crate) struct Case<'a> {
    pub cx: &'a Context,
    pub task: &'a TaskRow,
    pub name: &'a Name,
    pub role: &'a str,
    pub config: &'a Config,
    pub settings: EventSettings,
}

impl Case<'_> {
    fn too_old_at(&self, event: &Event, at: Timestamp) -> bool {
        let age = self.settings.age_secs.unwrap_or(MAX_AGE_SECS) as i128;
        // An event whose retry would come at its very age is not tried again, as recorded.
        at.unix_ns - event.queued.unix_ns >= age * 1_000_000_000
    }

    /// After an error of the function.
    async fn again_or_end(&self, mut event: Event, done: &Done) -> Result<(), Fault> {
        event.runs += 1;
        event.refused = 0;
        let retries = self.settings.retries.unwrap_or(MAX_RETRIES).clamp(0, MAX_RETRIES) as u32;
        if event.runs > retries {
            event.runs -= 1;
            return self.end(event, End::Failed("RetriesExhausted", done)).await;
        }
        let minutes = RETRY_MINUTES[(event.runs as usize - 1).min(1)];
        let due = self.cx.now().plus_ns(minutes * 60 * 1_000_000_000);
        match self.too_old_at(&event, due) {
            true => {
                event.runs -= 1;
                self.end(event, End::Failed("EventAgeExceeded", done)).await
            }
            false => self.put_off(event, due).await,
        }
    }

    /// After there was no room, or a fault of the service: one second, doubling, at most five minutes, until the event is too old.
    async fn back_off_or_end(&self, mut event: Event, fault: &Fault) -> Result<(), Fault> {
        let secs = (1i128 << event.refused.min(9)).min(300);
        event.refused += 1;
        let due = self.cx.now().plus_ns(secs * 1_000_000_000);
        match self.too_old_at(&event, due) {
            true => self.end(event, End::Refused("EventAgeExceeded", fault)).await,
            false => self.put_off(event, due).await,
        }
    }

    /// The row of the next attempt takes the place of this one's.
    async fn put_off(&self, event: Event, due: Timestamp) -> Result<(), Fault> {
        let task = NewTask::new(&self.task.scope, "lambda", KIND, &event).at(due).cause(self.cx.ids().number());
        self.cx
            .store()
            .write(|tx| {
                tx.cancel(&self.task.id);
                Ok(tx.task(task))
            })
            .await?;
        Ok(())
    }
}
