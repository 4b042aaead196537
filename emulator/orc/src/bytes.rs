//! Runs of bytes, and of bits inside bytes.

use crate::{Result, chunks::Stream};

/// Bytes in runs: repeated ones, or as they are.
pub(crate) struct Bytes {
    stream: Stream,
    left: usize,
    repeated: Option<u8>,
}

impl Bytes {
    pub(crate) fn new(stream: Stream) -> Bytes {
        Bytes { stream, left: 0, repeated: None }
    }
    pub(crate) fn next(&mut self) -> Result<u8> {
        if self.left == 0 {
            let control = self.stream.byte()? as i8;
            if control >= 0 {
                self.left = control as usize + 3;
                self.repeated = Some(self.stream.byte()?);
            } else {
                self.left = usize::from(control.unsigned_abs());
                self.repeated = None;
            }
        }
        self.left -= 1;
        match self.repeated {
            Some(byte) => Ok(byte),
            None => self.stream.byte(),
        }
    }
}

/// Bits, the highest of a byte first.
pub(crate) struct Bits {
    bytes: Bytes,
    byte: u8,
    left: u8,
}

impl Bits {
    pub(crate) fn new(stream: Stream) -> Bits {
        Bits { bytes: Bytes::new(stream), byte: 0, left: 0 }
    }
    pub(crate) fn next(&mut self) -> Result<bool> {
        if self.left == 0 {
            self.byte = self.bytes.next()?;
            self.left = 8;
        }
        self.left -= 1;
        Ok(self.byte >> self.left & 1 == 1)
    }
}
