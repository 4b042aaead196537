//! UpdateStack and UpdateTerminationProtection.

use crate::{
    CloudFormation, ContinueUpdateRollbackInput, ContinueUpdateRollbackOutput, UpdateStackInput, UpdateStackOutput,
    UpdateTerminationProtectionInput, UpdateTerminationProtectionOutput,
    prepare::{self, Request},
    source,
    state::{self, STACKS, Stack},
    template::invalid,
};
use kit::{Context, Fault};

/// Statuses from which a stack may be updated.
const UPDATABLE: &[&str] =
    &["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "CREATE_FAILED", "UPDATE_FAILED"];

/// Refuses stacks that cannot be updated now.
pub(crate) fn updatable(stack: &Stack, arn: &str) -> Result<(), Fault> {
    // A failed creation can be repaired only where it was not rolled back.
    match UPDATABLE.contains(&stack.status.as_str()) {
        true => Ok(()),
        false => Err(invalid(format!("Stack:{arn} is in {} state and can not be updated.", stack.status))),
    }
}

impl CloudFormation {
    /// Changes a stack. Answers when the template is accepted and changes something.
    pub async fn update_stack(&self, cx: &Context, input: UpdateStackInput) -> Result<UpdateStackOutput, Fault> {
        prepare::refuse(&[
            (
                "RollbackConfiguration",
                input.rollback_configuration.as_ref().is_some_and(|r| r.rollback_triggers.as_ref().is_some_and(|t| !t.is_empty())),
            ),
            ("NotificationARNs", input.notification_arns.as_ref().is_some_and(|a| !a.is_empty())),
            ("StackPolicyBody", input.stack_policy_body.is_some()),
            ("StackPolicyURL", input.stack_policy_url.is_some()),
            ("StackPolicyDuringUpdateBody", input.stack_policy_during_update_body.is_some()),
            ("StackPolicyDuringUpdateURL", input.stack_policy_during_update_url.is_some()),
        ])?;
        let stack = cx.store().read(|s| state::stack(s, cx.scope(), &input.stack_name))?;
        let arn = stack.arn(cx.scope());
        updatable(&stack, &arn)?;
        let sent = source::read(cx, input.template_body, input.template_url).await?;
        let previous = input.use_previous_template.unwrap_or_default();
        let template = match (sent, previous) {
            (Some(template), false) => template,
            (None, true) => stack.definition.template.clone(),
            (Some(_), true) => return Err(invalid("You cannot specify both usePreviousTemplate and Template Body/Template URL.")),
            (None, false) => return Err(invalid("Either Template URL or Template Body must be specified.")),
        };
        let request = Request {
            template,
            parameters: input.parameters.unwrap_or_default(),
            capabilities: input.capabilities.unwrap_or_default().iter().map(|c| c.as_str().to_owned()).collect(),
            tags: if input.tags.is_some() { prepare::tags(input.tags)? } else { stack.definition.tags.clone() },
            role_arn: input.role_arn.or(stack.definition.role_arn.clone()),
            resource_types: input.resource_types,
        };
        let prepared = self.prepare(cx, &stack, request).await?;
        if !prepared.changes_something(&stack) {
            return Err(invalid("No updates are to be performed."));
        }
        cx.store()
            .write(|tx| {
                let mut current = state::stack(tx, cx.scope(), &arn)?;
                updatable(&current, &arn)?;
                current.disable_rollback = input.disable_rollback.unwrap_or_default();
                current.retain_except_on_create = input.retain_except_on_create.unwrap_or_default();
                current.change_set_id = None;
                super::begin_update(cx, tx, &mut current, prepared.definition, input.client_request_token)
            })
            .await?;
        Ok(UpdateStackOutput { stack_id: Some(arn), operation_id: None })
    }

    /// Goes on with the way back of an update that got stuck, leaving out what the caller names.
    pub async fn continue_update_rollback(
        &self,
        cx: &Context,
        input: ContinueUpdateRollbackInput,
    ) -> Result<ContinueUpdateRollbackOutput, Fault> {
        cx.store()
            .write(|tx| {
                let mut stack = state::stack(tx, cx.scope(), &input.stack_name)?;
                let stuck = stack.stuck.take().filter(|_| stack.status == "UPDATE_ROLLBACK_FAILED");
                let Some(mut operation) = stuck else {
                    let arn = stack.arn(cx.scope());
                    return Err(invalid(format!("Stack:{arn} is in {} state and can not continue rollback.", stack.status)));
                };
                let rows = state::resources(tx, cx.scope(), &stack)?;
                let skipped = input.resources_to_skip.clone().unwrap_or_default();
                if let Some(wrong) = skipped.iter().find(|id| rows.get(*id).is_none_or(|row| row.status != "UPDATE_FAILED")) {
                    return Err(invalid(format!("Resource {wrong} is not in UPDATE_FAILED state and cannot be skipped.")));
                }
                if input.role_arn.is_some() {
                    stack.definition.role_arn = input.role_arn.clone();
                }
                operation.retain = skipped;
                operation.actor = state::Actor::of(cx.principal());
                operation.token = input.client_request_token.clone();
                super::begin(cx, tx, &mut stack, operation, "UPDATE_ROLLBACK_IN_PROGRESS")
            })
            .await?;
        Ok(ContinueUpdateRollbackOutput {})
    }

    /// Guards a stack against deletion, or lifts the guard.
    pub async fn update_termination_protection(
        &self,
        cx: &Context,
        input: UpdateTerminationProtectionInput,
    ) -> Result<UpdateTerminationProtectionOutput, Fault> {
        let arn = cx
            .store()
            .write(|tx| {
                let mut stack = state::stack(tx, cx.scope(), &input.stack_name)?;
                if stack.is_deleted() {
                    return Err(invalid(format!("Stack [{}] does not exist", input.stack_name)));
                }
                stack.termination_protection = input.enable_termination_protection;
                tx.put(&STACKS, cx.scope(), &stack.key(), &stack)?;
                Ok(stack.arn(cx.scope()))
            })
            .await?;
        Ok(UpdateTerminationProtectionOutput { stack_id: Some(arn) })
    }
}
