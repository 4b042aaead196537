//! The gate of a cluster's IAM listener: tokens stand for access keys, and IAM decides about each action by the cluster's ARNs.

use crate::{state::inside, token};
use broker::auth::{Authority, Peer, Resource};
use kit::{BoxFuture, Cloud, Context, Need, Principal, Scope};
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    sync::{Arc, Weak},
};

/// What was allowed is not asked again for so long, real milliseconds: a consumer asks several times a second.
const REMEMBERED_MS: i64 = 1_000;
/// Most of them.
const REMEMBERED_MAX: usize = 10_000;

/// The gate of one cluster.
pub(crate) struct Gate {
    cloud: Weak<Cloud>,
    scope: Scope,
    cluster_arn: String,
    /// Key id, action and resource that were allowed, and when.
    allowed: Mutex<HashMap<(Arc<str>, &'static str, String), i64>>,
}

impl Gate {
    /// Of a cluster in its account and region.
    pub(crate) fn new(cloud: &Arc<Cloud>, scope: Scope, cluster_arn: &str) -> Arc<Gate> {
        Arc::new(Gate { cloud: Arc::downgrade(cloud), scope, cluster_arn: cluster_arn.to_owned(), allowed: Mutex::default() })
    }

    fn decide(&self, cloud: &Arc<Cloud>, principal: Principal, action: &str, resource: &str) -> bool {
        let cx = Context::new(cloud.clone(), principal, self.scope.clone(), cloud.next_cause("kafka"));
        cx.decide(&Need::on(format!("kafka-cluster:{action}"), resource)).allowed
    }

    fn arn(&self, resource: Resource<'_>) -> String {
        match resource {
            Resource::Cluster => self.cluster_arn.clone(),
            Resource::Topic(name) => inside(&self.cluster_arn, "topic", name),
            Resource::Group(name) => inside(&self.cluster_arn, "group", name),
            Resource::TransactionalId(id) => inside(&self.cluster_arn, "transactional-id", id),
        }
    }
}

impl Authority for Gate {
    fn password<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Option<String>> {
        Box::pin(async { None })
    }

    fn token(&self, token: &str) -> Result<Peer, String> {
        let cloud = self.cloud.upgrade().ok_or("the cloud has stopped")?;
        let shown = token::verify(&cloud, token)?;
        let principal = shown.key.principal;
        let name = match &principal {
            Principal::Root { account } => format!("arn:aws:iam::{account}:root"),
            Principal::User(user) => format!("arn:aws:iam::{}:user{}{}", user.account, user.path, user.name),
            Principal::Session(session) => {
                format!("arn:aws:sts::{}:assumed-role/{}/{}", session.account, session.role_name, session.session_name)
            }
            Principal::Service { .. } | Principal::Federated { .. } | Principal::Anonymous => return Err("Access denied".into()),
        };
        if !self.decide(&cloud, principal, "Connect", &self.cluster_arn) {
            return Err(format!("[{}]: Access denied", shown.access_key_id));
        }
        let until = cloud.clock().virtual_of_real(shown.until).millis();
        Ok(Peer { name: name.into(), handle: Some(shown.access_key_id.into()), until_ms: Some(until) })
    }

    fn allows(&self, peer: &Peer, action: &'static str, resource: Resource<'_>) -> bool {
        let (Some(cloud), Some(handle)) = (self.cloud.upgrade(), &peer.handle) else { return false };
        let now = cloud.clock().real_now().millis();
        let asked = (handle.clone(), action, self.arn(resource));
        if self.allowed.lock().get(&asked).is_some_and(|at| now - at < REMEMBERED_MS) {
            return true;
        }
        // The key is looked up again: it may have been taken away since.
        let Some(key) = cloud.access_key(handle).filter(|key| key.active) else { return false };
        let allowed = self.decide(&cloud, key.principal, action, &asked.2);
        let mut remembered = self.allowed.lock();
        if remembered.len() >= REMEMBERED_MAX {
            remembered.retain(|_, at| now - *at < REMEMBERED_MS);
        }
        if allowed && remembered.len() < REMEMBERED_MAX {
            remembered.insert(asked, now);
        }
        allowed
    }
}
