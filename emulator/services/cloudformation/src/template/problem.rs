//! What is wrong with a template, where, and how AWS says it.

use super::located::At;
use kit::Fault;

/// A complaint about a template.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Problem {
    /// AWS's sentence, or ours in AWS's manner.
    pub message: String,
    /// Where; absent where AWS's sentence is known word for word.
    pub at: Option<At>,
}

impl Problem {
    /// A complaint with its place.
    pub(crate) fn at(at: At, message: impl Into<String>) -> Problem {
        Problem { message: message.into(), at: Some(at) }
    }
    /// AWS's sentence, word for word.
    pub(crate) fn says(message: impl Into<String>) -> Problem {
        Problem { message: message.into(), at: None }
    }
    /// The whole sentence.
    pub(crate) fn sentence(&self) -> String {
        match self.at {
            Some(at) if at != At::default() => format!("{} ({at})", self.message),
            _ => self.message.clone(),
        }
    }
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Fault {
        invalid(problem.sentence())
    }
}

impl From<yaml::Error> for Problem {
    fn from(error: yaml::Error) -> Problem {
        Problem::at(
            At { line: error.line, column: error.column },
            format!("Template format error: {}.", error.message.trim_end_matches('.')),
        )
    }
}

/// The fault of everything that is wrong with a request: ValidationError, which AWS's model of the service does not list.
pub(crate) fn invalid(message: impl Into<String>) -> Fault {
    Fault::new("ValidationError", 400, message)
}
