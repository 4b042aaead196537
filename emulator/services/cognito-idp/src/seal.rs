//! Sealed texts: what the service hands out and must know again (Session, SECRET_BLOCK), so that a sign-in under way needs no row.
//!
//! Base64 of the value's JSON and an HMAC under the pool's secret. Readable, not forgeable. Knows nothing of what it seals.

use crate::srp::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::Mac;
use serde::{Serialize, de::DeserializeOwned};

const TAG: usize = 32;

/// Seals a value for a purpose; another purpose does not open it.
pub(crate) fn seal(secret: &[u8], purpose: &str, value: &impl Serialize) -> String {
    let mut bytes = serde_json::to_vec(value).expect("plain structs");
    bytes.extend_from_slice(&tag(secret, purpose, &bytes).finalize().into_bytes());
    STANDARD.encode(bytes)
}

/// Opens a sealed text; `None` when it was not sealed here for this purpose.
pub(crate) fn open<T: DeserializeOwned>(secret: &[u8], purpose: &str, text: &str) -> Option<T> {
    let bytes = STANDARD.decode(text).ok()?;
    let (value, claimed) = bytes.split_at(bytes.len().checked_sub(TAG)?);
    tag(secret, purpose, value).verify_slice(claimed).ok()?;
    serde_json::from_slice(value).ok()
}

/// What a text says that may or may not have been sealed here: good for finding the secret to [`open`] it with, and for nothing else.
pub(crate) fn peek<T: DeserializeOwned>(text: &str) -> Option<T> {
    let bytes = STANDARD.decode(text).ok()?;
    let (value, _) = bytes.split_at(bytes.len().checked_sub(TAG)?);
    serde_json::from_slice(value).ok()
}

/// 32 bytes that only the holder of the secret can make again.
pub(crate) fn derive(secret: &[u8], purpose: &str, from: &[u8]) -> [u8; 32] {
    tag(secret, purpose, from).finalize().into_bytes().into()
}

fn tag(secret: &[u8], purpose: &str, bytes: &[u8]) -> hmac::Hmac<sha2::Sha256> {
    hmac(secret).chain_update(purpose).chain_update([0]).chain_update(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_only_what_was_sealed_for_the_purpose() {
        let text = seal(b"secret", "session", &("ann", 3));
        assert_eq!(open::<(String, u8)>(b"secret", "session", &text), Some(("ann".into(), 3)));
        assert_eq!(open::<(String, u8)>(b"secret", "block", &text), None);
        assert_eq!(open::<(String, u8)>(b"other", "session", &text), None);
        assert_eq!(open::<(String, u8)>(b"secret", "session", "AAAA"), None);
    }
}
