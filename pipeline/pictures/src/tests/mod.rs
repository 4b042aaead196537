//! The fixtures through the renderer: what is shown, and what is refused.

mod allocations;
mod pictures;
mod refused;

use std::path::Path;

use crate::decode::Limits;
use crate::render::Settings;

/// A file under fixtures/.
pub(super) fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("fixture {}: {error}", path.display()))
}

/// Limits as template.yaml has them.
pub(super) fn limits() -> Limits {
    Limits { max_bytes: 20 << 20, max_pixels: 50_000_000, max_decoded_bytes: 512 << 20 }
}

/// Settings as template.yaml has them.
pub(super) fn settings() -> Settings {
    Settings { sizes: vec![160, 640, 1600], jpeg_quality: 82, webp_quality: 80 }
}
