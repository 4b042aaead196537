//! The checksums that may stand in a trailer.

use base64::{Engine, engine::general_purpose::STANDARD};
use crc_fast::CrcAlgorithm;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use wire::Fault;

/// A checksum being computed, named by the header that tells it.
pub enum Checksum {
    /// `x-amz-checksum-crc32`, `-crc32c`, `-crc64nvme`: the digest, bytes of the result, AWS's name.
    Crc(Box<crc_fast::Digest>, usize, &'static str),
    /// `x-amz-checksum-sha1`
    Sha1(Sha1),
    /// `x-amz-checksum-sha256`
    Sha256(Sha256),
}

impl Checksum {
    /// The checksum of a header name in lower case; `None` for headers that are not checksums we know.
    pub fn of_header(name: &str) -> Option<Checksum> {
        let crc = |algorithm, bytes, name| Some(Checksum::Crc(Box::new(crc_fast::Digest::new(algorithm)), bytes, name));
        match name {
            "x-amz-checksum-crc32" => crc(CrcAlgorithm::Crc32IsoHdlc, 4, "CRC32"),
            "x-amz-checksum-crc32c" => crc(CrcAlgorithm::Crc32Iscsi, 4, "CRC32C"),
            "x-amz-checksum-crc64nvme" => crc(CrcAlgorithm::Crc64Nvme, 8, "CRC64NVME"),
            "x-amz-checksum-sha1" => Some(Checksum::Sha1(Sha1::new())),
            "x-amz-checksum-sha256" => Some(Checksum::Sha256(Sha256::new())),
            _ => None,
        }
    }

    /// Takes more bytes in.
    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Checksum::Crc(digest, ..) => digest.update(bytes),
            Checksum::Sha1(hash) => hash.update(bytes),
            Checksum::Sha256(hash) => hash.update(bytes),
        }
    }

    /// Compares with what the client sent, base64.
    pub fn check(self, sent: &str) -> Result<(), Fault> {
        let (computed, name) = match self {
            Checksum::Crc(digest, bytes, name) => (STANDARD.encode(&digest.finalize().to_be_bytes()[8 - bytes..]), name),
            Checksum::Sha1(hash) => (STANDARD.encode(hash.finalize()), "SHA1"),
            Checksum::Sha256(hash) => (STANDARD.encode(hash.finalize()), "SHA256"),
        };
        match computed == sent {
            true => Ok(()),
            false => Err(Fault::new("BadDigest", 400, format!("The {name} you specified did not match the calculated checksum."))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_sums() {
        for (header, sum) in [
            ("x-amz-checksum-crc32", "y/Q5Jg=="),
            ("x-amz-checksum-crc32c", "4waSgw=="),
            ("x-amz-checksum-crc64nvme", "rosUhgp5mIg="),
            ("x-amz-checksum-sha1", "98O8HYCOBHMq32eZZczDTKeuNEE="),
        ] {
            let mut checksum = Checksum::of_header(header).unwrap();
            checksum.update(b"1234");
            checksum.update(b"56789");
            assert_eq!(checksum.check(sum), Ok(()), "{header}");
        }
        let fault = Checksum::of_header("x-amz-checksum-crc32").unwrap().check("AAAAAQ==").unwrap_err();
        assert_eq!(fault.message, "The CRC32 you specified did not match the calculated checksum.");
    }
}
