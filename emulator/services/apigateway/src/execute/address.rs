//! Where a request goes: API, stage and path, out of any of the forms that an API's URL has.

use http::request::Parts;

/// The address of a request.
#[derive(Debug, PartialEq)]
pub(crate) struct Address {
    pub api_id: String,
    pub stage: String,
    /// Behind the stage, as it was sent; begins with a slash.
    pub path: String,
    /// The stage and what was really sent behind it: `/live` is not `/live/`.
    pub staged: String,
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
        Address { api_id: api_id.to_ascii_lowercase(), stage: stage.to_owned(), path, staged }
    }
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
