//! Which specs, usages and algorithms go together. What isn't listed here is refused by name.
//!
//! Source: AWS KMS Developer Guide, "Key spec reference".

use crate::{
    CustomerMasterKeySpec, EncryptionAlgorithmSpec as Enc, Error, KeySpec, KeyUsageType as Usage, MacAlgorithmSpec as Mac,
    SigningAlgorithmSpec as Sig,
    rules::{invalid, refused},
    state::Key,
};
use kit::Fault;

/// Families of specs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Symmetric,
    /// Length of the secret in bytes.
    Hmac(usize),
    /// Bits of the modulus.
    Rsa(usize),
    P256,
    P384,
}

/// The family of a spec; `None` for what windtunnel has no library for.
pub(crate) fn family(spec: KeySpec) -> Option<Family> {
    Some(match spec {
        KeySpec::SymmetricDefault => Family::Symmetric,
        KeySpec::Hmac224 => Family::Hmac(28),
        KeySpec::Hmac256 => Family::Hmac(32),
        KeySpec::Hmac384 => Family::Hmac(48),
        KeySpec::Hmac512 => Family::Hmac(64),
        KeySpec::Rsa2048 => Family::Rsa(2048),
        KeySpec::Rsa3072 => Family::Rsa(3072),
        KeySpec::Rsa4096 => Family::Rsa(4096),
        KeySpec::EccNistP256 => Family::P256,
        KeySpec::EccNistP384 => Family::P384,
        _ => return None,
    })
}

/// The spec and usage of a new key, from what the request says.
pub(crate) fn of_new(
    spec: Option<KeySpec>,
    old_spec: Option<CustomerMasterKeySpec>,
    usage: Option<Usage>,
) -> Result<(KeySpec, Usage), Fault> {
    let spec = match (spec, old_spec) {
        (Some(_), Some(_)) => {
            return Err(invalid(
                "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated.",
            ));
        }
        (Some(spec), None) => spec,
        (None, Some(old)) => KeySpec::parse(old.as_str()).unwrap_or_default(),
        (None, None) => KeySpec::SymmetricDefault,
    };
    let family = family(spec).ok_or_else(|| refused("CreateKey", &format!("KeySpec {spec}")))?;
    let usage = match (usage, family) {
        (Some(Usage::KeyAgreement), _) => return Err(refused("CreateKey", "KeyUsage KEY_AGREEMENT")),
        (Some(usage), _) => usage,
        (None, Family::Symmetric) => Usage::EncryptDecrypt,
        (None, _) => {
            return Err(invalid("You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys."));
        }
    };
    let fits = match family {
        Family::Symmetric => usage == Usage::EncryptDecrypt,
        Family::Hmac(_) => usage == Usage::GenerateVerifyMac,
        Family::Rsa(_) => matches!(usage, Usage::EncryptDecrypt | Usage::SignVerify),
        Family::P256 | Family::P384 => usage == Usage::SignVerify,
    };
    match fits {
        true => Ok((spec, usage)),
        false => Err(invalid(format!("KeyUsage {usage} is not compatible with KeySpec {spec}"))),
    }
}

/// Algorithms that encrypt under a key.
pub(crate) fn encryption(key: &Key) -> &'static [Enc] {
    match (key.usage, family(key.spec)) {
        (Usage::EncryptDecrypt, Some(Family::Symmetric)) => &[Enc::SymmetricDefault],
        (Usage::EncryptDecrypt, Some(Family::Rsa(_))) => &[Enc::RsaesOaepSha1, Enc::RsaesOaepSha256],
        _ => &[],
    }
}

/// Algorithms that sign with a key.
pub(crate) fn signing(key: &Key) -> &'static [Sig] {
    match (key.usage, family(key.spec)) {
        (Usage::SignVerify, Some(Family::Rsa(_))) => &[
            Sig::RsassaPkcs1V15Sha256,
            Sig::RsassaPkcs1V15Sha384,
            Sig::RsassaPkcs1V15Sha512,
            Sig::RsassaPssSha256,
            Sig::RsassaPssSha384,
            Sig::RsassaPssSha512,
        ],
        (Usage::SignVerify, Some(Family::P256)) => &[Sig::EcdsaSha256],
        (Usage::SignVerify, Some(Family::P384)) => &[Sig::EcdsaSha384],
        _ => &[],
    }
}

/// Algorithms that authenticate with a key.
pub(crate) fn macs(key: &Key) -> &'static [Mac] {
    match key.spec {
        KeySpec::Hmac224 => &[Mac::HmacSha224],
        KeySpec::Hmac256 => &[Mac::HmacSha256],
        KeySpec::Hmac384 => &[Mac::HmacSha384],
        KeySpec::Hmac512 => &[Mac::HmacSha512],
        _ => &[],
    }
}

/// Refuses a key that is for something else.
pub(crate) fn used_for(key: &Key, usage: Usage, operation: &str) -> Result<(), Fault> {
    match key.usage == usage {
        true => Ok(()),
        false => Err(Error::InvalidKeyUsage.says(format!("{} key usage is {} which is not valid for {operation}.", key.arn, key.usage))),
    }
}

/// Refuses an algorithm that the key's spec doesn't have.
pub(crate) fn has<A: PartialEq + std::fmt::Display>(key: &Key, algorithms: &[A], asked: A) -> Result<A, Fault> {
    match algorithms.contains(&asked) {
        true => Ok(asked),
        false => Err(Error::InvalidKeyUsage.says(format!("Algorithm {asked} is incompatible with key spec {}.", key.spec))),
    }
}

/// Refuses keys that are not symmetric: data keys come from those alone.
pub(crate) fn symmetric(key: &Key, operation: &str) -> Result<(), Fault> {
    used_for(key, Usage::EncryptDecrypt, operation)?;
    match key.is_symmetric() {
        true => Ok(()),
        false => Err(Error::InvalidKeyUsage.says(format!("{} key spec is {} which is not valid for {operation}.", key.arn, key.spec))),
    }
}
