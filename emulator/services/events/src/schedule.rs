//! Rules on the clock: one task row for each rule's next moment, and never a poll.

use crate::{envelope::Parts, names::*, routing, routing::Arrival, state::*};
use kit::schedules::{Expression, TimeZone};
use kit::store::{NewTask, TaskRow};
use kit::{Context, Fault, Read, Scope, Timestamp, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The task of a moment.
pub(crate) const KIND: &str = "schedule";

/// The payload: whose moment it is.
#[derive(Serialize, Deserialize)]
struct Tick {
    rule: String,
}

/// Sees to it that a rule's next moment stands in the store as it should after a change of the rule.
pub(crate) fn plan(cx: &Context, tx: &mut Tx<'_>, scope: &Scope, old: Option<&StoredRule>, new: &StoredRule) -> Result<(), Fault> {
    let unchanged = old.is_some_and(|old| old.schedule == new.schedule && old.enabled == new.enabled);
    if unchanged {
        return Ok(());
    }
    forget(tx, &new.arn(scope));
    if let Some(due) = next(new, cx.now()) {
        wait(tx, scope, new, due);
    }
    Ok(())
}

/// Takes a rule's next moment away.
pub(crate) fn forget(tx: &mut Tx<'_>, rule_arn: &str) {
    tx.cancel_keyed("events", KIND, rule_arn);
}

/// The moment has come: the event goes to the rule's own targets, and the next moment is written, in one transaction.
pub(crate) async fn fire(cx: &Context, task: &TaskRow) -> Result<(), Fault> {
    let tick: Tick = task.payload()?;
    let scope = &task.scope;
    cx.store()
        .write(|tx| {
            // A change of the rule took this moment away while it was on its way, and wrote another.
            if tx.task_row(&task.id).is_none() {
                return Ok(());
            }
            let name = RuleName { bus: BusName { scope: scope.clone(), name: DEFAULT_BUS.into() }, name: tick.rule.clone() };
            let Some(rule) = tx.get(&RULES, scope, &name.key())? else { return Ok(()) };
            if !rule.enabled {
                return Ok(());
            }
            let parts = Parts {
                id: cx.ids().uuid(),
                detail_type: "Scheduled Event".into(),
                source: "aws.events".into(),
                time: task.due,
                resources: vec![rule.arn(scope)],
                detail: json!({}),
            };
            let arrival = Arrival { event: parts.event(scope), trace: None, forwarded: false };
            routing::hand_over(cx, tx, scope, &rule, &arrival);
            if let Some(due) = next(&rule, task.due) {
                wait(tx, scope, &rule, due);
            }
            Ok(())
        })
        .await
}

/// When a cloud starts: moments that passed while it was off are not made up for, as on AWS; the next one is awaited.
pub(crate) async fn catch_up(cx: &Context) -> Result<(), Fault> {
    let now = cx.now();
    let missed: Vec<TaskRow> = cx.store().read(|s| s.tasks_of("events", KIND).into_iter().filter(|task| task.due < now).collect());
    if missed.is_empty() {
        return Ok(());
    }
    cx.store()
        .write(|tx| {
            for task in &missed {
                tx.cancel(&task.id);
                let key = (DEFAULT_BUS.to_owned(), task.payload::<Tick>()?.rule);
                let Some(rule) = tx.get(&RULES, &task.scope, &key)? else { continue };
                if let Some(due) = next(&rule, now) {
                    wait(tx, &task.scope, &rule, due);
                }
            }
            Ok(())
        })
        .await
}

/// Cron is in UTC for rules.
fn next(rule: &StoredRule, after: Timestamp) -> Option<Timestamp> {
    let expression = Expression::parse(rule.schedule.as_deref().filter(|_| rule.enabled)?)?;
    expression.next(after, rule.scheduled_from, &TimeZone::UTC)
}

fn wait(tx: &mut Tx<'_>, scope: &Scope, rule: &StoredRule, due: Timestamp) {
    let tick = Tick { rule: rule.name.clone() };
    tx.task(NewTask::new(scope, "events", KIND, &tick).at(due).key(rule.arn(scope)));
}
