//! CloudWatch Logs Insights' query language: read, and run over events. Pure: it knows events, not where they are kept.

mod eval;
mod parse;
mod record;
mod run;
mod stats;
#[cfg(test)]
mod tests;
mod value;

pub(crate) use record::Record;

use regex::Regex;
use value::Value;

/// How many rows a query finds in messages. For tests of what readers make of bad input; the error is a sentence.
pub fn describe_query(query: &str, messages: &[&str]) -> Result<usize, String> {
    let query = Query::parse(query)?;
    let mut run = query.run();
    for (at, message) in (0i64..).zip(messages) {
        run.take(Record::new("000000000000:group", "stream", at * 60_000, at, message, at.to_string()))?;
    }
    Ok(run.finish(10_000).rows.len())
}

/// A query, command by command.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    commands: Vec<Command>,
}

#[derive(Clone, Debug)]
enum Command {
    Fields(Vec<Named>),
    Display(Vec<Named>),
    Filter(Expr),
    Stats {
        values: Vec<Named>,
        aggregates: Vec<Aggregate>,
        by: Vec<Named>,
    },
    /// Expressions, each with whether it descends.
    Sort(Vec<(Expr, bool)>),
    Limit(usize),
    Parse {
        field: String,
        regex: Regex,
        names: Vec<String>,
    },
    Dedup(Vec<String>),
}

/// An expression and the field that it becomes.
#[derive(Clone, Debug)]
struct Named {
    name: String,
    expr: Expr,
}

#[derive(Clone, Debug)]
enum Expr {
    Field(String),
    Literal(Value),
    /// The n-th aggregate of a `stats`.
    Aggregate(usize),
    Call(String, Vec<Expr>),
    /// Start of the span of so many milliseconds that a moment is in.
    Bin(i64, Box<Expr>),
    /// The end of that span, or the moment itself where it stands between two.
    Ceil(i64, Box<Expr>),
    Not(Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Math(char, Box<Expr>, Box<Expr>),
    Compare(&'static str, Box<Expr>, Box<Expr>),
    Matches(Box<Expr>, Regex),
    In(Box<Expr>, Vec<Expr>),
}

/// `pct(@duration, 95)`
#[derive(Clone, Debug)]
struct Aggregate {
    function: String,
    of: Option<Expr>,
    percent: f64,
}
