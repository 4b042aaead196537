//! A streamed body whose SHA-256 is part of its request's signature: checked when the last byte has passed.

use super::carrying;
use sha2::{Digest, Sha256};
use std::{future::Future, io, pin::Pin};
use wire::{Body, Bytes, Fault, body::Chunks};

/// Passes chunks on and fails at the end if they don't hash to what was signed.
pub struct Hashed {
    inner: Body,
    hash: Sha256,
    expected: String,
    over: bool,
}

impl Hashed {
    /// `expected` in hexadecimal.
    pub fn new(inner: Body, expected: &str) -> Hashed {
        Hashed { inner, hash: Sha256::new(), expected: expected.to_ascii_lowercase(), over: false }
    }

    async fn read(&mut self) -> Option<io::Result<Bytes>> {
        if self.over {
            return None;
        }
        match self.inner.next().await {
            Some(Ok(bytes)) => {
                self.hash.update(&bytes);
                Some(Ok(bytes))
            }
            Some(Err(error)) => {
                self.over = true;
                Some(Err(error))
            }
            None => {
                self.over = true;
                let computed = kit::hex(&std::mem::take(&mut self.hash).finalize());
                (computed != self.expected).then(|| Err(carrying(mismatch(&self.expected, &computed))))
            }
        }
    }
}

/// The fault for a body that is not the one that was signed.
pub fn mismatch(expected: &str, computed: &str) -> Fault {
    Fault::new("XAmzContentSHA256Mismatch", 400, "The provided 'x-amz-content-sha256' header does not match what was computed.")
        .with("ClientComputedContentSHA256", expected)
        .with("S3ComputedContentSHA256", computed)
}

impl Chunks for Hashed {
    fn next(&mut self) -> Pin<Box<dyn Future<Output = Option<io::Result<Bytes>>> + Send + '_>> {
        Box::pin(self.read())
    }
}
