//! Queues under a key of KMS: whoever sends has KMS make a data key, whoever receives has it opened, and both must be allowed to use the key.
//!
//! Data keys are reused for KmsDataKeyReusePeriodSeconds, as AWS does. What callers can notice is kept: who may use the key, and whether it
//! can be used. The bodies themselves lie in the store as they came; nobody can read them there but through this service.

use crate::{Error, state::*};
use base64::{Engine, prelude::BASE64_STANDARD};
use kit::{
    Context, Fault, Scope, Timestamp,
    ports::{EncryptionContext, key_need},
};
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
}

/// Data keys in use, by queue or data key and caller, until when. Lost with the process: then KMS is asked again.
#[derive(Default)]
pub(crate) struct DataKeys {
    held: Mutex<HashMap<(String, String), (Sealed, Timestamp)>>,
}

impl DataKeys {
    /// The data key for a message that is sent; `None` where the queue has no key of KMS.
    pub async fn seal(&self, cx: &Context, scope: &Scope, queue: &Queue) -> Result<Option<Sealed>, Fault> {
        let Some(key) = queue.attributes.get("KmsMasterKeyId") else { return Ok(None) };
        let held = (format!("{}/{key}", queue.id), cx.principal().arn());
        if let Some(sealed) = self.find(&held, cx.now()) {
            return Ok(Some(sealed));
        }
        let (cx, context) = asking(cx, scope, queue);
        let keys = cx.cloud().ports().keys()?;
        let key_arn = keys.resolve(&cx, key).await.map_err(told_by_kms)?;
        let grant = cx.grant(&key_need("kms:GenerateDataKey", &key_arn, &context)).map_err(told_by_kms)?;
        let made = keys.data_key(&cx, grant, &key_arn, &context).await.map_err(told_by_kms)?;
        let sealed = Sealed { key_arn, data_key: BASE64_STANDARD.encode(&made.encrypted) };
        self.hold(held, sealed.clone(), &cx, queue);
        Ok(Some(sealed))
    }

    /// Opens the data key of a message that is about to be received.
    pub async fn open(&self, cx: &Context, scope: &Scope, queue: &Queue, sealed: &Sealed) -> Result<(), Fault> {
        let held = (sealed.data_key.clone(), cx.principal().arn());
        if self.find(&held, cx.now()).is_some() {
            return Ok(());
        }
        let (cx, context) = asking(cx, scope, queue);
        let keys = cx.cloud().ports().keys()?;
        let encrypted = BASE64_STANDARD.decode(&sealed.data_key).map_err(|_| Fault::internal("a data key is not base64"))?;
        let grant = cx.grant(&key_need("kms:Decrypt", &sealed.key_arn, &context)).map_err(told_by_kms)?;
        keys.decrypt(&cx, grant, &sealed.key_arn, &encrypted, &context).await.map_err(told_by_kms)?;
        self.hold(held, sealed.clone(), &cx, queue);
        Ok(())
    }

    fn find(&self, key: &(String, String), now: Timestamp) -> Option<Sealed> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.get(key).filter(|(_, until)| *until > now).map(|(sealed, _)| sealed.clone())
    }
    fn hold(&self, key: (String, String), sealed: Sealed, cx: &Context, queue: &Queue) {
        let (now, mut held) = (cx.now(), self.held.lock().unwrap_or_else(PoisonError::into_inner));
        if held.len() >= MOST_HELD {
            held.retain(|_, (_, until)| *until > now);
        }
        if held.len() < MOST_HELD {
            held.insert(key, (sealed, now.plus_ns(seconds(queue.number("KmsDataKeyReusePeriodSeconds")))));
        }
    }
}

/// The caller on the way through SQS, where the queue is, and what KMS binds data keys to.
fn asking(cx: &Context, scope: &Scope, queue: &Queue) -> (Context, EncryptionContext) {
    let context = EncryptionContext::from([("aws:sqs:arn".to_owned(), queue.arn(scope))]);
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
