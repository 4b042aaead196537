//! The event as EventBridge gets it: its own names, the key as it is, and no configuration to say who wants it. Rules of the bus decide that.

use super::{Happening, record};
use crate::state::Found;
use kit::{Context, Fault, Principal, RecordKind, Tx, ports::ServiceEvent};
use serde_json::{Map, Value, json};

/// Hands an event to the default bus of the bucket's account and region, inside the transaction that causes it.
pub(super) fn emit(tx: &mut Tx<'_>, cx: &Context, found: &Found, happening: &Happening<'_>, data: &[(&str, Value)]) -> Result<(), Fault> {
    let Some(detail_type) = detail_type(happening.name) else { return Ok(()) };
    let event = ServiceEvent {
        source: "aws.s3".into(),
        detail_type: detail_type.into(),
        resources: vec![found.arn()],
        detail: detail(cx, found, happening, data),
    };
    match cx.cloud().ports().events() {
        Ok(bus) => bus.emit(tx, &cx.in_scope(found.scope.clone()), event),
        // State of a cloud that had the service, loaded into one that has not: told, but no reason to refuse the write.
        Err(fault) => {
            let detail = json!({ "message": fault.message });
            cx.cloud().journal().write(cx, RecordKind::Event, "s3", happening.name, &found.arn(), &fault.code, detail);
            Ok(())
        }
    }
}

fn detail_type(event: &str) -> Option<&'static str> {
    Some(match event {
        "ObjectRemoved:Delete" | "ObjectRemoved:DeleteMarkerCreated" => "Object Deleted",
        "LifecycleExpiration:Delete" | "LifecycleExpiration:DeleteMarkerCreated" => "Object Deleted",
        "ObjectRestore:Post" => "Object Restore Initiated",
        "ObjectRestore:Completed" => "Object Restore Completed",
        "ObjectRestore:Delete" => "Object Restore Expired",
        "LifecycleTransition" => "Object Storage Class Changed",
        "IntelligentTiering" => "Object Access Tier Changed",
        "ObjectAcl:Put" => "Object ACL Updated",
        "ObjectTagging:Put" => "Object Tags Added",
        "ObjectTagging:Delete" => "Object Tags Deleted",
        event if event.starts_with("ObjectCreated:") => "Object Created",
        _ => return None,
    })
}

fn detail(cx: &Context, found: &Found, happening: &Happening<'_>, data: &[(&str, Value)]) -> Value {
    let mut detail = Map::new();
    let mut put = |name: &str, value: Value| drop(detail.insert(name.into(), value));
    put("version", "0".into());
    put("bucket", json!({ "name": found.name }));
    put("object", object(happening));
    put("request-id", cx.request_id().into());
    put("requester", requester(cx));
    // What S3 does of itself comes from no address.
    if !matches!(cx.principal(), Principal::Service { .. }) {
        put("source-ip-address", record::source_address(cx).into());
    }
    if let Some(reason) = reason(happening.name) {
        put("reason", reason.into());
    }
    if let Some(kind) = deletion_type(happening.name) {
        put("deletion-type", kind.into());
    }
    // What notifications say in documents of their own stands in line here.
    for (_, value) in data {
        for (path, name) in [
            ("/restoreEventData/lifecycleRestorationExpiryTime", "restore-expiry-time"),
            ("/transitionEventData/destinationStorageClass", "destination-storage-class"),
            ("/destinationAccessTier", "destination-access-tier"),
        ] {
            if let Some(value) = value.pointer(path) {
                put(name, value.clone());
            }
        }
    }
    if let Some(class) = happening.storage_class.filter(|_| happening.name.starts_with("ObjectRestore")) {
        put("source-storage-class", class.into());
    }
    Value::Object(detail)
}

fn object(happening: &Happening<'_>) -> Value {
    let mut object = Map::new();
    object.insert("key".into(), happening.key.into());
    if let Some(size) = happening.size {
        object.insert("size".into(), size.into());
    }
    if let Some(etag) = happening.etag {
        object.insert("etag".into(), etag.into());
    }
    if let Some(id) = happening.version_id {
        object.insert("version-id".into(), id.into());
    }
    // Recorded: restores have a sequencer in notifications and none here.
    if let Some(sequencer) = happening.sequencer.filter(|_| !happening.name.starts_with("ObjectRestore")) {
        object.insert("sequencer".into(), record::sequencer(sequencer).into());
    }
    Value::Object(object)
}

/// Account or service.
fn requester(cx: &Context) -> Value {
    match cx.principal() {
        Principal::Service { name, .. } => (&**name).into(),
        principal => principal.account().unwrap_or("anonymous").into(),
    }
}

fn reason(event: &str) -> Option<&'static str> {
    Some(match event {
        "ObjectCreated:Put" => "PutObject",
        "ObjectCreated:Post" => "POST Object",
        "ObjectCreated:Copy" => "CopyObject",
        "ObjectCreated:CompleteMultipartUpload" => "CompleteMultipartUpload",
        event if event.starts_with("ObjectRemoved:") => "DeleteObject",
        event if event.starts_with("LifecycleExpiration:") => "Lifecycle Expiration",
        _ => return None,
    })
}

fn deletion_type(event: &str) -> Option<&'static str> {
    match event.split_once(':')? {
        ("ObjectRemoved" | "LifecycleExpiration", "Delete") => Some("Permanently Deleted"),
        ("ObjectRemoved" | "LifecycleExpiration", "DeleteMarkerCreated") => Some("Delete Marker Created"),
        _ => None,
    }
}
