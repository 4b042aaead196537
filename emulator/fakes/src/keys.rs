//! A KMS of a few lines: two keys, and data keys that are wrapped so that they only open under the context that they were made for.

use kit::{
    BoxFuture, Context, Fault, Grant,
    ports::{DataKey, EncryptionContext, Keys},
};
use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, Mutex},
};

/// The key of one's own; also `alias/mine`.
pub const KEY: &str = "arn:aws:kms:us-east-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab";
/// The managed one of each service, `alias/aws/...`.
pub const MANAGED: &str = "arn:aws:kms:us-east-1:000000000000:key/aaaaaaaa-12ab-34cd-56ef-1234567890ab";

/// The keys of one service.
#[derive(Default)]
pub struct FakeKeys {
    /// Who asks for its callers: `s3.amazonaws.com`.
    via: &'static str,
    /// What was asked: action, key, context.
    pub asked: Mutex<Vec<(String, String, EncryptionContext)>>,
    /// The keys can't be used.
    pub disabled: Mutex<bool>,
    /// What happens in the cloud while the next data key is decrypted: an operation of S3 with its input.
    pub meanwhile: Mutex<Option<(&'static str, serde_json::Value)>>,
}

fn pad(key_arn: &str, context: &EncryptionContext) -> [u8; 32] {
    let word = |n: usize| {
        let mut hasher = DefaultHasher::new();
        (n, key_arn, context).hash(&mut hasher);
        hasher.finish().to_be_bytes()
    };
    std::array::from_fn(|at| word(at / 8)[at % 8])
}

fn mix(bytes: &[u8], pad: [u8; 32]) -> [u8; 32] {
    std::array::from_fn(|at| bytes[at] ^ pad[at])
}

impl FakeKeys {
    /// Keys that this service uses for its callers.
    pub fn of(via: &'static str) -> Arc<FakeKeys> {
        Arc::new(FakeKeys { via, ..FakeKeys::default() })
    }
    /// The contexts for which an action was asked, oldest first.
    pub fn contexts(&self, action: &str) -> Vec<EncryptionContext> {
        self.asked.lock().unwrap().iter().filter(|(asked, ..)| asked == action).map(|(.., context)| context.clone()).collect()
    }
    fn note(&self, action: &str, grant: &Grant, key_arn: &str, context: &EncryptionContext) -> Result<(), Fault> {
        grant.covers(action, key_arn)?;
        if *self.disabled.lock().unwrap() {
            return Err(Fault::new("DisabledException", 400, format!("{key_arn} is disabled.")));
        }
        self.asked.lock().unwrap().push((action.to_owned(), key_arn.to_owned(), context.clone()));
        Ok(())
    }
}

impl Keys for FakeKeys {
    fn resolve<'a>(&'a self, cx: &'a Context, key: &'a str) -> BoxFuture<'a, Result<String, Fault>> {
        Box::pin(async move {
            assert_eq!(cx.called_via(), Some(self.via));
            match key {
                managed if managed == MANAGED || managed.starts_with("alias/aws/") => Ok(MANAGED.to_owned()),
                own if own == KEY || own == "alias/mine" || KEY.ends_with(&format!("/{own}")) => Ok(KEY.to_owned()),
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
            let plain = cx.ids().bytes();
            Ok(DataKey { plain, encrypted: mix(&plain, pad(key_arn, context)).to_vec().into() })
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
