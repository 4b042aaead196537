//! Users.

use crate::{
    Iam,
    entity::{NewEntity, checked_path, on, on_entity, on_new, shown_user},
    model::*,
    pages,
    state::{ENTITIES, EntityKind, KEYS, KEYS_OF, find, folded, must_find},
};
use kit::{Access, Authorize, Context, Fault, Principal, Read};

impl Iam {
    /// Makes a user.
    pub async fn create_user(&self, cx: &Context, input: CreateUserInput) -> Result<CreateUserOutput, Fault> {
        let new = NewEntity {
            kind: EntityKind::User,
            name: input.user_name,
            path: input.path,
            boundary: input.permissions_boundary,
            tags: input.tags,
            ..NewEntity::default()
        };
        let user = self.create_entity(cx, new).await?;
        Ok(CreateUserOutput { user: Some(shown_user(cx, &user)) })
    }

    /// A user; the caller's own when no name is given.
    pub async fn get_user(&self, cx: &Context, input: GetUserInput) -> Result<GetUserOutput, Fault> {
        let name = match (input.user_name, cx.principal()) {
            (Some(name), _) => name,
            (None, Principal::User(user)) => user.name.clone(),
            (None, Principal::Root { account }) => {
                let arn = cx.principal().arn();
                let root = User { path: "/".into(), user_name: String::new(), user_id: account.to_string(), arn, ..User::default() };
                return Ok(GetUserOutput { user: Some(root) });
            }
            (None, _) => return Err(Error::InvalidInput.says("Must specify userName when calling with non-User credentials")),
        };
        let user = cx.store().read(|s| must_find(s, cx, EntityKind::User, &name))?;
        Ok(GetUserOutput { user: Some(shown_user(cx, &user)) })
    }

    /// Renames or moves a user; its keys and policies go with it.
    pub async fn update_user(&self, cx: &Context, input: UpdateUserInput) -> Result<UpdateUserOutput, Fault> {
        let path = input.new_path.map(|p| checked_path(Some(p))).transpose()?;
        cx.store()
            .write(|tx| {
                let mut user = must_find(tx, cx, EntityKind::User, &input.user_name)?;
                let old = user.name.clone();
                user.path = path.unwrap_or(user.path);
                if let Some(new) = input.new_user_name.filter(|new| *new != old) {
                    if folded(&new) != folded(&old) && find(tx, cx, EntityKind::User, &new)?.is_some() {
                        return Err(Error::EntityAlreadyExists.says(format!("User with name {new} already exists.")));
                    }
                    tx.delete(&ENTITIES, cx.scope(), &user.key())?;
                    let keys: Vec<String> =
                        tx.scan(&KEYS_OF, cx.scope()).prefix(&(old,)).map(|row| row.map(|((_, id), ())| id)).collect::<Result<_, _>>()?;
                    for id in keys {
                        let Some(mut key) = tx.get(&KEYS, cx.scope(), &id)? else { continue };
                        tx.delete(&KEYS_OF, cx.scope(), &(key.user, id.clone()))?;
                        key.user = new.clone();
                        tx.put(&KEYS_OF, cx.scope(), &(new.clone(), id.clone()), &())?;
                        tx.put(&KEYS, cx.scope(), &id, &key)?;
                    }
                    user.name = new;
                }
                tx.put(&ENTITIES, cx.scope(), &user.key(), &user)
            })
            .await?;
        self.decider.forget();
        Ok(UpdateUserOutput {})
    }

    /// Removes a user that has no keys and policies left.
    pub async fn delete_user(&self, cx: &Context, input: DeleteUserInput) -> Result<DeleteUserOutput, Fault> {
        self.delete_entity(cx, EntityKind::User, &input.user_name).await?;
        Ok(DeleteUserOutput {})
    }

    /// Users under a path, by name.
    pub async fn list_users(&self, cx: &Context, input: ListUsersInput) -> Result<ListUsersOutput, Fault> {
        let users = self.entities(cx, EntityKind::User, input.path_prefix.as_deref())?;
        let page = pages::cut(users, |u| folded(&u.name), input.marker.as_deref(), input.max_items)?;
        let listed = page.items.iter().map(|u| User { tags: None, permissions_boundary: None, ..shown_user(cx, u) }).collect();
        Ok(ListUsersOutput { users: listed, is_truncated: Some(page.next.is_some()), marker: page.next })
    }
}

impl Authorize<Iam> for CreateUserInput {
    fn access(&self, _: &Iam, cx: &Context) -> Access {
        on_new(cx, "iam:CreateUser", EntityKind::User, self.path.as_deref(), &self.user_name)
    }
}
impl Authorize<Iam> for GetUserInput {
    fn access(&self, _: &Iam, cx: &Context) -> Access {
        match (&self.user_name, cx.principal()) {
            (Some(name), _) => on_entity(cx, "iam:GetUser", EntityKind::User, name),
            (None, Principal::User(user)) => on_entity(cx, "iam:GetUser", EntityKind::User, &user.name),
            (None, _) => Access::any("iam:GetUser"),
        }
    }
}
impl Authorize<Iam> for ListUsersInput {
    fn access(&self, _: &Iam, cx: &Context) -> Access {
        Access::on("iam:ListUsers", format!("arn:aws:iam::{}:user{}", cx.account(), self.path_prefix.as_deref().unwrap_or("/")))
    }
}
on! {
    UpdateUserInput.user_name, User => "iam:UpdateUser";
    DeleteUserInput.user_name, User => "iam:DeleteUser";
}
