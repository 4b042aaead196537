//! Resource policies of an account: which services may write to its log groups (EventBridge, Route 53). All of a region's count together.

use crate::{Error, Logs, model::*};
use kit::policy::{Document, DocumentKind};
use kit::{Arn, Context, Fault, Read, Scope, Table, TableScope};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Policies by name.
const POLICIES: Table<String, StoredPolicy> = Table::new("logs.policies", TableScope::Region);
/// AWS's limits: policies in a region, characters of one.
const MOST_POLICIES: usize = 10;
const MOST_CHARS: usize = 5120;

/// A policy.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct StoredPolicy {
    document: String,
    updated_ms: i64,
}

impl Logs {
    /// Puts a policy of the account, new or in place of the old.
    pub async fn put_resource_policy(&self, cx: &Context, input: PutResourcePolicyInput) -> Result<PutResourcePolicyOutput, Fault> {
        of_account(&input.resource_arn)?;
        if input.expected_revision_id.is_some() {
            return Err(invalid("expectedRevisionId is only for policies of a resource."));
        }
        let (Some(name), Some(document)) = (input.policy_name, input.policy_document) else {
            return Err(invalid("policyName and policyDocument are required."));
        };
        if document.chars().count() > MOST_CHARS {
            return Err(invalid(format!("The policy document is longer than {MOST_CHARS} characters.")));
        }
        Document::parse(&document, DocumentKind::Resource).map_err(|e| invalid(format!("Invalid policy document: {e}")))?;
        let policy = StoredPolicy { document, updated_ms: cx.now().millis() };
        cx.store()
            .write(|tx| {
                if !tx.exists(&POLICIES, cx.scope(), &name)? && tx.count(&POLICIES, cx.scope())? >= MOST_POLICIES {
                    return Err(Error::LimitExceeded.says("Resource limit exceeded."));
                }
                tx.put(&POLICIES, cx.scope(), &name, &policy)
            })
            .await?;
        Ok(PutResourcePolicyOutput { resource_policy: Some(shown(name, policy)), revision_id: None })
    }

    /// Policies of the account by name.
    pub async fn describe_resource_policies(
        &self,
        cx: &Context,
        input: DescribeResourcePoliciesInput,
    ) -> Result<DescribeResourcePoliciesOutput, Fault> {
        of_account(&input.resource_arn)?;
        if input.policy_scope == Some(PolicyScope::Resource) {
            return Ok(DescribeResourcePoliciesOutput { resource_policies: Some(Vec::new()), next_token: None });
        }
        let rows = cx.store().read(|s| s.scan(&POLICIES, cx.scope()).collect::<Result<Vec<_>, _>>())?;
        let limit = input.limit.map_or(50, |n| n.clamp(1, 50) as usize);
        let bad_token = || invalid("The specified nextToken is invalid.");
        let page = kit::pages::page(rows, |(name, _)| name.clone(), input.next_token.as_deref(), limit, bad_token)?;
        let policies = page.items.into_iter().map(|(name, policy)| shown(name, policy)).collect();
        Ok(DescribeResourcePoliciesOutput { resource_policies: Some(policies), next_token: page.next })
    }

    /// Deletes a policy.
    pub async fn delete_resource_policy(
        &self,
        cx: &Context,
        input: DeleteResourcePolicyInput,
    ) -> Result<DeleteResourcePolicyOutput, Fault> {
        of_account(&input.resource_arn)?;
        let name = input.policy_name.ok_or_else(|| invalid("policyName is required."))?;
        let missing = || Error::ResourceNotFound.says(format!("Policy with name [{name}] does not exist."));
        cx.store().write(|tx| tx.delete(&POLICIES, cx.scope(), &name)?.ok_or_else(missing).map(drop)).await?;
        Ok(DeleteResourcePolicyOutput {})
    }
}

/// The statements of all policies of the account and region that a resource is in, as one document.
pub(crate) fn of(cx: &Context, resource: &str) -> Option<String> {
    let arn = Arn::parse(resource)?;
    let scope = Scope::new(arn.account, arn.region);
    let rows = cx.store().read(|s| s.scan(&POLICIES, &scope).collect::<Result<Vec<_>, _>>()).ok()?;
    let mut statements = Vec::new();
    for (_, policy) in rows {
        match serde_json::from_str::<Value>(&policy.document).ok()?["Statement"].take() {
            Value::Array(several) => statements.extend(several),
            one => statements.push(one),
        }
    }
    // Two policies may use the same id for a statement, which one document may not.
    statements.iter_mut().filter_map(Value::as_object_mut).for_each(|statement| drop(statement.shift_remove("Sid")));
    (!statements.is_empty()).then(|| json!({ "Version": "2012-10-17", "Statement": statements }).to_string())
}

fn shown(name: String, policy: StoredPolicy) -> ResourcePolicy {
    ResourcePolicy {
        policy_name: Some(name),
        policy_document: Some(policy.document),
        last_updated_time: Some(policy.updated_ms),
        policy_scope: Some(PolicyScope::Account),
        ..Default::default()
    }
}

fn of_account(resource: &Option<String>) -> Result<(), Fault> {
    match resource {
        None => Ok(()),
        Some(_) => Err(Fault::new("NotImplemented", 501, "windtunnel does not implement policies of a single log group (resourceArn).")),
    }
}

fn invalid(message: impl Into<String>) -> Fault {
    Error::InvalidParameter.says(message)
}
