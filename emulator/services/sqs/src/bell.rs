//! The bell that is rung when a message may have become visible: it wakes long polls, and pollers of other services that watch. It doesn't
//! know which queue it was; whoever wakes looks for themselves.

use std::sync::{Arc, RwLock};
use tokio::sync::{Notify, futures::Notified};

/// The bell of all queues.
#[derive(Default)]
pub(crate) struct Bell {
    polls: Notify,
    watchers: RwLock<Vec<Arc<dyn Fn() + Send + Sync>>>,
}

impl Bell {
    /// The next ring.
    pub fn notified(&self) -> Notified<'_> {
        self.polls.notified()
    }
    /// Rings. Watchers are called before this returns, so that who caused it is still counted as work while they begin theirs.
    pub fn notify_waiters(&self) {
        self.polls.notify_waiters();
        let watchers = self.watchers.read().map(|list| list.clone()).unwrap_or_default();
        watchers.iter().for_each(|watcher| watcher());
    }
    /// One more who is called at each ring.
    pub fn watch(&self, watcher: Arc<dyn Fn() + Send + Sync>) {
        if let Ok(mut list) = self.watchers.write() {
            list.push(watcher);
        }
    }
}
