//! What other services get: data keys under the caller's own permissions, and keys that AWS manages for them.

use crate::desk::*;
use kit::ports::{EncryptionContext, key_need};
use serde_json::{Value, json};

fn context() -> EncryptionContext {
    [("aws:s3:arn".to_owned(), "arn:aws:s3:::photos/a.jpg".to_owned())].into()
}

#[tokio::test]
async fn a_service_encrypts_for_its_caller_and_only_for_those_who_may() {
    let desk =
        Desk::with_users(&[(ACCOUNT, "ada", allow(&["kms:GenerateDataKey", "kms:Decrypt"])), (ACCOUNT, "bob", allow(&["kms:Decrypt"]))])
            .await;
    let id = desk.key(json!({})).await;
    desk.ok("CreateAlias", json!({ "AliasName": "alias/photos", "TargetKeyId": id })).await;
    let keys = desk.cloud.ports().keys().unwrap();
    let (ada, bob) = (desk.user(ACCOUNT, "ada").via("s3.amazonaws.com"), desk.user(ACCOUNT, "bob").via("s3.amazonaws.com"));
    let key = keys.resolve(&ada, "alias/photos").await.unwrap();
    assert_eq!(key, arn(&id));

    let grant = ada.grant(&key_need("kms:GenerateDataKey", &key, &context())).unwrap();
    let made = keys.data_key(&ada, grant, &key, &context()).await.unwrap();
    let open = |cx: &kit::Context| cx.grant(&key_need("kms:Decrypt", &key, &context()));
    assert_eq!(keys.decrypt(&bob, open(&bob).unwrap(), &key, &made.encrypted, &context()).await.unwrap(), made.plain);
    assert!(bob.grant(&key_need("kms:GenerateDataKey", &key, &context())).is_err());
    let wrong = keys.decrypt(&ada, open(&ada).unwrap(), &key, &made.encrypted, &EncryptionContext::new()).await.unwrap_err();
    assert_eq!(wrong.code, "InvalidCiphertextException");
    // A grant for one key opens no other.
    let other = arn(&desk.key(json!({})).await);
    let misused = keys.decrypt(&ada, open(&ada).unwrap(), &other, &made.encrypted, &context()).await.unwrap_err();
    assert_eq!(misused.code, "InternalFailure");

    desk.ok("DisableKey", json!({ "KeyId": id })).await;
    let disabled = keys.decrypt(&ada, open(&ada).unwrap(), &key, &made.encrypted, &context()).await.unwrap_err();
    assert_eq!((&*disabled.code, disabled.message), ("DisabledException", format!("{key} is disabled.")));
    assert_eq!(keys.resolve(&ada, &key).await.unwrap_err().code, "DisabledException");
    assert_eq!(keys.resolve(&ada, "nonsense").await.unwrap_err().message, "Invalid keyId 'nonsense'");
}

#[tokio::test]
async fn a_services_own_key_is_made_on_first_use_and_works_through_that_service_alone() {
    let desk = Desk::with_users(&[(ACCOUNT, "ada", allow(&["kms:*"]))]).await;
    let keys = desk.cloud.ports().keys().unwrap();
    let direct = desk.user(ACCOUNT, "ada");
    let s3 = direct.via("s3.amazonaws.com");
    let key = keys.resolve(&s3, "alias/aws/s3").await.unwrap();
    assert_eq!(keys.resolve(&s3, "alias/aws/s3").await.unwrap(), key);
    let told = desk.ok("DescribeKey", json!({ "KeyId": "alias/aws/s3" })).await;
    assert_eq!((&told["KeyMetadata"]["KeyManager"], &told["KeyMetadata"]["Arn"]), (&json!("AWS"), &json!(key)));
    assert_eq!(told["KeyMetadata"]["Description"], "Default key that protects my S3 objects when no other key is defined");

    let need = key_need("kms:GenerateDataKey", &key, &context());
    let made = keys.data_key(&s3, s3.grant(&need).unwrap(), &key, &context()).await.unwrap();
    assert!(direct.grant(&need).is_err(), "not without the service");
    assert!(direct.via("sqs.amazonaws.com").grant(&need).is_err(), "not through another service");
    let stranger = desk.user("111111111111", "ada").via("s3.amazonaws.com");
    assert!(stranger.grant(&need).is_err(), "not from another account");
    let nobody = desk.user(ACCOUNT, "nobody").via("s3.amazonaws.com");
    let open = nobody.grant(&key_need("kms:Decrypt", &key, &context())).unwrap();
    assert_eq!(keys.decrypt(&nobody, open, &key, &made.encrypted, &context()).await.unwrap(), made.plain);

    for (operation, more) in
        [("DisableKey", json!({})), ("ScheduleKeyDeletion", json!({})), ("UpdateKeyDescription", json!({ "Description": "x" }))]
    {
        let mut input = json!({ "KeyId": key });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert_eq!(desk.refused(operation, input.clone()).await.0, "AccessDeniedException", "{operation}");
        assert_eq!(desk.refused_as(&direct, operation, input).await.0, "AccessDeniedException", "{operation}");
    }
    assert_eq!(desk.refused("DeleteAlias", json!({ "AliasName": "alias/aws/s3" })).await.0, "NotAuthorizedException");
    let policy = desk.ok("GetKeyPolicy", json!({ "KeyId": key })).await;
    let policy: Value = serde_json::from_str(policy["Policy"].as_str().unwrap()).unwrap();
    assert_eq!(policy["Statement"][0]["Condition"]["StringEquals"]["kms:ViaService"], "s3.us-east-1.amazonaws.com");
    desk.advance_days(366).await;
    let old = nobody.grant(&key_need("kms:Decrypt", &key, &context())).unwrap();
    assert_eq!(keys.decrypt(&nobody, old, &key, &made.encrypted, &context()).await.unwrap(), made.plain);
    let unknown = keys.resolve(&s3, "alias/aws/nothing").await.unwrap_err();
    assert_eq!(unknown.message, format!("Alias arn:aws:kms:us-east-1:{ACCOUNT}:alias/aws/nothing is not found."));
}

#[tokio::test]
async fn a_service_on_its_own_behalf_needs_the_key_policy_to_name_it() {
    let desk = Desk::new().await;
    let keys = desk.cloud.ports().keys().unwrap();
    let topic = "arn:aws:sns:us-east-1:000000000000:news";
    let sns = desk.cx.as_service("sns.amazonaws.com", topic, ACCOUNT);
    let id = desk.key(json!({})).await;
    let need = key_need("kms:GenerateDataKey", &arn(&id), &context());
    let refused = sns.grant(&need).expect_err("a refusal");
    assert!(refused.message.ends_with("because no resource-based policy allows the kms:GenerateDataKey action"), "{}", refused.message);
    let root = json!({ "Effect": "Allow", "Principal": { "AWS": ACCOUNT }, "Action": "kms:*", "Resource": "*" });
    let named = json!({ "Effect": "Allow", "Principal": { "Service": "sns.amazonaws.com" }, "Action": "kms:GenerateDataKey*", "Resource": "*",
        "Condition": { "StringEquals": { "kms:CallerAccount": ACCOUNT } } });
    let policy = json!({ "Version": "2012-10-17", "Statement": [root, named] }).to_string();
    desk.ok("PutKeyPolicy", json!({ "KeyId": id, "Policy": policy })).await;
    keys.data_key(&sns, sns.grant(&need).unwrap(), &arn(&id), &context()).await.unwrap();
    assert!(sns.grant(&key_need("kms:Decrypt", &arn(&id), &context())).is_err());
}
