//! Which messages pass which filter policy. Where a recording left messages in the queue to be received again, so does the play.

use super::play::Play;
use serde_json::{Value, json};

fn number(name: &str, value: &str) -> Value {
    json!({ name: { "DataType": "Number", "StringValue": value } })
}

/// Receives without deleting: what is there stays.
async fn look(play: &mut Play, name: &str, queue: &str, seen: &mut Vec<Value>) {
    seen.extend(play.messages(queue).await);
    play.keep(name, if seen.is_empty() { json!({}) } else { json!({ "Messages": seen }) });
}

pub async fn numbers() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    let arn = play.queue(&topic, "q").await;
    let mut seen = Vec::new();
    play.put(&arn, "FilterPolicy", r#"{"attr1": [{"numeric": [">", 0, "<=", 100]}]}"#).await;
    play.attributes("subscription-attributes", &arn).await;
    look(&mut play, "messages-0", "q", &mut seen).await;
    play.publish(&topic, "This is a test message", number("attr1", "99")).await;
    look(&mut play, "messages-1", "q", &mut seen).await;
    play.publish(&topic, "This is another test message", number("attr1", "111")).await;
    look(&mut play, "messages-2", "q", &mut seen).await;
    seen.clear();
    play.put(&arn, "FilterPolicy", r#"{"attr1": [null, {"anything-but": "whatever"}]}"#).await;
    play.attributes("subscription-attributes-2", &arn).await;
    play.publish(&topic, "This the test message for null", Value::Null).await;
    look(&mut play, "messages-3", "q", &mut seen).await;
    play.put(&arn, "FilterPolicy", "").await;
    play.publish(&topic, "This the test message for null", Value::Null).await;
    look(&mut play, "messages-4", "q", &mut seen).await;
    play
}

pub async fn exists() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    let arn = play.queue(&topic, "q").await;
    let mut seen = Vec::new();
    let both = json!({ "store": { "DataType": "Number", "StringValue": "99" }, "def": { "DataType": "Number", "StringValue": "99" } });
    play.put(&arn, "FilterPolicy", r#"{"store": [{"exists": true}]}"#).await;
    play.attributes("subscription-attributes-policy-1", &arn).await;
    look(&mut play, "messages-0", "q", &mut seen).await;
    play.publish(&topic, "message-1", both.clone()).await;
    look(&mut play, "messages-1", "q", &mut seen).await;
    play.publish(&topic, "message-2", number("attr1", "111")).await;
    look(&mut play, "messages-2", "q", &mut seen).await;
    seen.clear();
    play.put(&arn, "FilterPolicy", r#"{"store": [{"exists": false}]}"#).await;
    play.attributes("subscription-attributes-policy-2", &arn).await;
    play.publish(&topic, "message-3", number("def", "99")).await;
    look(&mut play, "messages-3", "q", &mut seen).await;
    play.publish(&topic, "message-4", both).await;
    look(&mut play, "messages-4", "q", &mut seen).await;
    play
}

pub async fn arrays_of_attributes() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    let arn = play.filtered(&topic, "q", "MessageAttributes", json!({ "store": ["value1"] })).await;
    play.attributes("subscription-attributes-policy", &arn).await;
    play.taken("messages-init", "q").await;
    for (n, kind, value) in
        [(1, "String", "value1"), (2, "String.Array", r#"["value1", "value2"]"#), (3, "String.Array", r#"["value2", "value3"]"#)]
    {
        let attributes = json!({ "store": { "DataType": kind, "StringValue": value } });
        play.publish(&topic, format!("message-{n}"), attributes).await;
        // The recording did not ask for attributes.
        let mut got = play.messages("q").await;
        got.iter_mut().for_each(|m| drop(m.as_object_mut().unwrap().remove("MessageAttributes")));
        play.keep(&format!("messages-{n}"), if got.is_empty() { json!({}) } else { json!({ "Messages": got }) });
    }
    play
}

pub async fn body(raw: bool) -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    let policy = json!({
        "object": { "key": [{ "prefix": "auto-" }, "hardcodedvalue"], "nested_key": [{ "exists": false }] },
        "test": [{ "exists": false }],
    });
    let arn = play.filtered(&topic, "q", "MessageBody", policy).await;
    play.put(&arn, "RawMessageDelivery", &raw.to_string()).await;
    play.taken("recv-init", "q").await;
    // As Python writes JSON, with spaces.
    for (i, message) in [r#"{"object": {"key": "auto-test"}}"#, r#"{"object": {"key": "hardcodedvalue"}}"#].iter().enumerate() {
        play.publish(&topic, *message, Value::Null).await;
        play.taken(&format!("recv-passed-msg-{i}"), "q").await;
    }
    for message in [
        r#"{"object": {"key": "test-auto"}}"#,
        r#"{"object": {"key": "auto-test"}, "test": "just-exists"}"#,
        r#"{"object": {"key": "auto-test", "nested_key": "just-exists"}}"#,
        r#"{"object": {"test": "auto-test"}}"#,
        r#"{"test": "auto-test"}"#,
        "Regular string message",
        "\"Regular string message\"",
    ] {
        play.publish(&topic, message, Value::Null).await;
        assert!(play.messages("q").await.is_empty(), "{message}");
    }
    play
}

pub async fn batch() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    let filtered = play.queue(&topic, "filtered").await;
    let open = play.queue(&topic, "open").await;
    play.put(&filtered, "FilterPolicy", r#"{"attr1": [{"numeric": [">", 0, "<=", 100]}]}"#).await;
    play.attributes("subscription-attributes-with-filter", &filtered).await;
    play.attributes("subscription-attributes-no-filter", &open).await;
    play.taken("messages-no-filter-before-publish", "open").await;
    play.taken("messages-with-filter-before-publish", "filtered").await;
    for (message, value, open, filtered) in [
        ("This is a test message", "99", "messages-no-filter-after-publish-ok", "messages-with-filter-after-publish-ok"),
        ("This is another test message", "111", "messages-no-filter-after-publish-ok-1", "messages-with-filter-after-publish-filtered"),
    ] {
        let entry = json!({ "Id": "1", "Message": message, "MessageAttributes": number("attr1", value) });
        play.desk.ok("PublishBatch", json!({ "TopicArn": topic, "PublishBatchRequestEntries": [entry] })).await;
        play.taken(open, "open").await;
        play.taken(filtered, "filtered").await;
    }
    play
}

pub async fn dots() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    let arn = play.queue(&topic, "q").await;
    play.put(&arn, "FilterPolicyScope", "MessageBody").await;
    play.taken("recv-init", "q").await;
    let shallow = [r#"{"object": {"nested": "string.value"}}"#, r#"{"object.nested": "string.value"}"#];
    let deep = [
        r#"{"object": {"nested": {"test": "string.value"}}}"#,
        r#"{"object.nested.test": "string.value"}"#,
        r#"{"object.nested": {"test": "string.value"}}"#,
        r#"{"object": {"nested.test": "string.value"}}"#,
    ];
    for (policy, prefix, messages, other) in [
        (r#"{"object.nested": ["string.value"]}"#, "recv-nested-msg", &shallow[..], r#"{"object": {"nested": "test-auto"}}"#),
        (r#"{"object.nested.test": ["string.value"]}"#, "recv-deep-nested-msg", &deep[..], r#"{"object": {"nested": {"test": "no"}}}"#),
    ] {
        play.put(&arn, "FilterPolicy", policy).await;
        for (i, message) in messages.iter().enumerate() {
            play.publish(&topic, *message, Value::Null).await;
            play.taken(&format!("{prefix}-{i}"), "q").await;
        }
        play.publish(&topic, other, Value::Null).await;
        assert!(play.messages("q").await.is_empty());
    }
    play
}

pub async fn arrays() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    play.filtered(&topic, "q1", "MessageBody", json!({ "headers": { "route-to": ["queue1"] } })).await;
    play.filtered(&topic, "q2", "MessageBody", json!({ "headers": { "route-to": ["queue2"] } })).await;
    for to in [r#"["queue3"]"#, r#"["queue1"]"#, r#"["queue2"]"#, r#"["queue1", "queue2"]"#] {
        play.publish(&topic, format!(r#"{{"headers": {{"route-to": {to}}}}}"#), Value::Null).await;
    }
    play.taken_sorted("messages-queue-0", "q1").await;
    play.taken_sorted("messages-queue-1", "q2").await;
    play
}

/// Publishes each, and takes what came through under a recorded name.
async fn through(policy: Value, messages: &[Value], name: &str) -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    play.filtered(&topic, "q", "MessageBody", policy).await;
    for message in messages {
        play.publish(&topic, message.to_string(), Value::Null).await;
    }
    play.taken_sorted(name, "q").await;
    play
}

pub async fn objects() -> Play {
    let policy =
        json!({ "Records": { "s3": { "object": { "key": [{ "prefix": "auto-" }] } }, "eventName": [{ "prefix": "ObjectCreated:" }] } });
    let event = |name: &str, key: &str| {
        let bucket = json!({ "name": "insurance-bucket-demo", "arn": "arn:aws:s3:::insurance-bucket-demo" });
        json!({ "Records": [{
            "eventSource": "aws:s3", "eventTime": "2022-11-21T03:41:29.743Z", "eventName": name,
            "s3": { "bucket": bucket, "object": { "key": key, "size": 17 } },
        }] })
    };
    let (auto, home) = ("auto-insurance-2314.xml", "home-insurance-2314.xml");
    let many = json!({ "Records": [
        { "eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": { "object": [[{ "key": auto, "size": 17 }]] } },
        { "eventSource": "aws:s3", "eventName": "ObjectRemoved:Delete", "s3": { "object": { "key": home, "size": 17 } } },
    ] });
    let messages = [many, event("ObjectRemoved:Delete", auto), event("ObjectCreated:Put", home), event("ObjectCreated:Put", auto)];
    through(policy, &messages, "messages").await
}

pub async fn alternatives() -> Play {
    let policy = json!({
        "$or": [{ "metricName": ["CPUUtilization", "ReadLatency"] }, { "namespace": ["AWS/EC2", "AWS/ES"] }],
        "detail": { "scope": ["Service"], "$or": [{ "source": ["aws.cloudwatch"] }, { "type": ["CloudWatch Alarm State Change"] }] },
    });
    let change = "CloudWatch Alarm State Change";
    let messages = [
        json!({ "metricName": "CPUUtilization", "detail": { "scope": "aws.cloudwatch", "type": change } }),
        json!({ "metricName": "CPUUtilization", "detail": { "scope": "Service", "type": "CPUUtilization" } }),
        json!({ "metricName": "CPUUtilization", "detail": { "type": change } }),
        json!({ "metricName": "CPUUtilization", "detail": { "scope": "Service" } }),
        json!({ "metricName": "CPUUtilization", "scope": "Service" }),
        json!({ "metricName": "AWS/EC2", "detail": { "scope": "Service", "type": change } }),
        json!({ "namespace": "CPUUtilization", "detail": { "scope": "Service", "type": change } }),
        json!({ "metricName": "CPUUtilization", "detail": { "scope": "Service", "source": "aws.cloudwatch" } }),
        json!({ "metricName": "ReadLatency", "detail": { "scope": "Service", "source": "aws.cloudwatch" } }),
        json!({ "namespace": "AWS/EC2", "detail": { "scope": "Service", "source": "aws.cloudwatch" } }),
        json!({ "namespace": "AWS/ES", "detail": { "scope": "Service", "source": "aws.cloudwatch" } }),
        json!({ "metricName": "CPUUtilization", "detail": { "scope": "Service", "type": change } }),
    ];
    through(policy, &messages, "messages-queue").await
}

fn event(id: &str, detail: Value) -> Value {
    json!({
        "id": id, "source": "test-source", "detail-type": "test-detail-type", "account": "123456789012", "region": "my-region",
        "time": "2022-07-13T13:48:01Z", "detail": detail,
    })
}

pub async fn empty_array() -> Play {
    let message = json!({
        "version": "0", "id": "3e3c153a-8339-4e30-8c35-687ebef853fe", "detail-type": "EC2 Instance Launch Successful",
        "source": "aws.autoscaling", "account": "123456789012", "time": "2015-11-11T21:31:47Z", "region": "my-region", "resources": [],
        "detail": { "eventVersion": "", "responseElements": null },
    });
    through(json!({ "detail": { "eventVersion": [""] } }), &[message], "messages-queue").await
}

pub async fn addresses() -> Play {
    let policy = json!({ "detail": { "$or": [
        { "sourceIPAddress": [{ "cidr": "10.0.0.0/24" }] }, { "sourceIPAddressV6": [{ "cidr": "2001:db8:1234:1a00::/64" }] },
    ] } });
    let messages = [
        event("1", json!({ "sourceIPAddress": "10.0.0.255" })),
        event("2", json!({ "sourceIPAddress": "10.0.0.256" })),
        event("3", json!({ "sourceIPAddressV6": "2001:0db8:1234:1a00:0000:0000:0000:0000" })),
        event("4", json!({ "sourceIPAddressV6": "2001:0db8:123f:1a01:0000:0000:0000:0000" })),
    ];
    through(policy, &messages, "messages-queue").await
}
