//! What is kept: pools, identities, and which account and region an id belongs to.

use crate::{Error, model::*};
use kit::{Context, Fault, Index, Read, Scope, Table, TableScope, Timestamp, store::key_bytes};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Pools by id.
pub(crate) const POOLS: Table<String, Pool> = Table::new("cognito-identity.pools", TableScope::Region);
/// Identities by pool and id.
pub(crate) const IDENTITIES: Table<(String, String), Identity> =
    Table::new("cognito-identity.identities", TableScope::Region).indexes(&[Index { name: "login", keys: login_keys }]);
/// Where an id that requests carry without account and region belongs: pools and identities.
pub(crate) const NAMES: Table<String, Place> = Table::new("cognito-identity.names", TableScope::Global);

/// Account, region and pool of an id.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Place {
    pub account: String,
    pub region: String,
    pub pool_id: String,
}

impl Place {
    pub fn scope(&self) -> Scope {
        Scope::new(&self.account, &self.region)
    }
}

/// An identity pool.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Pool {
    #[serde(with = "wire::kept")]
    pub settings: IdentityPool,
    /// Roles and role mappings.
    #[serde(with = "wire::kept")]
    pub roles: GetIdentityPoolRolesOutput,
    /// Which claims become session tags, by provider.
    pub tag_maps: BTreeMap<String, TagMap>,
}

/// Which claims of a provider's tokens become session tags.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct TagMap {
    pub defaults: bool,
    /// Tag to claim.
    pub tags: BTreeMap<String, String>,
}

/// An identity.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Identity {
    pub id: String,
    pub pool_id: String,
    /// Provider and subject of each login; a developer's provider may have several subjects.
    pub logins: Vec<(String, String)>,
    /// Another identity took its logins over.
    pub disabled: bool,
    pub created: Timestamp,
    pub modified: Timestamp,
}

fn login_keys(identity: &Identity) -> Vec<Vec<u8>> {
    let keyed = |(provider, subject): &(String, String)| key_bytes(&(identity.pool_id.as_str(), provider.as_str(), subject.as_str()));
    identity.logins.iter().map(keyed).collect()
}

impl Pool {
    pub fn id(&self) -> &str {
        &self.settings.identity_pool_id
    }
    /// The name under which a developer's own logins come, where the pool has one.
    pub fn developer(&self) -> Option<&str> {
        self.settings.developer_provider_name.as_deref()
    }
}

impl Identity {
    pub fn key(&self) -> (String, String) {
        (self.pool_id.clone(), self.id.clone())
    }
    /// Refuses an identity whose last login was taken away or that another took over: nobody is it any more (AWS's reference of
    /// UnlinkIdentity: removing the last login makes an identity inaccessible).
    pub fn check_open(&self) -> Result<(), Fault> {
        match self.disabled {
            true => Err(no_such_identity(&self.id)),
            false => Ok(()),
        }
    }
    /// As answers show it.
    pub fn shown(&self) -> IdentityDescription {
        let mut providers: Vec<String> = self.logins.iter().map(|(provider, _)| provider.clone()).collect();
        providers.dedup();
        IdentityDescription {
            identity_id: Some(self.id.clone()),
            logins: (!providers.is_empty()).then_some(providers),
            creation_date: Some(self.created),
            last_modified_date: Some(self.modified),
        }
    }
}

/// The ARN of a pool.
pub(crate) fn arn(scope: &Scope, pool_id: &str) -> String {
    format!("arn:aws:cognito-identity:{}:{}:identitypool/{pool_id}", scope.region, scope.account)
}

/// A pool, or AWS's fault.
pub(crate) fn pool(read: &impl Read, scope: &Scope, id: &str) -> Result<Pool, Fault> {
    read.get(&POOLS, scope, &id.to_owned())?.ok_or_else(|| no_such_pool(id))
}

pub(crate) fn no_such_pool(id: &str) -> Fault {
    Error::ResourceNotFound.says(format!("IdentityPool '{id}' not found."))
}

pub(crate) fn no_such_identity(id: &str) -> Fault {
    Error::ResourceNotFound.says(format!("Identity '{id}' not found."))
}

/// An identity of a pool, or AWS's fault.
pub(crate) fn identity(read: &impl Read, scope: &Scope, pool_id: &str, id: &str) -> Result<Identity, Fault> {
    read.get(&IDENTITIES, scope, &(pool_id.to_owned(), id.to_owned()))?.ok_or_else(|| no_such_identity(id))
}

/// The identity that has a login.
pub(crate) fn by_login(read: &impl Read, scope: &Scope, pool_id: &str, login: &(String, String)) -> Result<Option<Identity>, Fault> {
    let found = read.by_index(&IDENTITIES, scope, "login", &(pool_id, login.0.as_str(), login.1.as_str())).first()?;
    Ok(found.map(|(_, identity)| identity))
}

/// Where an id belongs.
pub(crate) fn place(cx: &Context, id: &str) -> Result<Option<Place>, Fault> {
    cx.store().read(|s| s.get(&NAMES, cx.scope(), &id.to_owned()))
}

/// A pool and one of its identities, and a context in their account and region: for requests that carry an identity's id alone.
pub(crate) fn found(cx: &Context, identity_id: &str) -> Result<(Context, Pool, Identity), Fault> {
    let place = place(cx, identity_id)?.filter(|place| place.pool_id != identity_id).ok_or_else(|| no_such_identity(identity_id))?;
    let cx = cx.in_scope(place.scope());
    let (pool, identity) = cx.store().read(|s| {
        let pool = pool(s, cx.scope(), &place.pool_id)?;
        let identity = identity(s, cx.scope(), &place.pool_id, identity_id)?;
        Ok::<_, Fault>((pool, identity))
    })?;
    Ok((cx, pool, identity))
}

/// Writes an identity as changed now.
pub(crate) fn put(cx: &Context, tx: &mut kit::Tx<'_>, identity: &mut Identity) -> Result<(), Fault> {
    identity.modified = cx.now();
    tx.put(&IDENTITIES, cx.scope(), &identity.key(), identity)
}

/// Makes an identity with these logins.
pub(crate) fn new_identity(cx: &Context, tx: &mut kit::Tx<'_>, pool: &Pool, logins: Vec<(String, String)>) -> Result<Identity, Fault> {
    let identity = Identity {
        id: format!("{}:{}", cx.region(), cx.ids().uuid()),
        pool_id: pool.id().to_owned(),
        logins,
        disabled: false,
        created: cx.now(),
        modified: cx.now(),
    };
    let place = Place { account: cx.account().into(), region: cx.region().into(), pool_id: pool.id().into() };
    tx.put(&NAMES, cx.scope(), &identity.id, &place)?;
    tx.put(&IDENTITIES, cx.scope(), &identity.key(), &identity)?;
    Ok(identity)
}

pub(crate) fn bad(message: impl Into<String>) -> Fault {
    Error::InvalidParameter.says(message.into())
}

pub(crate) fn not_authorized(message: impl Into<String>) -> Fault {
    Error::NotAuthorized.says(message.into())
}
