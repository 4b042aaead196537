//! Buses, their policies and tags, and PutEvents' own answers.

use crate::desk::*;
use serde_json::{Value, json};

#[tokio::test]
async fn policies_of_buses_let_other_accounts_in() {
    let desk = Desk::new().await;
    let arn = "arn:aws:events:us-east-1:000000000000:event-bus/orders";
    desk.ok("CreateEventBus", json!({ "Name": "orders" })).await;
    desk.rule("orders", "all", json!({ "source": ["shop"] }), json!([target("q", QUEUE, json!({}))])).await;
    let entries = json!({ "Entries": [{ "EventBusName": arn, "Source": "shop", "DetailType": "t", "Detail": "{}" }] });

    let refused = desk.elsewhere("111111111111", "us-east-1", "PutEvents", entries.clone()).await.unwrap_err();
    assert_eq!((&*refused.code, refused.status), ("AccessDeniedException", 400));
    let allow = json!({ "EventBusName": "orders", "Action": "events:PutEvents", "Principal": "111111111111", "StatementId": "a" });
    desk.ok("PutPermission", allow).await;
    desk.elsewhere("111111111111", "us-east-1", "PutEvents", entries).await.unwrap();
    desk.settle().await;
    let event = desk.told.only(QUEUE).json();
    // The event tells who sent it, not whose bus it came to.
    assert_eq!(event["account"], "111111111111");

    let policy = desk.ok("DescribeEventBus", json!({ "Name": "orders" })).await["Policy"].as_str().unwrap().to_owned();
    let policy: Value = serde_json::from_str(&policy).unwrap();
    assert_eq!(policy["Statement"][0]["Principal"], json!({ "AWS": "arn:aws:iam::111111111111:root" }));
    let organisation = json!({ "EventBusName": "orders", "Action": "events:PutEvents", "Principal": "*", "StatementId": "org",
        "Condition": { "Type": "StringEquals", "Key": "aws:PrincipalOrgID", "Value": "o-1" } });
    desk.ok("PutPermission", organisation).await;
    desk.ok("RemovePermission", json!({ "EventBusName": "orders", "StatementId": "a" })).await;
    let left = desk.ok("DescribeEventBus", json!({ "Name": arn })).await["Policy"].as_str().unwrap().to_owned();
    assert!(left.contains(r#""Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}"#) && !left.contains("111111111111"), "{left}");
    let whole = json!({ "EventBusName": "orders", "Policy": "{\"Version\": 1}" });
    assert_eq!(desk.fault("PutPermission", whole).await.code, "ValidationException");
}

#[tokio::test]
async fn what_is_not_built_is_refused_by_name() {
    let desk = Desk::new().await;
    for (operation, input, name) in [
        ("CreateEventBus", json!({ "Name": "aws.partner/x/y", "EventSourceName": "aws.partner/x/y" }), "EventSourceName"),
        ("CreateEventBus", json!({ "Name": "b", "KmsKeyIdentifier": "alias/k" }), "KmsKeyIdentifier"),
        ("UpdateEventBus", json!({ "LogConfig": { "Level": "INFO" } }), "LogConfig"),
        ("CreateConnection", json!({}), "CreateConnection"),
        ("PutEvents", json!({ "EndpointId": "abcde.xyz", "Entries": [{}] }), "EndpointId"),
    ] {
        let fault = desk.fault(operation, input).await;
        assert_eq!(fault.status, 501, "{operation}: {fault}");
        assert!(fault.message.contains(name), "{fault}");
    }
}

#[tokio::test]
async fn a_bus_is_changed_and_deleted_when_it_is_empty() {
    let desk = Desk::new().await;
    desk.ok("CreateEventBus", json!({ "Name": "b", "Description": "one", "Tags": [{ "Key": "k", "Value": "v" }] })).await;
    assert_eq!(desk.ok("UpdateEventBus", json!({ "Name": "b", "Description": "two" })).await["Description"], "two");
    desk.ok("PutRule", json!({ "Name": "r", "EventBusName": "b", "EventPattern": "{\"source\":[\"x\"]}" })).await;
    let fault = desk.fault("DeleteEventBus", json!({ "Name": "b" })).await;
    assert_eq!(fault.message, "Event bus b can't be deleted since it has rules.");
    desk.ok("DeleteRule", json!({ "Name": "r", "EventBusName": "b" })).await;
    desk.ok("DeleteEventBus", json!({ "Name": "b" })).await;
    let names = desk.ok("ListEventBuses", json!({})).await;
    assert_eq!(names["EventBuses"].as_array().unwrap().len(), 1);
    assert_eq!(names["EventBuses"][0]["Name"], "default");
}

#[tokio::test]
async fn entries_that_services_alone_may_send_are_refused_one_by_one() {
    let desk = Desk::new().await;
    let entry = |source: &str| json!({ "Source": source, "DetailType": "t", "Detail": "{}" });
    let put = desk.ok("PutEvents", json!({ "Entries": [entry("aws.s3"), entry("mine")] })).await;
    assert_eq!(put["FailedEntryCount"], 1);
    assert_eq!(
        put["Entries"][0],
        json!({ "ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": "Not authorized for the source." })
    );
    assert_eq!(put["Entries"][1]["EventId"].as_str().unwrap().len(), 36);
}
