//! The checksums that may stand in a header or a trailer, and Content-MD5, for bodies that the gateway reads to their end.

use base64::{Engine, engine::general_purpose::STANDARD};
use crc_fast::CrcAlgorithm;
use http::HeaderMap;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use std::hash::Hasher;
use twox_hash::{XxHash3_64, XxHash3_128, XxHash64};
use wire::Fault;

/// A checksum being computed, named by the header that tells it.
pub enum Checksum {
    /// `x-amz-checksum-crc32`, `-crc32c`, `-crc64nvme`: the digest, bytes of the result, AWS's name.
    Crc(Box<crc_fast::Digest>, usize, &'static str),
    /// `x-amz-checksum-sha1`
    Sha1(Sha1),
    /// `x-amz-checksum-sha256`
    Sha256(Sha256),
    /// `x-amz-checksum-sha512`
    Sha512(Sha512),
    /// `x-amz-checksum-md5`
    Md5(Md5),
    /// `x-amz-checksum-xxhash64`
    XxHash64(XxHash64),
    /// `x-amz-checksum-xxhash3`
    XxHash3(Box<XxHash3_64>),
    /// `x-amz-checksum-xxhash128`
    XxHash128(Box<XxHash3_128>),
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
            "x-amz-checksum-sha512" => Some(Checksum::Sha512(Sha512::new())),
            "x-amz-checksum-md5" => Some(Checksum::Md5(Md5::new())),
            "x-amz-checksum-xxhash64" => Some(Checksum::XxHash64(XxHash64::with_seed(0))),
            "x-amz-checksum-xxhash3" => Some(Checksum::XxHash3(Box::new(XxHash3_64::new()))),
            "x-amz-checksum-xxhash128" => Some(Checksum::XxHash128(Box::new(XxHash3_128::new()))),
            _ => None,
        }
    }

    /// Takes more bytes in.
    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Checksum::Crc(digest, ..) => digest.update(bytes),
            Checksum::Sha1(hash) => hash.update(bytes),
            Checksum::Sha256(hash) => hash.update(bytes),
            Checksum::Sha512(hash) => hash.update(bytes),
            Checksum::Md5(hash) => hash.update(bytes),
            Checksum::XxHash64(hash) => hash.write(bytes),
            Checksum::XxHash3(hash) => hash.write(bytes),
            Checksum::XxHash128(hash) => hash.write(bytes),
        }
    }

    /// Compares with what the client sent, base64.
    pub fn check(self, sent: &str) -> Result<(), Fault> {
        let (computed, name) = match self {
            Checksum::Crc(digest, bytes, name) => (STANDARD.encode(&digest.finalize().to_be_bytes()[8 - bytes..]), name),
            Checksum::Sha1(hash) => (STANDARD.encode(hash.finalize()), "SHA1"),
            Checksum::Sha256(hash) => (STANDARD.encode(hash.finalize()), "SHA256"),
            Checksum::Sha512(hash) => (STANDARD.encode(hash.finalize()), "SHA512"),
            Checksum::Md5(hash) => (STANDARD.encode(hash.finalize()), "MD5"),
            Checksum::XxHash64(hash) => (STANDARD.encode(hash.finish().to_be_bytes()), "XXHASH64"),
            Checksum::XxHash3(hash) => (STANDARD.encode(hash.finish().to_be_bytes()), "XXHASH3"),
            Checksum::XxHash128(hash) => (STANDARD.encode(hash.finish_128().to_be_bytes()), "XXHASH128"),
        };
        match computed == sent {
            true => Ok(()),
            false => Err(Fault::new("BadDigest", 400, format!("The {name} you specified did not match the calculated checksum."))),
        }
    }
}

/// Whether a request tells a digest of its body: Content-MD5, or a checksum in a header or a trailer.
pub fn is_told(headers: &HeaderMap) -> bool {
    let announced = headers.get("x-amz-trailer").and_then(|names| names.to_str().ok()).unwrap_or("");
    headers.contains_key("content-md5") || given(headers).next().is_some() || announced.contains("x-amz-checksum-")
}

/// The checksum headers of a request that we know, with their values.
fn given(headers: &HeaderMap) -> impl Iterator<Item = (Checksum, &str)> {
    headers.iter().filter_map(|(name, value)| Some((Checksum::of_header(name.as_str())?, value.to_str().ok()?)))
}

/// Checks a whole body against what its headers say of it, as S3 does for operations that don't stream theirs; those that do check while
/// the body passes. `whole_object` tells that the checksum headers speak of an object and not of this body.
pub fn check_held(headers: &HeaderMap, body: &[u8], whole_object: bool) -> Result<(), Fault> {
    if let Some(text) = headers.get("content-md5") {
        let text = text.to_str().unwrap_or("");
        let wanted: Option<[u8; 16]> = STANDARD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
        let invalid = || Fault::new("InvalidDigest", 400, "The Content-MD5 you specified was invalid.").with("Content-MD5", text);
        let computed: [u8; 16] = Md5::digest(body).into();
        if wanted.ok_or_else(invalid)? != computed {
            return Err(Fault::new("BadDigest", 400, "The Content-MD5 you specified did not match what we received.")
                .with("ExpectedDigest", text)
                .with("CalculatedDigest", STANDARD.encode(computed)));
        }
    }
    if whole_object {
        return Ok(());
    }
    for (mut checksum, sent) in given(headers) {
        checksum.update(body);
        checksum.check(sent)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_body_is_what_its_headers_say() {
        let check = |pairs: &[(&'static str, &'static str)]| {
            let headers = pairs.iter().map(|(name, value)| (http::HeaderName::from_static(name), http::HeaderValue::from_static(value)));
            check_held(&headers.collect(), b"123456789", false).map_err(|fault| fault.code.into_owned())
        };
        assert_eq!(check(&[]), Ok(()));
        assert_eq!(check(&[("content-md5", "JfnnlDI7RTiF9RgfG2JNCw==")]), Ok(()));
        assert_eq!(check(&[("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg==")]), Err("BadDigest".into()));
        assert_eq!(check(&[("content-md5", "nonsense")]), Err("InvalidDigest".into()));
        assert_eq!(check(&[("x-amz-checksum-crc32", "y/Q5Jg==")]), Ok(()));
        assert_eq!(check(&[("x-amz-checksum-crc32", "AAAAAA==")]), Err("BadDigest".into()));
        // They name things, and no checksum.
        assert_eq!(check(&[("x-amz-checksum-algorithm", "CRC32"), ("x-amz-checksum-mode", "ENABLED")]), Ok(()));
    }

    #[test]
    fn known_sums() {
        for (header, sum) in [
            ("x-amz-checksum-crc32", "y/Q5Jg=="),
            ("x-amz-checksum-crc32c", "4waSgw=="),
            ("x-amz-checksum-crc64nvme", "rosUhgp5mIg="),
            ("x-amz-checksum-sha1", "98O8HYCOBHMq32eZZczDTKeuNEE="),
            ("x-amz-checksum-md5", "JfnnlDI7RTiF9RgfG2JNCw=="),
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
