//! One version on its way to one bucket: as the role, permission by permission, the row and its status in one transaction.

use super::{Order, Progress, Replicating, rules};
use crate::{
    encryption::{self, Asked, Encryption, Given, Sealing},
    model::{OwnerOverride, ReplicationRule},
    notifications::{self, Happening},
    objects::{
        body::{self, Expected},
        refuse,
    },
    state::{self, Found, OBJECTS, Object, Piece},
    versions::{self, Version},
};
use kit::{Context, Fault, Need, Read, RecordKind, Tx, store::TaskRow};
use serde_json::json;
use std::sync::Arc;

/// The principal under which S3 asks for the role.
const PRINCIPAL: &str = "s3.amazonaws.com";
/// How AWS names the sessions of the role.
const SESSION: &str = "s3-replication";

/// Why a version did not arrive, in the word that AWS's events have for it.
struct Failure {
    reason: &'static str,
    fault: Fault,
}

/// Names the reason of a fault.
trait Because<T> {
    fn because(self, reason: &'static str) -> Result<T, Failure>;
}
impl<T> Because<T> for Result<T, Fault> {
    fn because(self, reason: &'static str) -> Result<T, Failure> {
        self.map_err(|fault| Failure { reason, fault })
    }
}

/// Runs one order. What is refused fails for good; what the house can't do just now is tried again.
pub(crate) async fn run(cx: &Context, task: TaskRow) -> Result<(), Fault> {
    let order: Order = task.payload()?;
    let read = cx.store().read(|s| {
        let Ok(found) = state::find(s, &order.bucket) else { return Ok(None) };
        let object = s.get(&OBJECTS, &found.scope, &versions::row_key(&found, &order.key, order.sequence))?;
        Ok::<_, Fault>(object.map(|object| (found, object)))
    })?;
    // A version that was deleted meanwhile need not arrive.
    let Some((found, object)) = read else { return Ok(()) };
    let arrived = Journey { cx, order: &order, found: &found, object: &object }.make().await;
    let (progress, outcome, message) = match &arrived {
        Ok(()) => (Progress::Completed, "ok", None),
        Err(failure) if failure.fault.status >= 500 && &*failure.fault.code != "NotImplemented" => return Err(failure.fault.clone()),
        Err(failure) => (Progress::Failed, failure.reason, Some(failure.fault.message.as_str())),
    };
    let detail = json!({ "bucket": order.bucket, "key": order.key, "version": object.version_id, "message": message });
    cx.cloud().journal().write(cx, RecordKind::Event, "s3", "Replicate", &format!("arn:aws:s3:::{}", order.destination), outcome, detail);
    if let Err(failure) = arrived {
        cx.store().write(|tx| fail(tx, cx, &order, &object, progress, failure.reason)).await?;
    }
    Ok(())
}

/// Notes that a version did not arrive, and tells whoever wants to know.
fn fail(tx: &mut Tx<'_>, cx: &Context, order: &Order, object: &Object, progress: Progress, reason: &str) -> Result<(), Fault> {
    // The bucket may have gone since.
    let Ok(found) = state::find(tx, &order.bucket) else { return Ok(()) };
    note(tx, cx, &found, order, object, progress)?;
    let rule = rules::wanting(&found, &order.key, object).get(&*order.destination).and_then(|rule| rule.id.clone());
    let data = json!({
        "replicationRuleId": rule.unwrap_or_default(),
        "destinationBucket": format!("arn:aws:s3:::{}", order.destination),
        "s3Operation": if object.delete_marker { "OBJECT_DELETE" } else { "OBJECT_PUT" },
        "requestTime": kit::time::iso_millis(object.modified),
        "failureReason": reason,
    });
    let id = object.version_id.as_deref();
    let happening =
        Happening { sequencer: Some(order.sequence), ..Happening::to("Replication:OperationFailedReplication", &order.key, object, id) };
    notifications::emit_with(tx, cx, &found, &happening, &[("replicationEventData", data)])
}

/// Writes into the source how far it got; rules of lifecycle wait for that. Where it was changed meanwhile another order is under way, which
/// will tell.
fn note(tx: &mut Tx<'_>, cx: &Context, found: &Found, order: &Order, seen: &Object, progress: Progress) -> Result<(), Fault> {
    let row = versions::row_key(found, &order.key, order.sequence);
    let Some(mut object) = tx.get(&OBJECTS, &found.scope, &row)? else { return Ok(()) };
    let same = object.tags == seen.tags && object.acl == seen.acl && object.lock == seen.lock;
    let Some(Replicating::Source(targets)) = object.replication.as_mut().filter(|_| same) else { return Ok(()) };
    if let Some(there) = targets.get_mut(&order.destination) {
        *there = progress;
        let version = Version { sequence: order.sequence, current: object.noncurrent_since.is_none(), object };
        versions::write(tx, cx, found, &order.key, version)?;
    }
    Ok(())
}

/// A version with where it is to go.
struct Journey<'a> {
    cx: &'a Context,
    order: &'a Order,
    found: &'a Found,
    object: &'a Object,
}

impl Journey<'_> {
    async fn make(&self) -> Result<(), Failure> {
        let refused = |sentence: &str| Err(Fault::new("InvalidRequest", 400, sentence.to_owned()));
        let wanting = rules::wanting(self.found, &self.order.key, self.object);
        let Some(rule) = wanting.get(&*self.order.destination) else {
            return refused("no rule of the bucket replicates this version any more").because("SrcBucketReplicationConfigMissing");
        };
        let target = self.cx.store().read(|s| state::find(s, &self.order.destination)).because("DstBucketNotFound")?;
        if !target.keeps_versions() {
            return refused("the destination keeps no versions").because("DstBucketUnversioned");
        }
        let role = self.role().await.because("AssumeRoleNotPermitted")?;
        self.may(&role, &target, rule)?;
        let replica = self.replica(&role, &target, rule).await?;
        self.deliver(&target.name, replica).await.because("DstPutObjectNotPermitted")
    }

    /// A session of the role that the configuration names.
    async fn role(&self) -> Result<Context, Fault> {
        let role = self.found.bucket.replication.as_ref().map_or("", |configuration| &*configuration.role);
        let cx = self.cx.as_service(PRINCIPAL, &self.found.arn(), &self.found.scope.account);
        let key = cx.cloud().ports().sessions()?.for_service(&cx, role, PRINCIPAL, SESSION, 3600).await?;
        Ok(cx.as_role(Arc::new(key.session)))
    }

    /// What AWS documents the role to need: on the source bucket and the version, and in the destination.
    fn may(&self, role: &Context, target: &Found, rule: &ReplicationRule) -> Result<(), Failure> {
        let ask = |action: &'static str, found: &Found, key: Option<&str>, reason| {
            let resource = key.map_or_else(|| found.arn(), |key| format!("{}/{key}", found.arn()));
            role.grant(&Need::on(action, resource).owned_by(&*found.scope.account)).map(drop).because(reason)
        };
        let (source, key) = (self.found, Some(&*self.order.key));
        ask("s3:GetReplicationConfiguration", source, None, "InitiateReplicationNotPermitted")?;
        ask("s3:ListBucket", source, None, "InitiateReplicationNotPermitted")?;
        if self.object.delete_marker {
            return ask("s3:ReplicateDelete", target, key, "DstDelObjNotPermitted");
        }
        ask("s3:GetObjectVersionForReplication", source, key, "SrcGetObjectNotPermitted")?;
        ask("s3:GetObjectVersionAcl", source, key, "SrcGetAclNotPermitted")?;
        ask("s3:ReplicateObject", target, key, "DstPutObjectNotPermitted")?;
        if !self.object.tags.is_empty() {
            ask("s3:GetObjectVersionTagging", source, key, "SrcGetTaggingNotPermitted")?;
            ask("s3:ReplicateTags", target, key, "DstPutTaggingNotPermitted")?;
        }
        match overrides_owner(rule) {
            true => ask("s3:ObjectOwnerOverrideToBucketOwner", target, key, "DstPutAclNotPermitted"),
            false => Ok(()),
        }
    }

    /// The version as it is to stand in the destination.
    async fn replica(&self, role: &Context, target: &Found, rule: &ReplicationRule) -> Result<Object, Failure> {
        let mut replica = Object {
            noncurrent_since: None,
            due_day: None,
            tiering: None,
            restore: None,
            replication: Some(Replicating::Replica),
            ..self.object.clone()
        };
        let owner = self.object.owner.as_deref().unwrap_or(&self.found.scope.account);
        let enforced = target.bucket.ownership.as_deref() == Some("BucketOwnerEnforced");
        let keeps_owner = !overrides_owner(rule) && !enforced && *owner != *target.scope.account;
        replica.owner = keeps_owner.then(|| owner.to_owned());
        if overrides_owner(rule) || enforced {
            replica.acl = None;
        }
        let class = rule.destination.as_ref().and_then(|destination| destination.storage_class.as_deref());
        if class.is_some() {
            replica.storage_class = refuse::storage_class(class).because("DstPutObjectNotPermitted")?;
        }
        let is_there =
            self.cx.store().read(|s| s.exists(&OBJECTS, &target.scope, &versions::row_key(target, &self.order.key, self.order.sequence)));
        // A version that arrived before gets new tags, list and lock: its body stays.
        if !self.object.delete_marker && !is_there.because("DstVersionNotFound")? {
            self.encrypt(role, target, rule, &mut replica).await?;
        }
        Ok(replica)
    }

    /// Bodies under KMS keys are encrypted anew, under the key of the rule; those under S3's own get what is usual in the destination. A
    /// body under a customer's key goes as it is: nobody else could read it.
    async fn encrypt(&self, role: &Context, target: &Found, rule: &ReplicationRule, replica: &mut Object) -> Result<(), Failure> {
        let key = &self.order.key;
        let sealing = match &self.object.encryption {
            Encryption::Customer(_) => return Ok(()),
            Encryption::Kms(kms) => {
                let asked = Asked { method: Some(kms.name()), kms_key: replica_key(rule), ..Asked::nothing() };
                encryption::begin_replica(role, target, key, &asked).await
            }
            Encryption::Own => encryption::begin_replica(role, target, key, &Asked::nothing()).await,
        };
        let sealing = sealing.because("DstKmsKeyNotPermitted")?;
        if self.object.encryption.is_own() && sealing.key.is_none() {
            return Ok(());
        }
        let opened = encryption::open(role, self.found, key, &self.object.encryption, &Given::default()).await;
        let opened = opened.because("SrcKmsKeyNotPermitted")?;
        let mut start = 0;
        for piece in &mut replica.pieces {
            let range = start..start + piece.size;
            start = range.end;
            let bytes = body::open(self.cx.store(), self.object, range).because("SrcKeyNotFound")?.with_key(opened.clone());
            *piece = reseal(self.cx, piece, body::into_body(bytes), &sealing).await.because("SrcKeyNotFound")?;
        }
        replica.encryption = sealing.encryption;
        Ok(())
    }

    /// Puts the replica where it belongs and notes that it arrived.
    async fn deliver(&self, target: &str, replica: Object) -> Result<(), Fault> {
        let (order, cx) = (self.order, self.cx);
        let write = cx.store().write(|tx| {
            let (source, target) = (state::find(tx, &order.bucket)?, state::find(tx, target)?);
            let row = versions::row_key(&source, &order.key, order.sequence);
            // Gone meanwhile, and perhaps its body with it.
            if !tx.exists(&OBJECTS, &source.scope, &row)? {
                return Ok(());
            }
            let cx = cx.in_scope(target.scope.clone());
            versions::place(tx, &cx, &target, &order.key, order.sequence, replica)?;
            note(tx, self.cx, &source, order, self.object, Progress::Completed)
        });
        write.await
    }
}

/// A piece under another encryption. What is known of its bytes stays true.
async fn reseal(cx: &Context, piece: &Piece, bytes: kit::Body, sealing: &Sealing) -> Result<Piece, Fault> {
    let received = body::receive(cx, bytes, Expected { sealing: sealing.clone(), ..Expected::default() }).await?;
    Ok(Piece { blob: received.blob, salt: received.salt, ..piece.clone() })
}

fn overrides_owner(rule: &ReplicationRule) -> bool {
    let translation = rule.destination.as_ref().and_then(|destination| destination.access_control_translation.as_ref());
    translation.and_then(|translation| translation.owner) == Some(OwnerOverride::Destination)
}

fn replica_key(rule: &ReplicationRule) -> Option<&str> {
    rule.destination.as_ref()?.encryption_configuration.as_ref()?.replica_kms_key_id.as_deref()
}
