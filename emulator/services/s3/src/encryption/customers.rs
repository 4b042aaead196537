//! SSE-C: keys that come with each request and are forgotten with it. What is kept is a salted digest, by which the right key is known again,
//! and the MD5 that answers show.

use super::chunks::{DataKey, derive};
use crate::{errors, model::Error};
use base64::{Engine, prelude::BASE64_STANDARD};
use kit::{Context, Fault};
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

/// What is kept of a customer's key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Customer {
    /// Base64, as the customer gave it.
    pub key_md5: String,
    salt: [u8; 16],
    digest: [u8; 32],
}

/// The headers of a customer's key, unread.
#[derive(Clone, Default)]
pub(crate) struct Given<'a> {
    pub algorithm: Option<&'a str>,
    /// Base64.
    pub key: Option<&'a str>,
    /// Base64.
    pub key_md5: Option<&'a str>,
}

/// A customer's key as it came, with the MD5 that it was sent with.
pub(crate) struct GivenKey {
    /// Absent where what came is no key of 256 bits.
    key: Option<DataKey>,
    md5: String,
}

fn invalid(sentence: &str) -> Fault {
    Fault::new("InvalidArgument", 400, sentence.to_owned()).with("ArgumentName", "x-amz-server-side-encryption")
}

impl Given<'_> {
    /// The key, where one came. Refusals and their order are those that AWS was recorded with.
    pub fn read(&self, cx: &Context) -> Result<Option<GivenKey>, Fault> {
        if let Some(other) = self.algorithm.filter(|name| *name != "AES256") {
            let sentence = "The Encryption request you specified is not valid. Supported value: AES256.";
            return Err(Fault::new("InvalidEncryptionAlgorithmError", 400, sentence)
                .with("ArgumentName", "x-amz-server-side-encryption")
                .with("ArgumentValue", other));
        }
        let text = match (self.algorithm, self.key) {
            (None, None) if self.key_md5.is_none() => return Ok(None),
            (None, _) => {
                let sentence =
                    "Requests specifying Server Side Encryption with Customer provided keys must provide a valid encryption algorithm.";
                return Err(invalid(sentence));
            }
            (Some(_), None) => {
                let sentence =
                    "Requests specifying Server Side Encryption with Customer provided keys must provide an appropriate secret key.";
                return Err(invalid(sentence));
            }
            (Some(_), Some(text)) => text,
        };
        refuse_in_the_clear(cx)?;
        let bytes = BASE64_STANDARD.decode(text).map_err(|_| unfit())?;
        let Some(md5) = self.key_md5 else {
            // From memory; SDKs add the digest themselves, so no recording is without.
            let sentence = "Requests specifying Server Side Encryption with Customer provided keys must provide the client calculated MD5 of the secret key.";
            return Err(invalid(sentence));
        };
        if md5 != BASE64_STANDARD.encode(Md5::digest(&bytes)) {
            return Err(invalid("The calculated MD5 hash of the key did not match the hash that was provided."));
        }
        Ok(Some(GivenKey { key: bytes.try_into().ok().map(DataKey), md5: md5.to_owned() }))
    }
    /// Whether a request says anything of a customer's key.
    pub fn is_there(&self) -> bool {
        self.algorithm.is_some() || self.key.is_some() || self.key_md5.is_some()
    }
}

/// A key belongs on no wire in the clear: AWS takes it over TLS only. On loopback, where a test has no certificate and nobody can listen,
/// we take it without.
fn refuse_in_the_clear(cx: &Context) -> Result<(), Fault> {
    let exposed = cx.source().ip.is_some_and(|ip| !ip.is_loopback()) && !cx.source().secure;
    match exposed {
        true => Err(errors::invalid_request(
            "Requests specifying Server Side Encryption with Customer provided keys must be made over a secure connection.",
        )),
        false => Ok(()),
    }
}

fn unfit() -> Fault {
    invalid("The secret key was invalid for the specified algorithm.")
}

impl Customer {
    /// What is to be kept of a key that something is written under, and the key.
    pub fn of(cx: &Context, given: GivenKey) -> Result<(Customer, DataKey), Fault> {
        let salt = super::chunks::salt(cx);
        let key = given.key.ok_or_else(unfit)?;
        Ok((Customer { key_md5: given.md5, salt, digest: digest(&key, &salt) }, key))
    }
    /// The key, if it is the one that was written under. One that is no key at all is told of as a wrong one, as recorded.
    pub fn check(&self, given: GivenKey) -> Result<DataKey, Fault> {
        match given.key.filter(|key| digest(key, &self.salt) == self.digest) {
            Some(key) => Ok(key),
            None => Err(Error::AccessDenied
                .says("Requests specifying Server Side Encryption with Customer provided keys must provide the correct secret key.")),
        }
    }
}

fn digest(key: &DataKey, salt: &[u8; 16]) -> [u8; 32] {
    derive(key, b"check", salt)
}
