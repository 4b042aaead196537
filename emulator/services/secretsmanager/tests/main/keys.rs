//! Values under a key of KMS, which here is a stand-in that counts.

use crate::desk::Desk;
use kit::{
    BoxFuture, Context, Fault, Grant,
    ports::{DataKey, EncryptionContext, Keys},
};
use parking_lot::Mutex;
use serde_json::json;
use std::sync::Arc;

/// Remembers for which contexts it made and opened keys; opens none once it is shut.
#[derive(Default)]
struct Counting {
    made: Mutex<Vec<EncryptionContext>>,
    opened: Mutex<Vec<EncryptionContext>>,
    shut: Mutex<bool>,
}

const KEY: &str = "arn:aws:kms:us-east-1:000000000000:key/k";

impl Keys for Counting {
    fn resolve<'a>(&'a self, _: &'a Context, key: &'a str) -> BoxFuture<'a, Result<String, Fault>> {
        Box::pin(async move {
            match key {
                "alias/mine" | KEY => Ok(KEY.to_owned()),
                _ => Err(Fault::new("NotFoundException", 400, "no such key")),
            }
        })
    }
    fn data_key<'a>(
        &'a self,
        _: &'a Context,
        grant: Grant,
        key_arn: &'a str,
        context: &'a EncryptionContext,
    ) -> BoxFuture<'a, Result<DataKey, Fault>> {
        Box::pin(async move {
            grant.covers("kms:GenerateDataKey", key_arn)?;
            self.made.lock().push(context.clone());
            Ok(DataKey { plain: [7; 32], encrypted: "sealed".into() })
        })
    }
    fn decrypt<'a>(
        &'a self,
        _: &'a Context,
        grant: Grant,
        key_arn: &'a str,
        _: &'a [u8],
        context: &'a EncryptionContext,
    ) -> BoxFuture<'a, Result<[u8; 32], Fault>> {
        Box::pin(async move {
            grant.covers("kms:Decrypt", key_arn)?;
            self.opened.lock().push(context.clone());
            match *self.shut.lock() {
                true => Err(Fault::new("DisabledException", 400, "the key is disabled")),
                false => Ok([7; 32]),
            }
        })
    }
}

#[tokio::test]
async fn values_lie_under_the_key_that_is_named() {
    let desk = Desk::new().await;
    let keys = Arc::new(Counting::default());
    desk.cloud.ports().offer_keys(keys.clone());
    let made = desk.ok("CreateSecret", json!({ "Name": "s", "SecretString": "hush", "KmsKeyId": "alias/mine" })).await;
    let bound: EncryptionContext = [("SecretARN", "ARN"), ("SecretVersionId", "VersionId")]
        .map(|(name, member)| (name.to_owned(), made[member].as_str().unwrap().to_owned()))
        .into();
    assert_eq!(*keys.made.lock(), std::slice::from_ref(&bound));
    assert_eq!(desk.value("s").await["SecretString"], "hush");
    assert_eq!(*keys.opened.lock(), [bound]);
    let versions = desk.ok("ListSecretVersionIds", json!({ "SecretId": "s" })).await;
    assert_eq!(versions["Versions"][0]["KmsKeyIds"], json!(["alias/mine"]));
    *keys.shut.lock() = true;
    assert_eq!(desk.fault("GetSecretValue", json!({ "SecretId": "s" })).await.code, "DecryptionFailure");
    *keys.shut.lock() = false;
    desk.ok("UpdateSecret", json!({ "SecretId": "s", "KmsKeyId": "alias/aws/secretsmanager" })).await;
    *keys.shut.lock() = true;
    assert_eq!(desk.value("s").await["SecretString"], "hush", "AWS's own key asks nothing of KMS");
    let unknown = json!({ "Name": "t", "SecretString": "x", "KmsKeyId": "alias/gone" });
    assert_eq!(desk.fault("CreateSecret", unknown).await.code, "EncryptionFailure");
}
