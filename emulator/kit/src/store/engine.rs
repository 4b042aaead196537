//! The byte level: what a storage engine has to offer. Knows keys and values as bytes, nothing of tables, scopes or blobs.

use super::StoreError;
use std::borrow::Cow;

/// A key with its value; borrowed where the engine keeps them in memory.
pub type Pair<'a> = (Cow<'a, [u8]>, Cow<'a, [u8]>);

/// Pairs of a range, in the order asked for.
pub type Pairs<'a> = Box<dyn Iterator<Item = Result<Pair<'a>, StoreError>> + 'a>;

/// Keys from `from` (inclusive) up to `until` (exclusive; `None` is the end). Bounds are in key order whatever the direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRange {
    /// First key.
    pub from: Vec<u8>,
    /// First key behind the range.
    pub until: Option<Vec<u8>>,
}

impl KeyRange {
    /// Every key that starts with `prefix`.
    pub fn prefix(prefix: Vec<u8>) -> KeyRange {
        let until = past(&prefix);
        KeyRange { from: prefix, until }
    }
    /// Every key.
    pub fn all() -> KeyRange {
        KeyRange { from: Vec::new(), until: None }
    }
    /// Whether no key can lie inside.
    pub fn is_empty(&self) -> bool {
        self.until.as_ref().is_some_and(|until| *until <= self.from)
    }
}

/// The first key behind every key that starts with `prefix`; `None` when there is none (empty, or all 0xFF).
pub fn past(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != 0xFF)?;
    let mut next = prefix[..=last].to_vec();
    next[last] += 1;
    Some(next)
}

/// Changes that happen together or not at all, in key order: `None` removes.
pub type Batch = Vec<(Vec<u8>, Option<Vec<u8>>)>;

/// A consistent view of all keys.
pub trait View {
    /// The value of a key.
    fn get(&self, key: &[u8]) -> Result<Option<Cow<'_, [u8]>>, StoreError>;
    /// The pairs of a range, upwards or downwards.
    fn range<'a>(&'a self, range: &KeyRange, reverse: bool) -> Pairs<'a>;
}

/// A storage engine. The store sees to it that one batch is applied at a time.
pub trait Engine: Send + Sync {
    /// A view that later batches don't change. It lives on the calling thread and must be let go before [`Engine::apply`].
    fn snapshot(&self) -> Box<dyn View + '_>;
    /// Applies a batch. When it returns, views show the batch; it survives nothing yet.
    fn apply(&self, batch: Batch) -> Result<(), StoreError>;
    /// Makes every batch applied so far survive what the engine was opened to survive. After an error it takes no more batches.
    fn sync(&self) -> Result<(), StoreError>;
}
