//! Signing keys: derived in four steps from a secret, and kept, since a client uses one key for a whole day.

use super::CredentialScope;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::{collections::HashMap, sync::Mutex};

/// The key that a secret gives for one day, region and service.
#[derive(Clone, Copy)]
pub struct SigningKey([u8; 32]);

impl SigningKey {
    /// Derives the key.
    pub fn derive(secret: &str, scope: &CredentialScope) -> SigningKey {
        let date = hmac(format!("AWS4{secret}").as_bytes(), scope.date.as_bytes());
        let region = hmac(&date, scope.region.as_bytes());
        let service = hmac(&region, scope.service.as_bytes());
        SigningKey(hmac(&service, b"aws4_request"))
    }
    /// Signs; 64 hexadecimal digits.
    pub fn sign(&self, text: &[u8]) -> String {
        kit::hex(&hmac(&self.0, text))
    }
}

fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length of key will do");
    mac.update(text);
    mac.finalize().into_bytes().into()
}

/// Keys in use, by (secret, date, region, service).
#[derive(Default)]
pub struct KeyCache(Mutex<HashMap<String, SigningKey>>);

impl KeyCache {
    /// More are not kept: lambda environments bring a secret each.
    const MOST: usize = 1024;

    /// The key, derived on first use.
    pub fn key(&self, secret: &str, scope: &CredentialScope) -> SigningKey {
        let name = format!("{secret}\0{}\0{}\0{}", scope.date, scope.region, scope.service);
        let mut kept = self.0.lock().expect("no panics while holding it");
        if let Some(key) = kept.get(&name) {
            return *key;
        }
        if kept.len() >= Self::MOST {
            kept.clear();
        }
        let key = SigningKey::derive(secret, scope);
        kept.insert(name, key);
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derives_the_documented_key() {
        // The example of AWS's page "Deriving a signing key", signature of an empty text checked by an independent implementation.
        let scope = CredentialScope {
            date: "20150830".into(),
            region: "us-east-1".into(),
            service: "iam".into(),
            terminator: "aws4_request".into(),
        };
        let key = SigningKey::derive("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", &scope);
        assert_eq!(kit::hex(&key.0), "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9");
        let cache = KeyCache::default();
        assert_eq!(cache.key("s", &scope).0, cache.key("s", &scope).0);
        assert_ne!(cache.key("s", &scope).0, cache.key("t", &scope).0);
    }
}
