//! Filter policies as they are set: shape, operators, complexity. The recordings subscribe phones; queues stand for them here.

use super::play::Play;
use crate::desk::queue_arn;
use serde_json::{Value, json};

/// Subscribes with each policy. Texts, because the places in AWS's sentences count characters.
async fn refused(cases: &[(&str, &str)]) -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    for (name, policy) in cases {
        subscribe(&mut play, name, &topic, policy, None).await;
    }
    play
}

async fn subscribe(play: &mut Play, name: &str, topic: &str, policy: &str, scope: Option<&str>) {
    let mut attributes = json!({ "FilterPolicy": policy });
    if let Some(scope) = scope {
        attributes["FilterPolicyScope"] = scope.into();
    }
    let input = json!({ "TopicArn": topic, "Protocol": "sqs", "Endpoint": queue_arn("q"), "Attributes": attributes });
    play.shot(name, "Subscribe", input).await;
}

pub async fn shape() -> Play {
    refused(&[
        ("error-condition-list", r#"{"key":[["value"]]}"#),
        ("error-condition-operator", r#"{"key":[{"wrong-operator":true}]}"#),
        ("error-condition-two-operators", r#"{"key":[{"suffix":"value","prefix":"value2"}]}"#),
    ])
    .await
}

pub async fn texts() -> Play {
    refused(&[
        ("error-condition-empty-array", r#"{"key":[]}"#),
        ("error-condition-is-numeric", r#"{"key":[{"suffix":100}]}"#),
        ("error-condition-is-none", r#"{"key":[{"suffix":null}]}"#),
        ("error-condition-is-not-list-and-operator", r#"{"key":{"suffix":"value"}}"#),
        ("error-condition-empty-list", r#"{"key":[{"suffix":[]}]}"#),
        ("error-condition-list-wrong-type", r#"{"key":[{"suffix":["test","test2"]}]}"#),
        ("error-condition-is-not-list-two-ops", r#"{"key":{"suffix":"value","prefix":"value"}}"#),
        ("error-condition-is-not-list-and-no-operator", r#"{"key":{"not-an-operator":"value"}}"#),
        ("error-condition-bad-type", r#"{"key":[{"cidr":["bad-filter"]}]}"#),
        ("error-condition-bad-cidr-str", r#"{"key":[{"cidr":"bad-filter"}]}"#),
        ("error-condition-bad-cidr-str-slash", r#"{"key":[{"cidr":"bad-filter/64"}]}"#),
        ("error-condition-bad-cidr-str-slash-2", r#"{"key":[{"cidr":"bad-/64filter"}]}"#),
        ("error-condition-bad-cidr-v4", r#"{"key":[{"cidr":"xx.11.xx/8"}]}"#),
        ("error-condition-bad-cidr-v6", r#"{"key":[{"cidr":"xxxx:db8:1234:1a00::/64"}]}"#),
    ])
    .await
}

pub async fn numbers() -> Play {
    refused(&[
        ("error-numeric-empty", r#"{"key":[{"numeric":[]}]}"#),
        ("error-numeric-wrong-operator", r#"{"key":[{"numeric":["operator"]}]}"#),
        ("error-numeric-operator-order", r#"{"key":[{"numeric":[1,"<="]}]}"#),
        ("error-numeric-type", r#"{"key":[{"numeric":["=","000"]}]}"#),
        ("error-numeric-missing-value", r#"{"key":[{"numeric":[">="]}]}"#),
        ("error-numeric-wrong-range-order", r#"{"key":[{"numeric":["<",100,">",10]}]}"#),
        ("error-numeric-wrong-range-operators", r#"{"key":[{"numeric":[">=",1,">",2]}]}"#),
        ("error-numeric-wrong-value-order", r#"{"key":[{"numeric":[">",3,"<",1]}]}"#),
        ("error-numeric-missing-range-value", r#"{"key":[{"numeric":[">",20,"<="]}]}"#),
        ("error-numeric-missing-range-operator", r#"{"key":[{"numeric":[">",20,30]}]}"#),
        ("error-numeric-wrong-second-range-operator", r#"{"key":[{"numeric":[">",20,"test"]}]}"#),
        ("error-numeric-wrong-range-value-1-type", r#"{"key":[{"numeric":[">","20","<","30"]}]}"#),
        ("error-numeric-wrong-range-value-2-type", r#"{"key":[{"numeric":[">",20,"<","30"]}]}"#),
        ("error-numeric-too-many-range", r#"{"key":[{"numeric":[">",20,"<",30,"<",50]}]}"#),
    ])
    .await
}

pub async fn exists() -> Play {
    refused(&[("error-condition-none", r#"{"key":[{"exists":null}]}"#), ("error-condition-string", r#"{"key":[{"exists":"no"}]}"#)]).await
}

pub async fn anything_but() -> Play {
    let play = refused(&[
        ("error-condition-wrong-operator", r#"{"key":[{"anything-but":{"wrong-operator":null}}]}"#),
        ("error-condition-anything-but-suffix", r#"{"key":[{"anything-but":{"suffix":"test"}}]}"#),
        ("error-condition-anything-but-exists", r#"{"key":[{"anything-but":{"exists":false}}]}"#),
        ("error-condition-anything-but-prefix-wrong-type", r#"{"key":[{"anything-but":{"prefix":false}}]}"#),
    ])
    .await;
    let topic = play.topic(json!({})).await;
    let arn = play.queue(&topic, "good").await;
    for good in [r#"{"key":[{"anything-but":{"prefix":"test-"}}]}"#, r#"{"key":[{"anything-but":["test","test2"]}]}"#] {
        play.put(&arn, "FilterPolicy", good).await;
    }
    play
}

fn values(count: usize) -> Value {
    (0..count).map(|i| Value::from(format!("value{i}"))).collect()
}

pub async fn complexity() -> Play {
    let six: serde_json::Map<String, Value> = (1..=6).map(|i| (format!("key{i}"), json!([format!("value{i}")]))).collect();
    refused(&[
        ("error-complexity-in-one-condition", &json!({ "key": values(151) }).to_string()),
        ("error-complexity-in-two-conditions", &json!({ "key1": values(100), "key2": values(51) }).to_string()),
        ("error-complexity-too-many-fields", &Value::Object(six).to_string()),
    ])
    .await
}

pub async fn complexity_with_or() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    let flat = |sources: usize, spaces: usize| {
        let inner = json!([{ "metricId": values(4) }, { "spaceId": values(spaces) }]);
        json!({ "source": values(sources), "$or": [{ "metricName": values(6) }, { "metricType": values(4), "$or": inner }] })
    };
    let nested = json!({
        "$or": [{ "metricName": values(3) }, { "namespace": values(2) }],
        "detail": { "scope": values(2), "$or": [{ "source": values(1) }, { "type": values(3) }] },
    });
    subscribe(&mut play, "error-complexity-or-flat", &topic, &flat(4, 4).to_string(), Some("MessageAttributes")).await;
    subscribe(&mut play, "error-complexity-or-nested", &topic, &nested.to_string(), Some("MessageBody")).await;
    // 150 are just few enough.
    play.desk.subscribe(&topic, "sqs", &queue_arn("q"), json!({ "FilterPolicy": flat(3, 7).to_string() })).await;
    play
}

pub async fn nested() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    let arn = play.queue(&topic, "q").await;
    let policy = r#"{"object": {"key": [{"prefix": "auto-"}]}}"#;
    let refused = play.set(&arn, "FilterPolicy", policy).await;
    play.keep("sub-filter-policy-nested-error", refused);
    play.put(&arn, "FilterPolicyScope", "MessageBody").await;
    play.put(&arn, "FilterPolicy", policy).await;
    play.attributes("sub-attrs-after-setting-nested-policy", &arn).await;
    play
}

pub async fn constraints() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    let arn = play.queue(&topic, "q").await;
    play.put(&arn, "FilterPolicyScope", "MessageBody").await;
    let many = json!({ "key_a": { "key_b": { "key_c": values(4) } }, "key_d": { "key_e": values(3) }, "key_f": values(3) });
    let keys: serde_json::Map<String, Value> = "abcdef".chars().map(|c| (format!("key_{c}"), json!(["value"]))).collect();
    for (name, policy) in [
        ("sub-filter-policy-nested-error-too-many-combinations", many.to_string()),
        ("sub-filter-policy-max-attr-keys", Value::Object(keys).to_string()),
        ("sub-filter-policy-rule-no-list", r#"{"key_a":"value_one"}"#.to_owned()),
    ] {
        let refused = play.set(&arn, "FilterPolicy", &policy).await;
        play.keep(name, refused);
    }
    play
}

pub async fn scope() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    let arn = play.queue(&topic, "q").await;
    play.attributes("sub-attrs-default", &arn).await;
    play.put(&arn, "FilterPolicyScope", "MessageBody").await;
    play.attributes("sub-attrs-filter-scope-body", &arn).await;
    let refused = play.set(&arn, "FilterPolicyScope", "RandomValue").await;
    play.keep("sub-attrs-filter-scope-error", refused);
    play.put(&arn, "FilterPolicy", r#"{"attr": ["match-this"]}"#).await;
    play.attributes("sub-attrs-after-setting-policy", &arn).await;
    play
}
