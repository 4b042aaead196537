//! RenameObject: a key takes another key's place, in one transaction and without moving a byte.
//!
//! AWS has it in directory buckets only; here general-purpose buckets have it too, with the meaning of AWS's documentation: all that belongs
//! to the object goes along, its date and checksum included. What that documentation leaves open follows from what the buckets are:
//! - where versions are kept, the new name gets a version of its own and the old name a delete marker, as a copy and a deletion would do;
//! - AWS has no action for it but a session of a directory bucket. Who may read and delete the source and write the target may rename
//!   (`s3:GetObject`, `s3:DeleteObject`, `s3:PutObject`, and those of tags where the source has some);
//! - it is told as `ObjectCreated:Copy` of the new name and `ObjectRemoved:*` of the old one;
//! - a data key of KMS stays bound to the name under which it was made, so renaming asks nothing of KMS.

use super::{
    conditions::{self, ReadConditions, WriteCondition},
    copy, delete,
    put::check_key,
};
use crate::{
    S3, access, errors,
    lifecycle::day_of,
    model::*,
    restore,
    state::{self, Found, Object},
    versions::{self, Version},
};
use kit::{Access, Authorize, Context, Fault, Read, Table, TableScope, Timestamp, Tx};
use sha2::{Digest, Sha256};

/// Renames that were asked for with a token, so that the same one asked for again does nothing: (bucket, day, token) to a digest of the
/// request. AWS doesn't say how long it remembers; here it is the rest of the day and all of the next.
const TOKENS: Table<(String, u32, String), String> = Table::new("s3.renames", TableScope::Account);
/// Characters of a token, as documented.
const MOST_TOKEN: usize = 64;
/// Tokens of past days that one rename clears away.
const MOST_CLEARED: usize = 100;

impl Authorize<S3> for RenameObjectInput {
    fn access(&self, _: &S3, cx: &Context) -> Access {
        let source = source_key(self).unwrap_or_default();
        let put = access::object_need(cx, "s3:PutObject", &self.bucket, &self.key);
        access::all([
            access::version_need(cx, "s3:GetObject", &self.bucket, &source, None),
            access::object_need(cx, "s3:DeleteObject", &self.bucket, &source),
            access::creation(put, &self.destination_if_match, &self.destination_if_none_match),
            access::comparing(cx, &self.bucket, &self.key, &self.destination_if_match),
        ])
    }
}

impl S3 {
    /// Gives an object another name in its bucket.
    pub async fn rename_object(&self, cx: &Context, input: RenameObjectInput) -> Result<RenameObjectOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &None)?;
        let source = source_key(&input)?;
        check_key(&input.key)?;
        check_names(&source, &input.key)?;
        check_token(input.client_token.as_deref())?;
        let target = WriteCondition::read(input.destination_if_match.as_deref(), input.destination_if_none_match.as_deref())?;
        let write = cx.store().write(|tx| {
            let found = state::find(tx, &found.name)?;
            if is_repeated(tx, cx, &found, &input)? {
                return Ok(());
            }
            let object = source_object(tx, cx, &found, &source, &input)?;
            let there = versions::current(tx, &found, &input.key)?;
            target.check(&input.key, there.as_ref())?;
            check_dates(there.as_ref(), &input)?;
            versions::publish(tx, cx, &found, &input.key, renamed(object, &source), "ObjectCreated:Copy")?;
            delete::delete_current(tx, cx, &found, &source)
        });
        write.await?;
        Ok(RenameObjectOutput {})
    }
}

/// The key that `x-amz-rename-source` names: `bucket/key`, percent-encoded, with or without a slash in front.
fn source_key(input: &RenameObjectInput) -> Result<String, Fault> {
    let header = "x-amz-rename-source";
    let invalid = || errors::invalid_argument("Invalid rename source object key", header, &input.rename_source);
    let path = percent_encoding::percent_decode_str(&input.rename_source).decode_utf8().map_err(|_| invalid())?;
    let (bucket, key) = path.strip_prefix('/').unwrap_or(&path).split_once('/').filter(|(_, key)| !key.is_empty()).ok_or_else(invalid)?;
    match bucket == input.bucket {
        true => Ok(key.to_owned()),
        // Documented as a rule; the sentence is ours.
        false => Err(errors::invalid_request("The source of a rename must be in the bucket of its destination.")),
    }
}

/// AWS documents that neither name may end with a slash. That an object can't take its own place is our own rule; so are both sentences.
fn check_names(source: &str, target: &str) -> Result<(), Fault> {
    if source.ends_with('/') || target.ends_with('/') {
        return Err(errors::invalid_request("Objects whose names end with a slash can't be renamed."));
    }
    match source == target {
        true => Err(errors::invalid_request("The source and the destination of a rename are the same.")),
        false => Ok(()),
    }
}

fn check_token(token: Option<&str>) -> Result<(), Fault> {
    match token {
        Some(token) if token.is_empty() || token.len() > MOST_TOKEN || !token.bytes().all(|b| (33..=126).contains(&b)) => {
            let sentence = "The client token must be of 1 to 64 ASCII characters in the range of 33 to 126";
            Err(errors::invalid_argument(sentence, "x-amz-client-token", token))
        }
        _ => Ok(()),
    }
}

/// Whether this rename was done before, by its token; remembers it if not.
fn is_repeated(tx: &mut Tx<'_>, cx: &Context, found: &Found, input: &RenameObjectInput) -> Result<bool, Fault> {
    let Some(token) = &input.client_token else { return Ok(false) };
    let (today, digest) = (day_of(cx.now()), digest(input));
    let row = |day: u32| (found.name.clone(), day, token.clone());
    for day in [today, today.saturating_sub(1)] {
        match tx.get(&TOKENS, &found.scope, &row(day))? {
            Some(known) if known == digest => return Ok(true),
            Some(_) => {
                let sentence = "Parameters on this idempotent request are inconsistent with parameters used in previous request(s).";
                return Err(Error::IdempotencyParameterMismatch.says(sentence));
            }
            None => {}
        }
    }
    let past = tx.scan(&TOKENS, &found.scope).prefix(&(found.name.as_str(),)).until(&(found.name.as_str(), today.saturating_sub(1)));
    let past: Vec<(String, u32, String)> = past.limit(MOST_CLEARED).keys().collect::<Result<_, _>>()?;
    past.iter().try_for_each(|row| tx.delete(&TOKENS, &found.scope, row).map(|_| ()))?;
    tx.put(&TOKENS, &found.scope, &row(today), &digest)?;
    Ok(false)
}

/// All that the request says but its token.
fn digest(input: &RenameObjectInput) -> String {
    let times = [
        input.destination_if_modified_since,
        input.destination_if_unmodified_since,
        input.source_if_modified_since,
        input.source_if_unmodified_since,
    ];
    let tags = [&input.destination_if_match, &input.destination_if_none_match, &input.source_if_match, &input.source_if_none_match];
    kit::hex(&Sha256::digest(format!("{:?}", (&input.key, &input.rename_source, tags, times.map(|time| time.map(Timestamp::secs))))))
}

/// A bucket went: its tokens go.
pub(crate) fn forget_bucket(tx: &mut Tx<'_>, found: &Found) -> Result<(), Fault> {
    let rows: Vec<(String, u32, String)> =
        tx.scan(&TOKENS, &found.scope).prefix(&(found.name.as_str(),)).keys().collect::<Result<_, _>>()?;
    rows.iter().try_for_each(|row| tx.delete(&TOKENS, &found.scope, row).map(|_| ()))
}

/// The object that is to get another name, its conditions judged.
fn source_object(tx: &Tx<'_>, cx: &Context, found: &Found, source: &str, input: &RenameObjectInput) -> Result<Object, Fault> {
    let version = versions::current(tx, found, source)?.filter(|version| !version.object.delete_marker);
    let object = version.ok_or_else(|| access::missing(cx, &found.name, source, errors::no_such_key(source)))?.object;
    let asked = ReadConditions {
        if_match: input.source_if_match.as_deref(),
        if_none_match: input.source_if_none_match.as_deref(),
        if_modified_since: input.source_if_modified_since,
        if_unmodified_since: input.source_if_unmodified_since,
    };
    conditions::check_source(&object, &asked, cx.now(), "x-amz-rename-source")?;
    restore::copyable(&object)?;
    if !object.tags.is_empty() {
        copy::tags_allowed(cx, (&found.name, source, None), (&found.name, &input.key), &object.tags)?;
    }
    Ok(object)
}

/// The dates on which a rename over what is there depends.
fn check_dates(there: Option<&Version>, input: &RenameObjectInput) -> Result<(), Fault> {
    let modified = there.filter(|version| !version.object.delete_marker).map(|version| version.object.modified.secs());
    if let Some(since) = input.destination_if_modified_since
        && modified.is_none_or(|modified| modified <= since.secs())
    {
        return Err(errors::precondition_failed("If-Modified-Since"));
    }
    if let Some(since) = input.destination_if_unmodified_since
        && modified.is_some_and(|modified| modified > since.secs())
    {
        return Err(errors::precondition_failed("If-Unmodified-Since"));
    }
    Ok(())
}

/// The object as it is to stand under its new name: what belongs to its old place stays behind.
fn renamed(object: Object, source: &str) -> Object {
    let encryption = object.encryption.bound_to(source);
    Object { version_id: None, noncurrent_since: None, due_day: None, encryption, ..object }
}
