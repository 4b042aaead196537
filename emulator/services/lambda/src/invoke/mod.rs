//! The way of an event: which version, may it run, in which environment, what it answered, what is logged.

pub(crate) mod closure;
pub(crate) mod logs;
pub(crate) mod metrics;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod streaming;
pub(crate) mod target;
mod unreadable;

use crate::{Error, Lambda, events, model::*, names::Name, state::*};
use base64::{Engine, prelude::BASE64_STANDARD};
use kit::{Bytes, Context, Fault, Reply};
use run::Call;

/// Largest event of a synchronous call, bytes.
pub(crate) const MOST_SYNC_BYTES: usize = 6_291_456;
/// Largest event of an asynchronous call, bytes.
pub(crate) const MOST_ASYNC_BYTES: usize = 1_048_576;
/// Bytes of the log that LogType Tail gives.
const TAIL_BYTES: usize = 4096;

impl Lambda {
    /// Runs a function, queues an event for it, or only checks whether it could.
    pub async fn invoke(&self, cx: &Context, input: InvokeInput) -> Result<Reply<InvokeOutput>, Fault> {
        if input.durable_execution_name.is_some() || input.tenant_id.is_some() {
            return Err(not_implemented("durable executions and tenants of functions"));
        }
        let name = Name::parse(cx, &input.function_name, input.qualifier.as_deref())?;
        let kind = input.invocation_type.unwrap_or(InvocationType::RequestResponse);
        let payload = payload(input.payload.unwrap_or_default(), kind)?;
        let target = target::resolve(cx, &name).map_err(|fault| absent(&name, fault))?;
        let client_context = input.client_context.map(decode_context).transpose()?;
        match kind {
            InvocationType::DryRun => Ok(answer(204, InvokeOutput::default())),
            InvocationType::Event => {
                events::queue(cx, &name, payload, cx.request_id().to_owned(), client_context).await?;
                Ok(answer(202, InvokeOutput { payload: Some(Bytes::new()), ..InvokeOutput::default() }))
            }
            InvocationType::RequestResponse => {
                self.pools.request(cx, &name, target.function.reserved).map_err(run::throttled)?;
                let tail = input.log_type == Some(LogType::Tail);
                let call = Call { name, payload, request_id: cx.request_id().to_owned(), client_context, tail, sink: None };
                let done = run::run(&self.pools, cx, target, call).await?;
                let log_result = done.log.map(|log| BASE64_STANDARD.encode(end_of(&log)));
                let output = InvokeOutput {
                    function_error: done.error.map(|_| "Unhandled".into()),
                    log_result,
                    payload: Some(done.payload),
                    executed_version: Some(done.version),
                    ..InvokeOutput::default()
                };
                Ok(answer(200, output))
            }
        }
    }
}

/// A function that isn't there is told with the version that was meant, as recorded; other operations leave that out.
fn absent(name: &Name, fault: Fault) -> Fault {
    match fault.code == Error::ResourceNotFound.says("").code && name.qualifier.is_none() {
        true => not_found(&name.with(LATEST)),
        false => fault,
    }
}

fn answer(status: u16, mut output: InvokeOutput) -> Reply<InvokeOutput> {
    output.status_code = Some(status as i32);
    Reply::new(output).status(status)
}

/// The event as it is handed on: JSON, of a size that AWS takes; nothing is an empty object.
pub(crate) fn payload(payload: Bytes, kind: InvocationType) -> Result<Bytes, Fault> {
    let most = if kind == InvocationType::Event { MOST_ASYNC_BYTES } else { MOST_SYNC_BYTES };
    if payload.len() > most {
        let text = format!("{} byte payload is too large for the {kind} invocation type (limit {most} bytes)", payload.len());
        return Err(user(Fault::new("RequestTooLargeException", 413, text)));
    }
    if payload.is_empty() {
        return Ok(Bytes::from_static(b"{}"));
    }
    match serde_json::from_slice::<serde::de::IgnoredAny>(&payload) {
        Ok(_) => Ok(payload),
        Err(error) => {
            let why = unreadable::why(&payload).unwrap_or_else(|| error.to_string());
            let message = format!("Could not parse request body into json: Could not parse payload into json: {why}");
            Err(user(Error::InvalidRequestContent.says(message)))
        }
    }
}

/// The client context travels as base 64 and reaches the runtime as JSON.
fn decode_context(text: String) -> Result<String, Fault> {
    let decoded = BASE64_STANDARD.decode(&text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let json = decoded.filter(|text| text.len() <= 3583 && serde_json::from_str::<serde_json::Value>(text).is_ok());
    // It becomes a header's value.
    json.filter(|text| text.bytes().all(|b| (0x20..0x7f).contains(&b)))
        .ok_or_else(|| user(Error::InvalidRequestContent.says("Client context must be a valid Base64-encoded JSON object.")))
}

fn end_of(log: &str) -> &[u8] {
    let bytes = log.as_bytes();
    &bytes[bytes.len().saturating_sub(TAIL_BYTES)..]
}
