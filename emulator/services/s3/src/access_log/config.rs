//! The logging configuration: the target must be the owner's own bucket of the same region.

use super::Target;
use crate::{
    S3,
    acl::{Given, groups},
    errors,
    model::*,
    state::{self, BUCKETS, Found, LOGGED},
};
use kit::{Context, Fault, Scope};

impl S3 {
    /// Sets where requests to the bucket are logged; an empty status switches logging off.
    pub async fn put_bucket_logging(&self, cx: &Context, input: PutBucketLoggingInput) -> Result<PutBucketLoggingOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let logging = input.bucket_logging_status.logging_enabled;
        if let Some(logging) = &logging {
            check(cx, &found, logging)?;
        }
        cx.store()
            .write(|tx| {
                let mut found = state::find(tx, &found.name)?;
                match &logging {
                    Some(_) => tx.put(&LOGGED, &Scope::new("", ""), &found.name, &true)?,
                    // Lines of requests that were made before are still delivered, to the target that was named then.
                    None => drop(tx.delete(&LOGGED, &Scope::new("", ""), &found.name)?),
                }
                std::sync::Arc::make_mut(&mut found.bucket).logging = logging;
                tx.put(&BUCKETS, &found.scope, &found.name, &found.bucket)
            })
            .await?;
        Ok(PutBucketLoggingOutput {})
    }

    /// Where requests to the bucket are logged; empty when they are not.
    pub async fn get_bucket_logging(&self, cx: &Context, input: GetBucketLoggingInput) -> Result<GetBucketLoggingOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        Ok(GetBucketLoggingOutput { logging_enabled: found.bucket.logging.clone() })
    }
}

/// Where the lines of a bucket go, if it is logged.
pub(super) fn target_of(found: &Found) -> Option<Target> {
    let logging = found.bucket.logging.as_ref()?;
    let partitioned = logging.target_object_key_format.as_ref().and_then(|format| format.partitioned_prefix.as_ref());
    let grants = logging.target_grants.iter().flatten().filter_map(|grant| {
        // Permissions that mean nothing for a log are kept in the configuration, as recorded, and give nobody anything.
        let permission = grant.permission.as_deref().and_then(Permission::parse)?;
        Some(Given { who: groups::grantee(grant.grantee.as_ref()?).ok()?, permission })
    });
    Some(Target {
        bucket: logging.target_bucket.clone(),
        prefix: logging.target_prefix.clone(),
        partitioned: partitioned.map(|p| p.partition_date_source.unwrap_or(PartitionDateSource::DeliveryTime).to_string()),
        grants: grants.collect(),
    })
}

fn check(cx: &Context, found: &Found, logging: &LoggingEnabled) -> Result<(), Fault> {
    let invalid =
        |sentence: &str| Fault::new("InvalidTargetBucketForLogging", 400, sentence).with("TargetBucket", logging.target_bucket.clone());
    let target =
        cx.store().read(|s| state::find(s, &logging.target_bucket)).map_err(|_| invalid("The target bucket for logging does not exist"))?;
    if target.scope.account != found.scope.account {
        return Err(invalid("The owner for the bucket to be logged and the target bucket must be the same."));
    }
    if target.bucket.region != found.bucket.region {
        // Recorded: the source is named unless it is in us-east-1; the blank at the sentence's end is AWS's own.
        let fault = Fault::new("CrossLocationLoggingProhibitted", 403, "Cross S3 location logging not allowed. ");
        let fault = match &*found.bucket.region {
            "us-east-1" => fault,
            region => fault.with("SourceBucketLocation", region),
        };
        return Err(fault.with("TargetBucketLocation", target.bucket.region.clone()));
    }
    for grant in logging.target_grants.iter().flatten() {
        let Some(grantee) = &grant.grantee else { return Err(errors::malformed_xml()) };
        groups::grantee(grantee)?;
    }
    let format = logging.target_object_key_format.as_ref();
    match format.is_some_and(|format| format.simple_prefix.is_some() == format.partitioned_prefix.is_some()) {
        true => Err(errors::malformed_xml()),
        false => Ok(()),
    }
}
