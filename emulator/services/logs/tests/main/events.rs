//! Groups, streams and events: written, read back by token and pattern, ended by retention; policies of the account.

use crate::desk::{Desk, NOW, messages};
use kit::{AdvanceOptions, Need, Settle};
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn events_are_read_both_ways_by_token() {
    let desk = Desk::new().await;
    desk.group().await;
    desk.put(&[(1, "a"), (2, "b"), (2, "c"), (3, "d")]).await;
    let newest = desk.get(json!({ "limit": 2 })).await;
    assert_eq!(messages(&newest), ["c", "d"]);
    let before = desk.get(json!({ "limit": 2, "nextToken": newest["nextBackwardToken"] })).await;
    assert_eq!(messages(&before), ["a", "b"]);
    let after = desk.get(json!({ "nextToken": before["nextForwardToken"] })).await;
    assert_eq!(messages(&after), ["c", "d"]);
    let end = desk.get(json!({ "nextToken": after["nextForwardToken"] })).await;
    assert_eq!((messages(&end), &end["nextForwardToken"]), (vec![], &after["nextForwardToken"]));
    assert_eq!(messages(&desk.get(json!({ "startFromHead": true, "limit": 1 })).await), ["a"]);
    assert_eq!(messages(&desk.get(json!({ "startTime": NOW * 1000 + 2, "endTime": NOW * 1000 + 3 })).await), ["b", "c"]);
    let bad = desk.call("GetLogEvents", json!({ "logGroupName": "g", "logStreamName": "s", "nextToken": "x" })).await.unwrap_err();
    assert_eq!(bad.message, "The specified nextToken is invalid.");
}

#[tokio::test]
async fn patterns_filter_across_streams() {
    let desk = Desk::new().await;
    desk.group().await;
    desk.ok("CreateLogStream", json!({ "logGroupName": "g", "logStreamName": "other" })).await;
    desk.put(&[(1, "ERROR disk"), (3, "fine")]).await;
    let events = json!([{ "timestamp": NOW * 1000 + 2, "message": "ERROR net" }]);
    desk.ok("PutLogEvents", json!({ "logGroupName": "g", "logStreamName": "other", "logEvents": events })).await;
    let errors = desk.ok("FilterLogEvents", json!({ "logGroupName": "g", "filterPattern": "ERROR" })).await;
    assert_eq!(messages(&errors), ["ERROR disk", "ERROR net"]);
    let first = desk.ok("FilterLogEvents", json!({ "logGroupName": "g", "limit": 2 })).await;
    let rest = desk.ok("FilterLogEvents", json!({ "logGroupName": "g", "nextToken": first["nextToken"] })).await;
    assert_eq!(messages(&rest), ["fine"]);
    let one = desk.ok("FilterLogEvents", json!({ "logGroupName": "g", "logStreamNames": ["other"] })).await;
    assert_eq!(messages(&one), ["ERROR net"]);
}

#[tokio::test]
async fn retention_takes_events_away_when_their_days_are_over() {
    let desk = Desk::new().await;
    desk.group().await;
    desk.ok("PutRetentionPolicy", json!({ "logGroupName": "g", "retentionInDays": 1 })).await;
    desk.put(&[(0, "old")]).await;
    let day = |secs| AdvanceOptions { by: Duration::from_secs(secs), settle: Settle::Each, budget: Duration::from_secs(20) };
    desk.cloud.advance(day(86_399)).await;
    assert_eq!(messages(&desk.get(json!({})).await), ["old"]);
    desk.cloud.advance(day(2)).await;
    assert!(messages(&desk.get(json!({})).await).is_empty());
    desk.cloud.advance(day(7200)).await;
    let groups = desk.ok("DescribeLogGroups", json!({})).await;
    assert_eq!((&groups["logGroups"][0]["storedBytes"], &groups["logGroups"][0]["retentionInDays"]), (&json!(0), &json!(1)));
    let rejected = desk.put(&[(0, "older than the group keeps")]).await;
    assert_eq!(rejected["rejectedLogEventsInfo"]["expiredLogEventEndIndex"], 1);
    assert!(desk.call("PutRetentionPolicy", json!({ "logGroupName": "g", "retentionInDays": 2 })).await.is_err());
}

#[tokio::test]
async fn groups_streams_and_tags() {
    let desk = Desk::new().await;
    desk.group().await;
    let again = desk.call("CreateLogGroup", json!({ "logGroupName": "g" })).await.unwrap_err();
    assert_eq!((&*again.code, again.message.as_str()), ("ResourceAlreadyExistsException", "The specified log group already exists"));
    let arn = "arn:aws:logs:us-east-1:000000000000:log-group:g";
    desk.ok("TagResource", json!({ "resourceArn": arn, "tags": { "b": "2" } })).await;
    assert_eq!(desk.ok("ListTagsLogGroup", json!({ "logGroupName": "g" })).await["tags"], json!({ "a": "1", "b": "2" }));
    let streams = desk.ok("DescribeLogStreams", json!({ "logGroupIdentifier": arn })).await;
    assert_eq!(streams["logStreams"][0]["arn"], format!("{arn}:log-stream:s"));
    desk.put(&[(0, "x")]).await;
    desk.ok("DeleteLogGroup", json!({ "logGroupName": "g" })).await;
    desk.cloud.settle(Duration::from_secs(5)).await.unwrap();
    let gone = desk.call("DescribeLogStreams", json!({ "logGroupName": "g" })).await.unwrap_err();
    assert_eq!(gone.message, "The specified log group does not exist.");
    desk.group().await;
    assert!(messages(&desk.get(json!({})).await).is_empty());
}

#[tokio::test]
async fn the_port_makes_what_is_missing_only_when_asked() {
    let desk = Desk::new().await;
    let port = desk.cloud.ports().logs().unwrap();
    let need = Need::on("logs:PutLogEvents", "arn:aws:logs:us-east-1:000000000000:log-group:g:log-stream:s");
    let lines = || vec![(desk.cx.now(), "hello".to_owned())];
    let missing = port.append(&desk.cx, desk.cx.grant(&need).unwrap(), "g", "s", lines(), false).await.unwrap_err();
    assert_eq!(missing.code, "ResourceNotFoundException");
    port.append(&desk.cx, desk.cx.grant(&need).unwrap(), "g", "s", lines(), true).await.unwrap();
    assert_eq!(messages(&desk.get(json!({})).await), ["hello"]);
    let other = port.append(&desk.cx, desk.cx.grant(&need).unwrap(), "other", "s", lines(), true).await;
    assert!(other.is_err(), "a grant for one stream opened another");
}

#[tokio::test]
async fn resource_policies_of_the_account_speak_for_its_groups() {
    let desk = Desk::new().await;
    let statement = |service: &str| json!({ "Sid": "one", "Effect": "Allow", "Principal": { "Service": service }, "Action": "logs:PutLogEvents", "Resource": "*" });
    for (name, service) in [("a", "events.amazonaws.com"), ("b", "route53.amazonaws.com")] {
        let document = json!({ "Version": "2012-10-17", "Statement": statement(service) }).to_string();
        let put = desk.ok("PutResourcePolicy", json!({ "policyName": name, "policyDocument": document })).await;
        assert_eq!(
            (&put["resourcePolicy"]["policyScope"], &put["resourcePolicy"]["lastUpdatedTime"]),
            (&json!("ACCOUNT"), &json!(NOW * 1000))
        );
    }
    let service = desk.cloud.service("logs").unwrap();
    let group = "arn:aws:logs:us-east-1:000000000000:log-group:g:log-stream:s";
    let policy = service.resource_policy(&desk.cx, group).unwrap();
    assert!(policy.contains("events.amazonaws.com") && policy.contains("route53.amazonaws.com"), "{policy}");
    assert_eq!(service.resource_policy(&desk.cx, &group.replace("us-east-1", "eu-west-1")), None);
    let listed = desk.ok("DescribeResourcePolicies", json!({ "limit": 1 })).await;
    assert_eq!((&listed["resourcePolicies"][0]["policyName"], listed["nextToken"].is_string()), (&json!("a"), true));
    desk.ok("DeleteResourcePolicy", json!({ "policyName": "a" })).await;
    assert_eq!(desk.call("DeleteResourcePolicy", json!({ "policyName": "a" })).await.unwrap_err().code, "ResourceNotFoundException");
    let malformed = desk.call("PutResourcePolicy", json!({ "policyName": "c", "policyDocument": "{}" })).await.unwrap_err();
    assert_eq!(malformed.code, "InvalidParameterException");
}
