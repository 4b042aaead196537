//! Storage class analysis: configurations are checked, kept and given back. Nothing is analysed.

use super::listed;
use crate::{S3, errors, model::*, state};
use kit::{Arn, Context, Fault};

const KIND: &str = "analytics";

impl S3 {
    /// Keeps a configuration under its id.
    pub async fn put_bucket_analytics_configuration(
        &self,
        cx: &Context,
        input: PutBucketAnalyticsConfigurationInput,
    ) -> Result<PutBucketAnalyticsConfigurationOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        check(&input.id, &input.analytics_configuration)?;
        listed::store(cx, &found, KIND, &input.id, &input.analytics_configuration).await?;
        Ok(PutBucketAnalyticsConfigurationOutput {})
    }

    /// The configuration of an id.
    pub async fn get_bucket_analytics_configuration(
        &self,
        cx: &Context,
        input: GetBucketAnalyticsConfigurationInput,
    ) -> Result<GetBucketAnalyticsConfigurationOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let configuration = cx.store().read(|s| listed::get(s, &found, KIND, &input.id))?;
        Ok(GetBucketAnalyticsConfigurationOutput { analytics_configuration: Some(configuration) })
    }

    /// Takes the configuration of an id away.
    pub async fn delete_bucket_analytics_configuration(
        &self,
        cx: &Context,
        input: DeleteBucketAnalyticsConfigurationInput,
    ) -> Result<DeleteBucketAnalyticsConfigurationOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        listed::remove(cx, &found, KIND, &input.id).await?;
        Ok(DeleteBucketAnalyticsConfigurationOutput {})
    }

    /// Configurations by id, a hundred a page.
    pub async fn list_bucket_analytics_configurations(
        &self,
        cx: &Context,
        input: ListBucketAnalyticsConfigurationsInput,
    ) -> Result<ListBucketAnalyticsConfigurationsOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let page = listed::list(cx, &found, KIND, input.continuation_token.as_deref())?;
        Ok(ListBucketAnalyticsConfigurationsOutput {
            is_truncated: Some(page.next.is_some()),
            continuation_token: input.continuation_token,
            next_continuation_token: page.next,
            analytics_configuration_list: page.items,
        })
    }
}

fn check(id: &str, configuration: &AnalyticsConfiguration) -> Result<(), Fault> {
    // Recorded: unlike inventories, an id that differs is a document that breaks the schema.
    if configuration.id != id {
        return Err(errors::malformed_xml());
    }
    listed::check_id(id)?;
    if let Some(filter) = &configuration.filter {
        let given = [filter.prefix.is_some(), filter.tag.is_some(), filter.and.is_some()].into_iter().filter(|set| *set).count();
        if given != 1 {
            return Err(errors::malformed_xml());
        }
    }
    let Some(analysis) = &configuration.storage_class_analysis else { return Err(errors::malformed_xml()) };
    if let Some(export) = &analysis.data_export {
        let target = export.destination.as_ref().and_then(|destination| destination.s3_bucket_destination.as_ref());
        let Some(target) = target else { return Err(errors::malformed_xml()) };
        let named = Arn::parse(&target.bucket).is_some_and(|arn| arn.service == "s3" && !arn.resource.contains('/'));
        if !named {
            return Err(Fault::new("InvalidS3DestinationBucket", 400, "Invalid bucket ARN."));
        }
    }
    Ok(())
}
