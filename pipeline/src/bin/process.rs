//! The Lambda function that runs on every upload; see the library's `process`.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use pipeline::config::{ProcessConfig, environment};
use pipeline::process::handle;
use pipeline::{aws, s3::S3};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = ProcessConfig::read(&environment)?;
    let store = S3::new(aws::s3_client(&aws::shared().await));
    let (config, store) = (&config, &store);
    run(service_fn(move |event: LambdaEvent<Value>| handle(event.payload, config, store))).await
}
