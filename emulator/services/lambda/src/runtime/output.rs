//! What a function prints: lines with the moment at which they came, kept until its invocation is over.

use kit::{Clock, Timestamp};
use parking_lot::Mutex;
use std::{
    os::fd::{AsRawFd, OwnedFd},
    sync::Arc,
};
use tokio::io::unix::AsyncFd;

/// Bytes kept between two takes; what comes beyond is counted, not kept.
const MOST_BYTES: usize = 8 << 20;
/// A line is cut at this length, as CloudWatch Logs takes no longer ones.
const MOST_LINE_BYTES: usize = 256 << 10;

/// The reading end of a function's outputs.
pub(crate) struct Output {
    pipe: AsyncFd<OwnedFd>,
    clock: Clock,
    lines: Mutex<Lines>,
    /// Told of every whole line.
    listener: Listener,
}

/// Who hears of lines as they come.
pub(crate) type Listener = Box<dyn Fn(Timestamp, &str) + Send + Sync>;

#[derive(Default)]
struct Lines {
    partial: Vec<u8>,
    done: Vec<(Timestamp, String)>,
    bytes: usize,
    lost: usize,
}

impl Output {
    /// Reads on its own until the other end closes.
    pub fn new(pipe: OwnedFd, clock: Clock, listener: Listener) -> std::io::Result<(Arc<Output>, tokio::task::AbortHandle)> {
        // SAFETY: the descriptor is owned by the AsyncFd for as long as it lives.
        let pipe = unsafe { AsyncFd::register_with_interest(pipe, tokio::io::Interest::READABLE) }.map_err(std::io::Error::from)?;
        let output = Arc::new(Output { pipe, clock, lines: Mutex::default(), listener });
        let reader = output.clone();
        let task = tokio::spawn(async move {
            while let Ok(mut guard) = reader.pipe.readable().await {
                guard.clear_ready();
                if reader.drain() {
                    return;
                }
            }
        });
        Ok((output, task.abort_handle()))
    }

    /// Everything printed until now. What a process wrote before it answered is in the pipe by then, so nothing is missed.
    pub fn take(&self) -> Vec<(Timestamp, String)> {
        self.drain();
        let mut lines = self.lines.lock();
        let at = self.clock.now();
        if !lines.partial.is_empty() {
            let rest = std::mem::take(&mut lines.partial);
            lines.finish(at, &rest, &self.listener);
        }
        if lines.lost > 0 {
            let text = format!("[windtunnel] {} bytes of output were dropped: more than {MOST_BYTES} in one invocation", lines.lost);
            lines.done.push((at, text));
        }
        lines.bytes = 0;
        lines.lost = 0;
        std::mem::take(&mut lines.done)
    }

    /// Reads what is there; whether the other end is closed.
    fn drain(&self) -> bool {
        let mut lines = self.lines.lock();
        let mut buffer = [0u8; 16 * 1024];
        loop {
            // SAFETY: reads into our own buffer from our own descriptor.
            let n = unsafe { libc::read(self.pipe.get_ref().as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len()) };
            match n {
                1.. => lines.add(self.clock.now(), &buffer[..n as usize], &self.listener),
                0 => return true,
                _ => return false,
            }
        }
    }
}

impl Lines {
    fn add(&mut self, at: Timestamp, mut bytes: &[u8], listener: &Listener) {
        if self.bytes + bytes.len() > MOST_BYTES {
            self.lost += bytes.len();
            return;
        }
        self.bytes += bytes.len();
        while let Some(end) = bytes.iter().position(|b| *b == b'\n') {
            let mut line = std::mem::take(&mut self.partial);
            line.extend_from_slice(&bytes[..end]);
            self.finish(at, &line, listener);
            bytes = &bytes[end + 1..];
        }
        self.partial.extend_from_slice(bytes);
        if self.partial.len() > MOST_LINE_BYTES {
            let line = std::mem::take(&mut self.partial);
            self.finish(at, &line, listener);
        }
    }

    fn finish(&mut self, at: Timestamp, line: &[u8], listener: &Listener) {
        let line = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned();
        listener(at, &line);
        self.done.push((at, line));
    }
}
