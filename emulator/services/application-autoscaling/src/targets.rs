//! Scalable targets: what may be scaled, and between which bounds.

use crate::{ApplicationAutoScaling, adjust, check, model::*, policies, scheduled, state::*, tags};
use kit::{Context, Fault, Read};

impl ApplicationAutoScaling {
    /// Makes a target or changes the bounds that are named. Capacity outside the bounds is brought into them.
    pub async fn register_scalable_target(
        &self,
        cx: &Context,
        input: RegisterScalableTargetInput,
    ) -> Result<RegisterScalableTargetOutput, Fault> {
        check::resource(input.service_namespace, Some(input.scalable_dimension), &input.resource_id)?;
        // What isn't there can't be scaled.
        adjust::current(cx, &input.resource_id).await.map_err(|fault| match fault.status {
            status if status >= 500 => fault,
            _ => check::invalid(fault.message),
        })?;
        let arn = cx
            .store()
            .write(|tx| {
                let old = tx.get(&TARGETS, cx.scope(), &input.resource_id)?;
                let is_new = old.is_none();
                let fresh =
                    || Target { resource: input.resource_id.clone(), id: cx.ids().lower(36), created: cx.now(), ..Target::default() };
                let mut target = old.unwrap_or_else(fresh);
                if is_new && (input.min_capacity.is_none() || input.max_capacity.is_none()) {
                    return Err(check::invalid("Both minimum and maximum capacity must be given for a new scalable target"));
                }
                target.min = input.min_capacity.unwrap_or(target.min);
                target.max = input.max_capacity.unwrap_or(target.max);
                if target.min < 0 || target.min > target.max {
                    return Err(check::invalid("Maximum capacity cannot be less than minimum capacity"));
                }
                target.role = input.role_arn.clone().or(target.role);
                if let Some(suspended) = &input.suspended_state {
                    let of = |new: Option<bool>, old: bool| new.unwrap_or(old);
                    target.suspended = (
                        of(suspended.dynamic_scaling_in_suspended, target.suspended.0),
                        of(suspended.dynamic_scaling_out_suspended, target.suspended.1),
                        of(suspended.scheduled_scaling_suspended, target.suspended.2),
                    );
                }
                tx.put(&TARGETS, cx.scope(), &target.resource, &target)?;
                if is_new {
                    tags::put(tx, cx.scope(), &target.arn(cx.scope()), input.tags.unwrap_or_default())?;
                }
                adjust::plan(tx, cx.scope(), &target.resource);
                Ok(target.arn(cx.scope()))
            })
            .await?;
        Ok(RegisterScalableTargetOutput { scalable_target_arn: Some(arn) })
    }

    /// Forgets a target with its policies, their alarms and scheduled actions. Capacity stays as it is.
    pub async fn deregister_scalable_target(
        &self,
        cx: &Context,
        input: DeregisterScalableTargetInput,
    ) -> Result<DeregisterScalableTargetOutput, Fault> {
        check::resource(input.service_namespace, Some(input.scalable_dimension), &input.resource_id)?;
        let (scope, resource) = (cx.scope(), &input.resource_id);
        let (target, gone) = cx.store().read(|s| Ok::<_, Fault>((target(s, scope, resource)?, state_policies(s, scope, resource)?)))?;
        for policy in &gone {
            policies::remove_alarms(cx, policy).await?;
        }
        cx.store()
            .write(|tx| {
                for policy in &gone {
                    tx.delete(&POLICIES, scope, &policy.key())?;
                }
                scheduled::forget(tx, scope, resource)?;
                tags::forget(tx, scope, &target.arn(scope))?;
                tx.delete(&TARGETS, scope, resource).map(drop)
            })
            .await?;
        Ok(DeregisterScalableTargetOutput {})
    }

    /// Targets by resource.
    pub async fn describe_scalable_targets(
        &self,
        cx: &Context,
        input: DescribeScalableTargetsInput,
    ) -> Result<DescribeScalableTargetsOutput, Fault> {
        check::namespace(input.service_namespace)?;
        let wanted = input.resource_ids.unwrap_or_default();
        let rows = cx.store().read(|s| s.scan(&TARGETS, cx.scope()).collect::<Result<Vec<_>, Fault>>())?;
        let found = rows.into_iter().map(|(_, target)| target).filter(|target| wanted.is_empty() || wanted.contains(&target.resource));
        let key = |target: &Target| target.resource.clone();
        let page = kit::pages::page(found, key, input.next_token.as_deref(), check::limit(input.max_results), check::bad_token)?;
        let show = |target: Target| ScalableTarget {
            service_namespace: Some(ServiceNamespace::Lambda),
            scalable_dimension: dimension(),
            min_capacity: target.min,
            max_capacity: target.max,
            role_arn: target.role.clone().unwrap_or_else(|| service_linked_role(cx.account())),
            creation_time: Some(target.created),
            suspended_state: Some(SuspendedState {
                dynamic_scaling_in_suspended: Some(target.suspended.0),
                dynamic_scaling_out_suspended: Some(target.suspended.1),
                scheduled_scaling_suspended: Some(target.suspended.2),
            }),
            scalable_target_arn: Some(target.arn(cx.scope())),
            resource_id: target.resource,
            ..ScalableTarget::default()
        };
        Ok(DescribeScalableTargetsOutput { scalable_targets: Some(page.items.into_iter().map(show).collect()), next_token: page.next })
    }
}

use crate::state::policies as state_policies;

pub(crate) fn dimension() -> Option<ScalableDimension> {
    ScalableDimension::parse("lambda:function:ProvisionedConcurrency")
}

fn service_linked_role(account: &str) -> String {
    format!(
        "arn:aws:iam::{account}:role/aws-service-role/lambda.application-autoscaling.amazonaws.com/\
         AWSServiceRoleForApplicationAutoScaling_LambdaConcurrency"
    )
}
