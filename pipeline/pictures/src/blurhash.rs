//! BlurHash (blurha.sh): a picture's gist in some thirty characters, to show while the picture loads.

use std::f32::consts::PI;

use crate::raster::Raster;

const DIGITS: &[u8; 83] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~";

/// The hash, with four components along the long side and three along the short one. Give it a thumbnail: time goes with pixels.
pub fn blurhash(raster: &Raster) -> String {
    let (across, down) = if raster.width >= raster.height { (4, 3) } else { (3, 4) };
    let linear: Vec<[f32; 3]> = raster.on_white().pixels().map(|[r, g, b, _]| [r, g, b].map(to_linear)).collect();
    let factors: Vec<[f32; 3]> =
        (0..down).flat_map(|j| (0..across).map(move |i| (i, j))).map(|(i, j)| factor(&linear, raster.width, raster.height, i, j)).collect();

    let peak = factors[1..].iter().flatten().fold(0.0_f32, |peak, value| peak.max(value.abs()));
    let scale = ((peak * 166.0 - 0.5).floor() as i32).clamp(0, 82) as u32;
    let mut hash = String::new();
    digits(&mut hash, (across - 1) + (down - 1) * 9, 1);
    digits(&mut hash, scale, 1);
    let [r, g, b] = factors[0].map(to_srgb);
    digits(&mut hash, (r << 16) + (g << 8) + b, 4);
    let most = (scale + 1) as f32 / 166.0;
    for factor in &factors[1..] {
        let [r, g, b] = factor.map(|value| quantise(value / most));
        digits(&mut hash, r * 19 * 19 + g * 19 + b, 2);
    }
    hash
}

/// One coefficient of the picture's cosine transform.
fn factor(linear: &[[f32; 3]], width: u32, height: u32, i: u32, j: u32) -> [f32; 3] {
    let normal = if i == 0 && j == 0 { 1.0 } else { 2.0 };
    let across: Vec<f32> = (0..width).map(|x| (PI * i as f32 * x as f32 / width as f32).cos()).collect();
    let mut sum = [0.0; 3];
    for (y, row) in linear.chunks_exact(width as usize).enumerate() {
        let down = (PI * j as f32 * y as f32 / height as f32).cos();
        for (pixel, across) in row.iter().zip(&across) {
            for (sum, value) in sum.iter_mut().zip(pixel) {
                *sum += across * down * value;
            }
        }
    }
    sum.map(|value| value * normal / (width * height) as f32)
}

fn quantise(value: f32) -> u32 {
    let root = value.abs().sqrt().copysign(value);
    ((root * 9.0 + 9.5).floor() as i32).clamp(0, 18) as u32
}

fn digits(hash: &mut String, value: u32, length: u32) {
    for place in (0..length).rev() {
        hash.push(DIGITS[(value / 83_u32.pow(place) % 83) as usize] as char);
    }
}

pub(crate) fn to_linear(value: u8) -> f32 {
    let value = f32::from(value) / 255.0;
    if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}

fn to_srgb(value: f32) -> u32 {
    let value = value.clamp(0.0, 1.0);
    let encoded = if value <= 0.003_130_8 { value * 12.92 } else { 1.055 * value.powf(1.0 / 2.4) - 0.055 };
    (encoded * 255.0 + 0.5) as u32
}
