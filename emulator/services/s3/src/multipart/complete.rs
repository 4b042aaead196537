//! CompleteMultipartUpload and AbortMultipartUpload.

use super::{again, find, forget, parts_of};
use crate::{
    S3,
    checksums::{self, Algorithm, Sum},
    encryption, errors,
    model::*,
    objects::{conditions::WriteCondition, put::expiration},
    state::{self, Found, Object, Part, Piece, Upload},
    versions::{self, Version},
};
use kit::{Context, Fault};
use md5::{Digest, Md5};

/// Parts but for the last are at least this large: 5 MiB.
const LEAST_BYTES: u64 = 5 << 20;

impl S3 {
    /// Makes an object out of the parts that the request lists.
    pub async fn complete_multipart_upload(
        &self,
        cx: &Context,
        input: CompleteMultipartUploadInput,
    ) -> Result<CompleteMultipartUploadOutput, Fault> {
        let condition = WriteCondition::read(input.if_match.as_deref(), input.if_none_match.as_deref())?;
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        if let Err(missing) = cx.store().read(|s| find(s, &found, &input.key, &input.upload_id)) {
            let object = cx.store().read(|s| again::completed(s, &found, &input))?.ok_or(missing)?;
            let asked_for = again::told_a_sum(&object);
            return Ok(answer(cx, &found, input.key, &object, asked_for));
        }
        let listed = listed_parts(input.multipart_upload.as_ref())?;
        let whole = checksums::given!(input)?;
        let (found, object, asked_for) = cx
            .store()
            .write(|tx| {
                let found = state::find(tx, &input.bucket)?;
                let (sequence, upload) = find(tx, &found, &input.key, &input.upload_id)?;
                if condition.is_set() {
                    let current = versions::current(tx, &found, &input.key)?;
                    condition.check(&input.key, current.as_ref())?;
                    refuse_overtaken(&condition, &input.key, sequence, &upload, current.as_ref())?;
                }
                check_customer(cx, &upload, &encryption::customer!(input))?;
                check_kind(&upload, input.checksum_type.as_deref())?;
                let parts = chosen(&input.upload_id, listed, &parts_of(tx, &found, sequence)?, &upload)?;
                let whole = whole.as_ref().map(|(algorithm, value)| (*algorithm, value.as_str()));
                check_whole(&upload, &parts, whole, input.checksum_type.as_deref())?;
                let object = assembled(&upload, &parts, input.mpu_object_size)?;
                let object = versions::publish(tx, cx, &found, &input.key, object, "ObjectCreated:CompleteMultipartUpload")?;
                // The object owns its pieces now; the upload lets go of all parts, chosen or not.
                forget(tx, cx, &found, &(found.name.clone(), input.key.clone(), sequence))?;
                Ok((found, object, upload.algorithm.is_some()))
            })
            .await?;
        Ok(answer(cx, &found, input.key, &object, asked_for))
    }

    /// Gives an upload up and frees its parts.
    pub async fn abort_multipart_upload(
        &self,
        cx: &Context,
        input: AbortMultipartUploadInput,
    ) -> Result<AbortMultipartUploadOutput, Fault> {
        if input.if_match_initiated_time.is_some() {
            return Err(errors::header_not_implemented("x-amz-if-match-initiated-time", None));
        }
        state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        cx.store()
            .write(|tx| {
                let found = state::find(tx, &input.bucket)?;
                let (sequence, _) = find(tx, &found, &input.key, &input.upload_id)?;
                forget(tx, cx, &found, &(found.name.clone(), input.key.clone(), sequence))
            })
            .await?;
        Ok(AbortMultipartUploadOutput { request_charged: None })
    }
}

/// What is told of the object that an upload became.
fn answer(cx: &Context, found: &Found, key: String, object: &Object, asked_for: bool) -> CompleteMultipartUploadOutput {
    let mut output = CompleteMultipartUploadOutput {
        location: Some(location(cx, found, &key)),
        bucket: Some(found.name.clone()),
        expiration: expiration(found, &key, object),
        key: Some(key),
        e_tag: Some(format!("\"{}\"", object.etag)),
        version_id: versions::made_id(found, object),
        ..CompleteMultipartUploadOutput::default()
    };
    encryption::tell!(output, object.encryption);
    // As recorded: of a body under a key that isn't S3's, only a sum that was asked for is told here.
    if asked_for || object.encryption.is_own() {
        output.checksum_type = object.sum.as_ref().map(|sum| sum.kind().to_owned());
        checksums::tell!(output, &object.sum);
    }
    output
}

/// The parts that a request names; it must name some.
fn listed_parts(list: Option<&CompletedMultipartUpload>) -> Result<&[CompletedPart], Fault> {
    match list.and_then(|list| list.parts.as_deref()) {
        None | Some([]) => Err(errors::invalid_request("You must specify at least one part")),
        Some(parts) => Ok(parts),
    }
}

/// A condition that holds again after the key was written or deleted while the upload was under way is a conflict all the same.
fn refuse_overtaken(condition: &WriteCondition, key: &str, sequence: u64, upload: &Upload, current: Option<&Version>) -> Result<(), Fault> {
    let newer = current.is_some_and(|version| version.sequence > sequence);
    let header = match condition {
        WriteCondition::Etag(_) if newer => "If-Match",
        WriteCondition::Absent if newer || upload.overtaken => "If-None-Match",
        _ => return Ok(()),
    };
    let sentence = "The conditional request cannot succeed due to a conflicting operation against this resource.";
    Err(Fault::new("ConditionalRequestConflict", 409, sentence).with("Condition", header).with("Key", key))
}

fn location(cx: &Context, found: &Found, key: &str) -> String {
    let host = cx.source().host.clone().unwrap_or_else(|| format!("s3.{}.amazonaws.com", found.bucket.region));
    let scheme = if cx.source().secure { "https" } else { "http" };
    format!("{scheme}://{host}/{}/{}", found.name, crate::listing::url_encoded(key))
}

/// A customer's key is not needed here; where it is given it has to be the one of the parts.
fn check_customer(cx: &Context, upload: &Upload, given: &encryption::Given<'_>) -> Result<(), Fault> {
    match given.read(cx)? {
        Some(_) => encryption::check_reader(cx, &upload.encryption, given).map(drop),
        None => Ok(()),
    }
}

/// The kind of checksum must be what the upload was begun with.
fn check_kind(upload: &Upload, asked: Option<&str>) -> Result<(), Fault> {
    let own = match (upload.algorithm, upload.full_object) {
        (None, _) => "null",
        (Some(_), true) => "FULL_OBJECT",
        (Some(_), false) => "COMPOSITE",
    };
    match asked {
        Some(kind) if kind != own => Err(errors::invalid_request(format!(
            "The upload was created using the {own} checksum mode. The complete request must use the same checksum mode."
        ))),
        _ => Ok(()),
    }
}

/// The parts that the request lists, each as it was uploaded; `there` are all of them, by number.
fn chosen(upload_id: &str, listed: &[CompletedPart], there: &[(u32, Part)], upload: &Upload) -> Result<Vec<(u32, Part)>, Fault> {
    let numbers: Vec<i32> = listed.iter().map(|part| part.part_number.unwrap_or(0)).collect();
    if numbers.windows(2).any(|pair| pair[0] >= pair[1]) {
        let sentence = "The list of parts was not in ascending order. Parts must be ordered by part number.";
        return Err(Fault::new("InvalidPartOrder", 400, sentence).with("UploadId", upload_id));
    }
    let mut parts = Vec::with_capacity(listed.len());
    for (index, asked) in listed.iter().enumerate() {
        let number = super::check_number(numbers[index])?;
        let etag = asked.e_tag.as_deref().unwrap_or_default().trim_matches('"');
        let found = there.binary_search_by_key(&number, |(n, _)| *n).ok().map(|at| &there[at]);
        let part = found.filter(|(_, part)| part.etag == etag).ok_or_else(|| invalid_part(upload_id, number, etag))?;
        check_sum(upload_id, asked, part, upload)?;
        if index + 1 < listed.len() && part.1.size < LEAST_BYTES {
            return Err(Fault::new("EntityTooSmall", 400, "Your proposed upload is smaller than the minimum allowed size")
                .with("ETag", etag)
                .with("MinSizeAllowed", LEAST_BYTES.to_string())
                .with("PartNumber", number.to_string())
                .with("ProposedSize", part.1.size.to_string()));
        }
        parts.push(part.clone());
    }
    Ok(parts)
}

fn invalid_part(upload_id: &str, number: u32, etag: &str) -> Fault {
    let sentence = "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.";
    Fault::new("InvalidPart", 400, sentence).with("ETag", etag).with("PartNumber", number.to_string()).with("UploadId", upload_id)
}

/// A composite sum needs the client's sum of each part; where it is given it must be right. In an upload that was begun without an
/// algorithm parts have no sums to be named by.
fn check_sum(upload_id: &str, asked: &CompletedPart, (number, part): &(u32, Part), upload: &Upload) -> Result<(), Fault> {
    let given = checksums::given!(asked)?;
    match (given, upload.algorithm) {
        (Some((algorithm, _)), Some(own)) if algorithm != own => Err(Fault::new(
            "BadDigest",
            400,
            format!("The {} you specified for part {number} did not match what we received.", algorithm.lower()),
        )),
        (Some((_, value)), own) => {
            let right = own.is_some() && part.sum.as_ref().is_some_and(|sum| sum.value == value);
            if right { Ok(()) } else { Err(invalid_part(upload_id, *number, &part.etag)) }
        }
        (None, Some(algorithm)) if !upload.full_object => Err(errors::invalid_request(format!(
            "The upload was created using a {} checksum. The complete request must include the checksum for each part. It was missing for part {number} in the request.",
            algorithm.lower()
        ))),
        _ => Ok(()),
    }
}

/// The client's sum of the whole, where the upload has one to compare with. A sum of all bytes has to be called so, for without
/// `FULL_OBJECT` AWS takes it for a sum of sums; the refusal names the upload's algorithm whatever the client's was.
fn check_whole(upload: &Upload, parts: &[(u32, Part)], given: Option<(Algorithm, &str)>, kind: Option<&str>) -> Result<(), Fault> {
    let (Some(own), Some((algorithm, value))) = (upload.algorithm, given) else { return Ok(()) };
    let sum = whole_sum(upload, parts);
    let called_so = !upload.full_object || kind == Some("FULL_OBJECT");
    // Of a sum of sums the number of parts may be left out.
    let equal = |sum: &Sum| sum.value == value || (sum.composite && sum.value.split('-').next() == Some(value));
    match called_so && algorithm == own && sum.as_ref().is_none_or(equal) {
        true => Ok(()),
        false => {
            let sentence = format!("The {} you specified did not match the calculated checksum.", own.lower());
            Err(Fault::new("BadDigest", 400, sentence))
        }
    }
}

/// The object out of its parts.
fn assembled(upload: &Upload, parts: &[(u32, Part)], size_given: Option<i64>) -> Result<Object, Fault> {
    let size: u64 = parts.iter().map(|(_, part)| part.size).sum();
    if let Some(given) = size_given.filter(|given| *given != size as i64) {
        return Err(errors::invalid_request(format!(
            "The provided 'x-amz-mp-object-size' header value {given} does not match what was computed: {size}"
        )));
    }
    let sum = whole_sum(upload, parts);
    let pieces = parts
        .iter()
        .map(|(number, part)| Piece { blob: part.blob.clone(), size: part.size, part: *number, sum: part.sum.clone(), salt: part.salt })
        .collect();
    Ok(Object {
        size,
        etag: etag_of(parts.iter().map(|(_, part)| part.etag.as_str())),
        upload: Some(upload.id.clone()),
        // As on AWS an object that was uploaded in parts is as old as its upload.
        modified: upload.initiated,
        pieces,
        headers: upload.headers.clone(),
        metadata: upload.metadata.clone(),
        tags: upload.tags.clone(),
        storage_class: upload.storage_class.clone(),
        lock: upload.lock.clone(),
        encryption: upload.encryption.clone(),
        owner: upload.owner.clone(),
        acl: upload.acl.clone(),
        sum,
        multipart: true,
        ..Object::default()
    })
}

/// The checksum of the whole: put together from the parts' where the algorithm allows and the upload asks for it.
fn whole_sum(upload: &Upload, parts: &[(u32, Part)]) -> Option<Sum> {
    if upload.algorithm.is_none() && upload.encryption.customer().is_some() {
        // As recorded: what only the customer can read gets no sum that nobody asked for.
        return None;
    }
    let algorithm = upload.algorithm.unwrap_or(Algorithm::Crc64Nvme);
    let of = |part: &'_ Part| match upload.algorithm {
        None => part.crc64.clone(),
        Some(_) => part.sum.as_ref().filter(|sum| sum.algorithm == algorithm).map(|sum| sum.value.clone()),
    };
    let sums: Vec<(String, u64)> = parts.iter().map(|(_, part)| Some((of(part)?, part.size))).collect::<Option<_>>()?;
    let sums: Vec<(&str, u64)> = sums.iter().map(|(sum, size)| (sum.as_str(), *size)).collect();
    match upload.full_object {
        true => checksums::combined(algorithm, &sums),
        false => Some(checksums::composite(algorithm, &sums.iter().map(|(value, _)| *value).collect::<Vec<_>>())),
    }
}

/// The ETag of an object out of those of its parts.
pub(super) fn etag_of<'p>(parts: impl Iterator<Item = &'p str>) -> String {
    let (mut md5, mut count) = (Md5::new(), 0);
    for etag in parts {
        md5.update(from_hex(etag));
        count += 1;
    }
    format!("{}-{count}", kit::hex(&md5.finalize()))
}

fn from_hex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).filter_map(|i| u8::from_str_radix(text.get(i * 2..i * 2 + 2)?, 16).ok()).collect()
}
