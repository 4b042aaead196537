//! Each kind of statement and each part of a request: one request that fits, one that doesn't.

use crate::desk::{Desk, bytes, rule, transforms};
use serde_json::{Value, json};

/// Blocks what a statement fits; asks with requests that fit and ones that don't.
async fn holds(statement: Value, fits: &[&str], others: &[&str]) {
    let desk = Desk::new().await;
    desk.guard(json!([rule("it", 0, statement.clone(), "Block")])).await;
    for request in fits {
        assert_eq!(desk.action(request).await, "BLOCK", "{statement} should fit {request}");
    }
    for request in others {
        assert_eq!(desk.action(request).await, "ALLOW", "{statement} should not fit {request}");
    }
}

#[tokio::test]
async fn byte_match_at_each_position() {
    let path = || json!({ "UriPath": {} });
    holds(bytes(path(), "/a", "EXACTLY", &["NONE"]), &["GET /a"], &["GET /a/b", "GET /A"]).await;
    holds(bytes(path(), "/a", "STARTS_WITH", &["NONE"]), &["GET /a/b"], &["GET /b/a"]).await;
    holds(bytes(path(), "/a", "ENDS_WITH", &["NONE"]), &["GET /b/a"], &["GET /a/b"]).await;
    holds(bytes(path(), "a/b", "CONTAINS", &["NONE"]), &["GET /x/a/b/c"], &["GET /x/ab"]).await;
    holds(bytes(path(), "bad", "CONTAINS_WORD", &["NONE"]), &["GET /a-bad", "GET /bad"], &["GET /bad1", "GET /_bad"]).await;
    holds(bytes(path(), "/admin", "STARTS_WITH", &["URL_DECODE", "LOWERCASE"]), &["GET /%41DMIN"], &["GET /adm"]).await;
}

#[tokio::test]
async fn each_part_of_a_request() {
    let contains = |field: Value| bytes(field, "evil", "CONTAINS", &["NONE"]);
    let plain = "GET / HTTP/1.1\nhost: h";
    let all = |name: &str| json!({ name: { "MatchPattern": { "All": {} }, "MatchScope": "ALL", "OversizeHandling": "NO_MATCH" } });
    holds(
        contains(json!({ "SingleHeader": { "Name": "X-Who" } })),
        &["GET / HTTP/1.1\nx-who: evil"],
        &[plain, "GET / HTTP/1.1\nx-other: evil"],
    )
    .await;
    holds(contains(all("Headers")), &["GET / HTTP/1.1\nx-any: evil", "GET / HTTP/1.1\nx-evil: 1"], &[plain]).await;
    let named =
        json!({ "Headers": { "MatchPattern": { "ExcludedHeaders": ["x-any"] }, "MatchScope": "VALUE", "OversizeHandling": "CONTINUE" } });
    holds(contains(named), &["GET / HTTP/1.1\nx-b: evil"], &["GET / HTTP/1.1\nx-any: evil", "GET / HTTP/1.1\nx-evil: 1"]).await;
    holds(contains(all("Cookies")), &["GET / HTTP/1.1\ncookie: a=1; b=evil"], &[plain, "GET / HTTP/1.1\nx-any: evil"]).await;
    let cookie = json!({ "Cookies": { "MatchPattern": { "IncludedCookies": ["b"] }, "MatchScope": "VALUE", "OversizeHandling": "MATCH" } });
    holds(contains(cookie), &["GET / HTTP/1.1\ncookie: b=evil"], &["GET / HTTP/1.1\ncookie: a=evil"]).await;
    let order = bytes(json!({ "HeaderOrder": { "OversizeHandling": "MATCH" } }), "host:user-agent:accept", "EXACTLY", &["NONE"]);
    holds(order, &["GET / HTTP/1.1\nhost: h\nuser-agent: u\naccept: a"], &["GET / HTTP/1.1\nhost: h\naccept: a\nuser-agent: u"]).await;
    holds(contains(json!({ "SingleQueryArgument": { "Name": "q" } })), &["GET /?q=evil", "GET /?Q=evil"], &["GET /?p=evil", "GET /"]).await;
    holds(contains(json!({ "AllQueryArguments": {} })), &["GET /?a=1&p=evil"], &["GET /?evil=1", "GET /evil"]).await;
    holds(contains(json!({ "QueryString": {} })), &["GET /?evil=1"], &["GET /evil", "GET /"]).await;
    holds(contains(json!({ "UriPath": {} })), &["GET /evil"], &["GET /?evil=1"]).await;
    holds(bytes(json!({ "Method": {} }), "DELETE", "EXACTLY", &["NONE"]), &["DELETE /"], &["GET /"]).await;
    holds(contains(json!({ "Body": { "OversizeHandling": "CONTINUE" } })), &["POST / HTTP/1.1\nhost: h\n\nan evil body"], &[plain]).await;
}

#[tokio::test]
async fn json_bodies() {
    let post = |body: &str| format!("POST / HTTP/1.1\nhost: h\n\n{body}");
    let json_body = |scope: &str, pattern: Value, invalid: Option<&str>| {
        let mut body = json!({ "MatchPattern": pattern, "MatchScope": scope, "OversizeHandling": "CONTINUE" });
        if let Some(invalid) = invalid {
            body["InvalidFallbackBehavior"] = invalid.into();
        }
        bytes(json!({ "JsonBody": body }), "evil", "EXACTLY", &["NONE"])
    };
    let value = post(r#"{"a": {"b": "evil"}}"#);
    let key = post(r#"{"evil": 1}"#);
    let broken = post(r#"{"a": "evil", "#);
    holds(json_body("VALUE", json!({ "All": {} }), None), &[&value, &broken], &[&key, &post("{}")]).await;
    holds(json_body("KEY", json!({ "All": {} }), None), &[&key], &[&value]).await;
    holds(json_body("ALL", json!({ "IncludedPaths": ["/a/b"] }), None), &[&value], &[&key, &post(r#"{"a": {"c": "evil"}}"#)]).await;
    holds(json_body("ALL", json!({ "All": {} }), Some("MATCH")), &[&post("no json")], &[&post("{}")]).await;
    holds(json_body("ALL", json!({ "All": {} }), Some("NO_MATCH")), &[&value], &[&broken]).await;
    holds(json_body("ALL", json!({ "All": {} }), Some("EVALUATE_AS_STRING")), &[&post("evil")], &[&post("not evil")]).await;
}

#[tokio::test]
async fn what_is_too_large_is_handled_as_the_rule_says() {
    let large = format!("POST / HTTP/1.1\nhost: h\n\n{}evil", "x".repeat(16 << 10));
    let early = format!("POST / HTTP/1.1\nhost: h\n\nevil{}", "x".repeat(16 << 10));
    let body = |handling: &str| bytes(json!({ "Body": { "OversizeHandling": handling } }), "evil", "CONTAINS", &["NONE"]);
    holds(body("CONTINUE"), &[&early], &[&large]).await;
    holds(body("MATCH"), &[&large, &early], &["POST / HTTP/1.1\nhost: h\n\nfine"]).await;
    holds(body("NO_MATCH"), &["POST / HTTP/1.1\nhost: h\n\nevil"], &[&large, &early]).await;
    let many: String = (0..201).map(|n| format!("\nx-{n}: 1")).collect();
    let headers = json!({ "Headers": { "MatchPattern": { "All": {} }, "MatchScope": "ALL", "OversizeHandling": "MATCH" } });
    holds(bytes(headers, "evil", "CONTAINS", &["NONE"]), &[&format!("GET / HTTP/1.1{many}")], &["GET / HTTP/1.1\nx: 1"]).await;
}

#[tokio::test]
async fn fingerprints_and_fragments_fall_back() {
    for kind in ["JA3Fingerprint", "JA4Fingerprint", "UriFragment"] {
        let field = |fallback: &str| bytes(json!({ kind: { "FallbackBehavior": fallback } }), "x", "EXACTLY", &["NONE"]);
        holds(field("MATCH"), &["GET /"], &[]).await;
        holds(field("NO_MATCH"), &[], &["GET /"]).await;
    }
}

#[tokio::test]
async fn patterns() {
    let regex = |pattern: &str| json!({ "RegexMatchStatement": { "RegexString": pattern, "FieldToMatch": { "UriPath": {} }, "TextTransformations": transforms(&["LOWERCASE"]) } });
    holds(regex(r"^/v\d+/(users|admins)$"), &["GET /v12/USERS"], &["GET /v/users", "GET /v1/users/2"]).await;
    let desk = Desk::new().await;
    for bad in ["(a", "a(?=b)", r"(a)\1", "(?>a)", &"a".repeat(600)] {
        let refusal = desk.refused("CheckCapacity", json!({ "Scope": "REGIONAL", "Rules": [rule("r", 0, regex(bad), "Block")] })).await;
        assert!(refusal.starts_with("WAFInvalidParameterException"), "{bad}: {refusal}");
    }
}

#[tokio::test]
async fn injections() {
    let at =
        |kind: &str| json!({ kind: { "FieldToMatch": { "AllQueryArguments": {} }, "TextTransformations": transforms(&["URL_DECODE"]) } });
    holds(
        at("SqliMatchStatement"),
        &["GET /?id=1%27%20OR%20%271%27=%271", "GET /?q=1+UNION+SELECT+password+FROM+users"],
        &["GET /?id=42", "GET /?q=select+a+union+job"],
    )
    .await;
    holds(at("XssMatchStatement"), &["GET /?q=%3Cscript%3Ealert(1)%3C/script%3E"], &["GET /?q=a+%3C+b", "GET /?q=script"]).await;
    let mut high = at("SqliMatchStatement");
    high["SqliMatchStatement"]["SensitivityLevel"] = "HIGH".into();
    let twice = "GET /?id=1%2527%2520OR%2520%25271%2527=%25271";
    holds(high, &[twice], &["GET /?id=42"]).await;
    holds(at("SqliMatchStatement"), &[], &[twice]).await;
}

#[tokio::test]
async fn sizes() {
    let size = |operator: &str, size: i64| json!({ "SizeConstraintStatement": { "FieldToMatch": { "QueryString": {} }, "ComparisonOperator": operator, "Size": size, "TextTransformations": transforms(&["NONE"]) } });
    holds(size("GT", 3), &["GET /?abcd"], &["GET /?abc"]).await;
    holds(size("GE", 3), &["GET /?abc"], &["GET /?ab"]).await;
    holds(size("LT", 3), &["GET /?ab", "GET /"], &["GET /?abc"]).await;
    holds(size("LE", 3), &["GET /?abc"], &["GET /?abcd"]).await;
    holds(size("EQ", 0), &["GET /"], &["GET /?a"]).await;
    holds(size("NE", 0), &["GET /?a"], &["GET /"]).await;
}

#[tokio::test]
async fn logic() {
    let has = |text: &str| bytes(json!({ "UriPath": {} }), text, "CONTAINS", &["NONE"]);
    holds(json!({ "AndStatement": { "Statements": [has("a"), has("b")] } }), &["GET /ab"], &["GET /a", "GET /b"]).await;
    holds(json!({ "OrStatement": { "Statements": [has("a"), has("b")] } }), &["GET /a", "GET /b"], &["GET /c"]).await;
    holds(json!({ "NotStatement": { "Statement": has("a") } }), &["GET /b"], &["GET /a"]).await;
    let desk = Desk::new().await;
    let one = json!({ "AndStatement": { "Statements": [has("a")] } });
    let refusal = desk.refused("CheckCapacity", json!({ "Scope": "REGIONAL", "Rules": [rule("r", 0, one, "Block")] })).await;
    assert!(refusal.contains("AND_STATEMENT"), "{refusal}");
}

#[tokio::test]
async fn countries_and_networks() {
    let desk = Desk::new().await;
    desk.addresses(json!({
        "198.51.100.0/24": { "country": "DE", "region": "BE", "asn": 64500 },
        "2001:db8::/32": { "country": "FR" },
    }))
    .await;
    let geo = |from: Value| {
        let mut statement = json!({ "CountryCodes": ["DE", "FR"] });
        if !from.is_null() {
            statement["ForwardedIPConfig"] = from;
        }
        json!({ "GeoMatchStatement": statement })
    };
    let acl = desk.guard(json!([rule("geo", 0, geo(Value::Null), "Block")])).await;
    for (ip, action) in [("198.51.100.7", "BLOCK"), ("2001:db8::1", "BLOCK"), ("192.0.2.1", "ALLOW")] {
        assert_eq!(desk.action_from("GET /", ip).await, action, "{ip}");
    }
    let told = desk.explain("guard", "GET / HTTP/1.1\nhost: h").await;
    assert_eq!(told["labels"], json!(["awswaf:clientip:geo:country:XX", "awswaf:clientip:geo:region:XX-XX"]));
    let from = json!({ "HeaderName": "X-Forwarded-For", "FallbackBehavior": "MATCH" });
    desk.change(&acl, json!([rule("geo", 0, geo(from), "Block")])).await;
    for (value, action) in [("198.51.100.7, 192.0.2.1", "BLOCK"), ("192.0.2.1, 198.51.100.7", "ALLOW"), ("nonsense", "BLOCK")] {
        assert_eq!(desk.action(&format!("GET / HTTP/1.1\nx-forwarded-for: {value}")).await, action, "{value}");
    }
    assert_eq!(desk.action("GET /").await, "ALLOW", "without the header the statement does not apply");
    desk.change(&acl, json!([rule("asn", 0, json!({ "AsnMatchStatement": { "AsnList": [64500] } }), "Block")])).await;
    assert_eq!(desk.action_from("GET /", "198.51.100.7").await, "BLOCK");
    assert_eq!(desk.action_from("GET /", "192.0.2.1").await, "ALLOW");
    assert_eq!(desk.door("PUT", "/_windtunnel/wafv2/addresses", r#"{"x": {}}"#).await.0, 400);
}
