//! Samples with a few edits: what random bytes never get to, a slip of the pen does.

use bolero::{TypeGenerator, produce};

/// Inputs don't grow beyond this many bytes.
const MOST_BYTES: usize = 1 << 16;

/// One change. Places are fractions of the length in 1/65536.
#[derive(Clone, Debug, TypeGenerator)]
pub enum Edit {
    /// One bit the other way.
    Flip { at: u16, bit: u8 },
    /// Another byte.
    Put { at: u16, byte: u8 },
    /// Bytes that were not there.
    Insert {
        at: u16,
        #[generator(produce::<Vec<u8>>().with().len(1usize..=8))]
        bytes: Vec<u8>,
    },
    /// Bytes gone.
    Remove { at: u16, length: u8 },
    /// A piece again and again.
    Repeat { at: u16, length: u8, times: u8 },
    /// A piece brought to another place.
    Copy { from: u16, length: u8, to: u16 },
    /// A word of the target.
    Word { at: u16, word: u16 },
    /// A digit, sign or bracket replaced by one of its kind, so that numbers and nesting go astray.
    Punctuate { at: u16, with: u8 },
    /// The end of another sample.
    Splice { at: u16, sample: u16, from: u16 },
    /// Nothing more from here.
    Cut { at: u16 },
}

/// A sample and what befalls it.
#[derive(Clone, Debug, TypeGenerator)]
pub struct Edited {
    sample: u16,
    #[generator(produce::<Vec<Edit>>().with().len(0usize..=6))]
    edits: Vec<Edit>,
}

const PUNCTUATION: &[u8] = b"0123456789-+.eE\"'{}[]():,;&=/\\%<>!#*\0\r\n\t \x7f\xff$@|?";

impl Edited {
    /// The bytes.
    pub fn apply(&self, samples: &[Vec<u8>], words: &[&[u8]]) -> Vec<u8> {
        let mut bytes = pick(samples, self.sample).cloned().unwrap_or_default();
        for edit in &self.edits {
            apply(edit, &mut bytes, samples, words);
            bytes.truncate(MOST_BYTES);
        }
        bytes
    }
}

fn pick<T>(list: &[T], which: u16) -> Option<&T> {
    list.get(usize::from(which) % list.len().max(1))
}

fn place(at: u16, length: usize) -> usize {
    (usize::from(at) * (length + 1)) >> 16
}

fn piece(bytes: &[u8], at: u16, length: u8) -> std::ops::Range<usize> {
    let from = place(at, bytes.len());
    from..(from + usize::from(length)).min(bytes.len())
}

fn apply(edit: &Edit, bytes: &mut Vec<u8>, samples: &[Vec<u8>], words: &[&[u8]]) {
    let length = bytes.len();
    let mut change = |at: u16, f: &dyn Fn(u8) -> u8| {
        if let Some(byte) = bytes.get_mut(place(at, length)) {
            *byte = f(*byte);
        }
    };
    match edit {
        Edit::Flip { at, bit } => change(*at, &|byte| byte ^ (1 << (bit % 8))),
        Edit::Put { at, byte } => change(*at, &|_| *byte),
        Edit::Punctuate { at, with } => change(*at, &|_| PUNCTUATION[usize::from(*with) % PUNCTUATION.len()]),
        Edit::Insert { at, bytes: more } => insert(bytes, place(*at, length), more),
        Edit::Remove { at, length } => drop(bytes.drain(piece(bytes, *at, *length))),
        Edit::Repeat { at, length, times } => {
            let range = piece(bytes, *at, *length);
            let more = bytes[range.clone()].repeat(usize::from(*times));
            insert(bytes, range.end, &more);
        }
        Edit::Copy { from, length: many, to } => {
            let more = bytes[piece(bytes, *from, *many)].to_vec();
            insert(bytes, place(*to, length), &more);
        }
        Edit::Word { at, word } => insert(bytes, place(*at, length), pick(words, *word).copied().unwrap_or_default()),
        Edit::Splice { at, sample, from } => {
            bytes.truncate(place(*at, length));
            let other = pick(samples, *sample).map(Vec::as_slice).unwrap_or_default();
            bytes.extend_from_slice(&other[place(*from, other.len())..]);
        }
        Edit::Cut { at } => bytes.truncate(place(*at, length)),
    }
}

fn insert(bytes: &mut Vec<u8>, at: usize, more: &[u8]) {
    bytes.splice(at..at, more.iter().copied());
}
