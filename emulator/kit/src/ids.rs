//! Ids and randomness, derived from (seed, cause, n-th under that cause) so that a replay makes the same ones.

use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use sha2::{Digest, Sha256};
use std::sync::atomic::{AtomicU64, Ordering};

/// A source of ids under one cause.
pub struct Ids {
    seed: u64,
    cause: u64,
    next: AtomicU64,
}

impl Ids {
    /// Ids under `cause` in a cloud of `seed`.
    pub fn new(seed: u64, cause: u64) -> Ids {
        Ids { seed, cause, next: AtomicU64::new(0) }
    }

    /// The cause whose ids these are.
    pub fn cause(&self) -> u64 {
        self.cause
    }

    /// 32 fresh bytes.
    pub fn bytes(&self) -> [u8; 32] {
        let n = self.next.fetch_add(1, Ordering::Relaxed);
        let mut hash = Sha256::new();
        hash.update(self.seed.to_be_bytes());
        hash.update(self.cause.to_be_bytes());
        hash.update(n.to_be_bytes());
        hash.finalize().into()
    }

    /// A fresh number; the cause of what follows from this one.
    pub fn number(&self) -> u64 {
        let bytes = self.bytes();
        u64::from_be_bytes(bytes[..8].try_into().expect("eight bytes"))
    }

    /// A random generator for what draws much (keys).
    pub fn rng(&self) -> ChaCha8Rng {
        ChaCha8Rng::from_seed(self.bytes())
    }

    /// A version 4 UUID in lower case.
    pub fn uuid(&self) -> String {
        let mut b = self.bytes();
        b[6] = (b[6] & 0x0f) | 0x40;
        b[8] = (b[8] & 0x3f) | 0x80;
        let mut out = String::with_capacity(36);
        for (at, byte) in b[..16].iter().enumerate() {
            if matches!(at, 4 | 6 | 8 | 10) {
                out.push('-');
            }
            push_hex(&mut out, *byte);
        }
        out
    }

    /// `length` characters out of `alphabet` (at most 256 characters of ASCII).
    pub fn text(&self, length: usize, alphabet: &str) -> String {
        let alphabet = alphabet.as_bytes();
        let mut out = String::with_capacity(length);
        while out.len() < length {
            for byte in self.bytes() {
                if out.len() < length {
                    out.push(alphabet[byte as usize % alphabet.len()] as char);
                }
            }
        }
        out
    }

    /// Lower-case letters and digits.
    pub fn lower(&self, length: usize) -> String {
        self.text(length, "abcdefghijklmnopqrstuvwxyz0123456789")
    }

    /// Upper-case letters and digits as in IAM's ids (base 32).
    pub fn upper(&self, length: usize) -> String {
        self.text(length, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
    }

    /// Hexadecimal digits.
    pub fn hex(&self, length: usize) -> String {
        self.text(length, "0123456789abcdef")
    }
}

/// Where [`fnv1a`] begins.
pub const FNV_BASIS: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a of bytes: the same number in every run. Spreads and names; protects nothing.
pub fn fnv1a(basis: u64, bytes: impl IntoIterator<Item = u8>) -> u64 {
    bytes.into_iter().fold(basis, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

/// Bytes as lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    bytes.iter().for_each(|byte| push_hex(&mut out, *byte));
    out
}

fn push_hex(out: &mut String, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.push(DIGITS[(byte >> 4) as usize] as char);
    out.push(DIGITS[(byte & 15) as usize] as char);
}
