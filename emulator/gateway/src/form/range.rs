//! A file that has to be of a certain length, known only when it has passed.

use crate::body::carrying;
use std::{future::Future, io, pin::Pin};
use wire::{Body, Bytes, Fault, body::Chunks};

/// The file, which fails when it is shorter or longer than `(least, most)` bytes.
pub(super) fn within(file: Body, (least, most): (u64, u64)) -> Body {
    let length = file.length;
    Body::new(Within { file, least, most, passed: 0, over: false }, length)
}

struct Within {
    file: Body,
    least: u64,
    most: u64,
    passed: u64,
    over: bool,
}

impl Within {
    async fn read(&mut self) -> Option<io::Result<Bytes>> {
        if self.over {
            return None;
        }
        match self.file.next().await {
            Some(Ok(bytes)) => {
                self.passed += bytes.len() as u64;
                if self.passed <= self.most {
                    return Some(Ok(bytes));
                }
                self.over = true;
                Some(Err(self.too_large().await))
            }
            Some(Err(error)) => {
                self.over = true;
                Some(Err(error))
            }
            None => {
                self.over = true;
                (self.passed < self.least).then(|| Err(self.too_small()))
            }
        }
    }

    /// AWS tells the whole size: the rest is read and forgotten.
    async fn too_large(&mut self) -> io::Error {
        while let Some(chunk) = self.file.next().await {
            match chunk {
                Ok(bytes) => self.passed += bytes.len() as u64,
                Err(error) => return error,
            }
        }
        let fault = Fault::new("EntityTooLarge", 400, "Your proposed upload exceeds the maximum allowed size");
        carrying(fault.with("ProposedSize", self.passed.to_string()).with("MaxSizeAllowed", self.most.to_string()))
    }

    fn too_small(&self) -> io::Error {
        let fault = Fault::new("EntityTooSmall", 400, "Your proposed upload is smaller than the minimum allowed size");
        carrying(fault.with("ProposedSize", self.passed.to_string()).with("MinSizeAllowed", self.least.to_string()))
    }
}

impl Chunks for Within {
    fn next(&mut self) -> Pin<Box<dyn Future<Output = Option<io::Result<Bytes>>> + Send + '_>> {
        Box::pin(self.read())
    }
}
