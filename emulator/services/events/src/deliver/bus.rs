//! From one bus to another, also of another account or region. An event goes one bus far and no further, as on AWS.

use super::{Delivery, failure::Failure, send};
use crate::{EventBridge, names::BusName, routing::Arrival, state};
use kit::{Context, Principal};
use serde_json::{Value, json};

impl EventBridge {
    pub(super) async fn forward(&self, cx: &Context, delivery: &Delivery, payload: String) -> Result<(), Failure> {
        let target = &delivery.target;
        let to = BusName::of_arn(&target.arn).ok_or_else(|| Failure::lasting("INVALID_PARAMETER", "the target is no event bus"))?;
        if delivery.forwarded {
            let code = if *to.scope.region == *cx.region() { "THIRD_ACCOUNT_HOP_DETECTED" } else { "THIRD_REGION_HOP_DETECTED" };
            return Err(Failure::lasting(code, "The event came from another event bus already, and goes no further than one."));
        }
        let sender = match &target.role_arn {
            Some(role) => send::assume(cx, delivery, role).await?,
            // Without a role it is the account that sends, which the other bus's policy has to name.
            None => cx.with_principal(Principal::Root { account: cx.account().into() }),
        };
        let mut event: Value = serde_json::from_str(&payload).map_err(|e| Failure::lasting("INVALID_JSON", e.to_string()))?;
        let mut need = send::owned("events:PutEvents", &target.arn);
        for (key, member) in [("events:source", "source"), ("events:detail-type", "detail-type")] {
            if let Some(value) = event[member].as_str() {
                need = need.key(key, value);
            }
        }
        sender.grant(&need).map_err(Failure::of)?;
        // Recorded: in another region the event has an id of its own.
        if *to.scope.region != *cx.region() && event["id"].is_string() {
            event["id"] = json!(cx.ids().uuid());
        }
        let arrival = Arrival { event, trace: delivery.trace.clone(), forwarded: true };
        let arrived = cx.store().write(|tx| {
            state::bus(tx, &to)?;
            self.route(&sender, tx, &to, &arrival)
        });
        arrived.await.map_err(Failure::of)
    }
}
