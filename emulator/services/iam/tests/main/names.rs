//! Names that differ in case alone are one name; the root has keys of its own.

use crate::House;
use serde_json::json;

#[tokio::test]
async fn case_does_not_tell_names_apart() {
    let house = House::new().await;
    house.ok("CreateUser", json!({ "UserName": "Ann" })).await;
    assert_eq!(house.code("CreateUser", json!({ "UserName": "ann" })).await, "EntityAlreadyExists");
    assert_eq!(house.ok("GetUser", json!({ "UserName": "ANN" })).await["User"]["UserName"], "Ann");
    let key = house.ok("CreateAccessKey", json!({ "UserName": "ann" })).await;
    let id = key["AccessKey"]["AccessKeyId"].as_str().unwrap().to_owned();
    // A user renamed by case alone keeps its keys.
    house.ok("UpdateUser", json!({ "UserName": "Ann", "NewUserName": "aNN" })).await;
    let keys = house.ok("ListAccessKeys", json!({ "UserName": "ann" })).await;
    assert_eq!((&keys["AccessKeyMetadata"][0]["AccessKeyId"], &keys["AccessKeyMetadata"][0]["UserName"]), (&json!(id), &json!("aNN")));
    house.ok("DeleteAccessKey", json!({ "UserName": "Ann", "AccessKeyId": id })).await;
    house.ok("DeleteUser", json!({ "UserName": "ann" })).await;
    assert_eq!(house.code("GetUser", json!({ "UserName": "Ann" })).await, "NoSuchEntity");
}

#[tokio::test]
async fn a_key_of_the_root_may_what_the_root_may() {
    let house = House::new().await;
    let key = house.key(None).await;
    assert_eq!(key.principal.arn(), "arn:aws:iam::000000000000:root");
    assert!(house.may(&key, "s3:ListAllMyBuckets", "*"));
    let listed = house.ok("ListAccessKeys", json!({})).await;
    let id = listed["AccessKeyMetadata"][0]["AccessKeyId"].as_str().unwrap();
    house.ok("UpdateAccessKey", json!({ "AccessKeyId": id, "Status": "Inactive" })).await;
    assert!(!house.cloud.access_key(id).unwrap().active);
    house.ok("DeleteAccessKey", json!({ "AccessKeyId": id })).await;
    assert!(house.cloud.access_key(id).is_none());
}
