//! AWS's order of evaluation: explicit denies anywhere, service control policies, the resource's own policy, identity
//! policies, permissions boundary, session policies; across accounts both sides must allow.
//!
//! Sources: IAM User Guide, "Policy evaluation logic" (single account and cross-account) and "AWS JSON policy elements:
//! Principal".

use std::fmt;

use crate::caller::{Caller, Request};
use crate::decision::{Decision, Layer, Missing, Reason, StatementRef};
use crate::document::{Document, DocumentKind};
use crate::keys::Scope;
use crate::principal::Naming;
use crate::statement::{Effect, Statement};
use crate::trace::{StatementStep, Step};

/// Where a policy is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyKind {
    /// Part of its user, role, group or resource: known by a name.
    Inline,
    /// On its own: known by an ARN.
    Managed,
}

impl fmt::Display for PolicyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Inline => "inline",
            Self::Managed => "managed",
        })
    }
}

/// A document under the name that messages and traces use.
#[derive(Clone, Copy, Debug)]
pub struct Named<'a> {
    /// Name of an inline policy, or ARN of a managed one.
    pub label: &'a str,
    /// Which of the two.
    pub kind: PolicyKind,
    /// The policy.
    pub document: &'a Document,
}

impl<'a> Named<'a> {
    /// An inline policy, or the policy of a resource.
    pub fn inline(name: &'a str, document: &'a Document) -> Self {
        Self { label: name, kind: PolicyKind::Inline, document }
    }

    /// A managed policy.
    pub fn managed(arn: &'a str, document: &'a Document) -> Self {
        Self { label: arn, kind: PolicyKind::Managed, document }
    }
}

/// What a resource's own policy is worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResourceMode {
    /// In the same account, an Allow on either side suffices.
    #[default]
    Optional,
    /// The resource policy must allow as well: KMS keys, role trust policies.
    Required,
}

/// All policies that bear on one request.
#[derive(Clone, Debug, Default)]
pub struct Policies<'a> {
    /// Of the user (and its groups) or of the session's role.
    pub identity: Vec<Named<'a>>,
    /// Of the resource.
    pub resource: Option<Named<'a>>,
    /// Permissions boundary of the user or role.
    pub boundary: Option<Named<'a>>,
    /// Passed when the session was made; None where none were. Together they are one limit: an Allow in one suffices.
    pub session: Option<Vec<Named<'a>>>,
    /// Of the caller's organisation: one list for each level (root, units, account). Every level must allow.
    pub service_control: Vec<Vec<Named<'a>>>,
    /// What the resource's policy is worth.
    pub mode: ResourceMode,
}

/// Judges a request. Builds no trace, and allocates nothing for statements that don't apply.
pub fn evaluate(request: &Request<'_>, policies: &Policies<'_>) -> Decision {
    judge(request, policies, None)
}

/// Judges a request as [`evaluate`] does and keeps the story of every statement.
pub fn evaluate_traced(request: &Request<'_>, policies: &Policies<'_>) -> Decision {
    let Request { principal, action, resource, .. } = request;
    let mut trace = vec![Step::Note(format!("{} asks for {action} on {resource}", principal.arn()))];
    let mut decision = judge(request, policies, Some(&mut trace));
    decision.trace = trace;
    decision
}

fn judge(request: &Request<'_>, policies: &Policies<'_>, trace: Option<&mut Vec<Step>>) -> Decision {
    let scope = Scope::new(request);
    let found = Findings::collect(policies, &scope, trace);
    let (reason, hit) = decide(request, policies, &found);
    let deciding =
        hit.map(|hit| StatementRef { policy: hit.policy.label.to_owned(), index: hit.statement.index, sid: hit.statement.sid.clone() });
    let allowed = matches!(reason, Reason::Allow { .. } | Reason::Root);
    Decision { allowed, reason, trace: Vec::new(), deciding }
}

/// A statement that applies.
#[derive(Clone, Copy)]
struct Hit<'p> {
    policy: Named<'p>,
    statement: &'p Statement,
}

/// What a family of policies says: its first Deny, and its Allow that names the caller most directly.
#[derive(Clone, Copy, Default)]
struct Finding<'p> {
    deny: Option<Hit<'p>>,
    allow: Option<(Hit<'p>, Naming)>,
}

struct Findings<'p> {
    identity: Finding<'p>,
    resource: Finding<'p>,
    boundary: Finding<'p>,
    session: Finding<'p>,
    scps: Vec<Finding<'p>>,
    /// Resource, or Trust if the resource's policy is one.
    resource_layer: Layer,
}

impl<'p> Findings<'p> {
    fn collect(policies: &Policies<'p>, scope: &Scope<'_>, trace: Option<&mut Vec<Step>>) -> Self {
        let mut look = Look { scope, trace };
        let trust = policies.resource.is_some_and(|named| named.document.kind() == DocumentKind::Trust);
        let resource_layer = if trust { Layer::Trust } else { Layer::Resource };
        Self {
            scps: policies.service_control.iter().map(|level| look.at(Layer::Scp, level)).collect(),
            resource: look.at(resource_layer, policies.resource.as_slice()),
            identity: look.at(Layer::Identity, &policies.identity),
            boundary: look.at(Layer::Boundary, policies.boundary.as_slice()),
            session: look.at(Layer::Session, policies.session.as_deref().unwrap_or_default()),
            resource_layer,
        }
    }

    /// The Deny to name when several families deny: AWS names one only.
    fn deny(&self) -> Option<(Layer, Hit<'p>)> {
        let scp = self.scps.iter().map(|level| (Layer::Scp, level.deny));
        let others = [
            (self.resource_layer, self.resource.deny),
            (Layer::Identity, self.identity.deny),
            (Layer::Boundary, self.boundary.deny),
            (Layer::Session, self.session.deny),
        ];
        scp.chain(others).find_map(|(layer, deny)| deny.map(|hit| (layer, hit)))
    }
}

struct Look<'s, 't> {
    scope: &'s Scope<'s>,
    trace: Option<&'t mut Vec<Step>>,
}

impl Look<'_, '_> {
    fn at<'p>(&mut self, layer: Layer, policies: &[Named<'p>]) -> Finding<'p> {
        let mut finding = Finding::default();
        for named in policies {
            for statement in named.document.statements() {
                if let Some(trace) = self.trace.as_deref_mut() {
                    trace.push(Step::Statement(StatementStep::of(layer, named, statement, self.scope)));
                }
                let naming = statement.applies(self.scope);
                if naming == Naming::Not {
                    continue;
                }
                let hit = Hit { policy: *named, statement };
                match statement.effect {
                    Effect::Deny => finding.deny = finding.deny.or(Some(hit)),
                    Effect::Allow if finding.allow.is_none_or(|(_, best)| naming > best) => {
                        finding.allow = Some((hit, naming));
                    }
                    Effect::Allow => {}
                }
            }
        }
        if let (Some(trace), [], Layer::Identity) = (self.trace.as_deref_mut(), policies, layer) {
            trace.push(Step::Note("  no identity-based policies".to_owned()));
        }
        finding
    }
}

fn decide<'p>(request: &Request<'_>, policies: &Policies<'_>, found: &Findings<'p>) -> (Reason, Option<Hit<'p>>) {
    if let Some((layer, hit)) = found.deny()
        && !is_owner_repairing_bucket_policy(request, layer)
    {
        let policy = hit.policy.label.to_owned();
        return (Reason::ExplicitDeny { layer, policy, kind: hit.policy.kind }, Some(hit));
    }
    let by_resource = || match found.resource.allow {
        Some((hit, _)) => (Reason::Allow { layer: found.resource_layer }, Some(hit)),
        None => missing(found.resource_layer),
    };
    if matches!(request.principal, Caller::Anonymous | Caller::Service { .. } | Caller::Federated { .. }) {
        // They have no account, hence no identity policies and no organisation.
        return by_resource();
    }
    if found.scps.iter().any(|level| level.allow.is_none()) {
        return missing(Layer::Scp);
    }
    let naming = found.resource.allow.map_or(Naming::Not, |(_, naming)| naming);
    if is_same_account(request) {
        if policies.mode == ResourceMode::Required && naming == Naming::Not {
            return missing(found.resource_layer);
        }
        return same_account(request, policies, found, naming).unwrap_or_else(by_resource);
    }
    // Across accounts the caller's own account must allow, and then the resource's owner.
    let (own, hit) = same_account(request, policies, found, Naming::Not).unwrap_or_else(by_resource);
    if !matches!(own, Reason::Allow { .. } | Reason::Root) {
        return (own, hit);
    }
    if naming == Naming::Not { missing(found.resource_layer) } else { (own, hit.or(by_resource().1)) }
}

/// The caller's own side. None: the resource's policy granted it, and nothing of the caller's side had to.
fn same_account<'p>(
    request: &Request<'_>,
    policies: &Policies<'_>,
    found: &Findings<'p>,
    naming: Naming,
) -> Option<(Reason, Option<Hit<'p>>)> {
    let is_root = matches!(request.principal, Caller::Root { .. });
    let is_session = matches!(request.principal, Caller::Session { .. });
    // A role or user that the resource names needs no identity policy; an account that is named only delegates.
    let needs_identity = naming < Naming::Role && !is_root;
    let needs_boundary = naming < Naming::Direct && !is_root;
    let needs_session = naming < Naming::Direct || !is_session;
    if needs_identity && found.identity.allow.is_none() {
        return Some(missing(Layer::Identity));
    }
    if needs_boundary && policies.boundary.is_some() && found.boundary.allow.is_none() {
        return Some(missing(Layer::Boundary));
    }
    if needs_session && policies.session.is_some() && found.session.allow.is_none() {
        return Some(missing(Layer::Session));
    }
    if is_root {
        return Some((Reason::Root, None));
    }
    let (hit, _) = found.identity.allow.filter(|_| needs_identity)?;
    Some((Reason::Allow { layer: Layer::Identity }, Some(hit)))
}

fn missing<'p>(missing: Missing) -> (Reason, Option<Hit<'p>>) {
    (Reason::ImplicitDeny { missing }, None)
}

fn is_same_account(request: &Request<'_>) -> bool {
    request.resource_account.is_empty() || request.resource_account == request.principal.account()
}

/// S3, PutBucketPolicy: the root user of the bucket's owner can read, replace and delete a bucket policy even if the
/// policy denies it, so that nobody is locked out for good.
fn is_owner_repairing_bucket_policy(request: &Request<'_>, layer: Layer) -> bool {
    const REPAIRS: [&str; 3] = ["s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"];
    layer == Layer::Resource
        && matches!(request.principal, Caller::Root { .. })
        && is_same_account(request)
        && REPAIRS.iter().any(|action| request.action.eq_ignore_ascii_case(action))
}
