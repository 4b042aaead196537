//! Scaling policies: target tracking, which makes its own alarms, and steps, which an alarm of the customer's names.

use crate::{ApplicationAutoScaling, check, model::*, state::*, steps, targets, tracking};
use kit::{Context, Fault, Read};
use serde_json::json;

impl ApplicationAutoScaling {
    /// Makes or changes a policy. Alarms are made and removed on the caller's own permissions, as AWS does.
    pub async fn put_scaling_policy(&self, cx: &Context, mut input: PutScalingPolicyInput) -> Result<PutScalingPolicyOutput, Fault> {
        check::resource(input.service_namespace, Some(input.scalable_dimension), &input.resource_id)?;
        let (scope, key) = (cx.scope(), (input.resource_id.clone(), input.policy_name.clone()));
        let (_, old) = cx.store().read(|s| Ok::<_, Fault>((target(s, scope, &key.0)?, s.get(&POLICIES, scope, &key)?)))?;
        let kind = input.policy_type.or(old.as_ref().and_then(|old| old.put.policy_type)).unwrap_or(PolicyType::StepScaling);
        if old.as_ref().is_some_and(|old| old.put.policy_type != Some(kind)) {
            return Err(check::invalid("The type of a scaling policy can't be changed"));
        }
        input.policy_type = Some(kind);
        match kind {
            PolicyType::StepScaling => steps::check(&input)?,
            PolicyType::TargetTrackingScaling => tracking::check(&input)?,
            PolicyType::PredictiveScaling => return Err(check::not_implemented("predictive scaling")),
        }
        let mut policy = old.clone().unwrap_or_else(|| Policy { id: cx.ids().uuid(), created: cx.now(), ..Policy::default() });
        policy.put = input;
        let alarms = match kind {
            PolicyType::TargetTrackingScaling => tracking::alarms(cx, &policy),
            _ => Vec::new(),
        };
        let cloudwatch = cx.via("application-autoscaling.amazonaws.com");
        for alarm in &alarms {
            cx.cloud().call_json(&cloudwatch, "cloudwatch", "PutMetricAlarm", alarm).await?;
        }
        policy.alarms = alarms.iter().filter_map(|alarm| alarm["AlarmName"].as_str().map(str::to_owned)).collect();
        if let Some(mut old) = old {
            old.alarms.retain(|name| !policy.alarms.contains(name));
            remove_alarms(cx, &old).await?;
        }
        cx.store().write(|tx| tx.put(&POLICIES, scope, &key, &policy)).await?;
        Ok(PutScalingPolicyOutput { policy_arn: policy.arn(scope), alarms: Some(shown_alarms(cx, &policy)) })
    }

    /// Deletes a policy and the alarms that it made.
    pub async fn delete_scaling_policy(&self, cx: &Context, input: DeleteScalingPolicyInput) -> Result<DeleteScalingPolicyOutput, Fault> {
        check::resource(input.service_namespace, Some(input.scalable_dimension), &input.resource_id)?;
        let key = (input.resource_id, input.policy_name);
        let Some(policy) = cx.store().read(|s| s.get(&POLICIES, cx.scope(), &key))? else {
            return Err(Error::ObjectNotFound.says(format!(
                "No scaling policy found for service namespace: lambda, resource ID: {}, scalable dimension: \
                 lambda:function:ProvisionedConcurrency, policy name: {}",
                key.0, key.1
            )));
        };
        remove_alarms(cx, &policy).await?;
        cx.store().write(|tx| tx.delete(&POLICIES, cx.scope(), &key).map(drop)).await?;
        Ok(DeleteScalingPolicyOutput {})
    }

    /// Policies by resource and name.
    pub async fn describe_scaling_policies(
        &self,
        cx: &Context,
        input: DescribeScalingPoliciesInput,
    ) -> Result<DescribeScalingPoliciesOutput, Fault> {
        check::namespace(input.service_namespace)?;
        let names = input.policy_names.unwrap_or_default();
        let rows = cx.store().read(|s| s.scan(&POLICIES, cx.scope()).collect::<Result<Vec<_>, Fault>>())?;
        let fits = |policy: &Policy| {
            input.resource_id.as_ref().is_none_or(|wanted| policy.put.resource_id == *wanted)
                && (names.is_empty() || names.contains(&policy.put.policy_name) || names.contains(&policy.arn(cx.scope())))
        };
        let found = rows.into_iter().map(|(_, policy)| policy).filter(fits);
        let key = |policy: &Policy| format!("{}\0{}", policy.put.resource_id, policy.put.policy_name);
        let page = kit::pages::page(found, key, input.next_token.as_deref(), check::limit(input.max_results), check::bad_token)?;
        let show = |policy: Policy| ScalingPolicy {
            policy_arn: policy.arn(cx.scope()),
            alarms: Some(shown_alarms(cx, &policy)),
            service_namespace: Some(ServiceNamespace::Lambda),
            scalable_dimension: targets::dimension(),
            policy_type: policy.put.policy_type,
            creation_time: Some(policy.created),
            step_scaling_policy_configuration: policy.put.step_scaling_policy_configuration,
            target_tracking_scaling_policy_configuration: policy.put.target_tracking_scaling_policy_configuration,
            policy_name: policy.put.policy_name,
            resource_id: policy.put.resource_id,
            ..ScalingPolicy::default()
        };
        Ok(DescribeScalingPoliciesOutput { scaling_policies: Some(page.items.into_iter().map(show).collect()), next_token: page.next })
    }
}

fn shown_alarms(cx: &Context, policy: &Policy) -> Vec<Alarm> {
    let arn = |name: &str| format!("arn:aws:cloudwatch:{}:{}:alarm:{name}", cx.region(), cx.account());
    policy.alarms.iter().map(|name| Alarm { alarm_arn: arn(name), alarm_name: name.clone() }).collect()
}

/// Removes the alarms that a policy made.
pub(crate) async fn remove_alarms(cx: &Context, policy: &Policy) -> Result<(), Fault> {
    if policy.alarms.is_empty() {
        return Ok(());
    }
    let cloudwatch = cx.via("application-autoscaling.amazonaws.com");
    cx.cloud().call_json(&cloudwatch, "cloudwatch", "DeleteAlarms", &json!({ "AlarmNames": policy.alarms })).await.map(drop)
}
