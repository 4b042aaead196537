//! Ownership controls: whether access control lists exist at all.

use crate::{S3, acl::Given, errors, model::*, state};
use kit::{Context, Fault};

impl S3 {
    /// Sets who owns new objects.
    pub async fn put_bucket_ownership_controls(
        &self,
        cx: &Context,
        input: PutBucketOwnershipControlsInput,
    ) -> Result<PutBucketOwnershipControlsOutput, Fault> {
        let [OwnershipControlsRule { object_ownership: ownership }] = &input.ownership_controls.rules[..] else {
            return Err(errors::malformed_xml());
        };
        if !["BucketOwnerPreferred", "ObjectWriter", "BucketOwnerEnforced"].contains(&&**ownership) {
            return Err(errors::malformed_xml());
        }
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let own = [Given::full_control(&found.scope.account)];
        if ownership == "BucketOwnerEnforced" && found.bucket.acl.as_ref().is_some_and(|acl| acl[..] != own) {
            let sentence = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting";
            return Err(Fault::new("InvalidBucketAclWithObjectOwnership", 400, sentence));
        }
        self.configure(cx, &found.name, &None, |bucket| bucket.ownership = Some(ownership.clone())).await?;
        Ok(PutBucketOwnershipControlsOutput {})
    }

    /// Who owns new objects.
    pub async fn get_bucket_ownership_controls(
        &self,
        cx: &Context,
        input: GetBucketOwnershipControlsInput,
    ) -> Result<GetBucketOwnershipControlsOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let Some(ownership) = found.bucket.ownership.clone() else {
            let sentence = "The bucket ownership controls were not found";
            return Err(Fault::new("OwnershipControlsNotFoundError", 404, sentence).with("BucketName", found.name));
        };
        let rules = vec![OwnershipControlsRule { object_ownership: ownership }];
        Ok(GetBucketOwnershipControlsOutput { ownership_controls: Some(OwnershipControls { rules }) })
    }

    /// Takes the controls away.
    pub async fn delete_bucket_ownership_controls(
        &self,
        cx: &Context,
        input: DeleteBucketOwnershipControlsInput,
    ) -> Result<DeleteBucketOwnershipControlsOutput, Fault> {
        self.configure(cx, &input.bucket, &input.expected_bucket_owner, |bucket| bucket.ownership = None).await?;
        Ok(DeleteBucketOwnershipControlsOutput {})
    }
}
