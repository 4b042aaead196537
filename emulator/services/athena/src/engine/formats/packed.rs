//! Compressed texts: unpacked by the ending of their key, as Hadoop tells codecs, as a stream: what is asked for, and never the whole.

use std::io::{self, BufReader, Read};

/// What a block of Hadoop's framing holds at most, packed or not; Hadoop's own are of 256 KB.
const MOST_BLOCK: usize = 64 << 20;

/// A stream of the bytes behind an object.
pub(super) type Unpacked = Box<dyn Read + Send>;

/// The bytes behind an object whose stored ones come from `packed`. The error is a sentence.
pub(super) fn unpacked(key: &str, packed: impl Read + Send + 'static) -> Result<Unpacked, String> {
    let packed = Peeked::new(packed).map_err(|e| format!("HIVE_CURSOR_ERROR: {e}"))?;
    let ending = key.rsplit('.').next().unwrap_or("");
    Ok(match ending {
        "gz" | "gzip" => Box::new(flate2::read::MultiGzDecoder::new(packed)),
        "bz2" => Box::new(bzip2::read::MultiBzDecoder::new(packed)),
        "zst" | "zstd" => Box::new(zstd::stream::read::Decoder::new(packed).map_err(|e| format!("HIVE_CURSOR_ERROR: {e}"))?),
        "deflate" => Box::new(flate2::read::ZlibDecoder::new(packed)),
        "snappy" if packed.starts_with(b"\xff\x06\x00\x00sNaPpY") => Box::new(snap::read::FrameDecoder::new(packed)),
        "snappy" => Box::new(Blocks::new(packed, |block, room| match snap::raw::decompress_len(block) {
            Ok(length) if length <= room => snap::raw::Decoder::new().decompress_vec(block).map_err(|e| e.to_string()),
            Ok(_) => Err("a block unpacks to more than it says".into()),
            Err(e) => Err(e.to_string()),
        })),
        "lz4" if packed.starts_with(&[0x04, 0x22, 0x4d, 0x18]) => Box::new(lz4_flex::frame::FrameDecoder::new(packed)),
        "lz4" => Box::new(Blocks::new(packed, |block, room| lz4_flex::block::decompress(block, room).map_err(|e| e.to_string()))),
        "lzo" => return Err("NOT_SUPPORTED: windtunnel does not read LZO yet".into()),
        _ => Box::new(packed),
    })
}

/// A stream whose first bytes have been looked at.
struct Peeked<R> {
    head: Vec<u8>,
    /// How many of the head's bytes are read.
    at: usize,
    rest: BufReader<R>,
}

impl<R: Read> Peeked<R> {
    fn new(stream: R) -> io::Result<Peeked<R>> {
        let mut rest = BufReader::new(stream);
        let mut head = Vec::new();
        (&mut rest).take(10).read_to_end(&mut head)?;
        Ok(Peeked { head, at: 0, rest })
    }
    fn starts_with(&self, magic: &[u8]) -> bool {
        self.head.starts_with(magic)
    }
}

impl<R: Read> Read for Peeked<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let left = &self.head[self.at..];
        if left.is_empty() {
            return self.rest.read(out);
        }
        let count = left.len().min(out.len());
        out[..count].copy_from_slice(&left[..count]);
        self.at += count;
        Ok(count)
    }
}

/// Hadoop's framing: the size of a run, then blocks with their sizes until it is full; big-endian.
struct Blocks<R, F> {
    packed: R,
    unpack: F,
    /// What is left of the run.
    room: usize,
    block: Vec<u8>,
    at: usize,
}

impl<R: Read, F: Fn(&[u8], usize) -> Result<Vec<u8>, String>> Blocks<R, F> {
    fn new(packed: R, unpack: F) -> Blocks<R, F> {
        Blocks { packed, unpack, room: 0, block: Vec::new(), at: 0 }
    }

    /// A size; `None` at the end of the stream.
    fn number(&mut self) -> io::Result<Option<usize>> {
        let mut bytes = Vec::with_capacity(4);
        (&mut self.packed).take(4).read_to_end(&mut bytes)?;
        let Ok(four) = <[u8; 4]>::try_from(&bytes[..]) else {
            return if bytes.is_empty() { Ok(None) } else { Err(short()) };
        };
        let number = u32::from_be_bytes(four) as usize;
        if number > MOST_BLOCK { Err(io::Error::other("a block of the object is larger than 64 MiB")) } else { Ok(Some(number)) }
    }

    /// Unpacks the next block; `false` at the end of the stream.
    fn next(&mut self) -> io::Result<bool> {
        while self.room == 0 {
            match self.number()? {
                Some(room) => self.room = room,
                None => return Ok(false),
            }
        }
        let size = self.number()?.ok_or_else(short)?;
        let mut packed = Vec::new();
        (&mut self.packed).take(size as u64).read_to_end(&mut packed)?;
        if packed.len() < size {
            return Err(short());
        }
        self.block = (self.unpack)(&packed, self.room).map_err(io::Error::other)?;
        self.at = 0;
        self.room = self.room.checked_sub(self.block.len()).filter(|_| !self.block.is_empty()).ok_or_else(short)?;
        Ok(true)
    }
}

fn short() -> io::Error {
    io::Error::other("the object ends inside a block")
}

impl<R: Read, F: Fn(&[u8], usize) -> Result<Vec<u8>, String>> Read for Blocks<R, F> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.at == self.block.len() && !self.next()? {
            return Ok(0);
        }
        let count = (self.block.len() - self.at).min(out.len());
        out[..count].copy_from_slice(&self.block[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn read(key: &str, bytes: Vec<u8>) -> Result<Vec<u8>, String> {
        let mut out = Vec::new();
        unpacked(key, io::Cursor::new(bytes))?.read_to_end(&mut out).map_err(|e| e.to_string())?;
        Ok(out)
    }

    #[test]
    fn every_codec_gives_its_text_back() {
        let text = b"a,b\n".repeat(100);
        let back = |key: &str, bytes: Vec<u8>| read(key, bytes).unwrap_or_else(|e| panic!("{key}: {e}"));
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), Default::default());
        gz.write_all(&text).unwrap();
        assert_eq!(back("x.gz", gz.finish().unwrap()), text);
        let mut bz = bzip2::write::BzEncoder::new(Vec::new(), Default::default());
        bz.write_all(&text).unwrap();
        assert_eq!(back("x.bz2", bz.finish().unwrap()), text);
        assert_eq!(back("x.zst", zstd::stream::encode_all(&text[..], 1).unwrap()), text);
        let block = |packed: Vec<u8>| [&(text.len() as u32).to_be_bytes()[..], &(packed.len() as u32).to_be_bytes(), &packed].concat();
        assert_eq!(back("x.snappy", block(snap::raw::Encoder::new().compress_vec(&text).unwrap())), text);
        let mut framed = snap::write::FrameEncoder::new(Vec::new());
        framed.write_all(&text).unwrap();
        assert_eq!(back("x.snappy", framed.into_inner().unwrap()), text);
        assert_eq!(back("x.lz4", block(lz4_flex::block::compress(&text))), text);
        let mut framed = lz4_flex::frame::FrameEncoder::new(Vec::new());
        framed.write_all(&text).unwrap();
        assert_eq!(back("x.lz4", framed.finish().unwrap()), text);
        assert!(read("x.gz", text.clone()).is_err() && read("x.snappy", vec![0, 0, 1]).is_err());
        assert!(read("x.lz4", vec![0xff; 64]).is_err(), "a block of four GiB is not waited for");
        assert_eq!(back("x.csv", text.clone()), text);
    }
}
