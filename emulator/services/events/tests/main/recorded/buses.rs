//! Buses and their permissions.

use super::*;
use crate::desk::{QUEUE, target};
use kit::ports::ServiceEvent;

pub const BUSES: Table = &[
    ("TestEventBus::test_create_list_describe_delete_custom_event_buses", done!(life)),
    ("TestEventBus::test_create_multiple_event_buses_same_name", done!(same_name)),
    ("TestEventBus::test_describe_delete_not_existing_event_bus", done!(missing)),
    ("TestEventBus::test_delete_default_event_bus", done!(default)),
    ("TestEventBus::test_list_event_buses_with_prefix", done!(prefix)),
    ("TestEventBus::test_list_event_buses_with_limit", done!(pages)),
    ("TestEventBus::test_put_permission", done!(permissions)),
    ("TestEventBus::test_put_permission_non_existing_event_bus", done!(permission_on_nothing)),
    ("TestEventBus::test_remove_permission", done!(removed)),
    ("TestEventBus::test_remove_permission_non_existing_sid", done!(unknown_statement)),
    ("TestEventBus::test_put_events_bus_to_bus", done!(bus_to_bus)),
    ("TestEventBus::test_put_events_to_default_eventbus_for_custom_eventbus", done!(service_to_custom)),
    ("TestEventBus::test_put_events_nonexistent_event_bus", done!(events_for_nothing)),
];

async fn life(shot: Shot) {
    let desk = Desk::new().await;
    let call = |region: &'static str, operation: &'static str, input: Value| {
        let desk = &desk;
        async move { answer(desk.elsewhere("000000000000", region, operation, input).await) }
    };
    for region in ["us-east-1", "us-west-1", "eu-central-1"] {
        if !shot.has(&format!("create-custom-event-bus-{region}")) {
            continue;
        }
        let mut new = json!({ "Name": "bus-x" });
        if shot.parameter.starts_with("True") {
            new["Description"] = "test bus".into();
        }
        shot.same(&format!("create-custom-event-bus-{region}"), &call(region, "CreateEventBus", new).await);
        let list = || call(region, "ListEventBuses", json!({ "NamePrefix": "bus-x" }));
        shot.same(&format!("list-event-buses-after-create-{region}"), &list().await);
        shot.same(&format!("describe-custom-event-bus-{region}"), &call(region, "DescribeEventBus", json!({ "Name": "bus-x" })).await);
        shot.same(&format!("delete-custom-event-bus-{region}"), &call(region, "DeleteEventBus", json!({ "Name": "bus-x" })).await);
        shot.same(&format!("list-event-buses-after-delete-{region}"), &list().await);
    }
}

async fn same_name(shot: Shot) {
    let desk = Desk::new().await;
    desk.ok("CreateEventBus", json!({ "Name": "b" })).await;
    shot.call(&desk, "create-multiple-event-buses-same-name", "CreateEventBus", json!({ "Name": "b" })).await;
}

async fn missing(shot: Shot) {
    let desk = Desk::new().await;
    let described = shot.call(&desk, "describe-not-existing-event-bus-error", "DescribeEventBus", json!({ "Name": "b" })).await;
    // The deletion itself succeeded: what is recorded under its name is the error before it.
    desk.ok("DeleteEventBus", json!({ "Name": "b" })).await;
    shot.same("delete-not-existing-event-bus", &described);
}

async fn default(shot: Shot) {
    let desk = Desk::new().await;
    shot.call(&desk, "delete-default-event-bus-error", "DeleteEventBus", json!({ "Name": "default" })).await;
}

async fn prefix(shot: Shot) {
    let desk = Desk::new().await;
    for name in ["unique-prefix-1", "not-prefixed"] {
        desk.ok("CreateEventBus", json!({ "Name": name })).await;
    }
    shot.call(&desk, "list-event-buses-prefix-complete-name", "ListEventBuses", json!({ "NamePrefix": "unique-prefix-1" })).await;
    shot.call(&desk, "list-event-buses-prefix", "ListEventBuses", json!({ "NamePrefix": "unique-prefix" })).await;
}

async fn pages(shot: Shot) {
    let desk = Desk::new().await;
    for n in 0..6 {
        desk.ok("CreateEventBus", json!({ "Name": format!("p-{n}") })).await;
    }
    let first = shot.call(&desk, "list-event-buses-limit", "ListEventBuses", json!({ "NamePrefix": "p", "Limit": 3 })).await;
    let next = json!({ "NamePrefix": "p", "Limit": 3, "NextToken": first["NextToken"] });
    shot.call(&desk, "list-event-buses-limit-next-token", "ListEventBuses", next).await;
}

async fn bus_for(shot: &Shot, desk: &Desk) -> &'static str {
    match shot.parameter.ends_with("custom") {
        true => {
            desk.ok("CreateEventBus", json!({ "Name": "b" })).await;
            "b"
        }
        false => "default",
    }
}

fn allow(bus: &str, sid: &str, account: &str) -> Value {
    json!({ "EventBusName": bus, "Action": "events:PutEvents", "Principal": account, "StatementId": sid })
}

async fn permissions(shot: Shot) {
    let desk = Desk::new().await;
    let bus = bus_for(&shot, &desk).await;
    shot.call(&desk, "put-permission", "PutPermission", allow(bus, "s1", "000000000000")).await;
    desk.ok("PutPermission", allow(bus, "s2", "000000000000")).await;
    desk.ok("PutPermission", allow(bus, "s3", "111111111111")).await;
    shot.call(&desk, "describe-event-bus-put-permission-multiple-principals", "DescribeEventBus", json!({ "Name": bus })).await;
    for label in ["describe-event-bus-put-permission", "describe-event-bus-put-permission-policy"] {
        if shot.has(label) {
            let statements = shot.recorded(label)["Policy"]["Statement"].as_array().unwrap();
            statement_like(&desk, bus, statements).await;
            shot.call(&desk, label, "DescribeEventBus", json!({ "Name": bus })).await;
        }
    }
    for label in shot.content.as_object().unwrap().keys().filter(|label| label.starts_with("put-permission")).cloned().collect::<Vec<_>>() {
        shot.same(&label, &answer(desk.call("PutPermission", allow(bus, "s1", "000000000000")).await));
    }
}

/// Sets a policy of as many statements as are recorded, with what placeholders stand for filled in.
async fn statement_like(desk: &Desk, bus: &str, statements: &[Value]) {
    let text = Value::Array(statements.to_vec()).to_string();
    let text = text.replace("<partition>", "aws").replace("<secondary-account-id>", "111111111111").replace("<account-id>", "000000000000");
    let text = text.replace("<region>", "us-east-1").replace("<bus-name>", bus);
    let statements: Value = serde_json::from_str(&text).unwrap();
    let policy = json!({ "Version": "2012-10-17", "Statement": statements });
    desk.ok("PutPermission", json!({ "EventBusName": bus, "Policy": policy.to_string() })).await;
}

async fn permission_on_nothing(shot: Shot) {
    let desk = Desk::new().await;
    shot.call(&desk, "remove-permission-non-existing-sid-error", "PutPermission", allow("none", "s", "000000000000")).await;
}

async fn removed(shot: Shot) {
    let desk = Desk::new().await;
    let bus = bus_for(&shot, &desk).await;
    desk.ok("PutPermission", allow(bus, "s1", "000000000000")).await;
    desk.ok("PutPermission", allow(bus, "s2", "111111111111")).await;
    shot.call(&desk, "remove-permission", "RemovePermission", json!({ "EventBusName": bus, "StatementId": "s1" })).await;
    shot.call(&desk, "describe-event-bus-remove-permission", "DescribeEventBus", json!({ "Name": bus })).await;
    shot.call(&desk, "remove-permission-all", "RemovePermission", json!({ "EventBusName": bus, "RemoveAllPermissions": true })).await;
    shot.call(&desk, "describe-event-bus-remove-permission-all", "DescribeEventBus", json!({ "Name": bus })).await;
}

async fn unknown_statement(shot: Shot) {
    let desk = Desk::new().await;
    let bus = bus_for(&shot, &desk).await;
    if shot.parameter.starts_with("True") {
        desk.ok("PutPermission", allow(bus, "s", "000000000000")).await;
    }
    let input = json!({ "EventBusName": bus, "StatementId": "none" });
    shot.call(&desk, "remove-permission-non-existing-sid-error", "RemovePermission", input).await;
}

async fn bus_to_bus(shot: Shot) {
    let desk = Desk::new().await;
    let second = desk.ok("CreateEventBus", json!({ "Name": "two" })).await["EventBusArn"].as_str().unwrap().to_owned();
    desk.ok("CreateEventBus", json!({ "Name": "one" })).await;
    let role = json!({ "RoleArn": "arn:aws:iam::000000000000:role/sender" });
    desk.rule("one", "r", pattern(), json!([target("b", &second, role)])).await;
    desk.rule("two", "r", pattern(), json!([target("q", QUEUE, json!({}))])).await;
    desk.ok("PutEvents", json!({ "Entries": [entry("one", detail())] })).await;
    desk.settle().await;
    shot.messages("messages", &desk.told.take(QUEUE));
}

async fn service_to_custom(shot: Shot) {
    let desk = Desk::new().await;
    let bus = shot.call(&desk, "create-custom-event-bus", "CreateEventBus", json!({ "Name": "custom" })).await;
    let pattern = json!({ "detail-type": ["Object Created"], "source": ["aws.s3"] }).to_string();
    shot.call(&desk, "create-rule-1", "PutRule", json!({ "Name": "one", "EventPattern": pattern })).await;
    shot.call(&desk, "create-rule-2", "PutRule", json!({ "Name": "two", "EventBusName": "custom", "EventPattern": pattern })).await;
    let role = json!({ "RoleArn": "arn:aws:iam::000000000000:role/sender" });
    let on = json!({ "Rule": "one", "Targets": [target("b", bus["EventBusArn"].as_str().unwrap(), role)] });
    shot.call(&desk, "put-target-1", "PutTargets", on).await;
    let last = json!({ "Rule": "two", "EventBusName": "custom", "Targets": [target("q", QUEUE, json!({}))] });
    shot.call(&desk, "put-target-2", "PutTargets", last).await;
    let told = &shot.recorded("get-events")["Messages"][0]["Body"];
    let event = ServiceEvent {
        source: "aws.s3".into(),
        detail_type: "Object Created".into(),
        resources: vec!["arn:aws:s3:::box".into()],
        detail: told["detail"].clone(),
    };
    let port = desk.cloud.ports().events().unwrap();
    desk.cx.store().write(|tx| port.emit(tx, &desk.cx, event)).await.unwrap();
    desk.settle().await;
    let body = desk.told.only(QUEUE).body;
    shot.same("get-events", &json!({ "Messages": [{ "Body": body, "MD5OfBody": "s", "MessageId": "m", "ReceiptHandle": "r" }] }));
}

async fn events_for_nothing(shot: Shot) {
    let desk = Desk::new().await;
    desk.rule("default", "r", json!({ "source": ["MySource"] }), json!([target("q", QUEUE, json!({}))])).await;
    let entry = |bus: &str, message: &str| json!({ "EventBusName": bus, "Source": "MySource", "DetailType": "CustomType", "Detail": json!({ "message": message }).to_string() });
    let entries = json!([entry("default", "for the default event bus"), entry("none", "for nobody")]);
    shot.call(&desk, "put-events", "PutEvents", json!({ "Entries": entries })).await;
    desk.settle().await;
    shot.messages("get-events", &desk.told.take(QUEUE));
    shot.call(&desk, "non-existent-bus-error", "DescribeEventBus", json!({ "Name": "none" })).await;
}
