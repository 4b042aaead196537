//! Application Auto Scaling.

use super::{Handler, Job, Kind, Made};
use async_trait::async_trait;
use kit::Fault;
use serde_json::{Value as Json, json};

const SERVICE: &str = "application-autoscaling";

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "AWS::ApplicationAutoScaling::ScalableTarget",
        made_by: Some((SERVICE, "RegisterScalableTarget")),
        properties: &[
            "MaxCapacity",
            "MinCapacity",
            "ResourceId",
            "RoleARN",
            "ScalableDimension",
            "ScheduledActions",
            "ServiceNamespace",
            "SuspendedState",
        ],
        attributes: &["Id"],
        handler: &Target,
    },
    Kind {
        name: "AWS::ApplicationAutoScaling::ScalingPolicy",
        made_by: Some((SERVICE, "PutScalingPolicy")),
        properties: &[
            "PolicyName",
            "PolicyType",
            "ResourceId",
            "ScalableDimension",
            "ScalingTargetId",
            "ServiceNamespace",
            "StepScalingPolicyConfiguration",
            "TargetTrackingScalingPolicyConfiguration",
        ],
        attributes: &["Arn"],
        handler: &Policy,
    },
];

/// `resource|dimension|namespace`: what Ref of a target gives, and what a policy's ScalingTargetId takes.
fn parts(id: &str) -> (Json, Json, Json) {
    let mut parts = id.split('|').map(Json::from);
    let mut next = || parts.next().unwrap_or(Json::Null);
    (next(), next(), next())
}

struct Target;

impl Target {
    async fn put(job: &Job<'_>) -> Result<Made, Fault> {
        const GIVEN: &[&str] =
            &["MaxCapacity", "MinCapacity", "ResourceId", "RoleARN", "ScalableDimension", "ServiceNamespace", "SuspendedState"];
        job.call(SERVICE, "RegisterScalableTarget", Json::Object(job.take(GIVEN))).await?;
        let base = job.take(&["ResourceId", "ScalableDimension", "ServiceNamespace"]);
        let names =
            |actions: &Json| -> Vec<Json> { actions.as_array().into_iter().flatten().map(|a| a["ScheduledActionName"].clone()).collect() };
        let wanted = names(job.get("ScheduledActions"));
        for gone in names(job.was("ScheduledActions")).into_iter().filter(|name| !wanted.contains(name)) {
            let mut input = base.clone();
            input.insert("ScheduledActionName".into(), gone);
            job.call_gone(SERVICE, "DeleteScheduledAction", Json::Object(input)).await?;
        }
        for action in job.get("ScheduledActions").as_array().into_iter().flatten() {
            let mut input = base.clone();
            input.extend(action.as_object().cloned().unwrap_or_default());
            job.call(SERVICE, "PutScheduledAction", Json::Object(input)).await?;
        }
        let id = format!("{}|{}|{}", job.text("ResourceId"), job.text("ScalableDimension"), job.text("ServiceNamespace"));
        Ok(Made::new(&id).with("Id", id.clone()))
    }
}

#[async_trait]
impl Handler for Target {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        Self::put(job).await
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        Self::put(job).await
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        let (resource, dimension, namespace) = parts(job.physical());
        let input = json!({ "ResourceId": resource, "ScalableDimension": dimension, "ServiceNamespace": namespace });
        job.call_gone(SERVICE, "DeregisterScalableTarget", input).await
    }
}

struct Policy;

impl Policy {
    /// Resource, dimension and namespace: named, or those of the target.
    fn of(job: &Job<'_>, properties: &Json) -> Json {
        let (resource, dimension, namespace) = parts(properties["ScalingTargetId"].as_str().unwrap_or_default());
        let or = |name: &str, other: Json| properties.get(name).filter(|v| !v.is_null()).cloned().unwrap_or(other);
        json!({
            "PolicyName": job.text("PolicyName"),
            "ResourceId": or("ResourceId", resource),
            "ScalableDimension": or("ScalableDimension", dimension),
            "ServiceNamespace": or("ServiceNamespace", namespace),
        })
    }
    async fn put(job: &Job<'_>) -> Result<Made, Fault> {
        const GIVEN: &[&str] = &["PolicyType", "StepScalingPolicyConfiguration", "TargetTrackingScalingPolicyConfiguration"];
        let mut input = Self::of(job, job.after);
        job.take(GIVEN).into_iter().for_each(|(name, value)| input[name] = value);
        let answer = job.call(SERVICE, "PutScalingPolicy", input).await?;
        let arn = answer["PolicyARN"].as_str().unwrap_or_default();
        Ok(Made::new(arn).with("Arn", arn))
    }
}

#[async_trait]
impl Handler for Policy {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        Self::put(job).await
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        Self::put(job).await
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone(SERVICE, "DeleteScalingPolicy", Self::of(job, job.before)).await
    }
}
