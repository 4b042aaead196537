//! IAM's policies: inline ones put into roles and users, and managed ones attached to them.

use super::{Handler, Job, Kind, Made, job::document};
use async_trait::async_trait;
use kit::Fault;
use serde_json::{Value as Json, json};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "AWS::IAM::Policy",
        made_by: Some(("iam", "PutRolePolicy")),
        properties: &["PolicyDocument", "PolicyName", "Roles", "Users"],
        attributes: &["Id"],
        handler: &Policy,
    },
    Kind {
        name: "AWS::IAM::ManagedPolicy",
        made_by: Some(("iam", "CreatePolicy")),
        properties: &["Description", "ManagedPolicyName", "Path", "PolicyDocument", "Roles", "Users"],
        attributes: &["PolicyArn", "PolicyId", "DefaultVersionId"],
        handler: &ManagedPolicy,
    },
];

/// Properties that name identities, and the identity's kind.
const HOLDERS: &[(&str, &str)] = &[("Roles", "Role"), ("Users", "User")];

fn names<'a>(properties: &'a Json, list: &str) -> Vec<&'a str> {
    properties.get(list).and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str).collect()
}

struct Policy;

impl Policy {
    async fn put(job: &Job<'_>) -> Result<(), Fault> {
        for (list, entity) in HOLDERS {
            for name in names(job.after, list) {
                let mut input = json!({ "PolicyName": job.get("PolicyName"), "PolicyDocument": document(job.get("PolicyDocument")) });
                input[format!("{entity}Name")] = name.into();
                job.call("iam", &format!("Put{entity}Policy"), input).await?;
            }
        }
        Ok(())
    }
    /// Takes the policy from identities that no longer have it, or from all when it has another name.
    async fn take(job: &Job<'_>) -> Result<(), Fault> {
        for (list, entity) in HOLDERS {
            let kept = if job.changed("PolicyName") { Vec::new() } else { names(job.after, list) };
            for name in names(job.before, list).into_iter().filter(|name| !kept.contains(name)) {
                let mut input = json!({ "PolicyName": job.was("PolicyName") });
                input[format!("{entity}Name")] = name.into();
                job.call_gone("iam", &format!("Delete{entity}Policy"), input).await?;
            }
        }
        Ok(())
    }
    fn some_holder(job: &Job<'_>) -> Result<(), Fault> {
        match HOLDERS.iter().all(|(list, _)| names(job.after, list).is_empty()) {
            true => Err(Fault::new("InvalidRequest", 400, "At least one of [Groups,Roles,Users] must be non-empty.")),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl Handler for Policy {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        Self::some_holder(job)?;
        Self::put(job).await?;
        let id = job.generated(64);
        Ok(Made::new(id.clone()).with("Id", id))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        Self::some_holder(job)?;
        Self::put(job).await?;
        Self::take(job).await?;
        Ok(Made::new(job.physical()).with("Id", job.physical()))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        Self::take(job).await
    }
}

struct ManagedPolicy;

impl ManagedPolicy {
    async fn attachments(job: &Job<'_>, arn: &str) -> Result<(), Fault> {
        for (list, entity) in HOLDERS {
            let (old, new) = (names(job.before, list), names(job.after, list));
            let input = |name: &str| {
                let mut input = json!({ "PolicyArn": arn });
                input[format!("{entity}Name")] = name.into();
                input
            };
            for name in new.iter().filter(|name| !old.contains(name)) {
                job.call("iam", &format!("Attach{entity}Policy"), input(name)).await?;
            }
            for name in old.iter().filter(|name| !new.contains(name)) {
                job.call_gone("iam", &format!("Detach{entity}Policy"), input(name)).await?;
            }
        }
        Ok(())
    }
    async fn versions(job: &Job<'_>, arn: &str) -> Result<Vec<String>, Fault> {
        let found = job.call("iam", "ListPolicyVersions", json!({ "PolicyArn": arn })).await?;
        let other = found["Versions"].as_array().into_iter().flatten().filter(|v| v["IsDefaultVersion"] != true);
        Ok(other.filter_map(|v| v["VersionId"].as_str().map(str::to_owned)).collect())
    }
    async fn made(job: &Job<'_>, arn: &str) -> Result<Made, Fault> {
        let found = job.call("iam", "GetPolicy", json!({ "PolicyArn": arn })).await?;
        let policy = &found["Policy"];
        Ok(Made::new(arn)
            .with("PolicyArn", arn)
            .with("PolicyId", policy["PolicyId"].clone())
            .with("DefaultVersionId", policy["DefaultVersionId"].clone()))
    }
}

#[async_trait]
impl Handler for ManagedPolicy {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let name = job.name("ManagedPolicyName", 128);
        let input = json!({
            "PolicyName": name,
            "Path": job.get("Path"),
            "Description": job.get("Description"),
            "PolicyDocument": document(job.get("PolicyDocument")),
        });
        let arn = match job.call_made("iam", "CreatePolicy", input).await? {
            Some(made) => made["Policy"]["Arn"].as_str().unwrap_or_default().to_owned(),
            None => format!("arn:aws:iam::{}:policy{}{name}", job.cx.account(), job.get("Path").as_str().unwrap_or("/")),
        };
        if let Err(fault) = Self::attachments(job, &arn).await {
            for (list, entity) in HOLDERS {
                for holder in names(job.after, list) {
                    let mut input = json!({ "PolicyArn": arn });
                    input[format!("{entity}Name")] = holder.into();
                    let _ = job.call_gone("iam", &format!("Detach{entity}Policy"), input).await;
                }
            }
            let _ = job.call_gone("iam", "DeletePolicy", json!({ "PolicyArn": arn })).await;
            return Err(fault);
        }
        Self::made(job, &arn).await
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let arn = job.physical();
        if job.changed("PolicyDocument") {
            // IAM keeps five versions; CloudFormation keeps the one before.
            let mut old = Self::versions(job, arn).await?;
            old.sort_by_key(|version| version.trim_start_matches('v').parse::<u64>().unwrap_or_default());
            old.truncate(old.len().saturating_sub(1));
            for version in old {
                job.call_gone("iam", "DeletePolicyVersion", json!({ "PolicyArn": arn, "VersionId": version })).await?;
            }
            let input = json!({ "PolicyArn": arn, "PolicyDocument": document(job.get("PolicyDocument")), "SetAsDefault": true });
            job.call("iam", "CreatePolicyVersion", input).await?;
        }
        Self::attachments(job, arn).await?;
        Self::made(job, arn).await
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        let arn = job.physical();
        Self::attachments(job, arn).await?;
        let old = match Self::versions(job, arn).await {
            Err(fault) if super::job::is_gone(&fault) => return Ok(()),
            other => other?,
        };
        for version in old {
            job.call_gone("iam", "DeletePolicyVersion", json!({ "PolicyArn": arn, "VersionId": version })).await?;
        }
        job.call_gone("iam", "DeletePolicy", json!({ "PolicyArn": arn })).await
    }
}
