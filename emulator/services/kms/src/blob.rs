//! Symmetric ciphertexts: AES-256-GCM in a frame that says which key and which of its backing keys made it.
//!
//! Frame: `WTK1`, account, region, key id, material id (each a length byte and text), 12 bytes of nonce, then ciphertext and tag. The frame up to the
//! nonce and the encryption context are bound as additional data, so that neither can be changed. AWS's own frame is not documented.

use crate::{
    Error,
    state::{Key, Material},
};
use aes_gcm::{
    Aes256Gcm, KeyInit,
    aead::{Aead, Payload},
};
use kit::{Context, Fault, Scope, ports::EncryptionContext};

const NONCE_LEN: usize = 12;
const MAGIC: &[u8; 4] = b"WTK1";

/// What a ciphertext says of itself, not yet proved.
pub(crate) struct Frame<'a> {
    pub scope: Scope,
    pub key_id: String,
    pub material_id: String,
    head: &'a [u8],
    nonce: [u8; NONCE_LEN],
    sealed: &'a [u8],
}

/// Encrypts under the key's current material.
pub(crate) fn seal(cx: &Context, key: &Key, context: &EncryptionContext, plaintext: &[u8]) -> Result<Vec<u8>, Fault> {
    let material = key.current().ok_or_else(|| Fault::internal("a key has no material"))?;
    let scope = key.scope();
    let mut out = MAGIC.to_vec();
    for text in [&*scope.account, &*scope.region, &key.id, &material.id] {
        out.push(text.len() as u8);
        out.extend_from_slice(text.as_bytes());
    }
    let aad = additional(&out, context);
    let nonce: [u8; NONCE_LEN] = cx.ids().bytes()[..NONCE_LEN].try_into().expect("32 bytes hold 12");
    let payload = Payload { msg: plaintext, aad: &aad };
    let sealed = cipher(material)?.encrypt(&nonce.into(), payload).map_err(|_| Fault::internal("a plaintext can't be sealed"))?;
    out.extend_from_slice(&nonce);
    out.extend_from_slice(&sealed);
    Ok(out)
}

/// Reads a frame; `None` when the bytes are no ciphertext of ours.
pub(crate) fn read(bytes: &[u8]) -> Option<Frame<'_>> {
    let mut rest = bytes.strip_prefix(MAGIC)?;
    let mut text = || -> Option<String> {
        let (length, after) = rest.split_first()?;
        let (text, after) = after.split_at_checked(usize::from(*length))?;
        rest = after;
        String::from_utf8(text.to_vec()).ok()
    };
    let (account, region, key_id, material_id) = (text()?, text()?, text()?, text()?);
    let head = &bytes[..bytes.len() - rest.len()];
    let (nonce, sealed) = rest.split_at_checked(NONCE_LEN)?;
    Some(Frame { scope: Scope::new(&account, &region), key_id, material_id, head, nonce: nonce.try_into().ok()?, sealed })
}

impl Frame<'_> {
    /// Decrypts with the key that the frame names.
    pub(crate) fn open(&self, key: &Key, context: &EncryptionContext) -> Result<Vec<u8>, Fault> {
        let material = key.material.iter().find(|m| m.id == self.material_id).ok_or_else(damaged)?;
        let aad = additional(self.head, context);
        let payload = Payload { msg: self.sealed, aad: &aad };
        cipher(material)?.decrypt(&self.nonce.into(), payload).map_err(|_| damaged())
    }
}

/// The ciphertext is damaged, not ours, or its context is another. AWS says nothing beyond the code.
pub(crate) fn damaged() -> Fault {
    Error::InvalidCiphertext.says("")
}

fn cipher(material: &Material) -> Result<Aes256Gcm, Fault> {
    Aes256Gcm::new_from_slice(&material.secret).map_err(|_| Fault::internal("a backing key is not 256 bits long"))
}

/// Head and context as one text that can be read in one way only: names and values by length, in the order of names.
fn additional(head: &[u8], context: &EncryptionContext) -> Vec<u8> {
    let mut out = head.to_vec();
    for text in context.iter().flat_map(|(name, value)| [name, value]) {
        out.extend_from_slice(&(text.len() as u32).to_be_bytes());
        out.extend_from_slice(text.as_bytes());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_that_are_cut_or_strange_are_no_ciphertexts() {
        for bytes in
            [&b""[..], b"WTK", b"WTK1", b"WTK1\xff", b"WTK1\x01a\x01b\x01c\x01d", b"AQIDAHg", b"WTK1\x01\xff\x00\x00\x00123456789012"]
        {
            assert!(read(bytes).is_none(), "{bytes:?}");
        }
    }

    #[test]
    fn contexts_cannot_be_shifted_between_names_and_values() {
        let context = |pairs: &[(&str, &str)]| pairs.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect();
        assert_ne!(additional(b"", &context(&[("a", "bc")])), additional(b"", &context(&[("ab", "c")])));
        assert_ne!(additional(b"", &context(&[("a", "b"), ("c", "d")])), additional(b"", &context(&[("a", "bcd")])));
    }
}
