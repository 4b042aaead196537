//! Room for what comes in and goes out: bytes of requests and of answers that are held at the same time, and how long a peer may take.
//!
//! Nobody is given room for what it merely promises, and who holds some has to go on: the rest waits for those who hold it.

use crate::options::Limits;
use bytes::{Bytes, BytesMut};
use kit::Clock;
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
};

/// Bytes of a request that are read before there is room for it: connections have an end, so these have.
const BEFORE_BYTES: usize = 64 << 10;
/// Up to so many bytes a request is small.
const SMALL_BYTES: usize = 1 << 20;
/// So many bytes at least have to be through in the time that a peer may be silent; a byte now and then is not enough.
const PACE_BYTES: usize = 4 << 20;

/// Free bytes.
pub struct Room {
    /// For small requests, that large ones don't keep waiting.
    small: Arc<Pool>,
    large: Arc<Pool>,
    answers: Arc<Pool>,
}

struct Pool {
    free: Arc<Semaphore>,
    bytes: usize,
    /// What each connection may hold for as long as it likes.
    share: usize,
    waiting: AtomicUsize,
    /// Somebody has begun to wait.
    wanted: Notify,
}

/// Somebody waits for room.
struct Waits<'a>(&'a Pool);

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Pool {
    fn new(bytes: usize, connections: usize) -> Arc<Pool> {
        let bytes = bytes.clamp(1, (u32::MAX as usize).min(Semaphore::MAX_PERMITS));
        let (free, share) = (Arc::new(Semaphore::new(bytes)), bytes / connections.max(1));
        Arc::new(Pool { free, bytes, share, waiting: AtomicUsize::new(0), wanted: Notify::new() })
    }
    /// What is larger than all there is takes all there is.
    async fn take(&self, bytes: usize) -> io::Result<OwnedSemaphorePermit> {
        let bytes = bytes.clamp(1, self.bytes) as u32;
        if let Ok(permit) = self.free.clone().try_acquire_many_owned(bytes) {
            return Ok(permit);
        }
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let _waits = Waits(self);
        self.wanted.notify_waiters();
        self.free.clone().acquire_many_owned(bytes).await.map_err(io::Error::other)
    }
}

/// The room that a request takes until it is answered.
pub struct Held {
    _permit: OwnedSemaphorePermit,
    bytes: usize,
    pool: Arc<Pool>,
}

impl Held {
    /// Comes to its end when somebody waits for room and this is more than each connection may hold.
    pub async fn wanted(&self) {
        if self.bytes <= self.pool.share {
            return std::future::pending().await;
        }
        loop {
            let called = self.pool.wanted.notified();
            tokio::pin!(called);
            called.as_mut().enable();
            if self.pool.waiting.load(Ordering::SeqCst) > 0 {
                return;
            }
            called.await;
        }
    }
}

impl Room {
    /// By these limits.
    pub fn new(limits: &Limits) -> Room {
        let small = limits.in_flight_max_bytes / 4;
        let pool = |bytes| Pool::new(bytes, limits.connections_max);
        Room { small: pool(small), large: pool(limits.in_flight_max_bytes - small), answers: pool(limits.answers_max_bytes) }
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
    ) -> io::Result<(Bytes, Held)> {
        let mut request = BytesMut::with_capacity(length.min(BEFORE_BYTES));
        let mut limited = stream.take(length as u64);
        fill(&mut limited, &mut request, length.min(BEFORE_BYTES), clock, stall).await?;
        let pool = if length <= SMALL_BYTES { &self.small } else { &self.large };
        let held = Held { _permit: pool.take(length).await?, bytes: length, pool: pool.clone() };
        fill(&mut limited, &mut request, length, clock, stall).await?;
        Ok((request.freeze(), held))
    }
}

/// Reads until so much is there.
async fn fill<S: AsyncRead + Unpin>(stream: &mut S, into: &mut BytesMut, most: usize, clock: &Clock, stall: Duration) -> io::Result<()> {
    let all = async {
        while into.len() < most {
            more(stream, into, clock, stall).await?;
        }
        Ok(())
    };
    in_time(clock, whole(stall, most), all).await
}

/// How long so many bytes may take altogether.
fn whole(stall: Duration, bytes: usize) -> Duration {
    stall * (1 + (bytes / PACE_BYTES) as u32)
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
    let most = whole(stall, answer.len());
    let all = async {
        while !answer.is_empty() {
            if in_time(clock, stall, stream.write_buf(&mut answer)).await? == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
        }
        in_time(clock, stall, stream.flush()).await
    };
    in_time(clock, most, all).await
}

/// What is done within `most` of real time, or an error.
pub async fn in_time<R>(clock: &Clock, most: Duration, work: impl Future<Output = io::Result<R>>) -> io::Result<R> {
    tokio::select! {
        biased;
        done = work => done,
        () = clock.real_sleep(most) => Err(io::ErrorKind::TimedOut.into()),
    }
}
