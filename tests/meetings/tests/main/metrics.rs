//! What services tell CloudWatch of themselves, read back where users read it.

use crate::square::{ACCOUNT, Square};
use lambda::in_process::{HandlerError, Invocation};
use serde_json::{Value, json};
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

async fn answer(event: Value, invocation: Invocation) -> Result<Value, HandlerError> {
    invocation.log("a line of its own");
    match event["fail"].is_null() {
        true => Ok(json!({ "statusCode": 200, "body": "hello" })),
        false => Err(HandlerError::new("Boom", "it went wrong")),
    }
}

pub async fn square() -> Square {
    let lambda = lambda::Lambda::new();
    lambda.register("answer", answer).unwrap();
    Square::with(lambda).await
}

/// One unsigned request over HTTP; its status.
pub async fn http(to: SocketAddr, host: &str, method: &str, path: &str, body: &str) -> u16 {
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: text/plain\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(to).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).split(' ').nth(1).unwrap().parse().unwrap()
}

pub async fn gateway(square: &Square) -> gateway::Server {
    let gateway = gateway::Gateway::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    gateway.serve(square.cloud.clone(), None)
}

#[tokio::test]
async fn of_functions_and_their_logs() {
    let square = square().await;
    square.function("f", "answer", json!({})).await;
    square.ok("lambda", "PublishVersion", json!({ "FunctionName": "f" })).await;
    for event in ["{}", r#"{"fail":1}"#] {
        square.invoke("f", event).await.unwrap();
    }
    square.invoke("f:1", "{}").await.unwrap();
    square.ok("lambda", "PutFunctionConcurrency", json!({ "FunctionName": "f", "ReservedConcurrentExecutions": 0 })).await;
    assert_eq!(square.invoke("f", "{}").await.unwrap_err().code, "TooManyRequestsException");
    square.settle().await;
    let of = [("FunctionName", "f")];
    for (metric, wanted) in [("Invocations", 3.0), ("Errors", 1.0), ("Throttles", 1.0)] {
        assert_eq!(square.sum("AWS/Lambda", metric, &of).await, wanted, "{metric}");
        assert_eq!(square.sum("AWS/Lambda", metric, &[]).await, wanted, "{metric} of the account");
    }
    assert_eq!(square.sum("AWS/Lambda", "Invocations", &[("FunctionName", "f"), ("Resource", "f:1")]).await, 1.0);
    assert!(square.sum("AWS/Lambda", "ConcurrentExecutions", &of).await >= 1.0);
    let group = [("LogGroupName", "/aws/lambda/f")];
    // INIT_START twice, START, the line, END and REPORT three times.
    let lines = square.ok("logs", "FilterLogEvents", json!({ "logGroupName": "/aws/lambda/f" })).await;
    let lines = lines["events"].as_array().unwrap().clone();
    assert_eq!(square.sum("AWS/Logs", "IncomingLogEvents", &group).await, lines.len() as f64);
    let bytes: usize = lines.iter().map(|line| line["message"].as_str().unwrap().len() + 26).sum();
    assert_eq!(square.sum("AWS/Logs", "IncomingBytes", &group).await, bytes as f64);
}

#[tokio::test]
async fn of_topics_and_queues() {
    let square = square().await;
    let topic = square.ok("sns", "CreateTopic", json!({ "Name": "news" })).await["TopicArn"].as_str().unwrap().to_owned();
    let queue = square.queue("all", "sns.amazonaws.com").await;
    let filtered = square.queue("some", "sns.amazonaws.com").await;
    let subscribe = |endpoint: &str, more: Value| json!({ "TopicArn": topic, "Protocol": "sqs", "Endpoint": endpoint, "Attributes": more, "ReturnSubscriptionArn": true });
    square.ok("sns", "Subscribe", subscribe(&queue, json!({}))).await;
    square.ok("sns", "Subscribe", subscribe(&filtered, json!({ "FilterPolicy": "{\"kind\":[\"blue\"]}" }))).await;
    square.ok("sns", "Publish", json!({ "TopicArn": topic, "Message": "hello" })).await;
    let kind = json!({ "kind": { "DataType": "String", "StringValue": "red" } });
    square.ok("sns", "Publish", json!({ "TopicArn": topic, "Message": "hello", "MessageAttributes": kind })).await;
    square.settle().await;
    // A queue that is gone takes nothing.
    let nowhere = format!("arn:aws:sqs:us-east-1:{ACCOUNT}:nowhere");
    square.ok("sns", "Subscribe", subscribe(&nowhere, json!({}))).await;
    let entry = json!({ "Id": "1", "Message": "hello" });
    square.ok("sns", "PublishBatch", json!({ "TopicArn": topic, "PublishBatchRequestEntries": [entry] })).await;
    square.settle().await;
    for (metric, wanted) in [
        ("NumberOfMessagesPublished", 3.0),
        // Five letters each, and an attribute of name, type and value.
        ("PublishSize", 15.0 + 4.0 + 6.0 + 3.0),
        ("NumberOfNotificationsDelivered", 3.0),
        ("NumberOfNotificationsFailed", 1.0),
        ("NumberOfNotificationsFilteredOut", 3.0),
        ("NumberOfNotificationsFilteredOut-MessageAttributes", 3.0),
        ("NumberOfNotificationsFilteredOut-NoMessageAttributes", 2.0),
    ] {
        assert_eq!(square.sum("AWS/SNS", metric, &[("TopicName", "news")]).await, wanted, "{metric}");
    }
    assert_eq!(square.messages("all").await.len(), 3);
    for (metric, wanted) in
        [("NumberOfMessagesSent", 3.0), ("NumberOfMessagesReceived", 3.0), ("NumberOfMessagesDeleted", 3.0), ("NumberOfEmptyReceives", 1.0)]
    {
        assert_eq!(square.sum("AWS/SQS", metric, &[("QueueName", "all")]).await, wanted, "{metric}");
    }
    square.ok("sns", "Publish", json!({ "TopicArn": topic, "Message": "stays" })).await;
    square.advance(180).await;
    assert_eq!(square.sum("AWS/SQS", "ApproximateNumberOfMessagesVisible", &[("QueueName", "all")]).await, 3.0, "each minute");
}

#[tokio::test]
async fn of_rules_and_schedules() {
    let square = square().await;
    let queue = square.queue("q", "events.amazonaws.com").await;
    let pattern = json!({ "source": ["mine"] }).to_string();
    square.ok("events", "PutRule", json!({ "Name": "r", "EventPattern": pattern })).await;
    square.ok("events", "PutTargets", json!({ "Rule": "r", "Targets": [{ "Id": "1", "Arn": queue }] })).await;
    let entry = json!({ "Source": "mine", "DetailType": "d", "Detail": "{}" });
    square.ok("events", "PutEvents", json!({ "Entries": [entry, entry] })).await;
    square.settle().await;
    for metric in ["MatchedEvents", "TriggeredRules", "Invocations"] {
        assert_eq!(square.sum("AWS/Events", metric, &[("RuleName", "r")]).await, 2.0, "{metric}");
    }
    let send = json!([{ "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*" }]);
    let role = square.role("scheduler", "scheduler.amazonaws.com", send).await;
    let schedule = json!({
        "Name": "s", "ScheduleExpression": "rate(1 minute)", "FlexibleTimeWindow": { "Mode": "OFF" },
        "Target": { "Arn": queue, "RoleArn": role, "Input": "{}" },
    });
    square.ok("scheduler", "CreateSchedule", schedule).await;
    square.advance(185).await;
    let tried = square.sum("AWS/Scheduler", "InvocationAttemptCount", &[("ScheduleGroup", "default")]).await;
    assert!((3.0..=4.0).contains(&tried), "{tried} in three minutes");
    assert_eq!(square.sum("AWS/Scheduler", "InvocationAttemptCount", &[]).await, tried);
    assert_eq!(square.messages("q").await.len(), 2 + tried as usize);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_apis() {
    let square = square().await;
    let function = square.function("f", "answer", json!({})).await;
    let api = square.ok("apigateway", "CreateRestApi", json!({ "name": "pets" })).await;
    let (id, root) = (&api["id"], &api["rootResourceId"]);
    let method = json!({ "restApiId": id, "resourceId": root, "httpMethod": "GET", "authorizationType": "NONE" });
    square.ok("apigateway", "PutMethod", method).await;
    let uri = format!("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations");
    let integration = json!({
        "restApiId": id, "resourceId": root, "httpMethod": "GET", "type": "AWS_PROXY", "integrationHttpMethod": "POST", "uri": uri,
    });
    square.ok("apigateway", "PutIntegration", integration).await;
    square.ok("apigateway", "CreateDeployment", json!({ "restApiId": id, "stageName": "live" })).await;
    let permission = json!({
        "FunctionName": "f", "StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com",
    });
    square.ok("lambda", "AddPermission", permission).await;
    let server = gateway(&square).await;
    let host = format!("{}.execute-api.us-east-1.amazonaws.com", id.as_str().unwrap());
    for (method, path, status) in [("GET", "/live/", 200), ("GET", "/live/", 200), ("GET", "/live/none", 403)] {
        assert_eq!(http(server.address(), &host, method, path, "").await, status, "{method} {path}");
    }
    square.settle().await;
    for under in [&[("ApiName", "pets")][..], &[("ApiName", "pets"), ("Stage", "live")]] {
        assert_eq!(square.sum("AWS/ApiGateway", "Count", under).await, 3.0);
        assert_eq!(square.sum("AWS/ApiGateway", "4XXError", under).await, 1.0);
        assert_eq!(square.sum("AWS/ApiGateway", "5XXError", under).await, 0.0);
    }
    assert_eq!(square.sum("AWS/Lambda", "Invocations", &[("FunctionName", "f")]).await, 2.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_buckets() {
    let square = square().await;
    square.ok("s3", "CreateBucket", json!({ "Bucket": "box" })).await;
    square.ok("s3", "DeletePublicAccessBlock", json!({ "Bucket": "box" })).await;
    let statement =
        json!({ "Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::box/*" });
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
    square.ok("s3", "PutBucketPolicy", json!({ "Bucket": "box", "Policy": policy })).await;
    let tag = json!({ "Key": "class", "Value": "log" });
    for (id, filter) in [
        ("all", Value::Null),
        ("logs", json!({ "Prefix": "logs/" })),
        ("tagged", json!({ "Tag": tag })),
        ("tagged-logs", json!({ "And": { "Prefix": "logs/", "Tags": [tag] } })),
        ("tagged-others", json!({ "And": { "Prefix": "other", "Tags": [tag] } })),
    ] {
        let mut configuration = json!({ "Id": id });
        if !filter.is_null() {
            configuration["Filter"] = filter;
        }
        let input = json!({ "Bucket": "box", "Id": id, "MetricsConfiguration": configuration });
        square.ok("s3", "PutBucketMetricsConfiguration", input).await;
    }
    let server = gateway(&square).await;
    let host = server.address().to_string();
    for (method, path, body, status) in [
        ("PUT", "/box/logs/1", "twelve bytes", 200),
        ("PUT", "/box/other", "four", 200),
        ("GET", "/box/logs/1", "", 200),
        ("DELETE", "/box/logs/1", "", 403),
    ] {
        if method == "GET" {
            // From here on the object has the tag that two of the configurations ask for.
            let tagging = json!({ "TagSet": [tag] });
            square.ok("s3", "PutObjectTagging", json!({ "Bucket": "box", "Key": "logs/1", "Tagging": tagging })).await;
        }
        assert_eq!(http(server.address(), &host, method, path, body).await, status, "{method} {path}");
    }
    square.settle().await;
    let of = |filter: &'static str| [("BucketName", "box"), ("FilterId", filter)];
    for (filter, requests) in [("tagged", 2.0), ("tagged-logs", 2.0), ("tagged-others", 0.0)] {
        assert_eq!(square.sum("AWS/S3", "AllRequests", &of(filter)).await, requests, "{filter}");
    }
    for (metric, all, logs) in [
        ("AllRequests", 4.0, 3.0),
        ("PutRequests", 2.0, 1.0),
        ("GetRequests", 1.0, 1.0),
        ("DeleteRequests", 1.0, 1.0),
        ("4xxErrors", 1.0, 1.0),
        ("BytesUploaded", 16.0, 12.0),
        ("BytesDownloaded", 12.0, 12.0),
    ] {
        assert_eq!(square.sum("AWS/S3", metric, &of("all")).await, all, "{metric}");
        assert_eq!(square.sum("AWS/S3", metric, &of("logs")).await, logs, "{metric} of logs/");
    }
}
