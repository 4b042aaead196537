//! Tags of roles, users and policies.

use crate::{
    Iam,
    entity::{on, tag_list, tags_of},
    managed_policies::{change_policy, must_find_policy},
    model::*,
    pages,
    state::{EntityKind, must_find},
};
use kit::{Access, Authorize, Context, Fault};
use std::collections::BTreeMap;

impl Iam {
    async fn tag_entity(&self, cx: &Context, kind: EntityKind, name: &str, tags: Vec<Tag>) -> Result<(), Fault> {
        let tags = tags_of(Some(tags))?;
        self.change(cx, kind, name, |_, e| merge(&mut e.tags, tags)).await
    }

    /// Adds tags to a role.
    pub async fn tag_role(&self, cx: &Context, input: TagRoleInput) -> Result<TagRoleOutput, Fault> {
        self.tag_entity(cx, EntityKind::Role, &input.role_name, input.tags).await?;
        Ok(TagRoleOutput {})
    }

    /// Takes tags off a role.
    pub async fn untag_role(&self, cx: &Context, input: UntagRoleInput) -> Result<UntagRoleOutput, Fault> {
        self.change(cx, EntityKind::Role, &input.role_name, |_, e| {
            e.tags.retain(|key, _| !input.tag_keys.contains(key));
            Ok(())
        })
        .await?;
        Ok(UntagRoleOutput {})
    }

    /// Tags of a role.
    pub async fn list_role_tags(&self, cx: &Context, input: ListRoleTagsInput) -> Result<ListRoleTagsOutput, Fault> {
        let entity = cx.store().read(|s| must_find(s, cx, EntityKind::Role, &input.role_name))?;
        let tags = tag_list(&entity.tags).unwrap_or_default();
        let page = pages::cut(tags, |t| t.key.clone(), input.marker.as_deref(), input.max_items)?;
        Ok(ListRoleTagsOutput { tags: page.items, is_truncated: Some(page.next.is_some()), marker: page.next })
    }

    /// Adds tags to a user.
    pub async fn tag_user(&self, cx: &Context, input: TagUserInput) -> Result<TagUserOutput, Fault> {
        self.tag_entity(cx, EntityKind::User, &input.user_name, input.tags).await?;
        Ok(TagUserOutput {})
    }

    /// Takes tags off a user.
    pub async fn untag_user(&self, cx: &Context, input: UntagUserInput) -> Result<UntagUserOutput, Fault> {
        self.change(cx, EntityKind::User, &input.user_name, |_, e| {
            e.tags.retain(|key, _| !input.tag_keys.contains(key));
            Ok(())
        })
        .await?;
        Ok(UntagUserOutput {})
    }

    /// Tags of a user.
    pub async fn list_user_tags(&self, cx: &Context, input: ListUserTagsInput) -> Result<ListUserTagsOutput, Fault> {
        let entity = cx.store().read(|s| must_find(s, cx, EntityKind::User, &input.user_name))?;
        let tags = tag_list(&entity.tags).unwrap_or_default();
        let page = pages::cut(tags, |t| t.key.clone(), input.marker.as_deref(), input.max_items)?;
        Ok(ListUserTagsOutput { tags: page.items, is_truncated: Some(page.next.is_some()), marker: page.next })
    }

    /// Adds tags to a managed policy.
    pub async fn tag_policy(&self, cx: &Context, input: TagPolicyInput) -> Result<TagPolicyOutput, Fault> {
        let tags = tags_of(Some(input.tags))?;
        change_policy(cx, &input.policy_arn, |policy| merge(&mut policy.tags, tags)).await?;
        Ok(TagPolicyOutput {})
    }

    /// Takes tags off a managed policy.
    pub async fn untag_policy(&self, cx: &Context, input: UntagPolicyInput) -> Result<UntagPolicyOutput, Fault> {
        change_policy(cx, &input.policy_arn, |policy| {
            policy.tags.retain(|key, _| !input.tag_keys.contains(key));
            Ok(())
        })
        .await?;
        Ok(UntagPolicyOutput {})
    }

    /// Tags of a managed policy.
    pub async fn list_policy_tags(&self, cx: &Context, input: ListPolicyTagsInput) -> Result<ListPolicyTagsOutput, Fault> {
        let policy = cx.store().read(|s| must_find_policy(s, cx, &input.policy_arn))?;
        let tags = tag_list(&policy.tags).unwrap_or_default();
        let page = pages::cut(tags, |t| t.key.clone(), input.marker.as_deref(), input.max_items)?;
        Ok(ListPolicyTagsOutput { tags: page.items, is_truncated: Some(page.next.is_some()), marker: page.next })
    }
}

fn merge(into: &mut BTreeMap<String, String>, tags: BTreeMap<String, String>) -> Result<(), Fault> {
    into.extend(tags);
    match into.len() <= 50 {
        true => Ok(()),
        false => Err(Error::LimitExceeded.says("The number of tags has reached the maximum limit.")),
    }
}

on! {
    TagRoleInput.role_name, Role => "iam:TagRole";
    UntagRoleInput.role_name, Role => "iam:UntagRole";
    ListRoleTagsInput.role_name, Role => "iam:ListRoleTags";
    TagUserInput.user_name, User => "iam:TagUser";
    UntagUserInput.user_name, User => "iam:UntagUser";
    ListUserTagsInput.user_name, User => "iam:ListUserTags";
}

macro_rules! on_policy {
    ($($input:ident => $action:literal;)*) => {$(
        impl Authorize<Iam> for $input {
            fn access(&self, _: &Iam, _: &Context) -> Access {
                Access::on($action, self.policy_arn.clone())
            }
        }
    )*};
}
on_policy! {
    TagPolicyInput => "iam:TagPolicy";
    UntagPolicyInput => "iam:UntagPolicy";
    ListPolicyTagsInput => "iam:ListPolicyTags";
}
