//! The resource policy of a catalog: one for each account and region.

use crate::{Glue, model::*};
use kit::policy::{Document, DocumentKind};
use kit::{Context, Fault, Read, Table as Rows, TableScope, Timestamp};
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

const POLICIES: Rows<(), Policy> = Rows::new("glue.policies", TableScope::Region);
/// Glue's limit.
const MOST_BYTES: usize = 10 * 1024;

#[derive(Clone, Serialize, Deserialize)]
struct Policy {
    text: String,
    hash: String,
    created: Timestamp,
    updated: Timestamp,
}

/// The policy that speaks for the catalog's resources.
pub(crate) fn of(cx: &Context) -> Option<String> {
    cx.store().read(|s| s.get(&POLICIES, cx.scope(), &())).ok().flatten().map(|policy| policy.text)
}

impl Glue {
    /// Sets the catalog's policy, under the conditions that the caller names.
    pub async fn put_resource_policy(&self, cx: &Context, input: PutResourcePolicyInput) -> Result<PutResourcePolicyOutput, Fault> {
        of_catalog(cx, input.resource_arn.as_deref())?;
        if input.enable_hybrid == Some(EnableHybridValues::True) {
            cx.warn("EnableHybrid has no effect: there are no Lake Formation grants");
        }
        let text = input.policy_in_json;
        if text.len() > MOST_BYTES {
            return Err(Error::ResourceNumberLimitExceeded.says(format!("The policy is longer than {MOST_BYTES} bytes.")));
        }
        let invalid = |e| Error::InvalidInput.says(format!("Invalid policy document: {e}"));
        Document::parse(&text, DocumentKind::Resource).map_err(invalid)?;
        let (now, hash) = (Timestamp::from_secs(cx.now().secs()), format!("{:x}", Md5::digest(text.as_bytes())));
        let policy = Policy { text, hash: hash.clone(), created: now, updated: now };
        cx.store()
            .write(|tx| {
                let old = tx.get(&POLICIES, cx.scope(), &())?;
                match (input.policy_exists_condition, &old) {
                    (Some(ExistCondition::MustExist), None) => return Err(missing()),
                    (Some(ExistCondition::NotExist), Some(_)) => {
                        return Err(Error::ConditionCheckFailure.says("A resource policy exists already."));
                    }
                    _ => {}
                }
                held(old.as_ref(), input.policy_hash_condition.as_deref())?;
                let created = old.map_or(now, |old| old.created);
                tx.put(&POLICIES, cx.scope(), &(), &Policy { created, ..policy })
            })
            .await?;
        Ok(PutResourcePolicyOutput { policy_hash: Some(hash) })
    }

    /// The catalog's policy.
    pub async fn get_resource_policy(&self, cx: &Context, input: GetResourcePolicyInput) -> Result<GetResourcePolicyOutput, Fault> {
        of_catalog(cx, input.resource_arn.as_deref())?;
        let policy = cx.store().read(|s| s.get(&POLICIES, cx.scope(), &()))?.ok_or_else(missing)?;
        Ok(GetResourcePolicyOutput {
            policy_in_json: Some(policy.text),
            policy_hash: Some(policy.hash),
            create_time: Some(policy.created),
            update_time: Some(policy.updated),
        })
    }

    /// The catalog's policy as a list of at most one.
    pub async fn get_resource_policies(&self, cx: &Context, _input: GetResourcePoliciesInput) -> Result<GetResourcePoliciesOutput, Fault> {
        let policy = cx.store().read(|s| s.get(&POLICIES, cx.scope(), &()))?;
        let shown = policy.map(|policy| GluePolicy {
            policy_in_json: Some(policy.text),
            policy_hash: Some(policy.hash),
            create_time: Some(policy.created),
            update_time: Some(policy.updated),
        });
        Ok(GetResourcePoliciesOutput { get_resource_policies_response_list: Some(shown.into_iter().collect()), next_token: None })
    }

    /// Removes the catalog's policy.
    pub async fn delete_resource_policy(
        &self,
        cx: &Context,
        input: DeleteResourcePolicyInput,
    ) -> Result<DeleteResourcePolicyOutput, Fault> {
        of_catalog(cx, input.resource_arn.as_deref())?;
        cx.store()
            .write(|tx| {
                let old = tx.get(&POLICIES, cx.scope(), &())?.ok_or_else(missing)?;
                held(Some(&old), input.policy_hash_condition.as_deref())?;
                tx.delete(&POLICIES, cx.scope(), &()).map(drop)
            })
            .await?;
        Ok(DeleteResourcePolicyOutput {})
    }
}

fn missing() -> Fault {
    Error::EntityNotFound.says("Policy not found")
}

/// Refuses when the policy is not the one that the caller knows.
fn held(old: Option<&Policy>, wanted: Option<&str>) -> Result<(), Fault> {
    match wanted {
        Some(hash) if old.is_none_or(|old| old.hash != hash) => Err(Error::ConditionCheckFailure.says("The policy's hash is another.")),
        _ => Ok(()),
    }
}

/// Policies of single tables and databases are Lake Formation's business.
fn of_catalog(cx: &Context, arn: Option<&str>) -> Result<(), Fault> {
    match arn {
        Some(arn) if arn != format!("arn:aws:glue:{}:{}:catalog", cx.region(), cx.account()) => {
            Err(Fault::new("NotImplemented", 501, format!("windtunnel keeps the catalog's own resource policy, not one of {arn}.")))
        }
        _ => Ok(()),
    }
}
