//! One event on one environment, from the slot to the REPORT.

use super::{
    logs, metrics, report,
    report::{Form, Report},
    target::Target,
};
use crate::{
    Error, LogFormat, code, concurrency, functions, layers,
    names::Name,
    recursion,
    runtime::{
        api::{Delivery, Part},
        environment::{Environment, Failure, Folders, Plan, Unstarted},
        pools::{Full, Key, Pools, Slot},
    },
    state::*,
};
use kit::{Bytes, Clock, Context, Fault, RecordKind, RoleSession, Timestamp, ports::TemporaryKey};
use serde_json::json;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::sync::mpsc;

/// Credentials of an environment last so long, virtual.
const CREDENTIAL_SECS: u32 = 12 * 3600;

/// An event for a function.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// As it was asked for: its qualifier is part of the invoked ARN.
    pub name: Name,
    pub payload: Bytes,
    pub request_id: String,
    pub client_context: Option<String>,
    /// Whether the log is wanted with the answer.
    pub tail: bool,
    /// Where an answer that streams goes as it comes.
    pub sink: Option<mpsc::Sender<Part>>,
}

/// What came of it.
#[derive(Clone, Debug)]
pub(crate) struct Done {
    /// The answer, or the error object.
    pub payload: Bytes,
    /// Type of the function's error.
    pub error: Option<String>,
    /// The version that ran.
    pub version: String,
    pub log: Option<String>,
}

/// Runs an event and waits for the answer. It runs on when the caller goes away, as on AWS.
pub(crate) async fn run(pools: &Arc<Pools>, cx: &Context, target: Target, call: Call) -> Result<Done, Fault> {
    let lineage = recursion::next(recursion::parts(cx.trace()).1, &call.name, target.function.loops);
    let lineage = lineage.map_err(|stopped| {
        metrics::record(cx, &call.name, None, &[metrics::one("RecursiveInvocationsDropped")]);
        stopped.fault()
    })?;
    let slot = slot(pools, cx, &target, &call.name).inspect_err(|_| metrics::record(cx, &call.name, None, &[metrics::one("Throttles")]))?;
    let (pools, cx) = (pools.clone(), cx.clone());
    let provisioned = slot.is_provisioned();
    measure_start(&pools, &cx, &target, &call.name, provisioned);
    let token = cx.cloud().work().begin(format!("lambda:{}", call.name.function));
    let running = tokio::spawn(async move {
        let stopping = pools.clone();
        tokio::select! {
            done = Run { pools, cx, target, call, provisioned, lineage }.go(slot, token) => done,
            _ = stopping.closed() => Err(Error::Service.says("The emulator is stopping.")),
        }
    });
    running.await.map_err(|e| Fault::internal(format!("an invocation ended early: {e}")))?
}

fn slot(pools: &Arc<Pools>, cx: &Context, target: &Target, name: &Name) -> Result<Slot, Fault> {
    let unreserved = || {
        let reserved = cx.store().read(|s| concurrency::reserved(s, &name.scope)).unwrap_or(0);
        concurrency::ACCOUNT_LIMIT - reserved
    };
    pools.slot(name, target.function.reserved, target.provisioned, unreserved).map_err(throttled)
}

/// What is known when an event has its slot.
fn measure_start(pools: &Pools, cx: &Context, target: &Target, name: &Name, provisioned: bool) {
    let busy = pools.running(name);
    metrics::record(cx, name, None, &[("ConcurrentExecutions", "Count", f64::from(busy.function))]);
    metrics::of_account(cx, name, &[("UnreservedConcurrentExecutions", "Count", f64::from(busy.unreserved))]);
    let there = target.provisioned.here;
    if there == 0 {
        return;
    }
    let used = pools.provisioned_running(name);
    let which = if provisioned { "ProvisionedConcurrencyInvocations" } else { "ProvisionedConcurrencySpilloverInvocations" };
    let values = [
        metrics::one(which),
        ("ProvisionedConcurrentExecutions", "Count", f64::from(used)),
        ("ProvisionedConcurrencyUtilization", "Count", f64::from(used) / f64::from(there)),
    ];
    metrics::record(cx, name, None, &values);
}

pub(super) fn throttled(full: Full) -> Fault {
    user(Error::TooManyRequests.says("Rate Exceeded.").with("Reason", full.reason()))
}

/// Starts an environment ahead of any event, for provisioned concurrency; whether its initialisation went well.
pub(crate) async fn prepare(pools: &Arc<Pools>, cx: &Context, target: Target, call: Call) -> Result<bool, Fault> {
    let token = cx.cloud().work().begin(format!("lambda:{}", call.name.function));
    // A closure of this process stands ready anyway.
    if target.config.code.as_ref().is_some_and(|code| pools.closures.find(&code.sha256).is_some()) {
        return Ok(true);
    }
    let run = Run { pools: pools.clone(), cx: cx.clone(), target, call, provisioned: true, lineage: String::new() };
    let limit = Duration::from_secs(run.target.config.timeout_secs.max(1) as u64);
    run.pools.expect(&run.key(), &run.target.config.revision);
    match run.fresh().await? {
        Started::Ready(ready) => {
            let outcome = Home::Environment { environment: Box::new(ready.environment), keep: true };
            run.settle(outcome, ready.lines, limit, (None, token));
            Ok(true)
        }
        Started::Failed { environment, lines, .. } => {
            run.settle(Home::Environment { environment, keep: false }, lines, limit, (None, token));
            Ok(false)
        }
        Started::Nothing { unstarted, lines, .. } => {
            run.settle(Home::Log { session: unstarted.session, stream: unstarted.log_stream }, lines, limit, (None, token));
            Ok(false)
        }
    }
}

pub(super) struct Run {
    pub pools: Arc<Pools>,
    pub cx: Context,
    pub target: Target,
    pub call: Call,
    /// It runs on what is provisioned for its qualifier.
    pub provisioned: bool,
    /// Of what the function causes.
    pub lineage: String,
}

/// An environment with what starting it cost.
struct Ready {
    environment: Environment,
    init: Option<Duration>,
    /// Lines of the initialisation.
    lines: Vec<(Timestamp, String)>,
}

enum Started {
    Ready(Box<Ready>),
    /// The runtime failed before its first event; the environment is there for its log.
    Failed {
        environment: Box<Environment>,
        lines: Vec<(Timestamp, String)>,
        failure: Failure,
        init: Duration,
    },
    /// There was nothing to start.
    Nothing {
        unstarted: Unstarted,
        lines: Vec<(Timestamp, String)>,
        init: Duration,
    },
}

impl Run {
    async fn go(self, slot: Slot, token: kit::Token) -> Result<Done, Fault> {
        let arn = self.call.name.arn();
        self.cx.cloud().apply_faults("lambda", "Run", &arn).await?;
        let closure = self.target.config.code.as_ref().and_then(|code| self.pools.closures.find(&code.sha256));
        if let Some(handler) = closure {
            return self.closure(handler, slot, token).await;
        }
        loop {
            match self.environment().await? {
                Started::Ready(ready) => {
                    if let Some(done) = self.event(*ready).await {
                        return Ok(self.finish(done, slot, token));
                    }
                    // The process was dead before it took the event: once more, elsewhere.
                }
                Started::Failed { environment, lines, failure, init } => {
                    let home = Home::Environment { environment, keep: false };
                    let outcome = Outcome { home, lines, result: Err(failure), duration: init, init: Some(init) };
                    return Ok(self.finish(outcome, slot, token));
                }
                Started::Nothing { unstarted, lines, init } => {
                    let home = Home::Log { session: unstarted.session, stream: unstarted.log_stream };
                    let result = Err(Failure::Entrypoint(unstarted.sentence));
                    let outcome = Outcome { home, lines, result, duration: init, init: Some(init) };
                    return Ok(self.finish(outcome, slot, token));
                }
            }
        }
    }

    pub(super) fn key(&self) -> Key {
        let name = &self.call.name;
        let version = &self.target.config.version;
        // What stands ready for a qualifier is not used for others.
        let version = match &name.qualifier {
            Some(qualifier) if self.provisioned => format!("{version}@{qualifier}"),
            _ => version.clone(),
        };
        Key { scope: name.scope.clone(), function: name.function.clone(), version }
    }

    pub(super) fn form(&self) -> Form {
        match self.target.config.logging.as_ref().and_then(|l| l.log_format) {
            Some(LogFormat::Json) => Form::Json,
            _ => Form::Text,
        }
    }

    async fn environment(&self) -> Result<Started, Fault> {
        let config = &self.target.config;
        if let Some(environment) = self.pools.take(&self.key(), &config.revision, self.cx.now()) {
            return Ok(Started::Ready(Box::new(Ready { environment, init: None, lines: Vec::new() })));
        }
        if !self.provisioned {
            self.pools.grow(&self.call.name, self.cx.now()).map_err(throttled)?;
        }
        self.fresh().await
    }

    /// A new environment.
    async fn fresh(&self) -> Result<Started, Fault> {
        let config = &self.target.config;
        let cx = self.cx.in_scope(self.call.name.scope.clone()).child();
        let clock = cx.cloud().clock();
        let mut lines = vec![(cx.now(), self.init_start())];
        let package = config.code.as_ref().ok_or_else(|| Fault::internal("a function without code"))?;
        let folders = Folders { code: code::unpacked(&cx, package).await?, opt: layers::folder(&cx, &config.layers).await? };
        let key = self.credentials(&cx).await?;
        let variables = self.variables(&cx, &key).await?;
        let tmp = self.pools.take_spare(&self.key(), &config.revision);
        // Fetching the code is no part of the initialisation that AWS reports.
        let started = clock.real_now();
        let mut environment = match Environment::start(&cx, &self.plan(variables), folders, key, tmp).await? {
            Ok(environment) => environment,
            Err(unstarted) => return Ok(Started::Nothing { unstarted, lines, init: since(&self.cx, started) }),
        };
        let ready = environment.ready(clock, config.timeout_secs).await;
        lines.extend(environment.lines());
        lines.extend(std::mem::take(&mut environment.notes).into_iter().map(|note| (cx.now(), note)));
        let init = since(&self.cx, started);
        match ready {
            Ok(()) => Ok(Started::Ready(Box::new(Ready { environment, init: Some(init), lines }))),
            Err(failure) => Ok(Started::Failed { environment: Box::new(environment), lines, failure, init }),
        }
    }

    pub(super) fn init_start(&self) -> String {
        let (config, now) = (&self.target.config, self.cx.now());
        let arn = functions::runtime_version_arn(&self.call.name, config);
        report::init_start(self.form(), now, &config.runtime, &arn, self.provisioned)
    }

    /// Credentials of the function's role.
    pub(super) async fn credentials(&self, cx: &Context) -> Result<TemporaryKey, Fault> {
        let (role, name) = (&self.target.config.role, &self.call.name.function);
        let sessions = cx.cloud().ports().sessions()?;
        let key = sessions.for_service(cx, role, "lambda.amazonaws.com", name, CREDENTIAL_SECS).await;
        key.map_err(|fault| match fault.status {
            500.. => fault,
            _ => Fault::new("AccessDeniedException", 403, "The role defined for the function cannot be assumed by Lambda."),
        })
    }

    /// Environment variables, opened with the function's role.
    pub(super) async fn variables(&self, cx: &Context, key: &TemporaryKey) -> Result<BTreeMap<String, String>, Fault> {
        let role = cx.as_role(Arc::new(key.session.clone()));
        functions::secrets::for_function(&role, &self.call.name, &self.target.config).await
    }

    /// The trace header that the function sees.
    pub(super) fn trace(&self) -> String {
        let (root, parent) = (recursion::parts(self.cx.trace()).0, self.cx.ids().hex(16));
        format!("Root={root};Parent={parent};Sampled=0;Lineage={}", self.lineage)
    }

    fn plan(&self, variables: BTreeMap<String, String>) -> Plan {
        let config = &self.target.config;
        let level = config.logging.as_ref().and_then(|l| l.application_log_level).map_or("INFO", |level| level.as_str());
        Plan {
            account: self.call.name.scope.account.to_string(),
            function: self.call.name.function.clone(),
            version: config.version.clone(),
            region: self.call.name.scope.region.to_string(),
            runtime: config.runtime.clone(),
            handler: config.handler.clone(),
            memory_mb: config.memory_mb,
            ephemeral_mb: config.ephemeral_mb,
            variables,
            endpoint: self.cx.cloud().endpoint(),
            log_group: config.log_group(&self.call.name.function),
            json_logs: self.form() == Form::Json,
            log_level: level.to_owned(),
            provisioned: self.provisioned,
        }
    }

    /// Delivers the event; `None` when the environment was dead before.
    async fn event(&self, ready: Ready) -> Option<Outcome> {
        let Ready { mut environment, init, mut lines } = ready;
        let clock = self.cx.cloud().clock();
        let limit = Duration::from_secs(self.target.config.timeout_secs.max(1) as u64);
        let (now, real) = (clock.now(), clock.real_now());
        // What was printed between two events belongs to the next one's log, as on AWS.
        lines.extend(environment.lines());
        lines.push((now, report::start(self.form(), now, &self.call.request_id, &self.target.config.version)));
        let seen = if environment.shimmed { now } else { real };
        let delivery = Delivery {
            request_id: self.call.request_id.clone(),
            deadline_ms: seen.millis() + limit.as_millis() as i64,
            function_arn: self.call.name.arn(),
            trace: self.trace(),
            client_context: self.call.client_context.clone(),
            payload: self.call.payload.clone(),
            sink: self.call.sink.clone(),
        };
        let result = environment.run(clock, delivery, limit).await?;
        lines.extend(environment.lines());
        let passed = Duration::from_nanos((clock.now().unix_ns - now.unix_ns).max(0) as u64);
        let duration = since(&self.cx, real).max(passed).min(limit);
        let keep = matches!(result, Ok(_) | Err(Failure::Reported(_)) | Err(Failure::TooLarge));
        Some(Outcome { home: Home::Environment { environment: Box::new(environment), keep }, lines, result, duration, init })
    }

    /// Puts the answer together, gives the environment back, and leaves the log to a task of its own: the caller need not wait for it.
    pub(super) fn finish(self, outcome: Outcome, slot: Slot, token: kit::Token) -> Done {
        let Outcome { home, mut lines, result, duration, init } = outcome;
        let config = &self.target.config;
        let told = result.as_ref().err().map(|failure| report::failure(failure, &self.call.request_id, config.timeout_secs));
        let now = self.cx.now();
        lines.extend(told.iter().flat_map(|told| told.lines.iter().map(|line| (now, line.clone()))));
        let status = told.as_ref().map(|told| (told.status, told.kind.as_str()));
        let report = Report {
            request_id: &self.call.request_id,
            version: &config.version,
            duration,
            init,
            memory_mb: config.memory_mb,
            peak_mb: home.peak_mb(),
            status,
        };
        lines.extend(report::end(self.form(), now, &report).into_iter().map(|line| (now, line)));
        if let Home::Environment { environment, .. } = &home {
            environment.tell_report(now, || report::record_of(&report));
        }
        self.journal(&report);
        let values = [
            metrics::one("Invocations"),
            metrics::whether("Errors", report.status.is_some()),
            metrics::whether("Throttles", false),
            ("Duration", "Milliseconds", duration.as_secs_f64() * 1000.0),
        ];
        metrics::record(&self.cx, &self.call.name, Some(&config.version), &values);
        let log = self.call.tail.then(|| lines.iter().map(|(_, line)| format!("{line}\n")).collect());
        let left = Duration::from_secs(config.timeout_secs.max(1) as u64).saturating_sub(duration);
        self.settle(home, lines, left, (Some(slot), token));
        Done {
            error: told.as_ref().map(|told| told.kind.clone()),
            payload: match (result, told) {
                (Ok(payload), _) => payload,
                (Err(_), told) => told.map(|told| told.payload).unwrap_or_default(),
            },
            version: self.target.config.version.clone(),
            log,
        }
    }

    fn journal(&self, report: &Report<'_>) {
        let outcome = report.status.map_or("ok", |(_, kind)| kind);
        let millis = |duration: Duration| duration.as_secs_f64() * 1000.0;
        let detail = json!({
            "request_id": report.request_id, "version": report.version, "cold": report.init.is_some(),
            "duration_ms": millis(report.duration), "init_ms": report.init.map(millis), "max_memory_mb": report.peak_mb,
        });
        self.cx.cloud().journal().write(&self.cx, RecordKind::Invocation, "lambda", "Invoke", &self.call.name.arn(), outcome, detail);
    }

    /// Gives the environment back for the next event, when its extensions are done too, and writes the log.
    fn settle(&self, home: Home, mut lines: Vec<(Timestamp, String)>, left: Duration, held: (Option<Slot>, kit::Token)) {
        let (slot, token) = held;
        let mut lingering = None;
        let (session, name, made) = match home {
            Home::Log { session, stream } => (session, stream, false),
            Home::Closure { session, stream, made } => (session, stream, made),
            Home::Environment { mut environment, keep } => {
                let home = (environment.session.clone(), environment.log_stream.clone(), environment.stream_made);
                // Set before the next event of this environment can look; a writer that finds no stream after all makes it.
                environment.stream_made = true;
                match keep && environment.lingers() {
                    true => lingering = Some((environment, slot)),
                    false => self.back().give(*environment, keep),
                }
                home
            }
        };
        let group = self.target.config.log_group(&self.call.name.function);
        let (cx, back) = (self.cx.in_scope(self.call.name.scope.clone()), self.back());
        // As on AWS each line keeps its end.
        lines.iter_mut().for_each(|(_, line)| line.push('\n'));
        tokio::spawn(async move {
            if let Some((mut environment, slot)) = lingering {
                let keep = environment.linger(cx.cloud().clock(), left).await;
                back.give(*environment, keep);
                drop(slot);
            }
            logs::write(&cx, session, logs::Stream { group: &group, name: &name, made }, lines).await;
            drop(token);
        });
    }

    fn back(&self) -> Back {
        Back {
            pools: self.pools.clone(),
            key: self.key(),
            revision: self.target.config.revision.clone(),
            clock: self.cx.cloud().clock().clone(),
        }
    }
}

/// The way back of an environment.
struct Back {
    pools: Arc<Pools>,
    key: Key,
    revision: String,
    clock: Clock,
}

impl Back {
    fn give(&self, environment: Environment, keep: bool) {
        if keep {
            self.pools.give(&self.key, &self.revision, environment, &self.clock);
        } else if let Some(tmp) = environment.into_tmp() {
            self.pools.give_spare(&self.key, &self.revision, tmp);
        }
    }
}

/// Where an event ran, and so where its log goes.
pub(super) enum Home {
    /// An environment, and whether it can take another event.
    Environment { environment: Box<Environment>, keep: bool },
    /// None: only the log is left to write.
    Log { session: Arc<RoleSession>, stream: String },
    /// A closure of this process.
    Closure { session: Arc<RoleSession>, stream: String, made: bool },
}

impl Home {
    fn peak_mb(&self) -> u64 {
        match self {
            Home::Environment { environment, .. } => environment.peak_mb(),
            Home::Log { .. } | Home::Closure { .. } => 0,
        }
    }
}

pub(super) struct Outcome {
    pub home: Home,
    pub lines: Vec<(Timestamp, String)>,
    pub result: Result<Bytes, Failure>,
    pub duration: Duration,
    pub init: Option<Duration>,
}

/// Real time since a moment.
pub(super) fn since(cx: &Context, real: Timestamp) -> Duration {
    Duration::from_nanos((cx.cloud().clock().real_now().unix_ns - real.unix_ns).max(0) as u64)
}
