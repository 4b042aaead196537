//! Bodies that are never held whole: what a streaming operation reads, and what it answers.

use bytes::{Bytes, BytesMut};
use std::{
    collections::VecDeque,
    future::Future,
    io,
    pin::Pin,
    sync::{Arc, Mutex},
};

/// Trailing headers of a body (names in lower case), filled when its last chunk has been read. Their checksums were verified by then.
pub type Trailers = Arc<Mutex<Vec<(String, String)>>>;

/// Reads a streamed request body chunk by chunk.
pub trait Chunks: Send {
    /// The next chunk; `None` at the end. An error carries the fault that the caller is to be told (wrong chunk signature,
    /// wrong trailing checksum) inside its `io::Error`, see [`fault_of`].
    fn next(&mut self) -> Pin<Box<dyn Future<Output = Option<io::Result<Bytes>>> + Send + '_>>;
}

/// Bytes that are set aside for a body because of the length that it announces.
const MOST_AT_ONCE: usize = 16 << 20;

/// A request body on its way in.
pub struct Body {
    chunks: Box<dyn Chunks>,
    /// Length after any transfer framing is taken off, where it is known.
    pub length: Option<u64>,
    /// Trailing headers, where the body's framing has them (`x-amz-checksum-crc32`).
    pub trailers: Option<Trailers>,
    /// Names of the trailing headers that are to come, lower case; known before the first byte.
    pub announced: Vec<String>,
}

impl Body {
    /// A body over a source of chunks.
    pub fn new(chunks: impl Chunks + 'static, length: Option<u64>) -> Body {
        Body { chunks: Box::new(chunks), length, trailers: None, announced: Vec::new() }
    }
    /// A body that is already here.
    pub fn from_bytes(bytes: impl Into<Bytes>) -> Body {
        let bytes = bytes.into();
        let length = Some(bytes.len() as u64);
        Body::new(Ready(if bytes.is_empty() { VecDeque::new() } else { VecDeque::from([bytes]) }), length)
    }
    /// An empty body.
    pub fn empty() -> Body {
        Body::from_bytes(Bytes::new())
    }
    /// The next chunk; `None` at the end.
    pub async fn next(&mut self) -> Option<io::Result<Bytes>> {
        self.chunks.next().await
    }
    /// The whole body; an error of the kind `FileTooLarge` beyond `limit` bytes. What comes in one piece is not copied. What comes in several is
    /// copied once where its length was announced and is at most 16 MiB; so much at most is set aside before it has come, and grown from there.
    pub async fn collect(&mut self, limit: usize) -> io::Result<Bytes> {
        let within = |bytes: usize| match bytes > limit {
            true => Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("the body is larger than {limit} bytes"))),
            false => Ok(()),
        };
        let Some(first) = self.next().await.transpose()? else { return Ok(Bytes::new()) };
        within(first.len())?;
        let Some(second) = self.next().await.transpose()? else { return Ok(first) };
        // A length that a caller names is no reason to set so much aside at once.
        let expected = self.length.map_or(0, |length| (length as usize).min(limit).min(MOST_AT_ONCE));
        let mut whole = BytesMut::with_capacity(expected.max(first.len() + second.len()));
        whole.extend_from_slice(&first);
        let mut next = Some(second);
        while let Some(chunk) = next {
            within(whole.len() + chunk.len())?;
            whole.extend_from_slice(&chunk);
            next = self.next().await.transpose()?;
        }
        Ok(whole.freeze())
    }
}

struct Ready(VecDeque<Bytes>);
impl Chunks for Ready {
    fn next(&mut self) -> Pin<Box<dyn Future<Output = Option<io::Result<Bytes>>> + Send + '_>> {
        let next = self.0.pop_front();
        Box::pin(async move { next.map(Ok) })
    }
}

/// The fault that an error of a body carries, if it carries one.
pub fn fault_of(error: &io::Error) -> Option<&crate::Fault> {
    error.get_ref().and_then(|e| e.downcast_ref::<crate::Fault>())
}

/// Judges the bytes of an answer as they leave. Where it finds them wrong the answer must not look whole: the connection is cut.
pub trait Check: Send {
    /// The next bytes.
    fn update(&mut self, bytes: &[u8]);
    /// Told after the last one.
    fn verdict(&mut self) -> io::Result<()>;
}

/// The body of an answer.
#[derive(Default)]
pub enum ReplyBody {
    /// The value alone makes the body.
    #[default]
    None,
    /// Bytes at hand.
    Bytes(Bytes),
    /// A range of an open file.
    File {
        /// The file.
        file: std::fs::File,
        /// First byte.
        offset: u64,
        /// How many bytes.
        length: u64,
        /// Judges them as they leave.
        check: Option<Box<dyn Check>>,
    },
    /// A stream of known or unknown length.
    Stream(Body),
}

/// What an operation answers: its output value and, for streaming outputs, the body.
pub struct Reply<T> {
    /// The output.
    pub value: T,
    /// The streamed body.
    pub body: ReplyBody,
    /// Overrides the modelled status (206 for a range).
    pub status: Option<u16>,
    /// Headers that the model doesn't know.
    pub headers: Vec<(String, String)>,
}

impl<T> Reply<T> {
    /// A value without a streamed body.
    pub fn new(value: T) -> Reply<T> {
        Reply { value, body: ReplyBody::None, status: None, headers: Vec::new() }
    }
    /// With a streamed body.
    pub fn body(mut self, body: ReplyBody) -> Reply<T> {
        self.body = body;
        self
    }
    /// With another status.
    pub fn status(mut self, status: u16) -> Reply<T> {
        self.status = Some(status);
        self
    }
    /// With one more header.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Reply<T> {
        self.headers.push((name.into(), value.into()));
        self
    }
}

impl<T> From<T> for Reply<T> {
    fn from(value: T) -> Reply<T> {
        Reply::new(value)
    }
}
