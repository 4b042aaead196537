//! AddPermission and RemovePermission: statements of the topic's policy by label; and the policy that every topic begins with.

use crate::{Sns, arns, model::*, state::*, topics};
use kit::{Context, Fault, Scope};
use serde_json::{Value, json};

/// Actions that may stand in a topic's policy.
const ACTIONS: [&str; 15] = [
    "GetTopicAttributes",
    "SetTopicAttributes",
    "AddPermission",
    "RemovePermission",
    "DeleteTopic",
    "Subscribe",
    "ListSubscriptionsByTopic",
    "Publish",
    "Receive",
    "GetDataProtectionPolicy",
    "PutDataProtectionPolicy",
    "ListTagsForResource",
    "TagResource",
    "UntagResource",
    "*",
];

impl Sns {
    /// Adds a statement that lets accounts act.
    pub async fn add_permission(&self, cx: &Context, input: AddPermissionInput) -> Result<AddPermissionOutput, Fault> {
        let (scope, name) = arns::of_topic_here(cx, &input.topic_arn)?;
        change(cx, &scope, &name, |statements| {
            if statements.iter().any(|s| s["Sid"] == *input.label) {
                return Err(invalid("Statement already exists"));
            }
            if !input.action_name.iter().all(|action| ACTIONS.contains(&action.as_str())) || input.action_name.is_empty() {
                return Err(invalid("Policy statement action out of service scope!"));
            }
            let who: Vec<String> = input.aws_account_id.iter().map(|id| principal(id)).collect::<Result<_, _>>()?;
            let what: Vec<String> = input.action_name.iter().map(|action| format!("SNS:{action}")).collect();
            statements.push(json!({
                "Sid": input.label, "Effect": "Allow", "Principal": { "AWS": one_or_many(who) },
                "Action": one_or_many(what), "Resource": input.topic_arn,
            }));
            Ok(())
        })
        .await?;
        Ok(AddPermissionOutput {})
    }

    /// Takes a statement away; a label that is not there is fine.
    pub async fn remove_permission(&self, cx: &Context, input: RemovePermissionInput) -> Result<RemovePermissionOutput, Fault> {
        let (scope, name) = arns::of_topic_here(cx, &input.topic_arn)?;
        change(cx, &scope, &name, |statements| {
            statements.retain(|s| s["Sid"] != *input.label);
            Ok(())
        })
        .await?;
        Ok(RemovePermissionOutput {})
    }
}

async fn change(cx: &Context, scope: &Scope, name: &str, f: impl FnOnce(&mut Vec<Value>) -> Result<(), Fault>) -> Result<(), Fault> {
    cx.store()
        .write(|tx| {
            let mut topic = topic(tx, scope, name)?;
            let text = topics::policy(&topic, &arns::topic(scope, name));
            let mut policy: Value = serde_json::from_str(&text).map_err(|_| invalid("Policy Error: null"))?;
            if !policy["Statement"].is_array() {
                let one = policy["Statement"].take();
                policy["Statement"] = json!([one]);
            }
            let statements = policy["Statement"].as_array_mut().expect("made a list just now");
            f(statements)?;
            topic.attributes.insert("Policy".into(), policy.to_string());
            tx.put(&TOPICS, scope, &name.to_owned(), &topic)
        })
        .await
}

/// AWS's default: the account that owns the topic may do everything, by a condition that direct calls never meet.
pub(crate) fn default_policy(arn: &str) -> Value {
    json!({
        "Version": "2008-10-17",
        "Id": "__default_policy_ID",
        "Statement": [{
            "Sid": "__default_statement_ID",
            "Effect": "Allow",
            "Principal": { "AWS": "*" },
            "Action": [
                "SNS:GetTopicAttributes", "SNS:SetTopicAttributes", "SNS:AddPermission", "SNS:RemovePermission", "SNS:DeleteTopic",
                "SNS:Subscribe", "SNS:ListSubscriptionsByTopic", "SNS:Publish",
            ],
            "Resource": arn,
            "Condition": { "StringEquals": { "AWS:SourceOwner": arns::account(arn).unwrap_or_default() } },
        }],
    })
}

fn principal(account: &str) -> Result<String, Fault> {
    match account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()) {
        true => Ok(format!("arn:aws:iam::{account}:root")),
        false => Err(invalid("AWSAccountId")),
    }
}

fn one_or_many(mut items: Vec<String>) -> Value {
    if items.len() == 1 { items.remove(0).into() } else { items.into() }
}
