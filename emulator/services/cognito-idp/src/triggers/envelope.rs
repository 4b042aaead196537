//! A message of the AWS Encryption SDK, version 1: AES-256-GCM with a key derived by HKDF-SHA256, no signature, one frame. Written from the
//! SDK's published message format, and opened by the SDK for Python (4.0.7). Knows bytes, no pool.

use crate::srp::hmac;
use aes_gcm::{
    Aes256Gcm, KeyInit, Nonce,
    aead::{Aead, Payload},
};
use hmac::Mac;
use std::collections::BTreeMap;

const ALGORITHM: [u8; 2] = [0x01, 0x78];
const FRAME: u32 = 4096;

/// What a message is made of.
pub(super) struct Parts<'a> {
    pub message_id: [u8; 16],
    pub key_arn: &'a str,
    pub context: &'a BTreeMap<String, String>,
    pub data_key: &'a [u8; 32],
    pub encrypted_key: &'a [u8],
    /// At most one frame.
    pub plain: &'a [u8],
}

/// The whole message.
pub(super) fn seal(parts: &Parts<'_>) -> Vec<u8> {
    let key = derive(parts.data_key, &parts.message_id);
    let cipher = Aes256Gcm::new(&key.into());
    let mut message = header(parts);
    let tag = encrypt(&cipher, [0; 12], &message, &[]);
    message.extend([0; 12]);
    message.extend(tag);
    message.extend(last_frame(&cipher, parts));
    message
}

fn header(parts: &Parts<'_>) -> Vec<u8> {
    let mut head = vec![0x01, 0x80];
    head.extend(ALGORITHM);
    head.extend(parts.message_id);
    let context = context(parts.context);
    field(&mut head, &context);
    head.extend(1u16.to_be_bytes());
    field(&mut head, b"aws-kms");
    field(&mut head, parts.key_arn.as_bytes());
    field(&mut head, parts.encrypted_key);
    // Framed; four reserved bytes; length of an IV; length of a frame.
    head.extend([0x02, 0, 0, 0, 0, 12]);
    head.extend(FRAME.to_be_bytes());
    head
}

fn context(context: &BTreeMap<String, String>) -> Vec<u8> {
    let mut out = (context.len() as u16).to_be_bytes().to_vec();
    for (name, value) in context {
        field(&mut out, name.as_bytes());
        field(&mut out, value.as_bytes());
    }
    out
}

fn field(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend((bytes.len() as u16).to_be_bytes());
    out.extend_from_slice(bytes);
}

fn last_frame(cipher: &Aes256Gcm, parts: &Parts<'_>) -> Vec<u8> {
    let sequence = 1u32;
    let mut iv = [0; 12];
    iv[8..].copy_from_slice(&sequence.to_be_bytes());
    let mut bound = parts.message_id.to_vec();
    bound.extend(b"AWSKMSEncryptionClient Final Frame");
    bound.extend(sequence.to_be_bytes());
    bound.extend((parts.plain.len() as u64).to_be_bytes());
    let mut frame = u32::MAX.to_be_bytes().to_vec();
    frame.extend(sequence.to_be_bytes());
    frame.extend(iv);
    frame.extend((parts.plain.len() as u32).to_be_bytes());
    frame.extend(encrypt(cipher, iv, &bound, parts.plain));
    frame
}

fn encrypt(cipher: &Aes256Gcm, iv: [u8; 12], bound: &[u8], plain: &[u8]) -> Vec<u8> {
    cipher.encrypt(&Nonce::from(iv), Payload { msg: plain, aad: bound }).expect("a code is shorter than AES-GCM's limit")
}

/// HKDF-SHA256 without salt: one block is 32 bytes.
fn derive(data_key: &[u8; 32], message_id: &[u8; 16]) -> [u8; 32] {
    let prk = hmac(&[0; 32]).chain_update(data_key).finalize().into_bytes();
    hmac(&prk).chain_update(ALGORITHM).chain_update(message_id).chain_update([1]).finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frame_opens_with_the_derived_key() {
        let context = BTreeMap::from([("userpool-id".to_owned(), "us-east-1_x".to_owned())]);
        let (message_id, data_key) = ([7; 16], [9; 32]);
        let parts = Parts {
            message_id,
            key_arn: "arn:aws:kms:::key/k",
            context: &context,
            data_key: &data_key,
            encrypted_key: b"ek",
            plain: b"123456",
        };
        let message = seal(&parts);
        let head = header(&parts);
        assert_eq!(message[..head.len()], head);
        assert_eq!(&head[..4], [0x01, 0x80, 0x01, 0x78]);
        let frame = &message[head.len() + 28..];
        let mut bound = message_id.to_vec();
        bound.extend(b"AWSKMSEncryptionClient Final Frame\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x06");
        let cipher = Aes256Gcm::new(&derive(&data_key, &message_id).into());
        let nonce: [u8; 12] = frame[8..20].try_into().unwrap();
        let plain = cipher.decrypt(&Nonce::from(nonce), Payload { msg: &frame[24..], aad: &bound }).unwrap();
        assert_eq!(plain, b"123456");
    }
}
