//! Request metrics: for which keys requests are measured (`metrics/requests.rs` measures them).

use super::listed;
use crate::{S3, errors, model::*, state};
use kit::{Context, Fault, Read, Scope};

const KIND: &str = "metrics";

impl S3 {
    /// Keeps a configuration under its id.
    pub async fn put_bucket_metrics_configuration(
        &self,
        cx: &Context,
        input: PutBucketMetricsConfigurationInput,
    ) -> Result<PutBucketMetricsConfigurationOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        check(&input.id, &input.metrics_configuration)?;
        listed::store(cx, &found, KIND, &input.id, &input.metrics_configuration).await?;
        Ok(PutBucketMetricsConfigurationOutput {})
    }

    /// The configuration of an id.
    pub async fn get_bucket_metrics_configuration(
        &self,
        cx: &Context,
        input: GetBucketMetricsConfigurationInput,
    ) -> Result<GetBucketMetricsConfigurationOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let configuration = cx.store().read(|s| listed::get(s, &found, KIND, &input.id))?;
        Ok(GetBucketMetricsConfigurationOutput { metrics_configuration: Some(configuration) })
    }

    /// Takes the configuration of an id away.
    pub async fn delete_bucket_metrics_configuration(
        &self,
        cx: &Context,
        input: DeleteBucketMetricsConfigurationInput,
    ) -> Result<DeleteBucketMetricsConfigurationOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        listed::remove(cx, &found, KIND, &input.id).await?;
        Ok(DeleteBucketMetricsConfigurationOutput {})
    }

    /// Configurations by id, a hundred a page.
    pub async fn list_bucket_metrics_configurations(
        &self,
        cx: &Context,
        input: ListBucketMetricsConfigurationsInput,
    ) -> Result<ListBucketMetricsConfigurationsOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let page = listed::list(cx, &found, KIND, input.continuation_token.as_deref())?;
        Ok(ListBucketMetricsConfigurationsOutput {
            is_truncated: Some(page.next.is_some()),
            continuation_token: input.continuation_token,
            next_continuation_token: page.next,
            metrics_configuration_list: page.items,
        })
    }
}

fn check(id: &str, configuration: &MetricsConfiguration) -> Result<(), Fault> {
    if configuration.id != id {
        return Err(errors::malformed_xml());
    }
    listed::check_id(id)?;
    let Some(filter) = &configuration.filter else { return Ok(()) };
    if filter.access_point_arn.is_some() || filter.and.as_ref().is_some_and(|and| and.access_point_arn.is_some()) {
        return Err(errors::not_built("access points"));
    }
    let given = [filter.prefix.is_some(), filter.tag.is_some(), filter.and.is_some()].into_iter().filter(|set| *set).count();
    if given == 1 { Ok(()) } else { Err(errors::malformed_xml()) }
}

/// The metrics configurations of a bucket of an account; mostly none.
pub(crate) fn of(read: &impl Read, scope: &Scope, bucket: &str) -> Result<Vec<MetricsConfiguration>, Fault> {
    listed::all(read, scope, bucket, KIND)
}
