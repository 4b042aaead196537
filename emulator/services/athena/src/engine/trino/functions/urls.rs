//! URLs.

use super::{super::val::Val, Plain};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What java.net.URLEncoder leaves as it is.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'*');

struct Url<'a> {
    scheme: &'a str,
    host: &'a str,
    port: Option<i64>,
    path: &'a str,
    query: &'a str,
    fragment: &'a str,
}

fn parse(text: &str) -> Option<Url<'_>> {
    if text.contains([' ', '<', '>', '"']) {
        return None;
    }
    let (rest, fragment) = text.split_once('#').unwrap_or((text, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (scheme, rest) =
        rest.split_once(':').filter(|(s, _)| s.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))).unwrap_or(("", rest));
    let (authority, path) = match rest.strip_prefix("//") {
        Some(rest) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
        None => ("", rest),
    };
    let host = authority.rsplit('@').next().unwrap_or("");
    let (host, port) = match host.rsplit_once(':') {
        Some((host, port)) if !host.ends_with(':') => (host, port.parse().ok()),
        _ => (host, None),
    };
    Some(Url { scheme, host, port, path, query, fragment })
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}
fn part(a: &[Val], which: impl Fn(&Url<'_>) -> String) -> Result<Val, String> {
    Ok(parse(a[0].str()).map_or(Val::Null, |u| Val::Str(which(&u))))
}

pub(super) const PLAIN: Plain = &[
    ("url_extract_protocol(varchar)->varchar", |_, a| part(a, |u| u.scheme.to_owned())),
    ("url_extract_host(varchar)->varchar", |_, a| part(a, |u| u.host.to_owned())),
    ("url_extract_port(varchar)->bigint", |_, a| Ok(parse(a[0].str()).and_then(|u| u.port).map_or(Val::Null, Val::Int))),
    ("url_extract_path(varchar)->varchar", |_, a| part(a, |u| decoded(u.path))),
    ("url_extract_query(varchar)->varchar", |_, a| part(a, |u| decoded(u.query))),
    ("url_extract_fragment(varchar)->varchar", |_, a| part(a, |u| decoded(u.fragment))),
    ("url_extract_parameter(varchar,varchar)->varchar", |_, a| {
        let Some(url) = parse(a[0].str()) else { return Ok(Val::Null) };
        let found = url.query.split('&').map(|p| p.split_once('=').unwrap_or((p, ""))).find(|(k, _)| *k == a[1].str());
        Ok(found.map_or(Val::Null, |(_, v)| Val::Str(decoded(&v.replace('+', " ")))))
    }),
    ("url_encode(varchar)->varchar", |_, a| Ok(Val::Str(utf8_percent_encode(a[0].str(), ENCODED).to_string().replace("%20", "+")))),
    ("url_decode(varchar)->varchar", |_, a| Ok(Val::Str(decoded(&a[0].str().replace('+', " "))))),
];
