//! Schedules of crawlers: one task row for the next moment.

use super::state::{CRAWLERS, Row, arn, must_find};
use crate::{Glue, model::*};
use kit::schedules::{Expression, TimeZone};
use kit::store::{NewTask, TaskRow};
use kit::{Context, Fault, Read, Timestamp, Tx};

/// The task of a schedule's moment.
pub(crate) const KIND: &str = "schedule";

/// Reads `cron(...)`, the only form that crawlers have. All times are UTC.
pub(crate) fn expression(text: &str) -> Result<Expression, Fault> {
    match Expression::parse(text) {
        Some(cron @ Expression::Cron(_)) => Ok(cron),
        _ => Err(Error::InvalidInput.says(format!("The schedule expression {text:?} is not valid: it must be cron(...)."))),
    }
}

/// A schedule that was just set.
pub(crate) fn fresh(text: &str) -> Result<Schedule, Fault> {
    expression(text)?;
    Ok(Schedule { schedule_expression: Some(text.to_owned()), state: Some(ScheduleState::Scheduled) })
}

/// Writes the next moment of a crawler's schedule in place of the one that was planned.
pub(crate) fn plan(cx: &Context, tx: &mut Tx<'_>, crawler: &Crawler) -> Result<(), Fault> {
    let name = crawler.name.clone().unwrap_or_default();
    forget(tx, cx, &name);
    let Some(schedule) = crawler.schedule.as_ref().filter(|s| s.state == Some(ScheduleState::Scheduled)) else { return Ok(()) };
    let expression = expression(schedule.schedule_expression.as_deref().unwrap_or_default())?;
    wait(cx, tx, &name, &expression, cx.now());
    Ok(())
}

fn wait(cx: &Context, tx: &mut Tx<'_>, name: &str, expression: &Expression, after: Timestamp) {
    if let Some(due) = expression.next(after, after, &TimeZone::UTC) {
        tx.task(NewTask::new(cx.scope(), "glue", KIND, &name).at(due).key(arn(cx, name)));
    }
}

pub(crate) fn forget(tx: &mut Tx<'_>, cx: &Context, name: &str) {
    tx.cancel_keyed("glue", KIND, &arn(cx, name));
}

/// The moment has come: the crawler starts, unless it runs already.
pub(crate) async fn fire(cx: &Context, task: &TaskRow) -> Result<(), Fault> {
    let name: String = task.payload()?;
    cx.store()
        .write(|tx| {
            if tx.task_row(&task.id).is_none() {
                return Ok(());
            }
            let Some(mut row) = tx.get(&CRAWLERS, cx.scope(), &name)? else { return Ok(()) };
            let text = row.crawler.schedule.as_ref().and_then(|s| s.schedule_expression.clone());
            if let Some(Ok(expression)) = text.as_deref().map(expression) {
                wait(cx, tx, &name, &expression, task.due);
            }
            match row.running {
                Some(_) => Ok(()),
                None => super::runs::begin(cx, tx, &mut row, None),
            }
        })
        .await
}

impl Glue {
    /// Sets or takes away a schedule.
    pub async fn update_crawler_schedule(
        &self,
        cx: &Context,
        input: UpdateCrawlerScheduleInput,
    ) -> Result<UpdateCrawlerScheduleOutput, Fault> {
        let schedule = input.schedule.as_deref().filter(|s| !s.is_empty()).map(fresh).transpose()?;
        change(cx, &input.crawler_name, |row| {
            row.crawler.schedule = schedule;
            Ok(())
        })
        .await?;
        Ok(UpdateCrawlerScheduleOutput {})
    }

    /// Lets the schedule run.
    pub async fn start_crawler_schedule(
        &self,
        cx: &Context,
        input: StartCrawlerScheduleInput,
    ) -> Result<StartCrawlerScheduleOutput, Fault> {
        let name = input.crawler_name.clone();
        change(cx, &input.crawler_name, |row| {
            let schedule = row.crawler.schedule.as_mut().ok_or_else(|| no_schedule(&name))?;
            if schedule.state == Some(ScheduleState::Scheduled) {
                return Err(Error::SchedulerRunning.says(format!("Schedule for crawler {name} is already running.")));
            }
            schedule.state = Some(ScheduleState::Scheduled);
            Ok(())
        })
        .await?;
        Ok(StartCrawlerScheduleOutput {})
    }

    /// Holds the schedule.
    pub async fn stop_crawler_schedule(&self, cx: &Context, input: StopCrawlerScheduleInput) -> Result<StopCrawlerScheduleOutput, Fault> {
        let name = input.crawler_name.clone();
        change(cx, &input.crawler_name, |row| {
            let schedule = row.crawler.schedule.as_mut().ok_or_else(|| no_schedule(&name))?;
            if schedule.state != Some(ScheduleState::Scheduled) {
                return Err(Error::SchedulerNotRunning.says(format!("Schedule for crawler {name} is not running.")));
            }
            schedule.state = Some(ScheduleState::NotScheduled);
            Ok(())
        })
        .await?;
        Ok(StopCrawlerScheduleOutput {})
    }
}

fn no_schedule(name: &str) -> Fault {
    Error::NoSchedule.says(format!("Crawler {name} has no schedule."))
}

async fn change(cx: &Context, name: &String, f: impl FnOnce(&mut Row) -> Result<(), Fault>) -> Result<(), Fault> {
    cx.store()
        .write(|tx| {
            let mut row = must_find(tx, cx, name)?;
            f(&mut row)?;
            plan(cx, tx, &row.crawler)?;
            tx.put(&CRAWLERS, cx.scope(), name, &row)
        })
        .await
}
