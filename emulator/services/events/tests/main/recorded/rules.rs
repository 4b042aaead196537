//! Rules, what they match, and their targets as they are kept.

use super::*;
use crate::desk::{FUNCTION, QUEUE, TOPIC, target};

pub const RULES: Table = &[
    ("TestEventRule::test_put_list_with_prefix_describe_delete_rule", done!(life)),
    ("TestEventRule::test_put_multiple_rules_with_same_name", done!(same_name)),
    ("TestEventRule::test_list_rule_with_limit", done!(pages)),
    ("TestEventRule::test_describe_nonexistent_rule", done!(missing)),
    ("TestEventRule::test_disable_re_enable_rule", done!(switched)),
    ("TestEventRule::test_delete_rule_with_targets", done!(guarded)),
    ("TestEventRule::test_update_rule_with_targets", done!(updated)),
    ("TestEventRule::test_process_to_multiple_matching_rules_single_target", done!(two_rules)),
    ("TestEventRule::test_process_to_single_matching_rules_single_target", done!(sources)),
    ("TestEventRule::test_process_pattern_to_single_matching_rules_single_target", done!(either)),
    ("TestEventPattern::test_put_events_pattern_with_values_in_array", done!(values_in_lists)),
    ("TestEventPattern::test_put_events_pattern_nested", done!(nested)),
    ("TestEventTarget::test_put_list_remove_target", done!(targets)),
    ("TestEventTarget::test_add_exceed_fife_targets_per_rule", done!(too_many_targets)),
    ("TestEventTarget::test_list_target_by_rule_limit", done!(pages_of_targets)),
    ("TestEventTarget::test_put_target_id_validation", done!(ids)),
    ("TestEventTarget::test_put_multiple_targets_with_same_id_single_rule", done!(same_id)),
    ("TestEventTarget::test_put_multiple_targets_with_same_id_across_different_rules", done!(across_rules)),
    ("TestEventTarget::test_put_multiple_targets_with_same_arn_single_rule", done!(same_arn)),
    ("TestEventTarget::test_put_multiple_targets_with_same_arn_across_different_rules", done!(across_rules)),
    ("TestEventRule::test_list_rule_names_by_target", done!(by_target)),
    ("TestEventRule::test_list_rule_names_by_target_with_limit", done!(by_target_in_pages)),
    ("TestEventRule::test_list_rule_names_by_target_no_matches", done!(by_target_none)),
];

/// The bus that a test's parameter names.
async fn bus_for(shot: &Shot, desk: &Desk) -> &'static str {
    match shot.parameter.as_str() {
        "default" => "default",
        _ => {
            desk.ok("CreateEventBus", json!({ "Name": "b" })).await;
            "b"
        }
    }
}

fn rule(bus: &str, name: &str) -> Value {
    json!({ "Name": name, "EventBusName": bus, "EventPattern": pattern().to_string() })
}

async fn life(shot: Shot) {
    let desk = Desk::new().await;
    let bus = bus_for(&shot, &desk).await;
    shot.call(&desk, "put-rule", "PutRule", rule(bus, "rule-x")).await;
    let list = json!({ "NamePrefix": "rule-", "EventBusName": bus });
    shot.call(&desk, "list-rules", "ListRules", list.clone()).await;
    let name = json!({ "Name": "rule-x", "EventBusName": bus });
    shot.call(&desk, "describe-rule", "DescribeRule", name.clone()).await;
    shot.call(&desk, "delete-rule", "DeleteRule", name).await;
    shot.call(&desk, "list-rules-after-delete", "ListRules", list).await;
}

async fn same_name(shot: Shot) {
    let desk = Desk::new().await;
    let bus = bus_for(&shot, &desk).await;
    shot.call(&desk, "put-rule", "PutRule", rule(bus, "r")).await;
    shot.call(&desk, "re-put-rule", "PutRule", rule(bus, "r")).await;
    shot.call(&desk, "list-rules", "ListRules", json!({ "EventBusName": bus })).await;
}

async fn pages(shot: Shot) {
    let desk = Desk::new().await;
    let bus = bus_for(&shot, &desk).await;
    for n in 0..6 {
        desk.ok("PutRule", rule(bus, &format!("r-{n}"))).await;
    }
    let first = shot.call(&desk, "list-rules-limit", "ListRules", json!({ "EventBusName": bus, "Limit": 3 })).await;
    let next = json!({ "EventBusName": bus, "Limit": 3, "NextToken": first["NextToken"] });
    shot.call(&desk, "list-rules-limit-next-token", "ListRules", next).await;
}

async fn missing(shot: Shot) {
    let desk = Desk::new().await;
    shot.call(&desk, "describe-not-existing-rule-error", "DescribeRule", json!({ "Name": "r" })).await;
}

async fn switched(shot: Shot) {
    let desk = Desk::new().await;
    let bus = bus_for(&shot, &desk).await;
    desk.ok("PutRule", rule(bus, "r")).await;
    let name = json!({ "Name": "r", "EventBusName": bus });
    shot.call(&desk, "disable-rule", "DisableRule", name.clone()).await;
    shot.call(&desk, "describe-rule-disabled", "DescribeRule", name.clone()).await;
    shot.call(&desk, "enable-rule", "EnableRule", name.clone()).await;
    shot.call(&desk, "describe-rule-enabled", "DescribeRule", name).await;
}

async fn guarded(shot: Shot) {
    let desk = Desk::new().await;
    desk.rule("default", "r", pattern(), json!([target("t", QUEUE, json!({}))])).await;
    shot.call(&desk, "delete-rule-with-targets-error", "DeleteRule", json!({ "Name": "r" })).await;
}

async fn updated(shot: Shot) {
    let desk = Desk::new().await;
    desk.rule("default", "r", pattern(), json!([target("t", QUEUE, json!({}))])).await;
    shot.call(&desk, "list-targets", "ListTargetsByRule", json!({ "Rule": "r" })).await;
    shot.call(&desk, "update-rule", "PutRule", rule("default", "r")).await;
    shot.call(&desk, "list-targets-after-update", "ListTargetsByRule", json!({ "Rule": "r" })).await;
}

fn bodies(desk: &Desk, to: &str) -> Value {
    desk.told.take(to).iter().map(Sent::json).collect()
}

async fn two_rules(shot: Shot) {
    let desk = Desk::new().await;
    for name in ["a", "b"] {
        desk.rule("default", name, pattern(), json!([target("t", QUEUE, json!({}))])).await;
    }
    desk.ok("PutEvents", json!({ "Entries": [entry("default", detail())] })).await;
    desk.settle().await;
    shot.same("events", &bodies(&desk, QUEUE));
}

async fn sources(shot: Shot) {
    let desk = Desk::new().await;
    let all = ["source-one", "source-two", "source-three"];
    for (n, queue) in [QUEUE, FUNCTION, TOPIC].into_iter().enumerate() {
        desk.rule("default", all[n], json!({ "source": all[..=n] }), json!([target("t", queue, json!({}))])).await;
    }
    for source in all {
        let mut entry = entry("default", detail());
        entry["Source"] = source.into();
        desk.ok("PutEvents", json!({ "Entries": [entry] })).await;
        desk.settle().await;
    }
    for (source, queue) in all.into_iter().zip([QUEUE, FUNCTION, TOPIC]) {
        shot.same(&format!("events-{source}"), &bodies(&desk, queue));
    }
}

async fn either(shot: Shot) {
    let desk = Desk::new().await;
    let payload = json!({ "detail": { "detail-payload-with-id": { "payload": { "id": ["123"] } } } });
    let id = json!({ "detail": { "detail-with-id": { "id": ["123"] } } });
    let path = json!({ "InputPath": "$.detail" });
    desk.rule("default", "one", payload.clone(), json!([target("t", QUEUE, path.clone())])).await;
    desk.rule("default", "two", json!({ "$or": [payload, id] }), json!([target("t", FUNCTION, path)])).await;
    for detail in [json!({ "detail-payload-with-id": { "payload": { "id": "123" } } }), json!({ "detail-with-id": { "id": "123" } })] {
        desk.ok("PutEvents", json!({ "Entries": [entry("default", detail)] })).await;
        desk.settle().await;
    }
    shot.same("events-1", &bodies(&desk, QUEUE));
    shot.same("events-2", &bodies(&desk, FUNCTION));
}

async fn matched(shot: Shot, pattern: Value, details: &[Value]) {
    let desk = Desk::new().await;
    desk.rule("default", "r", pattern, json!([target("t", QUEUE, json!({ "InputPath": "$.detail" }))])).await;
    for detail in details {
        desk.ok("PutEvents", json!({ "Entries": [entry("default", detail.clone())] })).await;
        desk.settle().await;
    }
    shot.messages("messages", &desk.told.take(QUEUE));
}

async fn values_in_lists(shot: Shot) {
    let of = |types: &[&str]| json!({ "event": { "data": { "type": types } } });
    matched(shot, json!({ "detail": { "event": { "data": { "type": ["1", "2"] } } } }), &[of(&["3", "1"]), of(&["2"]), of(&["3"])]).await;
}

async fn nested(shot: Shot) {
    let of = |kind: &str| json!({ "event": { "data": { "type": kind } } });
    let details = [of("1"), of("2"), json!({ "hello": "world" })];
    matched(shot, json!({ "detail": { "event": { "data": { "type": ["1"] } } } }), &details).await;
}

async fn targets(shot: Shot) {
    let desk = Desk::new().await;
    let bus = bus_for(&shot, &desk).await;
    desk.ok("PutRule", rule(bus, "r")).await;
    let put = json!({ "Rule": "r", "EventBusName": bus, "Targets": [target("t", QUEUE, json!({}))] });
    shot.call(&desk, "put-target", "PutTargets", put).await;
    let list = json!({ "Rule": "r", "EventBusName": bus });
    shot.call(&desk, "list-targets", "ListTargetsByRule", list.clone()).await;
    shot.call(&desk, "remove-target", "RemoveTargets", json!({ "Rule": "r", "EventBusName": bus, "Ids": ["t"] })).await;
    shot.call(&desk, "list-targets-after-delete", "ListTargetsByRule", list).await;
}

fn some(n: usize) -> Vec<Value> {
    (0..n).map(|n| target(&format!("t{n}"), QUEUE, json!({}))).collect()
}

async fn too_many_targets(shot: Shot) {
    let desk = Desk::new().await;
    desk.ok("PutRule", rule("default", "r")).await;
    desk.ok("PutTargets", json!({ "Rule": "r", "Targets": some(5) })).await;
    let one_more = json!({ "Rule": "r", "Targets": [target("more", QUEUE, json!({}))] });
    shot.call(&desk, "put-targets-client-error", "PutTargets", one_more).await;
}

async fn pages_of_targets(shot: Shot) {
    let desk = Desk::new().await;
    desk.ok("PutRule", rule("default", "r")).await;
    desk.ok("PutTargets", json!({ "Rule": "r", "Targets": some(5) })).await;
    let first = shot.call(&desk, "list-targets-limit", "ListTargetsByRule", json!({ "Rule": "r", "Limit": 3 })).await;
    let next = json!({ "Rule": "r", "Limit": 3, "NextToken": first["NextToken"] });
    shot.call(&desk, "list-targets-limit-next-token", "ListTargetsByRule", next).await;
}

async fn ids(shot: Shot) {
    let desk = Desk::new().await;
    desk.ok("PutRule", rule("default", "r")).await;
    let put = |id: &str| json!({ "Rule": "r", "Targets": [target(id, QUEUE, json!({}))] });
    shot.call(&desk, "put-targets-invalid-id-error", "PutTargets", put("!@#$@!#$")).await;
    // The recording has a placeholder for the id.
    let mut long = answer(desk.call("PutTargets", put(&"x".repeat(65))).await);
    long["Error"]["Message"] = long["Error"]["Message"].as_str().unwrap().replace(&"x".repeat(65), "second-invalid-target-id").into();
    shot.same("put-targets-length-error", &long);
}

async fn put_each(desk: &Desk, rule_name: &str, targets: &[Value]) {
    desk.ok("PutRule", rule("default", rule_name)).await;
    for target in targets {
        desk.ok("PutTargets", json!({ "Rule": rule_name, "Targets": [target] })).await;
    }
}

/// The targets as they are recorded, with an ARN that can be put.
fn recorded_targets(shot: &Shot, label: &str) -> Vec<Value> {
    let mut targets = shot.recorded(label)["Targets"].as_array().unwrap().clone();
    targets.iter_mut().for_each(|target| target["Arn"] = QUEUE.into());
    targets
}

async fn same_id(shot: Shot) {
    let desk = Desk::new().await;
    let last = recorded_targets(&shot, "list-targets");
    let first = target(last[0]["Id"].as_str().unwrap(), FUNCTION, json!({ "InputPath": "$.detail" }));
    put_each(&desk, "r", &[first, last[0].clone()]).await;
    shot.call(&desk, "list-targets", "ListTargetsByRule", json!({ "Rule": "r" })).await;
}

async fn same_arn(shot: Shot) {
    let desk = Desk::new().await;
    put_each(&desk, "r", &recorded_targets(&shot, "list-targets")).await;
    shot.call(&desk, "list-targets", "ListTargetsByRule", json!({ "Rule": "r" })).await;
}

async fn across_rules(shot: Shot) {
    let desk = Desk::new().await;
    for rule in ["one", "two"] {
        put_each(&desk, rule, &recorded_targets(&shot, &format!("list-targets-rule-{rule}"))).await;
    }
    for rule in ["one", "two"] {
        shot.call(&desk, &format!("list-targets-rule-{rule}"), "ListTargetsByRule", json!({ "Rule": rule })).await;
    }
}

async fn rules_to_queue(desk: &Desk, bus: &str, n: usize) {
    for n in 0..n {
        desk.rule(bus, &format!("rule-{n}"), pattern(), json!([target("t", QUEUE, json!({}))])).await;
    }
    desk.rule(bus, "other", pattern(), json!([target("t", FUNCTION, json!({}))])).await;
}

async fn by_target(shot: Shot) {
    let desk = Desk::new().await;
    let bus = bus_for(&shot, &desk).await;
    rules_to_queue(&desk, bus, 3).await;
    shot.call(&desk, "list_rule_names_by_target", "ListRuleNamesByTarget", json!({ "TargetArn": QUEUE, "EventBusName": bus })).await;
}

async fn by_target_in_pages(shot: Shot) {
    let desk = Desk::new().await;
    let bus = bus_for(&shot, &desk).await;
    rules_to_queue(&desk, bus, 5).await;
    let mut input = json!({ "TargetArn": QUEUE, "EventBusName": bus, "Limit": 2 });
    for label in ["first_page", "second_page", "third_page"] {
        let page = shot.call(&desk, label, "ListRuleNamesByTarget", input.clone()).await;
        input["NextToken"] = page["NextToken"].clone();
    }
}

async fn by_target_none(shot: Shot) {
    let desk = Desk::new().await;
    let bus = bus_for(&shot, &desk).await;
    rules_to_queue(&desk, bus, 1).await;
    let input = json!({ "TargetArn": TOPIC, "EventBusName": bus });
    shot.call(&desk, "list_rule_names_by_target_no_matches", "ListRuleNamesByTarget", input).await;
}
