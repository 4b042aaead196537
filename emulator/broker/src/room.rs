//! Room for what comes in and goes out: bytes of requests and of answers that are held at the same time, and how long a peer may take.
//!
//! Nobody is given room for what it merely promises, and who holds some has to go on: the rest waits for those who hold it.

use crate::options::Limits;
use bytes::{Bytes, BytesMut};
use kit::Clock;
use std::{io, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::{OwnedSemaphorePermit, Semaphore},
};

/// Bytes of a request that are read before there is room for it: connections have an end, so these have.
const BEFORE_BYTES: usize = 64 << 10;
/// Up to so many bytes a request is small.
const SMALL_BYTES: usize = 1 << 20;

/// Free bytes.
pub struct Room {
    /// For small requests, that large ones don't keep waiting.
    small: Pool,
    large: Pool,
    answers: Pool,
}

struct Pool {
    free: Arc<Semaphore>,
    bytes: usize,
}

impl Pool {
    fn new(bytes: usize) -> Pool {
        let bytes = bytes.clamp(1, (u32::MAX as usize).min(Semaphore::MAX_PERMITS));
        Pool { free: Arc::new(Semaphore::new(bytes)), bytes }
    }
    /// What is larger than all there is takes all there is.
    async fn take(&self, bytes: usize) -> io::Result<OwnedSemaphorePermit> {
        self.free.clone().acquire_many_owned(bytes.clamp(1, self.bytes) as u32).await.map_err(io::Error::other)
    }
}

impl Room {
    /// By these limits.
    pub fn new(limits: &Limits) -> Room {
        let small = limits.in_flight_max_bytes / 4;
        Room { small: Pool::new(small), large: Pool::new(limits.in_flight_max_bytes - small), answers: Pool::new(limits.answers_max_bytes) }
    }

    /// Room for an answer of up to so many bytes; [`shrink`] gives back what it turned out not to need.
    pub async fn answer(&self, bytes: usize) -> io::Result<OwnedSemaphorePermit> {
        self.answers.take(bytes).await
    }

    /// Reads a request of a length, and the room that it takes until it is answered. What the buffer holds grows as bytes come, not by what
    /// the length promises.
    pub async fn read<S: AsyncRead + Unpin>(
        &self,
        stream: &mut S,
        length: usize,
        clock: &Clock,
        stall: Duration,
    ) -> io::Result<(Bytes, OwnedSemaphorePermit)> {
        let mut request = BytesMut::with_capacity(length.min(BEFORE_BYTES));
        let mut limited = stream.take(length as u64);
        let most = length.min(BEFORE_BYTES);
        while request.len() < most {
            more(&mut limited, &mut request, clock, stall).await?;
        }
        let pool = if length <= SMALL_BYTES { &self.small } else { &self.large };
        let room = pool.take(length).await?;
        while request.len() < length {
            more(&mut limited, &mut request, clock, stall).await?;
        }
        Ok((request.freeze(), room))
    }
}

async fn more<S: AsyncRead + Unpin>(stream: &mut S, into: &mut BytesMut, clock: &Clock, stall: Duration) -> io::Result<()> {
    match in_time(clock, stall, stream.read_buf(into)).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

/// Gives back what an answer of `bytes` bytes doesn't need.
pub fn shrink(room: &mut OwnedSemaphorePermit, bytes: usize) {
    let spare = room.num_permits().saturating_sub(bytes.max(1));
    drop(room.split(spare));
}

/// Writes an answer to a peer that has to read on.
pub async fn write<S: AsyncWrite + Unpin>(stream: &mut S, mut answer: Bytes, clock: &Clock, stall: Duration) -> io::Result<()> {
    while !answer.is_empty() {
        if in_time(clock, stall, stream.write_buf(&mut answer)).await? == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
    }
    in_time(clock, stall, stream.flush()).await
}

/// What is done within `most` of real time, or an error.
pub async fn in_time<R>(clock: &Clock, most: Duration, work: impl Future<Output = io::Result<R>>) -> io::Result<R> {
    tokio::select! {
        biased;
        done = work => done,
        () = clock.real_sleep(most) => Err(io::ErrorKind::TimedOut.into()),
    }
}
