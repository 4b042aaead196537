//! A signature in the query string.

use super::{Credential, header::split_signed_headers};
use percent_encoding::percent_decode_str;

/// A signature that came in the query string.
#[derive(Clone, Debug, PartialEq)]
pub struct Presigned {
    /// Value of X-Amz-Algorithm.
    pub algorithm: String,
    /// Who signs, for which scope.
    pub credential: Credential,
    /// X-Amz-Date.
    pub date: String,
    /// X-Amz-Expires as sent; only S3 insists on it.
    pub expires: Option<String>,
    /// Names of the signed headers, lower case.
    pub signed_headers: Vec<String>,
    /// 64 hexadecimal digits if it is any good.
    pub signature: String,
    /// X-Amz-Security-Token.
    pub token: Option<String>,
}

/// Why a query string that looks presigned is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// A parameter is missing.
    Incomplete,
    /// X-Amz-Credential is not five parts with slashes between them.
    Credential,
}

/// Longest life of a presigned URL, seconds.
pub const MAX_EXPIRES_SECS: i64 = 604_800;

/// The decoded value of a query parameter.
pub fn parameter(query: &str, name: &str) -> Option<String> {
    pairs(query).find(|(n, _)| *n == name).map(|(_, value)| decoded(value))
}

fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

fn decoded(value: &str) -> String {
    match value.contains(['%', '+']) {
        true => percent_decode_str(&value.replace('+', " ")).decode_utf8_lossy().into_owned(),
        false => value.to_owned(),
    }
}

/// The parameters of a signature, in one walk over the query string; of several of one name the first counts.
const NAMES: [&str; 7] = [
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Signature",
    "X-Amz-Date",
    "X-Amz-SignedHeaders",
    "X-Amz-Expires",
    "X-Amz-Security-Token",
];

impl Presigned {
    /// Whether a query string means to carry a SigV4 signature.
    pub fn is_meant(query: &str) -> bool {
        query.split('&').any(|p| {
            ["X-Amz-Algorithm=", "X-Amz-Credential=", "X-Amz-Signature=", "X-Amz-SignedHeaders=", "X-Amz-Expires="]
                .iter()
                .any(|n| p.starts_with(n))
        })
    }

    /// Reads the parameters.
    pub fn parse(query: &str) -> Result<Presigned, Malformed> {
        let mut found: [Option<String>; NAMES.len()] = Default::default();
        for (name, value) in pairs(query).filter(|(name, _)| name.starts_with("X-Amz-")) {
            if let Some(at) = NAMES.iter().position(|known| *known == name) {
                found[at].get_or_insert_with(|| decoded(value));
            }
        }
        let [algorithm, credential, signature, date, signed_headers, expires, token] = found;
        let need = |value: Option<String>| value.filter(|text| !text.is_empty()).ok_or(Malformed::Incomplete);
        let (algorithm, credential) = (need(algorithm)?, need(credential)?);
        let (signature, date, signed_headers) = (need(signature)?, need(date)?, need(signed_headers)?);
        Ok(Presigned {
            algorithm,
            credential: Credential::parse(&credential).ok_or(Malformed::Credential)?,
            date,
            expires,
            signed_headers: split_signed_headers(&signed_headers),
            signature,
            token,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUERY: &str = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=test%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aa";

    #[test]
    fn reads_a_presigned_query() {
        let presigned = Presigned::parse(QUERY).unwrap();
        assert_eq!(presigned.credential.scope.service, "s3");
        assert_eq!(presigned.expires.as_deref(), Some("86400"));
        assert!(Presigned::is_meant(QUERY) && !Presigned::is_meant("list-type=2"));
    }

    #[test]
    fn says_what_is_wrong() {
        assert_eq!(Presigned::parse(&QUERY.replace("X-Amz-Date", "Date")), Err(Malformed::Incomplete));
        assert_eq!(Presigned::parse(&QUERY.replace("%2F", "%252F")), Err(Malformed::Credential));
    }
}
