//! What happened: one record for every request, event, invocation, timer and decision, in a ring bounded in bytes.

use crate::{Context, Decision, Need};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::{collections::VecDeque, sync::Arc};
use wire::Timestamp;

/// What a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordKind {
    /// A call of an operation or a front door.
    Request,
    /// An event from one service to another.
    Event,
    /// A run of a function.
    Invocation,
    /// A task that came due.
    Timer,
    /// An answer of the decider.
    Decision,
    /// A move of the clock, a fault rule, a warning: what the house itself did.
    House,
}

/// One record.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// Position in the journal of this cloud.
    pub sequence: u64,
    /// Virtual time.
    pub at: Timestamp,
    /// What it is about.
    pub kind: RecordKind,
    /// The trace it belongs to.
    pub trace: Arc<str>,
    /// Cause of the work that wrote it.
    pub cause: u64,
    /// ARN of the principal.
    pub principal: Arc<str>,
    /// Account.
    pub account: Arc<str>,
    /// Service name.
    pub service: Arc<str>,
    /// Operation, task kind or action.
    pub operation: Arc<str>,
    /// Resource, where there is one.
    pub resource: Arc<str>,
    /// `ok`, or the fault's code.
    pub outcome: Arc<str>,
    /// More, for people and assertions.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub detail: serde_json::Value,
}

/// The journal of a cloud.
pub struct Journal {
    limit_bytes: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    next: u64,
    bytes: usize,
    ring: VecDeque<(Record, usize)>,
    names: std::collections::HashSet<Arc<str>>,
    watchers: Vec<tokio::sync::mpsc::UnboundedSender<Record>>,
}

/// Reading what was evicted.
#[derive(Debug, thiserror::Error)]
#[error("the journal no longer holds record {asked}: its oldest is {oldest}. Give it more room with `journal_bytes`.")]
pub struct Evicted {
    /// The record asked for.
    pub asked: u64,
    /// The oldest there is.
    pub oldest: u64,
}

impl Journal {
    /// A journal of at most `limit_bytes` (estimated).
    pub fn new(limit_bytes: usize) -> Journal {
        Journal { limit_bytes, state: Mutex::default() }
    }

    /// Writes a record for the context's work.
    #[allow(clippy::too_many_arguments)]
    pub fn write(
        &self,
        cx: &Context,
        kind: RecordKind,
        service: &str,
        operation: &str,
        resource: &str,
        outcome: &str,
        detail: serde_json::Value,
    ) {
        let mut state = self.state.lock();
        state.next += 1;
        let record = Record {
            sequence: state.next,
            at: cx.now(),
            kind,
            trace: cx.trace().clone(),
            cause: cx.cause(),
            principal: state.intern(&cx.principal().arn()),
            account: cx.scope().account.clone(),
            service: state.intern(service),
            operation: state.intern(operation),
            resource: resource.into(),
            outcome: state.intern(outcome),
            detail,
        };
        let size = 160 + record.resource.len() + record.trace.len() + estimate(&record.detail);
        state.watchers.retain(|w| w.send(record.clone()).is_ok());
        state.ring.push_back((record, size));
        state.bytes += size;
        while state.bytes > self.limit_bytes && state.ring.len() > 1 {
            let (_, size) = state.ring.pop_front().expect("more than one");
            state.bytes -= size;
        }
    }

    /// Writes a decision.
    pub fn decision(&self, cx: &Context, need: &Need, decision: &Decision) {
        let (service, _) = need.action.split_once(':').unwrap_or((&need.action, ""));
        let outcome = if decision.allowed { "allowed" } else { "denied" };
        let detail = match &decision.statement {
            Some(statement) => serde_json::json!({ "statement": &**statement }),
            None => serde_json::Value::Null,
        };
        self.write(cx, RecordKind::Decision, service, &need.action, &need.resource, outcome, detail);
    }

    /// All records after `sequence` (0 for all), oldest first.
    pub fn after(&self, sequence: u64) -> Result<Vec<Record>, Evicted> {
        let state = self.state.lock();
        if let Some((oldest, _)) = state.ring.front()
            && oldest.sequence > sequence + 1
        {
            return Err(Evicted { asked: sequence + 1, oldest: oldest.sequence });
        }
        Ok(state.ring.iter().map(|(r, _)| r).filter(|r| r.sequence > sequence).cloned().collect())
    }

    /// Whatever is still held, oldest first.
    pub fn held(&self) -> Vec<Record> {
        self.state.lock().ring.iter().map(|(r, _)| r.clone()).collect()
    }

    /// The number of the newest record.
    pub fn newest(&self) -> u64 {
        self.state.lock().next
    }

    /// Every record from now on, as it is written.
    pub fn watch(&self) -> tokio::sync::mpsc::UnboundedReceiver<Record> {
        let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
        self.state.lock().watchers.push(sender);
        receiver
    }
}

impl State {
    fn intern(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.names.get(name) {
            return known.clone();
        }
        let name: Arc<str> = name.into();
        // Names come from outside too (session names); a flood of them must not grow the table for ever.
        if self.names.len() < 10_000 {
            self.names.insert(name.clone());
        }
        name
    }
}

fn estimate(value: &serde_json::Value) -> usize {
    match value {
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => 8,
        serde_json::Value::String(text) => 24 + text.len(),
        serde_json::Value::Array(items) => 24 + items.iter().map(estimate).sum::<usize>(),
        serde_json::Value::Object(map) => 48 + map.iter().map(|(k, v)| 24 + k.len() + estimate(v)).sum::<usize>(),
    }
}
