//! Step scaling: how far a metric is beyond an alarm's threshold decides by how much capacity changes.

use crate::{check, model::*};
use kit::Fault;

const MOST_STEPS: usize = 20;

/// Refuses configurations that are wrong.
pub(crate) fn check(put: &PutScalingPolicyInput) -> Result<(), Fault> {
    let Some(of) = &put.step_scaling_policy_configuration else {
        return Err(check::invalid("StepScalingPolicyConfiguration must be given for a policy of type StepScaling"));
    };
    let steps = of.step_adjustments.as_deref().unwrap_or_default();
    if steps.is_empty() || steps.len() > MOST_STEPS {
        return Err(check::invalid(format!("Between 1 and {MOST_STEPS} step adjustments must be given")));
    }
    if of.adjustment_type.is_none() {
        return Err(check::invalid("AdjustmentType must be given"));
    }
    if of.cooldown.is_some_and(|secs| secs < 0) {
        return Err(check::invalid("Cooldown can't be negative"));
    }
    let upside_down = |step: &StepAdjustment| {
        step.metric_interval_lower_bound.zip(step.metric_interval_upper_bound).is_some_and(|(lower, upper)| lower >= upper)
    };
    match steps.iter().any(upside_down) {
        true => Err(check::invalid("The upper bound of a step adjustment must be above its lower bound")),
        false => Ok(()),
    }
}

/// The capacity that a step asks for; `None` where no step covers the distance from the threshold.
pub(crate) fn wanted(of: &StepScalingPolicyConfiguration, capacity: u32, distance: f64) -> Option<u32> {
    let covers = |step: &&StepAdjustment| {
        let (lower, upper) = (step.metric_interval_lower_bound, step.metric_interval_upper_bound);
        // Above the threshold the lower bound belongs to a step, below it the upper one.
        match distance >= 0.0 {
            true => lower.is_none_or(|lower| distance >= lower) && upper.is_none_or(|upper| distance < upper),
            false => lower.is_none_or(|lower| distance > lower) && upper.is_none_or(|upper| distance <= upper),
        }
    };
    let step = of.step_adjustments.as_deref().unwrap_or_default().iter().find(covers)?;
    let capacity = i64::from(capacity);
    let by = i64::from(step.scaling_adjustment);
    let wanted = match of.adjustment_type? {
        AdjustmentType::ExactCapacity => by,
        AdjustmentType::ChangeInCapacity => capacity + by,
        AdjustmentType::PercentChangeInCapacity => {
            let exact = capacity as f64 * by as f64 / 100.0;
            // Fractions above one are cut, those below one are one.
            let whole = if exact.abs() < 1.0 && exact != 0.0 { exact.signum() } else { exact.trunc() };
            let least = f64::from(of.min_adjustment_magnitude.unwrap_or(0));
            let change = if whole != 0.0 && whole.abs() < least { least * whole.signum() } else { whole };
            capacity + change as i64
        }
    };
    u32::try_from(wanted.max(0)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(kind: AdjustmentType, steps: &[(Option<f64>, Option<f64>, i32)]) -> StepScalingPolicyConfiguration {
        let step = |(lower, upper, by): &(Option<f64>, Option<f64>, i32)| StepAdjustment {
            metric_interval_lower_bound: *lower,
            metric_interval_upper_bound: *upper,
            scaling_adjustment: *by,
        };
        StepScalingPolicyConfiguration {
            adjustment_type: Some(kind),
            step_adjustments: Some(steps.iter().map(step).collect()),
            ..StepScalingPolicyConfiguration::default()
        }
    }

    #[test]
    fn the_step_that_covers_the_distance() {
        let out = policy(AdjustmentType::ChangeInCapacity, &[(Some(0.0), Some(0.2), 1), (Some(0.2), None, 5)]);
        assert_eq!((wanted(&out, 10, 0.1), wanted(&out, 10, 0.2), wanted(&out, 10, -0.1)), (Some(11), Some(15), None));
        let percent = policy(AdjustmentType::PercentChangeInCapacity, &[(None, Some(0.0), -10)]);
        assert_eq!((wanted(&percent, 25, -1.0), wanted(&percent, 3, -1.0)), (Some(23), Some(2)));
        assert_eq!(wanted(&policy(AdjustmentType::ExactCapacity, &[(None, None, 7)]), 1, 0.0), Some(7));
    }
}
