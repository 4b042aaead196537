//! Deleting resources: those that others need go last; those that are to be kept are skipped.

use super::{
    apply::reason,
    run::{Also, Run, Step},
};
use crate::state::{CHANGE_SETS, EXPORTS, Operation, Resource as Row};
use crate::template::Policy;
use futures_util::stream::{FuturesUnordered, StreamExt};
use kit::{Fault, Read};
use std::collections::BTreeSet;

/// Whether the rows being deleted are the stack's own or leftovers of an update.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    Stack,
    Leftovers,
}

/// Deletes resources; the logical ids of those that could not be.
pub(super) async fn all(
    run: &Run<'_>,
    operation: &Operation,
    rows: Vec<Row>,
    whose: Whose,
    keep: &(dyn Fn(&Row) -> bool + Sync),
) -> Result<Vec<String>, Fault> {
    let mut waiting = rows;
    let mut running = FuturesUnordered::new();
    let mut busy: Vec<Row> = Vec::new();
    let mut failed: BTreeSet<String> = BTreeSet::new();
    loop {
        let needed =
            |row: &Row, by: &[Row]| by.iter().any(|other| other.logical_id != row.logical_id && other.depends_on.contains(&row.logical_id));
        let all_left: Vec<Row> = waiting.iter().chain(&busy).cloned().collect();
        let (later, ready): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|row| needed(row, &all_left));
        waiting = later;
        for row in ready {
            busy.push(row.clone());
            running.push(async move { one(run, operation, row, whose, keep).await });
        }
        match running.next().await {
            None => break,
            Some(Ok((row, deleted))) => {
                busy.retain(|other| *other != row);
                if !deleted {
                    // What the failed one needs must stay as well.
                    let kept: BTreeSet<String> = row.depends_on.iter().cloned().collect();
                    waiting.retain(|other| !kept.contains(&other.logical_id));
                    failed.insert(row.logical_id);
                }
            }
            Some(Err(fault)) => return Err(fault),
        }
    }
    Ok(failed.into_iter().collect())
}

async fn one(
    run: &Run<'_>,
    operation: &Operation,
    row: Row,
    whose: Whose,
    keep: &(dyn Fn(&Row) -> bool + Sync),
) -> Result<(Row, bool), Fault> {
    if row.status == "DELETE_COMPLETE" || row.status == "DELETE_SKIPPED" {
        return Ok((row, true));
    }
    if keep(&row) && row.physical_id.is_some() {
        write(run, &row, &[Step { status: "DELETE_SKIPPED", reason: None }], whose).await?;
        return Ok((row, true));
    }
    if row.physical_id.is_none() {
        write(run, &row, &[Step { status: "DELETE_COMPLETE", reason: None }], whose).await?;
        return Ok((row, true));
    }
    write(run, &row, &[Step { status: "DELETE_IN_PROGRESS", reason: None }], whose).await?;
    match run.delete(operation, &row).await {
        Ok(()) => {
            write(run, &row, &[Step { status: "DELETE_COMPLETE", reason: None }], whose).await?;
            Ok((row, true))
        }
        Err(fault) => {
            let reason = reason(&row.kind, &fault, operation);
            write(run, &row, &[Step { status: "DELETE_FAILED", reason: Some(&reason) }], whose).await?;
            Ok((row, false))
        }
    }
}

async fn write(run: &Run<'_>, row: &Row, steps: &[Step<'_>], whose: Whose) -> Result<(), Fault> {
    match whose {
        Whose::Stack => run.record(row.clone(), steps, None).await,
        // A leftover that is dealt with is off the list, so that a crash does not bring it back.
        Whose::Leftovers => {
            let over = steps.last().is_some_and(|step| step.status != "DELETE_IN_PROGRESS");
            let strike: Also<'_> = Box::new(move |stack| {
                if let (true, Some(operation)) = (over, &mut stack.operation) {
                    operation.leftovers.retain(|other| other.physical_id != row.physical_id || other.logical_id != row.logical_id);
                }
            });
            run.tell(row, steps, Some(strike)).await
        }
    }
}

/// Whether a resource outlives its stack.
pub(super) fn retained(row: &Row) -> bool {
    row.deletion_policy != Policy::Delete
}

/// The whole stack.
pub(super) async fn stack(run: &Run<'_>) -> Result<(), Fault> {
    let operation = run.operation().ok_or_else(|| Fault::internal("an operation lost its record"))?;
    let rows: Vec<Row> = run.rows().into_values().collect();
    let keep = |row: &Row| retained(row) || operation.retain.contains(&row.logical_id);
    let mut failed = all(run, &operation, rows, Whose::Stack, &keep).await?;
    if operation.force && !failed.is_empty() {
        // FORCE_DELETE_STACK gives up on what it cannot delete.
        let left: Vec<Row> = run.rows().into_values().filter(|row| !row.status.starts_with("DELETE_COMPLETE")).collect();
        failed = all(run, &operation, left, Whose::Stack, &|_| true).await?;
    }
    match failed.is_empty() {
        true => deleted(run).await,
        false => {
            let reason = format!("The following resource(s) failed to delete: [{}]. ", failed.join(", "));
            run.change(Some(Step { status: "DELETE_FAILED", reason: Some(&reason) }), |stack, _| {
                stack.operation = None;
                Ok(())
            })
            .await
        }
    }
}

/// Ends a deletion: exports and change sets go with the stack.
pub(super) async fn deleted(run: &Run<'_>) -> Result<(), Fault> {
    let now = run.now();
    run.change(Some(Step { status: "DELETE_COMPLETE", reason: None }), |stack, tx| {
        for export in stack.definition.outputs.iter().filter_map(|o| o.export.clone()) {
            tx.delete(&EXPORTS, &run.scope, &export)?;
        }
        let sets: Vec<(String, String)> =
            tx.scan(&CHANGE_SETS, &run.scope).prefix(&(stack.uuid.clone(),)).keys().collect::<Result<_, _>>()?;
        for key in sets {
            if tx.get(&CHANGE_SETS, &run.scope, &key)?.is_some_and(|set| !set.is_executed()) {
                tx.delete(&CHANGE_SETS, &run.scope, &key)?;
            }
        }
        stack.operation = None;
        stack.change_set_id = None;
        stack.deleted = Some(now);
        stack.definition.imports.clear();
        stack.definition.outputs.clear();
        Ok(())
    })
    .await
}
