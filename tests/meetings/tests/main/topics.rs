//! S3 tells topics, topics tell queues.

use crate::{
    recorded::Played,
    square::{ACCOUNT, Square, allow, json_of},
};
use kit::Source;
use serde_json::{Value, json};

/// A bucket that tells a topic, to which the queue `inbox` is subscribed; the topic's ARN.
async fn told(square: &Square, configuration: Value) -> String {
    let made = square.ok("sns", "CreateTopic", json!({ "Name": "changes" })).await;
    let topic = made["TopicArn"].as_str().unwrap().to_owned();
    let policy = allow("s3.amazonaws.com", "sns:Publish", &topic);
    square.ok("sns", "SetTopicAttributes", json!({ "TopicArn": topic, "AttributeName": "Policy", "AttributeValue": policy })).await;
    let queue = square.queue("inbox", "sns.amazonaws.com").await;
    square.ok("sns", "Subscribe", json!({ "TopicArn": topic, "Protocol": "sqs", "Endpoint": queue })).await;
    square.ok("s3", "CreateBucket", json!({ "Bucket": "box" })).await;
    let mut configuration = configuration;
    configuration["TopicArn"] = topic.clone().into();
    let input = json!({ "Bucket": "box", "NotificationConfiguration": { "TopicConfigurations": [configuration] } });
    square.ok("s3", "PutBucketNotificationConfiguration", input).await;
    let test = square.bodies("inbox").await;
    assert_eq!(test.len(), 1);
    assert_eq!((&test[0]["Subject"], &json_of(&test[0]["Message"])["Event"]), (&json!("Amazon S3 Notification"), &json!("s3:TestEvent")));
    topic
}

/// Envelopes with their messages read.
async fn envelopes(square: &Square) -> Vec<Value> {
    let mut all = square.bodies("inbox").await;
    all.iter_mut().for_each(|envelope| envelope["Message"] = json_of(&envelope["Message"]));
    all.sort_by_key(|envelope| envelope["Message"]["Records"][0]["s3"]["object"]["size"].as_u64());
    all
}

#[tokio::test]
async fn a_topic_passes_on_what_s3_says() {
    let square = Square::new().await;
    told(&square, json!({ "Events": ["s3:ObjectCreated:*"] })).await;
    square.put("box", "bucket-key", "first event").await;
    square.put("box", "bucket-key", "second event").await;
    let messages = envelopes(&square).await;
    assert_eq!(messages.len(), 2);
    let Some(mut played) = Played::of("test_s3_notifications_sns", "TestS3NotificationsToSns::test_object_created_put") else { return };
    played.step("receive_messages", json!({ "messages": messages }));
    played.end();
}

#[tokio::test]
async fn filters_hold_for_topics() {
    let square = Square::new().await;
    let rules = json!([{ "Name": "prefix", "Value": "testupload/" }, { "Name": "suffix", "Value": "testfile.txt" }]);
    told(&square, json!({ "Events": ["s3:ObjectCreated:*"], "Filter": { "Key": { "FilterRules": rules } } })).await;
    square.put("box", "/testdata", r#"{"test": "bucket_notification1"}"#).await;
    square.put("box", "testupload/dir1/testfile.txt", r#"{"test": "bucket_notification2"}"#).await;
    let messages = envelopes(&square).await;
    assert_eq!(messages.len(), 1);
    let name = "TestS3NotificationsToSns::test_bucket_notifications_with_filter";
    let Some(mut played) = Played::of("test_s3_notifications_sns", name) else { return };
    // What the test uploaded is not recorded, only its size and sum.
    let mut message = messages[0].clone();
    let object = &mut message["Message"]["Records"][0]["s3"]["object"];
    object["size"] = 35.into();
    object["eTag"] = "f5260f0f41af2722d9fe17a57dfa9da5".into();
    played.step("message", message);
    played.end();
}

#[tokio::test]
async fn messages_of_a_topic_under_a_key_are_sealed_until_they_are_delivered() {
    let square = Square::new().await;
    let key = square.ok("kms", "CreateKey", json!({})).await["KeyMetadata"]["KeyId"].clone();
    let attributes = json!({ "KmsMasterKeyId": key });
    let topic = square.ok("sns", "CreateTopic", json!({ "Name": "secrets", "Attributes": attributes })).await["TopicArn"].clone();
    let queue = square.queue("inbox", "sns.amazonaws.com").await;
    let filter = json!({ "kind": ["told"] }).to_string();
    let attributes = json!({ "FilterPolicy": filter });
    square.ok("sns", "Subscribe", json!({ "TopicArn": topic, "Protocol": "sqs", "Endpoint": queue, "Attributes": attributes })).await;
    let publish = async |kind: &str| {
        let attributes = json!({ "kind": { "DataType": "String", "StringValue": kind } });
        let input = json!({ "TopicArn": topic, "Message": "a secret", "Subject": "hush", "MessageAttributes": attributes });
        square.call("sns", "Publish", input).await
    };
    publish("told").await.unwrap();
    // Filters see what was said before it is sealed.
    publish("untold").await.unwrap();
    let told = square.bodies("inbox").await;
    assert_eq!(told.len(), 1);
    assert_eq!((&told[0]["Message"], &told[0]["Subject"]), (&json!("a secret"), &json!("hush")));
    assert_eq!(told[0]["MessageAttributes"]["kind"]["Value"], "told");
    // A data key is used for five minutes; then the key itself has to be there.
    square.ok("kms", "DisableKey", json!({ "KeyId": key })).await;
    square.advance(301).await;
    let fault = publish("told").await.unwrap_err();
    assert_eq!((&*fault.code, fault.status), ("KMSDisabled", 400));
    // A batch, and a key that is none.
    let input = json!({ "TopicArn": topic, "AttributeName": "KmsMasterKeyId", "AttributeValue": "alias/none" });
    square.ok("sns", "SetTopicAttributes", input).await;
    let entries = json!([{ "Id": "1", "Message": "a secret" }]);
    let input = json!({ "TopicArn": topic, "PublishBatchRequestEntries": entries });
    assert_eq!(square.call("sns", "PublishBatch", input).await.unwrap_err().code, "KMSNotFound");
    // Nobody's key: messages are as they were.
    let input = json!({ "TopicArn": topic, "AttributeName": "KmsMasterKeyId", "AttributeValue": "" });
    square.ok("sns", "SetTopicAttributes", input).await;
    publish("told").await.unwrap();
    assert_eq!(square.bodies("inbox").await[0]["Message"], "a secret");
}

#[tokio::test]
async fn who_publishes_must_be_allowed_to_use_the_key_of_the_topic() {
    let square = Square::new().await;
    let root = format!("arn:aws:iam::{ACCOUNT}:root");
    let statement =
        json!({ "Effect": "Allow", "Principal": { "AWS": root }, "Action": ["kms:Put*", "kms:GenerateDataKey"], "Resource": "*" });
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
    let key = square.ok("kms", "CreateKey", json!({ "Policy": policy })).await["KeyMetadata"]["Arn"].clone();
    let attributes = json!({ "KmsMasterKeyId": key });
    let topic = square.ok("sns", "CreateTopic", json!({ "Name": "secrets", "Attributes": attributes })).await["TopicArn"].clone();
    // To make a data key is not enough.
    let fault = square.call("sns", "Publish", json!({ "TopicArn": topic, "Message": "x" })).await.unwrap_err();
    assert_eq!(fault.code, "KMSAccessDenied");
    assert!(fault.message.contains("kms:Decrypt"), "{}", fault.message);
}

#[tokio::test]
async fn a_topic_that_does_not_let_s3_in_is_refused_and_told_nothing() {
    let square = Square::new().await;
    let topic = square.ok("sns", "CreateTopic", json!({ "Name": "closed" })).await["TopicArn"].clone();
    square.ok("s3", "CreateBucket", json!({ "Bucket": "box" })).await;
    let configuration = json!({ "TopicConfigurations": [{ "TopicArn": topic, "Events": ["s3:ObjectCreated:*"] }] });
    let input = json!({ "Bucket": "box", "NotificationConfiguration": configuration });
    let fault = square.call("s3", "PutBucketNotificationConfiguration", input).await.unwrap_err();
    assert_eq!((&*fault.code, &*fault.message), ("InvalidArgument", "Unable to validate the following destination configurations"));
}

#[tokio::test]
async fn a_queue_gets_the_trace_of_the_request() {
    let square = Square::new().await;
    let queue = square.queue("inbox", "s3.amazonaws.com").await;
    square.ok("s3", "CreateBucket", json!({ "Bucket": "box" })).await;
    let configuration = json!({ "QueueConfigurations": [{ "QueueArn": queue, "Events": ["s3:ObjectCreated:*"] }] });
    square.ok("s3", "PutBucketNotificationConfiguration", json!({ "Bucket": "box", "NotificationConfiguration": configuration })).await;
    assert_eq!(square.bodies("inbox").await[0]["Event"], "s3:TestEvent");
    let trace = "Root=1-3152b799-8954dae64eda91bc9a23a7e8;Parent=7fa8c0f79203be72;Sampled=1";
    let source = Source { trace_header: Some(trace.into()), ..Source::default() };
    let cx = square.cx.child().with_source(source).with_body(kit::Body::from_bytes("something"));
    square.cloud.call_json(&cx, "s3", "PutObject", &json!({ "Bucket": "box", "Key": "test-data" })).await.unwrap();
    let mut messages = square.messages("inbox").await;
    let Some(mut played) = Played::of("test_s3_notifications_sqs", "TestS3NotificationsToSQS::test_xray_header") else { return };
    for message in &mut messages {
        message["Body"] = json_of(&message["Body"]);
        message["MD5OfBody"] = "m-d5-of-body".into();
        // The test asked for this attribute alone.
        message["Attributes"].as_object_mut().unwrap().retain(|name, _| name == "AWSTraceHeader");
        message.as_object_mut().unwrap().retain(|name, _| name != "MD5OfMessageAttributes" && name != "MessageAttributes");
    }
    played.step("receive_messages", json!({ "messages": messages }));
    played.end();
}
