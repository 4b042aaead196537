//! A perceptual hash: pictures that look alike have hashes that differ in few bits, whatever their size, format and quality.

use std::f32::consts::PI;

use crate::raster::Raster;
use crate::resize::shrink;

/// Side of the square that the picture is squeezed into, and of the corner of its cosine transform that counts.
const SIDE: usize = 32;
const CORNER: usize = 8;

/// 64 bits as 16 hex digits: for each of the 64 lowest frequencies, whether it is above their median.
pub fn phash(raster: &Raster) -> String {
    format!("{:016x}", bits(raster))
}

/// In how many of 64 bits two hashes differ: up to about 10 for the same picture. Nothing if one is no hash.
pub fn distance(one: &str, other: &str) -> Option<u32> {
    let parse = |text: &str| u64::from_str_radix(text, 16).ok();
    Some((parse(one)? ^ parse(other)?).count_ones())
}

fn bits(raster: &Raster) -> u64 {
    let square = shrink(&raster.on_white(), SIDE as u32, SIDE as u32);
    let grey: Vec<f32> = square.pixels().map(|[r, g, b, _]| 0.299 * f32::from(r) + 0.587 * f32::from(g) + 0.114 * f32::from(b)).collect();
    let wave: Vec<[f32; SIDE]> =
        (0..CORNER).map(|u| std::array::from_fn(|x| (PI * u as f32 * (2 * x + 1) as f32 / (2 * SIDE) as f32).cos())).collect();

    let mut low = Vec::with_capacity(CORNER * CORNER);
    for v in 0..CORNER {
        for u in 0..CORNER {
            let row = |y: usize| -> f32 { (0..SIDE).map(|x| grey[y * SIDE + x] * wave[u][x]).sum() };
            low.push((0..SIDE).map(|y| row(y) * wave[v][y]).sum::<f32>());
        }
    }
    // The first is the mean brightness: it would always be above, and drag the median.
    let mut sorted = low[1..].to_vec();
    sorted.sort_by(f32::total_cmp);
    let median = sorted[sorted.len() / 2];
    low.iter().fold(0, |bits, value| bits << 1 | u64::from(*value > median))
}
