//! Streams as they are stored: chunks with a length and a bit for those that are as they are, unpacked one at a time.

use crate::{Error, Result};
use std::io::Read;

/// A chunk unpacks to less than this: three bytes hold its length.
const MOST_CHUNK: usize = 8 << 20;
/// The metadata of a file unpacks to at most this.
const MOST_METADATA: usize = 64 << 20;

/// How a file is compressed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Compression {
    pub kind: u64,
    /// Bytes that a chunk unpacks to at most.
    pub block: usize,
}

impl Compression {
    pub(crate) fn new(kind: u64, block: u64) -> Result<Compression> {
        match kind {
            0..=2 | 4 | 5 => {}
            3 => return Err(Error::Unsupported("LZO".into())),
            6 => return Err(Error::Unsupported("Brotli".into())),
            _ => return Err(Error::Broken("its compression is unknown")),
        }
        let block = usize::try_from(block).unwrap_or(MOST_CHUNK);
        Ok(Compression { kind, block: if block == 0 { 256 << 10 } else { block.min(MOST_CHUNK) } })
    }

    /// All of a stream of metadata.
    pub(crate) fn whole(self, packed: &[u8]) -> Result<Vec<u8>> {
        let mut stream = Stream::new(packed.to_vec(), self);
        let mut out = Vec::new();
        while stream.more()? {
            out.extend_from_slice(&stream.chunk[stream.at..]);
            stream.at = stream.chunk.len();
            if out.len() > MOST_METADATA {
                return Err(Error::Broken("its metadata is larger than 64 MiB"));
            }
        }
        Ok(out)
    }
}

/// A stream that is read from its start to its end.
pub(crate) struct Stream {
    packed: Vec<u8>,
    next: usize,
    compression: Compression,
    chunk: Vec<u8>,
    at: usize,
}

const SHORT: Error = Error::Broken("a stream ends too early");

impl Stream {
    pub(crate) fn new(packed: Vec<u8>, compression: Compression) -> Stream {
        match compression.kind {
            // Without compression there are no chunks.
            0 => Stream { packed: Vec::new(), next: 0, compression, chunk: packed, at: 0 },
            _ => Stream { packed, next: 0, compression, chunk: Vec::new(), at: 0 },
        }
    }

    /// Whether there is a byte left, the next chunk unpacked where it is needed.
    fn more(&mut self) -> Result<bool> {
        while self.at == self.chunk.len() {
            if self.next == self.packed.len() {
                return Ok(false);
            }
            self.unpack()?;
        }
        Ok(true)
    }

    pub(crate) fn byte(&mut self) -> Result<u8> {
        if !self.more()? {
            return Err(SHORT);
        }
        self.at += 1;
        Ok(self.chunk[self.at - 1])
    }

    /// Appends the next bytes; what is held grows with what is there, not with what is asked.
    pub(crate) fn bytes(&mut self, mut count: usize, out: &mut Vec<u8>) -> Result<()> {
        while count > 0 {
            if !self.more()? {
                return Err(SHORT);
            }
            let now = count.min(self.chunk.len() - self.at);
            out.extend_from_slice(&self.chunk[self.at..self.at + now]);
            self.at += now;
            count -= now;
        }
        Ok(())
    }

    pub(crate) fn fixed<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut out = [0; N];
        if let Some(found) = self.chunk.get(self.at..self.at + N) {
            out.copy_from_slice(found);
            self.at += N;
            return Ok(out);
        }
        for byte in &mut out {
            *byte = self.byte()?;
        }
        Ok(out)
    }

    /// A variable-length number.
    pub(crate) fn number(&mut self) -> Result<u64> {
        let wide = self.wide()?;
        u64::try_from(wide).map_err(|_| Error::Broken("a number is too large"))
    }

    /// A variable-length number of up to 128 bits.
    pub(crate) fn wide(&mut self) -> Result<u128> {
        let mut value = 0u128;
        for shift in (0..128).step_by(7) {
            let byte = self.byte()?;
            value |= u128::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Error::Broken("a number is too large"))
    }

    fn unpack(&mut self) -> Result<()> {
        let header = self.packed.get(self.next..self.next + 3).ok_or(SHORT)?;
        let header = u32::from_le_bytes([header[0], header[1], header[2], 0]) as usize;
        let from = self.next + 3;
        let packed = self.packed.get(from..from + (header >> 1)).ok_or(SHORT)?;
        self.next = from + (header >> 1);
        self.at = 0;
        self.chunk.clear();
        if header & 1 == 1 {
            self.chunk.extend_from_slice(packed);
            return Ok(());
        }
        let bad = Error::Broken("a chunk does not unpack");
        let most = self.compression.block;
        let limited = |reader: &mut dyn Read, out: &mut Vec<u8>| reader.take(most as u64 + 1).read_to_end(out).map(drop);
        match self.compression.kind {
            1 => limited(&mut flate2::read::DeflateDecoder::new(packed), &mut self.chunk).map_err(|_| bad)?,
            5 => match zstd::stream::read::Decoder::new(packed) {
                Ok(mut reader) => limited(&mut reader, &mut self.chunk).map_err(|_| bad)?,
                Err(_) => return Err(bad),
            },
            2 => match snap::raw::decompress_len(packed) {
                Ok(length) if length <= most => self.chunk = snap::raw::Decoder::new().decompress_vec(packed).map_err(|_| bad)?,
                _ => return Err(bad),
            },
            // LZ4's blocks don't tell their length.
            _ => self.chunk = lz4_flex::block::decompress(packed, most).map_err(|_| bad)?,
        }
        if self.chunk.len() > most { Err(Error::Broken("a chunk is larger than the file says")) } else { Ok(()) }
    }
}
