//! Signatures of chunks and trailers: each one signs the one before it, starting from the request's own.

use super::{EMPTY_SHA256, SigningKey, same};

/// Checks the signatures of one request's chunks, in order.
pub struct ChunkSigner {
    key: SigningKey,
    date: String,
    scope: String,
    previous: String,
}

impl ChunkSigner {
    /// Starts from the request's signature (the seed). `date` is the request's X-Amz-Date, `scope` its credential scope.
    pub fn new(key: SigningKey, date: &str, scope: &str, seed: &str) -> ChunkSigner {
        ChunkSigner { key, date: date.to_owned(), scope: scope.to_owned(), previous: seed.to_owned() }
    }

    /// Whether `signature` is that of the next chunk, whose data hash to `sha256` (hexadecimal).
    pub fn chunk(&mut self, sha256: &str, signature: &str) -> bool {
        let text = format!("AWS4-HMAC-SHA256-PAYLOAD\n{}\n{}\n{}\n{EMPTY_SHA256}\n{sha256}", self.date, self.scope, self.previous);
        self.next(&text, signature)
    }

    /// Whether `signature` is that of the trailer, whose canonical lines (`name:value\n`) hash to `sha256`.
    pub fn trailer(&mut self, sha256: &str, signature: &str) -> bool {
        let text = format!("AWS4-HMAC-SHA256-TRAILER\n{}\n{}\n{}\n{sha256}", self.date, self.scope, self.previous);
        self.next(&text, signature)
    }

    fn next(&mut self, text: &str, signature: &str) -> bool {
        let expected = self.key.sign(text.as_bytes());
        let right = same(&expected, signature);
        self.previous = expected;
        right
    }
}
