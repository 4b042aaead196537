//! What targets get, as whom, and what happens when they fail.

use crate::desk::*;
use kit::Fault;
use serde_json::json;

#[tokio::test]
async fn the_role_calls_every_kind_of_target() {
    let desk = Desk::new().await;
    for (name, arn) in [("f", FUNCTION), ("q", QUEUE), ("t", TOPIC)] {
        desk.ok("CreateSchedule", input("rate(1 day)", json!({ "Name": name, "Target": { "Arn": arn, "Input": "{\"n\":1}" } }))).await;
    }
    desk.settle().await;
    for (name, arn) in [("f", FUNCTION), ("q", QUEUE), ("t", TOPIC)] {
        let sent = desk.told.only(arn);
        assert_eq!((sent.body.as_str(), sent.by), ("{\"n\":1}", format!("arn:aws:sts::000000000000:assumed-role/caller/{name}")));
    }
}

#[tokio::test]
async fn a_function_without_input_gets_the_scheduled_event() {
    let desk = Desk::new().await;
    let mut new = input("rate(1 day)", json!({ "Target": { "Arn": FUNCTION } }));
    new["Target"].as_object_mut().unwrap().remove("Input");
    desk.ok("CreateSchedule", new).await;
    desk.settle().await;
    let mut event = desk.told.only(FUNCTION).json();
    assert_eq!(event["id"].take().as_str().unwrap().len(), 16);
    let expected = json!({ "version": "0", "id": null, "detail-type": "Scheduled Event", "source": "aws.scheduler", "account": "000000000000",
        "time": "2023-11-14T22:13:20Z", "region": "us-east-1",
        "resources": ["arn:aws:scheduler:us-east-1:000000000000:schedule/default/s"], "detail": "{}" });
    assert_eq!(event, expected);
}

#[tokio::test]
async fn universal_targets_are_operations_and_keywords_are_filled() {
    let desk = Desk::new().await;
    let call = json!({ "Name": "made-<aws.scheduler.attempt-number>", "Tags": [{ "Key": "by", "Value": "<aws.scheduler.schedule-arn>" }] });
    let target = json!({ "Arn": "arn:aws:scheduler:::aws-sdk:scheduler:createScheduleGroup", "Input": call.to_string() });
    desk.schedule("rate(1 day)", json!({ "Target": target })).await;
    desk.settle().await;
    let arn = "arn:aws:scheduler:us-east-1:000000000000:schedule-group/made-1";
    let tags = desk.ok("ListTagsForResource", json!({ "ResourceArn": arn })).await;
    assert_eq!(tags["Tags"][0]["Value"], "arn:aws:scheduler:us-east-1:000000000000:schedule/default/s");
}

#[tokio::test]
async fn fifo_queues_get_their_group() {
    let desk = Desk::new().await;
    let queue = "arn:aws:sqs:us-east-1:000000000000:orders.fifo";
    desk.schedule("rate(1 day)", json!({ "Target": { "Arn": queue, "SqsParameters": { "MessageGroupId": "g" } } })).await;
    desk.settle().await;
    assert_eq!(desk.told.only(queue).group.as_deref(), Some("g"));
}

#[tokio::test]
async fn failures_are_tried_again_and_then_dead_lettered() {
    let desk = Desk::new().await;
    let target = json!({ "RetryPolicy": { "MaximumRetryAttempts": 3 }, "DeadLetterConfig": { "Arn": LETTERS } });
    desk.told.fail(QUEUE, Fault::new("ServiceUnavailable", 503, "not now"));
    desk.schedule("at(2023-11-14T23:00:00)", json!({ "Target": target, "ActionAfterCompletion": "DELETE" })).await;
    desk.advance_to("2023-11-14T23:00:06Z").await;
    desk.ok("GetSchedule", json!({ "Name": "s" })).await;
    desk.advance(1).await;
    let letter = desk.told.only(LETTERS);
    assert_eq!(letter.body, "hello");
    assert_eq!(letter.attributes["EXECUTION_ID"].len(), 16);
    let expected = [
        ("ERROR_CODE", "ServiceUnavailable"),
        ("ERROR_MESSAGE", "not now"),
        ("EXHAUSTED_RETRY_CONDITION", "MaximumRetryAttempts"),
        ("IS_PAYLOAD_TRUNCATED", "false"),
        ("RETRY_ATTEMPTS", "3"),
        ("SCHEDULED_TIME", "2023-11-14T23:00:00Z"),
        ("SCHEDULE_ARN", "arn:aws:scheduler:us-east-1:000000000000:schedule/default/s"),
        ("TARGET_ARN", QUEUE),
    ];
    for (name, value) in expected {
        assert_eq!(letter.attributes[name], value, "{name}");
    }
    assert_eq!(desk.fault("GetSchedule", json!({ "Name": "s" })).await.status, 404);
}

#[tokio::test]
async fn what_needs_a_hand_is_not_tried_again() {
    let desk = Desk::new().await;
    desk.refused.0.lock().unwrap().push(FUNCTION.into());
    desk.schedule("at(2023-11-14T23:00:00)", json!({ "Target": { "Arn": FUNCTION, "DeadLetterConfig": { "Arn": LETTERS } } })).await;
    desk.advance_to("2023-11-14T23:00:00Z").await;
    let letter = desk.told.only(LETTERS);
    assert_eq!((&*letter.attributes["ERROR_CODE"], &*letter.attributes["RETRY_ATTEMPTS"]), ("AccessDenied", "0"));
    desk.advance(86_400).await;
    assert!(desk.told.sent.lock().unwrap().is_empty());
}
