//! What becomes of a message: to queues and functions, filtered, tried again, dead-lettered.

use crate::desk::{ACCOUNT, Desk, function_arn, queue_arn};
use kit::{Need, Principal, Read};
use serde_json::{Value, json};

#[tokio::test]
async fn a_queue_gets_the_envelope_or_the_message_itself() {
    let desk = Desk::new().await;
    let topic = desk.topic("news", json!({})).await;
    desk.subscribe(&topic, "sqs", &queue_arn("wrapped"), json!({})).await;
    desk.subscribe(&topic, "sqs", &queue_arn("raw"), json!({ "RawMessageDelivery": "true" })).await;
    let attributes = json!({
        "n": { "DataType": "Number", "StringValue": "1.5" },
        "b": { "DataType": "Binary", "BinaryValue": "AgME" },
    });
    let published =
        desk.ok("Publish", json!({ "TopicArn": topic, "Message": "hällo", "Subject": "s", "MessageAttributes": attributes })).await;
    let wrapped = desk.messages("wrapped").await;
    assert!(wrapped[0].attributes.is_empty());
    // AWS's own layout: a member a line, spaces around colons.
    assert!(wrapped[0].body.starts_with("{\n  \"Type\" : \"Notification\",\n  \"MessageId\" : \""), "{}", wrapped[0].body);
    let envelope = &desk.envelopes("wrapped").await[0];
    assert_eq!(envelope["MessageId"], published["MessageId"]);
    assert_eq!(envelope["Timestamp"], "2023-11-14T22:13:20.000Z");
    assert_eq!(envelope["MessageAttributes"]["b"], json!({ "Type": "Binary", "Value": "AgME" }));
    let raw = desk.messages("raw").await;
    assert_eq!(raw[0].body, "hällo");
    let kinds: Vec<(&str, &str, &[u8])> = raw[0].attributes.iter().map(|a| (&*a.name, &*a.kind, &*a.value)).collect();
    assert_eq!(kinds, [("b", "Binary", &[2, 3, 4][..]), ("n", "Number", b"1.5")]);
}

#[tokio::test]
async fn a_function_gets_the_event() {
    let desk = Desk::new().await;
    let topic = desk.topic("news", json!({})).await;
    let subscription = desk.subscribe(&topic, "lambda", &function_arn("f"), json!({})).await;
    desk.publish(&topic, "hello").await;
    desk.settle().await;
    let (arn, event) = desk.world.invoked.lock().unwrap()[0].clone();
    assert_eq!(arn, function_arn("f"));
    let record = &event["Records"][0];
    assert_eq!((&record["EventSource"], &record["EventVersion"]), (&json!("aws:sns"), &json!("1.0")));
    assert_eq!(record["EventSubscriptionArn"], *subscription);
    assert_eq!((&record["Sns"]["Message"], &record["Sns"]["Subject"]), (&json!("hello"), &Value::Null));
    assert_eq!(record["Sns"]["MessageAttributes"], json!({}));
}

#[tokio::test]
async fn filters_choose_by_attributes_and_by_body() {
    let desk = Desk::new().await;
    let topic = desk.topic("news", json!({})).await;
    let by_attribute =
        json!({ "FilterPolicy": json!({ "kind": ["a", { "prefix": "b" }], "size": [{ "numeric": [">=", 10] }] }).to_string() });
    desk.subscribe(&topic, "sqs", &queue_arn("attributes"), by_attribute).await;
    let by_body = json!({ "FilterPolicyScope": "MessageBody", "FilterPolicy": json!({ "detail": { "kind": [{ "anything-but": "x" }] } }).to_string() });
    desk.subscribe(&topic, "sqs", &queue_arn("body"), by_body).await;
    for (kind, size) in [("a", "10"), ("bee", "11"), ("c", "12"), ("a", "9")] {
        let attributes =
            json!({ "kind": { "DataType": "String", "StringValue": kind }, "size": { "DataType": "Number", "StringValue": size } });
        desk.ok("Publish", json!({ "TopicArn": topic, "Message": format!("{kind}{size}"), "MessageAttributes": attributes })).await;
    }
    for message in [r#"{"detail": {"kind": "y"}}"#, r#"{"detail": {"kind": "x"}}"#, "no json", r#"{"detail": {}}"#] {
        desk.publish(&topic, message).await;
    }
    assert_eq!(desk.texts("attributes").await, ["a10", "bee11"]);
    assert_eq!(desk.texts("body").await, [r#"{"detail": {"kind": "y"}}"#]);
}

#[tokio::test]
async fn what_fails_is_tried_again_on_the_clock() {
    let desk = Desk::new().await;
    let topic = desk.topic("news", json!({})).await;
    desk.subscribe(&topic, "sqs", &queue_arn("q"), json!({})).await;
    *desk.world.failures.lock().unwrap() = 5;
    desk.publish(&topic, "x").await;
    desk.settle().await;
    assert_eq!(desk.outcomes("Deliver").len(), 4, "the first attempt and three at once");
    desk.advance(1).await;
    assert!(desk.texts("q").await.is_empty());
    desk.advance(1).await;
    assert_eq!(desk.texts("q").await, ["x"]);
    let left = desk.cloud.store().read(|s| s.tasks_of("sns", "deliver").len());
    assert_eq!(left, 0);
}

#[tokio::test]
async fn what_can_t_be_delivered_goes_to_the_dead_letter_queue() {
    let desk = Desk::new().await;
    let topic = desk.topic("news", json!({})).await;
    let redrive = json!({ "RedrivePolicy": json!({ "deadLetterTargetArn": queue_arn("dead") }).to_string() });
    desk.subscribe(&topic, "lambda", &function_arn("f"), redrive).await;
    desk.subscribe(&topic, "sqs", &queue_arn("q"), json!({})).await;
    desk.world.gone.lock().unwrap().extend([function_arn("f"), queue_arn("q")]);
    desk.publish(&topic, "x").await;
    assert_eq!(desk.texts("dead").await, ["x"]);
    let mut ends = desk.outcomes("DeadLetter");
    ends.sort();
    assert_eq!(ends, ["Lost", "ok"], "the journal tells of the one that nobody keeps");
}

#[tokio::test]
async fn who_may_not_gets_nothing_and_the_topic_s_policy_decides() {
    let desk = Desk::new().await;
    let topic = desk.topic("news", json!({})).await;
    desk.ok("AddPermission", json!({ "TopicArn": topic, "Label": "l", "AWSAccountId": ["111111111111"], "ActionName": ["Publish"] })).await;
    let policy = desk.cloud.service("sns").unwrap().resource_policy(&desk.cx, &topic).unwrap();
    assert!(policy.contains("arn:aws:iam::111111111111:root"), "{policy}");
    struct Nobody;
    impl kit::Decider for Nobody {
        fn decide(&self, cx: &kit::Context, need: &Need, _: Option<&str>) -> kit::Decision {
            let allowed = matches!(cx.principal(), Principal::Root { .. });
            kit::Decision { allowed, message: format!("no {}", need.action), statement: None }
        }
        fn explain(&self, cx: &kit::Context, need: &Need, policy: Option<&str>) -> String {
            self.decide(cx, need, policy).message
        }
    }
    desk.subscribe(&topic, "sqs", &queue_arn("q"), json!({})).await;
    desk.cloud.set_decider(std::sync::Arc::new(Nobody));
    desk.publish(&topic, "x").await;
    assert!(desk.messages("q").await.is_empty());
    assert_eq!(desk.outcomes("Deliver"), ["AccessDenied"]);
}

#[tokio::test]
async fn a_subscription_is_its_owner_s_and_what_is_denied_is_told_as_aws_tells_it() {
    let desk = Desk::new().await;
    let topic = desk.topic("news", json!({})).await;
    let arn = desk.subscribe(&topic, "sqs", &queue_arn("q"), json!({})).await;
    let input = json!({ "SubscriptionArn": arn });
    let stranger = desk.cx.in_scope(kit::Scope::new("111111111111", "us-east-1"));
    for operation in ["GetSubscriptionAttributes", "Unsubscribe"] {
        let fault = desk.cloud.call_json(&stranger, "sns", operation, &input).await.unwrap_err();
        assert_eq!((&*fault.code, &*fault.message), ("AuthorizationError", "Not authorized to access this subscription"), "{operation}");
    }
    struct Asked(std::sync::Mutex<Vec<String>>);
    impl kit::Decider for Asked {
        fn decide(&self, _: &kit::Context, need: &Need, _: Option<&str>) -> kit::Decision {
            self.0.lock().unwrap().push(format!("{} {}", need.action, need.resource));
            kit::Decision { allowed: false, message: format!("not authorized to perform: {}", need.action), statement: None }
        }
        fn explain(&self, _: &kit::Context, _: &Need, _: Option<&str>) -> String {
            String::new()
        }
    }
    let asked = std::sync::Arc::new(Asked(std::sync::Mutex::default()));
    desk.cloud.set_decider(asked.clone());
    let (code, message) = desk.refused("Unsubscribe", input).await;
    assert_eq!((code.as_str(), message.as_str()), ("AuthorizationError", "not authorized to perform: SNS:Unsubscribe"));
    desk.refused("Publish", json!({ "TopicArn": topic, "Message": "x" })).await;
    desk.refused("Publish", json!({ "PhoneNumber": "+15551234567", "Message": "x" })).await;
    let asked = asked.0.lock().unwrap().clone();
    assert_eq!(
        asked,
        [
            "sns:Unsubscribe arn:aws:sns:us-east-1:000000000000:*".to_owned(),
            format!("sns:Publish {topic}"),
            "sns:Publish +15551234567".to_owned(),
        ]
    );
}

#[tokio::test]
async fn other_services_publish_by_the_port() {
    let desk = Desk::new().await;
    let topic = desk.topic("news", json!({})).await;
    desk.subscribe(&topic, "sqs", &queue_arn("q"), json!({})).await;
    let topics = desk.cloud.ports().topics().unwrap();
    assert!(topics.exists(&desk.cx, &topic));
    assert!(!topics.exists(&desk.cx, &format!("{topic}x")));
    let cx = desk.cx.as_service("s3.amazonaws.com", "arn:aws:s3:::b", ACCOUNT);
    let grant = cx.grant(&Need::on("sns:Publish", &topic)).unwrap();
    let attributes = vec![("ErrorCode:Number".to_owned(), "200".to_owned())];
    topics.publish(&cx, grant, &topic, Some("subject".into()), "told".into(), attributes).await.unwrap();
    let envelope = &desk.envelopes("q").await[0];
    assert_eq!((&envelope["Message"], &envelope["Subject"]), (&json!("told"), &json!("subject")));
    assert_eq!(envelope["MessageAttributes"]["ErrorCode"], json!({ "Type": "Number", "Value": "200" }));
    let other = cx.grant(&Need::on("sns:Publish", "arn:aws:sns:us-east-1:000000000000:other")).unwrap();
    assert!(topics.publish(&cx, other, &topic, None, "x".into(), Vec::new()).await.is_err(), "a grant opens one topic");
}

#[tokio::test]
async fn a_deleted_topic_takes_its_subscriptions_along() {
    let desk = Desk::new().await;
    let topic = desk.topic("news", json!({})).await;
    let subscription = desk.subscribe(&topic, "sqs", &queue_arn("q"), json!({})).await;
    desk.ok("DeleteTopic", json!({ "TopicArn": topic })).await;
    // AWS deletes subscriptions in the background (recorded): they are seen a while longer, and a topic of the same name has none.
    desk.ok("GetSubscriptionAttributes", json!({ "SubscriptionArn": subscription })).await;
    desk.topic("news", json!({})).await;
    desk.publish(&topic, "x").await;
    assert!(desk.messages("q").await.is_empty());
    desk.advance(61).await;
    let (code, _) = desk.refused("GetSubscriptionAttributes", json!({ "SubscriptionArn": subscription })).await;
    assert_eq!(code, "NotFound");
}

#[tokio::test]
async fn what_is_no_part_of_it_is_refused_by_name() {
    let desk = Desk::new().await;
    let topic = desk.topic("news", json!({})).await;
    let refused = [
        ("Publish", json!({ "PhoneNumber": "+15551234567", "Message": "x" })),
        ("Subscribe", json!({ "TopicArn": topic, "Protocol": "sms", "Endpoint": "+15551234567" })),
        (
            "Subscribe",
            json!({ "TopicArn": topic, "Protocol": "firehose", "Endpoint": "arn:aws:firehose:us-east-1:000000000000:deliverystream/x" }),
        ),
        ("CreatePlatformApplication", json!({ "Name": "x", "Platform": "GCM", "Attributes": {} })),
        ("PutDataProtectionPolicy", json!({ "ResourceArn": topic, "DataProtectionPolicy": "{}" })),
        ("GetSMSAttributes", json!({})),
    ];
    for (operation, input) in refused {
        let fault = desk.call(operation, input).await.expect_err(operation);
        assert_eq!((fault.status, &*fault.code), (501, "NotImplemented"), "{operation}: {}", fault.message);
    }
}

#[tokio::test]
async fn a_topics_default_policy_knows_whose_alarm_publishes() {
    let desk = Desk::new().await;
    let topic = desk.topic("alarms", json!({})).await;
    let service = desk.cloud.service("sns").unwrap();
    let need = kit::Need::on("sns:Publish", &topic);
    let told = |name: &str, account: &str| {
        let cx = desk.cx.as_service(name, "arn:aws:cloudwatch:us-east-1:111111111111:alarm:a", account);
        service.complete(&cx, &need).map(|need| need.keys)
    };
    let keys = told("cloudwatch.amazonaws.com", "111111111111").unwrap();
    assert_eq!(keys, [("aws:SourceOwner".into(), vec!["111111111111".to_owned()])]);
    assert_eq!(told("s3.amazonaws.com", "111111111111"), None, "S3 needs a policy that names it");
    assert!(service.complete(&desk.cx, &need).is_none(), "users are judged by their own policies");
}
