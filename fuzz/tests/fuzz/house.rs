//! A cloud with real services, for targets that stand behind a service or the gateway.

use kit::{ClockMode, Cloud, Timestamp};
use std::{future::Future, sync::Arc};

/// One thread, so that what an input costs can be counted.
pub struct House {
    runtime: tokio::runtime::Runtime,
}

impl House {
    /// A runtime on this thread.
    pub fn new() -> House {
        House { runtime: tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime") }
    }
    /// Runs to the end.
    pub fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }
    /// A fresh cloud at a standing clock.
    pub fn cloud(&self) -> Arc<Cloud> {
        let builder = Cloud::builder().start_at(Timestamp::from_secs(1_800_000_000)).mode(ClockMode::Frozen);
        let builder = builder
            .service(Arc::new(s3::S3::new()))
            .service(Arc::new(sqs::Sqs::new()))
            .service(Arc::new(iam::Iam::new()))
            .service(Arc::new(logs::Logs::new()))
            .service(Arc::new(apigateway::ApiGateway::new()))
            .service(Arc::new(apigatewayv2::ApiGatewayV2::new()))
            .service(Arc::new(cloudformation::CloudFormation::new()));
        self.wait(builder.start()).expect("a cloud")
    }
}
