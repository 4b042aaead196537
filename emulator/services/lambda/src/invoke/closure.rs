//! An event on a closure of this process, with the same semantics around it as around a process.

use super::{
    report,
    run::{Done, Home, Outcome, Run, since},
};
use crate::{
    in_process::{Handler, Invocation, told},
    runtime::{
        api::Reported,
        environment::{Failure, elapsed},
        pools::Slot,
        start::log_stream,
    },
};
use kit::{Fault, RoleSession, ports::TemporaryKey};
use parking_lot::Mutex;
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// Credentials that end within this time are not good for another event.
const LAPSE_SECS: i128 = 60;

/// What stands for an idle environment.
pub(crate) struct Warm {
    pub key: TemporaryKey,
    pub variables: BTreeMap<String, String>,
    pub stream: String,
    pub made: bool,
}

impl Run {
    /// Runs the event.
    pub(super) async fn closure(self, handler: Arc<dyn Handler>, slot: Slot, token: kit::Token) -> Result<Done, Fault> {
        let cx = self.cx.in_scope(self.call.name.scope.clone()).child();
        let clock = cx.cloud().clock().clone();
        let config = &self.target.config;
        let warm = self.pools.closures.take(&self.key(), &config.revision);
        let warm = warm.filter(|warm| warm.key.expires.unix_ns - cx.now().unix_ns > LAPSE_SECS * 1_000_000_000);
        let mut lines = Vec::new();
        let cold = warm.is_none();
        let warm = match warm {
            Some(warm) => warm,
            None => {
                lines.push((cx.now(), self.init_start()));
                let key = self.credentials(&cx).await?;
                let variables = self.variables(&cx, &key).await?;
                Warm { key, variables, stream: log_stream(&cx, &config.version), made: false }
            }
        };
        let limit = Duration::from_secs(config.timeout_secs.max(1) as u64);
        let (now, real) = (clock.now(), clock.real_now());
        lines.push((now, report::start(self.form(), now, &self.call.request_id, &config.version)));
        let said = Arc::new(Mutex::new(Vec::new()));
        let invocation = Invocation {
            request_id: self.call.request_id.clone(),
            function_arn: self.call.name.arn(),
            version: config.version.clone(),
            deadline: now.plus_ns(limit.as_nanos() as i128),
            trace: self.trace(),
            variables: warm.variables.clone(),
            credentials: warm.key.clone(),
            endpoint: cx.cloud().endpoint(),
            clock: clock.clone(),
            lines: said.clone(),
        };
        let event = serde_json::from_slice(&self.call.payload).map_err(|e| Fault::internal(format!("an event that is no JSON: {e}")))?;
        // A task of its own: one that panics, or blocks its thread, takes nobody with it.
        let mut running = tokio::spawn(async move { handler.call(event, invocation).await });
        let result = tokio::select! {
            biased;
            answer = &mut running => match answer {
                Ok(answer) => told(answer).map_err(|(payload, kind)| Failure::Reported(Reported { payload, kind })),
                Err(error) => Err(panicked(error)),
            },
            () = elapsed(&clock, limit) => {
                running.abort();
                Err(Failure::TimedOut)
            }
        };
        lines.append(&mut said.lock());
        let passed = Duration::from_nanos((clock.now().unix_ns - now.unix_ns).max(0) as u64);
        let duration = since(&cx, real).max(passed).min(limit);
        let session: Arc<RoleSession> = Arc::new(warm.key.session.clone());
        let home = Home::Closure { session, stream: warm.stream.clone(), made: warm.made };
        self.pools.closures.give(self.key(), config.revision.clone(), Warm { made: true, ..warm });
        let init = cold.then_some(Duration::ZERO);
        Ok(self.finish(Outcome { home, lines, result, duration, init }, slot, token))
    }
}

/// As the Rust runtime reports it.
fn panicked(error: tokio::task::JoinError) -> Failure {
    let message = match error.try_into_panic() {
        Ok(panic) => match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
            (Some(text), _) => (*text).to_owned(),
            (_, Some(text)) => text.clone(),
            _ => "unknown panic".to_owned(),
        },
        Err(error) => error.to_string(),
    };
    let kind = "panic".to_owned();
    let object = serde_json::json!({ "errorType": kind, "errorMessage": format!("Lambda panicked: {message}") });
    Failure::Reported(Reported { payload: object.to_string().into(), kind })
}
