//! A request's bytes into an operation's input, whatever the protocol.

use crate::fill::{Fill, Path, Seen};
use crate::{OperationSchema, Place, Protocol, Structure, bindings, cbor, json, query, xml};
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
    /// A parameter of the query string or a header is not of its type.
    Parameter {
        /// As it travels: `max-keys`.
        name: String,
        /// As it came.
        value: String,
        /// What is wrong.
        sentence: String,
    },
    /// The bytes are right and the values break the model's constraints.
    Invalid(Vec<Violation>),
}

impl std::fmt::Display for DecodeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            DecodeError::Malformed(sentence) | DecodeError::Parameter { sentence, .. } => f.write_str(sentence),
            DecodeError::Invalid(violations) => f.write_str(&violations_message(violations)),
        }
    }
}
impl std::error::Error for DecodeError {}

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
    let mut fill = Fill::new(true);
    let mut seen = Seen::new();
    let schema = op.input;
    match protocol {
        Protocol::Json10 | Protocol::Json11 => json::decode::body(&mut fill, schema, body, into, &mut seen, false)?,
        Protocol::Cbor => cbor::body(&mut fill, schema, body, into, &mut seen)?,
        Protocol::Query | Protocol::Ec2 => {
            let query = head.uri.query().unwrap_or("");
            query::body(&mut fill, schema, protocol == Protocol::Ec2, body, query, into, &mut seen)?;
        }
        Protocol::RestJson | Protocol::RestXml => {
            bindings::decode_head(&mut fill, op, head, labels, into, &mut seen)?;
            rest_body(&mut fill, protocol, op, body, into, &mut seen)?;
        }
    }
    fill.check_union(schema, &seen)?;
    fill.check_required(&Path::ROOT, schema, &seen, |_| true);
    fill.finish()
}

/// The body of a REST request: a payload member alone, or all members that travel in the body.
fn rest_body(
    fill: &mut Fill,
    protocol: Protocol,
    op: &'static OperationSchema,
    body: &Bytes,
    into: &mut dyn Structure,
    seen: &mut Seen,
) -> Result<(), DecodeError> {
    let schema = op.input;
    let Some((index, member)) = bindings::payload(schema) else {
        if !schema.members().iter().any(|m| m.place == Place::Body) {
            return Ok(());
        }
        return match protocol {
            Protocol::RestXml => {
                let request = format!("{}Request", op.name);
                let names = [schema.traits.xml_name.unwrap_or(schema.name), schema.name, &request];
                xml::decode::body(fill, schema, &names, body, into, seen, true)
            }
            _ => json::decode::body(fill, schema, body, into, seen, true),
        };
    };
    let held_elsewhere = member.schema.traits.streaming || member.schema.traits.event_stream;
    if held_elsewhere || body.is_empty() {
        return Ok(());
    }
    seen.insert(index);
    let path = Path::ROOT.member(member);
    if bindings::decode_raw_payload(fill, body, &mut bindings::Target { path, member, index, into })? {
        return Ok(());
    }
    match protocol {
        Protocol::RestXml => {
            let names = [member.wire_name(), member.schema.traits.xml_name.unwrap_or(member.schema.name), member.schema.name];
            xml::decode::payload(fill, &path, member, &names, body, into.member_mut(index))
        }
        _ => json::decode::payload(fill, &path, member, body, into.member_mut(index)),
    }
}
