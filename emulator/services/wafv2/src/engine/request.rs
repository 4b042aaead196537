//! A request as rules see it: taken apart once, decoded nowhere. Rules say themselves which disguises are undone.

use http::request::Parts;
use std::net::IpAddr;

/// Most headers and cookies that are inspected, and most bytes of each; AWS's limits.
pub(super) const MOST_ENTRIES: usize = 200;
pub(super) const MOST_ENTRY_BYTES: usize = 8 << 10;

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    /// Address of the client.
    pub ip: IpAddr,
    /// `GET`
    pub method: String,
    /// As sent, percent-encoded.
    pub path: String,
    /// Without the question mark; empty where there is none.
    pub query: String,
    /// Without the hash.
    pub fragment: Option<String>,
    /// `HTTP/1.1`
    pub version: String,
    /// Names in lower case, in the order received.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Names and values of the cookies.
    pub cookies: Vec<(Vec<u8>, Vec<u8>)>,
    /// Names and values of the query string, as sent.
    pub arguments: Vec<(String, String)>,
    /// The body, or what of it may be seen.
    pub body: Vec<u8>,
}

impl Request {
    /// Takes a request apart.
    pub fn new(head: &Parts, body: &[u8], ip: IpAddr) -> Request {
        let mut headers: Vec<(String, Vec<u8>)> = Vec::with_capacity(head.headers.len());
        headers.extend(head.headers.iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())));
        Request::of(head.method.as_str(), &head.uri.to_string(), &format!("{:?}", head.version), headers, body.to_vec(), ip)
    }

    /// A request out of its parts. `target` is path and query, or a whole URL; the fragment stays where a client sent one.
    pub fn of(method: &str, target: &str, version: &str, headers: Vec<(String, Vec<u8>)>, body: Vec<u8>, ip: IpAddr) -> Request {
        let target = match target.split_once("://") {
            Some((scheme, rest)) if scheme.bytes().all(|b| b.is_ascii_alphabetic()) => rest.find('/').map_or("/", |at| &rest[at..]),
            _ => target,
        };
        let (target, fragment) = target.split_once('#').map_or((target, None), |(target, fragment)| (target, Some(fragment.to_owned())));
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let cookies = cookies(&headers);
        Request {
            ip,
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            fragment,
            version: version.to_owned(),
            arguments: arguments(query),
            cookies,
            headers,
            body,
        }
    }

    /// Reads a request as it travels: request line, headers, an empty line, body. Lines may end with LF alone, as files do.
    pub fn parse(text: &[u8], ip: IpAddr) -> Result<Request, String> {
        let (head, body) = split_head(text);
        let head = std::str::from_utf8(head).map_err(|_| "the head of the request is not UTF-8")?;
        let mut lines = head.lines();
        let first = lines.next().unwrap_or_default();
        let mut words = first.split_whitespace();
        let (Some(method), Some(target)) = (words.next(), words.next()) else {
            return Err(format!("the first line is `{first}`; it has to be like `GET /path?query HTTP/1.1`"));
        };
        let version = words.next().unwrap_or("HTTP/1.1");
        let mut headers = Vec::new();
        for line in lines.filter(|line| !line.trim().is_empty()) {
            let (name, value) = line.split_once(':').ok_or_else(|| format!("`{line}` is no header: it has no colon"))?;
            headers.push((name.trim().to_ascii_lowercase(), value.trim().as_bytes().to_vec()));
        }
        Ok(Request::of(method, target, version, headers, body.to_vec(), ip))
    }

    /// The first header of a name (lower case), as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).and_then(|(_, value)| std::str::from_utf8(value).ok())
    }

    /// A cookie.
    pub fn cookie(&self, name: &str) -> Option<&[u8]> {
        self.cookies.iter().find(|(n, _)| n == name.as_bytes()).map(|(_, value)| value.as_slice())
    }

    /// The host without its port.
    pub fn host(&self) -> &str {
        let host = self.header("host").unwrap_or_default();
        host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit())).map_or(host, |(name, _)| name)
    }
}

/// Where the head ends: behind the first empty line.
fn split_head(text: &[u8]) -> (&[u8], &[u8]) {
    let mut line = 0;
    for (at, byte) in text.iter().enumerate() {
        if *byte != b'\n' {
            continue;
        }
        if text[line..at].iter().all(|b| *b == b'\r') && line > 0 {
            return (&text[..line], &text[at + 1..]);
        }
        line = at + 1;
    }
    (text, b"")
}

fn cookies(headers: &[(String, Vec<u8>)]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let all = headers.iter().filter(|(name, _)| name == "cookie").flat_map(|(_, value)| value.split(|b| *b == b';'));
    let pairs = all.map(<[u8]>::trim_ascii).filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| match pair.iter().position(|b| *b == b'=') {
            Some(at) => (pair[..at].to_vec(), pair[at + 1..].to_vec()),
            None => (pair.to_vec(), Vec::new()),
        })
        .collect()
}

fn arguments(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_in_files() {
        let text = b"POST /a%20b?x=1&y#frag HTTP/1.1\nHost: h:80\nCookie: a=b; c\n\nline one\n\nline three";
        let request = Request::parse(text, "192.0.2.1".parse().unwrap()).unwrap();
        assert_eq!((request.method.as_str(), request.path.as_str(), request.query.as_str()), ("POST", "/a%20b", "x=1&y"));
        assert_eq!(request.fragment.as_deref(), Some("frag"));
        assert_eq!(request.host(), "h");
        assert_eq!(request.cookies, [(b"a".to_vec(), b"b".to_vec()), (b"c".to_vec(), b"".to_vec())]);
        assert_eq!(request.arguments, [("x".into(), "1".into()), ("y".into(), "".into())]);
        assert_eq!(request.body, b"line one\n\nline three");
        assert_eq!(Request::parse(b"GET\n", "::1".parse().unwrap()).unwrap_err().split('`').nth(1), Some("GET"));
        assert!(Request::parse(b"GET / HTTP/1.1\nnot a header\n", "::1".parse().unwrap()).is_err());
    }
}
