//! What API Gateway says of input that breaks its model. Its sentences name the operation for members of the body and list enumerations in an
//! order of their own; both are recorded from AWS. Knows no operation by name.

use kit::{Fault, Service};
use wire::{DecodeError, Kind, OperationSchema, Place, Schema, Violation};

/// Enumerations in the order that AWS lists them; others are listed as the model has them.
const ORDERS: [&str; 6] = [
    "add, remove, move, test, replace, copy",
    "HTTP, MOCK, AWS_PROXY, HTTP_PROXY, AWS",
    "PRIVATE, EDGE, REGIONAL",
    "RESPONSE_BODY, RESPONSE, METHOD, MODEL, AUTHORIZER, RESPONSE_HEADER, RESOURCE, PATH_PARAMETER, REQUEST_BODY, QUERY_PARAMETER, API, REQUEST_HEADER",
    "REQUEST_TOO_LARGE, RESOURCE_NOT_FOUND, AUTHORIZER_CONFIGURATION_ERROR, MISSING_AUTHENTICATION_TOKEN, BAD_REQUEST_BODY, INVALID_SIGNATURE, INVALID_API_KEY, BAD_REQUEST_PARAMETERS, AUTHORIZER_FAILURE, UNAUTHORIZED, INTEGRATION_TIMEOUT, ACCESS_DENIED, DEFAULT_4XX, DEFAULT_5XX, WAF_FILTERED, QUOTA_EXCEEDED, THROTTLED, API_CONFIGURATION_ERROR, UNSUPPORTED_MEDIA_TYPE, INTEGRATION_FAILURE, EXPIRED_TOKEN",
    "ipv4, dualstack",
];

/// The fault for input that can't be decoded.
pub(crate) fn undecodable(service: &dyn Service, operation: &OperationSchema, error: DecodeError) -> Fault {
    let DecodeError::Invalid(mut violations) = error else { return service.undecodable(error) };
    // Members of the body come first, in the model's order.
    violations.sort_by_key(|violation| (violation.place != Place::Body, position(operation.input, &violation.path)));
    for violation in &mut violations {
        of_body(operation.name, violation);
    }
    service.invalid(wire::violations_message(&violations))
}

fn of_body(operation: &str, violation: &mut Violation) {
    if violation.place == Place::Body {
        let (first, rest) = operation.split_at(1);
        violation.path = format!("{}{rest}Input.{}", first.to_ascii_lowercase(), violation.path);
    }
    // Items of a list of an enumeration can't be null, and AWS does not say so.
    if violation.constraint.contains("enum value set: [") {
        violation.constraint = violation.constraint.replace(", Member must not be null]", "]");
    }
    let Some((before, listed)) = violation.constraint.split_once("enum value set: [") else { return };
    let Some((listed, after)) = listed.split_once(']') else { return };
    let sorted = |text: &str| {
        let mut all: Vec<String> = text.split(", ").map(str::to_owned).collect();
        all.sort();
        all
    };
    if let Some(order) = ORDERS.iter().find(|order| sorted(order) == sorted(listed)) {
        violation.constraint = format!("{before}enum value set: [{order}]{after}");
    }
}

/// Where a member stands in the model, level by level.
fn position(schema: &'static Schema, path: &str) -> Vec<usize> {
    let mut schema = schema;
    let mut places = Vec::new();
    for part in path.split('.') {
        if let Ok(index) = part.parse() {
            places.push(index);
            continue;
        }
        if let Kind::List(item) = schema.kind {
            schema = item.schema;
        }
        let found = schema.members().iter().position(|member| member.wire_name() == part || member.name == part);
        let Some(index) = found else { continue };
        places.push(index);
        schema = schema.members()[index].schema;
    }
    places
}
