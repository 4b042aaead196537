//! The Lambda function that runs once a day; see the library's `aggregates`.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use pipeline::aggregates::handle;
use pipeline::config::{AggregateConfig, environment};
use pipeline::{aws, s3::S3};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = AggregateConfig::read(&environment)?;
    let store = S3::new(aws::s3_client(&aws::shared().await));
    let (config, store) = (&config, &store);
    run(service_fn(move |event: LambdaEvent<Value>| handle(event.payload, config, store))).await
}
