//! The Lambda function that works through a part of a batch; see the library's `batch`.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use pipeline::batch::{Deadline, PartEvent, child::handle};
use pipeline::config::{PartConfig, environment};
use pipeline::{aws, lambda::Lambda, s3::S3};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = PartConfig::read(&environment)?;
    let shared = aws::shared().await;
    let (store, functions) = (S3::new(aws::s3_client(&shared)), Lambda::new(&shared));
    let (config, store, functions) = (&config, &store, &functions);
    run(service_fn(move |event: LambdaEvent<PartEvent>| async move {
        let time = Deadline(event.context.deadline);
        handle(event.payload, config, store, functions, &time).await
    }))
    .await
}
