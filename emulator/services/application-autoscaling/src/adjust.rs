//! Capacity: read and set through the port of functions, as the service-linked role of Lambda's provisioned concurrency, which AWS makes for
//! this and which may do nothing else.

use crate::{activities, state::*};
use kit::ports::ProvisionedCapacity;
use kit::store::{NewTask, TaskRow};
use kit::{Context, Fault, Need, Principal, Read, Scope, Tx};
use serde::{Deserialize, Serialize};

/// The task that brings a target into its bounds.
pub(crate) const KIND: &str = "adjust";

#[derive(Serialize, Deserialize)]
struct Adjust {
    resource: String,
}

/// Plans a look at a target whose bounds changed.
pub(crate) fn plan(tx: &mut Tx<'_>, scope: &Scope, resource: &str) {
    let adjust = Adjust { resource: resource.to_owned() };
    tx.task(NewTask::new(scope, "application-autoscaling", KIND, &adjust).key(resource));
}

/// The context of the service-linked role.
fn linked(cx: &Context) -> Context {
    cx.with_principal(Principal::Root { account: cx.account().into() })
}

/// What a resource has now; nothing counts as 0.
pub(crate) async fn current(cx: &Context, resource: &str) -> Result<ProvisionedCapacity, Fault> {
    let (cx, arn) = (linked(cx), function_arn(cx.scope(), resource));
    let grant = cx.grant(&Need::on("lambda:GetProvisionedConcurrencyConfig", &arn))?;
    Ok(cx.cloud().ports().scaled()?.provisioned(&cx, grant, &arn).await?.unwrap_or_default())
}

/// Asks for a capacity and writes the activity down, whether it came to it or not.
pub(crate) async fn set(cx: &Context, resource: &str, wanted: u32, cause: String) -> Result<(), Fault> {
    let (linked, arn) = (linked(cx), function_arn(cx.scope(), resource));
    let result = async {
        let grant = linked.grant(&Need::on("lambda:PutProvisionedConcurrencyConfig", &arn))?;
        linked.cloud().ports().scaled()?.provision(&linked, grant, &arn, wanted).await
    }
    .await;
    let problem = result.err().map(|fault| format!("{}: {}", fault.code, fault.message));
    cx.store().write(|tx| activities::put(tx, cx, resource, wanted, cause, problem.as_deref())).await
}

/// Brings a target's capacity into its bounds.
pub(crate) async fn into_range(cx: &Context, task: &TaskRow) -> Result<(), Fault> {
    let adjust: Adjust = task.payload()?;
    let Some(target) = cx.store().read(|s| s.get(&TARGETS, cx.scope(), &adjust.resource))? else { return Ok(()) };
    let now = current(cx, &target.resource).await?.requested;
    let (min, max) = (target.min.max(0) as u32, target.max.max(0) as u32);
    if now < min {
        return set(cx, &target.resource, min, format!("minimum capacity was set to {min}")).await;
    }
    if now > max {
        return set(cx, &target.resource, max, format!("maximum capacity was set to {max}")).await;
    }
    Ok(())
}
