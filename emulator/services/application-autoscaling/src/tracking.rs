//! Target tracking: the two alarms that AWS makes of a target, and the capacity that brings a metric back to it.

use crate::{check, model::*, state::Policy};
use kit::{Context, Fault};
use serde_json::{Value, json};

/// Share of the target below which capacity is taken away.
const LOW: f64 = 0.9;

/// Refuses configurations that are wrong or not built.
pub(crate) fn check(put: &PutScalingPolicyInput) -> Result<(), Fault> {
    let Some(of) = &put.target_tracking_scaling_policy_configuration else {
        return Err(check::invalid("TargetTrackingScalingPolicyConfiguration must be given for a policy of type TargetTrackingScaling"));
    };
    if !(of.target_value.is_finite() && of.target_value > 0.0) {
        return Err(check::invalid("TargetValue must be greater than 0"));
    }
    if [of.scale_in_cooldown, of.scale_out_cooldown].iter().flatten().any(|secs| *secs < 0) {
        return Err(check::invalid("Cooldowns can't be negative"));
    }
    match (&of.predefined_metric_specification, &of.customized_metric_specification) {
        (Some(known), None) => match known.predefined_metric_type {
            Some(MetricType::LambdaProvisionedConcurrencyUtilization) => Ok(()),
            _ => Err(check::invalid("The predefined metric type is not supported for the scalable dimension")),
        },
        (None, Some(own)) if own.metrics.as_ref().is_some_and(|metrics| !metrics.is_empty()) => {
            Err(check::not_implemented("metric math in CustomizedMetricSpecification (Metrics)"))
        }
        (None, Some(own)) if own.metric_name.is_none() || own.namespace.is_none() || own.statistic.is_none() => {
            Err(check::invalid("MetricName, Namespace and Statistic must be given in CustomizedMetricSpecification"))
        }
        (None, Some(_)) => Ok(()),
        _ => Err(check::invalid("Exactly one of PredefinedMetricSpecification and CustomizedMetricSpecification must be given")),
    }
}

/// Inputs of PutMetricAlarm. Names stay the same while the policy lives.
pub(crate) fn alarms(cx: &Context, policy: &Policy) -> Vec<Value> {
    let Some(of) = &policy.put.target_tracking_scaling_policy_configuration else { return Vec::new() };
    let resource = &policy.put.resource_id;
    let mut base = metric(of, resource);
    base["ActionsEnabled"] = true.into();
    base["AlarmActions"] = json!([policy.arn(cx.scope())]);
    base["AlarmDescription"] = format!("DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {}.", policy.arn(cx.scope())).into();
    base["Period"] = 60.into();
    let with = |side: &str, operator: &str, periods: i32, threshold: f64| {
        let mut alarm = base.clone();
        alarm["AlarmName"] = format!("TargetTracking-{resource}-Alarm{side}-{}", policy.id).into();
        alarm["ComparisonOperator"] = operator.into();
        alarm["EvaluationPeriods"] = periods.into();
        alarm["Threshold"] = threshold.into();
        alarm
    };
    let mut all = vec![with("High", "GreaterThanThreshold", 3, of.target_value)];
    if of.disable_scale_in != Some(true) {
        all.push(with("Low", "LessThanThreshold", 15, of.target_value * LOW));
    }
    all
}

fn metric(of: &TargetTrackingScalingPolicyConfiguration, resource: &str) -> Value {
    if let Some(own) = &of.customized_metric_specification {
        let pair = |d: &MetricDimension| json!({ "Name": d.name, "Value": d.value });
        let mut metric = json!({
            "MetricName": own.metric_name, "Namespace": own.namespace, "Statistic": own.statistic.map(MetricStatistic::as_str),
            "Dimensions": own.dimensions.iter().flatten().map(pair).collect::<Vec<_>>(),
        });
        if let Some(unit) = &own.unit {
            metric["Unit"] = unit.clone().into();
        }
        return metric;
    }
    let qualified = resource.strip_prefix("function:").unwrap_or(resource);
    let name = qualified.split(':').next().unwrap_or(qualified);
    json!({
        "MetricName": "ProvisionedConcurrencyUtilization", "Namespace": "AWS/Lambda", "Statistic": "Average",
        "Dimensions": [{ "Name": "FunctionName", "Value": name }, { "Name": "Resource", "Value": qualified }],
    })
}

/// The capacity at which the metric would be at its target.
pub(crate) fn wanted(capacity: u32, value: f64, target: f64) -> u32 {
    // What is whole but for the noise of division is whole.
    (f64::from(capacity) * value / target - 1e-9).ceil().clamp(0.0, f64::from(u32::MAX / 2)) as u32
}

#[cfg(test)]
mod tests {
    use super::wanted;

    #[test]
    fn capacity_is_in_proportion() {
        assert_eq!((wanted(10, 1.0, 0.7), wanted(10, 2.1, 0.7)), (15, 30));
        assert_eq!(wanted(10, 0.35, 0.7), 5);
        assert_eq!(wanted(1, 0.0, 0.7), 0);
    }
}
