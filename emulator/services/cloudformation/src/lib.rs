//! AWS CloudFormation: templates evaluated, planned, executed and rolled back, over the other services' own APIs.
//!
//! One model of before and after ([`plan`]) is read by change sets, by execution and by rollback. Resources are made through the
//! Directory as whoever deploys, so that IAM decides about each of them. Unknown types and properties are refused before anything
//! is made, with their place in the template. This room knows AWS's resource types, and no service's inside.

mod access;
mod capabilities;
mod change_sets;
mod engine;
mod exports;
#[allow(missing_docs)]
mod model;
mod plan;
mod prepare;
mod resources;
mod schemas;
mod side;
#[cfg(test)]
mod side_tests;
mod source;
mod stacks;
mod state;
mod template;
mod templates;
mod validate;

pub use model::*;

use kit::{Context, Fault, store::TaskRow};
use tokio::sync::Notify;

/// The service. All state is in the store.
#[derive(Default)]
pub struct CloudFormation {
    /// Rung when a stack's status has moved.
    moved: Notify,
}

impl CloudFormation {
    /// The service, ready to be given to a cloud.
    pub fn new() -> CloudFormation {
        CloudFormation::default()
    }
}

kit::service! {
    /// AWS CloudFormation.
    CloudFormation, model = "cloudformation", invalid_input = "ValidationError";
    // stacks/create.rs, update.rs, delete.rs
    CreateStack => create_stack,
    UpdateStack => update_stack,
    DeleteStack => delete_stack,
    ContinueUpdateRollback => continue_update_rollback,
    UpdateTerminationProtection => update_termination_protection,
    // stacks/describe.rs
    DescribeStacks => describe_stacks,
    ListStacks => list_stacks,
    DescribeStackEvents => describe_stack_events,
    // stacks/resources.rs
    DescribeStackResource => describe_stack_resource,
    DescribeStackResources => describe_stack_resources,
    ListStackResources => list_stack_resources,
    // change_sets/
    CreateChangeSet => create_change_set,
    DescribeChangeSet => describe_change_set,
    ExecuteChangeSet => execute_change_set,
    DeleteChangeSet => delete_change_set,
    ListChangeSets => list_change_sets,
    // templates.rs
    GetTemplate => get_template,
    GetTemplateSummary => get_template_summary,
    ValidateTemplate => validate_template,
    // exports.rs
    ListExports => list_exports,
    ListImports => list_imports,
}

impl kit::Service for CloudFormation {
    fn task<'a>(&'a self, cx: &'a Context, task: TaskRow) -> kit::BoxFuture<'a, Result<(), Fault>> {
        Box::pin(engine::run(self, cx, task))
    }
}
