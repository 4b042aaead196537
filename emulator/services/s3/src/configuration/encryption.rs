//! Default encryption: S3's own keys (AES256), which every object has anyway. Keys of KMS are refused by name.

use crate::{S3, errors, model::*, objects::refuse, state};
use kit::{Context, Fault};

impl S3 {
    /// Sets the default encryption.
    pub async fn put_bucket_encryption(&self, cx: &Context, input: PutBucketEncryptionInput) -> Result<PutBucketEncryptionOutput, Fault> {
        let mut configuration = input.server_side_encryption_configuration;
        let [rule] = &mut configuration.rules[..] else { return Err(errors::malformed_xml()) };
        let Some(default) = &rule.apply_server_side_encryption_by_default else { return Err(errors::malformed_xml()) };
        refuse::encryption(Some(&default.sse_algorithm))?;
        if default.kms_master_key_id.is_some() {
            let sentence = "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse";
            return Err(errors::invalid_argument(sentence, "ApplyServerSideEncryptionByDefault", "null"));
        }
        rule.bucket_key_enabled = Some(rule.bucket_key_enabled.unwrap_or(false));
        self.configure(cx, &input.bucket, &input.expected_bucket_owner, |bucket| bucket.encryption = Some(configuration)).await?;
        Ok(PutBucketEncryptionOutput {})
    }

    /// The default encryption; AES256 where nothing was set.
    pub async fn get_bucket_encryption(&self, cx: &Context, input: GetBucketEncryptionInput) -> Result<GetBucketEncryptionOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let configuration = found.bucket.encryption.unwrap_or_else(own_keys);
        Ok(GetBucketEncryptionOutput { server_side_encryption_configuration: Some(configuration) })
    }

    /// Goes back to AES256.
    pub async fn delete_bucket_encryption(
        &self,
        cx: &Context,
        input: DeleteBucketEncryptionInput,
    ) -> Result<DeleteBucketEncryptionOutput, Fault> {
        self.configure(cx, &input.bucket, &input.expected_bucket_owner, |bucket| bucket.encryption = None).await?;
        Ok(DeleteBucketEncryptionOutput {})
    }
}

fn own_keys() -> ServerSideEncryptionConfiguration {
    let default = ServerSideEncryptionByDefault { sse_algorithm: "AES256".into(), kms_master_key_id: None };
    let rule = ServerSideEncryptionRule {
        apply_server_side_encryption_by_default: Some(default),
        bucket_key_enabled: Some(false),
        ..ServerSideEncryptionRule::default()
    };
    ServerSideEncryptionConfiguration { rules: vec![rule] }
}
