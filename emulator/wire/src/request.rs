//! A request's bytes into an operation's input, whatever the protocol.

use crate::{OperationSchema, Place, Protocol, Structure};
use bytes::Bytes;

/// The labels that routing took from a path, decoded: `("Bucket", "photos")`.
pub type Labels = Vec<(&'static str, String)>;

/// What decoding has to say beside the filled value.
#[derive(Debug, Default, PartialEq)]
pub struct Decoded {
    /// Paths of members that the request carries and the model (as built here) does not know.
    pub unknown: Vec<String>,
}

/// Why a request can't be made into an input.
#[derive(Debug, PartialEq)]
pub enum DecodeError {
    /// The bytes are not what the protocol asks for; the sentence says what is wrong.
    Malformed(String),
    /// The bytes are right and the values break the model's constraints.
    Invalid(Vec<Violation>),
}

/// One broken constraint.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// Path of the member as AWS writes it: `targets.1.member.id`.
    pub path: String,
    /// The value as AWS prints it; `None` for an absent member.
    pub value: Option<String>,
    /// AWS's sentence about the constraint: `Member must not be null`.
    pub constraint: String,
    /// Where the input's member travels; API Gateway names members of the body otherwise than those of the path.
    pub place: Place,
}

/// AWS's sentence for a list of violations: `1 validation error detected: Value null at 'name' failed to satisfy constraint: ...`.
pub fn violations_message(violations: &[Violation]) -> String {
    let plural = if violations.len() == 1 { "" } else { "s" };
    let mut message = format!("{} validation error{plural} detected: ", violations.len());
    for (index, violation) in violations.iter().enumerate() {
        if index > 0 {
            message.push_str("; ");
        }
        match &violation.value {
            Some(value) => message.push_str(&format!("Value '{value}'")),
            None => message.push_str("Value null"),
        }
        message.push_str(&format!(" at '{}' failed to satisfy constraint: {}", violation.path, violation.constraint));
    }
    message
}

/// Fills an operation's input from a request.
///
/// `labels` come from [`crate::route::Router`]. `body` is the whole body, or empty when the operation streams it. RPC protocols read the
/// body (query also the query string), REST protocols the labels, query string, headers and body. Members that the model does not know
/// are passed over and named in [`Decoded`].
pub fn decode(
    protocol: Protocol,
    op: &'static OperationSchema,
    head: &http::request::Parts,
    labels: &[(&'static str, String)],
    body: &Bytes,
    into: &mut dyn Structure,
) -> Result<Decoded, DecodeError> {
    let _ = (protocol, op, head, labels, body, into);
    Err(DecodeError::Malformed("no codec".into()))
}
