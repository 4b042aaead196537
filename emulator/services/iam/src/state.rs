//! What IAM keeps: users, groups and roles (entities), keys, managed policies. All of an account, none of a region.

use kit::{Context, Fault, Read, Table, TableScope, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Users, groups and roles have most things in common; the difference is what only roles have.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Entity {
    pub kind: EntityKind,
    pub name: String,
    /// With slashes at both ends.
    pub path: String,
    pub id: String,
    pub created: Timestamp,
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// ARN of the managed policy that bounds it.
    #[serde(default)]
    pub boundary: Option<String>,
    /// Inline policies: name to document, as it was given.
    #[serde(default)]
    pub inline: BTreeMap<String, String>,
    /// ARNs of attached managed policies.
    #[serde(default)]
    pub attached: BTreeSet<String>,
    /// Groups of a user, by their names in lower case.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub groups: BTreeSet<String>,
    /// Trust policy of a role.
    #[serde(default)]
    pub trust: String,
    #[serde(default)]
    pub description: Option<String>,
    /// Longest session of a role, seconds.
    #[serde(default)]
    pub max_session_secs: i32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum EntityKind {
    User,
    #[default]
    Role,
    Group,
}

impl EntityKind {
    /// As it stands in ARNs and messages.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            EntityKind::User => "user",
            EntityKind::Role => "role",
            EntityKind::Group => "group",
        }
    }
    /// As it begins sentences and the names of quotas.
    pub(crate) fn title(self) -> &'static str {
        match self {
            EntityKind::User => "User",
            EntityKind::Role => "Role",
            EntityKind::Group => "Group",
        }
    }
    /// How the ids of its kind begin.
    pub(crate) fn id_prefix(self) -> &'static str {
        match self {
            EntityKind::User => "AIDA",
            EntityKind::Role => "AROA",
            EntityKind::Group => "AGPA",
        }
    }
    /// Most of an account, AWS's default quota.
    pub(crate) fn limit(self) -> usize {
        match self {
            EntityKind::User => 5000,
            EntityKind::Role => 1000,
            EntityKind::Group => 300,
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct KeyRow {
    pub account: String,
    /// Empty for a key of the account's root.
    pub user: String,
    pub secret: String,
    pub active: bool,
    pub created: Timestamp,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ManagedPolicy {
    pub name: String,
    pub path: String,
    pub id: String,
    pub description: Option<String>,
    pub created: Timestamp,
    pub updated: Timestamp,
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Number to document.
    pub versions: BTreeMap<u32, VersionRow>,
    pub default: u32,
    /// Numbers are not used again.
    pub next: u32,
}

/// An OpenID Connect provider.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Provider {
    /// Its URL without `https://`.
    pub host: String,
    pub clients: Vec<String>,
    pub thumbprints: Vec<String>,
    pub created: Timestamp,
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct VersionRow {
    pub document: String,
    pub created: Timestamp,
}

/// The owner of the root's keys, where users stand by name.
pub(crate) const ROOT: &str = "";

/// (kind, name in lower case) to entity: AWS tells names apart by more than case.
pub(crate) const ENTITIES: Table<(String, String), Entity> = Table::new("iam.entities", TableScope::Account);
/// Access key id to key. Global: a signature names no account.
pub(crate) const KEYS: Table<String, KeyRow> = Table::new("iam.keys", TableScope::Global);
/// (account, user, key id): the keys of a user.
pub(crate) const KEYS_OF: Table<(String, String), ()> = Table::new("iam.keys_of", TableScope::Account);
/// ARN to OpenID Connect provider.
pub(crate) const PROVIDERS: Table<String, Provider> = Table::new("iam.providers", TableScope::Account);
/// ARN to managed policy.
pub(crate) const POLICIES: Table<String, ManagedPolicy> = Table::new("iam.policies", TableScope::Account);

impl Entity {
    pub(crate) fn key(&self) -> (String, String) {
        key(self.kind, &self.name)
    }
    pub(crate) fn arn(&self, account: &str) -> String {
        format!("arn:aws:iam::{account}:{}{}{}", self.kind.noun(), self.path, self.name)
    }
}

pub(crate) fn key(kind: EntityKind, name: &str) -> (String, String) {
    (kind.noun().to_owned(), folded(name))
}

/// A name as rows are found by it.
pub(crate) fn folded(name: &str) -> String {
    name.to_ascii_lowercase()
}

pub(crate) fn find(store: &impl Read, cx: &Context, kind: EntityKind, name: &str) -> Result<Option<Entity>, Fault> {
    store.get(&ENTITIES, cx.scope(), &key(kind, name))
}

/// The entity, or AWS's sentence.
pub(crate) fn must_find(store: &impl Read, cx: &Context, kind: EntityKind, name: &str) -> Result<Entity, Fault> {
    find(store, cx, kind, name)?
        .ok_or_else(|| crate::model::Error::NoSuchEntity.says(format!("The {} with name {name} cannot be found.", kind.noun())))
}

/// Refuses to go over AWS's default quota.
pub(crate) fn room_for(store: &impl Read, cx: &Context, kind: EntityKind) -> Result<(), Fault> {
    let noun = kind.noun().to_owned();
    let count = store.scan(&ENTITIES, cx.scope()).prefix(&(noun,)).limit(kind.limit()).count();
    match count < kind.limit() {
        true => Ok(()),
        false => {
            Err(crate::model::Error::LimitExceeded.says(format!("Cannot exceed quota for {}sPerAccount: {}", kind.title(), kind.limit())))
        }
    }
}
