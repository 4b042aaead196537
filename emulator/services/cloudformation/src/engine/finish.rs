//! The end of an operation that went well, and the turn to the way back of one that did not.

use super::{
    Failure,
    delete::{self, Whose},
    run::{Run, Step},
};
use crate::{
    side::{Outcome, Side, Standing},
    state::{self, EXPORTS, Export, OperationKind, Output, Phase, Resource as Row},
};
use kit::{Fault, Tx};
use std::collections::{BTreeMap, BTreeSet};

/// Evaluates outputs and publishes exports.
pub(super) async fn outputs(run: &Run<'_>, side: &Side) -> Result<Result<(), Failure>, Fault> {
    let (rows, unknown) = (run.rows(), BTreeSet::new());
    let exports: BTreeMap<String, String> =
        run.store().read(|s| state::exports(s, &run.scope))?.into_iter().map(|(name, export)| (name, export.value)).collect();
    let world = Standing { side, rows: &rows, exports: &exports, unknown: &unknown, planning: false };
    let outcomes = match side.outputs(&world) {
        Ok(outcomes) => outcomes,
        Err(problem) => return Ok(Err(Failure::of(problem.sentence()))),
    };
    let imports = side.imports(&world);
    let mut refused = None;
    let written = run
        .change(None, |stack, tx| {
            if let Some(message) = publish(run, tx, stack, &outcomes)? {
                refused = Some(message.clone());
                return Err(Fault::new("Refused", 400, message));
            }
            stack.definition.outputs = outcomes
                .iter()
                .map(|o| Output {
                    name: o.name.clone(),
                    value: o.value.clone(),
                    description: o.description.clone(),
                    export: o.export.clone(),
                })
                .collect();
            stack.definition.imports = imports;
            stack.definition.description = side.template.description.clone();
            Ok(())
        })
        .await;
    match (refused, written) {
        (Some(message), _) => Ok(Err(Failure::of(message))),
        (None, written) => written.map(Ok),
    }
}

/// Brings the stack's exports to what its outputs say; the sentence of a refusal.
fn publish(run: &Run<'_>, tx: &mut Tx<'_>, stack: &state::Stack, outcomes: &[Outcome]) -> Result<Option<String>, Fault> {
    let wanted: BTreeMap<&str, &str> = outcomes.iter().filter_map(|o| Some((o.export.as_deref()?, o.value.as_str()))).collect();
    let all = state::exports(tx, &run.scope)?;
    for (name, old) in all.iter().filter(|(_, export)| export.stack_uuid == stack.uuid) {
        if wanted.get(name.as_str()).is_some_and(|value| *value == old.value) {
            continue;
        }
        let users = state::importers(tx, &run.scope, name)?;
        if !users.is_empty() {
            let verb = if wanted.contains_key(name.as_str()) { "update" } else { "delete" };
            return Ok(Some(format!("Cannot {verb} export {name} as it is in use by {}", users.join(", "))));
        }
        tx.delete(&EXPORTS, &run.scope, name)?;
    }
    for (name, value) in wanted {
        match all.get(name) {
            Some(other) if other.stack_uuid != stack.uuid => {
                return Ok(Some(format!(
                    "Export with name {name} is already exported by stack {}. Rollback requested by user",
                    other.stack_name
                )));
            }
            _ => {
                let export = Export { value: value.to_owned(), stack_name: stack.name.clone(), stack_uuid: stack.uuid.clone() };
                tx.put(&EXPORTS, &run.scope, &name.to_owned(), &export)?;
            }
        }
    }
    Ok(None)
}

/// After all resources and outputs: a creation is complete, an update turns to its clean-up.
pub(super) async fn applied(run: &Run<'_>) -> Result<(), Fault> {
    let kind = run.operation().map(|o| o.kind);
    match kind {
        Some(OperationKind::Update) => {
            let gone = removed(run)?;
            let ids: Vec<String> = gone.iter().map(|row| row.logical_id.clone()).collect();
            run.change(Some(Step { status: "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", reason: None }), |stack, tx| {
                run.forget(tx, &stack.uuid.clone(), &ids)?;
                if let Some(operation) = &mut stack.operation {
                    operation.leftovers.extend(gone);
                    operation.phase = Phase::Cleanup;
                }
                Ok(())
            })
            .await
        }
        _ => {
            run.change(Some(Step { status: "CREATE_COMPLETE", reason: None }), |stack, _| {
                stack.operation = None;
                Ok(())
            })
            .await
        }
    }
}

/// The stack's resources that its template no longer has.
fn removed(run: &Run<'_>) -> Result<Vec<Row>, Fault> {
    let side = super::side(run).map_err(Fault::internal)?;
    Ok(run.rows().into_values().filter(|row| !side.graph.contains_key(&row.logical_id)).collect())
}

/// Deletes what an update replaced or removed. What cannot be deleted stays behind, as on AWS.
pub(super) async fn cleanup(run: &Run<'_>) -> Result<(), Fault> {
    let operation = run.operation().ok_or_else(|| Fault::internal("an operation lost its record"))?;
    delete::all(run, &operation, operation.leftovers.clone(), Whose::Leftovers, &delete::retained).await?;
    let now = run.now();
    run.change(Some(Step { status: "UPDATE_COMPLETE", reason: None }), |stack, _| {
        stack.operation = None;
        stack.updated = Some(now);
        Ok(())
    })
    .await
}

/// After a failure: stop where it stands, or turn back.
pub(super) async fn failed(run: &Run<'_>, failure: &Failure) -> Result<(), Fault> {
    let stack = run.stack();
    let update = stack.operation.as_ref().is_some_and(|o| o.kind == OperationKind::Update);
    let sentence = failure.sentence();
    if stack.disable_rollback {
        let status = if update { "UPDATE_FAILED" } else { "CREATE_FAILED" };
        return run
            .change(Some(Step { status, reason: Some(&format!("{sentence} ")) }), |stack, _| {
                stack.operation = None;
                Ok(())
            })
            .await;
    }
    let (status, reason) = match update {
        true => ("UPDATE_ROLLBACK_IN_PROGRESS", format!("{sentence} ")),
        false if stack.on_failure_delete => ("DELETE_IN_PROGRESS", format!("{sentence} Delete requested by user.")),
        false => ("ROLLBACK_IN_PROGRESS", format!("{sentence} Rollback requested by user.")),
    };
    run.change(Some(Step { status, reason: Some(&reason) }), |stack, _| {
        if let Some(operation) = &mut stack.operation {
            operation.phase = Phase::Rollback;
        }
        Ok(())
    })
    .await
}
