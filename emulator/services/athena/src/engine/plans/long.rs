//! A set of texts that are too long to be numbers, exact: each is kept once, one after the other in large pieces of memory, and found by a
//! hash; where the hashes of two agree, the texts are compared. A slot is eight bytes: the hash and the text's place. The upper bits of the
//! hash tell the slot, so that growing walks through the slots in order; uniting walks through the texts. What is looked up goes by blocks, first the slots, then
//! the texts that they point to: many are on their way from memory at a time.

use datafusion::{
    arrow::buffer::Buffer,
    common::{DataFusionError, Result},
};
use std::{fmt::Debug, hint::black_box, marker::PhantomData};
use twox_hash::XxHash3_64;

/// Texts that are looked up together.
pub(super) const BLOCK: usize = 128;
/// Bits of the first table's slots.
const FIRST_BITS: u32 = 8;
/// Slots behind the last, so that no search turns round.
const TAIL: usize = 16;
/// Bytes that places are counted in.
const UNIT: usize = 8;
/// Bits of a place inside a piece.
const PIECE_BITS: u32 = 17;
/// Bytes of a piece; one that holds a longer text is longer.
const PIECE: usize = UNIT << PIECE_BITS;
/// Bytes of the first piece to begin with.
const FIRST_PIECE: usize = 16 << 10;
/// Bytes before a text that tell its length.
const HEAD: usize = 4;
/// Bytes that come from memory together.
const CACHE_LINE: usize = 64;

/// What texts are found by. Those that are made to have the same cost time, and are told apart all the same.
pub(super) trait Hashing: Debug + Default + Send + Sync + 'static {
    /// A number whose bits are evenly spread.
    fn of(text: &[u8]) -> u32;
}

#[derive(Debug, Default)]
pub(super) struct Xxh3;

impl Hashing for Xxh3 {
    fn of(text: &[u8]) -> u32 {
        (XxHash3_64::oneshot(text) >> 32) as u32
    }
}

#[derive(Debug, Default)]
pub(super) struct Longs<H: Hashing = Xxh3> {
    /// Upper half the hash, lower half the text's place and one; zero is an empty slot.
    slots: Vec<u64>,
    bits: u32,
    len: usize,
    texts: Texts,
    hashing: PhantomData<H>,
}

impl<H: Hashing> Longs<H> {
    /// Texts in the set.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Bytes held.
    pub(super) fn size(&self) -> usize {
        self.slots.capacity() * size_of::<u64>() + self.texts.size
    }

    /// Adds at most [`BLOCK`] texts.
    pub(super) fn add(&mut self, texts: &[&[u8]]) -> Result<()> {
        let mut keys = [0; BLOCK];
        texts.iter().zip(&mut keys).for_each(|(text, key)| *key = u64::from(H::of(text)) << 32);
        let keys = &keys[..texts.len()];
        let starts = self.starts(keys);
        for ((text, key), start) in texts.iter().zip(keys).zip(starts) {
            if let Some(slot) = self.free(start, *key, text) {
                let place = self.texts.keep(text)?;
                self.put(slot, key | place);
            }
        }
        Ok(())
    }

    /// Takes all out: the texts in pieces of memory, for [`Longs::unite`].
    pub(super) fn take(&mut self) -> Vec<Buffer> {
        std::mem::take(self).texts.pieces()
    }

    /// Adds the texts that [`Longs::take`] took out of another set, about so many. They are not copied: the pieces are kept.
    pub(super) fn unite(&mut self, count: usize, pieces: impl IntoIterator<Item = Buffer>) -> Result<()> {
        let first = self.texts.adopt(pieces)?;
        self.make_room(count.saturating_sub(self.len));
        let (mut block, mut filled) = ([0; BLOCK], 0);
        for piece in first..self.texts.full.len() {
            let mut at = 0;
            while at < self.texts.full[piece].len() {
                let place = place(piece, at);
                let text = self.texts.at(place);
                (block[filled], at) = (u64::from(H::of(text)) << 32 | place, at + length(text));
                filled += 1;
                if filled == BLOCK {
                    self.unite_block(&block);
                    filled = 0;
                }
            }
        }
        self.unite_block(&block[..filled]);
        Ok(())
    }

    /// Adds texts that are kept already.
    fn unite_block(&mut self, others: &[u64]) {
        let starts = self.starts(others);
        for (other, start) in others.iter().zip(starts) {
            if let Some(slot) = self.free(start, *other, self.texts.at(*other)) {
                self.put(slot, *other);
            }
        }
    }

    /// For each key the first slot that is free or of its hash; the texts of these slots are on their way from memory.
    fn starts(&mut self, keys: &[u64]) -> [usize; BLOCK] {
        self.make_room(keys.len());
        let shift = 64 - self.bits;
        let mut starts = [0; BLOCK];
        keys.iter().zip(&mut starts).for_each(|(key, start)| *start = (key >> shift) as usize);
        black_box(starts.iter().fold(0, |seen, start| seen ^ self.slots[*start]));
        for (key, start) in keys.iter().zip(&mut starts) {
            *start += self.slots[*start..].iter().take_while(|slot| **slot != 0 && (**slot ^ key) >> 32 != 0).count();
        }
        let found = starts[..keys.len()].iter().filter_map(|start| self.slots.get(*start).copied());
        self.texts.warm(found.filter(|slot| *slot != 0));
        starts
    }

    /// The slot for a text that is not there yet.
    fn free(&self, start: usize, key: u64, text: &[u8]) -> Option<usize> {
        for (at, slot) in self.slots[start..].iter().enumerate() {
            if *slot == 0 {
                return Some(start + at);
            }
            if (slot ^ key) >> 32 == 0 && self.texts.at(*slot) == text {
                return None;
            }
        }
        Some(self.slots.len())
    }

    fn put(&mut self, at: usize, slot: u64) {
        match self.slots.get_mut(at) {
            Some(free) => *free = slot,
            // The tail is full: it gets longer, since a larger table would not spread what crowds at the upper end.
            None => self.slots.push(slot),
        }
        self.len += 1;
    }

    /// Makes the table large enough for so many more: three quarters full at most.
    fn make_room(&mut self, more: usize) {
        let mut bits = self.bits.max(FIRST_BITS);
        while (self.len + more) * 4 > (1usize << bits) * 3 && bits < u32::BITS {
            bits += 1;
        }
        if bits == self.bits {
            return;
        }
        self.bits = bits;
        let old = std::mem::replace(&mut self.slots, vec![0; (1 << bits) + TAIL]);
        self.len = 0;
        for slot in old.into_iter().filter(|slot| *slot != 0) {
            let home = (slot >> (64 - bits)) as usize;
            let at = home + self.slots[home..].iter().take_while(|slot| **slot != 0).count();
            self.put(at, slot);
        }
    }
}

/// Bytes that a text takes with its length before it.
fn length(text: &[u8]) -> usize {
    (HEAD + text.len()).next_multiple_of(UNIT)
}

/// The lower half of the slot of a text that stands there; zero is none's.
fn place(piece: usize, at: usize) -> u64 {
    ((piece << PIECE_BITS) + at / UNIT + 1) as u64
}

/// Texts one after the other, each behind its length.
#[derive(Debug, Default)]
struct Texts {
    full: Vec<Buffer>,
    /// The piece that is written.
    open: Vec<u8>,
    /// Bytes of all pieces.
    size: usize,
}

impl Texts {
    /// Keeps a text: its place and one.
    fn keep(&mut self, text: &[u8]) -> Result<u64> {
        let head = u32::try_from(text.len()).map_err(|_| too_much())?;
        let wanted = length(text);
        if self.open.len() + wanted > PIECE.max(wanted) {
            self.close()?;
        }
        let before = self.open.capacity();
        if before == 0 {
            self.open.reserve_exact(wanted.max(if self.full.is_empty() { FIRST_PIECE } else { PIECE }));
        }
        let at = self.open.len();
        self.open.extend_from_slice(&head.to_ne_bytes());
        self.open.extend_from_slice(text);
        self.open.resize(at + wanted, 0);
        self.size += self.open.capacity() - before;
        Ok(place(self.full.len(), at))
    }

    /// The text of a slot.
    fn at(&self, slot: u64) -> &[u8] {
        let rest = self.from(slot);
        let length = rest.first_chunk().map_or(0, |head| u32::from_ne_bytes(*head));
        &rest[HEAD..HEAD + length as usize]
    }

    fn from(&self, slot: u64) -> &[u8] {
        let place = slot as u32 as usize - 1;
        let piece = self.full.get(place >> PIECE_BITS).map_or(self.open.as_slice(), Buffer::as_slice);
        &piece[(place & (PIECE / UNIT - 1)) * UNIT..]
    }

    /// Lets the beginnings of the texts of slots come nearer, all at a time.
    fn warm(&self, slots: impl Iterator<Item = u64>) {
        let touch = |slot| {
            let rest = self.from(slot);
            rest[0] ^ rest.get(CACHE_LINE).copied().unwrap_or_default()
        };
        black_box(slots.fold(0, |seen, slot| seen ^ touch(slot)));
    }

    /// Makes pieces of another set its own; the first of them.
    fn adopt(&mut self, pieces: impl IntoIterator<Item = Buffer>) -> Result<usize> {
        self.close()?;
        let before = self.full.len();
        self.full.extend(pieces);
        self.size += self.full[before..].iter().map(Buffer::len).sum::<usize>();
        if self.full.len() >= 1 << (u32::BITS - PIECE_BITS) {
            return Err(too_much());
        }
        Ok(before)
    }

    fn close(&mut self) -> Result<()> {
        if !self.open.is_empty() {
            self.full.push(Buffer::from_vec(std::mem::take(&mut self.open)));
        }
        // A place has as many bits as the lower half of a slot.
        if self.full.len() + 1 < 1 << (u32::BITS - PIECE_BITS) { Ok(()) } else { Err(too_much()) }
    }

    fn pieces(mut self) -> Vec<Buffer> {
        if !self.open.is_empty() {
            self.full.push(Buffer::from_vec(self.open));
        }
        self.full
    }
}

fn too_much() -> DataFusionError {
    DataFusionError::ResourcesExhausted("distinct texts of more than 32 GB".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Every hash is one of few.
    #[derive(Debug, Default)]
    struct Weak;
    impl Hashing for Weak {
        fn of(text: &[u8]) -> u32 {
            u32::MAX - text.len() as u32 % 3
        }
    }

    fn texts(count: usize, step: usize) -> Vec<String> {
        (0..count).map(|i| format!("{:0>1$}", i * step, 16 + i % 50)).collect()
    }

    fn set<H: Hashing>(texts: &[String]) -> Longs<H> {
        let mut set = Longs::<H>::default();
        for block in texts.chunks(BLOCK) {
            set.add(&block.iter().map(|t| t.as_bytes()).collect::<Vec<_>>()).unwrap();
        }
        set
    }

    fn counted<H: Hashing>() {
        let (some, others) = (texts(3000, 3), texts(3000, 2));
        let told = |all: &[&[String]]| all.iter().copied().flatten().collect::<BTreeSet<_>>().len();
        let twice = [&some[..], &others, &some].concat();
        assert_eq!(set::<H>(&twice).len(), told(&[&some, &others]), "each text once");
        let mut last = Longs::<H>::default();
        for part in [&some, &others, &some] {
            let mut part = set::<H>(part);
            last.unite(part.len(), part.take()).unwrap();
        }
        assert_eq!(last.len(), told(&[&some, &others]), "united");
        last.add(&[b"one more text, which is new".as_slice(), some[7].as_bytes()]).unwrap();
        assert_eq!(last.len(), told(&[&some, &others]) + 1);
    }

    #[test]
    fn texts_are_counted_once() {
        counted::<Xxh3>();
    }

    #[test]
    fn texts_of_one_hash_are_told_apart() {
        counted::<Weak>();
    }

    #[test]
    fn texts_longer_than_a_piece_are_kept() {
        let mut set = Longs::<Xxh3>::default();
        let large: Vec<Vec<u8>> = (0..5).map(|i| [vec![b'x'; PIECE - 3 + i], vec![b'y'; i]].concat()).collect();
        for _ in 0..2 {
            for text in &large {
                set.add(&[text, b"a small one between them"]).unwrap();
            }
        }
        assert_eq!(set.len(), 6);
        assert!(set.size() > 5 * PIECE);
        let all = set.take();
        assert_eq!((set.len(), set.size()), (0, 0));
        set.unite(6, all).unwrap();
        assert_eq!(set.len(), 6);
    }
}
