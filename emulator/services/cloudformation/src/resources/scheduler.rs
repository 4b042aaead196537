//! Amazon EventBridge Scheduler.

use super::{Handler, Job, Kind, Made};
use async_trait::async_trait;
use kit::Fault;
use serde_json::{Value as Json, json};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "AWS::Scheduler::Schedule",
        made_by: Some(("scheduler", "CreateSchedule")),
        properties: &[
            "Name",
            "Description",
            "EndDate",
            "FlexibleTimeWindow",
            "GroupName",
            "ScheduleExpression",
            "ScheduleExpressionTimezone",
            "StartDate",
            "State",
            "Target.Arn",
            "Target.RoleArn",
            "Target.Input",
            "Target.DeadLetterConfig",
            "Target.EventBridgeParameters",
            "Target.RetryPolicy",
            "Target.SqsParameters",
        ],
        attributes: &["Arn"],
        handler: &Schedule,
    },
    Kind {
        name: "AWS::Scheduler::ScheduleGroup",
        made_by: Some(("scheduler", "CreateScheduleGroup")),
        properties: &["Name", "Tags"],
        attributes: &["Arn"],
        handler: &ScheduleGroup,
    },
];

struct Schedule;

impl Schedule {
    fn input(job: &Job<'_>, name: &str) -> Json {
        const GIVEN: &[&str] = &[
            "Description",
            "EndDate",
            "FlexibleTimeWindow",
            "GroupName",
            "ScheduleExpression",
            "ScheduleExpressionTimezone",
            "StartDate",
            "State",
            "Target",
        ];
        let mut input = job.take(GIVEN);
        input.insert("Name".into(), name.into());
        Json::Object(input)
    }
    fn made(name: &str, answer: &Json) -> Made {
        Made::new(name).with("Arn", answer["ScheduleArn"].clone())
    }
}

#[async_trait]
impl Handler for Schedule {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let name = job.name("Name", 64);
        match job.call_made("scheduler", "CreateSchedule", Self::input(job, &name)).await? {
            Some(answer) => Ok(Self::made(&name, &answer)),
            None => {
                let answer = job.call("scheduler", "UpdateSchedule", Self::input(job, &name)).await?;
                Ok(Self::made(&name, &answer))
            }
        }
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        if job.changed("GroupName") {
            return Err(Fault::new(
                "InvalidRequest",
                400,
                "GroupName of a schedule cannot be changed; give the schedule another logical id",
            ));
        }
        let answer = job.call("scheduler", "UpdateSchedule", Self::input(job, job.physical())).await?;
        Ok(Self::made(job.physical(), &answer))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone("scheduler", "DeleteSchedule", json!({ "Name": job.physical(), "GroupName": job.was("GroupName") })).await
    }
}

struct ScheduleGroup;

impl ScheduleGroup {
    fn made(job: &Job<'_>, name: &str) -> Made {
        Made::new(name).with("Arn", format!("arn:aws:scheduler:{}:{}:schedule-group/{name}", job.cx.region(), job.cx.account()))
    }
}

#[async_trait]
impl Handler for ScheduleGroup {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let name = job.name("Name", 64);
        job.call_made("scheduler", "CreateScheduleGroup", json!({ "Name": name, "Tags": job.tag_list("Tags") })).await?;
        Ok(Self::made(job, &name))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let made = Self::made(job, job.physical());
        let arn = made.attributes["Arn"].clone();
        let gone = job.tags_gone("Tags");
        if !gone.is_empty() {
            job.call("scheduler", "UntagResource", json!({ "ResourceArn": arn, "TagKeys": gone })).await?;
        }
        if job.retagged("Tags") && !job.tag_list("Tags").is_null() {
            job.call("scheduler", "TagResource", json!({ "ResourceArn": arn, "Tags": job.tag_list("Tags") })).await?;
        }
        Ok(made)
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone("scheduler", "DeleteScheduleGroup", json!({ "Name": job.physical() })).await
    }
}
