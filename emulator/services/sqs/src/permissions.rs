//! AddPermission and RemovePermission: statements of the queue's policy by label.

use crate::{Sqs, limits, model::*, state::*, urls};
use kit::{Context, Fault};
use serde_json::{Value, json};

impl Sqs {
    /// Adds a statement that lets accounts act.
    pub async fn add_permission(&self, cx: &Context, input: AddPermissionInput) -> Result<AddPermissionOutput, Fault> {
        let (scope, name) = urls::read(cx, &input.queue_url);
        if input.aws_account_ids.is_empty() || input.actions.is_empty() {
            return Err(limits::missing("AWSAccountId"));
        }
        cx.store()
            .write(|tx| {
                let mut queue = queue(tx, &scope, &name)?;
                let arn = queue.arn(&scope);
                let mut policy = document(&queue, &arn);
                let statements = policy["Statement"].as_array_mut().expect("made as a list");
                if statements.iter().any(|s| s["Sid"] == *input.label) {
                    return Err(bad_value(format!("Value {} for parameter Label is invalid. Reason: Already exists.", input.label)));
                }
                let who: Vec<String> = input.aws_account_ids.iter().map(|id| format!("arn:aws:iam::{id}:root")).collect();
                let what: Vec<String> = input.actions.iter().map(|action| format!("SQS:{action}")).collect();
                statements.push(json!({
                    "Sid": input.label, "Effect": "Allow", "Principal": { "AWS": one_or_many(who) },
                    "Action": one_or_many(what), "Resource": arn,
                }));
                queue.attributes.insert("Policy".into(), policy.to_string());
                tx.put(&QUEUES, &scope, &name, &queue)
            })
            .await?;
        Ok(AddPermissionOutput {})
    }

    /// Takes a statement away.
    pub async fn remove_permission(&self, cx: &Context, input: RemovePermissionInput) -> Result<RemovePermissionOutput, Fault> {
        let (scope, name) = urls::read(cx, &input.queue_url);
        cx.store()
            .write(|tx| {
                let mut queue = queue(tx, &scope, &name)?;
                let mut policy = document(&queue, &queue.arn(&scope));
                let statements = policy["Statement"].as_array_mut().expect("made as a list");
                let before = statements.len();
                statements.retain(|s| s["Sid"] != *input.label);
                if statements.len() == before {
                    return Err(bad_value(format!("Value {} for parameter Label is invalid. Reason: can't find label.", input.label)));
                }
                match statements.is_empty() {
                    true => queue.attributes.remove("Policy"),
                    false => queue.attributes.insert("Policy".into(), policy.to_string()),
                };
                tx.put(&QUEUES, &scope, &name, &queue)
            })
            .await?;
        Ok(RemovePermissionOutput {})
    }
}

/// The queue's policy with its statements as a list, or an empty one as AWS makes it.
fn document(queue: &Queue, arn: &str) -> Value {
    let kept = queue.attributes.get("Policy").and_then(|text| serde_json::from_str::<Value>(text).ok());
    let mut policy = kept.unwrap_or_else(|| json!({ "Version": "2008-10-17", "Id": format!("{arn}/SQSDefaultPolicy"), "Statement": [] }));
    if !policy["Statement"].is_array() {
        let one = policy["Statement"].take();
        policy["Statement"] = json!([one]);
    }
    policy
}

fn one_or_many(mut items: Vec<String>) -> Value {
    if items.len() == 1 { items.remove(0).into() } else { items.into() }
}
