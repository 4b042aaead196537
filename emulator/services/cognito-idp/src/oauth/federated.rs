//! From what an identity provider says of somebody to a user of the pool: made at the first time, brought up to date at every later one, and
//! the pool's functions asked and told of both as AWS does (its documentation of triggers for federated users).
//!
//! How the provider's word was checked is not known here.

use super::ask::Ask;
use crate::{
    attributes::{self, Writer},
    model::*,
    state::*,
    users,
};
use kit::{Context, Fault, Read, Tx};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Names and values as the provider says them.
pub(crate) type Claims = Map<String, Value>;

/// What a provider says of somebody, checked.
pub(super) struct Told {
    /// Name of the provider in the pool.
    pub provider: String,
    pub kind: IdentityProviderTypeType,
    /// Attributes of the pool and the claims they come from; `username` names the claim by which the provider knows its users.
    pub mapping: BTreeMap<String, String>,
    /// The claim of the user's name where the mapping names none.
    pub id_claim: &'static str,
    pub claims: Claims,
    /// What was received, for the function that changes claims: `tokenResponse`, `idToken`, `userInfo` or `samlResponse`.
    pub received: Value,
}

impl Told {
    fn value(&self, claim: &str) -> Option<String> {
        match self.claims.get(claim)? {
            Value::String(text) => Some(text.clone()),
            Value::Bool(yes) => Some(yes.to_string()),
            Value::Number(number) => Some(number.to_string()),
            // A claim with many values becomes one text.
            Value::Array(many) => Some(format!("[{}]", many.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "))),
            _ => None,
        }
    }
    /// What the provider calls the user.
    fn id(&self) -> Result<String, Fault> {
        let claim = self.mapping.get("username").map_or(self.id_claim, String::as_str);
        self.value(claim).filter(|id| !id.is_empty()).ok_or_else(|| bad(format!("the identity provider tells no {claim}")))
    }
    /// Attributes of the pool, unchecked.
    fn mapped(&self) -> Vec<AttributeType> {
        let wanted = self.mapping.iter().filter(|(to, _)| *to != "username");
        wanted.filter_map(|(to, from)| Some(AttributeType { name: to.clone(), value: Some(self.value(from)?) })).collect()
    }
    /// The user name in the pool: AWS's form, in lower case where the pool does not tell Ann from ann.
    fn username(&self, pool: &Pool, id: &str) -> String {
        let provider = if pool.case_sensitive() { self.provider.clone() } else { self.provider.to_lowercase() };
        format!("{provider}_{id}")
    }
}

/// The user whom the provider speaks of; the fault's sentence is the client's to hear.
pub(super) async fn user(ask: &Ask, mut told: Told) -> Result<User, Fault> {
    let (cx, pool, who) = (&ask.desk.cx, &ask.desk.pool, ask.desk.who());
    let username = told.username(pool, &told.id()?);
    let kind = told.kind.as_str();
    if let Some(changed) = who.inbound_federation(&told.provider, kind, &username, &told.received).await? {
        told.claims = changed.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
    }
    let id = told.id()?;
    let known = cx.store().read(|s| by_identity(s, cx.scope(), &pool.id, &told.provider, &id))?;
    match known {
        Some(user) => {
            if user.disabled {
                return Err(not_authorized("User is disabled."));
            }
            who.pre_authentication(&user.username, Some(&user)).await?;
            let user = again(cx, pool, &told, user).await?;
            who.post_authentication(&user, false).await?;
            Ok(user)
        }
        None => {
            let mut user = fresh(cx, pool, &told, &id)?;
            who.pre_sign_up("ExternalProvider", &mut user, &[]).await?;
            attributes::flag_unproved(&mut user.attributes);
            first(cx, pool, &told, &id, &user).await?;
            who.post_confirmation("ConfirmSignUp", &user).await?;
            Ok(user)
        }
    }
}

/// Brings a user up to date.
async fn again(cx: &Context, pool: &Pool, told: &Told, user: User) -> Result<User, Fault> {
    cx.store()
        .write(|tx| {
            let key = (pool.id.clone(), user.key(pool));
            let mut user = tx.get(&USERS, cx.scope(), &key)?.ok_or_else(no_such_user)?;
            // AWS writes every mapped attribute anew, so one that can't be changed keeps its user out (its documentation of mappings).
            let mut changes = attributes::changes(pool, Writer::Admin, &told.mapped())?;
            changes.retain(|_, value| !value.is_empty());
            users::write(&mut user, changes);
            attributes::flag_unproved(&mut user.attributes);
            user.modified = cx.now();
            complete(pool, &user)?;
            tx.put(&USERS, cx.scope(), &key, &user)?;
            gather(cx, tx, pool, &told.provider, key.1)?;
            Ok(user)
        })
        .await
}

/// A user who comes for the first time.
fn fresh(cx: &Context, pool: &Pool, told: &Told, id: &str) -> Result<User, Fault> {
    let identity = Identity {
        provider: told.provider.clone(),
        provider_type: told.kind.as_str().into(),
        user_id: id.to_owned(),
        // SAML's alone, by which nobody signs in here.
        issuer: None,
        primary: true,
        made: cx.now(),
    };
    let user = User {
        pool_id: pool.id.clone(),
        username: told.username(pool, id),
        attributes: attributes::of_new_user(pool, Writer::Admin, &told.mapped())?,
        sub: cx.ids().uuid(),
        status: Some(UserStatus::ExternalProvider),
        created: cx.now(),
        modified: cx.now(),
        identities: vec![identity],
        ..User::default()
    };
    complete(pool, &user)?;
    Ok(user)
}

fn complete(pool: &Pool, user: &User) -> Result<(), Fault> {
    let missing = attributes::missing_required(pool, &user.attributes);
    match missing.is_empty() {
        true => Ok(()),
        false => Err(bad(format!("attributes required: [{}]", missing.join(", ")))),
    }
}

/// Keeps a user who is new. The function before sign-ups may have linked him to another meanwhile: AWS then says that he is there, and the
/// next sign-in finds him.
async fn first(cx: &Context, pool: &Pool, told: &Told, id: &str, user: &User) -> Result<(), Fault> {
    cx.store()
        .write(|tx| {
            let key = user.key(pool);
            let taken = tx.exists(&USERS, cx.scope(), &(pool.id.clone(), key.clone()))?;
            if taken || by_identity(tx, cx.scope(), &pool.id, &told.provider, id)?.is_some() {
                return Err(bad(format!("Already found an entry for username {}", user.username)));
            }
            tx.put(&USERS, cx.scope(), &(pool.id.clone(), key.clone()), user)?;
            gather(cx, tx, pool, &told.provider, key)
        })
        .await
}

/// AWS gathers the users of each provider in a group of their own.
fn gather(cx: &Context, tx: &mut Tx<'_>, pool: &Pool, provider: &str, user_key: String) -> Result<(), Fault> {
    let group = format!("{}_{provider}", pool.id);
    if !tx.exists(&GROUPS, cx.scope(), &(pool.id.clone(), group.clone()))? {
        let settings = GroupType {
            group_name: Some(group.clone()),
            user_pool_id: Some(pool.id.clone()),
            description: Some(format!("Autogenerated group for users who sign in using {provider}")),
            creation_date: Some(cx.now()),
            last_modified_date: Some(cx.now()),
            ..Default::default()
        };
        tx.put(&GROUPS, cx.scope(), &(pool.id.clone(), group.clone()), &Group { settings })?;
    }
    let member = Member { pool_id: pool.id.clone(), group: group.clone(), user_key: user_key.clone() };
    tx.put(&MEMBERS, cx.scope(), &(pool.id.clone(), group, user_key), &member)
}
