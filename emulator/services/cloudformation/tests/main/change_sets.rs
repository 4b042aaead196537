//! Plans that are shown first and executed later.

use crate::Desk;
use serde_json::json;

const ONE: &str = "
Parameters: { Name: { Type: String, Default: one } }
Resources:
  Queue: { Type: AWS::SQS::Queue, Properties: { QueueName: !Ref Name } }
  Log: { Type: AWS::Logs::LogGroup, Properties: { LogGroupName: !Sub '/${Queue.QueueName}' } }
";

#[tokio::test]
async fn a_stack_is_made_from_a_change_set() {
    let desk = Desk::new().await;
    let made =
        desk.ok("CreateChangeSet", json!({ "StackName": "s", "ChangeSetName": "c", "ChangeSetType": "CREATE", "TemplateBody": ONE })).await;
    assert!(made["Id"].as_str().unwrap().starts_with("arn:aws:cloudformation:us-east-1:000000000000:changeSet/c/"));
    let review = desk.stack("s").await;
    assert_eq!(
        (review["StackStatus"].as_str(), review["StackStatusReason"].as_str()),
        (Some("REVIEW_IN_PROGRESS"), Some("User Initiated"))
    );
    let shown = desk.ok("DescribeChangeSet", json!({ "StackName": "s", "ChangeSetName": "c" })).await;
    assert_eq!((shown["Status"].as_str(), shown["ExecutionStatus"].as_str()), (Some("CREATE_COMPLETE"), Some("AVAILABLE")));
    assert_eq!(
        shown["Changes"][0],
        json!({ "Type": "Resource", "ResourceChange": { "Action": "Add", "LogicalResourceId": "Queue", "ResourceType": "AWS::SQS::Queue", "Scope": [], "Details": [] } })
    );
    let values = desk.ok("DescribeChangeSet", json!({ "ChangeSetName": made["Id"], "IncludePropertyValues": true })).await;
    assert_eq!(
        values["Changes"][1]["ResourceChange"]["AfterContext"],
        r#"{"Properties":{"LogGroupName":"{{changeSet:KNOWN_AFTER_APPLY}}"}}"#
    );
    assert!(desk.world.names("sqs").is_empty());

    desk.ok("ExecuteChangeSet", json!({ "StackName": "s", "ChangeSetName": "c" })).await;
    desk.settle().await;
    let stack = desk.stack("s").await;
    assert_eq!((stack["StackStatus"].as_str(), &stack["ChangeSetId"]), (Some("CREATE_COMPLETE"), &made["Id"]));
    assert_eq!(desk.world.names("logs"), ["/one"]);
    assert_eq!(desk.events("s").await[..2], ["s REVIEW_IN_PROGRESS", "s CREATE_IN_PROGRESS"]);
    let again = desk.call("ExecuteChangeSet", json!({ "ChangeSetName": made["Id"] })).await.unwrap_err();
    assert_eq!(again.code, "InvalidChangeSetStatus");
}

#[tokio::test]
async fn a_change_set_says_what_changes_and_why() {
    let desk = Desk::new().await;
    desk.create("s", ONE).await;
    desk.ok("CreateChangeSet", json!({ "StackName": "s", "ChangeSetName": "c", "UsePreviousTemplate": true, "Parameters": [{ "ParameterKey": "Name", "ParameterValue": "two" }] })).await;
    let shown = desk.ok("DescribeChangeSet", json!({ "StackName": "s", "ChangeSetName": "c" })).await;
    let queue = &shown["Changes"][0]["ResourceChange"];
    assert_eq!(
        (queue["Action"].as_str(), queue["Replacement"].as_str(), queue["PolicyAction"].as_str()),
        (Some("Modify"), Some("True"), Some("ReplaceAndDelete"))
    );
    assert_eq!(
        queue["Details"],
        json!([
            { "CausingEntity": "Name", "ChangeSource": "ParameterReference", "Evaluation": "Static", "Target": { "Attribute": "Properties", "Name": "QueueName", "RequiresRecreation": "Always" } },
            { "ChangeSource": "DirectModification", "Evaluation": "Dynamic", "Target": { "Attribute": "Properties", "Name": "QueueName", "RequiresRecreation": "Always" } },
        ])
    );
    let log = &shown["Changes"][1]["ResourceChange"];
    assert_eq!((log["Replacement"].as_str(), log["Details"][0]["CausingEntity"].as_str()), (Some("Conditional"), Some("Queue.QueueName")));
    desk.ok("ExecuteChangeSet", json!({ "StackName": "s", "ChangeSetName": "c" })).await;
    desk.settle().await;
    assert_eq!((desk.world.names("sqs"), desk.world.names("logs")), (vec!["two".into()], vec!["/two".into()]));
}

#[tokio::test]
async fn a_change_set_without_changes_fails() {
    let desk = Desk::new().await;
    desk.create("s", ONE).await;
    let made = desk.ok("CreateChangeSet", json!({ "StackName": "s", "ChangeSetName": "c", "TemplateBody": ONE })).await;
    let shown = desk.ok("DescribeChangeSet", json!({ "StackName": "s", "ChangeSetName": "c" })).await;
    assert_eq!((shown["Status"].as_str(), shown["ExecutionStatus"].as_str()), (Some("FAILED"), Some("UNAVAILABLE")));
    assert_eq!(
        shown["StatusReason"],
        "The submitted information didn't contain changes. Submit different information to create a change set."
    );
    let refused = desk.call("ExecuteChangeSet", json!({ "ChangeSetName": made["Id"] })).await.unwrap_err();
    assert_eq!(
        refused.message,
        format!("ChangeSet [{}] cannot be executed in its current status of [FAILED]", made["Id"].as_str().unwrap())
    );
    desk.ok("DeleteChangeSet", json!({ "ChangeSetName": made["Id"] })).await;
    assert_eq!(desk.ok("ListChangeSets", json!({ "StackName": "s" })).await["Summaries"], json!([]));
    let gone = desk.call("DescribeChangeSet", json!({ "ChangeSetName": "c", "StackName": "s" })).await.unwrap_err();
    assert_eq!((gone.code.as_ref(), gone.message.as_str()), ("ChangeSetNotFound", "ChangeSet [c] does not exist"));
}

#[tokio::test]
async fn what_cannot_be_planned_is_refused_in_the_words_of_aws() {
    let desk = Desk::new().await;
    desk.create("s", ONE).await;
    let create = |stack: &str, kind: &str| json!({ "StackName": stack, "ChangeSetName": "c", "ChangeSetType": kind, "TemplateBody": ONE });
    assert_eq!(
        desk.refused("CreateChangeSet", create("s", "CREATE")).await,
        "Stack [s] already exists and cannot be created again with the changeSet [c]."
    );
    assert_eq!(desk.refused("CreateChangeSet", create("no", "UPDATE")).await, "Stack [no] does not exist");
    assert_eq!(
        desk.refused("DescribeChangeSet", json!({ "ChangeSetName": "c" })).await,
        "StackName must be specified if ChangeSetName is not specified as an ARN."
    );
    let import = desk.refused("CreateChangeSet", create("s", "IMPORT")).await;
    assert_eq!(import, "ChangeSetType IMPORT is not supported by windtunnel");
    // A stack under review may be made directly, too: its change sets are then obsolete.
    desk.ok("CreateChangeSet", create("r", "CREATE").as_object().map(|o| json!(o)).unwrap()).await;
    let made = desk.call("CreateStack", json!({ "StackName": "r", "TemplateBody": ONE.replace("Default: one", "Default: other") })).await;
    assert!(made.is_ok(), "{made:?}");
    desk.settle().await;
    assert_eq!(desk.ok("DescribeChangeSet", json!({ "StackName": "r", "ChangeSetName": "c" })).await["ExecutionStatus"], "OBSOLETE");
}
