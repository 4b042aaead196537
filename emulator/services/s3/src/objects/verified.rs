//! Stored bytes held against the sum that was kept with them, as they leave.

use crate::checksums::{Running, Sum};
use std::io;
use wire::body::Check;

/// A running sum and what it must come to.
pub(crate) struct Verified {
    running: Running,
    sum: Sum,
    blob: u64,
}

impl Verified {
    /// `blob` is named where the bytes turn out to be others.
    pub fn new(sum: Sum, blob: u64) -> Verified {
        Verified { running: Running::new(sum.algorithm), sum, blob }
    }
}

impl Check for Verified {
    fn update(&mut self, bytes: &[u8]) {
        self.running.update(bytes);
    }
    fn verdict(&mut self) -> io::Result<()> {
        let running = std::mem::replace(&mut self.running, Running::new(self.sum.algorithm));
        match running.finish() == self.sum.value {
            true => Ok(()),
            false => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!(
                    "the stored bytes of blob {} are not those whose {} was kept: the disk has damaged them",
                    self.blob,
                    self.sum.algorithm.name()
                ),
            )),
        }
    }
}
