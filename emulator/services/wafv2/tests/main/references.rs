//! What rules refer to: IP sets, pattern sets, rule groups with their overrides, and labels.

use crate::desk::{Desk, bytes, group_rule, rule, transforms, visibility};
use serde_json::{Value, json};

#[tokio::test]
async fn ip_sets_by_client_and_by_header() {
    let desk = Desk::new().await;
    let set = json!({ "Name": "bad", "Scope": "REGIONAL", "IPAddressVersion": "IPV4", "Addresses": ["198.51.100.0/24"] });
    let set = desk.ok("CreateIPSet", set).await["Summary"].clone();
    let by = |from: Value| {
        let mut statement = json!({ "ARN": set["ARN"] });
        if !from.is_null() {
            statement["IPSetForwardedIPConfig"] = from;
        }
        json!([rule("set", 0, json!({ "IPSetReferenceStatement": statement }), "Block")])
    };
    let acl = desk.guard(by(Value::Null)).await;
    assert_eq!(desk.action_from("GET /", "198.51.100.9").await, "BLOCK");
    assert_eq!(desk.action_from("GET /", "192.0.2.1").await, "ALLOW");
    // A change of the set counts at once.
    let found = desk.ok("GetIPSet", json!({ "Name": "bad", "Scope": "REGIONAL", "Id": set["Id"] })).await;
    let change =
        json!({ "Name": "bad", "Scope": "REGIONAL", "Id": set["Id"], "Addresses": ["192.0.2.0/24"], "LockToken": found["LockToken"] });
    desk.ok("UpdateIPSet", change).await;
    assert_eq!(desk.action_from("GET /", "192.0.2.1").await, "BLOCK");
    assert_eq!(desk.action_from("GET /", "198.51.100.9").await, "ALLOW");
    for (position, value, action) in [
        ("FIRST", "192.0.2.5, 203.0.113.1", "BLOCK"),
        ("FIRST", "203.0.113.1, 192.0.2.5", "ALLOW"),
        ("LAST", "203.0.113.1, 192.0.2.5", "BLOCK"),
        ("ANY", "203.0.113.1, 192.0.2.5, 203.0.113.2", "BLOCK"),
        ("ANY", "203.0.113.1", "ALLOW"),
        ("ANY", "nonsense", "ALLOW"),
    ] {
        desk.change(&acl, by(json!({ "HeaderName": "x-forwarded-for", "FallbackBehavior": "NO_MATCH", "Position": position }))).await;
        let request = format!("GET / HTTP/1.1\nx-forwarded-for: {value}");
        assert_eq!(desk.action_from(&request, "203.0.113.9").await, action, "{position} of {value}");
    }
    let delete = json!({ "Name": "bad", "Scope": "REGIONAL", "Id": set["Id"], "LockToken": "11111111-1111-1111-1111-111111111111" });
    assert!(desk.refused("DeleteIPSet", delete.clone()).await.starts_with("WAFOptimisticLockException"));
    let found = desk.ok("GetIPSet", json!({ "Name": "bad", "Scope": "REGIONAL", "Id": set["Id"] })).await;
    let delete = json!({ "Name": "bad", "Scope": "REGIONAL", "Id": set["Id"], "LockToken": found["LockToken"] });
    assert!(desk.refused("DeleteIPSet", delete).await.starts_with("WAFAssociatedItemException"));
}

#[tokio::test]
async fn pattern_sets() {
    let desk = Desk::new().await;
    let list = json!([{ "RegexString": "^/a" }, { "RegexString": "b$" }]);
    let set = json!({ "Name": "patterns", "Scope": "REGIONAL", "RegularExpressionList": list });
    let set = desk.ok("CreateRegexPatternSet", set).await["Summary"].clone();
    let statement = json!({ "RegexPatternSetReferenceStatement": { "ARN": set["ARN"], "FieldToMatch": { "UriPath": {} }, "TextTransformations": transforms(&["NONE"]) } });
    desk.guard(json!([rule("set", 0, statement, "Block")])).await;
    assert_eq!(desk.action("GET /a1").await, "BLOCK");
    assert_eq!(desk.action("GET /1b").await, "BLOCK");
    assert_eq!(desk.action("GET /1").await, "ALLOW");
    let eleven: Vec<Value> = (0..11).map(|n| json!({ "RegexString": n.to_string() })).collect();
    let many = json!({ "Name": "many", "Scope": "REGIONAL", "RegularExpressionList": eleven });
    assert!(desk.refused("CreateRegexPatternSet", many).await.starts_with("WAFLimitsExceededException"));
    let bad = json!({ "Name": "bad", "Scope": "REGIONAL", "RegularExpressionList": [{ "RegexString": "(?<!a)b" }] });
    assert!(desk.refused("CreateRegexPatternSet", bad).await.starts_with("WAFInvalidParameterException"));
}

/// A group whose rules label and block.
async fn group(desk: &Desk) -> Value {
    let path = |text: &str| bytes(json!({ "UriPath": {} }), text, "CONTAINS", &["NONE"]);
    let mut labels = rule("labels", 0, path("mark"), "Count");
    labels["RuleLabels"] = json!([{ "Name": "seen:it" }]);
    let blocks = rule("blocks", 1, path("evil"), "Block");
    let input =
        json!({ "Name": "group", "Scope": "REGIONAL", "Capacity": 50, "Rules": [labels, blocks], "VisibilityConfig": visibility("group") });
    desk.ok("CreateRuleGroup", input).await["Summary"].clone()
}

#[tokio::test]
async fn rule_groups_their_overrides_and_labels() {
    let desk = Desk::new().await;
    let made = group(&desk).await;
    let refer = |extra: Value| {
        let mut of = json!({ "ARN": made["ARN"] });
        extra.as_object().unwrap().iter().for_each(|(k, v)| of[k] = v.clone());
        group_rule("refers", 0, json!({ "RuleGroupReferenceStatement": of }))
    };
    let acl = desk.guard(json!([refer(json!({}))])).await;
    assert_eq!(desk.action("GET /evil").await, "BLOCK");
    assert_eq!(desk.action("GET /mark").await, "ALLOW");
    // One rule is turned into Count, the rest stays.
    desk.change(&acl, json!([refer(json!({ "RuleActionOverrides": [{ "Name": "blocks", "ActionToUse": { "Count": {} } }] }))])).await;
    assert_eq!(desk.action("GET /evil").await, "ALLOW");
    // The group's result is counted only.
    let mut counted = refer(json!({}));
    counted["OverrideAction"] = json!({ "Count": {} });
    desk.change(&acl, json!([counted])).await;
    assert_eq!(desk.action("GET /evil").await, "ALLOW");
    // Later rules see the labels, by their whole name and by namespace.
    for (key, scope) in [("awswaf:000000000000:rulegroup:group:seen:it", "LABEL"), ("awswaf:000000000000:rulegroup:group:", "NAMESPACE")] {
        let by_label = rule("label", 1, json!({ "LabelMatchStatement": { "Scope": scope, "Key": key } }), "Block");
        desk.change(&acl, json!([refer(json!({})), by_label])).await;
        assert_eq!(desk.action("GET /mark").await, "BLOCK", "{key}");
        assert_eq!(desk.action("GET /other").await, "ALLOW", "{key}");
    }
    let shown = desk.ok("GetRuleGroup", json!({ "ARN": made["ARN"] })).await;
    assert_eq!(shown["RuleGroup"]["AvailableLabels"], json!([{ "Name": "awswaf:000000000000:rulegroup:group:seen:it" }]));
    let lock = shown["LockToken"].clone();
    let gone = json!({ "Name": "group", "Scope": "REGIONAL", "Id": made["Id"], "LockToken": lock });
    assert!(desk.refused("DeleteRuleGroup", gone).await.starts_with("WAFAssociatedItemException"));
}

#[tokio::test]
async fn labels_of_the_web_acl_itself_need_no_namespace() {
    let desk = Desk::new().await;
    let mut first = rule("first", 0, bytes(json!({ "UriPath": {} }), "/a", "STARTS_WITH", &["NONE"]), "Count");
    first["RuleLabels"] = json!([{ "Name": "area:a" }]);
    let second = rule("second", 1, json!({ "LabelMatchStatement": { "Scope": "LABEL", "Key": "area:a" } }), "Block");
    desk.guard(json!([second.clone(), first.clone()])).await;
    assert_eq!(desk.action("GET /a").await, "BLOCK", "rules go by priority, not by their place in the list");
    assert_eq!(desk.action("GET /b").await, "ALLOW");
    let mut reserved = first.clone();
    reserved["RuleLabels"] = json!([{ "Name": "awswaf:x" }]);
    let refusal = desk.refused("CheckCapacity", json!({ "Scope": "REGIONAL", "Rules": [reserved] })).await;
    assert!(refusal.contains("LABEL"), "{refusal}");
}
