//! Both protocols of SQS through the gateway, at `/` and at a queue's own URL.

use crate::{desk::Desk, http};
use serde_json::json;
use std::net::SocketAddr;

async fn served() -> (Desk, SocketAddr, gateway::Server) {
    let desk = Desk::new().await;
    let gateway = gateway::Gateway::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let server = gateway.serve(desk.cloud.clone(), None);
    (desk, server.address(), server)
}

#[tokio::test]
async fn forms_posted_to_a_queues_url_need_not_name_it() {
    let (desk, address, _server) = served().await;
    let made = http::form(
        address,
        "/",
        "Action=CreateQueue&QueueName=jobs&Attribute.1.Name=VisibilityTimeout&Attribute.1.Value=77&Tag.1.Key=a&Tag.1.Value=b",
    )
    .await
    .unwrap();
    assert_eq!(made.element("QueueUrl"), Some(format!("http://{address}/000000000000/jobs").as_str()), "{}", made.body);
    let path = "/000000000000/jobs";
    let sent = http::form(
        address,
        path,
        "Action=SendMessage&MessageBody=hello&MessageAttribute.1.Name=n&MessageAttribute.1.Value.DataType=Number&MessageAttribute.1.Value.StringValue=1&Version=2012-11-05",
    )
    .await
    .unwrap();
    assert_eq!(sent.element("MD5OfMessageBody"), Some("5d41402abc4b2a76b9719d911017c592"), "{}", sent.body);
    let got = http::form(address, path, "Action=ReceiveMessage&MessageAttributeName.1=All&AttributeName.1=All").await.unwrap();
    assert_eq!((got.element("Body"), got.element("StringValue")), (Some("hello"), Some("1")), "{}", got.body);
    assert!(got.body.contains("<Message><MessageId>") && got.body.contains("<Attribute><Name>SenderId</Name>"), "{}", got.body);
    let shown = http::form(address, path, "Action=GetQueueAttributes&AttributeName.1=VisibilityTimeout").await.unwrap();
    assert!(shown.body.contains("<Attribute><Name>VisibilityTimeout</Name><Value>77</Value></Attribute>"), "{}", shown.body);
    let batch = "Action=SendMessageBatch&SendMessageBatchRequestEntry.1.Id=a&SendMessageBatchRequestEntry.1.MessageBody=x";
    let sent = http::form(address, path, batch).await.unwrap();
    assert!(sent.body.contains("<SendMessageBatchResultEntry><Id>a</Id>"), "{}", sent.body);
    let handle = got.element("ReceiptHandle").unwrap().replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let deleted = http::form(address, path, &format!("Action=DeleteMessage&ReceiptHandle={handle}")).await.unwrap();
    assert_eq!(deleted.status, 200, "{}", deleted.body);
    assert_eq!(desk.counts("jobs").await, ["1", "0", "0"]);
    let gone = http::form(address, "/000000000000/nothing", "Action=PurgeQueue").await.unwrap();
    assert_eq!((gone.status, gone.element("Code")), (400, Some("AWS.SimpleQueueService.NonExistentQueue")));
}

#[tokio::test]
async fn json_posted_to_a_queues_url_is_understood_and_faults_carry_the_old_codes() {
    let (desk, address, _server) = served().await;
    let url = desk.fifo("jobs", json!({})).await;
    let path = "/000000000000/jobs.fifo";
    let input = json!({ "QueueUrl": url, "MessageBody": "hello", "MessageGroupId": "g" });
    let sent = http::json(address, path, "SendMessage", &input).await.unwrap();
    assert_eq!(sent.json()["SequenceNumber"].as_str().map(str::len), Some(20), "{}", sent.body);
    let got = http::json(address, path, "ReceiveMessage", &json!({ "QueueUrl": url })).await.unwrap();
    assert_eq!(got.json()["Messages"][0]["Body"], "hello");
    let refused = http::json(address, "/", "SendMessage", &json!({ "QueueUrl": url, "MessageBody": "x" })).await.unwrap();
    assert_eq!(refused.json()["__type"], "MissingRequiredParameterException");
    assert!(refused.head.contains("x-amzn-query-error: missingparameter;sender"), "{}", refused.head);
}
