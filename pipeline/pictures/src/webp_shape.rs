//! What has to be known of an extended WebP before its pixels are trusted: that no frame announces more than the canvas, which is what the
//! limits are held against, and that no chunk announces more bytes than the file has. The decoder (image-webp 0.2) takes a frame's and a
//! chunk's own word and makes room for it before it compares.

const HEADER: usize = 12;
const CHUNK_HEADER: usize = 8;
const FRAME_HEADER: usize = 16;
const VP8_KEY_FRAME: [u8; 3] = [0x9D, 0x01, 0x2A];
const VP8L_SIGNATURE: u8 = 0x2F;

/// Why an extended WebP is not given to the decoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A frame's own header announces this width and height, which is more than the canvas.
    FrameBeyondCanvas(u32, u32),
    /// A chunk announces more bytes than are left of the file, or of the frame that it stands in.
    ChunkCutShort,
}

/// The bytes that the RIFF header speaks of. What follows them is not the picture's, and libwebp doesn't look at it either.
pub fn riff(bytes: &[u8]) -> &[u8] {
    let announced = bytes.get(4..CHUNK_HEADER).and_then(|size| size.try_into().ok()).map_or(0, |size| u32::from_le_bytes(size) as usize);
    &bytes[..bytes.len().min(CHUNK_HEADER.saturating_add(announced))]
}

/// The first fault of an extended WebP, where it has one. A WebP that is not extended has no canvas but its frame.
pub fn fault(riff: &[u8]) -> Option<Fault> {
    let chunks = riff.get(HEADER..)?;
    let canvas = Chunks(chunks).find(|chunk| chunk.kind == *b"VP8X")?.data;
    let (width, height) = (u24(canvas, 4)? + 1, u24(canvas, 7)? + 1);
    let inside =
        Chunks(chunks).filter(|chunk| chunk.kind == *b"ANMF").flat_map(|frame| Chunks(frame.data.get(FRAME_HEADER..).unwrap_or_default()));
    Chunks(chunks).chain(inside).find_map(|chunk| match announced(&chunk.kind, chunk.data) {
        Some((w, h)) if w > width || h > height => Some(Fault::FrameBeyondCanvas(w, h)),
        _ => chunk.cut_short.then_some(Fault::ChunkCutShort),
    })
}

/// Width and height that a frame's own header announces.
fn announced(kind: &[u8; 4], data: &[u8]) -> Option<(u32, u32)> {
    match kind {
        b"VP8 " if data.get(3..6)? == VP8_KEY_FRAME => {
            let side = |at: usize| Some(u32::from(u16::from_le_bytes([*data.get(at)?, *data.get(at + 1)?]) & 0x3FFF));
            Some((side(6)?, side(8)?))
        }
        b"VP8L" if *data.first()? == VP8L_SIGNATURE => {
            let bits = u32::from_le_bytes(data.get(1..5)?.try_into().ok()?);
            Some(((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1))
        }
        _ => None,
    }
}

fn u24(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes([*bytes.get(at)?, *bytes.get(at + 1)?, *bytes.get(at + 2)?, 0]))
}

struct Chunk<'a> {
    kind: [u8; 4],
    data: &'a [u8],
    /// Whether it announces more than there is.
    cut_short: bool,
}

/// The chunks of a RIFF, cut to what there is.
struct Chunks<'a>(&'a [u8]);

impl<'a> Iterator for Chunks<'a> {
    type Item = Chunk<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let kind = self.0.get(..4)?.try_into().ok()?;
        let length = u32::from_le_bytes(self.0.get(4..CHUNK_HEADER)?.try_into().ok()?) as usize;
        let rest = &self.0[CHUNK_HEADER..];
        let data = &rest[..length.min(rest.len())];
        // Chunks begin at even places.
        self.0 = &rest[(length + length % 2).min(rest.len())..];
        Some(Chunk { kind, data, cut_short: length > rest.len() })
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, fault, riff};

    fn extended(frame: &[u8]) -> Vec<u8> {
        let mut bytes = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x09\0\0\x09\0\0".to_vec();
        bytes.extend_from_slice(frame);
        bytes
    }

    #[test]
    fn frames_stay_within_the_canvas() {
        assert_eq!(fault(&extended(b"VP8 \x0a\0\0\0\0\0\0\x9d\x01\x2a\x0a\0\x0a\0")), None);
        assert_eq!(fault(&extended(b"VP8 \x0a\0\0\0\0\0\0\x9d\x01\x2a\x0b\0\x0a\0")), Some(Fault::FrameBeyondCanvas(11, 10)));
        assert_eq!(fault(&extended(b"VP8L\x05\0\0\0\x2f\xff\xff\xff\xff")), Some(Fault::FrameBeyondCanvas(16384, 16384)));
        let animated = [&b"ANMF\x22\0\0\0"[..], &[0; 16], b"VP8 \x0a\0\0\0\0\0\0\x9d\x01\x2a\xff\x3f\x0a\0"].concat();
        assert_eq!(fault(&extended(&animated)), Some(Fault::FrameBeyondCanvas(16383, 10)));
        assert_eq!(fault(b"RIFF\0\0\0\0WEBP"), None);
    }

    #[test]
    fn chunks_have_what_they_announce() {
        assert_eq!(fault(&extended(b"EXIF\x04\0\0\0MM\0*")), None);
        assert_eq!(fault(&extended(b"EXIF\xff\xff\xff\x7fMM\0*")), Some(Fault::ChunkCutShort));
        let in_a_frame = [&b"ANMF\x1c\0\0\0"[..], &[0; 16], b"EXIF\x56\x50\x38\x20MM\0*"].concat();
        assert_eq!(fault(&extended(&in_a_frame)), Some(Fault::ChunkCutShort));
    }

    #[test]
    fn what_follows_the_riff_is_not_looked_at() {
        assert_eq!(riff(b"RIFF\x04\0\0\0WEBPEXIF\xff\xff\xff\x7f"), b"RIFF\x04\0\0\0WEBP");
        assert_eq!(riff(b"RIFF\xff\xff\xff\xffWEBP"), b"RIFF\xff\xff\xff\xffWEBP");
        assert_eq!(riff(b"RIFF"), b"RIFF");
    }
}
