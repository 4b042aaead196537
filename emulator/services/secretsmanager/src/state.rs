//! What is kept of a secret.

use kit::{Table, TableScope, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

pub(crate) const SECRETS: Table<String, Secret> = Table::new("secretsmanager.secrets", TableScope::Region);

/// The version that is given where none is named.
pub(crate) const CURRENT: &str = "AWSCURRENT";
/// The one before it.
pub(crate) const PREVIOUS: &str = "AWSPREVIOUS";

/// A secret, by name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Secret {
    pub name: String,
    pub arn: String,
    pub description: Option<String>,
    /// As the request named it.
    pub kms_key: Option<String>,
    pub created: Timestamp,
    pub changed: Timestamp,
    pub accessed: Option<Timestamp>,
    /// When it was marked for deletion, and when it goes.
    pub deleted: Option<(Timestamp, Timestamp)>,
    pub policy: Option<String>,
    /// `None` until the first tag: AWS shows an empty list only after it.
    pub tags: Option<Vec<(String, String)>>,
    /// Oldest first.
    pub versions: Vec<Version>,
}

/// A version of a secret's value.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Version {
    pub id: String,
    pub created: Timestamp,
    pub accessed: Option<Timestamp>,
    /// Staging labels.
    pub stages: BTreeSet<String>,
    /// A text, and not bytes.
    pub text: bool,
    /// SHA-256 of the value, in hex: a request that comes twice is known by it.
    pub digest: String,
    pub value: Value,
}

/// A value as it lies in the store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Value {
    /// As it is.
    Plain(Vec<u8>),
    /// Under a data key of KMS: the key's ARN, the data key as KMS encrypted it, nonce and AES-256-GCM.
    Sealed(String, Vec<u8>, Vec<u8>),
}

impl Default for Value {
    fn default() -> Value {
        Value::Plain(Vec::new())
    }
}

impl Secret {
    /// The version with a staging label.
    pub fn staged(&self, stage: &str) -> Option<&Version> {
        self.versions.iter().find(|version| version.stages.contains(stage))
    }
    /// Puts a label on a version and takes it from the one that has it. What loses AWSCURRENT gets AWSPREVIOUS.
    pub fn stage(&mut self, stage: &str, id: &str) {
        let loser = self.staged(stage).filter(|version| version.id != id).map(|version| version.id.clone());
        for version in &mut self.versions {
            if version.id == id {
                version.stages.insert(stage.to_owned());
            } else {
                version.stages.remove(stage);
            }
        }
        if let Some(loser) = loser.filter(|_| stage == CURRENT) {
            self.stage(PREVIOUS, &loser);
            // The new current version is not its own predecessor.
            self.versions.iter_mut().filter(|v| v.id == id).for_each(|v| v.stages.retain(|s| s != PREVIOUS));
        }
    }
}

/// A time without its hours: AWS tells of accesses no more than the day.
pub(crate) fn day(at: Timestamp) -> Timestamp {
    Timestamp::from_secs(at.secs().div_euclid(86_400) * 86_400)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_label_of_the_current_version_leaves_a_trace() {
        let version = |id: &str| Version { id: id.into(), ..Version::default() };
        let mut secret = Secret { versions: vec![version("a"), version("b"), version("c")], ..Secret::default() };
        secret.stage(CURRENT, "a");
        secret.stage("PENDING", "b");
        secret.stage(CURRENT, "b");
        assert_eq!((secret.staged(CURRENT).unwrap().id.as_str(), secret.staged(PREVIOUS).unwrap().id.as_str()), ("b", "a"));
        secret.stage(CURRENT, "a");
        assert_eq!((secret.staged(CURRENT).unwrap().id.as_str(), secret.staged(PREVIOUS).unwrap().id.as_str()), ("a", "b"));
        assert!(!secret.staged(CURRENT).unwrap().stages.contains(PREVIOUS));
        secret.stage(CURRENT, "c");
        assert_eq!(secret.staged("PENDING").unwrap().id, "b");
    }
}
