//! What has to be known of a JPEG before its pixels are trusted: whether it goes on to its end, and whether the decoder gets it right.
//!
//! The decoder fills what is missing with grey, as browsers do, but a picture that was cut short on its way must not be
//! published as if it were whole.

/// What a walk over the markers found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Ready for the decoder.
    Whole,
    /// It ends before its end-of-image marker.
    CutShort,
    /// Sequential, with subsampled colour in scans of its own. Legal and rare, and zune-jpeg 0.5.15 decodes it to green bars
    /// and reports success (etemesi254/zune-image issue 422).
    SeparateScans,
}

const END_OF_IMAGE: u8 = 0xD9;
const START_OF_SCAN: u8 = 0xDA;
const SEQUENTIAL_FRAMES: [u8; 2] = [0xC0, 0xC1];

/// Walks the markers from the start. What stands behind the end of the image (cameras append previews and films) doesn't matter.
pub fn shape(bytes: &[u8]) -> Shape {
    let mut at = 2;
    let mut scanned = false;
    let mut separate = false;
    let mut frame = None;
    loop {
        let Some(marker_at) = next_marker(bytes, at) else { return Shape::CutShort };
        let marker = bytes[marker_at + 1];
        if marker == END_OF_IMAGE {
            return match (scanned, separate) {
                (false, _) => Shape::CutShort,
                (true, true) => Shape::SeparateScans,
                (true, false) => Shape::Whole,
            };
        }
        let Some(segment) = segment(bytes, marker_at + 2) else { return Shape::CutShort };
        if SEQUENTIAL_FRAMES.contains(&marker) {
            frame = Some(Frame::read(segment));
        }
        if marker == START_OF_SCAN {
            scanned = true;
            separate |=
                frame.is_some_and(|frame| frame.subsampled && segment.first().is_some_and(|components| *components < frame.components));
        }
        at = marker_at + 4 + segment.len();
    }
}

#[derive(Clone, Copy)]
struct Frame {
    components: u8,
    subsampled: bool,
}

impl Frame {
    /// Depth, height, width, number of components; then three bytes for each, the second of which is its sampling factors.
    fn read(segment: &[u8]) -> Self {
        let components = segment.get(5).copied().unwrap_or_default();
        let factors = || segment.get(6..).unwrap_or_default().chunks_exact(3).map(|component| component[1]);
        Self { components, subsampled: factors().any(|factor| Some(factor) != factors().next()) }
    }
}

/// A marker's segment without its length.
fn segment(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let length = usize::from(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
    bytes.get(at + 2..at + length.max(2))
}

/// The next 0xFF that begins a marker with a meaning: not a stuffed byte, a filler or a restart.
fn next_marker(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while at + 1 < bytes.len() {
        if bytes[at] == 0xFF && !matches!(bytes[at + 1], 0x00 | 0x01 | 0xD0..=0xD7 | 0xFF) {
            return Some(at);
        }
        at += 1;
    }
    None
}
