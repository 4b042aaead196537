//! An answer's body on its way to the socket: bytes at hand, a file read in blocks, or a stream.

use futures_util::future::BoxFuture;
use http_body::{Body as HttpBody, Frame, SizeHint};
use std::{
    fs::File,
    io,
    os::unix::fs::FileExt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};
use wire::{Body, Bytes, ReplyBody};

/// How much of a file is read at once.
const BLOCK: u64 = 256 * 1024;
/// Files up to this size are read at once and in place: the page cache has them, and a thread costs more.
const SMALL: u64 = 64 * 1024;

/// What hyper sends.
pub struct Outgoing(Inner);

enum Inner {
    Bytes(Bytes),
    File { file: Arc<File>, offset: u64, left: u64, reading: Option<tokio::task::JoinHandle<io::Result<Bytes>>> },
    Stream { pulling: BoxFuture<'static, (Body, Option<io::Result<Bytes>>)>, left: Option<u64> },
    Over,
}

impl Outgoing {
    /// No body.
    pub fn empty() -> Outgoing {
        Outgoing(Inner::Over)
    }
    /// Bytes at hand.
    pub fn bytes(bytes: impl Into<Bytes>) -> Outgoing {
        Outgoing(Inner::Bytes(bytes.into()))
    }
    /// The body of a reply; small files are read now.
    pub fn of(body: ReplyBody) -> io::Result<Outgoing> {
        Ok(match body {
            ReplyBody::None => Outgoing::empty(),
            ReplyBody::Bytes(bytes) => Outgoing::bytes(bytes),
            ReplyBody::File { length: 0, .. } => Outgoing::empty(),
            ReplyBody::File { file, offset, length } if length <= SMALL => Outgoing::bytes(read_block(&file, offset, length)?),
            ReplyBody::File { file, offset, length } => Outgoing(Inner::File { file: Arc::new(file), offset, left: length, reading: None }),
            ReplyBody::Stream(body) => {
                let left = body.length;
                Outgoing(Inner::Stream { pulling: pull(body), left })
            }
        })
    }
    /// How many bytes will come, where it is known.
    pub fn length(&self) -> Option<u64> {
        match &self.0 {
            Inner::Bytes(bytes) => Some(bytes.len() as u64),
            Inner::File { left, .. } => Some(*left),
            Inner::Stream { left, .. } => *left,
            Inner::Over => Some(0),
        }
    }
}

fn pull(mut body: Body) -> BoxFuture<'static, (Body, Option<io::Result<Bytes>>)> {
    Box::pin(async move {
        let next = body.next().await;
        (body, next)
    })
}

fn read_block(file: &File, offset: u64, length: u64) -> io::Result<Bytes> {
    let mut block = vec![0; length as usize];
    file.read_exact_at(&mut block, offset)?;
    Ok(block.into())
}

impl HttpBody for Outgoing {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let inner = &mut self.get_mut().0;
        match inner {
            Inner::Over => Poll::Ready(None),
            Inner::Bytes(bytes) => {
                let bytes = std::mem::take(bytes);
                *inner = Inner::Over;
                Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
            }
            Inner::File { file, offset, left, reading } => {
                let job = reading.get_or_insert_with(|| start_reading(file, *offset, *left));
                let block = ready!(Pin::new(job).poll(cx)).map_err(io::Error::other).and_then(|block| block);
                let Ok(block) = block else {
                    *inner = Inner::Over;
                    return Poll::Ready(Some(block.map(Frame::data)));
                };
                *offset += block.len() as u64;
                *left -= block.len() as u64;
                // The next block is read while this one is sent.
                *reading = (*left > 0).then(|| start_reading(file, *offset, *left));
                if *left == 0 {
                    *inner = Inner::Over;
                }
                Poll::Ready(Some(Ok(Frame::data(block))))
            }
            Inner::Stream { pulling, left } => {
                let (body, next) = ready!(pulling.as_mut().poll(cx));
                match next {
                    None => {
                        *inner = Inner::Over;
                        Poll::Ready(None)
                    }
                    Some(Err(error)) => {
                        *inner = Inner::Over;
                        Poll::Ready(Some(Err(error)))
                    }
                    Some(Ok(bytes)) => {
                        *left = left.map(|left| left.saturating_sub(bytes.len() as u64));
                        *pulling = pull(body);
                        Poll::Ready(Some(Ok(Frame::data(bytes))))
                    }
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Inner::Over => true,
            Inner::Bytes(bytes) => bytes.is_empty(),
            _ => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.length().map_or(SizeHint::default(), SizeHint::with_exact)
    }
}

fn start_reading(file: &Arc<File>, offset: u64, left: u64) -> tokio::task::JoinHandle<io::Result<Bytes>> {
    let file = file.clone();
    tokio::task::spawn_blocking(move || read_block(&file, offset, left.min(BLOCK)))
}
