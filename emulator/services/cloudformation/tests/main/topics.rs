//! SNS topics, subscriptions and policies in stacks.

use crate::Desk;
use serde_json::{Value, json};

const TOPIC: &str = "
Resources:
  News:
    Type: AWS::SNS::Topic
    Properties:
      TopicName: news
      DisplayName: News
      Subscription: [{ Protocol: sqs, Endpoint: 'arn:aws:sqs:us-east-1:000000000000:inline' }]
      Tags: [{ Key: team, Value: blue }]
  Queue:
    Type: AWS::SNS::Subscription
    Properties:
      TopicArn: !Ref News
      Protocol: sqs
      Endpoint: arn:aws:sqs:us-east-1:000000000000:q
      RawMessageDelivery: true
      FilterPolicyScope: MessageBody
      FilterPolicy: { kind: [a] }
  Policy:
    Type: AWS::SNS::TopicPolicy
    Properties:
      Topics: [!Ref News]
      PolicyDocument: { Statement: [{ Effect: Allow, Principal: { Service: s3.amazonaws.com }, Action: 'sns:Publish', Resource: !Ref News }] }
Outputs:
  Arn: { Value: !Ref News }
  Name: { Value: !GetAtt News.TopicName }
  Subscription: { Value: !Ref Queue }
";
const ARN: &str = "arn:aws:sns:us-east-1:000000000000:news";

fn sorted(mut calls: Vec<String>) -> Vec<String> {
    calls.sort();
    calls
}

#[tokio::test]
async fn a_topic_with_subscriptions_and_policy_is_made_changed_and_deleted() {
    let desk = Desk::new().await;
    let stack = desk.create("s", TOPIC).await;
    assert_eq!(stack["StackStatus"], "CREATE_COMPLETE", "{stack}");
    let output = |key: &str, value: &str| json!({ "OutputKey": key, "OutputValue": value });
    assert_eq!(stack["Outputs"], json!([output("Arn", ARN), output("Name", "news"), output("Subscription", &format!("{ARN}:1"))]));
    let calls = desk.calls();
    assert_eq!(calls[..2], ["sns:CreateTopic news", "sns:Subscribe news"]);
    assert_eq!(sorted(calls[2..].to_vec()), ["sns:SetTopicAttributes news", "sns:Subscribe news"]);
    let topic = desk.world.thing("sns/news");
    assert_eq!(topic["Tags"], json!([{ "Key": "team", "Value": "blue" }]));
    assert_eq!(topic["Attributes"]["DisplayName"], "News");
    assert_eq!(
        (&topic["Attributes"]["RawMessageDelivery"], &topic["Attributes"]["FilterPolicy"]),
        (&json!("true"), &json!("{\"kind\":[\"a\"]}"))
    );
    let policy: Value = serde_json::from_str(topic["AttributeValue"].as_str().unwrap()).unwrap();
    assert_eq!(policy["Statement"][0]["Resource"], ARN);

    let changed = TOPIC.replace("DisplayName: News", "DisplayName: Olds").replace("kind: [a]", "kind: [b]");
    assert_eq!(desk.update("s", &changed).await["StackStatus"], "UPDATE_COMPLETE");
    assert_eq!(sorted(desk.calls()), ["sns:SetSubscriptionAttributes news", "sns:SetTopicAttributes news"]);

    desk.ok("DeleteStack", json!({ "StackName": "s" })).await;
    desk.settle().await;
    let calls = desk.calls();
    assert_eq!(calls.last().map(String::as_str), Some("sns:DeleteTopic news"), "{calls:?}");
    assert!(desk.world.names("sns").is_empty());
}

#[tokio::test]
async fn a_topic_that_is_there_is_not_taken() {
    let desk = Desk::new().await;
    desk.create("first", TOPIC).await;
    assert_eq!(desk.create("second", TOPIC).await["StackStatus"], "ROLLBACK_COMPLETE");
    assert_eq!(desk.world.names("sns"), ["news"], "the rollback leaves what the stack did not make");
}
