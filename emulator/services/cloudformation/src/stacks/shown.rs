//! Stacks as answers show them.

use crate::{
    Capability, DeletionMode, Output, Parameter, RollbackConfiguration, Stack, StackDriftInformation, StackDriftInformationSummary,
    StackDriftStatus, StackStatus, StackSummary, Tag, state,
};
use kit::Scope;

/// As DescribeStacks shows it.
pub(super) fn stack(scope: &Scope, stack: &state::Stack) -> Stack {
    let definition = &stack.definition;
    let review = stack.status == "REVIEW_IN_PROGRESS";
    let outputs: Vec<Output> = definition
        .outputs
        .iter()
        .map(|o| Output {
            output_key: Some(o.name.clone()),
            output_value: Some(o.value.clone()),
            description: o.description.clone(),
            export_name: o.export.clone(),
        })
        .collect();
    Stack {
        stack_id: Some(stack.arn(scope)),
        stack_name: stack.name.clone(),
        change_set_id: stack.change_set_id.clone(),
        description: definition.description.clone().filter(|_| !review),
        parameters: parameters(definition).filter(|_| !review),
        creation_time: Some(stack.created),
        deletion_time: stack.deleted,
        last_updated_time: stack.updated,
        rollback_configuration: Some(RollbackConfiguration::default()),
        stack_status: StackStatus::parse(&stack.status),
        stack_status_reason: stack.reason.clone(),
        disable_rollback: Some(stack.disable_rollback),
        notification_arns: Some(Vec::new()),
        timeout_in_minutes: stack.timeout_minutes,
        capabilities: (!definition.capabilities.is_empty()).then(|| capabilities(definition)),
        outputs: (!outputs.is_empty() && !review).then_some(outputs),
        role_arn: definition.role_arn.clone(),
        tags: Some(tags(definition)),
        enable_termination_protection: (!stack.is_deleted()).then_some(stack.termination_protection),
        drift_information: Some(StackDriftInformation {
            stack_drift_status: Some(StackDriftStatus::NotChecked),
            last_check_timestamp: None,
        }),
        deletion_mode: stack.operation.as_ref().filter(|o| o.force).map(|_| DeletionMode::ForceDeleteStack),
        ..Stack::default()
    }
}

/// As ListStacks shows it.
pub(super) fn summary(scope: &Scope, stack: &state::Stack) -> StackSummary {
    StackSummary {
        stack_id: Some(stack.arn(scope)),
        stack_name: stack.name.clone(),
        template_description: stack.definition.description.clone(),
        creation_time: Some(stack.created),
        last_updated_time: stack.updated,
        deletion_time: stack.deleted,
        stack_status: StackStatus::parse(&stack.status),
        stack_status_reason: stack.reason.clone(),
        drift_information: Some(StackDriftInformationSummary {
            stack_drift_status: Some(StackDriftStatus::NotChecked),
            last_check_timestamp: None,
        }),
        ..StackSummary::default()
    }
}

/// The parameters, those that must not be shown masked; `None` when there are none.
pub(crate) fn parameters(definition: &state::Definition) -> Option<Vec<Parameter>> {
    let list: Vec<Parameter> = definition
        .parameters
        .iter()
        .map(|(name, given)| Parameter { parameter_key: Some(name.clone()), parameter_value: Some(given.shown()), ..Parameter::default() })
        .collect();
    (!list.is_empty()).then_some(list)
}

pub(crate) fn capabilities(definition: &state::Definition) -> Vec<Capability> {
    definition.capabilities.iter().filter_map(|c| Capability::parse(c)).collect()
}

pub(crate) fn tags(definition: &state::Definition) -> Vec<Tag> {
    definition.tags.iter().map(|(key, value)| Tag { key: key.clone(), value: value.clone() }).collect()
}
