//! The lifecycle configuration, checked rule by rule.

use super::day_of;
use crate::{
    S3, errors,
    model::*,
    state::{self, BUCKETS},
};
use kit::{Context, Fault, store::NewTask};

const MOST_RULES: usize = 1000;
const DEFAULT_MINIMUM: &str = "all_storage_classes_128K";

impl S3 {
    /// Replaces the rules. They count for what is there already, too: its days of expiry are found anew.
    pub async fn put_bucket_lifecycle_configuration(
        &self,
        cx: &Context,
        input: PutBucketLifecycleConfigurationInput,
    ) -> Result<PutBucketLifecycleConfigurationOutput, Fault> {
        let mut configuration = input.lifecycle_configuration.ok_or_else(errors::malformed_xml)?;
        let minimum = input.transition_default_minimum_object_size.unwrap_or_else(|| DEFAULT_MINIMUM.into());
        if ![DEFAULT_MINIMUM, "varies_by_storage_class"].contains(&&*minimum) {
            return Err(errors::invalid_request(format!("Invalid TransitionDefaultMinimumObjectSize found: {minimum}")));
        }
        if configuration.rules.is_empty() || configuration.rules.len() > MOST_RULES {
            return Err(errors::malformed_xml());
        }
        configuration.rules.iter().try_for_each(check_rule)?;
        for rule in &mut configuration.rules {
            rule.id.get_or_insert_with(|| cx.ids().lower(48));
        }
        check_ids(&configuration.rules)?;
        let told = minimum.clone();
        change(cx, &input.bucket, &input.expected_bucket_owner, |bucket| {
            bucket.lifecycle = Some(configuration);
            bucket.transition_minimum = Some(minimum);
        })
        .await?;
        Ok(PutBucketLifecycleConfigurationOutput { transition_default_minimum_object_size: Some(told) })
    }

    /// The rules; having none is an error.
    pub async fn get_bucket_lifecycle_configuration(
        &self,
        cx: &Context,
        input: GetBucketLifecycleConfigurationInput,
    ) -> Result<GetBucketLifecycleConfigurationOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        match found.bucket.lifecycle {
            Some(configuration) => Ok(GetBucketLifecycleConfigurationOutput {
                rules: Some(configuration.rules),
                transition_default_minimum_object_size: found.bucket.transition_minimum,
            }),
            None => {
                let sentence = "The lifecycle configuration does not exist";
                Err(Fault::new("NoSuchLifecycleConfiguration", 404, sentence).with("BucketName", found.name))
            }
        }
    }

    /// Takes the rules away; nothing expires any more.
    pub async fn delete_bucket_lifecycle(
        &self,
        cx: &Context,
        input: DeleteBucketLifecycleInput,
    ) -> Result<DeleteBucketLifecycleOutput, Fault> {
        change(cx, &input.bucket, &input.expected_bucket_owner, |bucket| {
            bucket.lifecycle = None;
            bucket.transition_minimum = None;
        })
        .await?;
        Ok(DeleteBucketLifecycleOutput {})
    }
}

/// Changes the rules and has the index of days made anew.
async fn change(cx: &Context, name: &str, owner: &Option<String>, change: impl FnOnce(&mut state::Bucket)) -> Result<(), Fault> {
    cx.store()
        .write(|tx| {
            let mut found = state::find(tx, name)?;
            state::expect_owner(&found, owner)?;
            change(&mut found.bucket);
            tx.put(&BUCKETS, &found.scope, &found.name, &found.bucket)?;
            tx.task(NewTask::new(&found.scope, "s3", "reindex", &found.name).key(found.name.clone()).cause(cx.cause()));
            Ok(())
        })
        .await
}

fn check_ids(rules: &[LifecycleRule]) -> Result<(), Fault> {
    for (index, rule) in rules.iter().enumerate() {
        let id = rule.id.as_deref().unwrap_or_default();
        if id.chars().count() > 255 {
            return Err(errors::invalid_argument("ID length should not exceed allowed limit of 255", "ID", id));
        }
        if rules[..index].iter().any(|other| other.id.as_deref() == Some(id)) {
            return Err(errors::invalid_argument("Rule ID must be unique. Found same ID for more than one rule", "ID", id));
        }
    }
    Ok(())
}

fn check_rule(rule: &LifecycleRule) -> Result<(), Fault> {
    if rule.status.is_none() || rule.filter.is_some() == rule.prefix.is_some() {
        return Err(errors::malformed_xml());
    }
    rule.filter.as_ref().map_or(Ok(()), check_filter)?;
    let nothing = rule.expiration.is_none()
        && rule.transitions.as_ref().is_none_or(Vec::is_empty)
        && rule.noncurrent_version_transitions.as_ref().is_none_or(Vec::is_empty)
        && rule.noncurrent_version_expiration.is_none()
        && rule.abort_incomplete_multipart_upload.is_none();
    if nothing {
        return Err(errors::invalid_request("At least one action needs to be specified in a rule."));
    }
    let tagged =
        rule.filter.as_ref().is_some_and(|filter| filter.tag.is_some() || filter.and.as_ref().is_some_and(|and| and.tags.is_some()));
    if let Some(expiration) = &rule.expiration {
        check_expiration(expiration, tagged)?;
    }
    if let Some(abort) = &rule.abort_incomplete_multipart_upload {
        if tagged {
            return Err(errors::invalid_request("AbortIncompleteMultipartUpload cannot be specified with Tags."));
        }
        check_days(
            abort.days_after_initiation,
            "'DaysAfterInitiation' for AbortIncompleteMultipartUpload action must be a positive integer",
        )?;
    }
    if let Some(expiration) = &rule.noncurrent_version_expiration {
        check_days(expiration.noncurrent_days, "'NoncurrentDays' for NoncurrentVersionExpiration action must be a positive integer")?;
    }
    for transition in rule.transitions.iter().flatten() {
        check_class(transition.storage_class.as_deref())?;
        match (transition.days, transition.date) {
            (Some(days), None) if days < 0 => {
                return Err(invalid("'Days' in Transition action must be nonnegative"));
            }
            (Some(_), None) => {}
            (None, Some(date)) => check_date(date)?,
            _ => return Err(errors::malformed_xml()),
        }
    }
    rule.noncurrent_version_transitions.iter().flatten().try_for_each(|transition| check_class(transition.storage_class.as_deref()))
}

fn invalid(sentence: &str) -> Fault {
    Fault::new("InvalidArgument", 400, sentence)
}

fn check_days(days: Option<i32>, sentence: &str) -> Result<(), Fault> {
    match days {
        Some(days) if days > 0 => Ok(()),
        Some(_) => Err(invalid(sentence)),
        None => Err(errors::malformed_xml()),
    }
}

/// Archives can't be read without being restored, which is not built.
fn check_class(class: Option<&str>) -> Result<(), Fault> {
    match class {
        Some("STANDARD_IA" | "ONEZONE_IA" | "INTELLIGENT_TIERING" | "GLACIER_IR") => Ok(()),
        Some(archive @ ("GLACIER" | "DEEP_ARCHIVE")) => Err(errors::not_built(&format!("lifecycle transitions to {archive}"))),
        _ => Err(errors::malformed_xml()),
    }
}

fn check_filter(filter: &LifecycleRuleFilter) -> Result<(), Fault> {
    let said = [
        filter.prefix.is_some(),
        filter.tag.is_some(),
        filter.object_size_greater_than.is_some(),
        filter.object_size_less_than.is_some(),
        filter.and.is_some(),
    ];
    if said.iter().filter(|one| **one).count() > 1 {
        return Err(errors::malformed_xml());
    }
    let Some(and) = &filter.and else { return Ok(()) };
    let tags: &[Tag] = and.tags.as_deref().unwrap_or_default();
    for (index, tag) in tags.iter().enumerate() {
        if tags[..index].iter().any(|other| other.key == tag.key) {
            return Err(errors::invalid_request("Duplicate Tag Keys are not allowed."));
        }
    }
    let parts = usize::from(and.prefix.is_some())
        + tags.len()
        + usize::from(and.object_size_greater_than.is_some())
        + usize::from(and.object_size_less_than.is_some());
    if parts < 2 {
        return Err(errors::malformed_xml());
    }
    match (and.object_size_greater_than, and.object_size_less_than) {
        (Some(greater), Some(less)) if less <= greater => {
            Err(errors::invalid_request("'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'."))
        }
        _ => Ok(()),
    }
}

fn check_expiration(expiration: &LifecycleExpiration, tagged: bool) -> Result<(), Fault> {
    let said = [expiration.days.is_some(), expiration.date.is_some(), expiration.expired_object_delete_marker.is_some()];
    if said.iter().filter(|one| **one).count() != 1 {
        return Err(errors::malformed_xml());
    }
    if expiration.expired_object_delete_marker.is_some() && tagged {
        return Err(errors::invalid_request("ExpiredObjectDeleteMarker cannot be specified with Tags."));
    }
    match (expiration.days, expiration.date) {
        (Some(days), _) if days <= 0 => Err(invalid("'Days' for Expiration action must be a positive integer")),
        (_, Some(date)) => check_date(date),
        _ => Ok(()),
    }
}

fn check_date(date: kit::Timestamp) -> Result<(), Fault> {
    match super::midnight(day_of(date)) == date {
        true => Ok(()),
        false => Err(errors::invalid_argument("'Date' must be at midnight GMT", "Date", &kit::time::iso_millis(date))),
    }
}
