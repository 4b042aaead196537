//! PutObjectLockConfiguration and GetObjectLockConfiguration.

use crate::{
    S3, access, errors,
    model::*,
    state::{self, BUCKETS, Versioning},
};
use kit::{Access, Authorize, Context, Fault};

/// The longest default retention: 100 years, in days.
const MOST_DAYS: i32 = 36_500;
const MOST_YEARS: i32 = 100;

impl Authorize<S3> for PutObjectLockConfigurationInput {
    fn access(&self, _: &S3, cx: &Context) -> Access {
        access::all([access::bucket_need(cx, "s3:PutBucketObjectLockConfiguration", &self.bucket)])
    }
}
impl Authorize<S3> for GetObjectLockConfigurationInput {
    fn access(&self, _: &S3, cx: &Context) -> Access {
        access::all([access::bucket_need(cx, "s3:GetBucketObjectLockConfiguration", &self.bucket)])
    }
}

/// What a bucket begins with that may lock objects.
pub(crate) fn new_configuration() -> ObjectLockConfiguration {
    ObjectLockConfiguration { object_lock_enabled: Some(ObjectLockEnabled::Enabled), rule: None }
}

/// Locked versions have to stay versions.
pub(crate) fn refuse_suspension(bucket: &state::Bucket, wanted: Versioning) -> Result<(), Fault> {
    match bucket.object_lock.is_some() && wanted != Versioning::Enabled {
        true => Err(invalid_state("An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.")),
        false => Ok(()),
    }
}

fn invalid_state(sentence: &str) -> Fault {
    Fault::new("InvalidBucketState", 409, sentence.to_owned())
}

impl S3 {
    /// Lets a bucket lock objects, from now on and for ever, and sets what new ones are locked with.
    pub async fn put_object_lock_configuration(
        &self,
        cx: &Context,
        input: PutObjectLockConfigurationInput,
    ) -> Result<PutObjectLockConfigurationOutput, Fault> {
        errors::needs_digest(cx)?;
        if input.token.is_some() {
            cx.warn("member Token has no effect: object lock is switched on without AWS Support");
        }
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let configuration = input.object_lock_configuration.ok_or_else(errors::malformed_xml)?;
        check(&configuration)?;
        cx.store()
            .write(|tx| {
                let mut found = state::find(tx, &found.name)?;
                if found.bucket.versioning != Versioning::Enabled {
                    return Err(invalid_state("Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration"));
                }
                std::sync::Arc::make_mut(&mut found.bucket).object_lock = Some(configuration);
                tx.put(&BUCKETS, &found.scope, &found.name, &found.bucket)
            })
            .await?;
        Ok(PutObjectLockConfigurationOutput::default())
    }

    /// The configuration; an error where the bucket can't lock.
    pub async fn get_object_lock_configuration(
        &self,
        cx: &Context,
        input: GetObjectLockConfigurationInput,
    ) -> Result<GetObjectLockConfigurationOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        match found.bucket.object_lock.clone() {
            Some(configuration) => Ok(GetObjectLockConfigurationOutput { object_lock_configuration: Some(configuration) }),
            None => {
                Err(Fault::new("ObjectLockConfigurationNotFoundError", 404, "Object Lock configuration does not exist for this bucket")
                    .with("BucketName", found.name))
            }
        }
    }
}

/// Enabled is said; a rule has a mode and either days or years.
fn check(configuration: &ObjectLockConfiguration) -> Result<(), Fault> {
    if configuration.object_lock_enabled.is_none() {
        return Err(errors::malformed_xml());
    }
    let Some(rule) = &configuration.rule else { return Ok(()) };
    let default = rule.default_retention.as_ref().ok_or_else(errors::malformed_xml)?;
    let (period, most) = match (default.days, default.years) {
        (Some(days), None) => (days, MOST_DAYS),
        (None, Some(years)) => (years, MOST_YEARS),
        _ => return Err(errors::malformed_xml()),
    };
    if default.mode.is_none() {
        return Err(errors::malformed_xml());
    }
    // The sentences are from memory; no recording has them.
    match period {
        ..=0 => Err(Fault::new("InvalidRetentionPeriod", 400, "The retention period must be a positive integer value.")),
        period if period > most => Err(Fault::new("InvalidRetentionPeriod", 400, "The retention period is too large.")),
        _ => Ok(()),
    }
}
