//! AWS's policy language: documents parsed as strictly as AWS does on Put, requests evaluated in AWS's order, every
//! decision explained.
//!
//! This room is a pure library. It reads no file, asks no clock and knows no service: callers bring the documents, the
//! principal and the context keys, and get back a [`Decision`].
//!
//! ```
//! use policy::{evaluate, Caller, Document, DocumentKind, Keys, Named, Policies, Request};
//!
//! let text = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::b/*"}}"#;
//! let document = Document::parse(text, DocumentKind::Identity).unwrap();
//! let caller = Caller::user("123456789012", "ada", "AIDAEXAMPLE");
//! let request = Request {
//!     principal: &caller,
//!     action: "s3:GetObject",
//!     resource: "arn:aws:s3:::b/photo.jpg",
//!     resource_account: "123456789012",
//!     context: &Keys::new(),
//! };
//! let policies = Policies { identity: vec![Named::inline("read", &document)], ..Policies::default() };
//! assert!(evaluate(&request, &policies).allowed);
//! ```
#![deny(missing_docs)]

mod caller;
pub mod case;
mod condition;
mod date;
mod decision;
mod document;
mod evaluate;
mod glob;
mod json;
mod keys;
mod operand;
mod operator;
mod parse;
mod principal;
pub mod public;
mod resource;
mod shape;
mod statement;
pub mod synth;
mod trace;

pub use caller::{Caller, CallerKind, Request};
pub use condition::Clause;
pub use decision::{Decision, Layer, Missing, Reason, StatementRef};
pub use document::{Document, DocumentKind, Malformed, Rules};
pub use evaluate::{Named, Policies, PolicyKind, ResourceMode, evaluate, evaluate_traced};
pub use keys::{CANONICAL_USER, Keys};
pub use operator::{Operator, SetQualifier};
pub use principal::{Principal, Principals};
pub use statement::{Effect, Pattern, Patterns, Statement};
pub use trace::{Check, Element, StatementStep, Step};
