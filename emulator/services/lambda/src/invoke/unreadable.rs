//! Why an event is no JSON, in the sentences of the parser that AWS uses (recorded from AWS for the first two), as far as its first value
//! tells it. Mistakes deeper within are told in our own words.

const EXPECTED: &str = "JSON String, Number, Array, Object or token 'null', 'true' or 'false'";

/// The parser's sentence with its place; `None` where the mistake lies deeper.
pub(crate) fn why(payload: &[u8]) -> Option<String> {
    let at = payload.iter().position(|b| !b.is_ascii_whitespace())?;
    let line = 1 + payload[..at].iter().filter(|b| **b == b'\n').count();
    let start = at - payload[..at].iter().rposition(|b| *b == b'\n').map_or(0, |end| end + 1);
    let first = payload[at];
    let (sentence, column) = match first {
        b'{' | b'[' | b'"' | b'-' | b'0'..=b'9' => return None,
        first if first.is_ascii_alphabetic() || first == b'_' || first == b'$' => {
            let token = &payload[at..];
            let length = token.iter().position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$'))).unwrap_or(token.len());
            match token.get(length).filter(|b| !b.is_ascii()) {
                Some(byte) if begins_no_letter(*byte) => (format!("Invalid UTF-8 start byte 0x{byte:x}"), start + length + 2),
                _ if matches!(&token[..length], b"null" | b"true" | b"false") => return None,
                _ => {
                    let token = String::from_utf8_lossy(&token[..length]);
                    (format!("Unrecognized token '{token}': was expecting ({EXPECTED})"), start + length + 1)
                }
            }
        }
        first => {
            let shown = match first {
                0..0x20 | 0x7f..=0x9f => format!("(CTRL-CHAR, code {first})"),
                _ => format!("'{}' (code {first})", char::from(first)),
            };
            (format!("Unexpected character ({shown}): expected a valid value ({EXPECTED})"), start + 1)
        }
    };
    Some(format!(
        "{sentence}\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: {line}, column: {column}]"
    ))
}

/// Whether no letter of UTF-8 begins with a byte.
fn begins_no_letter(byte: u8) -> bool {
    !matches!(byte, 0xc2..=0xf4)
}

#[cfg(test)]
mod tests {
    use super::why;

    #[test]
    fn the_first_value_tells_what_is_wrong() {
        let told = |payload: &[u8]| {
            why(payload).map(|text| text.replace("[Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); ", "["))
        };
        assert_eq!(told(b"n\x87r").unwrap(), "Invalid UTF-8 start byte 0x87\n at [line: 1, column: 3]");
        assert!(told(b"\n <a>").unwrap().starts_with("Unexpected character ('<' (code 60)): expected a valid value"));
        assert!(told(b"\n <a>").unwrap().ends_with("[line: 2, column: 2]"));
        assert!(told(b"hello").unwrap().starts_with("Unrecognized token 'hello': was expecting"));
        assert_eq!((told(b"{\"a\":"), told(b"null x"), told(b"  ")), (None, None, None));
    }
}
