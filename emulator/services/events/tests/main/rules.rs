//! Rules: put anew, switched, refused; patterns.

use crate::desk::*;
use serde_json::json;

#[tokio::test]
async fn a_rule_that_is_put_again_is_new_but_for_its_targets_and_tags() {
    let desk = Desk::new().await;
    let first = json!({ "Name": "r", "EventPattern": "{\"source\":[\"a\"]}", "Description": "d", "State": "DISABLED",
        "Tags": [{ "Key": "k", "Value": "v" }] });
    let arn = desk.ok("PutRule", first).await["RuleArn"].clone();
    assert_eq!(arn, "arn:aws:events:us-east-1:000000000000:rule/r");
    desk.ok("PutTargets", json!({ "Rule": "r", "Targets": [target("t", QUEUE, json!({}))] })).await;
    desk.ok("PutRule", json!({ "Name": "r", "EventPattern": "{\"source\":[\"b\"]}", "Tags": [{ "Key": "other", "Value": "v" }] })).await;
    let rule = desk.ok("DescribeRule", json!({ "Name": "r" })).await;
    assert_eq!((&rule["State"], rule.get("Description")), (&json!("ENABLED"), None));
    assert_eq!(desk.ok("ListTargetsByRule", json!({ "Rule": "r" })).await["Targets"].as_array().unwrap().len(), 1);
    let tags = desk.ok("ListTagsForResource", json!({ "ResourceARN": arn })).await;
    assert_eq!(tags["Tags"], json!([{ "Key": "k", "Value": "v" }]));
    desk.put("default", "a", json!({})).await;
    desk.put("default", "b", json!({})).await;
    assert_eq!(desk.told.only(QUEUE).json()["source"], "b");
}

#[tokio::test]
async fn a_disabled_rule_takes_nothing() {
    let desk = Desk::new().await;
    desk.rule("default", "r", json!({ "source": ["a"] }), json!([target("t", QUEUE, json!({}))])).await;
    desk.ok("DisableRule", json!({ "Name": "r" })).await;
    desk.put("default", "a", json!({})).await;
    assert!(desk.told.take(QUEUE).is_empty());
    desk.ok("EnableRule", json!({ "Name": "r" })).await;
    desk.put("default", "a", json!({})).await;
    desk.told.only(QUEUE);
}

#[tokio::test]
async fn what_a_rule_needs_is_said() {
    let desk = Desk::new().await;
    desk.ok("CreateEventBus", json!({ "Name": "b" })).await;
    for (input, message) in [
        (json!({ "Name": "r" }), "Parameter(s) EventPattern or ScheduleExpression must be specified."),
        (json!({ "Name": "r", "EventBusName": "none", "EventPattern": "{\"a\":[1]}" }), "Event bus none does not exist."),
        (json!({ "Name": "r", "ScheduleExpression": "at(2026-01-01T00:00:00)" }), "Parameter ScheduleExpression is not valid."),
    ] {
        assert_eq!(desk.fault("PutRule", input).await.message, message);
    }
    let cloudtrail = json!({ "Name": "r", "EventPattern": "{\"a\":[1]}", "State": "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS" });
    assert_eq!(desk.fault("PutRule", cloudtrail).await.status, 501);
    for operation in ["EnableRule", "DisableRule"] {
        let fault = desk.fault(operation, json!({ "Name": "r", "EventBusName": "b" })).await;
        assert_eq!(fault.message, "Rule r does not exist on EventBus b.");
    }
    desk.ok("DeleteRule", json!({ "Name": "r" })).await;
}

#[tokio::test]
async fn roles_are_passed_only_by_who_may() {
    let desk = Desk::new().await;
    let role = "arn:aws:iam::000000000000:role/sender";
    desk.rule("default", "r", json!({ "source": ["a"] }), json!([target("t", QUEUE, json!({ "RoleArn": role }))])).await;
    let asked = desk.asked.needs.lock().unwrap().clone();
    assert!(asked.iter().any(|(_, action, resource, _)| action == "iam:PassRole" && resource == role), "{asked:?}");
    desk.asked.refused.lock().unwrap().push(role.into());
    let again = json!({ "Rule": "r", "Targets": [target("t", QUEUE, json!({ "RoleArn": role }))] });
    assert_eq!(desk.fault("PutTargets", again).await.code, "AccessDeniedException");
}
