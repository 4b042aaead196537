//! Which service a request is for: by credential scope, X-Amz-Target, CBOR path, host, Action, and else the service of bare paths.

use crate::{faults, house::House, sig_v4::Dialect, visit::Visit};
use http::{Uri, uri::PathAndQuery};
use percent_encoding::percent_decode_str;
use wire::{Fault, Protocol, Route, route::which_protocol};

/// Finds the service and the protocol; puts the bucket into the path where the host has it.
pub(crate) async fn which_service(visit: &mut Visit) -> Result<(), Fault> {
    visit.protocol = guess_protocol(visit);
    let candidates = match visit.evidence.scope() {
        Some(scope) => {
            let found = signing_as(&visit.house, &scope.service);
            if found.is_empty() {
                return Err(faults::unknown_service(&scope.service.clone()));
            }
            found
        }
        None => by_shape(visit).await?,
    };
    let room = match candidates[..] {
        [only] => only,
        _ => narrow(visit, &candidates).await?,
    };
    visit.room = Some(room);
    visit.protocol = which_protocol(&visit.head, visit.room().schema);
    if visit.room().service.virtual_hosts() {
        bucket_from_host(visit);
    }
    Ok(())
}

/// What an error would be written in before the service is known.
fn guess_protocol(visit: &Visit) -> Protocol {
    if visit.head.headers.contains_key("x-amz-target") {
        Protocol::Json11
    } else if is_form(visit) {
        Protocol::Query
    } else {
        Protocol::RestJson
    }
}

fn is_form(visit: &Visit) -> bool {
    visit.header("content-type").is_some_and(|t| t.starts_with("application/x-www-form-urlencoded"))
}

fn signing_as(house: &House, name: &str) -> Vec<usize> {
    let by = |is: &dyn Fn(&'static wire::ServiceSchema) -> bool| -> Vec<usize> {
        house.rooms.iter().enumerate().filter(|(_, r)| is(r.schema)).map(|(i, _)| i).collect()
    };
    let found = by(&|s| s.signing_name == name);
    if found.is_empty() { by(&|s| s.endpoint_prefix == name || s.name == name) } else { found }
}

/// Candidates of a request that no scope explains.
async fn by_shape(visit: &mut Visit) -> Result<Vec<usize>, Fault> {
    let house = visit.house.clone();
    let where_ = |is: &dyn Fn(&crate::house::Room) -> bool| house.rooms.iter().position(is);
    if let Some(target) = visit.header("x-amz-target") {
        let prefix = target.rsplit_once('.').map_or(target, |(p, _)| p);
        let found = where_(&|r| r.schema.target_prefix == Some(prefix));
        return found.map(|i| vec![i]).ok_or_else(|| Fault::new("UnknownOperationException", 400, ""));
    }
    if let Some(name) = cbor_service(visit.head.uri.path())
        && let Some(i) = where_(&|r| r.schema.target_prefix == Some(name) || r.schema.service_id == name)
    {
        return Ok(vec![i]);
    }
    if let Some(i) = by_host(visit) {
        return Ok(vec![i]);
    }
    let form_at_root = is_form(visit) && visit.head.method == http::Method::POST && visit.head.uri.path() == "/";
    if form_at_root {
        visit.hold().await?;
    }
    if let Some((action, version)) = action(visit) {
        let speaks = |r: &crate::house::Room| r.schema.protocols.iter().any(|p| matches!(p, Protocol::Query | Protocol::Ec2));
        let is = |r: &crate::house::Room| {
            speaks(r) && version.as_deref().is_none_or(|v| v == r.schema.api_version) && r.router.named(Some(&action)) != Route::Unknown
        };
        if let Some(i) = where_(&is) {
            return Ok(vec![i]);
        }
        return Err(Fault::new(
            "InvalidAction",
            400,
            format!("Could not find operation {action} for version {}", version.unwrap_or("NO_VERSION_SPECIFIED".into())),
        ));
    }
    // An unsigned call of a REST operation that takes unsigned calls.
    let unsigned = |r: &crate::house::Room| {
        r.schema.protocols.first() == Some(&Protocol::RestJson)
            && matches!(r.router.route(Protocol::RestJson, &visit.head, b""), Route::Operation(op, _) if op.unsigned)
    };
    let found = where_(&unsigned).or(house.bucket_room());
    found.map(|i| vec![i]).ok_or_else(|| Fault::new("MissingAuthenticationTokenException", 403, "Missing Authentication Token"))
}

/// Several services sign under one name: the one that knows the operation.
async fn narrow(visit: &mut Visit, candidates: &[usize]) -> Result<usize, Fault> {
    let house = visit.house.clone();
    if is_form(visit)
        && candidates.iter().any(|i| house.rooms[*i].schema.protocols.iter().any(|p| matches!(p, Protocol::Query | Protocol::Ec2)))
    {
        visit.hold().await?;
    }
    let version = action(visit).and_then(|(_, version)| version);
    let rank = |i: &usize| {
        let room = &house.rooms[*i];
        let protocol = which_protocol(&visit.head, room.schema);
        let right_version = version.as_deref().is_none_or(|v| v == room.schema.api_version);
        let known = match room.router.route(protocol, &visit.head, visit.held.as_deref().unwrap_or(b"")) {
            Route::Operation(..) => 2,
            Route::Refused(_) => 1,
            Route::Unknown => 0,
        };
        (right_version, known, std::cmp::Reverse(*i))
    };
    Ok(candidates.iter().copied().max_by_key(|i| rank(i)).expect("there are several"))
}

/// `Action` and `Version` of a query request.
pub(crate) fn action(visit: &Visit) -> Option<(String, Option<String>)> {
    let query = visit.head.uri.query().unwrap_or("");
    let form = visit.held.as_deref().and_then(|b| std::str::from_utf8(b).ok()).filter(|_| is_form(visit)).unwrap_or("");
    let value = |name: &str| {
        let part = query.split('&').chain(form.split('&')).find_map(|p| p.strip_prefix(name))?;
        Some(percent_decode_str(part.trim_end()).decode_utf8_lossy().into_owned())
    };
    Some((value("Action=")?, value("Version=")))
}

/// `/service/Name/operation/Op`
fn cbor_service(path: &str) -> Option<&str> {
    let mut segments = path.trim_start_matches('/').split('/');
    (segments.next()? == "service").then_some(())?;
    let name = segments.next()?;
    (segments.next()? == "operation").then_some(name)
}

/// The service whose endpoint prefix is the first label of the host.
fn by_host(visit: &Visit) -> Option<usize> {
    let host = host_name(visit.header("host")?);
    let (first, rest) = host.split_once('.')?;
    if rest.is_empty() || host.parse::<std::net::Ipv4Addr>().is_ok() {
        return None;
    }
    visit.house.rooms.iter().position(|r| r.dialect != Dialect::S3 && (r.schema.endpoint_prefix == first || r.schema.name == first))
}

/// The host without its port.
pub(crate) fn host_name(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

/// Moves a bucket out of the host name into the path.
pub(crate) fn bucket_from_host(visit: &mut Visit) {
    let Some(bucket) = visit.header("host").and_then(|h| bucket_of_host(host_name(h))).map(str::to_owned) else { return };
    let query = visit.head.uri.query().map_or(String::new(), |q| format!("?{q}"));
    let path = format!("/{bucket}{}{query}", visit.head.uri.path());
    if let Ok(path) = path.parse::<PathAndQuery>() {
        let mut parts = std::mem::take(&mut visit.head.uri).into_parts();
        parts.path_and_query = Some(path);
        // A URI in absolute form keeps scheme and authority; both stay valid with another path.
        visit.head.uri = Uri::from_parts(parts).unwrap_or_else(|_| visit.uri.clone());
        visit.host_bucket = Some(bucket);
    }
}

/// `bucket.s3.localhost`, `bucket.s3.eu-west-1.amazonaws.com`, `bucket.localhost`.
fn bucket_of_host(host: &str) -> Option<&str> {
    if host.starts_with("s3.") || host.starts_with("s3-") && !host.contains(".s3") {
        return None;
    }
    if let Some((bucket, _)) = host.split_once(".s3.").or_else(|| host.split_once(".s3-")) {
        return Some(bucket).filter(|b| !b.is_empty());
    }
    host.strip_suffix(".localhost").filter(|b| !b.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_in_hosts() {
        for (host, bucket) in [
            ("photos.s3.localhost", Some("photos")),
            ("my.photos.s3.us-east-1.localhost", Some("my.photos")),
            ("photos.localhost", Some("photos")),
            ("photos.s3.amazonaws.com", Some("photos")),
            ("photos.s3-eu-west-1.amazonaws.com", Some("photos")),
            ("s3.localhost", None),
            ("s3.eu-west-1.localhost", None),
            ("localhost", None),
            ("127.0.0.1", None),
            ("host.docker.internal", None),
        ] {
            assert_eq!(bucket_of_host(host), bucket, "{host}");
        }
    }

    #[test]
    fn ports_fall_off() {
        assert_eq!(host_name("a.localhost:4566"), "a.localhost");
        assert_eq!(host_name("localhost"), "localhost");
        assert_eq!(host_name("[::1]:80"), "[::1]");
    }

    #[test]
    fn cbor_paths_name_their_service() {
        assert_eq!(cbor_service("/service/GraniteServiceVersion20100801/operation/GetMetricData"), Some("GraniteServiceVersion20100801"));
        assert_eq!(cbor_service("/service/key"), None);
    }
}
