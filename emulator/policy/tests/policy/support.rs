//! Short ways to write policies and requests.

use policy::{Caller, Decision, Document, DocumentKind, Keys, Named, Policies, Request, evaluate, evaluate_traced};

pub const ACCOUNT: &str = "123456789012";
pub const OTHER: &str = "999988887777";

pub fn identity(statements: &str) -> Document {
    parsed(statements, DocumentKind::Identity)
}

pub fn resource(statements: &str) -> Document {
    parsed(statements, DocumentKind::Resource)
}

pub fn trust(statements: &str) -> Document {
    parsed(statements, DocumentKind::Trust)
}

fn parsed(statements: &str, kind: DocumentKind) -> Document {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":{statements}}}"#);
    Document::parse(&text, kind).unwrap_or_else(|flaw| panic!("{flaw}: {} in {text}", flaw.detail))
}

pub fn ada() -> Caller {
    Caller::user(ACCOUNT, "ada", "AIDAADA")
}

pub fn session() -> Caller {
    Caller::session(ACCOUNT, "worker", "AROAWORKER", "i-1")
}

/// Judges both ways: the traced evaluation must never differ from the quick one.
pub fn judge(request: &Request<'_>, policies: &Policies<'_>) -> Decision {
    let quick = evaluate(request, policies);
    let traced = evaluate_traced(request, policies);
    assert!(quick.trace.is_empty());
    assert_eq!((quick.allowed, &quick.reason, &quick.deciding), (traced.allowed, &traced.reason, &traced.deciding));
    traced
}

/// Whether one identity policy allows ada an action.
pub fn allows(document: &Document, action: &str, resource: &str, context: &Keys) -> bool {
    let principal = ada();
    let request = Request { principal: &principal, action, resource, resource_account: ACCOUNT, context };
    judge(&request, &Policies { identity: vec![Named::inline("p", document)], ..Policies::default() }).allowed
}

/// Whether a resource policy alone allows a caller `s3:GetObject` on `arn:aws:s3:::b/k` in [`ACCOUNT`].
pub fn admits(document: &Document, principal: &Caller) -> bool {
    let context = Keys::new();
    let request = Request { principal, action: "s3:GetObject", resource: "arn:aws:s3:::b/k", resource_account: ACCOUNT, context: &context };
    judge(&request, &Policies { resource: Some(Named::inline("b", document)), ..Policies::default() }).allowed
}
