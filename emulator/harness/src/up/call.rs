//! A call of an operation of the standing cloud, below HTTP and as its root: what `up` does on the user's behalf.

use crate::Emulator;
use kit::{Call, Fault};
use serde_json::Value;

/// Calls an operation; input and output by the model's member names, blobs in base64.
pub(super) async fn call(emulator: &Emulator, service: &str, operation: &str, input: &Value) -> Result<Value, Fault> {
    let cloud = emulator.cloud();
    let found =
        cloud.service(service).cloned().ok_or_else(|| Fault::new("UnknownService", 501, format!("this build has no service {service}")))?;
    let position = found.schema().operations.iter().position(|o| o.name == operation);
    let op = position.ok_or_else(|| Fault::not_implemented(service, operation))?;
    let schema = &found.schema().operations[op];
    let mut typed = found.input(op);
    wire::canonical::from_json(schema.input, input, typed.structure_mut()).map_err(|error| found.undecodable_input(schema, error))?;
    let cx = cloud.house_context("up");
    let reply = cloud.dispatch(&cx, Call { service: found, op, input: typed, unknown: Vec::new() }).await?;
    Ok(wire::canonical::to_json(schema.output, reply.value.structure()))
}
