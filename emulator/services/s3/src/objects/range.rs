//! Byte ranges of a request.

use kit::Fault;
use std::ops::Range;

/// The bytes that a Range header asks for; `None` for all of them. Like AWS, a header that is no single byte range is passed over.
pub(crate) fn requested(header: Option<&str>, size: u64) -> Result<Option<Range<u64>>, Fault> {
    let Some(text) = header else { return Ok(None) };
    let Some((first, last)) = text.trim().strip_prefix("bytes=").and_then(|spec| spec.split_once('-')) else { return Ok(None) };
    let (first, last) = (first.trim(), last.trim());
    let number = |text: &str| if text.bytes().all(|b| b.is_ascii_digit()) { text.parse::<u64>().ok() } else { None };
    let range = match (first.is_empty(), last.is_empty()) {
        (true, true) => return Ok(None),
        (true, false) => match number(last) {
            Some(0) => return Err(unsatisfiable(text, size)),
            Some(n) => size.saturating_sub(n)..size,
            None => return Ok(None),
        },
        (false, true) => match number(first) {
            Some(first) => first..size,
            None => return Ok(None),
        },
        (false, false) => match (number(first), number(last)) {
            (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(size),
            _ => return Ok(None),
        },
    };
    match range.start >= size {
        true => Err(unsatisfiable(text, size)),
        false => Ok(Some(range)),
    }
}

fn unsatisfiable(text: &str, size: u64) -> Fault {
    Fault::new("InvalidRange", 416, "The requested range is not satisfiable")
        .with("RangeRequested", text)
        .with("ActualObjectSize", size.to_string())
        .header("Content-Range", format!("bytes */{size}"))
}

/// `bytes 0-9/100`
pub(crate) fn content_range(range: &Range<u64>, size: u64) -> String {
    format!("bytes {}-{}/{size}", range.start, range.end.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_aws_reads_them() {
        let read = |text| requested(Some(text), 10).unwrap();
        assert_eq!(read("bytes=0-3"), Some(0..4));
        assert_eq!(read("bytes=4-"), Some(4..10));
        assert_eq!(read("bytes=-3"), Some(7..10));
        assert_eq!(read("bytes=-30"), Some(0..10));
        assert_eq!(read("bytes=5-500"), Some(5..10));
        assert_eq!(read("bytes=3-1"), None);
        assert_eq!(read("bytes=0-1,3-4"), None);
        assert_eq!(read("lines=0-1"), None);
        for text in ["bytes=10-", "bytes=100-200", "bytes=-0"] {
            assert_eq!(requested(Some(text), 10).unwrap_err().status, 416, "{text}");
        }
        assert_eq!(requested(Some("bytes=0-0"), 0).unwrap_err().code, "InvalidRange");
    }
}
