//! Crawlers of a stack: what is uploaded tells a queue, and the crawl that follows looks at the touched folders only, as its role allows.

use crate::square::Square;
use serde_json::{Value, json};

const STACK: &str = "
Resources:
  Queue: { Type: AWS::SQS::Queue, Properties: { QueueName: touched } }
  MaySend:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Queue]
      PolicyDocument:
        Version: '2012-10-17'
        Statement: [{ Effect: Allow, Principal: { Service: s3.amazonaws.com }, Action: sqs:SendMessage, Resource: !GetAtt Queue.Arn }]
  Bucket:
    Type: AWS::S3::Bucket
    DependsOn: MaySend
    Properties:
      BucketName: lake-data
      NotificationConfiguration:
        QueueConfigurations:
          - { Event: 's3:ObjectCreated:*', Queue: !GetAtt Queue.Arn }
          - { Event: 's3:ObjectRemoved:*', Queue: !GetAtt Queue.Arn }
  Lake: { Type: AWS::Glue::Database, Properties: { CatalogId: !Ref 'AWS::AccountId', DatabaseInput: { Name: lake } } }
  Role:
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
            Statement:
              - { Effect: Allow, Action: 's3:ListBucket', Resource: 'arn:aws:s3:::lake-data' }
              - { Effect: Allow, Action: 's3:GetObject', Resource: 'arn:aws:s3:::lake-data/photos/*' }
              - { Effect: Allow, Action: ['sqs:ReceiveMessage', 'sqs:DeleteMessage'], Resource: !GetAtt Queue.Arn }
              - Effect: Allow
                Action: ['glue:GetTables', 'glue:CreateTable', 'glue:UpdateTable', 'glue:GetPartitions', 'glue:BatchCreatePartition', 'glue:BatchUpdatePartition', 'glue:BatchDeletePartition']
                Resource: '*'
  Lines:
    Type: AWS::Glue::Classifier
    Properties: { CsvClassifier: { Name: tildes, Delimiter: '~', ContainsHeader: PRESENT } }
  Crawler:
    Type: AWS::Glue::Crawler
    Properties:
      Name: photos
      Role: !GetAtt Role.Arn
      DatabaseName: !Ref Lake
      Classifiers: [!Ref Lines]
      Targets: { S3Targets: [{ Path: !Sub 's3://${Bucket}/photos', EventQueueArn: !GetAtt Queue.Arn }] }
      RecrawlPolicy: { RecrawlBehavior: CRAWL_EVENT_MODE }
      SchemaChangePolicy: { UpdateBehavior: UPDATE_IN_DATABASE, DeleteBehavior: DELETE_FROM_DATABASE }
      Schedule: { ScheduleExpression: cron(0 3 * * ? *) }
      Tags: { team: a }
  Flow: { Type: AWS::Glue::Workflow, Properties: { Name: flow } }
  Start:
    Type: AWS::Glue::Trigger
    Properties: { Name: start, Type: ON_DEMAND, WorkflowName: !Ref Flow, Actions: [{ CrawlerName: !Ref Crawler }] }
Outputs:
  Crawler: { Value: !Ref Crawler }
";

async fn stack(square: &Square) {
    let input = json!({ "StackName": "lake", "TemplateBody": STACK, "Capabilities": ["CAPABILITY_NAMED_IAM"] });
    square.ok("cloudformation", "CreateStack", input).await;
    square.settle().await;
    let all = square.ok("cloudformation", "DescribeStacks", json!({ "StackName": "lake" })).await;
    let events = square.ok("cloudformation", "DescribeStackEvents", json!({ "StackName": "lake" })).await;
    assert_eq!(all["Stacks"][0]["StackStatus"], "CREATE_COMPLETE", "{events:#}");
}

async fn crawl(square: &Square) -> Value {
    square.ok("glue", "StartCrawler", json!({ "Name": "photos" })).await;
    square.settle().await;
    square.ok("glue", "GetCrawler", json!({ "Name": "photos" })).await["Crawler"]["LastCrawl"].clone()
}

async fn days(square: &Square) -> Vec<String> {
    let all = square.ok("glue", "GetPartitions", json!({ "DatabaseName": "lake", "TableName": "photos" })).await;
    let one = |p: &Value| format!("{} {}", p["Values"][0].as_str().unwrap(), p["Parameters"]["objectCount"].as_str().unwrap());
    all["Partitions"].as_array().unwrap().iter().map(one).collect()
}

#[tokio::test]
async fn a_crawl_looks_where_events_point() {
    let square = Square::new().await;
    stack(&square).await;
    for day in [1, 2] {
        square.put("lake-data", &format!("photos/day={day}/a.csv"), "id~name\n1~x\n2~y\n").await;
    }
    assert_eq!(crawl(&square).await["Status"], "SUCCEEDED");
    assert_eq!(days(&square).await, ["1 1", "2 1"]);
    let table = square.ok("glue", "GetTable", json!({ "DatabaseName": "lake", "Name": "photos" })).await["Table"].clone();
    assert_eq!(table["Parameters"]["delimiter"], "~");
    assert!(square.messages("touched").await.is_empty(), "a first crawl looks at everything and empties the queue");

    square.put("lake-data", "photos/day=2/b.csv", "id~name\n3~z\n4~w\n").await;
    square.put("lake-data", "photos/day=3/a.csv", "id~name\n5~x\n6~y\n").await;
    square.ok("s3", "DeleteObject", json!({ "Bucket": "lake-data", "Key": "photos/day=1/a.csv" })).await;
    // The schedule's night comes.
    square.advance(86_400).await;
    assert_eq!(days(&square).await, ["2 2", "3 1"]);
    assert!(square.messages("touched").await.is_empty());

    // What is new beside the table becomes one; what is new inside of it becomes its columns.
    square.put("lake-data", "photos/notes/2026/a.csv", "who~what\nme~x\nyou~y\n").await;
    square.put("lake-data", "photos/day=4/a.csv", "id~name~size\n7~x~1\n8~y~2\n").await;
    square.advance(86_400).await;
    let tables = square.ok("glue", "GetTables", json!({ "DatabaseName": "lake" })).await["TableList"].clone();
    let columns = |t: &Value| {
        t["StorageDescriptor"]["Columns"].as_array().unwrap().iter().map(|c| c["Name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let seen: Vec<_> = tables.as_array().unwrap().iter().map(|t| (t["Name"].as_str().unwrap(), columns(t))).collect();
    assert_eq!(
        seen,
        [("notes", vec!["who".to_owned(), "what".to_owned()]), ("photos", vec!["id".to_owned(), "name".to_owned(), "size".to_owned()])]
    );
    assert_eq!(days(&square).await, ["2 2", "3 1", "4 1"]);
    // And a file in a folder that is a table's without partitions counts there.
    assert_eq!(tables[0]["Parameters"]["objectCount"], "1");
    square.put("lake-data", "photos/notes/2026/b.csv", "who~what\nthey~z\nwe~q\n").await;
    square.advance(86_400).await;
    assert!(square.messages("touched").await.is_empty());
    let flow = square.ok("glue", "StartWorkflowRun", json!({ "Name": "flow" })).await["RunId"].clone();
    square.settle().await;
    let run = square.ok("glue", "GetWorkflowRun", json!({ "Name": "flow", "RunId": flow })).await;
    assert_eq!(run["Run"]["Status"], "COMPLETED");
}

#[tokio::test]
async fn a_crawler_may_do_what_its_role_may() {
    let square = Square::new().await;
    stack(&square).await;
    square.put("lake-data", "photos/day=1/a.csv", "id~name\n1~x\n2~y\n").await;
    square.ok("iam", "DeleteRolePolicy", json!({ "RoleName": "crawls", "PolicyName": "crawl" })).await;
    let last = crawl(&square).await;
    assert_eq!(last["Status"], "FAILED");
    assert!(last["ErrorMessage"].as_str().unwrap().contains("is not authorized to perform: s3:ListBucket"), "{last}");
}

#[tokio::test]
async fn a_stack_takes_its_crawlers_with_it() {
    let square = Square::new().await;
    stack(&square).await;
    let tags = json!({ "ResourceArn": "arn:aws:glue:us-east-1:000000000000:crawler/photos" });
    assert_eq!(square.ok("glue", "GetTags", tags.clone()).await["Tags"], json!({ "team": "a" }));
    let less = STACK.replace("      Schedule: { ScheduleExpression: cron(0 3 * * ? *) }\n", "").replace("team: a", "team: b");
    let input = json!({ "StackName": "lake", "TemplateBody": less, "Capabilities": ["CAPABILITY_NAMED_IAM"] });
    square.ok("cloudformation", "UpdateStack", input).await;
    square.settle().await;
    let crawler = square.ok("glue", "GetCrawler", json!({ "Name": "photos" })).await["Crawler"].clone();
    assert!(crawler["Schedule"].is_null(), "{crawler}");
    assert_eq!(square.ok("glue", "GetTags", tags).await["Tags"], json!({ "team": "b" }));
    square.ok("cloudformation", "DeleteStack", json!({ "StackName": "lake" })).await;
    square.settle().await;
    for operation in ["ListCrawlers", "ListTriggers", "ListWorkflows"] {
        let all = square.ok("glue", operation, json!({})).await;
        let names = all["CrawlerNames"].as_array().or(all["TriggerNames"].as_array()).or(all["Workflows"].as_array()).unwrap();
        assert!(names.is_empty(), "{operation}: {all}");
    }
}
