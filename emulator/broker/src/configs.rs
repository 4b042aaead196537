//! Settings of topics: their names, defaults, what values they take, and what a log makes of them.

use crate::log::Keeping;
use std::collections::BTreeMap;

/// What a value must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A whole number in a range.
    Number(i64, i64),
    /// A fraction between 0 and 1.
    Fraction,
    /// `true` or `false`.
    Bool,
    /// One of these.
    One(&'static [&'static str]),
    /// Some of these, with commas.
    Some(&'static [&'static str]),
}

impl Kind {
    /// The number that DescribeConfigs has for it.
    pub fn code(self) -> i8 {
        match self {
            Kind::Bool => 1,
            Kind::Number(_, most) if most <= i64::from(i32::MAX) => 3,
            Kind::Number(..) => 5,
            Kind::Fraction => 6,
            Kind::Some(_) => 7,
            Kind::One(_) => 2,
        }
    }

    fn takes(self, value: &str) -> bool {
        match self {
            Kind::Number(least, most) => value.parse::<i64>().is_ok_and(|n| (least..=most).contains(&n)),
            Kind::Fraction => value.parse::<f64>().is_ok_and(|n| (0.0..=1.0).contains(&n)),
            Kind::Bool => matches!(value, "true" | "false"),
            Kind::One(values) => values.contains(&value),
            Kind::Some(values) => value.split(',').all(|part| values.contains(&part.trim())),
        }
    }
}

/// A setting.
pub struct Setting {
    /// As Kafka names it.
    pub name: &'static str,
    /// Kafka's default.
    pub default: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// It is stored and told but changes nothing on one broker that keeps no page cache of its own.
    pub kept: bool,
}

const LONG: i64 = i64::MAX;
const INT: i64 = i32::MAX as i64;

const fn setting(name: &'static str, default: &'static str, kind: Kind) -> Setting {
    Setting { name, default, kind, kept: false }
}
const fn kept(name: &'static str, default: &'static str, kind: Kind) -> Setting {
    Setting { name, default, kind, kept: true }
}

/// Every setting that a topic may have (Apache Kafka 4.0, "Topic configs").
pub const SETTINGS: &[Setting] = &[
    setting("cleanup.policy", "delete", Kind::Some(&["delete", "compact"])),
    // Producers choose the codec; a broker that packs again would not be this one.
    setting("compression.type", "producer", Kind::One(&["producer"])),
    setting("delete.retention.ms", "86400000", Kind::Number(0, LONG)),
    kept("file.delete.delay.ms", "60000", Kind::Number(0, LONG)),
    kept("flush.messages", "9223372036854775807", Kind::Number(1, LONG)),
    kept("flush.ms", "9223372036854775807", Kind::Number(0, LONG)),
    kept("index.interval.bytes", "4096", Kind::Number(0, INT)),
    setting("max.compaction.lag.ms", "9223372036854775807", Kind::Number(1, LONG)),
    setting("max.message.bytes", "1048588", Kind::Number(0, INT)),
    setting("message.timestamp.after.max.ms", "3600000", Kind::Number(0, LONG)),
    setting("message.timestamp.before.max.ms", "9223372036854775807", Kind::Number(0, LONG)),
    setting("message.timestamp.type", "CreateTime", Kind::One(&["CreateTime", "LogAppendTime"])),
    kept("min.cleanable.dirty.ratio", "0.5", Kind::Fraction),
    setting("min.compaction.lag.ms", "0", Kind::Number(0, LONG)),
    setting("min.insync.replicas", "1", Kind::Number(1, INT)),
    kept("preallocate", "false", Kind::Bool),
    setting("retention.bytes", "-1", Kind::Number(-1, LONG)),
    setting("retention.ms", "604800000", Kind::Number(-1, LONG)),
    setting("segment.bytes", "1073741824", Kind::Number(1024, INT)),
    kept("segment.index.bytes", "10485760", Kind::Number(4, INT)),
    kept("segment.jitter.ms", "0", Kind::Number(0, LONG)),
    setting("segment.ms", "604800000", Kind::Number(1, LONG)),
    kept("unclean.leader.election.enable", "false", Kind::Bool),
];

/// The setting of a name, with its value checked; the error is a sentence.
pub fn check(name: &str, value: Option<&str>) -> Result<(), String> {
    let Some(setting) = SETTINGS.iter().find(|s| s.name == name) else { return Err(format!("Unknown topic config name: {name}")) };
    match value {
        None => Err(format!("Null value not supported for topic configs: {name}")),
        Some(value) if setting.kind.takes(value) => Ok(()),
        Some(value) => Err(format!("Invalid value {value} for configuration {name}")),
    }
}

/// What a log makes of the settings of a topic.
pub fn keeping(configs: &BTreeMap<String, String>) -> Keeping {
    let text = |name: &str| match configs.get(name) {
        Some(value) => value.as_str(),
        None => SETTINGS.iter().find(|s| s.name == name).map_or("", |s| s.default),
    };
    let number = |name: &str| text(name).parse::<i64>().unwrap_or(-1);
    let limit = |name: &str| Some(number(name)).filter(|n| *n >= 0);
    let policy = |wanted: &str| text("cleanup.policy").split(',').any(|part| part.trim() == wanted);
    Keeping {
        retention_ms: limit("retention.ms"),
        retention_bytes: limit("retention.bytes").map(|n| n as u64),
        segment_bytes: number("segment.bytes") as u64,
        segment_ms: number("segment.ms"),
        delete: policy("delete"),
        compact: policy("compact"),
        tombstone_ms: number("delete.retention.ms"),
        compaction_lag_ms: number("min.compaction.lag.ms"),
        compaction_max_lag_ms: Some(number("max.compaction.lag.ms")).filter(|n| policy("compact") && *n < LONG),
        batch_max_bytes: number("max.message.bytes") as usize,
        after_max_ms: number("message.timestamp.after.max.ms"),
        before_max_ms: number("message.timestamp.before.max.ms"),
        replicas_least: number("min.insync.replicas") as i32,
        log_time: text("message.timestamp.type") == "LogAppendTime",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_checked() {
        assert_eq!(check("retention.ms", Some("-1")), Ok(()));
        assert_eq!(check("cleanup.policy", Some("compact,delete")), Ok(()));
        assert_eq!(check("retention.ms", Some("soon")), Err("Invalid value soon for configuration retention.ms".into()));
        assert_eq!(check("retention.hours", Some("1")), Err("Unknown topic config name: retention.hours".into()));
    }

    #[test]
    fn defaults_are_kafkas() {
        let keeping = keeping(&BTreeMap::new());
        assert_eq!(
            (keeping.retention_ms, keeping.retention_bytes, keeping.delete, keeping.compact),
            (Some(604_800_000), None, true, false)
        );
    }
}
