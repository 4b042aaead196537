//! What KMS tells the default event bus. A cloud without EventBridge is told nothing.

use crate::state::Key;
use kit::{Context, Fault, Tx, ports::ServiceEvent};

/// `KMS CMK Deletion` and `KMS CMK Rotation`; detail and names as in "Monitoring KMS keys with Amazon EventBridge".
pub(crate) fn tell(tx: &mut Tx<'_>, cx: &Context, key: &Key, what: &str) -> Result<(), Fault> {
    let Ok(events) = cx.cloud().ports().events() else { return Ok(()) };
    let event = ServiceEvent {
        source: "aws.kms".into(),
        detail_type: what.into(),
        resources: vec![key.arn.clone()],
        detail: serde_json::json!({ "key-id": key.id }),
    };
    events.emit(tx, cx, event)
}
