//! What KMS keeps: keys with their material, aliases, grants; and the names of all three.

use crate::{GrantConstraints, GrantOperation, KeyManagerType, KeySpec, KeyState, KeyUsageType, RotationType};
use kit::{Arn, Index, Scope, Table, TableScope, Timestamp, store::key_bytes};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Keys by id.
pub(crate) const KEYS: Table<String, Key> = Table::new("kms.keys", TableScope::Region);
/// Aliases by name (`alias/photos`).
pub(crate) const ALIASES: Table<String, Alias> = Table::new("kms.aliases", TableScope::Region)
    .indexes(&[Index { name: "target", keys: |alias| vec![key_bytes(&(alias.target.as_str(), alias.name.as_str()))] }]);
/// Grants by key and grant id.
pub(crate) const GRANTS: Table<(String, String), StoredGrant> = Table::new("kms.grants", TableScope::Region);

/// A KMS key.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Key {
    pub id: String,
    pub arn: String,
    pub description: String,
    pub spec: KeySpec,
    pub usage: KeyUsageType,
    pub manager: Manager,
    pub multi_region: bool,
    pub enabled: bool,
    pub deletion: Option<Deletion>,
    pub created: Timestamp,
    pub policy: String,
    pub tags: BTreeMap<String, String>,
    /// Oldest first; the last one encrypts, all decrypt.
    pub material: Vec<Material>,
    pub rotation: Option<Rotation>,
}

/// Who manages a key: the customer, or AWS for one of its services.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Manager {
    #[default]
    Customer,
    Aws,
}

/// A deletion that waits.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Deletion {
    pub at: Timestamp,
    pub days: i32,
}

/// Automatic rotation.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Rotation {
    pub days: i32,
    pub next: Timestamp,
}

/// One backing key.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Material {
    /// 64 hexadecimal digits, as AWS's.
    pub id: String,
    /// 32 bytes for AES, the secret of an HMAC, PKCS #1 DER of RSA, the scalar of a curve.
    #[serde(with = "kit::store::raw_bytes")]
    pub secret: Vec<u8>,
    pub made: Timestamp,
    /// How it came about; none for the first.
    pub rotated: Option<RotationType>,
}

/// Secrets stay out of logs.
impl std::fmt::Debug for Material {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Material").field("id", &self.id).finish_non_exhaustive()
    }
}

/// An alias.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Alias {
    pub name: String,
    /// Id of its key.
    pub target: String,
    pub created: Timestamp,
    pub updated: Timestamp,
}

/// A grant.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct StoredGrant {
    pub id: String,
    pub token: String,
    pub key_arn: String,
    pub key_id: String,
    pub name: Option<String>,
    pub grantee: String,
    pub retirer: Option<String>,
    pub issuer: String,
    pub operations: Vec<GrantOperation>,
    #[serde(with = "wire::kept")]
    pub constraints: Option<GrantConstraints>,
    pub created: Timestamp,
}

impl Key {
    /// Account and region that own it.
    pub fn scope(&self) -> Scope {
        Arn::parse(&self.arn).map_or_else(|| Scope::new("", ""), |arn| Scope::new(arn.account, arn.region))
    }
    /// Its state as AWS names it.
    pub fn state(&self) -> KeyState {
        match (&self.deletion, self.enabled) {
            (Some(_), _) => KeyState::PendingDeletion,
            (None, true) => KeyState::Enabled,
            (None, false) => KeyState::Disabled,
        }
    }
    pub fn manager(&self) -> KeyManagerType {
        match self.manager {
            Manager::Customer => KeyManagerType::Customer,
            Manager::Aws => KeyManagerType::Aws,
        }
    }
    pub fn is_symmetric(&self) -> bool {
        self.spec == KeySpec::SymmetricDefault
    }
    /// The material that encrypts and signs.
    pub fn current(&self) -> Option<&Material> {
        self.material.last()
    }
}

/// The ARN of a key.
pub(crate) fn key_arn(scope: &Scope, id: &str) -> String {
    format!("arn:aws:kms:{}:{}:key/{id}", scope.region, scope.account)
}

/// The ARN of an alias, from its name with `alias/`.
pub(crate) fn alias_arn(scope: &Scope, name: &str) -> String {
    format!("arn:aws:kms:{}:{}:{name}", scope.region, scope.account)
}

/// Nanoseconds of days.
pub(crate) fn days(days: i32) -> i128 {
    i128::from(days) * 86_400 * 1_000_000_000
}
