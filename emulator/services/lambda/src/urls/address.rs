//! The forms of a function URL's address: `{id}.lambda-url.{region}.<anything>`, and for clients whose resolver doesn't know names below
//! `localhost`, `/_windtunnel/lambda-url/{id}/...`.

use http::request::Parts;
use kit::Cloud;

const PREFIX: &str = "/_windtunnel/lambda-url/";

/// Where a request goes.
#[derive(Debug, PartialEq)]
pub(super) struct Address {
    pub id: String,
    /// Begins with a slash.
    pub path: String,
    /// Host without the port.
    pub domain: String,
}

impl Address {
    /// `None` when the request is for no function URL.
    pub fn read(head: &Parts) -> Option<Address> {
        let host = head.headers.get("host").and_then(|v| v.to_str().ok()).or(head.uri.host()).unwrap_or_default();
        let domain = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit())).map_or(host, |(domain, _)| domain);
        let path = head.uri.path();
        if let Some((id, _)) = domain.split_once(".lambda-url.").filter(|(id, _)| !id.is_empty() && !id.contains('.')) {
            return Some(Address { id: id.to_ascii_lowercase(), path: path.to_owned(), domain: domain.to_owned() });
        }
        let rest = path.strip_prefix(PREFIX)?;
        let (id, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
        (!id.is_empty()).then(|| Address { id: id.to_ascii_lowercase(), path: path.to_owned(), domain: domain.to_owned() })
    }
}

/// The URL of an id, on this cloud's port.
pub(super) fn url(cloud: &Cloud, id: &str, region: &str) -> String {
    let endpoint = cloud.endpoint();
    let port = endpoint
        .rsplit_once(':')
        .map(|(_, port)| port.trim_end_matches('/'))
        .filter(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()));
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    format!("http://{id}.lambda-url.{region}.localhost{port}/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str, host: &str) -> Option<(String, String, String)> {
        let (head, ()) = http::Request::get(url).header("host", host).body(()).unwrap().into_parts();
        Address::read(&head).map(|a| (a.id, a.path, a.domain))
    }

    #[test]
    fn all_forms() {
        let on = |id: &str, path: &str, domain: &str| Some((id.to_owned(), path.to_owned(), domain.to_owned()));
        let domain = "abc.lambda-url.us-east-1.localhost";
        assert_eq!(read("/a/b?c=d", &format!("{domain}:4566")), on("abc", "/a/b", domain));
        assert_eq!(read("/", "abc.lambda-url.us-east-1.on.aws"), on("abc", "/", "abc.lambda-url.us-east-1.on.aws"));
        assert_eq!(read("/_windtunnel/lambda-url/abc/x", "localhost:1"), on("abc", "/x", "localhost"));
        assert_eq!(read("/_windtunnel/lambda-url/abc", "localhost"), on("abc", "/", "localhost"));
        assert_eq!(read("/_windtunnel/lambda-url/", "localhost"), None);
        assert_eq!(read("/", "a.b.lambda-url.us-east-1.localhost"), None);
        assert_eq!(read("/", "bucket.s3.localhost"), None);
    }
}
