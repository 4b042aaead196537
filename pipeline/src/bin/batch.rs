//! The Lambda function that parts batches; see the library's `batch`.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use pipeline::batch::{Deadline, parent::handle};
use pipeline::config::{BatchConfig, environment};
use pipeline::{aws, lambda::Lambda, s3::S3};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = BatchConfig::read(&environment)?;
    let shared = aws::shared().await;
    let (store, functions) = (S3::new(aws::s3_client(&shared)), Lambda::new(&shared));
    let (config, store, functions) = (&config, &store, &functions);
    run(service_fn(move |event: LambdaEvent<Value>| async move {
        let time = Deadline(event.context.deadline);
        handle(event.payload, config, store, functions, &time).await
    }))
    .await
}
