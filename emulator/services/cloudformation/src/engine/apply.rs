//! Making and changing resources: as many at a time as the graph allows, none more after a failure.

use super::{
    Failure,
    run::{Also, Run, Step},
};
use crate::{
    plan,
    schemas::{
        self, check,
        facts::{self, Recreation},
    },
    side::{Side, Standing},
    state::{Operation, OperationKind, Resource as Row},
    template::{Problem, Resource},
};
use futures_util::stream::{FuturesUnordered, StreamExt};
use kit::Fault;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// How a resource ended.
enum Ended {
    Well,
    NotCreated,
    NotUpdated,
}

/// Brings every resource of a side into being.
pub(super) async fn resources(run: &Run<'_>, side: &Side) -> Result<Result<(), Failure>, Fault> {
    let operation = run.operation().ok_or_else(|| Fault::internal("an operation lost its record"))?;
    let exports = run.store().read(|s| crate::state::exports(s, &run.scope))?;
    let exports: BTreeMap<String, String> = exports.into_iter().map(|(name, export)| (name, export.value)).collect();
    let mut waiting: Vec<&Resource> = side.resources().collect();
    let mut done: BTreeSet<&str> = BTreeSet::new();
    let mut running = FuturesUnordered::new();
    let (mut created, mut updated, mut other) = (Vec::new(), Vec::new(), None);
    loop {
        if other.is_none() && timed_out(run, &operation) {
            other = Some("Stack creation time exceeded the specified timeout".to_owned());
        }
        if created.is_empty() && updated.is_empty() && other.is_none() {
            let (ready, later): (Vec<_>, Vec<_>) =
                waiting.into_iter().partition(|r| side.graph[&r.logical_id].iter().all(|need| done.contains(need.as_str())));
            waiting = later;
            for resource in ready {
                let (operation, exports) = (&operation, &exports);
                running.push(async move { (resource.logical_id.as_str(), one(run, side, operation, exports, resource).await) });
            }
        }
        match running.next().await {
            None => break,
            Some((id, Ok(Ended::Well))) => drop(done.insert(id)),
            Some((id, Ok(Ended::NotCreated))) => created.push(id.to_owned()),
            Some((id, Ok(Ended::NotUpdated))) => updated.push(id.to_owned()),
            Some((_, Err(fault))) => return Err(fault),
        }
    }
    Ok(match created.is_empty() && updated.is_empty() && other.is_none() {
        true => Ok(()),
        false => Err(Failure { created, updated, other }),
    })
}

fn timed_out(run: &Run<'_>, operation: &Operation) -> bool {
    let Some(minutes) = run.stack().timeout_minutes else { return false };
    operation.kind == OperationKind::Create && run.now() > operation.started.plus_ns(i128::from(minutes) * 60_000_000_000)
}

/// One resource, from what it is to what it is to be.
async fn one(
    run: &Run<'_>,
    side: &Side,
    operation: &Operation,
    exports: &BTreeMap<String, String>,
    resource: &Resource,
) -> Result<Ended, Fault> {
    let old = run.row(&resource.logical_id);
    let mine = old.as_ref().is_some_and(|row| row.operation == operation.id);
    if mine && old.as_ref().is_some_and(|row| row.status.ends_with("_COMPLETE")) {
        return Ok(Ended::Well);
    }
    let there = old.filter(|row| row.physical_id.is_some());
    let next = match evaluated(run, side, exports, resource, operation) {
        Ok(next) => next,
        Err((mut row, message)) => {
            let status = if there.is_some() { "UPDATE_FAILED" } else { "CREATE_FAILED" };
            if let Some(there) = there {
                row = there;
            }
            run.record(row, &[Step { status, reason: Some(&message) }], None).await?;
            return Ok(if status == "UPDATE_FAILED" { Ended::NotUpdated } else { Ended::NotCreated });
        }
    };
    match there {
        None => create(run, operation, next, mine).await,
        Some(row) => change(run, operation, resource, row, next, mine).await,
    }
}

/// The row that the resource is to have, without what only making it tells.
fn evaluated(
    run: &Run<'_>,
    side: &Side,
    exports: &BTreeMap<String, String>,
    resource: &Resource,
    operation: &Operation,
) -> Result<Row, (Row, String)> {
    let mut row = Row {
        logical_id: resource.logical_id.clone(),
        kind: resource.kind.clone(),
        description: resource.description.clone(),
        depends_on: side.graph[&resource.logical_id].iter().cloned().collect(),
        deletion_policy: resource.deletion_policy,
        update_replace_policy: resource.update_replace_policy,
        operation: operation.id.clone(),
        ..Row::default()
    };
    let found = run.with_rows(|rows| {
        let unknown = BTreeSet::new();
        let world = Standing { side, rows, exports, unknown: &unknown, planning: false };
        let (properties, findings) = side.properties(resource, &world)?;
        Ok::<_, Problem>((properties, findings, side.metadata(resource, &world)?))
    });
    match found {
        Ok((properties, findings, metadata)) => {
            row.properties = properties.to_json();
            row.metadata = metadata;
            match findings.is_empty() {
                true => Ok(row),
                false => {
                    let list: Vec<String> = findings.iter().map(check::Finding::sentence).collect();
                    let message =
                        format!("Properties validation failed for resource {} with message: [{}]", resource.logical_id, list.join(", "));
                    Err((row, message))
                }
            }
        }
        Err(problem) => Err((row, problem.sentence())),
    }
}

async fn create(run: &Run<'_>, operation: &Operation, mut row: Row, again: bool) -> Result<Ended, Fault> {
    if !again {
        run.record(row.clone(), &[Step { status: "CREATE_IN_PROGRESS", reason: None }], None).await?;
    }
    match run.create(operation, &row.logical_id, &row.kind, &row.properties, again).await {
        Ok(made) => {
            row.physical_id = Some(made.physical_id);
            row.attributes = made.attributes;
            let steps = [
                Step { status: "CREATE_IN_PROGRESS", reason: Some("Resource creation Initiated") },
                Step { status: "CREATE_COMPLETE", reason: None },
            ];
            run.record(row, &steps, None).await?;
            Ok(Ended::Well)
        }
        Err(fault) => {
            let reason = reason(&row.kind, &fault, operation);
            run.record(row, &[Step { status: "CREATE_FAILED", reason: Some(&reason) }], None).await?;
            Ok(Ended::NotCreated)
        }
    }
}

async fn change(run: &Run<'_>, operation: &Operation, resource: &Resource, row: Row, next: Row, again: bool) -> Result<Ended, Fault> {
    let previous = operation.previous.as_ref().map(|p| p.tags.clone()).unwrap_or_default();
    let differences = plan::differences(&row, &next.properties, &previous, &run.stack().definition.tags);
    let recreation = differences.iter().map(|d| d.recreation).max().unwrap_or(Recreation::Never);
    if differences.is_empty() && row.attempted.is_none() {
        // Nothing that the service sees; the stack's own notes may differ.
        let kept = Row {
            status: row.status.replace("_FAILED", "_COMPLETE"),
            reason: row.reason.clone(),
            physical_id: row.physical_id.clone(),
            attributes: row.attributes.clone(),
            updated: row.updated,
            operation: row.operation.clone(),
            ..next
        };
        if kept != row {
            run.record(kept, &[], None).await?;
        }
        return Ok(Ended::Well);
    }
    match recreation {
        Recreation::Never => update(run, operation, row, next).await,
        _ => replace(run, operation, resource, row, next, again).await,
    }
}

async fn update(run: &Run<'_>, operation: &Operation, row: Row, mut next: Row) -> Result<Ended, Fault> {
    let mut shown = row.clone();
    shown.operation = operation.id.clone();
    shown.attempted = Some(next.properties.clone());
    run.record(shown, &[Step { status: "UPDATE_IN_PROGRESS", reason: None }], None).await?;
    // What an update that failed may have brought is where this one begins.
    let from = row.attempted.as_ref().unwrap_or(&row.properties);
    match run.update(operation, &row, from, &next.properties).await {
        Ok(made) => {
            next.physical_id = Some(made.physical_id);
            next.attributes = made.attributes;
            run.record(next, &[Step { status: "UPDATE_COMPLETE", reason: None }], None).await?;
            Ok(Ended::Well)
        }
        Err(fault) => {
            let reason = reason(&row.kind, &fault, operation);
            let failed = Row { attempted: Some(next.properties), operation: operation.id.clone(), ..row };
            run.record(failed, &[Step { status: "UPDATE_FAILED", reason: Some(&reason) }], None).await?;
            Ok(Ended::NotUpdated)
        }
    }
}

/// Makes a new physical resource; the old one goes in the clean-up.
async fn replace(run: &Run<'_>, operation: &Operation, resource: &Resource, row: Row, mut next: Row, again: bool) -> Result<Ended, Fault> {
    const WHY: &str = "Requested update requires the creation of a new physical resource; hence creating one.";
    let mut shown = row.clone();
    shown.operation = operation.id.clone();
    if !again {
        run.record(shown.clone(), &[Step { status: "UPDATE_IN_PROGRESS", reason: Some(WHY) }], None).await?;
    }
    let made = match custom_name(&row, &next.properties) {
        Some(name) => Err(format!(
            "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename {name} and update the stack again."
        )),
        None => run
            .create(operation, &row.logical_id, &row.kind, &next.properties, again)
            .await
            .map_err(|fault| reason(&row.kind, &fault, operation)),
    };
    match made {
        Ok(made) => {
            next.physical_id = Some(made.physical_id);
            next.attributes = made.attributes;
            let steps = [
                Step { status: "UPDATE_IN_PROGRESS", reason: Some("Resource creation Initiated") },
                Step { status: "UPDATE_COMPLETE", reason: None },
            ];
            let mut old = row;
            old.deletion_policy = resource.update_replace_policy;
            let give_up: Also<'_> = Box::new(|stack| {
                if let Some(operation) = &mut stack.operation {
                    operation.leftovers.push(old);
                }
            });
            run.record(next, &steps, Some(give_up)).await?;
            Ok(Ended::Well)
        }
        Err(reason) => {
            run.record(shown, &[Step { status: "UPDATE_FAILED", reason: Some(&reason) }], None).await?;
            Ok(Ended::NotUpdated)
        }
    }
}

/// The name that old and new would share, where the template gives it.
fn custom_name(row: &Row, next: &Json) -> Option<String> {
    let name = facts::name_property(schemas::registry().schema(&row.kind)?)?;
    let (old, new) = (row.properties.get(name)?, next.get(name)?);
    (old == new).then(|| new.as_str().unwrap_or_default().to_owned())
}

/// What AWS writes for a call that failed.
pub(super) fn reason(kind: &str, fault: &Fault, operation: &Operation) -> String {
    // What another service was asked for on the way says so itself.
    let asked = fault.fields.iter().find(|(name, _)| name == "Service").and_then(|(_, value)| value.as_str());
    let service = asked.or(kind.split("::").nth(1)).unwrap_or("CloudFormation");
    let code = match fault.code.as_ref() {
        code if fault.status == 403 || code.contains("AccessDenied") || code.contains("NotAuthorized") => "AccessDenied",
        _ if crate::resources::is_there(fault) || fault.code == "AlreadyExists" => "AlreadyExists",
        _ if crate::resources::is_gone(fault) => "NotFound",
        _ if fault.status >= 500 => "ServiceInternalError",
        _ => "InvalidRequest",
    };
    format!(
        "Resource handler returned message: \"{} (Service: {service}, Code: {}, Status Code: {})\" (RequestToken: {}, HandlerErrorCode: {code})",
        fault.message, fault.code, fault.status, operation.id
    )
}
