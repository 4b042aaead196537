//! A cloud: one clock, store, journal, work counter, fault rules and seed, and the services that live in it.

mod advance;
mod dispatch;
mod due;
mod runner;

pub use advance::{AdvanceOptions, Advanced, NotQuiet, Settle};
pub use dispatch::{Call, DROP_CONNECTION};
pub use runner::caught;

use crate::{
    Clock, ClockMode, Context, Decider, Fault, Faults, Journal, Need, Principal, Service, Work,
    access::RootsOnly,
    ports::{AccessKey, Ports},
    store::{Scope, Store},
};
use parking_lot::{Mutex, RwLock};
use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};
use wire::Timestamp;

/// The account whose root is `test`/`test`.
pub const DEFAULT_ACCOUNT: &str = "000000000000";
/// The region of requests that name none.
pub const DEFAULT_REGION: &str = "us-east-1";

/// The unit of isolation.
pub struct Cloud {
    seed: u64,
    strict: bool,
    clock: Clock,
    store: Store,
    journal: Journal,
    work: Work,
    faults: Faults,
    ports: Ports,
    services: Vec<Arc<dyn Service>>,
    by_name: HashMap<&'static str, usize>,
    decider: RwLock<Arc<dyn Decider>>,
    endpoint: RwLock<String>,
    causes: Mutex<HashMap<String, u64>>,
    warned: Mutex<HashSet<String>>,
    advancing: tokio::sync::Mutex<()>,
    stopped: AtomicBool,
    drawn: AtomicU64,
}

/// What a cloud is made of.
pub struct CloudBuilder {
    seed: u64,
    strict: bool,
    start: Option<Timestamp>,
    mode: ClockMode,
    store: Store,
    journal_bytes: usize,
    endpoint: String,
    services: Vec<Arc<dyn Service>>,
}

impl Default for CloudBuilder {
    fn default() -> Self {
        CloudBuilder {
            seed: 0,
            strict: false,
            start: None,
            mode: ClockMode::Running,
            store: Store::memory(),
            journal_bytes: 1 << 20,
            endpoint: String::new(),
            services: Vec::new(),
        }
    }
}

impl CloudBuilder {
    /// The seed of ids and randomness.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }
    /// Refuses members and operations that have no effect instead of warning.
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }
    /// Virtual time at the start; real time when absent.
    pub fn start_at(mut self, at: Timestamp) -> Self {
        self.start = Some(at);
        self
    }
    /// How virtual time runs.
    pub fn mode(mut self, mode: ClockMode) -> Self {
        self.mode = mode;
        self
    }
    /// Where state lives.
    pub fn store(mut self, store: Store) -> Self {
        self.store = store;
        self
    }
    /// Room for the journal.
    pub fn journal_bytes(mut self, bytes: usize) -> Self {
        self.journal_bytes = bytes;
        self
    }
    /// Adds a service.
    pub fn service(mut self, service: Arc<dyn Service>) -> Self {
        self.services.push(service);
        self
    }
    /// The base URL under which the cloud will be reached; functions that start at once are told it.
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoint = url.into();
        self
    }
    /// Starts the cloud: services offer their ports and start, then the runner of due tasks begins.
    pub async fn start(self) -> Result<Arc<Cloud>, Fault> {
        let by_name = self.services.iter().enumerate().map(|(i, s)| (s.schema().name, i)).collect();
        let cloud = Arc::new(Cloud {
            seed: self.seed,
            strict: self.strict,
            clock: Clock::new(self.start, self.mode),
            store: self.store,
            journal: Journal::new(self.journal_bytes),
            work: Work::default(),
            faults: Faults::default(),
            ports: Ports::default(),
            services: self.services,
            by_name,
            decider: RwLock::new(Arc::new(RootsOnly)),
            endpoint: RwLock::new(self.endpoint),
            causes: Mutex::default(),
            warned: Mutex::default(),
            advancing: tokio::sync::Mutex::default(),
            stopped: AtomicBool::new(false),
            drawn: AtomicU64::new(0),
        });
        for service in &cloud.services {
            service.clone().offer(&cloud.ports);
        }
        let cx = cloud.house_context("start");
        for service in &cloud.services {
            service.start(&cx).await?;
        }
        runner::spawn(&cloud);
        Ok(cloud)
    }
}

impl Cloud {
    /// A builder with a memory store, seed 0 and the clock at real time.
    pub fn builder() -> CloudBuilder {
        CloudBuilder::default()
    }
    /// The seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }
    /// Whether what has no effect is refused.
    pub fn strict(&self) -> bool {
        self.strict
    }
    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }
    /// All state.
    pub fn store(&self) -> &Store {
        &self.store
    }
    /// What happened.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }
    /// What is under way.
    pub fn work(&self) -> &Work {
        &self.work
    }
    /// Faults on purpose.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }
    /// The ports.
    pub fn ports(&self) -> &Ports {
        &self.ports
    }
    /// All services.
    pub fn services(&self) -> &[Arc<dyn Service>] {
        &self.services
    }
    /// A service by AWS's name (`cognito-idp`).
    pub fn service(&self, name: &str) -> Option<&Arc<dyn Service>> {
        self.by_name.get(name).map(|i| &self.services[*i])
    }
    /// Who decides.
    pub fn decider(&self) -> Arc<dyn Decider> {
        self.decider.read().clone()
    }
    /// Puts a decider in (the iam service, when it starts).
    pub fn set_decider(&self, decider: Arc<dyn Decider>) {
        *self.decider.write() = decider;
    }
    /// Base URL under which this cloud listens (`http://127.0.0.1:4566`), empty when it does not.
    pub fn endpoint(&self) -> String {
        self.endpoint.read().clone()
    }
    /// Told by the gateway once it listens.
    pub fn set_endpoint(&self, url: impl Into<String>) {
        *self.endpoint.write() = url.into();
    }

    /// A context for work of the house itself, as root of the default account.
    pub fn house_context(self: &Arc<Self>, why: &str) -> Context {
        let scope = Scope::new(DEFAULT_ACCOUNT, DEFAULT_REGION);
        let principal = Principal::Root { account: DEFAULT_ACCOUNT.into() };
        Context::new(self.clone(), principal, scope, self.next_cause(why))
    }
    /// The cause of something that comes from outside: its kind and how many of the kind came before.
    pub fn next_cause(&self, kind: &str) -> u64 {
        let mut causes = self.causes.lock();
        let n = match causes.get_mut(kind) {
            Some(n) => {
                *n += 1;
                *n
            }
            None => {
                causes.insert(kind.to_owned(), 0);
                0
            }
        };
        let hash = crate::ids::fnv1a(crate::ids::FNV_BASIS, kind.bytes());
        hash.rotate_left(17) ^ n.wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
    /// A number in [0, 1) from the seed; for fault rules.
    pub fn chance(&self) -> f64 {
        let n = self.drawn.fetch_add(1, Ordering::Relaxed);
        let number = crate::Ids::new(self.seed, n ^ 0x5bd1_e995).number();
        (number >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Finds what signs with an access key id: roots by convention, the rest through the ports.
    pub fn access_key(&self, id: &str) -> Option<AccessKey> {
        let root = |account: &str| AccessKey {
            secret: "test".into(),
            session_token: None,
            principal: Principal::Root { account: account.into() },
            expires: None,
            active: true,
        };
        match id {
            "test" => Some(root(DEFAULT_ACCOUNT)),
            id if id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit()) => Some(root(id)),
            id => self.ports.find_access_key(self, id),
        }
    }

    /// The service of the action that a need is about: it knows the resource and its policy.
    pub(crate) fn service_of(&self, need: &Need) -> Option<&Arc<dyn Service>> {
        let (prefix, _) = need.action.split_once(':')?;
        let named = |s: &&Arc<dyn Service>| s.schema().signing_name == prefix || s.schema().name == prefix;
        self.services.iter().find(named).or_else(|| self.services.iter().find(|s| s.action_prefixes().contains(&prefix)))
    }

    /// Tells of something accepted without effect, once per text; a fault under `--strict`.
    pub(crate) fn warn_once(&self, cx: &Context, service: &str, operation: &str, text: &str) -> Result<(), Fault> {
        if self.strict {
            return Err(Fault::new("NotImplemented", 501, format!("{service}:{operation}: {text} (refused because of --strict)")));
        }
        if self.warned.lock().insert(format!("{service}:{operation}: {text}")) {
            self.journal.write(cx, crate::RecordKind::House, service, operation, "", "warning", serde_json::json!({ "warning": text }));
        }
        Ok(())
    }

    /// Ends child processes and the runner.
    pub async fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        self.work.nudge();
        for service in &self.services {
            service.stop().await;
        }
    }
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }
}
