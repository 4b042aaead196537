//! The lifecycle configuration: put, given back, taken away.

use super::{change, check, standing};
use crate::{S3, errors, model::*, state};
use kit::{Context, Fault};

const DEFAULT_MINIMUM: &str = "all_storage_classes_128K";

impl S3 {
    /// Replaces the rules. They count for what is there already, too: its days are found anew.
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
        for rule in &mut configuration.rules {
            if rule.id.as_deref().is_none_or(str::is_empty) {
                rule.id = Some(cx.ids().lower(48));
            }
        }
        check::configuration(&configuration)?;
        let told = minimum.clone();
        change(cx, &input.bucket, &input.expected_bucket_owner, |standing| {
            standing.lifecycle = Some(configuration);
            standing.transition_minimum = Some(minimum);
            Ok(())
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
        let standing = cx.store().read(|s| standing(s, &found.scope, &found.name))?;
        match standing.lifecycle {
            Some(configuration) => Ok(GetBucketLifecycleConfigurationOutput {
                rules: Some(configuration.rules),
                transition_default_minimum_object_size: standing.transition_minimum,
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
        change(cx, &input.bucket, &input.expected_bucket_owner, |standing| {
            standing.lifecycle = None;
            standing.transition_minimum = None;
            Ok(())
        })
        .await?;
        Ok(DeleteBucketLifecycleOutput {})
    }
}
