//! Groups and who is in them. Their names and roles stand in tokens.

use crate::{CognitoIdp, Error, model::*, pools::bad_token, state::*, users};
use kit::{Context, Fault, Read, Scope};

impl CognitoIdp {
    /// Makes a group.
    pub async fn create_group(&self, cx: &Context, input: CreateGroupInput) -> Result<CreateGroupOutput, Fault> {
        let group = Group {
            settings: GroupType {
                group_name: Some(input.group_name.clone()),
                user_pool_id: Some(input.user_pool_id.clone()),
                description: input.description,
                role_arn: input.role_arn,
                precedence: input.precedence,
                last_modified_date: Some(cx.now()),
                creation_date: Some(cx.now()),
            },
        };
        let key = (input.user_pool_id, input.group_name);
        cx.store()
            .write(|tx| {
                pool(tx, cx.scope(), &key.0)?;
                match tx.exists(&GROUPS, cx.scope(), &key)? {
                    true => Err(Error::GroupExists.says(format!("A group with the name {} already exists.", key.1))),
                    false => tx.put(&GROUPS, cx.scope(), &key, &group),
                }
            })
            .await?;
        Ok(CreateGroupOutput { group: Some(group.settings) })
    }

    /// Describes a group.
    pub async fn get_group(&self, cx: &Context, input: GetGroupInput) -> Result<GetGroupOutput, Fault> {
        let group = cx.store().read(|s| group(s, cx.scope(), &input.user_pool_id, &input.group_name))?;
        Ok(GetGroupOutput { group: Some(group.settings) })
    }

    /// Changes what the request names.
    pub async fn update_group(&self, cx: &Context, input: UpdateGroupInput) -> Result<UpdateGroupOutput, Fault> {
        let changed = cx
            .store()
            .write(|tx| {
                let mut group = group(tx, cx.scope(), &input.user_pool_id, &input.group_name)?;
                let settings = &mut group.settings;
                settings.description = input.description.or(settings.description.take());
                settings.role_arn = input.role_arn.or(settings.role_arn.take());
                settings.precedence = input.precedence.or(settings.precedence.take());
                settings.last_modified_date = Some(cx.now());
                tx.put(&GROUPS, cx.scope(), &(input.user_pool_id, input.group_name), &group)?;
                Ok(group)
            })
            .await?;
        Ok(UpdateGroupOutput { group: Some(changed.settings) })
    }

    /// Deletes a group; its users stay.
    pub async fn delete_group(&self, cx: &Context, input: DeleteGroupInput) -> Result<DeleteGroupOutput, Fault> {
        cx.store()
            .write(|tx| {
                group(tx, cx.scope(), &input.user_pool_id, &input.group_name)?;
                let of_group = (input.user_pool_id.as_str(), input.group_name.as_str());
                let members: Vec<_> = tx.scan(&MEMBERS, cx.scope()).prefix(&of_group).keys().collect::<Result<_, _>>()?;
                members.iter().try_for_each(|key| tx.delete(&MEMBERS, cx.scope(), key).map(drop))?;
                tx.delete(&GROUPS, cx.scope(), &(input.user_pool_id, input.group_name))
            })
            .await?;
        Ok(DeleteGroupOutput {})
    }

    /// Groups of a pool, by name.
    pub async fn list_groups(&self, cx: &Context, input: ListGroupsInput) -> Result<ListGroupsOutput, Fault> {
        let groups: Vec<Group> = cx.store().read(|s| {
            let pool = pool(s, cx.scope(), &input.user_pool_id)?;
            s.scan(&GROUPS, cx.scope()).prefix(&(pool.id.as_str(),)).map(|row| row.map(|(_, group)| group)).collect::<Result<_, Fault>>()
        })?;
        let name = |group: &Group| group.settings.group_name.clone().unwrap_or_default();
        let page = kit::pages::page(groups, name, input.next_token.as_deref(), limit(input.limit), bad_token)?;
        Ok(ListGroupsOutput { groups: Some(page.items.into_iter().map(|g| g.settings).collect()), next_token: page.next })
    }

    /// Puts a user into a group; doing so twice is fine.
    pub async fn admin_add_user_to_group(&self, cx: &Context, input: AdminAddUserToGroupInput) -> Result<AdminAddUserToGroupOutput, Fault> {
        cx.store()
            .write(|tx| {
                let pool = pool(tx, cx.scope(), &input.user_pool_id)?;
                group(tx, cx.scope(), &pool.id, &input.group_name)?;
                let user_key = user(tx, cx.scope(), &pool, &input.username)?.key(&pool);
                let member = Member { pool_id: pool.id.clone(), group: input.group_name.clone(), user_key: user_key.clone() };
                tx.put(&MEMBERS, cx.scope(), &(pool.id, input.group_name, user_key), &member)
            })
            .await?;
        Ok(AdminAddUserToGroupOutput {})
    }

    /// Takes a user out of a group.
    pub async fn admin_remove_user_from_group(
        &self,
        cx: &Context,
        input: AdminRemoveUserFromGroupInput,
    ) -> Result<AdminRemoveUserFromGroupOutput, Fault> {
        cx.store()
            .write(|tx| {
                let pool = pool(tx, cx.scope(), &input.user_pool_id)?;
                group(tx, cx.scope(), &pool.id, &input.group_name)?;
                let user_key = user(tx, cx.scope(), &pool, &input.username)?.key(&pool);
                tx.delete(&MEMBERS, cx.scope(), &(pool.id, input.group_name, user_key))
            })
            .await?;
        Ok(AdminRemoveUserFromGroupOutput {})
    }

    /// Groups of a user, most important first.
    pub async fn admin_list_groups_for_user(
        &self,
        cx: &Context,
        input: AdminListGroupsForUserInput,
    ) -> Result<AdminListGroupsForUserOutput, Fault> {
        let groups = cx.store().read(|s| {
            let pool = pool(s, cx.scope(), &input.user_pool_id)?;
            let user_key = user(s, cx.scope(), &pool, &input.username)?.key(&pool);
            groups_of(s, cx.scope(), &pool, &user_key)
        })?;
        let place =
            |group: &GroupType| format!("{:010}/{}", group.precedence.unwrap_or(i32::MAX), group.group_name.as_deref().unwrap_or_default());
        let page = kit::pages::page(groups, place, input.next_token.as_deref(), limit(input.limit), bad_token)?;
        Ok(AdminListGroupsForUserOutput { groups: Some(page.items), next_token: page.next })
    }

    /// Users in a group.
    pub async fn list_users_in_group(&self, cx: &Context, input: ListUsersInGroupInput) -> Result<ListUsersInGroupOutput, Fault> {
        let after = input.next_token.as_deref().map(|token| kit::pages::key_of(token).ok_or_else(bad_token)).transpose()?;
        let limit = limit(input.limit);
        // Members lie in the order of their users' keys: a page reads no more than it shows, however large the group.
        let mut found: Vec<(String, User)> = cx.store().read(|s| {
            let pool = pool(s, cx.scope(), &input.user_pool_id)?;
            group(s, cx.scope(), &pool.id, &input.group_name)?;
            let of_group = (pool.id.as_str(), input.group_name.as_str());
            let mut rows = s.scan(&MEMBERS, cx.scope()).prefix(&of_group).limit(limit + 1);
            if let Some(after) = &after {
                rows = rows.after(&(of_group.0, of_group.1, after.as_str()));
            }
            let mut found = Vec::new();
            for row in rows {
                let (_, member) = row?;
                let user = s.get(&USERS, cx.scope(), &(pool.id.clone(), member.user_key.clone()))?;
                found.extend(user.map(|user| (member.user_key, user)));
            }
            Ok::<_, Fault>(found)
        })?;
        let more = found.len() > limit;
        found.truncate(limit);
        let next_token = found.last().filter(|_| more).map(|(key, _)| kit::pages::token(key));
        Ok(ListUsersInGroupOutput { users: Some(found.iter().map(|(_, user)| users::described(user, None)).collect()), next_token })
    }
}

fn group(read: &impl Read, scope: &Scope, pool_id: &str, name: &str) -> Result<Group, Fault> {
    pool(read, scope, pool_id)?;
    read.get(&GROUPS, scope, &(pool_id.to_owned(), name.to_owned()))?.ok_or_else(|| Error::ResourceNotFound.says("Group not found."))
}

fn limit(wanted: Option<i32>) -> usize {
    wanted.filter(|n| *n > 0).unwrap_or(60) as usize
}
