//! When a photograph was taken, from its EXIF. All else in EXIF (place, camera, names) is private and stays unread.

use exif::{Exif, In, Reader, Tag, Value};

/// `YYYY-MM-DDTHH:MM:SS`, with the offset behind it if the camera wrote one. Nothing if EXIF says nothing usable.
pub fn taken_at(exif_bytes: Vec<u8>) -> Option<String> {
    let exif = Reader::new().continue_on_error(true).read_raw(exif_bytes).or_else(|error| error.distill_partial_result(|_| {})).ok()?;
    let moment = civil(&ascii(&exif, Tag::DateTimeOriginal).or_else(|| ascii(&exif, Tag::DateTimeDigitized))?)?;
    let offset = ascii(&exif, Tag::OffsetTimeOriginal).filter(|offset| is_offset(offset)).unwrap_or_default();
    Some(format!("{moment}{offset}"))
}

fn ascii(exif: &Exif, tag: Tag) -> Option<String> {
    match &exif.get_field(tag, In::PRIMARY)?.value {
        Value::Ascii(lines) => Some(String::from_utf8_lossy(lines.first()?).trim_end_matches('\0').trim().to_owned()),
        _ => None,
    }
}

/// EXIF writes `2026:03:29 14:05:59`; blanks and zeros, which mean "unknown", are no moment.
fn civil(text: &str) -> Option<String> {
    let (date, time) = text.split_once(' ')?;
    let written = format!("{}T{time}", date.replace(':', "-"));
    let moment: jiff::civil::DateTime = written.parse().ok()?;
    Some(moment.strftime("%Y-%m-%dT%H:%M:%S").to_string())
}

fn is_offset(text: &str) -> bool {
    matches!(text.as_bytes(), [b'+' | b'-', h1, h2, b':', m1, m2] if [h1, h2, m1, m2].iter().all(|digit| digit.is_ascii_digit()))
}
