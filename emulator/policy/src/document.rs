//! A policy document and the two ways into it: [`Document::parse`] with AWS's default limits, [`Document::parse_with`]
//! with a service's own.

use std::fmt;

use serde_json::Value;

use crate::parse;
use crate::principal::Principal;
use crate::statement::Statement;

/// What a document is for; decides which elements it may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentKind {
    /// Of users, groups and roles; also boundaries, session policies and service control policies.
    Identity,
    /// Of buckets, queues, keys, functions.
    Resource,
    /// Who may assume a role.
    Trust,
}

/// Limits and freedoms of one place where documents are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Largest document, in bytes.
    pub max_bytes: usize,
    /// Whether white space counts; IAM doesn't count it, S3 does.
    pub count_white_space: bool,
    /// Deepest nesting of JSON objects and lists.
    pub max_depth: usize,
    /// Resource policies whose statements need no Resource: ECR repositories.
    pub resource_may_be_absent: bool,
    /// Whether version 2008-10-17, or no version at all, is refused. IAM does so for identity policies.
    pub require_current_version: bool,
}

impl Rules {
    /// AWS's defaults: 10,240 bytes for identity policies (a role's inline policies), 2,048 for trust policies, both
    /// without white space; 20,480 for resource policies.
    pub fn of(kind: DocumentKind) -> Self {
        let max_bytes = match kind {
            DocumentKind::Identity => 10_240,
            DocumentKind::Resource => 20_480,
            DocumentKind::Trust => 2_048,
        };
        Self {
            max_bytes,
            count_white_space: kind == DocumentKind::Resource,
            max_depth: 32,
            resource_may_be_absent: false,
            require_current_version: kind == DocumentKind::Identity,
        }
    }

    /// A managed policy: 6,144 bytes without white space.
    pub fn managed() -> Self {
        Self { max_bytes: 6_144, ..Self::of(DocumentKind::Identity) }
    }

    /// The same rules with another size.
    #[must_use]
    pub fn with_max_bytes(self, max_bytes: usize) -> Self {
        Self { max_bytes, ..self }
    }
}

/// A document that AWS would refuse. Displays as AWS's message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// AWS's message, for the code that the service uses (MalformedPolicyDocument, MalformedPolicy, ...).
    pub message: String,
    /// What exactly is wrong and where, which AWS doesn't say.
    pub detail: String,
    /// Whether the document is too large: IAM answers LimitExceeded then.
    pub too_large: bool,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Malformed {}

/// A policy document, checked and ready to be evaluated.
#[derive(Clone, Debug)]
pub struct Document {
    pub(crate) text: String,
    pub(crate) kind: DocumentKind,
    pub(crate) id: Option<String>,
    pub(crate) statements: Vec<Statement>,
}

impl Document {
    /// Parses a document under AWS's default limits for its kind.
    ///
    /// # Errors
    /// [`Malformed`] with AWS's message where AWS would refuse the document.
    pub fn parse(text: &str, kind: DocumentKind) -> Result<Self, Malformed> {
        Self::parse_with(text, kind, &Rules::of(kind))
    }

    /// Parses a document under given rules.
    ///
    /// # Errors
    /// [`Malformed`] with AWS's message where AWS would refuse the document.
    pub fn parse_with(text: &str, kind: DocumentKind, rules: &Rules) -> Result<Self, Malformed> {
        parse::document(text, kind, rules)
    }

    /// What the document is for.
    pub fn kind(&self) -> DocumentKind {
        self.kind
    }

    /// The Id element.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The document exactly as it was given.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The document as JSON, members in their original order.
    pub fn to_json(&self) -> Value {
        // The text was parsed when the document was made.
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// The statements in order.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// ARNs of the users, roles and sessions that the document names. AWS refuses those that don't exist ("Invalid
    /// principal in policy"); only the service that knows them can tell.
    pub fn principal_arns(&self) -> impl Iterator<Item = &str> {
        let entries = self.statements.iter().filter_map(Statement::principals).flat_map(|p| p.entries());
        entries.filter_map(|entry| match entry {
            Principal::Arn(arn) => Some(arn.as_str()),
            _ => None,
        })
    }
}
