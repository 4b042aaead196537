//! How many requests a FIFO queue takes in a second of the clock: 300 of each action, or far more where its throughput is per message group
//! (AWS's documentation, quotas of us-east-1). A batch is one request, so that 3,000 messages fit into a second.
//!
//! While the clock stands nothing is limited: a second that doesn't pass would never take another request.

use crate::{Error, state::Queue};
use kit::{ClockMode, Context, Fault, Timestamp};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// Requests of an action in a second.
const MOST: u32 = 300;
/// With FifoThroughputLimit perMessageGroupId.
const MOST_BY_GROUP: u32 = 70_000;
/// Queues and actions that are held in mind before those of past seconds go.
const MOST_HELD: usize = 10_000;

/// Requests of the present second, by queue and action.
#[derive(Default)]
pub(crate) struct Pace {
    seconds: Mutex<HashMap<(String, &'static str), (i64, u32)>>,
}

impl Pace {
    /// Counts a request, or refuses it.
    pub fn take(&self, cx: &Context, queue: &Queue, action: &'static str) -> Result<(), Fault> {
        if !queue.is_fifo() {
            return Ok(());
        }
        let reading = cx.cloud().clock().reading();
        let by_group = queue.attributes.get("FifoThroughputLimit").is_some_and(|limit| limit == "perMessageGroupId");
        match reading.mode == ClockMode::Frozen || self.fits(&queue.id, action, reading.now, if by_group { MOST_BY_GROUP } else { MOST }) {
            true => Ok(()),
            false => Err(Error::RequestThrottled.says("Request is throttled.")),
        }
    }

    fn fits(&self, queue: &str, action: &'static str, now: Timestamp, most: u32) -> bool {
        let mut seconds = self.seconds.lock().unwrap_or_else(PoisonError::into_inner);
        if seconds.len() > MOST_HELD {
            seconds.retain(|_, (second, _)| *second == now.secs());
        }
        let (second, count) = seconds.entry((queue.to_owned(), action)).or_default();
        if *second != now.secs() {
            (*second, *count) = (now.secs(), 0);
        }
        *count += 1;
        *count <= most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_second_and_action_counts_for_itself() {
        let pace = Pace::default();
        let at = |ms: i64| Timestamp::from_millis(1_700_000_000_000 + ms);
        let taken = |ms: i64, action| (0..400).filter(|_| pace.fits("q", action, at(ms), MOST)).count();
        assert_eq!((taken(0, "send"), taken(999, "send"), taken(0, "receive")), (300, 0, 300));
        assert_eq!(taken(1000, "send"), 300);
    }
}
