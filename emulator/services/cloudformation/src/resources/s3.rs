//! Amazon S3's buckets and their policies.

use super::{Handler, Job, Kind, Made, job::document, s3_listed, s3_shapes as shapes};
use async_trait::async_trait;
use kit::Fault;
use serde_json::{Value as Json, json};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "AWS::S3::Bucket",
        made_by: Some(("s3", "CreateBucket")),
        properties: &[
            "AbacStatus",
            "AccelerateConfiguration",
            "AccessControl",
            "AnalyticsConfigurations",
            "BucketName",
            "BucketEncryption.ServerSideEncryptionConfiguration.BlockedEncryptionTypes",
            "BucketEncryption.ServerSideEncryptionConfiguration.BucketKeyEnabled",
            "BucketEncryption.ServerSideEncryptionConfiguration.ServerSideEncryptionByDefault",
            "CorsConfiguration",
            "IntelligentTieringConfigurations",
            "InventoryConfigurations",
            "LifecycleConfiguration.Rules.AbortIncompleteMultipartUpload",
            "LifecycleConfiguration.Rules.ExpirationDate",
            "LifecycleConfiguration.Rules.ExpirationInDays",
            "LifecycleConfiguration.Rules.ExpiredObjectDeleteMarker",
            "LifecycleConfiguration.Rules.Id",
            "LifecycleConfiguration.Rules.NoncurrentVersionExpiration",
            "LifecycleConfiguration.Rules.NoncurrentVersionExpirationInDays",
            "LifecycleConfiguration.Rules.NoncurrentVersionTransition",
            "LifecycleConfiguration.Rules.NoncurrentVersionTransitions",
            "LifecycleConfiguration.Rules.ObjectSizeGreaterThan",
            "LifecycleConfiguration.Rules.ObjectSizeLessThan",
            "LifecycleConfiguration.Rules.Prefix",
            "LifecycleConfiguration.Rules.Status",
            "LifecycleConfiguration.Rules.TagFilters",
            "LifecycleConfiguration.Rules.Transition",
            "LifecycleConfiguration.Rules.Transitions",
            "LifecycleConfiguration.TransitionDefaultMinimumObjectSize",
            "LoggingConfiguration",
            "MetricsConfigurations",
            "NotificationConfiguration",
            "ObjectLockConfiguration",
            "ObjectLockEnabled",
            "OwnershipControls",
            "PublicAccessBlockConfiguration",
            "ReplicationConfiguration",
            "Tags",
            "VersioningConfiguration",
            "WebsiteConfiguration",
        ],
        attributes: &["Arn", "DomainName", "DualStackDomainName", "RegionalDomainName", "WebsiteURL"],
        handler: &Bucket,
    },
    Kind {
        name: "AWS::S3::BucketPolicy",
        made_by: Some(("s3", "PutBucketPolicy")),
        properties: &["Bucket", "PolicyDocument"],
        attributes: &[],
        handler: &BucketPolicy,
    },
];

/// A property, the operation that sets it, its member, its shape, and the operation that takes it away.
struct Part {
    property: &'static str,
    put: &'static str,
    member: &'static str,
    shape: fn(&Json) -> Json,
    delete: Option<&'static str>,
}

/// In the order of the calls: notifications come last, for S3 asks their targets at once.
const PARTS: &[Part] = &[
    Part {
        property: "OwnershipControls",
        put: "PutBucketOwnershipControls",
        member: "OwnershipControls",
        shape: Json::clone,
        delete: Some("DeleteBucketOwnershipControls"),
    },
    Part {
        property: "PublicAccessBlockConfiguration",
        put: "PutPublicAccessBlock",
        member: "PublicAccessBlockConfiguration",
        shape: Json::clone,
        delete: Some("DeletePublicAccessBlock"),
    },
    // After the two that say whether lists are allowed and may be public.
    Part { property: "AccessControl", put: "PutBucketAcl", member: "ACL", shape: shapes::canned_acl, delete: None },
    Part {
        property: "BucketEncryption",
        put: "PutBucketEncryption",
        member: "ServerSideEncryptionConfiguration",
        shape: shapes::encryption,
        delete: Some("DeleteBucketEncryption"),
    },
    Part {
        property: "VersioningConfiguration",
        put: "PutBucketVersioning",
        member: "VersioningConfiguration",
        shape: Json::clone,
        delete: None,
    },
    Part {
        property: "CorsConfiguration",
        put: "PutBucketCors",
        member: "CORSConfiguration",
        shape: shapes::cors,
        delete: Some("DeleteBucketCors"),
    },
    Part {
        property: "LifecycleConfiguration",
        put: "PutBucketLifecycleConfiguration",
        member: "LifecycleConfiguration",
        shape: shapes::lifecycle,
        delete: Some("DeleteBucketLifecycle"),
    },
    Part {
        property: "ObjectLockConfiguration",
        put: "PutObjectLockConfiguration",
        member: "ObjectLockConfiguration",
        shape: shapes::object_lock,
        delete: None,
    },
    // After versions and locks, which it needs.
    Part {
        property: "ReplicationConfiguration",
        put: "PutBucketReplication",
        member: "ReplicationConfiguration",
        shape: shapes::replication,
        delete: Some("DeleteBucketReplication"),
    },
    Part {
        property: "AccelerateConfiguration",
        put: "PutBucketAccelerateConfiguration",
        member: "AccelerateConfiguration",
        shape: shapes::acceleration,
        delete: None,
    },
    Part {
        property: "WebsiteConfiguration",
        put: "PutBucketWebsite",
        member: "WebsiteConfiguration",
        shape: shapes::website,
        delete: Some("DeleteBucketWebsite"),
    },
    // After the tags, which can't be changed any more then.
    Part { property: "AbacStatus", put: "PutBucketAbac", member: "AbacStatus", shape: shapes::abac, delete: None },
    Part { property: "LoggingConfiguration", put: "PutBucketLogging", member: "BucketLoggingStatus", shape: shapes::logging, delete: None },
    Part {
        property: "NotificationConfiguration",
        put: "PutBucketNotificationConfiguration",
        member: "NotificationConfiguration",
        shape: shapes::notifications,
        delete: None,
    },
];

struct Bucket;

impl Bucket {
    fn name(job: &Job<'_>) -> String {
        match job.get("BucketName").as_str() {
            Some(name) => name.to_owned(),
            None => job.generated(63).to_lowercase(),
        }
    }

    async fn parts(job: &Job<'_>, bucket: &str) -> Result<(), Fault> {
        let tags = job.tag_list("Tags");
        let retagged = job.retagged("Tags");
        let judged = |status: &Json| *status == "Enabled";
        if retagged {
            // Requests aren't judged by the tags while these change; AWS changes them by an operation of S3 Control.
            if judged(job.was("AbacStatus")) {
                job.call("s3", "PutBucketAbac", json!({ "Bucket": bucket, "AbacStatus": { "Status": "Disabled" } })).await?;
            }
            match &tags {
                Json::Null => job.call("s3", "DeleteBucketTagging", json!({ "Bucket": bucket })).await?,
                tags => job.call("s3", "PutBucketTagging", json!({ "Bucket": bucket, "Tagging": { "TagSet": tags } })).await?,
            };
        }
        let again = |part: &Part| part.property == "AbacStatus" && retagged && judged(job.get(part.property));
        for part in PARTS.iter().filter(|part| job.changed(part.property) || again(part)) {
            let value = match (job.get(part.property), part.delete) {
                (Json::Null, Some(operation)) => {
                    job.call_gone("s3", operation, json!({ "Bucket": bucket })).await?;
                    continue;
                }
                (Json::Null, None) if part.property == "VersioningConfiguration" => json!({ "Status": "Suspended" }),
                (value, _) => (part.shape)(value),
            };
            // A bucket is private without being told, and where lists are off it can't even be told.
            if part.property == "AccessControl" && job.was(part.property).is_null() && value == "private" {
                continue;
            }
            let mut input = json!({ "Bucket": bucket });
            input[part.member] = value;
            // Logs without a destination go into the bucket itself.
            if let Some(logging) = input[part.member].get_mut("LoggingEnabled").filter(|logging| logging["TargetBucket"].is_null()) {
                logging["TargetBucket"] = bucket.into();
            }
            // A sibling of the rules in the API, a member of the property in a template.
            if let Some(minimum) = job.get(part.property).get("TransitionDefaultMinimumObjectSize") {
                input["TransitionDefaultMinimumObjectSize"] = minimum.clone();
            }
            job.call("s3", part.put, input).await?;
        }
        s3_listed::bring(job, bucket).await
    }

    fn made(job: &Job<'_>, bucket: &str) -> Made {
        let region = job.cx.region();
        Made::new(bucket)
            .with("Arn", format!("arn:aws:s3:::{bucket}"))
            .with("DomainName", format!("{bucket}.s3.amazonaws.com"))
            .with("DualStackDomainName", format!("{bucket}.s3.dualstack.{region}.amazonaws.com"))
            .with("RegionalDomainName", format!("{bucket}.s3.{region}.amazonaws.com"))
            .with("WebsiteURL", format!("http://{bucket}.s3-website-{region}.amazonaws.com"))
    }
}

#[async_trait]
impl Handler for Bucket {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let bucket = Self::name(job);
        // In us-east-1 S3 lets the owner make a bucket again; a stack must not take what it did not make.
        if !job.again && job.call("s3", "HeadBucket", json!({ "Bucket": bucket })).await.is_ok() {
            return Err(Fault::new("AlreadyExists", 409, format!("{bucket} already exists")));
        }
        let place = match job.cx.region() {
            "us-east-1" => Json::Null,
            region => json!({ "LocationConstraint": region }),
        };
        let locks = job.get("ObjectLockEnabled").as_bool().filter(|locks| *locks);
        let input = json!({ "Bucket": bucket, "CreateBucketConfiguration": place, "ObjectLockEnabledForBucket": locks });
        job.call_made("s3", "CreateBucket", input).await?;
        if let Err(fault) = Self::parts(job, &bucket).await {
            let _ = job.call_gone("s3", "DeleteBucket", json!({ "Bucket": bucket })).await;
            return Err(fault);
        }
        Ok(Self::made(job, &bucket))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        Self::parts(job, job.physical()).await?;
        Ok(Self::made(job, job.physical()))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone("s3", "DeleteBucket", json!({ "Bucket": job.physical() })).await
    }
}

struct BucketPolicy;

impl BucketPolicy {
    async fn put(job: &Job<'_>) -> Result<Made, Fault> {
        let bucket = job.text("Bucket");
        job.call("s3", "PutBucketPolicy", json!({ "Bucket": bucket, "Policy": document(job.get("PolicyDocument")) })).await?;
        Ok(Made::new(bucket))
    }
}

#[async_trait]
impl Handler for BucketPolicy {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        Self::put(job).await
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        Self::put(job).await
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone("s3", "DeleteBucketPolicy", json!({ "Bucket": job.physical() })).await
    }
}
