//! What a piece of work may know: who calls, where, when, why. Time, ids and randomness come only from here.

use crate::{Cloud, Decision, Fault, Grant, Ids, Need, Principal, RoleSession, store::Scope};
use std::{
    net::IpAddr,
    sync::{Arc, Mutex},
};
use wire::{Body, Timestamp};

/// One piece of work: a request, a task, an event, or a step of one.
#[derive(Clone)]
pub struct Context {
    cloud: Arc<Cloud>,
    principal: Principal,
    scope: Scope,
    trace: Arc<str>,
    cause: u64,
    ids: Arc<Ids>,
    request_id: Arc<str>,
    via: Option<Arc<str>>,
    source: Arc<Source>,
    body: Arc<Mutex<Option<Body>>>,
    warnings: Arc<Mutex<Vec<String>>>,
    token: Arc<Mutex<Option<crate::Token>>>,
}

/// What the transport knows about a request; condition keys are read from it.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// Address of the peer.
    pub ip: Option<IpAddr>,
    /// User-Agent header.
    pub user_agent: Option<String>,
    /// Referer header.
    pub referer: Option<String>,
    /// Came over TLS.
    pub secure: bool,
    /// `REST-HEADER`, `REST-QUERY-STRING` or `POST`.
    pub auth_type: Option<&'static str>,
    /// Milliseconds between the signature and now, where there is one.
    pub signature_age_ms: Option<i64>,
    /// `AWS4-HMAC-SHA256` or `AWS`.
    pub signature_version: Option<&'static str>,
    /// Access key id that signed.
    pub access_key: Option<String>,
    /// Value of x-amz-request-payer: who asks is ready to pay for it.
    pub request_payer: Option<String>,
    /// Value of x-amz-content-sha256.
    pub content_sha256: Option<String>,
    /// Host header as received, for URLs that lead back here.
    pub host: Option<String>,
    /// X-Amzn-Trace-Id as received, for services that pass it on; at most 500 characters.
    pub trace_header: Option<String>,
    /// The request tells a digest of its body: Content-MD5 or a checksum. Where the body was read by the gateway it was right.
    pub body_digest: bool,
}

impl Context {
    /// The root context of a cause. Gateway and runner make these; services receive them.
    pub fn new(cloud: Arc<Cloud>, principal: Principal, scope: Scope, cause: u64) -> Context {
        let ids = Arc::new(Ids::new(cloud.seed(), cause));
        let request_id: Arc<str> = ids.uuid().into();
        let trace = ids.hex(24);
        Context {
            trace: format!("1-{:08x}-{trace}", cloud.clock().now().secs() as u32).into(),
            cloud,
            principal,
            scope,
            cause,
            ids,
            request_id,
            via: None,
            source: Arc::new(Source::default()),
            body: Arc::new(Mutex::new(None)),
            warnings: Arc::default(),
            token: Arc::default(),
        }
    }

    /// The same work with what the transport knows.
    pub fn with_source(mut self, source: Source) -> Context {
        self.source = Arc::new(source);
        self
    }
    /// The same work with a streamed body.
    pub fn with_body(mut self, body: Body) -> Context {
        self.body = Arc::new(Mutex::new(Some(body)));
        self
    }
    /// The same work under a trace that came from outside (`Root=` of X-Amzn-Trace-Id).
    pub fn with_trace(mut self, trace: impl Into<Arc<str>>) -> Context {
        self.trace = trace.into();
        self
    }

    /// The cloud.
    pub fn cloud(&self) -> &Arc<Cloud> {
        &self.cloud
    }
    /// The store.
    pub fn store(&self) -> &crate::store::Store {
        self.cloud.store()
    }
    /// Who calls.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }
    /// Account and region as the key of stored rows.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }
    /// The account, 12 digits.
    pub fn account(&self) -> &str {
        &self.scope.account
    }
    /// The region.
    pub fn region(&self) -> &str {
        &self.scope.region
    }
    /// Virtual now.
    pub fn now(&self) -> Timestamp {
        self.cloud.clock().now()
    }
    /// Ids and randomness under this cause.
    pub fn ids(&self) -> &Ids {
        &self.ids
    }
    /// Records what was measured in this account and region now (see [`Metrics`](crate::ports::Metrics)).
    pub fn measure(&self, measured: &crate::ports::Measured<'_>) {
        self.cloud.ports().measure(&self.scope, self.now(), measured);
    }
    /// The request id that the caller sees.
    pub fn request_id(&self) -> &str {
        &self.request_id
    }
    /// The trace that this work belongs to (X-Ray form, without `Root=`).
    pub fn trace(&self) -> &Arc<str> {
        &self.trace
    }
    /// The cause of what this work sets going.
    pub fn cause(&self) -> u64 {
        self.cause
    }
    /// What the transport knows.
    pub fn source(&self) -> &Source {
        &self.source
    }
    /// The service on whose way the principal acts (`athena.amazonaws.com`), for aws:ViaAWSService and aws:CalledVia.
    pub fn called_via(&self) -> Option<&str> {
        self.via.as_deref()
    }
    /// Takes the streamed body; empty when there is none or it was taken.
    pub fn take_body(&self) -> Body {
        self.body.lock().expect("no panics while holding it").take().unwrap_or_else(Body::empty)
    }
    /// Tells the caller, once per operation and member, of something accepted without effect; an error under `--strict`.
    pub fn warn(&self, text: impl Into<String>) {
        self.warnings.lock().expect("no panics while holding it").push(text.into());
    }
    /// Gives the context the token of its request, so that a handler can step out of the count while it only waits.
    pub(crate) fn hold(&self, token: Option<crate::Token>) -> Option<crate::Token> {
        std::mem::replace(&mut self.token.lock().expect("no panics while holding it"), token)
    }
    /// Waits for a client or for time without counting as work under way: long polls and idle pollers.
    pub async fn parked<T>(&self, wait: impl Future<Output = T>) -> T {
        let mut token = self.hold(None);
        if let Some(token) = &mut token {
            token.park();
        }
        let result = wait.await;
        if let Some(token) = &mut token {
            token.resume();
        }
        self.hold(token);
        result
    }
    pub(crate) fn warnings(&self) -> Vec<String> {
        std::mem::take(&mut self.warnings.lock().expect("no panics while holding it"))
    }

    /// The same work in the same account, acting as a role's session.
    pub fn as_role(&self, session: Arc<RoleSession>) -> Context {
        let mut next = self.child();
        next.scope = Scope::new(&session.account, self.region());
        next.principal = Principal::Session(session);
        next
    }
    /// A service acting for itself because of a resource (S3 invoking a function because of a bucket).
    pub fn as_service(&self, name: &str, source_arn: &str, source_account: &str) -> Context {
        let mut next = self.child();
        next.principal =
            Principal::Service { name: name.into(), source_arn: Some(source_arn.into()), source_account: Some(source_account.into()) };
        next
    }
    /// A service using the caller's own permissions (Athena reading the objects of a query).
    pub fn via(&self, service: &str) -> Context {
        let mut next = self.clone();
        next.via = Some(service.into());
        next
    }
    /// The same work for another account or region.
    pub fn in_scope(&self, scope: Scope) -> Context {
        let mut next = self.clone();
        next.scope = scope;
        next
    }
    /// The same work as another principal that was authenticated (the gateway only).
    pub fn with_principal(&self, principal: Principal) -> Context {
        let mut next = self.clone();
        next.principal = principal;
        next
    }
    /// A step of this work with ids and request id of its own.
    pub fn child(&self) -> Context {
        let mut next = Context::new(self.cloud.clone(), self.principal.clone(), self.scope.clone(), self.ids.number());
        next.trace = self.trace.clone();
        next.via = self.via.clone();
        next.source = self.source.clone();
        next
    }

    /// Asks the decider; journals the decision.
    pub fn decide(&self, need: &Need) -> Decision {
        let service = self.cloud.service_of(need);
        let completed = service.and_then(|service| service.complete(self, need));
        let need = completed.as_ref().unwrap_or(need);
        let view = service.map(|service| service.resource_view(self, need)).unwrap_or_default();
        let owned = view.owner.map(|owner| need.clone().owned_by(owner));
        let need = owned.as_ref().unwrap_or(need);
        let decision = self.cloud.decider().decide(self, need, view.policy.as_deref());
        self.cloud.journal().decision(self, need, &decision);
        decision
    }
    /// Asks the decider and gives the proof, or the refusal as `AccessDenied` with AWS's sentence.
    pub fn grant(&self, need: &Need) -> Result<Grant, Fault> {
        let decision = self.decide(need);
        match decision.allowed {
            true => Ok(Grant::new(need)),
            false => Err(Fault::new("AccessDenied", 403, decision.message)),
        }
    }
}
