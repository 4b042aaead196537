//! Signatures by RSA and by the curves P-256 and P-384, and public keys.

use crate::{
    Error, Kms, SigningAlgorithmSpec as Algorithm, cipher, find, model::*, rules, rules::invalid, rules::refused, spec, spec::Family,
    state::*,
};
use kit::{Context, Fault};
use p256::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use p256::pkcs8::{EncodePrivateKey as _, EncodePublicKey as _};
use rsa::{
    Pkcs1v15Sign, Pss, RsaPrivateKey,
    pkcs1::DecodeRsaPrivateKey,
    pkcs8::{EncodePrivateKey as _, EncodePublicKey as _},
};
use sha2::{Digest, Sha256, Sha384, Sha512};

impl Kms {
    /// Signs a message of up to 4096 bytes, or a digest.
    pub async fn sign(&self, cx: &Context, input: SignInput) -> Result<SignOutput, Fault> {
        rules::grant_tokens(cx, &input.grant_tokens)?;
        let key = usable(cx, &input.key_id, input.signing_algorithm, "Sign")?;
        let digest = digest(input.signing_algorithm, input.message_type, &input.message, "Sign")?;
        let signature = sign(cx, &key, input.signing_algorithm, &digest)?;
        rules::dry_run(input.dry_run)?;
        Ok(SignOutput { key_id: Some(key.arn), signature: Some(signature.into()), signing_algorithm: Some(input.signing_algorithm) })
    }

    /// Whether a signature belongs to a message; a wrong one is a fault, as on AWS.
    pub async fn verify(&self, cx: &Context, input: VerifyInput) -> Result<VerifyOutput, Fault> {
        rules::grant_tokens(cx, &input.grant_tokens)?;
        let key = usable(cx, &input.key_id, input.signing_algorithm, "Verify")?;
        let digest = digest(input.signing_algorithm, input.message_type, &input.message, "Verify")?;
        if !verify(&key, input.signing_algorithm, &digest, &input.signature)? {
            return Err(Error::KMSInvalidSignature.says(""));
        }
        rules::dry_run(input.dry_run)?;
        Ok(VerifyOutput { key_id: Some(key.arn), signature_valid: Some(true), signing_algorithm: Some(input.signing_algorithm) })
    }

    /// The public half of an asymmetric key.
    pub async fn get_public_key(&self, cx: &Context, input: GetPublicKeyInput) -> Result<GetPublicKeyOutput, Fault> {
        rules::grant_tokens(cx, &input.grant_tokens)?;
        let key = cx.store().read(|s| find::key(s, cx, &input.key_id))?;
        find::usable(&key)?;
        let family = spec::family(key.spec).filter(|family| matches!(family, Family::Rsa(_) | Family::P256 | Family::P384));
        let no_public =
            || Error::UnsupportedOperation.says(format!("{} key spec is {} which is not valid for GetPublicKey.", key.arn, key.spec));
        let public = public_der(family.ok_or_else(no_public)?, secret(&key)?)?;
        let (encryption, signing) = (spec::encryption(&key), spec::signing(&key));
        Ok(GetPublicKeyOutput {
            public_key: Some(public.into()),
            customer_master_key_spec: CustomerMasterKeySpec::parse(key.spec.as_str()),
            key_spec: Some(key.spec),
            key_usage: Some(key.usage),
            encryption_algorithms: (!encryption.is_empty()).then(|| encryption.to_vec()),
            signing_algorithms: (!signing.is_empty()).then(|| signing.to_vec()),
            key_agreement_algorithms: None,
            key_id: Some(key.arn),
        })
    }
}

fn usable(cx: &Context, name: &str, algorithm: Algorithm, operation: &str) -> Result<Key, Fault> {
    let key = cx.store().read(|s| find::key(s, cx, name))?;
    find::usable(&key)?;
    spec::used_for(&key, KeyUsageType::SignVerify, operation)?;
    spec::has(&key, spec::signing(&key), algorithm)?;
    Ok(key)
}

fn secret(key: &Key) -> Result<&[u8], Fault> {
    key.current().map(|material| material.secret.as_slice()).ok_or_else(|| Fault::internal("a key has no material"))
}

/// Digest of a message, or the digest that the message is.
fn digest(algorithm: Algorithm, kind: Option<MessageType>, message: &[u8], operation: &str) -> Result<Vec<u8>, Fault> {
    let (length, hash): (usize, fn(&[u8]) -> Vec<u8>) = match algorithm {
        Algorithm::RsassaPssSha384 | Algorithm::RsassaPkcs1V15Sha384 | Algorithm::EcdsaSha384 => (48, |m| Sha384::digest(m).to_vec()),
        Algorithm::RsassaPssSha512 | Algorithm::RsassaPkcs1V15Sha512 => (64, |m| Sha512::digest(m).to_vec()),
        _ => (32, |m| Sha256::digest(m).to_vec()),
    };
    match kind.unwrap_or(MessageType::Raw) {
        MessageType::Raw => Ok(hash(message)),
        MessageType::Digest if message.len() == length => Ok(message.to_vec()),
        MessageType::Digest => Err(invalid(format!("Digest is invalid length for algorithm {algorithm}."))),
        MessageType::ExternalMu => Err(refused(operation, "MessageType EXTERNAL_MU")),
    }
}

/// How RSA signs and verifies; each scheme is used up by one use.
fn scheme(algorithm: Algorithm) -> Option<Scheme> {
    Some(match algorithm {
        Algorithm::RsassaPkcs1V15Sha256 => Scheme::Pkcs1(Pkcs1v15Sign::new::<Sha256>()),
        Algorithm::RsassaPkcs1V15Sha384 => Scheme::Pkcs1(Pkcs1v15Sign::new::<Sha384>()),
        Algorithm::RsassaPkcs1V15Sha512 => Scheme::Pkcs1(Pkcs1v15Sign::new::<Sha512>()),
        Algorithm::RsassaPssSha256 => Scheme::Pss(Pss::new::<Sha256>()),
        Algorithm::RsassaPssSha384 => Scheme::Pss(Pss::new::<Sha384>()),
        Algorithm::RsassaPssSha512 => Scheme::Pss(Pss::new::<Sha512>()),
        _ => return None,
    })
}

enum Scheme {
    Pkcs1(Pkcs1v15Sign),
    Pss(Pss),
}

fn sign(cx: &Context, key: &Key, algorithm: Algorithm, digest: &[u8]) -> Result<Vec<u8>, Fault> {
    let broken = |e: String| Fault::internal(format!("a message can't be signed: {e}"));
    match scheme(algorithm) {
        Some(Scheme::Pkcs1(scheme)) => cipher::rsa_key(key)?.sign(scheme, digest).map_err(|e| broken(e.to_string())),
        Some(Scheme::Pss(scheme)) => {
            cipher::rsa_key(key)?.sign_with_rng(&mut cx.ids().rng(), scheme, digest).map_err(|e| broken(e.to_string()))
        }
        None if algorithm == Algorithm::EcdsaSha384 => {
            let signature: p384::ecdsa::Signature = p384_key(secret(key)?)?.sign_prehash(digest).map_err(|e| broken(e.to_string()))?;
            Ok(signature.to_der().as_bytes().to_vec())
        }
        None => {
            let signature: p256::ecdsa::Signature = p256_key(secret(key)?)?.sign_prehash(digest).map_err(|e| broken(e.to_string()))?;
            Ok(signature.to_der().as_bytes().to_vec())
        }
    }
}

fn verify(key: &Key, algorithm: Algorithm, digest: &[u8], signature: &[u8]) -> Result<bool, Fault> {
    Ok(match scheme(algorithm) {
        Some(Scheme::Pkcs1(scheme)) => cipher::rsa_key(key)?.to_public_key().verify(scheme, digest, signature).is_ok(),
        Some(Scheme::Pss(scheme)) => cipher::rsa_key(key)?.to_public_key().verify(scheme, digest, signature).is_ok(),
        None if algorithm == Algorithm::EcdsaSha384 => {
            let signature = p384::ecdsa::Signature::from_der(signature);
            let key = p384_key(secret(key)?)?;
            signature.is_ok_and(|signature| key.verifying_key().verify_prehash(digest, &signature).is_ok())
        }
        None => {
            let signature = p256::ecdsa::Signature::from_der(signature);
            let key = p256_key(secret(key)?)?;
            signature.is_ok_and(|signature| key.verifying_key().verify_prehash(digest, &signature).is_ok())
        }
    })
}

fn p256_key(secret: &[u8]) -> Result<p256::ecdsa::SigningKey, Fault> {
    p256::ecdsa::SigningKey::from_slice(secret).map_err(|e| Fault::internal(format!("a private key can't be read: {e}")))
}
fn p384_key(secret: &[u8]) -> Result<p384::ecdsa::SigningKey, Fault> {
    p384::ecdsa::SigningKey::from_slice(secret).map_err(|e| Fault::internal(format!("a private key can't be read: {e}")))
}
fn rsa_secret(secret: &[u8]) -> Result<RsaPrivateKey, Fault> {
    RsaPrivateKey::from_pkcs1_der(secret).map_err(|e| Fault::internal(format!("a private key can't be read: {e}")))
}

fn unwritable(e: impl std::fmt::Display) -> Fault {
    Fault::internal(format!("a key can't be written: {e}"))
}

/// The public key of a secret, SubjectPublicKeyInfo in DER.
pub(crate) fn public_der(family: Family, secret: &[u8]) -> Result<Vec<u8>, Fault> {
    match family {
        Family::P256 => p256_key(secret)?.verifying_key().to_public_key_der().map(|der| der.as_bytes().to_vec()).map_err(unwritable),
        Family::P384 => p384_key(secret)?.verifying_key().to_public_key_der().map(|der| der.as_bytes().to_vec()).map_err(unwritable),
        _ => rsa_secret(secret)?.to_public_key().to_public_key_der().map(|der| der.as_bytes().to_vec()).map_err(unwritable),
    }
}

/// A secret as PKCS #8 in DER.
pub(crate) fn private_der(family: Family, secret: &[u8]) -> Result<Vec<u8>, Fault> {
    match family {
        Family::P256 => p256_key(secret)?.to_pkcs8_der().map(|der| der.as_bytes().to_vec()).map_err(unwritable),
        Family::P384 => p384_key(secret)?.to_pkcs8_der().map(|der| der.as_bytes().to_vec()).map_err(unwritable),
        _ => rsa_secret(secret)?.to_pkcs8_der().map(|der| der.as_bytes().to_vec()).map_err(unwritable),
    }
}
