//! Runs one scenario in a cloud of its own: deploy, step by step, report. Prints nothing; whoever watches is told.

use super::{
    ast::{Place, Scenario, Step},
    check::{Failure, Golden, check},
    interpolate::{Vars, fill, fill_map},
    outcome::Outcome,
    path,
    programs::{ConsumerBinary, Programs},
    stack,
    trace::Trace,
    verbs::{self, Args},
    why,
    world::{Identity, World},
};
use crate::{Emulator, package::PipelineBinaries};
use futures_util::future::BoxFuture;
use kit::{Clock, ClockMode, Record};
use serde_json::{Map, Value, json};
use std::{path::PathBuf, sync::Arc};

/// Room for a scenario's journal: everything that it does, or assertions over it would lie.
const JOURNAL_BYTES: usize = 64 << 20;
/// Records shown with a failure.
const LAST_RECORDS: usize = 25;
/// Lines of each program shown with a failure.
const LAST_LINES: usize = 25;

/// How to run.
#[derive(Clone, Default)]
pub struct Options {
    /// The pipeline's functions, for stacks whose template takes their keys.
    pub binaries: Option<PipelineBinaries>,
    /// The consumer application, for scenarios that run it; without it they are skipped.
    pub consumer: Option<PathBuf>,
    /// Another seed than the scenario's.
    pub seed: Option<u64>,
    /// A template to deploy instead of the scenario's.
    pub template: Option<PathBuf>,
    /// Where the trace goes; none is written without.
    pub trace_dir: Option<PathBuf>,
    /// Write golden files instead of comparing.
    pub update_snapshots: bool,
    /// Hears of every step.
    pub watch: Option<Watch>,
}

/// Hears of every step as it happens.
pub type Watch = Arc<dyn Fn(&Event<'_>) + Send + Sync>;

/// What a watcher hears.
pub enum Event<'a> {
    /// A scenario begins.
    Began(&'a Scenario, u64),
    /// Its stack stands.
    Deployed(&'a Map<String, Value>, u64),
    /// A step begins; how deep it stands in other steps.
    StepBegan(&'a Step, usize),
    /// A step has ended.
    StepEnded(&'a StepReport),
    /// The scenario has ended.
    Ended(&'a Report),
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// As expected.
    Passed,
    /// Not as expected.
    Failed,
    /// Not done, said aloud.
    Skipped,
}

/// What became of a step.
#[derive(Clone, Debug, serde::Serialize)]
pub struct StepReport {
    /// Position among all that were done, from 1.
    pub index: usize,
    /// Steps around it.
    pub depth: usize,
    /// For people.
    pub label: String,
    /// The verb.
    pub verb: &'static str,
    /// Where it stands.
    pub at: Place,
    /// How it ended.
    pub status: Status,
    /// Real milliseconds.
    pub took_ms: u64,
    /// What did not hold.
    pub failures: Vec<Failure>,
    /// The answer, shortened.
    pub answer: String,
    /// The last journal records, for failures.
    pub journal: Vec<String>,
    /// Denials explained, for failures.
    pub why: Vec<String>,
    /// What programs beside the cloud said last, for failures.
    pub programs: Vec<String>,
}

/// What became of a scenario.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Report {
    /// The scenario's file.
    pub file: PathBuf,
    /// Its name.
    pub name: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// The seed it ran with.
    pub seed: u64,
    /// Whether all was as expected; true where it was skipped.
    pub passed: bool,
    /// Real milliseconds, with starting and deploying.
    pub took_ms: u64,
    /// What kept it from starting.
    pub problem: Option<String>,
    /// Why none of it was done, where this machine lacks what it needs. It counts as neither passed nor failed.
    pub skipped: Option<String>,
    /// Its steps.
    pub steps: Vec<StepReport>,
    /// The trace that was written.
    pub trace: Option<PathBuf>,
}

/// Runs a scenario in a cloud of its own. Errors are in the report.
pub async fn run_one(scenario: &Scenario, options: &Options) -> Report {
    let clock = Clock::new(None, ClockMode::Running);
    let began = clock.real_now();
    let seed = options.seed.unwrap_or(scenario.seed);
    let mut run = Run { scenario, options, steps: Vec::new(), trace: Trace::new(scenario, seed), depth: 0 };
    run.tell(&Event::Began(scenario, seed));
    let (problem, skipped) = match consumer(scenario, options) {
        Ok(consumer) => (run.everything(seed, consumer).await.err(), None),
        Err(lacking) => (None, Some(lacking)),
    };
    let mut report = Report {
        file: scenario.file.clone(),
        name: scenario.name.clone(),
        tags: scenario.tags.clone(),
        seed,
        passed: problem.is_none() && run.steps.iter().all(|s| s.status != Status::Failed),
        took_ms: millis_since(&clock, began),
        problem,
        skipped,
        steps: std::mem::take(&mut run.steps),
        trace: None,
    };
    if let (Some(dir), None) = (&options.trace_dir, &report.skipped) {
        match run.trace.write(dir, &report) {
            Ok(file) => report.trace = Some(file),
            Err(error) => report.problem = report.problem.take().or(Some(format!("the trace could not be written: {error}"))),
        }
    }
    run.tell(&Event::Ended(&report));
    report
}

/// The consumer application, if the scenario runs it. Errors: what is lacking.
#[cfg(feature = "kafka")]
fn consumer(scenario: &Scenario, options: &Options) -> Result<Option<ConsumerBinary>, String> {
    let (mut starts, mut enters) = (false, false);
    each(&scenario.steps, &mut |step| {
        starts |= step.verb.name == verbs::consumer::NAME;
        enters |= step.verb.name == verbs::consumer::NAME && step.args.contains_key("cluster");
    });
    if !starts {
        return Ok(None);
    }
    let build = "cargo build -p consumer --features consumer/tls";
    let path = options.consumer.as_ref().ok_or(format!(
        "it runs the consumer application, which is not there: build it beside the functions ({build}), or name it with --consumer"
    ))?;
    let binary = ConsumerBinary::ask(path)?;
    match enters && !binary.tls {
        true => Err(format!("{} was built without TLS, which MSK's clusters ask for: {build}", path.display())),
        false => Ok(Some(binary)),
    }
}

#[cfg(not(feature = "kafka"))]
fn consumer(_: &Scenario, _: &Options) -> Result<Option<ConsumerBinary>, String> {
    Ok(None)
}

#[cfg(feature = "kafka")]
fn each(steps: &[Step], look: &mut impl FnMut(&Step)) {
    for step in steps {
        look(step);
        each(&step.inner, look);
    }
}

fn millis_since(clock: &Clock, began: wire::Timestamp) -> u64 {
    ((clock.real_now().unix_ns - began.unix_ns) / 1_000_000) as u64
}

struct Run<'a> {
    scenario: &'a Scenario,
    options: &'a Options,
    steps: Vec<StepReport>,
    trace: Trace,
    depth: usize,
}

impl Run<'_> {
    fn tell(&self, event: &Event<'_>) {
        if let Some(watch) = &self.options.watch {
            watch(event);
        }
    }

    async fn everything(&mut self, seed: u64, consumer: Option<ConsumerBinary>) -> Result<(), String> {
        let mut builder = Emulator::builder().seed(seed).journal_bytes(JOURNAL_BYTES);
        if let Some(start) = self.scenario.start {
            builder = builder.start_at(start);
        }
        #[cfg(feature = "kafka")]
        {
            builder = builder.kafka(0);
        }
        let emulator = builder.start().await.map_err(|e| e.to_string())?;
        let folder = self.scenario.file.parent().map(PathBuf::from).unwrap_or_default();
        let values = known_from_the_start(&emulator, seed);
        let vars = Vars { values, now: None, folder: folder.clone() };
        let mut world = World {
            emulator,
            vars,
            identity: Identity::Root,
            folder,
            step_began: 0,
            wants_image: false,
            programs: Programs::default(),
            consumer,
        };
        let result = self.deploy_and_walk(&mut world).await;
        world.programs.end().await;
        #[cfg(feature = "kafka")]
        verbs::consumer::tidy(&world);
        world.emulator.stop().await;
        result
    }

    async fn deploy_and_walk(&mut self, world: &mut World) -> Result<(), String> {
        if let Some(wanted) = &self.scenario.stack {
            let clock = world.cloud().clock().clone();
            let began = clock.real_now();
            let place = format!("{}:{}:{}", self.scenario.file.display(), wanted.at.line, wanted.at.column);
            let outputs =
                stack::deploy(world, wanted, self.options).await.map_err(|e| format!("{place}: the stack was not deployed: {e}"))?;
            world.cloud().settle(std::time::Duration::from_secs(60)).await.map_err(|e| format!("{place}: after deploying: {e}"))?;
            self.tell(&Event::Deployed(&outputs, millis_since(&clock, began)));
            world.vars.values.insert("stack".into(), outputs.into());
        }
        let steps: Arc<[Step]> = self.scenario.steps.clone().into();
        self.walk(world, &steps).await;
        Ok(())
    }

    /// Does steps until one fails; whether all passed.
    fn walk<'a>(&'a mut self, world: &'a mut World, steps: &'a [Step]) -> BoxFuture<'a, bool> {
        Box::pin(async move {
            for step in steps {
                self.tell(&Event::StepBegan(step, self.depth));
                let passed = match step.verb.name {
                    "repeat" | "each" => self.around(world, step).await,
                    _ => self.step(world, step).await,
                };
                if !passed {
                    return false;
                }
            }
            true
        })
    }

    /// A step with steps inside.
    async fn around(&mut self, world: &mut World, step: &Step) -> bool {
        let items = match rounds(step, &world.vars()) {
            Ok(items) => items,
            Err(why) => {
                self.finish(world, step, Err(why), 0).await;
                return false;
            }
        };
        let before: Vec<(&str, Option<Value>)> = ["item", "index"].into_iter().map(|n| (n, world.vars.values.get(n).cloned())).collect();
        self.depth += 1;
        let mut passed = true;
        for (index, item) in items.into_iter().enumerate() {
            world.vars.values.insert("item".into(), item);
            world.vars.values.insert("index".into(), index.into());
            passed = self.walk(world, &step.inner).await;
            if !passed {
                break;
            }
        }
        self.depth -= 1;
        for (name, value) in before {
            match value {
                Some(value) => drop(world.vars.values.insert(name.into(), value)),
                None => drop(world.vars.values.shift_remove(name)),
            }
        }
        passed
    }

    async fn step(&mut self, world: &mut World, step: &Step) -> bool {
        let clock = world.cloud().clock().clone();
        let began = clock.real_now();
        world.step_began = world.cloud().journal().newest();
        world.wants_image = step.expect.iter().any(|e| matches!(e.subject, super::ast::Subject::Image(_)));
        let result = act(world, step).await;
        self.finish(world, step, result, millis_since(&clock, began)).await
    }

    async fn finish(&mut self, world: &mut World, step: &Step, result: Result<Outcome, String>, took_ms: u64) -> bool {
        let golden = Golden { scenario: self.scenario.file.clone(), update: self.options.update_snapshots };
        let vars = world.vars();
        let (outcome, mut failures) = match result {
            Ok(outcome) => {
                let failures = check(step, &outcome, &vars, &golden);
                (outcome, failures)
            }
            Err(why) => {
                let failure = Failure { at: step.at, what: step.verb.name.into(), expected: "to be done".into(), got: why };
                (Outcome::default(), vec![failure])
            }
        };
        if failures.is_empty() {
            failures.extend(capture(world, step, &outcome));
        }
        let status = match (failures.is_empty(), &outcome.skipped) {
            (false, _) => Status::Failed,
            (true, Some(_)) => Status::Skipped,
            (true, None) => Status::Passed,
        };
        let records = world.cloud().journal().after(world.step_began).unwrap_or_default();
        self.trace.step(step, status, &records);
        let failed = status == Status::Failed;
        let report = StepReport {
            index: self.steps.len() + 1,
            depth: self.depth,
            label: label(step, &vars),
            verb: step.verb.name,
            at: step.at,
            status,
            took_ms,
            answer: outcome.excerpt(),
            journal: if failed { last_records(world) } else { Vec::new() },
            why: if failed { denials(world, &outcome, &records) } else { Vec::new() },
            programs: if failed { world.programs.lines(LAST_LINES) } else { Vec::new() },
            failures,
        };
        self.tell(&Event::StepEnded(&report));
        self.steps.push(report);
        !failed
    }
}

async fn act(world: &mut World, step: &Step) -> Result<Outcome, String> {
    let vars = world.vars();
    let args = Args { map: fill_map(&step.args, &vars)?, folder: world.folder.clone() };
    let before = match &step.identity {
        Some(wanted) => {
            let wanted = fill(wanted, &vars)?;
            let identity = verbs::identity(world, &wanted).await?;
            Some(std::mem::replace(&mut world.identity, identity))
        }
        None => None,
    };
    let result = (step.verb.run)(world, args).await;
    if let Some(before) = before {
        world.identity = before;
    }
    result
}

fn rounds(step: &Step, vars: &Vars) -> Result<Vec<Value>, String> {
    let args = Args { map: fill_map(&step.args, vars)?, folder: PathBuf::new() };
    if step.verb.name == "repeat" {
        let times = args.whole_if("times")?.unwrap_or_default();
        return Ok((0..times).map(Value::from).collect());
    }
    match args.value("of") {
        Some(Value::Array(items)) => Ok(items.clone()),
        _ => Err("of is a list".into()),
    }
}

fn capture(world: &mut World, step: &Step, outcome: &Outcome) -> Vec<Failure> {
    let mut failures = Vec::new();
    for (name, wanted) in &step.capture {
        match path::find(&outcome.value, wanted) {
            Some(value) => drop(world.vars.values.insert(name.clone(), value.clone())),
            None => failures.push(Failure {
                at: step.at,
                what: format!("capture {name}"),
                expected: format!("something at {wanted}"),
                got: path::explain(&outcome.value, wanted),
            }),
        }
    }
    failures
}

fn known_from_the_start(emulator: &Emulator, seed: u64) -> Map<String, Value> {
    #[allow(unused_mut)] // nothing is added where Kafka is not part of the build
    let mut run = json!({
        "seed": seed, "endpoint": emulator.endpoint(), "account": kit::DEFAULT_ACCOUNT, "region": kit::DEFAULT_REGION, "port": emulator.address().port(),
    });
    #[cfg(feature = "kafka")]
    {
        run["kafka"] = emulator.kafka_bootstrap().into();
    }
    Map::from_iter([("run".to_owned(), run)])
}

/// The step's name with what can be filled in filled in.
fn label(step: &Step, vars: &Vars) -> String {
    let label = step.label();
    let label = super::interpolate::fill_text(&label, vars).unwrap_or(label);
    match label.char_indices().nth(110) {
        Some((end, _)) => format!("{}...", &label[..end]),
        None => label,
    }
}

fn last_records(world: &World) -> Vec<String> {
    let held = world.cloud().journal().held();
    held[held.len().saturating_sub(LAST_RECORDS)..].iter().map(record_line).collect()
}

/// A record as a line for people.
pub fn record_line(record: &Record) -> String {
    let kind = serde_json::to_value(record.kind).ok().and_then(|k| k.as_str().map(str::to_owned)).unwrap_or_default();
    let who = record.principal.rsplit(':').next().unwrap_or("");
    let resource = if record.resource.is_empty() { String::new() } else { format!(" {}", record.resource) };
    let message = record.detail.get("message").and_then(Value::as_str).map(|m| format!(" \"{m}\"")).unwrap_or_default();
    format!(
        "{} {kind:<10} {} {}{resource} -> {}{message}  ({who})",
        kit::time::iso_millis(record.at),
        record.service,
        record.operation,
        record.outcome
    )
}

fn denials(world: &World, outcome: &Outcome, records: &[Record]) -> Vec<String> {
    let mut why = why::denied(world.cloud(), records);
    // What comes later (a function's own call) may have been denied before this step.
    if why.is_empty() {
        why = why::denied(world.cloud(), &world.cloud().journal().held());
    }
    if why.is_empty() && outcome.is_denied() {
        why.push("no decision of IAM denied anything: the refusal comes from the signature, the token, or the service itself".into());
    }
    why
}
