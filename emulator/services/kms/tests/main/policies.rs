//! Key policies decide: IAM alone opens nothing, the root statement lets IAM in, a policy may name its users.

use crate::desk::*;
use serde_json::{Value, json};

const ADA: &str = "arn:aws:iam::000000000000:user/ada";

fn policy(statements: Value) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string().into()
}
fn root() -> Value {
    json!({ "Sid": "Root", "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:root") }, "Action": "kms:*", "Resource": "*" })
}
fn only_root_user() -> Value {
    let mut statement = root();
    statement["Condition"] = json!({ "StringEquals": { "aws:PrincipalType": "Account" } });
    statement
}

#[tokio::test]
async fn the_root_statement_lets_iam_in_and_without_it_iam_is_not_enough() {
    let desk = Desk::with_users(&[(ACCOUNT, "ada", allow(&["kms:*"])), (ACCOUNT, "bob", allow(&["s3:*"]))]).await;
    let (ada, bob) = (desk.user(ACCOUNT, "ada"), desk.user(ACCOUNT, "bob"));
    let open = desk.key(json!({})).await;
    let encrypt = |id: &str| json!({ "KeyId": id, "Plaintext": blob(b"x") });
    desk.call_as(&ada, "Encrypt", encrypt(&open)).await.unwrap();
    let refused = desk.refused_as(&bob, "Encrypt", encrypt(&open)).await;
    let user = "User: arn:aws:iam::000000000000:user";
    let sentence = format!(
        "{user}/bob is not authorized to perform: kms:Encrypt on resource: {} because no identity-based policy allows the kms:Encrypt action",
        arn(&open)
    );
    assert_eq!(refused, ("AccessDeniedException".to_owned(), sentence));

    let closed = desk.key(json!({ "Policy": policy(json!([only_root_user()])) })).await;
    let refused = desk.refused_as(&ada, "Encrypt", encrypt(&closed)).await;
    let sentence = format!(
        "{user}/ada is not authorized to perform: kms:Encrypt on resource: {} because no resource-based policy allows the kms:Encrypt action",
        arn(&closed)
    );
    assert_eq!(refused, ("AccessDeniedException".to_owned(), sentence));
    // The data key under a closed key can't be opened either, though the ciphertext names the key by itself.
    let sealed = desk.ok("Encrypt", encrypt(&closed)).await;
    let refused = desk.refused_as(&ada, "Decrypt", json!({ "CiphertextBlob": sealed["CiphertextBlob"] })).await;
    assert_eq!(refused.0, "AccessDeniedException");
}

#[tokio::test]
async fn a_user_whom_the_key_policy_names_needs_no_iam_policy() {
    let desk = Desk::with_users(&[]).await;
    let ada = desk.user(ACCOUNT, "ada");
    let use_it = json!({ "Effect": "Allow", "Principal": { "AWS": ADA }, "Action": ["kms:Encrypt", "kms:Decrypt"], "Resource": "*",
        "Condition": { "StringEquals": { "kms:EncryptionContext:app": "photos" } } });
    let id = desk.key(json!({ "Policy": policy(json!([root(), use_it])) })).await;
    let mut input = json!({ "KeyId": id, "Plaintext": blob(b"x"), "EncryptionContext": { "app": "photos" } });
    let sealed = desk.call_as(&ada, "Encrypt", input.clone()).await.unwrap();
    input["EncryptionContext"] = json!({ "app": "mail" });
    assert_eq!(desk.refused_as(&ada, "Encrypt", input).await.0, "AccessDeniedException");
    let open = json!({ "CiphertextBlob": sealed["CiphertextBlob"], "EncryptionContext": { "app": "photos" } });
    assert_eq!(bytes(&desk.call_as(&ada, "Decrypt", open).await.unwrap()["Plaintext"]), b"x");
    assert_eq!(desk.refused_as(&ada, "DescribeKey", json!({ "KeyId": id })).await.0, "AccessDeniedException");
}

#[tokio::test]
async fn another_account_needs_both_sides() {
    let other = "111111111111";
    let desk = Desk::with_users(&[(other, "eve", allow(&["kms:Encrypt", "kms:DescribeKey"]))]).await;
    let eve = desk.user(other, "eve");
    let id = desk.key(json!({})).await;
    let input = json!({ "KeyId": arn(&id), "Plaintext": blob(b"x") });
    assert_eq!(desk.refused_as(&eve, "Encrypt", input.clone()).await.0, "AccessDeniedException");
    let statement = json!({ "Effect": "Allow", "Principal": { "AWS": other }, "Action": "kms:*", "Resource": "*" });
    desk.ok("PutKeyPolicy", json!({ "KeyId": id, "Policy": policy(json!([root(), statement])) })).await;
    desk.call_as(&eve, "Encrypt", input).await.unwrap();
    assert_eq!(
        desk.refused_as(&eve, "GenerateDataKey", json!({ "KeyId": arn(&id), "KeySpec": "AES_256" })).await.0,
        "AccessDeniedException"
    );
    // By its bare id the key is looked for in the caller's own account.
    assert_eq!(desk.refused_as(&eve, "DescribeKey", json!({ "KeyId": id })).await.0, "NotFoundException");
}

#[tokio::test]
async fn policies_are_kept_as_put_and_refused_when_broken_or_locking_out() {
    let desk = Desk::new().await;
    let id = desk.key(json!({})).await;
    let default = desk.ok("GetKeyPolicy", json!({ "KeyId": id, "PolicyName": "default" })).await;
    let parsed: Value = serde_json::from_str(default["Policy"].as_str().unwrap()).unwrap();
    assert_eq!((&parsed["Id"], &parsed["Statement"][0]["Sid"]), (&json!("key-default-1"), &json!("Enable IAM User Permissions")));
    assert_eq!(desk.ok("ListKeyPolicies", json!({ "KeyId": id })).await["PolicyNames"], json!(["default"]));

    let new = policy(json!([root()]));
    desk.ok("PutKeyPolicy", json!({ "KeyId": id, "Policy": new })).await;
    assert_eq!(desk.ok("GetKeyPolicy", json!({ "KeyId": id })).await["Policy"], new);
    let locked = policy(json!([{ "Effect": "Allow", "Principal": { "AWS": ADA }, "Action": "kms:Encrypt", "Resource": "*" }]));
    let got = desk.refused("PutKeyPolicy", json!({ "KeyId": id, "Policy": locked })).await;
    let sentence = "The new key policy will not allow you to update the key policy in the future.";
    assert_eq!(got, ("MalformedPolicyDocumentException".to_owned(), sentence.to_owned()));
    let bare = policy(json!([{ "Effect": "Allow", "Action": "kms:*", "Resource": "*" }]));
    for broken in [json!("{"), bare, json!("[]")] {
        let got = desk.refused("PutKeyPolicy", json!({ "KeyId": id, "Policy": broken })).await;
        assert_eq!(got.0, "MalformedPolicyDocumentException", "{broken}");
    }
    let large = policy(
        json!([root(), { "Sid": "x".repeat(33 << 10), "Effect": "Deny", "Principal": "*", "Action": "kms:Encrypt", "Resource": "*" }]),
    );
    assert_eq!(desk.refused("CreateKey", json!({ "Policy": large })).await.0, "LimitExceededException");
    assert_eq!(desk.refused("GetKeyPolicy", json!({ "KeyId": id, "PolicyName": "other" })).await.0, "NotFoundException");
    desk.ok("PutKeyPolicy", json!({ "KeyId": id, "Policy": locked, "BypassPolicyLockoutSafetyCheck": true })).await;
    // Not even the account's root gets in now.
    assert_eq!(desk.refused("DescribeKey", json!({ "KeyId": id })).await.0, "AccessDeniedException");
}

#[tokio::test]
async fn aliases_and_tags_of_keys_are_condition_keys() {
    let by_alias = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "kms:Encrypt", "Resource": "*", "Condition": { "StringEquals": { "kms:RequestAlias": "alias/app" } } },
        { "Effect": "Allow", "Action": "kms:DescribeKey", "Resource": "*", "Condition": { "StringEquals": { "aws:ResourceTag/team": "blue" } } },
    ] });
    let desk = Desk::with_users(&[(ACCOUNT, "ada", by_alias)]).await;
    let ada = desk.user(ACCOUNT, "ada");
    let id = desk.key(json!({})).await;
    desk.ok("CreateAlias", json!({ "AliasName": "alias/app", "TargetKeyId": id })).await;
    desk.call_as(&ada, "Encrypt", json!({ "KeyId": "alias/app", "Plaintext": blob(b"x") })).await.unwrap();
    assert_eq!(desk.refused_as(&ada, "Encrypt", json!({ "KeyId": id, "Plaintext": blob(b"x") })).await.0, "AccessDeniedException");
    assert_eq!(desk.refused_as(&ada, "DescribeKey", json!({ "KeyId": id })).await.0, "AccessDeniedException");
    desk.ok("TagResource", json!({ "KeyId": id, "Tags": [{ "TagKey": "team", "TagValue": "blue" }] })).await;
    desk.call_as(&ada, "DescribeKey", json!({ "KeyId": id })).await.unwrap();
}
