//! Why a request is not let in, and how AWS says so: S3, query services and JSON services each have codes and sentences of their own.

use crate::sig_v4::Dialect;
use kit::time::{amz_date, iso_secs};
use wire::{Fault, Protocol, Timestamp};

/// Why a request is not let in.
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    /// No signature where one is needed.
    MissingToken,
    /// The Authorization header lacks parts; AWS's sentence names them.
    Incomplete(String),
    /// The Authorization header is of a scheme that the service does not take.
    ForeignScheme(String),
    /// A signature in the header and one in the query string.
    TwoMechanisms,
    /// The credential in the header is not five parts.
    MalformedCredential,
    /// Parameters of a presigned URL are missing, for the given version of signatures.
    MissingParameters(u8),
    /// Parameters of a presigned URL are wrong; the sentence says how.
    WrongParameter(String),
    /// No `X-Amz-Date` or `Date`, or one that can't be read.
    NoDate,
    /// The date of the scope is not that of the request.
    ScopeDate { scope: String, date: String },
    /// The region of the scope is none.
    ScopeRegion { region: String, expecting: String },
    /// The scope doesn't end in aws4_request.
    ScopeTerminator(String),
    /// A key that looks like a real one.
    RealKey,
    /// Nobody has this key, or it is inactive.
    UnknownKey(String),
    /// The session token is not the key's.
    WrongToken { token: String, hint: &'static str },
    /// The session is over.
    ExpiredToken(String),
    /// The request was signed at another time.
    Skewed { signed: Timestamp, server: Timestamp },
    /// The presigned URL is over.
    Expired { expires: Timestamp, expires_secs: Option<i64>, server: Timestamp },
    /// The presigned URL was signed in the future.
    NotYetValid { signed: Timestamp, server: Timestamp },
    /// `x-amz-*` headers that are not signed.
    HeadersNotSigned(Vec<String>),
    /// The Host header is not signed.
    HostNotSigned,
    /// The signature is wrong.
    SignatureDoesNotMatch { access_key: String, signature: String, string_to_sign: String, canonical: Option<Vec<u8>> },
    /// A field of a browser form that has to be there is not.
    MissingField(&'static str),
    /// A field of a browser form that says who signed can't be read.
    WrongField { name: &'static str, value: String },
    /// Version 2, where it is not taken.
    OldMechanism,
    /// S3 wants to be told the body's hash.
    NoPayloadHash,
    /// x-amz-content-sha256 is nonsense.
    PayloadHash(String),
    /// AWS has this algorithm, this build has not.
    NotImplemented(String),
}

const SIGNATURE_S3: &str =
    "The request signature we calculated does not match the signature you provided. Check your key and signing method.";
const SIGNATURE: &str = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";
const REAL_KEY: &str = "The access key id starts with AKIA or ASIA, as real AWS keys do. Windtunnel refuses such keys, known or not, so that real credentials have no place here: use test/test, or a key that this emulator issued (LKIA, LSIA).";
const INVALID_TOKEN: &str = "The security token included in the request is invalid";
const EXPIRED_TOKEN: &str = "The security token included in the request is expired";
const MISSING_PARAMETERS: &str = "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.";
const MISSING_PARAMETERS_V2: &str = "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters";
/// AWS's sentence about an X-Amz-Credential that is not five parts.
pub const CREDENTIAL_PARAMETER: &str = "Error parsing the X-Amz-Credential parameter; the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".";

impl Refusal {
    /// The fault in the manner of a service.
    pub fn fault(self, dialect: Dialect, protocol: Protocol) -> Fault {
        match dialect {
            Dialect::S3 => self.s3(),
            Dialect::Standard => Manner::of(protocol).fault(self),
        }
    }

    fn s3(self) -> Fault {
        let malformed =
            |text: &str| Fault::new("AuthorizationHeaderMalformed", 400, format!("The authorization header is malformed; {text}"));
        let parameters = |text: &str| Fault::new("AuthorizationQueryParametersError", 400, text);
        let denied = |text: &str| Fault::new("AccessDenied", 403, text);
        match self {
            Refusal::MissingToken => denied("Access Denied"),
            Refusal::Incomplete(text) => malformed(&text),
            Refusal::ForeignScheme(scheme) => {
                Fault::new("InvalidArgument", 400, "Unsupported Authorization Type").with("ArgumentName", "Authorization").with("ArgumentValue", scheme)
            }
            Refusal::TwoMechanisms => Fault::new(
                "InvalidArgument",
                400,
                "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified",
            )
            .with("ArgumentName", "Authorization"),
            Refusal::MalformedCredential => malformed("the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\"."),
            Refusal::MissingParameters(2) => denied(MISSING_PARAMETERS_V2),
            Refusal::MissingParameters(_) => parameters(MISSING_PARAMETERS),
            Refusal::WrongParameter(text) => parameters(&text),
            Refusal::NoDate => denied("AWS authentication requires a valid Date or x-amz-date header"),
            Refusal::ScopeDate { scope, date } => {
                malformed(&format!("Invalid credential date \"{scope}\". This date is not the same as X-Amz-Date: \"{date}\"."))
            }
            Refusal::ScopeRegion { region, expecting } => {
                malformed(&format!("the region '{region}' is wrong; expecting '{expecting}'")).with("Region", expecting)
            }
            Refusal::ScopeTerminator(text) => malformed(&format!("incorrect terminator \"{text}\". This endpoint uses \"aws4_request\".")),
            Refusal::RealKey => Fault::new("InvalidAccessKeyId", 403, REAL_KEY),
            Refusal::UnknownKey(id) => {
                Fault::new("InvalidAccessKeyId", 403, "The AWS Access Key Id you provided does not exist in our records.").with("AWSAccessKeyId", id)
            }
            Refusal::WrongToken { token, hint } => {
                Fault::new("InvalidToken", 400, format!("The provided token is malformed or otherwise invalid.{hint}")).with("Token-0", token)
            }
            Refusal::ExpiredToken(token) => Fault::new("ExpiredToken", 400, "The provided token has expired.").with("Token-0", token),
            Refusal::Skewed { signed, server } => {
                Fault::new("RequestTimeTooSkewed", 403, "The difference between the request time and the current time is too large.")
                    .with("RequestTime", amz_date(signed))
                    .with("ServerTime", iso_secs(server))
                    .with("MaxAllowedSkewMilliseconds", "900000")
            }
            Refusal::Expired { expires, expires_secs, server } => {
                let fault = denied("Request has expired");
                let fault = match expires_secs {
                    Some(secs) => fault.with("X-Amz-Expires", secs.to_string()),
                    None => fault,
                };
                fault.with("Expires", iso_secs(expires)).with("ServerTime", iso_secs(server))
            }
            Refusal::NotYetValid { signed, server } => {
                denied("Request is not valid yet").with("X-Amz-Date", amz_date(signed)).with("ServerTime", iso_secs(server))
            }
            Refusal::HeadersNotSigned(names) => {
                denied("There were headers present in the request which were not signed").with("HeadersNotSigned", names.join(", "))
            }
            Refusal::HostNotSigned => denied("There were headers present in the request which were not signed").with("HeadersNotSigned", "host"),
            Refusal::SignatureDoesNotMatch { access_key, signature, string_to_sign, canonical } => {
                let fault = Fault::new("SignatureDoesNotMatch", 403, SIGNATURE_S3)
                    .with("AWSAccessKeyId", access_key)
                    .with("StringToSign", string_to_sign.clone())
                    .with("SignatureProvided", signature)
                    .with("StringToSignBytes", spaced_hex(string_to_sign.as_bytes()));
                match canonical {
                    Some(canonical) => {
                        fault.with("CanonicalRequest", String::from_utf8_lossy(&canonical).into_owned()).with("CanonicalRequestBytes", spaced_hex(&canonical))
                    }
                    None => fault,
                }
            }
            Refusal::MissingField(name) => missing_field(name),
            Refusal::WrongField { name, value } => Fault::new("InvalidArgument", 400, format!("Invalid value of form field {name}"))
                .with("ArgumentName", name)
                .with("ArgumentValue", value),
            Refusal::OldMechanism => Fault::new(
                "InvalidRequest",
                400,
                "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
            ),
            Refusal::NoPayloadHash => Fault::new("InvalidRequest", 400, "Missing required header for this request: x-amz-content-sha256"),
            Refusal::PayloadHash(value) => Fault::new(
                "InvalidArgument",
                400,
                "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER or a valid sha256 value.",
            )
            .with("ArgumentName", "x-amz-content-sha256")
            .with("ArgumentValue", value),
            Refusal::NotImplemented(text) => Fault::new("NotImplemented", 501, text),
        }
    }
}

/// A field that a browser form lacks. AWS sends its value, empty.
pub(crate) fn missing_field(name: &str) -> Fault {
    let text = format!("Bucket POST must contain a field named '{name}'.  If it is specified, please check the order of the fields.");
    Fault::new("InvalidArgument", 400, text).with("ArgumentName", name).with("ArgumentValue", "")
}

/// The codes of a family of protocols.
struct Manner {
    missing: &'static str,
    incomplete: &'static str,
    key: &'static str,
    expired: &'static str,
    signature: &'static str,
    status: u16,
}

impl Manner {
    fn of(protocol: Protocol) -> Manner {
        match protocol {
            Protocol::Query | Protocol::Ec2 | Protocol::RestXml => Manner {
                missing: "MissingAuthenticationToken",
                incomplete: "IncompleteSignature",
                key: "InvalidClientTokenId",
                expired: "ExpiredToken",
                signature: "SignatureDoesNotMatch",
                status: 403,
            },
            json => Manner {
                missing: "MissingAuthenticationTokenException",
                incomplete: "IncompleteSignatureException",
                key: "UnrecognizedClientException",
                expired: "ExpiredTokenException",
                signature: "InvalidSignatureException",
                status: if json == Protocol::RestJson { 403 } else { 400 },
            },
        }
    }

    fn fault(self, refusal: Refusal) -> Fault {
        let signature = |text: String| Fault::new(self.signature, self.status, text);
        let incomplete = |text: String| Fault::new(self.incomplete, 400, text);
        match refusal {
            Refusal::MissingToken => Fault::new(self.missing, self.status, "Request is missing Authentication Token"),
            Refusal::Incomplete(text) => incomplete(text),
            Refusal::ForeignScheme(scheme) => incomplete(format!("Authorization header of scheme '{scheme}' is not supported: expecting 'AWS4-HMAC-SHA256'.")),
            Refusal::TwoMechanisms => incomplete("Only one of header and query string may carry a signature.".into()),
            Refusal::MalformedCredential => incomplete("Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term".into()),
            Refusal::MissingParameters(_) => incomplete(
                "AWS query-string parameters must include 'X-Amz-Algorithm'. AWS query-string parameters must include 'X-Amz-Credential'. AWS query-string parameters must include 'X-Amz-Signature'. AWS query-string parameters must include 'X-Amz-SignedHeaders'. AWS query-string parameters must include 'X-Amz-Date'. Re-examine the query-string parameters.".into(),
            ),
            Refusal::WrongParameter(text) => incomplete(text),
            Refusal::NoDate => incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.".into()),
            Refusal::ScopeDate { scope, date } => signature(format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{scope}' != '{}', from '{date}'.",
                date.get(..8).unwrap_or(&date)
            )),
            Refusal::ScopeRegion { .. } => signature("Credential should be scoped to a valid region. ".into()),
            Refusal::ScopeTerminator(text) => signature(format!("Credential should be scoped with a valid terminator: 'aws4_request', not '{text}'.")),
            Refusal::RealKey => Fault::new(self.key, self.status, REAL_KEY),
            Refusal::UnknownKey(_) => Fault::new(self.key, self.status, format!("{INVALID_TOKEN}.")),
            Refusal::WrongToken { hint, .. } => Fault::new(self.key, self.status, format!("{INVALID_TOKEN}.{hint}")),
            Refusal::ExpiredToken(_) => Fault::new(self.expired, self.status, EXPIRED_TOKEN),
            Refusal::Skewed { signed, server } => signature(skew_sentence(signed, server)),
            Refusal::Expired { expires, server, .. } => {
                signature(format!("Signature expired: {} is now earlier than {}", amz_date(expires), amz_date(server)))
            }
            Refusal::NotYetValid { signed, server } => signature(skew_sentence(signed, server)),
            Refusal::HeadersNotSigned(names) => signature(format!("'{}' must be a 'SignedHeader' in the AWS Authorization.", names.join("', '"))),
            Refusal::HostNotSigned => signature("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.".into()),
            Refusal::SignatureDoesNotMatch { .. } => signature(SIGNATURE.into()),
            // Told by S3 alone, which has forms and Version 2.
            Refusal::MissingField(name) => incomplete(format!("The form lacks the field '{name}'.")),
            Refusal::WrongField { name, .. } => incomplete(format!("The form's field '{name}' can't be read.")),
            Refusal::OldMechanism => incomplete("Expecting 'AWS4-HMAC-SHA256'.".into()),
            Refusal::NoPayloadHash | Refusal::PayloadHash(_) => signature("x-amz-content-sha256 is not a hash of the body.".into()),
            Refusal::NotImplemented(text) => Fault::new("NotImplemented", 501, text),
        }
    }
}

fn skew_sentence(signed: Timestamp, server: Timestamp) -> String {
    let quarter = crate::sig_v4::moment::MAX_SKEW_NS;
    let (at, now) = (amz_date(signed), amz_date(server));
    match signed < server {
        true => format!("Signature expired: {at} is now earlier than {} ({now} - 15 min.)", amz_date(server.plus_ns(-quarter))),
        false => format!("Signature not yet current: {at} is still later than {} ({now} + 15 min.)", amz_date(server.plus_ns(quarter))),
    }
}

/// Bytes as S3 prints them: `41 57 53`.
fn spaced_hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 3);
    for (index, byte) in bytes.iter().enumerate() {
        if index > 0 {
            out.push(' ');
        }
        out.push_str(&format!("{byte:02x}"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_family_has_its_codes() {
        let code = |dialect, protocol| {
            let fault = Refusal::UnknownKey("LKIANOBODY".into()).fault(dialect, protocol);
            (fault.code.into_owned(), fault.status)
        };
        assert_eq!(code(Dialect::S3, Protocol::RestXml), ("InvalidAccessKeyId".into(), 403));
        assert_eq!(code(Dialect::Standard, Protocol::Query), ("InvalidClientTokenId".into(), 403));
        assert_eq!(code(Dialect::Standard, Protocol::RestJson), ("UnrecognizedClientException".into(), 403));
        assert_eq!(code(Dialect::Standard, Protocol::Json11), ("UnrecognizedClientException".into(), 400));
    }

    #[test]
    fn skew_is_told_in_aws_words() {
        let (signed, server) = (Timestamp::from_secs(1_369_353_600), Timestamp::from_secs(1_369_353_600 + 1800));
        let fault = Refusal::Skewed { signed, server }.fault(Dialect::Standard, Protocol::Json11);
        assert_eq!(fault.message, "Signature expired: 20130524T000000Z is now earlier than 20130524T001500Z (20130524T003000Z - 15 min.)");
        let fault = Refusal::Skewed { signed, server }.fault(Dialect::S3, Protocol::RestXml);
        assert_eq!(fault.code, "RequestTimeTooSkewed");
        assert_eq!(
            fault.fields.iter().map(|f| f.0.as_ref()).collect::<Vec<_>>(),
            ["RequestTime", "ServerTime", "MaxAllowedSkewMilliseconds"]
        );
    }

    #[test]
    fn bytes_are_spaced() {
        assert_eq!(spaced_hex(b"AWS4"), "41 57 53 34");
    }
}
