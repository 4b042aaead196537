//! Values under a key of KMS, which here is a stand-in that remembers.

use crate::desk::Desk;
use fakes::keys::FakeKeys;
use kit::ports::EncryptionContext;
use serde_json::json;

#[tokio::test]
async fn values_lie_under_the_key_that_is_named() {
    let desk = Desk::new().await;
    let keys = FakeKeys::of("secretsmanager.amazonaws.com");
    desk.cloud.ports().offer_keys(keys.clone());
    let made = desk.ok("CreateSecret", json!({ "Name": "s", "SecretString": "hush", "KmsKeyId": "alias/mine" })).await;
    let bound: EncryptionContext = [("SecretARN", "ARN"), ("SecretVersionId", "VersionId")]
        .map(|(name, member)| (name.to_owned(), made[member].as_str().unwrap().to_owned()))
        .into();
    assert_eq!(keys.contexts("kms:GenerateDataKey"), std::slice::from_ref(&bound));
    assert_eq!(desk.value("s").await["SecretString"], "hush");
    assert_eq!(keys.contexts("kms:Decrypt"), [bound]);
    let versions = desk.ok("ListSecretVersionIds", json!({ "SecretId": "s" })).await;
    assert_eq!(versions["Versions"][0]["KmsKeyIds"], json!(["alias/mine"]));
    *keys.disabled.lock().unwrap() = true;
    assert_eq!(desk.fault("GetSecretValue", json!({ "SecretId": "s" })).await.code, "DecryptionFailure");
    *keys.disabled.lock().unwrap() = false;
    desk.ok("UpdateSecret", json!({ "SecretId": "s", "KmsKeyId": "alias/aws/secretsmanager" })).await;
    *keys.disabled.lock().unwrap() = true;
    assert_eq!(desk.value("s").await["SecretString"], "hush", "AWS's own key asks nothing of KMS");
    let unknown = json!({ "Name": "t", "SecretString": "x", "KmsKeyId": "alias/gone" });
    assert_eq!(desk.fault("CreateSecret", unknown).await.code, "EncryptionFailure");
}
