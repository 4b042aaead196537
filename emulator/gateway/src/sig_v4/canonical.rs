//! The canonical request and the string to sign.
//!
//! S3 signs the path as it is, once encoded; every other service signs the normalised path encoded a second time.

use super::ALGORITHM;
use http::{HeaderMap, HeaderName};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use sha2::{Digest, Sha256};

/// What SigV4 leaves as it is in names, values and path segments.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
const UNRESERVED_AND_SLASH: &AsciiSet = &UNRESERVED.remove(b'/');

/// Which of the two path rules (and sets of errors) a service signs by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// S3 and its kin: path encoded once and never normalised, payload hash told in a header, every `x-amz-*` header signed.
    S3,
    /// Everyone else: path normalised and encoded twice, payload hash taken from the body.
    Standard,
}

impl Dialect {
    /// The dialect of a service by the name in its credential scope.
    pub fn of(signing_name: &str) -> Dialect {
        match signing_name {
            "s3" | "s3express" | "s3-object-lambda" | "s3-outposts" => Dialect::S3,
            _ => Dialect::Standard,
        }
    }
}

/// The parts of a request that a signature covers, as they were received.
pub struct Signable<'a> {
    /// Method.
    pub method: &'a str,
    /// Path, raw.
    pub path: &'a str,
    /// Query string, raw, without `?`.
    pub query: &'a str,
    /// Headers.
    pub headers: &'a HeaderMap,
}

impl Signable<'_> {
    /// The canonical request. Header values that are not UTF-8 are signed as the bytes they are. A signed header that is absent counts
    /// as empty, so that the signature does not match.
    pub fn canonical(&self, dialect: Dialect, signed_headers: &[String], payload_hash: &str) -> Vec<u8> {
        let mut out = Vec::with_capacity(512);
        out.extend_from_slice(self.method.as_bytes());
        out.push(b'\n');
        out.extend_from_slice(canonical_path(self.path, dialect).as_bytes());
        out.push(b'\n');
        out.extend_from_slice(canonical_query(self.query).as_bytes());
        out.push(b'\n');
        for name in signed_headers {
            out.extend_from_slice(name.as_bytes());
            out.push(b':');
            self.canonical_values(name, &mut out);
            out.push(b'\n');
        }
        out.push(b'\n');
        out.extend_from_slice(signed_headers.join(";").as_bytes());
        out.push(b'\n');
        out.extend_from_slice(payload_hash.as_bytes());
        out
    }

    fn canonical_values(&self, name: &str, out: &mut Vec<u8>) {
        let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else { return };
        for (index, value) in self.headers.get_all(name).iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            let mut words = value.as_bytes().split(|b| *b == b' ' || *b == b'\t').filter(|w| !w.is_empty());
            if let Some(first) = words.next() {
                out.extend_from_slice(first);
            }
            for word in words {
                out.push(b' ');
                out.extend_from_slice(word);
            }
        }
    }
}

/// The canonical URI of a raw path.
pub fn canonical_path(path: &str, dialect: Dialect) -> String {
    if path.is_empty() {
        return "/".into();
    }
    match dialect {
        Dialect::S3 => {
            let decoded: Vec<u8> = percent_decode_str(path).collect();
            percent_encode(&decoded, UNRESERVED_AND_SLASH).to_string()
        }
        Dialect::Standard => percent_encode(normalise(path).as_bytes(), UNRESERVED_AND_SLASH).to_string(),
    }
}

/// RFC 3986's removal of dot segments and doubled slashes; a slash at the end stays.
fn normalise(path: &str) -> String {
    if !path.contains("//") && !path.contains("/.") {
        return path.to_owned();
    }
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(kept.pop()),
            other => kept.push(other),
        }
    }
    let mut out = String::with_capacity(path.len());
    for segment in &kept {
        out.push('/');
        out.push_str(segment);
    }
    if out.is_empty() || path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..") {
        out.push('/');
    }
    out
}

/// The canonical query string: every pair decoded, encoded anew and sorted, without the signature itself.
pub fn canonical_query(query: &str) -> String {
    if query.is_empty() {
        return String::new();
    }
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .filter(|(name, _)| *name != "X-Amz-Signature")
        .map(|(name, value)| (recode(name), recode(value)))
        .collect();
    pairs.sort();
    let mut out = String::with_capacity(query.len() + 16);
    for (name, value) in &pairs {
        if !out.is_empty() {
            out.push('&');
        }
        out.push_str(name);
        out.push('=');
        out.push_str(value);
    }
    out
}

fn recode(text: &str) -> String {
    // Most names and values need no encoding.
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~')) {
        return text.to_owned();
    }
    // A plus sign in a query string is a space to AWS.
    let spaced = if text.contains('+') { text.replace('+', " ") } else { text.to_owned() };
    let decoded: Vec<u8> = percent_decode_str(&spaced).collect();
    percent_encode(&decoded, UNRESERVED).to_string()
}

/// What the key signs: algorithm, moment, scope and the hash of the canonical request.
pub fn string_to_sign(amz_date: &str, scope: &str, canonical: &[u8]) -> String {
    format!("{ALGORITHM}\n{amz_date}\n{scope}\n{}", kit::hex(&Sha256::digest(canonical)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s3_paths_are_encoded_once() {
        assert_eq!(canonical_path("/b/a%20b//c/../d(1)", Dialect::S3), "/b/a%20b//c/../d%281%29");
        assert_eq!(canonical_path("", Dialect::S3), "/");
    }

    #[test]
    fn other_paths_are_normalised_and_encoded_twice() {
        assert_eq!(canonical_path("/2015/functions/arn%3Aaws", Dialect::Standard), "/2015/functions/arn%253Aaws");
        assert_eq!(canonical_path("/a//b/./c/../d/", Dialect::Standard), "/a/b/d/");
        assert_eq!(canonical_path("/..", Dialect::Standard), "/");
    }

    #[test]
    fn queries_are_sorted_by_encoded_name_and_value() {
        assert_eq!(canonical_query("b=2&a=z&a=b&c&X-Amz-Signature=f"), "a=b&a=z&b=2&c=");
        assert_eq!(canonical_query("prefix=a+b%2Fc"), "prefix=a%20b%2Fc");
    }

    #[test]
    fn header_values_are_trimmed_and_joined() {
        let mut headers = HeaderMap::new();
        headers.append("my-header", " a   b ".parse().unwrap());
        headers.append("my-header", "c".parse().unwrap());
        let signable = Signable { method: "GET", path: "/", query: "", headers: &headers };
        let text = String::from_utf8(signable.canonical(Dialect::Standard, &["my-header".into()], "h")).unwrap();
        assert_eq!(text, "GET\n/\n\nmy-header:a b,c\n\nmy-header\nh");
    }
}
