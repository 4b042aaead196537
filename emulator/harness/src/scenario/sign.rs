//! Signs a request as AWS's SDKs do, so that scenarios can come in by the front door as any identity.

use super::{http_client::Outgoing, world::SigningKeys};
use gateway::sig_v4::{ALGORITHM, CredentialScope, Dialect, Signable, SigningKey, string_to_sign};
use http::{HeaderMap, HeaderName, HeaderValue};
use sha2::{Digest, Sha256};
use std::str::FromStr;
use wire::Timestamp;

/// Adds date, payload hash, session token and the signature.
pub(crate) fn sign(request: &mut Outgoing, keys: &SigningKeys, service: &str, region: &str, now: Timestamp) -> Result<(), String> {
    let amz_date = kit::time::amz_date(now);
    let hash = kit::hex(&Sha256::digest(&request.body));
    request.headers.push(("x-amz-date".into(), amz_date.clone()));
    request.headers.push(("x-amz-content-sha256".into(), hash.clone()));
    if let Some(token) = &keys.token {
        request.headers.push(("x-amz-security-token".into(), token.clone()));
    }
    let headers = signed_headers(request)?;
    let signed: Vec<String> = names(&headers).into_iter().filter(|name| name != "content-length").collect();
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    let scope = scope(service, region, now);
    let signable = Signable { method: request.method.as_str(), path, query, headers: &headers };
    let canonical = signable.canonical(Dialect::of(service), &signed, &hash);
    let signature = SigningKey::derive(&keys.secret, &scope).sign(string_to_sign(&amz_date, &scope.text(), &canonical).as_bytes());
    let value = format!("{ALGORITHM} Credential={}/{}, SignedHeaders={}, Signature={signature}", keys.id, scope.text(), signed.join(";"));
    request.headers.push(("authorization".into(), value));
    Ok(())
}

/// When a URL is signed, and for how long.
pub(crate) struct UrlLife {
    pub now: Timestamp,
    pub seconds: u64,
}

/// The target of a URL for S3 that carries its signature. Headers of the request are signed along.
pub(crate) fn presign(
    request: &Outgoing,
    query: &[(String, String)],
    keys: &SigningKeys,
    region: &str,
    life: &UrlLife,
) -> Result<String, String> {
    let (amz_date, scope) = (kit::time::amz_date(life.now), s3_scope(region, life.now));
    let headers = signed_headers(request)?;
    let signed = names(&headers);
    let mut pairs: Vec<(String, String)> = query.to_vec();
    pairs.extend([
        ("X-Amz-Algorithm".into(), ALGORITHM.into()),
        ("X-Amz-Credential".into(), format!("{}/{}", keys.id, scope.text())),
        ("X-Amz-Date".into(), amz_date.clone()),
        ("X-Amz-Expires".into(), life.seconds.to_string()),
        ("X-Amz-SignedHeaders".into(), signed.join(";")),
    ]);
    if let Some(token) = &keys.token {
        pairs.push(("X-Amz-Security-Token".into(), token.clone()));
    }
    let query = query_string(&pairs);
    let signable = Signable { method: request.method.as_str(), path: &request.target, query: &query, headers: &headers };
    let canonical = signable.canonical(Dialect::of("s3"), &signed, "UNSIGNED-PAYLOAD");
    let signature = SigningKey::derive(&keys.secret, &scope).sign(string_to_sign(&amz_date, &scope.text(), &canonical).as_bytes());
    Ok(format!("{}?{query}&X-Amz-Signature={signature}", request.target))
}

/// The request's headers, and its host.
fn signed_headers(request: &Outgoing) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in request.headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).chain([("host", request.host.as_str())]) {
        let name = HeaderName::from_str(name).map_err(|_| format!("{name} is no header name"))?;
        headers.append(name, HeaderValue::from_str(value).map_err(|_| format!("{value:?} can't be a header's value"))?);
    }
    Ok(headers)
}

/// The names of headers in the order in which they are signed.
fn names(headers: &HeaderMap) -> Vec<String> {
    let mut names: Vec<String> = headers.keys().map(|name| name.as_str().to_owned()).collect();
    names.sort();
    names
}

/// The signature of a form's policy (base64).
pub(crate) fn policy_signature(keys: &SigningKeys, scope: &CredentialScope, policy: &str) -> String {
    SigningKey::derive(&keys.secret, scope).sign(policy.as_bytes())
}

/// What a signature for S3 is good for.
pub(crate) fn s3_scope(region: &str, now: Timestamp) -> CredentialScope {
    scope("s3", region, now)
}

fn scope(service: &str, region: &str, now: Timestamp) -> CredentialScope {
    let date = kit::time::amz_date(now)[..8].to_owned();
    CredentialScope { date, region: region.into(), service: service.into(), terminator: "aws4_request".into() }
}

/// Names and values as a query string.
pub(crate) fn query_string(pairs: &[(String, String)]) -> String {
    pairs.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect::<Vec<_>>().join("&")
}

/// A key as a path carries it.
pub(crate) fn encoded_path(key: &str) -> String {
    key.split('/').map(encoded).collect::<Vec<_>>().join("/")
}

/// A text as a query string carries it.
fn encoded(text: &str) -> String {
    const UNRESERVED: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
    percent_encoding::utf8_percent_encode(text, UNRESERVED).to_string()
}
