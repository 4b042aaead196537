//! What an operation needs to be allowed, who decides, and the proof that it was.

use crate::Context;
use std::{borrow::Cow, sync::Arc};
use wire::Fault;

/// What IAM is asked before a handler runs.
pub enum Access {
    /// Nobody is asked: AWS lets everyone call it (sign-in operations, GetCallerIdentity).
    Public,
    /// Every one of these must be allowed.
    Needs(Vec<Need>),
}

/// One action on one resource.
#[derive(Clone, Debug)]
pub struct Need {
    /// `s3:GetObject`
    pub action: Cow<'static, str>,
    /// ARN, or `*` where the action has no resource.
    pub resource: String,
    /// Account that owns the resource; the context's account unless set.
    pub owner: Option<String>,
    /// Condition keys of the request beside the global ones.
    pub keys: Vec<(Cow<'static, str>, Vec<String>)>,
    /// How the resource's own policy takes part.
    pub side: ResourceSide,
}

/// How a resource's own policy takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResourceSide {
    /// It is asked of the service of the action; either side may allow within one account.
    Optional,
    /// Without its consent nothing is allowed (role trust policies, KMS keys).
    Required,
}

impl Access {
    /// One action on one resource.
    pub fn on(action: impl Into<Cow<'static, str>>, resource: impl Into<String>) -> Access {
        Access::Needs(vec![Need::on(action, resource)])
    }
    /// One action that has no resource.
    pub fn any(action: impl Into<Cow<'static, str>>) -> Access {
        Access::on(action, "*")
    }
    /// One more need.
    pub fn and(self, need: Need) -> Access {
        match self {
            Access::Public => Access::Needs(vec![need]),
            Access::Needs(mut needs) => {
                needs.push(need);
                Access::Needs(needs)
            }
        }
    }
    /// A condition key for every need so far.
    pub fn key(mut self, name: &'static str, value: impl Into<String>) -> Access {
        let value = value.into();
        if let Access::Needs(needs) = &mut self {
            needs.iter_mut().for_each(|n| n.keys.push((name.into(), vec![value.clone()])));
        }
        self
    }
}

impl From<Need> for Access {
    fn from(need: Need) -> Access {
        Access::Needs(vec![need])
    }
}

impl Need {
    /// One action on one resource.
    pub fn on(action: impl Into<Cow<'static, str>>, resource: impl Into<String>) -> Need {
        Need { action: action.into(), resource: resource.into(), owner: None, keys: Vec::new(), side: ResourceSide::Optional }
    }
    /// With a condition key.
    pub fn key(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Need {
        self.keys.push((name.into(), vec![value.into()]));
        self
    }
    /// With a condition key of several values.
    pub fn keys(mut self, name: impl Into<Cow<'static, str>>, values: Vec<String>) -> Need {
        self.keys.push((name.into(), values));
        self
    }
    /// Owned by another account than the context's.
    pub fn owned_by(mut self, account: impl Into<String>) -> Need {
        self.owner = Some(account.into());
        self
    }
    /// Nothing is allowed without the resource policy's consent.
    pub fn required(mut self) -> Need {
        self.side = ResourceSide::Required;
        self
    }
}

/// What an input needs to be allowed; implemented beside each handler, so that an operation without a mapping does not compile.
pub trait Authorize<S> {
    /// Actions and resources of this request.
    fn access(&self, service: &S, cx: &Context) -> Access;
}

/// The answer of the decider.
#[derive(Clone, Debug)]
pub struct Decision {
    /// Whether it may happen.
    pub allowed: bool,
    /// AWS's sentence for a refusal; empty when allowed.
    pub message: String,
    /// The statement that decided, as `policy#sid`; for the journal.
    pub statement: Option<Arc<str>>,
}

/// Who decides: the iam service. Without it only roots may act.
pub trait Decider: Send + Sync {
    /// Decides one need for the context's principal. `resource_policy` is the JSON of the resource's own policy.
    fn decide(&self, cx: &Context, need: &Need, resource_policy: Option<&str>) -> Decision;
    /// The same decision with every statement considered, for people.
    fn explain(&self, cx: &Context, need: &Need, resource_policy: Option<&str>) -> String;
}

/// Decides where no iam service is part of the build: roots and services may, others may not.
pub struct RootsOnly;

impl Decider for RootsOnly {
    fn decide(&self, cx: &Context, need: &Need, _: Option<&str>) -> Decision {
        let allowed = matches!(cx.principal(), crate::Principal::Root { .. } | crate::Principal::Service { .. });
        let message = match allowed {
            true => String::new(),
            // AWS tells strangers no more than that.
            false if matches!(cx.principal(), crate::Principal::Anonymous) => "Access Denied".to_owned(),
            false => format!(
                "User: {} is not authorized to perform: {} on resource: {} because the iam service is not part of this build",
                cx.principal().arn(),
                need.action,
                need.resource
            ),
        };
        Decision { allowed, message, statement: None }
    }
    fn explain(&self, cx: &Context, need: &Need, policy: Option<&str>) -> String {
        self.decide(cx, need, policy).message
    }
}

/// The proof that a need was allowed. Ports ask for one; only [`Context::grant`] makes it.
#[derive(Debug)]
pub struct Grant {
    action: Cow<'static, str>,
    resource: String,
}

impl Grant {
    pub(crate) fn new(need: &Need) -> Grant {
        Grant { action: need.action.clone(), resource: need.resource.clone() }
    }
    /// The action that was allowed.
    pub fn action(&self) -> &str {
        &self.action
    }
    /// The resource it was allowed on.
    pub fn resource(&self) -> &str {
        &self.resource
    }
    /// Refuses to be used for something else: a grant for one object must not open another.
    pub fn covers(&self, action: &str, resource: &str) -> Result<(), Fault> {
        match self.action == action && self.resource == resource {
            true => Ok(()),
            false => Err(Fault::internal(format!("a grant for {} on {} was used for {action} on {resource}", self.action, self.resource))),
        }
    }
}
