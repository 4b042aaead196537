//! Which cluster a topic was made through. All clusters are names for the one broker, so its topics are everybody's who speaks Kafka to it; but
//! what one cluster made by MSK's API is not told, changed or deleted by that of another.

use crate::state::CLUSTERS;
use broker::Topic;
use kit::{Arn, Context, Fault, Read, Scope, Table, TableScope};
use serde::{Deserialize, Serialize};

const OWNERS: Table<String, OwnerRow> = Table::new("kafka.owners", TableScope::Global);

/// The owner of a topic, by the topic's name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct OwnerRow {
    /// ARN of the cluster.
    cluster: String,
    /// Id of the topic: one that was deleted and made anew by other means has no owner.
    topic: String,
}

/// Writes down who made a topic.
pub(crate) async fn made(cx: &Context, cluster_arn: &str, topic: &Topic) -> Result<(), Fault> {
    let row = OwnerRow { cluster: cluster_arn.to_owned(), topic: kit::hex(&topic.id) };
    cx.store().write(|tx| tx.put(&OWNERS, cx.scope(), &topic.name.to_string(), &row)).await
}

/// Forgets who made a topic that is gone.
pub(crate) async fn gone(cx: &Context, topic: &str) -> Result<(), Fault> {
    cx.store().write(|tx| tx.delete(&OWNERS, cx.scope(), &topic.to_owned()).map(drop)).await
}

/// The other cluster that made a topic, as long as there is that cluster.
pub(crate) fn other(cx: &Context, cluster_arn: &str, topic: &Topic) -> Result<Option<String>, Fault> {
    cx.store().read(|s| {
        let row = s.get(&OWNERS, cx.scope(), &topic.name.to_string())?;
        let Some(row) = row.filter(|row| row.cluster != cluster_arn && row.topic == kit::hex(&topic.id)) else { return Ok(None) };
        let Some(arn) = Arn::parse(&row.cluster) else { return Ok(None) };
        let there = s.get(&CLUSTERS, &Scope::new(arn.account, arn.region), &row.cluster)?.is_some();
        Ok(there.then_some(row.cluster))
    })
}
