//! The Lambda function that hands out upload URLs; see the library's `presign`.

// The pipeline runs on AWS: its clock is the system's.
#![allow(clippy::disallowed_methods)]

use std::time::{SystemTime, UNIX_EPOCH};

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use pipeline::api_event::ApiRequest;
use pipeline::config::{PresignConfig, environment};
use pipeline::presign::{Seed, handle};
use pipeline::{aws, s3::S3};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = PresignConfig::read(&environment)?;
    let signer = S3::new(aws::s3_client(&aws::shared().await));
    let (config, signer) = (&config, &signer);
    run(service_fn(move |event: LambdaEvent<ApiRequest>| async move {
        let now_seconds = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let seed = Seed { now_seconds, random: aws::random()? };
        Ok::<_, Error>(handle(&event.payload, config, signer, seed).await)
    }))
    .await
}
