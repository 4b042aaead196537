//! Headers that an object keeps and gives back, on their way in and out.
//!
//! Recorded: S3 reads and writes them as Latin-1 (the gateway reads them so). A header's bytes so come back as they were sent; the text of a
//! form's field or of a URL comes back in the Latin-1 that it fits into, and as spaces where it doesn't.

use http::{HeaderMap, HeaderName, HeaderValue, header};

/// Those that may hold more than ASCII.
const KEPT: [HeaderName; 6] = [
    header::CACHE_CONTROL,
    header::CONTENT_DISPOSITION,
    header::CONTENT_ENCODING,
    header::CONTENT_LANGUAGE,
    header::CONTENT_TYPE,
    header::EXPIRES,
];

/// What an input of a write says of the headers that are kept.
macro_rules! kept {
    ($input:expr) => {
        $crate::state::Headers {
            content_type: $input.content_type.clone(),
            cache_control: $input.cache_control.clone(),
            content_disposition: $input.content_disposition.clone(),
            content_encoding: $crate::objects::put::stored_encoding($input.content_encoding.as_deref()),
            content_language: $input.content_language.clone(),
            expires: $input.expires.clone(),
            website_redirect_location: $input.website_redirect_location.clone(),
        }
    };
}
pub(crate) use kept;

/// Puts the kept headers of an answer, which are UTF-8 so far, into Latin-1.
pub(crate) fn decorate(answer: &mut HeaderMap) {
    for name in KEPT {
        let Some(value) = answer.get_mut(&name).filter(|value| !value.as_bytes().is_ascii()) else { continue };
        let text = String::from_utf8_lossy(value.as_bytes());
        let bytes: Vec<u8> = text.chars().map(|c| u8::try_from(c).unwrap_or(b' ')).collect();
        // C1 controls are no header's business; such a value stays as it is.
        if let Ok(latin) = HeaderValue::from_bytes(&bytes) {
            *value = latin;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_leave_as_latin_1_with_spaces_for_what_it_lacks() {
        let mut answer = HeaderMap::new();
        answer.insert(header::CACHE_CONTROL, HeaderValue::from_bytes("a_—_é".as_bytes()).unwrap());
        answer.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/x"));
        decorate(&mut answer);
        assert_eq!((answer[header::CACHE_CONTROL].as_bytes(), answer[header::CONTENT_TYPE].as_bytes()), (&b"a_ _\xe9"[..], &b"text/x"[..]));
    }
}
