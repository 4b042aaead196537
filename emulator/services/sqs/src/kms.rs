//! Queues under a key of KMS: whoever sends has KMS make a data key, whoever receives has it opened, and both must be allowed to use the key.
//!
//! Data keys are reused for KmsDataKeyReusePeriodSeconds, as AWS does. Bodies lie in the store encrypted (AES-256-GCM under the data key); as on
//! AWS, attributes do not.

use crate::{Error, state::*};
use aes_gcm::{Aes256Gcm, KeyInit, aead::Aead};
use base64::{Engine, prelude::BASE64_STANDARD};
use kit::{
    Context, Fault, Scope, Timestamp,
    ports::{EncryptionContext, key_need},
};
use rand_core::RngCore;
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// Data keys that are held at once; beyond that the ones that are over go.
const MOST_HELD: usize = 10_000;

/// The data key of a message.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Sealed {
    pub key_arn: String,
    /// The data key under the KMS key, base64.
    pub data_key: String,
    /// The queue that the data key is bound to, which a message keeps in a dead-letter queue.
    pub queue_arn: String,
    /// What the body is encrypted with beside the key, base64. Empty where the body was kept before bodies were encrypted.
    pub nonce: String,
}

/// A data key in plain, with what is kept of it.
#[derive(Clone)]
pub(crate) struct DataKey {
    sealed: Sealed,
    plain: [u8; 32],
}

impl DataKey {
    /// A body as it is stored, base64, with what opens it again.
    pub fn encrypt(&self, cx: &Context, body: &str) -> Result<(Sealed, String), Fault> {
        let mut nonce = [0; 12];
        cx.ids().rng().fill_bytes(&mut nonce);
        let bytes = self.cipher().encrypt(&nonce.into(), body.as_bytes());
        let bytes = bytes.map_err(|_| Fault::internal("a message could not be encrypted"))?;
        Ok((Sealed { nonce: BASE64_STANDARD.encode(nonce), ..self.sealed.clone() }, BASE64_STANDARD.encode(bytes)))
    }

    /// A stored body as it came.
    pub fn decrypt(&self, nonce: &str, id: &str, stored: &str) -> Result<String, Fault> {
        let damaged = || Fault::internal(format!("message {id} can't be decrypted: it is damaged"));
        let nonce: [u8; 12] = BASE64_STANDARD.decode(nonce).ok().and_then(|bytes| bytes.try_into().ok()).ok_or_else(damaged)?;
        let bytes = BASE64_STANDARD.decode(stored).map_err(|_| damaged())?;
        let plain = self.cipher().decrypt(&nonce.into(), &*bytes).map_err(|_| damaged())?;
        String::from_utf8(plain).map_err(|_| damaged())
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new(&self.plain.into())
    }
}

/// Data keys in use, by queue or data key and caller, until when. Lost with the process: then KMS is asked again.
#[derive(Default)]
pub(crate) struct DataKeys {
    held: Mutex<HashMap<(String, String), (DataKey, Timestamp)>>,
}

impl DataKeys {
    /// The data key for a message that is sent; `None` where the queue has no key of KMS.
    pub async fn seal(&self, cx: &Context, scope: &Scope, queue: &Queue) -> Result<Option<DataKey>, Fault> {
        let Some(key) = queue.attributes.get("KmsMasterKeyId") else { return Ok(None) };
        let held = (format!("{}/{key}", queue.id), cx.principal().arn());
        if let Some(key) = self.find(&held, cx.now()) {
            return Ok(Some(key));
        }
        let queue_arn = queue.arn(scope);
        let (cx, context) = asking(cx, scope, &queue_arn);
        let keys = cx.cloud().ports().keys()?;
        let key_arn = keys.resolve(&cx, key).await.map_err(told_by_kms)?;
        let grant = cx.grant(&key_need("kms:GenerateDataKey", &key_arn, &context)).map_err(told_by_kms)?;
        let made = keys.data_key(&cx, grant, &key_arn, &context).await.map_err(told_by_kms)?;
        let sealed = Sealed { key_arn, data_key: BASE64_STANDARD.encode(&made.encrypted), queue_arn, nonce: String::new() };
        let key = DataKey { sealed, plain: made.plain };
        self.hold(held, key.clone(), &cx, queue);
        Ok(Some(key))
    }

    /// Opens the data key of a message that is about to be received.
    pub async fn open(&self, cx: &Context, scope: &Scope, queue: &Queue, sealed: &Sealed) -> Result<DataKey, Fault> {
        let held = (sealed.data_key.clone(), cx.principal().arn());
        if let Some(key) = self.find(&held, cx.now()) {
            return Ok(key);
        }
        let queue_arn = if sealed.queue_arn.is_empty() { queue.arn(scope) } else { sealed.queue_arn.clone() };
        let (cx, context) = asking(cx, scope, &queue_arn);
        let keys = cx.cloud().ports().keys()?;
        let encrypted = BASE64_STANDARD.decode(&sealed.data_key).map_err(|_| Fault::internal("a data key is not base64"))?;
        let grant = cx.grant(&key_need("kms:Decrypt", &sealed.key_arn, &context)).map_err(told_by_kms)?;
        let plain = keys.decrypt(&cx, grant, &sealed.key_arn, &encrypted, &context).await.map_err(told_by_kms)?;
        let key = DataKey { sealed: sealed.clone(), plain };
        self.hold(held, key.clone(), &cx, queue);
        Ok(key)
    }

    /// Messages that were received, with their bodies as they came. Those whose key the caller may not use stay behind and are visible again
    /// later; where that is all of them, the caller is told why.
    pub async fn unseal(
        &self,
        cx: &Context,
        scope: &Scope,
        queue: &Queue,
        received: Vec<StoredMessage>,
    ) -> Result<Vec<StoredMessage>, Fault> {
        let (mut opened, mut refused) = (Vec::with_capacity(received.len()), None);
        for mut message in received {
            if let Some(sealed) = message.sealed.as_ref().filter(|sealed| !sealed.nonce.is_empty()) {
                match self.open(cx, scope, queue, sealed).await {
                    Ok(key) => message.body = key.decrypt(&sealed.nonce, &message.id, &message.body)?,
                    Err(fault) => {
                        refused = Some(fault);
                        continue;
                    }
                }
            }
            opened.push(message);
        }
        match refused {
            Some(fault) if opened.is_empty() => Err(fault),
            _ => Ok(opened),
        }
    }

    fn find(&self, key: &(String, String), now: Timestamp) -> Option<DataKey> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.get(key).filter(|(_, until)| *until > now).map(|(data_key, _)| data_key.clone())
    }
    fn hold(&self, key: (String, String), data_key: DataKey, cx: &Context, queue: &Queue) {
        let (now, mut held) = (cx.now(), self.held.lock().unwrap_or_else(PoisonError::into_inner));
        if held.len() >= MOST_HELD {
            held.retain(|_, (_, until)| *until > now);
        }
        if held.len() < MOST_HELD {
            held.insert(key, (data_key, now.plus_ns(seconds(queue.number("KmsDataKeyReusePeriodSeconds")))));
        }
    }
}

/// The caller on the way through SQS, where the queue is, and what KMS binds data keys to.
fn asking(cx: &Context, scope: &Scope, queue_arn: &str) -> (Context, EncryptionContext) {
    let context = EncryptionContext::from([("aws:sqs:arn".to_owned(), queue_arn.to_owned())]);
    (cx.via("sqs.amazonaws.com").in_scope(scope.clone()), context)
}

/// A fault of KMS under SQS's name for it.
fn told_by_kms(fault: Fault) -> Fault {
    let (error, query) = match &*fault.code {
        "AccessDenied" | "AccessDeniedException" => (Error::KmsAccessDenied, "KMS.AccessDeniedException"),
        "DisabledException" => (Error::KmsDisabled, "KMS.DisabledException"),
        "KMSInvalidStateException" => (Error::KmsInvalidState, "KMS.InvalidStateException"),
        "InvalidKeyUsageException" => (Error::KmsInvalidKeyUsage, "KMS.InvalidKeyUsageException"),
        "NotFoundException" => (Error::KmsNotFound, "KMS.NotFoundException"),
        _ => return fault,
    };
    let mut told = error.says(fault.message);
    told.query_code = Some(query.into());
    told
}
