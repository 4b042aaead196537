//! Policies of roles and users: inline ones and attached managed ones.

use crate::{
    Iam, documents,
    entity::{on, on_with_policy, policy_exists},
    model::*,
    pages,
    state::{Entity, EntityKind, must_find},
};
use kit::{Context, Fault};

/// Characters of all inline policies together, white space not counted: users 2,048, groups 5,120, roles 10,240.
pub(crate) fn inline_quota(kind: EntityKind) -> usize {
    match kind {
        EntityKind::User => 2048,
        EntityKind::Group => 5120,
        EntityKind::Role => 10_240,
    }
}
/// Managed policies of one user, group or role, AWS's default quota.
pub(crate) const ATTACHED_QUOTA: usize = 10;

impl Iam {
    pub(crate) async fn put_inline(
        &self,
        cx: &Context,
        kind: EntityKind,
        name: &str,
        policy: String,
        document: String,
    ) -> Result<(), Fault> {
        documents::identity(&document)?;
        self.change(cx, kind, name, |_, entity| {
            entity.inline.insert(policy, document);
            let size: usize = entity.inline.values().map(|d| d.chars().filter(|c| !c.is_whitespace()).count()).sum();
            match size <= inline_quota(kind) {
                true => Ok(()),
                false => Err(Error::LimitExceeded.says(format!(
                    "Maximum policy size of {} bytes exceeded for {} {}",
                    inline_quota(kind),
                    kind.noun(),
                    entity.name
                ))),
            }
        })
        .await
    }

    pub(crate) async fn delete_inline(&self, cx: &Context, kind: EntityKind, name: &str, policy: &str) -> Result<(), Fault> {
        self.change(cx, kind, name, |_, entity| match entity.inline.remove(policy) {
            Some(_) => Ok(()),
            None => Err(no_inline(kind, policy)),
        })
        .await
    }

    pub(crate) async fn attach(&self, cx: &Context, kind: EntityKind, name: &str, arn: String) -> Result<(), Fault> {
        self.change(cx, kind, name, |tx, entity| {
            policy_exists(tx, cx, &arn)?;
            entity.attached.insert(arn);
            match entity.attached.len() <= ATTACHED_QUOTA {
                true => Ok(()),
                false => Err(Error::LimitExceeded.says(format!("Cannot exceed quota for PoliciesPer{}: {ATTACHED_QUOTA}", kind.title()))),
            }
        })
        .await
    }

    pub(crate) async fn detach(&self, cx: &Context, kind: EntityKind, name: &str, arn: &str) -> Result<(), Fault> {
        self.change(cx, kind, name, |_, entity| match entity.attached.remove(arn) {
            true => Ok(()),
            false => Err(Error::NoSuchEntity.says(format!("Policy {arn} was not found."))),
        })
        .await
    }

    /// Writes an inline policy of a role.
    pub async fn put_role_policy(&self, cx: &Context, input: PutRolePolicyInput) -> Result<PutRolePolicyOutput, Fault> {
        self.put_inline(cx, EntityKind::Role, &input.role_name, input.policy_name, input.policy_document).await?;
        Ok(PutRolePolicyOutput {})
    }

    /// An inline policy of a role.
    pub async fn get_role_policy(&self, cx: &Context, input: GetRolePolicyInput) -> Result<GetRolePolicyOutput, Fault> {
        let policy_document = inline(cx, EntityKind::Role, &input.role_name, &input.policy_name)?;
        Ok(GetRolePolicyOutput { role_name: input.role_name, policy_name: input.policy_name, policy_document })
    }

    /// Removes an inline policy of a role.
    pub async fn delete_role_policy(&self, cx: &Context, input: DeleteRolePolicyInput) -> Result<DeleteRolePolicyOutput, Fault> {
        self.delete_inline(cx, EntityKind::Role, &input.role_name, &input.policy_name).await?;
        Ok(DeleteRolePolicyOutput {})
    }

    /// Names of the inline policies of a role.
    pub async fn list_role_policies(&self, cx: &Context, input: ListRolePoliciesInput) -> Result<ListRolePoliciesOutput, Fault> {
        let entity = cx.store().read(|s| must_find(s, cx, EntityKind::Role, &input.role_name))?;
        let page = pages::cut(entity.inline.into_keys().collect(), String::clone, input.marker.as_deref(), input.max_items)?;
        Ok(ListRolePoliciesOutput { policy_names: page.items, is_truncated: Some(page.next.is_some()), marker: page.next })
    }

    /// Attaches a managed policy to a role.
    pub async fn attach_role_policy(&self, cx: &Context, input: AttachRolePolicyInput) -> Result<AttachRolePolicyOutput, Fault> {
        self.attach(cx, EntityKind::Role, &input.role_name, input.policy_arn).await?;
        Ok(AttachRolePolicyOutput {})
    }

    /// Detaches a managed policy from a role.
    pub async fn detach_role_policy(&self, cx: &Context, input: DetachRolePolicyInput) -> Result<DetachRolePolicyOutput, Fault> {
        self.detach(cx, EntityKind::Role, &input.role_name, &input.policy_arn).await?;
        Ok(DetachRolePolicyOutput {})
    }

    /// Managed policies attached to a role.
    pub async fn list_attached_role_policies(
        &self,
        cx: &Context,
        input: ListAttachedRolePoliciesInput,
    ) -> Result<ListAttachedRolePoliciesOutput, Fault> {
        let entity = cx.store().read(|s| must_find(s, cx, EntityKind::Role, &input.role_name))?;
        let attached = attached(&entity, input.path_prefix.as_deref());
        let page = pages::cut(attached, arn_of, input.marker.as_deref(), input.max_items)?;
        Ok(ListAttachedRolePoliciesOutput {
            attached_policies: Some(page.items),
            is_truncated: Some(page.next.is_some()),
            marker: page.next,
        })
    }

    /// Writes an inline policy of a user.
    pub async fn put_user_policy(&self, cx: &Context, input: PutUserPolicyInput) -> Result<PutUserPolicyOutput, Fault> {
        self.put_inline(cx, EntityKind::User, &input.user_name, input.policy_name, input.policy_document).await?;
        Ok(PutUserPolicyOutput {})
    }

    /// An inline policy of a user.
    pub async fn get_user_policy(&self, cx: &Context, input: GetUserPolicyInput) -> Result<GetUserPolicyOutput, Fault> {
        let policy_document = inline(cx, EntityKind::User, &input.user_name, &input.policy_name)?;
        Ok(GetUserPolicyOutput { user_name: input.user_name, policy_name: input.policy_name, policy_document })
    }

    /// Removes an inline policy of a user.
    pub async fn delete_user_policy(&self, cx: &Context, input: DeleteUserPolicyInput) -> Result<DeleteUserPolicyOutput, Fault> {
        self.delete_inline(cx, EntityKind::User, &input.user_name, &input.policy_name).await?;
        Ok(DeleteUserPolicyOutput {})
    }

    /// Names of the inline policies of a user.
    pub async fn list_user_policies(&self, cx: &Context, input: ListUserPoliciesInput) -> Result<ListUserPoliciesOutput, Fault> {
        let entity = cx.store().read(|s| must_find(s, cx, EntityKind::User, &input.user_name))?;
        let page = pages::cut(entity.inline.into_keys().collect(), String::clone, input.marker.as_deref(), input.max_items)?;
        Ok(ListUserPoliciesOutput { policy_names: page.items, is_truncated: Some(page.next.is_some()), marker: page.next })
    }

    /// Attaches a managed policy to a user.
    pub async fn attach_user_policy(&self, cx: &Context, input: AttachUserPolicyInput) -> Result<AttachUserPolicyOutput, Fault> {
        self.attach(cx, EntityKind::User, &input.user_name, input.policy_arn).await?;
        Ok(AttachUserPolicyOutput {})
    }

    /// Detaches a managed policy from a user.
    pub async fn detach_user_policy(&self, cx: &Context, input: DetachUserPolicyInput) -> Result<DetachUserPolicyOutput, Fault> {
        self.detach(cx, EntityKind::User, &input.user_name, &input.policy_arn).await?;
        Ok(DetachUserPolicyOutput {})
    }

    /// Managed policies attached to a user.
    pub async fn list_attached_user_policies(
        &self,
        cx: &Context,
        input: ListAttachedUserPoliciesInput,
    ) -> Result<ListAttachedUserPoliciesOutput, Fault> {
        let entity = cx.store().read(|s| must_find(s, cx, EntityKind::User, &input.user_name))?;
        let attached = attached(&entity, input.path_prefix.as_deref());
        let page = pages::cut(attached, arn_of, input.marker.as_deref(), input.max_items)?;
        Ok(ListAttachedUserPoliciesOutput {
            attached_policies: Some(page.items),
            is_truncated: Some(page.next.is_some()),
            marker: page.next,
        })
    }
}

pub(crate) fn inline(cx: &Context, kind: EntityKind, name: &str, policy: &str) -> Result<String, Fault> {
    let entity = cx.store().read(|s| must_find(s, cx, kind, name))?;
    entity.inline.get(policy).map(|d| documents::encoded(d)).ok_or_else(|| no_inline(kind, policy))
}

fn no_inline(kind: EntityKind, policy: &str) -> Fault {
    Error::NoSuchEntity.says(format!("The {} policy with name {policy} cannot be found.", kind.noun()))
}

pub(crate) fn attached(entity: &Entity, path_prefix: Option<&str>) -> Vec<AttachedPolicy> {
    let under = |arn: &str| path_prefix.is_none_or(|prefix| arn.split_once(":policy").is_some_and(|(_, path)| path.starts_with(prefix)));
    let shown = |arn: &String| AttachedPolicy { policy_name: arn.rsplit('/').next().map(str::to_owned), policy_arn: Some(arn.clone()) };
    entity.attached.iter().filter(|arn| under(arn)).map(shown).collect()
}

pub(crate) fn arn_of(policy: &AttachedPolicy) -> String {
    policy.policy_arn.clone().unwrap_or_default()
}

on! {
    PutRolePolicyInput.role_name, Role => "iam:PutRolePolicy";
    GetRolePolicyInput.role_name, Role => "iam:GetRolePolicy";
    DeleteRolePolicyInput.role_name, Role => "iam:DeleteRolePolicy";
    ListRolePoliciesInput.role_name, Role => "iam:ListRolePolicies";
    ListAttachedRolePoliciesInput.role_name, Role => "iam:ListAttachedRolePolicies";
    PutUserPolicyInput.user_name, User => "iam:PutUserPolicy";
    GetUserPolicyInput.user_name, User => "iam:GetUserPolicy";
    DeleteUserPolicyInput.user_name, User => "iam:DeleteUserPolicy";
    ListUserPoliciesInput.user_name, User => "iam:ListUserPolicies";
    ListAttachedUserPoliciesInput.user_name, User => "iam:ListAttachedUserPolicies";
}

on_with_policy! {
    AttachRolePolicyInput.role_name, Role => "iam:AttachRolePolicy";
    DetachRolePolicyInput.role_name, Role => "iam:DetachRolePolicy";
    AttachUserPolicyInput.user_name, User => "iam:AttachUserPolicy";
    DetachUserPolicyInput.user_name, User => "iam:DetachUserPolicy";
}
