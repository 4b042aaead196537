//! The trace of a run: what every step set going, as JSON lines. What differs from run to run (ids, moments, order among things that
//! happen at once) is taken out, so that two runs of one seed can be compared.

use super::{
    ast::{Scenario, Step},
    redact,
    runner::{Report, Status},
};
use kit::{Record, RecordKind};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    io::Write,
    path::{Path, PathBuf},
};

/// A line of a trace's file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "lowercase")]
pub enum Line {
    /// The first: which scenario, which text of it, which seed.
    Scenario {
        /// Its name.
        name: String,
        /// Its file.
        file: PathBuf,
        /// SHA-256 of its text.
        digest: String,
        /// Seed.
        seed: u64,
        /// Version of the program.
        version: String,
    },
    /// A step, and how it ended.
    Step {
        /// From 1.
        index: usize,
        /// Verb.
        verb: String,
        /// Line in the scenario.
        at: u32,
        /// How it ended.
        status: Status,
    },
    /// Something that the step before it set going.
    Event(Happened),
    /// The last: how it all ended.
    End {
        /// Whether all was as expected.
        passed: bool,
    },
}

/// An event, comparable.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Happened {
    /// Which of the step's causes it belongs to, from 0, in an order that does not depend on time.
    pub cause: usize,
    /// `request`, `event`, `invocation` or `house`.
    pub kind: String,
    /// Service.
    pub service: String,
    /// Operation.
    pub operation: String,
    /// Resource, redacted.
    pub resource: String,
    /// Who, redacted.
    pub principal: String,
    /// Outcome.
    pub outcome: String,
}

impl std::fmt::Display for Happened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let resource = if self.resource.is_empty() { String::new() } else { format!(" {}", self.resource) };
        write!(f, "{} {} {}{resource} by {} -> {}", self.kind, self.service, self.operation, self.principal, self.outcome)
    }
}

/// Collects a trace.
pub struct Trace {
    lines: Vec<Line>,
    steps: usize,
}

impl Trace {
    /// An empty trace of a scenario.
    pub fn new(scenario: &Scenario, seed: u64) -> Trace {
        let first = Line::Scenario {
            name: scenario.name.clone(),
            file: std::fs::canonicalize(&scenario.file).unwrap_or_else(|_| scenario.file.clone()),
            digest: scenario.digest.clone(),
            seed,
            version: env!("CARGO_PKG_VERSION").into(),
        };
        Trace { lines: vec![first], steps: 0 }
    }

    /// A step has ended; these records were written meanwhile. Deploying is no step: CloudFormation works on many things at once, in no order.
    pub fn step(&mut self, step: &Step, status: Status, records: &[Record]) {
        self.steps += 1;
        self.lines.push(Line::Step { index: self.steps, verb: step.verb.name.into(), at: step.at.line, status });
        self.lines.extend(happened(records).into_iter().map(Line::Event));
    }

    /// Writes the trace into a folder; its file.
    pub fn write(&mut self, dir: &Path, report: &Report) -> std::io::Result<PathBuf> {
        self.lines.push(Line::End { passed: report.passed });
        std::fs::create_dir_all(dir)?;
        let stem = report.file.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_else(|| "scenario".into());
        let file = dir.join(format!("{stem}-{}.jsonl", report.seed));
        let mut out = std::io::BufWriter::new(std::fs::File::create(&file)?);
        for line in &self.lines {
            serde_json::to_writer(&mut out, line)?;
            out.write_all(b"\n")?;
        }
        out.flush()?;
        Ok(file)
    }
}

/// Reads a trace's file.
pub fn read(file: &Path) -> Result<Vec<Line>, String> {
    let text = std::fs::read_to_string(file).map_err(|e| format!("can't read {}: {e}", file.display()))?;
    let line = |(number, line): (usize, &str)| {
        serde_json::from_str(line).map_err(|e| format!("{}:{}: not a line of a trace: {e}", file.display(), number + 1))
    };
    text.lines().enumerate().map(line).collect()
}

/// Records as comparable events: grouped by cause, causes and what they hold in the order of their texts. Decisions and timers follow
/// from the rest, and how often a timer looks depends on time.
fn happened(records: &[Record]) -> Vec<Happened> {
    let mut causes: BTreeMap<&str, Vec<Happened>> = BTreeMap::new();
    for record in records {
        let kind = match record.kind {
            RecordKind::Request => "request",
            RecordKind::Event => "event",
            RecordKind::Invocation => "invocation",
            RecordKind::House => "house",
            RecordKind::Decision | RecordKind::Timer => continue,
        };
        causes.entry(&record.trace).or_default().push(Happened {
            cause: 0,
            kind: kind.into(),
            service: record.service.to_string(),
            operation: record.operation.to_string(),
            resource: redact::plain(&record.resource),
            principal: redact::plain(&record.principal),
            outcome: record.outcome.to_string(),
        });
    }
    let mut causes: Vec<Vec<Happened>> = causes.into_values().collect();
    causes.iter_mut().for_each(|c| c.sort());
    causes.sort();
    let numbered = causes.into_iter().enumerate().flat_map(|(cause, all)| all.into_iter().map(move |h| Happened { cause, ..h }));
    numbered.collect()
}
