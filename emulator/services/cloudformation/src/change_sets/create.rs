//! CreateChangeSet.

use super::of_stack;
use crate::{
    ChangeSetType, CloudFormation, CreateChangeSetInput, CreateChangeSetOutput, Error,
    prepare::{self, Prepared, Request},
    source, stacks,
    state::{self, CHANGE_SETS, ChangeSet, Definition, Stack},
    template::invalid,
};
use kit::{Context, Fault};

const NO_CHANGES: &str = "The submitted information didn't contain changes. Submit different information to create a change set.";

impl CloudFormation {
    /// Plans a new stack or a change of one. The plan is ready when the answer comes.
    pub async fn create_change_set(&self, cx: &Context, input: CreateChangeSetInput) -> Result<CreateChangeSetOutput, Fault> {
        refuse_unsupported(&input)?;
        let create = input.change_set_type == Some(ChangeSetType::Create);
        let stack = self.stack_for(cx, &input, create)?;
        if let Some(there) = cx
            .store()
            .read(|s| of_stack(s, cx.scope(), &stack))?
            .into_iter()
            .find(|set| set.name == input.change_set_name && !set.is_executed())
        {
            if input.client_token.is_some() && there.token == input.client_token {
                return Ok(CreateChangeSetOutput { id: Some(there.arn(cx.scope())), stack_id: Some(stack.arn(cx.scope())) });
            }
            return Err(Error::AlreadyExists.says(format!(
                "ChangeSet {} cannot be created due to a mismatch with existing attribute Template",
                input.change_set_name
            )));
        }
        let sent = source::read(cx, input.template_body, input.template_url).await?;
        let previous = input.use_previous_template.unwrap_or_default();
        let template = match (sent, previous && !create) {
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
        let changes = prepared.changes_something(&stack);
        let Prepared { definition, plan } = prepared;
        let set = ChangeSet {
            name: input.change_set_name,
            uuid: cx.ids().uuid(),
            stack_name: stack.name.clone(),
            stack_uuid: stack.uuid.clone(),
            description: input.description,
            created: cx.now(),
            status: if changes { "CREATE_COMPLETE" } else { "FAILED" }.into(),
            execution_status: if changes { "AVAILABLE" } else { "UNAVAILABLE" }.into(),
            reason: (!changes).then(|| NO_CHANGES.to_owned()),
            warning: plan.warning,
            definition,
            changes: plan.changes,
            on_stack_failure: input.on_stack_failure.map(|o| o.as_str().to_owned()),
            create,
            token: input.client_token,
        };
        cx.store()
            .write(|tx| {
                let there = state::find_stack(tx, cx.scope(), &stack.arn(cx.scope()))?;
                if there.is_none() {
                    let mut new = Stack { definition: Definition::default(), ..stack.clone() };
                    stacks::set_status(cx, tx, &mut new, "REVIEW_IN_PROGRESS", Some("User Initiated"))?;
                }
                tx.put(&CHANGE_SETS, cx.scope(), &set.key(), &set)
            })
            .await?;
        Ok(CreateChangeSetOutput { id: Some(set.arn(cx.scope())), stack_id: Some(stack.arn(cx.scope())) })
    }

    /// The stack that is to be changed, or the one that is to be made.
    fn stack_for(&self, cx: &Context, input: &CreateChangeSetInput, create: bool) -> Result<Stack, Fault> {
        let found = cx.store().read(|s| state::find_stack(s, cx.scope(), &input.stack_name))?;
        match (found, create) {
            (Some(stack), true) if stack.status == "REVIEW_IN_PROGRESS" => Ok(stack),
            (Some(_), true) => Err(invalid(format!(
                "Stack [{}] already exists and cannot be created again with the changeSet [{}].",
                input.stack_name, input.change_set_name
            ))),
            (None, true) => {
                prepare::stack_name(&input.stack_name)?;
                Ok(Stack { name: input.stack_name.clone(), uuid: cx.ids().uuid(), created: cx.now(), ..Stack::default() })
            }
            (None, false) => Err(invalid(format!("Stack [{}] does not exist", input.stack_name))),
            (Some(stack), false) => {
                stacks::updatable(&stack, &stack.arn(cx.scope()))?;
                Ok(stack)
            }
        }
    }
}

fn refuse_unsupported(input: &CreateChangeSetInput) -> Result<(), Fault> {
    prepare::refuse(&[
        (
            "RollbackConfiguration",
            input.rollback_configuration.as_ref().is_some_and(|r| r.rollback_triggers.as_ref().is_some_and(|t| !t.is_empty())),
        ),
        ("NotificationARNs", input.notification_arns.as_ref().is_some_and(|a| !a.is_empty())),
        ("ResourcesToImport", input.resources_to_import.as_ref().is_some_and(|r| !r.is_empty())),
        ("ChangeSetType IMPORT", input.change_set_type == Some(ChangeSetType::Import)),
        ("IncludeNestedStacks", input.include_nested_stacks == Some(true)),
        ("ImportExistingResources", input.import_existing_resources == Some(true)),
        ("DeploymentMode", input.deployment_mode.is_some()),
    ])
}
