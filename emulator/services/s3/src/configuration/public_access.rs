//! The public access block: whether policies and access control lists may open a bucket to everybody.

use crate::{S3, model::*, state};
use kit::{Context, Fault};

impl S3 {
    /// Sets the four switches; one that isn't named is off.
    pub async fn put_public_access_block(
        &self,
        cx: &Context,
        input: PutPublicAccessBlockInput,
    ) -> Result<PutPublicAccessBlockOutput, Fault> {
        let given = input.public_access_block_configuration;
        let switch = |value: Option<bool>| Some(value.unwrap_or(false));
        let block = PublicAccessBlockConfiguration {
            block_public_acls: switch(given.block_public_acls),
            ignore_public_acls: switch(given.ignore_public_acls),
            block_public_policy: switch(given.block_public_policy),
            restrict_public_buckets: switch(given.restrict_public_buckets),
        };
        self.configure(cx, &input.bucket, &input.expected_bucket_owner, |bucket| bucket.public_access_block = Some(block)).await?;
        Ok(PutPublicAccessBlockOutput {})
    }

    /// The four switches.
    pub async fn get_public_access_block(
        &self,
        cx: &Context,
        input: GetPublicAccessBlockInput,
    ) -> Result<GetPublicAccessBlockOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        match found.bucket.public_access_block.clone() {
            Some(block) => Ok(GetPublicAccessBlockOutput { public_access_block_configuration: Some(block) }),
            None => {
                let sentence = "The public access block configuration was not found";
                Err(Fault::new("NoSuchPublicAccessBlockConfiguration", 404, sentence).with("BucketName", found.name))
            }
        }
    }

    /// Takes the block away.
    pub async fn delete_public_access_block(
        &self,
        cx: &Context,
        input: DeletePublicAccessBlockInput,
    ) -> Result<DeletePublicAccessBlockOutput, Fault> {
        self.configure(cx, &input.bucket, &input.expected_bucket_owner, |bucket| bucket.public_access_block = None).await?;
        Ok(DeletePublicAccessBlockOutput {})
    }
}

/// Whether a new public policy is refused.
pub(crate) fn blocks_policies(bucket: &state::Bucket) -> bool {
    bucket.public_access_block.as_ref().is_some_and(|block| block.block_public_policy == Some(true))
}

/// Whether a public policy counts for the own account and for services only.
pub(crate) fn restricts(bucket: &state::Bucket) -> bool {
    bucket.public_access_block.as_ref().is_some_and(|block| block.restrict_public_buckets == Some(true))
}

/// Whether new public lists are refused.
pub(crate) fn blocks_acls(bucket: &state::Bucket) -> bool {
    bucket.public_access_block.as_ref().is_some_and(|block| block.block_public_acls == Some(true))
}

/// Whether public grants of lists count for nothing.
pub(crate) fn ignores_acls(bucket: &state::Bucket) -> bool {
    bucket.public_access_block.as_ref().is_some_and(|block| block.ignore_public_acls == Some(true))
}
