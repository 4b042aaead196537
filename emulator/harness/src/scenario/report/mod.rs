//! Reports: text for people as it happens and at the end, JUnit for CI, JSON for programs, HTML for looking at.

pub mod html;
pub mod junit;
pub mod text;

use super::{Report, Status};
use serde_json::{Value, json};

/// All reports as one JSON value.
pub fn json(reports: &[Report]) -> Value {
    let (not_run, failed) = (not_run(reports), reports.iter().filter(|r| !r.passed).count());
    json!({
        "passed": reports.len() - failed - not_run,
        "failed": failed,
        "skipped": not_run,
        "steps": reports.iter().map(|r| r.steps.len()).sum::<usize>(),
        "skipped_steps": skipped(reports),
        "scenarios": reports,
    })
}

/// Scenarios that were skipped aloud.
pub fn not_run(reports: &[Report]) -> usize {
    reports.iter().filter(|r| r.skipped.is_some()).count()
}

/// Steps that were skipped aloud.
pub fn skipped(reports: &[Report]) -> usize {
    reports.iter().flat_map(|r| &r.steps).filter(|s| s.status == Status::Skipped).count()
}
