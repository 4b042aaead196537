//! ExecuteChangeSet.

use super::{find, of_stack};
use crate::{
    CloudFormation, Error, ExecuteChangeSetInput, ExecuteChangeSetOutput, stacks,
    state::{self, CHANGE_SETS, OperationKind},
    template::invalid,
};
use kit::{Context, Fault};

impl CloudFormation {
    /// Sets a change set going.
    pub async fn execute_change_set(&self, cx: &Context, input: ExecuteChangeSetInput) -> Result<ExecuteChangeSetOutput, Fault> {
        cx.store()
            .write(|tx| {
                let mut set = find(tx, cx.scope(), &input.change_set_name, input.stack_name.as_deref())?;
                let arn = set.arn(cx.scope());
                if set.status != "CREATE_COMPLETE" {
                    return Err(Error::InvalidChangeSetStatus
                        .says(format!("ChangeSet [{arn}] cannot be executed in its current status of [{}]", set.status)));
                }
                if set.execution_status != "AVAILABLE" {
                    return Err(Error::InvalidChangeSetStatus.says(format!(
                        "ChangeSet [{arn}] cannot be executed in its current execution status of [{}]",
                        set.execution_status
                    )));
                }
                let stack_arn = state::stack_arn(cx.scope(), &set.stack_name, &set.stack_uuid);
                let mut stack = state::stack(tx, cx.scope(), &stack_arn)?;
                if set.create != (stack.status == "REVIEW_IN_PROGRESS") {
                    return Err(invalid(format!("Stack:{stack_arn} is in {} state and can not be updated.", stack.status)));
                }
                // The others of the stack no longer say what would happen.
                for other in of_stack(tx, cx.scope(), &stack)?.into_iter().filter(|other| other.uuid != set.uuid && !other.is_executed()) {
                    tx.delete(&CHANGE_SETS, cx.scope(), &other.key())?;
                }
                set.execution_status = "EXECUTE_COMPLETE".into();
                tx.put(&CHANGE_SETS, cx.scope(), &set.key(), &set)?;
                stack.change_set_id = Some(arn);
                stack.disable_rollback = input.disable_rollback.unwrap_or(set.on_stack_failure.as_deref() == Some("DO_NOTHING"));
                stack.on_failure_delete = set.on_stack_failure.as_deref() == Some("DELETE");
                stack.retain_except_on_create = input.retain_except_on_create.unwrap_or_default();
                // AWS shows LastUpdatedTime on stacks that came from a change set.
                stack.updated = Some(cx.now());
                if set.create {
                    stack.definition = set.definition;
                    let operation = stacks::operation(cx, OperationKind::Create, input.client_request_token.clone());
                    return stacks::begin(cx, tx, &mut stack, operation, "CREATE_IN_PROGRESS");
                }
                stacks::updatable(&stack, &stack_arn)?;
                stacks::begin_update(cx, tx, &mut stack, set.definition, input.client_request_token.clone())
            })
            .await?;
        Ok(ExecuteChangeSetOutput {})
    }
}
