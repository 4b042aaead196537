//! Runs of workflows: begun by the start trigger, carried on by the ends of crawls, over when nothing runs and nothing fires.

use super::state::{Action, RUNS, Row as Workflow, Run, must_find, must_find_run, runs};
use crate::{crawlers::state::CRAWLERS, model::*, triggers};
use kit::{Context, Fault, Read, Tx};
use std::collections::BTreeMap;
use triggers::{events::Batch, fire, state::Row as TriggerRow};

/// Runs that a history holds.
const MOST_RUNS: usize = 1_000;

/// Begins a run at somebody's request; its id.
pub(crate) fn begin(cx: &Context, tx: &mut Tx<'_>, name: &str, properties: Option<BTreeMap<String, String>>) -> Result<String, Fault> {
    let (workflow, all) = (must_find(tx, cx, name)?, runs(tx, cx, name)?);
    if let Some(running) = at_limit(&workflow, &all) {
        return Err(Error::ConcurrentRunsExceeded.says(format!("Workflow {name} has {running} runs under way.")));
    }
    let mut run = fresh(cx, workflow, &all);
    run.properties.extend(properties.unwrap_or_default());
    start(cx, tx, name, &mut run)?;
    keep(cx, tx, name, all, run)
}

/// Begins a run because its trigger fires by itself, perhaps for a batch of events. Where too many run already, a run is kept that says so:
/// the one thing that AWS documents as the ErrorMessage of a run.
pub(crate) fn begin_by_itself(cx: &Context, tx: &mut Tx<'_>, name: &str, batch: Option<Batch>) -> Result<(), Fault> {
    let (workflow, all) = (must_find(tx, cx, name)?, runs(tx, cx, name)?);
    let full = at_limit(&workflow, &all).is_some();
    let mut run = fresh(cx, workflow, &all);
    if let Some(batch) = batch {
        run.properties.insert("aws:eventIds".into(), batch.ids());
        run.batch = Some(batch.condition);
    }
    match full {
        true => (run.end, run.error) = (Some(cx.now()), Some(format!("Concurrent runs exceeded for workflow: {name}."))),
        false => start(cx, tx, name, &mut run)?,
    }
    keep(cx, tx, name, all, run).map(drop)
}

/// How many runs are under way, where that is as many as may be.
fn at_limit(workflow: &Workflow, all: &[(u64, Run)]) -> Option<usize> {
    let running = all.iter().filter(|(_, run)| run.end.is_none()).count();
    workflow.most_runs.is_some_and(|most| running >= usize::try_from(most).unwrap_or(0)).then_some(running)
}

fn fresh(cx: &Context, workflow: Workflow, all: &[(u64, Run)]) -> Run {
    Run {
        id: format!("wr_{}", cx.ids().hex(64)),
        previous: all.last().map(|(_, run)| run.id.clone()),
        properties: workflow.properties,
        start: cx.now(),
        end: None,
        stopping: false,
        actions: Vec::new(),
        met: Default::default(),
        fired: Default::default(),
        batch: None,
        error: None,
    }
}

/// Fires the workflow's start trigger.
fn start(cx: &Context, tx: &mut Tx<'_>, name: &str, run: &mut Run) -> Result<(), Fault> {
    let start = triggers::state::all(tx, cx, Some(name))?.into_iter().find(TriggerRow::starts);
    let start = start.ok_or_else(|| Error::InvalidInput.says(format!("Workflow {name} has no start trigger.")))?;
    fired(cx, tx, run, &start)?;
    close(cx, run);
    Ok(())
}

/// Keeps a new run, and of the old ones as many as a history holds.
fn keep(cx: &Context, tx: &mut Tx<'_>, name: &str, all: Vec<(u64, Run)>, run: Run) -> Result<String, Fault> {
    let number = tx.next_seq("glue.workflow_runs");
    let old: Vec<u64> = all.into_iter().rev().skip(MOST_RUNS).filter(|(_, run)| run.end.is_some()).map(|(number, _)| number).collect();
    old.into_iter().try_for_each(|number| tx.delete(&RUNS, cx.scope(), &(name.to_owned(), number)).map(drop))?;
    tx.put(&RUNS, cx.scope(), &(name.to_owned(), number), &run)?;
    Ok(run.id)
}

/// A trigger of the workflow fires.
fn fired(cx: &Context, tx: &mut Tx<'_>, run: &mut Run, trigger: &TriggerRow) -> Result<(), Fault> {
    run.fired.insert(trigger.name().to_owned());
    for (crawler, started) in fire::actions(cx, tx, trigger, Some(&run.id))? {
        let (end, state) = if started { (None, String::new()) } else { (Some(cx.now()), CrawlState::Error.to_string()) };
        run.actions.push(Action { crawler, start: cx.now(), end, state });
    }
    Ok(())
}

/// A crawl of a run has ended.
pub(crate) fn ended(cx: &Context, tx: &mut Tx<'_>, workflow: &str, id: &str, crawler: &str, state: CrawlState) -> Result<(), Fault> {
    let Some((number, mut run)) = runs(tx, cx, workflow)?.into_iter().find(|(_, run)| run.id == id) else { return Ok(()) };
    if let Some(action) = run.actions.iter_mut().rev().find(|a| a.crawler == crawler && a.end.is_none()) {
        (action.end, action.state) = (Some(cx.now()), state.to_string());
    }
    if !run.stopping {
        for trigger in triggers::state::all(tx, cx, Some(workflow))? {
            let waits = trigger.trigger.r#type == Some(TriggerType::Conditional) && trigger.trigger.state == Some(TriggerState::Activated);
            if !waits || run.fired.contains(trigger.name()) {
                continue;
            }
            run.met.extend(trigger.meets(crawler, state).map(|at| (trigger.name().to_owned(), at)));
            let met = run.met.iter().filter(|(name, _)| name == trigger.name()).map(|(_, at)| *at).collect();
            if trigger.holds(&met) {
                fired(cx, tx, &mut run, &trigger)?;
            }
        }
    }
    close(cx, &mut run);
    tx.put(&RUNS, cx.scope(), &(workflow.to_owned(), number), &run)
}

/// A run ends when all that it started has.
fn close(cx: &Context, run: &mut Run) {
    if run.actions.iter().all(|action| action.end.is_some()) {
        run.end = Some(cx.now());
    }
}

/// Stops the crawls of a run.
pub(super) fn stop(cx: &Context, tx: &mut Tx<'_>, workflow: &str, id: &str) -> Result<(), Fault> {
    let (number, mut run) = must_find_run(tx, cx, workflow, id)?;
    if run.end.is_some() {
        return Err(Error::IllegalWorkflowState.says(format!("Workflow run {id} is not running.")));
    }
    run.stopping = true;
    for action in run.actions.iter().filter(|action| action.end.is_none()) {
        if let Some(mut row) = tx.get(&CRAWLERS, cx.scope(), &action.crawler)?.filter(|row| row.running.is_some()) {
            row.stopping = true;
            tx.put(&CRAWLERS, cx.scope(), &action.crawler, &row)?;
        }
    }
    tx.put(&RUNS, cx.scope(), &(workflow.to_owned(), number), &run)
}
