//! Default encryption of a bucket: S3's own keys or a key of KMS, and whether customers' keys may be used at all.

use crate::{S3, errors, model::*, state};
use kit::{Context, Fault};

impl S3 {
    /// Sets the default encryption.
    pub async fn put_bucket_encryption(&self, cx: &Context, input: PutBucketEncryptionInput) -> Result<PutBucketEncryptionOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let mut configuration = input.server_side_encryption_configuration;
        let [rule] = configuration.rules.as_deref_mut().unwrap_or_default() else { return Err(errors::malformed_xml()) };
        match &rule.apply_server_side_encryption_by_default {
            Some(default) => check(default)?,
            // A rule may be there only to block customers' keys.
            None if rule.blocked_encryption_types.is_some() => {
                rule.apply_server_side_encryption_by_default = Some(own_key());
            }
            None => return Err(errors::malformed_xml()),
        }
        rule.bucket_key_enabled = Some(rule.bucket_key_enabled.unwrap_or(false));
        self.configure(cx, &found.name, &None, |bucket| bucket.encryption = Some(configuration)).await?;
        Ok(PutBucketEncryptionOutput {})
    }

    /// The default encryption; AES256 where nothing was set.
    pub async fn get_bucket_encryption(&self, cx: &Context, input: GetBucketEncryptionInput) -> Result<GetBucketEncryptionOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let configuration = found.bucket.encryption.clone().unwrap_or_else(own_keys);
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

/// The key itself is not looked up, as on AWS: a wrong one is told when an object is written.
fn check(default: &ServerSideEncryptionByDefault) -> Result<(), Fault> {
    match (&*default.sse_algorithm, &default.kms_master_key_id) {
        ("AES256", Some(_)) => {
            let sentence = "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse";
            Err(Fault::new("InvalidArgument", 400, sentence).with("ArgumentName", "ApplyServerSideEncryptionByDefault"))
        }
        ("AES256" | "aws:kms" | "aws:kms:dsse", _) => Ok(()),
        ("aws:fsx", _) => Err(errors::not_built("server-side encryption aws:fsx")),
        _ => Err(errors::malformed_xml()),
    }
}

fn own_keys() -> ServerSideEncryptionConfiguration {
    let rule = ServerSideEncryptionRule {
        apply_server_side_encryption_by_default: Some(own_key()),
        bucket_key_enabled: Some(false),
        ..ServerSideEncryptionRule::default()
    };
    ServerSideEncryptionConfiguration { rules: Some(vec![rule]) }
}

fn own_key() -> ServerSideEncryptionByDefault {
    ServerSideEncryptionByDefault { sse_algorithm: "AES256".into(), kms_master_key_id: None }
}
