//! PutObject.

use super::{
    body::{self, Expected},
    conditions::WriteCondition,
    headers, refuse, words,
};
use crate::{
    S3,
    access::{self, Maybe},
    acl,
    checksums::{self, Algorithm},
    encryption::{self, asked},
    errors, lifecycle, lock,
    model::*,
    state::{self, Found, Object, Tags},
    tagging, versions,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use kit::{Access, Authorize, Body, Context, Fault, Tx};
use std::collections::BTreeMap;

/// Longest key, bytes.
const MOST_KEY_BYTES: usize = 1024;
/// Most user metadata, bytes of names and values.
const MOST_METADATA_BYTES: usize = 2048;

impl Authorize<S3> for PutObjectInput {
    fn access(&self, _: &S3, cx: &Context) -> Access {
        let put = access::object_need(cx, "s3:PutObject", &self.bucket, &self.key)
            .with_keys(acl::asked!(self).keys())
            .maybe("s3:x-amz-storage-class", self.storage_class.clone())
            .maybe("s3:x-amz-website-redirect-location", self.website_redirect_location.clone());
        let put = access::creation(access::encryption_keys!(put, self), &self.if_match, &self.if_none_match);
        let read = access::comparing(cx, &self.bucket, &self.key, &self.if_match);
        let [retain, hold] = lock::needs!(cx, self);
        let acl = acl::need(cx, &self.bucket, &self.key, &acl::asked!(self));
        access::all([put, read, acl, tag_need(cx, &self.bucket, &self.key, self.tagging.as_deref()), retain, hold])
    }
}

/// Writing tags along with an object needs a permission of its own.
pub(crate) fn tag_need(cx: &Context, bucket: &str, key: &str, tagging: Option<&str>) -> Option<kit::Need> {
    let tags = tags_of_header(tagging?).unwrap_or_default();
    access::with_request_tags(access::object_need(cx, "s3:PutObjectTagging", bucket, key), &tags)
}

impl S3 {
    /// Streams a body into a new version of a key.
    pub async fn put_object(&self, cx: &Context, input: PutObjectInput) -> Result<PutObjectOutput, Fault> {
        if input.write_offset_bytes.is_some() {
            // Directory buckets alone append. AWS's answer is not recorded; this is how it answers their other headers.
            return Err(errors::header_not_implemented("x-amz-write-offset-bytes", None));
        }
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let owned = acl::of_write(cx, &found, &acl::asked!(input))?;
        check_key(&input.key)?;
        let condition = WriteCondition::read(input.if_match.as_deref(), input.if_none_match.as_deref())?;
        if condition.is_set() {
            // Told before the body is read, too; the transaction judges again.
            let current = cx.store().read(|s| versions::current(s, &found, &input.key))?;
            condition.check(&input.key, current.as_ref())?;
        }
        let lock = lock::asked!(cx, &found, input)?;
        let given = checksums::given!(input)?;
        lock::needs_digest(cx, &found, &lock)?;
        let body = cx.take_body();
        let sum = wanted_sum(cx, given, input.checksum_algorithm.as_deref(), &body)?;
        let sealing = encryption::begin(cx, &found, &input.key, &asked!(input)).await?;
        let object = Object {
            headers: headers::kept!(input),
            lock,
            encryption: sealing.encryption.clone(),
            metadata: checked_metadata(cx, input.metadata)?,
            tags: input.tagging.as_deref().map(tags_of_header).transpose()?.unwrap_or_default(),
            storage_class: refuse::storage_class(input.storage_class.as_deref())?,
            owner: owned.owner,
            acl: owned.acl,
            ..Object::default()
        };
        let expected = Expected { sum, md5: input.content_md5, length: input.content_length, sealing, ..Expected::default() };
        let received = body::receive(cx, body, expected).await.map_err(digest_in_digits)?;
        let object = Object {
            size: received.size,
            etag: received.etag.clone(),
            modified: versions::whole_second(cx),
            sum: Some(received.sum.clone()),
            pieces: vec![received.into_piece()],
            ..object
        };
        let (found, object) = store(cx, &input.bucket, &input.key, object, &condition, event(cx)).await?;
        let mut output = PutObjectOutput {
            e_tag: Some(format!("\"{}\"", object.etag)),
            checksum_type: object.sum.as_ref().map(|sum| sum.kind().to_owned()),
            expiration: expiration(&found, &input.key, &object),
            version_id: versions::made_id(&found, &object),
            ..PutObjectOutput::default()
        };
        encryption::tell!(output, object.encryption);
        encryption::tell_customer!(output, object.encryption);
        output.ssekms_encryption_context = object.encryption.kms().and_then(|kms| kms.context_header());
        checksums::tell!(output, &object.sum);
        Ok(output)
    }
}

/// Where PutObject refuses a body for its Content-MD5, AWS quotes what it expected in hexadecimal, and only there.
fn digest_in_digits(mut fault: Fault) -> Fault {
    for (name, value) in &mut fault.fields {
        let bytes = (name == "ExpectedDigest").then(|| BASE64_STANDARD.decode(value.as_str().unwrap_or_default()).ok()).flatten();
        if let Some(bytes) = bytes {
            *value = kit::hex(&bytes).into();
        }
    }
    fault
}

/// The event of a written object; a browser's form has one of its own.
fn event(cx: &Context) -> &'static str {
    match cx.source().auth_type {
        Some("POST") => "ObjectCreated:Post",
        _ => "ObjectCreated:Put",
    }
}

/// Writes a new version in a transaction of its own, judging the condition there.
pub(crate) async fn store(
    cx: &Context,
    bucket: &str,
    key: &str,
    object: Object,
    condition: &WriteCondition,
    event: &str,
) -> Result<(Found, Object), Fault> {
    cx.store().write(|tx| write(tx, cx, bucket, key, object, condition, event)).await
}

/// Writes a new version, judging the condition.
pub(crate) fn write(
    tx: &mut Tx<'_>,
    cx: &Context,
    bucket: &str,
    key: &str,
    object: Object,
    condition: &WriteCondition,
    event: &str,
) -> Result<(Found, Object), Fault> {
    let found = state::find(tx, bucket)?;
    if condition.is_set() {
        condition.check(key, versions::current(tx, &found, key)?.as_ref())?;
    }
    let object = versions::publish(tx, cx, &found, key, object, event)?;
    Ok((found, object))
}

/// The value of x-amz-expiration for a current version.
pub(crate) fn expiration(found: &Found, key: &str, object: &Object) -> Option<String> {
    lifecycle::expiration_header(found, key, object)
}

/// The checksum to compute: the one whose value came in a header, else the one that a trailer is to bring, which is verified on the way.
/// `x-amz-sdk-checksum-algorithm` announces one of these; alone it is a mistake.
pub(crate) fn wanted_sum(
    cx: &Context,
    given: Option<(Algorithm, String)>,
    named: Option<&str>,
    body: &Body,
) -> Result<Option<(Algorithm, Option<String>)>, Fault> {
    named.map(Algorithm::parse).transpose()?;
    let trailing = || checksums::announced(body).map(|algorithm| (algorithm, None));
    let wanted = given.map(|(algorithm, value)| (algorithm, Some(value))).or_else(trailing);
    match (wanted, named) {
        // From inside the house a body comes without headers: it is summed up as it was asked for.
        (None, Some(name)) if cx.source().host.is_none() => Ok(Some((Algorithm::parse(name)?, None))),
        (None, Some(_)) => Err(errors::invalid_request(
            "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.",
        )),
        (wanted, _) => Ok(wanted),
    }
}

/// A key that AWS would take.
pub(crate) fn check_key(key: &str) -> Result<(), Fault> {
    match key.len() > MOST_KEY_BYTES {
        true => Err(Fault::new("KeyTooLongError", 400, "Your key is too long")
            .with("Size", key.len().to_string())
            .with("MaxSizeAllowed", MOST_KEY_BYTES.to_string())),
        false => Ok(()),
    }
}

/// The text of a metadata value, by the way it came: headers may hold encoded words.
fn metadata_text(cx: &Context, value: String) -> String {
    match cx.source().auth_type {
        Some("POST" | "REST-QUERY-STRING") => value,
        _ => words::decoded(&value),
    }
}

/// User metadata with names in lower case, within AWS's limit.
pub(crate) fn checked_metadata(cx: &Context, metadata: Option<BTreeMap<String, String>>) -> Result<BTreeMap<String, String>, Fault> {
    let metadata: BTreeMap<String, String> =
        metadata.unwrap_or_default().into_iter().map(|(name, value)| (name.to_ascii_lowercase(), metadata_text(cx, value))).collect();
    let size: usize = metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
    match size > MOST_METADATA_BYTES {
        true => Err(Fault::new("MetadataTooLarge", 400, "Your metadata headers exceed the maximum allowed metadata size")
            .with("Size", size.to_string())
            .with("MaxSizeAllowed", MOST_METADATA_BYTES.to_string())),
        false => Ok(metadata),
    }
}

/// Tags of an `x-amz-tagging` header: a query string.
pub(crate) fn tags_of_header(text: &str) -> Result<Tags, Fault> {
    let bad = || {
        let sentence =
            "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.";
        errors::invalid_argument(sentence, "x-amz-tagging", text)
    };
    let decode = |part: &str| {
        percent_encoding::percent_decode_str(&part.replace('+', " ")).decode_utf8().map(|text| text.into_owned()).map_err(|_| bad())
    };
    let mut tags = Tags::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if value.contains('=') {
            return Err(bad());
        }
        let tag = (decode(name)?, decode(value)?);
        if tags.iter().any(|(other, _)| *other == tag.0) {
            return Err(bad());
        }
        tags.push(tag);
    }
    // AWS gives tags of a header back in an order of its own.
    tags.sort();
    tagging::check_object_tags(&tags)?;
    Ok(tags)
}

/// Content-Encoding without `aws-chunked`, which is of the transfer and not of the object.
pub(crate) fn stored_encoding(header: Option<&str>) -> Option<String> {
    let is_kept = |coding: &&str| !coding.trim().is_empty() && !coding.trim().eq_ignore_ascii_case("aws-chunked");
    // What stays is given back as it was written, spaces and all.
    let kept = header?.split(',').filter(is_kept).collect::<Vec<_>>().join(",");
    Some(kept.trim().to_owned()).filter(|kept| !kept.is_empty())
}
