//! What is kept of clusters and configurations, and the ARNs by which they go.

use crate::model::*;
use kit::{Arn, Context, Fault, Read, Scope, Table, TableScope, Timestamp};
use serde::{Deserialize, Serialize};

/// A cluster, by ARN.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ClusterRow {
    /// As DescribeClusterV2 tells it, in JSON by the model's names.
    pub told: serde_json::Value,
    /// Its listeners: kind and port of the last run, which is tried first in the next.
    pub listeners: Vec<(ListenerKind, u16)>,
}

/// How a listener of a cluster talks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ListenerKind {
    /// Plaintext, nobody is asked.
    Plaintext,
    /// TLS, nobody is asked.
    Tls,
    /// TLS, and IAM decides.
    Iam,
    /// TLS, users and passwords of secrets.
    Scram,
}

/// A secret of users that a cluster knows, by the cluster's ARN and its own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ScramRow {
    /// The user, as the secret had it when it was associated.
    pub user: String,
    /// ARN of the key that it lies under, and the id of the grant by which this service may use the key.
    pub key: (String, String),
}

/// The policy of a cluster, by the cluster's ARN.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PolicyRow {
    /// JSON.
    pub text: String,
    /// `K...`
    pub version: String,
}

/// A configuration, by ARN.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ConfigurationRow {
    /// Name.
    pub name: String,
    /// When it was made.
    pub created: Timestamp,
    /// What the first request said of it.
    pub description: String,
    /// Versions of Kafka that it is for.
    pub kafka_versions: Vec<String>,
    /// Revisions, from 1.
    pub revisions: Vec<Revision>,
}

/// A revision of a configuration.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Revision {
    /// When it was made.
    pub created: Timestamp,
    /// What the request said of it.
    pub description: Option<String>,
    /// `server.properties`
    pub properties: Vec<u8>,
}

pub(crate) const CLUSTERS: Table<String, ClusterRow> = Table::new("kafka.clusters", TableScope::Region);
pub(crate) const SECRETS: Table<(String, String), ScramRow> = Table::new("kafka.secrets", TableScope::Region);
pub(crate) const POLICIES: Table<String, PolicyRow> = Table::new("kafka.policies", TableScope::Region);
pub(crate) const CONFIGURATIONS: Table<String, ConfigurationRow> = Table::new("kafka.configurations", TableScope::Region);

/// A cluster as it is told.
pub(crate) fn told(row: &ClusterRow) -> Result<Cluster, Fault> {
    let mut cluster = Cluster::default();
    wire::canonical::fill_unchecked(<Cluster as wire::Shape>::schema(), &row.told, &mut cluster)
        .map(|_| cluster)
        .map_err(|_| Fault::internal("a cluster that was written down can't be read"))
}

/// A cluster as it is written down.
pub(crate) fn row(cluster: &Cluster, listeners: Vec<(ListenerKind, u16)>) -> ClusterRow {
    ClusterRow { told: wire::canonical::to_json(<Cluster as wire::Shape>::schema(), cluster), listeners }
}

/// The cluster of an ARN, in the region of the ARN.
pub(crate) fn cluster(read: &impl Read, cx: &Context, arn: &str) -> Result<ClusterRow, Fault> {
    let scope = scope_of(cx, arn)?;
    read.get(&CLUSTERS, &scope, &arn.to_owned())?
        .ok_or_else(|| Error::NotFound.says("The specified cluster does not exist.").with("InvalidParameter", "clusterArn"))
}

/// The cluster of an ARN, in whichever account: for what a cluster's policy may let others do. Who calls has been asked about by then, and for
/// another account that is both its own IAM and the cluster's policy.
pub(crate) fn shared(read: &impl Read, arn: &str) -> Result<ClusterRow, Fault> {
    let parsed = Arn::parse(arn).filter(|a| a.service == "kafka" && a.after("cluster/").is_some());
    let parsed = parsed
        .ok_or_else(|| Error::BadRequest.says("One or more of the parameters are not valid.").with("InvalidParameter", "clusterArn"))?;
    read.get(&CLUSTERS, &Scope::new(parsed.account, parsed.region), &arn.to_owned())?
        .ok_or_else(|| Error::NotFound.says("The specified cluster does not exist.").with("InvalidParameter", "clusterArn"))
}

/// Account and region of a cluster's ARN.
pub(crate) fn scope_of(cx: &Context, arn: &str) -> Result<Scope, Fault> {
    let bad = || Error::BadRequest.says("One or more of the parameters are not valid.").with("InvalidParameter", "clusterArn");
    let parsed = Arn::parse(arn).filter(|a| a.service == "kafka").ok_or_else(bad)?;
    match (parsed.account == cx.account(), parsed.after("cluster/").is_some()) {
        (true, true) => Ok(Scope::new(parsed.account, parsed.region)),
        (false, true) => Err(Error::NotFound.says("The specified cluster does not exist.")),
        _ => Err(bad()),
    }
}

/// The ARN of something in a cluster: `arn:aws:kafka:R:A:KIND/NAME/UUID/WHAT`.
pub(crate) fn inside(cluster_arn: &str, kind: &str, what: &str) -> String {
    format!("{}/{what}", cluster_arn.replacen(":cluster/", &format!(":{kind}/"), 1))
}

/// A fault for a part that isn't done, by name.
pub(crate) fn not_implemented(what: &str) -> Fault {
    Fault::new("NotImplemented", 501, format!("windtunnel does not implement {what} of MSK."))
}

/// The length of a page.
pub(crate) fn limit(asked: Option<i32>) -> usize {
    asked.map_or(100, |n| n.clamp(1, 100) as usize)
}

pub(crate) fn bad_token() -> Fault {
    Error::BadRequest.says("The provided next token is not valid.").with("InvalidParameter", "nextToken")
}
