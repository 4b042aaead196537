//! Runs: of bits, of bytes and of whole numbers (first version), as they are written.

use super::messages::{varint, zigzag};

/// Values of a run at most, and of a list of single ones.
const MOST_RUN: usize = 130;
const MOST_LITERALS: usize = 128;
/// From how many values on a run is worth it; shorter ones have no code.
const SHORTEST: usize = 3;

/// Values after which those that are held are written.
const HELD: usize = 4096;

/// Values on their way into runs.
struct Held<T> {
    values: Vec<T>,
    out: Vec<u8>,
}

impl<T> Default for Held<T> {
    fn default() -> Held<T> {
        Held { values: Vec::new(), out: Vec::new() }
    }
}

impl<T> Held<T> {
    fn push(&mut self, value: T, write: impl Fn(&[T], &mut Vec<u8>)) {
        self.values.push(value);
        if self.values.len() >= HELD {
            write(&self.values, &mut self.out);
            self.values.clear();
        }
    }
    fn finish(mut self, write: impl Fn(&[T], &mut Vec<u8>)) -> Vec<u8> {
        write(&self.values, &mut self.out);
        self.out
    }
}

/// Bytes: a run of the same ones, or a list.
#[derive(Default)]
pub(super) struct Bytes(Held<u8>);

impl Bytes {
    pub(super) fn push(&mut self, byte: u8) {
        self.0.push(byte, Bytes::write);
    }
    pub(super) fn finish(self) -> Vec<u8> {
        self.0.finish(Bytes::write)
    }
    fn write(all: &[u8], out: &mut Vec<u8>) {
        let same = |at: usize| all[at..].iter().take(MOST_RUN).take_while(|b| **b == all[at]).count();
        runs(all.len(), same, |what| match what {
            Run::Same(at, count) => out.extend_from_slice(&[(count - SHORTEST) as u8, all[at]]),
            Run::Single(from, to) => {
                out.push((from as i64 - to as i64) as u8);
                out.extend_from_slice(&all[from..to]);
            }
        });
    }
}

/// Bits, the first of a byte the highest, as bytes.
#[derive(Default)]
pub(super) struct Bits {
    bytes: Bytes,
    held: u8,
    count: u8,
}

impl Bits {
    pub(super) fn push(&mut self, bit: bool) {
        self.held |= u8::from(bit) << (7 - self.count);
        self.count += 1;
        if self.count == 8 {
            self.bytes.push(self.held);
            (self.held, self.count) = (0, 0);
        }
    }
    pub(super) fn finish(mut self) -> Vec<u8> {
        if self.count > 0 {
            self.bytes.push(self.held);
        }
        self.bytes.finish()
    }
}

/// Whole numbers: a run with a fixed step of at most a byte, or a list.
pub(super) struct Integers {
    signed: bool,
    held: Held<i64>,
}

impl Integers {
    /// `signed` where numbers may be negative.
    pub(super) fn new(signed: bool) -> Integers {
        Integers { signed, held: Held::default() }
    }
    pub(super) fn push(&mut self, value: i64) {
        let signed = self.signed;
        self.held.push(value, |all, out| Integers::write(signed, all, out));
    }
    pub(super) fn finish(self) -> Vec<u8> {
        let signed = self.signed;
        self.held.finish(|all, out| Integers::write(signed, all, out))
    }
    fn write(signed: bool, all: &[i64], out: &mut Vec<u8>) {
        let step = |at: usize| all.get(at + 1).and_then(|next| next.checked_sub(all[at])).and_then(|step| i8::try_from(step).ok());
        let run = |at: usize| match step(at) {
            None => 1,
            Some(by) => {
                let goes_on = |pair: &&[i64]| pair[1].checked_sub(pair[0]) == Some(i64::from(by));
                1 + all[at..].windows(2).take(MOST_RUN - 1).take_while(goes_on).count()
            }
        };
        let raw = |value: i64| if signed { zigzag(i128::from(value)) } else { u128::from(value as u64) };
        runs(all.len(), run, |what| match what {
            Run::Same(at, count) => {
                out.extend_from_slice(&[(count - SHORTEST) as u8, step(at).unwrap_or(0) as u8]);
                varint(raw(all[at]), out);
            }
            Run::Single(from, to) => {
                out.push((from as i64 - to as i64) as u8);
                all[from..to].iter().for_each(|value| varint(raw(*value), out));
            }
        });
    }
}

enum Run {
    /// At a place, so many.
    Same(usize, usize),
    /// From a place to another.
    Single(usize, usize),
}

/// Cuts values into runs and lists. `run` says how many from a place on go together.
fn runs(length: usize, run: impl Fn(usize) -> usize, mut write: impl FnMut(Run)) {
    let (mut at, mut first) = (0, 0);
    while at < length {
        let count = run(at);
        let long = count >= SHORTEST;
        if first < at && (long || at - first == MOST_LITERALS) {
            write(Run::Single(first, at));
            first = at;
        }
        if long {
            write(Run::Same(at, count));
            at += count;
            first = at;
        } else {
            at += 1;
        }
    }
    if first < length {
        write(Run::Single(first, length));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        bytes as read,
        chunks::{Compression, Stream},
        integers,
    };

    fn stream(bytes: Vec<u8>) -> Stream {
        Stream::new(bytes, Compression::new(0, 0).unwrap())
    }

    #[test]
    fn the_examples_of_the_specification_are_written() {
        let numbers = |all: &mut dyn Iterator<Item = i64>, signed| {
            let mut runs = Integers::new(signed);
            all.for_each(|n| runs.push(n));
            runs.finish()
        };
        assert_eq!(numbers(&mut std::iter::repeat_n(7, 100), false), [0x61, 0x00, 0x07]);
        assert_eq!(numbers(&mut (1..=100).rev(), false), [0x61, 0xff, 0x64]);
        assert_eq!(numbers(&mut [2, 3, 6, 7, 11].into_iter(), false), [0xfb, 0x02, 0x03, 0x06, 0x07, 0x0b]);
        let mut bytes = Bytes::default();
        (0..100).for_each(|_| bytes.push(0));
        assert_eq!(bytes.finish(), [0x61, 0x00]);
        let mut bytes = Bytes::default();
        [0x44, 0x45].into_iter().for_each(|b| bytes.push(b));
        assert_eq!(bytes.finish(), [0xfe, 0x44, 0x45]);
    }

    #[test]
    fn what_is_written_is_read() {
        let odd = |i: i64| match i % 500 {
            0 => i64::MIN,
            1 => i64::MAX,
            n if n < 200 => i * i * 7919,
            n if n < 350 => n * 3,
            _ => 5,
        };
        let all: Vec<i64> = (0..10_000).map(odd).collect();
        let mut runs = Integers::new(true);
        all.iter().for_each(|n| runs.push(*n));
        let mut back = integers::Integers::new(stream(runs.finish()), false, true);
        assert!(all.iter().all(|n| back.next().unwrap() == *n) && back.next().is_err());
        let (mut bytes, mut bits) = (Bytes::default(), Bits::default());
        all.iter().for_each(|n| bytes.push(*n as u8));
        all.iter().for_each(|n| bits.push(n % 7 < 3));
        let mut back = read::Bytes::new(stream(bytes.finish()));
        assert!(all.iter().all(|n| back.next().unwrap() == *n as u8));
        let mut back = read::Bits::new(stream(bits.finish()));
        assert!(all.iter().all(|n| back.next().unwrap() == (n % 7 < 3)));
    }
}
