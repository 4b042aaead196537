//! Where a request goes: API, stage and path, out of any of the forms that an API's URL has.

use crate::{base_path_mappings::ROOT, state::*};
use http::request::Parts;
use kit::{Cloud, Context, Fault, Read, Scope};

/// The address of a request.
#[derive(Debug, PartialEq)]
pub(crate) struct Address {
    pub api_id: String,
    pub stage: String,
    /// Behind the stage, as it was sent; begins with a slash.
    pub path: String,
    /// The stage and what was really sent behind it: `/live` is not `/live/`.
    pub staged: String,
    /// The first label of the host that was called; the API's id at its own address.
    pub domain_prefix: String,
    /// Came by a custom domain name.
    pub custom: bool,
    /// The base path of the domain's mapping.
    pub base_path: Option<String>,
}

impl Address {
    /// Reads `{id}.execute-api.<anything>/{stage}/...`, `/restapis/{id}/{stage}/_user_request_/...` and
    /// `/_aws/execute-api/{id}/{stage}/...`; `None` when it is no API's address.
    pub fn read(head: &Parts) -> Option<Address> {
        let path = head.uri.path();
        let host = head.headers.get("host").and_then(|v| v.to_str().ok()).or(head.uri.host()).unwrap_or_default();
        if let Some((api_id, _)) = host.split_once(".execute-api.") {
            let (stage, rest) = first(path.strip_prefix('/')?);
            return Some(Address::of(api_id, stage, rest));
        }
        if let Some(rest) = path.strip_prefix("/_aws/execute-api/") {
            let (api_id, rest) = first(rest);
            let (stage, rest) = first(rest.strip_prefix('/').unwrap_or(rest));
            return Some(Address::of(api_id, stage, rest));
        }
        let (api_id, rest) = first(path.strip_prefix("/restapis/")?);
        let (stage, rest) = first(rest.strip_prefix('/')?);
        let rest = rest.strip_prefix("/_user_request_")?;
        (rest.is_empty() || rest.starts_with('/')).then(|| Address::of(api_id, stage, rest))
    }

    fn of(api_id: &str, stage: &str, path: &str) -> Address {
        let staged = format!("/{stage}{path}");
        let path = if path.is_empty() { "/".to_owned() } else { path.to_owned() };
        let api_id = api_id.to_ascii_lowercase();
        Address { domain_prefix: api_id.clone(), api_id, stage: stage.to_owned(), path, staged, custom: false, base_path: None }
    }

    /// Reads the address of a custom domain name: the longest base path that the request's begins with decides.
    pub fn by_domain(cx: &Context, head: &Parts) -> Result<Option<Address>, Fault> {
        let Some(host) = host_of(head) else { return Ok(None) };
        let found = cx.store().read(|s| {
            let Some((name, place)) = domain_place(s, cx.scope(), &host)? else { return Ok(None) };
            s.get(&DOMAINS, &Scope::new(&place.account, &place.region), &name)
        })?;
        let Some(domain) = found else { return Ok(None) };
        let path = head.uri.path();
        let fits = |base: &str| {
            base == ROOT
                || path.strip_prefix('/').and_then(|p| p.strip_prefix(base)).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let longest =
            domain.mappings.iter().filter(|(base, _)| fits(base)).max_by_key(|(base, _)| if *base == ROOT { 0 } else { base.len() });
        let Some((base, mapping)) = longest else { return Ok(None) };
        let rest = if base == ROOT { path } else { &path[1 + base.len()..] };
        let (stage, rest) = match mapping.stage.as_deref() {
            Some(stage) => (stage, rest),
            None => first(rest.strip_prefix('/').unwrap_or(rest)),
        };
        let mut address = Address::of(mapping.rest_api_id.as_deref().unwrap_or_default(), stage, rest);
        // What was called is what the caller sees: the stage is no part of it.
        address.staged = path.to_owned();
        address.domain_prefix = host.split('.').next().unwrap_or_default().to_owned();
        address.custom = true;
        address.base_path = Some(base.clone());
        Ok(Some(address))
    }

    /// Whether the host is a custom domain name.
    pub fn is_domain(cloud: &Cloud, head: &Parts) -> bool {
        let Some(host) = host_of(head).filter(|host| host.contains('.') && !host.bytes().all(|b| b.is_ascii_digit() || b == b'.')) else {
            return false;
        };
        let scope = Scope::new(kit::DEFAULT_ACCOUNT, kit::DEFAULT_REGION);
        cloud.store().read(|s| domain_place(s, &scope, &host)).is_ok_and(|found| found.is_some())
    }
}

/// The host without its port, in lower case.
fn host_of(head: &Parts) -> Option<String> {
    let host = head.headers.get("host").and_then(|v| v.to_str().ok()).or(head.uri.host())?;
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit())).map_or(host, |(name, _)| name);
    Some(name.to_ascii_lowercase())
}

/// A domain by its own name or by the wildcard above it.
fn domain_place(read: &impl Read, scope: &Scope, host: &str) -> Result<Option<(String, Place)>, Fault> {
    if let Some(place) = read.get(&NAMES, scope, &host.to_owned())? {
        return Ok(Some((host.to_owned(), place)));
    }
    let Some((_, above)) = host.split_once('.') else { return Ok(None) };
    let wildcard = format!("*.{above}");
    Ok(read.get(&NAMES, scope, &wildcard)?.map(|place| (wildcard, place)))
}

/// The first part, and the rest with its slash.
fn first(text: &str) -> (&str, &str) {
    text.find('/').map_or((text, ""), |at| text.split_at(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str, host: &str) -> Option<(String, String, String)> {
        let (head, ()) = http::Request::get(url).header("host", host).body(()).unwrap().into_parts();
        Address::read(&head).map(|a| (a.api_id, a.stage, a.path))
    }
    fn address(api: &str, stage: &str, path: &str) -> Option<(String, String, String)> {
        Some((api.into(), stage.into(), path.into()))
    }

    #[test]
    fn all_forms() {
        assert_eq!(read("/live/images/1?a=b", "abc.execute-api.us-east-1.amazonaws.com"), address("abc", "live", "/images/1"));
        assert_eq!(read("/live", "abc.execute-api.localhost:4566"), address("abc", "live", "/"));
        assert_eq!(read("/restapis/abc/live/_user_request_/images", "localhost"), address("abc", "live", "/images"));
        assert_eq!(read("/restapis/abc/live/_user_request_", "localhost"), address("abc", "live", "/"));
        assert_eq!(read("/_aws/execute-api/abc/live/images//x", "localhost"), address("abc", "live", "/images//x"));
        assert_eq!(read("/restapis/abc/stages/live", "localhost"), None);
        assert_eq!(read("/restapis", "localhost"), None);
    }
}
