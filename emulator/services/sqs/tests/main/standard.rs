//! Standard queues: visibility, delays, redrive, long polls, retention, batches, policies.

use crate::desk::{Desk, arn};
use serde_json::{Value, json};

#[tokio::test]
async fn a_message_is_hidden_while_it_is_worked_on_and_comes_back() {
    let desk = Desk::new().await;
    let url = desk.queue("jobs", json!({})).await;
    assert_eq!(url, "http://127.0.0.1:4566/000000000000/jobs");
    let sent = desk
        .ok(
            "SendMessage",
            json!({ "QueueUrl": url, "MessageBody": "hello", "MessageAttributes": { "n": { "DataType": "Number", "StringValue": "1" } } }),
        )
        .await;
    assert_eq!(sent["MD5OfMessageBody"], "5d41402abc4b2a76b9719d911017c592");

    let first = desk.receive(&url).await;
    assert_eq!(first[0]["Body"], "hello");
    assert_eq!(first[0]["Attributes"]["ApproximateReceiveCount"], "1");
    assert_eq!(first[0]["MessageAttributes"]["n"]["StringValue"], "1");
    assert!(desk.receive(&url).await.is_empty());

    desk.advance(30).await;
    let second = desk.receive(&url).await;
    assert_eq!(second[0]["Attributes"]["ApproximateReceiveCount"], "2");
    // The handle of the first receive no longer deletes.
    desk.ok("DeleteMessage", json!({ "QueueUrl": url, "ReceiptHandle": first[0]["ReceiptHandle"] })).await;
    desk.ok("ChangeMessageVisibility", json!({ "QueueUrl": url, "ReceiptHandle": second[0]["ReceiptHandle"], "VisibilityTimeout": 0 }))
        .await;
    let third = desk.receive(&url).await;
    // A bare name and any host find the same queue.
    desk.ok("DeleteMessage", json!({ "QueueUrl": "jobs", "ReceiptHandle": third[0]["ReceiptHandle"] })).await;
    desk.advance(60).await;
    let elsewhere = "https://sqs.us-east-1.amazonaws.com/000000000000/jobs";
    assert!(desk.receive(elsewhere).await.is_empty());
}

#[tokio::test]
async fn a_message_received_too_often_is_dead_lettered() {
    let desk = Desk::new().await;
    let dead = desk.queue("dead", json!({})).await;
    let policy = json!({ "deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:dead", "maxReceiveCount": 2 }).to_string();
    let url = desk.queue("jobs", json!({ "VisibilityTimeout": "10", "RedrivePolicy": policy })).await;
    let sent = desk.ok("SendMessage", json!({ "QueueUrl": url, "MessageBody": "x" })).await;
    for _ in 0..2 {
        assert_eq!(desk.receive(&url).await.len(), 1);
        desk.advance(10).await;
    }
    assert!(desk.receive(&url).await.is_empty());
    let buried = desk.receive(&dead).await;
    assert_eq!(buried[0]["MessageId"], sent["MessageId"]);
    assert_eq!(buried[0]["Attributes"]["DeadLetterQueueSourceArn"], "arn:aws:sqs:us-east-1:000000000000:jobs");
    let sources = desk.ok("ListDeadLetterSourceQueues", json!({ "QueueUrl": dead })).await;
    assert_eq!(sources["queueUrls"], json!([url]));
}

#[tokio::test]
async fn a_long_poll_ends_with_the_message_and_delays_and_retention_follow_the_clock() {
    let desk = Desk::new().await;
    let url = desk.queue("jobs", json!({ "MessageRetentionPeriod": "60" })).await;
    let (cloud, cx, queue) = (desk.cloud.clone(), desk.cx.clone(), url.clone());
    let poll =
        tokio::spawn(
            async move { cloud.call_json(&cx, "sqs", "ReceiveMessage", &json!({ "QueueUrl": queue, "WaitTimeSeconds": 20 })).await },
        );
    desk.ok("SendMessage", json!({ "QueueUrl": url, "MessageBody": "late", "DelaySeconds": 5 })).await;
    let counts = desk.ok("GetQueueAttributes", json!({ "QueueUrl": url, "AttributeNames": ["All"] })).await;
    assert_eq!(counts["Attributes"]["ApproximateNumberOfMessagesDelayed"], "1");
    desk.advance(5).await;
    let got = poll.await.unwrap().unwrap();
    assert_eq!(got["Messages"][0]["Body"], "late");
    desk.advance(70).await;
    assert!(desk.receive(&url).await.is_empty());
    let counts = desk.ok("GetQueueAttributes", json!({ "QueueUrl": url, "AttributeNames": ["ApproximateNumberOfMessages"] })).await;
    assert_eq!(counts["Attributes"]["ApproximateNumberOfMessages"], "0");
}

#[tokio::test]
async fn batches_and_faults_say_what_aws_says() {
    let desk = Desk::new().await;
    let gone = desk.call("SendMessage", json!({ "QueueUrl": "nope", "MessageBody": "x" })).await.unwrap_err();
    assert_eq!((&*gone.code, gone.query_code.as_deref()), ("QueueDoesNotExist", Some("AWS.SimpleQueueService.NonExistentQueue")));
    let url = desk.queue("jobs", json!({ "MaximumMessageSize": "1024" })).await;
    let differs = desk.call("CreateQueue", json!({ "QueueName": "jobs", "Attributes": { "DelaySeconds": "1" } })).await.unwrap_err();
    assert_eq!(differs.message, "A queue already exists with the same name and a different value for attribute DelaySeconds");
    let batch = json!({ "QueueUrl": url, "Entries": [{ "Id": "a", "MessageBody": "x".repeat(1025) }, { "Id": "b", "MessageBody": "ok" }] });
    let sent = desk.ok("SendMessageBatch", batch).await;
    assert_eq!(
        sent["Failed"][0]["Message"],
        "One or more parameters cannot be validated. Reason: Message must be shorter than 1024 bytes."
    );
    assert_eq!(sent["Successful"][0]["Id"], "b");
    let got = desk.receive(&url).await;
    let deleted = desk.ok("DeleteMessageBatch", json!({ "QueueUrl": url, "Entries": [{ "Id": "x", "ReceiptHandle": got[0]["ReceiptHandle"] }, { "Id": "y", "ReceiptHandle": "junk" }] })).await;
    assert_eq!(
        (deleted["Successful"][0]["Id"].as_str(), deleted["Failed"][0]["Code"].as_str()),
        (Some("x"), Some("ReceiptHandleIsInvalid"))
    );
    let many: Vec<Value> = (0..11).map(|i| json!({ "Id": i.to_string(), "MessageBody": "x" })).collect();
    let fault = desk.call("SendMessageBatch", json!({ "QueueUrl": url, "Entries": many })).await.unwrap_err();
    assert_eq!(fault.message, "Maximum number of entries per request are 10. You have sent 11.");
}

#[tokio::test]
async fn permissions_become_the_resource_policy() {
    let desk = Desk::new().await;
    let url = desk.queue("jobs", json!({})).await;
    let add = json!({ "QueueUrl": url, "Label": "l", "AWSAccountIds": ["111111111111"], "Actions": ["SendMessage"] });
    desk.ok("AddPermission", add.clone()).await;
    let service = desk.cloud.service("sqs").unwrap();
    let policy = service.resource_policy(&desk.cx, "arn:aws:sqs:us-east-1:000000000000:jobs").unwrap();
    assert!(policy.contains("arn:aws:iam::111111111111:root"), "{policy}");
    assert!(desk.call("AddPermission", add).await.is_err());
    desk.ok("RemovePermission", json!({ "QueueUrl": url, "Label": "l" })).await;
    assert_eq!(service.resource_policy(&desk.cx, "arn:aws:sqs:us-east-1:000000000000:jobs"), None);
    desk.ok("PurgeQueue", json!({ "QueueUrl": url })).await;
    assert_eq!(desk.call("PurgeQueue", json!({ "QueueUrl": url })).await.unwrap_err().code, "PurgeQueueInProgress");
    desk.ok("DeleteQueue", json!({ "QueueUrl": url })).await;
    assert!(desk.call("GetQueueUrl", json!({ "QueueName": "jobs" })).await.is_err());
}

#[tokio::test]
async fn attributes_and_missing_members_are_named() {
    let desk = Desk::new().await;
    let url = desk.queue("jobs", json!({})).await;
    for (operation, input, code, message) in [
        (
            "CreateQueue",
            json!({ "QueueName": "x", "Attributes": { "FifoQueue": "false" } }),
            "InvalidAttributeName",
            "Unknown Attribute FifoQueue.",
        ),
        (
            "SetQueueAttributes",
            json!({ "QueueUrl": url, "Attributes": { "Nope": "1" } }),
            "InvalidAttributeName",
            "Unknown Attribute Nope.",
        ),
        ("GetQueueAttributes", json!({ "QueueUrl": url, "AttributeNames": ["Nope"] }), "InvalidAttributeName", "Unknown Attribute Nope."),
        (
            "SendMessage",
            json!({ "QueueUrl": url }),
            "MissingRequiredParameterException",
            "The request must contain the parameter MessageBody.",
        ),
        (
            "SendMessage",
            json!({ "QueueUrl": url, "MessageBody": "" }),
            "MissingRequiredParameterException",
            "The request must contain the parameter MessageBody.",
        ),
        ("DeleteQueue", json!({}), "MissingRequiredParameterException", "The request must contain the parameter QueueUrl."),
        (
            "SetQueueAttributes",
            json!({ "QueueUrl": url, "Attributes": { "VisibilityTimeout": "43201" } }),
            "InvalidAttributeValue",
            "Invalid value for the parameter VisibilityTimeout.",
        ),
    ] {
        let fault = desk.call(operation, input).await.expect_err(message);
        assert_eq!((&*fault.code, fault.message.as_str()), (code, message));
    }
}

#[tokio::test]
async fn a_shorter_retention_ends_what_is_there_and_an_old_message_ends_first_in_the_dead_letter_queue() {
    let desk = Desk::new().await;
    let dead = desk.queue("dead", json!({ "MessageRetentionPeriod": "600" })).await;
    let policy = json!({ "deadLetterTargetArn": arn("dead"), "maxReceiveCount": 1 }).to_string();
    let url = desk.queue("jobs", json!({ "VisibilityTimeout": "0", "RedrivePolicy": policy })).await;
    desk.send(&url, "old").await;
    desk.advance(400).await;
    desk.send(&dead, "young").await;
    assert_eq!(desk.bodies(&url, 1).await, ["old"]);
    assert!(desk.bodies(&url, 1).await.is_empty());
    desk.advance(150).await;
    assert_eq!(desk.counts(&dead).await[0], "2");
    desk.advance(50).await;
    assert_eq!(desk.bodies(&dead, 10).await, ["young"], "600 seconds count from the first sending");

    desk.send(&url, "x").await;
    desk.ok("SetQueueAttributes", json!({ "QueueUrl": url, "Attributes": { "MessageRetentionPeriod": "60" } })).await;
    desk.advance(61).await;
    assert_eq!(desk.counts(&url).await, ["0", "0", "0"]);
}

#[tokio::test]
async fn a_group_on_a_standard_queue_is_shown_and_holds_nothing_up() {
    let desk = Desk::new().await;
    let url = desk.queue("fair", json!({})).await;
    desk.post(&url, "tenant", "a").await;
    desk.post(&url, "tenant", "b").await;
    let first = desk.take(&url, 1).await;
    assert_eq!(first[0]["Attributes"]["MessageGroupId"], "tenant");
    assert_eq!(desk.bodies(&url, 1).await, ["b"]);
}
