//! PutEvents: checked entry by entry, then matched and handed over to delivery in one transaction.

use crate::{EventBridge, check, entries, envelope::Parts, model::*, names::BusName, routing::Arrival, state};
use kit::{Context, Fault};

impl EventBridge {
    /// Takes events. An entry that is not taken says why in its place; one for a bus that isn't there is taken and goes nowhere, as on AWS.
    pub async fn put_events(&self, cx: &Context, input: PutEventsInput) -> Result<PutEventsOutput, Fault> {
        entries::check_all(&input.entries)?;
        if input.endpoint_id.is_some() {
            return Err(check::not_implemented("global endpoints (EndpointId)"));
        }
        let checked: Vec<_> = input.entries.into_iter().map(|entry| (entries::check_one(&entry), entry)).collect();
        let mut results = Vec::with_capacity(checked.len());
        let mut events = Vec::new();
        for (detail, entry) in checked {
            match detail {
                Ok(detail) => {
                    let id = cx.ids().uuid();
                    results.push(PutEventsResultEntry { event_id: Some(id.clone()), ..Default::default() });
                    events.push(taken(cx, id, entry, detail));
                }
                Err((code, message)) => {
                    let refused = PutEventsResultEntry { event_id: None, error_code: Some(code.into()), error_message: Some(message) };
                    results.push(refused);
                }
            }
        }
        if !events.is_empty() {
            cx.store().write(|tx| events.iter().try_for_each(|(bus, arrival)| self.arrive(cx, tx, bus, arrival))).await?;
        }
        let failed = results.iter().filter(|entry| entry.event_id.is_none()).count() as i32;
        Ok(PutEventsOutput { failed_entry_count: Some(failed), entries: Some(results) })
    }

    fn arrive(&self, cx: &Context, tx: &mut kit::Tx<'_>, bus: &BusName, arrival: &Arrival) -> Result<(), Fault> {
        match state::bus(tx, bus) {
            Ok(_) => self.route(cx, tx, bus, arrival),
            Err(fault) if fault.code == "ResourceNotFoundException" => Ok(()),
            Err(fault) => Err(fault),
        }
    }
}

fn taken(cx: &Context, id: String, entry: PutEventsRequestEntry, detail: serde_json::Value) -> (BusName, Arrival) {
    let bus = BusName::read(cx, entry.event_bus_name.as_deref());
    let parts = Parts {
        id,
        detail_type: entry.detail_type.unwrap_or_default(),
        source: entry.source.unwrap_or_default(),
        time: entry.time.unwrap_or_else(|| cx.now()),
        resources: entry.resources.unwrap_or_default(),
        detail,
    };
    // The event tells the sender's account and region, whatever bus takes it.
    let arrival = Arrival { event: parts.event(cx.scope()), trace: entry.trace_header, forwarded: false };
    (bus, arrival)
}
