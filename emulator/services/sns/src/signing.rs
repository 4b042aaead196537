//! Signatures of messages, and the certificate that receivers check them with: an RSA key of the cloud's own, made when it is needed first.
//!
//! Making a key costs a good part of a second, so the clouds of a process that have none yet share one; each keeps it in its store.

use crate::{delivery::base_url, state::everywhere};
use base64::{Engine, prelude::BASE64_STANDARD};
use kit::{Context, Fault, Read, Table, TableScope};
use parking_lot::Mutex;
use rsa::{
    Pkcs1v15Sign, RsaPrivateKey,
    pkcs1::{DecodeRsaPrivateKey, EncodeRsaPrivateKey},
    pkcs8::EncodePublicKey,
};
use serde::{Deserialize, Serialize};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use tokio::sync::OnceCell;

/// The one key of a cloud.
const KEYS: Table<String, StoredKey> = Table::new("sns.keys", TableScope::Global);
const NAME: &str = "signing";
/// What begins and ends a certificate's path, as in AWS's URLs.
pub(crate) const CERT_PATH: (&str, &str) = ("/SimpleNotificationService-", ".pem");
/// DigestInfo of SHA-1 (RFC 8017, 9.2).
const SHA1_PREFIX: &[u8] = &[0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14];

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct StoredKey {
    /// PKCS #1, DER.
    der: Vec<u8>,
    certificate: Vec<u8>,
}

/// A signature with what a receiver needs to check it.
pub(crate) struct Signed {
    pub version: String,
    pub signature: String,
    pub cert_url: String,
}

/// The key that was read last; only spares reading it again.
#[derive(Default)]
pub(crate) struct Signers {
    read: Mutex<Option<Arc<Signer>>>,
}

struct Signer {
    stored: StoredKey,
    key: RsaPrivateKey,
}

static FRESH: OnceCell<Arc<Signer>> = OnceCell::const_new();

impl Signers {
    /// Signs the fields of a message: each name and value on a line of its own. Version `2` is SHA-256, everything else SHA-1.
    pub async fn sign(&self, cx: &Context, version: &str, fields: &[(&str, &str)]) -> Result<Signed, Fault> {
        let signer = self.signer(cx).await?;
        let text: String = fields.iter().map(|(name, value)| format!("{name}\n{value}\n")).collect();
        let result = match version {
            "2" => signer.key.sign(Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(text.as_bytes())),
            _ => {
                let scheme = Pkcs1v15Sign { hash_len: Some(20), prefix: SHA1_PREFIX.into() };
                signer.key.sign(scheme, &Sha1::digest(text.as_bytes()))
            }
        };
        let signature = result.map_err(|e| Fault::internal(format!("a message can't be signed: {e}")))?;
        Ok(Signed {
            version: version.to_owned(),
            signature: BASE64_STANDARD.encode(signature),
            cert_url: format!("{}{}{}{}", base_url(cx), CERT_PATH.0, signer.fingerprint(), CERT_PATH.1),
        })
    }

    /// The certificate of this name, PEM.
    pub fn certificate(&self, cx: &Context, fingerprint: &str) -> Option<String> {
        let stored = cx.store().read(|s| s.get(&KEYS, &everywhere(), &NAME.to_owned())).ok().flatten()?;
        if kit::hex(&Sha256::digest(&stored.certificate)[..16]) != fingerprint {
            return None;
        }
        let text = BASE64_STANDARD.encode(&stored.certificate);
        let lines: Vec<&str> = (0..text.len()).step_by(64).map(|at| &text[at..text.len().min(at + 64)]).collect();
        Some(format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n")))
    }

    async fn signer(&self, cx: &Context) -> Result<Arc<Signer>, Fault> {
        let kept = cx.store().read(|s| s.get(&KEYS, &everywhere(), &NAME.to_owned()))?;
        let stored = match kept {
            Some(stored) => stored,
            None => take(cx).await?,
        };
        // A loaded snapshot may bring another key.
        let known = |signer: &&Arc<Signer>| signer.stored.certificate == stored.certificate;
        if let Some(signer) = self.read.lock().as_ref().filter(known).or(FRESH.get().filter(known)) {
            return Ok(signer.clone());
        }
        let key = RsaPrivateKey::from_pkcs1_der(&stored.der).map_err(|e| Fault::internal(format!("the stored key can't be read: {e}")))?;
        let signer = Arc::new(Signer { stored, key });
        *self.read.lock() = Some(signer.clone());
        Ok(signer)
    }
}

impl Signer {
    fn make(mut rng: impl rsa::rand_core::CryptoRngCore) -> Result<Arc<Signer>, String> {
        let key = RsaPrivateKey::new(&mut rng, 2048).map_err(|e| e.to_string())?;
        let der = key.to_pkcs1_der().map_err(|e| e.to_string())?.as_bytes().to_vec();
        let stored = StoredKey { certificate: certificate(&key)?, der };
        Ok(Arc::new(Signer { stored, key }))
    }
    fn fingerprint(&self) -> String {
        kit::hex(&Sha256::digest(&self.stored.certificate)[..16])
    }
}

/// Puts the process's key into the cloud's store, unless somebody was faster.
async fn take(cx: &Context) -> Result<StoredKey, Fault> {
    let rng = cx.ids().rng();
    let make = || async move { tokio::task::spawn_blocking(move || Signer::make(rng)).await.map_err(|e| e.to_string())? };
    let fresh = FRESH.get_or_try_init(make).await.map_err(|why| Fault::internal(format!("a signing key can't be made: {why}")))?;
    let stored = fresh.stored.clone();
    cx.store()
        .write(|tx| match tx.get(&KEYS, &everywhere(), &NAME.to_owned())? {
            Some(there) => Ok(there),
            None => {
                tx.put(&KEYS, &everywhere(), &NAME.to_owned(), &stored)?;
                Ok(stored)
            }
        })
        .await
}

/// A certificate of X.509 version 1 that the key signs for itself (RFC 5280, 4.1), good from 2020 to 2049.
fn certificate(key: &RsaPrivateKey) -> Result<Vec<u8>, String> {
    const SEQUENCE: u8 = 0x30;
    const SHA256_WITH_RSA: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b, 0x05, 0x00];
    const COMMON_NAME: &[u8] = &[0x06, 0x03, 0x55, 0x04, 0x03];
    let algorithm = der(SEQUENCE, &[SHA256_WITH_RSA]);
    let name = der(0x0c, &[b"windtunnel sns"]);
    let subject = der(SEQUENCE, &[&der(0x31, &[&der(SEQUENCE, &[COMMON_NAME, &name])])]);
    let validity = der(SEQUENCE, &[&der(0x17, &[b"200101000000Z"]), &der(0x17, &[b"491231235959Z"])]);
    let public = key.to_public_key().to_public_key_der().map_err(|e| e.to_string())?;
    let serial = der(0x02, &[&[1]]);
    let body = der(SEQUENCE, &[&serial, &algorithm, &subject, &validity, &subject, public.as_bytes()]);
    let signature = key.sign(Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(&body)).map_err(|e| e.to_string())?;
    Ok(der(SEQUENCE, &[&body, &algorithm, &der(0x03, &[&[0], &signature])]))
}

/// Tag, length, contents.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|p| p.len()).sum();
    let mut out = vec![tag];
    match length {
        0..=127 => out.push(length as u8),
        128..=255 => out.extend([0x81, length as u8]),
        _ => out.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    parts.iter().for_each(|part| out.extend_from_slice(part));
    out
}
