//! Amazon EventBridge.

use super::{Handler, Job, Kind, Made, job::document};
use async_trait::async_trait;
use kit::Fault;
use serde_json::{Value as Json, json};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "AWS::Events::Rule",
        made_by: Some(("events", "PutRule")),
        properties: &[
            "Name",
            "Description",
            "EventBusName",
            "EventPattern",
            "RoleArn",
            "ScheduleExpression",
            "State",
            "Tags",
            "Targets.Id",
            "Targets.Arn",
            "Targets.RoleArn",
            "Targets.Input",
            "Targets.InputPath",
            "Targets.InputTransformer",
            "Targets.SqsParameters",
            "Targets.DeadLetterConfig",
            "Targets.RetryPolicy",
        ],
        attributes: &["Arn"],
        handler: &Rule,
    },
    Kind {
        name: "AWS::Events::EventBus",
        made_by: Some(("events", "CreateEventBus")),
        properties: &["Name", "Description", "DeadLetterConfig", "Policy", "Tags"],
        attributes: &["Arn"],
        handler: &EventBus,
    },
    Kind {
        name: "AWS::Events::EventBusPolicy",
        made_by: Some(("events", "PutPermission")),
        properties: &["EventBusName", "StatementId", "Statement", "Action", "Principal", "Condition"],
        attributes: &[],
        handler: &EventBusPolicy,
    },
    Kind {
        name: "AWS::Events::Archive",
        made_by: Some(("events", "CreateArchive")),
        properties: &["ArchiveName", "SourceArn", "Description", "EventPattern", "RetentionDays"],
        attributes: &["Arn"],
        handler: &Archive,
    },
];

/// Tags that changed, on a bus or rule that exists.
async fn retag(job: &Job<'_>, arn: &Json) -> Result<(), Fault> {
    let gone = job.tags_gone("Tags");
    if !gone.is_empty() {
        job.call("events", "UntagResource", json!({ "ResourceARN": arn, "TagKeys": gone })).await?;
    }
    if job.retagged("Tags") && !job.tag_list("Tags").is_null() {
        job.call("events", "TagResource", json!({ "ResourceARN": arn, "Tags": job.tag_list("Tags") })).await?;
    }
    Ok(())
}

struct Rule;

impl Rule {
    /// `name` on the default bus, `bus|name` on others, as AWS has it.
    fn id(bus: Option<&str>, name: &str) -> String {
        match bus.map(|bus| bus.rsplit_once("event-bus/").map_or(bus, |(_, bus)| bus)).filter(|bus| *bus != "default") {
            Some(bus) => format!("{bus}|{name}"),
            None => name.to_owned(),
        }
    }
    fn name_of<'a>(job: &'a Job<'_>) -> &'a str {
        job.physical().rsplit_once('|').map_or(job.physical(), |(_, name)| name)
    }

    /// The rule and its targets as they are to be.
    async fn put(job: &Job<'_>, name: &str, tags: Json) -> Result<Made, Fault> {
        let bus = job.get("EventBusName");
        let input = json!({
            "Name": name,
            "EventBusName": bus,
            "Description": job.get("Description"),
            "EventPattern": document(job.get("EventPattern")),
            "RoleArn": job.get("RoleArn"),
            "ScheduleExpression": job.get("ScheduleExpression"),
            "State": job.get("State"),
            "Tags": tags,
        });
        let made = job.call("events", "PutRule", input).await?;
        let gone: Vec<&Json> = ids(job.was("Targets")).filter(|id| !ids(job.get("Targets")).any(|kept| kept == *id)).collect();
        if !gone.is_empty() {
            job.call("events", "RemoveTargets", json!({ "Rule": name, "EventBusName": bus, "Ids": gone })).await?;
        }
        if job.get("Targets").as_array().is_some_and(|targets| !targets.is_empty()) {
            job.call("events", "PutTargets", json!({ "Rule": name, "EventBusName": bus, "Targets": job.get("Targets") })).await?;
        }
        Ok(Made::new(Self::id(bus.as_str(), name)).with("Arn", made["RuleArn"].clone()))
    }

    async fn take(job: &Job<'_>, name: &str, bus: &Json, targets: &Json) -> Result<(), Fault> {
        let ids: Vec<&Json> = ids(targets).collect();
        if !ids.is_empty() {
            job.call_gone("events", "RemoveTargets", json!({ "Rule": name, "EventBusName": bus, "Ids": ids })).await?;
        }
        job.call_gone("events", "DeleteRule", json!({ "Name": name, "EventBusName": bus })).await
    }
}

fn ids(targets: &Json) -> impl Iterator<Item = &Json> {
    targets.as_array().into_iter().flatten().map(|target| &target["Id"])
}

#[async_trait]
impl Handler for Rule {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let name = job.name("Name", 64);
        let bus = job.get("EventBusName");
        // PutRule changes a rule that is there; a stack must not take what it did not make.
        if !job.again && job.call("events", "DescribeRule", json!({ "Name": name, "EventBusName": bus })).await.is_ok() {
            let id = Self::id(bus.as_str(), &name);
            return Err(Fault::new("AlreadyExists", 400, format!("{id} already exists in stack or account")));
        }
        match Self::put(job, &name, job.tag_list("Tags")).await {
            Ok(made) => Ok(made),
            Err(fault) => {
                // The rule may stand without its targets: nothing is left of a creation that failed.
                let _ = Self::take(job, &name, bus, &Json::Null).await;
                Err(fault)
            }
        }
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        if job.changed("EventBusName") {
            return Err(Fault::new("InvalidRequest", 400, "EventBusName of a rule cannot be changed; give the rule another logical id"));
        }
        let made = Self::put(job, Self::name_of(job), Json::Null).await?;
        retag(job, &made.attributes["Arn"]).await?;
        Ok(made)
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        Self::take(job, Self::name_of(job), job.was("EventBusName"), job.was("Targets")).await
    }
}

struct EventBus;

impl EventBus {
    async fn policy(job: &Job<'_>, name: &str) -> Result<(), Fault> {
        let input = match job.get("Policy") {
            Json::Null if job.was("Policy").is_null() => return Ok(()),
            Json::Null => {
                let input = json!({ "EventBusName": name, "RemoveAllPermissions": true });
                return job.call("events", "RemovePermission", input).await.map(drop);
            }
            policy => json!({ "EventBusName": name, "Policy": document(policy) }),
        };
        job.call("events", "PutPermission", input).await.map(drop)
    }
    fn made(job: &Job<'_>, name: &str) -> Made {
        Made::new(name).with("Arn", format!("arn:aws:events:{}:{}:event-bus/{name}", job.cx.region(), job.cx.account()))
    }
}

#[async_trait]
impl Handler for EventBus {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let name = job.text("Name");
        let input = json!({
            "Name": name,
            "Description": job.get("Description"),
            "DeadLetterConfig": job.get("DeadLetterConfig"),
            "Tags": job.tag_list("Tags"),
        });
        job.call_made("events", "CreateEventBus", input).await?;
        Self::policy(job, name).await?;
        Ok(Self::made(job, name))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let name = job.physical();
        let or_nothing = |property: &str, nothing: Json| if job.get(property).is_null() { nothing } else { job.get(property).clone() };
        if job.changed("Description") || job.changed("DeadLetterConfig") {
            let input = json!({
                "Name": name,
                "Description": or_nothing("Description", "".into()),
                "DeadLetterConfig": or_nothing("DeadLetterConfig", json!({})),
            });
            job.call("events", "UpdateEventBus", input).await?;
        }
        if job.changed("Policy") {
            Self::policy(job, name).await?;
        }
        let made = Self::made(job, name);
        retag(job, &made.attributes["Arn"]).await?;
        Ok(made)
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone("events", "DeleteEventBus", json!({ "Name": job.physical() })).await
    }
}

struct EventBusPolicy;

impl EventBusPolicy {
    async fn put(job: &Job<'_>) -> Result<Made, Fault> {
        let bus = job.get("EventBusName");
        let sid = job.text("StatementId");
        let input = match job.get("Statement") {
            Json::Null => json!({
                "EventBusName": bus,
                "StatementId": sid,
                "Action": job.get("Action"),
                "Principal": job.get("Principal"),
                "Condition": job.get("Condition"),
            }),
            statement => json!({ "EventBusName": bus, "Policy": Self::merged(job, bus, sid, statement).await? }),
        };
        job.call("events", "PutPermission", input).await?;
        Ok(Made::new(format!("{}|{sid}", bus.as_str().unwrap_or("default"))))
    }

    /// A whole statement can only be given with the whole policy.
    async fn merged(job: &Job<'_>, bus: &Json, sid: &str, statement: &Json) -> Result<String, Fault> {
        let described = job.call("events", "DescribeEventBus", json!({ "Name": bus })).await?;
        let old: Json = described["Policy"].as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let mut statements = old["Statement"].as_array().cloned().unwrap_or_default();
        statements.retain(|other| other["Sid"] != sid);
        let mut statement = statement.clone();
        statement["Sid"] = sid.into();
        statements.push(statement);
        Ok(json!({ "Version": "2012-10-17", "Statement": statements }).to_string())
    }
}

#[async_trait]
impl Handler for EventBusPolicy {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        Self::put(job).await
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        Self::put(job).await
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        let input = json!({ "EventBusName": job.was("EventBusName"), "StatementId": job.was("StatementId") });
        job.call_gone("events", "RemovePermission", input).await
    }
}

struct Archive;

impl Archive {
    fn input(job: &Job<'_>, name: &str) -> Json {
        json!({
            "ArchiveName": name,
            "Description": job.get("Description"),
            "EventPattern": document(job.get("EventPattern")),
            "RetentionDays": job.get("RetentionDays"),
        })
    }
    fn made(job: &Job<'_>, name: &str) -> Made {
        Made::new(name).with("Arn", format!("arn:aws:events:{}:{}:archive/{name}", job.cx.region(), job.cx.account()))
    }
}

#[async_trait]
impl Handler for Archive {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let name = job.name("ArchiveName", 48);
        let mut input = Self::input(job, &name);
        input["EventSourceArn"] = job.get("SourceArn").clone();
        job.call_made("events", "CreateArchive", input).await?;
        Ok(Self::made(job, &name))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let name = job.physical();
        // UpdateArchive leaves what it is not given as it is: an archive without a pattern needs a new one.
        if job.get("EventPattern").is_null() && !job.was("EventPattern").is_null() {
            return Err(Fault::new("InvalidRequest", 400, "EventPattern of an archive can be changed, not taken away"));
        }
        let mut input = Self::input(job, name);
        input["RetentionDays"] = if job.get("RetentionDays").is_null() { 0.into() } else { job.get("RetentionDays").clone() };
        job.call("events", "UpdateArchive", input).await?;
        Ok(Self::made(job, name))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone("events", "DeleteArchive", json!({ "ArchiveName": job.physical() })).await
    }
}
