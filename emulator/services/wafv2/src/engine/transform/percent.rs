//! Percent-encoding, and its non-standard sister with `%u`.

use super::{digit, hex_run, push};

/// Whether there is anything to decode.
pub(super) fn is_encoded(text: &[u8]) -> bool {
    text.iter().any(|b| matches!(b, b'%' | b'+'))
}

/// `%41` and `+`.
pub(super) fn decode(text: &[u8]) -> Vec<u8> {
    walk(text, |_, _| None)
}

/// `%41`, `+` and `%u0041`; full-width forms become what they look like.
pub(super) fn decode_uni(text: &[u8]) -> Vec<u8> {
    walk(text, |rest, out| {
        if !matches!(rest.get(1), Some(b'u' | b'U')) {
            return None;
        }
        let (code, digits) = hex_run(&rest[2..], 4);
        if digits < 4 {
            return None;
        }
        push(out, if (0xff01..=0xff5e).contains(&code) { code - 0xfee0 } else { code });
        Some(6)
    })
}

/// `special` may take what stands at a percent sign and tells its length.
fn walk(text: &[u8], special: impl Fn(&[u8], &mut Vec<u8>) -> Option<usize>) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        at += match byte {
            b'+' => {
                out.push(b' ');
                1
            }
            b'%' => {
                match (special(&text[at..], &mut out), text.get(at + 1).and_then(|b| digit(*b)), text.get(at + 2).and_then(|b| digit(*b))) {
                    (Some(length), _, _) => length,
                    (None, Some(high), Some(low)) => {
                        out.push(high << 4 | low);
                        3
                    }
                    _ => {
                        out.push(b'%');
                        1
                    }
                }
            }
            other => {
                out.push(*other);
                1
            }
        };
    }
    out
}
