//! AWS STS: temporary credentials for roles, and who is calling.
//!
//! Roles are asked of the Roles port; trust policies are judged by the decider like any resource policy. Ids begin with LSIA, so that
//! they can't be mistaken for real ones.

mod assume_role;
mod caller_identity;
mod model;
mod session_policies;
mod session_token;
mod sessions;
mod web_identity;

use kit::{BoxFuture, Context, Fault, Ports, Service, store::TaskRow};
use std::sync::Arc;

/// The STS service of a cloud.
#[derive(Default)]
pub struct Sts;

impl Sts {
    /// A fresh service.
    pub fn new() -> Sts {
        Sts
    }
}

kit::service! {
    /// AWS Security Token Service.
    Sts, model = "sts", invalid_input = "ValidationError";
    // assume_role.rs
    AssumeRole => assume_role,
    // caller_identity.rs
    GetCallerIdentity => get_caller_identity,
    GetAccessKeyInfo => get_access_key_info,
    // session_token.rs
    GetSessionToken => get_session_token,
    // web_identity.rs
    AssumeRoleWithWebIdentity => assume_role_with_web_identity,
}

impl Service for Sts {
    fn offer(self: Arc<Self>, ports: &Ports) {
        ports.offer_sessions(self.clone());
        ports.offer_access_keys(self);
    }
    fn task<'a>(&'a self, cx: &'a Context, task: TaskRow) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(sessions::forget(cx, task))
    }
    fn resource_policy(&self, cx: &Context, resource: &str) -> Option<String> {
        cx.cloud().ports().roles().ok()?.role(cx, resource).map(|role| role.trust_policy)
    }
}
