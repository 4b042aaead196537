//! Objects that come start a workflow of a stack: S3 tells the bus, the rule tells Glue under its role, and the batch of events crawls.

use crate::square::Square;
use serde_json::{Value, json};

const STACK: &str = "
Resources:
  Lost: { Type: AWS::SQS::Queue, Properties: { QueueName: lost } }
  MaySend:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Lost]
      PolicyDocument:
        Version: '2012-10-17'
        Statement: [{ Effect: Allow, Principal: { Service: events.amazonaws.com }, Action: sqs:SendMessage, Resource: !GetAtt Lost.Arn }]
  Bucket:
    Type: AWS::S3::Bucket
    Properties: { BucketName: lake-data, NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: true } } }
  Lake: { Type: AWS::Glue::Database, Properties: { CatalogId: !Ref 'AWS::AccountId', DatabaseInput: { Name: lake } } }
  Crawls:
    Type: AWS::IAM::Role
    Properties:
      RoleName: crawls
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement: [{ Effect: Allow, Principal: { Service: glue.amazonaws.com }, Action: sts:AssumeRole }]
      Policies:
        - PolicyName: crawl
          PolicyDocument:
            Version: '2012-10-17'
            Statement: [{ Effect: Allow, Action: ['s3:ListBucket', 's3:GetObject', 'glue:*'], Resource: '*' }]
  Notifies:
    Type: AWS::IAM::Role
    Properties:
      RoleName: notifies
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement: [{ Effect: Allow, Principal: { Service: events.amazonaws.com }, Action: sts:AssumeRole }]
      Policies:
        - PolicyName: notify
          PolicyDocument:
            Version: '2012-10-17'
            Statement: [{ Effect: Allow, Action: 'glue:notifyEvent', Resource: !Sub 'arn:aws:glue:${AWS::Region}:${AWS::AccountId}:workflow/${Flow}' }]
  Crawler:
    Type: AWS::Glue::Crawler
    Properties: { Name: photos, Role: !GetAtt Crawls.Arn, DatabaseName: !Ref Lake, Targets: { S3Targets: [{ Path: !Sub 's3://${Bucket}/photos' }] } }
  Flow: { Type: AWS::Glue::Workflow, Properties: { Name: flow } }
  Start:
    Type: AWS::Glue::Trigger
    Properties:
      Name: start
      Type: EVENT
      WorkflowName: !Ref Flow
      EventBatchingCondition: { BatchSize: 2, BatchWindow: 300 }
      Actions: [{ CrawlerName: !Ref Crawler }]
  Arrivals:
    Type: AWS::Events::Rule
    Properties:
      Name: arrivals
      EventPattern: { source: [aws.s3], detail-type: [Object Created] }
      Targets:
        - Id: flow
          Arn: !Sub 'arn:aws:glue:${AWS::Region}:${AWS::AccountId}:workflow/${Flow}'
          RoleArn: !GetAtt Notifies.Arn
          DeadLetterConfig: { Arn: !GetAtt Lost.Arn }
";

async fn stack() -> Square {
    let square = Square::new().await;
    let input = json!({ "StackName": "lake", "TemplateBody": STACK, "Capabilities": ["CAPABILITY_NAMED_IAM"] });
    square.ok("cloudformation", "CreateStack", input).await;
    square.settle().await;
    let all = square.ok("cloudformation", "DescribeStacks", json!({ "StackName": "lake" })).await;
    let events = square.ok("cloudformation", "DescribeStackEvents", json!({ "StackName": "lake" })).await;
    assert_eq!(all["Stacks"][0]["StackStatus"], "CREATE_COMPLETE", "{events:#}");
    square
}

async fn arrives(square: &Square, name: &str) {
    square.put("lake-data", &format!("photos/{name}.json"), "{\"id\":1,\"size\":2.5}\n").await;
    square.settle().await;
}

async fn runs(square: &Square) -> Vec<Value> {
    square.ok("glue", "GetWorkflowRuns", json!({ "Name": "flow" })).await["Runs"].as_array().unwrap().clone()
}

#[tokio::test]
async fn objects_that_come_are_crawled_in_batches() {
    let square = stack().await;
    arrives(&square, "a").await;
    assert!(runs(&square).await.is_empty());
    arrives(&square, "b").await;
    let first = runs(&square).await.remove(0);
    assert_eq!((&first["Status"], &first["StartingEventBatchCondition"]), (&json!("COMPLETED"), &json!({ "BatchSize": 2 })));
    let ids = first["WorkflowRunProperties"]["aws:eventIds"].as_str().unwrap();
    assert_eq!(ids.trim_matches(['[', ']']).split(", ").map(str::len).collect::<Vec<_>>(), [36, 36], "{ids}");
    let table = square.ok("glue", "GetTable", json!({ "DatabaseName": "lake", "Name": "photos" })).await["Table"].clone();
    assert_eq!(table["Parameters"]["objectCount"], "2");

    arrives(&square, "c").await;
    square.advance(299).await;
    assert_eq!(runs(&square).await.len(), 1);
    square.advance(1).await;
    assert_eq!(runs(&square).await[0]["StartingEventBatchCondition"], json!({ "BatchWindow": 300 }));
    let table = square.ok("glue", "GetTable", json!({ "DatabaseName": "lake", "Name": "photos" })).await["Table"].clone();
    assert_eq!(table["Parameters"]["objectCount"], "3");
    assert!(square.messages("lost").await.is_empty());
}

#[tokio::test]
async fn a_role_that_may_not_notify_starts_nothing() {
    let square = stack().await;
    square.ok("iam", "DeleteRolePolicy", json!({ "RoleName": "notifies", "PolicyName": "notify" })).await;
    arrives(&square, "a").await;
    arrives(&square, "b").await;
    assert!(runs(&square).await.is_empty());
    let lost = square.messages("lost").await;
    assert_eq!(lost.len(), 2, "{lost:?}");
    let said = |name: &str| lost[0]["MessageAttributes"][name]["StringValue"].as_str().unwrap().to_owned();
    assert_eq!(said("ERROR_CODE"), "NO_PERMISSIONS");
    assert!(said("ERROR_MESSAGE").contains("is not authorized to perform: glue:notifyEvent"), "{}", said("ERROR_MESSAGE"));
}
