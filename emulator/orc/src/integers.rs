//! Runs of whole numbers, in both versions of their encoding.

use crate::{Error, Result, chunks::Stream, proto::signed};

/// Bits that the codes 24 to 31 of a width stand for.
const WIDE: [u32; 8] = [26, 28, 30, 32, 40, 48, 56, 64];

/// Whole numbers of a stream, run by run.
pub(crate) struct Integers {
    stream: Stream,
    second: bool,
    signed: bool,
    run: Vec<i64>,
    at: usize,
}

impl Integers {
    /// `second` for the encoding's second version; `signed` where numbers may be negative.
    pub(crate) fn new(stream: Stream, second: bool, signed: bool) -> Integers {
        Integers { stream, second, signed, run: Vec::with_capacity(512), at: 0 }
    }

    pub(crate) fn next(&mut self) -> Result<i64> {
        if self.at == self.run.len() {
            self.run.clear();
            self.at = 0;
            if self.second { self.second()? } else { self.first()? }
        }
        self.at += 1;
        Ok(self.run[self.at - 1])
    }

    /// A length: never negative.
    pub(crate) fn length(&mut self) -> Result<usize> {
        usize::try_from(self.next()?).map_err(|_| Error::Broken("a length is negative"))
    }

    fn value(&self, raw: u64) -> i64 {
        if self.signed { signed(raw) } else { raw as i64 }
    }

    fn first(&mut self) -> Result<()> {
        let control = self.stream.byte()? as i8;
        if control < 0 {
            for _ in 0..control.unsigned_abs() {
                let raw = self.stream.number()?;
                self.run.push(self.value(raw));
            }
            return Ok(());
        }
        let step = i64::from(self.stream.byte()? as i8);
        let base = self.stream.number()?;
        let base = self.value(base);
        self.run.extend((0..i64::from(control) + 3).map(|i| base.wrapping_add(step.wrapping_mul(i))));
        Ok(())
    }

    fn second(&mut self) -> Result<()> {
        let first = self.stream.byte()?;
        match first >> 6 {
            0 => {
                let width = usize::from(first >> 3 & 7) + 1;
                let raw = self.big_endian(width)?;
                let value = self.value(raw);
                self.run.extend(std::iter::repeat_n(value, usize::from(first & 7) + 3));
                Ok(())
            }
            1 => {
                let (width, length) = (width(first >> 1 & 31), self.run_length(first)?);
                let mut bits = Packed::new(width);
                for _ in 0..length {
                    let raw = bits.next(&mut self.stream)?;
                    self.run.push(self.value(raw));
                }
                Ok(())
            }
            2 => self.patched(first),
            _ => self.delta(first),
        }
    }

    fn run_length(&mut self, first: u8) -> Result<usize> {
        Ok((usize::from(first & 1) << 8 | usize::from(self.stream.byte()?)) + 1)
    }

    fn big_endian(&mut self, bytes: usize) -> Result<u64> {
        (0..bytes).try_fold(0, |value, _| Ok(value << 8 | u64::from(self.stream.byte()?)))
    }

    /// Numbers above a base, of which a few have more bits than the rest: those follow in a list with the distances between them.
    fn patched(&mut self, first: u8) -> Result<()> {
        let (width, length) = (width(first >> 1 & 31), self.run_length(first)?);
        let (third, fourth) = (self.stream.byte()?, self.stream.byte()?);
        let base_bytes = usize::from(third >> 5) + 1;
        let patch_width = self::width(third & 31);
        let gap_width = u32::from(fourth >> 5) + 1;
        let patches = usize::from(fourth & 31);
        let raw = self.big_endian(base_bytes)?;
        // The highest bit of the base is its sign.
        let sign = 1u64 << (base_bytes * 8 - 1);
        let base = if raw & sign == 0 { raw as i64 } else { ((raw & !sign) as i64).wrapping_neg() };
        let mut bits = Packed::new(width);
        let mut values = Vec::with_capacity(length);
        for _ in 0..length {
            values.push(bits.next(&mut self.stream)?);
        }
        if patch_width + gap_width > 64 {
            return Err(Error::Broken("a patch is too wide"));
        }
        let mut bits = Packed::new(closest(patch_width + gap_width));
        let mut at = 0usize;
        for _ in 0..patches {
            let entry = bits.next(&mut self.stream)?;
            at += (entry >> patch_width) as usize;
            let patch = entry & mask(patch_width);
            // A distance too long for its bits is told by an empty patch before it.
            if let Some(value) = values.get_mut(at).filter(|_| patch != 0) {
                *value |= patch.checked_shl(width).unwrap_or(0);
            }
        }
        self.run.extend(values.iter().map(|v| base.wrapping_add(*v as i64)));
        Ok(())
    }

    fn delta(&mut self, first: u8) -> Result<()> {
        // The width's code 0 says that all distances are the first.
        let width = if first >> 1 & 31 == 0 { 0 } else { width(first >> 1 & 31) };
        let length = self.run_length(first)?;
        let base = self.stream.number()?;
        let base = self.value(base);
        let step = signed(self.stream.number()?);
        self.run.push(base);
        if length == 1 {
            return Ok(());
        }
        let mut last = base.wrapping_add(step);
        self.run.push(last);
        let mut bits = Packed::new(width);
        for _ in 2..length {
            let distance = match width {
                0 => step,
                _ if step < 0 => (bits.next(&mut self.stream)? as i64).wrapping_neg(),
                _ => bits.next(&mut self.stream)? as i64,
            };
            last = last.wrapping_add(distance);
            self.run.push(last);
        }
        Ok(())
    }
}

fn mask(bits: u32) -> u64 {
    if bits >= 64 { u64::MAX } else { (1 << bits) - 1 }
}

fn width(code: u8) -> u32 {
    match code {
        0..=23 => u32::from(code) + 1,
        _ => WIDE[usize::from(code & 7)],
    }
}

/// The narrowest width with a code that holds so many bits.
fn closest(bits: u32) -> u32 {
    if bits <= 24 { bits.max(1) } else { WIDE.into_iter().find(|w| *w >= bits).unwrap_or(64) }
}

/// Numbers of a fixed count of bits, the highest bit first.
struct Packed {
    width: u32,
    held: u8,
    left: u32,
}

impl Packed {
    fn new(width: u32) -> Packed {
        Packed { width, held: 0, left: 0 }
    }
    fn next(&mut self, stream: &mut Stream) -> Result<u64> {
        let (mut value, mut wanted) = (0u64, self.width);
        while wanted > 0 {
            if self.left == 0 {
                self.held = stream.byte()?;
                self.left = 8;
            }
            let now = wanted.min(self.left);
            let bits = u64::from(self.held) >> (self.left - now) & mask(now);
            value = value << now | bits;
            self.left -= now;
            wanted -= now;
        }
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunks::Compression;

    fn all(bytes: &[u8], second: bool, signed: bool, count: usize) -> Vec<i64> {
        let stream = Stream::new(bytes.to_vec(), Compression::new(0, 0).unwrap());
        let mut read = Integers::new(stream, second, signed);
        let values = (0..count).map(|_| read.next().unwrap()).collect();
        assert!(read.next().is_err(), "nothing is left");
        values
    }

    #[test]
    fn the_examples_of_the_specification_are_read() {
        assert_eq!(all(&[0x61, 0x00, 0x07], false, false, 100), vec![7; 100]);
        assert_eq!(all(&[0x61, 0xff, 0x64], false, false, 100), (1..=100).rev().collect::<Vec<_>>());
        assert_eq!(all(&[0xfb, 0x02, 0x03, 0x04, 0x07, 0x0b], false, false, 5), [2, 3, 4, 7, 11]);
        assert_eq!(all(&[0x0a, 0x27, 0x10], true, false, 5), [10_000; 5]);
        let direct = [0x5e, 0x03, 0x5c, 0xa1, 0xab, 0x1e, 0xde, 0xad, 0xbe, 0xef];
        assert_eq!(all(&direct, true, false, 4), [23_713, 43_806, 57_005, 48_879]);
        let patched = [
            0x8e, 0x13, 0x2b, 0x21, 0x07, 0xd0, 0x1e, 0x00, 0x14, 0x70, 0x28, 0x32, 0x3c, 0x46, 0x50, 0x5a, 0x64, 0x6e, 0x78, 0x82, 0x8c,
            0x96, 0xa0, 0xaa, 0xb4, 0xbe, 0xfc, 0xe8,
        ];
        let wanted =
            [2030, 2000, 2020, 1_000_000, 2040, 2050, 2060, 2070, 2080, 2090, 2100, 2110, 2120, 2130, 2140, 2150, 2160, 2170, 2180, 2190];
        assert_eq!(all(&patched, true, false, 20), wanted);
        assert_eq!(all(&[0xc6, 0x09, 0x02, 0x02, 0x22, 0x42, 0x42, 0x46], true, false, 10), [2, 3, 5, 7, 11, 13, 17, 19, 23, 29]);
    }

    #[test]
    fn signs_are_read() {
        assert_eq!(all(&[0x02, 0x00, 0x05], false, true, 5), [-3; 5]);
        assert_eq!(all(&[0x00, 0x05], true, true, 3), [-3; 3]);
    }
}
