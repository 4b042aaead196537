//! Policies of groups: inline ones and attached managed ones.

use crate::{
    Iam,
    entity::{on, on_with_policy},
    entity_policies::{arn_of, attached, inline},
    model::*,
    pages,
    state::{EntityKind, must_find},
};
use kit::{Context, Fault};

impl Iam {
    /// Writes an inline policy of a group.
    pub async fn put_group_policy(&self, cx: &Context, input: PutGroupPolicyInput) -> Result<PutGroupPolicyOutput, Fault> {
        self.put_inline(cx, EntityKind::Group, &input.group_name, input.policy_name, input.policy_document).await?;
        Ok(PutGroupPolicyOutput {})
    }

    /// An inline policy of a group.
    pub async fn get_group_policy(&self, cx: &Context, input: GetGroupPolicyInput) -> Result<GetGroupPolicyOutput, Fault> {
        let policy_document = inline(cx, EntityKind::Group, &input.group_name, &input.policy_name)?;
        Ok(GetGroupPolicyOutput { group_name: input.group_name, policy_name: input.policy_name, policy_document })
    }

    /// Removes an inline policy of a group.
    pub async fn delete_group_policy(&self, cx: &Context, input: DeleteGroupPolicyInput) -> Result<DeleteGroupPolicyOutput, Fault> {
        self.delete_inline(cx, EntityKind::Group, &input.group_name, &input.policy_name).await?;
        Ok(DeleteGroupPolicyOutput {})
    }

    /// Names of the inline policies of a group.
    pub async fn list_group_policies(&self, cx: &Context, input: ListGroupPoliciesInput) -> Result<ListGroupPoliciesOutput, Fault> {
        let entity = cx.store().read(|s| must_find(s, cx, EntityKind::Group, &input.group_name))?;
        let page = pages::cut(entity.inline.into_keys().collect(), String::clone, input.marker.as_deref(), input.max_items)?;
        Ok(ListGroupPoliciesOutput { policy_names: page.items, is_truncated: Some(page.next.is_some()), marker: page.next })
    }

    /// Attaches a managed policy to a group.
    pub async fn attach_group_policy(&self, cx: &Context, input: AttachGroupPolicyInput) -> Result<AttachGroupPolicyOutput, Fault> {
        self.attach(cx, EntityKind::Group, &input.group_name, input.policy_arn).await?;
        Ok(AttachGroupPolicyOutput {})
    }

    /// Detaches a managed policy from a group.
    pub async fn detach_group_policy(&self, cx: &Context, input: DetachGroupPolicyInput) -> Result<DetachGroupPolicyOutput, Fault> {
        self.detach(cx, EntityKind::Group, &input.group_name, &input.policy_arn).await?;
        Ok(DetachGroupPolicyOutput {})
    }

    /// Managed policies attached to a group.
    pub async fn list_attached_group_policies(
        &self,
        cx: &Context,
        input: ListAttachedGroupPoliciesInput,
    ) -> Result<ListAttachedGroupPoliciesOutput, Fault> {
        let entity = cx.store().read(|s| must_find(s, cx, EntityKind::Group, &input.group_name))?;
        let attached = attached(&entity, input.path_prefix.as_deref());
        let page = pages::cut(attached, arn_of, input.marker.as_deref(), input.max_items)?;
        Ok(ListAttachedGroupPoliciesOutput {
            attached_policies: Some(page.items),
            is_truncated: Some(page.next.is_some()),
            marker: page.next,
        })
    }
}

on! {
    PutGroupPolicyInput.group_name, Group => "iam:PutGroupPolicy";
    GetGroupPolicyInput.group_name, Group => "iam:GetGroupPolicy";
    DeleteGroupPolicyInput.group_name, Group => "iam:DeleteGroupPolicy";
    ListGroupPoliciesInput.group_name, Group => "iam:ListGroupPolicies";
    ListAttachedGroupPoliciesInput.group_name, Group => "iam:ListAttachedGroupPolicies";
}

on_with_policy! {
    AttachGroupPolicyInput.group_name, Group => "iam:AttachGroupPolicy";
    DetachGroupPolicyInput.group_name, Group => "iam:DetachGroupPolicy";
}
