//! What is under way: tokens. Quiet means that nobody holds one and no task is due; `settle` waits for it and names what it waits for.

use parking_lot::Mutex;
use std::{collections::BTreeMap, sync::Arc};
use tokio::sync::Notify;

/// The work counter of a cloud.
#[derive(Clone, Default)]
pub struct Work {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    next: u64,
    held: BTreeMap<u64, Arc<str>>,
}

/// A piece of work under way; ends when dropped.
pub struct Token {
    id: u64,
    inner: Arc<Inner>,
    parked: Option<Arc<str>>,
}

impl Work {
    /// Takes a token. `label` names the work to whoever waits for it.
    pub fn begin(&self, label: impl Into<Arc<str>>) -> Token {
        let mut state = self.inner.state.lock();
        state.next += 1;
        let id = state.next;
        state.held.insert(id, label.into());
        Token { id, inner: self.inner.clone(), parked: None }
    }

    /// What is under way, by label.
    pub fn held(&self) -> Vec<Arc<str>> {
        self.inner.state.lock().held.values().cloned().collect()
    }

    /// Whether nothing is under way; `also` is asked under the same lock.
    pub fn quiet(&self, also: impl FnOnce() -> bool) -> bool {
        let state = self.inner.state.lock();
        state.held.is_empty() && also()
    }

    /// Runs `f` under the lock and takes a token for each label it returns: due tasks are claimed so.
    pub fn claim<T>(&self, f: impl FnOnce() -> Vec<(Arc<str>, T)>) -> Vec<(Token, T)> {
        let mut state = self.inner.state.lock();
        let claimed = f();
        claimed
            .into_iter()
            .map(|(label, value)| {
                state.next += 1;
                let id = state.next;
                state.held.insert(id, label);
                (Token { id, inner: self.inner.clone(), parked: None }, value)
            })
            .collect()
    }

    /// Waits until a token ends. Register before checking, then await.
    pub fn changed(&self) -> tokio::sync::futures::Notified<'_> {
        self.inner.changed.notified()
    }

    /// Wakes whoever waits, when something beside tokens changed.
    pub fn nudge(&self) {
        self.inner.changed.notify_waiters();
    }
}

impl Token {
    /// Steps out of the count (long polls, waiting for a client); [`Token::resume`] steps back in.
    pub fn park(&mut self) {
        if self.parked.is_none() {
            self.parked = self.inner.state.lock().held.remove(&self.id);
            self.inner.changed.notify_waiters();
        }
    }
    /// Steps back into the count.
    pub fn resume(&mut self) {
        if let Some(label) = self.parked.take() {
            self.inner.state.lock().held.insert(self.id, label);
        }
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        self.inner.state.lock().held.remove(&self.id);
        self.inner.changed.notify_waiters();
    }
}
