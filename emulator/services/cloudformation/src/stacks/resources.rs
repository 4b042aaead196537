//! DescribeStackResource, DescribeStackResources and ListStackResources.

use crate::{
    CloudFormation, DescribeStackResourceInput, DescribeStackResourceOutput, DescribeStackResourcesInput, DescribeStackResourcesOutput,
    ListStackResourcesInput, ListStackResourcesOutput, StackResource, StackResourceDetail, StackResourceDriftInformation,
    StackResourceDriftInformationSummary, StackResourceDriftStatus, StackResourceSummary,
    state::{self, RESOURCES, Resource, Stack},
    template::invalid,
};
use kit::{Context, Fault, Read};

const PAGE: usize = 100;

impl CloudFormation {
    /// One resource of a stack.
    pub async fn describe_stack_resource(
        &self,
        cx: &Context,
        input: DescribeStackResourceInput,
    ) -> Result<DescribeStackResourceOutput, Fault> {
        let found = cx.store().read(|s| state::find_stack(s, cx.scope(), &input.stack_name))?;
        let stack = found.ok_or_else(|| invalid(format!("Stack '{}' does not exist", input.stack_name)))?;
        let row = rows(cx, &stack)?.into_iter().find(|row| row.logical_id == input.logical_resource_id);
        let row =
            row.ok_or_else(|| invalid(format!("Resource {} does not exist for stack {}", input.logical_resource_id, input.stack_name)))?;
        let detail = StackResourceDetail {
            stack_name: Some(stack.name.clone()),
            stack_id: Some(stack.arn(cx.scope())),
            logical_resource_id: row.logical_id,
            physical_resource_id: row.physical_id,
            resource_type: row.kind,
            last_updated_timestamp: Some(row.updated),
            resource_status: row.status,
            resource_status_reason: row.reason,
            description: row.description,
            metadata: Some(row.metadata.map_or_else(|| "{}".into(), |m| m.to_string())),
            drift_information: Some(StackResourceDriftInformation {
                stack_resource_drift_status: Some(StackResourceDriftStatus::NotChecked),
                last_check_timestamp: None,
            }),
            ..StackResourceDetail::default()
        };
        Ok(DescribeStackResourceOutput { stack_resource_detail: Some(detail) })
    }

    /// The resources of a stack, or of the stack that a physical resource belongs to.
    pub async fn describe_stack_resources(
        &self,
        cx: &Context,
        input: DescribeStackResourcesInput,
    ) -> Result<DescribeStackResourcesOutput, Fault> {
        let stack = match (&input.stack_name, &input.physical_resource_id) {
            (Some(name), _) => cx
                .store()
                .read(|s| state::find_stack(s, cx.scope(), name))?
                .ok_or_else(|| invalid(format!("Stack with id {name} does not exist")))?,
            (None, Some(physical)) => owner(cx, physical)?,
            (None, None) => return Err(invalid("Stack name must be specified")),
        };
        let wanted = |row: &Resource| input.logical_resource_id.as_ref().is_none_or(|id| *id == row.logical_id);
        let list = rows(cx, &stack)?
            .into_iter()
            .filter(wanted)
            .map(|row| StackResource {
                stack_name: Some(stack.name.clone()),
                stack_id: Some(stack.arn(cx.scope())),
                logical_resource_id: row.logical_id,
                physical_resource_id: row.physical_id,
                resource_type: row.kind,
                timestamp: Some(row.updated),
                resource_status: row.status,
                resource_status_reason: row.reason,
                description: row.description,
                drift_information: Some(StackResourceDriftInformation {
                    stack_resource_drift_status: Some(StackResourceDriftStatus::NotChecked),
                    last_check_timestamp: None,
                }),
                ..StackResource::default()
            })
            .collect();
        Ok(DescribeStackResourcesOutput { stack_resources: Some(list) })
    }

    /// The resources of a stack, in short.
    pub async fn list_stack_resources(&self, cx: &Context, input: ListStackResourcesInput) -> Result<ListStackResourcesOutput, Fault> {
        let found = cx.store().read(|s| state::find_stack(s, cx.scope(), &input.stack_name))?;
        let stack = found.ok_or_else(|| invalid(format!("Stack with id {} does not exist", input.stack_name)))?;
        let page = kit::pages::page(
            rows(cx, &stack)?,
            |row| row.logical_id.clone(),
            input.next_token.as_deref(),
            PAGE,
            || invalid("Invalid NextToken"),
        )?;
        let list = page
            .items
            .into_iter()
            .map(|row| StackResourceSummary {
                logical_resource_id: row.logical_id,
                physical_resource_id: row.physical_id,
                resource_type: row.kind,
                last_updated_timestamp: Some(row.updated),
                resource_status: row.status,
                resource_status_reason: row.reason,
                drift_information: Some(StackResourceDriftInformationSummary {
                    stack_resource_drift_status: Some(StackResourceDriftStatus::NotChecked),
                    last_check_timestamp: None,
                }),
                ..StackResourceSummary::default()
            })
            .collect();
        Ok(ListStackResourcesOutput { stack_resource_summaries: Some(list), next_token: page.next })
    }
}

/// The resources of a stack by logical id; a live stack's deleted ones are not shown.
fn rows(cx: &Context, stack: &Stack) -> Result<Vec<Resource>, Fault> {
    let rows = cx.store().read(|s| state::resources(s, cx.scope(), stack))?;
    let ended = stack.is_deleted() || stack.status.starts_with("ROLLBACK") || stack.status.starts_with("DELETE");
    Ok(rows.into_values().filter(|row| ended || row.status != "DELETE_COMPLETE").collect())
}

/// The live stack that a physical resource belongs to.
fn owner(cx: &Context, physical_id: &str) -> Result<Stack, Fault> {
    cx.store().read(|s| {
        for row in s.scan(&RESOURCES, cx.scope()) {
            let ((uuid, _), row) = row?;
            if row.physical_id.as_deref() != Some(physical_id) || row.status == "DELETE_COMPLETE" {
                continue;
            }
            for stack in s.scan(&state::STACKS, cx.scope()) {
                let (_, stack) = stack?;
                if stack.uuid == uuid && !stack.is_deleted() {
                    return Ok(stack);
                }
            }
        }
        Err(invalid(format!("Stack for {physical_id} does not exist")))
    })
}
