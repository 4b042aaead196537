//! DescribeChangeSet and ListChangeSets.

use super::{find, of_stack};
use crate::{
    AttributeChangeType, ChangeAction, ChangeSetStatus, ChangeSetSummary, ChangeSource, ChangeType, CloudFormation, DescribeChangeSetInput,
    DescribeChangeSetOutput, EvaluationType, ExecutionStatus, ListChangeSetsInput, ListChangeSetsOutput, OnStackFailure, PolicyAction,
    Replacement, RequiresRecreation, ResourceAttribute, ResourceChange, ResourceChangeDetail, ResourceTargetDefinition,
    RollbackConfiguration,
    plan::{Change, Detail},
    stacks::shown,
    state::{self, stack_arn},
    template::invalid,
};
use kit::{Context, Fault};

/// Changes or change sets on a page.
const PAGE: usize = 100;

impl CloudFormation {
    /// A change set with its changes.
    pub async fn describe_change_set(&self, cx: &Context, input: DescribeChangeSetInput) -> Result<DescribeChangeSetOutput, Fault> {
        let read = || cx.store().read(|s| find(s, cx.scope(), &input.change_set_name, input.stack_name.as_deref()));
        self.hold(cx, || Ok(read()?.execution_status == "EXECUTE_IN_PROGRESS")).await?;
        let set = read()?;
        let values = input.include_property_values.unwrap_or_default();
        let places: Vec<(usize, &Change)> = set.changes.iter().enumerate().collect();
        let page = kit::pages::page(
            places,
            |(index, _)| format!("{index:06}"),
            input.next_token.as_deref(),
            PAGE,
            || invalid("Invalid NextToken"),
        )?;
        let tags = shown::tags(&set.definition);
        Ok(DescribeChangeSetOutput {
            change_set_name: Some(set.name.clone()),
            change_set_id: Some(set.arn(cx.scope())),
            stack_id: Some(stack_arn(cx.scope(), &set.stack_name, &set.stack_uuid)),
            stack_name: Some(set.stack_name.clone()),
            description: set.description.clone(),
            parameters: shown::parameters(&set.definition),
            creation_time: Some(set.created),
            execution_status: ExecutionStatus::parse(&set.execution_status),
            status: ChangeSetStatus::parse(&set.status),
            status_reason: set.reason.clone().or(set.warning.clone().filter(|_| values)),
            notification_arns: Some(Vec::new()),
            rollback_configuration: Some(RollbackConfiguration::default()),
            capabilities: Some(shown::capabilities(&set.definition)),
            tags: (!tags.is_empty()).then_some(tags),
            changes: Some(page.items.into_iter().map(|(_, change)| change_of(change, values)).collect()),
            next_token: page.next,
            include_nested_stacks: Some(false),
            on_stack_failure: set.on_stack_failure.as_deref().and_then(OnStackFailure::parse),
            ..DescribeChangeSetOutput::default()
        })
    }

    /// The change sets of a stack.
    pub async fn list_change_sets(&self, cx: &Context, input: ListChangeSetsInput) -> Result<ListChangeSetsOutput, Fault> {
        let sets = cx.store().read(|s| {
            let stack = state::stack(s, cx.scope(), &input.stack_name)?;
            let mut sets = of_stack(s, cx.scope(), &stack)?;
            sets.retain(|set| !set.is_executed());
            Ok::<_, Fault>(sets)
        })?;
        let key = |set: &state::ChangeSet| format!("{:020}/{}", set.created.unix_ns, set.uuid);
        let page = kit::pages::page(sets, key, input.next_token.as_deref(), PAGE, || invalid("Invalid NextToken"))?;
        let summaries = page
            .items
            .into_iter()
            .map(|set| ChangeSetSummary {
                stack_id: Some(stack_arn(cx.scope(), &set.stack_name, &set.stack_uuid)),
                change_set_id: Some(set.arn(cx.scope())),
                stack_name: Some(set.stack_name),
                change_set_name: Some(set.name),
                execution_status: ExecutionStatus::parse(&set.execution_status),
                status: ChangeSetStatus::parse(&set.status),
                status_reason: set.reason,
                creation_time: Some(set.created),
                description: set.description,
                include_nested_stacks: Some(false),
                ..ChangeSetSummary::default()
            })
            .collect();
        Ok(ListChangeSetsOutput { summaries: Some(summaries), next_token: page.next })
    }
}

fn change_of(change: &Change, values: bool) -> crate::Change {
    let context = |json: &Option<serde_json::Value>| json.as_ref().filter(|_| values).map(ToString::to_string);
    let resource_change = ResourceChange {
        policy_action: change.policy_action.as_deref().and_then(PolicyAction::parse),
        action: ChangeAction::parse(&change.action),
        logical_resource_id: Some(change.logical_id.clone()),
        physical_resource_id: change.physical_id.clone(),
        resource_type: Some(change.kind.clone()),
        replacement: change.replacement.as_deref().and_then(Replacement::parse),
        scope: Some(change.scope.iter().filter_map(|s| ResourceAttribute::parse(s)).collect()),
        details: Some(change.details.iter().map(|detail| detail_of(detail, values)).collect()),
        before_context: context(&change.before),
        after_context: context(&change.after),
        ..ResourceChange::default()
    };
    crate::Change { r#type: Some(ChangeType::Resource), resource_change: Some(resource_change), ..crate::Change::default() }
}

fn detail_of(detail: &Detail, values: bool) -> ResourceChangeDetail {
    let mut target = ResourceTargetDefinition {
        attribute: ResourceAttribute::parse(&detail.attribute),
        name: detail.name.clone(),
        requires_recreation: RequiresRecreation::parse(&detail.recreation),
        ..ResourceTargetDefinition::default()
    };
    if values {
        target.path = detail.name.as_ref().map(|name| format!("/{}/{name}", detail.attribute));
        target.before_value = detail.before.clone();
        target.after_value = detail.after.clone();
        target.attribute_change_type = AttributeChangeType::parse(&detail.change_type);
    }
    ResourceChangeDetail {
        target: Some(target),
        evaluation: EvaluationType::parse(&detail.evaluation),
        change_source: ChangeSource::parse(&detail.source),
        causing_entity: detail.causing_entity.clone(),
    }
}
