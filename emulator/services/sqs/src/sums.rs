//! The MD5 sums that clients check: of bodies, and of attributes in AWS's own form.

use crate::MessageAttributeValue;
use md5::{Digest, Md5};
use std::collections::BTreeMap;

/// MD5 of a body, hexadecimal.
pub(crate) fn body(text: &str) -> String {
    kit::hex(&Md5::digest(text.as_bytes()))
}

/// MD5 of attributes, hexadecimal; `None` where there are none. Names in order, each part behind its length.
pub(crate) fn attributes(attributes: &BTreeMap<String, MessageAttributeValue>) -> Option<String> {
    if attributes.is_empty() {
        return None;
    }
    let mut sum = Md5::new();
    let part = |sum: &mut Md5, bytes: &[u8]| {
        sum.update((bytes.len() as u32).to_be_bytes());
        sum.update(bytes);
    };
    for (name, value) in attributes {
        part(&mut sum, name.as_bytes());
        part(&mut sum, value.data_type.as_bytes());
        match &value.binary_value {
            Some(bytes) if value.data_type.starts_with("Binary") => {
                sum.update([2]);
                part(&mut sum, bytes);
            }
            _ => {
                sum.update([1]);
                part(&mut sum, value.string_value.as_deref().unwrap_or("").as_bytes());
            }
        }
    }
    Some(kit::hex(&sum.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    // Recorded from AWS (test_send_message_batch_with_oversized_contents...): the body "a".
    #[test]
    fn a_body() {
        assert_eq!(body("a"), "0cc175b9c0f1b6a831c399e269772661");
    }
    // Recorded from AWS in the same test: one attribute k = x.
    #[test]
    fn string_attributes() {
        let value = MessageAttributeValue { data_type: "String".into(), string_value: Some("x".into()), ..Default::default() };
        let map = BTreeMap::from([("k".to_owned(), value)]);
        assert_eq!(attributes(&map).unwrap(), "a45daa70926828a2f0a1db3418e6feb4");
        assert_eq!(attributes(&BTreeMap::new()), None);
    }
}
