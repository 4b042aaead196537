//! What follows from events that were written: deliveries to subscriptions, in the same transaction, and metrics behind it.

use crate::{
    Logs,
    metric_filters::{self, StoredFilter},
    state::*,
    subscriptions,
    tail::Batch,
};
use kit::{Context, Fault, Read, Scope, Tx, ports::Measured};

/// Events that were written together, and the filters that make metrics of them.
pub(crate) struct Ingested {
    group: String,
    events: Vec<Event>,
    filters: Vec<StoredFilter>,
}

/// Plans the deliveries; what is measured and told comes after the commit, with [`Logs::written`].
pub(crate) fn follow(cx: &Context, tx: &mut Tx<'_>, scope: &Scope, group: &Group, events: Vec<Event>) -> Result<Ingested, Fault> {
    subscriptions::plan(cx, tx, scope, group, &events)?;
    let filters = tx.scan(&metric_filters::FILTERS, scope).prefix(&(group.id.as_str(),));
    let filters = filters.map(|row| row.map(|(_, filter)| filter)).collect::<Result<_, Fault>>()?;
    Ok(Ingested { group: group.name.clone(), events, filters })
}

impl Logs {
    /// Records the metrics of the group and of its filters, and tells those who tail it.
    pub(crate) fn written(&self, cx: &Context, scope: &Scope, ingested: Ingested) {
        ingested.measure(cx, scope);
        if self.bell.is_heard() {
            self.bell.ring(Batch { scope: scope.clone(), group: ingested.group, events: ingested.events });
        }
    }
}

impl Ingested {
    fn measure(&self, cx: &Context, scope: &Scope) {
        if self.events.is_empty() {
            return;
        }
        let bytes: usize = self.events.iter().map(|event| event.message.len() + 26).sum();
        let values: &[(&str, &str, f64)] =
            &[("IncomingLogEvents", "Count", self.events.len() as f64), ("IncomingBytes", "Bytes", bytes as f64)];
        let under: &[&[(&str, &str)]] = &[&[], &[("LogGroupName", &self.group)]];
        cx.cloud().ports().measure(scope, cx.now(), &Measured { namespace: "AWS/Logs", under, values });
        self.filters.iter().for_each(|filter| filter.measure(cx, scope, &self.events));
    }
}
