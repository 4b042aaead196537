//! Does a run again with its seed and names the first event that differs.

use super::{
    read,
    runner::{Options, run_one},
    trace::{self, Happened, Line},
};
use std::path::{Path, PathBuf};

/// How a replay went.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Replayed {
    /// The scenario.
    pub name: String,
    /// Its file.
    pub file: PathBuf,
    /// The seed.
    pub seed: u64,
    /// Events that were compared.
    pub events: usize,
    /// The scenario's text is another than when the trace was written.
    pub text_changed: bool,
    /// The first difference.
    pub difference: Option<Difference>,
}

/// The first difference between two runs.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Difference {
    /// The step, from 1, its verb and line.
    pub step: String,
    /// What the trace has there.
    pub recorded: String,
    /// What happened now.
    pub now: String,
}

/// Runs the scenario of a trace again and compares. Errors: sentences about files.
pub async fn replay(file: &Path, scenario: Option<&Path>, options: Options) -> Result<Replayed, String> {
    let recorded = trace::read(file)?;
    let Some(Line::Scenario { name, file: original, digest, seed, .. }) = recorded.first().cloned() else {
        return Err(format!("{} does not begin as a trace does", file.display()));
    };
    let path = scenario.map_or(original, Path::to_path_buf);
    let scenario = read::load(&path).map_err(|e| e.to_string())?;
    let dir = std::env::temp_dir().join(format!("windtunnel-replay-{}", std::process::id()));
    let options = Options { seed: Some(seed), trace_dir: Some(dir.clone()), update_snapshots: false, ..options };
    let report = run_one(&scenario, &options).await;
    let now = report.trace.as_deref().ok_or_else(|| "no trace was written".to_owned()).and_then(trace::read);
    let _ = std::fs::remove_dir_all(&dir);
    if let Some(problem) = report.problem.or(report.skipped) {
        return Err(problem);
    }
    let now = now?;
    let events = recorded.iter().filter(|l| matches!(l, Line::Event(_))).count();
    Ok(Replayed { name, file: path, seed, events, text_changed: digest != scenario.digest, difference: first_difference(&recorded, &now) })
}

/// A step with what was recorded while it was done.
struct Part<'a> {
    step: String,
    status: String,
    waits: bool,
    events: Vec<&'a Happened>,
}

fn parts(lines: &[Line]) -> Vec<Part<'_>> {
    let mut parts: Vec<Part> = Vec::new();
    for line in lines {
        match line {
            Line::Step { index, verb, at, status } => parts.push(Part {
                step: format!("step {index} ({verb}, line {at})"),
                status: format!("{status:?}").to_lowercase(),
                waits: matches!(verb.as_str(), "settle" | "clock.advance"),
                events: Vec::new(),
            }),
            Line::Event(event) => parts.iter_mut().next_back().into_iter().for_each(|p| p.events.push(event)),
            Line::Scenario { .. } | Line::End { .. } => {}
        }
    }
    parts
}

/// The first difference. What a step sets going may be recorded while a later step is done, so that events are compared over all steps
/// up to one that waits for quiet, as sets with counts; steps are compared one by one.
pub fn first_difference(recorded: &[Line], now: &[Line]) -> Option<Difference> {
    let (recorded, now) = (parts(recorded), parts(now));
    let mut from = 0;
    for index in 0..recorded.len().max(now.len()) {
        let (was, is) = match (recorded.get(index), now.get(index)) {
            (Some(was), Some(is)) => (was, is),
            (Some(was), None) => {
                return Some(Difference { step: was.step.clone(), recorded: was.status.clone(), now: "not reached".into() });
            }
            (None, Some(is)) => return Some(Difference { step: is.step.clone(), recorded: "not reached".into(), now: is.status.clone() }),
            (None, None) => return None,
        };
        let last = index + 1 == recorded.len().max(now.len());
        if (was.waits || last || was.status != is.status)
            && let Some(difference) = unequal(&recorded[from..=index], &now[from..=index])
        {
            return Some(difference);
        }
        if was.step != is.step || was.status != is.status {
            let text = |part: &Part| format!("{} {}", part.step, part.status);
            return Some(Difference { step: was.step.clone(), recorded: text(was), now: text(is) });
        }
        if was.waits {
            from = index + 1;
        }
    }
    None
}

/// The first event that one side has more often than the other.
fn unequal(was: &[Part<'_>], is: &[Part<'_>]) -> Option<Difference> {
    let (missing, extra) = (surplus(was, is), surplus(is, was));
    let step = missing.or(extra).map(|(part, _)| part.step.clone())?;
    let text = |found: Option<(&Part<'_>, &Happened)>| found.map_or("nothing".into(), |(_, event)| event.to_string());
    Some(Difference { step, recorded: text(missing), now: text(extra) })
}

fn surplus<'a, 'b>(of: &'b [Part<'a>], over: &[Part<'a>]) -> Option<(&'b Part<'a>, &'a Happened)> {
    let mut left: Vec<&Happened> = over.iter().flat_map(|p| p.events.iter().copied()).collect();
    let mut events = of.iter().flat_map(|part| part.events.iter().map(move |event| (part, *event)));
    events.find(|(_, event)| match left.iter().position(|other| same(event, other)) {
        Some(at) => {
            left.swap_remove(at);
            false
        }
        None => true,
    })
}

fn same(a: &Happened, b: &Happened) -> bool {
    Happened { cause: 0, ..a.clone() } == Happened { cause: 0, ..b.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::runner::Status;

    fn event(operation: &str, cause: usize) -> Line {
        let text = |t: &str| t.to_owned();
        Line::Event(Happened {
            cause,
            kind: text("request"),
            service: text("s3"),
            operation: text(operation),
            resource: String::new(),
            principal: text("root"),
            outcome: text("ok"),
        })
    }
    fn step(index: usize) -> Line {
        Line::Step { index, verb: "aws".into(), at: 1, status: Status::Passed }
    }

    #[test]
    fn order_inside_a_step_does_not_count_but_what_happens_does() {
        let recorded = [step(1), event("PutObject", 0), event("GetObject", 1), step(2)];
        let shuffled = [step(1), event("GetObject", 0), event("PutObject", 1), step(2)];
        assert_eq!(first_difference(&recorded, &shuffled), None);
        let other = [step(1), event("PutObject", 0), event("HeadObject", 1), step(2)];
        let difference = first_difference(&recorded, &other).unwrap();
        assert!(
            difference.step.starts_with("step 1") && difference.recorded.contains("GetObject") && difference.now.contains("HeadObject")
        );
        let short = [step(1), event("PutObject", 0), event("GetObject", 1)];
        assert_eq!(first_difference(&recorded, &short).unwrap().now, "not reached");
    }
}
