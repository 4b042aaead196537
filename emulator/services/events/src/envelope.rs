//! The form that every event has on its way: AWS's members in AWS's order.

use kit::{Scope, Timestamp};
use serde_json::{Value, json};

/// What an event is made of, beside who sends it from where.
pub(crate) struct Parts {
    pub id: String,
    pub detail_type: String,
    pub source: String,
    pub time: Timestamp,
    pub resources: Vec<String>,
    pub detail: Value,
}

impl Parts {
    /// The event. Members stand in the order in which AWS writes them.
    pub fn event(self, scope: &Scope) -> Value {
        json!({
            "version": "0",
            "id": self.id,
            "detail-type": self.detail_type,
            "source": self.source,
            "account": &*scope.account,
            "time": kit::time::iso_secs(self.time),
            "region": &*scope.region,
            "resources": self.resources,
            "detail": self.detail,
        })
    }
}
