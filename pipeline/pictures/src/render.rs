//! From an uploaded file to everything that is made of it. Pure: bytes in, bytes and facts out; no store, no clock.

use crate::blurhash::blurhash;
use crate::colour::to_srgb;
use crate::colours::dominant;
use crate::decode::{Decoded, Limits, decode};
use crate::encode::{Encoding, encode};
use crate::orient::{swaps_sides, upright};
use crate::phash::phash;
use crate::raster::Raster;
use crate::refusal::Refusal;
use crate::resize::{fit, shrink, shrink_decoded};
use crate::sniff::Format;

/// How renditions are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Lengths of the long side in pixels, ascending.
    pub sizes: Vec<u32>,
    /// 1 to 100.
    pub jpeg_quality: u8,
    /// 1 to 100.
    pub webp_quality: u8,
}

impl Settings {
    /// The settings in a word; images made with another word are made anew when their upload comes by again.
    pub fn fingerprint(&self) -> String {
        let sizes: Vec<String> = self.sizes.iter().map(u32::to_string).collect();
        format!("v1/{}/jpeg{}/webp{}", sizes.join("-"), self.jpeg_quality, self.webp_quality)
    }

    fn quality(&self, encoding: Encoding) -> u8 {
        match encoding {
            Encoding::Jpeg => self.jpeg_quality,
            Encoding::WebP => self.webp_quality,
        }
    }

    /// The sizes that a picture gets: all that are smaller than it, and one in which it is whole.
    fn sizes_for(&self, long_side: u32) -> impl Iterator<Item = u32> + '_ {
        let whole = self.sizes.iter().position(|size| *size >= long_side).map_or(self.sizes.len(), |at| at + 1);
        self.sizes[..whole].iter().copied()
    }
}

/// A picture in one size and encoding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendition {
    /// The configured size that it was made for; `width` and `height` may be smaller, never bigger.
    pub size: u32,
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// The encoding of `bytes`.
    pub encoding: Encoding,
    /// The file.
    pub bytes: Vec<u8>,
}

/// Everything that is made of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// What the upload is.
    pub format: Format,
    /// Pixels in a row of the upload, held upright.
    pub width: u32,
    /// Rows of the upload, held upright.
    pub height: u32,
    /// EXIF's orientation of the upload.
    pub orientation: u8,
    /// When it was taken.
    pub taken_at: Option<String>,
    /// Smallest first, each size in every encoding.
    pub renditions: Vec<Rendition>,
    /// See `blurhash`.
    pub blurhash: String,
    /// See `phash`.
    pub phash: String,
    /// See `colours`.
    pub colours: Vec<String>,
}

/// Makes everything. Errors: why the upload is no picture that we show.
pub fn render(bytes: &[u8], limits: &Limits, settings: &Settings) -> Result<Picture, Refusal> {
    let Decoded { format, pixels, orientation, profile, taken_at } = decode(bytes, limits)?;
    let (stored_width, stored_height) = (pixels.width(), pixels.height());
    let sizes: Vec<u32> = settings.sizes_for(stored_width.max(stored_height)).collect();
    let biggest = sizes.last().copied().unwrap_or_default();

    // Shrunk first, turned and coloured after: the full picture is touched once, and freed.
    let (width, height) = fit(stored_width, stored_height, biggest);
    let master = upright(to_srgb(shrink_decoded(pixels, width, height), profile.as_deref()), orientation);
    let renditions = sizes.iter().flat_map(|size| renditions_of(&master, *size, settings)).collect();

    let (width, height) = fit(master.width, master.height, 64);
    let thumbnail = shrink(&master, width, height);
    let (width, height) = if swaps_sides(orientation) { (stored_height, stored_width) } else { (stored_width, stored_height) };
    Ok(Picture {
        format,
        width,
        height,
        orientation,
        taken_at,
        renditions,
        blurhash: blurhash(&thumbnail),
        phash: phash(&master),
        colours: dominant(&thumbnail),
    })
}

fn renditions_of(master: &Raster, size: u32, settings: &Settings) -> Vec<Rendition> {
    let (width, height) = fit(master.width, master.height, size);
    let raster = shrink(master, width, height);
    let make = |encoding| Rendition { size, width, height, encoding, bytes: encode(&raster, encoding, settings.quality(encoding)) };
    Encoding::ALL.map(make).to_vec()
}
