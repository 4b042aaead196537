//! The Principal and NotPrincipal elements: whom a statement of a resource policy or trust policy is about.

use std::fmt;

use crate::caller::Caller;
use crate::keys::{CANONICAL_USER, Scope};

/// One entry of a Principal element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// `*` or `{"AWS": "*"}`: everybody, anonymous callers too.
    Everyone,
    /// An account, by its 12 digits or as `arn:aws:iam::...:root`.
    Account(String),
    /// ARN of a user, role, role session or federated user.
    Arn(String),
    /// An AWS service, e.g. `lambda.amazonaws.com`.
    Service(String),
    /// An identity provider's domain or ARN.
    Federated(String),
    /// S3's canonical user id, 64 hex digits.
    CanonicalUser(String),
}

/// A Principal or NotPrincipal element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principals {
    pub(crate) negated: bool,
    pub(crate) entries: Vec<Principal>,
}

/// How directly a statement names the caller. AWS treats the three differently: an account only delegates, a role's
/// session is still bounded, a user or session named itself has the permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Naming {
    Not,
    Account,
    Role,
    Direct,
}

impl Principals {
    /// Whether this is NotPrincipal.
    pub fn is_negated(&self) -> bool {
        self.negated
    }

    /// Its entries, in the order in which they are written.
    pub fn entries(&self) -> &[Principal] {
        &self.entries
    }

    pub(crate) fn naming(&self, scope: &Scope<'_>) -> Naming {
        if self.negated {
            return if self.first_unlisted(scope).is_some() { Naming::Direct } else { Naming::Not };
        }
        self.entries.iter().map(|entry| entry.naming(scope)).max().unwrap_or(Naming::Not)
    }

    /// The first of the caller's names that isn't listed. AWS judges the account, the role and the session one after the
    /// other, so a NotPrincipal spares a caller only if it lists all of them.
    fn first_unlisted(&self, scope: &Scope<'_>) -> Option<String> {
        let same = |entry: &Principal, name: &Principal| match (entry, name) {
            (Principal::Everyone, _) => true,
            (Principal::Service(entry), Principal::Service(name)) => is_same_service(entry, name),
            _ => entry == name,
        };
        let listed = |name: &Principal| self.entries.iter().any(|entry| same(entry, name));
        let by_canonical_id = self.entries.iter().any(|e| matches!(e, Principal::CanonicalUser(_)) && e.naming(scope) != Naming::Not);
        let account = |name: &Principal| matches!(name, Principal::Account(_)) && by_canonical_id;
        names(scope.request().principal).into_iter().find(|name| !listed(name) && !account(name)).map(|name| match name {
            Principal::Everyone => "anonymous callers".to_owned(),
            name => name.to_string(),
        })
    }

    pub(crate) fn describe(&self, scope: &Scope<'_>) -> String {
        let list: Vec<String> = self.entries.iter().map(ToString::to_string).collect();
        let list = list.join(", ");
        let caller = scope.request().principal.arn();
        if !self.negated {
            let verb = if self.naming(scope) == Naming::Not { "is not in" } else { "is in" };
            return format!("{caller} {verb} Principal [{list}]");
        }
        match self.first_unlisted(scope) {
            Some(name) => format!("{caller}: NotPrincipal [{list}] doesn't list {name}"),
            None => format!("{caller}: NotPrincipal [{list}] lists every name of the caller"),
        }
    }
}

/// All names under which AWS judges a caller.
fn names(caller: &Caller) -> Vec<Principal> {
    match caller {
        Caller::Root { account } => vec![Principal::Account(account.clone())],
        Caller::User { arn, account, .. } => vec![Principal::Arn(arn.clone()), Principal::Account(account.clone())],
        Caller::Session { arn, role_arn, account, .. } => {
            vec![Principal::Arn(arn.clone()), Principal::Arn(role_arn.clone()), Principal::Account(account.clone())]
        }
        Caller::Federated { provider } => vec![Principal::Federated(provider.clone())],
        Caller::Service { name } => vec![Principal::Service(name.clone())],
        Caller::Anonymous => vec![Principal::Everyone],
    }
}

impl Principal {
    fn naming(&self, scope: &Scope<'_>) -> Naming {
        let found = |yes: bool, naming: Naming| if yes { naming } else { Naming::Not };
        match (self, scope.request().principal) {
            (Self::Everyone, _) => Naming::Direct,
            (Self::Account(account), Caller::Root { account: own }) => found(account == own, Naming::Direct),
            (Self::Account(account), caller) => found(!account.is_empty() && account == caller.account(), Naming::Account),
            (Self::Arn(arn), Caller::User { arn: own, .. }) => found(arn == own, Naming::Direct),
            (Self::Arn(arn), Caller::Session { arn: own, role_arn, .. }) => {
                found(arn == own, Naming::Direct).max(found(arn == role_arn, Naming::Role))
            }
            (Self::Service(service), Caller::Service { name }) => found(is_same_service(service, name), Naming::Direct),
            (Self::Federated(provider), Caller::Federated { provider: own }) => found(provider == own, Naming::Direct),
            (Self::Federated(provider), Caller::Session { federated: Some(own), .. }) => found(provider == own, Naming::Direct),
            (Self::CanonicalUser(id), _) => {
                let own = scope.request().context.get(CANONICAL_USER);
                found(own.is_some_and(|ids| ids.iter().any(|own| own == id)), Naming::Account)
            }
            _ => Naming::Not,
        }
    }
}

/// `states.us-east-1.amazonaws.com` and `states.amazonaws.com` are the same service.
fn is_same_service(left: &str, right: &str) -> bool {
    left == right || (without_region(left) == without_region(right) && without_region(left).is_some())
}

/// The part before the region and the part after it.
fn without_region(name: &str) -> Option<(&str, &str)> {
    let (service, rest) = name.split_once('.')?;
    if rest.starts_with("amazonaws.com") {
        return Some((service, rest));
    }
    let (region, domain) = rest.split_once('.')?;
    // A region has two dashes: us-east-1.
    (region.matches('-').count() == 2 && domain.starts_with("amazonaws.com")).then_some((service, domain))
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everyone => f.write_str("*"),
            Self::Account(account) => write!(f, "arn:aws:iam::{account}:root"),
            Self::Arn(name) | Self::Service(name) | Self::Federated(name) | Self::CanonicalUser(name) => f.write_str(name),
        }
    }
}
