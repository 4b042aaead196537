//! The colours that a picture is mostly made of, by k-means in OKLab, where distance is what the eye calls difference.
//!
//! No randomness: centres start as far from each other as the pixels allow, so the same picture always has the same colours.

use crate::blurhash::to_linear;
use crate::raster::Raster;
use crate::resize::{fit, shrink};

const MOST: usize = 5;
const ROUNDS: usize = 12;
/// A colour with less of the picture than this is not one of its main colours.
const LEAST_SHARE: f32 = 0.02;

struct Sample {
    lab: [f32; 3],
    rgb: [u8; 3],
}

/// Up to five colours as `#rrggbb`, the commonest first. Transparent pixels don't count; a picture of nothing else has none.
pub fn dominant(raster: &Raster) -> Vec<String> {
    let (width, height) = fit(raster.width, raster.height, 48);
    let samples: Vec<Sample> = shrink(raster, width, height)
        .pixels()
        .filter(|pixel| pixel[3] >= 128)
        .map(|[r, g, b, _]| Sample { lab: oklab([r, g, b]), rgb: [r, g, b] })
        .collect();
    let mut centres = spread(&samples);
    let mut members = vec![0; samples.len()];
    for _ in 0..ROUNDS {
        for (member, sample) in members.iter_mut().zip(&samples) {
            *member = nearest(&centres, sample.lab).0;
        }
        for (index, centre) in centres.iter_mut().enumerate() {
            *centre =
                mean(samples.iter().zip(&members).filter(|(_, member)| **member == index).map(|(sample, _)| sample.lab)).unwrap_or(*centre);
        }
    }
    let mut found: Vec<(usize, String)> = (0..centres.len())
        .filter_map(|index| {
            let own = || samples.iter().zip(&members).filter(|(_, member)| **member == index).map(|(sample, _)| sample.rgb.map(f32::from));
            let [r, g, b] = mean(own())?.map(|value| value.round() as u8);
            Some((own().count(), format!("#{r:02x}{g:02x}{b:02x}")))
        })
        .filter(|(count, _)| *count as f32 >= LEAST_SHARE * samples.len() as f32)
        .collect();
    found.sort_by(|one, other| other.0.cmp(&one.0).then_with(|| one.1.cmp(&other.1)));
    found.into_iter().map(|(_, colour)| colour).collect()
}

/// First the mean, then again and again the sample that is farthest from all centres so far, as long as one is visibly far.
fn spread(samples: &[Sample]) -> Vec<[f32; 3]> {
    const VISIBLE: f32 = 0.06 * 0.06;
    let Some(first) = mean(samples.iter().map(|sample| sample.lab)) else { return Vec::new() };
    let mut centres = vec![first];
    while centres.len() < MOST {
        let farthest =
            samples.iter().map(|sample| (nearest(&centres, sample.lab).1, sample.lab)).max_by(|one, other| one.0.total_cmp(&other.0));
        match farthest {
            Some((distance, lab)) if distance > VISIBLE => centres.push(lab),
            _ => break,
        }
    }
    centres
}

fn nearest(centres: &[[f32; 3]], lab: [f32; 3]) -> (usize, f32) {
    let distance = |centre: &[f32; 3]| centre.iter().zip(lab).map(|(a, b)| (a - b) * (a - b)).sum::<f32>();
    centres.iter().map(distance).enumerate().min_by(|one, other| one.1.total_cmp(&other.1)).unwrap_or((0, 0.0))
}

fn mean(values: impl Iterator<Item = [f32; 3]>) -> Option<[f32; 3]> {
    let (count, sum) = values.fold((0, [0.0; 3]), |(count, sum), value| (count + 1, std::array::from_fn(|i| sum[i] + value[i])));
    (count > 0).then(|| sum.map(|total: f32| total / count as f32))
}

/// Björn Ottosson's OKLab.
fn oklab(rgb: [u8; 3]) -> [f32; 3] {
    let [r, g, b] = rgb.map(to_linear);
    let l = (0.412_221_46 * r + 0.536_332_55 * g + 0.051_445_995 * b).cbrt();
    let m = (0.211_903_5 * r + 0.680_699_5 * g + 0.107_396_96 * b).cbrt();
    let s = (0.088_302_46 * r + 0.281_718_85 * g + 0.629_978_7 * b).cbrt();
    [
        0.210_454_26 * l + 0.793_617_8 * m - 0.004_072_047 * s,
        1.977_998_5 * l - 2.428_592_2 * m + 0.450_593_7 * s,
        0.025_904_037 * l + 0.782_771_77 * m - 0.808_675_77 * s,
    ]
}
