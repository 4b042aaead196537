//! What EventBridge keeps: buses by name, rules by bus and name, with their targets.

use crate::model::{DeadLetterConfig, Tag, Target};
use crate::names::{BusName, DEFAULT_BUS, RuleName, bus_arn, rule_arn};
use kit::{Fault, Index, Read, Scope, Table, TableScope, Timestamp, store::key_bytes};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Buses by name. The default bus has a row only once something about it was set.
pub(crate) const BUSES: Table<String, Bus> = Table::new("events.buses", TableScope::Region);
/// Rules by bus and name; by target's ARN and bus.
pub(crate) const RULES: Table<(String, String), StoredRule> = Table::new("events.rules", TableScope::Region).indexes(&[Index {
    name: "target",
    keys: |rule| rule.targets.iter().map(|t| key_bytes(&(t.arn.as_str(), rule.bus.as_str()))).collect(),
}]);

/// Default buses were there before anything else; AWS gives a date of the account, we give EventBridge's first day.
const BEFORE_ALL: Timestamp = Timestamp::from_secs(1_562_803_200);

/// An event bus.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Bus {
    pub name: String,
    pub description: Option<String>,
    #[serde(with = "wire::kept")]
    pub dead_letter: Option<DeadLetterConfig>,
    /// Resource policy, JSON.
    pub policy: Option<String>,
    pub tags: BTreeMap<String, String>,
    pub created: Timestamp,
    pub modified: Timestamp,
}

/// A rule.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct StoredRule {
    pub bus: String,
    pub name: String,
    pub description: Option<String>,
    /// Event pattern, JSON as it was given.
    pub pattern: Option<String>,
    /// Schedule expression.
    pub schedule: Option<String>,
    pub enabled: bool,
    pub role_arn: Option<String>,
    pub created_by: String,
    pub tags: BTreeMap<String, String>,
    /// Sorted by id.
    #[serde(with = "wire::kept")]
    pub targets: Vec<Target>,
    /// Rates count from here.
    pub scheduled_from: Timestamp,
}

impl Bus {
    pub fn arn(&self, scope: &Scope) -> String {
        bus_arn(scope, &self.name)
    }
}

impl StoredRule {
    pub fn arn(&self, scope: &Scope) -> String {
        rule_arn(scope, &self.bus, &self.name)
    }
}

/// A bus, or AWS's fault.
pub(crate) fn bus(read: &impl Read, name: &BusName) -> Result<Bus, Fault> {
    let found = read.get(&BUSES, &name.scope, &name.name)?;
    let default = || (name.name == DEFAULT_BUS).then(default_bus);
    found.or_else(default).ok_or_else(|| name.missing())
}

/// The default bus while nothing about it was set.
pub(crate) fn default_bus() -> Bus {
    Bus { name: DEFAULT_BUS.into(), created: BEFORE_ALL, modified: BEFORE_ALL, ..Bus::default() }
}

/// A rule, or AWS's fault.
pub(crate) fn rule(read: &impl Read, name: &RuleName) -> Result<StoredRule, Fault> {
    bus(read, &name.bus)?;
    read.get(&RULES, &name.bus.scope, &name.key())?.ok_or_else(|| name.missing())
}

/// Tags of a request as they are kept.
pub(crate) fn tags(given: Option<Vec<Tag>>) -> BTreeMap<String, String> {
    given.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect()
}
