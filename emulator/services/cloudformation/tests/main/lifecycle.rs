//! Made, changed, replaced, deleted.

use crate::Desk;
use serde_json::json;

const TWO: &str = "
Resources:
  Jobs:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: jobs
      RedrivePolicy:
        deadLetterTargetArn: !GetAtt Dead.Arn
        maxReceiveCount: 3
  Dead:
    Type: AWS::SQS::Queue
    Properties: { QueueName: dead, VisibilityTimeout: \"45\" }
Outputs:
  Url: { Value: !Ref Jobs, Description: where to send }
  Name: { Value: !Sub '${Jobs.QueueName} of ${AWS::StackName} in ${AWS::Region}' }
";

#[tokio::test]
async fn a_stack_is_made_in_the_order_of_its_references_and_deleted_in_the_other() {
    let desk = Desk::new().await;
    let stack = desk.create("s", TWO).await;
    assert_eq!(stack["StackStatus"], "CREATE_COMPLETE");
    assert_eq!(
        stack["Outputs"],
        json!([
            { "OutputKey": "Url", "OutputValue": "http://127.0.0.1:4566/000000000000/jobs", "Description": "where to send" },
            { "OutputKey": "Name", "OutputValue": "jobs of s in us-east-1" },
        ])
    );
    assert_eq!(desk.calls(), ["sqs:CreateQueue dead", "sqs:CreateQueue jobs"]);
    let policy: serde_json::Value =
        serde_json::from_str(desk.world.thing("sqs/jobs")["Attributes"]["RedrivePolicy"].as_str().unwrap()).unwrap();
    assert_eq!(policy, json!({ "deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:dead", "maxReceiveCount": 3 }));
    assert_eq!(desk.world.thing("sqs/dead")["Attributes"]["VisibilityTimeout"], "45");
    assert_eq!(
        desk.events("s").await,
        [
            "s CREATE_IN_PROGRESS",
            "Dead CREATE_IN_PROGRESS",
            "Dead CREATE_IN_PROGRESS",
            "Dead CREATE_COMPLETE",
            "Jobs CREATE_IN_PROGRESS",
            "Jobs CREATE_IN_PROGRESS",
            "Jobs CREATE_COMPLETE",
            "s CREATE_COMPLETE",
        ]
    );
    let arn = stack["StackId"].clone();
    desk.ok("DeleteStack", json!({ "StackName": "s" })).await;
    desk.settle().await;
    assert_eq!(desk.calls(), ["sqs:DeleteQueue jobs", "sqs:DeleteQueue dead"]);
    assert_eq!(desk.refused("DescribeStacks", json!({ "StackName": "s" })).await, "Stack with id s does not exist");
    let gone = desk.ok("DescribeStacks", json!({ "StackName": arn })).await;
    assert_eq!(gone["Stacks"][0]["StackStatus"], "DELETE_COMPLETE");
    // Deleting what is gone is fine, and the name is free again.
    desk.ok("DeleteStack", json!({ "StackName": "s" })).await;
    assert_eq!(desk.create("s", TWO).await["StackStatus"], "CREATE_COMPLETE");
}

#[tokio::test]
async fn an_update_changes_in_place_what_can_be_and_replaces_the_rest() {
    let desk = Desk::new().await;
    let template = |timeout: u32, suffix: &str, extra: &str| {
        format!(
            "
Resources:
  Plain:
    Type: AWS::SQS::Queue
    Properties: {{ VisibilityTimeout: {timeout} }}
  Named:
    Type: AWS::SQS::Queue
    Properties: {{ QueueName: named{suffix} }}
  Log:
    Type: AWS::Logs::LogGroup
    Properties: {{ LogGroupName: !Sub '/of/${{Named.QueueName}}' }}
{extra}"
        )
    };
    let first = desk.create("s", &template(30, "1", "  Gone: { Type: AWS::SQS::Queue, Properties: { QueueName: gone } }\n")).await;
    assert_eq!(first["StackStatus"], "CREATE_COMPLETE");
    let plain = desk.world.names("sqs").into_iter().find(|n| n.starts_with("s-Plain-")).expect("a generated name");
    assert_eq!(plain.len(), "s-Plain-".len() + 12);
    desk.calls();

    let same = desk.refused("UpdateStack", json!({ "StackName": "s", "UsePreviousTemplate": true })).await;
    assert_eq!(same, "No updates are to be performed.");

    let stack = desk.update("s", &template(60, "2", "")).await;
    assert_eq!(stack["StackStatus"], "UPDATE_COMPLETE");
    assert_eq!(desk.world.thing(&format!("sqs/{plain}"))["Attributes"]["VisibilityTimeout"], "60");
    let mut names = desk.world.names("sqs");
    names.retain(|n| *n != plain);
    assert_eq!(names, ["named2"]);
    assert_eq!(desk.world.names("logs"), ["/of/named2"]);
    let calls = desk.calls();
    let place = |call: &str| calls.iter().position(|c| c == call).unwrap_or_else(|| panic!("{call} in {calls:?}"));
    assert!(place("sqs:CreateQueue named2") < place("logs:CreateLogGroup /of/named2"));
    // The old ones go in the clean-up, after everything new is there; users before what they use.
    assert!(place("logs:CreateLogGroup /of/named2") < place("logs:DeleteLogGroup /of/named1"));
    assert!(place("logs:DeleteLogGroup /of/named1") < place("sqs:DeleteQueue named1"));
    let events = desk.events("s").await;
    let from = events.iter().position(|e| e == "s UPDATE_IN_PROGRESS").unwrap();
    assert!(
        events[from..].contains(&"Named UPDATE_COMPLETE".into()) && events[from..].contains(&"Gone DELETE_COMPLETE".into()),
        "{events:?}"
    );
    assert_eq!(events[from..].last().unwrap(), "s UPDATE_COMPLETE");
    assert!(events[from..].contains(&"s UPDATE_COMPLETE_CLEANUP_IN_PROGRESS".into()));
}

#[tokio::test]
async fn policies_keep_what_is_to_be_kept() {
    let desk = Desk::new().await;
    let template = |suffix: &str| {
        format!(
            "
Resources:
  Kept: {{ Type: AWS::SQS::Queue, DeletionPolicy: Retain, UpdateReplacePolicy: Retain, Properties: {{ QueueName: kept{suffix} }} }}
  Other: {{ Type: AWS::SQS::Queue, Properties: {{ QueueName: other }} }}
"
        )
    };
    desk.create("s", &template("1")).await;
    desk.update("s", &template("2")).await;
    assert_eq!(desk.world.names("sqs"), ["kept1", "kept2", "other"]);
    desk.ok("DeleteStack", json!({ "StackName": "s" })).await;
    desk.settle().await;
    assert_eq!(desk.world.names("sqs"), ["kept1", "kept2"]);
}

#[tokio::test]
async fn parameters_conditions_mappings_and_tags_reach_the_resources() {
    let desk = Desk::new().await;
    let template = "
Parameters:
  Stage: { Type: String, AllowedValues: [test, live], Default: test }
  Secret: { Type: String, NoEcho: true }
  Days: { Type: Number, Default: 7 }
  Names: { Type: CommaDelimitedList, Default: 'a, b' }
Mappings:
  ByStage: { test: { Delay: 1 }, live: { Delay: 5 } }
Conditions:
  Live: !Equals [!Ref Stage, live]
  NotLive: !Not [!Condition Live]
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !Join ['-', [!Ref Stage, !Select [1, !Ref Names]]]
      DelaySeconds: !FindInMap [ByStage, !Ref Stage, Delay]
      VisibilityTimeout: !If [Live, 60, !Ref AWS::NoValue]
      Tags: [{ Key: own, Value: tag }]
  OnlyLive: { Type: AWS::Logs::LogGroup, Condition: Live, Properties: { LogGroupName: live, RetentionInDays: !Ref Days } }
  OnlyTest: { Type: AWS::Logs::LogGroup, Condition: NotLive, Properties: { LogGroupName: test, RetentionInDays: !Ref Days } }
Outputs:
  Group: { Condition: Live, Value: !Ref OnlyLive }
";
    let input = |stage: &str| {
        json!({ "StackName": "s", "TemplateBody": template, "Tags": [{ "Key": "team", "Value": "photos" }],
                "Parameters": [{ "ParameterKey": "Stage", "ParameterValue": stage }, { "ParameterKey": "Secret", "ParameterValue": "x" }] })
    };
    desk.ok("CreateStack", input("test")).await;
    desk.settle().await;
    let queue = desk.world.thing("sqs/test-b");
    assert_eq!(queue["Attributes"], json!({ "DelaySeconds": "1" }));
    assert_eq!(queue["tags"], json!({ "team": "photos", "own": "tag" }));
    assert_eq!(desk.world.thing("logs/test")["retentionInDays"], 7);
    let stack = desk.stack("s").await;
    let secret = stack["Parameters"].as_array().unwrap().iter().find(|p| p["ParameterKey"] == "Secret").unwrap().clone();
    assert_eq!(secret["ParameterValue"], "****");
    assert!(stack.get("Outputs").is_none());

    let mut live = input("live");
    live["Parameters"][1] = json!({ "ParameterKey": "Secret", "UsePreviousValue": true });
    desk.ok("UpdateStack", live).await;
    desk.settle().await;
    assert_eq!(desk.world.names("logs"), ["live"]);
    assert_eq!(desk.world.names("sqs"), ["live-b"]);
    assert_eq!(desk.stack("s").await["Outputs"][0]["OutputValue"], "live");
}

#[tokio::test]
async fn exports_are_imported_and_guarded_while_in_use() {
    let desk = Desk::new().await;
    let base = "
Resources: { Queue: { Type: AWS::SQS::Queue, Properties: { QueueName: shared } } }
Outputs: { Name: { Value: !GetAtt Queue.QueueName, Export: { Name: !Sub '${AWS::StackName}-name' } } }
";
    let user = "
Resources: { Log: { Type: AWS::Logs::LogGroup, Properties: { LogGroupName: !ImportValue base-name } } }
";
    desk.create("base", base).await;
    assert_eq!(desk.create("user", user).await["StackStatus"], "CREATE_COMPLETE");
    assert_eq!(desk.world.names("logs"), ["shared"]);
    assert_eq!(desk.ok("ListExports", json!({})).await["Exports"][0]["Value"], "shared");
    assert_eq!(desk.ok("ListImports", json!({ "ExportName": "base-name" })).await["Imports"], json!(["user"]));
    let refused = desk.refused("DeleteStack", json!({ "StackName": "base" })).await;
    assert_eq!(refused, "Delete canceled. Cannot delete export base-name as it is in use by user.");
    // Changing it is refused too, and everything is as before.
    let changed = desk.update("base", &base.replace("QueueName: shared", "QueueName: renamed")).await;
    assert_eq!(changed["StackStatus"], "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(desk.world.names("sqs"), ["shared"]);
    assert_eq!(desk.ok("ListExports", json!({})).await["Exports"][0]["Value"], "shared");
    for name in ["user", "base"] {
        desk.ok("DeleteStack", json!({ "StackName": name })).await;
        desk.settle().await;
    }
    assert!(desk.world.things.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_waiter_is_held_until_the_stack_is_done() {
    let desk = Desk::new().await;
    desk.ok("CreateStack", json!({ "StackName": "s", "TemplateBody": TWO })).await;
    // No settle in between: the answer itself waits.
    assert_eq!(desk.stack("s").await["StackStatus"], "CREATE_COMPLETE");
}

#[tokio::test]
async fn resources_and_templates_are_given_back() {
    let desk = Desk::new().await;
    desk.create("s", TWO).await;
    assert_eq!(desk.ok("GetTemplate", json!({ "StackName": "s" })).await["TemplateBody"], TWO);
    let list = desk.ok("ListStackResources", json!({ "StackName": "s" })).await;
    assert_eq!(list["StackResourceSummaries"].as_array().unwrap().len(), 2);
    let one = desk.ok("DescribeStackResource", json!({ "StackName": "s", "LogicalResourceId": "Dead" })).await;
    assert_eq!(one["StackResourceDetail"]["PhysicalResourceId"], "http://127.0.0.1:4566/000000000000/dead");
    let by_physical = desk.ok("DescribeStackResources", json!({ "PhysicalResourceId": "http://127.0.0.1:4566/000000000000/dead" })).await;
    assert_eq!(by_physical["StackResources"].as_array().unwrap().len(), 2);
    let no = desk.refused("DescribeStackResource", json!({ "StackName": "s", "LogicalResourceId": "No" })).await;
    assert_eq!(no, "Resource No does not exist for stack s");
    let summary = desk.ok("GetTemplateSummary", json!({ "StackName": "s" })).await;
    assert_eq!(summary["ResourceTypes"], json!(["AWS::SQS::Queue"]));
    let stacks = desk.ok("ListStacks", json!({ "StackStatusFilter": ["CREATE_COMPLETE"] })).await;
    assert_eq!(stacks["StackSummaries"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn tags_of_the_stack_that_change_reach_its_resources() {
    let desk = Desk::new().await;
    let tagged = |value: &str| json!({ "StackName": "s", "TemplateBody": TWO, "Tags": [{ "Key": "team", "Value": value }] });
    desk.ok("CreateStack", tagged("a")).await;
    desk.settle().await;
    desk.ok("UpdateStack", tagged("b")).await;
    desk.settle().await;
    assert_eq!(desk.world.thing("sqs/dead")["Tags"], json!({ "team": "b" }));
}
