//! Queues: attributes, tags, policies.

use super::play::{Case, Play};
use serde_json::{Value, json};

pub async fn tags(case: Case) -> Play {
    let (mut play, url) = Play::queue(case, json!({})).await;
    play.desk.ok("TagQueue", json!({ "QueueUrl": url, "Tags": { "tag1": "value1", "tag2": "value2", "tag3": "" } })).await;
    play.shot("get-tag-1", "ListQueueTags", json!({ "QueueUrl": url })).await;
    play.desk.ok("UntagQueue", json!({ "QueueUrl": url, "TagKeys": ["tag1", "tag3"] })).await;
    play.shot("get-tag-2", "ListQueueTags", json!({ "QueueUrl": url })).await;
    play.desk.ok("UntagQueue", json!({ "QueueUrl": url, "TagKeys": ["tag2"] })).await;
    play.shot("get-tag-after-untag", "ListQueueTags", json!({ "QueueUrl": url })).await;
    play
}

fn creation(name: &str, attributes: Value) -> Value {
    json!({ "QueueName": name, "Attributes": attributes })
}

pub async fn other_fifo(case: Case) -> Play {
    let (mut play, _) = Play::fifo(case, json!({ "ContentBasedDeduplication": "true" })).await;
    let input = creation("queue.fifo", json!({ "FifoQueue": "true", "ContentBasedDeduplication": "false" }));
    play.shot("queue-already-exists", "CreateQueue", input).await;
    play
}

pub async fn other(case: Case) -> Play {
    let first = json!({ "ReceiveMessageWaitTimeSeconds": "1", "DelaySeconds": "1" });
    let second = json!({ "ReceiveMessageWaitTimeSeconds": "1", "DelaySeconds": "2" });
    let (mut play, url) = Play::queue(case, first.clone()).await;
    assert_eq!(play.desk.queue("queue", json!({})).await, url);
    assert_eq!(play.desk.queue("queue", json!({ "DelaySeconds": "1" })).await, url);
    play.shot("create_queue_01", "CreateQueue", creation("queue", second.clone())).await;
    play.set(&url, json!({ "DelaySeconds": "2" })).await;
    assert_eq!(play.desk.queue("queue", second).await, url);
    play.shot("create_queue_02", "CreateQueue", creation("queue", first)).await;
    play
}

pub async fn updated(case: Case) -> Play {
    let attributes = json!({ "MessageRetentionPeriod": "604800", "ReceiveMessageWaitTimeSeconds": "10", "VisibilityTimeout": "20" });
    let (mut play, url) = Play::queue(case, attributes).await;
    play.attributes("get_queue_attributes", &url, &["All"]).await;
    play.set(&url, json!({ "MaximumMessageSize": "2048", "VisibilityTimeout": "69", "DelaySeconds": "420" })).await;
    play.attributes("get_updated_queue_attributes", &url, &["All"]).await;
    play
}

pub async fn fifo_attributes(case: Case) -> Play {
    let mut play = Play::new(case).await;
    for (name, attributes) in [
        ("invalid-attribute-fifo-queue", json!({ "FifoQueue": "false" })),
        ("invalid-attribute-content-based-deduplication", json!({ "ContentBasedDeduplication": "false" })),
        ("invalid-attribute-deduplication-scope", json!({ "DeduplicationScope": "queue" })),
        ("invalid-attribute-throughput-limit", json!({ "FifoThroughputLimit": "perQueue" })),
    ] {
        play.shot(name, "CreateQueue", creation("queue", attributes)).await;
    }
    play
}

fn fifo_queue(url: &str, value: &str) -> Value {
    json!({ "QueueUrl": url, "Attributes": { "FifoQueue": value } })
}

pub async fn unsupported(case: Case) -> Play {
    let (mut play, url) = Play::queue(case, json!({})).await;
    play.shot("invalid-attr-name-1", "SetQueueAttributes", fifo_queue(&url, "true")).await;
    play.shot("invalid-attr-name-2", "SetQueueAttributes", fifo_queue(&url, "false")).await;
    play
}

pub async fn unsupported_fifo(case: Case) -> Play {
    let (mut play, url) = Play::queue(case, json!({})).await;
    play.shot("invalid-attr-name-1", "SetQueueAttributes", fifo_queue(&url, "true")).await;
    let url = play.desk.queue("other.fifo", json!({ "FifoQueue": "true" })).await;
    play.desk.ok("SetQueueAttributes", fifo_queue(&url, "true")).await;
    play.shot("invalid-attr-name-2", "SetQueueAttributes", fifo_queue(&url, "false")).await;
    play
}

pub async fn defaults(case: Case) -> Play {
    let (mut play, url) = Play::queue(case, json!({})).await;
    play.attributes("get-queue-attributes-initial-values", &url, &["All"]).await;
    play.set(&url, json!({ "KmsMasterKeyId": "testKeyId", "KmsDataKeyReusePeriodSeconds": "6000" })).await;
    play.attributes("get-queue-attributes-after-update", &url, &["All"]).await;
    play.set(&url, json!({ "KmsMasterKeyId": "", "KmsDataKeyReusePeriodSeconds": "300" })).await;
    play.attributes("get-queue-attributes-after-set-to-defaults", &url, &["All"]).await;
    play
}

const SEALS: [&str; 3] = ["KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled"];

pub async fn sealed(case: Case) -> Play {
    let (mut play, url) = Play::queue(case, json!({})).await;
    play.set(&url, json!({ "KmsMasterKeyId": "testKeyId", "KmsDataKeyReusePeriodSeconds": "6000", "SqsManagedSseEnabled": "false" })).await;
    play.attributes("sse_kms_attributes", &url, &SEALS).await;
    let url = play.desk.queue("other", json!({})).await;
    play.set(&url, json!({ "SqsManagedSseEnabled": "true" })).await;
    play.attributes("sse_sqs_attributes", &url, &SEALS).await;
    play
}

pub async fn sealed_twice(case: Case) -> Play {
    let (mut play, url) = Play::queue(case, json!({})).await;
    let input = json!({ "QueueUrl": url, "Attributes": { "KmsMasterKeyId": "testKeyId", "SqsManagedSseEnabled": "true" } });
    let (code, sentence) = play.desk.refused("SetQueueAttributes", input).await;
    // As Python writes the exception.
    play.keep("error", format!("An error occurred ({code}) when calling the SetQueueAttributes operation: {sentence}").into());
    play
}

pub async fn permissions(case: Case) -> Play {
    let (mut play, url) = Play::queue(case, json!({})).await;
    let own = "000000000000";
    let add =
        |accounts: Value, label: &str| json!({ "QueueUrl": url, "AWSAccountIds": accounts, "Actions": ["ReceiveMessage"], "Label": label });
    let remove = |label: &str| json!({ "QueueUrl": url, "Label": label });
    let (one, two) = ("crossaccountpermission", "crossaccountpermission2");
    play.shot("add-permission-response", "AddPermission", add(json!(["668614515564", own]), one)).await;
    play.attributes("get-queue-policy-attribute", &url, &["Policy"]).await;
    play.shot("remove-permission-response", "RemovePermission", remove(one)).await;
    play.attributes("get-queue-policy-attribute-after-removal", &url, &["Policy"]).await;
    play.desk.ok("AddPermission", add(json!([own]), one)).await;
    play.attributes("get-queue-policy-attribute-first-account-same-label", &url, &["Policy"]).await;
    let input = add(json!(["668614515564"]), one);
    play.shot("get-queue-policy-attribute-second-account-same-label", "AddPermission", input).await;
    play.desk.ok("AddPermission", add(json!([own]), two)).await;
    play.attributes("get-queue-policy-attribute-second-account-different-label", &url, &["Policy"]).await;
    play.desk.ok("RemovePermission", remove(one)).await;
    play.attributes("get-queue-policy-attribute-delete-first-permission", &url, &["Policy"]).await;
    play.desk.ok("RemovePermission", remove(two)).await;
    play.attributes("get-queue-policy-attribute-delete-second-permission", &url, &["Policy"]).await;
    play.shot("get-queue-policy-attribute-delete-non-existent-label", "RemovePermission", remove(two)).await;
    play
}

pub async fn purged_twice(case: Case) -> Play {
    let (mut play, url) = Play::queue(case, json!({})).await;
    play.desk.ok("PurgeQueue", json!({ "QueueUrl": url })).await;
    play.shot("purge_queue_error", "PurgeQueue", json!({ "QueueUrl": url })).await;
    play
}
