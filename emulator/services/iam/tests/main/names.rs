//! Names that differ in case alone are one name; the root has keys of its own.

use crate::desk::Desk;
use serde_json::json;

#[tokio::test]
async fn case_does_not_tell_names_apart() {
    let desk = Desk::new().await;
    desk.ok("CreateUser", json!({ "UserName": "Ann" })).await;
    assert_eq!(desk.refused("CreateUser", json!({ "UserName": "ann" })).await, "EntityAlreadyExists");
    assert_eq!(desk.ok("GetUser", json!({ "UserName": "ANN" })).await["User"]["UserName"], "Ann");
    let key = desk.ok("CreateAccessKey", json!({ "UserName": "ann" })).await;
    let id = key["AccessKey"]["AccessKeyId"].as_str().unwrap().to_owned();
    // A user renamed by case alone keeps its keys.
    desk.ok("UpdateUser", json!({ "UserName": "Ann", "NewUserName": "aNN" })).await;
    let keys = desk.ok("ListAccessKeys", json!({ "UserName": "ann" })).await;
    assert_eq!((&keys["AccessKeyMetadata"][0]["AccessKeyId"], &keys["AccessKeyMetadata"][0]["UserName"]), (&json!(id), &json!("aNN")));
    desk.ok("DeleteAccessKey", json!({ "UserName": "Ann", "AccessKeyId": id })).await;
    desk.ok("DeleteUser", json!({ "UserName": "ann" })).await;
    assert_eq!(desk.refused("GetUser", json!({ "UserName": "Ann" })).await, "NoSuchEntity");
}

#[tokio::test]
async fn a_key_of_the_root_may_what_the_root_may() {
    let desk = Desk::new().await;
    let key = desk.key(None).await;
    assert_eq!(key.principal.arn(), "arn:aws:iam::000000000000:root");
    assert!(desk.may(&key, "s3:ListAllMyBuckets", "*"));
    let listed = desk.ok("ListAccessKeys", json!({})).await;
    let id = listed["AccessKeyMetadata"][0]["AccessKeyId"].as_str().unwrap();
    desk.ok("UpdateAccessKey", json!({ "AccessKeyId": id, "Status": "Inactive" })).await;
    assert!(!desk.cloud.access_key(id).unwrap().active);
    desk.ok("DeleteAccessKey", json!({ "AccessKeyId": id })).await;
    assert!(desk.cloud.access_key(id).is_none());
}
