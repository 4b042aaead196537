//! Stacks: made, changed, deleted, described.

mod create;
mod delete;
mod describe;
mod events;
mod resources;
pub(crate) mod shown;
mod update;

pub(crate) use update::updatable;

use crate::{
    CloudFormation,
    engine::{Payload, stack_event, write_event},
    state::{self, Actor, EXECUTE, Operation, OperationKind, Phase, STACKS, Stack},
};
use kit::{Context, Fault, Tx, store::NewTask};

/// An operation that is about to begin.
pub(crate) fn operation(cx: &Context, kind: OperationKind, token: Option<String>) -> Operation {
    Operation {
        id: cx.ids().uuid(),
        kind,
        phase: if kind == OperationKind::Delete { Phase::Delete } else { Phase::Apply },
        started: cx.now(),
        token,
        actor: Actor::of(cx.principal()),
        before: Vec::new(),
        previous: None,
        leftovers: Vec::new(),
        retain: Vec::new(),
        force: false,
    }
}

/// Begins an operation: status, event and task in the transaction of the request.
pub(crate) fn begin(cx: &Context, tx: &mut Tx<'_>, stack: &mut Stack, operation: Operation, status: &str) -> Result<(), Fault> {
    stack.operation = Some(operation);
    set_status(cx, tx, stack, status, Some("User Initiated"))?;
    let payload = Payload { name: stack.name.clone(), uuid: stack.uuid.clone() };
    tx.task(NewTask::new(cx.scope(), "cloudformation", EXECUTE, &payload).key(stack.uuid.clone()));
    Ok(())
}

/// Moves a stack to a status, with its event.
pub(crate) fn set_status(cx: &Context, tx: &mut Tx<'_>, stack: &mut Stack, status: &str, reason: Option<&str>) -> Result<(), Fault> {
    stack.status = status.to_owned();
    stack.reason = reason.map(str::to_owned);
    let event = stack_event(cx.scope(), stack, cx.ids().uuid(), cx.now());
    write_event(tx, cx.scope(), stack, event)?;
    tx.put(&STACKS, cx.scope(), &stack.key(), stack)
}

/// Begins an update: what is kept for the way back, then as [`begin`].
pub(crate) fn begin_update(
    cx: &Context,
    tx: &mut Tx<'_>,
    stack: &mut Stack,
    definition: state::Definition,
    token: Option<String>,
) -> Result<(), Fault> {
    let mut operation = operation(cx, OperationKind::Update, token);
    operation.before = state::resources(tx, cx.scope(), stack)?.into_values().filter(|row| row.physical_id.is_some()).collect();
    operation.previous = Some(Box::new(std::mem::replace(&mut stack.definition, definition)));
    stack.updated = Some(cx.now());
    begin(cx, tx, stack, operation, "UPDATE_IN_PROGRESS")
}

impl CloudFormation {
    /// Waits while something is under way, so that a client's waiter (which asks every five to thirty seconds) sees the end at once.
    /// In real time, and no longer than a client's own time-out allows.
    pub(crate) async fn hold(&self, cx: &Context, busy: impl Fn() -> Result<bool, Fault>) -> Result<(), Fault> {
        const MOST: std::time::Duration = std::time::Duration::from_secs(10);
        let wait = async {
            loop {
                let moved = self.moved.notified();
                tokio::pin!(moved);
                moved.as_mut().enable();
                if !busy()? {
                    return Ok(());
                }
                moved.await;
            }
        };
        cx.parked(async {
            tokio::select! {
                done = wait => done,
                () = cx.cloud().clock().real_sleep(MOST) => Ok(()),
            }
        })
        .await
    }
}
