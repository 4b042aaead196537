//! What a request costs. Ignored: it means something in a release build on a quiet machine only.

use crate::desk::{Desk, bytes, rule, transforms};
use serde_json::{Value, json};

/// CPU time of this thread, nanoseconds.
fn cpu_ns() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux tells it");
    text.split(' ').next().and_then(|ns| ns.parse().ok()).expect("a number")
}

/// A hundred rules of the kinds that people write: texts, patterns, sizes, addresses, a few injections.
fn rules(set: &Value) -> Value {
    let one = |n: i32| {
        let name = format!("r{n}");
        let statement = match n % 10 {
            0..4 => bytes(json!({ "UriPath": {} }), &format!("/blocked/{n}"), "STARTS_WITH", &["LOWERCASE"]),
            4 | 5 => bytes(json!({ "SingleHeader": { "Name": "user-agent" } }), &format!("bot-{n}"), "CONTAINS", &["LOWERCASE"]),
            6 => {
                json!({ "RegexMatchStatement": { "RegexString": format!(r"^/v\d+/secret{n}$"), "FieldToMatch": { "UriPath": {} }, "TextTransformations": transforms(&["URL_DECODE"]) } })
            }
            7 => json!({ "IPSetReferenceStatement": { "ARN": set } }),
            8 => {
                json!({ "SizeConstraintStatement": { "FieldToMatch": { "QueryString": {} }, "ComparisonOperator": "GT", "Size": 4096 + n, "TextTransformations": transforms(&["NONE"]) } })
            }
            _ => {
                json!({ "SqliMatchStatement": { "FieldToMatch": { "AllQueryArguments": {} }, "TextTransformations": transforms(&["URL_DECODE"]) } })
            }
        };
        rule(&name, n, statement, "Block")
    };
    (0..100).map(one).collect()
}

#[tokio::test]
#[ignore = "a figure: cargo test --release -p wafv2 --test main figures -- --ignored --nocapture"]
async fn a_hundred_rules_cost_less_than_a_hundred_microseconds() {
    let desk = Desk::new().await;
    let addresses: Vec<String> = (0..200).map(|n| format!("198.18.{n}.0/24")).collect();
    let set = desk.ok("CreateIPSet", json!({ "Name": "s", "Scope": "REGIONAL", "IPAddressVersion": "IPV4", "Addresses": addresses })).await;
    desk.guard(rules(&set["Summary"]["ARN"])).await;
    let request = "GET /live/images?user=ada&order=newest&page=2 HTTP/1.1\nhost: abc.execute-api.us-east-1.amazonaws.com\n\
        user-agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\naccept: application/json\nauthorization: Bearer abc";
    for _ in 0..200 {
        assert_eq!(desk.action(request).await, "ALLOW");
    }
    let (rounds, began) = (2000, cpu_ns());
    for _ in 0..rounds {
        desk.action(request).await;
    }
    let us = (cpu_ns() - began) as f64 / 1000.0 / f64::from(rounds);
    println!("100 rules: {us:.1} us CPU a request");
    assert!(us < 100.0, "{us:.1} us");
}
