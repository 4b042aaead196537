//! Typed tables over bytes: where a row lives, how its value is written, which indexes follow it.
//!
//! A row's key is `name 00 scope key`; an index entry's is `name 01 index 00 scope index-key key` with the row's own key as value.
//! A value is one byte of schema version and then MessagePack with field names, so that a struct may gain fields with defaults.

use super::{Key, StoreError, key::escape};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{marker::PhantomData, sync::Arc};

/// Where a table's rows live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableScope {
    /// One set of rows per cloud.
    Global,
    /// One set per account.
    Account,
    /// One set per account and region.
    Region,
}

/// Whose rows. Global tables ignore it, account tables ignore the region.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Scope {
    /// Twelve digits.
    pub account: Arc<str>,
    /// `eu-central-1`.
    pub region: Arc<str>,
}

impl Scope {
    /// A scope of an account and a region.
    pub fn new(account: &str, region: &str) -> Scope {
        Scope { account: account.into(), region: region.into() }
    }
}

/// What a table's values must be able to do.
pub trait Row: Serialize + DeserializeOwned + 'static {}
impl<V: Serialize + DeserializeOwned + 'static> Row for V {}

/// A second order over a table's rows, kept in the same transaction.
pub struct Index<V> {
    /// Unique within the table.
    pub name: &'static str,
    /// The entries of a row, each encoded with [`key_bytes`](super::key_bytes); a row may have none or many.
    pub keys: fn(&V) -> Vec<Vec<u8>>,
}

/// A table: `const BUCKETS: Table<String, Bucket> = Table::new("s3.buckets", TableScope::Global);`
pub struct Table<K: 'static, V: 'static> {
    name: &'static str,
    scope: TableScope,
    version: u8,
    upgrade: Option<fn(u8, &[u8]) -> Result<V, StoreError>>,
    pub(super) indexes: &'static [Index<V>],
    key: PhantomData<fn(K) -> K>,
}

impl<K, V> Clone for Table<K, V> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K, V> Copy for Table<K, V> {}

impl<K: Key, V: Row> Table<K, V> {
    /// A table by its name (`service.rows`), which is part of every key and must not change.
    pub const fn new(name: &'static str, scope: TableScope) -> Self {
        Table { name, scope, version: 0, upgrade: None, indexes: &[], key: PhantomData }
    }
    /// The schema version written with each value; 0 when not said.
    pub const fn version(self, version: u8) -> Self {
        Table { version, ..self }
    }
    /// Reads a value of an older version, given that version and the MessagePack bytes.
    pub const fn upgrade(self, upgrade: fn(u8, &[u8]) -> Result<V, StoreError>) -> Self {
        Table { upgrade: Some(upgrade), ..self }
    }
    /// Declares the indexes. Rows written before an index was declared enter it when they are written again.
    pub const fn indexes(self, indexes: &'static [Index<V>]) -> Self {
        Table { indexes, ..self }
    }
    /// The table's name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// What every row of every scope starts with.
    pub(super) fn root(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.name.len() + 64);
        out.extend_from_slice(self.name.as_bytes());
        out.push(0);
        out
    }
    /// What every row of a scope starts with.
    pub(super) fn base(&self, scope: &Scope) -> Vec<u8> {
        let mut out = self.root();
        self.push_scope(scope, &mut out);
        out
    }
    /// What every entry of an index in a scope starts with.
    pub(super) fn index_base(&self, index: &str, scope: &Scope) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.name.len() + index.len() + 96);
        out.extend_from_slice(self.name.as_bytes());
        out.push(1);
        out.extend_from_slice(index.as_bytes());
        out.push(0);
        self.push_scope(scope, &mut out);
        out
    }
    /// The key of a row.
    pub(super) fn row_key(&self, scope: &Scope, key: &K) -> Vec<u8> {
        let mut out = self.base(scope);
        key.encode(&mut out);
        out
    }

    fn push_scope(&self, scope: &Scope, out: &mut Vec<u8>) {
        if self.scope != TableScope::Global {
            (&*scope.account).encode(out);
        }
        if self.scope == TableScope::Region {
            (&*scope.region).encode(out);
        }
    }
    /// The scope at the front of `from`; parts that the table ignores are empty.
    pub(super) fn take_scope(&self, from: &mut &[u8]) -> Result<Scope, StoreError> {
        let mut part = |there: bool| if there { String::decode(from) } else { Ok(String::new()) };
        let account = part(self.scope != TableScope::Global)?;
        let region = part(self.scope == TableScope::Region)?;
        Ok(Scope::new(&account, &region))
    }
    /// A key that is the whole of `from`.
    pub(super) fn decode_key(&self, mut from: &[u8]) -> Result<K, StoreError> {
        let key = K::decode(&mut from).map_err(|e| self.damaged(e))?;
        if from.is_empty() {
            Ok(key)
        } else {
            Err(StoreError::Corrupt(format!("a key of {} has {} bytes too many", self.name, from.len())))
        }
    }

    pub(super) fn encode_value(&self, value: &V) -> Result<Vec<u8>, StoreError> {
        let mut out = Vec::with_capacity(128);
        out.push(self.version);
        rmp_serde::encode::write_named(&mut out, value).map_err(|e| StoreError::Encode(format!("{}: {e}", self.name)))?;
        Ok(out)
    }
    pub(super) fn decode_value(&self, bytes: &[u8]) -> Result<V, StoreError> {
        let [version, body @ ..] = bytes else {
            return Err(StoreError::Corrupt(format!("a value of {} is empty", self.name)));
        };
        if *version == self.version {
            return rmp_serde::from_slice(body).map_err(|e| StoreError::Corrupt(format!("a value of {}: {e}", self.name)));
        }
        match self.upgrade {
            Some(upgrade) if *version < self.version => upgrade(*version, body),
            _ => Err(StoreError::Version(format!("a value of {} has version {version}, this build knows {}", self.name, self.version))),
        }
    }
    fn damaged(&self, error: StoreError) -> StoreError {
        StoreError::Corrupt(format!("a key of {}: {error}", self.name))
    }
}

/// Text as it stands inside a key, without its end.
pub(super) fn text_bytes(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    escape(text.as_bytes(), &mut out);
    out
}

/// Writes a `Vec<u8>` as MessagePack bytes rather than as a list of numbers: `#[serde(with = "kit::store::raw_bytes")]`.
pub mod raw_bytes {
    use serde::{Deserializer, Serializer, de::Visitor};

    /// Writes.
    pub fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(bytes)
    }
    /// Reads.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        struct Raw;
        impl Visitor<'_> for Raw {
            type Value = Vec<u8>;
            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("bytes")
            }
            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
                Ok(bytes.to_vec())
            }
            fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Vec<u8>, E> {
                Ok(bytes)
            }
        }
        from.deserialize_byte_buf(Raw)
    }
}
