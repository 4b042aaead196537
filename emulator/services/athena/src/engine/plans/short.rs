//! A set of short texts, each the number of 128 bits that it is, ordered by them: the upper bits tell a number's slot, so that growing, sorting
//! and uniting walk through memory in order. What is looked up goes by blocks: many slots are on their way from memory at a time.

/// Slots behind the last, so that no search turns round.
const TAIL: usize = 64;
/// Numbers that are looked up together.
const BLOCK: usize = 128;
/// Bits of the first table's slots.
const FIRST_BITS: u32 = 8;
/// Longest text that is a number: its length takes the last byte.
pub(super) const LONGEST: usize = 15;

/// The number of a text of at most [`LONGEST`] bytes; no other text has the same.
pub(super) fn number(text: &[u8]) -> u128 {
    let mut whole = [0; 16];
    whole[..text.len()].copy_from_slice(text);
    whole[LONGEST] = text.len() as u8;
    mixed(u128::from_le_bytes(whole))
}

/// The number of a text that a view holds in itself: its length stands in the lower four bytes, the text in the others.
pub(super) fn number_of_view(view: u128) -> u128 {
    mixed(view >> 32 | view << 120)
}

/// Spreads bits over the whole; each step can be undone, so that no two become one.
fn mixed(mut bits: u128) -> u128 {
    const ODD: u128 = 0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835;
    for _ in 0..2 {
        bits = (bits ^ (bits >> 64)).wrapping_mul(ODD);
    }
    bits ^ (bits >> 64)
}

#[derive(Debug, Default)]
pub(super) struct Shorts {
    /// Zero stands for an empty slot.
    slots: Vec<u128>,
    bits: u32,
    len: usize,
    /// The number that no slot can hold.
    zero: bool,
}

impl Shorts {
    /// Bytes held.
    pub(super) fn size(&self) -> usize {
        self.slots.capacity() * size_of::<u128>()
    }

    /// Adds numbers. They are taken for evenly spread: those of few upper bits would crowd together.
    pub(super) fn add(&mut self, all: &[u128]) {
        for block in all.chunks(BLOCK) {
            // Three quarters full at most.
            while (self.len + block.len()) * 4 > (1 << self.bits) * 3 || self.slots.is_empty() {
                self.grow();
            }
            let shift = 128 - self.bits;
            let (mut rest, mut count) = ([0; BLOCK], 0);
            for number in block {
                rest[count] = *number;
                count += usize::from(self.slots[(number >> shift) as usize] != *number);
            }
            for number in &rest[..count] {
                self.add_one(*number);
            }
            self.zero |= block.contains(&0);
        }
    }

    fn add_one(&mut self, number: u128) {
        let home = (number >> (128 - self.bits)) as usize;
        for slot in &mut self.slots[home..] {
            if *slot == 0 && number != 0 {
                *slot = number;
                self.len += 1;
            }
            if *slot == number || number == 0 {
                return;
            }
        }
        // The tail is full: it gets longer, since a larger table would not spread what crowds at the upper end.
        if number != 0 {
            self.slots.push(number);
            self.len += 1;
        }
    }

    fn grow(&mut self) {
        self.bits = if self.slots.is_empty() { FIRST_BITS } else { self.bits + 1 };
        let old = std::mem::replace(&mut self.slots, vec![0; (1 << self.bits) + TAIL]);
        self.len = 0;
        for number in old.into_iter().filter(|p| *p != 0) {
            self.add_one(number);
        }
    }

    /// All numbers in order; none are left.
    pub(super) fn take(&mut self) -> Vec<u128> {
        let set = std::mem::take(self);
        let mut all = set.slots;
        all.retain(|p| *p != 0);
        // Each lies near its place: it was put behind those that were in its slot before.
        for i in 1..all.len() {
            let (number, mut at) = (all[i], i);
            while at > 0 && all[at - 1] > number {
                all[at] = all[at - 1];
                at -= 1;
            }
            all[at] = number;
        }
        if set.zero {
            all.insert(0, 0);
        }
        all
    }
}

/// Both lists in one, each number once. Both are in order.
pub(super) fn united(a: Vec<u128>, b: impl ExactSizeIterator<Item = u128>) -> Vec<u128> {
    if a.is_empty() {
        return b.collect();
    }
    let mut all = Vec::with_capacity(a.len().max(b.len()));
    let mut b = b.peekable();
    for number in a {
        while let Some(other) = b.next_if(|other| *other <= number) {
            if other != number {
                all.push(other);
            }
        }
        all.push(number);
    }
    all.extend(b);
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn spread(i: u128) -> u128 {
        i.wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835)
    }

    #[test]
    fn each_is_kept_once_and_in_order() {
        let mut set = Shorts::default();
        let mut told = BTreeSet::new();
        for round in 0..5u128 {
            let all: Vec<u128> = (0..20_000).map(|i| spread(i * (round + 1))).collect();
            set.add(&all);
            told.extend(all);
        }
        assert!(told.contains(&0), "zero is a number as any other");
        assert_eq!(set.take(), told.into_iter().collect::<Vec<_>>());
        assert!(set.take().is_empty());
    }

    #[test]
    fn crowded_numbers_are_kept_too() {
        let mut set = Shorts::default();
        let all: Vec<u128> = (0..3000).map(|i| u128::MAX - i % 100).collect();
        set.add(&all);
        let told = set.take();
        assert_eq!(told, (0..100).map(|i| u128::MAX - 99 + i).collect::<Vec<_>>());
    }

    #[test]
    fn no_two_texts_have_one_number() {
        let texts = ["", "\0", "\0\0", "a", "a\0", "\0a", "aaaaaaaaaaaa", "aaaaaaaaaaaaa", "aaaaaaaaaaaaaaa", "aaaaaaaaaaaa\0\0\0", "\r"];
        let numbers: BTreeSet<u128> = texts.iter().map(|t| number(t.as_bytes())).collect();
        assert_eq!(numbers.len(), texts.len());
        let array = datafusion::arrow::array::StringViewArray::from_iter_values(texts);
        for (view, text) in array.views().iter().zip(texts).filter(|(_, t)| t.len() <= 12) {
            assert_eq!(number_of_view(*view), number(text.as_bytes()), "{text:?}");
        }
    }

    #[test]
    fn lists_are_united() {
        let one = united(vec![1, 3, 5], vec![0, 3, 4, 9].into_iter());
        assert_eq!(one, [0, 1, 3, 4, 5, 9]);
        assert_eq!(united(Vec::new(), vec![2, 7].into_iter()), [2, 7]);
        assert_eq!(united(vec![2, 7], Vec::new().into_iter()), [2, 7]);
    }
}
