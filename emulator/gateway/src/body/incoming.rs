//! A request body off the socket: as hyper reads it, within a size, and never waiting for ever.

use super::{carrying, incomplete};
use http_body::Body as _;
use kit::Clock;
use std::{future::Future, io, pin::Pin, time::Duration};
use wire::{Bytes, Fault, body::Chunks};

/// A request body off the socket.
pub struct Incoming {
    inner: hyper::body::Incoming,
    clock: Clock,
    /// Longest silence of the client, real time.
    idle: Duration,
    /// Bytes that may still come.
    left: u64,
    over: bool,
}

impl Incoming {
    /// Reads at most `limit` bytes; `idle` is the longest silence in real time.
    pub fn new(inner: hyper::body::Incoming, limit: u64, idle: Duration, clock: Clock) -> Incoming {
        Incoming { inner, clock, idle, left: limit, over: false }
    }

    async fn read(&mut self) -> Option<io::Result<Bytes>> {
        loop {
            if self.over {
                return None;
            }
            let frame = std::future::poll_fn(|cx| Pin::new(&mut self.inner).poll_frame(cx));
            let frame = match within(&self.clock, self.idle, frame).await {
                Ok(frame) => frame,
                Err(fault) => return self.end(carrying(fault)),
            };
            match frame {
                None => {
                    self.over = true;
                    return None;
                }
                // hyper's errors here are a client that went away or broken chunked framing.
                Some(Err(_)) => return self.end(incomplete()),
                Some(Ok(frame)) => {
                    // HTTP's own trailers are of no protocol of AWS.
                    let Ok(data) = frame.into_data() else { continue };
                    if data.is_empty() {
                        continue;
                    }
                    if data.len() as u64 > self.left {
                        return self.end(carrying(Fault::new(
                            "EntityTooLarge",
                            400,
                            "Your proposed upload exceeds the maximum allowed size",
                        )));
                    }
                    self.left -= data.len() as u64;
                    return Some(Ok(data));
                }
            }
        }
    }

    fn end(&mut self, error: io::Error) -> Option<io::Result<Bytes>> {
        self.over = true;
        Some(Err(error))
    }
}

impl Chunks for Incoming {
    fn next(&mut self) -> Pin<Box<dyn Future<Output = Option<io::Result<Bytes>>> + Send + '_>> {
        Box::pin(self.read())
    }
}

/// Waits for the client, but not for ever.
async fn within<T>(clock: &Clock, idle: Duration, wait: impl Future<Output = T>) -> Result<T, Fault> {
    let mut wait = std::pin::pin!(wait);
    // What is here already costs no timer.
    if let std::task::Poll::Ready(done) = std::future::poll_fn(|cx| std::task::Poll::Ready(wait.as_mut().poll(cx))).await {
        return Ok(done);
    }
    tokio::select! {
        done = wait => Ok(done),
        () = clock.real_sleep(idle) => Err(Fault::new(
            "RequestTimeout",
            400,
            "Your socket connection to the server was not read from or written to within the timeout period. Idle connections will be closed.",
        )),
    }
}
