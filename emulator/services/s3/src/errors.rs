//! What S3 says when it can't: code, status, sentence and the fields that AWS sends with each. Sentences are AWS's own, as recorded.
//!
//! Only faults that more than one room tells stand here; the others stand where they arise.

use crate::model::{Error, SERVICE};
use kit::{Context, Fault};

/// The bucket is not there.
pub fn no_such_bucket(bucket: &str) -> Fault {
    Error::NoSuchBucket.says("The specified bucket does not exist").with("BucketName", bucket)
}
/// The key is not there, or a delete marker hides it.
pub fn no_such_key(key: &str) -> Fault {
    Error::NoSuchKey.says("The specified key does not exist.").with("Key", key)
}
/// The version was there once or looks as if it could have been.
pub fn no_such_version(key: &str, version: &str) -> Fault {
    Fault::new("NoSuchVersion", 404, "The specified version does not exist.").with("Key", key).with("VersionId", version)
}
/// The version id is none of ours.
pub fn invalid_version(version: &str) -> Fault {
    invalid_argument("Invalid version id specified", "versionId", version)
}
/// The upload is not there (any more).
pub fn no_such_upload(upload: &str) -> Fault {
    Error::NoSuchUpload
        .says("The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.")
        .with("UploadId", upload)
}
/// AWS's refusal without a reason.
pub fn access_denied() -> Fault {
    Error::AccessDenied.says("Access Denied")
}
/// The refusal of a need, out of the decider's sentence: S3 puts the resource in quotes. Strangers are told no more than that they were
/// refused.
pub fn refused(message: String) -> Fault {
    match message.starts_with("User: anonymous ") {
        true => access_denied(),
        false => Error::AccessDenied.says(with_quotes(&message).unwrap_or(message)),
    }
}
fn with_quotes(message: &str) -> Option<String> {
    const BEFORE: &str = " on resource: ";
    let start = message.find(BEFORE)? + BEFORE.len();
    // A key may hold anything; the reason is what comes last.
    let end = [" because ", " with an explicit deny"].into_iter().filter_map(|reason| message.rfind(reason)).max()?;
    Some(format!("{}\"{}\"{}", &message[..start], message.get(start..end)?, &message[end..]))
}
/// An argument that can't be right.
pub fn invalid_argument(message: impl Into<String>, name: &str, value: &str) -> Fault {
    Fault::new("InvalidArgument", 400, message).with("ArgumentName", name).with("ArgumentValue", value)
}
/// A request that can't be right as a whole.
pub fn invalid_request(message: impl Into<String>) -> Fault {
    Error::InvalidRequest.says(message)
}
/// The document breaks S3's schema.
pub fn malformed_xml() -> Fault {
    Fault::new("MalformedXML", 400, "The XML you provided was not well-formed or did not validate against our published schema")
}
/// A condition of the request does not hold.
pub fn precondition_failed(condition: &str) -> Fault {
    Fault::new("PreconditionFailed", 412, "At least one of the pre-conditions you specified did not hold").with("Condition", condition)
}
/// The resource can't do that: a delete marker is asked for its contents.
pub fn method_not_allowed(method: &str, resource_type: &str) -> Fault {
    Fault::new("MethodNotAllowed", 405, "The specified method is not allowed against this resource.")
        .with("Method", method)
        .with("ResourceType", resource_type)
}
/// A header that AWS itself does not implement for this operation.
pub fn header_not_implemented(header: &str, more: Option<&str>) -> Fault {
    let fault =
        Fault::new("NotImplemented", 501, "A header you provided implies functionality that is not implemented").with("Header", header);
    match more {
        Some(more) => fault.with("additionalMessage", more),
        None => fault,
    }
}
/// Something that AWS does and this build refuses, by name.
pub fn not_built(what: &str) -> Fault {
    Fault::new("NotImplemented", 501, format!("windtunnel does not implement {what}."))
}
/// The caller asked for something that bucket owner enforced ownership forbids.
pub fn acl_not_supported() -> Fault {
    Fault::new("AccessControlListNotSupported", 400, "The bucket does not allow ACLs")
}
/// Whether a request tells no digest of its body. Calls from inside the house have no transport that could damage them.
pub fn lacks_digest(cx: &Context) -> bool {
    cx.source().host.is_some() && !cx.source().body_digest
}
/// AWS takes some documents only with a digest of them.
pub fn needs_digest(cx: &Context) -> Result<(), Fault> {
    match lacks_digest(cx) {
        true => Err(invalid_request("Missing required header for this request: Content-MD5 OR x-amz-checksum-*")),
        false => Ok(()),
    }
}
/// A constraint of the model is broken. AWS checks documents against a schema and says no more than that; a document that is missing
/// altogether and members that travel in headers and the query string (their paths have no dot) are named.
pub fn invalid_input(message: String) -> Fault {
    let path = message.split(" at '").nth(1).and_then(|rest| rest.split('\'').next()).unwrap_or_default();
    match path {
        "copySource" => invalid_argument("Invalid copy source object key", "x-amz-copy-source", "x-amz-copy-source"),
        "objectAttributes" => {
            let named = message.split("Value '[").nth(1).and_then(|rest| rest.split(']').next()).unwrap_or_default();
            invalid_argument("Invalid attribute name specified.", "x-amz-object-attributes", named)
        }
        "policy" => Fault::new("MalformedPolicy", 400, "Policies must be valid JSON and the first byte must be '{'"),
        path if path.starts_with("accessControlPolicy") => crate::acl::malformed(),
        path if path.contains('.') => malformed_xml(),
        path if is_document(path) => Fault::new("MissingRequestBodyError", 400, "Request Body is empty"),
        _ => Fault::new("InvalidArgument", 400, message),
    }
}

/// A header or parameter that is not of its type. AWS's sentence about numbers.
pub fn malformed_parameter(name: &str, value: &str, message: String) -> Fault {
    let sentence = match message.ends_with("an Integer") {
        true => format!("Provided {name} not an integer or within integer range"),
        false => message,
    };
    invalid_argument(sentence, name, value)
}

/// Whether some operation takes its body as the member of this name.
fn is_document(path: &str) -> bool {
    let bodies = SERVICE.operations.iter().filter_map(|operation| {
        let payload = operation.input.traits.payload?;
        operation.input.members().iter().find(|member| member.wire_name() == payload || member.name == payload)
    });
    bodies.into_iter().any(|member| member.name.eq_ignore_ascii_case(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_of_refusals_stand_in_quotes() {
        let told = |message: &str| refused(message.to_owned()).message;
        let user = "User: arn:aws:iam::1:user/u is not authorized to perform: s3:GetObject on resource:";
        let (allowed, denied) =
            ("because no identity-based policy allows the s3:GetObject action", "with an explicit deny in a permissions boundary");
        assert_eq!(told(&format!("{user} arn:aws:s3:::b/k {allowed}")), format!("{user} \"arn:aws:s3:::b/k\" {allowed}"));
        assert_eq!(told(&format!("{user} arn:aws:s3:::b/k because x {denied}")), format!("{user} \"arn:aws:s3:::b/k because x\" {denied}"));
        assert_eq!(told("another sentence"), "another sentence");
        assert_eq!(told(&format!("User: anonymous is not authorized {allowed}")), "Access Denied");
    }
}
