//! DeleteObject and DeleteObjects.

use super::conditions::WriteCondition;
use crate::{
    S3, access, errors, lock,
    model::*,
    multipart,
    notifications::{self, Happening},
    state::{self, Found, Versioning},
    versions::{self, Version},
};
use kit::{Access, Authorize, Context, Fault, Tx};

/// Most keys of one DeleteObjects.
const MOST_KEYS: usize = 1000;

/// What became of a key.
struct Gone {
    /// A marker was made or taken away.
    delete_marker: bool,
    version_id: Option<String>,
}

impl S3 {
    /// Deletes a version for good, or the key: where versions are kept that puts a delete marker on top.
    pub async fn delete_object(&self, cx: &Context, input: DeleteObjectInput) -> Result<DeleteObjectOutput, Fault> {
        if input.if_match_last_modified_time.is_some() {
            return Err(errors::header_not_implemented("x-amz-if-match-last-modified-time", None));
        }
        if input.if_match_size.is_some() {
            return Err(errors::header_not_implemented("x-amz-if-match-size", None));
        }
        // Only the key can be deleted on condition, not one of its versions.
        if input.if_match.is_some() && input.version_id.is_some() {
            return Err(errors::header_not_implemented("If-Match", None));
        }
        ignore_mfa(cx, input.mfa.as_deref());
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        lock::refuse_idle_bypass(&found.bucket, input.bypass_governance_retention)?;
        let bypass = lock::bypasses(cx, input.bypass_governance_retention, &input.bucket, &input.key);
        let condition = condition_of(input.if_match.as_deref());
        let gone = cx
            .store()
            .write(|tx| {
                let found = state::find(tx, &found.name)?;
                if condition.is_set() {
                    condition.check(&input.key, versions::current(tx, &found, &input.key)?.as_ref())?;
                }
                delete(tx, cx, &found, &input.key, input.version_id.as_deref(), bypass)
            })
            .await?;
        Ok(DeleteObjectOutput { delete_marker: gone.delete_marker.then_some(true), version_id: gone.version_id, request_charged: None })
    }

    /// Deletes up to a thousand keys; each is allowed or refused on its own.
    pub async fn delete_objects(&self, cx: &Context, input: DeleteObjectsInput) -> Result<DeleteObjectsOutput, Fault> {
        if input.delete.objects.is_empty() || input.delete.objects.len() > MOST_KEYS {
            return Err(errors::malformed_xml());
        }
        errors::needs_digest(cx)?;
        ignore_mfa(cx, input.mfa.as_deref());
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        lock::refuse_idle_bypass(&found.bucket, input.bypass_governance_retention)?;
        let (mut deleted, mut refused) = (Vec::new(), Vec::new());
        let mut allowed = Vec::new();
        for object in input.delete.objects {
            match permit(cx, &found, &object) {
                Ok(()) => {
                    let bypass = lock::bypasses(cx, input.bypass_governance_retention, &found.name, &object.key);
                    allowed.push((object, bypass));
                }
                Err(fault) => refused.push(error_of(object, &fault)),
            }
        }
        // One transaction for all that are allowed: a failure of one key is an entry of the answer, not a failure of the rest.
        cx.store()
            .write(|tx| {
                let found = state::find(tx, &found.name)?;
                for (object, bypass) in &allowed {
                    match delete_listed(tx, cx, &found, object, *bypass) {
                        Ok(gone) => deleted.push(deleted_of(object, gone)),
                        Err(fault) if fault.status < 500 => refused.push(error_of(object.clone(), &fault)),
                        Err(fault) => return Err(fault),
                    }
                }
                Ok(())
            })
            .await?;
        if input.delete.quiet == Some(true) {
            deleted.clear();
        }
        let some = |list: Vec<DeletedObject>| (!list.is_empty()).then_some(list);
        Ok(DeleteObjectsOutput { deleted: some(deleted), errors: (!refused.is_empty()).then_some(refused), request_charged: None })
    }
}

impl Authorize<S3> for DeleteObjectsInput {
    /// Each key is decided in the handler, for AWS answers key by key.
    fn access(&self, _: &S3, _: &Context) -> Access {
        Access::Public
    }
}

fn permit(cx: &Context, found: &Found, object: &ObjectIdentifier) -> Result<(), Fault> {
    for need in access::deletion(cx, &found.name, &object.key, &object.version_id, &object.e_tag).into_iter().flatten() {
        let decision = cx.decide(&need);
        if !decision.allowed {
            return Err(errors::refused(decision.message));
        }
    }
    Ok(())
}

fn delete_listed(tx: &mut Tx<'_>, cx: &Context, found: &Found, object: &ObjectIdentifier, bypass: bool) -> Result<Gone, Fault> {
    let version = versions::lookup(tx, found, &object.key, object.version_id.as_deref())
        // AWS tells of a version id that can't be as of one that is not there, here and only here.
        .map_err(|fault| match (&*fault.code, &object.version_id) {
            ("InvalidArgument", Some(id)) => errors::no_such_version(&object.key, id),
            _ => fault,
        })?;
    condition_of(object.e_tag.as_deref()).check(&object.key, version.as_ref())?;
    if let (Some(time), Some(version)) = (object.last_modified_time, &version)
        && time.secs() != version.object.modified.secs()
    {
        return Err(errors::precondition_failed("x-amz-if-match-last-modified-time"));
    }
    if let (Some(size), Some(version)) = (object.size, &version)
        && size != version.object.size as i64
    {
        return Err(errors::precondition_failed("x-amz-if-match-size"));
    }
    delete(tx, cx, found, &object.key, object.version_id.as_deref(), bypass)
}

/// AWS looks at the header only where MFA delete is on, which no bucket here can have.
fn ignore_mfa(cx: &Context, mfa: Option<&str>) {
    if mfa.is_some() {
        cx.warn("member MFA has no effect: no bucket here has MFA delete");
    }
}

/// Unlike writes, deletes may ask for "whatever is there" with `*`.
fn condition_of(if_match: Option<&str>) -> WriteCondition {
    match if_match {
        None => WriteCondition::Always,
        Some("*") => WriteCondition::There,
        Some(etag) => WriteCondition::Etag(etag.trim_matches('"').to_owned()),
    }
}

/// Deletes inside a transaction.
fn delete(tx: &mut Tx<'_>, cx: &Context, found: &Found, key: &str, version_id: Option<&str>, bypass: bool) -> Result<Gone, Fault> {
    if let Some(id) = version_id {
        let version = versions::lookup(tx, found, key, Some(id))?;
        let marker = version.as_ref().is_some_and(|version| version.object.delete_marker);
        if let Some(version) = version {
            lock::check_delete(&version.object, cx.now(), bypass)?;
            forget(tx, cx, found, key, &version)?;
        }
        return Ok(Gone { delete_marker: marker, version_id: Some(id.to_owned()) });
    }
    if found.bucket.versioning == Versioning::Off {
        match versions::current(tx, found, key)? {
            Some(version) => forget(tx, cx, found, key, &version)?,
            // Recorded: AWS tells of it as if the key had been there.
            None => tell(tx, cx, found, key, None)?,
        }
        return Ok(Gone { delete_marker: false, version_id: None });
    }
    let marker = versions::mark_deleted(tx, cx, found, key, "ObjectRemoved:DeleteMarkerCreated")?;
    Ok(Gone { delete_marker: true, version_id: Some(versions::id_of(&marker).to_owned()) })
}

/// Takes a version away and tells.
fn forget(tx: &mut Tx<'_>, cx: &Context, found: &Found, key: &str, version: &Version) -> Result<(), Fault> {
    versions::remove(tx, cx, found, key, version)?;
    multipart::overtake(tx, found, key)?;
    tell(tx, cx, found, key, versions::shown_id(found, &version.object).as_deref())
}

fn tell(tx: &mut Tx<'_>, cx: &Context, found: &Found, key: &str, version_id: Option<&str>) -> Result<(), Fault> {
    let sequencer = Some(tx.next_seq("s3.versions"));
    let happening = Happening { name: "ObjectRemoved:Delete", key, version_id, sequencer, ..Happening::default() };
    notifications::emit(tx, cx, found, &happening)
}

/// A deletion from inside the house.
pub(crate) fn delete_current(tx: &mut Tx<'_>, cx: &Context, found: &Found, key: &str) -> Result<(), Fault> {
    delete(tx, cx, found, key, None, false).map(|_| ())
}

fn deleted_of(object: &ObjectIdentifier, gone: Gone) -> DeletedObject {
    let made = gone.delete_marker && object.version_id.is_none();
    DeletedObject {
        key: Some(object.key.clone()),
        version_id: object.version_id.clone(),
        delete_marker: gone.delete_marker.then_some(true),
        delete_marker_version_id: if made || gone.delete_marker { gone.version_id } else { None },
    }
}

fn error_of(object: ObjectIdentifier, fault: &Fault) -> ErrorShape {
    ErrorShape {
        key: Some(object.key),
        version_id: object.version_id,
        code: Some(fault.code.to_string()),
        message: Some(fault.message.clone()),
    }
}
