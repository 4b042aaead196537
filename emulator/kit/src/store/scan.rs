//! Walking through rows in order: bounds, direction, limit; over a table or over one of its indexes.
//!
//! Bounds are in key order whatever the direction; `reverse` only turns the walk around. They are half-open, as Rust's ranges are.

use super::{
    Key, StoreError, Table,
    engine::{KeyRange, Pair, Pairs, View, past},
    key::{escape, key_bytes},
    table::{Row, text_bytes},
};
use wire::Fault;

/// An iterator over `(key, value)` that is told where to walk before its first step. An error ends it.
pub struct Scan<'a, K: 'static, V: 'static> {
    view: &'a dyn View,
    table: Table<K, V>,
    /// What every key of the walk starts with; `prefix` and `text_prefix` lengthen the walked part only.
    base: Vec<u8>,
    /// For an index: what the rows that it points to start with.
    rows: Option<Vec<u8>>,
    prefix: Vec<u8>,
    text: Vec<u8>,
    lower: Option<Vec<u8>>,
    upper: Option<Vec<u8>>,
    past_text: Option<Vec<u8>>,
    reverse: bool,
    left: usize,
    pairs: Option<Pairs<'a>>,
}

impl<'a, K: Key, V: Row> Scan<'a, K, V> {
    pub(super) fn new(view: &'a dyn View, table: &Table<K, V>, base: Vec<u8>, rows: Option<Vec<u8>>) -> Self {
        Scan {
            view,
            table: *table,
            base,
            rows,
            prefix: Vec::new(),
            text: Vec::new(),
            lower: None,
            upper: None,
            past_text: None,
            reverse: false,
            left: usize::MAX,
            pairs: None,
        }
    }

    /// Only keys whose leading parts are these: `prefix(&("bucket",))`.
    pub fn prefix(mut self, leading: &impl Key) -> Self {
        leading.encode(&mut self.prefix);
        self
    }
    /// Only keys whose next text part (the one behind [`prefix`](Self::prefix)) starts with `text`.
    pub fn text_prefix(mut self, text: &str) -> Self {
        escape(text.as_bytes(), &mut self.text);
        self
    }
    /// Starts at this key or at its leading parts, inclusive.
    pub fn from(mut self, key: &impl Key) -> Self {
        self.raise(key_bytes(key));
        self
    }
    /// Starts behind this key; given leading parts, behind every key that has them.
    pub fn after(mut self, key: &impl Key) -> Self {
        match past(&key_bytes(key)) {
            Some(next) => self.raise(next),
            None => self.left = 0,
        }
        self
    }
    /// Starts behind every key whose next text part (the one behind [`prefix`](Self::prefix)) starts with `text`: how a listing with a
    /// delimiter seeks past a common prefix.
    pub fn after_text_prefix(mut self, text: &str) -> Self {
        self.past_text = Some(text_bytes(text));
        self
    }
    /// Ends before this key, or before the first key with these leading parts.
    pub fn until(mut self, key: &impl Key) -> Self {
        self.lower_end(key_bytes(key));
        self
    }
    /// Ends with this key, or with the last key that has these leading parts.
    pub fn through(mut self, key: &impl Key) -> Self {
        if let Some(next) = past(&key_bytes(key)) {
            self.lower_end(next);
        }
        self
    }
    /// Walks downwards, from the greatest key to the smallest.
    pub fn reverse(mut self) -> Self {
        self.reverse = true;
        self
    }
    /// At most so many rows.
    pub fn limit(mut self, rows: usize) -> Self {
        self.left = self.left.min(rows);
        self
    }
    /// The first row of the walk.
    pub fn first(self) -> Result<Option<(K, V)>, Fault> {
        self.limit(1).next().transpose()
    }
    /// The keys of the rows alone; their values are not read.
    pub fn keys(mut self) -> impl Iterator<Item = Result<K, Fault>> + 'a
    where
        K: 'a,
        V: 'a,
    {
        std::iter::from_fn(move || {
            let pair = self.next_pair()?;
            let key = pair.and_then(|(key, value)| match self.rows {
                Some(_) => self.table.decode_key(&value),
                None => self.table.decode_key(&key[self.base.len()..]),
            });
            Some(key.map_err(|e| self.end(e)))
        })
    }

    fn raise(&mut self, bound: Vec<u8>) {
        if self.lower.as_ref().is_none_or(|lower| *lower < bound) {
            self.lower = Some(bound);
        }
    }
    fn lower_end(&mut self, bound: Vec<u8>) {
        if self.upper.as_ref().is_none_or(|upper| *upper > bound) {
            self.upper = Some(bound);
        }
    }

    /// All bounds taken together.
    fn range(&self) -> KeyRange {
        let whole = |parts: &[&[u8]]| parts.iter().fold(self.base.clone(), |mut key, part| (key.extend_from_slice(part), key).1);
        let mut range = KeyRange::prefix(whole(&[&self.prefix, &self.text]));
        if let Some(lower) = &self.lower {
            range.from = range.from.max(whole(&[lower]));
        }
        if let Some(text) = &self.past_text
            && let Some(next) = past(&whole(&[&self.prefix, text]))
        {
            range.from = range.from.max(next);
        }
        if let Some(upper) = &self.upper {
            let upper = whole(&[upper]);
            range.until = Some(range.until.map_or(upper.clone(), |until| until.min(upper)));
        }
        range
    }

    fn next_pair(&mut self) -> Option<Result<Pair<'a>, StoreError>> {
        if self.left == 0 {
            return None;
        }
        self.left -= 1;
        if self.pairs.is_none() {
            self.pairs = Some(self.view.range(&self.range(), self.reverse));
        }
        self.pairs.as_mut().and_then(Iterator::next)
    }

    fn row(&self, (key, value): Pair<'a>) -> Result<(K, V), StoreError> {
        let Some(rows) = &self.rows else {
            return Ok((self.table.decode_key(&key[self.base.len()..])?, self.table.decode_value(&value)?));
        };
        let found = self.view.get(&[rows, &*value].concat())?;
        let found = found.ok_or_else(|| StoreError::Corrupt(format!("an index of {} points to a row that is gone", self.table.name())))?;
        Ok((self.table.decode_key(&value)?, self.table.decode_value(&found)?))
    }

    fn end(&mut self, error: StoreError) -> Fault {
        self.left = 0;
        error.into()
    }
}

impl<K: Key, V: Row> Iterator for Scan<'_, K, V> {
    type Item = Result<(K, V), Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        let pair = self.next_pair()?;
        Some(pair.and_then(|pair| self.row(pair)).map_err(|e| self.end(e)))
    }
}
