//! A kms of a few lines: keys by id, data keys wrapped by a XOR that the context takes part in.

use kit::{
    BoxFuture, Context, Fault, Grant,
    ports::{DataKey, EncryptionContext, Keys},
};
use sha2::{Digest, Sha256};
use std::sync::Mutex;

/// The one key there is, and the managed one.
pub const KEY: &str = "arn:aws:kms:us-east-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab";
pub const MANAGED: &str = "arn:aws:kms:us-east-1:000000000000:key/aaaaaaaa-12ab-34cd-56ef-1234567890ab";

#[derive(Default)]
pub struct FakeKeys {
    /// What was asked: operation, key, context.
    pub asked: Mutex<Vec<(String, String, EncryptionContext)>>,
    pub disabled: Mutex<bool>,
    /// What happens in the cloud while the next data key is decrypted: an operation of S3 with its input.
    pub meanwhile: Mutex<Option<(&'static str, serde_json::Value)>>,
}

fn pad(key_arn: &str, context: &EncryptionContext) -> [u8; 32] {
    Sha256::digest(format!("{key_arn}{context:?}")).into()
}

fn mix(bytes: &[u8], pad: [u8; 32]) -> [u8; 32] {
    std::array::from_fn(|i| bytes[i] ^ pad[i])
}

impl FakeKeys {
    fn note(&self, operation: &str, grant: &Grant, key_arn: &str, context: &EncryptionContext) -> Result<(), Fault> {
        grant.covers(operation, key_arn)?;
        if *self.disabled.lock().unwrap() {
            return Err(Fault::new("DisabledException", 400, format!("{key_arn} is disabled.")));
        }
        self.asked.lock().unwrap().push((operation.to_owned(), key_arn.to_owned(), context.clone()));
        Ok(())
    }
}

impl Keys for FakeKeys {
    fn resolve<'a>(&'a self, cx: &'a Context, key: &'a str) -> BoxFuture<'a, Result<String, Fault>> {
        Box::pin(async move {
            assert_eq!(cx.called_via(), Some("s3.amazonaws.com"));
            match key {
                "alias/aws/s3" | MANAGED => Ok(MANAGED.to_owned()),
                key if key == KEY || KEY.ends_with(&format!("/{key}")) => Ok(KEY.to_owned()),
                other => Err(Fault::new("NotFoundException", 400, format!("Invalid keyId '{other}'"))),
            }
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
            let action = if grant.covers("kms:Encrypt", key_arn).is_ok() { "kms:Encrypt" } else { "kms:GenerateDataKey" };
            self.note(action, &grant, key_arn, context)?;
            let plain: [u8; 32] = Sha256::digest(cx.ids().uuid()).into();
            let encrypted = mix(&plain, pad(key_arn, context)).to_vec();
            Ok(DataKey { plain, encrypted: encrypted.into() })
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
            self.note("kms:Decrypt", &grant, key_arn, context)?;
            let meanwhile = self.meanwhile.lock().unwrap().take();
            if let Some((operation, input)) = meanwhile {
                cx.cloud().call_json(&cx.cloud().house_context("test"), "s3", operation, &input).await?;
            }
            Ok(mix(encrypted, pad(key_arn, context)))
        })
    }
}
