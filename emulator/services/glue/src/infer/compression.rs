//! Compressed text: what it is by its first bytes, and what its beginning holds.

use std::io::Read;

/// How a file is compressed as a whole; crawlers write its name into `compressionType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Compression {
    None,
    Gzip,
    Bzip2,
    Zip,
    Zstd,
    /// Snappy's framing format. Hadoop's own has no mark to know it by.
    Snappy,
    /// LZ4's frame format.
    Lz4,
}

impl Compression {
    /// By the magic bytes at the beginning.
    pub fn of(head: &[u8]) -> Compression {
        match head {
            [0x1f, 0x8b, ..] => Compression::Gzip,
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, ..] => Compression::Bzip2,
            [b'P', b'K', 3, 4, ..] => Compression::Zip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Compression::Zstd,
            [0xff, 6, 0, 0, b's', b'N', b'a', b'P', b'p', b'Y', ..] => Compression::Snappy,
            [0x04, 0x22, 0x4d, 0x18, ..] => Compression::Lz4,
            _ => Compression::None,
        }
    }

    /// As in `compressionType`.
    pub fn name(self) -> &'static str {
        match self {
            Compression::None => "none",
            Compression::Gzip => "gzip",
            Compression::Bzip2 => "bzip2",
            Compression::Zip => "zip",
            Compression::Zstd => "zstd",
            Compression::Snappy => "snappy",
            Compression::Lz4 => "lz4",
        }
    }

    /// The first `most` bytes of what a beginning decompresses to, and whether that is all. A beginning that was cut gives what it holds;
    /// `None` where nothing can be read: broken data, archives of more than one file.
    pub fn head(self, compressed: &[u8], whole: bool, most: usize) -> Option<(Vec<u8>, bool)> {
        let mut out = Vec::new();
        let ended = match self {
            Compression::None => return Some((compressed[..compressed.len().min(most)].to_vec(), whole && compressed.len() <= most)),
            Compression::Gzip => fill(flate2::read::MultiGzDecoder::new(compressed), most, &mut out),
            Compression::Zstd => fill(zstd::stream::read::Decoder::new(compressed).ok()?, most, &mut out),
            Compression::Zip => {
                let mut archive = zip::ZipArchive::new(std::io::Cursor::new(compressed)).ok().filter(|a| whole && a.len() == 1)?;
                fill(archive.by_index(0).ok()?, most, &mut out)
            }
            Compression::Snappy => fill(snap::read::FrameDecoder::new(compressed), most, &mut out),
            Compression::Lz4 => fill(lz4_flex::frame::FrameDecoder::new(compressed), most, &mut out),
            Compression::Bzip2 => fill(bzip2::read::MultiBzDecoder::new(compressed), most, &mut out),
        };
        (!out.is_empty()).then_some((out, ended && whole))
    }
}

/// Reads up to `most` bytes; whether the end was reached without an error.
fn fill(mut from: impl Read, most: usize, out: &mut Vec<u8>) -> bool {
    let mut chunk = [0; 16 * 1024];
    while out.len() < most {
        match from.read(&mut chunk) {
            Ok(0) => return true,
            Ok(n) if n > most - out.len() => {
                out.extend_from_slice(&chunk[..most - out.len()]);
                return false;
            }
            Ok(n) => out.extend_from_slice(&chunk[..n]),
            Err(_) => return false,
        }
    }
    matches!(from.read(&mut chunk), Ok(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_cut_beginning_gives_what_it_holds() {
        let text: String = (0..5000).map(|n| format!("line {n}\n")).collect();
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        let packed = encoder.finish().unwrap();
        assert_eq!(Compression::of(&packed), Compression::Gzip);
        assert_eq!(Compression::Gzip.head(&packed, true, 1 << 20), Some((text.clone().into_bytes(), true)));
        let (part, whole) = Compression::Gzip.head(&packed[..packed.len() / 2], false, 1 << 20).unwrap();
        assert!(!whole && !part.is_empty() && text.as_bytes().starts_with(&part));
        let (few, whole) = Compression::Gzip.head(&packed, true, 10).unwrap();
        assert_eq!((few.len(), whole), (10, false));
        assert_eq!(Compression::Gzip.head(&[0x1f, 0x8b, 1, 2], true, 10), None);
    }

    #[test]
    fn frames_of_snappy_and_lz4_are_known() {
        let text = b"id,name\n1,a\n".repeat(10);
        let mut snappy = snap::write::FrameEncoder::new(Vec::new());
        snappy.write_all(&text).unwrap();
        let mut lz4 = lz4_flex::frame::FrameEncoder::new(Vec::new());
        lz4.write_all(&text).unwrap();
        for (packed, kind) in [(snappy.into_inner().unwrap(), Compression::Snappy), (lz4.finish().unwrap(), Compression::Lz4)] {
            assert_eq!(Compression::of(&packed), kind);
            assert_eq!(kind.head(&packed, true, 1 << 20), Some((text.clone(), true)), "{kind:?}");
        }
    }

    #[test]
    fn bzip2_is_read_like_the_others() {
        let text = b"id,name\n1,a\n".repeat(10);
        let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        encoder.write_all(&text).unwrap();
        let packed = encoder.finish().unwrap();
        assert_eq!(Compression::of(&packed), Compression::Bzip2);
        assert_eq!(Compression::Bzip2.head(&packed, true, 1 << 20), Some((text.clone(), true)));
        assert_eq!(Compression::Bzip2.head(&packed, true, 8), Some((text[..8].to_vec(), false)));
        assert_eq!(Compression::Bzip2.head(&packed[..20], false, 8), None, "a block that was cut gives nothing");
    }
}
