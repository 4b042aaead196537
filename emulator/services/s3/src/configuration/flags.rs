//! Settings of one word: who pays for requests, and whether transfers are accelerated.

use crate::{S3, errors, model::*, state};
use kit::{Context, Fault};

impl S3 {
    /// Sets who pays: with `Requester`, callers of other accounts must say that they will.
    pub async fn put_bucket_request_payment(
        &self,
        cx: &Context,
        input: PutBucketRequestPaymentInput,
    ) -> Result<PutBucketRequestPaymentOutput, Fault> {
        state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let requester_pays = input.request_payment_configuration.payer == Payer::Requester;
        self.configure(cx, &input.bucket, &None, |bucket| bucket.requester_pays = requester_pays).await?;
        Ok(PutBucketRequestPaymentOutput {})
    }

    /// Who pays.
    pub async fn get_bucket_request_payment(
        &self,
        cx: &Context,
        input: GetBucketRequestPaymentInput,
    ) -> Result<GetBucketRequestPaymentOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let payer = if found.bucket.requester_pays { Payer::Requester } else { Payer::BucketOwner };
        Ok(GetBucketRequestPaymentOutput { payer: Some(payer) })
    }

    /// Keeps the switch; nothing on one machine is further away than the rest.
    pub async fn put_bucket_accelerate_configuration(
        &self,
        cx: &Context,
        input: PutBucketAccelerateConfigurationInput,
    ) -> Result<PutBucketAccelerateConfigurationOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        if found.name.contains('.') {
            let sentence = "S3 Transfer Acceleration is not supported for buckets with periods (.) in their names";
            return Err(errors::invalid_request(sentence));
        }
        let status = input.accelerate_configuration.status.filter(|status| status == "Enabled" || status == "Suspended");
        let Some(status) = status else { return Err(errors::malformed_xml()) };
        self.configure(cx, &found.name, &None, |bucket| bucket.acceleration = Some(status)).await?;
        Ok(PutBucketAccelerateConfigurationOutput {})
    }

    /// The switch; empty when it never was set.
    pub async fn get_bucket_accelerate_configuration(
        &self,
        cx: &Context,
        input: GetBucketAccelerateConfigurationInput,
    ) -> Result<GetBucketAccelerateConfigurationOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        Ok(GetBucketAccelerateConfigurationOutput { status: found.bucket.acceleration.clone(), request_charged: None })
    }
}
