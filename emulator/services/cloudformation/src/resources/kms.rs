//! AWS KMS: keys and aliases.

use super::{
    Handler, Job, Kind, Made,
    job::{document, flag},
};
use async_trait::async_trait;
use kit::Fault;
use serde_json::{Value as Json, json};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "AWS::KMS::Key",
        made_by: Some(("kms", "CreateKey")),
        properties: &[
            "BypassPolicyLockoutSafetyCheck",
            "Description",
            "EnableKeyRotation",
            "Enabled",
            "KeyPolicy",
            "KeySpec",
            "KeyUsage",
            "MultiRegion",
            "Origin",
            "PendingWindowInDays",
            "RotationPeriodInDays",
            "Tags",
        ],
        attributes: &["Arn", "KeyId"],
        handler: &Key,
    },
    Kind {
        name: "AWS::KMS::Alias",
        made_by: Some(("kms", "CreateAlias")),
        properties: &["AliasName", "TargetKeyId"],
        attributes: &[],
        handler: &Alias,
    },
];

struct Key;

impl Key {
    fn made(job: &Job<'_>, id: &str) -> Made {
        let arn = format!("arn:aws:kms:{}:{}:key/{id}", job.cx.region(), job.cx.account());
        Made::new(id).with("Arn", arn).with("KeyId", id)
    }
    /// KMS lists tags as TagKey and TagValue.
    fn tags(job: &Job<'_>) -> Json {
        let tag = |tag: &Json| json!({ "TagKey": tag["Key"], "TagValue": tag["Value"] });
        match job.tag_list("Tags") {
            Json::Array(list) => list.iter().map(tag).collect(),
            other => other,
        }
    }
    /// What CreateKey doesn't take: rotation first, for a disabled key can't be told to rotate.
    async fn set(job: &Job<'_>, id: &str) -> Result<(), Fault> {
        let is_on = |value: &Json, default: bool| flag(value).unwrap_or(default);
        let (rotates, rotated) = (is_on(job.get("EnableKeyRotation"), false), is_on(job.was("EnableKeyRotation"), false));
        let (enabled, was) = (is_on(job.get("Enabled"), true), is_on(job.was("Enabled"), true));
        if enabled && !was {
            job.call("kms", "EnableKey", json!({ "KeyId": id })).await?;
        }
        match (rotates, rotated) {
            (true, false) => Self::rotate(job, id).await?,
            (true, true) if job.changed("RotationPeriodInDays") => Self::rotate(job, id).await?,
            (false, true) => drop(job.call("kms", "DisableKeyRotation", json!({ "KeyId": id })).await?),
            _ => {}
        }
        if was && !enabled {
            job.call("kms", "DisableKey", json!({ "KeyId": id })).await?;
        }
        Ok(())
    }
    /// AWS refuses rather than replace: the new key could not decrypt what the old one has encrypted. The key itself is asked what it is, for a
    /// rollback of such an update must go through.
    async fn fixed(job: &Job<'_>, id: &str) -> Result<(), Fault> {
        let fixed: [(&str, Json); 4] = [
            ("KeySpec", "SYMMETRIC_DEFAULT".into()),
            ("KeyUsage", "ENCRYPT_DECRYPT".into()),
            ("MultiRegion", false.into()),
            ("Origin", "AWS_KMS".into()),
        ];
        if !fixed.iter().any(|(property, _)| job.changed(property)) {
            return Ok(());
        }
        let found = job.call("kms", "DescribeKey", json!({ "KeyId": id })).await?;
        let wanted = |property: &str, default: &Json| if job.get(property).is_null() { default.clone() } else { job.get(property).clone() };
        match fixed.iter().find(|(property, default)| found["KeyMetadata"][property] != wanted(property, default)) {
            None => Ok(()),
            Some((property, _)) => {
                let message = format!("You cannot change the {property} of an AWS::KMS::Key after the KMS key is created.");
                Err(Fault::new("InvalidRequest", 400, message))
            }
        }
    }
    async fn rotate(job: &Job<'_>, id: &str) -> Result<(), Fault> {
        let input = json!({ "KeyId": id, "RotationPeriodInDays": job.get("RotationPeriodInDays") });
        job.call("kms", "EnableKeyRotation", input).await.map(drop)
    }
}

#[async_trait]
impl Handler for Key {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let input = json!({
            "BypassPolicyLockoutSafetyCheck": job.get("BypassPolicyLockoutSafetyCheck"),
            "Description": job.get("Description"),
            "KeySpec": job.get("KeySpec"),
            "KeyUsage": job.get("KeyUsage"),
            "MultiRegion": job.get("MultiRegion"),
            "Origin": job.get("Origin"),
            "Policy": document(job.get("KeyPolicy")),
            "Tags": Self::tags(job),
        });
        let made = job.call("kms", "CreateKey", input).await?;
        let id = made["KeyMetadata"]["KeyId"].as_str().unwrap_or_default().to_owned();
        // The key is there: a failure must not leave it behind.
        if let Err(fault) = Self::set(job, &id).await {
            let _ = job.call("kms", "ScheduleKeyDeletion", json!({ "KeyId": id, "PendingWindowInDays": 7 })).await;
            return Err(fault);
        }
        Ok(Self::made(job, &id))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let id = job.physical();
        Self::fixed(job, id).await?;
        if job.changed("Description") {
            let text = job.get("Description").as_str().unwrap_or_default();
            job.call("kms", "UpdateKeyDescription", json!({ "KeyId": id, "Description": text })).await?;
        }
        // A policy that is no longer named stays as it is: AWS has no call that takes one away.
        if job.changed("KeyPolicy") && !job.get("KeyPolicy").is_null() {
            let bypass = job.get("BypassPolicyLockoutSafetyCheck");
            let input = json!({ "KeyId": id, "Policy": document(job.get("KeyPolicy")), "BypassPolicyLockoutSafetyCheck": bypass });
            job.call("kms", "PutKeyPolicy", input).await?;
        }
        Self::set(job, id).await?;
        let gone = job.tags_gone("Tags");
        if !gone.is_empty() {
            job.call("kms", "UntagResource", json!({ "KeyId": id, "TagKeys": gone })).await?;
        }
        if job.retagged("Tags") && !Self::tags(job).is_null() {
            job.call("kms", "TagResource", json!({ "KeyId": id, "Tags": Self::tags(job) })).await?;
        }
        Ok(Self::made(job, id))
    }
    /// A key is never deleted at once; one that waits already is fine.
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        let days = job.was("PendingWindowInDays");
        match job.call_gone("kms", "ScheduleKeyDeletion", json!({ "KeyId": job.physical(), "PendingWindowInDays": days })).await {
            Err(fault) if fault.code == "KMSInvalidStateException" => Ok(()),
            result => result,
        }
    }
}

struct Alias;

#[async_trait]
impl Handler for Alias {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let name = job.text("AliasName");
        job.call_made("kms", "CreateAlias", json!({ "AliasName": name, "TargetKeyId": job.get("TargetKeyId") })).await?;
        Ok(Made::new(name))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        if job.changed("TargetKeyId") {
            job.call("kms", "UpdateAlias", json!({ "AliasName": job.physical(), "TargetKeyId": job.get("TargetKeyId") })).await?;
        }
        Ok(Made::new(job.physical()))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone("kms", "DeleteAlias", json!({ "AliasName": job.physical() })).await
    }
}
