//! Configuration of AWS's own SDK for an endpoint and credentials: nothing else decides where a call goes.

use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_smithy_http_client::{Builder, tls};

/// A configuration for a local endpoint with static credentials; reads no environment, file or metadata service.
pub fn config(endpoint: &str, key: &str, secret: &str, token: Option<String>) -> SdkConfig {
    let credentials = aws_sdk_sts::config::Credentials::new(key, secret, token, None, "windtunnel");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(kit::DEFAULT_REGION))
        .endpoint_url(endpoint)
        .credentials_provider(aws_sdk_sts::config::SharedCredentialsProvider::new(credentials))
        .http_client(http_client())
        .app_name(AppName::new("windtunnel").expect("a valid name"))
        .build()
}

/// The HTTP client of every SDK client we make: plain for http, rustls with ring for https.
pub fn http_client() -> aws_sdk_sts::config::SharedHttpClient {
    Builder::new().tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring)).build_https()
}
