//! The port by which other services encrypt: data keys, and what is behind them.

use crate::{Error, Kms, blob, cipher, data_keys, find, grants, managed, material};
use kit::{
    BoxFuture, Context, Fault, Grant,
    ports::{DataKey, EncryptionContext, Keys},
};

impl Keys for Kms {
    fn resolve<'a>(&'a self, cx: &'a Context, key: &'a str) -> BoxFuture<'a, Result<String, Fault>> {
        Box::pin(async move {
            let key = managed::key(cx, key).await?;
            find::usable(&key)?;
            Ok(key.arn)
        })
    }

    fn data_key<'a>(
        &'a self,
        cx: &'a Context,
        grant: Grant,
        key_arn: &'a str,
        context: &'a EncryptionContext,
    ) -> BoxFuture<'a, Result<DataKey, Fault>> {
        Box::pin(async move {
            // S3's replicas are encrypted by who may encrypt.
            grant.covers("kms:GenerateDataKey", key_arn).or_else(|_| grant.covers("kms:Encrypt", key_arn))?;
            let made = data_keys::make(cx, key_arn, context, material::random(cx, 32), "GenerateDataKey")?;
            journal(cx, "GenerateDataKey", key_arn);
            Ok(DataKey { plain: length(made.plain)?, encrypted: made.sealed.into() })
        })
    }

    fn decrypt<'a>(
        &'a self,
        cx: &'a Context,
        grant: Grant,
        key_arn: &'a str,
        encrypted: &'a [u8],
        context: &'a EncryptionContext,
    ) -> BoxFuture<'a, Result<[u8; 32], Fault>> {
        Box::pin(async move {
            grant.covers("kms:Decrypt", key_arn)?;
            let frame = blob::read(encrypted).ok_or_else(blob::damaged)?;
            let key = cipher::maker(cx, &frame)?;
            if key.arn != key_arn {
                return Err(Error::IncorrectKey.says("The key ID in the request does not identify a CMK that can perform this operation."));
            }
            find::usable(&key)?;
            let plain = frame.open(&key, context)?;
            journal(cx, "Decrypt", key_arn);
            length(plain)
        })
    }

    fn lend<'a>(
        &'a self,
        cx: &'a Context,
        grant: Grant,
        key_arn: &'a str,
        service: &'a str,
        context: &'a EncryptionContext,
    ) -> BoxFuture<'a, Result<String, Fault>> {
        Box::pin(async move {
            grant.covers("kms:CreateGrant", key_arn)?;
            let id = grants::lend(cx, key_arn, service, context).await?;
            journal(cx, "CreateGrant", key_arn);
            Ok(id)
        })
    }

    fn take_back<'a>(&'a self, cx: &'a Context, grant: Grant, key_arn: &'a str, grant_id: &'a str) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            grant.covers("kms:RetireGrant", key_arn)?;
            grants::take_back(cx, key_arn, grant_id).await?;
            journal(cx, "RetireGrant", key_arn);
            Ok(())
        })
    }
}

fn journal(cx: &Context, operation: &str, key_arn: &str) {
    cx.cloud().journal().write(cx, kit::RecordKind::Event, "kms", operation, key_arn, "ok", serde_json::Value::Null);
}

fn length(plain: Vec<u8>) -> Result<[u8; 32], Fault> {
    // Whoever holds a ciphertext from Encrypt may hand it in; it need not be a data key.
    plain.try_into().map_err(|_| blob::damaged())
}
