//! The full story of a decision: every statement that was considered and why it did or didn't apply.

use std::fmt;

use crate::decision::Layer;
use crate::evaluate::{Named, PolicyKind};
use crate::keys::Scope;
use crate::principal::Naming;
use crate::statement::{Effect, Statement};

/// One step of an evaluation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A sentence about the order of evaluation.
    Note(String),
    /// A statement that was looked at.
    Statement(StatementStep),
}

/// What became of one statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementStep {
    /// Which family of policies it stands in.
    pub layer: Layer,
    /// Name or ARN of its policy.
    pub policy: String,
    /// Inline or managed.
    pub kind: PolicyKind,
    /// Position in the document, from 0.
    pub index: usize,
    /// Sid, if it has one.
    pub sid: Option<String>,
    /// Allow or Deny.
    pub effect: Effect,
    /// Whether the statement is about this request.
    pub applies: bool,
    /// Its elements one by one.
    pub checks: Vec<Check>,
}

/// Which element of a statement was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// Principal or NotPrincipal.
    Principal,
    /// Action or NotAction.
    Action,
    /// Resource or NotResource.
    Resource,
    /// One clause of Condition.
    Condition,
}

/// One element of a statement against the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Which element.
    pub element: Element,
    /// Whether it fits.
    pub fits: bool,
    /// What was compared with what.
    pub text: String,
}

impl StatementStep {
    pub(crate) fn of(layer: Layer, named: &Named<'_>, statement: &Statement, scope: &Scope<'_>) -> Self {
        let request = scope.request();
        let mut checks = Vec::new();
        let mut check = |element, fits, text| checks.push(Check { element, fits, text });
        let actions = &statement.actions;
        check(Element::Action, actions.admits(request.action, scope), actions.describe(request.action, scope));
        if let Some(resources) = &statement.resources {
            let fits = resources.admits(request.resource, scope);
            check(Element::Resource, fits, resources.describe(request.resource, scope));
        }
        if let Some(principals) = &statement.principals {
            check(Element::Principal, principals.naming(scope) != Naming::Not, principals.describe(scope));
        }
        for clause in &statement.clauses {
            check(Element::Condition, clause.holds(scope), clause.describe(scope));
        }
        Self {
            layer,
            policy: named.label.to_owned(),
            kind: named.kind,
            index: statement.index,
            sid: statement.sid.clone(),
            effect: statement.effect,
            applies: checks.iter().all(|check| check.fits),
            checks,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Note(text) => writeln!(f, "{text}"),
            Self::Statement(step) => step.fmt(f),
        }
    }
}

impl fmt::Display for StatementStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sid = self.sid.as_ref().map_or(String::new(), |sid| format!(" {sid:?}"));
        let outcome = if self.applies { "applies" } else { "does not apply" };
        let (layer, kind, policy) = (self.layer, self.kind, &self.policy);
        writeln!(f, "  {layer} {policy:?} ({kind}), statement {}{sid}: {} {outcome}", self.index, self.effect)?;
        for check in &self.checks {
            let mark = if check.fits { "yes" } else { "NO " };
            writeln!(f, "    {mark} {:<9} {}", format!("{:?}", check.element).to_lowercase(), check.text)?;
        }
        Ok(())
    }
}
