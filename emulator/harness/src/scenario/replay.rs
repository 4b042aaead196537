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
    let now = report
        .trace
        .as_deref()
        .ok_or_else(|| report.problem.clone().unwrap_or_else(|| "no trace was written".into()))
        .and_then(trace::read);
    let _ = std::fs::remove_dir_all(&dir);
    let now = now?;
    let events = recorded.iter().filter(|l| matches!(l, Line::Event(_))).count();
    Ok(Replayed { name, file: path, seed, events, text_changed: digest != scenario.digest, difference: first_difference(&recorded, &now) })
}

/// A step with what it set going.
struct Part<'a> {
    step: String,
    status: String,
    events: Vec<&'a Happened>,
}

fn parts(lines: &[Line]) -> Vec<Part<'_>> {
    let mut parts: Vec<Part> = Vec::new();
    for line in lines {
        match line {
            Line::Step { index, verb, at, status } => {
                parts.push(Part {
                    step: format!("step {index} ({verb}, line {at})"),
                    status: format!("{status:?}").to_lowercase(),
                    events: Vec::new(),
                });
            }
            Line::Event(event) => parts.iter_mut().next_back().into_iter().for_each(|p| p.events.push(event)),
            Line::Scenario { .. } | Line::End { .. } => {}
        }
    }
    parts
}

/// The first step whose outcome or events differ. Inside a step events are compared as sets with counts.
pub fn first_difference(recorded: &[Line], now: &[Line]) -> Option<Difference> {
    let (recorded, now) = (parts(recorded), parts(now));
    for index in 0..recorded.len().max(now.len()) {
        let (was, is) = match (recorded.get(index), now.get(index)) {
            (Some(was), Some(is)) => (was, is),
            (Some(was), None) => {
                return Some(Difference { step: was.step.clone(), recorded: was.status.clone(), now: "not reached".into() });
            }
            (None, Some(is)) => return Some(Difference { step: is.step.clone(), recorded: "not reached".into(), now: is.status.clone() }),
            (None, None) => return None,
        };
        let difference = |recorded: String, now: String| Some(Difference { step: was.step.clone(), recorded, now });
        if let Some((missing, extra)) = unequal(&was.events, &is.events) {
            let text = |event: Option<&Happened>| event.map_or("nothing".into(), Happened::to_string);
            return difference(text(missing), text(extra));
        }
        if was.step != is.step || was.status != is.status {
            return difference(format!("{} {}", was.step, was.status), format!("{} {}", is.step, is.status));
        }
    }
    None
}

/// The first event (in the order of causes) that one side has more often than the other.
fn unequal<'a>(was: &[&'a Happened], is: &[&'a Happened]) -> Option<(Option<&'a Happened>, Option<&'a Happened>)> {
    let missing = surplus(was, is);
    let extra = surplus(is, was);
    (missing.is_some() || extra.is_some()).then_some((missing, extra))
}

fn surplus<'a>(of: &[&'a Happened], over: &[&'a Happened]) -> Option<&'a Happened> {
    let mut left: Vec<&Happened> = over.to_vec();
    of.iter().copied().find(|event| match left.iter().position(|other| same(event, other)) {
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
