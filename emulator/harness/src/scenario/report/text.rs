//! Text for people.

use crate::scenario::{Event, Report, Status, StepReport};
use std::fmt::Write;

/// A line for an event that is worth one while a single scenario is shown step by step.
pub fn line(event: &Event<'_>) -> Option<String> {
    match event {
        Event::Began(scenario, seed) => Some(format!("{} (seed {seed})", scenario.name)),
        Event::Deployed(outputs, took_ms) => Some(format!("  + stack deployed, {} outputs  {}", outputs.len(), took(*took_ms))),
        Event::StepEnded(step) => {
            Some(format!("{}{} {}  {}", "  ".repeat(step.depth + 1), mark(step.status), step.label, took(step.took_ms)))
        }
        Event::StepBegan(..) | Event::Ended(_) => None,
    }
}

/// The line that says how a scenario ended.
pub fn verdict(report: &Report) -> String {
    if let Some(why) = &report.skipped {
        return format!("SKIP {}  {}: {why}", report.file.display(), report.name);
    }
    let word = if report.passed { "PASS" } else { "FAIL" };
    format!(
        "{word} {}  {} ({} steps, seed {}, {})",
        report.file.display(),
        report.name,
        report.steps.len(),
        report.seed,
        took(report.took_ms).trim()
    )
}

/// Everything about a failed scenario.
pub fn failure(report: &Report) -> String {
    let mut out = String::new();
    if let Some(problem) = &report.problem {
        let _ = writeln!(out, "  {}", problem.replace('\n', "\n  "));
    }
    for step in report.steps.iter().filter(|s| s.status == Status::Failed) {
        failed_step(&mut out, report, step);
    }
    if let Some(trace) = &report.trace {
        let _ = writeln!(out, "  trace: {}", trace.display());
    }
    out
}

fn failed_step(out: &mut String, report: &Report, step: &StepReport) {
    let _ = writeln!(out, "  step {}: {}", step.index, step.label);
    for failure in &step.failures {
        let _ = writeln!(out, "    {}:{}:{}: {}", report.file.display(), failure.at.line, failure.at.column, failure.what);
        let _ = writeln!(out, "      expected {}", failure.expected.replace('\n', "\n        "));
        let _ = writeln!(out, "      got      {}", failure.got.replace('\n', "\n        "));
    }
    if !step.answer.is_empty() {
        let _ = writeln!(out, "    the answer was\n      {}", step.answer.replace('\n', "\n      "));
    }
    if !step.why.is_empty() {
        let _ = writeln!(out, "    why it was denied");
        for why in &step.why {
            let _ = writeln!(out, "      {}", why.replace('\n', "\n      "));
        }
    }
    if !step.programs.is_empty() {
        let _ = writeln!(out, "    what programs beside the cloud said last");
        for line in &step.programs {
            let _ = writeln!(out, "      {line}");
        }
    }
    if !step.journal.is_empty() {
        let _ = writeln!(out, "    the last things that happened");
        for record in &step.journal {
            let _ = writeln!(out, "      {record}");
        }
    }
}

fn mark(status: Status) -> &'static str {
    match status {
        Status::Passed => "+",
        Status::Failed => "x",
        Status::Skipped => "-",
    }
}

/// A duration for people.
pub fn took(ms: u64) -> String {
    match ms {
        0..1000 => format!("{ms} ms"),
        _ => format!("{:.1} s", ms as f64 / 1000.0),
    }
}
