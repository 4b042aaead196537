//! The port by which other services invoke: notifications, integrations, triggers, destinations.

use crate::{
    Lambda, events,
    invoke::{self, run, run::Call, target},
    model::InvocationType,
    names::Name,
    state,
};
use kit::{
    BoxFuture, Bytes, Context, Fault, Grant, RecordKind,
    ports::{Functions, Invocation, Invoked},
};

impl Functions for Lambda {
    fn invoke<'a>(&'a self, cx: &'a Context, grant: Grant, call: Invocation) -> BoxFuture<'a, Result<Invoked, Fault>> {
        Box::pin(async move {
            grant.covers("lambda:InvokeFunction", &call.function_arn)?;
            let result = self.invoke_for(cx, &call).await;
            let outcome = result.as_ref().err().map_or("ok", |fault| fault.code.as_ref());
            let detail = serde_json::json!({ "asynchronous": call.asynchronous });
            cx.cloud().journal().write(cx, RecordKind::Event, "lambda", "Invoke", &call.function_arn, outcome, detail);
            result
        })
    }

    fn exists(&self, cx: &Context, function_arn: &str) -> bool {
        let Some(name) = Name::read(cx.scope(), function_arn) else { return false };
        let found = cx.store().read(|s| {
            let function = state::function(s, &name)?;
            state::config(s, &name, &function)
        });
        found.is_ok()
    }
}

impl Lambda {
    async fn invoke_for(&self, cx: &Context, call: &Invocation) -> Result<Invoked, Fault> {
        cx.cloud().apply_faults("lambda", "Invoke", &call.function_arn).await?;
        let name = Name::read(cx.scope(), &call.function_arn)
            .ok_or_else(|| state::invalid(format!("Invalid function ARN: {}", call.function_arn)))?;
        let kind = if call.asynchronous { InvocationType::Event } else { InvocationType::RequestResponse };
        let payload = invoke::payload(call.payload.clone(), kind)?;
        let target = target::resolve(cx, &name)?;
        let request_id = cx.ids().uuid();
        if call.asynchronous {
            events::queue(cx, &name, payload, request_id, None).await?;
            return Ok(Invoked { status: 202, payload: Bytes::new(), function_error: None });
        }
        let call = Call { name, payload, request_id, client_context: None, tail: false, sink: None };
        let done = run::run(&self.pools, cx, target, call).await?;
        Ok(Invoked { status: 200, payload: done.payload, function_error: done.error.map(|_| "Unhandled".into()) })
    }
}
