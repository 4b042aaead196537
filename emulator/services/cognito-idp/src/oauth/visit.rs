//! A request to a pool's domain, taken apart, and the answers that are made there.

use crate::{CognitoIdp, domains::Domain, seal, state::*};
use http::{HeaderMap, Method, Response};
use kit::Context;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};
use serde_json::Value;
use subtle::ConstantTimeEq;
use wire::ReplyBody;

/// What stays as it is in a parameter's value.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// An answer.
pub(crate) type Answer = Response<ReplyBody>;

/// Names and values of a query string or a form, in their order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pairs(pub Vec<(String, String)>);

impl Pairs {
    /// Reads `application/x-www-form-urlencoded`.
    pub fn read(text: &str) -> Pairs {
        let plain = |part: &str| percent_decode(part.replace('+', " ").as_bytes()).decode_utf8_lossy().into_owned();
        let pair =
            |part: &str| part.split_once('=').map_or_else(|| (plain(part), String::new()), |(name, value)| (plain(name), plain(value)));
        Pairs(text.split('&').filter(|part| !part.is_empty()).map(pair).collect())
    }
    /// The first value of a name, where it is not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }
    /// As a query string, without some names.
    pub fn query_without(&self, names: &[&str]) -> String {
        let pairs: Vec<(&str, &str)> =
            self.0.iter().filter(|(name, _)| !names.contains(&name.as_str())).map(|(n, v)| (n.as_str(), v.as_str())).collect();
        query(&pairs)
    }
}

/// Names and values as a query string.
pub(crate) fn query(pairs: &[(&str, &str)]) -> String {
    let encode = |text: &str| utf8_percent_encode(text, VALUE).to_string();
    pairs.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect::<Vec<_>>().join("&")
}

/// A URL with more parameters.
pub(crate) fn with_query(url: &str, pairs: &[(&str, &str)]) -> String {
    let joint = if url.contains('?') { '&' } else { '?' };
    format!("{url}{joint}{}", query(pairs))
}

/// A request to a pool's domain.
pub(crate) struct Visit {
    pub service: CognitoIdp,
    /// In the pool's account and region.
    pub cx: Context,
    pub domain: Domain,
    pub pool: Pool,
    /// What links within the domain begin with.
    pub base: String,
    /// Behind the domain.
    pub path: String,
    pub method: Method,
    pub headers: HeaderMap,
    pub query: Pairs,
    pub form: Pairs,
}

impl Visit {
    /// A path of the domain as links and forms have it, with a query.
    pub fn link(&self, path: &str, query: &str) -> String {
        match query.is_empty() {
            true => format!("{}{path}", self.base),
            false => format!("{}{path}?{query}", self.base),
        }
    }
    /// The domain's own URL, as others reach it.
    pub fn origin(&self) -> String {
        let host = self.header("host").unwrap_or_default();
        // Under AWS's name or the owner's own, without a port, something that speaks TLS stands in front.
        let scheme = if host.ends_with(".amazoncognito.com") || host.eq_ignore_ascii_case(&self.domain.name) { "https" } else { "http" };
        format!("{scheme}://{host}{}", self.base)
    }
    /// A header that is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
    /// A cookie.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let all = self.headers.get_all("cookie").iter().filter_map(|value| value.to_str().ok());
        all.flat_map(|line| line.split(';')).find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
    }
    /// A cookie for this domain alone, out of reach of scripts. Without an age it ends with the browser's session, with age 0 at once.
    pub fn set_cookie(&self, name: &str, value: &str, age_secs: Option<i64>) -> String {
        let path = if self.base.is_empty() { "/" } else { &self.base };
        let age = age_secs.map(|secs| format!("; Max-Age={secs}")).unwrap_or_default();
        let secure = if self.origin().starts_with("https:") { "; Secure" } else { "" };
        format!("{name}={value}; Path={path}{age}; HttpOnly; SameSite=Lax{secure}")
    }

    /// The text that forms carry to prove that one of our pages sent them, and the cookie it is compared with.
    pub fn csrf(&self) -> (String, String) {
        let kept = self.cookie(CSRF_COOKIE).filter(|token| self.made_csrf(token));
        let token = kept.map(str::to_owned).unwrap_or_else(|| {
            let nonce = self.cx.ids().hex(32);
            format!("{nonce}.{}", self.csrf_tag(&nonce))
        });
        let cookie = self.set_cookie(CSRF_COOKIE, &token, None);
        (token, cookie)
    }
    /// Whether a form came from one of our pages in this browser.
    pub fn is_ours(&self) -> bool {
        let (Some(cookie), Some(field)) = (self.cookie(CSRF_COOKIE), self.form.get("_csrf")) else { return false };
        self.made_csrf(cookie) && bool::from(cookie.as_bytes().ct_eq(field.as_bytes()))
    }
    fn made_csrf(&self, token: &str) -> bool {
        token.split_once('.').is_some_and(|(nonce, tag)| bool::from(self.csrf_tag(nonce).as_bytes().ct_eq(tag.as_bytes())))
    }
    fn csrf_tag(&self, nonce: &str) -> String {
        kit::hex(&seal::derive(&self.pool.secret, "csrf", nonce.as_bytes())[..16])
    }
}

/// AWS's name.
const CSRF_COOKIE: &str = "XSRF-TOKEN";

/// Leads the browser on.
pub(crate) fn redirect(location: &str, cookies: &[String]) -> Answer {
    let mut head = Response::builder().status(302).header("cache-control", "no-store");
    for cookie in cookies {
        head = head.header("set-cookie", cookie);
    }
    // What can't stand in a header can't be a URL either.
    head.header("location", location).body(ReplyBody::None).unwrap_or_else(|_| html(400, "Bad Request", &[]))
}

/// A page.
pub(crate) fn html(status: u16, text: &str, cookies: &[String]) -> Answer {
    // No form-action: browsers apply it to where a form's answer leads too, which is the client's.
    const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'";
    let mut head = Response::builder()
        .status(status)
        .header("content-type", "text/html; charset=utf-8")
        .header("cache-control", "no-store")
        .header("content-security-policy", POLICY)
        .header("x-frame-options", "DENY")
        .header("x-content-type-options", "nosniff")
        .header("referrer-policy", "strict-origin-when-cross-origin");
    for cookie in cookies {
        head = head.header("set-cookie", cookie);
    }
    head.body(ReplyBody::Bytes(text.to_owned().into())).unwrap_or_default()
}

/// JSON for clients, which may be pages of any origin.
pub(crate) fn json(status: u16, value: &Value) -> Answer {
    json_with(status, value, &[])
}

/// JSON with more headers.
pub(crate) fn json_with(status: u16, value: &Value, headers: &[(&str, &str)]) -> Answer {
    let mut head = Response::builder()
        .status(status)
        .header("content-type", "application/json;charset=UTF-8")
        .header("cache-control", "no-cache, no-store, max-age=0, must-revalidate")
        .header("pragma", "no-cache")
        .header("access-control-allow-origin", "*");
    for (name, value) in headers {
        head = head.header(*name, *value);
    }
    head.body(ReplyBody::Bytes(serde_json::to_vec(value).unwrap_or_default().into())).unwrap_or_default()
}
