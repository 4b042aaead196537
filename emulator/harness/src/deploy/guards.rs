//! What stands between a command and somebody's account: where a local deployment may go, and what must hold before AWS is touched.

use super::{DeployError, Plan, targets::Allowed};
use crate::sdk;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use std::collections::BTreeMap;

/// Tag of a stack: the run that made it, for `windtunnel destroy --run-id`.
pub const RUN_ID: &str = "windtunnel:run-id";
/// Tag of a stack: when it may be taken down.
pub const TTL: &str = "windtunnel:ttl";
/// Variable that holds the stack's name where nobody can type it.
pub const CONFIRM: &str = "WINDTUNNEL_CONFIRM";

/// A target that leads to a local cloud and nowhere else: no environment, file or metadata service is read.
/// Errors: an endpoint that is not this machine's.
pub fn local(endpoint: &str) -> Result<SdkConfig, DeployError> {
    let uri: http::Uri = endpoint.parse().map_err(|e| DeployError::Guard(format!("{endpoint} is no URL: {e}")))?;
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let loopback = host == "localhost" || host.ends_with(".localhost") || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    match loopback && uri.scheme_str() == Some("http") {
        true => Ok(sdk::config(endpoint, "test", "test", None)),
        false => Err(DeployError::Guard(format!("target local is this machine (http://127.0.0.1:PORT); {endpoint} is not"))),
    }
}

/// A target on AWS, with the user's own credentials, in the region of the allow list. `endpoint` is a stand-in for tests.
/// Errors are guards: the environment leads elsewhere, or the credentials are of another account.
pub async fn aws(allowed: &Allowed, endpoint: Option<&str>) -> Result<SdkConfig, DeployError> {
    let elsewhere = std::env::vars().find(|(key, value)| key.starts_with("AWS_ENDPOINT_URL") && !value.is_empty());
    if let (None, Some((key, value))) = (endpoint, elsewhere) {
        return Err(DeployError::Guard(format!("{key}={value} leads away from AWS; unset it, or say --endpoint-url {value}")));
    }
    let mut loader =
        aws_config::defaults(BehaviorVersion::latest()).region(Region::new(allowed.region.clone())).http_client(sdk::http_client());
    if let Some(endpoint) = endpoint {
        loader = loader.endpoint_url(endpoint);
    }
    let target = loader.load().await;
    let who = aws_sdk_sts::Client::new(&target).get_caller_identity().send().await.map_err(DeployError::call("sts:GetCallerIdentity"))?;
    let account = who.account().unwrap_or_default();
    match account == allowed.account {
        true => Ok(target),
        false => Err(DeployError::Guard(format!(
            "the credentials in use are of account {account} ({}), and target {} allows only {}",
            who.arn().unwrap_or_default(),
            allowed.name,
            allowed.account
        ))),
    }
}

/// Asks for the stack's name: typed by a person, or with `yes` taken from the variable `WINDTUNNEL_CONFIRM`.
pub fn confirm(stack: &str, what: &str, yes: bool) -> Result<(), DeployError> {
    if yes {
        return match std::env::var(CONFIRM) {
            Ok(name) if name == stack => Ok(()),
            _ => Err(DeployError::Guard(format!("--yes counts only with {CONFIRM}={stack} in the environment"))),
        };
    }
    if !std::io::IsTerminal::is_terminal(&std::io::stdin()) {
        return Err(DeployError::Guard(format!("nobody is here to type the stack's name; use --yes with {CONFIRM}={stack}")));
    }
    eprint!("To {what}, type the stack's name ({stack}): ");
    let mut typed = String::new();
    let read = std::io::stdin().read_line(&mut typed);
    match read.is_ok() && typed.trim() == stack {
        true => Ok(()),
        false => Err(DeployError::Guard("not confirmed; nothing was done".into())),
    }
}

/// A run's id and the tags of its stacks: sortable by when it began.
pub fn run_tags(run_id: Option<&str>, ttl: std::time::Duration) -> (String, BTreeMap<String, String>) {
    let now = kit::Clock::new(None, kit::ClockMode::Running).now();
    let id = run_id.map_or_else(|| format!("{}-{}", kit::time::amz_date(now), std::process::id()), str::to_owned);
    let until = kit::time::iso_secs(now.plus_ns(ttl.as_nanos() as i128));
    (id.clone(), BTreeMap::from([(RUN_ID.to_owned(), id), (TTL.to_owned(), until)]))
}

/// What a plan's resources cost on AWS, in words: the bills behind each kind, as far as they aren't free.
pub fn costs(plan: &Plan) -> Vec<&'static str> {
    let has = |kind: &str| plan.changes.iter().any(|c| c.resource_type.starts_with(kind) && c.action != "Remove");
    let notes = [
        ("AWS::S3::Bucket", "S3: stored bytes and requests"),
        ("AWS::Lambda::Function", "Lambda: requests and GB-seconds"),
        ("AWS::ApiGateway::", "API Gateway: requests"),
        ("AWS::Cognito::UserPool", "Cognito: monthly active users beyond the free tier"),
        ("AWS::Athena::", "Athena: bytes scanned by queries"),
        ("AWS::SQS::Queue", "SQS: requests"),
        ("AWS::WAFv2::", "WAF: web ACLs and rules by the month, and requests"),
        ("AWS::Logs::LogGroup", "CloudWatch Logs: bytes taken in and kept"),
    ];
    notes.into_iter().filter(|(kind, _)| has(kind)).map(|(_, note)| note).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_target_is_this_machine() {
        for endpoint in ["http://127.0.0.1:4566", "http://localhost:1", "http://[::1]:4566"] {
            assert!(local(endpoint).is_ok(), "{endpoint}");
        }
        for endpoint in
            ["https://s3.amazonaws.com", "http://s3.amazonaws.com", "http://10.0.0.1:4566", "http://127.0.0.1.evil.example:80", "nonsense"]
        {
            assert!(matches!(local(endpoint), Err(DeployError::Guard(_))), "{endpoint}");
        }
    }
}
