//! Queries under way: how each is stopped, and how many run at a time. Known in memory alone.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::sync::{Notify, Semaphore, SemaphorePermit};

/// Queries that the engine runs at a time; more wait in the state QUEUED. Each may take its share of memory.
const AT_A_TIME: usize = 8;

/// Tells a query to stop, and the query that it was told.
#[derive(Debug, Default)]
pub(crate) struct Stop {
    told: AtomicBool,
    waiting: Notify,
}

impl Stop {
    pub(crate) fn tell(&self) {
        self.told.store(true, Ordering::Release);
        self.waiting.notify_waiters();
    }
    pub(crate) fn is_told(&self) -> bool {
        self.told.load(Ordering::Acquire)
    }
    /// Ends once the query has been told.
    pub(crate) async fn told(&self) {
        loop {
            let waiting = self.waiting.notified();
            if self.is_told() {
                return;
            }
            waiting.await;
        }
    }
}

/// Queries that wait or run, by id.
pub(crate) struct Running {
    queries: Mutex<HashMap<String, Arc<Stop>>>,
    places: Semaphore,
}

impl Default for Running {
    fn default() -> Running {
        Running { queries: Mutex::default(), places: Semaphore::new(AT_A_TIME) }
    }
}

impl Running {
    fn queries(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Stop>>> {
        self.queries.lock().unwrap_or_else(PoisonError::into_inner)
    }
    pub(crate) fn begin(&self, id: &str) -> Underway<'_> {
        let stop = Arc::new(Stop::default());
        self.queries().insert(id.to_owned(), stop.clone());
        Underway { running: self, id: id.to_owned(), stop }
    }
    pub(crate) fn stop(&self, id: &str) {
        if let Some(stop) = self.queries().get(id) {
            stop.tell();
        }
    }
}

/// A query that can be stopped as long as this is held.
pub(crate) struct Underway<'a> {
    running: &'a Running,
    id: String,
    pub stop: Arc<Stop>,
}

impl Underway<'_> {
    /// Waits for a place to run in; `None` where the query is stopped before.
    pub(crate) async fn place(&self) -> Option<SemaphorePermit<'_>> {
        tokio::select! {
            () = self.stop.told() => None,
            place = self.running.places.acquire() => place.ok(),
        }
    }
}

impl Drop for Underway<'_> {
    fn drop(&mut self) {
        self.running.queries().remove(&self.id);
    }
}
