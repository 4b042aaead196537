//! Colour: from whatever depth, channels and profile a picture has to 8-bit sRGB.
//!
//! Runs on a picture that has been shrunk already, which is a few per cent of the pixels; the profile's own curve is close
//! enough to perceptual for shrinking. A picture without a profile is sRGB, as the web assumes. A profile that is broken or
//! belongs to other channels than the pixels have is ignored, as browsers do. CMYK JPEGs arrive here as RGB: the
//! decoder mixes their inks by the plain formula and their (printer) profile is not looked at.

use image::DynamicImage;
use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};

use crate::raster::Raster;

/// The picture as 8-bit sRGB, with alpha only if it has any that shows.
pub fn to_srgb(pixels: DynamicImage, profile: Option<&[u8]>) -> Raster {
    let converted = profile.and_then(|icc| ColorProfile::new_from_slice(icc).ok()).and_then(|profile| convert(&pixels, &profile));
    converted.unwrap_or_else(|| assume_srgb(pixels)).without_idle_alpha()
}

fn assume_srgb(pixels: DynamicImage) -> Raster {
    let (width, height) = (pixels.width(), pixels.height());
    if pixels.color().has_alpha() {
        Raster::new(width, height, true, pixels.into_rgba8().into_raw())
    } else {
        Raster::new(width, height, false, pixels.into_rgb8().into_raw())
    }
}

/// Through the profile, at 16 bits where the picture has them. Nothing if profile and pixels don't go together.
fn convert(pixels: &DynamicImage, profile: &ColorProfile) -> Option<Raster> {
    let alpha = pixels.color().has_alpha();
    let deep = pixels.color().bytes_per_pixel() / pixels.color().channel_count() > 1;
    let target = if alpha { Layout::Rgba } else { Layout::Rgb };
    let source = match (profile.color_space, alpha) {
        (DataColorSpace::Rgb, _) => target,
        (DataColorSpace::Gray, _) if pixels.color().has_color() => return None,
        (DataColorSpace::Gray, true) => Layout::GrayAlpha,
        (DataColorSpace::Gray, false) => Layout::Gray,
        _ => return None,
    };
    let samples = pixels.width() as usize * pixels.height() as usize * if alpha { 4 } else { 3 };
    let data =
        if deep { convert_16(pixels, profile, source, target, samples)? } else { convert_8(pixels, profile, source, target, samples)? };
    Some(Raster::new(pixels.width(), pixels.height(), alpha, data))
}

fn convert_8(pixels: &DynamicImage, profile: &ColorProfile, source: Layout, target: Layout, samples: usize) -> Option<Vec<u8>> {
    let raw = match source {
        Layout::Gray => pixels.to_luma8().into_raw(),
        Layout::GrayAlpha => pixels.to_luma_alpha8().into_raw(),
        Layout::Rgba => pixels.to_rgba8().into_raw(),
        _ => pixels.to_rgb8().into_raw(),
    };
    let transform = profile.create_transform_8bit(source, &ColorProfile::new_srgb(), target, TransformOptions::default()).ok()?;
    let mut data = vec![0; samples];
    transform.transform(&raw, &mut data).ok()?;
    Some(data)
}

fn convert_16(pixels: &DynamicImage, profile: &ColorProfile, source: Layout, target: Layout, samples: usize) -> Option<Vec<u8>> {
    let raw = match source {
        Layout::Gray => pixels.to_luma16().into_raw(),
        Layout::GrayAlpha => pixels.to_luma_alpha16().into_raw(),
        Layout::Rgba => pixels.to_rgba16().into_raw(),
        _ => pixels.to_rgb16().into_raw(),
    };
    let transform = profile.create_transform_16bit(source, &ColorProfile::new_srgb(), target, TransformOptions::default()).ok()?;
    let mut deep = vec![0; samples];
    transform.transform(&raw, &mut deep).ok()?;
    Some(deep.into_iter().map(|sample: u16| ((u32::from(sample) + 128) / 257) as u8).collect())
}
