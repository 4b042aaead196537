//! Roles, their trust, and the boundaries of roles and users.

use crate::{
    Iam, documents,
    entity::{NewEntity, on, on_new, policy_exists, shown_role},
    model::*,
    pages,
    state::{Entity, EntityKind, folded, must_find},
};
use kit::{Access, Authorize, Context, Fault, Read, Scope, ports};

impl Iam {
    /// Makes a role.
    pub async fn create_role(&self, cx: &Context, input: CreateRoleInput) -> Result<CreateRoleOutput, Fault> {
        documents::trust(&input.assume_role_policy_document)?;
        let new = NewEntity {
            kind: EntityKind::Role,
            name: input.role_name,
            path: input.path,
            boundary: input.permissions_boundary,
            tags: input.tags,
            trust: input.assume_role_policy_document,
            description: input.description,
            max_session_secs: input.max_session_duration.unwrap_or(3600),
        };
        let role = self.create_entity(cx, new).await?;
        // AWS leaves a duration that was not asked for out of CreateRole's answer.
        let shown = Role { max_session_duration: input.max_session_duration, ..shown_role(cx, &role) };
        Ok(CreateRoleOutput { role: Some(shown) })
    }

    /// A role.
    pub async fn get_role(&self, cx: &Context, input: GetRoleInput) -> Result<GetRoleOutput, Fault> {
        let role = cx.store().read(|s| must_find(s, cx, EntityKind::Role, &input.role_name))?;
        let shown = Role { role_last_used: Some(RoleLastUsed::default()), ..shown_role(cx, &role) };
        Ok(GetRoleOutput { role: Some(shown) })
    }

    /// Changes description and longest session.
    pub async fn update_role(&self, cx: &Context, input: UpdateRoleInput) -> Result<UpdateRoleOutput, Fault> {
        self.change(cx, EntityKind::Role, &input.role_name, |_, role| {
            role.description = input.description.or(role.description.take());
            role.max_session_secs = input.max_session_duration.unwrap_or(role.max_session_secs);
            Ok(())
        })
        .await?;
        Ok(UpdateRoleOutput {})
    }

    /// Changes the description.
    pub async fn update_role_description(
        &self,
        cx: &Context,
        input: UpdateRoleDescriptionInput,
    ) -> Result<UpdateRoleDescriptionOutput, Fault> {
        self.change(cx, EntityKind::Role, &input.role_name, |_, role| {
            role.description = Some(input.description);
            Ok(())
        })
        .await?;
        let role = cx.store().read(|s| must_find(s, cx, EntityKind::Role, &input.role_name))?;
        Ok(UpdateRoleDescriptionOutput { role: Some(shown_role(cx, &role)) })
    }

    /// Changes who may assume a role.
    pub async fn update_assume_role_policy(
        &self,
        cx: &Context,
        input: UpdateAssumeRolePolicyInput,
    ) -> Result<UpdateAssumeRolePolicyOutput, Fault> {
        documents::trust(&input.policy_document)?;
        self.change(cx, EntityKind::Role, &input.role_name, |_, role| {
            role.trust = input.policy_document;
            Ok(())
        })
        .await?;
        Ok(UpdateAssumeRolePolicyOutput {})
    }

    /// Removes a role that has no policies left.
    pub async fn delete_role(&self, cx: &Context, input: DeleteRoleInput) -> Result<DeleteRoleOutput, Fault> {
        self.delete_entity(cx, EntityKind::Role, &input.role_name).await?;
        Ok(DeleteRoleOutput {})
    }

    /// Roles under a path, by name.
    pub async fn list_roles(&self, cx: &Context, input: ListRolesInput) -> Result<ListRolesOutput, Fault> {
        let roles = self.entities(cx, EntityKind::Role, input.path_prefix.as_deref())?;
        let page = pages::cut(roles, |r| folded(&r.name), input.marker.as_deref(), input.max_items)?;
        let listed = page.items.iter().map(|r| Role { tags: None, permissions_boundary: None, ..shown_role(cx, r) }).collect();
        Ok(ListRolesOutput { roles: listed, is_truncated: Some(page.next.is_some()), marker: page.next })
    }

    /// Bounds what a role may do.
    pub async fn put_role_permissions_boundary(
        &self,
        cx: &Context,
        input: PutRolePermissionsBoundaryInput,
    ) -> Result<PutRolePermissionsBoundaryOutput, Fault> {
        self.bound(cx, EntityKind::Role, &input.role_name, Some(input.permissions_boundary)).await?;
        Ok(PutRolePermissionsBoundaryOutput {})
    }

    /// Takes a role's boundary away.
    pub async fn delete_role_permissions_boundary(
        &self,
        cx: &Context,
        input: DeleteRolePermissionsBoundaryInput,
    ) -> Result<DeleteRolePermissionsBoundaryOutput, Fault> {
        self.bound(cx, EntityKind::Role, &input.role_name, None).await?;
        Ok(DeleteRolePermissionsBoundaryOutput {})
    }

    /// Bounds what a user may do.
    pub async fn put_user_permissions_boundary(
        &self,
        cx: &Context,
        input: PutUserPermissionsBoundaryInput,
    ) -> Result<PutUserPermissionsBoundaryOutput, Fault> {
        self.bound(cx, EntityKind::User, &input.user_name, Some(input.permissions_boundary)).await?;
        Ok(PutUserPermissionsBoundaryOutput {})
    }

    /// Takes a user's boundary away.
    pub async fn delete_user_permissions_boundary(
        &self,
        cx: &Context,
        input: DeleteUserPermissionsBoundaryInput,
    ) -> Result<DeleteUserPermissionsBoundaryOutput, Fault> {
        self.bound(cx, EntityKind::User, &input.user_name, None).await?;
        Ok(DeleteUserPermissionsBoundaryOutput {})
    }

    async fn bound(&self, cx: &Context, kind: EntityKind, name: &str, boundary: Option<String>) -> Result<(), Fault> {
        self.change(cx, kind, name, |tx, entity| {
            if let Some(arn) = &boundary {
                policy_exists(tx, cx, arn)?;
            }
            entity.boundary = boundary;
            Ok(())
        })
        .await
    }
}

impl ports::Roles for Iam {
    fn role(&self, cx: &Context, role_arn: &str) -> Option<ports::RoleInfo> {
        let (account, entity) = role_by_arn(cx, role_arn)?;
        Some(ports::RoleInfo {
            arn: entity.arn(&account),
            name: entity.name,
            path: entity.path,
            id: entity.id,
            trust_policy: entity.trust,
            max_session_secs: entity.max_session_secs.max(3600) as u32,
        })
    }
    fn open_id_clients(&self, cx: &Context, provider_arn: &str) -> Option<Vec<String>> {
        let account = kit::Arn::parse(provider_arn)?.account;
        let scope = Scope::new(account, cx.region());
        let found = cx.store().read(|s| s.get(&crate::state::PROVIDERS, &scope, &provider_arn.to_owned())).ok()??;
        Some(found.clients)
    }
    fn managed_policy(&self, cx: &Context, account: &str, policy_arn: &str) -> Option<String> {
        cx.store().read(|s| crate::managed_policies::text(s, &Scope::new(account, cx.region()), policy_arn))
    }
}

fn role_by_arn(cx: &Context, role_arn: &str) -> Option<(String, Entity)> {
    let arn = kit::Arn::parse(role_arn)?;
    let name = arn.after("role/")?.rsplit('/').next()?;
    let there = cx.in_scope(Scope::new(arn.account, cx.region()));
    let entity = cx.store().read(|s| crate::state::find(s, &there, EntityKind::Role, name)).ok()??;
    (entity.arn(arn.account) == role_arn).then(|| (arn.account.to_owned(), entity))
}

impl Authorize<Iam> for CreateRoleInput {
    fn access(&self, _: &Iam, cx: &Context) -> Access {
        let access = on_new(cx, "iam:CreateRole", EntityKind::Role, self.path.as_deref(), &self.role_name);
        match &self.permissions_boundary {
            Some(boundary) => access.key("iam:PermissionsBoundary", boundary),
            None => access,
        }
    }
}
impl Authorize<Iam> for ListRolesInput {
    fn access(&self, _: &Iam, cx: &Context) -> Access {
        Access::on("iam:ListRoles", format!("arn:aws:iam::{}:role{}", cx.account(), self.path_prefix.as_deref().unwrap_or("/")))
    }
}

on! {
    GetRoleInput.role_name, Role => "iam:GetRole";
    UpdateRoleInput.role_name, Role => "iam:UpdateRole";
    UpdateRoleDescriptionInput.role_name, Role => "iam:UpdateRoleDescription";
    UpdateAssumeRolePolicyInput.role_name, Role => "iam:UpdateAssumeRolePolicy";
    DeleteRoleInput.role_name, Role => "iam:DeleteRole";
    PutRolePermissionsBoundaryInput.role_name, Role => "iam:PutRolePermissionsBoundary";
    DeleteRolePermissionsBoundaryInput.role_name, Role => "iam:DeleteRolePermissionsBoundary";
    PutUserPermissionsBoundaryInput.user_name, User => "iam:PutUserPermissionsBoundary";
    DeleteUserPermissionsBoundaryInput.user_name, User => "iam:DeleteUserPermissionsBoundary";
}
