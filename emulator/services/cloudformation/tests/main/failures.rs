//! What goes wrong on the way, and the way back.

use crate::Desk;
use serde_json::json;

const TWO: &str = "
Resources:
  First: { Type: AWS::SQS::Queue, Properties: { QueueName: first } }
  Second: { Type: AWS::SQS::Queue, DependsOn: First, Properties: { QueueName: second } }
";

#[tokio::test]
async fn a_creation_that_fails_is_rolled_back() {
    let desk = Desk::new().await;
    desk.world.fail("sqs:CreateQueue second");
    let stack = desk.create("s", TWO).await;
    assert_eq!(stack["StackStatus"], "ROLLBACK_COMPLETE");
    assert!(desk.world.names("sqs").is_empty());
    assert_eq!(
        desk.events("s").await,
        [
            "s CREATE_IN_PROGRESS",
            "First CREATE_IN_PROGRESS",
            "First CREATE_IN_PROGRESS",
            "First CREATE_COMPLETE",
            "Second CREATE_IN_PROGRESS",
            "Second CREATE_FAILED",
            "s ROLLBACK_IN_PROGRESS",
            "Second DELETE_COMPLETE",
            "First DELETE_IN_PROGRESS",
            "First DELETE_COMPLETE",
            "s ROLLBACK_COMPLETE",
        ]
    );
    let events = desk.ok("DescribeStackEvents", json!({ "StackName": "s" })).await;
    let reason = |status: &str| {
        events["StackEvents"].as_array().unwrap().iter().find(|e| e["ResourceStatus"] == status).unwrap()["ResourceStatusReason"].clone()
    };
    assert!(
        reason("CREATE_FAILED").as_str().unwrap().starts_with("Resource handler returned message: \"second is not to be (Service: SQS, ")
    );
    assert_eq!(reason("ROLLBACK_IN_PROGRESS"), "The following resource(s) failed to create: [Second]. Rollback requested by user.");
    // Such a stack can only be deleted.
    let refused = desk.refused("UpdateStack", json!({ "StackName": "s", "TemplateBody": TWO })).await;
    assert!(refused.ends_with("is in ROLLBACK_COMPLETE state and can not be updated."), "{refused}");
    desk.ok("DeleteStack", json!({ "StackName": "s" })).await;
    desk.settle().await;
    desk.world.mend();
    assert_eq!(desk.create("s", TWO).await["StackStatus"], "CREATE_COMPLETE");
}

#[tokio::test]
async fn on_failure_says_what_becomes_of_a_failed_creation() {
    for (on_failure, status) in [("DO_NOTHING", Some("CREATE_FAILED")), ("DELETE", None)] {
        let desk = Desk::new().await;
        desk.world.fail("sqs:CreateQueue second");
        desk.ok("CreateStack", json!({ "StackName": "s", "TemplateBody": TWO, "OnFailure": on_failure })).await;
        desk.settle().await;
        match status {
            Some(status) => {
                assert_eq!(desk.stack("s").await["StackStatus"], status);
                assert_eq!(desk.world.names("sqs"), ["first"]);
            }
            None => {
                assert_eq!(desk.refused("DescribeStacks", json!({ "StackName": "s" })).await, "Stack with id s does not exist");
                assert!(desk.world.names("sqs").is_empty());
            }
        }
    }
}

#[tokio::test]
async fn an_update_that_fails_is_undone() {
    let desk = Desk::new().await;
    let template = |timeout: u32, name: &str, last: &str| {
        format!(
            "
Resources:
  Changed: {{ Type: AWS::SQS::Queue, Properties: {{ QueueName: changed, VisibilityTimeout: {timeout} }} }}
  Replaced: {{ Type: AWS::SQS::Queue, Properties: {{ QueueName: {name} }} }}
  Removed{last}: {{ Type: AWS::SQS::Queue, DependsOn: [Changed, Replaced], Properties: {{ QueueName: last{last} }} }}
"
        )
    };
    desk.create("s", &template(30, "old", "A")).await;
    desk.world.fail("sqs:CreateQueue lastB");
    let stack = desk.update("s", &template(60, "new", "B")).await;
    assert_eq!(stack["StackStatus"], "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(desk.world.names("sqs"), ["changed", "lastA", "old"]);
    assert_eq!(desk.world.thing("sqs/changed")["Attributes"]["VisibilityTimeout"], "30");
    let events = desk.events("s").await;
    let from = events.iter().position(|e| e == "s UPDATE_ROLLBACK_IN_PROGRESS").unwrap();
    assert_eq!(
        events[from..],
        [
            "s UPDATE_ROLLBACK_IN_PROGRESS",
            "Changed UPDATE_IN_PROGRESS",
            "Changed UPDATE_COMPLETE",
            "Replaced UPDATE_COMPLETE",
            "s UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
            "RemovedB DELETE_COMPLETE",
            "Replaced DELETE_IN_PROGRESS",
            "Replaced DELETE_COMPLETE",
            "s UPDATE_ROLLBACK_COMPLETE",
        ]
    );
    // It can be updated again, and the template is the one that holds.
    assert_eq!(desk.ok("GetTemplate", json!({ "StackName": "s" })).await["TemplateBody"], template(30, "old", "A"));
    desk.world.mend();
    assert_eq!(desk.update("s", &template(60, "new", "B")).await["StackStatus"], "UPDATE_COMPLETE");
    assert_eq!(desk.world.names("sqs"), ["changed", "lastB", "new"]);
}

#[tokio::test]
async fn a_deletion_that_fails_can_be_tried_again_or_leave_the_resource() {
    let desk = Desk::new().await;
    desk.create("s", TWO).await;
    desk.world.fail("sqs:DeleteQueue second");
    desk.ok("DeleteStack", json!({ "StackName": "s" })).await;
    desk.settle().await;
    let stack = desk.stack("s").await;
    assert_eq!(stack["StackStatus"], "DELETE_FAILED");
    assert_eq!(stack["StackStatusReason"], "The following resource(s) failed to delete: [Second]. ");
    // What the failed one needs is still there.
    assert_eq!(desk.world.names("sqs"), ["first", "second"]);
    desk.ok("DeleteStack", json!({ "StackName": "s", "RetainResources": ["Second"] })).await;
    desk.settle().await;
    assert_eq!(desk.world.names("sqs"), ["second"]);
    assert_eq!(desk.refused("DescribeStacks", json!({ "StackName": "s" })).await, "Stack with id s does not exist");
}

#[tokio::test]
async fn a_named_resource_is_not_replaced_under_its_own_name() {
    let desk = Desk::new().await;
    let role = |path: &str| {
        format!("
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: fixed
      Path: {path}
      AssumeRolePolicyDocument: {{ Version: '2012-10-17', Statement: [{{ Effect: Allow, Principal: {{ Service: lambda.amazonaws.com }}, Action: sts:AssumeRole }}] }}
")
    };
    let input = |path: &str| json!({ "StackName": "s", "TemplateBody": role(path), "Capabilities": ["CAPABILITY_NAMED_IAM"] });
    desk.ok("CreateStack", input("/a/")).await;
    desk.settle().await;
    assert_eq!(desk.stack("s").await["StackStatus"], "CREATE_COMPLETE");
    desk.ok("UpdateStack", input("/b/")).await;
    desk.settle().await;
    let stack = desk.stack("s").await;
    assert_eq!(stack["StackStatus"], "UPDATE_ROLLBACK_COMPLETE");
    let events = desk.ok("DescribeStackEvents", json!({ "StackName": "s" })).await.to_string();
    assert!(events.contains(
        "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename fixed and update the stack again."
    ));
}

#[tokio::test]
async fn a_missing_export_fails_the_stack_and_not_the_request() {
    let desk = Desk::new().await;
    let stack =
        desk.create("s", "Resources: { Log: { Type: AWS::Logs::LogGroup, Properties: { LogGroupName: !ImportValue nowhere } } }").await;
    assert_eq!(stack["StackStatus"], "ROLLBACK_COMPLETE");
    assert!(desk.ok("DescribeStackEvents", json!({ "StackName": "s" })).await.to_string().contains("No export named nowhere found"));
}

#[tokio::test]
async fn a_guarded_stack_is_not_deleted() {
    let desk = Desk::new().await;
    desk.create("s", TWO).await;
    desk.ok("UpdateTerminationProtection", json!({ "StackName": "s", "EnableTerminationProtection": true })).await;
    let refused = desk.refused("DeleteStack", json!({ "StackName": "s" })).await;
    assert_eq!(refused, "Stack [s] cannot be deleted while TerminationProtection is enabled");
}

#[tokio::test]
async fn a_way_back_that_gets_stuck_can_be_gone_on_with() {
    let desk = Desk::new().await;
    let template = |timeout: u32| {
        format!(
            "
Resources:
  First: {{ Type: AWS::SQS::Queue, Properties: {{ QueueName: first, VisibilityTimeout: {timeout} }} }}
  Second: {{ Type: AWS::SQS::Queue, DependsOn: First, Properties: {{ QueueName: second{timeout} }} }}
"
        )
    };
    desk.create("s", &template(30)).await;
    desk.world.fail("sqs:CreateQueue second60");
    // The first change comes through, the way back of it does not.
    desk.world.fail_after("sqs:SetQueueAttributes first", 1);
    let stack = desk.update("s", &template(60)).await;
    assert_eq!(stack["StackStatus"], "UPDATE_ROLLBACK_FAILED");
    desk.world.mend();
    desk.ok("ContinueUpdateRollback", json!({ "StackName": "s" })).await;
    desk.settle().await;
    assert_eq!(desk.stack("s").await["StackStatus"], "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(desk.world.thing("sqs/first")["Attributes"]["VisibilityTimeout"], "30");
    assert!(desk.refused("ContinueUpdateRollback", json!({ "StackName": "s" })).await.ends_with("state and can not continue rollback."));
}

#[tokio::test]
async fn a_stack_that_stopped_half_way_is_gone_on_with() {
    let desk = Desk::new().await;
    desk.world.fail("sqs:CreateQueue second");
    desk.ok("CreateStack", json!({ "StackName": "s", "TemplateBody": TWO, "DisableRollback": true })).await;
    desk.settle().await;
    assert_eq!(desk.stack("s").await["StackStatus"], "CREATE_FAILED");
    desk.world.mend();
    assert_eq!(desk.update("s", TWO).await["StackStatus"], "UPDATE_COMPLETE");
    assert_eq!(desk.world.names("sqs"), ["first", "second"]);

    // An update that stops leaves what it had begun; the next one finishes it.
    let slower = TWO.replace("QueueName: first", "QueueName: first, VisibilityTimeout: 60");
    desk.world.fail("sqs:SetQueueAttributes first");
    desk.ok("UpdateStack", json!({ "StackName": "s", "TemplateBody": slower, "DisableRollback": true })).await;
    desk.settle().await;
    assert_eq!(desk.stack("s").await["StackStatus"], "UPDATE_FAILED");
    desk.world.mend();
    assert_eq!(desk.update("s", &slower).await["StackStatus"], "UPDATE_COMPLETE");
    assert_eq!(desk.world.thing("sqs/first")["Attributes"]["VisibilityTimeout"], "60");
}
