//! Policy documents on their way in and out: checked as AWS checks them on Put, given back percent-encoded.

use crate::model::Error;
use kit::{
    Fault,
    policy::{Document, DocumentKind, Rules},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// RFC 3986: what AWS leaves as it is.
const ENCODE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A document as IAM's answers carry it.
pub(crate) fn encoded(document: &str) -> String {
    utf8_percent_encode(document, ENCODE).to_string()
}

pub(crate) fn identity(document: &str) -> Result<(), Fault> {
    checked(document, DocumentKind::Identity, &Rules::of(DocumentKind::Identity))
}

pub(crate) fn managed(document: &str) -> Result<(), Fault> {
    checked(document, DocumentKind::Identity, &Rules::managed())
}

pub(crate) fn trust(document: &str) -> Result<(), Fault> {
    checked(document, DocumentKind::Trust, &Rules::of(DocumentKind::Trust))
}

fn checked(document: &str, kind: DocumentKind, rules: &Rules) -> Result<(), Fault> {
    match Document::parse_with(document, kind, rules) {
        Ok(_) => Ok(()),
        Err(malformed) if malformed.too_large => Err(Error::LimitExceeded.says(malformed.message)),
        Err(malformed) => Err(Error::MalformedPolicyDocument.says(malformed.message)),
    }
}
