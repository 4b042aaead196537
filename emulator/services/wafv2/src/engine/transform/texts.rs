//! White space, comments, entities, hexadecimal numbers of SQL, and UTF-8 written as `%u`.

use super::{digit, hex_run, push};

/// Runs of white space become one space.
pub(super) fn compress_white_space(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        let blank = matches!(byte, b' ' | 9..=13 | 160);
        match blank {
            true if out.last() == Some(&b' ') => {}
            true => out.push(b' '),
            false => out.push(*byte),
        }
    }
    out
}

/// Each comment of C's kind becomes a space; one without an end reaches to the end.
pub(super) fn replace_comments(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with(b"/*") {
            out.push(b' ');
            let end = text[at + 2..].windows(2).position(|w| w == b"*/");
            at = end.map_or(text.len(), |end| at + 2 + end + 2);
        } else {
            out.push(text[at]);
            at += 1;
        }
    }
    out
}

/// Named, decimal and hexadecimal entities.
pub(super) fn html_entity_decode(text: &[u8]) -> Vec<u8> {
    const NAMED: [(&[u8], u8); 6] = [(b"quot", b'"'), (b"nbsp", 160), (b"lt", b'<'), (b"gt", b'>'), (b"amp", b'&'), (b"apos", b'\'')];
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at + 1..];
        if text[at] != b'&' {
            out.push(text[at]);
            at += 1;
            continue;
        }
        let (code, length) = match rest {
            [b'#', b'x' | b'X', digits @ ..] => {
                let (code, count) = hex_run(digits, 6);
                (code, if count > 0 { 2 + count } else { 0 })
            }
            [b'#', digits @ ..] => {
                let count = digits.iter().take(7).take_while(|b| b.is_ascii_digit()).count();
                let code = digits[..count].iter().fold(0, |n, b| n * 10 + u32::from(b - b'0'));
                (code, if count > 0 { 1 + count } else { 0 })
            }
            _ => NAMED
                .iter()
                .find(|(name, _)| rest.len() >= name.len() && rest[..name.len()].eq_ignore_ascii_case(name))
                .map_or((0, 0), |(name, byte)| (u32::from(*byte), name.len())),
        };
        if length == 0 {
            out.push(b'&');
            at += 1;
            continue;
        }
        push(&mut out, code);
        // Browsers take an entity without its semicolon.
        at += 1 + length + usize::from(rest.get(length) == Some(&b';'));
    }
    out
}

/// `0x414243` becomes `ABC`.
pub(super) fn sql_hex_decode(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let prefixed = text[at] == b'0' && matches!(text.get(at + 1), Some(b'x' | b'X'));
        let count = if prefixed { text[at + 2..].iter().take_while(|b| digit(**b).is_some()).count() & !1 } else { 0 };
        if count == 0 {
            out.push(text[at]);
            at += 1;
            continue;
        }
        let pairs = text[at + 2..at + 2 + count].chunks(2);
        out.extend(pairs.filter_map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)));
        at += 2 + count;
    }
    out
}

/// Characters beyond ASCII become `%uXXXX`; bytes that are no UTF-8 stay.
pub(super) fn utf8_to_unicode(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for chunk in text.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c.is_ascii() {
                true => out.push(c as u8),
                false => out.extend_from_slice(format!("%u{:04x}", c as u32).as_bytes()),
            }
        }
        out.extend_from_slice(chunk.invalid());
    }
    out
}
