//! The control plane: lock tokens, references, limits, capacities, associations, tags, and whatever is refused by name.

use crate::desk::{Desk, POOL, STAGE, bytes, rule, transforms, visibility};
use serde_json::{Value, json};

fn acl(name: &str, rules: Value) -> Value {
    json!({ "Name": name, "Scope": "REGIONAL", "DefaultAction": { "Allow": {} }, "Rules": rules, "VisibilityConfig": visibility(name) })
}

#[tokio::test]
async fn web_acls_live_and_die_by_their_lock_tokens() {
    let desk = Desk::new().await;
    let made = desk.ok("CreateWebACL", acl("a", json!([]))).await["Summary"].clone();
    let arn = made["ARN"].as_str().unwrap();
    assert!(arn.starts_with("arn:aws:wafv2:us-east-1:000000000000:regional/webacl/a/"), "{arn}");
    assert!(desk.refused("CreateWebACL", acl("a", json!([]))).await.starts_with("WAFDuplicateItemException"));
    let found = desk.ok("GetWebACL", json!({ "Name": "a", "Scope": "REGIONAL", "Id": made["Id"] })).await;
    assert_eq!(found["LockToken"], made["LockToken"]);
    assert_eq!((&found["WebACL"]["Capacity"], &found["WebACL"]["LabelNamespace"]), (&json!(0), &json!("awswaf:000000000000:webacl:a:")));
    let mut change = acl("a", json!([rule("r", 0, bytes(json!({ "UriPath": {} }), "x", "CONTAINS", &["LOWERCASE"]), "Block")]));
    change["Id"] = made["Id"].clone();
    change["LockToken"] = made["LockToken"].clone();
    let next = desk.ok("UpdateWebACL", change.clone()).await["NextLockToken"].clone();
    assert_ne!(next, made["LockToken"]);
    assert!(desk.refused("UpdateWebACL", change).await.starts_with("WAFOptimisticLockException"));
    let by_arn = desk.ok("GetWebACL", json!({ "ARN": arn })).await;
    assert_eq!((&by_arn["LockToken"], &by_arn["WebACL"]["Capacity"]), (&next, &json!(20)));
    let gone = |lock: &Value| json!({ "Name": "a", "Scope": "REGIONAL", "Id": made["Id"], "LockToken": lock });
    assert!(desk.refused("DeleteWebACL", gone(&made["LockToken"])).await.starts_with("WAFOptimisticLockException"));
    desk.ok("DeleteWebACL", gone(&next)).await;
    assert!(desk.refused("GetWebACL", json!({ "ARN": arn })).await.starts_with("WAFNonexistentItemException"));
    assert_eq!(desk.ok("ListWebACLs", json!({ "Scope": "REGIONAL" })).await["WebACLs"], json!([]));
}

#[tokio::test]
async fn scopes_are_apart() {
    let desk = Desk::new().await;
    let mut global = acl("same", json!([]));
    global["Scope"] = "CLOUDFRONT".into();
    desk.ok("CreateWebACL", acl("same", json!([]))).await;
    let made = desk.ok("CreateWebACL", global).await;
    assert!(made["Summary"]["ARN"].as_str().unwrap().starts_with("arn:aws:wafv2:us-east-1:000000000000:global/webacl/same/"));
    assert_eq!(desk.ok("ListWebACLs", json!({ "Scope": "CLOUDFRONT" })).await["WebACLs"].as_array().unwrap().len(), 1);
    let refusal = desk.refused("AssociateWebACL", json!({ "WebACLArn": made["Summary"]["ARN"], "ResourceArn": STAGE })).await;
    assert!(refusal.starts_with("WAFNonexistentItemException"), "{refusal}");
}

#[tokio::test]
async fn lists_come_in_pages() {
    let desk = Desk::new().await;
    for n in 0..5 {
        desk.ok("CreateIPSet", json!({ "Name": format!("s{n}"), "Scope": "REGIONAL", "IPAddressVersion": "IPV4", "Addresses": [] })).await;
    }
    let first = desk.ok("ListIPSets", json!({ "Scope": "REGIONAL", "Limit": 3 })).await;
    let rest = desk.ok("ListIPSets", json!({ "Scope": "REGIONAL", "Limit": 3, "NextMarker": first["NextMarker"] })).await;
    let names =
        |page: &Value| page["IPSets"].as_array().unwrap().iter().map(|s| s["Name"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!((names(&first), names(&rest)), (vec!["s0".into(), "s1".into(), "s2".into()], vec!["s3".into(), "s4".to_string()]));
    assert!(rest.get("NextMarker").is_none());
    assert!(
        desk.refused("ListIPSets", json!({ "Scope": "REGIONAL", "NextMarker": "zz" })).await.starts_with("WAFInvalidParameterException")
    );
}

#[tokio::test]
async fn capacities_as_aws_publishes_them() {
    let desk = Desk::new().await;
    let set = json!({ "Name": "s", "Scope": "REGIONAL", "IPAddressVersion": "IPV4", "Addresses": [] });
    let set = desk.ok("CreateIPSet", set).await["Summary"]["ARN"].clone();
    let path = || json!({ "UriPath": {} });
    let of =
        |kind: &str, field: Value, kinds: &[&str]| json!({ kind: { "FieldToMatch": field, "TextTransformations": transforms(kinds) } });
    let json_body = || json!({ "JsonBody": { "MatchPattern": { "All": {} }, "MatchScope": "ALL" } });
    let mut size = of("SizeConstraintStatement", path(), &["NONE"]);
    size["SizeConstraintStatement"]["ComparisonOperator"] = "GT".into();
    size["SizeConstraintStatement"]["Size"] = 1.into();
    let mut high = of("SqliMatchStatement", path(), &["NONE"]);
    high["SqliMatchStatement"]["SensitivityLevel"] = "HIGH".into();
    let rate = |keys: Value| json!({ "RateBasedStatement": { "Limit": 100, "AggregateKeyType": "CUSTOM_KEYS", "CustomKeys": keys } });
    let any = json!({ "HeaderName": "x", "FallbackBehavior": "MATCH", "Position": "ANY" });
    for (statement, capacity) in [
        (bytes(path(), "a", "EXACTLY", &["NONE"]), 2),
        (bytes(path(), "a", "STARTS_WITH", &["LOWERCASE"]), 12),
        (bytes(path(), "a", "CONTAINS", &["LOWERCASE", "URL_DECODE"]), 30),
        (bytes(json!({ "AllQueryArguments": {} }), "a", "CONTAINS_WORD", &["NONE"]), 20),
        (bytes(json_body(), "a", "CONTAINS", &["LOWERCASE"]), 30),
        (of("SqliMatchStatement", path(), &["NONE"]), 20),
        (high, 30),
        (of("SqliMatchStatement", json_body(), &["NONE"]), 40),
        (of("XssMatchStatement", path(), &["URL_DECODE"]), 50),
        (size, 1),
        (json!({ "GeoMatchStatement": { "CountryCodes": ["DE"] } }), 1),
        (json!({ "AsnMatchStatement": { "AsnList": [1] } }), 1),
        (json!({ "IPSetReferenceStatement": { "ARN": set } }), 1),
        (json!({ "IPSetReferenceStatement": { "ARN": set, "IPSetForwardedIPConfig": any } }), 5),
        (json!({ "LabelMatchStatement": { "Scope": "LABEL", "Key": "a" } }), 1),
        (json!({ "RateBasedStatement": { "Limit": 100, "AggregateKeyType": "IP" } }), 2),
        (rate(json!([{ "HTTPMethod": {} }, { "IP": {} }])), 62),
        (json!({ "NotStatement": { "Statement": bytes(path(), "a", "EXACTLY", &["NONE"]) } }), 2),
        (
            json!({ "OrStatement": { "Statements": [bytes(path(), "a", "EXACTLY", &["NONE"]), bytes(path(), "b", "CONTAINS", &["NONE"])] } }),
            12,
        ),
    ] {
        let answer = desk.ok("CheckCapacity", json!({ "Scope": "REGIONAL", "Rules": [rule("r", 0, statement.clone(), "Block")] })).await;
        assert_eq!(answer["Capacity"], capacity, "{statement}");
    }
    let managed = json!({ "ManagedRuleGroupStatement": { "VendorName": "AWS", "Name": "AWSManagedRulesCommonRuleSet" } });
    let answer = desk.ok("CheckCapacity", json!({ "Scope": "REGIONAL", "Rules": [crate::desk::group_rule("m", 0, managed)] })).await;
    assert_eq!(answer["Capacity"], 700);
}

#[tokio::test]
async fn capacity_is_a_limit() {
    let desk = Desk::new().await;
    let sqli = json!({ "SqliMatchStatement": { "FieldToMatch": { "UriPath": {} }, "TextTransformations": transforms(&["NONE"]) } });
    let group = json!({ "Name": "g", "Scope": "REGIONAL", "Capacity": 19, "Rules": [rule("r", 0, sqli.clone(), "Block")], "VisibilityConfig": visibility("g") });
    assert!(desk.refused("CreateRuleGroup", group).await.contains("need 20 capacity units and the rule group has 19"));
    let many: Vec<Value> = (0..130)
        .map(|n| {
            rule(
                &format!("r{n}"),
                n,
                json!({ "XssMatchStatement": { "FieldToMatch": { "UriPath": {} }, "TextTransformations": transforms(&["NONE"]) } }),
                "Block",
            )
        })
        .collect();
    assert!(desk.refused("CreateWebACL", acl("a", many.into())).await.starts_with("WAFLimitsExceededException"));
}

#[tokio::test]
async fn rules_that_make_no_sense_are_refused() {
    let desk = Desk::new().await;
    let good = || bytes(json!({ "UriPath": {} }), "x", "CONTAINS", &["NONE"]);
    let none = json!({ "Name": "r", "Priority": 0, "Statement": good(), "VisibilityConfig": visibility("r") });
    let mut both = rule("r", 0, good(), "Block");
    both["Action"] = json!({ "Block": {}, "Count": {} });
    let mut two = good();
    two["GeoMatchStatement"] = json!({ "CountryCodes": ["DE"] });
    let missing = json!({ "IPSetReferenceStatement": { "ARN": "arn:aws:wafv2:us-east-1:000000000000:regional/ipset/x/00000000-0000-0000-0000-000000000000" } });
    for (rules, word) in [
        (json!([none]), "none or multiple values"),
        (json!([both]), "none or multiple values"),
        (json!([rule("r", 0, two, "Block")]), "none or multiple values"),
        (json!([rule("r", 0, json!({}), "Block")]), "none or multiple values"),
        (json!([rule("a", 0, good(), "Block"), rule("b", 0, good(), "Block")]), "RULE_PRIORITY"),
        (json!([rule("a", 0, good(), "Block"), rule("a", 1, good(), "Block")]), "used twice"),
        (json!([rule("a", 0, missing, "Block")]), "WAFNonexistentItemException"),
    ] {
        let refusal = desk.refused("CreateWebACL", acl("a", rules.clone())).await;
        assert!(refusal.contains(word), "{rules}: {refusal}");
    }
    for (member, value) in [
        ("DataProtectionConfig", json!({ "DataProtections": [{ "Field": { "FieldType": "BODY" }, "Action": "HASH" }] })),
        ("OnSourceDDoSProtectionConfig", json!({ "ALBLowReputationMode": "ALWAYS_ON" })),
    ] {
        let mut input = acl("a", json!([]));
        input[member] = value;
        let refusal = desk.refused("CreateWebACL", input).await;
        assert!(refusal.starts_with("NotImplemented") && refusal.contains(member), "{refusal}");
    }
}

#[tokio::test]
async fn associations() {
    let desk = Desk::new().await;
    let first = desk.guard(json!([])).await;
    let other = desk.web_acl("other", json!([])).await;
    let of = |arn: &'static str| json!({ "ResourceArn": arn });
    assert_eq!(desk.ok("GetWebACLForResource", of(STAGE)).await["WebACL"]["Name"], "guard");
    assert!(desk.ok("GetWebACLForResource", of(POOL)).await.get("WebACL").is_none());
    // A resource has one web ACL: the newest takes the place of the older one.
    desk.ok("AssociateWebACL", json!({ "WebACLArn": other["ARN"], "ResourceArn": STAGE })).await;
    desk.ok("AssociateWebACL", json!({ "WebACLArn": other["ARN"], "ResourceArn": POOL })).await;
    let listed = |acl: &Value, kind: &str| json!({ "WebACLArn": acl["ARN"], "ResourceType": kind });
    assert_eq!(desk.ok("ListResourcesForWebACL", listed(&first, "API_GATEWAY")).await["ResourceArns"], json!([]));
    assert_eq!(desk.ok("ListResourcesForWebACL", listed(&other, "API_GATEWAY")).await["ResourceArns"], json!([STAGE]));
    assert_eq!(desk.ok("ListResourcesForWebACL", listed(&other, "COGNITO_USER_POOL")).await["ResourceArns"], json!([POOL]));
    assert_eq!(desk.ok("ListResourcesForWebACL", json!({ "WebACLArn": other["ARN"] })).await["ResourceArns"], json!([]), "load balancers");
    let gone = json!({ "Name": "other", "Scope": "REGIONAL", "Id": other["Id"], "LockToken": other["LockToken"] });
    assert!(desk.refused("DeleteWebACL", gone.clone()).await.starts_with("WAFAssociatedItemException"));
    desk.ok("DisassociateWebACL", of(STAGE)).await;
    desk.ok("DisassociateWebACL", of(POOL)).await;
    desk.ok("DeleteWebACL", gone).await;
    for (resource, code) in [
        ("arn:aws:apigateway:us-east-1::/restapis/nobody/stages/live", "WAFNonexistentItemException"),
        ("arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/app/a/1", "NotImplemented"),
        ("nonsense-that-is-no-arn", "WAFInvalidParameterException"),
    ] {
        let refusal = desk.refused("AssociateWebACL", json!({ "WebACLArn": first["ARN"], "ResourceArn": resource })).await;
        assert!(refusal.starts_with(code), "{resource}: {refusal}");
    }
}

#[tokio::test]
async fn tags() {
    let desk = Desk::new().await;
    let made = desk.web_acl("a", json!([])).await;
    desk.ok("TagResource", json!({ "ResourceARN": made["ARN"], "Tags": [{ "Key": "a", "Value": "1" }, { "Key": "b", "Value": "2" }] }))
        .await;
    desk.ok("UntagResource", json!({ "ResourceARN": made["ARN"], "TagKeys": ["a"] })).await;
    let tags = desk.ok("ListTagsForResource", json!({ "ResourceARN": made["ARN"] })).await;
    assert_eq!(tags["TagInfoForResource"]["TagList"], json!([{ "Key": "b", "Value": "2" }]));
    let nobody = "arn:aws:wafv2:us-east-1:000000000000:regional/webacl/x/00000000-0000-0000-0000-000000000000";
    assert!(desk.refused("ListTagsForResource", json!({ "ResourceARN": nobody })).await.starts_with("WAFNonexistentItemException"));
}
