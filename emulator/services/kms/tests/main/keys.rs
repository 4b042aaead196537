//! Keys, aliases and tags: made, found, listed.

use crate::desk::*;
use serde_json::{Value, json};

#[tokio::test]
async fn a_key_is_described_as_it_was_made_and_found_by_every_name() {
    let desk = Desk::new().await;
    let made = desk.ok("CreateKey", json!({ "Description": "photos", "Tags": [{ "TagKey": "team", "TagValue": "blue" }] })).await;
    let key = &made["KeyMetadata"];
    let id = key["KeyId"].as_str().unwrap();
    assert_eq!(key["Arn"], arn(id));
    assert_eq!((&key["KeyState"], &key["Enabled"], &key["KeyManager"]), (&json!("Enabled"), &json!(true), &json!("CUSTOMER")));
    assert_eq!(key["EncryptionAlgorithms"], json!(["SYMMETRIC_DEFAULT"]));
    assert_eq!((&key["KeySpec"], &key["CustomerMasterKeySpec"]), (&json!("SYMMETRIC_DEFAULT"), &json!("SYMMETRIC_DEFAULT")));
    assert_eq!(key["SigningAlgorithms"], Value::Null);

    desk.ok("CreateAlias", json!({ "AliasName": "alias/photos", "TargetKeyId": id })).await;
    for name in [id.to_owned(), arn(id), "alias/photos".into(), format!("arn:aws:kms:us-east-1:{ACCOUNT}:alias/photos")] {
        let found = desk.ok("DescribeKey", json!({ "KeyId": name })).await;
        assert_eq!(found["KeyMetadata"]["Arn"], arn(id), "{name}");
        assert_eq!(found["KeyMetadata"]["Description"], "photos");
    }
    desk.ok("UpdateKeyDescription", json!({ "KeyId": id, "Description": "all photos" })).await;
    assert_eq!(desk.ok("DescribeKey", json!({ "KeyId": id })).await["KeyMetadata"]["Description"], "all photos");
    let mrk = desk.ok("CreateKey", json!({ "MultiRegion": true })).await;
    assert!(mrk["KeyMetadata"]["KeyId"].as_str().unwrap().starts_with("mrk-"));
    assert_eq!(mrk["KeyMetadata"]["MultiRegionConfiguration"]["MultiRegionKeyType"], "PRIMARY");
    assert_eq!(desk.ok("DescribeKey", json!({ "KeyId": mrk["KeyMetadata"]["KeyId"] })).await, mrk);
}

#[tokio::test]
async fn keys_that_are_not_there_are_named_as_aws_names_them() {
    let desk = Desk::new().await;
    let id = "134f2428-cec1-4b25-a1ae-9048164dba47";
    for (name, code, message) in [
        ("fake-key-id".to_owned(), "NotFoundException", "Invalid keyId 'fake-key-id'".to_owned()),
        (id.to_owned(), "NotFoundException", format!("Key '{}' does not exist", arn(id))),
        (arn(id), "NotFoundException", format!("Key '{}' does not exist", arn(id))),
        ("alias/nope".into(), "NotFoundException", format!("Alias arn:aws:kms:us-east-1:{ACCOUNT}:alias/nope is not found.")),
        (arn(id).replace("us-east-1", "us-west-2"), "NotFoundException", "Invalid arn us-west-2".into()),
        ("arn:aws:s3:::bucket".into(), "InvalidArnException", "Invalid arn arn:aws:s3:::bucket".into()),
    ] {
        assert_eq!(desk.refused("DescribeKey", json!({ "KeyId": name })).await, (code.to_owned(), message));
    }
    let managed = desk.refused("EnableKey", json!({ "KeyId": "alias/nope" })).await;
    assert_eq!(managed, ("NotFoundException".to_owned(), "Invalid keyId 'alias/nope'".to_owned()));
}

#[tokio::test]
async fn specs_and_usages_go_together_or_are_refused_by_name() {
    let desk = Desk::new().await;
    for (input, code, part) in [
        (json!({ "KeySpec": "SYMMETRIC_DEFAULT", "KeyUsage": "SIGN_VERIFY" }), "ValidationException", "SIGN_VERIFY"),
        (json!({ "KeySpec": "HMAC_256" }), "ValidationException", "You must specify a KeyUsage value"),
        (json!({ "KeySpec": "ECC_NIST_P256", "KeyUsage": "ENCRYPT_DECRYPT" }), "ValidationException", "ECC_NIST_P256"),
        (json!({ "KeySpec": "ECC_SECG_P256K1", "KeyUsage": "SIGN_VERIFY" }), "NotImplemented", "ECC_SECG_P256K1"),
        (json!({ "KeySpec": "ECC_NIST_P256", "KeyUsage": "KEY_AGREEMENT" }), "NotImplemented", "KEY_AGREEMENT"),
        (json!({ "Origin": "EXTERNAL" }), "NotImplemented", "EXTERNAL"),
        (json!({ "KeySpec": "HMAC_256", "CustomerMasterKeySpec": "HMAC_256" }), "ValidationException", "deprecated"),
        (json!({ "Tags": [{ "TagKey": "aws:x", "TagValue": "y" }] }), "TagException", "aws:"),
    ] {
        let (got, message) = desk.refused("CreateKey", input.clone()).await;
        assert_eq!(got, code, "{input}");
        assert!(message.contains(part), "{message}");
    }
    let hmac = desk.ok("CreateKey", json!({ "CustomerMasterKeySpec": "HMAC_512", "KeyUsage": "GENERATE_VERIFY_MAC" })).await;
    assert_eq!(hmac["KeyMetadata"]["MacAlgorithms"], json!(["HMAC_SHA_512"]));
    let fault = desk.call("DeriveSharedSecret", json!({})).await.unwrap_err();
    assert_eq!((fault.status, &*fault.code), (501, "NotImplemented"));
}

#[tokio::test]
async fn aliases_are_moved_listed_and_taken_away() {
    let desk = Desk::new().await;
    let (one, two) = (desk.key(json!({})).await, desk.key(json!({})).await);
    let hmac = desk.key(json!({ "KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC" })).await;
    desk.ok("CreateAlias", json!({ "AliasName": "alias/a", "TargetKeyId": one })).await;
    desk.ok("CreateAlias", json!({ "AliasName": "alias/b", "TargetKeyId": arn(&one) })).await;
    let again = desk.refused("CreateAlias", json!({ "AliasName": "alias/a", "TargetKeyId": two })).await;
    let already = format!("An alias with the name arn:aws:kms:us-east-1:{ACCOUNT}:alias/a already exists");
    assert_eq!(again, ("AlreadyExistsException".to_owned(), already));
    desk.ok("UpdateAlias", json!({ "AliasName": "alias/b", "TargetKeyId": two })).await;
    assert_eq!(desk.refused("UpdateAlias", json!({ "AliasName": "alias/b", "TargetKeyId": hmac })).await.0, "ValidationException");
    let of_two = desk.ok("ListAliases", json!({ "KeyId": two })).await;
    assert_eq!(of_two["Aliases"].as_array().unwrap().len(), 1);
    assert_eq!(of_two["Aliases"][0]["AliasName"], "alias/b");
    let first = desk.ok("ListAliases", json!({ "Limit": 1 })).await;
    assert_eq!((&first["Truncated"], &first["Aliases"][0]["AliasName"]), (&json!(true), &json!("alias/a")));
    let rest = desk.ok("ListAliases", json!({ "Limit": 1, "Marker": first["NextMarker"] })).await;
    assert_eq!((&rest["Truncated"], &rest["Aliases"][0]["TargetKeyId"]), (&json!(false), &json!(two)));
    assert_eq!(desk.refused("ListAliases", json!({ "Marker": "zz" })).await.0, "InvalidMarkerException");
    desk.ok("DeleteAlias", json!({ "AliasName": "alias/b" })).await;
    assert_eq!(desk.refused("DescribeKey", json!({ "KeyId": "alias/b" })).await.0, "NotFoundException");
    for (name, code) in
        [("alias/aws/mine", "NotAuthorizedException"), ("photos", "ValidationException"), ("alias/a:b", "ValidationException")]
    {
        assert_eq!(desk.refused("CreateAlias", json!({ "AliasName": name, "TargetKeyId": one })).await.0, code, "{name}");
    }
}

#[tokio::test]
async fn keys_and_tags_are_listed_in_pages() {
    let desk = Desk::new().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(desk.key(json!({})).await);
    }
    ids.sort();
    let first = desk.ok("ListKeys", json!({ "Limit": 2 })).await;
    let rest = desk.ok("ListKeys", json!({ "Limit": 2, "Marker": first["NextMarker"] })).await;
    let listed = [&first["Keys"][0], &first["Keys"][1], &rest["Keys"][0]].map(|key| key["KeyId"].as_str().unwrap().to_owned());
    assert_eq!(listed.to_vec(), ids);
    assert_eq!(rest["Truncated"], false);
    assert_eq!(rest["Keys"][0]["KeyArn"], arn(&ids[2]));

    let id = &ids[0];
    let tags = json!([{ "TagKey": "b", "TagValue": "2" }, { "TagKey": "a", "TagValue": "1" }]);
    desk.ok("TagResource", json!({ "KeyId": id, "Tags": tags })).await;
    desk.ok("UntagResource", json!({ "KeyId": id, "TagKeys": ["b", "missing"] })).await;
    let listed = desk.ok("ListResourceTags", json!({ "KeyId": id })).await;
    assert_eq!(listed["Tags"], json!([{ "TagKey": "a", "TagValue": "1" }]));
    let many: Vec<Value> = (0..50).map(|n| json!({ "TagKey": format!("t{n}"), "TagValue": "" })).collect();
    assert_eq!(desk.refused("TagResource", json!({ "KeyId": id, "Tags": many })).await.0, "LimitExceededException");
}
