//! Moving time: pop what is due in order, set now, let it fire and settle, go on; and waiting for quiet.

use super::Cloud;
use crate::{RecordKind, store::Read};
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};
use wire::Timestamp;

/// When an advance waits for what it set going.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Settle {
    /// Before the first and after every due time (default): the order of real life.
    #[default]
    Each,
    /// Once, at the target.
    End,
    /// Not at all: work in flight sees the clock move under it.
    None,
}

/// How to advance.
#[derive(Clone, Copy, Debug)]
pub struct AdvanceOptions {
    /// By how much virtual time.
    pub by: Duration,
    /// When to wait.
    pub settle: Settle,
    /// Most real time to spend.
    pub budget: Duration,
}

/// What an advance did.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Advanced {
    /// Virtual time before.
    pub from: Timestamp,
    /// Virtual time after; before the target when the budget ran out.
    pub to: Timestamp,
    /// The distinct moments at which something was due.
    pub fired: usize,
    /// Set when real time ran out first: what was waited for.
    pub stopped_early: Option<String>,
}

/// Quiet did not come in time.
#[derive(Clone, Debug, thiserror::Error, Serialize, Deserialize)]
#[error("not quiet after {waited_ms} ms; still under way: {}", if held.is_empty() { "due tasks".to_owned() } else { held.join(", ") })]
pub struct NotQuiet {
    /// Real milliseconds waited.
    pub waited_ms: u64,
    /// Labels of work under way.
    pub held: Vec<String>,
}

impl Cloud {
    /// Waits until no work is under way and nothing is due, at most `budget` of real time.
    pub async fn settle(self: &Arc<Self>, budget: Duration) -> Result<(), NotQuiet> {
        // The runner looks once because of us. From then on it is told of every commit and every move, and tells us when it has looked; to
        // ask it again each time would keep both of us running as long as anything is under way.
        self.clock.nudge();
        let waiting = async {
            loop {
                let changed = self.work.changed();
                tokio::pin!(changed);
                changed.as_mut().enable();
                if self.quiet() {
                    return;
                }
                changed.await;
            }
        };
        tokio::select! {
            _ = waiting => Ok(()),
            _ = self.clock.real_sleep(budget) => Err(NotQuiet {
                waited_ms: budget.as_millis() as u64,
                held: self.work.held().iter().map(|l| l.to_string()).collect(),
            }),
        }
    }

    fn quiet(&self) -> bool {
        self.work.quiet(|| {
            let now = self.clock.now();
            let due = |at: Option<Timestamp>| at.is_some_and(|at| at <= now);
            !due(self.store.read(|s| s.next_due())) && !due(self.clock.next_sleeper())
        })
    }

    /// Moves virtual time forward. Advances are serial.
    pub async fn advance(self: &Arc<Self>, options: AdvanceOptions) -> Advanced {
        let _serial = self.advancing.lock().await;
        let from = self.clock.hold();
        let target = from.plus_ns(options.by.as_nanos() as i128);
        let mut done = Advanced { from, to: from, fired: 0, stopped_early: None };
        let walk = self.walk(target, options.settle, &mut done);
        let in_time = tokio::select! { result = walk => Some(result), _ = self.clock.real_sleep(options.budget) => None };
        match in_time {
            Some(Ok(())) => {}
            Some(Err(quiet)) => done.stopped_early = Some(quiet.to_string()),
            None => done.stopped_early = Some(format!("the real-time budget of {} s ran out", options.budget.as_secs())),
        }
        done.to = self.clock.now();
        self.clock.release();
        let cx = self.house_context("clock.advance");
        let detail = serde_json::json!({ "from_ms": done.from.millis(), "to_ms": done.to.millis(), "fired": done.fired });
        self.journal.write(
            &cx,
            RecordKind::House,
            "clock",
            "advance",
            "",
            if done.stopped_early.is_some() { "stopped early" } else { "ok" },
            detail,
        );
        done
    }

    async fn walk(self: &Arc<Self>, target: Timestamp, settle: Settle, done: &mut Advanced) -> Result<(), NotQuiet> {
        // The caller's budget is the outer limit; a settle inside it may take all of it.
        let patience = Duration::from_secs(24 * 3600);
        if settle == Settle::Each {
            self.settle(patience).await?;
        }
        while let Some(due) = self.next_event().filter(|due| *due <= target) {
            self.clock.move_to(due);
            done.fired += 1;
            match settle {
                Settle::Each => self.settle(patience).await?,
                // Let what woke start before time goes on, or a sleeper could miss its own moment.
                _ => tokio::task::yield_now().await,
            }
        }
        self.clock.move_to(target);
        if settle != Settle::None {
            self.settle(patience).await?;
        }
        Ok(())
    }

    fn next_event(&self) -> Option<Timestamp> {
        let now = self.clock.now();
        let task = self.store.read(|s| s.next_due_after(now));
        task.into_iter().chain(self.clock.next_sleeper().filter(|at| *at > now)).min()
    }
}
