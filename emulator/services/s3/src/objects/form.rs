//! Browser forms: what their fields are as headers of PutObject. Signature, policy and file are the gateway's.

use crate::{
    errors,
    model::{PutObjectTaggingInput, SERVICE},
};
use kit::Fault;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use wire::Bytes;

/// Fields that are headers of the same name.
const AS_HEADERS: [&str; 6] = ["cache-control", "content-type", "content-disposition", "content-encoding", "content-language", "expires"];
/// Fields of the signature that are no headers of PutObject.
const OF_THE_SIGNATURE: [&str; 5] = ["x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature", "x-amz-security-token"];

/// The headers that a form's fields stand for.
pub(crate) fn headers(fields: &[(String, String)]) -> Result<Vec<(String, String)>, Fault> {
    let mut headers = Vec::new();
    for (name, value) in fields {
        match name.as_str() {
            "acl" => headers.push(("x-amz-acl".to_owned(), value.clone())),
            "tagging" => headers.push(("x-amz-tagging".to_owned(), tagging(value)?)),
            name if OF_THE_SIGNATURE.contains(&name) => {}
            name if AS_HEADERS.contains(&name) || name.starts_with("x-amz-") => headers.push((name.to_owned(), value.clone())),
            _ => {}
        }
    }
    Ok(headers)
}

/// The document of a form's field as the header has it: a query string. A document that is something else has no tags, as recorded.
fn tagging(document: &str) -> Result<String, Fault> {
    let text = document.trim();
    if !text.starts_with('<') {
        return Err(errors::malformed_xml());
    }
    if !text.contains("<Tagging") {
        return Ok(String::new());
    }
    let operation = SERVICE.operations.iter().find(|o| o.name == "PutObjectTagging").expect("it is in the table");
    let mut input = PutObjectTaggingInput::default();
    let (head, ()) = http::Request::new(()).into_parts();
    let labels = vec![("Bucket", "-".to_owned()), ("Key", "-".to_owned())];
    let body = Bytes::from(text.to_owned());
    wire::request::decode(wire::Protocol::RestXml, operation, &head, &labels, &body, &mut input as &mut dyn wire::Structure)
        .map_err(|_| errors::malformed_xml())?;
    let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pairs: Vec<String> =
        input.tagging.tag_set.iter().flatten().map(|tag| format!("{}={}", encode(&tag.key), encode(&tag.value))).collect();
    Ok(pairs.join("&"))
}
