//! An answer's body on its way to the socket: bytes at hand, a file read in blocks, or a stream.

use super::file::FileBlocks;
use futures_util::future::BoxFuture;
use http_body::{Body as HttpBody, Frame, SizeHint};
use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};
use wire::{Body, Bytes, ReplyBody};

/// Files up to this size are read at once: what is wrong with them is told in a fault and not by a broken connection.
const SMALL: u64 = 64 * 1024;

/// What hyper sends.
pub struct Outgoing(Inner);

enum Inner {
    Bytes(Bytes),
    File(FileBlocks),
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
            ReplyBody::File { file, offset, length, check } => {
                let mut blocks = FileBlocks::new(file, offset, length, check);
                if length <= SMALL { Outgoing::bytes(blocks.whole()?) } else { Outgoing(Inner::File(blocks)) }
            }
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
            Inner::File(blocks) => Some(blocks.left()),
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
            Inner::File(blocks) => {
                let block = ready!(blocks.poll_next(cx));
                if blocks.left() == 0 || block.is_err() {
                    *inner = Inner::Over;
                }
                Poll::Ready(Some(block.map(Frame::data)))
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
