//! Buckets: made, set up, listed by version, weighed.

use super::{ArgKind, Args, BUCKET, Verb, may};
use crate::scenario::{outcome::Outcome, world::World};
use serde_json::{Value, json};

/// What `s3.configure` takes: argument, operation, member of its input.
const SETTINGS: &[(&str, &str, &str)] = &[
    ("versioning", "PutBucketVersioning", "VersioningConfiguration"),
    ("object_lock", "PutObjectLockConfiguration", "ObjectLockConfiguration"),
    ("lifecycle", "PutBucketLifecycleConfiguration", "LifecycleConfiguration"),
    ("notifications", "PutBucketNotificationConfiguration", "NotificationConfiguration"),
    ("cors", "PutBucketCors", "CORSConfiguration"),
    ("encryption", "PutBucketEncryption", "ServerSideEncryptionConfiguration"),
    ("ownership", "PutBucketOwnershipControls", "OwnershipControls"),
    ("public_access", "PutPublicAccessBlock", "PublicAccessBlockConfiguration"),
    ("website", "PutBucketWebsite", "WebsiteConfiguration"),
    ("logging", "PutBucketLogging", "BucketLoggingStatus"),
    ("tiering", "PutBucketIntelligentTieringConfiguration", "IntelligentTieringConfiguration"),
    ("policy", "PutBucketPolicy", "Policy"),
];

pub(super) const VERBS: &[Verb] = &[
    Verb {
        name: "s3.bucket",
        about: "Makes a bucket. $ is CreateBucket's output.",
        args: &[
            BUCKET,
            may("versions", ArgKind::Flag, "keep versions"),
            may("lock", ArgKind::Flag, "with object lock (keeps versions)"),
            may("ownership", ArgKind::Text, "ObjectOwnership"),
        ],
        one_of: &[],
        local_only: false,
        run: |world, args| Box::pin(bucket(world, args)),
    },
    Verb {
        name: "s3.configure",
        about: "Puts one setting of a bucket, by the model's member names (policy: a policy document). $ is the operation's output.",
        args: &[
            BUCKET,
            may("versioning", ArgKind::Map, "{ Status: Enabled }"),
            may("object_lock", ArgKind::Map, "ObjectLockConfiguration"),
            may("lifecycle", ArgKind::Map, "{ Rules: [...] }"),
            may("notifications", ArgKind::Map, "NotificationConfiguration"),
            may("cors", ArgKind::Map, "{ CORSRules: [...] }"),
            may("encryption", ArgKind::Map, "{ Rules: [...] }"),
            may("ownership", ArgKind::Map, "{ Rules: [...] }"),
            may("public_access", ArgKind::Map, "PublicAccessBlockConfiguration"),
            may("website", ArgKind::Map, "WebsiteConfiguration"),
            may("logging", ArgKind::Map, "{ LoggingEnabled: ... }"),
            may("tiering", ArgKind::Map, "IntelligentTieringConfiguration with its Id"),
            may("policy", ArgKind::Map, "policy document"),
        ],
        one_of: &[
            "versioning",
            "object_lock",
            "lifecycle",
            "notifications",
            "cors",
            "encryption",
            "ownership",
            "public_access",
            "website",
            "logging",
            "tiering",
            "policy",
        ],
        local_only: false,
        run: |world, args| Box::pin(configure(world, args)),
    },
    Verb {
        name: "s3.versions",
        about: "Lists versions and delete markers, all pages, newest of a key first. $.count, $.versions, $.markers.",
        args: &[BUCKET, may("prefix", ArgKind::Text, "only keys that start so")],
        one_of: &[],
        local_only: false,
        run: |world, args| Box::pin(versions(world, args)),
    },
    Verb {
        name: "s3.report",
        about: "What lies in a bucket by class and tier, and what a month of it would cost. $.classes by name with objects, bytes, monthly_cost.",
        args: &[BUCKET],
        one_of: &[],
        local_only: true,
        run: |world, args| Box::pin(report(world, args)),
    },
];

async fn bucket(world: &mut World, args: Args) -> Result<Outcome, String> {
    let bucket = args.text("bucket")?;
    let mut input = json!({ "Bucket": bucket });
    if args.flag("lock")? {
        input["ObjectLockEnabledForBucket"] = true.into();
    }
    super::texts_into(&args, &mut input, &[("ownership", "ObjectOwnership")])?;
    let made = world.call("s3", "CreateBucket", &input, None).await;
    if made.error.is_some() || !args.flag("versions")? {
        return Ok(made);
    }
    let versions = json!({ "Bucket": bucket, "VersioningConfiguration": { "Status": "Enabled" } });
    match world.value("s3", "PutBucketVersioning", &versions).await {
        Ok(_) => Ok(made),
        Err(fault) => Ok(Outcome::refused(&fault)),
    }
}

async fn configure(world: &mut World, args: Args) -> Result<Outcome, String> {
    let found = SETTINGS.iter().find_map(|(name, operation, member)| Some((*operation, *member, args.value(name)?)));
    let (operation, member, value) = found.ok_or("name the setting")?;
    let mut input = json!({ "Bucket": args.text("bucket")? });
    input[member] = if member == "Policy" { value.to_string().into() } else { value.clone() };
    if operation == "PutBucketIntelligentTieringConfiguration" {
        input["Id"] = value["Id"].clone();
    }
    Ok(world.call("s3", operation, &input, None).await)
}

async fn versions(world: &mut World, args: Args) -> Result<Outcome, String> {
    let mut input = json!({ "Bucket": args.text("bucket")?, "Prefix": args.text_if("prefix")?.unwrap_or_default() });
    let (mut versions, mut markers) = (Vec::<Value>::new(), Vec::<Value>::new());
    loop {
        let page = match world.value("s3", "ListObjectVersions", &input).await {
            Ok(page) => page,
            Err(fault) => return Ok(Outcome::refused(&fault)),
        };
        versions.extend(page["Versions"].as_array().into_iter().flatten().cloned());
        markers.extend(page["DeleteMarkers"].as_array().into_iter().flatten().cloned());
        if page["IsTruncated"] != true {
            return Ok(Outcome::of(json!({ "count": versions.len(), "versions": versions, "markers": markers })));
        }
        (input["KeyMarker"], input["VersionIdMarker"]) = (page["NextKeyMarker"].clone(), page["NextVersionIdMarker"].clone());
    }
}

async fn report(world: &mut World, args: Args) -> Result<Outcome, String> {
    let bucket = args.text("bucket")?;
    let target = format!("/_windtunnel/s3/report?bucket={bucket}");
    let answer = crate::scenario::http_client::get(&world.emulator, &target).await?;
    let value: Value = serde_json::from_slice(&answer).map_err(|e| format!("the report can't be read: {e}"))?;
    match value["buckets"].get(0) {
        Some(bucket) => Ok(Outcome::of(bucket.clone())),
        None => Err(format!("no report of {bucket}: {}", value["error"].as_str().unwrap_or("it is not known"))),
    }
}
