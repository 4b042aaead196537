//! Expectations against an answer: what was expected, what is there.

use super::{
    ast::{Expect, ImageExpect, Place, Step, Subject},
    interpolate::Vars,
    matcher::Matcher,
    outcome::Outcome,
    path, picture,
    redact::Redactor,
};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// An expectation that does not hold.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Failure {
    /// Where it stands in the scenario.
    pub at: Place,
    /// What it is about (`$.count`, `status`).
    pub what: String,
    /// What was expected.
    pub expected: String,
    /// What is there.
    pub got: String,
}

/// Where golden files lie, and whether they are written instead of compared.
#[derive(Clone, Debug)]
pub struct Golden {
    /// The scenario's file.
    pub scenario: PathBuf,
    /// Write what is there.
    pub update: bool,
}

impl Golden {
    fn file(&self, name: &str) -> PathBuf {
        let stem = self.scenario.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        self.scenario.parent().unwrap_or(Path::new("")).join("snapshots").join(format!("{stem}.{name}.json"))
    }
}

/// Everything that does not hold. Without an expectation about it, a refusal is a failure.
pub fn check(step: &Step, outcome: &Outcome, vars: &Vars, golden: &Golden) -> Vec<Failure> {
    let mut failures: Vec<Failure> = step.expect.iter().filter_map(|e| check_one(e, outcome, vars, golden).err()).collect();
    let speaks_of_refusal = step.expect.iter().any(|e| matches!(e.subject, Subject::Status(_) | Subject::Error(_)));
    if let Some(error) = outcome.error.as_ref().filter(|_| !speaks_of_refusal) {
        let got = format!("HTTP {} {}: {}", error.status, error.code, error.message);
        failures.insert(0, Failure { at: step.at, what: "answer".into(), expected: "a success".into(), got });
    }
    failures
}

fn check_one(expect: &Expect, outcome: &Outcome, vars: &Vars, golden: &Golden) -> Result<(), Failure> {
    let fail = |expected: String, got: String| Failure { at: expect.at, what: expect.key.clone(), expected, got };
    let matches = |matcher: &Matcher, got: Option<&Value>, nothing: &dyn Fn() -> String| {
        let matcher = matcher.filled(vars).map_err(|e| fail(matcher.words(), e))?;
        match matcher.holds(got) {
            true => Ok(()),
            false => Err(fail(matcher.words(), got.map_or_else(nothing, shown))),
        }
    };
    match &expect.subject {
        Subject::Path(written, matcher) => {
            let path = super::interpolate::fill_text(written, vars).map_err(|e| fail(matcher.words(), e))?;
            let excerpt = || match &outcome.error {
                Some(error) => format!("the call was refused: {}: {}", error.code, error.message),
                None => format!("nothing: {}", path::explain(&outcome.value, &path)),
            };
            matches(matcher, path::find(&outcome.value, &path), &excerpt)
        }
        Subject::Status(matcher) => {
            let got: Option<Value> = outcome.status.map(Into::into);
            matches(matcher, got.as_ref(), &|| "an answer without an HTTP status".into()).map_err(|f| Failure {
                got: format!("{}{}", f.got, outcome.error.as_ref().map(|e| format!(" ({}: {})", e.code, e.message)).unwrap_or_default()),
                ..f
            })
        }
        Subject::Header(name, matcher) => {
            let got: Option<Value> = outcome.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone().into());
            let names = || outcome.headers.iter().map(|(n, _)| n.as_str()).collect::<Vec<_>>().join(", ");
            matches(matcher, got.as_ref(), &|| format!("no header {name}; there are {}", names()))
        }
        Subject::Body(matcher) => matches(matcher, Some(&outcome.text().into()), &String::new),
        Subject::Error(matcher) => {
            let got: Option<Value> = outcome.error.as_ref().map(|e| e.code.clone().into());
            let message = outcome.error.as_ref().map(|e| format!(" ({})", e.message)).unwrap_or_default();
            matches(matcher, got.as_ref(), &|| format!("no error but {}", outcome.excerpt()))
                .map_err(|f| Failure { got: format!("{}{message}", f.got), ..f })
        }
        Subject::Message(matcher) => {
            let got: Option<Value> = outcome.error.as_ref().map(|e| e.message.clone().into());
            matches(matcher, got.as_ref(), &|| "no error".into())
        }
        Subject::Image(wanted) => image(wanted, outcome, vars, &fail),
        Subject::Snapshot(name) => snapshot(name, outcome, golden).map_err(|(expected, got)| fail(expected, got)),
    }
}

fn image(wanted: &ImageExpect, outcome: &Outcome, vars: &Vars, fail: &dyn Fn(String, String) -> Failure) -> Result<(), Failure> {
    let bytes = outcome.bytes.as_deref().ok_or_else(|| fail("a picture".into(), "no bytes".into()))?;
    let facts = picture::facts(bytes).map_err(|e| fail("a picture".into(), e))?;
    let parts = [
        ("width", &wanted.width, Value::from(facts.width)),
        ("height", &wanted.height, facts.height.into()),
        ("format", &wanted.format, facts.format.into()),
    ];
    for (name, matcher, got) in parts {
        let Some(matcher) = matcher else { continue };
        let matcher = matcher.filled(vars).map_err(|e| fail(matcher.words(), e))?;
        if !matcher.holds(Some(&got)) {
            return Err(fail(format!("{name} {}", matcher.words()), got.to_string()));
        }
    }
    let Some(like) = &wanted.phash_near else { return Ok(()) };
    let file = vars.folder.join(like);
    let other = std::fs::read(&file).map_err(|e| fail(format!("a picture like {like}"), format!("can't read {}: {e}", file.display())))?;
    let distance = picture::distance(bytes, &other).map_err(|e| fail(format!("a picture like {like}"), e))?;
    match distance <= picture::NEAR {
        true => Ok(()),
        false => Err(fail(format!("a picture like {like} (at most {} of 64 bits apart)", picture::NEAR), format!("{distance} bits apart"))),
    }
}

fn snapshot(name: &str, outcome: &Outcome, golden: &Golden) -> Result<(), (String, String)> {
    let file = golden.file(name);
    let got = serde_json::to_string_pretty(&Redactor::default().value(&outcome.value)).unwrap_or_default() + "\n";
    let expected = std::fs::read_to_string(&file);
    if golden.update && expected.as_ref().ok() != Some(&got) {
        let written = std::fs::create_dir_all(file.parent().unwrap_or(Path::new("."))).and_then(|()| std::fs::write(&file, &got));
        return written.map_err(|e| (format!("to write {}", file.display()), e.to_string()));
    }
    match expected {
        Ok(expected) if expected == got => Ok(()),
        Ok(expected) => Err(first_difference(&expected, &got, &file)),
        Err(_) => Err((format!("the golden file {}", file.display()), "there is none yet; run with --update-snapshots to write it".into())),
    }
}

fn first_difference(expected: &str, got: &str, file: &Path) -> (String, String) {
    let (mut wanted, mut there) = (expected.lines(), got.lines());
    let mut line = 0;
    loop {
        line += 1;
        match (wanted.next(), there.next()) {
            (Some(a), Some(b)) if a == b => {}
            (a, b) => {
                let text = |l: Option<&str>| l.map_or("the end".into(), |l| l.trim().to_owned());
                return (format!("{} line {line}: {}", file.display(), text(a)), text(b));
            }
        }
    }
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(600) {
        Some((end, _)) => format!("{} ...", &text[..end]),
        None => text,
    }
}
