//! Starting functions, in the words of the Lambda SDK.

use aws_config::SdkConfig;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use serde_json::Value;

use crate::s3;
use crate::store::{Invoke, StoreError};

/// Lambda through the SDK.
#[derive(Debug, Clone)]
pub struct Lambda {
    client: Client,
}

impl Lambda {
    /// A client from the shared configuration.
    pub fn new(shared: &SdkConfig) -> Self {
        Self { client: Client::new(shared) }
    }
}

impl Invoke for Lambda {
    async fn send(&self, function: &str, event: &Value) -> Result<(), StoreError> {
        let request = self.client.invoke().function_name(function).invocation_type(InvocationType::Event);
        let sent = request.payload(Blob::new(event.to_string())).send().await;
        sent.map(drop).map_err(|error| s3::at("Invoke", function.to_owned(), &error))
    }
}
