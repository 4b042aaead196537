//! Who may take a version of a layer into functions of other accounts.

use super::{LAYERS, LayerName, LayerVersion, find, number};
use crate::{Lambda, model::*, state::*};
use kit::{Context, Fault, Reply, Tx};
use serde_json::{Value, json};

/// Bytes of a policy.
const MOST_BYTES: usize = 20_480;

impl Lambda {
    /// Adds a statement.
    pub async fn add_layer_version_permission(
        &self,
        cx: &Context,
        input: AddLayerVersionPermissionInput,
    ) -> Result<AddLayerVersionPermissionOutput, Fault> {
        let name = LayerName::parse(cx, &input.layer_name)?;
        let number = number(input.version_number)?;
        let principal = match input.principal.as_str() {
            "*" => json!("*"),
            account if account.len() == 12 => json!({ "AWS": format!("arn:aws:iam::{account}:root") }),
            arn => json!({ "AWS": arn }),
        };
        let mut statement = json!({
            "Sid": input.statement_id, "Effect": "Allow", "Principal": principal, "Action": input.action,
            "Resource": name.version_arn(number),
        });
        if let Some(organization) = &input.organization_id {
            statement["Condition"] = json!({ "StringEquals": { "aws:PrincipalOrgID": organization } });
        }
        let statement = statement.to_string();
        let revision_id = cx
            .store()
            .write(|tx| {
                let (key, mut version) = there(tx, &name, number)?;
                let mut policy = version.policy.take().unwrap_or_default();
                same_revision(&input.revision_id, &policy.revision, "GetLayerPolicy")?;
                if position(&policy, &input.statement_id).is_some() {
                    return Err(user(Error::ResourceConflict.says(format!(
                        "The statement id ({}) provided already exists. Please provide a new statement id, or remove the existing statement.",
                        input.statement_id
                    ))));
                }
                policy.statements.push(statement.clone());
                policy.revision = revision(cx);
                if policy.document().len() > MOST_BYTES {
                    return Err(user(Error::PolicyLengthExceeded.says("The final policy size is bigger than the limit (20480).")));
                }
                let revision = policy.revision.clone();
                tx.put(&LAYERS, &name.scope, &key, &LayerVersion { policy: Some(policy), ..version })?;
                Ok(revision)
            })
            .await?;
        Ok(AddLayerVersionPermissionOutput { statement: Some(statement), revision_id: Some(revision_id) })
    }

    /// The policy.
    pub async fn get_layer_version_policy(
        &self,
        cx: &Context,
        input: GetLayerVersionPolicyInput,
    ) -> Result<GetLayerVersionPolicyOutput, Fault> {
        let name = LayerName::parse(cx, &input.layer_name)?;
        let number = number(input.version_number)?;
        let version = cx.store().read(|s| find(s, &name, number))?.ok_or_else(|| missing(&name, number))?;
        let none = || user(Error::ResourceNotFound.says("No policy is associated with the given resource."));
        let policy = version.policy.filter(|policy| !policy.statements.is_empty()).ok_or_else(none)?;
        Ok(GetLayerVersionPolicyOutput { policy: Some(policy.document()), revision_id: Some(policy.revision) })
    }

    /// Takes a statement away.
    pub async fn remove_layer_version_permission(
        &self,
        cx: &Context,
        input: RemoveLayerVersionPermissionInput,
    ) -> Result<Reply<RemoveLayerVersionPermissionOutput>, Fault> {
        let name = LayerName::parse(cx, &input.layer_name)?;
        let number = number(input.version_number)?;
        cx.store()
            .write(|tx| {
                let (key, mut version) = there(tx, &name, number)?;
                let mut policy = version.policy.take().unwrap_or_default();
                let absent =
                    || user(Error::ResourceNotFound.says(format!("Statement {} is not found in resource policy.", input.statement_id)));
                let at = position(&policy, &input.statement_id).ok_or_else(absent)?;
                same_revision(&input.revision_id, &policy.revision, "GetLayerPolicy")?;
                policy.statements.remove(at);
                policy.revision = revision(cx);
                tx.put(&LAYERS, &name.scope, &key, &LayerVersion { policy: Some(policy), ..version })
            })
            .await?;
        Ok(Reply::new(RemoveLayerVersionPermissionOutput {}).status(204))
    }
}

/// The policy of a version's ARN, for the decider.
pub(crate) fn of_arn(cx: &Context, arn: &str) -> Option<String> {
    let (name, number) = LayerName::version(arn)?;
    let version = cx.store().read(|s| find(s, &name, number)).ok()??;
    version.policy.filter(|policy| !policy.statements.is_empty()).map(|policy| policy.document())
}

fn there(tx: &mut Tx<'_>, name: &LayerName, number: u64) -> Result<((String, u64), LayerVersion), Fault> {
    let version = find(tx, name, number)?.ok_or_else(|| missing(name, number))?;
    Ok(((name.layer.clone(), number), version))
}

fn missing(name: &LayerName, number: u64) -> Fault {
    user(Error::ResourceNotFound.says(format!("Layer version {} does not exist.", name.version_arn(number))))
}

fn position(policy: &Policy, id: &str) -> Option<usize> {
    let sid = |text: &String| serde_json::from_str::<Value>(text).is_ok_and(|s| s["Sid"] == id);
    policy.statements.iter().position(sid)
}
