//! Access keys of users and of the account's root. Ids begin with LKIA, so that they can't be mistaken for real ones.

use crate::{
    Iam,
    entity::{on_entity, whole_second},
    model::*,
    pages,
    state::{EntityKind, KEYS, KEYS_OF, KeyRow, ROOT, folded, must_find},
};
use kit::{Access, Authorize, Cloud, Context, Fault, Principal, Read, Scope, UserIdentity, ports};
use std::sync::Arc;

/// AWS's quota.
pub(crate) const KEYS_PER_USER: usize = 2;

impl Iam {
    /// Makes a key; the only time its secret is told.
    pub async fn create_access_key(&self, cx: &Context, input: CreateAccessKeyInput) -> Result<CreateAccessKeyOutput, Fault> {
        let user = own_name(cx, input.user_name)?;
        let user = cx.store().read(|s| owner_name(s, cx, &user))?;
        let id = format!("LKIA{}", cx.ids().upper(16));
        let secret = cx.ids().text(40, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
        let row = KeyRow { account: cx.account().into(), user: user.clone(), secret, active: true, created: whole_second(cx.now()) };
        cx.store()
            .write(|tx| {
                owner_name(tx, cx, &user)?;
                if tx.scan(&KEYS_OF, cx.scope()).prefix(&(user.clone(),)).count() >= KEYS_PER_USER {
                    return Err(Error::LimitExceeded.says(format!("Cannot exceed quota for AccessKeysPerUser: {KEYS_PER_USER}")));
                }
                tx.put(&KEYS_OF, cx.scope(), &(user.clone(), id.clone()), &())?;
                tx.put(&KEYS, cx.scope(), &id, &row)
            })
            .await?;
        let key = AccessKey {
            user_name: user,
            access_key_id: id,
            status: Some(StatusType::Active),
            secret_access_key: row.secret,
            create_date: Some(row.created),
        };
        Ok(CreateAccessKeyOutput { access_key: Some(key) })
    }

    /// Keys of a user, without their secrets.
    pub async fn list_access_keys(&self, cx: &Context, input: ListAccessKeysInput) -> Result<ListAccessKeysOutput, Fault> {
        let user = own_name(cx, input.user_name)?;
        let rows: Vec<(String, KeyRow)> = cx.store().read(|s| {
            let ids = s.scan(&KEYS_OF, cx.scope()).prefix(&(owner_name(s, cx, &user)?,));
            let rows = ids.map(|row| row.and_then(|((_, id), ())| Ok(s.get(&KEYS, cx.scope(), &id)?.map(|key| (id, key)))));
            rows.filter_map(Result::transpose).collect::<Result<_, Fault>>()
        })?;
        let page = pages::cut(rows, |(id, _)| id.clone(), input.marker.as_deref(), input.max_items)?;
        let shown = |(id, row): (String, KeyRow)| AccessKeyMetadata {
            user_name: Some(row.user),
            access_key_id: Some(id),
            status: Some(if row.active { StatusType::Active } else { StatusType::Inactive }),
            create_date: Some(row.created),
        };
        Ok(ListAccessKeysOutput {
            access_key_metadata: page.items.into_iter().map(shown).collect(),
            is_truncated: Some(page.next.is_some()),
            marker: page.next,
        })
    }

    /// Makes a key active or inactive.
    pub async fn update_access_key(&self, cx: &Context, input: UpdateAccessKeyInput) -> Result<UpdateAccessKeyOutput, Fault> {
        let active = match input.status {
            StatusType::Active => true,
            StatusType::Inactive => false,
            StatusType::Expired => return Err(Error::InvalidInput.says("A key can be set Active or Inactive.")),
        };
        cx.store()
            .write(|tx| {
                let mut row = must_find_key(tx, cx, &input.access_key_id, input.user_name.as_deref())?;
                row.active = active;
                tx.put(&KEYS, cx.scope(), &input.access_key_id, &row)
            })
            .await?;
        Ok(UpdateAccessKeyOutput {})
    }

    /// Removes a key: what it signs is refused from now on.
    pub async fn delete_access_key(&self, cx: &Context, input: DeleteAccessKeyInput) -> Result<DeleteAccessKeyOutput, Fault> {
        cx.store()
            .write(|tx| {
                let row = must_find_key(tx, cx, &input.access_key_id, input.user_name.as_deref())?;
                tx.delete(&KEYS_OF, cx.scope(), &(row.user, input.access_key_id.clone()))?;
                tx.delete(&KEYS, cx.scope(), &input.access_key_id).map(drop)
            })
            .await?;
        Ok(DeleteAccessKeyOutput {})
    }
}

fn own_name(cx: &Context, given: Option<String>) -> Result<String, Fault> {
    match (given, cx.principal()) {
        (Some(name), _) => Ok(name),
        (None, Principal::User(user)) => Ok(user.name.clone()),
        (None, Principal::Root { .. }) => Ok(ROOT.into()),
        (None, _) => Err(Error::InvalidInput.says("Must specify userName when calling with non-User credentials")),
    }
}

/// The name under which the keys of a user stand.
fn owner_name(store: &impl Read, cx: &Context, user: &str) -> Result<String, Fault> {
    if user == ROOT { Ok(ROOT.into()) } else { Ok(must_find(store, cx, EntityKind::User, user)?.name) }
}

fn must_find_key(store: &impl Read, cx: &Context, id: &str, user: Option<&str>) -> Result<KeyRow, Fault> {
    let row = store.get(&KEYS, cx.scope(), &id.to_owned())?;
    row.filter(|row| row.account == cx.account() && user.is_none_or(|user| folded(&row.user) == folded(user)))
        .ok_or_else(|| Error::NoSuchEntity.says(format!("The Access Key with id {id} cannot be found.")))
}

impl ports::AccessKeys for Iam {
    fn find(&self, cloud: &Cloud, id: &str) -> Option<ports::AccessKey> {
        if !id.starts_with("LKIA") {
            return None;
        }
        cloud.store().read(|s| {
            let row = s.get(&KEYS, &Scope::new("", ""), &id.to_owned()).ok()??;
            if row.user == ROOT {
                let principal = Principal::Root { account: row.account.as_str().into() };
                return Some(ports::AccessKey { secret: row.secret, session_token: None, principal, expires: None, active: row.active });
            }
            let scope = Scope::new(&row.account, "");
            let user = s.get(&crate::state::ENTITIES, &scope, &crate::state::key(EntityKind::User, &row.user)).ok()??;
            let identity = UserIdentity { account: row.account.as_str().into(), name: user.name, path: user.path, user_id: user.id };
            Some(ports::AccessKey {
                secret: row.secret,
                session_token: None,
                principal: Principal::User(Arc::new(identity)),
                expires: None,
                active: row.active,
            })
        })
    }
}

fn on_user(cx: &Context, action: &'static str, user: Option<&str>) -> Access {
    match (user, cx.principal()) {
        (Some(name), _) => on_entity(cx, action, EntityKind::User, name),
        (None, Principal::User(user)) => on_entity(cx, action, EntityKind::User, &user.name),
        (None, _) => Access::any(action),
    }
}

macro_rules! on_user {
    ($($input:ident => $action:literal;)*) => {$(
        impl Authorize<Iam> for $input {
            fn access(&self, _: &Iam, cx: &Context) -> Access {
                on_user(cx, $action, self.user_name.as_deref())
            }
        }
    )*};
}
on_user! {
    CreateAccessKeyInput => "iam:CreateAccessKey";
    ListAccessKeysInput => "iam:ListAccessKeys";
    UpdateAccessKeyInput => "iam:UpdateAccessKey";
    DeleteAccessKeyInput => "iam:DeleteAccessKey";
}
