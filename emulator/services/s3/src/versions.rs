//! Versions of a key: finding one, putting a new one on top, taking one away; and the bucket's versioning switch.
//!
//! Every change of a key's stack goes through [`publish`], [`mark_deleted`] or [`remove`], which keep the day of expiry of the rows they touch,
//! drop the blobs of what goes, and write the events into the same transaction.

use crate::{
    S3, errors,
    lifecycle::{self, Subject},
    lock,
    model::*,
    notifications::{self, Happening},
    replication,
    state::{self, Found, OBJECTS, Object, VersionKey, Versioning},
    tiering, usage,
};
use kit::{Context, Fault, Read, Tx, store::Desc};

/// A version with its place in the stack.
pub(crate) struct Version {
    pub sequence: u64,
    pub object: Object,
    /// The topmost of its key.
    pub current: bool,
}

/// The topmost version of a key, delete marker or not.
pub(crate) fn current(read: &impl Read, found: &Found, key: &str) -> Result<Option<Version>, Fault> {
    let first = read.scan(&OBJECTS, &found.scope).prefix(&(found.name.as_str(), key)).first()?;
    Ok(first.map(|((_, _, Desc(sequence)), object)| Version { sequence, object, current: true }))
}

/// A version by its id, or the topmost when none is given. `Ok(None)`: the key has no such thing.
pub(crate) fn lookup(read: &impl Read, found: &Found, key: &str, version_id: Option<&str>) -> Result<Option<Version>, Fault> {
    let top = current(read, found, key)?;
    let Some(id) = version_id else { return Ok(top) };
    let Some(top) = top else { return if valid(id) { Ok(None) } else { Err(errors::invalid_version(id)) } };
    if id_of(&top.object) == id {
        return Ok(Some(top));
    }
    if id == "null" {
        return null_version(read, found, key);
    }
    let sequence = state::sequence_of(id).ok_or_else(|| errors::invalid_version(id))?;
    let object = read.get(&OBJECTS, &found.scope, &(found.name.clone(), key.to_owned(), Desc(sequence)))?;
    Ok(object.filter(|object| object.version_id.as_deref() == Some(id)).map(|object| Version { sequence, object, current: false }))
}

fn valid(id: &str) -> bool {
    id == "null" || state::sequence_of(id).is_some()
}

fn null_version(read: &impl Read, found: &Found, key: &str) -> Result<Option<Version>, Fault> {
    for (index, row) in read.scan(&OBJECTS, &found.scope).prefix(&(found.name.as_str(), key)).enumerate() {
        let ((_, _, Desc(sequence)), object) = row?;
        if object.version_id.is_none() {
            return Ok(Some(Version { sequence, object, current: index == 0 }));
        }
    }
    Ok(None)
}

/// `null` for the version that was written while versions weren't kept.
pub(crate) fn id_of(object: &Object) -> &str {
    object.version_id.as_deref().unwrap_or("null")
}

/// The version id as answers show it: not at all in a bucket that never kept versions.
pub(crate) fn shown_id(found: &Found, object: &Object) -> Option<String> {
    found.ever_versioned().then(|| id_of(object).to_owned())
}

/// The version id as answers to writes show it: only where the write made a version of its own.
pub(crate) fn made_id(found: &Found, object: &Object) -> Option<String> {
    object.version_id.clone().filter(|_| found.keeps_versions())
}

/// Puts a version on top of a key, adopts its blobs, and tells whoever wants to know. The object as it was stored.
pub(crate) fn publish(tx: &mut Tx<'_>, cx: &Context, found: &Found, key: &str, mut object: Object, event: &str) -> Result<Object, Fault> {
    lock::fill_in(cx, found, &mut object);
    object.pieces.iter().for_each(|piece| tx.adopt(&piece.blob));
    replication::mark(found, key, &mut object);
    let (sequence, object) = push(tx, cx, found, key, object)?;
    replication::order(tx, cx, found, key, sequence, &object);
    let id = if found.keeps_versions() { object.version_id.as_deref() } else { None };
    let happening = Happening { sequencer: Some(sequence), ..Happening::to(event, key, &object, id) };
    notifications::emit(tx, cx, found, &happening)?;
    Ok(object)
}

/// Puts a delete marker on top of a key.
pub(crate) fn mark_deleted(tx: &mut Tx<'_>, cx: &Context, found: &Found, key: &str, event: &str) -> Result<Object, Fault> {
    let mut marker = Object { delete_marker: true, modified: whole_second(cx), ..Object::default() };
    // What a lifecycle rule deletes is deleted elsewhere by a rule of that bucket.
    if event.starts_with("ObjectRemoved:") {
        replication::mark(found, key, &mut marker);
    }
    let (sequence, marker) = push(tx, cx, found, key, marker)?;
    replication::order(tx, cx, found, key, sequence, &marker);
    let version_id = Some(id_of(&marker));
    let happening = Happening {
        name: event,
        key,
        etag: Some("d41d8cd98f00b204e9800998ecf8427e"),
        version_id,
        sequencer: Some(sequence),
        ..Happening::default()
    };
    notifications::emit(tx, cx, found, &happening)?;
    Ok(marker)
}

/// Now as S3 keeps it: whole seconds.
pub(crate) fn whole_second(cx: &Context) -> kit::Timestamp {
    kit::Timestamp::from_secs(cx.now().secs())
}

fn push(tx: &mut Tx<'_>, cx: &Context, found: &Found, key: &str, mut object: Object) -> Result<(u64, Object), Fault> {
    let sequence = tx.next_seq("s3.versions");
    if found.keeps_versions() {
        object.version_id = Some(state::sequenced_id(cx, sequence));
    } else if let Some(old) = null_version(tx, found, key)? {
        take(tx, cx, found, key, old.sequence)?;
    }
    stand(tx, cx, found, key, sequence, &mut object)?;
    Ok((sequence, object))
}

/// Puts a row into the stack of its key: on top, unless it is a replica that others have overtaken.
fn stand(tx: &mut Tx<'_>, cx: &Context, found: &Found, key: &str, sequence: u64, object: &mut Object) -> Result<(), Fault> {
    // One that only gets another name stays in its tier.
    object.tiering = object.tiering.take().or_else(|| tiering::watched(object, lifecycle::day_of(cx.now())));
    let top = if found.ever_versioned() { current(tx, found, key)? } else { None };
    let on_top = top.as_ref().is_none_or(|top| top.sequence < sequence);
    match top {
        Some(mut below) if on_top => {
            below.object.noncurrent_since = Some(cx.now());
            below.current = false;
            write(tx, cx, found, key, below)?;
        }
        Some(_) => object.noncurrent_since = Some(cx.now()),
        None => {}
    }
    let version = Version { sequence, object: object.clone(), current: on_top };
    object.due_day = write(tx, cx, found, key, version)?;
    usage::came(tx, cx, found, object)?;
    ripen(tx, cx, found, key)
}

/// Puts a replica where it stands in its source, under the id and sequence that it has there; one that is there already gets the tags, list
/// and lock of the source.
pub(crate) fn place(tx: &mut Tx<'_>, cx: &Context, found: &Found, key: &str, sequence: u64, mut replica: Object) -> Result<(), Fault> {
    if let Some(there) = tx.get(&OBJECTS, &found.scope, &row_key(found, key, sequence))? {
        let current = there.noncurrent_since.is_none();
        let object = Object { tags: replica.tags, acl: replica.acl, lock: replica.lock, ..there };
        return write(tx, cx, found, key, Version { sequence, object, current }).map(drop);
    }
    replica.pieces.iter().for_each(|piece| tx.adopt(&piece.blob));
    stand(tx, cx, found, key, sequence, &mut replica)?;
    let marker = replica.delete_marker;
    let name = if marker { "ObjectRemoved:DeleteMarkerCreated" } else { "ObjectCreated:Put" };
    let id = replica.version_id.as_deref();
    let happening = Happening { sequencer: Some(sequence), ..Happening::to(name, key, &replica, id) };
    notifications::emit(tx, cx, found, &happening)
}

/// Noncurrent versions that now have as many newer ones above them as a rule keeps: their days are found anew.
fn ripen(tx: &mut Tx<'_>, cx: &Context, found: &Found, key: &str) -> Result<(), Fault> {
    let Some(most) = found.bucket.rules.as_ref().and_then(|rules| rules.keeps.last().copied()) else { return Ok(()) };
    let rows = tx.scan(&OBJECTS, &found.scope).prefix(&(found.name.as_str(), key)).limit(most + 2);
    let stack: Vec<(VersionKey, Object)> = rows.collect::<Result<_, _>>()?;
    let noncurrent = stack.into_iter().filter(|(_, object)| object.noncurrent_since.is_some());
    for (newer, ((_, _, Desc(sequence)), object)) in noncurrent.enumerate() {
        if found.bucket.rules.as_ref().is_some_and(|rules| rules.keeps.contains(&newer)) {
            write(tx, cx, found, key, Version { sequence, object, current: false })?;
        }
    }
    Ok(())
}

/// The first day on which something is to be done with a version.
pub(crate) fn due_day(read: &impl Read, cx: &Context, found: &Found, key: &str, version: &Version) -> Result<Option<u32>, Fault> {
    let (alone, newer) = neighbours(read, found, key, version)?;
    Ok(lifecycle::due_day(found, &Subject { key, version, alone, newer }, cx.now()))
}

/// What rules want to know of the versions around one: whether it is a delete marker with nothing under it, and how many noncurrent
/// versions are newer. Neither is looked for where no rule asks.
pub(crate) fn neighbours(read: &impl Read, found: &Found, key: &str, version: &Version) -> Result<(bool, usize), Fault> {
    let Some(rules) = &found.bucket.rules else { return Ok((false, 0)) };
    let alone = version.current && version.object.delete_marker && !has_below(read, found, key, version.sequence)?;
    let mut newer = 0;
    if let (Some(most), true) = (rules.keeps.last(), version.object.noncurrent_since.is_some()) {
        for row in read.scan(&OBJECTS, &found.scope).prefix(&(found.name.as_str(), key)) {
            let ((_, _, Desc(other)), object) = row?;
            if other <= version.sequence || newer >= *most {
                break;
            }
            newer += usize::from(object.noncurrent_since.is_some());
        }
    }
    Ok((alone, newer))
}

/// Writes a row with the day on which something is to be done with it, and sees to it that somebody looks on that day.
pub(crate) fn write(tx: &mut Tx<'_>, cx: &Context, found: &Found, key: &str, mut version: Version) -> Result<Option<u32>, Fault> {
    version.object.due_day = due_day(tx, cx, found, key, &version)?;
    if let Some(day) = version.object.due_day {
        lifecycle::look_on(tx, cx, found, day);
    }
    tx.put(&OBJECTS, &found.scope, &row_key(found, key, version.sequence), &version.object)?;
    Ok(version.object.due_day)
}

/// Whether a key has versions under this one.
pub(crate) fn has_below(read: &impl Read, found: &Found, key: &str, sequence: u64) -> Result<bool, Fault> {
    let rows = read.scan(&OBJECTS, &found.scope).prefix(&(found.name.as_str(), key)).after(&(found.name.as_str(), key, Desc(sequence)));
    rows.limit(1).keys().next().transpose().map(|below| below.is_some())
}

/// Takes one version away for good. What was below the topmost becomes current again.
pub(crate) fn remove(tx: &mut Tx<'_>, cx: &Context, found: &Found, key: &str, version: &Version) -> Result<(), Fault> {
    take(tx, cx, found, key, version.sequence)?;
    if !found.ever_versioned() {
        return Ok(());
    }
    let Some(mut top) = current(tx, found, key)? else { return Ok(()) };
    let uncovered = top.object.noncurrent_since.take().is_some();
    if uncovered || top.object.delete_marker {
        write(tx, cx, found, key, top)?;
    }
    Ok(())
}

fn take(tx: &mut Tx<'_>, cx: &Context, found: &Found, key: &str, sequence: u64) -> Result<(), Fault> {
    if let Some(gone) = tx.delete(&OBJECTS, &found.scope, &row_key(found, key, sequence))? {
        usage::went(tx, cx, found, &gone)?;
        gone.pieces.iter().for_each(|piece| tx.drop_blob(&piece.blob));
    }
    Ok(())
}

/// The key of a version's row.
pub(crate) fn row_key(found: &Found, key: &str, sequence: u64) -> VersionKey {
    (found.name.clone(), key.to_owned(), Desc(sequence))
}

impl S3 {
    /// Switches versioning on, or suspends it; it can't be switched off again.
    pub async fn put_bucket_versioning(&self, cx: &Context, input: PutBucketVersioningInput) -> Result<PutBucketVersioningOutput, Fault> {
        if input.mfa.is_some() || input.versioning_configuration.mfa_delete == Some(MFADelete::Enabled) {
            return Err(errors::not_built("MFA delete"));
        }
        let status = match input.versioning_configuration.status {
            Some(BucketVersioningStatus::Enabled) => Versioning::Enabled,
            Some(BucketVersioningStatus::Suspended) => Versioning::Suspended,
            None => {
                let sentence = "The Versioning element must be specified";
                return Err(Fault::new("IllegalVersioningConfigurationException", 400, sentence));
            }
        };
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        lock::refuse_suspension(&found.bucket, status)?;
        replication::refuse_suspension(&found.bucket, status)?;
        self.configure(cx, &input.bucket, &input.expected_bucket_owner, |bucket| bucket.versioning = status).await?;
        Ok(PutBucketVersioningOutput {})
    }

    /// The state of versioning; empty when it never was switched on.
    pub async fn get_bucket_versioning(&self, cx: &Context, input: GetBucketVersioningInput) -> Result<GetBucketVersioningOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let status = match found.bucket.versioning {
            Versioning::Off => None,
            Versioning::Enabled => Some(BucketVersioningStatus::Enabled),
            Versioning::Suspended => Some(BucketVersioningStatus::Suspended),
        };
        Ok(GetBucketVersioningOutput { status, mfa_delete: None })
    }
}
