//! What Scheduler keeps: groups by name, schedules by group and name.

use crate::model::{ActionAfterCompletion, Error, FlexibleTimeWindow, Target};
use kit::{Fault, Read, Scope, Table, TableScope, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Groups by name. The default group has a row only once it was tagged.
pub(crate) const GROUPS: Table<String, Group> = Table::new("scheduler.groups", TableScope::Region);
/// Schedules by group and name.
pub(crate) const SCHEDULES: Table<(String, String), Schedule> = Table::new("scheduler.schedules", TableScope::Region);

/// The group of schedules that name none.
pub(crate) const DEFAULT_GROUP: &str = "default";
/// The default group was there before anything else: Scheduler's first day.
const BEFORE_ALL: Timestamp = Timestamp::from_secs(1_668_038_400);

/// A group.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Group {
    pub name: String,
    pub tags: BTreeMap<String, String>,
    pub client_token: Option<String>,
    pub created: Timestamp,
    pub modified: Timestamp,
}

/// A schedule.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Schedule {
    /// Differs from that of an earlier schedule of the same name, whose invocations must not end this one.
    pub id: String,
    pub group: String,
    pub name: String,
    pub description: Option<String>,
    pub expression: String,
    pub zone: String,
    pub start: Option<Timestamp>,
    pub end: Option<Timestamp>,
    pub enabled: bool,
    #[serde(with = "wire::kept")]
    pub window: FlexibleTimeWindow,
    #[serde(with = "wire::kept")]
    pub target: Target,
    pub after: Option<ActionAfterCompletion>,
    pub client_token: Option<String>,
    /// Rates count from here, this moment included.
    pub anchor: Timestamp,
    pub created: Timestamp,
    pub modified: Timestamp,
}

impl Schedule {
    pub fn key(&self) -> (String, String) {
        (self.group.clone(), self.name.clone())
    }
    pub fn arn(&self, scope: &Scope) -> String {
        schedule_arn(scope, &self.group, &self.name)
    }
}

pub(crate) fn group_arn(scope: &Scope, name: &str) -> String {
    format!("arn:aws:scheduler:{}:{}:schedule-group/{name}", scope.region, scope.account)
}
pub(crate) fn schedule_arn(scope: &Scope, group: &str, name: &str) -> String {
    format!("arn:aws:scheduler:{}:{}:schedule/{group}/{name}", scope.region, scope.account)
}

/// A group, or AWS's fault.
pub(crate) fn group(read: &impl Read, scope: &Scope, name: &str) -> Result<Group, Fault> {
    let found = read.get(&GROUPS, scope, &name.to_owned())?;
    let default = || (name == DEFAULT_GROUP).then(default_group);
    found.or_else(default).ok_or_else(|| Error::ResourceNotFound.says(format!("Schedule group {name} does not exist.")))
}

/// The default group while it was never tagged.
pub(crate) fn default_group() -> Group {
    Group { name: DEFAULT_GROUP.into(), created: BEFORE_ALL, modified: BEFORE_ALL, ..Group::default() }
}

/// A schedule, or AWS's fault.
pub(crate) fn schedule(read: &impl Read, scope: &Scope, group: &str, name: &str) -> Result<Schedule, Fault> {
    let found = read.get(&SCHEDULES, scope, &(group.to_owned(), name.to_owned()))?;
    found.ok_or_else(|| Error::ResourceNotFound.says(format!("Schedule {name} does not exist.")))
}
