//! User metadata beyond ASCII: headers carry it as RFC 2047 writes it, objects keep it as text.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html>; which of the two encodings is chosen, and what becomes of
//! words that are broken, is as recorded from AWS.

use base64::{Engine, prelude::BASE64_STANDARD};

/// The text of a header's value: encoded words are decoded, everything else stays.
pub(crate) fn decoded(value: &str) -> String {
    let Some(word) = value.strip_prefix("=?").and_then(|rest| rest.strip_suffix("?=")) else { return value.to_owned() };
    let mut parts = word.splitn(3, '?');
    let (Some(charset), Some(encoding), Some(text)) = (parts.next(), parts.next(), parts.next()) else { return value.to_owned() };
    if !charset.eq_ignore_ascii_case("utf-8") {
        return value.to_owned();
    }
    let bytes = match encoding {
        "Q" | "q" => from_q(text),
        "B" | "b" => from_b(text),
        _ => return value.to_owned(),
    };
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A text as a header can carry it: as it is where it is ASCII, as an encoded word otherwise.
pub(crate) fn encoded(text: &str) -> String {
    let plain = |c: char| matches!(c, ' '..='~' | '\t');
    let others = text.chars().filter(|c| !plain(*c)).count();
    match others {
        0 => text.to_owned(),
        // Mostly beyond ASCII: base64 is shorter.
        _ if others * 2 > text.chars().count() => format!("=?UTF-8?B?{}?=", BASE64_STANDARD.encode(text)),
        _ => format!("=?UTF-8?Q?{}?=", to_q(text)),
    }
}

fn to_q(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b' ' => out.push('_'),
            b'=' | b'?' | b'_' => out.push_str(&format!("={byte:02X}")),
            b'!'..=b'~' => out.push(byte as char),
            _ => out.push_str(&format!("={byte:02X}")),
        }
    }
    out
}

fn from_q(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes.get(at + 1..at + 3).and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        match (bytes[at], hex) {
            (b'=', Some(byte)) => {
                out.push(byte);
                at += 2;
            }
            (b'_', _) => out.push(b' '),
            (byte, _) => out.push(byte),
        }
        at += 1;
    }
    out
}

/// Base64 whose padding may stand anywhere: AWS reads a misplaced `=` as the digit 63.
fn from_b(text: &str) -> Vec<u8> {
    if let Ok(bytes) = BASE64_STANDARD.decode(text) {
        return bytes;
    }
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = text.bytes().map(|b| DIGITS.iter().position(|d| *d == b).unwrap_or(63) as u32);
    let digits: Vec<u32> = digits.collect();
    digits
        .chunks_exact(4)
        .flat_map(|four| {
            let bits = four.iter().fold(0, |bits, digit| bits << 6 | digit);
            [(bits >> 16) as u8, (bits >> 8) as u8, bits as u8]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_there_and_back() {
        for (header, text) in [
            ("=?UTF-8?Q?=C3=84M=C3=84Z=C3=95=C3=91_S3?=", "ÄMÄZÕÑ S3"),
            ("=?UTF-8?B?AAECAwQ=?=", "\u{0}\u{1}\u{2}\u{3}\u{4}"),
            ("=?UTF-8?Q?test=5F=E2=80=94=5Ffile%E2%80%94=5F=C3=A9=5F2=3F.pdf?=", "test_—_file%E2%80%94_é_2?.pdf"),
            ("=?UTF-8?B?77+9Ye+/vQ==?=", "\u{fffd}a\u{fffd}"),
        ] {
            assert_eq!((decoded(header).as_str(), encoded(text).as_str()), (text, header));
        }
        assert_eq!(decoded("=?UTF-8?B?=GGG?="), "\u{fffd}a\u{fffd}");
        assert_eq!(decoded("=?utf-8?q?actually-ascii?="), "actually-ascii");
        for same in ["", "=?", "=?x?=", "=?latin1?Q?a?=", "plain ~\t"] {
            assert_eq!((decoded(same).as_str(), encoded(same).as_str()), (same, same));
        }
    }
}
