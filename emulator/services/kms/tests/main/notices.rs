//! What the default event bus is told.

use crate::desk::*;
use kit::{
    Context, Fault, Tx,
    ports::{Events, ServiceEvent},
};
use serde_json::json;
use std::sync::{Arc, Mutex};

#[derive(Default)]
struct Bus(Mutex<Vec<ServiceEvent>>);

impl Events for Bus {
    fn emit(&self, _: &mut Tx<'_>, _: &Context, event: ServiceEvent) -> Result<(), Fault> {
        self.0.lock().unwrap().push(event);
        Ok(())
    }
}

#[tokio::test]
async fn rotations_and_deletions_are_told() {
    let desk = Desk::new().await;
    let bus = Arc::new(Bus::default());
    desk.cloud.ports().offer_events(bus.clone());
    let id = desk.key(json!({})).await;
    desk.ok("RotateKeyOnDemand", json!({ "KeyId": id })).await;
    desk.ok("ScheduleKeyDeletion", json!({ "KeyId": id, "PendingWindowInDays": 7 })).await;
    desk.advance_days(7).await;
    let told = bus.0.lock().unwrap();
    let kinds: Vec<&str> = told.iter().map(|event| event.detail_type.as_str()).collect();
    assert_eq!(kinds, ["KMS CMK Rotation", "KMS CMK Deletion"]);
    for event in told.iter() {
        assert_eq!((event.source.as_str(), &event.resources, &event.detail), ("aws.kms", &vec![arn(&id)], &json!({ "key-id": id })));
    }
}
