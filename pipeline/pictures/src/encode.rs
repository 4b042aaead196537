//! Pixels to files: JPEG for everything that shows pictures, lossy WebP for what shows it smaller and with transparency.
//!
//! Only pixels go in, so nothing private can come out: no EXIF, no place, no profile (untagged means sRGB). The same pixels
//! always give the same bytes, which is what makes a repeated run harmless.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use crate::raster::Raster;

/// A format that renditions are made in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// JPEG, 4:2:0; transparency is laid on white.
    Jpeg,
    /// Lossy WebP; transparency stays.
    WebP,
}

impl Encoding {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Jpeg, Self::WebP];

    /// The ending of keys.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::WebP => "webp",
        }
    }

    /// The content type.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::WebP => "image/webp",
        }
    }
}

/// Encodes; quality is 1 to 100. Sides must be below 16384, which the configured sizes see to.
pub fn encode(raster: &Raster, encoding: Encoding, quality: u8) -> Vec<u8> {
    match encoding {
        Encoding::Jpeg => jpeg(&raster.on_white(), quality),
        Encoding::WebP => webp(raster, quality),
    }
}

/// With the standard tables: the encoder writes optimised ones in separate scans, which some decoders get wrong (see `jpeg_shape`).
fn jpeg(raster: &Raster, quality: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, quality);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder
        .encode(&raster.data, raster.width as u16, raster.height as u16, ColorType::Rgb)
        .expect("a raster of a rendition's size encodes into memory");
    bytes
}

fn webp(raster: &Raster, quality: u8) -> Vec<u8> {
    let encoder = if raster.alpha {
        webp::Encoder::from_rgba(&raster.data, raster.width, raster.height)
    } else {
        webp::Encoder::from_rgb(&raster.data, raster.width, raster.height)
    };
    encoder.encode_simple(false, f32::from(quality)).expect("a raster of a rendition's size encodes into memory").to_vec()
}
