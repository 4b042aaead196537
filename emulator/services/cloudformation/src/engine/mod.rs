//! Execution: an operation's task walks from phase to phase, every step written down before the next.
//!
//! A crash in the middle is nothing special: the task runs again, and what rows say is done is not done twice.

mod apply;
mod delete;
mod dynamic;
mod finish;
mod rollback;
mod run;
mod suffix;

pub(crate) use run::{Payload, assume, stack_event, write_event};

use crate::{
    CloudFormation,
    side::Side,
    state::{OperationKind, Phase},
    template::{self, evaluate::Pseudo},
};
use kit::{Context, Fault, store::TaskRow};
use run::Run;

/// Why a phase did not come through.
pub(crate) struct Failure {
    /// Resources that failed to be made.
    pub created: Vec<String>,
    /// Resources that failed to be changed.
    pub updated: Vec<String>,
    /// What else went wrong.
    pub other: Option<String>,
}

impl Failure {
    fn of(message: impl Into<String>) -> Failure {
        Failure { created: Vec::new(), updated: Vec::new(), other: Some(message.into()) }
    }
    /// AWS's sentence.
    fn sentence(&self) -> String {
        let mut parts = Vec::new();
        if let Some(other) = &self.other {
            parts.push(format!("{}.", other.trim_end_matches('.')));
        }
        for (verb, list) in [("create", &self.created), ("update", &self.updated)] {
            if !list.is_empty() {
                parts.push(format!("The following resource(s) failed to {verb}: [{}].", list.join(", ")));
            }
        }
        parts.join(" ")
    }
}

/// Runs the operation of a stack to its end.
pub(crate) async fn run(service: &CloudFormation, cx: &Context, task: TaskRow) -> Result<(), Fault> {
    let payload: Payload = task.payload()?;
    let Some(run) = Run::load(service, cx, &payload).await? else { return Ok(()) };
    // Each turn does one phase, which ends by writing the next one or none.
    while let Some(operation) = run.operation() {
        match operation.phase {
            Phase::Apply => apply(&run).await?,
            Phase::Cleanup => finish::cleanup(&run).await?,
            Phase::Rollback if operation.kind == OperationKind::Create => rollback::creation(&run).await?,
            Phase::Rollback => rollback::update(&run).await?,
            Phase::RollbackCleanup => rollback::cleanup(&run).await?,
            Phase::Delete => delete::stack(&run).await?,
        }
    }
    Ok(())
}

async fn apply(run: &Run<'_>) -> Result<(), Fault> {
    let outcome = match side(run) {
        Ok(side) => match run.actor_fault() {
            Some(fault) => Err(Failure::of(fault)),
            None => match apply::resources(run, &side).await? {
                Ok(()) => finish::outputs(run, &side).await?,
                Err(failure) => Err(failure),
            },
        },
        Err(message) => Err(Failure::of(message)),
    };
    match outcome {
        Ok(()) => finish::applied(run).await,
        Err(failure) => finish::failed(run, &failure).await,
    }
}

/// The side that the stack's definition describes.
fn side(run: &Run<'_>) -> Result<Side, String> {
    let stack = run.stack();
    let pseudo = Pseudo {
        account: run.scope.account.to_string(),
        region: run.scope.region.to_string(),
        stack_name: stack.name.clone(),
        stack_id: stack.arn(&run.scope),
    };
    let template = template::parse(&stack.definition.template).map_err(|p| p.sentence())?;
    Side::new(template, stack.definition.parameters.clone(), pseudo).map_err(|p| p.sentence())
}
