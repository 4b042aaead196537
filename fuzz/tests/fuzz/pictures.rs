//! Picture headers: whatever an upload claims to be, judging it costs no more memory than the limits allow.

use crate::target::{Target, files, workspace};
use pictures::{decode, jpeg_shape, refusal::Code, sniff, taken_at};

/// Larger samples say no more about headers and take the time of many smaller ones.
const LARGEST_SAMPLE: usize = 24 << 10;

const LIMITS: decode::Limits = decode::Limits { max_bytes: 1 << 20, max_pixels: 200_000, max_decoded_bytes: 2 << 20 };

#[test]
fn image_headers() {
    let samples: Vec<Vec<u8>> = files(&workspace("fixtures/made")).into_iter().filter(|bytes| bytes.len() <= LARGEST_SAMPLE).collect();
    assert!(samples.len() > 20, "the fixtures are there");
    let words =
        "IHDR PLTE IDAT IEND iCCP eXIf acTL VP8 VP8L VP8X ALPH ANMF EXIF Exif\0\0 ICC_PROFILE\0 \u{1}\u{1} GIF89a BM RIFF WEBP \0\0\0\0";
    let mut target = Target::new("image_headers", samples, words);
    // A PNG's header may unpack up to the decoded limit, a TIFF's values take more room than the file; the decoder's own tables and the
    // picture come on top.
    target.most_held_bytes = |_| 24 << 20;
    target.run(|bytes| {
        let _ = jpeg_shape::shape(bytes);
        let _ = taken_at::taken_at(bytes.to_vec());
        let decoded = decode::decode(bytes, &LIMITS);
        match &decoded {
            Ok(picture) => {
                assert_eq!(Some(picture.format), sniff::sniff(bytes));
                let pixels = u64::from(picture.pixels.width()) * u64::from(picture.pixels.height());
                assert!(pixels > 0 && pixels <= LIMITS.max_pixels, "{pixels} pixels");
                assert!((1..=8).contains(&picture.orientation));
            }
            Err(refusal) => {
                assert!(!refusal.message.is_empty());
                assert_eq!(refusal.code == Code::Empty, bytes.is_empty());
            }
        }
        decoded.is_ok()
    });
}
