//! Checksums as S3 keeps and verifies them: the algorithms, a running digest over a stream, and what clients give.
//!
//! Every object has one: the client's, or CRC64NVME computed here when it gave none. Values are base64. This room knows no store and no
//! operation; the macros `given!` and `tell!` move values between the ten members of the model's shapes and a [`Sum`].

use crate::errors;
use base64::{Engine, prelude::BASE64_STANDARD};
use crc_fast::CrcAlgorithm;
use kit::Fault;
use serde::{Deserialize, Serialize};
use sha2::Digest as _;
use std::hash::Hasher as _;
use twox_hash::{XxHash3_64, XxHash3_128, XxHash64};

/// An algorithm that this build computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Algorithm {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Sha1,
    Sha256,
    Sha512,
    Md5,
    XxHash64,
    XxHash3,
    XxHash128,
}

/// A checksum with its algorithm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sum {
    pub algorithm: Algorithm,
    /// Base64; `...-N` for a sum of the sums of N parts.
    pub value: String,
    /// A sum of the parts' sums (COMPOSITE) rather than of the bytes (FULL_OBJECT).
    #[serde(default)]
    pub composite: bool,
}

impl Sum {
    /// `COMPOSITE` or `FULL_OBJECT`.
    pub fn kind(&self) -> &'static str {
        if self.composite { "COMPOSITE" } else { "FULL_OBJECT" }
    }
}

impl Algorithm {
    /// As in `x-amz-checksum-algorithm`.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Crc32 => "CRC32",
            Algorithm::Crc32c => "CRC32C",
            Algorithm::Crc64Nvme => "CRC64NVME",
            Algorithm::Sha1 => "SHA1",
            Algorithm::Sha256 => "SHA256",
            Algorithm::Sha512 => "SHA512",
            Algorithm::Md5 => "MD5",
            Algorithm::XxHash64 => "XXHASH64",
            Algorithm::XxHash3 => "XXHASH3",
            Algorithm::XxHash128 => "XXHASH128",
        }
    }
    /// As in header names.
    pub fn lower(self) -> String {
        self.name().to_ascii_lowercase()
    }
    /// The algorithm of a name, or AWS's refusal.
    pub fn parse(name: &str) -> Result<Algorithm, Fault> {
        use Algorithm::*;
        let all = [Crc32, Crc32c, Crc64Nvme, Sha1, Sha256, Sha512, Md5, XxHash64, XxHash3, XxHash128];
        let found = all.into_iter().find(|a| a.name().eq_ignore_ascii_case(name));
        found.ok_or_else(|| {
            errors::invalid_request(
                "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]",
            )
        })
    }
    /// Whether sums of parts can be put together to the sum of the whole.
    pub fn combines(self) -> bool {
        self.crc().is_some()
    }
    fn crc(self) -> Option<CrcAlgorithm> {
        match self {
            Algorithm::Crc32 => Some(CrcAlgorithm::Crc32IsoHdlc),
            Algorithm::Crc32c => Some(CrcAlgorithm::Crc32Iscsi),
            Algorithm::Crc64Nvme => Some(CrcAlgorithm::Crc64Nvme),
            _ => None,
        }
    }
    /// Bytes of a value.
    pub fn width(self) -> usize {
        match self {
            Algorithm::Crc32 | Algorithm::Crc32c => 4,
            Algorithm::Crc64Nvme | Algorithm::XxHash64 | Algorithm::XxHash3 => 8,
            Algorithm::Md5 | Algorithm::XxHash128 => 16,
            Algorithm::Sha1 => 20,
            Algorithm::Sha256 => 32,
            Algorithm::Sha512 => 64,
        }
    }
}

/// A digest under way.
pub(crate) enum Running {
    Crc(Algorithm, crc_fast::Digest),
    Sha1(sha1::Sha1),
    Sha256(sha2::Sha256),
    Sha512(sha2::Sha512),
    Md5(md5::Md5),
    XxHash64(XxHash64),
    XxHash3(Box<XxHash3_64>),
    XxHash128(Box<XxHash3_128>),
}

impl Running {
    pub fn new(algorithm: Algorithm) -> Running {
        match algorithm {
            Algorithm::Sha1 => Running::Sha1(Default::default()),
            Algorithm::Sha256 => Running::Sha256(Default::default()),
            Algorithm::Sha512 => Running::Sha512(Default::default()),
            Algorithm::Md5 => Running::Md5(Default::default()),
            // AWS seeds with 0, as XXH's own tools do.
            Algorithm::XxHash64 => Running::XxHash64(XxHash64::with_seed(0)),
            Algorithm::XxHash3 => Running::XxHash3(Box::new(XxHash3_64::new())),
            Algorithm::XxHash128 => Running::XxHash128(Box::new(XxHash3_128::new())),
            crc => Running::Crc(crc, crc_fast::Digest::new(crc.crc().expect("the others are CRCs"))),
        }
    }
    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Running::Crc(_, digest) => digest.update(bytes),
            Running::Sha1(digest) => digest.update(bytes),
            Running::Sha256(digest) => digest.update(bytes),
            Running::Sha512(digest) => digest.update(bytes),
            Running::Md5(digest) => digest.update(bytes),
            Running::XxHash64(digest) => digest.write(bytes),
            Running::XxHash3(digest) => digest.write(bytes),
            Running::XxHash128(digest) => digest.write(bytes),
        }
    }
    /// The value in base64.
    pub fn finish(self) -> String {
        match self {
            Running::Crc(algorithm, digest) => crc_text(algorithm, digest.finalize()),
            Running::Sha1(digest) => BASE64_STANDARD.encode(digest.finalize()),
            Running::Sha256(digest) => BASE64_STANDARD.encode(digest.finalize()),
            Running::Sha512(digest) => BASE64_STANDARD.encode(digest.finalize()),
            Running::Md5(digest) => BASE64_STANDARD.encode(digest.finalize()),
            Running::XxHash64(digest) => BASE64_STANDARD.encode(digest.finish().to_be_bytes()),
            Running::XxHash3(digest) => BASE64_STANDARD.encode(digest.finish().to_be_bytes()),
            Running::XxHash128(digest) => BASE64_STANDARD.encode(digest.finish_128().to_be_bytes()),
        }
    }
}

fn crc_text(algorithm: Algorithm, value: u64) -> String {
    BASE64_STANDARD.encode(&value.to_be_bytes()[8 - algorithm.width()..])
}

/// The sum of the parts' sums: the digest over their raw values, with their number behind it.
pub(crate) fn composite(algorithm: Algorithm, parts: &[&str]) -> Sum {
    let mut running = Running::new(algorithm);
    parts.iter().for_each(|part| running.update(&BASE64_STANDARD.decode(part).unwrap_or_default()));
    Sum { algorithm, value: format!("{}-{}", running.finish(), parts.len()), composite: true }
}

/// The sum of all bytes out of the parts' sums and sizes; only for CRCs.
pub(crate) fn combined(algorithm: Algorithm, parts: &[(&str, u64)]) -> Option<Sum> {
    let crc = algorithm.crc()?;
    let number = |text: &str| BASE64_STANDARD.decode(text).ok().map(|bytes| bytes.iter().fold(0u64, |n, byte| (n << 8) | u64::from(*byte)));
    let mut whole = None;
    for (text, size) in parts {
        let part = number(text)?;
        whole = Some(whole.map_or(part, |whole| crc_fast::checksum_combine(crc, whole, part, *size)));
    }
    Some(Sum { algorithm, value: crc_text(algorithm, whole?), composite: false })
}

/// What a client gives in one of the checksum members: at most one, well-formed.
pub(crate) fn one_of(members: [(&str, &Option<String>); 10]) -> Result<Option<(Algorithm, String)>, Fault> {
    let mut given = members.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
    let Some((name, value)) = given.next() else { return Ok(None) };
    if given.next().is_some() {
        return Err(errors::invalid_request("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."));
    }
    let algorithm = Algorithm::parse(name)?;
    well_formed(algorithm, value)?;
    Ok(Some((algorithm, value.clone())))
}

fn well_formed(algorithm: Algorithm, value: &str) -> Result<(), Fault> {
    // A composite value ends with the number of parts.
    let bare = value.split_once('-').map_or(value, |(bare, _)| bare);
    match BASE64_STANDARD.decode(bare) {
        Ok(bytes) if bytes.len() == algorithm.width() => Ok(()),
        _ => Err(errors::invalid_request(format!("Value for x-amz-checksum-{} header is invalid.", algorithm.lower()))),
    }
}

/// The algorithm of a trailing checksum that a body announces.
pub(crate) fn announced(body: &kit::Body) -> Option<Algorithm> {
    body.announced.iter().find_map(|name| Algorithm::parse(name.strip_prefix("x-amz-checksum-")?).ok())
}

/// The refusal of a body that doesn't match.
pub(crate) fn bad_digest(algorithm: Algorithm) -> Fault {
    Fault::new("BadDigest", 400, format!("The {} you specified did not match the calculated checksum.", algorithm.name()))
}

/// Reads the checksum members of an input: `given!(input)?` is an `Option<(Algorithm, String)>`.
macro_rules! given {
    ($input:expr) => {
        $crate::checksums::one_of([
            ("CRC32", &$input.checksum_crc32),
            ("CRC32C", &$input.checksum_crc32_c),
            ("CRC64NVME", &$input.checksum_crc64_nvme),
            ("SHA1", &$input.checksum_sha1),
            ("SHA256", &$input.checksum_sha256),
            ("SHA512", &$input.checksum_sha512),
            ("MD5", &$input.checksum_md5),
            ("XXHASH64", &$input.checksum_xxhash64),
            ("XXHASH3", &$input.checksum_xxhash3),
            ("XXHASH128", &$input.checksum_xxhash128),
        ])
    };
}
/// Writes a sum into the checksum members of an output.
macro_rules! tell {
    ($output:expr, $sum:expr) => {
        if let Some(sum) = $sum {
            use $crate::checksums::Algorithm::*;
            let value = Some(sum.value.clone());
            match sum.algorithm {
                Crc32 => $output.checksum_crc32 = value,
                Crc32c => $output.checksum_crc32_c = value,
                Crc64Nvme => $output.checksum_crc64_nvme = value,
                Sha1 => $output.checksum_sha1 = value,
                Sha256 => $output.checksum_sha256 = value,
                Sha512 => $output.checksum_sha512 = value,
                Md5 => $output.checksum_md5 = value,
                XxHash64 => $output.checksum_xxhash64 = value,
                XxHash3 => $output.checksum_xxhash3 = value,
                XxHash128 => $output.checksum_xxhash128 = value,
            }
        }
    };
}
pub(crate) use {given, tell};

#[cfg(test)]
mod tests {
    use super::*;

    fn of(algorithm: Algorithm, bytes: &[u8]) -> String {
        let mut running = Running::new(algorithm);
        running.update(bytes);
        running.finish()
    }

    #[test]
    fn values_are_those_of_the_published_checks() {
        // The check value of each CRC is that of the digits 1 to 9.
        assert_eq!(of(Algorithm::Crc32, b"123456789"), BASE64_STANDARD.encode(0xCBF4_3926_u32.to_be_bytes()));
        assert_eq!(of(Algorithm::Crc32c, b"123456789"), BASE64_STANDARD.encode(0xE306_9283_u32.to_be_bytes()));
        assert_eq!(of(Algorithm::Crc64Nvme, b"123456789"), BASE64_STANDARD.encode(0xAE8B_1486_0A79_9888_u64.to_be_bytes()));
        // The empty string under XXH64 and both forms of XXH3, from the reference implementation.
        assert_eq!(of(Algorithm::XxHash64, b""), BASE64_STANDARD.encode(0xEF46_DB37_51D8_E999_u64.to_be_bytes()));
        assert_eq!(of(Algorithm::XxHash3, b""), BASE64_STANDARD.encode(0x2D06_8005_38D3_94C2_u64.to_be_bytes()));
        assert_eq!(of(Algorithm::XxHash128, b""), BASE64_STANDARD.encode(0x99AA_06D3_0147_98D8_6001_C324_468D_497F_u128.to_be_bytes()));
        assert_eq!(of(Algorithm::Sha256, b""), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    }

    #[test]
    fn sums_of_parts_make_the_sum_of_the_whole() {
        let (a, b, c) = (b"hello ".as_slice(), b"parted ".as_slice(), b"world".as_slice());
        for algorithm in [Algorithm::Crc32, Algorithm::Crc32c, Algorithm::Crc64Nvme] {
            let sums = [of(algorithm, a), of(algorithm, b), of(algorithm, c)];
            let parts = [(sums[0].as_str(), 6), (sums[1].as_str(), 7), (sums[2].as_str(), 5)];
            assert_eq!(combined(algorithm, &parts).unwrap().value, of(algorithm, b"hello parted world"));
        }
        assert!(combined(Algorithm::Sha1, &[("", 0)]).is_none());
    }
}
