//! MD5, which every ETag needs: a running digest, and a hand that takes the digests of all uploads of the process side by side.
//!
//! the crate `lanes` computes, `hand` brings streams together. Small pieces are computed where they are; large ones are handed over, so that many
//! uploads at once cost little more than one. Knows no store and no operation.

mod hand;

pub(crate) use hand::hash;

use lanes::{BLOCK, INITIAL, State};

/// A digest under way.
#[derive(Clone)]
pub(crate) struct Md5 {
    state: State,
    /// The beginning of a block that is not whole yet.
    rest: [u8; BLOCK],
    filled: usize,
    /// Bytes taken in.
    length: u64,
}

impl Md5 {
    pub fn new() -> Md5 {
        Md5 { state: INITIAL, rest: [0; BLOCK], filled: 0, length: 0 }
    }

    /// Takes bytes in, here and now.
    pub fn update(&mut self, bytes: &[u8]) {
        let mut bytes = self.fill(bytes);
        let whole = bytes.len() - bytes.len() % BLOCK;
        if whole > 0 {
            lanes::one(&mut self.state, &bytes[..whole]);
            self.length += whole as u64;
            bytes = &bytes[whole..];
        }
        self.fill(bytes);
    }

    /// Takes from the front of `bytes` what completes a block begun, or, where there is less than a block, all; gives the rest.
    fn fill<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        if self.filled == 0 && bytes.len() >= BLOCK {
            return bytes;
        }
        let (taken, rest) = bytes.split_at(bytes.len().min(BLOCK - self.filled));
        self.rest[self.filled..self.filled + taken.len()].copy_from_slice(taken);
        self.filled += taken.len();
        self.length += taken.len() as u64;
        if self.filled == BLOCK {
            lanes::one(&mut self.state, &self.rest);
            self.filled = 0;
        }
        rest
    }

    /// The sum.
    pub fn finish(mut self) -> [u8; 16] {
        let bits = self.length.wrapping_mul(8);
        let zeros = (BLOCK + 55 - self.filled) % BLOCK;
        let mut end = vec![0u8; 1 + zeros];
        end[0] = 0x80;
        end.extend_from_slice(&bits.to_le_bytes());
        self.update(&end);
        let mut sum = [0; 16];
        for (bytes, word) in sum.chunks_exact_mut(4).zip(self.state) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(text: &str) -> String {
        let mut md5 = Md5::new();
        md5.update(text.as_bytes());
        kit::hex(&md5.finish())
    }

    #[test]
    fn the_sums_of_rfc_1321() {
        assert_eq!(sum(""), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(sum("abc"), "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(sum("message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
        assert_eq!(
            sum("12345678901234567890123456789012345678901234567890123456789012345678901234567890"),
            "57edf4a22be3c955ac49da2e2107b67a"
        );
    }

    #[test]
    fn pieces_of_any_length_come_to_the_sum_of_the_whole() {
        let text: Vec<u8> = (0..5000u32).map(|n| ((n * n) >> 3) as u8).collect();
        let whole = <md5::Md5 as md5::Digest>::digest(&text);
        for step in [1, 3, 55, 56, 63, 64, 65, 127, 1000, 4999, 5000] {
            let mut md5 = Md5::new();
            text.chunks(step).for_each(|piece| md5.update(piece));
            assert_eq!(md5.finish()[..], whole[..], "pieces of {step}");
        }
    }
}
