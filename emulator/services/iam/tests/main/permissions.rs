//! What changes of IAM do to the very next request.

use crate::desk::{ACCOUNT, Desk, may};
use serde_json::json;

const ALL: &str = "arn:aws:s3:::photos/*";

#[tokio::test]
async fn a_user_may_nothing_until_told_and_is_told_so_in_aws_words() {
    let desk = Desk::new().await;
    let ada = desk.user("ada").await;
    let refusal = desk.call_as(&ada, "ListUsers", json!({})).await.unwrap_err();
    assert_eq!((&*refusal.code, refusal.status), ("AccessDenied", 403));
    assert_eq!(
        refusal.message,
        format!(
            "User: arn:aws:iam::{ACCOUNT}:user/ada is not authorized to perform: iam:ListUsers on resource: arn:aws:iam::{ACCOUNT}:user/ because no identity-based policy allows the iam:ListUsers action"
        )
    );
    desk.let_user("ada", json!({ "Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*" })).await;
    assert!(desk.call_as(&ada, "ListUsers", json!({})).await.is_ok());
    desk.ok("DeleteUserPolicy", json!({ "UserName": "ada", "PolicyName": "p" })).await;
    assert!(desk.call_as(&ada, "ListUsers", json!({})).await.is_err(), "what was taken away is gone at once");
}

#[tokio::test]
async fn a_deny_wins_and_names_its_policy() {
    let desk = Desk::new().await;
    let ada = desk.user("ada").await;
    desk.ok("AttachUserPolicy", json!({ "UserName": "ada", "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess" })).await;
    assert!(may(&ada, "s3:DeleteObject", ALL).allowed);
    desk.let_user("ada", json!({ "Sid": "NoDeletes", "Effect": "Deny", "Action": "s3:Delete*", "Resource": "*" })).await;
    let decision = may(&ada, "s3:DeleteObject", ALL);
    assert!(!decision.allowed && decision.message.ends_with("with an explicit deny in an identity-based policy"), "{}", decision.message);
    assert_eq!(decision.statement.as_deref(), Some("p#NoDeletes"));
    assert!(may(&ada, "s3:GetObject", ALL).allowed);
}

#[tokio::test]
async fn a_boundary_bounds_what_policies_give() {
    let desk = Desk::new().await;
    let ada = desk.user("ada").await;
    desk.let_user("ada", json!({ "Effect": "Allow", "Action": "s3:*", "Resource": "*" })).await;
    let reads = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "s3:Get*", "Resource": "*" }] }).to_string();
    let arn = desk.ok("CreatePolicy", json!({ "PolicyName": "reads", "PolicyDocument": reads })).await["Policy"]["Arn"].clone();
    desk.ok("PutUserPermissionsBoundary", json!({ "UserName": "ada", "PermissionsBoundary": arn })).await;
    assert!(may(&ada, "s3:GetObject", ALL).allowed);
    let refused = may(&ada, "s3:PutObject", ALL);
    assert!(
        !refused.allowed && refused.message.ends_with("because no permissions boundary allows the s3:PutObject action"),
        "{}",
        refused.message
    );
    desk.ok("DeleteUserPermissionsBoundary", json!({ "UserName": "ada" })).await;
    assert!(may(&ada, "s3:PutObject", ALL).allowed);
}

#[tokio::test]
async fn policy_variables_and_tags_of_the_caller_are_seen() {
    let desk = Desk::new().await;
    let ada = desk.user("ada").await;
    let own = json!({ "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::photos/${aws:username}/*" });
    desk.let_user("ada", own).await;
    assert!(may(&ada, "s3:GetObject", "arn:aws:s3:::photos/ada/1.jpg").allowed);
    assert!(!may(&ada, "s3:GetObject", "arn:aws:s3:::photos/bob/1.jpg").allowed);
    let tagged = json!({ "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*", "Condition": { "StringEquals": { "aws:PrincipalTag/team": "blue" } } });
    desk.let_user("ada", tagged).await;
    assert!(!may(&ada, "sqs:SendMessage", "arn:aws:sqs:us-east-1:000000000000:q").allowed);
    desk.ok("TagUser", json!({ "UserName": "ada", "Tags": [{ "Key": "team", "Value": "blue" }] })).await;
    assert!(may(&ada, "sqs:SendMessage", "arn:aws:sqs:us-east-1:000000000000:q").allowed);
}

#[tokio::test]
async fn policies_of_readers_let_read_and_no_more() {
    let desk = Desk::new().await;
    let ada = desk.user("ada").await;
    for (policy, read, write) in
        [("IAMReadOnlyAccess", "iam:ListRoles", "iam:CreateRole"), ("AmazonSNSReadOnlyAccess", "sns:ListTopics", "sns:CreateTopic")]
    {
        assert!(!may(&ada, read, "*").allowed);
        desk.ok("AttachUserPolicy", json!({ "UserName": "ada", "PolicyArn": format!("arn:aws:iam::aws:policy/{policy}") })).await;
        assert!(may(&ada, read, "*").allowed && !may(&ada, write, "*").allowed, "{policy}");
    }
}
