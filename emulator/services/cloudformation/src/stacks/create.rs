//! CreateStack.

use crate::{
    CloudFormation, CreateStackInput, CreateStackOutput, Error, OnFailure, change_sets,
    prepare::{self, Request},
    source,
    state::{self, OperationKind, Stack},
    template::invalid,
};
use kit::{Context, Fault};

impl CloudFormation {
    /// Makes a stack. Answers when the template is accepted; resources follow.
    pub async fn create_stack(&self, cx: &Context, input: CreateStackInput) -> Result<CreateStackOutput, Fault> {
        prepare::stack_name(&input.stack_name)?;
        prepare::refuse(&[
            (
                "RollbackConfiguration",
                input.rollback_configuration.as_ref().is_some_and(|r| r.rollback_triggers.as_ref().is_some_and(|t| !t.is_empty())),
            ),
            ("NotificationARNs", input.notification_arns.as_ref().is_some_and(|a| !a.is_empty())),
            ("StackPolicyBody", input.stack_policy_body.is_some()),
            ("StackPolicyURL", input.stack_policy_url.is_some()),
        ])?;
        if input.disable_rollback.is_some() && input.on_failure.is_some() {
            return Err(invalid("You cannot specify both DisableRollback and OnFailure"));
        }
        let there = cx.store().read(|s| state::find_stack(s, cx.scope(), &input.stack_name))?;
        let mut stack = match there {
            Some(there) if there.status == "REVIEW_IN_PROGRESS" => there,
            Some(there)
                if input.client_request_token.is_some()
                    && there.operation.as_ref().and_then(|o| o.token.clone()) == input.client_request_token =>
            {
                return Ok(CreateStackOutput { stack_id: Some(there.arn(cx.scope())), operation_id: None });
            }
            Some(there) => return Err(Error::AlreadyExists.says(format!("Stack [{}] already exists", there.name))),
            None => Stack { name: input.stack_name.clone(), uuid: cx.ids().uuid(), created: cx.now(), ..Stack::default() },
        };
        let request = Request {
            template: source::required(cx, input.template_body, input.template_url).await?,
            parameters: input.parameters.unwrap_or_default(),
            capabilities: input.capabilities.unwrap_or_default().iter().map(|c| c.as_str().to_owned()).collect(),
            tags: prepare::tags(input.tags)?,
            role_arn: input.role_arn,
            resource_types: input.resource_types,
        };
        stack.definition = self.prepare(cx, &stack, request).await?.definition;
        stack.disable_rollback = input.disable_rollback.unwrap_or_default() || input.on_failure == Some(OnFailure::DoNothing);
        stack.on_failure_delete = input.on_failure == Some(OnFailure::Delete);
        stack.retain_except_on_create = input.retain_except_on_create.unwrap_or_default();
        stack.termination_protection = input.enable_termination_protection.unwrap_or_default();
        stack.timeout_minutes = input.timeout_in_minutes;
        let operation = super::operation(cx, OperationKind::Create, input.client_request_token);
        cx.store()
            .write(|tx| {
                // Another request may have been quicker.
                if let Some(other) = state::find_stack(tx, cx.scope(), &stack.name)?
                    && (other.uuid != stack.uuid || other.status != "REVIEW_IN_PROGRESS")
                {
                    return Err(Error::AlreadyExists.says(format!("Stack [{}] already exists", stack.name)));
                }
                change_sets::make_obsolete(tx, cx.scope(), &stack)?;
                super::begin(cx, tx, &mut stack, operation, "CREATE_IN_PROGRESS")
            })
            .await?;
        Ok(CreateStackOutput { stack_id: Some(stack.arn(cx.scope())), operation_id: None })
    }
}
