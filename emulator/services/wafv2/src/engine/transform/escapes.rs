//! Backslashes: of C, of CSS 2 and of JavaScript.

use super::{hex_run, push};

/// ANSI C: `\n`, `\x41`, `\101`; what is none stays as it is.
pub(super) fn escape_sequences(text: &[u8]) -> Vec<u8> {
    walk(text, |rest, out| {
        let code = match rest[1] {
            b'a' => 7,
            b'b' => 8,
            b'f' => 12,
            b'n' => 10,
            b'r' => 13,
            b't' => 9,
            b'v' => 11,
            b'\\' | b'?' | b'\'' | b'"' => rest[1],
            b'x' => return hexadecimal(&rest[2..], 2, out).map(|length| 2 + length),
            b'0'..=b'7' => return Some(1 + octal(&rest[1..], out)),
            _ => return None,
        };
        out.push(code);
        Some(2)
    })
}

/// CSS 2: up to six hexadecimal digits, of which two count, and an optional blank; a backslash before anything else goes.
pub(super) fn css(text: &[u8]) -> Vec<u8> {
    walk(text, |rest, out| {
        let (code, count) = hex_run(&rest[1..], 6);
        if count == 0 {
            if rest[1] != b'\n' {
                out.push(rest[1]);
            }
            return Some(2);
        }
        let full_width = (0xff01..=0xff5e).contains(&code);
        push(out, if full_width { code - 0xfee0 } else { code & 0xff });
        let blank = matches!(rest.get(1 + count), Some(b' ' | 9..=13));
        Some(1 + count + usize::from(blank))
    })
}

/// JavaScript: `\u0041`, `\x41`, `\101`; a backslash before anything else goes.
pub(super) fn js(text: &[u8]) -> Vec<u8> {
    walk(text, |rest, out| {
        let code = match rest[1] {
            b'u' => {
                let (code, count) = hex_run(&rest[2..], 4);
                if count == 4 {
                    push(out, if (0xff01..=0xff5e).contains(&code) { code - 0xfee0 } else { code });
                    return Some(6);
                }
                b'u'
            }
            b'x' => match hexadecimal(&rest[2..], 2, out) {
                Some(length) => return Some(2 + length),
                None => b'x',
            },
            b'0'..=b'7' => return Some(1 + octal(&rest[1..], out)),
            b'a' => 7,
            b'b' => 8,
            b'f' => 12,
            b'n' => 10,
            b'r' => 13,
            b't' => 9,
            b'v' => 11,
            other => other,
        };
        out.push(code);
        Some(2)
    })
}

/// `escape` is given the text from a backslash that something follows, and tells how much of it is done.
fn walk(text: &[u8], escape: impl Fn(&[u8], &mut Vec<u8>) -> Option<usize>) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let done = if rest[0] == b'\\' && rest.len() > 1 { escape(rest, &mut out) } else { None };
        at += done.unwrap_or_else(|| {
            out.push(rest[0]);
            1
        });
    }
    out
}

fn hexadecimal(text: &[u8], digits: usize, out: &mut Vec<u8>) -> Option<usize> {
    let (code, count) = hex_run(text, digits);
    if count < digits {
        return None;
    }
    push(out, code);
    Some(count)
}

/// Up to three octal digits; a byte is no more than 377.
fn octal(text: &[u8], out: &mut Vec<u8>) -> usize {
    let most = if text[0] <= b'3' { 3 } else { 2 };
    let digits: Vec<u32> = text.iter().take(most).map_while(|b| (*b as char).to_digit(8)).collect();
    push(out, digits.iter().fold(0, |value, d| value << 3 | d));
    digits.len()
}
