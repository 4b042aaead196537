//! Amazon S3's Signature Version 2, as a verifier: boto3 still presigns with it in us-east-1 unless told otherwise. Pure.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/RESTAuthentication.html>

use crate::sig_v4::presigned::parameter;
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac};
use http::HeaderMap;
use percent_encoding::percent_decode_str;
use sha1::Sha1;
use std::collections::BTreeMap;

/// Parameters of the query string that are part of the resource.
const SUBRESOURCES: &[&str] = &[
    "accelerate",
    "acl",
    "analytics",
    "cors",
    "delete",
    "encryption",
    "inventory",
    "lifecycle",
    "location",
    "logging",
    "metrics",
    "notification",
    "object-lock",
    "partNumber",
    "policy",
    "publicAccessBlock",
    "replication",
    "requestPayment",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "restore",
    "select",
    "select-type",
    "storageClass",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
    "website",
];

/// A Version 2 signature.
#[derive(Clone, Debug, PartialEq)]
pub struct SignatureV2 {
    /// Access key id.
    pub access_key: String,
    /// Base64.
    pub signature: String,
    /// Seconds since the epoch after which a presigned URL is void; `None` for the header form.
    pub expires: Option<i64>,
}

impl SignatureV2 {
    /// Whether a query string means to carry a Version 2 signature.
    pub fn is_meant(query: &str) -> bool {
        query.split('&').any(|p| p.starts_with("AWSAccessKeyId=") || p.starts_with("Signature="))
    }
    /// Reads the parameters; `None` when one is missing or is no number.
    pub fn from_query(query: &str) -> Option<SignatureV2> {
        Some(SignatureV2 {
            access_key: parameter(query, "AWSAccessKeyId")?,
            signature: parameter(query, "Signature")?,
            expires: Some(parameter(query, "Expires")?.parse().ok()?),
        })
    }
    /// Reads `AWS AKID:signature`.
    pub fn from_header(value: &str) -> Option<SignatureV2> {
        let (access_key, signature) = value.strip_prefix("AWS ")?.rsplit_once(':')?;
        Some(SignatureV2 { access_key: access_key.trim().into(), signature: signature.trim().into(), expires: None })
    }

    /// The string to sign. `bucket` is set when it stands in the host name. Headers that travel in the query string of a presigned
    /// URL count as headers.
    pub fn string_to_sign(&self, method: &str, path: &str, query: &str, headers: &HeaderMap, bucket: Option<&str>) -> String {
        let header = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let hoisted = |name: &str| self.expires.and_then(|_| parameter(query, name));
        let either = |name: &str| header(name).or_else(|| hoisted(name)).unwrap_or_default();
        let amz = self.amz_headers(query, headers);
        let date = match self.expires {
            Some(expires) => expires.to_string(),
            None if amz.contains_key("x-amz-date") => String::new(),
            None => either("date"),
        };
        let mut text = format!("{method}\n{}\n{}\n{date}\n", either("content-md5"), either("content-type"));
        for (name, value) in &amz {
            text.push_str(&format!("{name}:{value}\n"));
        }
        if let Some(bucket) = bucket {
            text.push('/');
            text.push_str(bucket);
        }
        text.push_str(path);
        text.push_str(&subresources(query));
        text
    }

    fn amz_headers(&self, query: &str, headers: &HeaderMap) -> BTreeMap<String, String> {
        let mut amz: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in headers.iter().filter(|(n, _)| n.as_str().starts_with("x-amz-")) {
            let value = String::from_utf8_lossy(value.as_bytes()).trim().to_owned();
            amz.entry(name.as_str().to_owned()).and_modify(|v| *v = format!("{v},{value}")).or_insert(value);
        }
        if self.expires.is_some() {
            for pair in query.split('&').filter(|p| p.to_ascii_lowercase().starts_with("x-amz-")) {
                let name = pair.split('=').next().unwrap_or(pair);
                amz.entry(name.to_ascii_lowercase()).or_insert_with(|| parameter(query, name).unwrap_or_default());
            }
        }
        amz
    }

    /// Whether the secret gives this signature.
    pub fn is_made_with(&self, secret: &str, string_to_sign: &str) -> bool {
        let mut mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).expect("any length of key will do");
        mac.update(string_to_sign.as_bytes());
        crate::sig_v4::same(&STANDARD.encode(mac.finalize().into_bytes()), &self.signature)
    }
}

fn subresources(query: &str) -> String {
    let mut pairs: Vec<(&str, Option<String>)> = query
        .split('&')
        .map(|p| p.split_once('=').map_or((p, None), |(n, v)| (n, Some(percent_decode_str(v).decode_utf8_lossy().into_owned()))))
        .filter(|(name, _)| SUBRESOURCES.contains(name))
        .collect();
    pairs.sort();
    let words: Vec<String> = pairs.into_iter().map(|(n, v)| v.map_or(n.to_owned(), |v| format!("{n}={v}"))).collect();
    if words.is_empty() { String::new() } else { format!("?{}", words.join("&")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_get() {
        // "Object GET" of RESTAuthentication.html.
        let mut headers = HeaderMap::new();
        headers.insert("host", "awsexamplebucket1.us-west-1.s3.amazonaws.com".parse().unwrap());
        headers.insert("date", "Tue, 27 Mar 2007 19:36:42 +0000".parse().unwrap());
        let sig = SignatureV2::from_header("AWS AKIAIOSFODNN7EXAMPLE:qgk2+6Sv9/oM7G3qLEjTH1a1l1g=").unwrap();
        let text = sig.string_to_sign("GET", "/photos/puppy.jpg", "", &headers, Some("awsexamplebucket1"));
        assert_eq!(text, "GET\n\n\nTue, 27 Mar 2007 19:36:42 +0000\n/awsexamplebucket1/photos/puppy.jpg");
        assert!(sig.is_made_with("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", &text));
        assert!(!sig.is_made_with("another", &text));
    }

    #[test]
    fn a_url_of_boto3() {
        let query = "AWSAccessKeyId=test&Signature=Rg11BDM1BMqtcKktPotEI7lDT%2BA%3D&Expires=1795370448";
        assert!(SignatureV2::is_meant(query));
        let sig = SignatureV2::from_query(query).unwrap();
        let text = sig.string_to_sign("GET", "/b/k", query, &HeaderMap::new(), None);
        assert_eq!(text, "GET\n\n\n1795370448\n/b/k");
        assert!(sig.is_made_with("test", &text));
        assert_eq!(SignatureV2::from_query("AWSAccessKeyId=test&Signature=a"), None);
    }

    #[test]
    fn subresources_are_part_of_the_resource() {
        assert_eq!(
            subresources("uploads&prefix=x&partNumber=3&response-content-type=a%2Fb"),
            "?partNumber=3&response-content-type=a/b&uploads"
        );
    }
}
