//! Which pool's domain a request is for, out of the forms that its URL has.

use http::request::Parts;

/// What stands before a domain in the path form.
pub(crate) const PATH_FORM: &str = "/_aws/cognito-idp/";

/// A domain, and what of the path is behind it.
#[derive(Debug, PartialEq)]
pub(crate) struct Address {
    /// Name of the domain: a prefix, or a domain of the owner's own.
    pub domain: String,
    /// The region that stands beside a prefix; the path form names none.
    pub region: Option<String>,
    /// What links within the domain begin with: empty, or the path form's first part.
    pub base: String,
    /// Behind the domain; begins with a slash.
    pub path: String,
}

/// Endpoints of a domain, by which one of the owner's own is noticed.
const PATHS: [&str; 14] = [
    "/oauth2/authorize",
    "/oauth2/token",
    "/oauth2/userInfo",
    "/oauth2/revoke",
    "/oauth2/idpresponse",
    "/login",
    "/logout",
    "/signup",
    "/confirm",
    "/confirmUser",
    "/forgotPassword",
    "/confirmForgotPassword",
    "/challenge",
    "/error",
];

impl Address {
    /// Reads `{prefix}.auth.{region}.amazoncognito.com` with or without `.localhost`, `/_aws/cognito-idp/{domain}/...`, and hosts that `own`
    /// knows as domains of somebody's own; `None` when it is none of them.
    pub fn read(head: &Parts, own: impl FnOnce(&str) -> bool) -> Option<Address> {
        let path = head.uri.path();
        if let Some(rest) = path.strip_prefix(PATH_FORM) {
            let (domain, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
            let base = format!("{PATH_FORM}{domain}");
            return (!domain.is_empty()).then(|| Address { domain: domain.to_lowercase(), region: None, base, path: path.to_owned() });
        }
        let host = head.headers.get("host").and_then(|v| v.to_str().ok()).or(head.uri.host())?;
        let host = host.rsplit_once(':').map_or(host, |(name, _)| name).to_ascii_lowercase();
        let bare = host.strip_suffix(".localhost").unwrap_or(&host);
        let here = |domain: &str, region: Option<&str>| {
            let region = region.map(str::to_owned);
            Address { domain: domain.to_owned(), region, base: String::new(), path: path.to_owned() }
        };
        if let Some((prefix, region)) = bare.strip_suffix(".amazoncognito.com").and_then(|name| name.split_once(".auth.")) {
            return (!prefix.contains('.') && !region.contains('.')).then(|| here(prefix, Some(region)));
        }
        (PATHS.contains(&path) && bare.contains('.') && own(bare)).then(|| here(bare, None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str, host: &str) -> Option<(String, String, String)> {
        let (head, ()) = http::Request::get(url).header("host", host).body(()).unwrap().into_parts();
        Address::read(&head, |name| name == "auth.example.com").map(|a| (a.domain, a.base, a.path))
    }
    fn address(domain: &str, base: &str, path: &str) -> Option<(String, String, String)> {
        Some((domain.into(), base.into(), path.into()))
    }

    #[test]
    fn all_forms() {
        assert_eq!(read("/login?a=b", "shop.auth.us-east-1.amazoncognito.com"), address("shop", "", "/login"));
        assert_eq!(read("/login", "shop.auth.us-east-1.amazoncognito.com.localhost:4566"), address("shop", "", "/login"));
        assert_eq!(
            read("/_aws/cognito-idp/shop/oauth2/token", "localhost:4566"),
            address("shop", "/_aws/cognito-idp/shop", "/oauth2/token")
        );
        assert_eq!(read("/login", "auth.example.com"), address("auth.example.com", "", "/login"));
        assert_eq!(read("/login", "auth.example.org"), None);
        assert_eq!(read("/photos", "auth.example.com"), None);
        assert_eq!(read("/login", "127.0.0.1:4566"), None);
    }
}
