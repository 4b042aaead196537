//! Inventory configurations, checked, kept and put on the clock.

use super::report;
use crate::{S3, configuration::listed, errors, model::*, state};
use kit::{Arn, Context, Fault};

pub(super) const KIND: &str = "inventory";

impl S3 {
    /// Keeps a configuration under its id.
    pub async fn put_bucket_inventory_configuration(
        &self,
        cx: &Context,
        input: PutBucketInventoryConfigurationInput,
    ) -> Result<PutBucketInventoryConfigurationOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let configuration = &input.inventory_configuration;
        check(&input.id, configuration)?;
        cx.store()
            .write(|tx| {
                let found = state::find(tx, &found.name)?;
                listed::put(tx, &found, KIND, &input.id, configuration)?;
                report::schedule(tx, cx, &found, configuration);
                Ok(())
            })
            .await?;
        Ok(PutBucketInventoryConfigurationOutput {})
    }

    /// The configuration of an id.
    pub async fn get_bucket_inventory_configuration(
        &self,
        cx: &Context,
        input: GetBucketInventoryConfigurationInput,
    ) -> Result<GetBucketInventoryConfigurationOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let configuration = cx.store().read(|s| listed::get(s, &found, KIND, &input.id))?;
        Ok(GetBucketInventoryConfigurationOutput { inventory_configuration: Some(configuration) })
    }

    /// Takes the configuration of an id away.
    pub async fn delete_bucket_inventory_configuration(
        &self,
        cx: &Context,
        input: DeleteBucketInventoryConfigurationInput,
    ) -> Result<DeleteBucketInventoryConfigurationOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        listed::remove(cx, &found, KIND, &input.id).await?;
        Ok(DeleteBucketInventoryConfigurationOutput {})
    }

    /// Configurations by id, a hundred a page.
    pub async fn list_bucket_inventory_configurations(
        &self,
        cx: &Context,
        input: ListBucketInventoryConfigurationsInput,
    ) -> Result<ListBucketInventoryConfigurationsOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let page = listed::list(cx, &found, KIND, input.continuation_token.as_deref())?;
        Ok(ListBucketInventoryConfigurationsOutput {
            is_truncated: Some(page.next.is_some()),
            continuation_token: input.continuation_token,
            next_continuation_token: page.next,
            inventory_configuration_list: page.items,
        })
    }
}

/// The name of the bucket in an ARN of one.
pub(super) fn bucket_of(arn: &str) -> Option<&str> {
    Arn::parse(arn).filter(|arn| arn.service == "s3" && arn.region.is_empty() && !arn.resource.contains('/')).map(|arn| arn.resource)
}

fn check(id: &str, configuration: &InventoryConfiguration) -> Result<(), Fault> {
    if configuration.id != id {
        return Err(Fault::new("IdMismatch", 400, "Document ID does not match the specified configuration ID."));
    }
    listed::check_id(id)?;
    let (Some(destination), Some(_), Some(schedule)) =
        (&configuration.destination, configuration.included_object_versions, &configuration.schedule)
    else {
        return Err(errors::malformed_xml());
    };
    let Some(target) = &destination.s3_bucket_destination else { return Err(errors::malformed_xml()) };
    if schedule.frequency.is_none() || target.format.is_none() {
        return Err(errors::malformed_xml());
    }
    if bucket_of(&target.bucket).is_none() {
        return Err(Fault::new("InvalidS3DestinationBucket", 400, "Invalid bucket ARN."));
    }
    if target.format == Some(InventoryFormat::Parquet) {
        return Err(errors::not_built("inventories in the format Parquet"));
    }
    match &target.encryption {
        // Either of the two, as the schema has it.
        Some(encryption) if encryption.ssekms.is_some() == encryption.sses3.is_some() => Err(errors::malformed_xml()),
        _ => Ok(()),
    }
}
