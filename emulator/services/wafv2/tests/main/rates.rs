//! Rate-based rules on the clock, with each aggregation key.

use crate::desk::{Desk, STAGE, bytes, rule, transforms};
use kit::Verdict;
use serde_json::{Value, json};

fn rate(statement: Value) -> Value {
    let mut of = json!({ "Limit": 10, "EvaluationWindowSec": 60, "AggregateKeyType": "IP" });
    statement.as_object().unwrap().iter().for_each(|(k, v)| of[k] = v.clone());
    json!({ "RateBasedStatement": of })
}

async fn burst(desk: &Desk, request: &str, ip: &str, count: usize) {
    for _ in 0..count {
        desk.ask(STAGE, request, ip).await;
    }
}

#[tokio::test]
async fn a_client_above_its_limit_is_blocked_until_the_window_has_forgotten_it() {
    let desk = Desk::new().await;
    let acl = desk.guard(json!([rule("rate", 0, rate(json!({})), "Block")])).await;
    burst(&desk, "GET /", "192.0.2.1", 11).await;
    burst(&desk, "GET /", "192.0.2.2", 9).await;
    assert_eq!(desk.action_from("GET /", "192.0.2.1").await, "ALLOW", "the next check is ten seconds away");
    desk.advance(10).await;
    assert_eq!(desk.action_from("GET /", "192.0.2.1").await, "BLOCK");
    assert_eq!(desk.action_from("GET /", "192.0.2.2").await, "ALLOW");
    let keys = json!({ "Scope": "REGIONAL", "WebACLName": "guard", "WebACLId": acl["Id"], "RuleName": "rate" });
    let managed = desk.ok("GetRateBasedStatementManagedKeys", keys).await;
    assert_eq!(managed["ManagedKeysIPV4"]["Addresses"], json!(["192.0.2.1/32"]));
    assert_eq!(managed["ManagedKeysIPV6"]["Addresses"], json!([]));
    desk.advance(60).await;
    assert_eq!(desk.action_from("GET /", "192.0.2.1").await, "ALLOW", "one request in the window is not above ten");
}

#[tokio::test]
async fn requests_outside_the_scope_down_statement_are_not_counted() {
    let desk = Desk::new().await;
    let login = bytes(json!({ "UriPath": {} }), "/login", "EXACTLY", &["NONE"]);
    desk.guard(json!([rule("rate", 0, rate(json!({ "ScopeDownStatement": login })), "Block")])).await;
    burst(&desk, "GET /", "192.0.2.1", 20).await;
    burst(&desk, "GET /login", "192.0.2.2", 11).await;
    desk.advance(10).await;
    assert_eq!(desk.action_from("GET /login", "192.0.2.1").await, "ALLOW");
    assert_eq!(desk.action_from("GET /login", "192.0.2.2").await, "BLOCK");
    assert_eq!(desk.action_from("GET /", "192.0.2.2").await, "ALLOW");
}

/// What one request has in common with another that is counted with it, and what tells a third apart.
#[tokio::test]
async fn each_aggregation_key() {
    let long = |end: &str| format!("GET /{}{end}", "x".repeat(5000));
    let none = transforms(&["NONE"]);
    let forwarded = json!({ "HeaderName": "x-forwarded-for", "FallbackBehavior": "NO_MATCH" });
    let custom = |keys: Value| json!({ "AggregateKeyType": "CUSTOM_KEYS", "CustomKeys": keys });
    for (what, statement, same, other) in [
        (
            "constant",
            json!({ "AggregateKeyType": "CONSTANT", "ScopeDownStatement": bytes(json!({ "UriPath": {} }), "/c", "STARTS_WITH", &["NONE"]) }),
            "GET /c/1",
            "GET /d",
        ),
        (
            "forwarded",
            json!({ "AggregateKeyType": "FORWARDED_IP", "ForwardedIPConfig": forwarded }),
            "GET / HTTP/1.1\nx-forwarded-for: 198.51.100.1",
            "GET / HTTP/1.1\nx-forwarded-for: 198.51.100.2",
        ),
        (
            "header",
            custom(json!([{ "Header": { "Name": "x-key", "TextTransformations": none } }])),
            "GET / HTTP/1.1\nx-key: a",
            "GET / HTTP/1.1\nx-key: b",
        ),
        (
            "cookie",
            custom(json!([{ "Cookie": { "Name": "s", "TextTransformations": none } }])),
            "GET / HTTP/1.1\ncookie: s=a",
            "GET / HTTP/1.1\ncookie: s=b",
        ),
        ("argument", custom(json!([{ "QueryArgument": { "Name": "k", "TextTransformations": none } }])), "GET /?k=a", "GET /?k=b"),
        ("query", custom(json!([{ "QueryString": { "TextTransformations": none } }])), "GET /?a", "GET /?b"),
        ("path", custom(json!([{ "UriPath": { "TextTransformations": none } }])), "GET /a", "GET /b"),
        ("method", custom(json!([{ "HTTPMethod": {} }])), "GET /", "PUT /"),
        (
            "values with blanks",
            custom(
                json!([{ "Header": { "Name": "a", "TextTransformations": none } }, { "Header": { "Name": "b", "TextTransformations": none } }]),
            ),
            "GET / HTTP/1.1\na: x y\nb: z",
            "GET / HTTP/1.1\na: x\nb: y z",
        ),
        ("long values", custom(json!([{ "UriPath": { "TextTransformations": none } }])), &long("a"), &long("b")),
        ("two keys", custom(json!([{ "HTTPMethod": {} }, { "UriPath": { "TextTransformations": none } }])), "GET /a", "PUT /a"),
        (
            "forwarded beside a path",
            {
                let mut of = custom(json!([{ "ForwardedIP": {} }, { "UriPath": { "TextTransformations": none } }]));
                of["ForwardedIPConfig"] = forwarded.clone();
                of
            },
            "GET /a HTTP/1.1\nx-forwarded-for: 198.51.100.1",
            "GET /b HTTP/1.1\nx-forwarded-for: 198.51.100.1",
        ),
    ] {
        let desk = Desk::new().await;
        desk.guard(json!([rule("rate", 0, rate(statement), "Block")])).await;
        burst(&desk, same, "192.0.2.1", 11).await;
        desk.advance(10).await;
        assert_eq!(desk.action_from(same, "192.0.2.77").await, "BLOCK", "{what}");
        assert_eq!(desk.action_from(other, "192.0.2.1").await, "ALLOW", "{what}");
    }
}

#[tokio::test]
async fn labels_networks_and_addresses_as_keys() {
    let desk = Desk::new().await;
    desk.addresses(json!({ "198.51.100.0/24": { "asn": 64500 }, "203.0.113.0/24": { "asn": 64501 } })).await;
    let by_asn = json!({ "AggregateKeyType": "CUSTOM_KEYS", "CustomKeys": [{ "ASN": {} }] });
    let acl = desk.guard(json!([rule("rate", 0, rate(by_asn), "Block")])).await;
    burst(&desk, "GET /", "198.51.100.1", 11).await;
    desk.advance(10).await;
    assert_eq!(desk.action_from("GET /", "198.51.100.2").await, "BLOCK");
    assert_eq!(desk.action_from("GET /", "203.0.113.1").await, "ALLOW");
    let mut labels = rule("labels", 0, bytes(json!({ "UriPath": {} }), "/a", "STARTS_WITH", &["NONE"]), "Count");
    labels["RuleLabels"] = json!([{ "Name": "area:a" }]);
    let by_label =
        json!({ "AggregateKeyType": "CUSTOM_KEYS", "CustomKeys": [{ "LabelNamespace": { "Namespace": "area:" } }, { "IP": {} }] });
    desk.change(&acl, json!([labels, rule("other", 1, rate(by_label), "Block")])).await;
    burst(&desk, "GET /a", "198.51.100.1", 11).await;
    burst(&desk, "GET /b", "198.51.100.1", 11).await;
    desk.advance(10).await;
    assert_eq!(desk.action_from("GET /a/2", "198.51.100.1").await, "BLOCK");
    assert_eq!(desk.action_from("GET /b", "198.51.100.1").await, "ALLOW", "a request without the label is not counted");
    assert_eq!(desk.action_from("GET /a", "198.51.100.2").await, "ALLOW");
}

#[tokio::test]
async fn settings_that_make_no_sense_are_refused() {
    let desk = Desk::new().await;
    let acl = desk
        .guard(json!([rule("rate", 0, rate(json!({ "AggregateKeyType": "CUSTOM_KEYS", "CustomKeys": [{ "HTTPMethod": {} }] })), "Block")]))
        .await;
    for (statement, word) in [
        (rate(json!({ "EvaluationWindowSec": 61 })), "61"),
        (rate(json!({ "AggregateKeyType": "CONSTANT" })), "scope-down"),
        (rate(json!({ "AggregateKeyType": "FORWARDED_IP" })), "ForwardedIPConfig"),
        (rate(json!({ "AggregateKeyType": "CUSTOM_KEYS", "CustomKeys": [{ "IP": {} }] })), "An address alone"),
        (json!({ "NotStatement": { "Statement": rate(json!({})) } }), "nested"),
    ] {
        let refusal = desk.refused("CheckCapacity", json!({ "Scope": "REGIONAL", "Rules": [rule("r", 0, statement, "Block")] })).await;
        assert!(refusal.contains(word), "{refusal}");
    }
    let keys = json!({ "Scope": "REGIONAL", "WebACLName": "guard", "WebACLId": acl["Id"], "RuleName": "rate" });
    assert!(desk.refused("GetRateBasedStatementManagedKeys", keys).await.starts_with("WAFUnsupportedAggregateKeyTypeException"));
    assert!(matches!(desk.ask(STAGE, "GET /", "192.0.2.1").await, Verdict::Pass(_)));
}
