//! What the gateway itself has to say when a request gets no further, in each protocol's own words.

use crate::{sig_v4::Dialect, visit::Visit};
use percent_encoding::percent_decode_str;
use wire::{Fault, Protocol, ServiceSchema};

/// Stands where no service is known.
pub(crate) static NOWHERE: ServiceSchema = ServiceSchema {
    name: "windtunnel",
    service_id: "windtunnel",
    signing_name: "windtunnel",
    endpoint_prefix: "windtunnel",
    target_prefix: None,
    protocols: &[Protocol::RestJson],
    api_version: "",
    xml_namespace: None,
    bare_errors: false,
    query_compatible: false,
    operations: &[],
    refused: &[],
    faults: &[],
};

/// A body held whole that is larger than the protocol's limit.
pub(crate) fn too_large(visit: &Visit, limit: usize) -> Fault {
    if visit.room.is_some_and(|r| visit.house.rooms[r].dialect == Dialect::S3) {
        return Fault::new("MaxMessageLengthExceeded", 400, "Your request was too big.").with("MaxMessageLengthBytes", limit.to_string());
    }
    let code = match visit.protocol {
        Protocol::Query | Protocol::Ec2 | Protocol::RestXml => "RequestEntityTooLarge",
        _ => "RequestEntityTooLargeException",
    };
    let operation = visit.op.map_or(String::new(), |op| format!(" for the {} operation", op.name));
    Fault::new(code, 413, format!("Request must be smaller than {limit} bytes{operation}"))
}

/// An operation that AWS does not have.
pub(crate) fn unknown_operation(visit: &Visit) -> Fault {
    let room = visit.room();
    match visit.protocol {
        // A path that is no text names nothing.
        Protocol::RestXml if room.dialect == Dialect::S3 && percent_decode_str(visit.uri.path()).decode_utf8().is_err() => {
            Fault::new("InvalidURI", 400, "Couldn't parse the specified URI.").with("URI", visit.uri.path())
        }
        Protocol::RestXml if room.dialect == Dialect::S3 => {
            let kind = match visit.head.uri.path().trim_start_matches('/').split_once('/') {
                Some((_, key)) if !key.is_empty() => "OBJECT",
                _ if visit.head.uri.path() == "/" => "SERVICE",
                _ => "BUCKET",
            };
            Fault::new("MethodNotAllowed", 405, "The specified method is not allowed against this resource.")
                .with("Method", visit.head.method.as_str())
                .with("ResourceType", kind)
        }
        Protocol::Query | Protocol::Ec2 => match crate::which::action(visit) {
            None => Fault::new("MissingAction", 400, "The request must contain the parameter Action"),
            Some((action, version)) => Fault::new(
                "InvalidAction",
                400,
                format!("Could not find operation {action} for version {}", version.unwrap_or("NO_VERSION_SPECIFIED".into())),
            ),
        },
        Protocol::Json10 | Protocol::Json11 => Fault::new("UnknownOperationException", 400, ""),
        _ => Fault::new(
            "UnknownOperationException",
            404,
            format!("{} has no operation for {} {}", room.schema.name, visit.head.method, visit.head.uri.path()),
        ),
    }
}

/// A service that this cloud does not have.
pub(crate) fn unknown_service(name: &str) -> Fault {
    Fault::new("NotImplemented", 501, format!("this cloud has no service '{name}'. `windtunnel services` lists those it has."))
}
