//! The Lambda function behind a user's own pictures; see the library's `images`.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use pipeline::api_event::ApiRequest;
use pipeline::config::{ImagesConfig, environment};
use pipeline::images::handle;
use pipeline::{aws, s3::S3};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = ImagesConfig::read(&environment)?;
    let store = S3::new(aws::s3_client(&aws::shared().await));
    let (config, store) = (&config, &store);
    run(service_fn(move |event: LambdaEvent<ApiRequest>| async move { Ok::<_, Error>(handle(&event.payload, config, store).await) })).await
}
