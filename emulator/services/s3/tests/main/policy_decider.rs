//! A decider that knows resources' policies and nothing else: roots may do anything at home, everybody else what a bucket says.

use kit::{
    Context, Decision, Need, Principal,
    policy::{self, Caller, Document, DocumentKind, Keys, Named, Policies, Request, ResourceMode},
};

pub struct ByPolicy;

impl kit::Decider for ByPolicy {
    fn decide(&self, cx: &Context, need: &Need, resource_policy: Option<&str>) -> Decision {
        let caller = match cx.principal() {
            Principal::Root { account } => Caller::Root { account: account.to_string() },
            Principal::Service { name, .. } => Caller::Service { name: name.to_string() },
            _ => Caller::Anonymous,
        };
        let mut keys = Keys::new();
        need.keys.iter().for_each(|(name, values)| keys.insert_all(name.to_string(), values.iter().map(String::as_str)));
        let request = Request {
            principal: &caller,
            action: &need.action,
            resource: &need.resource,
            resource_account: need.owner.as_deref().unwrap_or(cx.account()),
            context: &keys,
        };
        let document = resource_policy.map(|text| Document::parse(text, DocumentKind::Resource).unwrap());
        let policies = Policies {
            identity: Vec::new(),
            resource: document.as_ref().map(|document| Named::inline("resource policy", document)),
            boundary: None,
            session: None,
            service_control: Vec::new(),
            mode: ResourceMode::Optional,
        };
        let decision = policy::evaluate(&request, &policies);
        let message = if decision.allowed { String::new() } else { decision.message(&request) };
        Decision { allowed: decision.allowed, message, statement: None }
    }
    fn explain(&self, cx: &Context, need: &Need, policy: Option<&str>) -> String {
        self.decide(cx, need, policy).message
    }
}
