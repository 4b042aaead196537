//! Targets and scheduled actions.

use crate::desk::{Desk, RESOURCE};
use serde_json::json;

#[tokio::test]
async fn capacity_is_brought_into_the_bounds() {
    let desk = Desk::new().await;
    let arn = desk.register(2, 10).await["ScalableTargetARN"].clone();
    assert_eq!(desk.capacity(), 2);
    assert_eq!(desk.register(5, 10).await["ScalableTargetARN"], arn, "the target stays the same");
    assert_eq!(desk.capacity(), 5);
    desk.ok("RegisterScalableTarget", json!({ "MinCapacity": 1, "MaxCapacity": 3 })).await;
    assert_eq!(desk.capacity(), 3);
    let found = desk.describe("DescribeScalableTargets").await;
    let target = &found["ScalableTargets"][0];
    assert_eq!((&target["MinCapacity"], &target["MaxCapacity"], &target["ResourceId"]), (&json!(1), &json!(3), &json!(RESOURCE)));
    let activities = desk.describe("DescribeScalingActivities").await;
    let causes: Vec<&str> = activities["ScalingActivities"].as_array().unwrap().iter().map(|a| a["Cause"].as_str().unwrap()).collect();
    assert_eq!(causes, ["maximum capacity was set to 3", "minimum capacity was set to 5", "minimum capacity was set to 2"]);
    desk.ok("DeregisterScalableTarget", json!({})).await;
    assert_eq!(desk.describe("DescribeScalableTargets").await["ScalableTargets"], json!([]));
    assert_eq!(desk.refused("DeregisterScalableTarget", json!({})).await.code, "ObjectNotFoundException");
    assert_eq!(desk.capacity(), 3, "capacity stays as it is");
}

#[tokio::test]
async fn schedules_move_the_bounds() {
    let desk = Desk::new().await;
    desk.register(1, 10).await;
    let action = |name: &str, schedule: &str, min: i32| json!({ "ScheduledActionName": name, "Schedule": schedule, "ScalableTargetAction": { "MinCapacity": min } });
    desk.ok("PutScheduledAction", action("up", "cron(30 22 * * ? *)", 8)).await;
    desk.ok("PutScheduledAction", action("once", "at(2023-11-15T06:00:00)", 1)).await;
    desk.advance(14 * 60).await;
    assert_eq!(desk.capacity(), 1);
    desk.advance(60).await;
    assert_eq!(desk.capacity(), 8);
    desk.advance(8 * 3600).await;
    let target = &desk.describe("DescribeScalableTargets").await["ScalableTargets"][0];
    assert_eq!(target["MinCapacity"], 1);
    assert_eq!(desk.capacity(), 8, "more than the least is allowed");
    desk.ok("DeleteScheduledAction", json!({ "ScheduledActionName": "up" })).await;
    let left = desk.describe("DescribeScheduledActions").await;
    assert_eq!(left["ScheduledActions"][0]["ScheduledActionName"], "once");
    assert_eq!(desk.refused("PutScheduledAction", action("bad", "every day", 1)).await.code, "ValidationException");
}

#[tokio::test]
async fn others_are_refused_by_name() {
    let desk = Desk::new().await;
    let table = json!({ "ServiceNamespace": "dynamodb", "ResourceId": "table/t", "ScalableDimension": "dynamodb:table:ReadCapacityUnits",
        "MinCapacity": 1, "MaxCapacity": 2 });
    let fault = desk.refused("RegisterScalableTarget", table).await;
    assert_eq!((fault.code.as_ref(), fault.status), ("NotImplemented", 501));
    assert!(fault.message.contains("dynamodb"), "{}", fault.message);
    for (input, code) in [
        (json!({ "ResourceId": "function:work:nobody", "MinCapacity": 1, "MaxCapacity": 2 }), "ValidationException"),
        (json!({ "ResourceId": "function:work", "MinCapacity": 1, "MaxCapacity": 2 }), "ValidationException"),
        (json!({ "MinCapacity": 3, "MaxCapacity": 2 }), "ValidationException"),
        (json!({ "MinCapacity": 3 }), "ValidationException"),
    ] {
        assert_eq!(desk.refused("RegisterScalableTarget", input.clone()).await.code, code, "{input}");
    }
}

#[tokio::test]
async fn targets_have_tags() {
    let desk = Desk::new().await;
    let arn =
        desk.ok("RegisterScalableTarget", json!({ "MinCapacity": 0, "MaxCapacity": 1, "Tags": { "a": "1" } })).await["ScalableTargetARN"]
            .clone();
    desk.ok("TagResource", json!({ "ResourceARN": arn, "Tags": { "b": "2" } })).await;
    desk.ok("UntagResource", json!({ "ResourceARN": arn, "TagKeys": ["a"] })).await;
    assert_eq!(desk.ok("ListTagsForResource", json!({ "ResourceARN": arn })).await["Tags"], json!({ "b": "2" }));
    let fault = desk.refused("ListTagsForResource", json!({ "ResourceARN": format!("{}x", arn.as_str().unwrap()) })).await;
    assert_eq!(fault.code, "ResourceNotFoundException");
}
