//! Amazon CloudWatch.

use super::{Handler, Job, Kind, Made, job::document};
use async_trait::async_trait;
use kit::Fault;
use serde_json::{Value as Json, json};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "AWS::CloudWatch::Alarm",
        made_by: Some(("cloudwatch", "PutMetricAlarm")),
        properties: &[
            "ActionsEnabled",
            "AlarmActions",
            "AlarmDescription",
            "AlarmName",
            "ComparisonOperator",
            "DatapointsToAlarm",
            "Dimensions",
            "EvaluateLowSampleCountPercentile",
            "EvaluationPeriods",
            "ExtendedStatistic",
            "InsufficientDataActions",
            "MetricName",
            "Metrics",
            "Namespace",
            "OKActions",
            "Period",
            "Statistic",
            "Tags",
            "Threshold",
            "TreatMissingData",
            "Unit",
        ],
        attributes: &["Arn"],
        handler: &Alarm { operation: "PutMetricAlarm", given: METRIC },
    },
    Kind {
        name: "AWS::CloudWatch::CompositeAlarm",
        made_by: Some(("cloudwatch", "PutCompositeAlarm")),
        properties: &[
            "ActionsEnabled",
            "AlarmActions",
            "AlarmDescription",
            "AlarmName",
            "AlarmRule",
            "InsufficientDataActions",
            "OKActions",
            "Tags",
        ],
        attributes: &["Arn"],
        handler: &Alarm { operation: "PutCompositeAlarm", given: COMPOSITE },
    },
    Kind {
        name: "AWS::CloudWatch::Dashboard",
        made_by: Some(("cloudwatch", "PutDashboard")),
        properties: &["DashboardBody", "DashboardName"],
        attributes: &[],
        handler: &Dashboard,
    },
];

const METRIC: &[&str] = &[
    "ActionsEnabled",
    "AlarmActions",
    "AlarmDescription",
    "ComparisonOperator",
    "DatapointsToAlarm",
    "Dimensions",
    "EvaluateLowSampleCountPercentile",
    "EvaluationPeriods",
    "ExtendedStatistic",
    "InsufficientDataActions",
    "MetricName",
    "Metrics",
    "Namespace",
    "OKActions",
    "Period",
    "Statistic",
    "Threshold",
    "TreatMissingData",
    "Unit",
];
const COMPOSITE: &[&str] = &["ActionsEnabled", "AlarmActions", "AlarmDescription", "AlarmRule", "InsufficientDataActions", "OKActions"];

/// Both kinds of alarms: they are put the same way, as they are and as they are to be.
struct Alarm {
    operation: &'static str,
    given: &'static [&'static str],
}

impl Alarm {
    async fn put(&self, job: &Job<'_>, name: &str) -> Result<Made, Fault> {
        let mut input = job.take(self.given);
        input.insert("AlarmName".into(), name.into());
        input.insert("Tags".into(), job.tag_list("Tags"));
        job.call("cloudwatch", self.operation, Json::Object(input)).await?;
        let arn = format!("arn:aws:cloudwatch:{}:{}:alarm:{name}", job.cx.region(), job.cx.account());
        Ok(Made::new(name).with("Arn", arn))
    }
}

#[async_trait]
impl Handler for Alarm {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        self.put(job, &job.name("AlarmName", 255)).await
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let made = self.put(job, job.physical()).await?;
        // Tags of an alarm that exists are not the put's business.
        let arn = &made.attributes["Arn"];
        let gone = job.tags_gone("Tags");
        if !gone.is_empty() {
            job.call("cloudwatch", "UntagResource", json!({ "ResourceARN": arn, "TagKeys": gone })).await?;
        }
        if job.retagged("Tags") && !job.tag_list("Tags").is_null() {
            job.call("cloudwatch", "TagResource", json!({ "ResourceARN": arn, "Tags": job.tag_list("Tags") })).await?;
        }
        Ok(made)
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone("cloudwatch", "DeleteAlarms", json!({ "AlarmNames": [job.physical()] })).await
    }
}

struct Dashboard;

impl Dashboard {
    async fn put(job: &Job<'_>, name: &str) -> Result<Made, Fault> {
        let body = document(job.get("DashboardBody"));
        job.call("cloudwatch", "PutDashboard", json!({ "DashboardName": name, "DashboardBody": body })).await?;
        Ok(Made::new(name))
    }
}

#[async_trait]
impl Handler for Dashboard {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        Self::put(job, &job.name("DashboardName", 255)).await
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        Self::put(job, job.physical()).await
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone("cloudwatch", "DeleteDashboards", json!({ "DashboardNames": [job.physical()] })).await
    }
}
