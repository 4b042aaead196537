//! Invoking a function by the AWS SDK, and reading from its answers what kind of failure one is. The SDK's own retries are off: how often and when
//! to try again is the partition's business, which waits as a whole.

use crate::{
    config::{Aws, Config, Invocation, Route},
    policy::Class,
};
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_lambda::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    primitives::Blob,
    types::InvocationType,
};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_types::{error::display::DisplayErrorContext, retry::RetryConfig, timeout::TimeoutConfig};
use serde_json::Value;
use std::time::Duration;

/// Text of an error that is kept, characters.
const MESSAGE_MAX: usize = 500;

/// Why an invocation was not accepted.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// What kind.
    pub class: Class,
    /// The error's code, or the function's error type.
    pub code: String,
    /// What it says.
    pub message: String,
    /// Retry-After.
    pub after: Option<Duration>,
}

impl Failure {
    /// One that Lambda didn't have to be asked about.
    pub fn new(class: Class, code: &str, message: impl Into<String>) -> Failure {
        Failure { class, code: code.to_owned(), message: message.into().chars().take(MESSAGE_MAX).collect(), after: None }
    }
}

/// The SDK's configuration: region, credentials and endpoint by its own chain, unless the file says otherwise.
pub async fn shared(aws: &Aws) -> SdkConfig {
    let http = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(http).retry_config(RetryConfig::disabled());
    if let Some(region) = &aws.region {
        loader = loader.region(aws_config::Region::new(region.clone()));
    }
    if let Some(profile) = &aws.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(endpoint) = &aws.endpoint_url {
        loader = loader.endpoint_url(endpoint);
    }
    loader.load().await
}

/// The functions of all routes.
pub struct Invoker {
    targets: Vec<(Client, String, Invocation)>,
}

impl Invoker {
    /// One client for each route, for each has a time-out of its own.
    pub fn new(shared: &SdkConfig, config: &Config) -> Invoker {
        let target = |route: &Route| (client(shared, route), route.function.clone(), route.invocation);
        Invoker { targets: config.routes.iter().map(target).collect() }
    }

    /// Name of a route's function, as it is configured.
    pub fn function(&self, route: usize) -> &str {
        &self.targets[route].1
    }

    /// Invokes the function of a route; well is when Lambda has accepted the event (202), or the function has run without error.
    pub async fn invoke(&self, route: usize, payload: Vec<u8>) -> Result<(), Failure> {
        let (client, function, invocation) = &self.targets[route];
        let (kind, status) = match invocation {
            Invocation::Event => (InvocationType::Event, 202),
            Invocation::RequestResponse => (InvocationType::RequestResponse, 200),
        };
        let sent = client.invoke().function_name(function).invocation_type(kind).payload(Blob::new(payload)).send().await;
        let answer = sent.map_err(|error| failure(&error))?;
        if let Some(kind) = answer.function_error() {
            let payload = answer.payload().map(|blob| blob.as_ref()).unwrap_or_default();
            let error: Value = serde_json::from_slice(payload).unwrap_or_default();
            let text = |name: &str| error[name].as_str().map(str::to_owned);
            return Err(Failure::new(
                Class::Function,
                &text("errorType").unwrap_or(kind.to_owned()),
                text("errorMessage").unwrap_or_default(),
            ));
        }
        match answer.status_code() == status {
            true => Ok(()),
            // Nothing but the right status is an acceptance; whatever stands between us and Lambda may answer anything.
            false => Err(Failure::new(Class::Unavailable, "UnexpectedStatus", format!("Invoke answered {}", answer.status_code()))),
        }
    }

    /// Whether the function is there and may be invoked, without running it.
    pub async fn try_out(&self, route: usize) -> Result<(), Failure> {
        let (client, function, _) = &self.targets[route];
        let sent = client.invoke().function_name(function).invocation_type(InvocationType::DryRun).send().await;
        sent.map(drop).map_err(|error| failure(&error))
    }
}

fn client(shared: &SdkConfig, route: &Route) -> Client {
    let whole = Duration::from_millis(route.timeout_ms());
    let timeouts = TimeoutConfig::builder().operation_timeout(whole).read_timeout(whole).connect_timeout(whole.min(Duration::from_secs(5)));
    let config = aws_sdk_lambda::config::Builder::from(shared).timeout_config(timeouts.build()).retry_config(RetryConfig::disabled());
    Client::from_conf(config.build())
}

fn failure<E: ProvideErrorMetadata + std::error::Error + 'static>(
    error: &SdkError<E, aws_sdk_lambda::config::http::HttpResponse>,
) -> Failure {
    let SdkError::ServiceError(service) = error else {
        return Failure::new(Class::Unavailable, "NoAnswer", DisplayErrorContext(error).to_string());
    };
    let code = service.err().code().unwrap_or("Unknown");
    let status = service.raw().status().as_u16();
    let message = service.err().message().map_or(format!("Invoke answered {status}"), str::to_owned);
    let after = service.raw().headers().get("retry-after").and_then(|secs| secs.parse().ok()).map(Duration::from_secs);
    Failure { after, ..Failure::new(class(status, code), code, message) }
}

/// The class of an answer; statuses and codes as in Lambda's API reference, Invoke.
pub fn class(status: u16, code: &str) -> Class {
    match (status, code) {
        (429, _) => Class::Throttled,
        // The function is being made or changed; credentials have run out and come anew.
        (409, _) | (_, "ExpiredTokenException" | "ExpiredToken" | "RequestExpired" | "RequestTimeout") => Class::Unavailable,
        (408 | 500.., _) => Class::Unavailable,
        (404, _) => Class::Missing,
        (401 | 403, _) => Class::Denied,
        (413, _) | (_, "RequestTooLargeException" | "RequestEntityTooLargeException") => Class::TooLarge,
        _ => Class::Rejected,
    }
}
