//! Groups: what they give to the users in them, and when they can't go.

use crate::House;
use serde_json::json;

const READ: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}"#;

#[tokio::test]
async fn users_may_what_their_groups_may() {
    let house = House::new().await;
    house.ok("CreateUser", json!({ "UserName": "ann" })).await;
    house.ok("CreateGroup", json!({ "GroupName": "readers", "Path": "/staff/" })).await;
    let key = house.key(Some("ann")).await;
    let reads = || house.may(&key, "s3:GetObject", "arn:aws:s3:::box/key");
    house.ok("PutGroupPolicy", json!({ "GroupName": "readers", "PolicyName": "read", "PolicyDocument": READ })).await;
    assert!(!reads());
    house.ok("AddUserToGroup", json!({ "GroupName": "readers", "UserName": "ann" })).await;
    assert!(reads());
    // A new name takes nothing away.
    house.ok("UpdateGroup", json!({ "GroupName": "readers", "NewGroupName": "lookers" })).await;
    assert!(reads());
    let groups = house.ok("ListGroupsForUser", json!({ "UserName": "ann" })).await;
    assert_eq!(groups["Groups"][0]["Arn"], "arn:aws:iam::000000000000:group/staff/lookers");
    let group = house.ok("GetGroup", json!({ "GroupName": "lookers" })).await;
    assert_eq!(group["Users"][0]["UserName"], "ann");
    house.ok("DeleteGroupPolicy", json!({ "GroupName": "lookers", "PolicyName": "read" })).await;
    assert!(!reads());
    let managed = json!({ "GroupName": "lookers", "PolicyArn": "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess" });
    house.ok("AttachGroupPolicy", managed.clone()).await;
    assert!(reads());
    let entities = house.ok("ListEntitiesForPolicy", json!({ "PolicyArn": managed["PolicyArn"] })).await;
    assert_eq!(entities["PolicyGroups"][0]["GroupName"], "lookers");
    house.ok("RemoveUserFromGroup", json!({ "GroupName": "lookers", "UserName": "ann" })).await;
    assert!(!reads());
}

#[tokio::test]
async fn a_group_in_use_stays() {
    let house = House::new().await;
    house.ok("CreateUser", json!({ "UserName": "ann" })).await;
    house.ok("CreateGroup", json!({ "GroupName": "readers" })).await;
    house.ok("AddUserToGroup", json!({ "GroupName": "readers", "UserName": "ann" })).await;
    assert_eq!(house.code("DeleteGroup", json!({ "GroupName": "readers" })).await, "DeleteConflict");
    assert_eq!(house.code("DeleteUser", json!({ "UserName": "ann" })).await, "DeleteConflict");
    house.ok("RemoveUserFromGroup", json!({ "GroupName": "readers", "UserName": "ann" })).await;
    house.ok("PutGroupPolicy", json!({ "GroupName": "readers", "PolicyName": "read", "PolicyDocument": READ })).await;
    assert_eq!(house.code("DeleteGroup", json!({ "GroupName": "readers" })).await, "DeleteConflict");
    house.ok("DeleteGroupPolicy", json!({ "GroupName": "readers", "PolicyName": "read" })).await;
    house.ok("DeleteGroup", json!({ "GroupName": "readers" })).await;
    assert_eq!(house.code("GetGroup", json!({ "GroupName": "readers" })).await, "NoSuchEntity");
    assert_eq!(house.code("AddUserToGroup", json!({ "GroupName": "readers", "UserName": "ann" })).await, "NoSuchEntity");
    let summary = house.ok("GetAccountSummary", json!({})).await;
    assert_eq!((&summary["SummaryMap"]["Groups"], &summary["SummaryMap"]["Users"]), (&json!(0), &json!(1)));
}
