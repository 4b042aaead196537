//! Judges a request by a web ACL. Pure: it is given the request, the compiled web ACL and a [`World`] that knows addresses, counts and
//! tokens; it keeps nothing and asks nobody else.
//!
//! `request.rs` takes a request apart, `field.rs` finds what a statement looks at, `transform/` undoes disguises, `statement.rs` decides
//! one statement, `judge.rs` walks the rules. `compile.rs` makes all that out of AWS's model once, so that a request costs no parsing.

pub mod addresses;
mod compile;
mod field;
mod inject;
mod json;
mod judge;
mod rate;
mod request;
mod rules;
mod statement;
mod tokens;
pub mod transform;

pub use compile::{Compiler, Parts, Problem, pattern};
pub use field::{Field, Invalid, Oversize, Pick, Scope3};
pub use json::{Item, items};
pub use judge::{Applied, GroupSteps, Judgement, Step, evaluate};
pub use rate::{Counter, Counters, Key as RateKey};
pub use request::Request;
pub use rules::{Acl, Action, Answer, Group, Handling, Rule, RuleKind};
pub use statement::{Condition, Detail, Forwarded, ForwardedPosition, Limited, Look, Position, RateKind, RateRule, Statement};
pub use tokens::{Failure, Proof, Token, Tokens};

use addresses::Place;
use std::net::IpAddr;

/// What the engine asks for while it judges.
pub trait World {
    /// What is known of an address.
    fn place(&self, ip: IpAddr) -> Option<Place>;
    /// Counts a request of a rate-based rule under a key, and tells the requests that the last check saw in its window.
    fn count(&self, rule: &str, key: &RateKey, window_secs: u32) -> u64;
    /// Checks a token.
    fn token(&self, text: &str, host: &str, domains: &[String]) -> Result<Token, Failure>;
    /// Now, in seconds.
    fn now_secs(&self) -> i64;
}
