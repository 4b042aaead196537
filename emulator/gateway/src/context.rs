//! From a caller to the [`Context`] that handlers see.

use crate::{auth::Caller, visit::Visit};
use kit::{Context, DEFAULT_ACCOUNT, DEFAULT_REGION, Principal, Scope, Source};

/// The context of a request by a caller. `cause` names the kind of request.
pub(crate) fn of_caller(visit: &Visit, caller: &Caller, cause: &str) -> Context {
    let cloud = &visit.house.cloud;
    let account = caller.principal.account().unwrap_or(DEFAULT_ACCOUNT);
    let cx = Context::new(cloud.clone(), caller.principal.clone(), Scope::new(account, &caller.region), cloud.next_cause(cause));
    let cx = cx.with_source(Source {
        auth_type: caller.auth_type,
        signature_age_ms: caller.signature_age_ms,
        signature_version: caller.signature_version,
        access_key: caller.access_key.clone(),
        ..source(visit)
    });
    with_trace(visit, cx)
}

/// The context of a request that was refused before anyone knew whose it is.
pub(crate) fn of_nobody(visit: &Visit, cause: &str) -> Context {
    let cloud = &visit.house.cloud;
    let scope = Scope::new(DEFAULT_ACCOUNT, DEFAULT_REGION);
    let cx = Context::new(cloud.clone(), Principal::Anonymous, scope, cloud.next_cause(cause)).with_source(source(visit));
    with_trace(visit, cx)
}

fn source(visit: &Visit) -> Source {
    let text = |name: &str| visit.header(name).map(str::to_owned);
    Source {
        ip: Some(visit.peer.ip()),
        user_agent: text("user-agent"),
        referer: text("referer"),
        content_sha256: text("x-amz-content-sha256"),
        request_payer: text("x-amz-request-payer"),
        host: text("host"),
        trace_header: text("x-amzn-trace-id").filter(|value| value.len() <= 500 && root_of(value).is_some()),
        body_digest: crate::body::checksum::is_told(&visit.head.headers),
        ..Source::default()
    }
}

fn with_trace(visit: &Visit, cx: Context) -> Context {
    let Some(header) = visit.header("x-amzn-trace-id") else { return cx };
    match (root_of(header), lineage_of(header)) {
        // Rounds of functions that cause one another go on with what they cause.
        (Some(root), Some(lineage)) => cx.with_trace(format!("{root};Lineage={lineage}")),
        (Some(root), None) => cx.with_trace(root),
        (None, _) => cx,
    }
}

/// `1:a87bd80c:1|1:68fd508a:5`
fn lineage_of(header: &str) -> Option<&str> {
    let lineage = header.split(';').find_map(|p| p.trim().strip_prefix("Lineage="))?;
    let good = |b: u8| b.is_ascii_hexdigit() || matches!(b, b':' | b'|');
    (!lineage.is_empty() && lineage.len() <= 200 && lineage.bytes().all(good)).then_some(lineage)
}

/// The root of `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=...`, if it has the form of one.
fn root_of(header: &str) -> Option<&str> {
    let root = header.split(';').find_map(|p| p.trim().strip_prefix("Root="))?;
    (root.len() <= 64 && root.starts_with("1-") && root.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')).then_some(root)
}

#[cfg(test)]
mod tests {
    #[test]
    fn roots_of_traces() {
        assert_eq!(
            super::root_of("Parent=53995c3f42cd8ad8;Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1"),
            Some("1-5759e988-bd862e3fe1be46a994272793")
        );
        assert_eq!(super::root_of("Root=<script>"), None);
        assert_eq!(super::lineage_of("Root=1-5759e988-bd862e3fe1be46a994272793;Lineage=1:a87bd80c:1"), Some("1:a87bd80c:1"));
        assert_eq!(super::lineage_of("Lineage=<script>"), None);
    }
}
