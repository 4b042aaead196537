//! The verbs of scenarios: one table that the reader, the JSON Schema and the runner share. A verb is a function in the file of its
//! service; adding one is a row in that file's table.

mod args;
mod athena;
mod aws;
mod clock;
mod cloudwatch;
mod cognito;
#[cfg(feature = "kafka")]
pub(crate) mod consumer;
mod control;
mod events;
mod faults;
mod http;
mod iam;
mod journal;
#[cfg(feature = "kafka")]
mod kafka;
mod lambda;
mod logs;
#[cfg(feature = "kafka")]
mod msk;
mod s3;
mod sns;
mod sqs;
pub(crate) mod srp;

pub use args::Args;
pub(crate) use iam::{IDENTITY, identity};

use super::{outcome::Outcome, world::World};
use futures_util::future::BoxFuture;

/// A verb.
#[derive(Debug)]
pub struct Verb {
    /// As it is written (`s3.put`).
    pub name: &'static str,
    /// What it does and what it answers, in a sentence.
    pub about: &'static str,
    /// Its arguments.
    pub args: &'static [Arg],
    /// Arguments of which exactly one is given; empty where that is not asked.
    pub one_of: &'static [&'static str],
    /// Has no meaning on real AWS: skipped there, aloud.
    pub local_only: bool,
    /// Does it.
    pub run: Run,
}

/// Does a verb. An error is a sentence: the verb could not be tried. A refusal by AWS is an [`Outcome`].
pub type Run = for<'a> fn(&'a mut World, Args) -> BoxFuture<'a, Result<Outcome, String>>;

/// An argument of a verb.
#[derive(Debug)]
pub struct Arg {
    /// Its name.
    pub name: &'static str,
    /// What it may be.
    pub kind: ArgKind,
    /// Whether it must be there.
    pub required: bool,
    /// What it means.
    pub about: &'static str,
}

/// What an argument may be. A text that is one `${reference}` may stand for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgKind {
    /// A text, or a number that is taken as text.
    Text,
    /// A whole number.
    Whole,
    /// A number.
    Number,
    /// true or false.
    Flag,
    /// `30s`, `8d`.
    Duration,
    /// A map.
    Map,
    /// A list.
    List,
    /// Anything.
    Any,
    /// A file, relative to the scenario's folder.
    File,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Steps.
    Steps,
}

const fn need(name: &'static str, kind: ArgKind, about: &'static str) -> Arg {
    Arg { name, kind, required: true, about }
}
const fn may(name: &'static str, kind: ArgKind, about: &'static str) -> Arg {
    Arg { name, kind, required: false, about }
}

/// Every verb, by the file that it stands in.
pub fn all() -> impl Iterator<Item = &'static Verb> {
    let messages = [lambda::VERBS, sqs::VERBS, sns::VERBS, events::VERBS];
    let others = [athena::VERBS, logs::VERBS, cloudwatch::VERBS, clock::VERBS, faults::VERBS, iam::VERBS, journal::VERBS, control::VERBS];
    #[cfg(feature = "kafka")]
    let streams = [kafka::VERBS, consumer::VERBS, msk::VERBS];
    #[cfg(not(feature = "kafka"))]
    let streams: [&[Verb]; 0] = [];
    let first = [http::VERBS, aws::VERBS, cognito::VERBS].into_iter().flatten();
    first.chain(s3::verbs()).chain(messages.into_iter().chain(others).flatten()).chain(streams.into_iter().flatten())
}

/// A verb by name.
pub fn find(name: &str) -> Option<&'static Verb> {
    all().find(|verb| verb.name == name)
}

/// The names of all verbs.
pub fn names() -> String {
    all().map(|v| v.name).collect::<Vec<_>>().join(", ")
}
