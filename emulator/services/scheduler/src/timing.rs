//! When schedules run: one task row for each schedule's next moment, and at that moment a row for the invocation.

use crate::{check, invoke::Invocation, model::FlexibleTimeWindowMode, state::*, zones};
use kit::schedules::Expression;
use kit::store::{NewTask, TaskRow};
use kit::{Context, Fault, Read, Scope, Timestamp, Tx};
use serde::{Deserialize, Serialize};

/// The task of a moment.
pub(crate) const KIND: &str = "moment";

const MINUTE_NS: i128 = 60 * 1_000_000_000;

/// The payload: whose moment it is.
#[derive(Serialize, Deserialize)]
struct Moment {
    group: String,
    name: String,
}

/// Writes the first moment of a schedule that was made or changed.
pub(crate) fn plan(cx: &Context, tx: &mut Tx<'_>, schedule: &Schedule) -> Result<(), Fault> {
    match first(schedule, cx.now()) {
        Some(due) => wait(tx, cx.scope(), schedule, due),
        None => Ok(()),
    }
}

/// Takes a schedule's next moment away.
pub(crate) fn forget(tx: &mut Tx<'_>, schedule_arn: &str) {
    tx.cancel_keyed("scheduler", KIND, schedule_arn);
}

/// The moment has come: the invocation and the next moment are written in one transaction.
pub(crate) async fn fire(cx: &Context, task: &TaskRow) -> Result<(), Fault> {
    let moment: Moment = task.payload()?;
    let scope = &task.scope;
    cx.store()
        .write(|tx| {
            // A change of the schedule took this moment away while it was on its way, and wrote another.
            if tx.task_row(&task.id).is_none() {
                return Ok(());
            }
            let Some(schedule) = tx.get(&SCHEDULES, scope, &(moment.group.clone(), moment.name.clone()))? else { return Ok(()) };
            if !schedule.enabled {
                return Ok(());
            }
            let next = next(&schedule, task.due);
            let due = task.due.plus_ns(delay(cx, &schedule));
            let invocation = Invocation::new(cx, &schedule, scope, task.due, next.is_none());
            tx.task(invocation.task(scope).at(due).cause(cx.ids().number()));
            match next {
                Some(next) => wait(tx, scope, &schedule, next),
                None => Ok(()),
            }
        })
        .await
}

/// When a cloud starts: recurring moments that passed while it was off are not made up for; a single one happens late.
pub(crate) async fn catch_up(cx: &Context) -> Result<(), Fault> {
    let now = cx.now();
    let missed: Vec<TaskRow> = cx.store().read(|s| s.tasks_of("scheduler", KIND).into_iter().filter(|task| task.due < now).collect());
    if missed.is_empty() {
        return Ok(());
    }
    cx.store()
        .write(|tx| {
            for task in &missed {
                let moment: Moment = task.payload()?;
                let found = tx.get(&SCHEDULES, &task.scope, &(moment.group, moment.name))?;
                let Some(schedule) = found.filter(|s| !matches!(check::expression(&s.expression), Some(Expression::At(_)))) else {
                    continue;
                };
                tx.cancel(&task.id);
                if let Some(due) = next(&schedule, now) {
                    wait(tx, &task.scope, &schedule, due)?;
                }
            }
            Ok(())
        })
        .await
}

/// The first moment from now on. A rate begins at its start date or, without one, at once, as AWS documents it.
fn first(schedule: &Schedule, now: Timestamp) -> Option<Timestamp> {
    let is_rate = matches!(check::expression(&schedule.expression), Some(Expression::Rate(_)));
    match is_rate && schedule.enabled && schedule.anchor >= now {
        true => Some(schedule.anchor).filter(|due| schedule.end.is_none_or(|end| *due <= end)),
        false => next(schedule, now),
    }
}

/// The first moment after another, within the schedule's dates. Single moments have no such dates.
fn next(schedule: &Schedule, after: Timestamp) -> Option<Timestamp> {
    let expression = check::expression(&schedule.expression).filter(|_| schedule.enabled)?;
    let zone = zones::find(&schedule.zone)?;
    if matches!(expression, Expression::At(_)) {
        return expression.next(after, schedule.anchor, &zone);
    }
    // A moment at the start date itself counts.
    let from = schedule.start.map_or(after, |start| after.max(start.plus_ns(-1)));
    expression.next(from, schedule.anchor, &zone).filter(|due| schedule.end.is_none_or(|end| *due <= end))
}

/// Where in a flexible window the invocation falls: whole seconds, from the cloud's seed.
fn delay(cx: &Context, schedule: &Schedule) -> i128 {
    let minutes = match schedule.window.mode {
        Some(FlexibleTimeWindowMode::Flexible) => schedule.window.maximum_window_in_minutes.unwrap_or(0).max(0) as i128,
        _ => 0,
    };
    if minutes == 0 {
        return 0;
    }
    let drawn = (cx.ids().number() as i128).rem_euclid(minutes * MINUTE_NS);
    drawn - drawn % 1_000_000_000
}

fn wait(tx: &mut Tx<'_>, scope: &Scope, schedule: &Schedule, due: Timestamp) -> Result<(), Fault> {
    let moment = Moment { group: schedule.group.clone(), name: schedule.name.clone() };
    tx.task(NewTask::new(scope, "scheduler", KIND, &moment).at(due).key(schedule.arn(scope)));
    Ok(())
}
