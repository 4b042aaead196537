//! Invocations: one task row each. Tried again on the clock while that may help, then dead-lettered; the last one ends its schedule where
//! the schedule says so.

mod dead_letter;
mod payload;
mod send;
pub(crate) mod universal;

use crate::{metrics, model::*, state::*};
use kit::store::{NewTask, TaskRow};
use kit::{Context, Fault, RecordKind, Scope, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;

/// The task of an invocation.
pub(crate) const KIND: &str = "invoke";
/// AWS's defaults, which are also the most that may be asked for.
pub(crate) const MOST_RETRIES: i32 = 185;
pub(crate) const MOST_AGE_SECS: i32 = 86_400;
/// Longest pause between attempts; AWS adds jitter, a replay must not.
const MOST_PAUSE_SECS: i128 = 480;

const SELF: &str = "scheduler.amazonaws.com";

/// A call of a schedule's target. The schedule is as it was at its moment.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Invocation {
    pub schedule: Schedule,
    pub arn: String,
    /// The moment by the schedule, whatever a flexible window made of it.
    pub scheduled: Timestamp,
    pub execution_id: String,
    /// When it was first tried; its age counts from here.
    pub begun: Option<Timestamp>,
    pub retries: u32,
    /// There is none after it.
    pub last: bool,
}

impl Invocation {
    pub fn new(cx: &Context, schedule: &Schedule, scope: &Scope, scheduled: Timestamp, last: bool) -> Invocation {
        let execution_id = cx.ids().hex(16);
        Invocation { schedule: schedule.clone(), arn: schedule.arn(scope), scheduled, execution_id, begun: None, retries: 0, last }
    }
    /// Its task, due at once.
    pub fn task(&self, scope: &Scope) -> NewTask {
        NewTask::new(scope, "scheduler", KIND, self)
    }
}

/// What ended the attempts.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Exhausted {
    No,
    Retries,
    Age,
}

/// A session of the schedule's role; the role has to trust Scheduler. As AWS has it, the source is the schedule's group.
pub(crate) async fn assume(cx: &Context, schedule: &Schedule) -> Result<Context, Fault> {
    let group = group_arn(cx.scope(), &schedule.group);
    let scheduler = cx.as_service(SELF, &group, cx.account());
    let sessions = cx.cloud().ports().sessions()?;
    let key = sessions.for_service(&scheduler, &schedule.target.role_arn, SELF, &schedule.name, 3600).await?;
    Ok(scheduler.as_role(Arc::new(key.session)))
}

/// One attempt.
pub(crate) async fn invoke(cx: &Context, task: &TaskRow) -> Result<(), Fault> {
    let mut invocation: Invocation = task.payload()?;
    invocation.begun.get_or_insert(cx.now());
    let result = attempt(cx, &invocation).await;
    let target = &invocation.schedule.target.arn;
    let outcome = result.as_ref().err().map_or("ok", |fault| fault.code.as_ref()).to_owned();
    let message = result.as_ref().err().map(|fault| fault.message.as_str());
    let detail = json!({ "schedule": invocation.arn, "retries": invocation.retries, "message": message });
    cx.cloud().journal().write(cx, RecordKind::Event, "scheduler", "Invoke", target, &outcome, detail);
    tell(cx, &invocation, result.as_ref().err());
    let Err(fault) = result else { return finish(cx, task, &invocation).await };
    match exhausted(cx, &invocation, &fault) {
        Err(due) => {
            invocation.retries += 1;
            let next = invocation.task(&task.scope).at(due).cause(cx.ids().number());
            cx.store()
                .write(|tx| {
                    tx.cancel(&task.id);
                    tx.task(next);
                    Ok(())
                })
                .await
        }
        Ok(why) => {
            metrics::count(cx, &invocation.schedule.group, &["InvocationDroppedCount"]);
            dead_letter::bury(cx, &invocation, &fault, why).await;
            finish(cx, task, &invocation).await
        }
    }
}

fn tell(cx: &Context, invocation: &Invocation, fault: Option<&Fault>) {
    let mut counted = vec!["InvocationAttemptCount"];
    if let Some(fault) = fault {
        counted.push("TargetErrorCount");
        if fault.status == 429 || fault.code.contains("Throttl") {
            counted.push("TargetErrorThrottledCount");
        }
    }
    metrics::count(cx, &invocation.schedule.group, &counted);
}

async fn attempt(cx: &Context, invocation: &Invocation) -> Result<(), Fault> {
    cx.cloud().apply_faults("scheduler", "Invoke", &invocation.schedule.target.arn).await?;
    let role = assume(cx, &invocation.schedule).await?;
    send::send(&role, invocation).await
}

/// When to try again, or why not.
fn exhausted(cx: &Context, invocation: &Invocation, fault: &Fault) -> Result<Exhausted, Timestamp> {
    let policy = invocation.schedule.target.retry_policy.clone().unwrap_or_default();
    let most = policy.maximum_retry_attempts.unwrap_or(MOST_RETRIES).max(0) as u32;
    let age = policy.maximum_event_age_in_seconds.unwrap_or(MOST_AGE_SECS).max(0) as i128 * 1_000_000_000;
    let pause = (1i128 << invocation.retries.min(9)).min(MOST_PAUSE_SECS) * 1_000_000_000;
    let due = cx.now().plus_ns(pause);
    let begun = invocation.begun.unwrap_or(due);
    match () {
        _ if !may_pass(fault) => Ok(Exhausted::No),
        _ if invocation.retries >= most => Ok(Exhausted::Retries),
        _ if due.unix_ns - begun.unix_ns > age => Ok(Exhausted::Age),
        _ => Err(due),
    }
}

/// Whether another attempt may help: not where permissions, a resource or a member is missing.
fn may_pass(fault: &Fault) -> bool {
    let busy = ["Throttl", "TooManyRequests", "SlowDown", "RequestLimitExceeded"].iter().any(|part| fault.code.contains(part));
    busy || fault.status == 429 || (fault.status >= 500 && fault.status != 501)
}

/// After the last invocation the schedule goes, where it says so, unless it was changed since.
async fn finish(cx: &Context, task: &TaskRow, invocation: &Invocation) -> Result<(), Fault> {
    let ended = &invocation.schedule;
    if !invocation.last || ended.after != Some(ActionAfterCompletion::Delete) {
        return Ok(());
    }
    cx.store()
        .write(|tx| {
            let there = kit::Read::get(tx, &SCHEDULES, &task.scope, &ended.key())?;
            if there.is_some_and(|there| there.id == ended.id) {
                tx.delete(&SCHEDULES, &task.scope, &ended.key())?;
            }
            Ok(())
        })
        .await
}
