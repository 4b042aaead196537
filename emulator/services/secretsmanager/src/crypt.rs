//! Values under a key of KMS: whoever writes must be allowed `kms:GenerateDataKey`, whoever reads `kms:Decrypt`, as AWS documents. The secret's
//! ARN and the version's id are bound to the data key.

use crate::{
    model::Error,
    state::{Secret, Value, Version},
};
use aes_gcm::{Aes256Gcm, KeyInit, aead::Aead};
use kit::{
    Context, Fault,
    ports::{EncryptionContext, key_need},
};

const NONCE: usize = 12;
/// Who calls KMS for callers of this API.
const VIA: &str = "secretsmanager.amazonaws.com";

fn bound(arn: &str, version: &str) -> EncryptionContext {
    [("SecretARN".to_owned(), arn.to_owned()), ("SecretVersionId".to_owned(), version.to_owned())].into()
}

/// A value as it is to lie in the store.
pub(crate) async fn seal(cx: &Context, arn: &str, key: Option<&str>, version: &str, plain: Vec<u8>) -> Result<Value, Fault> {
    // The managed key may be used by everybody who may use the secret.
    let Some(key) = key.filter(|key| !managed(key)) else { return Ok(Value::Plain(plain)) };
    let cx = cx.via(VIA);
    let context = bound(arn, version);
    let keys = cx.cloud().ports().keys()?;
    let key_arn = keys.resolve(&cx, key).await.map_err(sealing)?;
    let grant = cx.grant(&key_need("kms:GenerateDataKey", &key_arn, &context)).map_err(denied)?;
    let made = keys.data_key(&cx, grant, &key_arn, &context).await.map_err(sealing)?;
    let nonce: [u8; NONCE] = cx.ids().bytes()[..NONCE].try_into().expect("32 bytes have twelve");
    let cipher = Aes256Gcm::new(&made.plain.into());
    let sealed = cipher.encrypt(&nonce.into(), plain.as_slice()).map_err(|_| Fault::internal("a secret can't be encrypted"))?;
    Ok(Value::Sealed(key_arn, made.encrypted.to_vec(), [&nonce[..], &sealed].concat()))
}

/// The value of a version.
pub(crate) async fn open(cx: &Context, secret: &Secret, version: &Version) -> Result<Vec<u8>, Fault> {
    let (key_arn, data_key, text) = match &version.value {
        Value::Plain(plain) => return Ok(plain.clone()),
        Value::Sealed(key_arn, data_key, text) => (key_arn, data_key, text),
    };
    let cx = cx.via(VIA);
    let context = bound(&secret.arn, &version.id);
    let grant = cx.grant(&key_need("kms:Decrypt", key_arn, &context)).map_err(denied)?;
    let opened = cx.cloud().ports().keys()?.decrypt(&cx, grant, key_arn, data_key, &context).await;
    let plain = opened
        .map_err(|fault| Error::DecryptionFailure.says(format!("Secrets Manager can't decrypt the secret value: {}", fault.message)))?;
    let damaged = || Fault::internal("a secret is damaged, or its key is another");
    let (nonce, sealed) = text.split_at_checked(NONCE).ok_or_else(damaged)?;
    let nonce: [u8; NONCE] = nonce.try_into().map_err(|_| damaged())?;
    Aes256Gcm::new(&plain.into()).decrypt(&nonce.into(), sealed).map_err(|_| damaged())
}

/// Whether a key is AWS's own for this service.
pub(crate) fn managed(key: &str) -> bool {
    key.is_empty() || key.ends_with("alias/aws/secretsmanager")
}

fn sealing(fault: Fault) -> Fault {
    match fault.status {
        500.. => fault,
        _ => Error::EncryptionFailure
            .says(format!("Secrets Manager can't encrypt the protected secret text using the provided KMS key: {}", fault.message)),
    }
}

fn denied(fault: Fault) -> Fault {
    Fault::new("AccessDeniedException", 400, format!("Access to KMS is not allowed. {}", fault.message))
}
