//! Web Authentication (W3C, level 2) on the relying party's side: what an authenticator answers is taken apart and proved. Curves and RSA are
//! those of `p256` and `rsa`. Knows bytes and rules, no pool and no user.
//!
//! Attestation is not asked for (`none`), so that whatever statement comes with a key is not looked at, as the standard allows.

use super::cbor::Value;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use p256::ecdsa::signature::Verifier;
use rsa::{BigUint, Pkcs1v15Sign, RsaPublicKey, traits::PublicKeyParts};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Algorithms that are offered, by COSE's numbers, the better one first.
pub(super) const ALGORITHMS: [i64; 2] = [ES256, RS256];
const ES256: i64 = -7;
const RS256: i64 = -257;

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const ATTESTED: u8 = 0x40;

/// Longer ids of credentials are no ids (the standard's limit).
const MOST_ID_BYTES: usize = 1023;

/// Why an answer is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Not what the standard describes.
    Malformed,
    /// Another ceremony or challenge.
    Challenge,
    /// A page that may not speak for the relying party.
    Origin,
    /// Made for another relying party.
    RelyingParty,
    /// No key of an algorithm that was offered, or a user who was not there or not verified.
    NotSupported,
    /// The key did not make the signature.
    Signature,
}

/// What the relying party expects.
pub(super) struct Expected<'a> {
    pub rp_id: &'a str,
    /// As it was given out, base64url.
    pub challenge: &'a str,
    pub user_verified: bool,
}

/// A public key, as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Key {
    /// A point of P-256, uncompressed: 65 bytes.
    Es256(Vec<u8>),
    /// Modulus and exponent, big endian.
    Rs256 { n: Vec<u8>, e: Vec<u8> },
}

/// A credential that an authenticator made.
#[derive(Debug)]
pub(super) struct Made {
    pub id: Vec<u8>,
    pub key: Key,
    pub sign_count: u32,
}

/// Checks the answer to `navigator.credentials.create`.
pub(super) fn registered(client_data: &[u8], attestation: &[u8], expected: &Expected<'_>) -> Result<Made, Refusal> {
    check_client_data(client_data, "webauthn.create", expected)?;
    let (attestation, _) = Value::read(attestation).ok_or(Refusal::Malformed)?;
    let data = attestation.named("authData").and_then(Value::bytes).ok_or(Refusal::Malformed)?;
    let data = AuthenticatorData::read(data, expected)?;
    let (id, key) = data.credential.ok_or(Refusal::Malformed)?;
    Ok(Made { id, key, sign_count: data.sign_count })
}

/// Checks the answer to `navigator.credentials.get`; the authenticator's count of signatures, zero where it keeps none.
pub(super) fn asserted(
    client_data: &[u8],
    authenticator_data: &[u8],
    signature: &[u8],
    key: &Key,
    expected: &Expected<'_>,
) -> Result<u32, Refusal> {
    check_client_data(client_data, "webauthn.get", expected)?;
    let data = AuthenticatorData::read(authenticator_data, expected)?;
    let signed = [authenticator_data, &Sha256::digest(client_data)].concat();
    match key.made(&signed, signature) {
        true => Ok(data.sign_count),
        false => Err(Refusal::Signature),
    }
}

/// What the browser says of the ceremony.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    r#type: String,
    challenge: String,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
}

fn check_client_data(bytes: &[u8], ceremony: &str, expected: &Expected<'_>) -> Result<(), Refusal> {
    let data: ClientData = serde_json::from_slice(bytes).map_err(|_| Refusal::Malformed)?;
    let same = data.challenge.as_bytes().ct_eq(expected.challenge.as_bytes());
    if data.r#type != ceremony || !bool::from(same) {
        return Err(Refusal::Challenge);
    }
    match !data.cross_origin && speaks_for(&data.origin, expected.rp_id) {
        true => Ok(()),
        false => Err(Refusal::Origin),
    }
}

/// Whether a page may speak for a relying party: it is of that host or one below it, and came over TLS or from this machine.
fn speaks_for(origin: &str, rp_id: &str) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else { return false };
    let host = authority.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit())).map_or(authority, |(host, _)| host);
    let below = |parent: &str| host == parent || host.strip_suffix(parent).is_some_and(|rest| rest.ends_with('.'));
    below(rp_id) && (scheme == "https" || (scheme == "http" && below("localhost")))
}

struct AuthenticatorData {
    sign_count: u32,
    credential: Option<(Vec<u8>, Key)>,
}

impl AuthenticatorData {
    fn read(bytes: &[u8], expected: &Expected<'_>) -> Result<AuthenticatorData, Refusal> {
        let (head, rest) = bytes.split_at_checked(37).ok_or(Refusal::Malformed)?;
        if !bool::from(head[..32].ct_eq(&Sha256::digest(expected.rp_id))) {
            return Err(Refusal::RelyingParty);
        }
        let flags = head[32];
        if flags & USER_PRESENT == 0 || (expected.user_verified && flags & USER_VERIFIED == 0) {
            return Err(Refusal::NotSupported);
        }
        let sign_count = u32::from_be_bytes([head[33], head[34], head[35], head[36]]);
        let credential = if flags & ATTESTED == 0 { None } else { Some(credential(rest)?) };
        Ok(AuthenticatorData { sign_count, credential })
    }
}

/// Id and key behind the authenticator's own id.
fn credential(bytes: &[u8]) -> Result<(Vec<u8>, Key), Refusal> {
    let (head, rest) = bytes.split_at_checked(18).ok_or(Refusal::Malformed)?;
    let length = usize::from(u16::from_be_bytes([head[16], head[17]]));
    let (id, rest) = rest.split_at_checked(length).filter(|_| (1..=MOST_ID_BYTES).contains(&length)).ok_or(Refusal::Malformed)?;
    let (key, _) = Value::read(rest).ok_or(Refusal::Malformed)?;
    Ok((id.to_vec(), Key::read(&key)?))
}

impl Key {
    /// Reads a COSE key and checks that it is one: a point of the curve, or a modulus of a decent size.
    fn read(cose: &Value) -> Result<Key, Refusal> {
        let number = |label| cose.numbered(label).and_then(Value::number);
        let bytes = |label| cose.numbered(label).and_then(Value::bytes).ok_or(Refusal::Malformed);
        match (number(1), number(3)) {
            (Some(2), Some(ES256)) if number(-1) == Some(1) => {
                let (x, y) = (bytes(-2)?, bytes(-3)?);
                let point = [&[4], x, y].concat();
                let sound = x.len() == 32 && y.len() == 32 && p256::ecdsa::VerifyingKey::from_sec1_bytes(&point).is_ok();
                if sound { Ok(Key::Es256(point)) } else { Err(Refusal::Malformed) }
            }
            (Some(3), Some(RS256)) => {
                let key = Key::Rs256 { n: bytes(-1)?.to_vec(), e: bytes(-2)?.to_vec() };
                key.rsa().map(|_| key.clone()).ok_or(Refusal::NotSupported)
            }
            _ => Err(Refusal::NotSupported),
        }
    }
    fn rsa(&self) -> Option<RsaPublicKey> {
        let Key::Rs256 { n, e } = self else { return None };
        let key = RsaPublicKey::new(BigUint::from_bytes_be(n), BigUint::from_bytes_be(e)).ok()?;
        (256..=512).contains(&key.size()).then_some(key)
    }
    fn made(&self, signed: &[u8], signature: &[u8]) -> bool {
        match self {
            Key::Es256(point) => {
                let Ok(key) = p256::ecdsa::VerifyingKey::from_sec1_bytes(point) else { return false };
                p256::ecdsa::Signature::from_der(signature).is_ok_and(|signature| key.verify(signed, &signature).is_ok())
            }
            Key::Rs256 { .. } => {
                let Some(key) = self.rsa() else { return false };
                key.verify(Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(signed), signature).is_ok()
            }
        }
    }
}

/// Base64url as browsers write it.
pub(super) fn decoded(value: &serde_json::Value) -> Result<Vec<u8>, Refusal> {
    let text = value.as_str().ok_or(Refusal::Malformed)?;
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).map_err(|_| Refusal::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_speaks_for_its_own_host_and_those_above() {
        for origin in ["https://shop.example", "https://www.shop.example:8443"] {
            assert!(speaks_for(origin, "shop.example"), "{origin}");
        }
        let strangers =
            ["http://shop.example", "https://notshop.example", "https://example", "https://shop.example.evil", "shop.example", ""];
        for origin in strangers {
            assert!(!speaks_for(origin, "shop.example"), "{origin}");
        }
        assert!(speaks_for("http://localhost:4566", "localhost") && speaks_for("http://app.localhost:4566", "app.localhost"));
        assert!(!speaks_for("http://localhost.evil", "localhost"));
    }

    #[test]
    fn a_point_beside_the_curve_is_no_key() {
        let pair = |label: i64, value: Value| (Value::Number(label), value);
        let key = |y: Vec<u8>| {
            let x = Value::Bytes(vec![1; 32]);
            Value::Map(vec![
                pair(1, Value::Number(2)),
                pair(3, Value::Number(ES256)),
                pair(-1, Value::Number(1)),
                pair(-2, x),
                pair(-3, Value::Bytes(y)),
            ])
        };
        assert_eq!(Key::read(&key(vec![1; 32])), Err(Refusal::Malformed));
        assert_eq!(Key::read(&key(vec![1; 31])), Err(Refusal::Malformed));
        let small = Value::Map(vec![
            pair(1, Value::Number(3)),
            pair(3, Value::Number(RS256)),
            pair(-1, Value::Bytes(vec![0xff; 64])),
            pair(-2, Value::Bytes(vec![1, 0, 1])),
        ]);
        assert_eq!(Key::read(&small), Err(Refusal::NotSupported), "512 bits are no key");
    }
}
