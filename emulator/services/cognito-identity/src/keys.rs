//! The key that signs identities' tokens: one per cloud, made with the first token.

use kit::{Context, Fault, Read, Table, TableScope};
use parking_lot::Mutex;
use rsa::{
    Pkcs1v15Sign, RsaPrivateKey, RsaPublicKey,
    pkcs1::{DecodeRsaPrivateKey, EncodeRsaPrivateKey},
    traits::PublicKeyParts,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha512};
use std::sync::Arc;

/// The key, under one name: AWS's issuer is one for all accounts.
const KEYS: Table<String, StoredKey> = Table::new("cognito-identity.keys", TableScope::Global);
const NAME: &str = "signer";

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct StoredKey {
    kid: String,
    /// PKCS #1, DER.
    der: Vec<u8>,
}

/// A key that signs tokens.
pub(crate) struct Key {
    pub kid: String,
    key: RsaPrivateKey,
}

/// The key that was read from the store; read again when a snapshot brought another.
#[derive(Default)]
pub(crate) struct Keys {
    read: Mutex<Option<Arc<Key>>>,
}

impl Key {
    /// The RS512 signature.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Fault> {
        let made = self.key.sign(Pkcs1v15Sign::new::<Sha512>(), &Sha512::digest(message));
        made.map_err(|e| Fault::internal(format!("a token can't be signed: {e}")))
    }
    /// Whether this key made the signature.
    pub fn made(&self, message: &[u8], signature: &[u8]) -> bool {
        let public: &RsaPublicKey = self.key.as_ref();
        public.verify(Pkcs1v15Sign::new::<Sha512>(), &Sha512::digest(message), signature).is_ok()
    }
    /// As a JWKS shows it.
    pub fn jwk(&self) -> Value {
        let encode = |bytes: Vec<u8>| base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, bytes);
        let (n, e) = (encode(self.key.n().to_bytes_be()), encode(self.key.e().to_bytes_be()));
        json!({ "kty": "RSA", "alg": "RS512", "use": "sig", "kid": self.kid, "n": n, "e": e })
    }
}

impl Keys {
    /// The key, where there is one already.
    pub fn known(&self, cx: &Context) -> Result<Option<Arc<Key>>, Fault> {
        let Some(stored) = cx.store().read(|s| s.get(&KEYS, cx.scope(), &NAME.to_owned()))? else { return Ok(None) };
        let mut read = self.read.lock();
        if let Some(key) = read.as_ref().filter(|key| key.kid == stored.kid) {
            return Ok(Some(key.clone()));
        }
        let key = RsaPrivateKey::from_pkcs1_der(&stored.der).map_err(|e| Fault::internal(format!("a stored key can't be read: {e}")))?;
        Ok(Some(read.insert(Arc::new(Key { kid: stored.kid, key })).clone()))
    }

    /// The key; makes it where there is none. That takes a good part of a second, off the threads that answer requests.
    pub async fn get_or_make(&self, cx: &Context) -> Result<Arc<Key>, Fault> {
        if let Some(key) = self.known(cx)? {
            return Ok(key);
        }
        let mut rng = cx.ids().rng();
        let making = tokio::task::spawn_blocking(move || RsaPrivateKey::new(&mut rng, 2048));
        let key = making.await.map_err(|e| e.to_string()).and_then(|made| made.map_err(|e| e.to_string()));
        let der = key.and_then(|key| key.to_pkcs1_der().map_err(|e| e.to_string()));
        let der = der.map_err(|e| Fault::internal(format!("a signing key can't be made: {e}")))?;
        let stored = StoredKey { kid: format!("{}-{}", cx.region(), cx.ids().hex(8)), der: der.as_bytes().to_vec() };
        cx.store()
            .write(|tx| {
                // Another request may have been first.
                match tx.exists(&KEYS, cx.scope(), &NAME.to_owned())? {
                    true => Ok(()),
                    false => tx.put(&KEYS, cx.scope(), &NAME.to_owned(), &stored),
                }
            })
            .await?;
        self.known(cx)?.ok_or_else(|| Fault::internal("the signing key was just written and is not there"))
    }
}
