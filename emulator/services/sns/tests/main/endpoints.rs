//! HTTP endpoints: the handshake, the headers, retries, and the links in messages.

use crate::desk::{Desk, Endpoint, Seen};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Follows a link as a browser does.
pub async fn follow(url: &str) -> (u16, String) {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let mut socket = tokio::net::TcpStream::connect(host).await.unwrap();
    socket.write_all(format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").as_bytes()).await.unwrap();
    let mut text = String::new();
    socket.read_to_string(&mut text).await.unwrap();
    (text.split(' ').nth(1).unwrap().parse().unwrap(), text.split_once("\r\n\r\n").unwrap().1.to_owned())
}

pub async fn open() -> (Desk, gateway::Server) {
    let desk = Desk::new().await;
    let gateway = gateway::Gateway::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let server = gateway.serve(desk.cloud.clone(), None);
    desk.cloud.set_endpoint(format!("http://{}", server.address()));
    (desk, server)
}

fn kinds(requests: &[Seen]) -> Vec<&str> {
    requests.iter().map(|r| r.header("x-amz-sns-message-type").unwrap()).collect()
}

#[tokio::test]
async fn an_endpoint_says_yes_by_the_link_and_leaves_by_the_other() {
    let (desk, _server) = open().await;
    let endpoint = Endpoint::new().await;
    let topic = desk.topic("news", json!({})).await;
    let answer = desk.ok("Subscribe", json!({ "TopicArn": topic, "Protocol": "http", "Endpoint": endpoint.url })).await;
    assert_eq!(answer["SubscriptionArn"], "pending confirmation");
    desk.publish(&topic, "too early").await;
    desk.settle().await;
    let asked = endpoint.requests()[0].json();
    assert_eq!(asked["Type"], "SubscriptionConfirmation");
    let (status, xml) = follow(asked["SubscribeURL"].as_str().unwrap()).await;
    assert_eq!(status, 200, "{xml}");
    assert!(xml.contains("<ConfirmSubscriptionResult><SubscriptionArn>arn:aws:sns:"), "{xml}");

    desk.publish(&topic, "hello").await;
    desk.settle().await;
    let requests = endpoint.requests();
    assert_eq!(kinds(&requests), ["SubscriptionConfirmation", "Notification"]);
    assert_eq!(requests[1].header("content-type"), Some("text/plain; charset=UTF-8"));
    assert_eq!(requests[1].header("user-agent"), Some("Amazon Simple Notification Service Agent"));
    let told = requests[1].json();
    assert_eq!(told["Message"], "hello");

    let (status, _) = follow(told["UnsubscribeURL"].as_str().unwrap()).await;
    assert_eq!(status, 200);
    desk.publish(&topic, "nobody hears").await;
    desk.settle().await;
    let requests = endpoint.requests();
    assert_eq!(kinds(&requests)[2..], ["UnsubscribeConfirmation"]);
    // The link in that message brings the subscription back.
    follow(requests[2].json()["SubscribeURL"].as_str().unwrap()).await;
    desk.publish(&topic, "again").await;
    desk.settle().await;
    assert_eq!(endpoint.requests()[3].json()["Message"], "again");
}

#[tokio::test]
async fn a_guarded_subscription_is_not_ended_by_a_link() {
    let (desk, _server) = open().await;
    let endpoint = Endpoint::new().await;
    let topic = desk.topic("news", json!({})).await;
    let arn = desk.subscribe(&topic, "http", &endpoint.url, json!({})).await;
    desk.settle().await;
    let token = endpoint.requests()[0].json()["Token"].clone();
    desk.ok("ConfirmSubscription", json!({ "TopicArn": topic, "Token": token, "AuthenticateOnUnsubscribe": "true" })).await;
    let (status, xml) = follow(&format!("{}/?Action=Unsubscribe&SubscriptionArn={arn}", desk.cloud.endpoint())).await;
    assert_eq!(status, 403, "{xml}");
    assert!(xml.contains("<Code>AuthorizationError</Code>"), "{xml}");
    let attributes = desk.ok("GetSubscriptionAttributes", json!({ "SubscriptionArn": arn })).await;
    assert_eq!(attributes["Attributes"]["ConfirmationWasAuthenticated"], "true");
}

#[tokio::test]
async fn retries_follow_the_delivery_policy_and_4xx_is_final() {
    let desk = Desk::new().await;
    let endpoint = Endpoint::new().await;
    let topic = desk.topic("news", json!({})).await;
    let policy = json!({ "healthyRetryPolicy": { "minDelayTarget": 5, "maxDelayTarget": 5, "numRetries": 2 } }).to_string();
    desk.subscribe(&topic, "http", &endpoint.url, json!({ "DeliveryPolicy": policy, "RawMessageDelivery": "true" })).await;
    desk.settle().await;
    let token = endpoint.requests()[0].json()["Token"].clone();
    desk.ok("ConfirmSubscription", json!({ "TopicArn": topic, "Token": token })).await;
    *endpoint.statuses.lock().unwrap() = vec![500, 503, 502];
    desk.publish(&topic, "x").await;
    desk.advance(60).await;
    assert_eq!(endpoint.requests().len(), 1 + 3, "one attempt and two retries");
    assert_eq!(endpoint.requests()[1].body, "x");
    assert_eq!(endpoint.requests()[1].header("x-amz-sns-rawdelivery"), Some("true"));
    *endpoint.statuses.lock().unwrap() = vec![404];
    desk.publish(&topic, "y").await;
    desk.advance(60).await;
    assert_eq!(endpoint.requests().len(), 1 + 3 + 1);
    assert_eq!(desk.outcomes("DeadLetter"), ["Lost", "Lost"]);
}

#[tokio::test]
async fn nobody_outside_this_machine_is_called() {
    let desk = Desk::new().await;
    let topic = desk.topic("news", json!({})).await;
    let arn = desk.subscribe(&topic, "http", "http://example.com/hook", json!({})).await;
    desk.settle().await;
    assert_eq!(desk.outcomes("Confirm"), ["EndpointRefused"]);
    let warned = desk
        .cloud
        .journal()
        .held()
        .iter()
        .any(|r| &*r.outcome == "warning" && r.detail["warning"].as_str().unwrap().contains("example.com"));
    assert!(warned, "who subscribes is told");
    // Two days later nobody has confirmed.
    desk.advance(2 * 24 * 3600).await;
    let (code, _) = desk.refused("GetSubscriptionAttributes", json!({ "SubscriptionArn": arn })).await;
    assert_eq!(code, "NotFound");
}

#[tokio::test]
async fn an_email_subscription_waits_and_its_token_is_in_the_journal() {
    let desk = Desk::new().await;
    let topic = desk.topic("news", json!({})).await;
    let arn = desk.subscribe(&topic, "email", "a@example.com", json!({})).await;
    desk.settle().await;
    let listed = desk.ok("ListSubscriptionsByTopic", json!({ "TopicArn": topic })).await;
    assert_eq!(listed["Subscriptions"][0]["SubscriptionArn"], "PendingConfirmation");
    let held = desk.cloud.journal().held();
    let token: Value = held.iter().find(|r| &*r.operation == "Confirm").unwrap().detail["token"].clone();
    let confirmed = desk.ok("ConfirmSubscription", json!({ "TopicArn": topic, "Token": token })).await;
    assert_eq!(confirmed["SubscriptionArn"], *arn);
}

#[tokio::test]
async fn an_endpoint_gets_no_more_in_a_second_than_its_policy_says() {
    let (desk, _server) = open().await;
    let endpoint = Endpoint::new().await;
    let topic = desk.topic("news", json!({})).await;
    let policy = json!({ "throttlePolicy": { "maxReceivesPerSecond": 2 } }).to_string();
    let input = json!({
        "TopicArn": topic, "Protocol": "http", "Endpoint": endpoint.url, "Attributes": { "DeliveryPolicy": policy },
    });
    desk.ok("Subscribe", input).await;
    desk.settle().await;
    follow(endpoint.requests()[0].json()["SubscribeURL"].as_str().unwrap()).await;
    for n in 0..5 {
        desk.publish(&topic, &n.to_string()).await;
    }
    desk.settle().await;
    let told = || kinds(&endpoint.requests()).iter().filter(|kind| **kind == "Notification").count();
    assert_eq!(told(), 1);
    desk.advance(1).await;
    assert_eq!(told(), 3);
    desk.advance(1).await;
    assert_eq!(told(), 5);
}
