//! The decider: gathers the policies of who calls, hands them to the evaluator, and keeps what it gathered until IAM changes.

use crate::state::{ENTITIES, Entity, EntityKind, key};
use kit::{
    Context, Decider, Decision, Need, Principal, Read, ResourceSide, Scope,
    policy::{self, Caller, Document, DocumentKind, Keys, Named, Policies, Request, ResourceMode},
    time,
};
use parking_lot::RwLock;
use std::{collections::HashMap, sync::Arc};

/// Entries kept of each kind; a flood of session names must not fill the memory.
const KEPT: usize = 4096;

/// Decides by the policies in the store.
#[derive(Default)]
pub(crate) struct PolicyDecider {
    gathered: RwLock<HashMap<String, Arc<Gathered>>>,
    documents: RwLock<HashMap<(u8, String), Option<Arc<Document>>>>,
}

/// The policies of one user or role.
#[derive(Default)]
struct Gathered {
    identity: Vec<Held>,
    boundary: Option<Held>,
    tags: Vec<(String, String)>,
}

struct Held {
    label: String,
    managed: bool,
    document: Arc<Document>,
}

impl Held {
    fn named(&self) -> Named<'_> {
        match self.managed {
            true => Named::managed(&self.label, &self.document),
            false => Named::inline(&self.label, &self.document),
        }
    }
}

impl PolicyDecider {
    /// Forgets what was gathered: IAM has changed.
    pub(crate) fn forget(&self) {
        self.gathered.write().clear();
    }

    fn judge(&self, cx: &Context, need: &Need, resource_policy: Option<&str>, traced: bool) -> (policy::Decision, String) {
        let caller = caller(cx.principal());
        let gathered = self.gather(cx);
        let keys = keys(cx, need, &gathered);
        let owner = need.owner.as_deref().unwrap_or(cx.account());
        let request =
            Request { principal: &caller, action: &need.action, resource: &need.resource, resource_account: owner, context: &keys };
        // Trust policies speak of all of these: none has a Resource.
        let trust = need.action.starts_with("sts:");
        let kind = if trust { DocumentKind::Trust } else { DocumentKind::Resource };
        let resource = resource_policy.and_then(|text| self.document(text, kind));
        let sessions: Vec<Arc<Document>> = match cx.principal() {
            Principal::Session(s) => s.session_policies.iter().filter_map(|text| self.document(text, DocumentKind::Identity)).collect(),
            _ => Vec::new(),
        };
        let policies = Policies {
            identity: gathered.identity.iter().map(Held::named).collect(),
            resource: resource.as_deref().map(|document| Named::inline(if trust { "trust policy" } else { "resource policy" }, document)),
            boundary: gathered.boundary.as_ref().map(Held::named),
            session: (!sessions.is_empty()).then(|| sessions.iter().map(|d| Named::inline("session policy", d)).collect()),
            service_control: Vec::new(),
            mode: if need.side == ResourceSide::Required { ResourceMode::Required } else { ResourceMode::Optional },
        };
        let decision = if traced { policy::evaluate_traced(&request, &policies) } else { policy::evaluate(&request, &policies) };
        let message = if decision.allowed { String::new() } else { decision.message(&request) };
        (decision, message)
    }

    fn gather(&self, cx: &Context) -> Arc<Gathered> {
        let (kind, account, name) = match cx.principal() {
            Principal::User(user) => (EntityKind::User, &user.account, &user.name),
            Principal::Session(session) => (EntityKind::Role, &session.account, &session.role_name),
            _ => return Arc::default(),
        };
        let id = format!("{account}/{}/{name}", kind.noun());
        if let Some(known) = self.gathered.read().get(&id) {
            return known.clone();
        }
        let scope = Scope::new(account, "");
        let gathered = Arc::new(cx.store().read(|s| {
            let entity = s.get(&ENTITIES, &scope, &key(kind, name)).ok().flatten();
            let Some(entity) = entity else { return Gathered::default() };
            let mut gathered = self.gather_entity(s, &scope, &entity);
            // Of groups only the policies count; they have neither tags nor boundaries.
            for group in &entity.groups {
                let group = s.get(&ENTITIES, &scope, &key(EntityKind::Group, group)).ok().flatten();
                gathered.identity.extend(group.into_iter().flat_map(|group| self.gather_entity(s, &scope, &group).identity));
            }
            gathered
        }));
        let mut all = self.gathered.write();
        if all.len() >= KEPT {
            all.clear();
        }
        all.insert(id, gathered.clone());
        gathered
    }

    fn gather_entity(&self, store: &impl Read, scope: &Scope, entity: &Entity) -> Gathered {
        let managed = |arn: &String| {
            let text = crate::managed_policies::text(store, scope, arn)?;
            Some(Held { label: arn.clone(), managed: true, document: self.document(&text, DocumentKind::Identity)? })
        };
        let inline = |(name, text): (&String, &String)| {
            Some(Held { label: name.clone(), managed: false, document: self.document(text, DocumentKind::Identity)? })
        };
        let identity = entity.inline.iter().filter_map(inline).chain(entity.attached.iter().filter_map(managed)).collect();
        // A boundary that can't be found bounds everything: an unset document allows nothing.
        let boundary = entity
            .boundary
            .as_ref()
            .map(|arn| managed(arn).unwrap_or_else(|| Held { label: arn.clone(), managed: true, document: nothing() }));
        Gathered { identity, boundary, tags: entity.tags.clone().into_iter().collect() }
    }

    fn document(&self, text: &str, kind: DocumentKind) -> Option<Arc<Document>> {
        let id = (kind as u8, text.to_owned());
        if let Some(known) = self.documents.read().get(&id) {
            return known.clone();
        }
        let rules = policy::Rules::of(kind).with_max_bytes(64 << 10);
        let parsed = Document::parse_with(text, kind, &rules).ok().map(Arc::new);
        let mut all = self.documents.write();
        if all.len() >= KEPT {
            all.clear();
        }
        all.insert(id, parsed.clone());
        parsed
    }
}

impl Decider for PolicyDecider {
    fn decide(&self, cx: &Context, need: &Need, resource_policy: Option<&str>) -> Decision {
        // A root without a policy against it: nothing to gather, nothing to read.
        if let (Principal::Root { account }, None) = (cx.principal(), resource_policy)
            && need.owner.as_deref().unwrap_or(cx.account()) == &**account
            && need.side == ResourceSide::Optional
        {
            return Decision { allowed: true, message: String::new(), statement: None };
        }
        let (decision, message) = self.judge(cx, need, resource_policy, false);
        let statement = decision.deciding.map(|d| match d.sid {
            Some(sid) => format!("{}#{sid}", d.policy).into(),
            None => format!("{}#{}", d.policy, d.index).into(),
        });
        Decision { allowed: decision.allowed, message, statement }
    }

    fn explain(&self, cx: &Context, need: &Need, resource_policy: Option<&str>) -> String {
        self.judge(cx, need, resource_policy, true).0.explain()
    }
}

fn nothing() -> Arc<Document> {
    const NOTHING: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#;
    Arc::new(Document::parse(NOTHING, DocumentKind::Identity).expect("a valid document"))
}

fn caller(principal: &Principal) -> Caller {
    match principal {
        Principal::Root { account } => Caller::Root { account: account.to_string() },
        Principal::User(user) => {
            Caller::User { arn: principal.arn(), account: user.account.to_string(), user_id: user.user_id.clone(), name: user.name.clone() }
        }
        Principal::Session(s) => Caller::Session {
            arn: principal.arn(),
            role_arn: format!("arn:aws:iam::{}:role{}{}", s.account, s.role_path, s.role_name),
            account: s.account.to_string(),
            role_id: s.role_id.clone(),
            session_name: s.session_name.clone(),
            federated: s.federated.as_ref().map(|f| f.provider.clone()),
        },
        Principal::Service { name, .. } => Caller::Service { name: name.to_string() },
        Principal::Federated { provider } => Caller::Federated { provider: provider.to_string() },
        Principal::Anonymous => Caller::Anonymous,
    }
}

/// The global condition keys of the request, and the operation's own.
fn keys(cx: &Context, need: &Need, gathered: &Gathered) -> Keys {
    let mut keys = Keys::new();
    let now = cx.now();
    keys.insert("aws:CurrentTime", time::iso_secs(now));
    keys.insert("aws:EpochTime", now.secs().to_string());
    keys.insert("aws:RequestedRegion", cx.region());
    let source = cx.source();
    keys.insert("aws:SecureTransport", source.secure.to_string());
    for (name, value) in [("aws:UserAgent", &source.user_agent), ("aws:Referer", &source.referer)] {
        if let Some(value) = value {
            keys.insert(name, value.as_str());
        }
    }
    match cx.called_via() {
        Some(via) => {
            keys.insert("aws:ViaAWSService", "true");
            keys.insert_all("aws:CalledVia", [via]);
            keys.insert("aws:CalledViaFirst", via);
            keys.insert("aws:CalledViaLast", via);
        }
        None => {
            keys.insert("aws:ViaAWSService", "false");
            if let Some(ip) = source.ip {
                keys.insert("aws:SourceIp", ip.to_string());
            }
        }
    }
    if need.action.starts_with("s3:") {
        s3_keys(cx, &mut keys);
    }
    match cx.principal() {
        Principal::Service { source_arn, source_account, .. } => {
            if let Some(arn) = source_arn {
                keys.insert("aws:SourceArn", arn.to_string());
            }
            if let Some(account) = source_account {
                keys.insert("aws:SourceAccount", account.to_string());
            }
        }
        Principal::Session(session) => {
            session.tags.iter().for_each(|(k, v)| keys.insert(format!("aws:PrincipalTag/{k}"), v.as_str()));
            for (name, values) in session.federated.iter().flat_map(|f| &f.keys) {
                keys.insert_all(name.as_str(), values.iter().map(String::as_str));
            }
        }
        _ => {}
    }
    for (k, v) in &gathered.tags {
        if keys.get(&format!("aws:PrincipalTag/{k}")).is_none() {
            keys.insert(format!("aws:PrincipalTag/{k}"), v.as_str());
        }
    }
    for (name, values) in &need.keys {
        keys.insert_all(name.to_string(), values.iter().map(String::as_str));
    }
    keys
}

fn s3_keys(cx: &Context, keys: &mut Keys) {
    let source = cx.source();
    if let Some(auth_type) = source.auth_type {
        keys.insert("s3:authType", auth_type);
    }
    if let Some(version) = source.signature_version {
        keys.insert("s3:signatureversion", version);
    }
    if let Some(age) = source.signature_age_ms {
        keys.insert("s3:signatureAge", age.to_string());
    }
    if let Some(sha) = &source.content_sha256 {
        keys.insert("s3:x-amz-content-sha256", sha.as_str());
    }
}
