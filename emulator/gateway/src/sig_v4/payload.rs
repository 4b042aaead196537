//! What `x-amz-content-sha256` says about the body.

/// How a body is covered by its request's signature.
#[derive(Clone, Debug, PartialEq)]
pub enum Payload {
    /// Its SHA-256 in hexadecimal is signed.
    Sha256(String),
    /// Not covered.
    Unsigned,
    /// In chunks with a signature each, the trailer signed as well where there is one.
    SignedChunks {
        /// A signed trailer follows the last chunk.
        trailer: bool,
    },
    /// In chunks without signatures, and a trailer with a checksum.
    UnsignedChunks,
}

impl Payload {
    /// Reads a header value; `Err` says whether the value is an algorithm that exists on AWS (`true`) or nonsense.
    pub fn parse(value: &str) -> Result<Payload, bool> {
        match value {
            "UNSIGNED-PAYLOAD" => Ok(Payload::Unsigned),
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" => Ok(Payload::SignedChunks { trailer: false }),
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" => Ok(Payload::SignedChunks { trailer: true }),
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER" => Ok(Payload::UnsignedChunks),
            hash if hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => Ok(Payload::Sha256(hash.to_owned())),
            other => Err(other.starts_with("STREAMING-AWS4-")),
        }
    }

    /// As it stands in the last line of the canonical request.
    pub fn text(&self) -> &str {
        match self {
            Payload::Sha256(hash) => hash,
            Payload::Unsigned => "UNSIGNED-PAYLOAD",
            Payload::SignedChunks { trailer: false } => "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
            Payload::SignedChunks { trailer: true } => "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
            Payload::UnsignedChunks => "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        }
    }

    /// Whether the body comes in the framing of `aws-chunked`.
    pub fn is_chunked(&self) -> bool {
        matches!(self, Payload::SignedChunks { .. } | Payload::UnsignedChunks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_reads_back() {
        for text in [
            "UNSIGNED-PAYLOAD",
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
            crate::sig_v4::EMPTY_SHA256,
        ] {
            assert_eq!(Payload::parse(text).unwrap().text(), text);
        }
        assert_eq!(Payload::parse("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"), Err(true));
        assert_eq!(Payload::parse("nonsense"), Err(false));
    }
}
