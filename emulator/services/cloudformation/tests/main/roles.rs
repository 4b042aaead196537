//! Who acts for a stack.

use crate::Desk;
use serde_json::json;

const ONE: &str = "Resources: { Q: { Type: AWS::SQS::Queue } }";

#[tokio::test]
async fn a_stacks_role_acts_for_it() {
    let desk = Desk::new().await;
    // Without the iam service only roots may act: the role's session is refused by name.
    desk.ok("CreateStack", json!({ "StackName": "s", "TemplateBody": ONE, "RoleARN": "arn:aws:iam::000000000000:role/deployer" })).await;
    desk.settle().await;
    let stack = desk.stack("s").await;
    assert_eq!(
        (stack["StackStatus"].as_str(), stack["RoleARN"].as_str()),
        (Some("ROLLBACK_COMPLETE"), Some("arn:aws:iam::000000000000:role/deployer"))
    );
    let events = desk.ok("DescribeStackEvents", json!({ "StackName": "s" })).await.to_string();
    assert!(
        events.contains("arn:aws:sts::000000000000:assumed-role/deployer/AWSCloudFormation is not authorized to perform: sqs:"),
        "{events}"
    );
    assert!(events.contains("HandlerErrorCode: AccessDenied"));
}

#[tokio::test]
async fn a_role_that_cannot_be_assumed_is_refused_at_once() {
    let desk = Desk::new().await;
    let role = "arn:aws:iam::000000000000:role/closed";
    let said = desk.refused("CreateStack", json!({ "StackName": "s", "TemplateBody": ONE, "RoleARN": role })).await;
    assert_eq!(said, format!("Role {role} is invalid or cannot be assumed"));
}
