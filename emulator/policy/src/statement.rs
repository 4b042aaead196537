//! One statement: its elements, and whether it is about a request.

use std::fmt;

use crate::condition::Clause;
use crate::glob::{Fold, Template};
use crate::keys::Scope;
use crate::principal::{Naming, Principals};

/// What a statement that applies does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Grants.
    Allow,
    /// Refuses, whatever else grants.
    Deny,
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Allow => "Allow",
            Self::Deny => "Deny",
        })
    }
}

/// An action or resource as written, ready to be compared.
#[derive(Clone, Debug)]
pub struct Pattern {
    pub(crate) text: String,
    pub(crate) template: Template,
    pub(crate) fold: Fold,
}

impl Pattern {
    /// As written in the policy.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn matches(&self, subject: &str, scope: &Scope<'_>) -> bool {
        self.template.matches(subject, self.fold, scope)
    }
}

/// Action, NotAction, Resource or NotResource.
#[derive(Clone, Debug)]
pub struct Patterns {
    pub(crate) negated: bool,
    pub(crate) list: Vec<Pattern>,
}

impl Patterns {
    /// Whether this is the Not form.
    pub fn is_negated(&self) -> bool {
        self.negated
    }

    /// The patterns, in the order in which they are written.
    pub fn list(&self) -> &[Pattern] {
        &self.list
    }

    pub(crate) fn admits(&self, subject: &str, scope: &Scope<'_>) -> bool {
        self.list.iter().any(|pattern| pattern.matches(subject, scope)) != self.negated
    }

    pub(crate) fn describe(&self, subject: &str, scope: &Scope<'_>) -> String {
        let not = if self.negated { " (negated)" } else { "" };
        if let Some(pattern) = self.list.iter().find(|pattern| pattern.matches(subject, scope)) {
            return format!("{subject} matches {}{not}", pattern.text);
        }
        let all: Vec<&str> = self.list.iter().map(Pattern::as_str).collect();
        let unresolved = self.list.iter().find_map(|pattern| pattern.template.unresolved(scope));
        let variable = unresolved.map_or(String::new(), |name| format!("; ${{{name}}} has no value"));
        format!("{subject} matches none of {all:?}{not}{variable}")
    }
}

/// One statement of a policy document.
#[derive(Clone, Debug)]
pub struct Statement {
    pub(crate) index: usize,
    pub(crate) sid: Option<String>,
    pub(crate) effect: Effect,
    pub(crate) principals: Option<Principals>,
    pub(crate) actions: Patterns,
    pub(crate) resources: Option<Patterns>,
    pub(crate) clauses: Vec<Clause>,
}

impl Statement {
    /// Position in the document, from 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Sid, where the statement has one that isn't empty.
    pub fn sid(&self) -> Option<&str> {
        self.sid.as_deref()
    }

    /// Allow or Deny.
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// Principal or NotPrincipal; None in identity policies.
    pub fn principals(&self) -> Option<&Principals> {
        self.principals.as_ref()
    }

    /// Action or NotAction.
    pub fn actions(&self) -> &Patterns {
        &self.actions
    }

    /// Resource or NotResource; None in trust policies.
    pub fn resources(&self) -> Option<&Patterns> {
        self.resources.as_ref()
    }

    /// The Condition block, one clause for each operator and key.
    pub fn conditions(&self) -> &[Clause] {
        &self.clauses
    }

    /// How directly the statement is about this request's caller; `Not` where it doesn't apply at all. Builds nothing:
    /// the action comes first, since it rules out most statements.
    pub(crate) fn applies(&self, scope: &Scope<'_>) -> Naming {
        let request = scope.request();
        if !self.actions.admits(request.action, scope)
            || !self.resources.as_ref().is_none_or(|resources| resources.admits(request.resource, scope))
        {
            return Naming::Not;
        }
        let naming = self.principals.as_ref().map_or(Naming::Direct, |principals| principals.naming(scope));
        if naming == Naming::Not || !self.clauses.iter().all(|clause| clause.holds(scope)) {
            return Naming::Not;
        }
        naming
    }
}
