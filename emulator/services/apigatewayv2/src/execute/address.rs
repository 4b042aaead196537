//! Where a request goes: API, stage and path, out of any of the forms that an API's URL has.

use crate::state::*;
use http::request::Parts;
use kit::{Cloud, Context, Fault, Read, Scope};

/// The address of a request.
#[derive(Debug, Default)]
pub(crate) struct Address {
    pub api_id: String,
    pub stage: String,
    /// Behind the stage; begins with a slash.
    pub path: String,
    /// As it was sent, the stage included.
    pub raw_path: String,
    /// The stage is settled: it was taken from the path, or a domain's mapping names it.
    pub staged: bool,
    pub custom: bool,
}

impl Address {
    /// Reads `{id}.execute-api.<anything>/...`, `/_aws/execute-api/{id}/...`, and custom domain names.
    pub fn read(read: &impl Read, cx: &Context, head: &Parts) -> Result<Option<Address>, Fault> {
        let path = head.uri.path();
        let of = |api_id: &str, path: &str| Address {
            api_id: api_id.to_ascii_lowercase(),
            stage: "$default".into(),
            path: if path.is_empty() { "/".into() } else { path.into() },
            raw_path: if path.is_empty() { "/".into() } else { path.into() },
            ..Address::default()
        };
        let host = host_of(head);
        if let Some((api_id, _)) = host.split_once(".execute-api.") {
            return Ok(Some(of(api_id, path)));
        }
        if let Some(rest) = path.strip_prefix("/_aws/execute-api/") {
            let (api_id, rest) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
            return Ok(Some(of(api_id, rest)));
        }
        if let Some((api_id, stage, rest)) = by_rest_path(path) {
            // What stands in the stage's place may be the first part of a path under `$default`, which has no place in AWS's URLs.
            let path = if stage.is_empty() { rest.to_owned() } else { format!("/{stage}{rest}") };
            return Ok(Some(of(api_id, &path)));
        }
        let Some((name, place)) = domain_place(read, cx.scope(), &host)? else { return Ok(None) };
        let Some(domain) = read.get(&DOMAINS, &Scope::new(&place.account, &place.region), &name)? else { return Ok(None) };
        let fits = |key: &str| {
            key.is_empty()
                || path.strip_prefix('/').and_then(|p| p.strip_prefix(key)).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let key_of = |m: &crate::model::ApiMapping| m.api_mapping_key.clone().unwrap_or_default();
        let Some(mapping) = domain.mappings.values().filter(|m| fits(&key_of(m))).max_by_key(|m| key_of(m).len()) else { return Ok(None) };
        let key = key_of(mapping);
        let rest = if key.is_empty() { path } else { &path[1 + key.len()..] };
        let mut address = of(&mapping.api_id, rest);
        address.stage = mapping.stage.clone();
        address.raw_path = path.to_owned();
        (address.staged, address.custom) = (true, true);
        Ok(Some(address))
    }

    /// Whether a request is for an API that is kept here.
    pub fn is_one(cloud: &Cloud, head: &Parts) -> bool {
        let host = host_of(head);
        let path = head.uri.path();
        let scope = Scope::new(kit::DEFAULT_ACCOUNT, kit::DEFAULT_REGION);
        let by_host = host.split_once(".execute-api.").map(|(id, _)| id);
        let by_path = path.strip_prefix("/_aws/execute-api/").map(|rest| rest.split('/').next().unwrap_or_default());
        match by_host.or(by_path).or(by_rest_path(path).map(|(id, ..)| id)) {
            Some(id) => cloud.store().read(|s| s.exists(&NAMES, &scope, &id.to_ascii_lowercase())).unwrap_or(false),
            None => host.contains('.') && cloud.store().read(|s| domain_place(s, &scope, &host)).is_ok_and(|found| found.is_some()),
        }
    }

    /// The first part of the path, which may be a stage's name.
    pub fn first_part(&self) -> Option<&str> {
        self.path.strip_prefix('/').map(|rest| rest.split('/').next().unwrap_or_default()).filter(|part| !part.is_empty())
    }

    /// Takes the first part of the path for the stage.
    pub fn take_stage(&mut self) {
        let name = self.first_part().unwrap_or_default().to_owned();
        let rest = self.path[1 + name.len()..].to_owned();
        self.path = if rest.is_empty() { "/".into() } else { rest };
        self.stage = name;
        self.staged = true;
    }
}

/// API, stage and path of `/restapis/{id}/{stage}/_user_request_/...`.
fn by_rest_path(path: &str) -> Option<(&str, &str, &str)> {
    let (api_id, rest) = path.strip_prefix("/restapis/")?.split_once('/')?;
    let (stage, rest) = rest.split_once("/_user_request_")?;
    (!stage.contains('/')).then_some((api_id, stage, rest))
}

fn host_of(head: &Parts) -> String {
    let host = head.headers.get("host").and_then(|v| v.to_str().ok()).or(head.uri.host()).unwrap_or_default();
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit())).map_or(host, |(name, _)| name);
    name.to_ascii_lowercase()
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
