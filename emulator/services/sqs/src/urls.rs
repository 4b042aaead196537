//! Queue URLs: given out under the cloud's own endpoint, taken under any host.

use kit::{Context, Scope};

/// The URL of a queue: `http://host/account/name`.
pub(crate) fn url(cx: &Context, scope: &Scope, name: &str) -> String {
    let endpoint = match &cx.source().host {
        Some(host) if !host.is_empty() => format!("{}://{host}", if cx.source().secure { "https" } else { "http" }),
        _ => cx.cloud().endpoint(),
    };
    let base = if endpoint.is_empty() { format!("https://sqs.{}.amazonaws.com", scope.region) } else { endpoint };
    format!("{}/{}/{name}", base.trim_end_matches('/'), scope.account)
}

/// Scope and name of a URL: the last two segments of its path; a bare name is the caller's own queue. The region is the caller's
/// unless the host says another (`sqs.eu-central-1.amazonaws.com`).
pub(crate) fn read(cx: &Context, url: &str) -> (Scope, String) {
    let (host, path) = match url.split_once("://") {
        Some((_, rest)) => rest.split_once('/').unwrap_or((rest, "")),
        None => ("", url),
    };
    let mut segments = path.trim_matches('/').rsplit('/');
    let name = segments.next().unwrap_or("").to_owned();
    let account = segments.next().filter(|a| a.len() == 12 && a.bytes().all(|b| b.is_ascii_digit()));
    let region = host.strip_prefix("sqs.").and_then(|h| h.split_once(".amazonaws.com")).map(|(region, _)| region);
    (Scope::new(account.unwrap_or(cx.account()), region.unwrap_or(cx.region())), name)
}
