//! Topics, their attributes, tags and permissions.

use super::play::Play;
use serde_json::{Value, json};

async fn attributes(play: &mut Play, name: &str, topic: &str) {
    play.shot(name, "GetTopicAttributes", json!({ "TopicArn": topic })).await;
}
async fn create(play: &mut Play, name: &str, topic: &str, attributes: Value) {
    play.shot(name, "CreateTopic", json!({ "Name": topic, "Attributes": attributes })).await;
}

pub async fn with_attributes() -> Play {
    let mut play = Play::new().await;
    let wanted = json!({ "DisplayName": "TestTopic", "SignatureVersion": "2", "FifoTopic": "true" });
    let topic = play.desk.topic("topictest.fifo", wanted).await;
    attributes(&mut play, "get-topic-attrs", &topic).await;
    attributes(&mut play, "get-attrs-nonexistent-topic", &format!("{}12345678", &topic[..topic.len() - 8])).await;
    attributes(&mut play, "get-attrs-malformed-topic", "test-topic").await;
    play
}

async fn tag(play: &Play, topic: &str, tags: &[(&str, &str)]) -> Value {
    let tags: Vec<Value> = tags.iter().map(|(k, v)| json!({ "Key": k, "Value": v })).collect();
    play.see("TagResource", json!({ "ResourceArn": topic, "Tags": tags })).await
}
async fn list_tags(play: &mut Play, name: &str, topic: &str) {
    play.shot(name, "ListTagsForResource", json!({ "ResourceArn": topic })).await;
}

pub async fn tags() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    let refused = tag(&play, &topic, &[("k1", "v1"), ("k2", "v2"), ("k2", "v2")]).await;
    play.keep("duplicate-key-error", refused);
    tag(&play, &topic, &[("k1", "v1"), ("k2", "v2")]).await;
    list_tags(&mut play, "list-created-tags", &topic).await;
    play.desk.ok("UntagResource", json!({ "ResourceArn": topic, "TagKeys": ["k1"] })).await;
    list_tags(&mut play, "list-after-delete-tags", &topic).await;
    tag(&play, &topic, &[("k2", "v2b")]).await;
    list_tags(&mut play, "list-after-update-tags", &topic).await;
    play
}

pub async fn tags_removed() -> Play {
    let mut play = Play::new().await;
    let topic = play.desk.topic("tagged", json!({})).await;
    tag(&play, &topic, &[("k1", "v1"), ("k2", "v2")]).await;
    list_tags(&mut play, "list-created-tags", &topic).await;
    play.desk.ok("DeleteTopic", json!({ "TopicArn": topic })).await;
    play.desk.topic("tagged", json!({})).await;
    list_tags(&mut play, "list-empty-tags", &topic).await;
    play
}

pub async fn test_arn() -> Play {
    let mut play = Play::new().await;
    let made = play.shot("create-topic", "CreateTopic", json!({ "Name": "topic-test-create" })).await;
    let topic = made["TopicArn"].as_str().unwrap();
    attributes(&mut play, "get-topic-attrs", topic).await;
    play.shot("delete-topic", "DeleteTopic", json!({ "TopicArn": topic })).await;
    attributes(&mut play, "topic-not-exists", topic).await;
    play
}

pub async fn more_tags() -> Play {
    let mut play = Play::new().await;
    play.desk.topic("twice", json!({})).await;
    let input = json!({ "Name": "twice", "Tags": [{ "Key": "key1", "Value": "value1" }] });
    play.shot("exception-duplicate", "CreateTopic", input).await;
    play
}

pub async fn duplicate() -> Play {
    let mut play = Play::new().await;
    let tags = json!([{ "Key": "a", "Value": "1" }, { "Key": "b", "Value": "2" }]);
    play.shot("response-created", "CreateTopic", json!({ "Name": "t", "Tags": tags })).await;
    for (index, tags) in [tags.clone(), json!([tags[0]]), json!([])].iter().enumerate() {
        play.shot(&format!("response-same-arn-{index}"), "CreateTopic", json!({ "Name": "t", "Tags": tags })).await;
    }
    play
}

pub async fn after_delete() -> Play {
    let mut play = Play::new().await;
    let with = |value: &str| json!({ "Name": "t", "Tags": [{ "Key": "Name", "Value": value }] });
    let made = play.shot("topic-0", "CreateTopic", with("pqr")).await;
    play.desk.ok("DeleteTopic", json!({ "TopicArn": made["TopicArn"] })).await;
    play.shot("topic-1", "CreateTopic", with("abc")).await;
    play
}

pub async fn delivery_policy() -> Play {
    let mut play = Play::new().await;
    let policy = json!({ "http": { "defaultRequestPolicy": { "headerContentType": "application/json" } } }).to_string();
    let wanted = json!({ "DisplayName": "TestTopic", "SignatureVersion": "2", "FifoTopic": "true", "DeliveryPolicy": policy });
    let topic = play.desk.topic("topictest.fifo", wanted).await;
    attributes(&mut play, "get-topic-attrs", &topic).await;
    let update = json!({ "http": { "defaultHealthyRetryPolicy": { "minDelayTarget": 5, "maxDelayTarget": 6, "numRetries": 1 } } });
    let none = json!({ "http": { "defaultHealthyRetryPolicy": null } });
    for (set, get, value) in [
        ("set-topic-attrs", "get-topic-attrs-after-update", update.to_string()),
        ("set-topic-attrs-none", "get-topic-attrs-after-none", none.to_string()),
        ("set-topic-attrs-full-none", "get-topic-attrs-after-delete", String::new()),
    ] {
        let input = json!({ "TopicArn": topic, "AttributeName": "DeliveryPolicy", "AttributeValue": value });
        play.shot(set, "SetTopicAttributes", input).await;
        attributes(&mut play, get, &topic).await;
    }
    play
}

pub async fn deleted_twice() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    play.shot("delete-topic", "DeleteTopic", json!({ "TopicArn": topic })).await;
    play.shot("delete-topic-again", "DeleteTopic", json!({ "TopicArn": topic })).await;
    play
}

pub async fn delete_nothing() -> Play {
    let mut play = Play::new().await;
    play.shot("delete-non-existent-topic", "DeleteTopic", json!({ "TopicArn": "arn:aws:sns:us-east-1:000000000000:nothing" })).await;
    play
}

pub async fn idempotent() -> Play {
    let mut play = Play::new().await;
    let topic = play.desk.topic("t", json!({})).await;
    let input = json!({ "TopicArn": topic, "AttributeName": "DisplayName", "AttributeValue": "AlreadySet" });
    play.desk.ok("SetTopicAttributes", input).await;
    attributes(&mut play, "topic-attrs-idempotent-1", &topic).await;
    play.desk.topic("t", json!({})).await;
    attributes(&mut play, "topic-attrs-idempotent-2", &topic).await;
    play
}

pub async fn different_attributes() -> Play {
    let mut play = Play::new().await;
    create(&mut play, "create-topic", "t", json!({ "DisplayName": "Value1" })).await;
    create(&mut play, "create-topic-no-attrs", "t", json!({})).await;
    attributes(&mut play, "topic-attrs", "arn:aws:sns:us-east-1:000000000000:t").await;
    play.desk.topic("t", json!({ "DisplayName": "Value1" })).await;
    play.desk.topic("t", json!({ "FifoTopic": "false" })).await;
    create(&mut play, "create-topic-diff-attrs", "t", json!({ "DisplayName": "Value2" })).await;
    create(&mut play, "create-topic-new-attrs-fifo", "t", json!({ "FifoTopic": "true" })).await;
    create(&mut play, "create-topic-new-attrs", "t", json!({ "SignatureVersion": "2" })).await;
    create(&mut play, "create-topic-new-and-same-attrs", "t", json!({ "SignatureVersion": "2", "DisplayName": "Value1" })).await;
    play
}

pub async fn names() -> Play {
    let mut play = Play::new().await;
    create(&mut play, "valid-name-max-length", &"a".repeat(256), json!({})).await;
    create(&mut play, "name-too-short", "", json!({})).await;
    create(&mut play, "name-too-long", &"a".repeat(257), json!({})).await;
    create(&mut play, "name-contains-fifo", "test.fifo", json!({})).await;
    create(&mut play, "fifo-name-not-contains-fifo", "test", json!({ "FifoTopic": "true" })).await;
    for (index, c) in [":", ";", "!", "@", "|", "^", "%", " "].iter().enumerate() {
        create(&mut play, &format!("name-invalid-char-{index}"), &format!("bad{c}name"), json!({})).await;
    }
    play
}

pub async fn fifo_false() -> Play {
    let mut play = Play::new().await;
    let topic = play.desk.topic("standard", json!({ "FifoTopic": "false" })).await;
    attributes(&mut play, "get-attrs-standard-topic", &topic).await;
    let input = json!({ "TopicArn": topic, "AttributeName": "FifoTopic", "AttributeValue": "false" });
    play.shot("set-fifo-false-after-creation", "SetTopicAttributes", input).await;
    play
}

pub async fn two_regions() -> Play {
    let mut play = Play::new().await;
    let here = play.desk.topic("multiregion", json!({})).await;
    let there = play.elsewhere("CreateTopic", json!({ "Name": "multiregion" })).await["TopicArn"].clone();
    play.shot("list-primary", "ListTopics", json!({})).await;
    let listed = play.elsewhere("ListTopics", json!({})).await;
    play.keep("list-secondary", listed);
    attributes(&mut play, "topic-east", &here).await;
    let west = play.elsewhere("GetTopicAttributes", json!({ "TopicArn": there })).await;
    play.keep("topic-west", west);
    play
}

pub async fn other_region() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    for (name, operation, more) in [
        ("set-topic-attrs", "SetTopicAttributes", json!({ "AttributeName": "DisplayName", "AttributeValue": "xenon" })),
        ("get-topic-attrs", "GetTopicAttributes", json!({})),
        ("cross-region-publish-forbidden", "Publish", json!({ "Message": "hello world" })),
        ("cross-region-subscribe", "Subscribe", json!({ "Protocol": "email", "Endpoint": "devil@hell.com" })),
        ("list-subs", "ListSubscriptionsByTopic", json!({})),
        ("delete-topic", "DeleteTopic", json!({})),
    ] {
        let mut input = more;
        input["TopicArn"] = topic.clone().into();
        let answer = play.elsewhere(operation, input).await;
        play.keep(name, answer);
    }
    play
}

async fn allow(play: &Play, topic: &str, label: &str, actions: &[&str]) -> Value {
    let input = json!({ "TopicArn": topic, "Label": label, "AWSAccountId": ["000000000000"], "ActionName": actions });
    play.see("AddPermission", input).await
}
async fn policy(play: &mut Play, name: &str, topic: &str) {
    let found = play.desk.ok("GetTopicAttributes", json!({ "TopicArn": topic })).await;
    play.keep(name, found["Attributes"]["Policy"].clone());
}

async fn allowed(actions: &[&str]) -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    let answer = allow(&play, &topic, "test", actions).await;
    play.keep("add-permission-response", answer);
    policy(&mut play, "topic-policy-after-permission", &topic).await;
    play
}
pub async fn permission() -> Play {
    allowed(&["Publish"]).await
}
pub async fn permissions() -> Play {
    allowed(&["Publish", "Subscribe"]).await
}

pub async fn permission_removed() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    allow(&play, &topic, "test", &["Publish"]).await;
    play.desk.ok("RemovePermission", json!({ "TopicArn": topic, "Label": "test" })).await;
    policy(&mut play, "topic-policy", &topic).await;
    play
}

pub async fn permission_errors() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    allow(&play, &topic, "test", &["Publish"]).await;
    for (name, topic, label, action) in [
        ("duplicate-label", topic.clone(), "test", "AddPermission"),
        ("topic-not-found", format!("{topic}-not-existing"), "test-2", "AddPermission"),
        ("invalid-action", topic.clone(), "test-2", "InvalidAction"),
    ] {
        let answer = allow(&play, &topic, label, &[action]).await;
        play.keep(name, answer);
    }
    play
}

pub async fn permission_remove_errors() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    play.shot("topic-not-found", "RemovePermission", json!({ "TopicArn": format!("{topic}-not-existing"), "Label": "test" })).await;
    play
}
