//! Policies of secrets: who may use one beside those whom IAM allows it.

use crate::{SecretsManager, find, model::*, write::change};
use kit::{Context, Fault};

impl SecretsManager {
    /// Gives a secret a policy.
    pub async fn put_resource_policy(&self, cx: &Context, input: PutResourcePolicyInput) -> Result<PutResourcePolicyOutput, Fault> {
        let text = &input.resource_policy;
        if kit::policy::Document::parse(text, kit::policy::DocumentKind::Resource).is_err() {
            return Err(Error::MalformedPolicyDocument.says("This resource policy contains invalid Json."));
        }
        if input.block_public_policy == Some(true) && kit::policy::public::is_public(text) {
            let why = "You can't attach this resource policy because it grants broad access to the secret.";
            return Err(Error::PublicPolicy.says(why));
        }
        let secret = change(cx, &input.secret_id, |secret| {
            secret.policy = Some(text.clone());
            Ok(())
        })
        .await?;
        Ok(PutResourcePolicyOutput { arn: Some(secret.arn), name: Some(secret.name) })
    }

    /// The policy, where there is one.
    pub async fn get_resource_policy(&self, cx: &Context, input: GetResourcePolicyInput) -> Result<GetResourcePolicyOutput, Fault> {
        let secret = cx.store().read(|s| find::living(s, cx, &input.secret_id))?;
        Ok(GetResourcePolicyOutput { arn: Some(secret.arn), name: Some(secret.name), resource_policy: secret.policy })
    }

    /// Takes the policy away.
    pub async fn delete_resource_policy(
        &self,
        cx: &Context,
        input: DeleteResourcePolicyInput,
    ) -> Result<DeleteResourcePolicyOutput, Fault> {
        let secret = change(cx, &input.secret_id, |secret| {
            secret.policy = None;
            Ok(())
        })
        .await?;
        Ok(DeleteResourcePolicyOutput { arn: Some(secret.arn), name: Some(secret.name) })
    }
}
