//! Where rules of a website send a request.

use super::config::number;
use crate::model::{RedirectAllRequestsTo, RoutingRule};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What stays as it is in the path of a URL.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A request to a website.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// As received, port included.
    pub host: String,
    /// Path without its first slash, decoded.
    pub path: String,
    /// `?a=b`, or nothing.
    pub query: String,
}

/// A redirect: status and Location.
#[derive(Debug, PartialEq)]
pub(super) struct Sent {
    pub status: u16,
    pub location: String,
}

/// A key in the path of a URL.
pub(super) fn encoded(key: &str) -> String {
    utf8_percent_encode(key, PATH).to_string()
}

/// Everything goes elsewhere, to the same path.
pub(super) fn everything(to: &RedirectAllRequestsTo, asked: &Asked) -> Sent {
    let protocol = to.protocol.as_deref().unwrap_or("http");
    Sent { status: 301, location: format!("{protocol}://{}/{}{}", to.host_name, encoded(&asked.path), asked.query) }
}

/// The first rule that holds: of those without an error code before the object is looked for (`status` absent), of those with one after that
/// failed. A rule without a condition always holds.
pub(super) fn rule<'a>(rules: Option<&'a Vec<RoutingRule>>, path: &str, status: Option<u16>) -> Option<&'a RoutingRule> {
    rules.into_iter().flatten().find(|rule| {
        let Some(condition) = &rule.condition else { return status.is_none() };
        let prefix = condition.key_prefix_equals.as_deref().is_none_or(|prefix| path.starts_with(prefix));
        prefix && condition.http_error_code_returned_equals.as_deref().map(number) == status
    })
}

/// Where a rule sends a request.
pub(super) fn sent(rule: &RoutingRule, asked: &Asked) -> Sent {
    let redirect = rule.redirect.clone().unwrap_or_default();
    let prefix = rule.condition.as_ref().and_then(|condition| condition.key_prefix_equals.as_deref()).unwrap_or_default();
    let key = match (&redirect.replace_key_with, &redirect.replace_key_prefix_with) {
        (Some(key), _) => key.clone(),
        (None, Some(new)) => format!("{new}{}", asked.path.strip_prefix(prefix).unwrap_or(&asked.path)),
        (None, None) => asked.path.clone(),
    };
    let (protocol, host) = (redirect.protocol.as_deref().unwrap_or("http"), redirect.host_name.as_deref().unwrap_or(&asked.host));
    let location = format!("{protocol}://{host}/{}{}", encoded(key.trim_start_matches('/')), asked.query);
    Sent { status: redirect.http_redirect_code.as_deref().map_or(301, number), location }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Condition, Redirect};

    fn asked(path: &str) -> Asked {
        Asked { host: "site.s3-website.localhost:4566".into(), path: path.into(), query: "?q=1".into() }
    }
    fn rule_of(prefix: Option<&str>, code: Option<&str>, redirect: Redirect) -> RoutingRule {
        let own = |text: Option<&str>| text.map(str::to_owned);
        let condition = Condition { key_prefix_equals: own(prefix), http_error_code_returned_equals: own(code) };
        RoutingRule { condition: Some(condition), redirect: Some(redirect) }
    }

    #[test]
    fn prefixes_are_replaced() {
        let redirect = Redirect { replace_key_prefix_with: Some("documents/".into()), ..Redirect::default() };
        let rule = rule_of(Some("docs/"), None, redirect);
        let sent = sent(&rule, &asked("docs/a b.html"));
        assert_eq!(sent, Sent { status: 301, location: "http://site.s3-website.localhost:4566/documents/a%20b.html?q=1".into() });
    }

    #[test]
    fn rules_with_an_error_code_wait_for_the_error() {
        let there = Redirect { host_name: Some("example.com".into()), http_redirect_code: Some("302".into()), ..Redirect::default() };
        let rules = vec![rule_of(Some("images/"), Some("404"), there)];
        assert!(rule(Some(&rules), "images/a.png", None).is_none());
        assert!(rule(Some(&rules), "images/a.png", Some(403)).is_none());
        assert!(rule(Some(&rules), "other/a.png", Some(404)).is_none());
        let found = rule(Some(&rules), "images/a.png", Some(404)).unwrap();
        assert_eq!(sent(found, &asked("images/a.png")), Sent { status: 302, location: "http://example.com/images/a.png?q=1".into() });
    }
}
