//! `aws-chunked`: chunks with their length in front, perhaps a signature each, and perhaps trailing headers with a checksum.
//!
//! Data passes on as it comes; a chunk's last bytes wait until its signature holds, and the end comes only when the trailer holds, so that
//! whoever reads to the end has read what was signed.

use super::{carrying, checksum::Checksum};
use crate::sig_v4::{ChunkSigner, EMPTY_SHA256};
use sha2::{Digest, Sha256};
use std::{future::Future, io, pin::Pin};
use wire::{
    Body, Bytes, Fault,
    body::{Chunks, Trailers},
};

/// The longest line in front of a chunk: a length, an extension and a signature of 64 digits.
const MAX_CHUNK_HEADER: usize = 256;
/// The longest trailing header.
const MAX_TRAILER_LINE: usize = 4096;
/// More trailing headers are refused.
const MAX_TRAILERS: usize = 16;
/// Signed chunks but the last have at least this many bytes on AWS.
const MIN_SIGNED_CHUNK: u64 = 8192;

/// What is known of the framing before the first byte.
pub struct Framing {
    /// Checks signatures; `None` for chunks without.
    pub signer: Option<ChunkSigner>,
    /// Names in `x-amz-trailer`, lower case.
    pub trailers: Vec<String>,
    /// The trailer is signed.
    pub signed_trailer: bool,
    /// `x-amz-decoded-content-length`.
    pub decoded_length: u64,
}

/// Takes the framing off.
pub struct AwsChunked {
    inner: Body,
    buffer: Bytes,
    signer: Option<ChunkSigner>,
    signed_trailer: bool,
    announced: Vec<String>,
    checksums: Vec<(String, Checksum)>,
    trailers: Trailers,
    state: State,
    /// Bytes that the client said are still to come.
    left: u64,
    last_was_short: bool,
}

enum State {
    /// Before a chunk's length.
    Header,
    /// In a chunk's data: bytes to come, size, hash so far, signature.
    Data { left: u64, hash: Option<Sha256>, signature: String },
    /// After the chunk of length 0.
    Trailer,
    /// After the end or an error.
    Over,
}

impl AwsChunked {
    /// A body without its framing. Refuses trailers that nobody could verify.
    pub fn body(inner: Body, framing: Framing) -> Result<Body, Fault> {
        let mut checksums = Vec::new();
        for name in &framing.trailers {
            match Checksum::of_header(name) {
                Some(checksum) => checksums.push((name.clone(), checksum)),
                None => return Err(Fault::new("InvalidRequest", 400, "The value specified in the x-amz-trailer header is not supported")),
            }
        }
        let (trailers, announced) = (Trailers::default(), framing.trailers.clone());
        let chunks = AwsChunked {
            inner,
            buffer: Bytes::new(),
            signer: framing.signer,
            signed_trailer: framing.signed_trailer,
            announced: framing.trailers,
            checksums,
            trailers: trailers.clone(),
            state: State::Header,
            left: framing.decoded_length,
            last_was_short: false,
        };
        let mut body = Body::new(chunks, Some(framing.decoded_length));
        body.trailers = Some(trailers);
        body.announced = announced;
        Ok(body)
    }

    async fn read(&mut self) -> Option<io::Result<Bytes>> {
        match self.step().await {
            Ok(Some(bytes)) => Some(Ok(bytes)),
            Ok(None) => {
                self.state = State::Over;
                None
            }
            Err(error) => {
                self.state = State::Over;
                Some(Err(error))
            }
        }
    }

    async fn step(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            match std::mem::replace(&mut self.state, State::Over) {
                State::Over => return Ok(None),
                State::Header => self.state = self.chunk_header().await?,
                State::Data { left, hash, signature } => return self.data(left, hash, signature).await.map(Some),
                State::Trailer => {
                    self.trailer().await?;
                    return Ok(None);
                }
            }
        }
    }

    /// `10000;chunk-signature=...`
    async fn chunk_header(&mut self) -> io::Result<State> {
        let Some(line) = self.line(MAX_CHUNK_HEADER).await? else { return Err(terminated()) };
        let (size, extension) = line.split_once(';').unwrap_or((&line, ""));
        let size = size.trim();
        let digits = !size.is_empty() && size.len() <= 10 && size.bytes().all(|b| b.is_ascii_hexdigit());
        let Some(size) = u64::from_str_radix(size, 16).ok().filter(|_| digits) else {
            return Err(malformed("the length of a chunk is not a hexadecimal number"));
        };
        let signature = extension.trim().strip_prefix("chunk-signature=").unwrap_or("").to_owned();
        if self.signer.is_some() && signature.is_empty() {
            return Err(malformed("a chunk lacks its chunk-signature"));
        }
        if size == 0 {
            self.check_chunk(EMPTY_SHA256, &signature)?;
            return match self.left {
                0 => Ok(State::Trailer),
                _ => Err(terminated()),
            };
        }
        if size > self.left {
            return Err(carrying(Fault::new("IncompleteBody", 400, "The request body is longer than x-amz-decoded-content-length")));
        }
        if self.signer.is_some() {
            if self.last_was_short {
                let fault = Fault::new("InvalidChunkSizeError", 403, "Only the last chunk is allowed to have a size less than 8192 bytes");
                return Err(carrying(fault.with("BadChunkSize", size.to_string())));
            }
            self.last_was_short = size < MIN_SIGNED_CHUNK;
        }
        Ok(State::Data { left: size, hash: self.signer.is_some().then(Sha256::new), signature })
    }

    async fn data(&mut self, left: u64, mut hash: Option<Sha256>, signature: String) -> io::Result<Bytes> {
        if self.buffer.is_empty() && !self.fill().await? {
            return Err(terminated());
        }
        let take = left.min(self.buffer.len() as u64);
        let bytes = self.buffer.split_to(take as usize);
        self.left -= take;
        if let Some(hash) = &mut hash {
            hash.update(&bytes);
        }
        for (_, checksum) in &mut self.checksums {
            checksum.update(&bytes);
        }
        if take < left {
            self.state = State::Data { left: left - take, hash, signature };
            return Ok(bytes);
        }
        match self.line(MAX_CHUNK_HEADER).await? {
            Some(line) if line.is_empty() => {}
            Some(_) => return Err(malformed("a chunk is longer than it says")),
            None => return Err(terminated()),
        }
        if let Some(hash) = hash {
            self.check_chunk(&kit::hex(&hash.finalize()), &signature)?;
        }
        self.state = State::Header;
        Ok(bytes)
    }

    fn check_chunk(&mut self, sha256: &str, signature: &str) -> io::Result<()> {
        match self.signer.as_mut().is_none_or(|signer| signer.chunk(sha256, signature)) {
            true => Ok(()),
            false => Err(wrong_signature()),
        }
    }

    async fn trailer(&mut self) -> io::Result<()> {
        let (mut found, mut canonical, mut signature) = (Vec::new(), String::new(), None);
        while let Some(line) = self.line(MAX_TRAILER_LINE).await?.filter(|l| !l.is_empty()) {
            let Some((name, value)) = line.split_once(':') else { return Err(bad_trailer()) };
            let (name, value) = (name.trim().to_ascii_lowercase(), value.trim().to_owned());
            if found.len() >= MAX_TRAILERS {
                return Err(bad_trailer());
            }
            if name == "x-amz-trailer-signature" {
                signature = Some(value);
            } else {
                canonical.push_str(&format!("{name}:{value}\n"));
                found.push((name, value));
            }
        }
        if self.signed_trailer
            && let Some(signer) = &mut self.signer
            && !signer.trailer(&kit::hex(&Sha256::digest(canonical.as_bytes())), signature.as_deref().unwrap_or(""))
        {
            return Err(wrong_signature());
        }
        let as_announced = found.len() == self.announced.len() && found.iter().all(|(name, _)| self.announced.contains(name));
        if !as_announced {
            return Err(bad_trailer());
        }
        for (name, checksum) in self.checksums.drain(..) {
            let Some((_, sent)) = found.iter().find(|(n, _)| *n == name) else { return Err(bad_trailer()) };
            checksum.check(sent).map_err(carrying)?;
        }
        *self.trailers.lock().expect("no panics while holding it") = found;
        Ok(())
    }

    /// A line without its end; `None` when the body is over.
    async fn line(&mut self, limit: usize) -> io::Result<Option<String>> {
        let mut whole: Vec<u8> = Vec::new();
        loop {
            if let Some(at) = self.buffer.iter().position(|b| *b == b'\n') {
                let line = self.buffer.split_to(at + 1);
                whole.extend_from_slice(&line[..at]);
                if whole.last() == Some(&b'\r') {
                    whole.pop();
                }
                if whole.len() > limit {
                    return Err(malformed("a line between chunks is too long"));
                }
                return String::from_utf8(whole).map(Some).map_err(|_| malformed("a line between chunks is not text"));
            }
            whole.extend_from_slice(&std::mem::take(&mut self.buffer));
            if whole.len() > limit {
                return Err(malformed("a line between chunks is too long"));
            }
            if !self.fill().await? {
                return match whole.is_empty() {
                    true => Ok(None),
                    false => Err(terminated()),
                };
            }
        }
    }

    /// Reads on; false at the end.
    async fn fill(&mut self) -> io::Result<bool> {
        match self.inner.next().await {
            Some(bytes) => {
                self.buffer = bytes?;
                Ok(true)
            }
            None => Ok(false),
        }
    }
}

impl Chunks for AwsChunked {
    fn next(&mut self) -> Pin<Box<dyn Future<Output = Option<io::Result<Bytes>>> + Send + '_>> {
        Box::pin(self.read())
    }
}

fn terminated() -> io::Error {
    carrying(Fault::new("IncompleteBody", 400, "The request body terminated unexpectedly"))
}
fn malformed(what: &str) -> io::Error {
    carrying(Fault::new("InvalidRequest", 400, format!("The aws-chunked body is malformed: {what}.")))
}
fn bad_trailer() -> io::Error {
    carrying(Fault::new(
        "MalformedTrailerError",
        400,
        "The request contained trailing data that was not well-formed or did not conform to our published schema.",
    ))
}
fn wrong_signature() -> io::Error {
    carrying(Fault::new(
        "SignatureDoesNotMatch",
        403,
        "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::body::fault_of;

    fn block<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    fn unsigned(text: &str, trailers: &[&str], length: u64) -> Result<(Bytes, Vec<(String, String)>), String> {
        // One byte at a time: every boundary falls inside something.
        let inner = Body::new(OneByOne(text.bytes().collect()), None);
        let framing = Framing {
            signer: None,
            trailers: trailers.iter().map(|t| t.to_string()).collect(),
            signed_trailer: false,
            decoded_length: length,
        };
        let mut body = AwsChunked::body(inner, framing).map_err(|f| f.code.into_owned())?;
        let bytes = block(body.collect(1 << 20)).map_err(|e| fault_of(&e).unwrap().code.clone().into_owned())?;
        let trailers = body.trailers.unwrap().lock().unwrap().clone();
        Ok((bytes, trailers))
    }

    struct OneByOne(std::collections::VecDeque<u8>);
    impl Chunks for OneByOne {
        fn next(&mut self) -> Pin<Box<dyn Future<Output = Option<io::Result<Bytes>>> + Send + '_>> {
            let byte = self.0.pop_front();
            Box::pin(async move { byte.map(|b| Ok(Bytes::from(vec![b]))) })
        }
    }

    #[test]
    fn takes_framing_and_trailer_off() {
        let (bytes, trailers) =
            unsigned("4\r\n1234\r\n5\r\n56789\r\n0\r\nx-amz-checksum-crc32:y/Q5Jg==\r\n\r\n", &["x-amz-checksum-crc32"], 9).unwrap();
        assert_eq!(bytes, "123456789");
        assert_eq!(trailers, [("x-amz-checksum-crc32".into(), "y/Q5Jg==".into())]);
    }

    #[test]
    fn every_way_to_be_wrong_has_its_code() {
        let long = "1".repeat(1000);
        let crc = &["x-amz-checksum-crc32"];
        let code = |text: &str, trailers: &[&str], length| unsigned(text, trailers, length).unwrap_err();
        assert_eq!(code("4\r\n1234\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n", crc, 4), "BadDigest");
        assert_eq!(code("4\r\n1234\r\n0\r\n\r\n", crc, 4), "MalformedTrailerError");
        assert_eq!(code("4\r\n1234\r\n0\r\nx-amz-checksum-sha1:AAAAAA==\r\n\r\n", crc, 4), "MalformedTrailerError");
        assert_eq!(code("4\r\n12", &[], 4), "IncompleteBody");
        assert_eq!(code("4\r\n1234\r\n0\r\n\r\n", &[], 5), "IncompleteBody");
        assert_eq!(code("5\r\n12345\r\n0\r\n\r\n", &[], 4), "IncompleteBody");
        assert_eq!(code("4\r\n12345\r\n0\r\n\r\n", &[], 9), "InvalidRequest");
        assert_eq!(code("zz\r\n", &[], 4), "InvalidRequest");
        assert_eq!(code("ffffffffffff\r\n", &[], 4), "InvalidRequest");
        assert_eq!(code(&long, &[], 4), "InvalidRequest");
        assert_eq!(code("", &["x-amz-meta-a"], 0), "InvalidRequest");
    }
}
