//! What a picture is: format, size, and what it looks like. For expectations; the pipeline's own sums are not used to check the pipeline.

use image::{ImageDecoder, ImageReader, Limits, imageops::FilterType};
use std::io::Cursor;

/// Bits that may differ between two pictures that look alike.
pub const NEAR: u32 = 10;

/// What is known of a picture from its head.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// `jpeg`, `png`, `webp`, `gif`, `tiff`, `bmp`.
    pub format: String,
    /// Pixels in a row, as stored.
    pub width: u32,
    /// Rows, as stored.
    pub height: u32,
}

/// Reads a picture's head.
pub fn facts(bytes: &[u8]) -> Result<Facts, String> {
    let reader = reader(bytes)?;
    let format = reader.format().ok_or("the bytes begin like no picture")?;
    let format = format.extensions_str().first().map_or("", |e| if *e == "jpg" { "jpeg" } else { e }).to_owned();
    let decoder = reader.into_decoder().map_err(|e| e.to_string())?;
    let (width, height) = decoder.dimensions();
    Ok(Facts { format, width, height })
}

/// How many of 64 bits differ between what two pictures look like (0: alike, 32: nothing in common).
pub fn distance(a: &[u8], b: &[u8]) -> Result<u32, String> {
    Ok((hash(a)? ^ hash(b)?).count_ones())
}

/// The difference hash: whether each of 8 x 8 fields is brighter than its neighbour to the right.
fn hash(bytes: &[u8]) -> Result<u64, String> {
    let mut decoder = reader(bytes)?.into_decoder().map_err(|e| e.to_string())?;
    let orientation = decoder.orientation().map_err(|e| e.to_string())?;
    let mut picture = image::DynamicImage::from_decoder(decoder).map_err(|e| e.to_string())?;
    picture.apply_orientation(orientation);
    let small = picture.resize_exact(9, 8, FilterType::Triangle).to_luma8();
    let bits = (0..8).flat_map(|y| (0..8).map(move |x| (x, y)));
    Ok(bits.fold(0, |hash, (x, y)| hash << 1 | u64::from(small.get_pixel(x, y).0[0] > small.get_pixel(x + 1, y).0[0])))
}

fn reader(bytes: &[u8]) -> Result<ImageReader<Cursor<&[u8]>>, String> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|e| e.to_string())?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(1 << 30);
    reader.limits(limits);
    Ok(reader)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixture(name: &str) -> Vec<u8> {
        std::fs::read(format!("{}/../../fixtures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    }

    #[test]
    fn pictures_are_told_apart_and_alike_ones_are_near() {
        let card = fixture("made/formats/rgb8.png");
        assert_eq!(facts(&card), Ok(Facts { format: "png".into(), width: 180, height: 120 }));
        assert!(distance(&card, &fixture("made/formats/lossy.webp")).unwrap() <= NEAR);
        assert!(distance(&card, &fixture("made/orientation/6.jpg")).unwrap() <= NEAR);
        assert!(distance(&card, &fixture("photos/rocket.jpg")).unwrap() > NEAR);
        assert!(facts(b"nothing").is_err());
    }
}
