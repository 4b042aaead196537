//! Faults on purpose: rules asked in dispatch and on event and invocation paths.

use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};
use wire::Fault;

/// One rule. Absent members match everything.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct FaultRule {
    /// Service name (`s3`).
    pub service: Option<String>,
    /// Operation name (`PutObject`), or `Invoke` and the like on event paths.
    pub operation: Option<String>,
    /// Part of the resource's ARN or name.
    pub resource: Option<String>,
    /// Chance between 0 and 1; 1 when absent.
    pub probability: Option<f64>,
    /// Only the n-th matching call, counted from 1.
    pub nth: Option<u64>,
    /// Only the first so many matching calls.
    pub times: Option<u64>,
    /// Error code to answer.
    pub error: Option<String>,
    /// HTTP status of the error; 500 when absent.
    pub status: Option<u16>,
    /// Message of the error.
    pub message: Option<String>,
    /// Extra time before the call, in milliseconds of real time.
    pub latency_ms: Option<u64>,
    /// Drops the connection without an answer.
    pub drop: bool,
}

/// What a rule does to a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    /// Wait before.
    pub latency: Option<Duration>,
    /// Answer this.
    pub fault: Option<Fault>,
    /// Drop the connection.
    pub drop: bool,
}

/// The rules of a cloud.
#[derive(Default)]
pub struct Faults {
    rules: RwLock<Vec<(u64, FaultRule, AtomicU64)>>,
    next: AtomicU64,
}

impl Faults {
    /// Adds a rule; its id.
    pub fn add(&self, rule: FaultRule) -> u64 {
        let id = self.next.fetch_add(1, Ordering::Relaxed) + 1;
        self.rules.write().push((id, rule, AtomicU64::new(0)));
        id
    }
    /// Removes a rule; whether it was there.
    pub fn remove(&self, id: u64) -> bool {
        let mut rules = self.rules.write();
        let before = rules.len();
        rules.retain(|(other, ..)| *other != id);
        rules.len() < before
    }
    /// Removes all rules.
    pub fn clear(&self) {
        self.rules.write().clear();
    }
    /// All rules with their ids and how often each matched.
    pub fn list(&self) -> Vec<(u64, FaultRule, u64)> {
        self.rules.read().iter().map(|(id, rule, hits)| (*id, rule.clone(), hits.load(Ordering::Relaxed))).collect()
    }
    /// What happens to this call. `chance` draws a number in [0, 1) from the cloud's seed.
    pub fn check(&self, service: &str, operation: &str, resource: &str, chance: impl Fn() -> f64) -> Option<Effect> {
        let rules = self.rules.read();
        if rules.is_empty() {
            return None;
        }
        rules.iter().find_map(|(_, rule, hits)| {
            let says = |wanted: &Option<String>, got: &str| wanted.as_deref().is_none_or(|w| w.eq_ignore_ascii_case(got));
            if !says(&rule.service, service) || !says(&rule.operation, operation) {
                return None;
            }
            if rule.resource.as_deref().is_some_and(|r| !resource.contains(r)) {
                return None;
            }
            let hit = hits.fetch_add(1, Ordering::Relaxed) + 1;
            if rule.nth.is_some_and(|n| n != hit) || rule.times.is_some_and(|n| hit > n) {
                return None;
            }
            if rule.probability.is_some_and(|p| chance() >= p) {
                return None;
            }
            Some(rule.effect())
        })
    }
}

impl FaultRule {
    fn effect(&self) -> Effect {
        let message = self.message.clone().unwrap_or_else(|| "Injected by a fault rule.".into());
        Effect {
            latency: self.latency_ms.map(Duration::from_millis),
            fault: self.error.clone().map(|code| Fault::new(code, self.status.unwrap_or(500), message)),
            drop: self.drop,
        }
    }
}
