//! Shrinking, with SIMD and a Lanczos filter; never enlarging.
//!
//! It works on the encoded (gamma) values, as browsers and most image services do: twice as fast as going through linear
//! light, at the price of fine bright detail on dark ground coming out a little darker. Alpha is premultiplied, so that
//! transparent pixels don't bleed their hidden colour.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{PixelType, Resizer};
use image::DynamicImage;

use crate::raster::Raster;

/// The size that fits a long side of `long_side` pixels: proportions kept, never bigger than it is, no side below 1.
pub fn fit(width: u32, height: u32, long_side: u32) -> (u32, u32) {
    let longest = width.max(height);
    if longest <= long_side {
        return (width, height);
    }
    let scale = |side: u32| ((u64::from(side) * u64::from(long_side) + u64::from(longest) / 2) / u64::from(longest)).max(1) as u32;
    (scale(width), scale(height))
}

/// Shrinks a decoded picture in its own depth and colour space.
pub fn shrink_decoded(pixels: DynamicImage, width: u32, height: u32) -> DynamicImage {
    if (pixels.width(), pixels.height()) == (width, height) {
        return pixels;
    }
    let mut small = DynamicImage::new(width, height, pixels.color());
    match Resizer::new().resize(&pixels, &mut small, None) {
        Ok(()) => small,
        // A depth that the resizer doesn't know: 8 bits will do for a smaller copy.
        Err(_) => {
            let rgba = DynamicImage::ImageRgba8(pixels.into_rgba8());
            let mut small = DynamicImage::new(width, height, rgba.color());
            Resizer::new().resize(&rgba, &mut small, None).expect("RGBA of equal type resizes");
            small
        }
    }
}

/// Shrinks finished pixels.
pub fn shrink(raster: &Raster, width: u32, height: u32) -> Raster {
    if (raster.width, raster.height) == (width, height) {
        return raster.clone();
    }
    let kind = if raster.alpha { PixelType::U8x4 } else { PixelType::U8x3 };
    let source = ImageRef::new(raster.width, raster.height, &raster.data, kind).expect("a raster's bytes fit its size");
    let mut target = Image::new(width, height, kind);
    Resizer::new().resize(&source, &mut target, None).expect("pixels of equal type resize");
    Raster::new(width, height, raster.alpha, target.into_vec())
}
