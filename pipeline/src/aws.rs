//! The way to AWS: clients made from the SDK's own configuration, and what the `main`s share.
//!
//! No endpoint stands in code. Where AWS_ENDPOINT_URL or AWS_ENDPOINT_URL_S3 names a host that can't have subdomains, buckets
//! go into the path; everything else is as the SDK does it.

use std::io::Read;
use std::net::IpAddr;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_s3::Client;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use crate::config::{Lookup, environment};

/// What every client is made from. Credentials and region come from the function's environment.
pub async fn shared() -> SdkConfig {
    let http = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    aws_config::defaults(BehaviorVersion::latest()).http_client(http).load().await
}

/// The S3 client.
pub fn s3_client(shared: &SdkConfig) -> Client {
    let config = aws_sdk_s3::config::Builder::from(shared).force_path_style(needs_path_style(&environment));
    Client::from_conf(config.build())
}

/// Whether S3's endpoint is an address or a name without dots, under which a bucket can't be a subdomain.
pub fn needs_path_style(lookup: Lookup) -> bool {
    if lookup("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return false;
    }
    let Some(endpoint) = lookup("AWS_ENDPOINT_URL_S3").or_else(|| lookup("AWS_ENDPOINT_URL")) else { return false };
    let after_scheme = endpoint.split_once("://").map_or(endpoint.as_str(), |(_, rest)| rest);
    let authority = after_scheme.split('/').next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host.parse::<IpAddr>().is_ok() || !host.contains('.')
}

/// Eight bytes that nobody can guess, from the kernel.
pub fn random() -> std::io::Result<[u8; 8]> {
    let mut bytes = [0; 8];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes)
}
