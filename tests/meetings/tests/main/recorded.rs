//! Answers recorded from AWS (`shared/aws-recorded/s3`) held against what services here told one another.

#[path = "../../../../emulator/services/s3/tests/main/recorded/compare.rs"]
mod compare;

use serde_json::{Map, Value};
use std::path::PathBuf;

/// One recording on its way.
pub struct Played {
    steps: Map<String, Value>,
    bound: compare::Bound,
    differences: Vec<String>,
}

impl Played {
    /// The recording of a test (`Class::test`) in a file; `None`, with a sentence, where recordings are not beside the checkout.
    pub fn of(file: &str, test: &str) -> Option<Played> {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/aws-recorded/s3");
        if !folder.is_dir() {
            println!("skipped: the recorded answers of AWS are not beside the checkout (../shared/aws-recorded/s3)");
            return None;
        }
        let text = std::fs::read(folder.join(format!("{file}.snapshot.json"))).unwrap();
        let all: Map<String, Value> = serde_json::from_slice(&text).unwrap();
        let found = all.iter().find(|(name, _)| name.ends_with(&format!("::{test}"))).unwrap_or_else(|| panic!("no recording of {test}"));
        let steps = found.1["recorded-content"].as_object().cloned().unwrap_or_default();
        Some(Played { steps, bound: compare::Bound::default(), differences: Vec::new() })
    }

    /// Holds a value against a step.
    pub fn step(&mut self, name: &str, told: Value) {
        let recorded = self.steps.remove(name).unwrap_or_else(|| panic!("no step {name}"));
        let found = self.bound.differences(&recorded, &told);
        self.differences.extend(found.into_iter().map(|line| format!("{name}{line}")));
    }

    /// Leaves a member of a recorded step out, for a reason that whoever calls it tells.
    pub fn forget(&mut self, name: &str, member: &str) {
        let step = self.steps.get_mut(name).and_then(Value::as_object_mut).unwrap_or_else(|| panic!("no step {name}"));
        assert!(step.remove(member).is_some(), "{name} has no {member}");
    }

    /// Fails where something differed or was left out.
    pub fn end(self) {
        let left = self.steps.keys().map(|step| format!("{step}: not replayed"));
        let all: Vec<String> = self.differences.into_iter().chain(left).collect();
        assert!(all.is_empty(), "{}", all.join("\n"));
    }
}
