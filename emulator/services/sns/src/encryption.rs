//! Topics under a key of KMS: what a message says lies encrypted in the store from Publish to its last delivery.
//!
//! Whoever publishes has KMS make a data key and open it again, and must be allowed both (`kms:GenerateDataKey`, `kms:Decrypt`), as AWS
//! documents. A data key is used for five minutes and held in memory. Where it was lost with the process, the account that owns the topic is
//! who opens it: who published is no longer there to be asked.

use crate::{Error, model::MessageAttributeValue, state::*};
use aes_gcm::{Aes256Gcm, KeyInit, aead::Aead};
use base64::{Engine, prelude::BASE64_STANDARD};
use kit::{
    Context, Fault, Principal, Scope, Timestamp,
    ports::{EncryptionContext, key_need},
};
use parking_lot::Mutex;
use rand_core::RngCore;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// How long a data key is used.
const REUSED_SECS: i128 = 300;
/// Data keys that are held at once; beyond that the ones that are over go.
const MOST_HELD: usize = 10_000;
const NONCE_BYTES: usize = 12;

/// What a message says, encrypted.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Sealed {
    key_arn: String,
    /// The data key under the KMS key, base64.
    data_key: String,
    /// Nonce and AES-256-GCM of [`Said`], base64.
    text: String,
}

/// The members of a message that are encrypted.
#[derive(Default, Serialize, Deserialize)]
struct Said {
    subject: Option<String>,
    body: String,
    by_protocol: BTreeMap<String, String>,
    #[serde(with = "wire::kept")]
    attributes: BTreeMap<String, MessageAttributeValue>,
}

/// A data key in use.
#[derive(Clone)]
pub(crate) struct DataKey {
    key_arn: String,
    encrypted: String,
    plain: [u8; 32],
}

/// Data keys in use until when: by topic, key and publisher for sealing, by their encrypted form for opening.
#[derive(Default)]
pub(crate) struct DataKeys {
    held: Mutex<HashMap<String, (DataKey, Timestamp)>>,
}

impl DataKeys {
    /// The data key for what the caller publishes; `None` where the topic has no key of KMS.
    pub async fn of_publisher(&self, cx: &Context, topic: &StoredTopic, topic_arn: &str) -> Result<Option<DataKey>, Fault> {
        let Some(key) = topic.attributes.get("KmsMasterKeyId").filter(|key| !key.is_empty()) else { return Ok(None) };
        let slot = format!("{}/{key}/{}", topic.id, cx.principal().arn());
        if let Some(held) = self.find(&slot, cx.now()) {
            return Ok(Some(held));
        }
        let (cx, context) = asking(cx, topic_arn)?;
        let keys = cx.cloud().ports().keys()?;
        let key_arn = keys.resolve(&cx, key).await.map_err(told_by_kms)?;
        let grant = cx.grant(&key_need("kms:GenerateDataKey", &key_arn, &context)).map_err(told_by_kms)?;
        let made = keys.data_key(&cx, grant, &key_arn, &context).await.map_err(told_by_kms)?;
        let grant = cx.grant(&key_need("kms:Decrypt", &key_arn, &context)).map_err(told_by_kms)?;
        keys.decrypt(&cx, grant, &key_arn, &made.encrypted, &context).await.map_err(told_by_kms)?;
        let key = DataKey { key_arn, encrypted: BASE64_STANDARD.encode(&made.encrypted), plain: made.plain };
        self.hold(slot, key.clone(), cx.now());
        self.hold(key.encrypted.clone(), key.clone(), cx.now());
        Ok(Some(key))
    }

    /// The message as it was published.
    pub async fn opened(&self, cx: &Context, mut message: StoredMessage) -> Result<StoredMessage, Fault> {
        let Some(sealed) = message.sealed.take() else { return Ok(message) };
        let key = match self.find(&sealed.data_key, cx.now()) {
            Some(held) => held,
            None => self.ask_again(cx, &sealed, &message.topic_arn).await?,
        };
        let said = key.open(&sealed.text).ok_or_else(|| Fault::internal("a message is damaged, or its key is another"))?;
        message.subject = said.subject;
        message.body = said.body;
        message.by_protocol = said.by_protocol;
        message.attributes = said.attributes;
        Ok(message)
    }

    async fn ask_again(&self, cx: &Context, sealed: &Sealed, topic_arn: &str) -> Result<DataKey, Fault> {
        let account = crate::arns::account(topic_arn).unwrap_or_default();
        let (cx, context) = asking(&cx.with_principal(Principal::Root { account: account.into() }), topic_arn)?;
        let keys = cx.cloud().ports().keys()?;
        let encrypted = BASE64_STANDARD.decode(&sealed.data_key).map_err(|_| Fault::internal("a data key is not base64"))?;
        let grant = cx.grant(&key_need("kms:Decrypt", &sealed.key_arn, &context)).map_err(told_by_kms)?;
        let plain = keys.decrypt(&cx, grant, &sealed.key_arn, &encrypted, &context).await.map_err(told_by_kms)?;
        let key = DataKey { key_arn: sealed.key_arn.clone(), encrypted: sealed.data_key.clone(), plain };
        self.hold(sealed.data_key.clone(), key.clone(), cx.now());
        Ok(key)
    }

    fn find(&self, slot: &str, now: Timestamp) -> Option<DataKey> {
        self.held.lock().get(slot).filter(|(_, until)| *until > now).map(|(key, _)| key.clone())
    }
    fn hold(&self, slot: String, key: DataKey, now: Timestamp) {
        let mut held = self.held.lock();
        if held.len() >= MOST_HELD {
            held.retain(|_, (_, until)| *until > now);
        }
        if held.len() < MOST_HELD {
            held.insert(slot, (key, now.plus_ns(REUSED_SECS * 1_000_000_000)));
        }
    }
}

impl DataKey {
    /// Takes what a message says out of it and puts it back encrypted.
    pub fn seal(&self, cx: &Context, message: &mut StoredMessage) -> Result<(), Fault> {
        let said = Said {
            subject: message.subject.take(),
            body: std::mem::take(&mut message.body),
            by_protocol: std::mem::take(&mut message.by_protocol),
            attributes: std::mem::take(&mut message.attributes),
        };
        let text = serde_json::to_vec(&said).map_err(|error| Fault::internal(format!("a message can't be written: {error}")))?;
        let mut bytes = vec![0; NONCE_BYTES];
        cx.ids().rng().fill_bytes(&mut bytes);
        let sealed = self.cipher().encrypt(bytes.as_slice().into(), text.as_slice());
        bytes.extend(sealed.map_err(|_| Fault::internal("a message can't be encrypted"))?);
        let text = BASE64_STANDARD.encode(bytes);
        message.sealed = Some(Sealed { key_arn: self.key_arn.clone(), data_key: self.encrypted.clone(), text });
        Ok(())
    }

    fn open(&self, text: &str) -> Option<Said> {
        let bytes = BASE64_STANDARD.decode(text).ok()?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE_BYTES)?;
        serde_json::from_slice(&self.cipher().decrypt(nonce.into(), sealed).ok()?).ok()
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new(&self.plain.into())
    }
}

/// The caller on the way through SNS, where the topic is, and what KMS binds data keys to.
fn asking(cx: &Context, topic_arn: &str) -> Result<(Context, EncryptionContext), Fault> {
    let (scope, _): (Scope, _) = crate::arns::of_topic(topic_arn)?;
    let context = EncryptionContext::from([("aws:sns:topicArn".to_owned(), topic_arn.to_owned())]);
    Ok((cx.via("sns.amazonaws.com").in_scope(scope), context))
}

/// A fault of KMS under SNS's name for it.
fn told_by_kms(fault: Fault) -> Fault {
    let error = match &*fault.code {
        "AccessDenied" | "AccessDeniedException" => Error::KMSAccessDenied,
        "DisabledException" => Error::KMSDisabled,
        "KMSInvalidStateException" => Error::KMSInvalidState,
        "NotFoundException" => Error::KMSNotFound,
        _ => return fault,
    };
    error.says(fault.message)
}
