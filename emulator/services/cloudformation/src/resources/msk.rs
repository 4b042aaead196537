//! Amazon MSK: clusters, what hangs on them, configurations and topics.

use super::{Handler, Job, Kind, Made, job::document};
use async_trait::async_trait;
use base64::{Engine, prelude::BASE64_STANDARD};
use kit::Fault;
use serde_json::{Map, Value as Json, json};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "AWS::MSK::Cluster",
        made_by: Some(("kafka", "CreateCluster")),
        properties: &[
            "BrokerNodeGroupInfo",
            "ClientAuthentication",
            "ClusterName",
            "ConfigurationInfo",
            "EncryptionInfo",
            "EnhancedMonitoring",
            "KafkaVersion",
            "LoggingInfo",
            "NumberOfBrokerNodes",
            "OpenMonitoring",
            "Rebalancing",
            "StorageMode",
            "Tags",
        ],
        attributes: &["Arn", "CurrentVersion"],
        handler: &Cluster,
    },
    Kind {
        name: "AWS::MSK::ServerlessCluster",
        made_by: Some(("kafka", "CreateClusterV2")),
        properties: &["ClientAuthentication", "ClusterName", "Tags", "VpcConfigs"],
        attributes: &["Arn"],
        handler: &Serverless,
    },
    Kind {
        name: "AWS::MSK::Configuration",
        made_by: Some(("kafka", "CreateConfiguration")),
        properties: &["Description", "KafkaVersionsList", "Name", "ServerProperties"],
        attributes: &["Arn", "LatestRevision.CreationTime", "LatestRevision.Description", "LatestRevision.Revision"],
        handler: &Configuration,
    },
    Kind {
        name: "AWS::MSK::Topic",
        made_by: Some(("kafka", "CreateTopic")),
        properties: &["ClusterArn", "Configs", "PartitionCount", "ReplicationFactor", "TopicName"],
        attributes: &["TopicArn"],
        handler: &Topic,
    },
    Kind {
        name: "AWS::MSK::BatchScramSecret",
        made_by: Some(("kafka", "BatchAssociateScramSecret")),
        properties: &["ClusterArn", "SecretArnList"],
        attributes: &[],
        handler: &ScramSecrets,
    },
    Kind {
        name: "AWS::MSK::ClusterPolicy",
        made_by: Some(("kafka", "PutClusterPolicy")),
        properties: &["ClusterArn", "Policy"],
        attributes: &["CurrentVersion"],
        handler: &ClusterPolicy,
    },
];

/// Makes a cluster, or finds the one that a first try left behind.
async fn make(job: &Job<'_>, operation: &str, input: Map<String, Json>) -> Result<Made, Fault> {
    let name = job.text("ClusterName");
    let arn = match job.call_made("kafka", operation, Json::Object(input)).await? {
        Some(made) => made["ClusterArn"].clone(),
        None => {
            let listed = job.call("kafka", "ListClustersV2", json!({ "ClusterNameFilter": name })).await?;
            let mut all = listed["ClusterInfoList"].as_array().into_iter().flatten();
            all.find(|cluster| cluster["ClusterName"] == name).map(|cluster| cluster["ClusterArn"].clone()).unwrap_or_default()
        }
    };
    told(job, arn.as_str().unwrap_or_default()).await
}

async fn told(job: &Job<'_>, arn: &str) -> Result<Made, Fault> {
    let found = job.call("kafka", "DescribeClusterV2", json!({ "ClusterArn": arn })).await?;
    Ok(Made::new(arn).with("Arn", arn).with("CurrentVersion", found["ClusterInfo"]["CurrentVersion"].clone()))
}

async fn retag(job: &Job<'_>) -> Result<(), Fault> {
    let gone = job.tags_gone("Tags");
    if !gone.is_empty() {
        job.call("kafka", "UntagResource", json!({ "ResourceArn": job.physical(), "TagKeys": gone })).await?;
    }
    if job.retagged("Tags") && !job.tag_map("Tags").is_null() {
        job.call("kafka", "TagResource", json!({ "ResourceArn": job.physical(), "Tags": job.tag_map("Tags") })).await?;
    }
    Ok(())
}

async fn delete_cluster(job: &Job<'_>) -> Result<(), Fault> {
    job.call_gone("kafka", "DeleteCluster", json!({ "ClusterArn": job.physical() })).await
}

struct Cluster;

#[async_trait]
impl Handler for Cluster {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let mut input = job.after.as_object().cloned().unwrap_or_default();
        input.insert("Tags".into(), job.tag_map("Tags"));
        make(job, "CreateCluster", input).await
    }
    /// The service changes nothing of a cluster yet but its tags; what a template changes is refused by name.
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let changed = job.after.as_object().into_iter().flatten().map(|(name, _)| name.as_str());
        let gone = job.before.as_object().into_iter().flatten().map(|(name, _)| name.as_str());
        if let Some(property) = changed.chain(gone).find(|name| *name != "Tags" && job.changed(name)) {
            let message = format!("windtunnel does not change {property} of an AWS::MSK::Cluster that is there.");
            return Err(Fault::new("NotImplemented", 501, message));
        }
        retag(job).await?;
        told(job, job.physical()).await
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        delete_cluster(job).await
    }
}

struct Serverless;

#[async_trait]
impl Handler for Serverless {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        // The API calls the groups otherwise than the template.
        let vpc = |config: &Json| json!({ "SubnetIds": config["SubnetIds"], "SecurityGroupIds": config["SecurityGroups"] });
        let vpcs: Vec<Json> = job.get("VpcConfigs").as_array().into_iter().flatten().map(vpc).collect();
        let serverless = json!({ "VpcConfigs": vpcs, "ClientAuthentication": job.get("ClientAuthentication") });
        let mut input = job.take(&["ClusterName"]);
        input.insert("Serverless".into(), serverless);
        input.insert("Tags".into(), job.tag_map("Tags"));
        let made = make(job, "CreateClusterV2", input).await?;
        Ok(Made::new(made.physical_id.clone()).with("Arn", made.physical_id))
    }
    /// Everything but the tags of the stack needs a new cluster.
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        retag(job).await?;
        Ok(Made::new(job.physical()).with("Arn", job.physical()))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        delete_cluster(job).await
    }
}

struct Configuration;

impl Configuration {
    fn made(answer: &Json) -> Made {
        let arn = answer["Arn"].as_str().unwrap_or_default();
        let latest = &answer["LatestRevision"];
        let made = Made::new(arn).with("Arn", arn).with("LatestRevision.Revision", latest["Revision"].clone());
        let made = made.with("LatestRevision.CreationTime", latest["CreationTime"].clone());
        made.with("LatestRevision.Description", latest["Description"].clone())
    }
    /// The template has the properties as text, the API as bytes.
    fn properties(job: &Job<'_>) -> Json {
        BASE64_STANDARD.encode(job.text("ServerProperties")).into()
    }
}

#[async_trait]
impl Handler for Configuration {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let input = json!({
            "Name": job.get("Name"),
            "Description": job.get("Description"),
            "KafkaVersions": job.get("KafkaVersionsList"),
            "ServerProperties": Self::properties(job),
        });
        match job.call_made("kafka", "CreateConfiguration", input).await? {
            Some(made) => Ok(Self::made(&made)),
            None => {
                let listed = job.call("kafka", "ListConfigurations", json!({})).await?;
                let mut all = listed["Configurations"].as_array().into_iter().flatten();
                Ok(Self::made(all.find(|c| c["Name"] == *job.get("Name")).unwrap_or(&Json::Null)))
            }
        }
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let input = json!({ "Arn": job.physical(), "Description": job.get("Description"), "ServerProperties": Self::properties(job) });
        Ok(Self::made(&job.call("kafka", "UpdateConfiguration", input).await?))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone("kafka", "DeleteConfiguration", json!({ "Arn": job.physical() })).await
    }
}

struct Topic;

#[async_trait]
impl Handler for Topic {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let of = json!({ "ClusterArn": job.get("ClusterArn"), "TopicName": job.get("TopicName") });
        let arn = match job.call("kafka", "CreateTopic", job.after.clone()).await {
            Ok(made) => made["TopicArn"].clone(),
            Err(fault) if job.again && fault.code.contains("TopicExists") => {
                job.call("kafka", "DescribeTopic", of).await?["TopicArn"].clone()
            }
            Err(fault) => return Err(fault),
        };
        Ok(Made::new(arn.as_str().unwrap_or_default()).with("TopicArn", arn))
    }
    /// One thing at a time, as the API has it.
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        for property in ["Configs", "PartitionCount"] {
            if job.changed(property) {
                if job.get(property).is_null() {
                    let message = format!("windtunnel does not take {property} out of an AWS::MSK::Topic that is there.");
                    return Err(Fault::new("NotImplemented", 501, message));
                }
                let mut input = job.take(&["ClusterArn", "TopicName"]);
                input.insert(property.into(), job.get(property).clone());
                job.call("kafka", "UpdateTopic", Json::Object(input)).await?;
            }
        }
        Ok(Made::new(job.physical()).with("TopicArn", job.physical()))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        let input = json!({ "ClusterArn": job.text("ClusterArn"), "TopicName": job.text("TopicName") });
        match job.call_gone("kafka", "DeleteTopic", input).await {
            Err(fault) if fault.code.contains("UnknownTopic") => Ok(()),
            result => result,
        }
    }
}

struct ScramSecrets;

impl ScramSecrets {
    fn list(value: &Json) -> Vec<Json> {
        value.as_array().cloned().unwrap_or_default()
    }
    /// Secrets that the service could not take are the resource's failure.
    async fn call(job: &Job<'_>, operation: &str, secrets: Vec<Json>) -> Result<(), Fault> {
        if secrets.is_empty() {
            return Ok(());
        }
        let input = json!({ "ClusterArn": job.text("ClusterArn"), "SecretArnList": secrets });
        let answer = job.call("kafka", operation, input).await?;
        match answer["UnprocessedScramSecrets"].as_array().and_then(|list| list.first()) {
            None => Ok(()),
            Some(refused) => {
                let text = |name: &str| refused[name].as_str().unwrap_or_default().to_owned();
                Err(Fault::new(text("ErrorCode"), 400, format!("{}: {}", text("SecretArn"), text("ErrorMessage"))))
            }
        }
    }
}

#[async_trait]
impl Handler for ScramSecrets {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        Self::call(job, "BatchAssociateScramSecret", Self::list(job.get("SecretArnList"))).await?;
        Ok(Made::new(job.text("ClusterArn")))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let (before, after) = (Self::list(job.was("SecretArnList")), Self::list(job.get("SecretArnList")));
        Self::call(job, "BatchAssociateScramSecret", after.iter().filter(|s| !before.contains(s)).cloned().collect()).await?;
        Self::call(job, "BatchDisassociateScramSecret", before.iter().filter(|s| !after.contains(s)).cloned().collect()).await?;
        Ok(Made::new(job.physical()))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        match Self::call(job, "BatchDisassociateScramSecret", Self::list(job.was("SecretArnList"))).await {
            Err(fault) if super::is_gone(&fault) => Ok(()),
            result => result,
        }
    }
}

struct ClusterPolicy;

impl ClusterPolicy {
    async fn put(job: &Job<'_>) -> Result<Made, Fault> {
        let input = json!({ "ClusterArn": job.get("ClusterArn"), "Policy": document(job.get("Policy")) });
        let made = job.call("kafka", "PutClusterPolicy", input).await?;
        Ok(Made::new(job.text("ClusterArn")).with("CurrentVersion", made["CurrentVersion"].clone()))
    }
}

#[async_trait]
impl Handler for ClusterPolicy {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        Self::put(job).await
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        Self::put(job).await
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone("kafka", "DeleteClusterPolicy", json!({ "ClusterArn": job.physical() })).await
    }
}
