//! Every fixture that is not a picture: refused with the right word, and without costing memory.

use super::allocations::peak_of;
use super::{fixture, limits, settings};
use crate::refusal::Code;
use crate::render::render;

#[track_caller]
fn refused(name: &str) -> (Code, String) {
    match render(&fixture(&format!("made/{name}")), &limits(), &settings()) {
        Err(refusal) => (refusal.code, refusal.message),
        Ok(picture) => panic!("{name} was taken for a {:?} of {} x {}", picture.format, picture.width, picture.height),
    }
}

#[test]
fn bombs_are_refused_before_they_cost_memory() {
    for name in
        ["bomb-50000x50000.png", "giant-canvas.gif", "giant-header.jpg", "giant-header.tiff", "giant-header.webp", "giant-header.bmp"]
    {
        let bytes = fixture(&format!("made/damage/{name}"));
        let (result, peak) = peak_of(|| render(&bytes, &limits(), &settings()));
        let refusal = result.expect_err(name);
        assert!(matches!(refusal.code, Code::TooManyPixels | Code::TooMuchMemory), "{name}: {refusal:?}");
        assert!(peak < 4 << 20, "{name} took {peak} bytes");
    }
}

/// The pixels are harmless here, so whether the picture is shown without its profile or refused is the decoder's choice.
#[test]
fn profiles_are_no_way_to_memory() {
    for name in ["profile-bomb.png", "profile-bomb.tiff"] {
        let bytes = fixture(&format!("made/damage/{name}"));
        let (_, peak) = peak_of(|| render(&bytes, &limits(), &settings()));
        assert!(peak < 32 << 20, "{name} took {peak} bytes");
    }
}

#[test]
fn what_is_cut_short_is_damaged() {
    for name in [
        "truncated.jpg",
        "truncated-progressive.jpg",
        "truncated.png",
        "truncated.webp",
        "truncated.bmp",
        "truncated.tiff",
        "truncated.gif",
        "header-only.jpg",
        "bit-flipped.png",
    ] {
        let (code, message) = refused(&format!("damage/{name}"));
        assert_eq!(code, Code::Damaged, "{name}: {message}");
    }
}

#[test]
fn what_is_no_picture_is_called_so() {
    assert_eq!(refused("damage/empty.jpg").0, Code::Empty);
    for name in ["damage/text.jpg", "damage/page.png", "damage/drawing.png"] {
        assert_eq!(refused(name).0, Code::NotAnImage, "{name}");
    }
}

/// A sound JPEG that our decoder would show as green bars. When it learns to read it, this test is the reminder to let it in.
#[test]
fn what_the_decoder_gets_wrong_is_not_published() {
    assert_eq!(refused("damage/separate-scans.jpg").0, Code::Unsupported);
    let decoded = image::load_from_memory(&fixture("made/damage/separate-scans.jpg")).unwrap().into_rgb8();
    assert_ne!(decoded.get_pixel(90, 60).0[2] / 8, 114 / 8, "the decoder reads separate scans now: drop Shape::SeparateScans");
}

#[test]
fn harmless_damage_is_harmless() {
    // A flipped bit inside a JPEG's scan gives a spoilt picture that every viewer shows.
    let _ = render(&fixture("made/damage/bit-flipped.jpg"), &limits(), &settings());
    let picture = render(&fixture("made/damage/trailing-junk.jpg"), &limits(), &settings()).unwrap();
    assert_eq!((picture.width, picture.height), (180, 120));
}

#[test]
fn limits_are_the_configured_ones() {
    let bytes = fixture("made/formats/rgb8.png");
    let mut tight = limits();
    tight.max_pixels = 180 * 120;
    assert!(render(&bytes, &tight, &settings()).is_ok());
    tight.max_pixels -= 1;
    assert_eq!(render(&bytes, &tight, &settings()).unwrap_err().code, Code::TooManyPixels);
    let mut tight = limits();
    tight.max_bytes = bytes.len() as u64 - 1;
    assert_eq!(render(&bytes, &tight, &settings()).unwrap_err().code, Code::TooManyBytes);
    let mut tight = limits();
    tight.max_decoded_bytes = 180 * 120 * 3 - 1;
    assert_eq!(render(&bytes, &tight, &settings()).unwrap_err().code, Code::TooMuchMemory);
}

#[test]
fn no_prefix_of_a_file_makes_a_decoder_panic_through() {
    for name in ["formats/baseline.jpg", "formats/palette.png", "formats/lossy.webp", "formats/two-frames.gif", "formats/grey8.tiff"] {
        let bytes = fixture(&format!("made/{name}"));
        for end in (0..bytes.len()).step_by(bytes.len() / 40) {
            let _ = crate::decode::decode(&bytes[..end], &limits());
            let mut bent = bytes.clone();
            bent[end] = !bent[end];
            let _ = crate::decode::decode(&bent, &limits());
        }
    }
}
