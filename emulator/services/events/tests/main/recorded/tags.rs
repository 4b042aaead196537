//! Tags.

use super::*;

#[tokio::test]
async fn recorded_tags() {
    run("test_events_tags", TAGS).await;
}

const TAGS: Table = &[
    ("tests_tag_untag_resource", done!(tag_untag)),
    ("tests_tag_list_untag_not_existing_resource", done!(missing)),
    ("TestRuleTags::test_put_rule_with_tags", done!(rule_with_tags)),
    ("TestRuleTags::test_list_tags_for_deleted_rule", done!(deleted_rule)),
    ("TestEventBusTags::test_create_event_bus_with_tags", done!(bus_with_tags)),
    ("TestEventBusTags::test_list_tags_for_deleted_event_bus", done!(deleted_bus)),
    ("test_recreate_tagged_resource_without_tags", done!(made_again)),
];

fn two() -> Value {
    json!([{ "Key": "tag1", "Value": "value1" }, { "Key": "tag2", "Value": "value2" }])
}
fn rule(bus: &str) -> Value {
    json!({ "Name": "r", "EventBusName": bus, "EventPattern": pattern().to_string() })
}

/// The bus or rule that the parameter names; its ARN.
async fn resource(shot: &Shot, desk: &Desk, tags: Value) -> String {
    let bus = if shot.parameter.ends_with("event_bus_default") { "default" } else { "b" };
    let is_rule = shot.parameter.starts_with("rule");
    if bus == "b" && desk.call("DescribeEventBus", json!({ "Name": "b" })).await.is_err() {
        let tags = if is_rule { json!([]) } else { tags.clone() };
        desk.ok("CreateEventBus", json!({ "Name": "b", "Tags": tags })).await;
    }
    if !is_rule {
        return desk.ok("DescribeEventBus", json!({ "Name": bus })).await["Arn"].as_str().unwrap().to_owned();
    }
    let mut rule = rule(bus);
    rule["Tags"] = tags;
    desk.ok("PutRule", rule).await["RuleArn"].as_str().unwrap().to_owned()
}

async fn tag_untag(shot: Shot) {
    let desk = Desk::new().await;
    let arn = resource(&shot, &desk, json!([])).await;
    let list = json!({ "ResourceARN": arn });
    shot.call(&desk, "tag_resource", "TagResource", json!({ "ResourceARN": arn, "Tags": two() })).await;
    shot.call(&desk, "list_tags_for_resource", "ListTagsForResource", list.clone()).await;
    shot.call(&desk, "untag_resource", "UntagResource", json!({ "ResourceARN": arn, "TagKeys": ["tag2"] })).await;
    shot.call(&desk, "list_tags_for_untagged_resource", "ListTagsForResource", list).await;
    if shot.has("untag_resource_not_existing_tag") {
        let unknown = json!({ "ResourceARN": arn, "TagKeys": ["unknown"] });
        shot.call(&desk, "untag_resource_not_existing_tag", "UntagResource", unknown).await;
    }
}

async fn missing(shot: Shot) {
    let desk = Desk::new().await;
    let what = if shot.parameter == "not_existing_rule" { "rule/none" } else { "event-bus/none" };
    let arn = format!("arn:aws:events:us-east-1:000000000000:{what}");
    shot.call(&desk, "tag_not_existing_resource_error", "TagResource", json!({ "ResourceARN": arn, "Tags": two() })).await;
    shot.call(&desk, "list_tags_for_not_existing_resource_error", "ListTagsForResource", json!({ "ResourceARN": arn })).await;
    let untag = json!({ "ResourceARN": arn, "TagKeys": ["tag1"] });
    shot.call(&desk, "untag_not_existing_resource_error", "UntagResource", untag).await;
}

async fn rule_with_tags(shot: Shot) {
    let desk = Desk::new().await;
    let mut rule = rule("default");
    rule["Tags"] = two();
    let made = shot.call(&desk, "put_rule_with_tags", "PutRule", rule).await;
    shot.call(&desk, "list_tags_for_rule", "ListTagsForResource", json!({ "ResourceARN": made["RuleArn"] })).await;
}

async fn deleted_rule(shot: Shot) {
    let desk = Desk::new().await;
    desk.ok("CreateEventBus", json!({ "Name": "b" })).await;
    let made = desk.ok("PutRule", rule("b")).await;
    desk.ok("DeleteRule", json!({ "Name": "r", "EventBusName": "b" })).await;
    shot.call(&desk, "list_tags_for_deleted_rule_error", "ListTagsForResource", json!({ "ResourceARN": made["RuleArn"] })).await;
}

async fn bus_with_tags(shot: Shot) {
    let desk = Desk::new().await;
    let made = shot.call(&desk, "create_event_bus_with_tags", "CreateEventBus", json!({ "Name": "b", "Tags": two() })).await;
    shot.call(&desk, "list_tags_for_event_bus", "ListTagsForResource", json!({ "ResourceARN": made["EventBusArn"] })).await;
}

async fn deleted_bus(shot: Shot) {
    let desk = Desk::new().await;
    let made = desk.ok("CreateEventBus", json!({ "Name": "b" })).await;
    desk.ok("DeleteEventBus", json!({ "Name": "b" })).await;
    shot.call(&desk, "list_tags_for_deleted_rule_error", "ListTagsForResource", json!({ "ResourceARN": made["EventBusArn"] })).await;
}

async fn made_again(shot: Shot) {
    let desk = Desk::new().await;
    let one = json!([{ "Key": "tag1", "Value": "value1" }]);
    let arn = resource(&shot, &desk, one.clone()).await;
    // The default bus can't be made again: its tags stay.
    desk.ok("TagResource", json!({ "ResourceARN": arn, "Tags": one })).await;
    if shot.parameter.starts_with("rule") {
        let bus = if shot.parameter.ends_with("default") { "default" } else { "b" };
        desk.ok("DeleteRule", json!({ "Name": "r", "EventBusName": bus })).await;
    } else if shot.parameter.ends_with("custom") {
        desk.ok("DeleteEventBus", json!({ "Name": "b" })).await;
    }
    let arn = resource(&shot, &desk, json!([])).await;
    shot.call(&desk, "list_tags_for_resource", "ListTagsForResource", json!({ "ResourceARN": arn })).await;
}
