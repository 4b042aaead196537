//! Batches: many images in one upload, an archive of them or a list of keys, more than one run of a function has time for.
//!
//! `parent` (the function `batch`) puts an archive's files where parts find them, parts the work by count and bytes and sends each part to
//! `child` (the function `part`), which does to every image what `process` does and writes a report. Who writes the last report closes the
//! batch with a summary. Whoever runs short of time hands what is left to another run of itself. A part that Lambda has given up on comes
//! back to the parent (`failed`): what was done is noted, an image that is alone to blame is recorded as failed, and of several each is
//! tried once more on its own, so that one image that kills its function takes no other with it.
//!
//! Events come more than once, and any run may end anywhere. So everything that is noted is written where nothing is yet (a conditional
//! write) and never again, and what is noted decides what is left to do: a plan, a report for each part, a mark when all parts were sent,
//! the summary. `progress` is the only room that knows their keys.

mod archive;
pub mod child;
mod failed;
pub mod parent;
mod parts;
mod progress;

use std::time::Duration;

use jiff::Timestamp;
use lambda_runtime::Diagnostic;
use serde::{Deserialize, Serialize};

use crate::store::StoreError;

pub use progress::{Plan, Summary};

/// Runs that may follow one another for the same work. Lambda itself stops functions that send one another events about 16 times in a row.
const TURNS: u32 = 12;

/// How long this run may go on.
pub trait Budget: Send + Sync {
    /// Time until Lambda ends it.
    fn left(&self) -> Duration;
}

/// The moment at which Lambda ends the run, in milliseconds since 1970.
#[derive(Debug, Clone, Copy)]
pub struct Deadline(pub u64);

impl Budget for Deadline {
    fn left(&self) -> Duration {
        let now = u64::try_from(Timestamp::now().as_millisecond()).unwrap_or_default();
        Duration::from_millis(self.0.saturating_sub(now))
    }
}

/// Which batch: its key, and the entity tag of its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchRef {
    /// `batches/<sub>/<id>-<name>`.
    pub key: String,
    /// Without quotes.
    pub etag: String,
}

/// What `child` is asked to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartEvent {
    /// Of which batch.
    pub batch: BatchRef,
    /// The part: a number, or a number and another for an image that is tried on its own.
    pub part: String,
    /// The images' keys.
    pub keys: Vec<String>,
    /// What earlier runs did, if they ran out of time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub done: Vec<ImageResult>,
    /// How many runs came before for that reason.
    #[serde(default)]
    pub turn: u32,
}

/// How an image of a batch ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Ending {
    /// Renditions, row and manifest are there.
    Processed,
    /// It is no picture that we show.
    Quarantined,
    /// It was named and is not there.
    Missing,
    /// It was not even tried: what it is called, or how big it is, forbids it.
    Refused,
    /// Every try failed.
    Failed,
}

/// An image of a batch and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageResult {
    /// Its key, or its name in the archive where it was refused.
    pub key: String,
    /// How.
    pub ending: Ending,
    /// Why, unless it was processed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl ImageResult {
    fn new(key: impl Into<String>, ending: Ending, reason: impl Into<String>) -> Self {
        Self { key: key.into(), ending, reason: Some(reason.into()) }
    }

    fn processed(key: impl Into<String>) -> Self {
        Self { key: key.into(), ending: Ending::Processed, reason: None }
    }
}

/// Why a run failed; Lambda tries again.
#[derive(Debug)]
pub enum Failure {
    /// The event is none that we know.
    BadEvent(String),
    /// S3 or Lambda failed.
    Aws(StoreError),
    /// Some images of the part failed: how many, and the first of them with its reason.
    Images(usize, String),
    /// Too many runs followed one another.
    TooManyTurns(String),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Aws(error)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::BadEvent(message) => f.write_str(message),
            Self::Aws(error) => error.fmt(f),
            Self::Images(count, first) => write!(f, "{count} of the part's images failed, the first: {first}"),
            Self::TooManyTurns(key) => write!(f, "{key} is not done after {TURNS} runs"),
        }
    }
}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        let error_type = match failure {
            Failure::BadEvent(_) => "BadEvent",
            Failure::Aws(_) => "AwsFailed",
            Failure::Images(..) => "ImagesFailed",
            Failure::TooManyTurns(_) => "TooManyTurns",
        };
        Diagnostic { error_type: error_type.to_owned(), error_message: failure.to_string() }
    }
}
