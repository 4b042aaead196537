//! How many messages of a queue are in flight, without counting them at each receive.

use crate::state::*;
use kit::{Fault, Read, Scope, Timestamp};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// AWS's quota for messages in flight, standard and FIFO queues alike since November 2024.
pub(crate) const QUOTA: usize = 120_000;

/// For each queue a number that the messages in flight don't exceed. It only grows with receives; when it nears the quota they are counted.
pub(crate) struct Flight {
    quota: usize,
    bounds: Mutex<HashMap<String, usize>>,
}

impl Flight {
    pub fn new(quota: usize) -> Flight {
        Flight { quota, bounds: Mutex::default() }
    }
    /// How many more messages may be received, at most `most`.
    pub fn room(&self, read: &impl Read, scope: &Scope, queue: &Queue, now: Timestamp, most: usize) -> Result<usize, Fault> {
        let mut bounds = self.bounds.lock().unwrap_or_else(PoisonError::into_inner);
        let bound = bounds.entry(queue.id.clone()).or_insert(self.quota);
        if *bound + most > self.quota {
            *bound = count(read, scope, queue, now)?;
        }
        Ok(self.quota.saturating_sub(*bound).min(most))
    }
    /// So many were received.
    pub fn took(&self, queue: &Queue, messages: usize) {
        let mut bounds = self.bounds.lock().unwrap_or_else(PoisonError::into_inner);
        *bounds.entry(queue.id.clone()).or_insert(self.quota) += messages;
    }
    /// The queue is gone.
    pub fn forget(&self, queue: &Queue) {
        self.bounds.lock().unwrap_or_else(PoisonError::into_inner).remove(&queue.id);
    }
}

/// The messages of a queue that are in flight.
pub(crate) fn count(read: &impl Read, scope: &Scope, queue: &Queue, now: Timestamp) -> Result<usize, Fault> {
    let hidden = (queue.id.as_str(), now.plus_ns(1));
    let mut count = 0;
    for key in read.by_index(&MESSAGES, scope, "received", &(queue.id.as_str(),)).from(&hidden).keys() {
        key?;
        count += 1;
    }
    Ok(count)
}
