//! Compressed texts: unpacked by the ending of their key, as Hadoop tells codecs.

use kit::Bytes;
use std::io::Read;

/// What an object unpacks to at most: a bomb must not fill the memory.
const MOST: u64 = 1 << 30;

/// The bytes behind an object. The error is a sentence.
pub(super) fn unpacked(key: &str, bytes: Bytes) -> Result<Bytes, String> {
    let ending = key.rsplit('.').next().unwrap_or("");
    let wrong = |e: std::io::Error| format!("HIVE_CURSOR_ERROR: {e}");
    let mut out = Vec::new();
    match ending {
        "gz" | "gzip" => limited(flate2::read::MultiGzDecoder::new(&bytes[..]), &mut out).map_err(wrong)?,
        "bz2" => limited(bzip2::read::MultiBzDecoder::new(&bytes[..]), &mut out).map_err(wrong)?,
        "zst" | "zstd" => limited(zstd::stream::read::Decoder::new(&bytes[..]).map_err(wrong)?, &mut out).map_err(wrong)?,
        "deflate" => limited(flate2::read::ZlibDecoder::new(&bytes[..]), &mut out).map_err(wrong)?,
        "snappy" => {
            return if bytes.starts_with(b"\xff\x06\x00\x00sNaPpY") {
                limited(snap::read::FrameDecoder::new(&bytes[..]), &mut out).map_err(wrong)?;
                fits(out)
            } else {
                blocks(&bytes, |block, _| snap::raw::Decoder::new().decompress_vec(block).map_err(|e| e.to_string()))
            };
        }
        "lz4" if bytes.starts_with(&[0x04, 0x22, 0x4d, 0x18]) => {
            limited(lz4_flex::frame::FrameDecoder::new(&bytes[..]), &mut out).map_err(wrong)?
        }
        "lz4" => return blocks(&bytes, |block, size| lz4_flex::block::decompress(block, size).map_err(|e| e.to_string())),
        "lzo" => return Err("NOT_SUPPORTED: windtunnel does not read LZO yet".into()),
        _ => return Ok(bytes),
    }
    fits(out)
}

fn limited(reader: impl Read, out: &mut Vec<u8>) -> std::io::Result<()> {
    reader.take(MOST + 1).read_to_end(out).map(drop)
}
fn fits(out: Vec<u8>) -> Result<Bytes, String> {
    if out.len() as u64 > MOST { Err("HIVE_CURSOR_ERROR: the object unpacks to more than 1 GiB".into()) } else { Ok(out.into()) }
}

/// Hadoop's framing: the size of a run, then blocks with their sizes until it is full; big-endian.
fn blocks(bytes: &[u8], unpack: impl Fn(&[u8], usize) -> Result<Vec<u8>, String>) -> Result<Bytes, String> {
    let short = || "HIVE_CURSOR_ERROR: the object ends inside a block".to_owned();
    let mut rest = bytes;
    let number = |rest: &mut &[u8]| -> Result<usize, String> {
        let (head, tail) = rest.split_at_checked(4).ok_or_else(short)?;
        *rest = tail;
        Ok(u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize)
    };
    let mut out = Vec::new();
    while !rest.is_empty() {
        let end = out.len() + number(&mut rest)?;
        if end as u64 > MOST {
            return Err("HIVE_CURSOR_ERROR: the object unpacks to more than 1 GiB".into());
        }
        while out.len() < end {
            let size = number(&mut rest)?;
            let (block, tail) = rest.split_at_checked(size).ok_or_else(short)?;
            let made = unpack(block, end - out.len()).map_err(|e| format!("HIVE_CURSOR_ERROR: {e}"))?;
            if made.is_empty() {
                return Err(short());
            }
            out.extend(made);
            rest = tail;
        }
    }
    fits(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn every_codec_gives_its_text_back() {
        let text = b"a,b\n".repeat(100);
        let back = |key: &str, bytes: Vec<u8>| unpacked(key, bytes.into()).unwrap_or_else(|e| panic!("{key}: {e}"));
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), Default::default());
        gz.write_all(&text).unwrap();
        assert_eq!(back("x.gz", gz.finish().unwrap()), text);
        let mut bz = bzip2::write::BzEncoder::new(Vec::new(), Default::default());
        bz.write_all(&text).unwrap();
        assert_eq!(back("x.bz2", bz.finish().unwrap()), text);
        assert_eq!(back("x.zst", zstd::stream::encode_all(&text[..], 1).unwrap()), text);
        let block = |packed: Vec<u8>| [&(text.len() as u32).to_be_bytes()[..], &(packed.len() as u32).to_be_bytes(), &packed].concat();
        assert_eq!(back("x.snappy", block(snap::raw::Encoder::new().compress_vec(&text).unwrap())), text);
        assert_eq!(back("x.lz4", block(lz4_flex::block::compress(&text))), text);
        assert!(unpacked("x.gz", text.clone().into()).is_err() && unpacked("x.snappy", vec![0, 0, 1].into()).is_err());
        assert_eq!(back("x.csv", text.clone()), text);
    }
}
