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
    let mut headers = HeaderMap::new();
    let with_host = request.headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).chain([("host", request.host.as_str())]);
    for (name, value) in with_host {
        let name = HeaderName::from_str(name).map_err(|_| format!("{name} is no header name"))?;
        headers.append(name, HeaderValue::from_str(value).map_err(|_| format!("{value:?} can't be a header's value"))?);
    }
    let mut signed: Vec<String> = headers.keys().map(|n| n.as_str().to_owned()).filter(|n| n != "content-length").collect();
    signed.sort();
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    let scope =
        CredentialScope { date: amz_date[..8].into(), region: region.into(), service: service.into(), terminator: "aws4_request".into() };
    let signable = Signable { method: request.method.as_str(), path, query, headers: &headers };
    let canonical = signable.canonical(Dialect::of(service), &signed, &hash);
    let signature = SigningKey::derive(&keys.secret, &scope).sign(string_to_sign(&amz_date, &scope.text(), &canonical).as_bytes());
    let value = format!("{ALGORITHM} Credential={}/{}, SignedHeaders={}, Signature={signature}", keys.id, scope.text(), signed.join(";"));
    request.headers.push(("authorization".into(), value));
    Ok(())
}
