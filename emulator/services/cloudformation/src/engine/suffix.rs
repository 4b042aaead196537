//! The ends of generated names: the same for the same operation and resource, so that a creation tried again meets itself.

use sha2::{Digest, Sha256};

const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Twelve letters and digits.
pub(super) fn of(operation: &str, logical_id: &str) -> String {
    hash(operation, logical_id).iter().take(12).map(|byte| ALPHABET[*byte as usize % ALPHABET.len()] as char).collect()
}

/// The cause of a resource's work under its operation's.
pub(super) fn cause(operation: &str, logical_id: &str) -> u64 {
    let bytes = hash(operation, logical_id);
    bytes[24..32].iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn hash(operation: &str, logical_id: &str) -> [u8; 32] {
    Sha256::digest(format!("{operation}/{logical_id}").as_bytes()).into()
}
