//! DeleteStack.

use crate::{
    CloudFormation, DeleteStackInput, DeleteStackOutput, DeletionMode,
    state::{self, CHANGE_SETS, OperationKind, Stack},
    template::invalid,
};
use kit::{Context, Fault, Read, Tx};

impl CloudFormation {
    /// Deletes a stack. One that does not exist is deleted already.
    pub async fn delete_stack(&self, cx: &Context, input: DeleteStackInput) -> Result<DeleteStackOutput, Fault> {
        cx.store()
            .write(|tx| {
                let Some(mut stack) = state::find_stack(tx, cx.scope(), &input.stack_name)? else { return Ok(()) };
                if stack.is_deleted() || stack.status == "DELETE_IN_PROGRESS" {
                    return Ok(());
                }
                deletable(cx, tx, &stack, &input)?;
                if input.role_arn.is_some() {
                    stack.definition.role_arn = input.role_arn.clone();
                }
                if stack.status == "REVIEW_IN_PROGRESS" {
                    let sets: Vec<(String, String)> =
                        tx.scan(&CHANGE_SETS, cx.scope()).prefix(&(stack.uuid.clone(),)).keys().collect::<Result<_, _>>()?;
                    sets.iter().try_for_each(|key| tx.delete(&CHANGE_SETS, cx.scope(), key).map(drop))?;
                }
                let mut operation = super::operation(cx, OperationKind::Delete, input.client_request_token.clone());
                operation.retain = input.retain_resources.clone().unwrap_or_default();
                operation.force = input.deletion_mode == Some(DeletionMode::ForceDeleteStack);
                super::begin(cx, tx, &mut stack, operation, "DELETE_IN_PROGRESS")
            })
            .await?;
        self.moved.notify_waiters();
        Ok(DeleteStackOutput {})
    }
}

fn deletable(cx: &Context, tx: &Tx<'_>, stack: &Stack, input: &DeleteStackInput) -> Result<(), Fault> {
    if stack.termination_protection {
        return Err(invalid(format!("Stack [{}] cannot be deleted while TerminationProtection is enabled", stack.name)));
    }
    if stack.in_progress() {
        return Err(invalid(format!("Stack [{}] cannot be deleted while in status {}", stack.name, stack.status)));
    }
    let failed = stack.status == "DELETE_FAILED";
    if !failed && input.retain_resources.as_ref().is_some_and(|list| !list.is_empty()) {
        return Err(invalid(format!(
            "Invalid operation on stack [{}]. When you delete a stack, you can only specify resources to retain if the stack is in the DELETE_FAILED state.",
            stack.arn(cx.scope())
        )));
    }
    if !failed && input.deletion_mode == Some(DeletionMode::ForceDeleteStack) {
        return Err(invalid("FORCE_DELETE_STACK can only be used when the stack is in DELETE_FAILED state"));
    }
    let rows = state::resources(tx, cx.scope(), stack)?;
    if let Some(unknown) = input.retain_resources.iter().flatten().find(|id| rows.get(*id).is_none_or(|row| row.status != "DELETE_FAILED"))
    {
        return Err(invalid(format!(
            "The specified resources to retain must be in a valid state. Do you want to delete the stack? Resource [{unknown}] is not in DELETE_FAILED"
        )));
    }
    for export in stack.definition.outputs.iter().filter_map(|o| o.export.as_deref()) {
        let users = state::importers(tx, cx.scope(), export)?;
        if !users.is_empty() {
            return Err(invalid(format!("Delete canceled. Cannot delete export {export} as it is in use by {}.", users.join(", "))));
        }
    }
    Ok(())
}
