//! Users of a cluster's SCRAM listener: name and password stand in secrets that are associated with the cluster. They are read when somebody
//! signs in, as MSK itself, by the policy and the grant that association gave it: a changed password counts from the next connection on.

use crate::{scram::SERVICE, state::SECRETS};
use broker::auth::{Authority, Peer, Resource};
use kit::{
    BoxFuture, Cloud, Context, Fault, Read, Scope,
    ports::{SecretValue, SecretVersion},
};
use std::sync::{Arc, Weak};

/// Who may sign in to one cluster.
pub(crate) struct Users {
    cloud: Weak<Cloud>,
    scope: Scope,
    cluster_arn: String,
}

impl Users {
    /// Of a cluster in its account and region.
    pub(crate) fn new(cloud: &Arc<Cloud>, scope: Scope, cluster_arn: &str) -> Arc<Users> {
        Arc::new(Users { cloud: Arc::downgrade(cloud), scope, cluster_arn: cluster_arn.to_owned() })
    }

    async fn find(&self, user: &str) -> Option<String> {
        let cloud = self.cloud.upgrade()?;
        let cx = cloud.house_context("kafka").in_scope(self.scope.clone());
        let prefix = (self.cluster_arn.as_str(),);
        let mut rows: Vec<_> =
            cx.store().read(|s| s.scan(&SECRETS, &self.scope).prefix(&prefix).collect::<Result<Vec<_>, Fault>>()).ok()?;
        // A secret may have come to name another user: those whose user it was come first, and the others are looked at too.
        rows.sort_by_key(|(_, row)| row.user != user);
        for ((_, secret), _) in rows {
            match credentials(&cx, &self.cluster_arn, &secret).await {
                Ok((name, password)) if name == user => return Some(password),
                _ => {}
            }
        }
        None
    }
}

impl Authority for Users {
    fn password<'a>(&'a self, user: &'a str) -> BoxFuture<'a, Option<String>> {
        Box::pin(self.find(user))
    }
    fn token(&self, _: &str) -> Result<Peer, String> {
        Err("this listener takes no tokens".into())
    }
    /// Clusters of MSK have no access control lists at first, and then everybody who signed in may do everything
    /// (`allow.everyone.if.no.acl.found`, MSK's default).
    fn allows(&self, _: &Peer, _: &'static str, _: Resource<'_>) -> bool {
        true
    }
}

/// User and password of a secret, read by MSK because of a cluster.
pub(crate) async fn credentials(cx: &Context, cluster_arn: &str, secret_arn: &str) -> Result<(String, String), Fault> {
    let cx = &cx.as_service(SERVICE, cluster_arn, cx.account());
    let secrets = cx.cloud().ports().secrets()?;
    let version = SecretVersion::current(secret_arn);
    let grant = cx.grant(&secrets.need(cx, &version))?;
    let unfit = || Fault::new("InvalidSecretArn", 400, "The provided secret is not JSON with a username and a password.");
    let SecretValue::Text(text) = secrets.value(cx, grant, &version).await? else { return Err(unfit()) };
    let value: serde_json::Value = serde_json::from_str(&text).map_err(|_| unfit())?;
    let member = |name: &str| value[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned).ok_or_else(unfit);
    Ok((member("username")?, member("password")?))
}
