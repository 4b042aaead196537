//! Amazon CloudWatch: metrics with statistics and periods, metric math, alarms on the clock with actions, dashboards.
//!
//! What customers put is written before it is acknowledged; what services tell of themselves is folded in memory (`emission.rs`) and written
//! once a minute, and before anything is read. Alarms are task rows that sleep while there is nothing to judge. Actions go through ports.
//! Anomaly detectors, insight rules, metric streams, mute rules and OTel enrichment are refused by name. This room knows no service's inside.

mod access;
mod alarms;
mod check;
mod dashboards;
mod emission;
mod evaluation;
mod judge;
mod list_metrics;
mod math;
#[allow(missing_docs)]
mod model;
mod points;
mod put_metric_data;
mod query;
mod retention;
mod statistics;
mod stats;
mod tags;

pub use alarms::describe_rule;
pub use math::describe_expression;
pub use model::*;

use kit::{BoxFuture, Context, Fault, Ports, store::TaskRow};
use std::sync::Arc;

/// The service. State is in the store; `emission` holds what services told of themselves since the last write.
#[derive(Default)]
pub struct CloudWatch {
    emission: Arc<emission::Emission>,
}

impl CloudWatch {
    /// The service, ready to be given to a cloud.
    pub fn new() -> CloudWatch {
        CloudWatch::default()
    }
}

kit::service! {
    /// Amazon CloudWatch.
    CloudWatch, model = "cloudwatch", invalid_input = "ValidationException";
    // put_metric_data.rs
    PutMetricData => put_metric_data,
    // list_metrics.rs
    ListMetrics => list_metrics,
    // statistics.rs
    GetMetricStatistics => get_metric_statistics,
    // query/
    GetMetricData => get_metric_data,
    // alarms/
    PutMetricAlarm => put_metric_alarm,
    PutCompositeAlarm => put_composite_alarm,
    DescribeAlarms => describe_alarms,
    DescribeAlarmsForMetric => describe_alarms_for_metric,
    DescribeAlarmHistory => describe_alarm_history,
    EnableAlarmActions => enable_alarm_actions,
    DisableAlarmActions => disable_alarm_actions,
    SetAlarmState => set_alarm_state,
    DeleteAlarms => delete_alarms,
    // dashboards.rs
    kept PutDashboard => put_dashboard,
    GetDashboard => get_dashboard,
    ListDashboards => list_dashboards,
    DeleteDashboards => delete_dashboards,
    // tags.rs
    TagResource => tag_resource,
    UntagResource => untag_resource,
    ListTagsForResource => list_tags_for_resource,
}

impl kit::Service for CloudWatch {
    fn offer(self: Arc<Self>, ports: &Ports) {
        ports.offer_metrics(self.emission.clone());
    }
    fn start<'a>(&'a self, cx: &'a Context) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            self.emission.start(cx);
            Ok(())
        })
    }
    fn stop(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.emission.stop())
    }
    /// AWS's code in the query protocol is another one.
    fn invalid(&self, message: String) -> Fault {
        check::validation(message)
    }
    fn task<'a>(&'a self, cx: &'a Context, task: TaskRow) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            match task.kind.as_str() {
                evaluation::KIND => self.evaluate(cx, &task).await,
                alarms::COMPOSITE => alarms::evaluate_composite(cx, &task).await,
                alarms::ACT => alarms::act(cx, &task).await,
                emission::KIND => self.emission.write_due(cx).await,
                retention::KIND => retention::sweep(cx, &task).await,
                other => Err(Fault::internal(format!("cloudwatch has no task {other}"))),
            }
        })
    }
}
