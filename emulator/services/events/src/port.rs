//! The port by which services tell the default bus what they did.

use crate::{EventBridge, envelope::Parts, names::*, routing::Arrival};
use kit::{Context, Fault, Tx, ports};

impl ports::Events for EventBridge {
    fn emit(&self, tx: &mut Tx<'_>, cx: &Context, event: ports::ServiceEvent) -> Result<(), Fault> {
        let bus = BusName { scope: cx.scope().clone(), name: DEFAULT_BUS.into() };
        let parts = Parts {
            id: cx.ids().uuid(),
            detail_type: event.detail_type,
            source: event.source,
            time: cx.now(),
            resources: event.resources,
            detail: event.detail,
        };
        let arrival = Arrival { event: parts.event(cx.scope()), trace: None, forwarded: false };
        self.route(cx, tx, &bus, &arrival)
    }
}
