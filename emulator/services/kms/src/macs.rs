//! HMAC: GenerateMac and VerifyMac.

use crate::{Error, Kms, find, model::*, rules, spec, state::*};
use hmac::{Hmac, Mac};
use kit::{Context, Fault};
use sha2::{Sha224, Sha256, Sha384, Sha512};

impl Kms {
    /// The MAC of a message.
    pub async fn generate_mac(&self, cx: &Context, input: GenerateMacInput) -> Result<GenerateMacOutput, Fault> {
        rules::grant_tokens(cx, &input.grant_tokens)?;
        let key = usable(cx, &input.key_id, input.mac_algorithm, "GenerateMac")?;
        let mac = mac(&key, input.mac_algorithm, &input.message, None)?;
        rules::dry_run(input.dry_run)?;
        Ok(GenerateMacOutput { mac: mac.map(Into::into), mac_algorithm: Some(input.mac_algorithm), key_id: Some(key.arn) })
    }

    /// Whether a MAC belongs to a message; a wrong one is a fault, as on AWS.
    pub async fn verify_mac(&self, cx: &Context, input: VerifyMacInput) -> Result<VerifyMacOutput, Fault> {
        rules::grant_tokens(cx, &input.grant_tokens)?;
        let key = usable(cx, &input.key_id, input.mac_algorithm, "VerifyMac")?;
        mac(&key, input.mac_algorithm, &input.message, Some(&input.mac))?;
        rules::dry_run(input.dry_run)?;
        Ok(VerifyMacOutput { key_id: Some(key.arn), mac_valid: Some(true), mac_algorithm: Some(input.mac_algorithm) })
    }
}

fn usable(cx: &Context, name: &str, algorithm: MacAlgorithmSpec, operation: &str) -> Result<Key, Fault> {
    let key = cx.store().read(|s| find::key(s, cx, name))?;
    find::usable(&key)?;
    spec::used_for(&key, KeyUsageType::GenerateVerifyMac, operation)?;
    spec::has(&key, spec::macs(&key), algorithm)?;
    Ok(key)
}

/// The MAC; or, where one is expected, nothing but a fault when it differs.
fn mac(key: &Key, algorithm: MacAlgorithmSpec, message: &[u8], expected: Option<&[u8]>) -> Result<Option<Vec<u8>>, Fault> {
    let secret = &key.current().ok_or_else(|| Fault::internal("a key has no material"))?.secret;
    match algorithm {
        MacAlgorithmSpec::HmacSha224 => run(Hmac::<Sha224>::new_from_slice(secret), message, expected),
        MacAlgorithmSpec::HmacSha256 => run(Hmac::<Sha256>::new_from_slice(secret), message, expected),
        MacAlgorithmSpec::HmacSha384 => run(Hmac::<Sha384>::new_from_slice(secret), message, expected),
        MacAlgorithmSpec::HmacSha512 => run(Hmac::<Sha512>::new_from_slice(secret), message, expected),
    }
}

fn run<M: Mac, E: std::fmt::Display>(mac: Result<M, E>, message: &[u8], expected: Option<&[u8]>) -> Result<Option<Vec<u8>>, Fault> {
    let mac = mac.map_err(|e| Fault::internal(format!("HMAC: {e}")))?.chain_update(message);
    match expected {
        None => Ok(Some(mac.finalize().into_bytes().to_vec())),
        Some(expected) => mac.verify_slice(expected).map(|()| None).map_err(|_| Error::KMSInvalidMac.says("")),
    }
}
