//! The library's tests: the jobs against a store made of a map.

mod aggregates;
mod api;
mod batch;
mod config;
mod events;
mod jobs;
mod keys;
mod memory_store;
mod signing;

use std::path::Path;

/// A file under fixtures/.
pub(super) fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("fixture {}: {error}", path.display()))
}

/// Limits and settings as template.yaml has them.
pub(super) fn limits() -> pictures::decode::Limits {
    pictures::decode::Limits { max_bytes: 20 << 20, max_pixels: 50_000_000, max_decoded_bytes: 512 << 20 }
}

pub(super) fn settings() -> pictures::render::Settings {
    pictures::render::Settings { sizes: vec![160, 640, 1600], jpeg_quality: 82, webp_quality: 80 }
}
