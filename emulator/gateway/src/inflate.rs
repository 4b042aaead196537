//! Bodies that clients compress (`Content-Encoding: gzip`, as SDKs do for PutMetricData): the signature is over what was sent, services read
//! what is in it. Objects keep their encoding: it is theirs.

use flate2::read::GzDecoder;
use std::io::Read;
use wire::{Bytes, Fault};

/// The plain form of a body under its Content-Encoding. `limit` bounds what comes out, in bytes.
pub(crate) fn inflate(encoding: Option<&str>, body: Bytes, limit: usize) -> Result<Bytes, Fault> {
    match encoding.map(str::trim) {
        Some(encoding) if encoding.eq_ignore_ascii_case("gzip") => {}
        _ => return Ok(body),
    }
    let mut plain = Vec::new();
    let read = GzDecoder::new(&body[..]).take(limit as u64 + 1).read_to_end(&mut plain);
    match read {
        Ok(_) if plain.len() > limit => Err(Fault::new("RequestEntityTooLarge", 413, format!("the body holds more than {limit} bytes"))),
        Ok(_) => Ok(plain.into()),
        Err(error) => Err(Fault::new("SerializationException", 400, format!("the body is not gzip: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    fn packed(text: &[u8]) -> Bytes {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap().into()
    }

    #[test]
    fn reads_gzip_within_its_limit() {
        assert_eq!(inflate(Some("gzip"), packed(b"hello"), 5).unwrap(), "hello");
        assert_eq!(inflate(None, Bytes::from("hello"), 1).unwrap(), "hello");
        assert_eq!(inflate(Some("gzip"), packed(&[0; 100_000]), 1000).unwrap_err().status, 413);
        assert_eq!(inflate(Some("gzip"), Bytes::from("hello"), 1000).unwrap_err().status, 400);
    }
}
