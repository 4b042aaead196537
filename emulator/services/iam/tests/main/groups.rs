//! Groups: what they give to the users in them, and when they can't go.

use crate::desk::Desk;
use serde_json::json;

const READ: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}"#;

#[tokio::test]
async fn users_may_what_their_groups_may() {
    let desk = Desk::new().await;
    desk.ok("CreateUser", json!({ "UserName": "ann" })).await;
    desk.ok("CreateGroup", json!({ "GroupName": "readers", "Path": "/staff/" })).await;
    let key = desk.key(Some("ann")).await;
    let reads = || desk.may(&key, "s3:GetObject", "arn:aws:s3:::box/key");
    desk.ok("PutGroupPolicy", json!({ "GroupName": "readers", "PolicyName": "read", "PolicyDocument": READ })).await;
    assert!(!reads());
    desk.ok("AddUserToGroup", json!({ "GroupName": "readers", "UserName": "ann" })).await;
    assert!(reads());
    // A new name takes nothing away.
    desk.ok("UpdateGroup", json!({ "GroupName": "readers", "NewGroupName": "lookers" })).await;
    assert!(reads());
    let groups = desk.ok("ListGroupsForUser", json!({ "UserName": "ann" })).await;
    assert_eq!(groups["Groups"][0]["Arn"], "arn:aws:iam::000000000000:group/staff/lookers");
    let group = desk.ok("GetGroup", json!({ "GroupName": "lookers" })).await;
    assert_eq!(group["Users"][0]["UserName"], "ann");
    desk.ok("DeleteGroupPolicy", json!({ "GroupName": "lookers", "PolicyName": "read" })).await;
    assert!(!reads());
    let managed = json!({ "GroupName": "lookers", "PolicyArn": "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess" });
    desk.ok("AttachGroupPolicy", managed.clone()).await;
    assert!(reads());
    let entities = desk.ok("ListEntitiesForPolicy", json!({ "PolicyArn": managed["PolicyArn"] })).await;
    assert_eq!(entities["PolicyGroups"][0]["GroupName"], "lookers");
    desk.ok("RemoveUserFromGroup", json!({ "GroupName": "lookers", "UserName": "ann" })).await;
    assert!(!reads());
}

#[tokio::test]
async fn a_group_in_use_stays() {
    let desk = Desk::new().await;
    desk.ok("CreateUser", json!({ "UserName": "ann" })).await;
    desk.ok("CreateGroup", json!({ "GroupName": "readers" })).await;
    desk.ok("AddUserToGroup", json!({ "GroupName": "readers", "UserName": "ann" })).await;
    assert_eq!(desk.refused("DeleteGroup", json!({ "GroupName": "readers" })).await, "DeleteConflict");
    assert_eq!(desk.refused("DeleteUser", json!({ "UserName": "ann" })).await, "DeleteConflict");
    desk.ok("RemoveUserFromGroup", json!({ "GroupName": "readers", "UserName": "ann" })).await;
    desk.ok("PutGroupPolicy", json!({ "GroupName": "readers", "PolicyName": "read", "PolicyDocument": READ })).await;
    assert_eq!(desk.refused("DeleteGroup", json!({ "GroupName": "readers" })).await, "DeleteConflict");
    desk.ok("DeleteGroupPolicy", json!({ "GroupName": "readers", "PolicyName": "read" })).await;
    desk.ok("DeleteGroup", json!({ "GroupName": "readers" })).await;
    assert_eq!(desk.refused("GetGroup", json!({ "GroupName": "readers" })).await, "NoSuchEntity");
    assert_eq!(desk.refused("AddUserToGroup", json!({ "GroupName": "readers", "UserName": "ann" })).await, "NoSuchEntity");
    let summary = desk.ok("GetAccountSummary", json!({})).await;
    assert_eq!((&summary["SummaryMap"]["Groups"], &summary["SummaryMap"]["Users"]), (&json!(0), &json!(1)));
}
