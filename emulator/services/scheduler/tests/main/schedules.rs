//! Schedules as they are kept: made, shown, changed, refused.

use crate::desk::*;
use serde_json::{Value, json};

#[tokio::test]
async fn a_schedule_is_shown_as_it_was_made_with_awss_defaults() {
    let desk = Desk::new().await;
    let made = desk.ok("CreateSchedule", input("cron(0 9 * * ? *)", json!({ "Description": "d" }))).await;
    let arn = "arn:aws:scheduler:us-east-1:000000000000:schedule/default/s";
    assert_eq!(made["ScheduleArn"], arn);
    let shown = desk.ok("GetSchedule", json!({ "Name": "s" })).await;
    let retries = json!({ "MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185 });
    assert_eq!(shown["Target"], json!({ "Arn": QUEUE, "Input": "hello", "RetryPolicy": retries, "RoleArn": ROLE }));
    let expected = [
        ("Arn", arn),
        ("ActionAfterCompletion", "NONE"),
        ("GroupName", "default"),
        ("ScheduleExpressionTimezone", "UTC"),
        ("State", "ENABLED"),
        ("Description", "d"),
    ];
    for (member, value) in expected {
        assert_eq!(shown[member], value, "{member}");
    }
    let again = desk.fault("CreateSchedule", input("rate(1 day)", json!({}))).await;
    assert_eq!((again.status, again.message.as_str()), (409, "Schedule s already exists."));

    desk.ok("UpdateSchedule", input("rate(1 day)", json!({ "State": "DISABLED" }))).await;
    let shown = desk.ok("GetSchedule", json!({ "Name": "s" })).await;
    assert_eq!((&shown["State"], shown.get("Description")), (&json!("DISABLED"), None));
    let listed = desk.ok("ListSchedules", json!({ "State": "DISABLED", "GroupName": "default" })).await;
    assert_eq!(listed["Schedules"][0]["Target"], json!({ "Arn": QUEUE }));
    assert_eq!(desk.ok("ListSchedules", json!({ "State": "ENABLED" })).await["Schedules"], json!([]));
    desk.ok("DeleteSchedule", json!({ "Name": "s" })).await;
    assert_eq!(desk.fault("DeleteSchedule", json!({ "Name": "s" })).await.message, "Schedule s does not exist.");
}

#[tokio::test]
async fn the_same_client_token_makes_one_schedule() {
    let desk = Desk::new().await;
    for _ in 0..2 {
        desk.ok("CreateSchedule", input("rate(1 day)", json!({ "ClientToken": "t" }))).await;
    }
    desk.settle().await;
    assert_eq!(desk.times().len(), 1);
}

#[tokio::test]
async fn lists_are_paged_by_group_and_name() {
    let desk = Desk::new().await;
    desk.ok("CreateScheduleGroup", json!({ "Name": "a" })).await;
    for (group, name) in [("a", "z"), ("default", "b"), ("default", "c")] {
        desk.ok("CreateSchedule", input("cron(0 9 * * ? *)", json!({ "GroupName": group, "Name": name }))).await;
    }
    let names =
        |page: &Value| page["Schedules"].as_array().unwrap().iter().map(|s| s["Name"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    let first = desk.ok("ListSchedules", json!({ "MaxResults": 2 })).await;
    assert_eq!(names(&first), ["z", "b"]);
    let second = desk.ok("ListSchedules", json!({ "MaxResults": 2, "NextToken": first["NextToken"] })).await;
    assert_eq!((names(&second), second.get("NextToken")), (vec!["c".to_owned()], None));
}

#[tokio::test]
async fn what_cannot_run_is_refused() {
    let desk = Desk::new().await;
    let machine = "arn:aws:states:us-east-1:000000000000:stateMachine:m";
    for (expression, more, status, part) in [
        ("rate(10 seconds)", json!({}), 400, "Invalid Schedule Expression rate(10 seconds)."),
        ("rate(1 day)", json!({ "ScheduleExpressionTimezone": "Mars/Olympus" }), 400, "Timezone Mars/Olympus"),
        ("rate(1 day)", json!({ "FlexibleTimeWindow": { "Mode": "FLEXIBLE" } }), 400, "MaximumWindowInMinutes is required"),
        ("rate(1 day)", json!({ "StartDate": "2023-11-14T22:00:00Z" }), 400, "earlier than 5 minutes ago"),
        (
            "rate(1 day)",
            json!({ "StartDate": "2023-11-16T00:00:00Z", "EndDate": "2023-11-15T00:00:00Z" }),
            400,
            "must come after the StartDate",
        ),
        ("rate(1 day)", json!({ "GroupName": "none" }), 404, "Schedule group none does not exist."),
        ("rate(1 day)", json!({ "KmsKeyArn": "arn:aws:kms:us-east-1:000000000000:key/k" }), 501, "KmsKeyArn"),
        ("rate(1 day)", json!({ "Target": { "Arn": machine } }), 501, "templated targets of states"),
        (
            "rate(1 day)",
            json!({ "Target": { "RoleArn": "arn:aws:iam::000000000000:role/missing" } }),
            400,
            "must allow AWS EventBridge Scheduler to assume",
        ),
        (
            "rate(1 day)",
            json!({ "Target": { "Arn": "arn:aws:events:us-east-1:000000000000:event-bus/default" } }),
            400,
            "EventBridgeParameters",
        ),
        ("rate(1 day)", json!({ "Target": { "DeadLetterConfig": { "Arn": TOPIC } } }), 400, "deadLetterConfig.arn"),
        ("rate(1 day)", json!({ "Target": { "Arn": "arn:aws:scheduler:::aws-sdk:scheduler:getSchedule" } }), 400, "only reads"),
        ("rate(1 day)", json!({ "Target": { "Arn": "arn:aws:scheduler:::aws-sdk:s3:putObject" } }), 501, "s3:putObject"),
        (
            "rate(1 day)",
            json!({ "Target": { "Arn": "arn:aws:scheduler:::aws-sdk:scheduler:deleteSchedule" } }),
            400,
            "must be a JSON object",
        ),
    ] {
        let fault = desk.fault("CreateSchedule", input(expression, more)).await;
        assert_eq!(fault.status, status, "{fault}");
        assert!(fault.message.contains(part), "{fault}");
    }
}
