//! Groups and their tags.

use crate::desk::*;
use serde_json::json;

#[tokio::test]
async fn groups_hold_schedules_and_take_them_along() {
    let desk = Desk::new().await;
    let made = desk.ok("CreateScheduleGroup", json!({ "Name": "g", "Tags": [{ "Key": "k", "Value": "v" }] })).await;
    let arn = made["ScheduleGroupArn"].as_str().unwrap().to_owned();
    assert_eq!(arn, "arn:aws:scheduler:us-east-1:000000000000:schedule-group/g");
    let again = desk.fault("CreateScheduleGroup", json!({ "Name": "g" })).await;
    assert_eq!((&*again.code, again.status, again.message.as_str()), ("ConflictException", 409, "Schedule group g already exists."));

    desk.schedule("rate(1 hour)", json!({ "GroupName": "g" })).await;
    desk.settle().await;
    assert_eq!(desk.times().len(), 1);
    desk.ok("DeleteScheduleGroup", json!({ "Name": "g" })).await;
    desk.advance(7200).await;
    assert!(desk.times().is_empty());
    let gone = desk.fault("GetSchedule", json!({ "Name": "s", "GroupName": "g" })).await;
    assert_eq!((gone.status, gone.message.as_str()), (404, "Schedule group g does not exist."));
    assert_eq!(desk.fault("DeleteScheduleGroup", json!({ "Name": "default" })).await.status, 400);
    let groups = desk.ok("ListScheduleGroups", json!({})).await;
    assert_eq!(groups["ScheduleGroups"].as_array().unwrap().len(), 1);
    assert_eq!(groups["ScheduleGroups"][0]["State"], "ACTIVE");
}

#[tokio::test]
async fn only_groups_have_tags() {
    let desk = Desk::new().await;
    let arn = "arn:aws:scheduler:us-east-1:000000000000:schedule-group/default";
    desk.ok("TagResource", json!({ "ResourceArn": arn, "Tags": [{ "Key": "a", "Value": "1" }, { "Key": "b", "Value": "2" }] })).await;
    desk.ok("UntagResource", json!({ "ResourceArn": arn, "TagKeys": ["a"] })).await;
    let tags = desk.ok("ListTagsForResource", json!({ "ResourceArn": arn })).await;
    assert_eq!(tags["Tags"], json!([{ "Key": "b", "Value": "2" }]));
    let schedule = "arn:aws:scheduler:us-east-1:000000000000:schedule/default/s";
    assert_eq!(desk.fault("ListTagsForResource", json!({ "ResourceArn": schedule })).await.code, "ValidationException");
}
