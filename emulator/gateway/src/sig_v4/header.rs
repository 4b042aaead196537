//! The `Authorization` header of a signed request.

use super::{ALGORITHM, Credential};
use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

/// A signature that came in the header.
#[derive(Clone, Debug, PartialEq)]
pub struct Authorization {
    /// Who signs, for which scope.
    pub credential: Credential,
    /// Names of the signed headers, lower case, in the order given.
    pub signed_headers: Vec<String>,
    /// 64 hexadecimal digits if it is any good.
    pub signature: String,
}

/// Why an `Authorization` header is none.
#[derive(Clone, Debug, PartialEq)]
pub enum Malformed {
    /// Parts are missing; AWS's sentence names each of them.
    Incomplete(String),
    /// The credential is not five parts with slashes between them.
    Credential(String),
}

impl Authorization {
    /// Whether a header value means Signature Version 4 at all.
    pub fn is_sig_v4(value: &str) -> bool {
        value.starts_with(ALGORITHM)
    }

    /// Reads the header. Parts are separated by commas, with or without spaces, in any order.
    pub fn parse(value: &str) -> Result<Authorization, Malformed> {
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        let rest = value.strip_prefix(ALGORITHM).unwrap_or(value);
        for part in rest.split(',') {
            match part.trim().split_once('=') {
                Some(("Credential", text)) => credential = Some(text.trim()),
                Some(("SignedHeaders", text)) => signed_headers = Some(text.trim()),
                Some(("Signature", text)) => signature = Some(text.trim()),
                _ => {}
            }
        }
        let (Some(credential), Some(signed_headers), Some(signature)) = (credential, signed_headers, signature) else {
            return Err(Malformed::Incomplete(missing(value, credential.is_some(), signature.is_some(), signed_headers.is_some())));
        };
        Ok(Authorization {
            credential: Credential::parse(credential).ok_or_else(|| Malformed::Credential(credential.to_owned()))?,
            signed_headers: split_signed_headers(signed_headers),
            signature: signature.to_owned(),
        })
    }
}

/// `host;x-amz-date` as names.
pub fn split_signed_headers(text: &str) -> Vec<String> {
    text.split(';').filter(|n| !n.is_empty()).map(|n| n.trim().to_ascii_lowercase()).collect()
}

fn missing(value: &str, credential: bool, signature: bool, signed_headers: bool) -> String {
    let mut text = String::new();
    for (there, name) in [(credential, "Credential"), (signature, "Signature"), (signed_headers, "SignedHeaders")] {
        if !there {
            text.push_str(&format!("Authorization header requires '{name}' parameter. "));
        }
    }
    // The header may hold a secret that was put there by mistake: AWS sends its hash back, not the header.
    let hash = STANDARD.encode(Sha256::digest(value.as_bytes()));
    format!("{text}(Hashed with SHA-256 and encoded with Base64) Authorization={hash}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_with_and_without_spaces() {
        for gap in ["", " "] {
            let text = format!(
                "AWS4-HMAC-SHA256 Credential=test/20130524/us-east-1/s3/aws4_request,{gap}SignedHeaders=host;X-Amz-Date,{gap}Signature=abc"
            );
            let auth = Authorization::parse(&text).unwrap();
            assert_eq!(auth.credential.access_key, "test");
            assert_eq!(auth.signed_headers, ["host", "x-amz-date"]);
            assert_eq!(auth.signature, "abc");
        }
    }

    #[test]
    fn names_what_is_missing() {
        let Err(Malformed::Incomplete(text)) = Authorization::parse("AWS4-HMAC-SHA256 Credential=a/b/c/d/e") else {
            panic!("it is incomplete")
        };
        assert!(
            text.starts_with(
                "Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. "
            ),
            "{text}"
        );
        assert!(matches!(
            Authorization::parse("AWS4-HMAC-SHA256 Credential=x,SignedHeaders=host,Signature=a"),
            Err(Malformed::Credential(_))
        ));
    }
}
