//! Delivery: retries on the clock, dead letters, roles, and events from bus to bus.

use crate::desk::*;
use kit::Fault;
use serde_json::json;

fn not_now() -> Fault {
    Fault::new("ServiceException", 500, "not now")
}

#[tokio::test]
async fn what_fails_is_tried_again_until_it_works() {
    let desk = Desk::new().await;
    desk.rule("default", "r", json!({ "source": ["s"] }), json!([target("f", FUNCTION, json!({}))])).await;
    desk.told.fail(FUNCTION, not_now());
    desk.put("default", "s", json!({})).await;
    desk.advance(7).await;
    assert!(desk.told.take(FUNCTION).is_empty());
    desk.told.broken.lock().unwrap().clear();
    desk.advance(8).await;
    // One, two, four and eight seconds after each other.
    assert_eq!(desk.told.only(FUNCTION).at.secs(), START + 15);
}

#[tokio::test]
async fn retries_end_and_the_letter_says_why() {
    let desk = Desk::new().await;
    let more = json!({ "RetryPolicy": { "MaximumRetryAttempts": 2 }, "DeadLetterConfig": { "Arn": LETTERS } });
    desk.rule("default", "r", json!({ "source": ["s"] }), json!([target("f", FUNCTION, more)])).await;
    desk.told.fail(FUNCTION, not_now());
    let id = desk.put("default", "s", json!({ "n": 1 })).await;
    desk.advance(60).await;
    let letter = desk.told.only(LETTERS);
    assert_eq!(letter.at.secs(), START + 3);
    assert_eq!(letter.json()["id"], id.as_str());
    let attributes: Vec<(&str, &str)> = letter.attributes.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let expected = [
        ("ERROR_CODE", "ERROR_FROM_TARGET"),
        ("ERROR_MESSAGE", "not now"),
        ("EXHAUSTED_RETRY_CONDITION", "MaximumRetryAttempts"),
        ("RETRY_ATTEMPTS", "2"),
        ("RULE_ARN", "arn:aws:events:us-east-1:000000000000:rule/r"),
        ("TARGET_ARN", FUNCTION),
    ];
    assert_eq!(attributes, expected);
}

#[tokio::test]
async fn age_ends_retries_too_and_a_day_is_the_default() {
    let desk = Desk::new().await;
    let letters = json!({ "DeadLetterConfig": { "Arn": LETTERS } });
    let mut young = letters.clone();
    young["RetryPolicy"] = json!({ "MaximumEventAgeInSeconds": 60 });
    desk.rule("default", "r", json!({ "source": ["s"] }), json!([target("f", FUNCTION, young), target("t", TOPIC, letters)])).await;
    desk.told.fail(FUNCTION, not_now());
    desk.told.fail(TOPIC, not_now());
    desk.put("default", "s", json!({})).await;
    desk.advance(60).await;
    let letter = desk.told.only(LETTERS);
    assert_eq!(letter.attributes["EXHAUSTED_RETRY_CONDITION"], "MaximumEventAgeInSeconds");
    desk.advance(86_400).await;
    let letter = desk.told.only(LETTERS);
    assert_eq!((&*letter.attributes["TARGET_ARN"], &*letter.attributes["RETRY_ATTEMPTS"]), (TOPIC, "185"));
    assert!(letter.at.secs() > START + 84_000, "{:?}", letter.at);
}

#[tokio::test]
async fn what_needs_a_hand_is_not_tried_again() {
    let desk = Desk::new().await;
    let letters = json!({ "DeadLetterConfig": { "Arn": LETTERS } });
    let mut role = letters.clone();
    role["RoleArn"] = json!("arn:aws:iam::000000000000:role/missing");
    let mut template = letters.clone();
    template["InputTransformer"] = json!({ "InputTemplate": "<aws.events.rule-name> alone" });
    let targets = json!([
        target("f", FUNCTION, letters.clone()),
        target("q", QUEUE, letters.clone()),
        target("r", TOPIC, role),
        target("t", TOPIC, template),
        target("l", "arn:aws:logs:us-east-1:000000000000:log-group:/aws/events/missing", letters.clone()),
    ]);
    desk.rule("default", "r", json!({ "source": ["s"] }), targets).await;
    desk.asked.refused.lock().unwrap().push(FUNCTION.into());
    desk.told.fail(QUEUE, Fault::new("QueueDoesNotExist", 400, "The specified queue does not exist."));
    desk.put("default", "s", json!({})).await;
    let mut codes: Vec<String> = desk.told.take(LETTERS).iter().map(|letter| letter.attributes["ERROR_CODE"].clone()).collect();
    codes.sort();
    assert_eq!(codes, ["FAILED_TO_ASSUME_ROLE", "INVALID_JSON", "NO_PERMISSIONS", "NO_RESOURCE", "NO_RESOURCE"]);
    desk.advance(86_400).await;
    assert!(desk.told.sent.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_role_sends_where_one_is_given() {
    let desk = Desk::new().await;
    let role = json!({ "RoleArn": "arn:aws:iam::000000000000:role/sender" });
    desk.rule("default", "r", json!({ "source": ["s"] }), json!([target("q", QUEUE, role)])).await;
    desk.put("default", "s", json!({})).await;
    assert_eq!(desk.told.only(QUEUE).by, "arn:aws:sts::000000000000:assumed-role/sender/r");
}

#[tokio::test]
async fn events_go_one_bus_far() {
    let desk = Desk::new().await;
    let bus = |name: &str| format!("arn:aws:events:us-east-1:000000000000:event-bus/{name}");
    for name in ["one", "two"] {
        desk.ok("CreateEventBus", json!({ "Name": name })).await;
    }
    let pattern = json!({ "source": ["s"] });
    desk.rule("default", "on", pattern.clone(), json!([target("b", &bus("one"), json!({}))])).await;
    let on = json!({ "DeadLetterConfig": { "Arn": LETTERS } });
    desk.rule("one", "on", pattern.clone(), json!([target("b", &bus("two"), on), target("q", QUEUE, json!({}))])).await;
    desk.rule("two", "on", pattern, json!([target("f", FUNCTION, json!({}))])).await;
    let id = desk.put("default", "s", json!({})).await;
    assert_eq!(desk.told.only(QUEUE).json()["id"], id.as_str());
    assert!(desk.told.take(FUNCTION).is_empty());
    assert_eq!(desk.told.only(LETTERS).attributes["ERROR_CODE"], "THIRD_ACCOUNT_HOP_DETECTED");
}

#[tokio::test]
async fn events_reach_buses_of_other_regions_and_accounts() {
    let desk = Desk::new().await;
    for (account, region) in [("000000000000", "eu-west-1"), ("111111111111", "us-east-1")] {
        let queue = format!("arn:aws:sqs:{region}:{account}:there");
        let rule = json!({ "Name": "r", "EventPattern": "{\"source\":[\"s\"]}" });
        desk.elsewhere(account, region, "PutRule", rule).await.unwrap();
        let targets = json!({ "Rule": "r", "Targets": [target("q", &queue, json!({}))] });
        desk.elsewhere(account, region, "PutTargets", targets).await.unwrap();
    }
    let region = "arn:aws:events:eu-west-1:000000000000:event-bus/default";
    let account = "arn:aws:events:us-east-1:111111111111:event-bus/default";
    let letters = json!({ "DeadLetterConfig": { "Arn": LETTERS } });
    desk.rule("default", "on", json!({ "source": ["s"] }), json!([target("r", region, json!({})), target("a", account, letters)])).await;
    let id = desk.put("default", "s", json!({})).await;
    let there = desk.told.only("arn:aws:sqs:eu-west-1:000000000000:there").json();
    // Recorded: another region gives the event an id of its own; where it came from stays.
    assert_ne!(there["id"], id.as_str());
    assert_eq!(there["region"], "us-east-1");
    // The other account has not let us in.
    assert_eq!(desk.told.only(LETTERS).attributes["ERROR_CODE"], "NO_PERMISSIONS");
    let allow = json!({ "Action": "events:PutEvents", "Principal": "000000000000", "StatementId": "in" });
    desk.elsewhere("111111111111", "us-east-1", "PutPermission", allow).await.unwrap();
    let id = desk.put("default", "s", json!({})).await;
    let there = desk.told.only("arn:aws:sqs:us-east-1:111111111111:there").json();
    assert_eq!((&there["id"], &there["account"]), (&json!(id), &json!("000000000000")));
}
