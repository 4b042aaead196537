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

/// A customer's key as it came, well-formed.
pub(crate) struct GivenKey {
    pub key: DataKey,
    md5: Option<String>,
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
        let key: Option<[u8; 32]> = BASE64_STANDARD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
        let key = key.ok_or_else(|| invalid("The secret key was invalid for the specified algorithm."))?;
        let computed = BASE64_STANDARD.encode(Md5::digest(key));
        if self.key_md5.is_some_and(|given| given != computed) {
            return Err(invalid("The calculated MD5 hash of the key did not match the hash that was provided."));
        }
        Ok(Some(GivenKey { key: DataKey(key), md5: self.key_md5.map(str::to_owned) }))
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

impl GivenKey {
    /// Writes must bring the MD5 of the key.
    pub fn require_digest(&self) -> Result<(), Fault> {
        match self.md5 {
            Some(_) => Ok(()),
            None => Err(invalid("The secret key was invalid for the specified algorithm.")),
        }
    }
}

impl Customer {
    /// What is to be kept of a key.
    pub fn of(cx: &Context, given: &GivenKey) -> Customer {
        let salt = super::chunks::salt(cx);
        Customer { key_md5: given.md5.clone().unwrap_or_default(), salt, digest: digest(&given.key, &salt) }
    }
    /// Whether a key is the one: its digest has to be right, and the MD5 has to be there.
    pub fn check(&self, given: &GivenKey) -> Result<(), Fault> {
        match given.md5.is_some() && digest(&given.key, &self.salt) == self.digest {
            true => Ok(()),
            false => Err(Error::AccessDenied
                .says("Requests specifying Server Side Encryption with Customer provided keys must provide the correct secret key.")),
        }
    }
}

fn digest(key: &DataKey, salt: &[u8; 16]) -> [u8; 32] {
    derive(key, b"check", salt)
}
