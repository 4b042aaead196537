//! CopyObject. A copy shares the source's blobs: bodies never change, and the store counts their owners.

use super::{
    body::{self, Expected, Opened},
    conditions::{self, ReadConditions, WriteCondition},
    headers,
    put::{self, check_key, checked_metadata, write},
    refuse, tags_of_header,
};
use crate::{
    S3,
    access::{self, Maybe},
    acl,
    checksums::{self, Algorithm},
    encryption::{self, DataKey, Sealing, asked},
    errors, lock,
    model::*,
    restore,
    state::{self, Found, Headers, Object, Tags},
    versions,
};
use kit::{Access, Authorize, Context, Fault, Read};
use std::ops::Range;

/// The largest source of one copy: 5 GiB.
const MOST_BYTES: u64 = 5 << 30;
/// How often a copy begins again because its source changed under it.
pub(crate) const MOST_TRIES: u32 = 5;

/// A source as `x-amz-copy-source` names it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Source {
    pub bucket: String,
    pub key: String,
    pub version_id: Option<String>,
}

impl Source {
    /// Reads `bucket/key?versionId=...`, percent-encoded, with or without a slash in front.
    pub fn read(text: &str) -> Result<Source, Fault> {
        let (path, version_id) = match text.split_once("?versionId=") {
            Some((path, id)) => (path, Some(id.to_owned())),
            None => (text, None),
        };
        let invalid = || errors::invalid_argument("Invalid copy source object key", "x-amz-copy-source", "x-amz-copy-source");
        let path = percent_encoding::percent_decode_str(path).decode_utf8().map_err(|_| invalid())?;
        let path = path.strip_prefix('/').unwrap_or(&path);
        if path.starts_with("arn:") {
            return Err(errors::not_built("copy sources that are ARNs of access points"));
        }
        match path.split_once('/') {
            Some((bucket, key)) if !bucket.is_empty() && !key.is_empty() => {
                Ok(Source { bucket: bucket.to_owned(), key: key.to_owned(), version_id })
            }
            _ => Err(invalid()),
        }
    }

    /// What reading it needs.
    pub fn need(&self, cx: &Context) -> Option<kit::Need> {
        let action = if self.version_id.is_some() { "s3:GetObjectVersion" } else { "s3:GetObject" };
        access::version_need(cx, action, &self.bucket, &self.key, self.version_id.as_deref())
    }

    /// Finds the source and judges the conditions on it.
    pub fn find(&self, cx: &Context, expected_owner: &Option<String>, asked: &ReadConditions<'_>) -> Result<(Found, Object), Fault> {
        let found = state::bucket(cx, &self.bucket, expected_owner)?;
        let version = cx.store().read(|s| versions::lookup(s, &found, &self.key, self.version_id.as_deref()))?;
        let object = match (version.map(|version| version.object), &self.version_id) {
            (Some(object), None) if object.delete_marker => return Err(errors::no_such_key(&self.key)),
            (Some(object), Some(_)) if object.delete_marker => {
                return Err(errors::invalid_request(
                    "The source of a copy request may not specifically refer to a delete marker by version id.",
                ));
            }
            (Some(object), _) => object,
            (None, Some(id)) => return Err(errors::no_such_version(&self.key, id)),
            (None, None) => return Err(access::missing(cx, &self.bucket, &self.key, errors::no_such_key(&self.key))),
        };
        conditions::check_source(&object, asked, cx.now(), "x-amz-copy-source")?;
        restore::copyable(&object)?;
        Ok((found, object))
    }

    /// Opens bytes of the source, where it still has the body that it was found with.
    pub fn open(&self, cx: &Context, from: &Object, range: Range<u64>) -> Result<Option<Opened>, Fault> {
        cx.store().read(|s| match has_body(s, self, from)? {
            true => body::open(cx.store(), from, range).map(Some),
            false => Ok(None),
        })
    }
}

/// The conditions on a copy's source.
macro_rules! source_conditions {
    ($input:expr) => {
        $crate::objects::conditions::ReadConditions {
            if_match: $input.copy_source_if_match.as_deref(),
            if_none_match: $input.copy_source_if_none_match.as_deref(),
            if_modified_since: $input.copy_source_if_modified_since,
            if_unmodified_since: $input.copy_source_if_unmodified_since,
        }
    };
}
pub(crate) use source_conditions;

impl Authorize<S3> for CopyObjectInput {
    /// Reading the source and writing the target; tags need permissions of their own on either side.
    fn access(&self, _: &S3, cx: &Context) -> Access {
        let put = access::object_need(cx, "s3:PutObject", &self.bucket, &self.key)
            .with_keys(acl::asked!(self).keys())
            .maybe("s3:x-amz-copy-source", Some(self.copy_source.trim_start_matches('/').to_owned()))
            .maybe("s3:x-amz-metadata-directive", self.metadata_directive.clone())
            .maybe("s3:x-amz-storage-class", self.storage_class.clone())
            .maybe("s3:x-amz-website-redirect-location", self.website_redirect_location.clone());
        let put = access::creation(access::encryption_keys!(put, self), &self.if_match, &self.if_none_match);
        let read = access::comparing(cx, &self.bucket, &self.key, &self.if_match);
        let [retain, hold] = lock::needs!(cx, self);
        let source = Source::read(&self.copy_source).ok();
        let tags = (self.tagging_directive.as_deref() == Some("REPLACE"))
            .then(|| put::tag_need(cx, &self.bucket, &self.key, self.tagging.as_deref()))
            .flatten();
        let acl = acl::need(cx, &self.bucket, &self.key, &acl::asked!(self));
        access::all([source.and_then(|source| source.need(cx)), put, read, acl, tags, retain, hold])
    }
}

impl S3 {
    /// Makes a new version of a key out of another object.
    pub async fn copy_object(&self, cx: &Context, input: CopyObjectInput) -> Result<CopyObjectOutput, Fault> {
        let source = Source::read(&input.copy_source)?;
        let target = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        check_key(&input.key)?;
        let condition = WriteCondition::read(input.if_match.as_deref(), input.if_none_match.as_deref())?;
        let replace = directive(input.metadata_directive.as_deref(), "Unknown metadata directive.", "x-amz-metadata-directive")?;
        let lock = lock::asked!(cx, &target, input)?;
        if condition.is_set() {
            // Told before the source is looked at; the transaction judges again.
            let current = cx.store().read(|s| versions::current(s, &target, &input.key))?;
            condition.check(&input.key, current.as_ref())?;
        }
        let (from, copied) = self.copy(cx, &source, &input, (&target, lock), &condition, replace).await?;
        let (_, from) = from;
        let (found, object) = copied;
        let mut result = CopyObjectResult {
            e_tag: Some(format!("\"{}\"", object.etag)),
            last_modified: Some(object.modified),
            checksum_type: object.sum.as_ref().map(|sum| sum.kind().to_owned()),
            ..CopyObjectResult::default()
        };
        checksums::tell!(result, &object.sum);
        let mut output = CopyObjectOutput {
            copy_object_result: Some(result),
            expiration: put::expiration(&found, &input.key, &object),
            // As recorded, and unlike PutObject: the null version is told of as a target and not as a source.
            copy_source_version_id: from.version_id.clone(),
            version_id: versions::shown_id(&found, &object),
            ..CopyObjectOutput::default()
        };
        encryption::tell!(output, object.encryption);
        encryption::tell_customer!(output, object.encryption);
        output.ssekms_encryption_context = object.encryption.kms().and_then(|kms| kms.context_header());
        Ok(output)
    }

    /// Finds the source and writes the target: `((bucket, source), (bucket, target))`. A source whose body went while the target was
    /// described is looked for again.
    async fn copy(
        &self,
        cx: &Context,
        source: &Source,
        input: &CopyObjectInput,
        (target, lock): (&Found, lock::Lock),
        condition: &WriteCondition,
        replace: bool,
    ) -> Result<((Found, Object), (Found, Object)), Fault> {
        let sealing = encryption::begin(cx, target, &input.key, &asked!(input)).await?;
        for _ in 0..MOST_TRIES {
            let asked: ReadConditions<'_> = source_conditions!(input);
            let (source_bucket, from) = source.find(cx, &input.expected_source_bucket_owner, &asked)?;
            let key = encryption::open(cx, &source_bucket, &source.key, &from.encryption, &encryption::source_customer!(input)).await?;
            refuse_idle_copy(source, input, target, &from, replace || condition.is_set())?;
            let owned = acl::of_write(cx, target, &acl::asked!(input))?;
            check_size(from.size)?;
            let object = described(cx, source, input, &from, replace)?;
            let object =
                Object { owner: owned.owner, acl: owned.acl, lock: lock.clone(), encryption: sealing.encryption.clone(), ..object };
            let body = with_body(cx, source, object, (&from, key), &sealing, input.checksum_algorithm.as_deref()).await?;
            let Some(object) = body else { continue };
            let write = cx.store().write(|tx| {
                if shares_body(&object, &from) && !has_body(tx, source, &from)? {
                    return Ok(None);
                }
                write(tx, cx, &input.bucket, &input.key, object, condition, "ObjectCreated:Copy").map(Some)
            });
            if let Some(copied) = write.await? {
                self.accesses.note_source(cx, &source_bucket, &source.key, &from).await?;
                return Ok(((source_bucket, from), copied));
            }
        }
        Err(unsteady())
    }
}

/// What is copied at once is of a size that one PUT could have.
pub(crate) fn check_size(size: u64) -> Result<(), Fault> {
    match size > MOST_BYTES {
        true => Err(errors::invalid_request(
            "The specified copy source is larger than the maximum allowable size for a copy source: 5368709120",
        )),
        false => Ok(()),
    }
}

/// A source that is overwritten as fast as it is looked at.
pub(crate) fn unsteady() -> Fault {
    Fault::new("SlowDown", 503, "Please reduce your request rate.")
}

/// Whether a directive says REPLACE.
fn directive(text: Option<&str>, sentence: &str, header: &str) -> Result<bool, Fault> {
    match text {
        None | Some("COPY") => Ok(false),
        Some("REPLACE") => Ok(true),
        Some(other) => Err(errors::invalid_argument(sentence, header, other)),
    }
}

/// A copy onto itself that changes nothing is a mistake, unless it replaces metadata or is made on condition.
fn refuse_idle_copy(source: &Source, input: &CopyObjectInput, target: &Found, from: &Object, on_purpose: bool) -> Result<(), Fault> {
    let itself = source.bucket == input.bucket && source.key == input.key && source.version_id.is_none();
    let changes = on_purpose
        // As recorded, a class that is named counts as a change, even the one that it has.
        || input.storage_class.is_some()
        || input.website_redirect_location.is_some()
        || input.server_side_encryption.is_some()
        || input.sse_customer_algorithm.is_some()
        // As recorded, a default that somebody set counts as a change, even to what is so already.
        || target.bucket.encryption.is_some()
        || !from.encryption.is_own()
        || input.checksum_algorithm.is_some();
    match itself && !changes {
        true => Err(errors::invalid_request(
            "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
        )),
        false => Ok(()),
    }
}

/// The target without its body: metadata and tags of the source, or those of the request.
fn described(cx: &Context, source: &Source, input: &CopyObjectInput, from: &Object, replace: bool) -> Result<Object, Fault> {
    let (headers, metadata) = match replace {
        true => (headers::kept!(input), checked_metadata(cx, input.metadata.clone())?),
        // A redirect belongs to the place and not to the object.
        false => {
            (Headers { website_redirect_location: input.website_redirect_location.clone(), ..from.headers.clone() }, from.metadata.clone())
        }
    };
    let replace_tags = directive(input.tagging_directive.as_deref(), "Unknown tagging directive.", "x-amz-tagging-directive")?;
    let tags = match replace_tags {
        true => input.tagging.as_deref().map(tags_of_header).transpose()?.unwrap_or_default(),
        false => {
            if !from.tags.is_empty() {
                let read = (&*source.bucket, &*source.key, source.version_id.as_deref());
                tags_allowed(cx, read, (&input.bucket, &input.key), &from.tags)?;
            }
            from.tags.clone()
        }
    };
    let storage_class = refuse::storage_class(input.storage_class.as_deref())?;
    Ok(Object { headers, metadata, tags, storage_class, modified: versions::whole_second(cx), ..Object::default() })
}

/// Tags that go along have to be read (`(bucket, key, version)`) and written (`(bucket, key)`).
pub(super) fn tags_allowed(
    cx: &Context,
    (bucket, key, version_id): (&str, &str, Option<&str>),
    target: (&str, &str),
    tags: &Tags,
) -> Result<(), Fault> {
    let read = if version_id.is_some() { "s3:GetObjectVersionTagging" } else { "s3:GetObjectTagging" };
    let put = access::with_request_tags(access::object_need(cx, "s3:PutObjectTagging", target.0, target.1), tags);
    for need in [access::version_need(cx, read, bucket, key, version_id), put] {
        let decision = access::decide(cx, need);
        if !decision.allowed {
            return Err(errors::refused(decision.message));
        }
    }
    Ok(())
}

/// The target's body: the source's blob where its MD5 and checksum can be kept, else the bytes read through once. `None` where the source
/// has another body by now.
async fn with_body(
    cx: &Context,
    source: &Source,
    object: Object,
    (from, key): (&Object, Option<DataKey>),
    sealing: &Sealing,
    algorithm: Option<&str>,
) -> Result<Option<Object>, Fault> {
    let wanted = algorithm.map(Algorithm::parse).transpose()?;
    let kept = from.sum.as_ref().is_some_and(|sum| !sum.composite && wanted.is_none_or(|wanted| wanted == sum.algorithm));
    let plain = from.encryption.is_own() && sealing.key.is_none();
    if kept && plain && !from.multipart {
        return Ok(Some(Object { size: from.size, etag: from.etag.clone(), sum: from.sum.clone(), pieces: from.pieces.clone(), ..object }));
    }
    let Some(opened) = source.open(cx, from, 0..from.size)? else { return Ok(None) };
    let algorithm = wanted.or(from.sum.as_ref().map(|sum| sum.algorithm));
    let expected = Expected { sum: algorithm.map(|algorithm| (algorithm, None)), sealing: sealing.clone(), ..Expected::default() };
    let received = body::receive(cx, body::into_body(opened.with_key(key)), expected).await?;
    Ok(Some(Object {
        size: received.size,
        etag: received.etag.clone(),
        sum: Some(received.sum.clone()),
        pieces: vec![received.into_piece()],
        ..object
    }))
}

fn shares_body(object: &Object, from: &Object) -> bool {
    !object.pieces.is_empty() && object.pieces.iter().map(|piece| &piece.blob).eq(from.pieces.iter().map(|piece| &piece.blob))
}

/// Whether the source still has the body that it was found with.
fn has_body(read: &impl Read, source: &Source, from: &Object) -> Result<bool, Fault> {
    let found = state::find(read, &source.bucket)?;
    let version = versions::lookup(read, &found, &source.key, source.version_id.as_deref())?;
    Ok(version.is_some_and(|version| shares_body(&version.object, from)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_decoded() {
        let source = Source::read("/photos/a%20b/c.jpg?versionId=abc").unwrap();
        assert_eq!(source, Source { bucket: "photos".into(), key: "a b/c.jpg".into(), version_id: Some("abc".into()) });
        assert!(Source::read("photos").is_err());
        assert!(Source::read("photos/").is_err());
    }
}
