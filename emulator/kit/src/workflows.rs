//! How events start workflows (AWS Glue): EventBridge hands each event to the workflow that a rule names as its target. Nothing here knows
//! triggers or batches; the service that keeps workflows does.

use crate::{Context, Fault, Grant};
use futures_util::future::BoxFuture;

/// Tells workflows of events (Glue). Grant: `glue:notifyEvent` on the workflow's ARN.
pub trait Workflows: Send + Sync {
    /// Hands an event, by its id, to the workflow's starting trigger, which waits for events; kept when this answers. An unknown workflow
    /// is Glue's own fault.
    fn notify<'a>(&'a self, cx: &'a Context, grant: Grant, workflow_arn: &'a str, event_id: String) -> BoxFuture<'a, Result<(), Fault>>;
}
