//! What Scheduler tells CloudWatch of its invocations: `AWS/Scheduler`, by group and in all.

use kit::Context;
use kit::ports::Measured;

/// Counts something of a schedule of a group.
pub(crate) fn count(cx: &Context, group: &str, metrics: &[&str]) {
    let values: Vec<(&str, &str, f64)> = metrics.iter().map(|name| (*name, "Count", 1.0)).collect();
    cx.measure(&Measured { namespace: "AWS/Scheduler", under: &[&[], &[("ScheduleGroup", group)]], values: &values });
}
