//! Every fixture that is a picture: its size, its format, the way up, its colours, and what must not be in what we make of it.

use image::RgbImage;

use super::{fixture, limits, settings};
use crate::encode::Encoding;
use crate::phash::distance;
use crate::render::{Picture, Rendition, render};
use crate::sniff::Format;

fn picture(name: &str) -> Picture {
    render(&fixture(&format!("made/{name}")), &limits(), &settings()).unwrap_or_else(|refusal| panic!("{name} was refused: {refusal:?}"))
}

fn biggest(picture: &Picture, encoding: Encoding) -> &Rendition {
    picture.renditions.iter().rfind(|rendition| rendition.encoding == encoding).expect("every encoding is made")
}

fn shown(picture: &Picture, encoding: Encoding) -> RgbImage {
    image::load_from_memory(&biggest(picture, encoding).bytes).expect("what we encode decodes").into_rgb8()
}

/// The test card as it was drawn.
fn card() -> RgbImage {
    image::load_from_memory(&fixture("made/formats/rgb8.png")).expect("the card decodes").into_rgb8()
}

fn grey_card() -> RgbImage {
    image::DynamicImage::ImageLuma8(image::DynamicImage::ImageRgb8(card()).into_luma8()).into_rgb8()
}

/// Mean difference of two pictures per channel, 0 to 255.
fn difference(one: &RgbImage, other: &RgbImage) -> f64 {
    assert_eq!(one.dimensions(), other.dimensions());
    let total: u64 = one.iter().zip(other.iter()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    total as f64 / one.len() as f64
}

#[track_caller]
fn looks_like(name: &str, expected: &RgbImage, most: f64) {
    let picture = picture(name);
    for encoding in Encoding::ALL {
        let found = difference(&shown(&picture, encoding), expected);
        assert!(found <= most, "{name} as {encoding:?} differs by {found:.2}, allowed {most}");
    }
}

#[test]
fn every_format_shows_the_card() {
    let card = card();
    for name in [
        "baseline.jpg",
        "progressive.jpg",
        "subsampled.jpg",
        "restarts.jpg",
        "rgb8.png",
        "rgb16.png",
        "lossy.webp",
        "lossless.webp",
        "two-frames.webp",
        "rgb8.tiff",
        "rgb16.tiff",
        "rgb8.bmp",
    ] {
        looks_like(&format!("formats/{name}"), &card, 5.0);
    }
    looks_like("formats/two-frames.gif", &card, 7.0);
    looks_like("formats/cmyk.jpg", &card, 6.0);
    looks_like("formats/ycck.jpg", &card, 6.0);
}

#[test]
fn grey_stays_grey() {
    for name in ["grey.jpg", "grey8.png", "grey16.png", "grey8.tiff"] {
        looks_like(&format!("formats/{name}"), &grey_card(), 4.0);
    }
    let one_bit = shown(&picture("formats/one-bit.png"), Encoding::Jpeg);
    assert!(one_bit.pixels().filter(|pixel| pixel.0[0] < 40 || pixel.0[0] > 215).count() > 180 * 120 * 9 / 10, "black and white");
}

#[test]
fn palette_with_a_transparent_entry() {
    let picture = picture("formats/palette.png");
    let shown = shown(&picture, Encoding::Jpeg);
    let [r, g, b] = shown.get_pixel(90, 60).0;
    assert!(r > 240 && g > 240 && b > 240, "transparency is laid on white: {r} {g} {b}");
    assert!(shown.get_pixel(10, 10).0[0] > 150 && shown.get_pixel(10, 10).0[1] < 70, "the red corner is red");
    let webp = image::load_from_memory(&biggest(&picture, Encoding::WebP).bytes).unwrap();
    assert_eq!(webp.to_rgba8().get_pixel(90, 60).0[3], 0, "transparency stays in WebP");
}

#[test]
fn alpha_is_white_in_jpeg_and_stays_in_webp() {
    for name in ["formats/alpha.png", "formats/alpha16.png", "formats/alpha.webp", "formats/grey-alpha.png"] {
        let picture = picture(name);
        let jpeg = shown(&picture, Encoding::Jpeg);
        let [r, g, b] = jpeg.get_pixel(178, 60).0;
        assert!(r > 235 && g > 235 && b > 235, "{name}: the faded side is white, not the hidden green: {r} {g} {b}");
        let webp = image::load_from_memory(&biggest(&picture, Encoding::WebP).bytes).unwrap().into_rgba8();
        assert!(webp.get_pixel(2, 60).0[3] > 245 && webp.get_pixel(177, 60).0[3] < 10, "{name}: WebP fades");
    }
    let opaque = image::load_from_memory(&biggest(&picture("formats/rgb8.png"), Encoding::WebP).bytes).unwrap();
    assert!(!opaque.color().has_alpha());
}

#[test]
fn all_orientations_come_out_upright() {
    for orientation in 1..=8_u8 {
        let name = format!("orientation/{orientation}.jpg");
        looks_like(&name, &card(), 6.0);
        let picture = picture(&name);
        assert_eq!((picture.width, picture.height, picture.orientation), (180, 120, orientation));
        assert_eq!(picture.taken_at.as_deref(), Some("2026-03-29T14:05:59+02:00"));
    }
    looks_like("orientation/6.tiff", &card(), 5.0);
    looks_like("orientation/unknown.jpg", &card(), 5.0);
}

#[test]
fn nothing_private_comes_out() {
    let upload = fixture("made/orientation/6.jpg");
    assert!(contains(&upload, b"SecretCameraMaker") && contains(&upload, b"Exif"), "the fixture has something to hide");
    for rendition in picture("orientation/6.jpg").renditions {
        for private in [&b"Secret"[..], b"Exif", b"EXIF", b"2026:03:29", b"ICC_PROFILE", b"ICCP", b"http://ns.adobe.com"] {
            assert!(!contains(&rendition.bytes, private), "{:?} is in a {:?}", String::from_utf8_lossy(private), rendition.encoding);
        }
    }
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[test]
fn profiles_are_applied() {
    let card = card();
    for name in ["display-p3.jpg", "adobe-rgb.png", "display-p3-16bit.png", "display-p3.webp"] {
        let name = format!("colour/{name}");
        looks_like(&name, &card, 5.0);
        // The control: without the profile the corner's red is another.
        let raw = image::load_from_memory(&fixture(&format!("made/{name}"))).unwrap().into_rgb8();
        let shown = shown(&picture(&name), Encoding::WebP);
        let red = |image: &RgbImage| i32::from(image.get_pixel(10, 10).0[0]);
        assert!((red(&shown) - 220).abs() <= 8, "{name}: red is {}", red(&shown));
        assert!((red(&raw) - 220).abs() > 12, "{name}: the stored red is {}", red(&raw));
    }
    looks_like("colour/linear-grey-16bit.png", &grey_card(), 4.0);
    looks_like("colour/broken-profile.jpg", &card, 5.0);
}

#[test]
fn the_bytes_decide_the_format() {
    for (name, format) in [
        ("formats/baseline.jpg", Format::Jpeg),
        ("formats/rgb8.png", Format::Png),
        ("formats/lossy.webp", Format::WebP),
        ("formats/two-frames.gif", Format::Gif),
        ("formats/rgb8.tiff", Format::Tiff),
        ("formats/rgb8.bmp", Format::Bmp),
        ("damage/png-named.jpg", Format::Png),
    ] {
        assert_eq!(picture(name).format, format, "{name}");
    }
}

#[test]
fn sizes_shrink_and_never_grow() {
    let sizes = |name: &str| -> Vec<(u32, u32, u32)> {
        picture(name).renditions.iter().filter(|r| r.encoding == Encoding::Jpeg).map(|r| (r.size, r.width, r.height)).collect()
    };
    assert_eq!(sizes("sizes/2400x1600.jpg"), [(160, 160, 107), (640, 640, 427), (1600, 1600, 1067)]);
    assert_eq!(sizes("formats/rgb8.png"), [(160, 160, 107), (640, 180, 120)]);
    assert_eq!(sizes("sizes/1x1.png"), [(160, 1, 1)]);
    assert_eq!(sizes("sizes/3000x2.png"), [(160, 160, 1), (640, 640, 1), (1600, 1600, 1)]);
    for rendition in picture("sizes/2400x1600.jpg").renditions {
        let decoded = image::load_from_memory(&rendition.bytes).unwrap();
        assert_eq!((decoded.width(), decoded.height()), (rendition.width, rendition.height));
    }
}

#[test]
fn real_photographs() {
    for (name, width, height) in [
        ("astronaut.png", 512, 512),
        ("hubble_deep_field.jpg", 1000, 872),
        ("moon.png", 512, 512),
        ("rocket.jpg", 640, 427),
        ("chelsea.png", 451, 300),
        ("coffee.png", 600, 400),
        ("brick.png", 512, 512),
    ] {
        let original = fixture(&format!("photos/{name}"));
        let picture = render(&original, &limits(), &settings()).unwrap();
        assert_eq!((picture.width, picture.height), (width, height), "{name}");
        let full = image::load_from_memory(&original).unwrap().into_rgb8();
        let shown = shown(&picture, Encoding::Jpeg);
        if full.dimensions() == shown.dimensions() {
            let found = difference(&full, &shown);
            assert!(found < 8.0, "{name} differs by {found:.2}");
        }
        let bytes: usize = picture.renditions.iter().map(|rendition| rendition.bytes.len()).sum();
        assert!(bytes < 800_000, "{name}: {bytes}");
    }
}

#[test]
fn blurhash_is_the_published_algorithm() {
    // One colour has a DC term and no AC: 21 digits of it can be written by hand.
    let plain = crate::raster::Raster::new(16, 16, false, [255, 0, 0].repeat(256));
    let hash = crate::blurhash::blurhash(&plain);
    assert_eq!(hash.len(), 1 + 1 + 4 + 2 * 11);
    assert_eq!(&hash[..1], "L", "4 x 3 components: 3 + 2 * 9 = 21");
    assert_eq!(&hash[2..6], "TI:j", "0xff0000 in base 83");
    assert!(picture("formats/rgb8.png").blurhash.starts_with('L'));
}

#[test]
fn phash_knows_the_same_picture_again() {
    let original = picture("formats/rgb8.png").phash;
    for name in ["formats/lossy.webp", "formats/two-frames.gif", "formats/grey.jpg", "orientation/7.jpg", "colour/display-p3.jpg"] {
        let found = distance(&original, &picture(name).phash).unwrap();
        assert!(found <= 8, "{name}: {found}");
    }
    let other = render(&fixture("photos/coffee.png"), &limits(), &settings()).unwrap().phash;
    assert!(distance(&original, &other).unwrap() > 16);
}

#[test]
fn dominant_colours() {
    let halves: Vec<u8> = (0..40 * 40).flat_map(|i| if i % 40 < 28 { [200, 30, 30] } else { [20, 40, 180] }).collect();
    let found = crate::colours::dominant(&crate::raster::Raster::new(40, 40, false, halves));
    assert_eq!(found, ["#c81e1e", "#1428b4"]);
    let colours = picture("formats/rgb8.png").colours;
    assert!((2..=5).contains(&colours.len()), "{colours:?}");
    assert!(crate::colours::dominant(&crate::raster::Raster::new(2, 1, true, vec![0; 8])).is_empty());
}

#[test]
fn the_same_upload_gives_the_same_bytes() {
    assert_eq!(picture("formats/alpha.png"), picture("formats/alpha.png"));
}
