//! Below HTTP stands one function: faults, authorise, handler, journal. The gateway and the Directory both go through it.

use super::Cloud;
use crate::{Access, AnyReply, Context, Fault, Label, RecordKind, Service, Typed};
use std::sync::Arc;

/// A decoded call on its way to a handler.
pub struct Call {
    /// The service.
    pub service: Arc<dyn Service>,
    /// Index of the operation in the service's table.
    pub op: usize,
    /// Its input.
    pub input: Box<dyn Typed>,
    /// Members that the request carried and the model doesn't know.
    pub unknown: Vec<String>,
}

impl Call {
    /// Name of the operation.
    pub fn name(&self) -> &'static str {
        self.service.schema().operations[self.op].name
    }
}

/// What a fault rule does when it drops a connection; the gateway closes the socket on this code.
pub const DROP_CONNECTION: &str = "WindtunnelDropConnection";

impl Cloud {
    /// Runs a call as the context's principal.
    pub async fn dispatch(self: &Arc<Self>, cx: &Context, call: Call) -> Result<AnyReply, Fault> {
        let (service, name) = (call.service.clone(), call.name());
        let schema = service.schema();
        let outer = cx.hold(Some(self.work.begin(format!("{}:{name}", schema.name))));
        let result = self.allowed_then_run(cx, call).await;
        let outcome = result.as_ref().err().map_or("ok", |f| f.code.as_ref());
        let detail = result.as_ref().err().map_or(serde_json::Value::Null, |f| serde_json::json!({ "message": f.message }));
        self.journal.write(cx, RecordKind::Request, schema.name, name, "", outcome, detail);
        let warned = cx.warnings().iter().try_for_each(|text| self.warn_once(cx, schema.name, name, text));
        cx.hold(outer);
        warned.and(result)
    }

    async fn allowed_then_run(self: &Arc<Self>, cx: &Context, call: Call) -> Result<AnyReply, Fault> {
        let schema = call.service.schema();
        let name = call.name();
        if self.strict {
            if call.service.labels()[call.op] == Label::Kept {
                return Err(Fault::new(
                    "NotImplemented",
                    501,
                    format!("{}:{name} is stored but has no effect (refused because of --strict)", schema.name),
                ));
            }
            if let Some(member) = call.unknown.first() {
                return Err(call.service.invalid(format!("Unknown parameter in input: \"{member}\"")));
            }
        }
        let access = call.service.access(call.op, &*call.input, cx);
        let resource = match &access {
            Access::Needs(needs) => needs.first().map_or("", |n| n.resource.as_str()),
            Access::Public => "",
        };
        self.apply_faults(schema.name, name, resource).await?;
        if let Access::Needs(needs) = &access {
            for need in needs {
                let decision = cx.decide(need);
                if !decision.allowed {
                    return Err(call.service.denied(decision.message));
                }
            }
        }
        for member in &call.unknown {
            self.warn_once(cx, schema.name, name, &format!("member {member} is unknown and was ignored"))?;
        }
        call.service.call(call.op, call.input, cx).await
    }

    /// Asks the fault rules; also for event and invocation paths (`Invoke`, `Deliver`).
    pub async fn apply_faults(&self, service: &str, operation: &str, resource: &str) -> Result<(), Fault> {
        let Some(effect) = self.faults.check(service, operation, resource, || self.chance()) else { return Ok(()) };
        if let Some(latency) = effect.latency {
            self.clock.real_sleep(latency).await;
        }
        if effect.drop {
            return Err(Fault::new(DROP_CONNECTION, 500, "the connection is dropped by a fault rule"));
        }
        effect.fault.map_or(Ok(()), Err)
    }

    /// The Directory: a call by names and JSON, for callers who learn the callee at run time (CloudFormation, integrations, scenario verbs).
    /// Input and output use the model's member names; unknown members are refused.
    pub async fn call_json(
        self: &Arc<Self>,
        cx: &Context,
        service: &str,
        operation: &str,
        input: &serde_json::Value,
    ) -> Result<serde_json::Value, Fault> {
        let found =
            self.service(service).ok_or_else(|| Fault::new("UnknownService", 501, format!("this cloud has no service {service}")))?.clone();
        let Some(op) = found.schema().operations.iter().position(|o| o.name == operation) else {
            return Err(match found.schema().refused.iter().any(|r| r.name == operation) {
                true => Fault::not_implemented(service, operation),
                false => Fault::new("UnknownOperationException", 404, format!("{service} has no operation {operation}")),
            });
        };
        let mut value = found.input(op);
        let schema = found.schema().operations[op];
        let decoded = wire::canonical::from_json(schema.input, input, value.structure_mut())
            .map_err(|error| found.undecodable_input(schema, error))?;
        if let Some(member) = decoded.unknown.first() {
            return Err(found.invalid(format!("Unknown parameter in input: \"{member}\"")));
        }
        let reply = self.dispatch(cx, Call { service: found, op, input: value, unknown: Vec::new() }).await?;
        Ok(wire::canonical::to_json(schema.output, reply.value.structure()))
    }
}
