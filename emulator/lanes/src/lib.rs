//! MD5's block function: for one stream, and for eight streams side by side in the lanes of a vector register.
//!
//! MD5 is a chain of 64 steps that each wait for the one before, so one stream leaves most of a core idle; eight of them in lockstep take
//! hardly longer than one. That is what makes ETags affordable when many upload at once. Knows states and blocks, nothing of uploads.
//!
//! A crate of its own so that a dev build may optimise it: unoptimised, each vector instruction is a call.

#![deny(missing_docs)]

/// The four words that a stream has come to.
pub type State = [u32; 4];

/// What every stream begins with.
pub const INITIAL: State = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];

/// Bytes of a block.
pub const BLOCK: usize = 64;

/// How many streams go side by side.
pub const LANES: usize = 8;

/// RFC 1321's 64 steps: the block, the round's function, the four words in their turn, which word of the block, how far to rotate, the constant.
macro_rules! steps {
    ($step:ident $w:ident $a:ident $b:ident $c:ident $d:ident) => {
        $step!($w F $a $b $c $d 0 7 0xd76aa478); $step!($w F $d $a $b $c 1 12 0xe8c7b756);
        $step!($w F $c $d $a $b 2 17 0x242070db); $step!($w F $b $c $d $a 3 22 0xc1bdceee);
        $step!($w F $a $b $c $d 4 7 0xf57c0faf); $step!($w F $d $a $b $c 5 12 0x4787c62a);
        $step!($w F $c $d $a $b 6 17 0xa8304613); $step!($w F $b $c $d $a 7 22 0xfd469501);
        $step!($w F $a $b $c $d 8 7 0x698098d8); $step!($w F $d $a $b $c 9 12 0x8b44f7af);
        $step!($w F $c $d $a $b 10 17 0xffff5bb1); $step!($w F $b $c $d $a 11 22 0x895cd7be);
        $step!($w F $a $b $c $d 12 7 0x6b901122); $step!($w F $d $a $b $c 13 12 0xfd987193);
        $step!($w F $c $d $a $b 14 17 0xa679438e); $step!($w F $b $c $d $a 15 22 0x49b40821);
        $step!($w G $a $b $c $d 1 5 0xf61e2562); $step!($w G $d $a $b $c 6 9 0xc040b340);
        $step!($w G $c $d $a $b 11 14 0x265e5a51); $step!($w G $b $c $d $a 0 20 0xe9b6c7aa);
        $step!($w G $a $b $c $d 5 5 0xd62f105d); $step!($w G $d $a $b $c 10 9 0x02441453);
        $step!($w G $c $d $a $b 15 14 0xd8a1e681); $step!($w G $b $c $d $a 4 20 0xe7d3fbc8);
        $step!($w G $a $b $c $d 9 5 0x21e1cde6); $step!($w G $d $a $b $c 14 9 0xc33707d6);
        $step!($w G $c $d $a $b 3 14 0xf4d50d87); $step!($w G $b $c $d $a 8 20 0x455a14ed);
        $step!($w G $a $b $c $d 13 5 0xa9e3e905); $step!($w G $d $a $b $c 2 9 0xfcefa3f8);
        $step!($w G $c $d $a $b 7 14 0x676f02d9); $step!($w G $b $c $d $a 12 20 0x8d2a4c8a);
        $step!($w H $a $b $c $d 5 4 0xfffa3942); $step!($w H $d $a $b $c 8 11 0x8771f681);
        $step!($w H $c $d $a $b 11 16 0x6d9d6122); $step!($w H $b $c $d $a 14 23 0xfde5380c);
        $step!($w H $a $b $c $d 1 4 0xa4beea44); $step!($w H $d $a $b $c 4 11 0x4bdecfa9);
        $step!($w H $c $d $a $b 7 16 0xf6bb4b60); $step!($w H $b $c $d $a 10 23 0xbebfbc70);
        $step!($w H $a $b $c $d 13 4 0x289b7ec6); $step!($w H $d $a $b $c 0 11 0xeaa127fa);
        $step!($w H $c $d $a $b 3 16 0xd4ef3085); $step!($w H $b $c $d $a 6 23 0x04881d05);
        $step!($w H $a $b $c $d 9 4 0xd9d4d039); $step!($w H $d $a $b $c 12 11 0xe6db99e5);
        $step!($w H $c $d $a $b 15 16 0x1fa27cf8); $step!($w H $b $c $d $a 2 23 0xc4ac5665);
        $step!($w I $a $b $c $d 0 6 0xf4292244); $step!($w I $d $a $b $c 7 10 0x432aff97);
        $step!($w I $c $d $a $b 14 15 0xab9423a7); $step!($w I $b $c $d $a 5 21 0xfc93a039);
        $step!($w I $a $b $c $d 12 6 0x655b59c3); $step!($w I $d $a $b $c 3 10 0x8f0ccc92);
        $step!($w I $c $d $a $b 10 15 0xffeff47d); $step!($w I $b $c $d $a 1 21 0x85845dd1);
        $step!($w I $a $b $c $d 8 6 0x6fa87e4f); $step!($w I $d $a $b $c 15 10 0xfe2ce6e0);
        $step!($w I $c $d $a $b 6 15 0xa3014314); $step!($w I $b $c $d $a 13 21 0x4e0811a1);
        $step!($w I $a $b $c $d 4 6 0xf7537e82); $step!($w I $d $a $b $c 11 10 0xbd3af235);
        $step!($w I $c $d $a $b 2 15 0x2ad7d2bb); $step!($w I $b $c $d $a 9 21 0xeb86d391);
    };
}

/// Takes whole blocks into one stream.
pub fn one(state: &mut State, blocks: &[u8]) {
    for block in blocks.as_chunks::<BLOCK>().0 {
        let mut w = [0u32; 16];
        for (word, bytes) in w.iter_mut().zip(block.as_chunks::<4>().0) {
            *word = u32::from_le_bytes(*bytes);
        }
        let [mut a, mut b, mut c, mut d] = *state;
        macro_rules! function {
            // Both halves of F and G are never set at once: a sum instead of an "or" lets one half be added early.
            (F $b:ident $c:ident $d:ident) => {
                ($b & $c).wrapping_add(!$b & $d)
            };
            (G $b:ident $c:ident $d:ident) => {
                ($b & $d).wrapping_add($c & !$d)
            };
            (H $b:ident $c:ident $d:ident) => {
                $b ^ $c ^ $d
            };
            (I $b:ident $c:ident $d:ident) => {
                $c ^ ($b | !$d)
            };
        }
        macro_rules! step {
            ($w:ident $f:ident $a:ident $b:ident $c:ident $d:ident $k:literal $s:literal $t:literal) => {
                let sum = $a.wrapping_add($w[$k]).wrapping_add($t).wrapping_add(function!($f $b $c $d));
                $a = $b.wrapping_add(sum.rotate_left($s));
            };
        }
        steps!(step w a b c d);
        for (word, add) in state.iter_mut().zip([a, b, c, d]) {
            *word = word.wrapping_add(add);
        }
    }
}

/// Whether this machine has the registers; without them streams go one after the other.
pub fn side_by_side() -> bool {
    #[cfg(target_arch = "x86_64")]
    return x86::width() > 0;
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// Takes as many blocks into each stream as the shortest of their inputs has, and answers how many bytes of each that were.
///
/// # Panics
/// With more than [`LANES`] streams.
pub fn many(streams: &mut [(&mut State, &[u8])]) -> usize {
    assert!(streams.len() <= LANES, "{} streams", streams.len());
    let blocks = streams.iter().map(|(_, input)| input.len() / BLOCK).min().unwrap_or(0);
    if blocks == 0 {
        return 0;
    }
    #[cfg(target_arch = "x86_64")]
    if x86::many(streams, blocks) {
        return blocks * BLOCK;
    }
    for (state, input) in streams {
        one(state, &input[..blocks * BLOCK]);
    }
    blocks * BLOCK
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    //! The eight lanes on x86-64: AVX2, and AVX-512's three-way logic and rotation on the same registers where there is that.

    use super::{BLOCK, LANES, State};
    use std::{arch::x86_64::*, sync::OnceLock};

    /// 0: no vectors; 1: AVX2; 2: AVX-512 on 256 bits.
    pub(super) fn width() -> u8 {
        static WIDTH: OnceLock<u8> = OnceLock::new();
        *WIDTH.get_or_init(|| {
            let avx2 = is_x86_feature_detected!("avx2");
            let avx512 = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl");
            if avx2 && avx512 { 2 } else { u8::from(avx2) }
        })
    }

    /// Takes `blocks` blocks of each input into its stream, unless the machine can't.
    pub(super) fn many(streams: &mut [(&mut State, &[u8])], blocks: usize) -> bool {
        if width() == 0 {
            return false;
        }
        // Lanes without a stream read one block of zeros again and again.
        let nothing = [0u8; BLOCK];
        let (mut inputs, mut strides, mut words) = ([nothing.as_ptr(); LANES], [0usize; LANES], [[0u32; LANES]; 4]);
        for (lane, (state, input)) in streams.iter().enumerate() {
            assert!(input.len() >= blocks * BLOCK, "lane {lane} is too short");
            (inputs[lane], strides[lane]) = (input.as_ptr(), BLOCK);
            (0..4).for_each(|word| words[word][lane] = state[word]);
        }
        // SAFETY: the machine has the instructions, see `width`. A lane with a stride reads `blocks` blocks, which its input has; one
        // without reads one block, which `nothing` has.
        unsafe {
            match width() {
                2 => avx512(&mut words, inputs, &strides, blocks),
                _ => avx2(&mut words, inputs, &strides, blocks),
            }
        }
        for (lane, (state, _)) in streams.iter_mut().enumerate() {
            (0..4).for_each(|word| state[word] = words[word][lane]);
        }
        true
    }

    /// Eight rows of eight words, one of each lane, into eight registers of one word of every lane.
    #[target_feature(enable = "avx2")]
    unsafe fn transposed(rows: [*const u8; LANES], half: usize, out: &mut [__m256i]) {
        // SAFETY: the caller's rows have a block each; `half` is 0 or 1.
        let r: [__m256i; 8] = std::array::from_fn(|lane| unsafe { _mm256_loadu_si256(rows[lane].add(half * 32).cast()) });
        let (a0, a1) = (_mm256_unpacklo_epi32(r[0], r[1]), _mm256_unpackhi_epi32(r[0], r[1]));
        let (a2, a3) = (_mm256_unpacklo_epi32(r[2], r[3]), _mm256_unpackhi_epi32(r[2], r[3]));
        let (a4, a5) = (_mm256_unpacklo_epi32(r[4], r[5]), _mm256_unpackhi_epi32(r[4], r[5]));
        let (a6, a7) = (_mm256_unpacklo_epi32(r[6], r[7]), _mm256_unpackhi_epi32(r[6], r[7]));
        let (b0, b1) = (_mm256_unpacklo_epi64(a0, a2), _mm256_unpackhi_epi64(a0, a2));
        let (b2, b3) = (_mm256_unpacklo_epi64(a1, a3), _mm256_unpackhi_epi64(a1, a3));
        let (b4, b5) = (_mm256_unpacklo_epi64(a4, a6), _mm256_unpackhi_epi64(a4, a6));
        let (b6, b7) = (_mm256_unpacklo_epi64(a5, a7), _mm256_unpackhi_epi64(a5, a7));
        for (word, (low, high)) in [(b0, b4), (b1, b5), (b2, b6), (b3, b7)].into_iter().enumerate() {
            out[word] = _mm256_permute2x128_si256::<0x20>(low, high);
            out[word + 4] = _mm256_permute2x128_si256::<0x31>(low, high);
        }
    }

    /// The loop over blocks; what a step is depends on the instructions.
    macro_rules! all_blocks {
        ($step:ident, $words:ident, $inputs:ident, $strides:ident, $blocks:ident) => {
            // SAFETY: the four rows of words are eight words long each.
            let mut state: [__m256i; 4] = std::array::from_fn(|n| unsafe { _mm256_loadu_si256($words[n].as_ptr().cast()) });
            let mut w = [_mm256_setzero_si256(); 16];
            for _ in 0..$blocks {
                // SAFETY: as the caller promises, every lane has another block.
                unsafe {
                    transposed($inputs, 0, &mut w[..8]);
                    transposed($inputs, 1, &mut w[8..]);
                    (0..LANES).for_each(|lane| $inputs[lane] = $inputs[lane].add($strides[lane]));
                }
                let [mut a, mut b, mut c, mut d] = state;
                steps!($step w a b c d);
                for (word, add) in state.iter_mut().zip([a, b, c, d]) {
                    *word = _mm256_add_epi32(*word, add);
                }
            }
            for (row, word) in $words.iter_mut().zip(state) {
                // SAFETY: a row is eight words long.
                unsafe { _mm256_storeu_si256(row.as_mut_ptr().cast(), word) };
            }
        };
    }

    /// # Safety
    /// The machine has AVX2; lane `n` may be read from `inputs[n]` on, `blocks` blocks of it where its stride is a block and one where it is 0.
    #[target_feature(enable = "avx2")]
    unsafe fn avx2(words: &mut [[u32; LANES]; 4], mut inputs: [*const u8; LANES], strides: &[usize; LANES], blocks: usize) {
        macro_rules! function {
            (F $b:ident $c:ident $d:ident) => {
                _mm256_xor_si256($d, _mm256_and_si256($b, _mm256_xor_si256($c, $d)))
            };
            (G $b:ident $c:ident $d:ident) => {
                _mm256_xor_si256($c, _mm256_and_si256($d, _mm256_xor_si256($b, $c)))
            };
            (H $b:ident $c:ident $d:ident) => {
                _mm256_xor_si256($b, _mm256_xor_si256($c, $d))
            };
            (I $b:ident $c:ident $d:ident) => {
                _mm256_xor_si256($c, _mm256_or_si256($b, _mm256_xor_si256($d, _mm256_set1_epi32(-1))))
            };
        }
        macro_rules! step {
            ($w:ident $f:ident $a:ident $b:ident $c:ident $d:ident $k:literal $s:literal $t:literal) => {
                let early = _mm256_add_epi32($a, _mm256_add_epi32($w[$k], _mm256_set1_epi32($t as u32 as i32)));
                let sum = _mm256_add_epi32(early, function!($f $b $c $d));
                let turned = _mm256_or_si256(_mm256_slli_epi32::<$s>(sum), _mm256_srli_epi32::<{ 32 - $s }>(sum));
                $a = _mm256_add_epi32($b, turned);
            };
        }
        all_blocks!(step, words, inputs, strides, blocks);
    }

    /// # Safety
    /// As [`avx2`], on a machine that has AVX-512F and VL, too.
    #[target_feature(enable = "avx2,avx512f,avx512vl")]
    unsafe fn avx512(words: &mut [[u32; LANES]; 4], mut inputs: [*const u8; LANES], strides: &[usize; LANES], blocks: usize) {
        // The constants are the functions' truth tables.
        macro_rules! function {
            (F $b:ident $c:ident $d:ident) => {
                _mm256_ternarylogic_epi32::<0xCA>($b, $c, $d)
            };
            (G $b:ident $c:ident $d:ident) => {
                _mm256_ternarylogic_epi32::<0xCA>($d, $b, $c)
            };
            (H $b:ident $c:ident $d:ident) => {
                _mm256_ternarylogic_epi32::<0x96>($b, $c, $d)
            };
            (I $b:ident $c:ident $d:ident) => {
                _mm256_ternarylogic_epi32::<0x39>($b, $c, $d)
            };
        }
        macro_rules! step {
            ($w:ident $f:ident $a:ident $b:ident $c:ident $d:ident $k:literal $s:literal $t:literal) => {
                let early = _mm256_add_epi32($a, _mm256_add_epi32($w[$k], _mm256_set1_epi32($t as u32 as i32)));
                let sum = _mm256_add_epi32(early, function!($f $b $c $d));
                $a = _mm256_add_epi32($b, _mm256_rol_epi32::<$s>(sum));
            };
        }
        all_blocks!(step, words, inputs, strides, blocks);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_side_by_side_come_to_what_each_comes_to_alone() {
        for count in 1..=LANES {
            let inputs: Vec<Vec<u8>> =
                (0..count).map(|lane| (0..BLOCK * (20 + lane)).map(|n| (n * 31 + lane * 7 + n / 64) as u8).collect()).collect();
            let mut states = vec![INITIAL; count];
            let mut streams: Vec<(&mut State, &[u8])> = states.iter_mut().zip(&inputs).map(|(state, input)| (state, &input[..])).collect();
            assert_eq!(many(&mut streams), 20 * BLOCK);
            for (state, input) in states.iter().zip(&inputs) {
                let mut alone = INITIAL;
                one(&mut alone, &input[..20 * BLOCK]);
                assert_eq!(*state, alone, "{count} streams");
            }
        }
    }
}
