//! Groups: users in them have the groups' policies beside their own. A user's row names its groups; a group's row names nobody.

use crate::{
    Iam,
    entity::{NewEntity, checked_path, on, on_new, shown_group, shown_user},
    model::*,
    pages,
    state::{ENTITIES, Entity, EntityKind, find, folded, must_find},
};
use kit::{Access, Authorize, Context, Fault, Read};

/// Groups that a user may be in, AWS's quota.
pub(crate) const GROUPS_OF_USER: usize = 10;

impl Iam {
    /// Makes a group.
    pub async fn create_group(&self, cx: &Context, input: CreateGroupInput) -> Result<CreateGroupOutput, Fault> {
        let new = NewEntity { kind: EntityKind::Group, name: input.group_name, path: input.path, ..NewEntity::default() };
        let group = self.create_entity(cx, new).await?;
        Ok(CreateGroupOutput { group: Some(shown_group(cx, &group)) })
    }

    /// A group with its users, by name.
    pub async fn get_group(&self, cx: &Context, input: GetGroupInput) -> Result<GetGroupOutput, Fault> {
        let (group, users) = cx.store().read(|s| {
            let group = must_find(s, cx, EntityKind::Group, &input.group_name)?;
            let users = members(s, cx, &group.name)?;
            Ok::<_, Fault>((group, users))
        })?;
        let page = pages::cut(users, |u| folded(&u.name), input.marker.as_deref(), input.max_items)?;
        let users = page.items.iter().map(|u| User { tags: None, permissions_boundary: None, ..shown_user(cx, u) }).collect();
        let group = Some(shown_group(cx, &group));
        Ok(GetGroupOutput { group, users, is_truncated: Some(page.next.is_some()), marker: page.next })
    }

    /// Renames or moves a group; its users and policies stay.
    pub async fn update_group(&self, cx: &Context, input: UpdateGroupInput) -> Result<UpdateGroupOutput, Fault> {
        let path = input.new_path.map(|p| checked_path(Some(p))).transpose()?;
        cx.store()
            .write(|tx| {
                let mut group = must_find(tx, cx, EntityKind::Group, &input.group_name)?;
                group.path = path.unwrap_or(group.path);
                if let Some(new) = input.new_group_name.filter(|new| *new != group.name) {
                    let same = folded(&new) == folded(&group.name);
                    if !same && find(tx, cx, EntityKind::Group, &new)?.is_some() {
                        return Err(Error::EntityAlreadyExists.says(format!("Group with name {new} already exists.")));
                    }
                    for mut user in members(tx, cx, &group.name)? {
                        user.groups.remove(&folded(&group.name));
                        user.groups.insert(folded(&new));
                        tx.put(&ENTITIES, cx.scope(), &user.key(), &user)?;
                    }
                    tx.delete(&ENTITIES, cx.scope(), &group.key())?;
                    group.name = new;
                }
                tx.put(&ENTITIES, cx.scope(), &group.key(), &group)
            })
            .await?;
        self.decider.forget();
        Ok(UpdateGroupOutput {})
    }

    /// Removes a group that has neither users nor policies left.
    pub async fn delete_group(&self, cx: &Context, input: DeleteGroupInput) -> Result<DeleteGroupOutput, Fault> {
        self.delete_entity(cx, EntityKind::Group, &input.group_name).await?;
        Ok(DeleteGroupOutput {})
    }

    /// Groups under a path, by name.
    pub async fn list_groups(&self, cx: &Context, input: ListGroupsInput) -> Result<ListGroupsOutput, Fault> {
        let groups = self.entities(cx, EntityKind::Group, input.path_prefix.as_deref())?;
        let page = pages::cut(groups, |g| folded(&g.name), input.marker.as_deref(), input.max_items)?;
        let groups = page.items.iter().map(|g| shown_group(cx, g)).collect();
        Ok(ListGroupsOutput { groups, is_truncated: Some(page.next.is_some()), marker: page.next })
    }

    /// Groups that a user is in.
    pub async fn list_groups_for_user(&self, cx: &Context, input: ListGroupsForUserInput) -> Result<ListGroupsForUserOutput, Fault> {
        let groups: Vec<Entity> = cx.store().read(|s| {
            let user = must_find(s, cx, EntityKind::User, &input.user_name)?;
            user.groups.iter().filter_map(|name| find(s, cx, EntityKind::Group, name).transpose()).collect::<Result<_, Fault>>()
        })?;
        let page = pages::cut(groups, |g| folded(&g.name), input.marker.as_deref(), input.max_items)?;
        let groups = page.items.iter().map(|g| shown_group(cx, g)).collect();
        Ok(ListGroupsForUserOutput { groups, is_truncated: Some(page.next.is_some()), marker: page.next })
    }

    /// Puts a user into a group; again changes nothing.
    pub async fn add_user_to_group(&self, cx: &Context, input: AddUserToGroupInput) -> Result<AddUserToGroupOutput, Fault> {
        self.change(cx, EntityKind::User, &input.user_name, |tx, user| {
            let group = must_find(tx, cx, EntityKind::Group, &input.group_name)?;
            user.groups.insert(folded(&group.name));
            match user.groups.len() <= GROUPS_OF_USER {
                true => Ok(()),
                false => Err(Error::LimitExceeded.says(format!("Cannot exceed quota for GroupsPerUser: {GROUPS_OF_USER}"))),
            }
        })
        .await?;
        Ok(AddUserToGroupOutput {})
    }

    /// Takes a user out of a group; one who wasn't in it stays out.
    pub async fn remove_user_from_group(&self, cx: &Context, input: RemoveUserFromGroupInput) -> Result<RemoveUserFromGroupOutput, Fault> {
        self.change(cx, EntityKind::User, &input.user_name, |tx, user| {
            let group = must_find(tx, cx, EntityKind::Group, &input.group_name)?;
            user.groups.remove(&folded(&group.name));
            Ok(())
        })
        .await?;
        Ok(RemoveUserFromGroupOutput {})
    }
}

/// The users of a group, by name.
pub(crate) fn members(store: &impl Read, cx: &Context, group: &str) -> Result<Vec<Entity>, Fault> {
    let group = folded(group);
    let users = store.scan(&ENTITIES, cx.scope()).prefix(&(EntityKind::User.noun().to_owned(),)).map(|row| row.map(|(_, user)| user));
    users.filter(|user| user.as_ref().map_or(true, |user| user.groups.contains(&group))).collect()
}

impl Authorize<Iam> for CreateGroupInput {
    fn access(&self, _: &Iam, cx: &Context) -> Access {
        on_new(cx, "iam:CreateGroup", EntityKind::Group, self.path.as_deref(), &self.group_name)
    }
}
impl Authorize<Iam> for ListGroupsInput {
    fn access(&self, _: &Iam, cx: &Context) -> Access {
        Access::on("iam:ListGroups", format!("arn:aws:iam::{}:group{}", cx.account(), self.path_prefix.as_deref().unwrap_or("/")))
    }
}

on! {
    GetGroupInput.group_name, Group => "iam:GetGroup";
    UpdateGroupInput.group_name, Group => "iam:UpdateGroup";
    DeleteGroupInput.group_name, Group => "iam:DeleteGroup";
    ListGroupsForUserInput.user_name, User => "iam:ListGroupsForUser";
    AddUserToGroupInput.group_name, Group => "iam:AddUserToGroup";
    RemoveUserFromGroupInput.group_name, Group => "iam:RemoveUserFromGroup";
}
