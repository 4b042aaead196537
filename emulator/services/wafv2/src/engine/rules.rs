//! Web ACLs, rule groups and rules, compiled.

use super::statement::Statement;
use crate::model::AssociatedResourceType;
use std::{collections::BTreeMap, sync::Arc};

/// A web ACL.
#[derive(Clone, Debug)]
pub struct Acl {
    /// ARN.
    pub arn: String,
    /// Name.
    pub name: String,
    /// Name of its metric, where it is measured.
    pub metric: String,
    /// For requests that no rule decides.
    pub default: Action,
    /// By ascending priority.
    pub rules: Vec<Rule>,
    /// How many bytes of a body are inspected, by kind of resource, where it is not 16 KB.
    pub body_limits: Vec<(AssociatedResourceType, usize)>,
    /// Domains whose tokens are accepted beside the host's own.
    pub token_domains: Vec<String>,
    /// `awswaf:000000000000:webacl:name:`
    pub label_prefix: String,
    /// How long a solved CAPTCHA holds, seconds.
    pub captcha_secs: i64,
    /// How long a passed Challenge holds, seconds.
    pub challenge_secs: i64,
    /// Whether samples are kept of requests that the default action decided.
    pub sampled: bool,
    /// Whether CloudWatch is told.
    pub measured: bool,
}

impl Acl {
    /// How many bytes of a body are inspected for a kind of resource: 16 KB, or what the web ACL says.
    pub fn body_limit(&self, kind: AssociatedResourceType) -> usize {
        self.body_limits.iter().find(|(k, _)| *k == kind).map_or(16 << 10, |(_, limit)| *limit)
    }
}

/// A rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Name.
    pub name: String,
    /// Name of its metric.
    pub metric: String,
    /// Whether samples are kept.
    pub sampled: bool,
    /// Whether CloudWatch is told.
    pub measured: bool,
    /// Whole labels that a match puts on.
    pub labels: Vec<String>,
    /// Its own immunity time for CAPTCHA, seconds.
    pub captcha_secs: Option<i64>,
    /// Its own immunity time for Challenge, seconds.
    pub challenge_secs: Option<i64>,
    /// What it does.
    pub kind: RuleKind,
}

/// What a rule does.
#[derive(Clone, Debug)]
pub enum RuleKind {
    /// A statement and an action.
    Plain(Statement, Action),
    /// The rules of a group.
    Group {
        /// The group.
        group: Arc<Group>,
        /// What the group would do is only counted.
        count: bool,
        /// Other actions for rules of the group, by name.
        overrides: BTreeMap<String, Action>,
        /// Requests that the group looks at.
        scope_down: Option<Statement>,
    },
}

/// A rule group.
#[derive(Clone, Debug)]
pub struct Group {
    /// ARN, or `AWS#Name` of a managed one.
    pub id: String,
    /// Name.
    pub name: String,
    /// AWS manages it.
    pub managed: bool,
    /// Whether it labels requests by the state of their token.
    pub token_labels: bool,
    /// `awswaf:managed:aws:core-rule-set:`
    pub label_prefix: String,
    /// By ascending priority.
    pub rules: Vec<Rule>,
}

/// Headers that are put into a request, whole.
pub type Handling = Vec<(String, String)>;

/// An action with what belongs to it.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// The request goes on.
    Allow(Handling),
    /// The request ends.
    Block(Answer),
    /// Nothing; it is counted.
    Count(Handling),
    /// The request needs a solved CAPTCHA.
    Captcha(Handling),
    /// The request needs a passed Challenge.
    Challenge(Handling),
}

/// What a blocked client is answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// 403 unless the rule says otherwise.
    pub status: u16,
    /// The rule's own headers.
    pub headers: Vec<(String, String)>,
    /// Content type and text, where the rule has its own.
    pub body: Option<(&'static str, String)>,
    /// The rule says what is to be answered.
    pub custom: bool,
}

impl Default for Answer {
    fn default() -> Answer {
        Answer { status: 403, headers: Vec::new(), body: None, custom: false }
    }
}

impl Action {
    /// `BLOCK`
    pub fn as_str(&self) -> &'static str {
        match self {
            Action::Allow(_) => "ALLOW",
            Action::Block(_) => "BLOCK",
            Action::Count(_) => "COUNT",
            Action::Captcha(_) => "CAPTCHA",
            Action::Challenge(_) => "CHALLENGE",
        }
    }
}
