//! What comes out of an evaluation: the verdict, its reason, AWS's sentence for it, and the explanation for people.

use std::fmt;

use crate::caller::{Caller, Request};
use crate::evaluate::PolicyKind;
use crate::trace::Step;

/// A family of policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// Attached to the principal.
    Identity,
    /// Attached to the resource.
    Resource,
    /// A role's trust policy: the resource policy of a role.
    Trust,
    /// Permissions boundary of the principal.
    Boundary,
    /// Passed when the session was made.
    Session,
    /// Service control policy of the organisation.
    Scp,
}

/// The family whose Allow was needed and not found.
pub type Missing = Layer;

impl Layer {
    /// AWS's words in "because no ... allows" and in explanations.
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity-based policy",
            Self::Resource => "resource-based policy",
            Self::Trust => "role trust policy",
            Self::Boundary => "permissions boundary",
            Self::Session => "session policy",
            Self::Scp => "service control policy",
        }
    }

    /// With AWS's article, for "with an explicit deny in ...".
    fn with_article(self) -> &'static str {
        match self {
            Self::Identity => "an identity-based policy",
            Self::Resource => "a resource-based policy",
            Self::Trust => "the role trust policy",
            Self::Boundary => "a permissions boundary",
            Self::Session => "a session policy",
            Self::Scp => "a service control policy",
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a request was allowed or denied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A Deny statement applies.
    ExplicitDeny {
        /// Where it stands.
        layer: Layer,
        /// Name or ARN of its policy.
        policy: String,
        /// Whether `policy` is the ARN of a managed policy.
        kind: PolicyKind,
    },
    /// Nothing denies, but an Allow is missing.
    ImplicitDeny {
        /// Where.
        missing: Missing,
    },
    /// A statement allows, and nothing stands in the way.
    Allow {
        /// Identity, or Resource where the resource's own policy sufficed.
        layer: Layer,
    },
    /// The account's root user needs no Allow.
    Root,
}

/// The statement that decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementRef {
    /// Name or ARN of the policy.
    pub policy: String,
    /// Position of the statement, from 0.
    pub index: usize,
    /// Sid, if it has one.
    pub sid: Option<String>,
}

/// The verdict on one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The verdict.
    pub allowed: bool,
    /// Why.
    pub reason: Reason,
    /// Every statement considered; empty unless [`crate::evaluate_traced`] made the decision.
    pub trace: Vec<Step>,
    /// The Deny or Allow that decided; None for implicit denials and root.
    pub deciding: Option<StatementRef>,
}

impl Decision {
    /// AWS's access-denied sentence, without the code that each protocol puts before it. AWS leaves the reason out when
    /// principal and resource belong to different organisations; here it is always said.
    pub fn message(&self, request: &Request<'_>) -> String {
        let action = request.action;
        match request.principal {
            // STS names nobody here: the caller has no AWS identity yet.
            Caller::Federated { .. } if !self.allowed => return format!("Not authorized to perform {action}"),
            _ => {}
        }
        let who = request.principal.arn();
        // Actions without a resource: S3 and EC2 leave the resource out, other services say `*`. All of S3 is no resource either.
        let bare = matches!((request.resource, service(action)), ("", _) | ("*", "s3" | "ec2") | ("arn:aws:s3:::*", "s3"));
        let on = if bare { String::new() } else { format!(" on resource: {}", request.resource) };
        let not = if self.allowed { "" } else { "not " };
        format!("User: {who} is {not}authorized to perform: {action}{on}{}", self.because(action))
    }

    fn because(&self, action: &str) -> String {
        match &self.reason {
            Reason::ExplicitDeny { layer, policy, kind } => {
                let arn = if *kind == PolicyKind::Managed { format!(": {policy}") } else { String::new() };
                format!(" with an explicit deny in {}{arn}", layer.with_article())
            }
            Reason::ImplicitDeny { missing } => format!(" because no {missing} allows the {action} action"),
            Reason::Allow { layer } => format!(" by {}", layer.with_article()),
            Reason::Root => " as the account's root user".to_owned(),
        }
    }

    /// The evaluation for people, several lines. Says only the verdict unless the decision was traced.
    pub fn explain(&self) -> String {
        let mut text = String::new();
        for step in &self.trace {
            text.push_str(&step.to_string());
        }
        let verdict = if self.allowed { "ALLOWED" } else { "DENIED" };
        let why = match &self.reason {
            Reason::ExplicitDeny { layer, policy, .. } => {
                format!("explicit deny in {} {policy:?}", layer.with_article())
            }
            Reason::ImplicitDeny { missing } => format!("no {missing} allows it"),
            Reason::Allow { layer } => format!("by {}", layer.with_article()),
            Reason::Root => "root user of the account".to_owned(),
        };
        let statement = self.deciding.as_ref().map_or(String::new(), |s| format!(", {s}"));
        text.push_str(&format!("{verdict}: {why}{statement}\n"));
        text
    }
}

impl fmt::Display for StatementRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "statement {} of {:?}", self.index, self.policy)?;
        self.sid.as_ref().map_or(Ok(()), |sid| write!(f, " (Sid {sid:?})"))
    }
}

fn service(action: &str) -> &str {
    action.split_once(':').map_or("", |(service, _)| service)
}
