//! Policies of clusters: who may do what with a cluster and the topics, groups and transactions in it, beside those whom IAM allows it.

use crate::{
    Kafka,
    clusters::check::bad,
    model::*,
    state::{self, CLUSTERS, POLICIES, PolicyRow},
};
use kit::{Arn, Context, Fault, Read, Scope};

/// Bytes of a policy; AWS's quota of resource policies.
const LARGEST: usize = 20 << 10;

impl Kafka {
    /// Gives a cluster a policy, in the place of the one that it has.
    pub async fn put_cluster_policy(&self, cx: &Context, input: PutClusterPolicyInput) -> Result<PutClusterPolicyOutput, Fault> {
        let parsed = kit::policy::Document::parse(&input.policy, kit::policy::DocumentKind::Resource);
        if parsed.is_err() || input.policy.len() > LARGEST {
            return Err(bad("policy", "The policy is not a valid resource policy."));
        }
        let arn = input.cluster_arn;
        let row = PolicyRow { text: input.policy, version: format!("K{}", cx.ids().upper(13)) };
        let version = row.version.clone();
        cx.store()
            .write(|tx| {
                state::cluster(tx, cx, &arn)?;
                let scope = state::scope_of(cx, &arn)?;
                let there = tx.get(&POLICIES, &scope, &arn)?.map(|row| row.version);
                if input.current_version.is_some() && input.current_version != there {
                    return Err(bad("currentVersion", "The current version is not that of the policy."));
                }
                tx.put(&POLICIES, &scope, &arn, &row)
            })
            .await?;
        Ok(PutClusterPolicyOutput { current_version: Some(version) })
    }

    /// The policy of a cluster.
    pub async fn get_cluster_policy(&self, cx: &Context, input: GetClusterPolicyInput) -> Result<GetClusterPolicyOutput, Fault> {
        let arn = input.cluster_arn;
        let row = cx.store().read(|s| state::cluster(s, cx, &arn).and_then(|_| s.get(&POLICIES, &state::scope_of(cx, &arn)?, &arn)))?;
        let row = row.ok_or_else(none)?;
        Ok(GetClusterPolicyOutput { current_version: Some(row.version), policy: Some(row.text) })
    }

    /// Takes the policy of a cluster away.
    pub async fn delete_cluster_policy(&self, cx: &Context, input: DeleteClusterPolicyInput) -> Result<DeleteClusterPolicyOutput, Fault> {
        let arn = input.cluster_arn;
        let gone = cx
            .store()
            .write(|tx| state::cluster(tx, cx, &arn).and_then(|_| tx.delete(&POLICIES, &state::scope_of(cx, &arn)?, &arn)))
            .await?;
        gone.map(|_| DeleteClusterPolicyOutput {}).ok_or_else(none)
    }
}

fn none() -> Fault {
    Error::NotFound.says("The cluster has no policy.").with("InvalidParameter", "clusterArn")
}

/// The policy that holds for a cluster, or for what is in it: `arn:aws:kafka:R:A:topic/NAME/UUID/TOPIC` is of the cluster NAME/UUID.
pub(crate) fn of(cx: &Context, resource: &str) -> Option<String> {
    let arn = Arn::parse(resource).filter(|arn| arn.service == "kafka")?;
    let mut parts = arn.resource.split('/').skip(1);
    let (name, uuid) = (parts.next()?, parts.next()?);
    let cluster = format!("arn:aws:kafka:{}:{}:cluster/{name}/{uuid}", arn.region, arn.account);
    let scope = Scope::new(arn.account, arn.region);
    cx.store()
        .read(|s| Ok::<_, Fault>(s.get(&CLUSTERS, &scope, &cluster)?.and(s.get(&POLICIES, &scope, &cluster)?)))
        .ok()?
        .map(|row| row.text)
}
