//! Text transformations: they undo what disguises an attack. Each is a pure function of bytes; what can't be decoded stays as it is.

mod commands;
mod escapes;
mod paths;
mod percent;
mod texts;

use crate::model::TextTransformationType as Kind;
use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use md5::{Digest, Md5};
use std::borrow::Cow;

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent).with_decode_allow_trailing_bits(true),
);

/// Applies transformations in order.
pub fn apply<'a>(kinds: &[Kind], input: Cow<'a, [u8]>) -> Cow<'a, [u8]> {
    kinds.iter().fold(input, |text, kind| match one(*kind, &text) {
        Some(changed) => Cow::Owned(changed),
        None => text,
    })
}

/// One transformation; `None` where nothing changes.
pub fn one(kind: Kind, text: &[u8]) -> Option<Vec<u8>> {
    match kind {
        Kind::None => None,
        Kind::Lowercase => text.iter().any(u8::is_ascii_uppercase).then(|| text.to_ascii_lowercase()),
        Kind::CompressWhiteSpace => Some(texts::compress_white_space(text)),
        Kind::HtmlEntityDecode => text.contains(&b'&').then(|| texts::html_entity_decode(text)),
        Kind::CmdLine => Some(commands::cmd_line(text)),
        Kind::UrlDecode => percent::is_encoded(text).then(|| percent::decode(text)),
        Kind::UrlDecodeUni => percent::is_encoded(text).then(|| percent::decode_uni(text)),
        Kind::Base64Decode => LENIENT.decode(text).ok(),
        Kind::Base64DecodeExt => base64_decode_ext(text),
        Kind::HexDecode => hex_decode(text),
        Kind::Md5 => Some(Md5::digest(text).to_vec()),
        Kind::ReplaceComments => Some(texts::replace_comments(text)),
        Kind::EscapeSeqDecode => text.contains(&b'\\').then(|| escapes::escape_sequences(text)),
        Kind::SqlHexDecode => Some(texts::sql_hex_decode(text)),
        Kind::CssDecode => text.contains(&b'\\').then(|| escapes::css(text)),
        Kind::JsDecode => text.contains(&b'\\').then(|| escapes::js(text)),
        Kind::NormalizePath => Some(paths::normalize(text)),
        Kind::NormalizePathWin => Some(paths::normalize_win(text)),
        Kind::RemoveNulls => text.contains(&0).then(|| text.iter().copied().filter(|b| *b != 0).collect()),
        Kind::ReplaceNulls => text.contains(&0).then(|| text.iter().map(|b| if *b == 0 { b' ' } else { *b }).collect()),
        Kind::Utf8ToUnicode => (!text.is_ascii()).then(|| texts::utf8_to_unicode(text)),
    }
}

/// Base64 that forgives: characters that don't belong are left out.
fn base64_decode_ext(text: &[u8]) -> Option<Vec<u8>> {
    let clean: Vec<u8> = text.iter().copied().filter(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/')).collect();
    // A single character over carries no byte.
    let whole = clean.len() - usize::from(clean.len() % 4 == 1);
    LENIENT.decode(&clean[..whole]).ok()
}

fn hex_decode(text: &[u8]) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    text.chunks(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

/// The value of a hexadecimal digit.
fn digit(byte: u8) -> Option<u8> {
    (byte as char).to_digit(16).map(|d| d as u8)
}

/// The value of up to `most` hexadecimal digits at the start of a text, and how many there are.
fn hex_run(text: &[u8], most: usize) -> (u32, usize) {
    let digits = text.iter().take(most).map_while(|b| digit(*b));
    digits.fold((0, 0), |(value, count), d| (value << 4 | u32::from(d), count + 1))
}

/// A character as bytes: those below 256 as one byte, as decoders of old do, others as UTF-8.
fn push(out: &mut Vec<u8>, code: u32) {
    match (u8::try_from(code), char::from_u32(code)) {
        (Ok(byte), _) => out.push(byte),
        (_, Some(c)) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        _ => out.push(b'?'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(kind: Kind, text: &str) -> String {
        String::from_utf8_lossy(&apply(&[kind], Cow::Borrowed(text.as_bytes()))).into_owned()
    }

    /// One disguise that falls and one text that stays for each transformation.
    #[test]
    fn each_transformation() {
        for (kind, text, result) in [
            (Kind::None, "A b", "A b"),
            (Kind::Lowercase, "SeLeCT 1", "select 1"),
            (Kind::CompressWhiteSpace, "a \t\n\u{b} b", "a b"),
            (Kind::CompressWhiteSpace, "a b", "a b"),
            (Kind::HtmlEntityDecode, "&lt;script&#62;&#x61;&quot;&amp;&nosuch;", "<script>a\"&&nosuch;"),
            (Kind::HtmlEntityDecode, "a & b", "a & b"),
            (Kind::CmdLine, "C^MD.exe  \"/c\" ,dir; (x", "cmd.exe/c dir(x"),
            (Kind::UrlDecode, "a%3Cb+c%zz", "a<b c%zz"),
            (Kind::UrlDecodeUni, "%u003cb%ff1c+", "<b\u{fffd}1c "),
            (Kind::Base64Decode, "c2VsZWN0IDE=", "select 1"),
            (Kind::Base64Decode, "no base64!", "no base64!"),
            (Kind::Base64DecodeExt, "c2Vs.ZWN0\nIDE", "select 1"),
            (Kind::HexDecode, "73656c656374", "select"),
            (Kind::HexDecode, "7365x", "7365x"),
            (Kind::ReplaceComments, "un/* x */ion/* open", "un ion "),
            (Kind::EscapeSeqDecode, "\\x3cb\\074\\n\\q", "<b<\n\\q"),
            (Kind::SqlHexDecode, "a=0x414243 0xzz", "a=ABC 0xzz"),
            (Kind::CssDecode, "ja\\vascript\\000074", "javascriptt"),
            (Kind::JsDecode, "\\u003c\\x73\\'\\163", "<s's"),
            (Kind::NormalizePath, "/a/./b//../c", "/a/c"),
            (Kind::NormalizePath, "/a/b", "/a/b"),
            (Kind::NormalizePathWin, "\\a\\..\\b", "/b"),
            (Kind::RemoveNulls, "a\0b", "ab"),
            (Kind::ReplaceNulls, "a\0b", "a b"),
            (Kind::Utf8ToUnicode, "é", "%u00e9"),
        ] {
            assert_eq!(after(kind, text), result, "{kind} of {text:?}");
        }
        assert_eq!(kit::hex(&apply(&[Kind::Md5], Cow::Borrowed(b"abc"))), "900150983cd24fb0d6963f7d28e17f72");
    }

    #[test]
    fn transformations_follow_one_another() {
        let twice = apply(&[Kind::UrlDecode, Kind::HtmlEntityDecode, Kind::Lowercase], Cow::Borrowed(b"%26lt;SCRIPT"));
        assert_eq!(&*twice, b"<script");
    }
}
