//! The logging configuration: the target must be the owner's own bucket of the same region.

use crate::{
    S3,
    acl::groups,
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
                found.bucket.logging = logging;
                tx.put(&BUCKETS, &found.scope, &found.name, &found.bucket)
            })
            .await?;
        Ok(PutBucketLoggingOutput {})
    }

    /// Where requests to the bucket are logged; empty when they are not.
    pub async fn get_bucket_logging(&self, cx: &Context, input: GetBucketLoggingInput) -> Result<GetBucketLoggingOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        Ok(GetBucketLoggingOutput { logging_enabled: found.bucket.logging })
    }
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
        return Err(fault.with("TargetBucketLocation", target.bucket.region));
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
