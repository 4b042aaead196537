//! The way back. A creation that failed is deleted; an update that failed is undone resource by resource, from the rows that were
//! kept when it began, so that no template has to be read again.

use super::{
    apply::reason,
    delete::{self, Whose},
    run::{Also, Run, Step},
};
use crate::{
    state::{EXPORTS, Export, Operation, Phase, Resource as Row},
    template::Policy,
};
use kit::Fault;
use std::collections::BTreeSet;

/// Undoes a creation.
pub(super) async fn creation(run: &Run<'_>) -> Result<(), Fault> {
    let operation = run.operation().ok_or_else(|| Fault::internal("an operation lost its record"))?;
    let stack = run.stack();
    let rows: Vec<Row> = run.rows().into_values().collect();
    let keep = |row: &Row| row.deletion_policy == Policy::Retain && !stack.retain_except_on_create;
    let failed = delete::all(run, &operation, rows, Whose::Stack, &keep).await?;
    if failed.is_empty() && stack.on_failure_delete {
        return delete::deleted(run).await;
    }
    let reason = format!("The following resource(s) failed to delete: [{}]. ", failed.join(", "));
    let step = match (failed.is_empty(), stack.on_failure_delete) {
        (true, _) => Step { status: "ROLLBACK_COMPLETE", reason: None },
        (false, true) => Step { status: "DELETE_FAILED", reason: Some(&reason) },
        (false, false) => Step { status: "ROLLBACK_FAILED", reason: Some(&reason) },
    };
    let now = run.now();
    run.change(Some(step), |stack, _| {
        stack.operation = None;
        stack.deleted = Some(now);
        Ok(())
    })
    .await
}

/// Undoes an update: resources that were changed are changed back, replaced ones are taken up again, new ones are given up.
pub(super) async fn update(run: &Run<'_>) -> Result<(), Fault> {
    let operation = run.operation().ok_or_else(|| Fault::internal("an operation lost its record"))?;
    let mut failed = Vec::new();
    for old in in_order(&operation.before) {
        if !operation.retain.contains(&old.logical_id) && !back(run, &operation, old).await? {
            failed.push(old.logical_id.clone());
        }
    }
    if !failed.is_empty() {
        let reason = format!("The following resource(s) failed to update: [{}]. ", failed.join(", "));
        return run
            .change(Some(Step { status: "UPDATE_ROLLBACK_FAILED", reason: Some(&reason) }), |stack, _| {
                stack.stuck = stack.operation.take();
                Ok(())
            })
            .await;
    }
    let known: BTreeSet<&str> = operation.before.iter().map(|row| row.logical_id.as_str()).collect();
    let new: Vec<Row> = run.rows().into_values().filter(|row| !known.contains(row.logical_id.as_str())).collect();
    let ids: Vec<String> = new.iter().map(|row| row.logical_id.clone()).collect();
    run.change(Some(Step { status: "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", reason: None }), |stack, tx| {
        run.forget(tx, &stack.uuid.clone(), &ids)?;
        // Exports may have been written before the update failed.
        for export in stack.definition.outputs.iter().filter_map(|o| o.export.clone()) {
            tx.delete(&EXPORTS, &run.scope, &export)?;
        }
        if let Some(previous) = stack.operation.as_mut().and_then(|o| o.previous.take()) {
            stack.definition = *previous;
        }
        for output in &stack.definition.outputs {
            if let Some(name) = &output.export {
                let export = Export { value: output.value.clone(), stack_name: stack.name.clone(), stack_uuid: stack.uuid.clone() };
                tx.put(&EXPORTS, &run.scope, name, &export)?;
            }
        }
        if let Some(operation) = &mut stack.operation {
            // What was replaced is in use again.
            let taken_up = |row: &Row| operation.before.iter().any(|b| b.logical_id == row.logical_id && b.physical_id == row.physical_id);
            let mut leftovers: Vec<Row> = operation.leftovers.iter().filter(|row| !taken_up(row)).cloned().collect();
            leftovers.extend(new);
            operation.leftovers = leftovers;
            operation.phase = Phase::RollbackCleanup;
        }
        Ok(())
    })
    .await
}

/// Each row after those it depends on.
fn in_order(rows: &[Row]) -> Vec<&Row> {
    let mut out: Vec<&Row> = Vec::new();
    while out.len() < rows.len() {
        let is_done = |id: &String| out.iter().any(|row| row.logical_id == *id) || !rows.iter().any(|row| row.logical_id == *id);
        let round: Vec<&Row> =
            rows.iter().filter(|row| !out.iter().any(|o| o.logical_id == row.logical_id) && row.depends_on.iter().all(is_done)).collect();
        if round.is_empty() {
            break;
        }
        out.extend(round);
    }
    out
}

/// Takes one resource back to what it was; false when that fails.
async fn back(run: &Run<'_>, operation: &Operation, old: &Row) -> Result<bool, Fault> {
    let Some(now) = run.row(&old.logical_id) else {
        run.record(old.clone(), &[], None).await?;
        return Ok(true);
    };
    if now.physical_id != old.physical_id {
        let give_up: Also<'_> = Box::new(|stack| {
            if let Some(operation) = &mut stack.operation {
                operation.leftovers.push(Row { deletion_policy: Policy::Delete, ..now });
            }
        });
        run.record(old.clone(), &[Step { status: "UPDATE_COMPLETE", reason: None }], Some(give_up)).await?;
        return Ok(true);
    }
    let from = now.attempted.as_ref().unwrap_or(&now.properties);
    let retagged = operation.previous.as_ref().is_some_and(|p| p.tags != run.stack().definition.tags) && now.operation == operation.id;
    if *from == old.properties && !retagged {
        // A change that never reached the service leaves no trace but its status.
        let status = if now.status.ends_with("_FAILED") { Some(Step { status: "UPDATE_COMPLETE", reason: None }) } else { None };
        run.record(Row { status: old.status.clone(), ..old.clone() }, status.as_slice(), None).await?;
        return Ok(true);
    }
    run.record(now.clone(), &[Step { status: "UPDATE_IN_PROGRESS", reason: None }], None).await?;
    match run.update(operation, &now, from, &old.properties).await {
        Ok(made) => {
            let restored = Row { physical_id: Some(made.physical_id), attributes: made.attributes, attempted: None, ..old.clone() };
            run.record(restored, &[Step { status: "UPDATE_COMPLETE", reason: None }], None).await?;
            Ok(true)
        }
        Err(fault) => {
            let reason = reason(&old.kind, &fault, operation);
            run.record(now, &[Step { status: "UPDATE_FAILED", reason: Some(&reason) }], None).await?;
            Ok(false)
        }
    }
}

/// Deletes what the undone update had made.
pub(super) async fn cleanup(run: &Run<'_>) -> Result<(), Fault> {
    let operation = run.operation().ok_or_else(|| Fault::internal("an operation lost its record"))?;
    delete::all(run, &operation, operation.leftovers.clone(), Whose::Leftovers, &|_| false).await?;
    let now = run.now();
    run.change(Some(Step { status: "UPDATE_ROLLBACK_COMPLETE", reason: None }), |stack, _| {
        stack.operation = None;
        stack.updated = Some(now);
        Ok(())
    })
    .await
}
