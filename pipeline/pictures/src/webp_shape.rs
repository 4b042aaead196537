//! What has to be known of an extended WebP before its pixels are trusted: that no frame announces more than the canvas, which is what the
//! limits are held against. The decoder (image-webp 0.2) takes a frame's own word and makes room for it before it compares.

const HEADER: usize = 12;
const CHUNK_HEADER: usize = 8;
const FRAME_HEADER: usize = 16;
const VP8_KEY_FRAME: [u8; 3] = [0x9D, 0x01, 0x2A];
const VP8L_SIGNATURE: u8 = 0x2F;

/// The size of a frame that is bigger than the canvas, where there is one. A WebP that is not extended has no canvas but its frame.
pub fn frame_beyond_canvas(bytes: &[u8]) -> Option<(u32, u32)> {
    let chunks = bytes.get(HEADER..)?;
    let (_, canvas) = Chunks(chunks).find(|(kind, _)| kind == b"VP8X")?;
    let (width, height) = (u24(canvas, 4)? + 1, u24(canvas, 7)? + 1);
    let inside =
        Chunks(chunks).filter(|(kind, _)| kind == b"ANMF").flat_map(|(_, frame)| Chunks(frame.get(FRAME_HEADER..).unwrap_or_default()));
    Chunks(chunks).chain(inside).filter_map(|(kind, data)| announced(&kind, data)).find(|(w, h)| *w > width || *h > height)
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

/// The chunks of a RIFF, cut to what there is.
struct Chunks<'a>(&'a [u8]);

impl<'a> Iterator for Chunks<'a> {
    type Item = ([u8; 4], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let kind = self.0.get(..4)?.try_into().ok()?;
        let length = u32::from_le_bytes(self.0.get(4..CHUNK_HEADER)?.try_into().ok()?) as usize;
        let rest = &self.0[CHUNK_HEADER..];
        let data = &rest[..length.min(rest.len())];
        // Chunks begin at even places.
        self.0 = &rest[(length + length % 2).min(rest.len())..];
        Some((kind, data))
    }
}

#[cfg(test)]
mod tests {
    use super::frame_beyond_canvas;

    fn extended(frame: &[u8]) -> Vec<u8> {
        let mut bytes = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x09\0\0\x09\0\0".to_vec();
        bytes.extend_from_slice(frame);
        bytes
    }

    #[test]
    fn frames_stay_within_the_canvas() {
        assert_eq!(frame_beyond_canvas(&extended(b"VP8 \x0a\0\0\0\0\0\0\x9d\x01\x2a\x0a\0\x0a\0")), None);
        assert_eq!(frame_beyond_canvas(&extended(b"VP8 \x0a\0\0\0\0\0\0\x9d\x01\x2a\x0b\0\x0a\0")), Some((11, 10)));
        assert_eq!(frame_beyond_canvas(&extended(b"VP8L\x05\0\0\0\x2f\xff\xff\xff\xff")), Some((16384, 16384)));
        let animated = [&b"ANMF\x22\0\0\0"[..], &[0; 16], b"VP8 \x0a\0\0\0\0\0\0\x9d\x01\x2a\xff\x3f\x0a\0"].concat();
        assert_eq!(frame_beyond_canvas(&extended(&animated)), Some((16383, 10)));
        assert_eq!(frame_beyond_canvas(b"RIFF\0\0\0\0WEBP"), None);
    }
}
