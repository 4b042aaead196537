//! A scenario as it was read: what to start, what to do, what to expect. Knows no cloud and runs nothing.

use super::{matcher::Matcher, verbs::Verb};
use serde_json::{Map, Value};
use std::{path::PathBuf, sync::Arc};
use wire::Timestamp;

/// A place in a scenario's file, counted from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Place {
    /// Line.
    pub line: u32,
    /// Column.
    pub column: u32,
}

impl Place {
    /// Where a node stands.
    pub fn of(node: &yaml::Node) -> Place {
        Place { line: node.line, column: node.column }
    }
}

/// A whole scenario.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The file it stands in; relative paths inside it start from the file's folder.
    pub file: PathBuf,
    /// What it shows, in a sentence.
    pub name: String,
    /// Words to select it by.
    pub tags: Vec<String>,
    /// Seed of ids and randomness.
    pub seed: u64,
    /// Virtual time at its start; real time when absent.
    pub start: Option<Timestamp>,
    /// What is deployed before the first step.
    pub stack: Option<Stack>,
    /// What is done.
    pub steps: Vec<Step>,
    /// SHA-256 of the text it was read from, so that a replay notices another text.
    pub digest: String,
}

/// A stack to deploy.
#[derive(Clone, Debug)]
pub struct Stack {
    /// The template, relative to the scenario's folder.
    pub template: String,
    /// The stack's name.
    pub name: Option<String>,
    /// Parameters; values may hold `${...}`.
    pub params: Map<String, Value>,
    /// Where it stands.
    pub at: Place,
}

/// One step: a verb, what to keep of its answer, what to expect of it.
#[derive(Clone, Debug)]
pub struct Step {
    /// Where it stands.
    pub at: Place,
    /// A sentence for people.
    pub name: Option<String>,
    /// The verb.
    pub verb: &'static Verb,
    /// Its arguments; texts may hold `${...}`.
    pub args: Map<String, Value>,
    /// Names under which parts of the answer are kept.
    pub capture: Vec<(String, String)>,
    /// What must hold.
    pub expect: Vec<Expect>,
    /// Who does it, if not whoever did the step before.
    pub identity: Option<Value>,
    /// Steps inside (`repeat`, `each`).
    pub inner: Arc<[Step]>,
}

impl Step {
    /// The name, or the verb with its most telling argument.
    pub fn label(&self) -> String {
        if let Some(name) = &self.name {
            return name.clone();
        }
        let telling = self.args.values().find_map(Value::as_str).map(|text| format!(" {text}")).unwrap_or_default();
        match self.verb.name {
            "http" => {
                let method = self.args.iter().find(|(name, _)| name.chars().all(|c| c.is_ascii_uppercase()));
                let (method, url) = method.map_or(("", ""), |(name, url)| (name, url.as_str().unwrap_or("")));
                format!("http {method} {url}")
            }
            "aws" => {
                let text = |name: &str| self.args.get(name).and_then(Value::as_str).unwrap_or("").to_owned();
                format!("{} {}", text("service"), text("operation"))
            }
            verb => format!("{verb}{telling}"),
        }
    }
}

/// One expectation.
#[derive(Clone, Debug)]
pub struct Expect {
    /// Where it stands.
    pub at: Place,
    /// As written (`$.count`, `status`).
    pub key: String,
    /// What it looks at.
    pub subject: Subject,
}

/// What an expectation looks at.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A part of the answer.
    Path(String, Matcher),
    /// The HTTP status.
    Status(Matcher),
    /// A header of the answer.
    Header(String, Matcher),
    /// The body as text.
    Body(Matcher),
    /// The error's code.
    Error(Matcher),
    /// The error's message.
    Message(Matcher),
    /// The body as a picture.
    Image(ImageExpect),
    /// The answer against a golden file of this name.
    Snapshot(String),
}

/// What a picture must be.
#[derive(Clone, Debug, Default)]
pub struct ImageExpect {
    /// Width in pixels.
    pub width: Option<Matcher>,
    /// Height in pixels.
    pub height: Option<Matcher>,
    /// `jpeg`, `png`, `webp`, `gif`, `tiff`, `bmp`.
    pub format: Option<Matcher>,
    /// A file with a picture that looks alike.
    pub phash_near: Option<String>,
}
