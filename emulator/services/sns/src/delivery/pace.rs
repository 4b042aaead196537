//! The pace that a delivery policy sets (`maxReceivesPerSecond`): deliveries to an HTTP endpoint are due one after the other.

use crate::{delivery_policy, state::*};
use kit::{Context, Fault, Read, Table, TableScope, Timestamp, Tx};

/// When the next delivery of a subscription may be, by its ARN.
const PACES: Table<String, Timestamp> = Table::new("sns.paces", TableScope::Global);

/// When a delivery is due that is being written now; `None` for at once.
pub(super) fn due(
    cx: &Context,
    tx: &mut Tx<'_>,
    topic: &StoredTopic,
    subscription: &StoredSubscription,
) -> Result<Option<Timestamp>, Fault> {
    if !matches!(subscription.protocol.as_str(), "http" | "https") {
        return Ok(None);
    }
    let Some(rate) = delivery_policy::most_per_second(topic, subscription) else { return Ok(None) };
    let now = cx.now();
    let due = tx.get(&PACES, &everywhere(), &subscription.arn)?.map_or(now, |next| next.max(now));
    tx.put(&PACES, &everywhere(), &subscription.arn, &due.plus_ns((1e9 / rate) as i128))?;
    Ok((due > now).then_some(due))
}

/// Forgets the pace of a subscription that is gone.
pub(crate) fn forget(tx: &mut Tx<'_>, subscription_arn: &str) -> Result<(), Fault> {
    tx.delete(&PACES, &everywhere(), &subscription_arn.to_owned()).map(drop)
}
