//! EXIF's eight orientations: turning pixels the way the camera was held.

use crate::raster::Raster;

/// Whether this orientation (1 to 8) swaps width and height.
pub fn swaps_sides(orientation: u8) -> bool {
    (5..=8).contains(&orientation)
}

/// The upright picture. Orientation is EXIF's number; 1 and unknown numbers leave the pixels alone.
pub fn upright(raster: Raster, orientation: u8) -> Raster {
    if !(2..=8).contains(&orientation) {
        return raster;
    }
    let (right, bottom) = (raster.width - 1, raster.height - 1);
    let (width, height) = if swaps_sides(orientation) { (raster.height, raster.width) } else { (raster.width, raster.height) };
    let channels = raster.channels();
    let mut data = Vec::with_capacity(raster.data.len());
    for y in 0..height {
        for x in 0..width {
            // Where the upright pixel (x, y) lies in what the sensor wrote.
            let (sx, sy) = match orientation {
                2 => (right - x, y),
                3 => (right - x, bottom - y),
                4 => (x, bottom - y),
                5 => (y, x),
                6 => (y, bottom - x),
                7 => (right - y, bottom - x),
                _ => (right - y, x),
            };
            let at = (sy as usize * raster.width as usize + sx as usize) * channels;
            data.extend_from_slice(&raster.data[at..at + channels]);
        }
    }
    Raster::new(width, height, raster.alpha, data)
}
