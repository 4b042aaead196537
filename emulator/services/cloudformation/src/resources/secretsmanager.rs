//! AWS Secrets Manager: secrets and their policies.

use super::{Handler, Job, Kind, Made, job::document};
use async_trait::async_trait;
use kit::Fault;
use serde_json::{Value as Json, json};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "AWS::SecretsManager::Secret",
        made_by: Some(("secretsmanager", "CreateSecret")),
        properties: &["Description", "GenerateSecretString", "KmsKeyId", "Name", "SecretString", "Tags"],
        attributes: &["Id"],
        handler: &Secret,
    },
    Kind {
        name: "AWS::SecretsManager::ResourcePolicy",
        made_by: Some(("secretsmanager", "PutResourcePolicy")),
        properties: &["BlockPublicPolicy", "ResourcePolicy", "SecretId"],
        attributes: &["Id"],
        handler: &ResourcePolicy,
    },
];

struct Secret;

impl Secret {
    /// The value that the template gives, or one made at random, alone or as a member of the template's JSON.
    async fn value(job: &Job<'_>) -> Result<Json, Fault> {
        let how = job.get("GenerateSecretString");
        if how.is_null() {
            return Ok(job.get("SecretString").clone());
        }
        if !job.get("SecretString").is_null() {
            return Err(Fault::new("InvalidRequest", 400, "You can't specify both SecretString and GenerateSecretString."));
        }
        let mut ask = how.as_object().cloned().unwrap_or_default();
        let (template, key) = (ask.remove("SecretStringTemplate"), ask.remove("GenerateStringKey"));
        let made = job.call("secretsmanager", "GetRandomPassword", Json::Object(ask)).await?["RandomPassword"].clone();
        let unfit = |why: &str| Fault::new("InvalidRequest", 400, why.to_owned());
        match (template, key) {
            (None, None) => Ok(made),
            (Some(template), Some(key)) => {
                let parsed = template.as_str().and_then(|text| serde_json::from_str::<Json>(text).ok()).filter(Json::is_object);
                let mut value = parsed.ok_or_else(|| unfit("SecretStringTemplate must be a JSON object."))?;
                value[key.as_str().unwrap_or_default()] = made;
                Ok(value.to_string().into())
            }
            _ => Err(unfit("SecretStringTemplate and GenerateStringKey must be given together.")),
        }
    }
    /// The same token for the same creation, so that one tried again makes one secret.
    fn token(job: &Job<'_>) -> String {
        format!("{:0>32}-{}", job.suffix, job.logical_id).chars().take(64).collect()
    }
    fn made(arn: &str) -> Made {
        Made::new(arn).with("Id", arn)
    }
}

#[async_trait]
impl Handler for Secret {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let name = job.name("Name", 512);
        let input = json!({
            "Name": name,
            "ClientRequestToken": Self::token(job),
            "Description": job.get("Description"),
            "KmsKeyId": job.get("KmsKeyId"),
            "SecretString": Self::value(job).await?,
            "Tags": job.tag_list("Tags"),
        });
        let made = match job.call("secretsmanager", "CreateSecret", input).await {
            // What a first try left behind has another random value.
            Err(fault) if job.again && fault.code == "ResourceExistsException" => {
                job.call("secretsmanager", "DescribeSecret", json!({ "SecretId": name })).await?
            }
            result => result?,
        };
        Ok(Self::made(made["ARN"].as_str().unwrap_or_default()))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let arn = job.physical();
        let mut input = json!({ "SecretId": arn, "ClientRequestToken": job.cx.ids().uuid() });
        let empty = |name: &str| if job.get(name).is_null() { Json::String(String::new()) } else { job.get(name).clone() };
        for name in ["Description", "KmsKeyId"].into_iter().filter(|name| job.changed(name)) {
            input[name] = empty(name);
        }
        if job.changed("SecretString") || job.changed("GenerateSecretString") {
            input["SecretString"] = Self::value(job).await?;
        }
        if input.as_object().is_some_and(|input| input.len() > 2) {
            job.call("secretsmanager", "UpdateSecret", input).await?;
        }
        let gone = job.tags_gone("Tags");
        if !gone.is_empty() {
            job.call("secretsmanager", "UntagResource", json!({ "SecretId": arn, "TagKeys": gone })).await?;
        }
        if job.retagged("Tags") && !job.tag_list("Tags").is_null() {
            job.call("secretsmanager", "TagResource", json!({ "SecretId": arn, "Tags": job.tag_list("Tags") })).await?;
        }
        Ok(Self::made(arn))
    }
    /// CloudFormation deletes without a time in which the secret could be had back.
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        let input = json!({ "SecretId": job.physical(), "ForceDeleteWithoutRecovery": true });
        job.call_gone("secretsmanager", "DeleteSecret", input).await
    }
}

struct ResourcePolicy;

impl ResourcePolicy {
    async fn put(job: &Job<'_>) -> Result<Made, Fault> {
        let input = json!({
            "SecretId": job.get("SecretId"),
            "ResourcePolicy": document(job.get("ResourcePolicy")),
            "BlockPublicPolicy": job.get("BlockPublicPolicy"),
        });
        let made = job.call("secretsmanager", "PutResourcePolicy", input).await?;
        let arn = made["ARN"].as_str().unwrap_or_default();
        Ok(Made::new(arn).with("Id", arn))
    }
}

#[async_trait]
impl Handler for ResourcePolicy {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        Self::put(job).await
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        Self::put(job).await
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone("secretsmanager", "DeleteResourcePolicy", json!({ "SecretId": job.physical() })).await
    }
}
