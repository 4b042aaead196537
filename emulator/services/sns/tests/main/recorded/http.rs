//! HTTP endpoints: requests as they come in, and the links that are followed without a signature.

use super::play::Play;
use crate::{
    desk::{Endpoint, Seen},
    endpoints::{follow, open},
};
use serde_json::{Map, Value, json};

/// Headers as the recordings write them.
fn headers(request: &Seen) -> Value {
    let title = |name: &str| {
        let parts = name.split('-').map(|part| part[..1].to_ascii_uppercase() + &part[1..]);
        parts.collect::<Vec<_>>().join("-")
    };
    request.headers.iter().map(|(name, value)| (title(name), Value::from(value.as_str()))).collect::<Map<_, _>>().into()
}

/// XML as the recordings write it: elements by name, namespaces left out.
fn xml(text: &str) -> Value {
    let mut top = Map::new();
    elements(text.trim_start_matches(|c| c != '>').trim_start_matches('>'), &mut top);
    if top.is_empty() {
        elements(text, &mut top);
    }
    Value::Object(top)
}
fn elements(mut text: &str, into: &mut Map<String, Value>) {
    while let Some(start) = text.find('<') {
        let rest = &text[start + 1..];
        let head_end = rest.find('>').unwrap();
        let head = &rest[..head_end];
        let name = head.split([' ', '/']).next().unwrap();
        if head.ends_with('/') || head.starts_with('?') {
            if !head.starts_with('?') {
                into.insert(name.to_owned(), Value::Null);
            }
            text = &rest[head_end + 1..];
            continue;
        }
        let closing = format!("</{name}>");
        let end = rest.find(&closing).unwrap();
        let inner = &rest[head_end + 1..end];
        let mut below = Map::new();
        elements(inner, &mut below);
        let value = if below.is_empty() { Value::from(inner.trim()) } else { Value::Object(below) };
        into.insert(name.to_owned(), value);
        text = &rest[end + closing.len()..];
    }
}

/// A link followed, with its answer under a recorded name.
async fn link(play: &mut Play, name: &str, url: &str) {
    let (_, text) = follow(url).await;
    play.keep(name, xml(&text));
}

pub async fn external(raw: bool) -> Play {
    let (desk, _server) = open().await;
    let base = desk.cloud.endpoint();
    let endpoint = Endpoint::new().await;
    let mut play = Play::over(desk);
    let topic = play.topic(json!({})).await;
    let arn = play.desk.subscribe(&topic, "http", &endpoint.url, json!({ "RawMessageDelivery": raw.to_string() })).await;
    play.desk.settle().await;
    let asked = endpoint.requests().remove(0);
    play.keep("subscription-confirmation", asked.json());
    play.keep("http-confirm-sub-headers", headers(&asked));
    let token = asked.json()["Token"].as_str().unwrap().to_owned();
    let confirm = |topic: &str, token: &str| format!("{base}/?Action=ConfirmSubscription&TopicArn={topic}&Token={token}");
    assert_eq!(asked.json()["SubscribeURL"], confirm(&topic, &token));
    link(&mut play, "broken-topic-arn-confirm", &confirm("not-an-arn", &token)).await;
    link(&mut play, "broken-token-confirm", &confirm(&topic, "abc123")).await;
    link(&mut play, "different-region-arn-confirm", &confirm(&topic.replace("us-east-1", "eu-central-1"), &token)).await;
    link(&mut play, "nonexistent-token-confirm", &confirm(&format!("{}!", &topic[..topic.len() - 1]), &token)).await;
    link(&mut play, "confirm-subscribe", &confirm(&topic, &token)).await;
    play.publish(&topic, "test_external_http_endpoint", Value::Null).await;
    play.desk.settle().await;
    let told = endpoint.requests().remove(1);
    let unsubscribe = format!("{base}/?Action=Unsubscribe&SubscriptionArn={arn}");
    match raw {
        true => {
            assert_eq!(told.body, "test_external_http_endpoint");
            play.keep("http-message-headers-raw", headers(&told));
        }
        false => {
            assert_eq!(told.json()["UnsubscribeURL"], unsubscribe);
            play.keep("http-message", told.json());
            play.keep("http-message-headers", headers(&told));
        }
    }
    link(&mut play, "unsubscribe-response", &unsubscribe).await;
    play.desk.settle().await;
    let ended = endpoint.requests().remove(2);
    assert_eq!(ended.header("x-amz-sns-message-type"), Some("UnsubscribeConfirmation"));
    play.keep("unsubscribe-request", ended.json());
    play
}

pub async fn content_type(raw: bool) -> Play {
    let endpoint = Endpoint::new().await;
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    let made = match raw {
        true => json!({ "RawMessageDelivery": "true" }),
        false => {
            let policy = json!({
                "healthyRetryPolicy": {
                    "minDelayTarget": 1, "maxDelayTarget": 1, "numRetries": 0, "numMaxDelayRetries": 0, "numNoDelayRetries": 0,
                    "numMinDelayRetries": 0, "backoffFunction": "linear",
                },
                "sicklyRetryPolicy": null, "throttlePolicy": { "maxReceivesPerSecond": 1000 }, "guaranteed": false,
            });
            json!({ "DeliveryPolicy": policy.to_string() })
        }
    };
    let arn = play.desk.subscribe(&topic, "http", &endpoint.url, made).await;
    match raw {
        true => play.put(&arn, "DeliveryPolicy", r#"{"requestPolicy": {"headerContentType": "text/csv"}}"#).await,
        false => {
            let policy = json!({ "http": { "defaultRequestPolicy": { "headerContentType": "application/json" } } }).to_string();
            let input = json!({ "TopicArn": topic, "AttributeName": "DeliveryPolicy", "AttributeValue": policy });
            play.desk.ok("SetTopicAttributes", input).await;
        }
    }
    let mut found = play.desk.ok("GetTopicAttributes", json!({ "TopicArn": topic })).await;
    // AWS counts subscriptions some time after they were made; here they count at once.
    assert_eq!(std::mem::replace(&mut found["Attributes"]["SubscriptionsPending"], "0".into()), "1");
    play.keep("topic-attrs", found);
    play.attributes("sub-attrs", &arn).await;
    play.desk.settle().await;
    let asked = endpoint.requests().remove(0);
    play.keep("subscription-confirmation", asked.json());
    play.keep("http-confirm-sub-headers", headers(&asked));
    play.desk.ok("ConfirmSubscription", json!({ "TopicArn": topic, "Token": asked.json()["Token"] })).await;
    play.publish(&topic, "test_external_http_endpoint", Value::Null).await;
    play.desk.settle().await;
    let told = endpoint.requests().remove(1);
    match raw {
        true => play.keep("http-message-headers-raw", headers(&told)),
        false => {
            play.keep("http-message", told.json());
            play.keep("http-message-headers", headers(&told));
        }
    }
    play
}

pub async fn confirmed() -> Play {
    let endpoint = Endpoint::new().await;
    let mut play = Play::new().await;
    let topic = play.desk.topic("confirm-sub-e46f689a", json!({})).await;
    play.desk.subscribe(&topic, "http", &endpoint.url, json!({})).await;
    play.desk.settle().await;
    let token = endpoint.requests()[0].json()["Token"].clone();
    let input = json!({ "TopicArn": topic, "Token": token, "AuthenticateOnUnsubscribe": "true" });
    play.shot("confirm-subscription", "ConfirmSubscription", input).await;
    play
}
