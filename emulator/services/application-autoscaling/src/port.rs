//! What becomes of an alarm's news: the capacity that the policy wants, unless a cooldown or a suspension stands against it.

use crate::{ApplicationAutoScaling, adjust, model::*, state::*, steps, tracking};
use kit::ports::{AlarmNews, ProvisionedCapacity, ScalingPolicies};
use kit::{Arn, BoxFuture, Context, Fault, Read, Timestamp};

impl ScalingPolicies for ApplicationAutoScaling {
    fn alarmed<'a>(&'a self, cx: &'a Context, policy_arn: &'a str, alarm: AlarmNews) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(scale(cx, policy_arn, alarm))
    }
}

async fn scale(cx: &Context, policy_arn: &str, alarm: AlarmNews) -> Result<(), Fault> {
    let found = cx.store().read(|s| find(s, cx, policy_arn))?;
    let Some((policy, target)) = found else {
        return Err(Error::ObjectNotFound.says(format!("there is no scaling policy {policy_arn}")));
    };
    // Data that are missing are no reason to scale.
    let (Some(value), Some(threshold)) = (alarm.value, alarm.threshold) else { return Ok(()) };
    let there = adjust::current(cx, &target.resource).await?;
    let capacity = there.requested;
    let now = cx.now();
    let bounds = (target.min.max(0) as u32, target.max.max(0) as u32);
    let wanted = match (&policy.put.target_tracking_scaling_policy_configuration, &policy.put.step_scaling_policy_configuration) {
        (Some(of), _) => tracked(&policy, of, &alarm, value, there, now),
        (_, Some(of)) if cooling(policy.out.map(|(at, _)| at).max(policy.inward), of.cooldown, now) => None,
        (_, Some(of)) => steps::wanted(of, capacity, value - threshold),
        _ => None,
    };
    let Some(wanted) = wanted.map(|wanted| wanted.clamp(bounds.0, bounds.1)) else { return Ok(()) };
    let suspended = if wanted > capacity { target.suspended.1 } else { target.suspended.0 };
    if wanted == capacity || suspended {
        return Ok(());
    }
    let mut policy = policy;
    match wanted > capacity {
        true => policy.out = Some((now, capacity)),
        false => policy.inward = Some(now),
    }
    cx.store().write(|tx| tx.put(&POLICIES, cx.scope(), &policy.key(), &policy)).await?;
    let cause = format!("monitor alarm {} in state {} triggered policy {}", alarm.name, alarm.state, policy.put.policy_name);
    adjust::set(cx, &target.resource, wanted, cause).await
}

fn find(read: &impl Read, cx: &Context, policy_arn: &str) -> Result<Option<(Policy, Target)>, Fault> {
    // `scalingPolicy:ID:resource/lambda/RESOURCE:policyName/NAME`
    let names = Arn::parse(policy_arn).and_then(|arn| arn.resource.split_once(":resource/lambda/")?.1.split_once(":policyName/"));
    let Some((resource, name)) = names else { return Ok(None) };
    let policy = read.get(&POLICIES, cx.scope(), &(resource.to_owned(), name.to_owned()))?;
    let target = read.get(&TARGETS, cx.scope(), &resource.to_owned())?;
    Ok(policy.filter(|policy| policy.arn(cx.scope()) == policy_arn).zip(target))
}

/// Lambda's cooldowns are 0 unless they are given.
fn cooling(since: Option<Timestamp>, secs: Option<i32>, now: Timestamp) -> bool {
    since.is_some_and(|since| now < since.plus_ns(i128::from(secs.unwrap_or(0)) * 1_000_000_000))
}

fn tracked(
    policy: &Policy,
    of: &TargetTrackingScalingPolicyConfiguration,
    alarm: &AlarmNews,
    value: f64,
    there: ProvisionedCapacity,
    now: Timestamp,
) -> Option<u32> {
    if alarm.state != "ALARM" {
        return None;
    }
    // A metric is held against the capacity that it was measured on: not what is still being made, and, while a scale-out cools down, not
    // what that has added.
    let capacity = there.requested;
    let under_way = there.allocated < capacity;
    if value > of.target_value {
        let cools = policy.out.filter(|(at, _)| cooling(Some(*at), of.scale_out_cooldown, now));
        let base = cools.map_or(there.allocated.min(capacity), |(_, before)| before);
        let wanted = tracking::wanted(base, value, of.target_value);
        let wanted = if base == capacity { wanted.max(capacity + 1) } else { wanted };
        return (wanted > capacity).then_some(wanted);
    }
    if under_way {
        return None;
    }
    let scaled_out = policy.out.map(|(at, _)| at);
    if of.disable_scale_in == Some(true) || cooling(policy.inward.max(scaled_out), of.scale_in_cooldown, now) {
        return None;
    }
    let wanted = tracking::wanted(capacity, value, of.target_value);
    (wanted < capacity).then_some(wanted)
}
