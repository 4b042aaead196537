//! AWS's resource registry: which types exist, and what the types that windtunnel makes look like.
//!
//! The data is `schemas/registry.json.zlib`, written by `schemas/generate.py` from AWS's public registry; it is unpacked on first use
//! and shared by all clouds of the process.

pub(crate) mod check;
pub(crate) mod facts;
#[cfg(test)]
mod tests;

use serde_json::Value as Json;
use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read,
    sync::OnceLock,
};

static PACKED: &[u8] = include_bytes!("../../schemas/registry.json.zlib");

/// The registry.
#[derive(serde::Deserialize)]
pub(crate) struct Registry {
    types: BTreeSet<String>,
    schemas: BTreeMap<String, Json>,
}

/// The registry, unpacked.
pub(crate) fn registry() -> &'static Registry {
    static REGISTRY: OnceLock<Registry> = OnceLock::new();
    REGISTRY.get_or_init(|| {
        let mut text = Vec::new();
        flate2::read::ZlibDecoder::new(PACKED).read_to_end(&mut text).expect("the committed registry unpacks");
        serde_json::from_slice(&text).expect("the committed registry is JSON")
    })
}

impl Registry {
    /// Whether AWS has the type.
    pub(crate) fn exists(&self, kind: &str) -> bool {
        self.types.contains(kind)
    }
    /// The schema of a type that windtunnel makes.
    pub(crate) fn schema(&self, kind: &str) -> Option<&'static Json> {
        registry().schemas.get(kind)
    }
    /// Types whose schemas are here.
    #[cfg(test)]
    pub(crate) fn described(&self) -> impl Iterator<Item = &str> {
        self.schemas.keys().map(String::as_str)
    }
    /// How many types AWS has.
    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.types.len()
    }
}
