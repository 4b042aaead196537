//! Listings of keys and versions. `walk` finds what stands between a prefix, a delimiter and a marker; the other files are the three
//! operations that show it in their own ways.

mod objects;
mod versions;
pub(crate) mod walk;

use crate::{errors, model::OptionalObjectAttributes};
use kit::Fault;

/// Most items of a page, and the default.
const MOST_KEYS: i32 = 1000;

/// Checks `max-keys` and its kin.
pub(crate) fn page_size(asked: Option<i32>, name: &str) -> Result<i32, Fault> {
    match asked {
        Some(n) if n < 0 => {
            let sentence = format!("Argument {name} must be an integer between 0 and 2147483647");
            Err(errors::invalid_argument(sentence, name, &n.to_string()))
        }
        Some(n) => Ok(n.min(MOST_KEYS)),
        None => Ok(MOST_KEYS),
    }
}

/// Whether answers are to be percent-encoded, so that keys with control characters survive XML.
pub(crate) fn encodes(encoding_type: Option<&str>) -> Result<bool, Fault> {
    match encoding_type {
        None => Ok(false),
        Some("url") => Ok(true),
        Some(other) => Err(errors::invalid_argument("Invalid Encoding Method specified in Request", "encoding-type", other)),
    }
}

/// Whether a listing is to say what is restored.
fn wants_restore(attributes: &Option<Vec<OptionalObjectAttributes>>) -> bool {
    attributes.iter().flatten().any(|one| *one == OptionalObjectAttributes::RestoreStatus)
}

/// A key as listings and events encode it: form encoding that leaves slashes.
pub(crate) fn url_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' | b'/' => out.push(byte as char),
            b' ' => out.push('+'),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// The text as an answer shows it.
pub(crate) fn shown(text: &str, encode: bool) -> String {
    if encode { url_encoded(text) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    #[test]
    fn keys_are_form_encoded_but_for_slashes() {
        assert_eq!(super::url_encoded("a b/c@d+é(1).png"), "a+b/c%40d%2B%C3%A9%281%29.png");
    }
}
