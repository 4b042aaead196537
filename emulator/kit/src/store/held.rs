//! Blobs that somebody will want to read later than now: they outlive their drop until they are let go of.

use super::{BlobReader, BlobRef, state::State};
use std::sync::Arc;
use wire::Fault;

/// Keeps blobs readable, though transactions drop them and other generations take the place of theirs, until it is dropped itself.
pub struct Held {
    state: Arc<State>,
    ids: Vec<u64>,
}

impl Held {
    pub(super) fn new(state: Arc<State>, ids: Vec<u64>) -> Held {
        state.hold(&ids);
        Held { state, ids }
    }
    /// Opens one of them.
    pub fn open(&self, blob: &BlobRef) -> Result<BlobReader, Fault> {
        Ok(self.state.blobs.open(&*self.state.engine, blob.id)?)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.state.let_go(&self.ids);
    }
}
