//! AWS IAM: users, keys, roles and policies, and the decider that every request of a cloud is asked of.
//!
//! Documents are parsed and judged by the `policy` crate; this room keeps who has which of them. It knows no other service: the
//! resource's own policy comes in from the caller.

mod access_keys;
mod decide;
mod documents;
mod entity;
mod entity_policies;
mod group_policies;
mod groups;
mod managed;
mod managed_policies;
mod model;
mod oidc_providers;
mod pages;
mod roles;
mod state;
mod summary;
mod tags;
mod users;

use kit::{BoxFuture, Context, Fault, Ports, Service};
use std::sync::Arc;

/// The IAM service of a cloud.
#[derive(Default)]
pub struct Iam {
    decider: Arc<decide::PolicyDecider>,
}

impl Iam {
    /// A fresh service.
    pub fn new() -> Iam {
        Iam::default()
    }
}

kit::service! {
    /// AWS Identity and Access Management.
    Iam, model = "iam", invalid_input = "ValidationError";
    // users.rs
    CreateUser => create_user,
    GetUser => get_user,
    UpdateUser => update_user,
    DeleteUser => delete_user,
    ListUsers => list_users,
    // access_keys.rs
    CreateAccessKey => create_access_key,
    ListAccessKeys => list_access_keys,
    UpdateAccessKey => update_access_key,
    DeleteAccessKey => delete_access_key,
    // roles.rs
    CreateRole => create_role,
    GetRole => get_role,
    UpdateRole => update_role,
    UpdateRoleDescription => update_role_description,
    UpdateAssumeRolePolicy => update_assume_role_policy,
    DeleteRole => delete_role,
    ListRoles => list_roles,
    PutRolePermissionsBoundary => put_role_permissions_boundary,
    DeleteRolePermissionsBoundary => delete_role_permissions_boundary,
    PutUserPermissionsBoundary => put_user_permissions_boundary,
    DeleteUserPermissionsBoundary => delete_user_permissions_boundary,
    // entity_policies.rs
    PutRolePolicy => put_role_policy,
    GetRolePolicy => get_role_policy,
    DeleteRolePolicy => delete_role_policy,
    ListRolePolicies => list_role_policies,
    AttachRolePolicy => attach_role_policy,
    DetachRolePolicy => detach_role_policy,
    ListAttachedRolePolicies => list_attached_role_policies,
    PutUserPolicy => put_user_policy,
    GetUserPolicy => get_user_policy,
    DeleteUserPolicy => delete_user_policy,
    ListUserPolicies => list_user_policies,
    AttachUserPolicy => attach_user_policy,
    DetachUserPolicy => detach_user_policy,
    ListAttachedUserPolicies => list_attached_user_policies,
    // groups.rs
    CreateGroup => create_group,
    GetGroup => get_group,
    UpdateGroup => update_group,
    DeleteGroup => delete_group,
    ListGroups => list_groups,
    ListGroupsForUser => list_groups_for_user,
    AddUserToGroup => add_user_to_group,
    RemoveUserFromGroup => remove_user_from_group,
    // group_policies.rs
    PutGroupPolicy => put_group_policy,
    GetGroupPolicy => get_group_policy,
    DeleteGroupPolicy => delete_group_policy,
    ListGroupPolicies => list_group_policies,
    AttachGroupPolicy => attach_group_policy,
    DetachGroupPolicy => detach_group_policy,
    ListAttachedGroupPolicies => list_attached_group_policies,
    // managed_policies.rs
    CreatePolicy => create_policy,
    GetPolicy => get_policy,
    DeletePolicy => delete_policy,
    ListPolicies => list_policies,
    CreatePolicyVersion => create_policy_version,
    GetPolicyVersion => get_policy_version,
    DeletePolicyVersion => delete_policy_version,
    ListPolicyVersions => list_policy_versions,
    SetDefaultPolicyVersion => set_default_policy_version,
    ListEntitiesForPolicy => list_entities_for_policy,
    // tags.rs
    TagRole => tag_role,
    UntagRole => untag_role,
    ListRoleTags => list_role_tags,
    TagUser => tag_user,
    UntagUser => untag_user,
    ListUserTags => list_user_tags,
    TagPolicy => tag_policy,
    UntagPolicy => untag_policy,
    ListPolicyTags => list_policy_tags,
    // oidc_providers.rs
    kept CreateOpenIDConnectProvider => create_open_id_connect_provider,
    GetOpenIDConnectProvider => get_open_id_connect_provider,
    ListOpenIDConnectProviders => list_open_id_connect_providers,
    DeleteOpenIDConnectProvider => delete_open_id_connect_provider,
    kept AddClientIDToOpenIDConnectProvider => add_client_id_to_open_id_connect_provider,
    kept RemoveClientIDFromOpenIDConnectProvider => remove_client_id_from_open_id_connect_provider,
    kept UpdateOpenIDConnectProviderThumbprint => update_open_id_connect_provider_thumbprint,
    // summary.rs
    GetAccountSummary => get_account_summary,
}

impl Service for Iam {
    fn offer(self: Arc<Self>, ports: &Ports) {
        ports.offer_roles(self.clone());
        ports.offer_access_keys(self);
    }
    fn start<'a>(&'a self, cx: &'a Context) -> BoxFuture<'a, Result<(), Fault>> {
        cx.cloud().set_decider(self.decider.clone());
        Box::pin(async { Ok(()) })
    }
}
