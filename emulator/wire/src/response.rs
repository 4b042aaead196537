//! An operation's output or fault into an HTTP answer, whatever the protocol.

use crate::{Fault, OperationSchema, Protocol, ServiceSchema, Structure};
use bytes::Bytes;

/// The answer for an operation that succeeded. `status` overrides the model's; streamed bodies are not in it.
pub fn encode(protocol: Protocol, service: &ServiceSchema, op: &OperationSchema, value: &dyn Structure, status: Option<u16>, request_id: &str) -> http::Response<Bytes> {
    let _ = (protocol, service, op, value, status, request_id);
    http::Response::default()
}

/// The answer for a fault. `op` is known when the request got as far as its operation.
pub fn encode_fault(protocol: Protocol, service: &ServiceSchema, op: Option<&OperationSchema>, fault: &Fault, request_id: &str) -> http::Response<Bytes> {
    let _ = (protocol, service, op, fault, request_id);
    http::Response::default()
}
