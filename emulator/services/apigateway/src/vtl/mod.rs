//! Velocity templates as API Gateway runs them: text to a tree, and a tree with variables to text. Knows neither requests nor AWS.
//!
//! The language is Velocity 1.7's, with what AWS's answers show to be different: a reference that stands for nothing prints nothing, and
//! nothing equals the empty text. Templates come from outside, so everything is bounded: size, depth, steps, work, output.

mod evaluate;
mod expression;
mod java;
mod json_path;
mod method;
mod parse;
mod reference;
mod util;
mod value;
mod work;

pub use evaluate::{Scope, render};
pub use json_path::{find as find_in_json, texts as text_of_json};
pub use parse::Template;
pub use util::{escape_java_script, url_encode};
pub use value::{Input, Value};

/// Largest template, bytes; AWS's limit.
pub const MOST_TEMPLATE_BYTES: usize = 300 * 1024;
/// Largest output, bytes; AWS's payload limit.
pub(crate) const MOST_OUTPUT_BYTES: usize = 10 << 20;
/// Deepest nesting of blocks, expressions and values.
pub(crate) const MOST_DEPTH: usize = 48;
/// Steps of one evaluation: nodes rendered and expressions asked.
pub(crate) const MOST_STEPS: u64 = 500_000;
/// Work of one evaluation: bytes looked at or copied, values walked.
pub(crate) const MOST_WORK: usize = 64 << 20;
/// Iterations of one `#foreach`; AWS's limit.
pub(crate) const MOST_ITERATIONS: usize = 1000;

/// Why a template could not be read or run.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem(pub String);

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
