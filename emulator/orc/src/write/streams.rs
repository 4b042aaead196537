//! Streams as they are stored: chunks with a length and a bit for those that are as they are.

use std::io::Write;

/// How a file is compressed.
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Packing {
    None,
    Zlib,
    Snappy,
    /// With its level.
    Zstd(i32),
}

impl Packing {
    /// Its number in the postscript.
    pub(super) fn kind(self) -> u64 {
        match self {
            Packing::None => 0,
            Packing::Zlib => 1,
            Packing::Snappy => 2,
            Packing::Zstd(_) => 5,
        }
    }

    /// Appends bytes in chunks. A chunk that would grow is stored as it is.
    pub(super) fn write(self, bytes: &[u8], block: usize, out: &mut Vec<u8>) {
        if self == Packing::None {
            out.extend_from_slice(bytes);
            return;
        }
        for chunk in bytes.chunks(block) {
            let packed = self.packed(chunk).filter(|packed| packed.len() < chunk.len());
            let (bytes, as_it_is) = packed.as_deref().map_or((chunk, 1), |packed| (packed, 0));
            let header = (bytes.len() as u32) << 1 | as_it_is;
            out.extend_from_slice(&header.to_le_bytes()[..3]);
            out.extend_from_slice(bytes);
        }
    }

    fn packed(self, chunk: &[u8]) -> Option<Vec<u8>> {
        match self {
            Packing::None => None,
            Packing::Zlib => {
                let mut writer = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
                writer.write_all(chunk).and_then(|()| writer.finish()).ok()
            }
            Packing::Snappy => snap::raw::Encoder::new().compress_vec(chunk).ok(),
            Packing::Zstd(level) => zstd::bulk::compress(chunk, level).ok(),
        }
    }
}
